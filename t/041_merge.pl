# The background worker and merges in memory: it comes and goes by itself, is in
# nobody's way, and a crash at any point of a merge loses nothing.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use HnswTest;
use IPC::Run qw(start finish);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $rounds = 12;
my $node = new_hnsw_node('merge', "shared_buffers = 16MB\nmax_wal_size = 64MB\nmax_worker_processes = 4\n");
my $workers = q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'qdrant_pg merge'};

# ef_construction makes merges slow enough to be met in the middle.
my $index = q{USING qdrant_hnsw (v vector_l2_ops)
	WITH (indexing_threshold = 10, full_scan_threshold = 0, ef_construction = 200)};

$node->safe_psql('postgres', "CREATE TABLE t (id int, n int, v vector(16)); CREATE INDEX t_id ON t (id);
	CREATE INDEX t_v ON t $index");

# It comes, is seen, merges all, and goes.
$node->safe_psql('postgres', 'INSERT INTO t SELECT i, 0, vec(i, 0) FROM generate_series(1, 4000) i');
ok($node->poll_query_until('postgres', "$workers", '1'), 'a worker comes');
my ($fresh, %counts) = (1);
while ($fresh)
{
	my ($rows, $left) = split(/\|/, $node->safe_psql('postgres', q{SELECT string_agg(DISTINCT s.rows::text, ' '), min(s.fresh)
		FROM generate_series(1, 50) i, LATERAL (SELECT * FROM qdrant.index_stats('t_v') OFFSET 0 * i) s}));
	$counts{$_} = 1 for split(' ', $rows);
	$fresh = $left;
}
is(join(' ', keys %counts), '4000', 'it merges all rows, each of which counts once meanwhile');
ok($node->poll_query_until('postgres', $workers, '0'), 'it goes');
is(index_problems($node, 't_v'), '', 'the index is clean');

# Whoever wants the index away need not wait for it.
sub busy
{
	my ($db, $table) = @_;
	$node->safe_psql($db, "CREATE TABLE $table (id int, v vector(16)); CREATE INDEX ${table}_v ON $table $index");
	$node->safe_psql($db, "INSERT INTO $table SELECT i, vec(i, 0) FROM generate_series(1, 20000) i");
	return $node->poll_query_until('postgres',
		q{SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'qdrant_pg merge' AND state = 'active'});
}

sub takes_at_most
{
	my ($seconds, $sql, $name) = @_;
	my $start = time();
	$node->safe_psql('postgres', $sql);
	cmp_ok(time() - $start, '<', $seconds, $name);
	return;
}

ok(busy('postgres', 'dropped'), 'a worker merges a table');
takes_at_most(10, 'DROP TABLE dropped', 'DROP TABLE does not wait for the merge');
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE EXTENSION qdrant_pg');
make_vectors_in($node, 'other');
ok(busy('other', 'dropped'), 'a worker merges in another database');
takes_at_most(10, 'DROP DATABASE other', 'DROP DATABASE does not fail');
$node->poll_query_until('postgres', $workers, '0');

# It heeds a reload, however fast rows come: merging one by one is slower.
$node->safe_psql('postgres', q{ALTER DATABASE postgres SET maintenance_work_mem = '1MB'; CREATE TABLE steady (id int, v vector(16));
	CREATE INDEX steady_v ON steady USING qdrant_hnsw (v vector_l2_ops)
		WITH (indexing_threshold = 1, ef_construction = 200)});
my @steady = map { in_background($node, join('', map {
	"INSERT INTO steady SELECT i, vec(i, $_) FROM generate_series(1, 100) i;\n" } 1 .. 2000)) } 1 .. 2;
ok($node->poll_query_until('postgres', "$workers AND state = 'active'", '1'), 'a worker merges steadily');
usleep(2_000_000);
$node->safe_psql('postgres', q{ALTER SYSTEM SET application_name = 'reloaded'});
$node->safe_psql('postgres', 'SELECT pg_reload_conf()');
my $heeded = 0;
for (1 .. 100)
{
	last if $heeded = $node->safe_psql('postgres', "$workers AND application_name = 'reloaded'");
	usleep(100_000);
}
is($heeded, '1', 'it heeds a reload');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'INSERT INTO steady%'}),
	'2', 'while rows are written');
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	WHERE query LIKE 'INSERT INTO steady%' AND pid <> pg_backend_pid()});
ended_background($_) for @steady;
$node->safe_psql('postgres', 'ALTER SYSTEM RESET application_name');
$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET maintenance_work_mem; DROP TABLE steady');
$node->poll_query_until('postgres', $workers, '0');

# Crashes: every row that was acknowledged is there, once.
srand(815);
my $rows = 4000;
my $last = 0;
for my $round (1 .. $rounds)
{
	my $first = $rows + 1;
	$rows += 1500;
	$node->safe_psql('postgres', "INSERT INTO t SELECT i, 0, vec(i, 0) FROM generate_series($first, $rows) i");
	$node->safe_psql('postgres', "UPDATE t SET n = $round WHERE id % 10 = 1");
	$last = $round;
	my $vacuum = start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', 'VACUUM t' ],
		'<', '/dev/null', '>', '/dev/null', '2>', '/dev/null') if $round % 3 == 0;
	usleep(int(rand(900_000)));
	my $pid = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity
		WHERE backend_type = 'qdrant_pg merge' OR query = 'VACUUM t' LIMIT 1});
	if ($pid && $round % 2)
	{
		kill 'KILL', $pid;
		usleep(100_000);
	}
	else
	{
		$node->stop('immediate');
		$node->start;
	}
	eval { finish($vacuum) } if $vacuum;
	$node->poll_query_until('postgres', 'SELECT true') or die 'the server did not come back';
	is(index_problems($node, 't_v'), '', "round $round: the index is clean");
	is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT id), min(n) FILTER (WHERE id % 10 = 1 AND id <= 4000) FROM t'),
		"$rows|$rows|$last", "round $round: all rows are there");
	is($node->safe_psql('postgres', q{SET enable_seqscan = off; SET enable_sort = off;
		SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM t ORDER BY v <-> vec(1, 0) LIMIT 1000000) x}),
		"$rows|$rows", "round $round: the index finds all rows");
}
$node->safe_psql('postgres', 'VACUUM t');
is($node->safe_psql('postgres', q{SELECT rows, fresh FROM qdrant.index_stats('t_v')}), "$rows|0",
	'at the end all rows are in the graph');
is(index_problems($node, 't_v'), '', 'and the index is clean');

# Without workers those who insert merge.
$node->append_conf('postgresql.conf', "max_worker_processes = 0\n");
$node->restart;
$node->safe_psql('postgres', "CREATE TABLE alone (id int, v vector(16)); CREATE INDEX alone_v ON alone $index");
$node->safe_psql('postgres', 'INSERT INTO alone SELECT i, vec(i, 0) FROM generate_series(1, 3000) i');
is($node->safe_psql('postgres', q{SELECT rows, vertices > 2000 FROM qdrant.index_stats('alone_v')}), '3000|t',
	'writers merge where no worker can be had');
is(index_problems($node, 'alone_v'), '', 'the index is clean');

$node->stop;
done_testing();
