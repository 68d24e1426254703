# Replay: every page that a standby replays equals the primary's
# (wal_consistency_checking), and both answer alike.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = new_hnsw_node('primary', "qdrant_pg.fresh_worker = off\nwal_consistency_checking = 'all'\nwal_keep_size = '4GB'\n", allows_streaming => 1);
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

$primary->safe_psql('postgres', q{
	CREATE TABLE built (id int PRIMARY KEY, v vector(16));
	INSERT INTO built SELECT i, vec(i, 0) FROM generate_series(1, 1500) i;
	CREATE INDEX built_v ON built USING qdrant_hnsw (v vector_cosine_ops)
		WITH (layout = compact, indexing_threshold = 1, full_scan_threshold = 0, ef_construction = 40);
	CREATE TABLE merged (id int PRIMARY KEY, v vector(16));
	CREATE INDEX merged_v ON merged USING qdrant_hnsw (v vector_l2_ops)
		WITH (layout = compact, indexing_threshold = 1, full_scan_threshold = 0, ef_construction = 40);
	CREATE TABLE inlined (id int PRIMARY KEY, v vector(16));
	INSERT INTO inlined SELECT i, vec(i, 0) FROM generate_series(1, 1500) i;
	CREATE INDEX inlined_v ON inlined USING qdrant_hnsw (v vector_l2_ops)
		WITH (layout = inlined, indexing_threshold = 1, full_scan_threshold = 0, ef_construction = 40);
	CREATE TABLE fresh (id int PRIMARY KEY, v vector(16));
	CREATE INDEX fresh_v ON fresh USING qdrant_hnsw (v vector_l1_ops);
});

sub same_answers
{
	my $step = shift;
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
	for my $t ([ 'built', '<=>' ], [ 'merged', '<->' ], [ 'inlined', '<->' ], [ 'fresh', '<+>' ])
	{
		my ($name, $op) = @$t;
		my $query = qq{SET enable_seqscan = off; SET enable_sort = off;
			SELECT q, array(SELECT id FROM $name ORDER BY v $op vec(q, 77) LIMIT 20)
			FROM generate_series(1, 40) q};
		like($primary->safe_psql('postgres', "SET enable_seqscan = off; SET enable_sort = off;
			EXPLAIN (COSTS OFF) SELECT id FROM $name ORDER BY v $op vec(1, 77) LIMIT 20"),
			qr/Index Scan using ${name}_v/, "$step: $name is asked by its index");
		is($standby->safe_psql('postgres', $query), $primary->safe_psql('postgres', $query),
			"$step: standby answers like primary, $name");
		is(index_problems($primary, "${name}_v"), '', "$step: primary's $name is clean");
		is(index_problems($standby, "${name}_v"), '', "$step: standby's $name is clean");
	}
	return;
}

same_answers('built');
$primary->safe_psql('postgres', "INSERT INTO $_ SELECT i, vec(i, 0) FROM generate_series(2001, 3500) i")
	for qw(built merged inlined fresh);
same_answers('inserted');
$primary->safe_psql('postgres', "UPDATE $_ SET v = vec(id, 1) WHERE id % 5 = 0; DELETE FROM $_ WHERE id % 3 = 0")
	for qw(built merged inlined fresh);
$primary->safe_psql('postgres', "VACUUM $_") for qw(built merged inlined fresh);
same_answers('vacuumed');
# freed vertices are used again
$primary->safe_psql('postgres', "INSERT INTO $_ SELECT i, vec(i, 0) FROM generate_series(4001, 5000) i; VACUUM $_")
	for qw(built merged inlined fresh);
same_answers('reused');
# copies share vertices, some of which lose their first row, some all
$primary->safe_psql('postgres', "INSERT INTO $_ SELECT id + 10000, v FROM $_ WHERE id % 4 = 0; VACUUM $_;
	INSERT INTO $_ SELECT id + 10000, v FROM $_ WHERE id > 10000; VACUUM $_")
	for qw(built merged inlined fresh);
same_answers('copied');
$primary->safe_psql('postgres', "DELETE FROM $_ WHERE id < 10000 AND id % 8 = 0; DELETE FROM $_ WHERE id % 16 = 0; VACUUM $_")
	for qw(built merged inlined fresh);
same_answers('copies deleted');
$standby->promote;
$standby->safe_psql('postgres', "INSERT INTO $_ SELECT i, vec(i, 0) FROM generate_series(6001, 6300) i; VACUUM $_")
	for qw(built merged inlined fresh);
is(index_problems($standby, "${_}_v"), '', "promoted: $_ is clean") for qw(built merged inlined fresh);

$standby->stop;
$primary->stop;
done_testing();
