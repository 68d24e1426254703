# CREATE INDEX CONCURRENTLY and REINDEX CONCURRENTLY, again and again, while three
# sessions insert, update and delete: each index has each row, once.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $rounds = $ENV{QDRANT_PG_SLOW} ? 60 : 5;

my $node = new_hnsw_node('concurrently', "shared_buffers = 16MB\n");
$node->safe_psql('postgres', q{
	CREATE TABLE t (id int PRIMARY KEY, payload jsonb, v vector(16));
	INSERT INTO t SELECT i, jsonb_build_object('n', i % 10), vec(i, 0) FROM generate_series(1, 1500) i;
});
my @writers;
for my $w (1 .. 3)
{
	my $sql = '';
	for my $i (1 .. 3000)
	{
		my $id = $w * 100000 + $i;
		$sql .= "INSERT INTO t SELECT i, '{}', vec(i, $w) FROM generate_series($id * 10, $id * 10 + 4) i;\n";
		$sql .= "UPDATE t SET v = vec(id, $i) WHERE id % 331 = $i % 331 AND id % 3 = $w % 3;\n";
		$sql .= "UPDATE t SET payload = '{\"n\": $i}' WHERE id % 337 = $i % 337 AND id % 3 = $w % 3;\n";
		$sql .= "DELETE FROM t WHERE id % 211 = $i % 211 AND id % 3 = $w % 3;\n";
		$sql .= "SELECT pg_sleep(0.01);\n";
	}
	push @writers, in_background($node, $sql);
}
my $wrong = q{SET enable_seqscan = off; SET enable_sort = off; SET jit = off; SET max_parallel_workers_per_gather = 0;
	BEGIN ISOLATION LEVEL REPEATABLE READ;
	SELECT count(*) - count(DISTINCT id), count(*) - (SELECT count(*) FROM t WHERE id IS NOT NULL)
		FROM (SELECT id FROM t ORDER BY v <-> vec(1, 99)) x;
	COMMIT;};
for my $round (1 .. $rounds)
{
	$node->safe_psql('postgres', q{CREATE INDEX CONCURRENTLY t_v ON t USING qdrant_hnsw (v vector_l2_ops, payload)
		WITH (indexing_threshold = 1, full_scan_threshold = 0, ef_construction = 30)});
	is($node->safe_psql('postgres', $wrong), '0|0', "round $round: created, and complete");
	$node->safe_psql('postgres', 'REINDEX INDEX CONCURRENTLY t_v');
	is($node->safe_psql('postgres', $wrong), '0|0', "round $round: made anew, and complete");
	$node->safe_psql('postgres', 'VACUUM t') if $round % 2;
	is($node->safe_psql('postgres', $wrong), '0|0', "round $round: vacuumed, and complete");
	is(index_problems($node, 't_v'), '', "round $round: clean");
	$node->safe_psql('postgres', 'DROP INDEX CONCURRENTLY t_v') if $round < $rounds;
}
$_->{handle}->kill_kill for @writers;
for my $w (@writers)
{
	my ($out, $err) = ended_background($w);
	unlike($err, qr/ERROR/, 'no writer was in the way');
}
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM t WHERE id > 100000'), '>', 100, 'they wrote');
is(server_is_well($node), '', 'the log');
$node->stop;
done_testing();
