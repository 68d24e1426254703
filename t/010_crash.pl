# 20 crashes in the middle of upserts and VACUUM: whatever was acknowledged is
# there, is found by the index, and every invariant holds.  The second half of
# them with codes of neighbours in the graph (layout inlined).
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use HnswTest;
use IPC::Run qw(start finish);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $rounds = 20;
my $writers = 3;
my $rows = 300;					# of a writer
my $statements = 2000;				# of a writer and round; more than it gets through

my $node = new_hnsw_node('crash', "checkpoint_timeout = 30s\nmax_wal_size = 64MB\n");
$node->safe_psql('postgres', q{
	CREATE TABLE t (id int PRIMARY KEY, n int, v vector(16));
	CREATE INDEX t_v ON t USING qdrant_hnsw (v vector_l2_ops)
		WITH (layout = compact, indexing_threshold = 1, ef_construction = 40);
	CREATE TABLE acked (id int PRIMARY KEY, n int);
});
my $dir = PostgreSQL::Test::Utils::tempdir();
my %acked;
my $version = 0;
srand(4711);

# One psql that upserts; what it prints was committed.
sub start_writer
{
	my $w = shift;
	my $file = "$dir/script$w";
	open(my $script, '>', $file) or die;
	for my $i (1 .. $statements)
	{
		my $id = $w * 1000 + int(rand($rows));
		$version++;
		print $script "INSERT INTO t VALUES ($id, $version, vec($id, $version)) ",
			"ON CONFLICT (id) DO UPDATE SET n = excluded.n, v = excluded.v RETURNING id, n;\n";
	}
	close($script);
	return start([ 'psql', '-XAtq', '-F', ' ', '-d', $node->connstr('postgres'), '-f', $file ],
		'<', '/dev/null', '>', "$dir/out$w", '2>', "$dir/err$w");
}

sub start_vacuum
{
	my $file = "$dir/vacuum";
	open(my $script, '>', $file) or die;
	print $script "VACUUM t;\nSELECT pg_sleep(0.05);\n" x 200;
	close($script);
	return start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', $file ],
		'<', '/dev/null', '>', '/dev/null', '2>', '/dev/null');
}

# Lines without their end were not read to the end: not acknowledged.
sub read_acks
{
	my $w = shift;
	my $n = 0;
	for my $line (split(/(?<=\n)/, slurp_file("$dir/out$w")))
	{
		next unless $line =~ /^(\d+) (\d+)\n$/;
		$acked{$1} = $2;
		$n++;
	}
	return $n;
}

sub crash
{
	my $round = shift;
	if ($round % 2)
	{
		# one backend dies, the others are told to; recovery follows
		my $pid = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity
			WHERE pid <> pg_backend_pid() AND query ~ 'INSERT INTO t|VACUUM' ORDER BY random() LIMIT 1});
		kill 'KILL', $pid if $pid;
		return 'a backend was killed' if $pid;
	}
	$node->stop('immediate');
	$node->start;
	return 'the server was stopped at once';
}

sub verify
{
	my $name = shift;
	my $values = join(',', map { "($_,$acked{$_})" } keys %acked);
	$node->safe_psql('postgres', "TRUNCATE acked; INSERT INTO acked VALUES $values");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM acked a LEFT JOIN t USING (id)
		WHERE t.id IS NULL OR t.n < a.n}), '0', "$name: acknowledged rows are there");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM t WHERE v::text <> vec(id, n)::text'),
		'0', "$name: rows are whole");
	is(index_problems($node, 't_v'), '', "$name: the index is clean");
	my $lost = q{SET enable_seqscan = off; SET enable_sort = off;
		SELECT count(*) FROM (SELECT id, (SELECT s.id FROM t s ORDER BY s.v <-> t.v LIMIT 1) AS found FROM t) x
		WHERE found IS DISTINCT FROM id};
	is($node->safe_psql('postgres', $lost), '0', "$name: each row is found by its vector");
	# by the graph alone, which is an approximation: its clusters are about as
	# large as ef_construction, and most of their vertices dead
	my $by_graph = $node->safe_psql('postgres', "ALTER INDEX t_v SET (full_scan_threshold = 0); $lost");
	cmp_ok($by_graph, '<=', 0.01 * keys(%acked), "$name: found by the graph");
	$node->safe_psql('postgres', 'ALTER INDEX t_v RESET (full_scan_threshold)');
	return;
}

for my $round (1 .. $rounds)
{
	$node->safe_psql('postgres', 'ALTER INDEX t_v SET (layout = inlined); REINDEX INDEX t_v')
		if $round == $rounds / 2 + 1;
	my @sessions = map { start_writer($_) } 1 .. $writers;
	push @sessions, start_vacuum();
	usleep(300_000 + int(rand(900_000)));
	my $how = crash($round);
	for my $s (@sessions) { eval { finish($s) }; }
	$node->poll_query_until('postgres', 'SELECT true') or die 'the server did not come back';
	my $n = 0;
	$n += read_acks($_) for 1 .. $writers;
	cmp_ok($n, '>', 0, "round $round: $n rows acknowledged before $how");
	verify("round $round");
}
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM t'), '>=', scalar(keys %acked), 'rows at the end');

$node->stop;
done_testing();
