# pg_dump and restore keep collections: tables, catalog, sequences, and what
# the functions say about them.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dump');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE source');
$node->safe_psql(
	'source', q{
	CREATE EXTENSION qdrant_pg;
	SELECT qdrant.create_collection('documents',
		'{"vectors": {"size": 3, "distance": "Cosine"}, "metadata": {"team": "x"}}');
	SELECT qdrant.create_collection('Two Words', '{"vectors": {
		"a-b": {"size": 2, "distance": "Dot"}, "B": {"size": 500, "distance": "Euclid", "hnsw_config": {"m": 0}},
		"h": {"size": 2, "distance": "Cosine", "datatype": "float16"}, "u": {"size": 2, "distance": "Manhattan", "datatype": "uint8"}}}');
	SELECT qdrant.create_collection('gone', '{"vectors": {"size": 3, "distance": "Dot"}}');
	SELECT qdrant.drop_collection('gone');
	ALTER TABLE qdrant.documents RENAME TO renamed;
	SELECT qdrant.update_collection('Two Words', '{"hnsw_config": {"ef_construct": 50}}');
	INSERT INTO qdrant.renamed (id, payload, embedding)
		SELECT i, jsonb_build_object('n', i), qdrant.cosine_normalize(('[1,' || i || ',2]')::vector)
		FROM generate_series(1, 50) i;
	SELECT qdrant.create_payload_index('documents', 'n', '{"type": "integer", "lookup": true}');
	SELECT qdrant.create_payload_index('documents', '"a b".c[]', '"text"');
	INSERT INTO qdrant."Two Words" (id, a_b, h, u) VALUES ('5350ba3c-1c2a-4b0e-8d5f-000000000001', '[1,2]', '[0.6,0.8]', '[1,255]');
});

# Everything a client sees, in one text.
my $seen = q{
	SELECT c.name, qdrant.collection_info(c.name), d.collection_id, d.relation,
		d.version_sequence, d.vectors, d.config, d.bindings
	FROM qdrant.collections() c, qdrant.describe(c.name) d ORDER BY 1;
	SELECT * FROM qdrant.payload_indexes('documents');
	SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'qdrant' ORDER BY 1;
	SELECT id, payload, version, embedding FROM qdrant.renamed ORDER BY id;
	SELECT id, version, a_b, b, h, u FROM qdrant."Two Words" ORDER BY id;
};
my $top = q{SELECT id FROM qdrant.renamed ORDER BY embedding <=> '[1,30,2]' LIMIT 3};
my $before = $node->safe_psql('source', $seen);
my $ids = $node->safe_psql('source', 'SELECT max(collection_id) FROM qdrant_catalog.vectors');

my $dir = PostgreSQL::Test::Utils::tempdir();
for my $format ('plain', 'custom')
{
	my $target = "restored_$format";
	my $file = "$dir/$format";
	$node->safe_psql('postgres', "CREATE DATABASE $target");
	$node->command_ok([ 'pg_dump', "--format=$format", '-f', $file, $node->connstr('source') ],
		"$format dump");
	if ($format eq 'plain')
	{
		$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file,
				'-d', $node->connstr($target) ], 'plain restore');
	}
	else
	{
		$node->command_ok([ 'pg_restore', '-j', '2', '--exit-on-error',
				'-d', $node->connstr($target), $file ], 'parallel restore');
	}
	is($node->safe_psql($target, $seen), $before, "$format: collections are the same");
	is($node->safe_psql($target, $top), $node->safe_psql('source', $top), "$format: search");

	# it goes on where it was: versions, ids, names
	$node->safe_psql($target, q{INSERT INTO qdrant.renamed (id) VALUES (1000)});
	is($node->safe_psql($target, 'SELECT version FROM qdrant.renamed WHERE id = 1000'),
		'51', "$format: the version sequence continues");
	$node->safe_psql($target, q{SELECT qdrant.create_collection('next', '{}')});
	is($node->safe_psql($target, q{SELECT collection_id > } . $ids . q{ FROM qdrant.describe('next')}),
		't', "$format: ids continue");
	is($node->safe_psql($target, q{SELECT bool_and(n.version > o.version)
		FROM qdrant_catalog.collections n, qdrant_catalog.collections o
		WHERE n.name = 'next' AND o.name <> 'next'}), 't', "$format: catalog versions continue");
	my ($rc, $out, $err) = $node->psql($target, q{SELECT qdrant.create_collection('documents', '{}')});
	like($err, qr/collection "documents" already exists/, "$format: the name is taken");
	is($node->safe_psql($target, q{SELECT qdrant.drop_collection('documents'),
		to_regclass('qdrant.renamed') IS NULL}), 't|t', "$format: drop");
}

done_testing();
