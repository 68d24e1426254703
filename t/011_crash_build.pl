# The server dies in the middle of CREATE INDEX, REINDEX CONCURRENTLY, merges in
# memory and by the worker; whatever index is valid afterwards is whole.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $rounds = $ENV{QDRANT_PG_SLOW} ? 100 : 10;
srand(2718);

my $node = new_hnsw_node('crash_build', "checkpoint_timeout = 30s\nmax_wal_size = 64MB\n");
$node->safe_psql('postgres', q{
	CREATE TABLE t (id int PRIMARY KEY, v vector(16));
	INSERT INTO t SELECT i, vec(i, 0) FROM generate_series(1, 4000) i;
	CREATE INDEX t_v ON t USING qdrant_hnsw (v vector_l2_ops)
		WITH (indexing_threshold = 1, full_scan_threshold = 0, ef_construction = 40);
	CREATE TABLE m (id int PRIMARY KEY, v vector(16));
	CREATE INDEX m_v ON m USING qdrant_hnsw (v vector_l2_ops)
		WITH (indexing_threshold = 1, full_scan_threshold = 0, ef_construction = 40);
});

my %work = (
	build => "DROP INDEX IF EXISTS t_built; CREATE INDEX t_built ON t USING qdrant_hnsw (v vector_cosine_ops)
		WITH (indexing_threshold = 1, ef_construction = 40);\n",
	reindex => "REINDEX INDEX CONCURRENTLY t_v;\n",
	merge => "INSERT INTO m SELECT nextval('ids'), vec(i, 1) FROM generate_series(1, 500) i; VACUUM m;\n",
	first => "TRUNCATE m; INSERT INTO m SELECT nextval('ids'), vec(i, 1) FROM generate_series(1, 1500) i;\n");
$node->safe_psql('postgres', 'CREATE SEQUENCE ids');

for my $round (1 .. $rounds)
{
	my $what = (sort keys %work)[ $round % 4 ];
	my $session = in_background($node, $work{$what} x 20);
	usleep(150_000 + int(rand(900_000)));
	if ($round % 3 == 0)
	{
		my $pid = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity
			WHERE pid <> pg_backend_pid() AND (query ~ 'INDEX|INSERT' OR backend_type ~ 'qdrant') LIMIT 1});
		kill 'KILL', $pid if $pid;
	}
	else
	{
		$node->stop('immediate');
		$node->start;
	}
	ended_background($session);
	$node->poll_query_until('postgres', 'SELECT true') or die 'the server did not come back';
	for my $index (split(/\n/, $node->safe_psql('postgres', q{SELECT c.oid::regclass FROM pg_index i
		JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
		WHERE a.amname = 'qdrant_hnsw' AND i.indisvalid ORDER BY 1})))
	{
		is(index_problems($node, $index), '', "round $round: $index is clean after a crash in '$what'");
	}
	# what a crash has left half done is dropped and done again
	$node->safe_psql('postgres', $_) for split(/\n/, $node->safe_psql('postgres', q{SELECT 'DROP INDEX ' || indexrelid::regclass
		FROM pg_index WHERE NOT indisvalid}));
	my $lost = $node->safe_psql('postgres', q{SET enable_seqscan = off; SET enable_sort = off; SET jit = off;
		SELECT format('%s %s',
			(SELECT count(*) FROM (SELECT id FROM t ORDER BY v <-> vec(1, 9)) x) - (SELECT count(*) FROM t WHERE id > 0),
			(SELECT count(*) FROM (SELECT id FROM m ORDER BY v <-> vec(1, 9)) x) - (SELECT count(*) FROM m WHERE id > 0))});
	is($lost, '0 0', "round $round: each row is in its index");
}
cmp_ok($node->safe_psql('postgres', "SELECT last_value FROM ids"), '>', 1000, 'there was something to merge');
$node->safe_psql('postgres', 'VACUUM m');
is(index_problems($node, 'm_v'), '', 'clean at the end');
is(server_is_well($node), '', 'the log');
$node->stop;
done_testing();
