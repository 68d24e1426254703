# Rows that are replaced over and over by several writers, while merges and
# VACUUM run: the graph stays one, and finds what is there.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $writers = 3;
my $rows = 300;					# of a writer
my $upserts = 4000;				# of a writer
my $node = new_hnsw_node('islands', 'shared_buffers = 16MB');
srand(99);

sub upserts
{
	my $w = shift;
	my $script = '';
	for my $i (1 .. $upserts)
	{
		my $id = $w * 1000 + int(rand($rows));
		my $version = $w * 1000000 + $i;
		$script .= "INSERT INTO t VALUES ($id, vec($id, $version)) " .
			"ON CONFLICT (id) DO UPDATE SET v = excluded.v;\n";
	}
	return in_background($node, $script);
}

sub graph_is_one
{
	my $what = shift;
	my ($code, $out, $err) = $node->psql('postgres', "SELECT * FROM qdrant.check_index('t_v') LIMIT 5");
	is($out, '', "$what: no problem");
	is($err, '', "$what: every vertex can be reached");
	my $lost = $node->safe_psql('postgres', q{SET enable_seqscan = off; SET enable_sort = off;
		SELECT count(*) FROM t WHERE
			(SELECT s.id FROM t s ORDER BY s.v <-> t.v LIMIT 1) <> id});
	cmp_ok($lost, '<=', 0.005 * $writers * $rows, "$what: rows are found by the graph");
	return;
}

for my $layout ('compact', 'inlined')
{
	$node->safe_psql('postgres', qq{
		CREATE TABLE t (id int PRIMARY KEY, v vector(16)) WITH (autovacuum_enabled = off);
		CREATE INDEX t_v ON t USING qdrant_hnsw (v vector_l2_ops)
			WITH (layout = $layout, indexing_threshold = 1, full_scan_threshold = 0, ef_construction = 40)});
	my @sessions = map { upserts($_) } 1 .. $writers;
	for my $s (@sessions)
	{
		my ($out, $err) = ended_background($s);
		is($err, '', "$layout: a writer's upserts");
	}
	$node->safe_psql('postgres', 'VACUUM t');
	graph_is_one("$layout, never vacuumed before");
	@sessions = map { upserts($_) } 1 .. $writers;
	$node->safe_psql('postgres', 'VACUUM t; SELECT pg_sleep(0.3)') for 1 .. 6;
	ended_background($_) for @sessions;
	$node->safe_psql('postgres', 'VACUUM t');
	graph_is_one("$layout, vacuumed meanwhile");
	$node->safe_psql('postgres', 'DROP TABLE t');
}
is(server_is_well($node), '', 'the server is well');
$node->stop;
done_testing();
