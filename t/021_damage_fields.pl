# A damaged page of every kind, in both layouts and of learned codes: random bytes as a whole, behind
# a right header, in single fields.  Searches, writes, VACUUM and the functions
# that look at indexes end well or in an error that names the block.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my %kinds = (1 => 'META', 2 => 'RUNMAP', 3 => 'DIR', 4 => 'VERTEX', 5 => 'FRESH', 7 => 'OVERFLOW', 8 => 'CODEBOOK');
srand($ENV{QDRANT_PG_SEED} || 1618);

sub random_bytes
{
	return pack('C*', map { int(rand(256)) } 1 .. shift);
}

sub put
{
	my ($page, $offset, $bytes) = @_;
	substr($$page, $offset, length($bytes)) = $bytes;
	return;
}

# Blocks of vertices: those whose first four bytes name a vertex, 8 bytes apart.
sub vertices
{
	my $page = shift;
	my $lower = unpack('S', substr($$page, 12, 2));
	my @found;
	for (my $at = 24; $at + 32 <= $lower; $at += 8)
	{
		my ($vid, $gen, $level, $flags, $ring, $degree) = unpack('LSCCLS', substr($$page, $at, 14));
		push @found, $at if $gen == 1 && $level <= 2 && $vid < 2000 && $degree > 3 && $degree <= 200;
	}
	return @found;
}

my @damages = (
	[ 'random page', sub { put($_[0], 0, random_bytes(8192)) } ],
	[ 'random content', sub { my $n = unpack('S', substr(${ $_[0] }, 12, 2)) - 24; put($_[0], 24, random_bytes($n)) if $n > 0 } ],
	[ 'random header', sub { put($_[0], 10, random_bytes(14)) } ],
	[ 'end of the content', sub { put($_[0], 12, pack('S', 24 + int(rand(8150)))) } ],
	[ 'another kind', sub { put($_[0], 8176, pack('S', 6)) } ],
	[ 'a few bytes', sub { put($_[0], 24 + int(rand(8000)), random_bytes(4)) for 1 .. 40 } ],
	[ 'zeroes', sub { put($_[0], 24, "\0" x 8000) } ],
	[ 'ones', sub { put($_[0], 24, "\xff" x 8000) } ],
	[ 'degree', sub { my $p = shift; put($p, $_ + 12, pack('S', 60000)) for vertices($p) }, 'VERTEX' ],
	[ 'degree a little', sub { my $p = shift; put($p, $_ + 12, pack('S', 201)) for vertices($p) }, 'VERTEX' ],
	[ 'level', sub { my $p = shift; put($p, $_ + 6, pack('C', 200)) for vertices($p) }, 'VERTEX' ],
	[ 'ring', sub { my $p = shift; put($p, $_ + 8, random_bytes(4)) for vertices($p) }, 'VERTEX' ],
	[ 'number', sub { my $p = shift; put($p, $_, random_bytes(4)) for vertices($p) }, 'VERTEX' ],
	[ 'head of the code', sub { my $p = shift; put($p, $_ + 16, random_bytes(16)) for vertices($p) }, 'VERTEX' ],
	[ 'links', sub { my $p = shift; put($p, $_ + 48, random_bytes(64)) for vertices($p) }, 'VERTEX' ],
	[ 'states', sub { my $p = shift; put($p, 24 + 16 * $_ + 12, random_bytes(4)) for 0 .. 503 }, 'DIR' ],
	[ 'links', sub { my $p = shift; put($p, 24 + 16 * $_ + 8, random_bytes(4)) for 0 .. 503 }, 'DIR' ],
	[ 'rows', sub { my $p = shift; put($p, 24 + 16 * $_, random_bytes(6)) for 0 .. 503 }, 'DIR' ],
	[ 'first page of a run', sub { put($_[0], 24 + 4, random_bytes(4)) }, 'RUNMAP' ],
	[ 'start of a run', sub { put($_[0], 24 + 8, random_bytes(4)) }, 'RUNMAP' ],
	[ 'start of another run', sub { put($_[0], 24 + 24, random_bytes(4)) }, 'RUNMAP' ],
	[ 'kind of a run', sub { put($_[0], 24, pack('S', 7)) }, 'RUNMAP' ],
	map { my $at = 24 + 4 * $_; [ "number $_", sub { put($_[0], $at, random_bytes(4)) }, 'META' ] } grep { $_ % 3 == 0 || $ENV{QDRANT_PG_SLOW} } 0 .. 30);

my $node = new_hnsw_node('damage_fields', "zero_damaged_pages = off\nshared_buffers = 32MB\n");
$node->safe_psql('postgres', q{
	CREATE TABLE source AS SELECT i AS id, vec(i, 0) AS v FROM generate_series(1, 700) i;
	CREATE FUNCTION damaged(name text, layout text) RETURNS text LANGUAGE plpgsql AS $$
	BEGIN
		EXECUTE format('CREATE TABLE %I (id int, v vector(16))', name);
		EXECUTE format('INSERT INTO %I SELECT * FROM source WHERE id <= 600', name);
		EXECUTE format('CREATE INDEX %I ON %I USING qdrant_hnsw (v vector_l2_ops)
			WITH (indexing_threshold = 1, full_scan_threshold = 0, ef_construction = 20, layout = %s)', name || '_v', name, layout);
		-- copies share a vertex, the others stay fresh
		EXECUTE format('INSERT INTO %I SELECT id + 1000, v FROM source WHERE id <= 40', name);
		RETURN pg_relation_filepath(name || '_v');
	END $$;
});

# One table for each damage: the server is stopped only once.
my @cases;
for my $layout ('compact', 'inlined', 'compact, quantization = product')
{
	for my $damage (@damages)
	{
		for my $kind (sort keys %kinds)
		{
			next if defined $damage->[2] && $damage->[2] ne $kinds{$kind};
			next if $layout =~ /product/ ? $kind != 8 && $kind != 4 : $kind == 8;
			push @cases, { layout => $layout, kind => $kind, damage => $damage,
				name => 'd' . @cases, what => "$layout, $kinds{$kind}: $damage->[0]" };
		}
	}
}
my $create = '';
for my $case (@cases)
{
	$create .= "SELECT damaged('$case->{name}', '$case->{layout}');\nVACUUM $case->{name};\n";
	# a new page of the fresh region
	$create .= "INSERT INTO $case->{name} SELECT id, v FROM source WHERE id > 650;\n";
}
my @files = grep { length } split(/\n/, $node->safe_psql('postgres', "SET client_min_messages = error; $create"));
is(scalar(@files), scalar(@cases), 'tables to damage: ' . @cases);
is(index_problems($node, 'd0_v'), '', 'clean before');
$node->stop;

for my $i (0 .. $#cases)
{
	my $case = $cases[$i];
	my $file = $node->data_dir . '/' . $files[$i];
	my $bytes = slurp_file($file);
	my @blocks = grep { unpack('S', substr($bytes, $_ * 8192 + 8176, 2)) == $case->{kind} } 0 .. length($bytes) / 8192 - 1;
	next if !@blocks;
	$case->{block} = $blocks[ int(rand(@blocks)) ];
	my $page = substr($bytes, $case->{block} * 8192, 8192);
	$case->{damage}->[1]->(\$page);
	$case->{changed} = $page ne substr($bytes, $case->{block} * 8192, 8192);
	open(my $f, '+<', $file) or die;
	binmode($f);
	seek($f, $case->{block} * 8192, 0);
	print $f $page;
	close($f);
}
$node->start;

for my $case (@cases)
{
	next unless $case->{changed};
	my $t = $case->{name};
	my ($rc, $out, $err) = $node->psql('postgres', qq{
		\\set VERBOSITY verbose
		SET statement_timeout = '60s'; SET client_min_messages = error;
		SELECT 'block ' || block || ': ' || problem FROM qdrant.check_index('${t}_v') LIMIT 3;
		SET enable_seqscan = off; SET enable_sort = off; SET jit = off;
		SELECT count(*) FROM generate_series(1, 5) q, LATERAL (SELECT id FROM $t ORDER BY v <-> vec(q, 5) LIMIT 10) x;
		SELECT count(*) FROM (SELECT id FROM $t ORDER BY v <-> vec(1, 5)) x;
		SELECT count(*) FROM $t WHERE v <<->> sphere((SELECT vec(1, 5)), 1);
		SELECT qdrant.index_stats('${t}_v') IS NULL;
		SELECT qdrant.prewarm('${t}_v') IS NULL;
		INSERT INTO $t SELECT id, v FROM source WHERE id % 2 = 0;
		DELETE FROM $t WHERE id % 3 = 0;
		VACUUM $t;
		SELECT count(*) FROM (SELECT id FROM $t ORDER BY v <-> vec(1, 5) LIMIT 30) x;
		SELECT 'the end';
	}, on_error_stop => 0);
	like($out, qr/the end/, "$case->{what} (block $case->{block}): the server lives") or diag($err);
	my @odd = grep { /ERROR:/ && !/ERROR:  (XX00[12]|0A000|22[0-9A-Z]{3}|54[0-9A-Z]{3}):/ } split(/\n/, $err);
	is(join("\n", @odd), '', "$case->{what}: errors say that the index is damaged");
	if ($case->{damage}->[0] =~ /random page|another kind/)
	{
		like("$out$err", qr/block $case->{block}\b/, "$case->{what}: the block is named");
	}
}

# Levels that there are not, in entries and blocks alike, where VACUUM links the
# living anew.
my $levels = $node->data_dir . '/' . $node->safe_psql('postgres', q{
	CREATE TABLE levels (id int, v vector(16)) WITH (autovacuum_enabled = off);
	INSERT INTO levels SELECT id, v FROM source WHERE id <= 600;
	CREATE INDEX levels_v ON levels USING qdrant_hnsw (v vector_l2_ops) WITH (indexing_threshold = 1, layout = compact);
	DELETE FROM levels WHERE id % 6 > 0;
	SELECT pg_relation_filepath('levels_v')});
$node->stop;
my $bytes = slurp_file($levels);
my $damaged = 0;
for my $block (0 .. length($bytes) / 8192 - 1)
{
	my $page = substr($bytes, $block * 8192, 8192);
	my $kind = unpack('S', substr($page, 8176, 2));
	my @at = $kind == 4 ? map { $_ + 6 } vertices(\$page)
	  : $kind == 3 ? map { 24 + 16 * $_ + 13 } grep { substr($page, 24 + 16 * $_ + 12, 1) eq "\1" } 0 .. 503 : ();
	put(\$page, $_, pack('C', 200)) for @at;
	$damaged += @at;
	substr($bytes, $block * 8192, 8192) = $page;
}
cmp_ok($damaged, '>', 1100, 'entries and blocks of a level that there is not');
open(my $f, '>', $levels) or die;
binmode($f);
print $f $bytes;
close($f);
$node->start;
my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nVACUUM levels;\nSELECT 'the end'", on_error_stop => 0);
is($out, 'the end', 'levels: the server lives');
like($err, qr/XX002: .* is damaged at block \d+:/, 'levels: the damage is noticed');

is(join('', grep { /PANIC|TRAP|terminated by signal/ } split(/(?<=\n)/, slurp_file($node->logfile))), '', 'the log');
$node->stop('immediate');
done_testing();
