# What the tests of the index share: a function of vectors, a node.
package HnswTest;
use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Cluster;
our @EXPORT = qw(new_hnsw_node make_vectors index_problems);

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
	$node->safe_psql('postgres', q{
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

1;
