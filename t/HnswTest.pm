# What the tests of the index share: a function of vectors, a node.
package HnswTest;
use strict;
use warnings;
use Exporter 'import';
use IPC::Run qw(start);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
our @EXPORT = qw(new_hnsw_node make_vectors make_vectors_in index_problems in_background ended_background server_is_well);

# A running node with small buffers, so that pages are written in any order.
sub new_hnsw_node
{
	my ($name, $conf, %init) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(%init);
	$node->append_conf('postgresql.conf', q{
		fsync = off
		autovacuum = off
		shared_buffers = 4MB
		restart_after_crash = on
		} . $conf);
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION qdrant_pg');
	make_vectors($node);
	return $node;
}

# vec(id, n): a vector of 16 dimensions around one of 50 centres, always the same.
sub make_vectors
{
	my $node = shift;
	return make_vectors_in($node, 'postgres');
}

sub make_vectors_in
{
	my ($node, $database) = @_;
	$node->safe_psql($database, q{
		CREATE FUNCTION noise(a int, b int, c int) RETURNS real IMMUTABLE PARALLEL SAFE LANGUAGE sql AS
			$$SELECT (hashint4(a # hashint4(b # hashint4(c))) & 65535)::real / 65536 - 0.5$$;
		CREATE FUNCTION vec(id int, n int) RETURNS vector IMMUTABLE PARALLEL SAFE LANGUAGE sql AS
			$$SELECT array_agg(noise(id, n, g) + 2 * noise(id % 50, -1, g) ORDER BY g)::vector
			FROM generate_series(1, 16) g$$;
	});
	return;
}

sub index_problems
{
	my ($node, $index) = @_;
	return $node->safe_psql('postgres',
		"SELECT block, item, problem FROM qdrant.check_index('$index') LIMIT 20");
}

# A psql that runs the script beside the test, each statement by itself.  Call
# ended_background for what it said.
my $scripts = 0;
sub in_background
{
	my ($node, $sql) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/script' . $scripts++;
	append_to_file($file, $sql);
	# files, since nobody pumps pipes meanwhile
	return { file => $file, handle => start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', $file ],
		'<', '/dev/null', '>', "$file.out", '2>', "$file.err") };
}

# Waits for it; its output and its errors.
sub ended_background
{
	my $b = shift;
	eval { $b->{handle}->finish };
	return (slurp_file("$b->{file}.out"), slurp_file("$b->{file}.err"));
}

# What the log must not have, whatever the test did; '' when all is well.
sub server_is_well
{
	my $node = shift;
	my @lines = grep { /PANIC|TRAP:|terminated by signal (?!9)|leak|still referenced|stuck|could not read block|invalid page/ }
		split(/\n/, slurp_file($node->logfile));
	return join("\n", @lines);
}

1;
