# A standby that replays while it is asked: each answer of its index is the
# answer of its table under the same snapshot, and none is an error.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $rounds = $ENV{QDRANT_PG_SLOW} ? 200 : 12;

my $primary = new_hnsw_node('primary', "wal_keep_size = '4GB'\nmax_standby_streaming_delay = -1\n", allows_streaming => 1);
$primary->safe_psql('postgres', q{
	CREATE TABLE t (id int PRIMARY KEY, n int, v vector(16));
	INSERT INTO t SELECT i, 0, vec(i, 0) FROM generate_series(1, 1000) i;
	CREATE INDEX t_v ON t USING qdrant_hnsw (v vector_l2_ops)
		WITH (indexing_threshold = 1, full_scan_threshold = 0, ef_construction = 40);
});
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

# Everything that writes pages: inserts that begin merges, updates, VACUUM.
my $write = '';
for my $i (1 .. 400)
{
	my $first = 1000 + $i * 50;
	$write .= "INSERT INTO t SELECT i, $i, vec(i, 0) FROM generate_series($first, $first + 49) i;\n";
	$write .= "UPDATE t SET n = $i, v = vec(id, $i) WHERE id % 97 = $i % 97;\n";
	$write .= "DELETE FROM t WHERE id % 61 = $i % 61 AND id > 500; VACUUM t;\n" if $i % 5 == 0;
}
my $writer = in_background($primary, $write);

# Rows of the index that the table does not have, and the other way round, for
# eight queries: all by the sweep, nearest ten by the graph.
my $all = q{
	BEGIN ISOLATION LEVEL REPEATABLE READ;
	SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL jit = off;
	SELECT (SELECT count(DISTINCT id) = count(*) AND count(*) = (SELECT count(*) FROM t WHERE l2_distance(v, v) = 0)
			FROM (SELECT id FROM t ORDER BY v <-> vec(7, 7)) x) AND
		(SELECT avg((e.id IS NOT NULL)::int) >= 0.9 FROM generate_series(1, 8) q,
			LATERAL (SELECT id FROM t ORDER BY v <-> vec(q, 77) LIMIT 10) f
			LEFT JOIN LATERAL (SELECT s.id FROM (SELECT id FROM t ORDER BY l2_distance(v, vec(q, 77)) LIMIT 10) s) e USING (id));
	COMMIT;
};
for my $round (1 .. $rounds)
{
	is($standby->safe_psql('postgres', $all), 't', "round $round: the standby's index agrees with its table");
}
$writer->{handle}->kill_kill;
$primary->safe_psql('postgres', q{SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
	WHERE pid <> pg_backend_pid() AND datname = 'postgres'});
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is(index_problems($primary, 't_v'), '', 'primary is clean');
is(index_problems($standby, 't_v'), '', 'standby is clean');
my $top = q{SET enable_seqscan = off; SET enable_sort = off;
	SELECT q, array(SELECT id FROM t ORDER BY v <-> vec(q, 77) LIMIT 20) FROM generate_series(1, 20) q};
is($standby->safe_psql('postgres', $top), $primary->safe_psql('postgres', $top), 'both answer alike');
cmp_ok($primary->safe_psql('postgres', 'SELECT max(n) FROM t'), '>', 3, 'there was something to replay');

# Counts and facets from posting trees.
$primary->safe_psql('postgres', q{
	CREATE TABLE shop (id int, payload jsonb);
	INSERT INTO shop SELECT i, jsonb_build_object('n', i % 3) FROM generate_series(1, 20000) i;
	CREATE INDEX shop_n ON shop USING gin (payload qdrant_integer_ops (path = 'n'));
	VACUUM shop;
	DELETE FROM shop WHERE id % 7 = 0;
	INSERT INTO shop SELECT i, jsonb_build_object('n', i % 3) FROM generate_series(20001, 20100) i;
});
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is($standby->safe_psql('postgres', q{
	SELECT qdrant_catalog.count_rows('shop', '{"must": {"key": "n", "match": {"value": 1}, "as": "integer"}}', true)}),
	$primary->safe_psql('postgres', q{SELECT count(*) FROM shop WHERE payload @> '{"n": 1}'}), 'the standby counts');
is(server_is_well($_), '', $_->name . "'s log") for ($primary, $standby);
$standby->stop;
$primary->stop;
done_testing();
