# Recall@10 of each metric, with fixed vectors: after the build, after inserts,
# and when half of the rows have been replaced.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_hnsw_node('recall', "jit = off\nshared_buffers = 64MB\n");
$node->safe_psql('postgres', 'CREATE TABLE queries AS SELECT q, vec(q, 5) AS v FROM generate_series(1, 60) q');
my %metric = (l2 => [ '<->', 'l2_distance(%s)' ], ip => [ '<#>', '-inner_product(%s)' ],
	cosine => [ '<=>', 'cosine_distance(%s)' ], l1 => [ '<+>', 'l1_distance(%s)' ]);

sub recall
{
	my $m = shift;
	my ($op, $exact) = @{ $metric{$m} };
	$exact = sprintf($exact, "t.v, q.v");
	return $node->safe_psql('postgres', qq{
		SET enable_seqscan = off; SET enable_sort = off; SET qdrant_pg.ef_search = 64;
		CREATE TEMP TABLE found AS SELECT q, id FROM queries q,
			LATERAL (SELECT id FROM t_$m t ORDER BY t.v $op q.v LIMIT 10) x;
		RESET enable_seqscan; RESET enable_sort; SET enable_indexscan = off;
		SELECT round(avg((f.id IS NOT NULL)::int), 3) FROM (SELECT q, id FROM queries q,
			LATERAL (SELECT id FROM t_$m t ORDER BY $exact LIMIT 10) x) e LEFT JOIN found f USING (q, id)});
}

for my $case (map { my $m = $_; map { [ $m, $_ ] } $m eq 'l1' ? qw(compact) : qw(compact inlined) } sort keys %metric)
{
	my ($m, $layout) = @$case;
	$node->safe_psql('postgres', qq{
		CREATE TABLE t_$m (id int PRIMARY KEY, v vector(16));
		INSERT INTO t_$m SELECT i, vec(i, 0) FROM generate_series(1, 4000) i;
		CREATE INDEX t_${m}_v ON t_$m USING qdrant_hnsw (v vector_${m}_ops)
			WITH (layout = $layout, indexing_threshold = 1, full_scan_threshold = 0)});
	cmp_ok(recall($m), '>=', 0.97, "$m, $layout: recall after the build");
	$node->safe_psql('postgres', "INSERT INTO t_$m SELECT i, vec(i, 0) FROM generate_series(4001, 6000) i; VACUUM t_$m");
	cmp_ok(recall($m), '>=', 0.97, "$m, $layout: recall after inserts");
	for my $part (0 .. 4)
	{
		$node->safe_psql('postgres', "UPDATE t_$m SET v = vec(id, 1) WHERE id % 10 = $part; VACUUM t_$m");
	}
	cmp_ok(recall($m), '>=', 0.96, "$m, $layout: recall when half was replaced");
	is(index_problems($node, "t_${m}_v"), '', "$m, $layout: the index is clean");
	$node->safe_psql('postgres', "DROP TABLE t_$m");
}

# Vectors that have much more in common than they differ: 70 times as much.
# Steps of their codes are large then, and the scan has to see that.
$node->safe_psql('postgres', q{
	CREATE TABLE t_l2 (id int PRIMARY KEY, v vector(16));
	INSERT INTO t_l2 SELECT i, vec(i, 0) + common FROM generate_series(1, 6000) i,
		(SELECT array_agg(100 * noise(7, 7, g) ORDER BY g)::vector AS common FROM generate_series(1, 16) g) c;
	UPDATE queries SET v = v + common FROM
		(SELECT array_agg(100 * noise(7, 7, g) ORDER BY g)::vector AS common FROM generate_series(1, 16) g) c;
	CREATE INDEX t_l2_v ON t_l2 USING qdrant_hnsw (v vector_l2_ops)
		WITH (layout = inlined, indexing_threshold = 1, full_scan_threshold = 0)});
cmp_ok(recall('l2'), '>=', 0.97, 'l2: recall of vectors with much in common');

$node->stop;
done_testing();
