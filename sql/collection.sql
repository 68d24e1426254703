-- Collections as tables: what the functions of the schema qdrant make of a
-- config, and that the catalog follows the tables.
\set VERBOSITY terse

SELECT qdrant.create_collection('documents', '{"vectors": {"size": 4, "distance": "Cosine"}}');
\d qdrant.documents
SELECT attname, attstorage FROM pg_attribute
WHERE attrelid = 'qdrant.documents'::regclass AND attnum > 0;

-- the config is Qdrant's, defaults filled in
SELECT jsonb_pretty(qdrant.collection_info('documents'));

-- columns and tables get identifiers
SELECT qdrant.create_collection('my "docs" é'::text, '{"vectors": {}}');
SELECT qdrant.create_collection('my docs é', '{"vectors": {
	"title": {"size": 450, "distance": "Dot"}, "Title": {"size": 451, "distance": "Euclid"},
	"id": {"size": 2, "distance": "Manhattan"}, "order": {"size": 2, "distance": "Dot"},
	"1st-part": {"size": 2, "distance": "Dot"}, "": {"size": 65536, "distance": "Dot", "hnsw_config": {"m": 0}},
	"embedding": {"size": 2, "distance": "Dot"}}}');
SELECT v.name, v.column_name, v.dim, v.distance, a.attstorage
FROM qdrant_catalog.vectors v JOIN qdrant_catalog.collections c ON c.id = v.collection_id
	JOIN pg_attribute a ON a.attrelid = c.relation AND a.attname = v.column_name
WHERE c.name = 'my docs é' ORDER BY v.name;
SELECT count(*) FROM pg_attribute WHERE attrelid = 'qdrant."my docs é"'::regclass AND attnum > 0;
-- a vector has the index its config asks for, if there can be one
SELECT pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = 'qdrant."my docs é"'::regclass AND NOT indisprimary ORDER BY indkey[0];

SELECT qdrant.create_collection('long', '{"vectors": {
	"l1": {"size": 8000, "distance": "Manhattan"}, "longer": {"size": 8001, "distance": "Manhattan"},
	"dot": {"size": 65536, "distance": "Dot"}, "cosine": {"size": 65536, "distance": "Cosine"},
	"euclid": {"size": 65536, "distance": "Euclid"}}}');
SELECT indexrelid::regclass FROM pg_index
WHERE indrelid = 'qdrant.long'::regclass AND NOT indisprimary ORDER BY indkey[0];
SELECT qdrant.drop_collection('long');

SELECT qdrant.create_collection(repeat('n', 255), '{}');
SELECT qdrant.create_collection(repeat('n', 256), '{}');
SELECT qdrant.create_collection(repeat('n', 254), '{}');
CREATE TABLE qdrant.taken ();
CREATE TYPE qdrant.taken_type AS (i int);
SELECT qdrant.create_collection('taken', '{}');
SELECT qdrant.create_collection('taken_type', '{}');
SELECT left(name, 10) AS name, length(name), relation FROM qdrant_catalog.collections ORDER BY id;
SELECT left(name, 10) AS name, left(relation, 24) AS relation, version_sequence
FROM qdrant.collections() c(collection), qdrant.describe(collection), LATERAL (SELECT collection) n(name);

-- describe is what statements are built from
SELECT relation, version_sequence, vectors FROM qdrant.describe('documents');
INSERT INTO qdrant.documents (id, payload, embedding) VALUES
	(1, '{"a": 1}', qdrant.cosine_normalize('[1,2,3,4]')), (2, DEFAULT, NULL);
SELECT id, payload, version, embedding IS NULL AS "no vector" FROM qdrant.documents ORDER BY id;
SELECT qdrant.collection_info('documents') -> 'points_count' AS points;

-- what Qdrant refuses
SELECT qdrant.create_collection('documents', '{}');
SELECT qdrant.create_collection('', '{}');
SELECT qdrant.create_collection('a/b', '{}');
SELECT qdrant.create_collection(E'a\x1fb', '{}');
SELECT qdrant.create_collection('bad', '[]');
SELECT qdrant.create_collection('bad', '{"vectors": [1]}');
SELECT qdrant.create_collection('bad', '{"vectors": {"size": 4}}');
SELECT qdrant.create_collection('bad', '{"vectors": {"distance": "Dot"}}');
SELECT qdrant.create_collection('bad', '{"vectors": {"size": 0, "distance": "Dot"}}');
SELECT qdrant.create_collection('bad', '{"vectors": {"size": 65537, "distance": "Dot"}}');
SELECT qdrant.create_collection('bad', '{"vectors": {"size": 1.5, "distance": "Dot"}}');
SELECT qdrant.create_collection('bad', '{"vectors": {"size": "4", "distance": "Dot"}}');
SELECT qdrant.create_collection('bad', '{"vectors": {"size": 4, "distance": "dot"}}');
SELECT qdrant.create_collection('bad', '{"vectors": {"v": {"size": 4, "distance": "Dot", "memory": "pinned"}}}');
SELECT qdrant.create_collection('bad', '{"vectors": {"a/b": {"size": 4, "distance": "Dot"}}}');
SELECT qdrant.create_collection('bad', jsonb_build_object('vectors',
	jsonb_build_object(repeat('v', 201), '{"size": 4, "distance": "Dot"}'::jsonb)));
SELECT qdrant.create_collection('bad', '{"hnsw_config": {"ef_construct": 3}}');
SELECT qdrant.create_collection('bad', '{"hnsw_config": {"m": -1}}');
SELECT qdrant.create_collection('bad', '{"hnsw_config": {"full_scan_threshold_kb": 9}}');
SELECT qdrant.create_collection('bad', '{"optimizers_config": {"deleted_threshold": 1.5}}');
SELECT qdrant.create_collection('bad', '{"optimizers_config": {"max_optimization_threads": "many"}}');
SELECT qdrant.create_collection('bad', '{"wal_config": {"wal_capacity_mb": 0}}');
SELECT qdrant.create_collection('bad', '{"shard_number": 0}');
SELECT qdrant.create_collection('bad', '{"metadata": [1]}');
SELECT qdrant.create_collection('bad', '{"vectros": {}}');
SELECT qdrant.collection_exists('bad');

SELECT qdrant.create_collection('bad', '{"sparse_vectors": {"": {}}}');
SELECT qdrant.create_collection('bad', '{"sparse_vectors": {"s:1": {}}}');
SELECT qdrant.create_collection('bad', '{"sparse_vectors": {"v": {}}, "vectors": {"v": {"size": 4, "distance": "Dot"}}}');

-- what is not supported says so
SELECT qdrant.create_collection('bad', '{"sparse_vectors": {"s": {}}}');
SELECT qdrant.create_collection('bad', '{"sharding_method": "custom"}');
SELECT qdrant.create_collection('bad', '{"quantization_config": {"scalar": {"type": "int9"}}}');
SELECT qdrant.create_collection('bad', '{"quantization_config": {"scalar": {}}}');
SELECT qdrant.create_collection('bad', '{"quantization_config": {"scalar": {"type": "int8", "quantile": 0.4}}}');
SELECT qdrant.create_collection('bad', '{"quantization_config": {"product": {"compression": "x5"}}}');
SELECT qdrant.create_collection('bad', '{"quantization_config": {}}');
SELECT qdrant.create_collection('bad', '{"quantization_config": {"binary": {}, "turbo": {}}}');
SELECT qdrant.create_collection('bad', '{"vectors": {"size": 4, "distance": "Dot", "quantization": {"binary": {"bits": 1}}}}');
SELECT qdrant.create_collection('bad', '{"vectors": {"size": 4, "distance": "Dot", "datatype": "turbo4"}}');
SELECT qdrant.create_collection('bad', '{"vectors": {"size": 4, "distance": "Dot", "datatype": "int8"}}');
SELECT qdrant.create_collection('bad', '{"vectors": {"v": {"size": 4, "distance": "Dot", "multivector_config": {"comparator": "max_sim"}}}}');
SELECT qdrant.create_collection('bad', '{"strict_mode_config": {"enabled": true}}');

-- datatypes: the column's type, its operator class, what the gateway is told
SELECT qdrant.create_collection('typed', '{"vectors": {
	"h": {"size": 900, "distance": "Euclid", "datatype": "float16"},
	"u": {"size": 1801, "distance": "Manhattan", "datatype": "uint8"},
	"f": {"size": 4, "distance": "Dot", "datatype": "float32"}}}');
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attstorage, pg_get_indexdef(i.indexrelid)
FROM pg_attribute a JOIN pg_index i ON i.indrelid = a.attrelid AND i.indkey[0] = a.attnum
WHERE attrelid = 'qdrant.typed'::regclass AND a.attnum > 3 ORDER BY 1;
SELECT v FROM qdrant.describe('typed') d, jsonb_array_elements(d.vectors) v;
SELECT qdrant.collection_info('typed') -> 'config' -> 'params' -> 'vectors';
SELECT qdrant.update_collection('typed', '{"vectors": {"h": {"datatype": "uint8"}}}');
SELECT qdrant.update_collection('typed', '{"vectors": {"h": {"hnsw_config": {"m": 24}}}}');
SELECT pg_get_indexdef('qdrant.typed_h_payload_idx'::regclass);
SELECT qdrant.drop_collection('typed');

-- PATCH: given members replace, missing ones stay
SELECT qdrant.create_collection('c', '{"vectors": {"size": 4, "distance": "Dot"},
	"metadata": {"a": 1, "b": {"x": 1, "y": 2}}, "optimizer_config": {"indexing_threshold_kb": 0},
	"on_disk_payload": false}');
CREATE TEMP TABLE before AS SELECT * FROM qdrant_catalog.collections WHERE name = 'c';
SELECT qdrant.update_collection('c', '{}');
SELECT c.config = b.config AS same, c.version > b.version AS newer, c.id = b.id AS same_id
FROM before b JOIN qdrant_catalog.collections c USING (name);
SELECT qdrant.update_collection('c', '{"hnsw_config": {"m": 24}, "optimizers_config": {"max_optimization_threads": 2},
	"params": {"replication_factor": 3, "read_fan_out_factor": 1}, "strict_mode_config": {"max_timeout": 9}}');
SELECT qdrant.update_collection('c', '{"vectors": {"": {"hnsw_config": {"m": 7}, "on_disk": true}}}');
SELECT pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = 'qdrant.c'::regclass AND NOT indisprimary;
SELECT qdrant.update_collection('c', '{"vectors": {"": {"hnsw_config": {}}}, "quantization_config": "Disabled"}');
SELECT qdrant.update_collection('c', '{"metadata": {"a": null, "b": {"z": 3}, "c": "new"}}');
SELECT qdrant.update_collection('c', '{"optimizers_config": {"max_optimization_threads": "auto"}}');
SELECT jsonb_pretty(config) FROM qdrant_catalog.collections WHERE name = 'c';
SELECT qdrant.update_collection('c', '{"vectors": {"": {"hnsw_config": {"m": 0}}}}');
SELECT count(*) AS indexes FROM pg_index WHERE indrelid = 'qdrant.c'::regclass AND NOT indisprimary;
SELECT qdrant.update_collection('c', '{"vectors": {"": {"hnsw_config": {"m": 5}}}}');
SELECT pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = 'qdrant.c'::regclass AND NOT indisprimary;
SELECT qdrant.update_collection('none', '{}');
SELECT qdrant.update_collection('c', '{"vectors": {"zzz": {"on_disk": true}}}');
SELECT qdrant.update_collection('c', '{"sparse_vectors": {"zzz": {}}}');
SELECT qdrant.update_collection('c', '{"vectors": {"": {"size": 5}}}');
SELECT qdrant.update_collection('c', '{"params": {"replication_factor": 0}}');
SELECT qdrant.update_collection('c', '{"quantization_config": "Off"}');
SELECT qdrant.update_collection('c', '{"quantization_config": {"binary": []}}');
SELECT qdrant.update_collection('c', '{"vectors": {"": {"quantization_config": {"none": {}}}}}');
SELECT qdrant.update_collection('c', '{"strict_mode_config": {"enabled": true}}');

-- thresholds are the index's; it is built anew only for another graph, or for
-- one where there was none
CREATE FUNCTION built(oid OUT oid) LANGUAGE sql AS
	$$SELECT relfilenode FROM pg_class WHERE relname = 'c_embedding_payload_idx'$$;
CREATE FUNCTION patch(config jsonb, OUT "built anew" bool, OUT options text[]) LANGUAGE plpgsql AS $$
DECLARE
	was CONSTANT oid := built();
BEGIN
	PERFORM qdrant.update_collection('c', config);
	"built anew" := built() <> was;
	options := reloptions FROM pg_class WHERE relname = 'c_embedding_payload_idx';
END
$$;
INSERT INTO qdrant.c (id, embedding) SELECT i, '[1,2,3,4]' FROM generate_series(1, 100) i;
SELECT * FROM patch('{}');
SELECT * FROM patch('{"optimizers_config": {"indexing_threshold": 50}}');
SELECT * FROM patch('{"optimizers_config": {"indexing_threshold": 1}, "hnsw_config": {"full_scan_threshold": 20}}');
SELECT * FROM patch('{"optimizers_config": {"indexing_threshold": 10000}, "hnsw_config": {"full_scan_threshold": 18446744073709551615}}');
SELECT * FROM patch('{"hnsw_config": {"ef_construct": 20000}}');
SELECT * FROM patch('{"optimizers_config": {"indexing_threshold": 0}, "hnsw_config": {"ef_construct": 100, "full_scan_threshold": 10000}}');
DROP FUNCTION patch, built;
TRUNCATE qdrant.c;

-- a long build can be left to somebody else: pending_indexes, index_built
SELECT qdrant.update_collection('c', '{"optimizers_config": {"indexing_threshold": 10000}}', false);
SELECT * FROM qdrant.pending_indexes();
INSERT INTO qdrant.c (id, embedding, payload)
	SELECT i, '[1,2,3,4]', jsonb_build_object('text', repeat(md5(i::text), 30)) FROM generate_series(1, 5000) i;
SELECT qdrant.update_collection('c', '{"metadata": {"x": 1}}', false);
SELECT * FROM qdrant.pending_indexes();
SELECT qdrant.update_collection('c', '{"optimizers_config": {"indexing_threshold": 1}}', false);
SELECT collection, kind, name, statements FROM qdrant.pending_indexes();
SELECT qdrant.collection_info('c') -> 'status' AS status;
CREATE TEMP TABLE work AS SELECT * FROM qdrant.pending_indexes();
SELECT qdrant.update_collection('c', '{"vectors": {"": {"hnsw_config": {"m": 30}}}}', false);
-- what was asked for in the meantime is not done
SELECT qdrant.index_built(collection, kind, name, pending) FROM work;
SELECT collection, kind, name, statements FROM qdrant.pending_indexes();
SELECT s FROM qdrant.pending_indexes(), unnest(statements) WITH ORDINALITY u(s, n) ORDER BY n \gexec
\d qdrant.c
SELECT qdrant.index_built(collection, kind, name, pending) FROM qdrant.pending_indexes();
SELECT * FROM qdrant.pending_indexes();
SELECT qdrant.collection_info('c') -> 'status' AS status;
-- no index at all, then one again; the second wish makes the first pointless
SELECT qdrant.update_collection('c', '{"vectors": {"": {"hnsw_config": {"m": 0}}}}', false);
SELECT * FROM qdrant.pending_indexes();
SELECT qdrant.update_collection('c', '{"vectors": {"": {"hnsw_config": {"m": 4}}}}', false);
SELECT collection, kind, name, statements FROM qdrant.pending_indexes();
SELECT qdrant.update_collection('c', '{"vectors": {"": {"hnsw_config": {"m": 0}}}}', false);
SELECT collection, kind, name, statements FROM qdrant.pending_indexes();
SELECT qdrant.index_built(collection, kind, name, pending) FROM qdrant.pending_indexes();
SELECT qdrant.update_collection('c', '{"vectors": {"": {"hnsw_config": {"m": 5}}}}');
SELECT * FROM qdrant.pending_indexes();
SELECT * FROM qdrant.index_leftovers();
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'qdrant.c_embedding_payload_idx'::regclass;
SELECT * FROM qdrant.index_leftovers();
UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'qdrant.c_embedding_payload_idx'::regclass;
SELECT qdrant.update_collection('c', '{"optimizers_config": {"indexing_threshold": 0}}');
TRUNCATE qdrant.c;

-- indexed_vectors_count: over the threshold, and only with an index
INSERT INTO qdrant.c (id, embedding) SELECT i, '[1,2,3,4]' FROM generate_series(1, 100) i;
SELECT qdrant.collection_info('c') -> 'indexed_vectors_count' AS "never";
SELECT qdrant.update_collection('c', '{"optimizers_config": {"indexing_threshold": 1}}');
SELECT qdrant.collection_info('c') -> 'indexed_vectors_count' AS "1600 bytes over 1 kB";
SELECT qdrant.update_collection('c', '{"optimizers_config": {"indexing_threshold": 2}}');
SELECT qdrant.collection_info('c') -> 'indexed_vectors_count' AS "1600 bytes under 2 kB";

-- check_collection and check_size
SELECT qdrant.check_collection('c', version) FROM qdrant.describe('c');
SELECT qdrant.check_collection('none', 1);
DO $$
DECLARE
	stale bigint := version FROM qdrant.describe('c');
BEGIN
	PERFORM qdrant.update_collection('c', '{}');
	PERFORM qdrant.check_collection('c', stale);
EXCEPTION WHEN SQLSTATE 'QD005' THEN
	RAISE NOTICE 'stale';
END
$$;
SELECT qdrant.check_size('c', 1000, 1000 + pg_table_size('qdrant.c'));
SELECT qdrant.check_size('none', 1, 1);
SELECT qdrant.check_size('c', -1, 1);
DO $$
BEGIN
	PERFORM qdrant.check_size('c', 1001, 1000 + pg_table_size('qdrant.c'));
EXCEPTION WHEN SQLSTATE 'QD006' THEN
	RAISE NOTICE 'too large';
END
$$;

-- the catalog follows the tables: renamed, altered, dropped, rolled back
CREATE TEMP TABLE seen AS SELECT version FROM qdrant.describe('c');
ALTER TABLE qdrant.c RENAME TO "C2";
SELECT relation, d.version > s.version AS newer FROM qdrant.describe('c') d, seen s;
ALTER TABLE qdrant."C2" RENAME embedding TO e;
SELECT vectors FROM qdrant.describe('c');
ALTER TABLE qdrant."C2" RENAME e TO embedding;
ALTER TABLE qdrant."C2" ADD title text;
SELECT vectors FROM qdrant.describe('c');
SELECT qdrant.collection_info('c') -> 'points_count' AS points;
ALTER TABLE qdrant."C2" DROP embedding;
SELECT vectors FROM qdrant.describe('c');
SELECT qdrant.collection_info('c') -> 'points_count' AS points;
BEGIN;
DROP TABLE qdrant."C2";
SELECT qdrant.collection_exists('c');
SELECT name FROM qdrant.collections() WHERE name = 'c';
ROLLBACK;
SELECT qdrant.collection_exists('c');
SELECT qdrant.drop_collection('c'), qdrant.drop_collection('c');
SELECT * FROM qdrant.describe('c');
SELECT qdrant.collection_info('c');
SELECT count(*) FROM qdrant_catalog.vectors v
WHERE NOT EXISTS (SELECT FROM qdrant_catalog.collections c WHERE c.id = v.collection_id);

-- a row whose table is gone (event triggers were off) is no collection, and in
-- nobody's way
SELECT qdrant.create_collection('lost', '{"vectors": {"size": 4, "distance": "Dot"}}');
ALTER EVENT TRIGGER qdrant_forget_dropped DISABLE;
DROP TABLE qdrant.lost;
ALTER EVENT TRIGGER qdrant_forget_dropped ENABLE;
SELECT count(*) FROM qdrant_catalog.collections WHERE name = 'lost';
SELECT qdrant.collection_exists('lost'), qdrant.drop_collection('lost');
SELECT name FROM qdrant.collections() WHERE name = 'lost';
SELECT * FROM qdrant.describe('lost');
SELECT qdrant.check_collection('lost', 1);
SELECT qdrant.create_collection('lost', '{"vectors": {"size": 5, "distance": "Dot"}}');
SELECT relation, vectors FROM qdrant.describe('lost');

-- rights: everybody on their own tables only
CREATE ROLE regress_qdrant_owner;
CREATE ROLE regress_qdrant_other;
GRANT ALL ON SCHEMA qdrant TO regress_qdrant_owner;
SET ROLE regress_qdrant_other;
SELECT qdrant.create_collection('theirs', '{}');
SELECT qdrant_catalog.lock_name('theirs');
SELECT name FROM qdrant.collections();
RESET ROLE;
SET ROLE regress_qdrant_owner;
SELECT qdrant.create_collection('theirs', '{"vectors": {"size": 4, "distance": "Dot"}}');
SELECT name FROM qdrant.collections();
INSERT INTO qdrant.theirs (id, embedding) VALUES (1, '[1,2,3,4]');
SELECT qdrant.collection_info('theirs') -> 'points_count' AS points;
SELECT qdrant.update_collection('theirs', '{"hnsw_config": {"m": 20}}');
SELECT qdrant.update_collection('documents', '{}');
SELECT qdrant.drop_collection('documents');
SELECT qdrant.collection_info('documents');
SELECT qdrant.check_collection('documents', 1);
SELECT qdrant.index_built('documents', 'vector', '', 1);
SELECT qdrant_catalog.put_collection('mine', 'qdrant.documents', '{}', '[]');
SELECT qdrant_catalog.put_collection('documents', 'qdrant.theirs', '{}', '[]');
INSERT INTO qdrant_catalog.collections (name, relation, config) VALUES ('x', 'qdrant.theirs', '{}');
UPDATE qdrant_catalog.collections SET version = 0;
DELETE FROM qdrant_catalog.vectors;
-- a config that nobody has checked holds options, not statements
SELECT qdrant_catalog.put_collection('theirs', 'qdrant.theirs', qdrant_catalog.config_create('{"vectors": {"size": 4, "distance": "Dot"}}')
	|| '{"quantization_config": {"none); CREATE TABLE qdrant.smuggled (); SELECT (1": {}}}', '[{"name": "", "column": "embedding", "dim": 4, "distance": "Dot"}]') > 0 AS put;
RESET ROLE;
SELECT qdrant.update_collection('theirs', '{}');
DROP INDEX qdrant.theirs_embedding_payload_idx;
SELECT qdrant.update_collection('theirs', '{}');
SELECT to_regclass('qdrant.smuggled') AS smuggled;
SET ROLE regress_qdrant_other;
SELECT qdrant.drop_collection('theirs');
SELECT qdrant.collection_info('theirs');
RESET ROLE;
GRANT SELECT ON qdrant.theirs TO regress_qdrant_other;
SET ROLE regress_qdrant_other;
SELECT name FROM qdrant.collections();
SELECT qdrant.collection_info('theirs') -> 'points_count' AS points;
SELECT qdrant.update_collection('theirs', '{}');
-- what keeps the catalog in order is no tool for others
CREATE TEMP TABLE ids (id bigint);
CREATE TRIGGER forget AFTER DELETE ON ids FOR EACH ROW EXECUTE FUNCTION qdrant_catalog.forget_members();
RESET ROLE;
CREATE TEMP TABLE no_collections (id bigint);
INSERT INTO no_collections VALUES (1);
CREATE TRIGGER forget AFTER DELETE ON no_collections FOR EACH ROW EXECUTE FUNCTION qdrant_catalog.forget_members();
DELETE FROM no_collections;
DROP TABLE no_collections;

-- functions of ours in a schema that comes first change nothing
CREATE SCHEMA mischief;
CREATE FUNCTION mischief.int8eq(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	RAISE 'mischief';
END
$$;
CREATE OPERATOR mischief.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = mischief.int8eq);
SET search_path = mischief, pg_catalog, public;
SELECT qdrant.create_collection('calm', '{"vectors": {"size": 4, "distance": "Dot"}}');
SELECT qdrant.update_collection('calm', '{"hnsw_config": {"m": 20}}');
SELECT qdrant.drop_collection('calm');
RESET search_path;

SET client_min_messages = warning;
DROP SCHEMA mischief CASCADE;
DROP OWNED BY regress_qdrant_owner, regress_qdrant_other;
SELECT name FROM qdrant.collections() WHERE name = 'theirs';
DROP ROLE regress_qdrant_owner, regress_qdrant_other;
DROP TABLE qdrant.taken;
DROP TYPE qdrant.taken_type;
SELECT count(qdrant.drop_collection(name)) FROM qdrant.collections();
SELECT count(*) FROM qdrant_catalog.collections;
SELECT count(*) FROM pg_class WHERE relnamespace = 'qdrant'::regnamespace;
