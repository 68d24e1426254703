# Pages of random bytes, and swapped ones: an error of class XX002 or a problem
# that names the block, never a crash.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_hnsw_node('damage', "zero_damaged_pages = off\n");
$node->safe_psql('postgres', q{
	CREATE TABLE t (id int PRIMARY KEY, v vector(16));
	INSERT INTO t SELECT i, vec(i, 0) FROM generate_series(1, 2000) i;
	CREATE INDEX t_v ON t USING qdrant_hnsw (v vector_l2_ops)
		WITH (indexing_threshold = 1, full_scan_threshold = 0, ef_construction = 40);
	INSERT INTO t SELECT i, vec(i, 0) FROM generate_series(2001, 2100) i;
});
is(index_problems($node, 't_v'), '', 'clean at first');
my $file = $node->data_dir . '/' . $node->safe_psql('postgres', "SELECT pg_relation_filepath('t_v')");
my $blocks = $node->safe_psql('postgres', "SELECT pg_relation_size('t_v') / 8192");
$node->stop;
my $good = slurp_file($file);
my $whole = length($good);
is($whole, $blocks * 8192, 'the file has whole blocks');
srand(815);

sub with_file
{
	my $bytes = shift;
	open(my $f, '>', $file) or die;
	binmode($f);
	print $f $bytes;
	close($f);
	$node->start;
	return;
}

# What check_index says, or the SQLSTATE of its error; and the server lives.
sub outcome
{
	my $name = shift;
	my ($rc, $out, $err) = $node->psql('postgres',
		"\\set VERBOSITY sqlstate\nSELECT block || ' ' || problem FROM qdrant.check_index('t_v')");
	my ($rc2, $out2, $err2) = $node->psql('postgres',
		"\\set VERBOSITY sqlstate\nSET enable_seqscan = off; SET enable_sort = off;
		SELECT count(*) FROM (SELECT id FROM t ORDER BY v <-> vec(7, 7) LIMIT 3000) x");
	unlike("$err$err2", qr/server closed|terminated|connection/i, "$name: the server lives");
	return "$out $err";
}

sub random_bytes
{
	return pack('C*', map { int(rand(256)) } 1 .. shift);
}

# All of the first pages, some of the rest.
my @blocks = grep { $_ <= 4 || $_ % 15 == 0 } 0 .. $blocks - 1;
for my $block (@blocks)
{
	my $bytes = $good;
	substr($bytes, $block * 8192, 8192) = random_bytes(8192);
	with_file($bytes);
	like(outcome("random bytes in block $block"), qr/^$block |XX00[12]/m, "block $block: noticed");
	$node->stop('immediate');

	# a page whose header is right
	my $content = unpack('S', substr($good, $block * 8192 + 12, 2)) - 24;
	next if $content <= 0;
	$bytes = $good;
	substr($bytes, $block * 8192 + 24, $content) = random_bytes($content);
	with_file($bytes);
	like(outcome("random content in block $block"), qr/\d+ \w+|XX00[12]/, "block $block: content noticed");
	$node->stop('immediate');
}

# A page of vertices of another kind: a session that has met it meets it again.
my ($vertices) = grep { unpack('S', substr($good, $_ * 8192 + 8176, 2)) == 4 } 5 .. $blocks - 1;
my $bytes = $good;
substr($bytes, $vertices * 8192 + 24, 8000) = "\xff" x 8000;
substr($bytes, $vertices * 8192 + 8176, 2) = pack('S', 6);
with_file($bytes);
my ($rc, $out, $err) = $node->psql('postgres',
	"SET enable_seqscan = off; SET enable_sort = off;\n" . "SELECT count(*) FROM (SELECT id FROM t ORDER BY v <-> vec(7, 7) LIMIT 3000) x;\n" x 3,
	on_error_stop => 0);
is($out, '', 'no rows of an index with a damaged page');
is(scalar(() = $err =~ /is damaged at block $vertices:/g), 3, 'each time the same error');
$node->stop('immediate');
with_file($good);
is(index_problems($node, 't_v'), '', 'clean again');
$node->stop;

# Writers on damaged pages: an error or poor links, no more.
for my $block (@blocks)
{
	my $bytes = $good;
	substr($bytes, $block * 8192 + 24, 8000) = random_bytes(8000);
	with_file($bytes);
	my ($rc, $out, $err) = $node->psql('postgres', "INSERT INTO t SELECT 10000 * $block + i, vec(i, 1) FROM generate_series(1, 400) i");
	my ($rc2, $out2, $err2) = $node->psql('postgres', "DELETE FROM t WHERE id % 3 = 0");
	my ($rc3, $out3, $err3) = $node->psql('postgres', "VACUUM t");
	unlike("$err$err2$err3", qr/server closed|terminated|connection/i, "writing with block $block damaged");
	$node->stop('immediate');
}
done_testing();
