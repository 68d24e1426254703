# No room on the disk: a limit on the size of files stands for it, as the server
# sees an error where it extends one.  Statements fail, and nothing else; with
# room again all goes on.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $limit = 2 * 1024;			# kB; the index of 17,000 rows needs more, their table does not

my $node = PostgreSQL::Test::Cluster->new('disk_full');
$node->init(extra => ['--wal-segsize=1']);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nshared_buffers = 4MB\nmin_wal_size = 4MB\nmax_wal_size = 64MB\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION qdrant_pg');
make_vectors($node);
$node->safe_psql('postgres', q{
	CREATE TABLE source AS SELECT i AS id, vec(i, 0) AS v FROM generate_series(1, 20000) i;
	CREATE TABLE built (id int, v vector(16));
	INSERT INTO built SELECT * FROM source;
	CREATE TABLE grown (id int, v vector(16));
	INSERT INTO grown SELECT * FROM source WHERE id <= 1000;
	CREATE INDEX grown_v ON grown USING qdrant_hnsw (v vector_l2_ops)
		WITH (indexing_threshold = 1, full_scan_threshold = 0, ef_construction = 20);
});
# no hints are left to be written beyond the limit
$node->safe_psql('postgres', 'VACUUM (FREEZE) source, built');
$node->stop;

# pg_ctl under a limit, found before the real one.
my $bin = PostgreSQL::Test::Utils::tempdir();
my $real = $node->config_data('--bindir') . '/pg_ctl';
append_to_file("$bin/pg_ctl", "#!/bin/bash\nulimit -f $limit\nexec $real \"\$\@\"\n");
chmod 0755, "$bin/pg_ctl";
my $path = $ENV{PATH};
$ENV{PATH} = "$bin:$path";
$node->start;
$ENV{PATH} = $path;

my ($rc, $out, $err) = $node->psql('postgres', 'CREATE INDEX built_v ON built USING qdrant_hnsw (v vector_l2_ops)
	WITH (indexing_threshold = 1, ef_construction = 20)');
like($err, qr/could not (extend|write)|File too large/, 'an index that does not fit is not built');
my $full = 0;
for my $i (1 .. 40)
{
	my $first = 1000 + $i * 400;
	($rc, $out, $err) = $node->psql('postgres', "INSERT INTO grown SELECT * FROM source WHERE id BETWEEN $first AND $first + 399");
	like($err, qr/could not (extend|write)|File too large/, "insert $i fails for want of room") and $full++ if $err;
	next if $i % 10;
	# rows wait for the graph as long as they can: what it has no room for is VACUUM's, or a worker's, to say
	($rc, $out, $err) = $node->psql('postgres', 'VACUUM grown');
	like($err, qr/could not (extend|write)|File too large/, "VACUUM $i fails for want of room") and $full++ if $err;
}
cmp_ok($full, '>', 0, 'the index was full');
is(index_problems($node, 'grown_v'), '', 'the full index is clean');
my $complete = q{SET enable_seqscan = off; SET enable_sort = off; SET jit = off;
	SELECT count(*) - (SELECT count(*) FROM grown WHERE id > 0) FROM (SELECT id FROM grown ORDER BY v <-> vec(1, 9)) x};
is($node->safe_psql('postgres', $complete), '0', 'each row of the full index is found');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM grown'), '>', 1400, 'rows were inserted before');
$node->stop('immediate');
$node->start;
is(index_problems($node, 'grown_v'), '', 'clean after a crash when it was full');
$node->safe_psql('postgres', 'INSERT INTO grown SELECT * FROM source; VACUUM grown');
is(index_problems($node, 'grown_v'), '', 'clean with room again');
is($node->safe_psql('postgres', $complete), '0', 'each row is found');
$node->safe_psql('postgres', 'CREATE INDEX built_v ON built USING qdrant_hnsw (v vector_l2_ops)
	WITH (indexing_threshold = 1, ef_construction = 20)');
is(index_problems($node, 'built_v'), '', 'what did not fit fits now');
unlike(slurp_file($node->logfile), qr/PANIC|TRAP/, 'the log');
$node->stop;
done_testing();
