-- Payload indexes of collections: create, replace, drop, list; what is left to
-- a builder; filters bound to them.
\set VERBOSITY default
SET client_min_messages = warning;

SELECT qdrant.create_collection('c', '{"vectors": {"size": 2, "distance": "Dot"}}');
INSERT INTO qdrant.c (id, payload) VALUES
	(1, '{"n": 1, "price": 10.5, "even": false, "city": "Berlin", "t": "a fox"}'),
	(2, '{"n": 5.0, "price": 20, "even": [true, false], "city": ["Berlin", "London"], "t": "The Fox"}'),
	(3, '{"n": "x", "u": "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "when": ["2024-01-01", "bad"], "loc": [{"lon": 1, "lat": 2}, {"lon": 999, "lat": 2}],
		"obj": {"deep": {"k": 5}}, "arr": [{"k": 1}, {"k": 2}], "a b": 1, "x.y": 2, "city": []}'),
	(4, '{}');
CREATE FUNCTION schema_of(collection text DEFAULT 'c') RETURNS TABLE (path text, info jsonb) LANGUAGE sql AS
$$ SELECT * FROM jsonb_each(qdrant.collection_info(collection) -> 'payload_schema') ORDER BY 1 $$;

SELECT qdrant.create_payload_index('c', path, schema) FROM (VALUES (1, 'n', jsonb '"integer"'), (2, 'price', '"float"'), (3, 'even', '"bool"'),
	(4, 'city', '"keyword"'), (5, 'u', '"uuid"'), (6, 'when', '"datetime"'), (7, 'loc', '"geo"'), (8, 't', '"text"'), (9, 'obj.deep.k', '"integer"'),
	(10, 'arr[].k', '"integer"'), (11, '"a b"', '"integer"'), (12, '"x.y"', '"integer"'), (13, '"nothing"', '"keyword"')) AS v(i, path, schema) ORDER BY i;
SELECT * FROM schema_of();
SELECT path, schema, index, ready FROM qdrant.payload_indexes('c');
SELECT pg_get_indexdef('qdrant.c_a_b_idx'::regclass), pg_get_indexdef('qdrant.c_t_idx'::regclass);

-- The same again changes nothing; another schema replaces the index.
CREATE TEMP TABLE seen AS SELECT d.version, 'qdrant.c_n_idx'::regclass::oid AS index FROM qdrant.describe('c') d;
SELECT qdrant.create_payload_index('c', '"n"', '"integer"');
SELECT d.version = s.version AS same_version, 'qdrant.c_n_idx'::regclass = s.index AS same_index FROM qdrant.describe('c') d, seen s;
SELECT qdrant.create_payload_index('c', 'n', '"float"');
SELECT d.version > s.version AS newer, 'qdrant.c_n_idx'::regclass <> s.index AS replaced FROM qdrant.describe('c') d, seen s;
-- Parameters that mean nothing here are shown, and need no other index.
SELECT qdrant.create_payload_index('c', 'n', '{"type": "float", "on_disk": true, "is_principal": null}');
SELECT info FROM schema_of() WHERE path = 'n';
SELECT count(*) FROM pg_index WHERE indrelid = 'qdrant.c'::regclass;
SELECT qdrant.drop_payload_index('c', '"n"') AS dropped, qdrant.drop_payload_index('c', 'n') AS again, to_regclass('qdrant.c_n_idx') AS index;
-- One made by hand is taken; one dropped by hand is made again.
CREATE INDEX mine ON qdrant.c USING gin (payload qdrant_keyword_ops (path = '"n"', is_tenant = true));
SELECT qdrant.create_payload_index('c', 'n', '"keyword"');
SELECT index FROM qdrant.payload_indexes('c') WHERE path = 'n';
DROP INDEX qdrant.mine;
SELECT index, ready FROM qdrant.payload_indexes('c') WHERE path = 'n';
SELECT qdrant.create_payload_index('c', 'n', '"keyword"');
SELECT index, ready FROM qdrant.payload_indexes('c') WHERE path = 'n';

-- schemas
CREATE FUNCTION shows(schema jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	PERFORM qdrant.create_payload_index('c', 'f', schema);
	RETURN info -> 'params' FROM schema_of() WHERE path = 'f';
END $$;
SELECT shows(schema) FROM (VALUES (1, jsonb '{"type": "keyword", "is_tenant": true, "prefix": true}'),
	(2, '{"type": "integer"}'), (3, '{"type": "integer", "lookup": false, "is_principal": true}'), (4, '{"type": "bool", "on_disk": false}'),
	(5, '{"type": "datetime", "memory": "cold"}'), (6, '{"type": "geo", "enable_hnsw": false}'), (7, '{"type": "uuid", "is_tenant": true}'),
	(8, '{"type": "text", "lowercase": false, "memory": "pinned", "stopwords": {"languages": ["english"], "custom": ["foo"]}, "phrase_matching": true}')) AS v(i, schema)
ORDER BY i;
SELECT pg_get_indexdef(index) FROM qdrant.payload_indexes('c') WHERE path = 'f';
CREATE FUNCTION refuses(path text, schema jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM qdrant.create_payload_index('c', path, schema);
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT refuses(path, schema) FROM (VALUES (1, 'a[', jsonb '"integer"'), (2, '', '"integer"'), (3, 'a b', '"integer"'), (4, 'a', '"number"'), (5, 'a', '5'), (6, 'a', '{}'),
	(7, 'a', '{"type": "number"}'), (8, 'a', '[]'), (9, 'a', '{"type": "integer", "lookup": false, "range": false}'), (10, 'a', '{"type": "integer", "lookup": 1}'),
	(11, 'a', '{"type": "keyword", "lookup": true}'), (12, 'a', '{"type": "text", "tokenizer": "magic"}'), (13, 'a', '{"type": "text", "on_disk": 5}'),
	(14, 'a', '{"type": "float", "memory": "hot"}'), (15, 'a', '{"type": "text", "nothing": true}')) AS v(i, path, schema) ORDER BY i;
SELECT qdrant.create_payload_index('none', 'a', '"integer"');
SELECT qdrant.drop_payload_index('none', 'a');
SELECT qdrant.drop_payload_index('c', 'a[');
SELECT qdrant.drop_payload_index('c', 'f');

-- filters
SELECT bindings FROM qdrant.describe('c');
SELECT qdrant.bind_filter('c', '{"must": [{"key": "city", "match": {"except": ["x"]}}, {"key": "other", "match": {"value": 1}}]}');
SELECT id FROM qdrant.c WHERE payload @@@ '{"must": {"key": "t", "match": {"text": "FOX"}}}' ORDER BY id;
SELECT id FROM qdrant.c WHERE payload @@@ qdrant.bind_filter('c', '{"must": {"key": "t", "match": {"text": "FOX"}}}') ORDER BY id;
SELECT qdrant.bind_filter('none', '{}');
SET enable_seqscan = off;
EXPLAIN (COSTS off) SELECT id FROM qdrant.c WHERE payload @@@ '{"must": {"key": "city", "match": {"value": "Berlin"}}}';
RESET enable_seqscan;

-- facets: points by value; the index has to serve matches
SELECT * FROM qdrant.facet('c', 'city');
SELECT qdrant.count('c'), qdrant.count('c', '{"must": {"key": "t", "match": {"text": "FOX the"}}}'), qdrant.count('c', exact => false);
SELECT * FROM qdrant.facet('c', 'even', max_hits => 1);
SELECT * FROM qdrant.facet('c', '"obj".deep.k');
SELECT * FROM qdrant.facet('c', 'u', '{"must": {"key": "n", "match": {"value": "x"}}}');
SELECT * FROM qdrant.facet('c', 'city', '{"must": {"key": "t", "match": {"text": "FOX the"}}}');
SELECT * FROM qdrant.facet('c', 'price');
SELECT * FROM qdrant.facet('c', 'none');
SELECT * FROM qdrant.facet('c', 'a[');
-- the values that indexes take in, each once
SELECT qdrant_catalog.integer_values(p, 'v') AS integer, qdrant_catalog.float_values(p, 'v') AS float, qdrant_catalog.keyword_values(p, 'v') AS keyword,
	qdrant_catalog.uuid_values(p, 'v') AS uuid, qdrant_catalog.bool_values(p, 'v') AS bool, qdrant_catalog.datetime_values(p, 'v') AS datetime
FROM (VALUES (1, jsonb '{}'), (2, '{"v": [7, 2, 30, 2.0, 2.5, -0.0, 1e30, null, true, false, true, [5], {"x": 1}]}'), (3, '{"v": "550E8400-E29B-41D4-A716-446655440000"}'),
	(4, '{"v": ["b", "a", "b", "550e8400e29b41d4a716446655440000", "550e8400-e29b-41d4-a716-446655440000", "2024-01-01", "1969-12-31T23:59:59.9999999Z"]}')) AS v(i, p) ORDER BY i;
SELECT DISTINCT qdrant_catalog.integer_values(jsonb_build_object('a', i % 3, 'b', i % 2), path) FROM generate_series(1, 50) i, unnest('{a,b,a}'::text[]) path ORDER BY 1;
SELECT cardinality(qdrant_catalog.integer_values(jsonb_build_object('v', (SELECT jsonb_agg(i % 50000) FROM generate_series(1, 100000) i)), 'v')) AS "50000";
SELECT qdrant_catalog.bool_values('{}', 'a b');

-- A partitioned table.
CREATE TABLE qdrant.parted (id point_id PRIMARY KEY, payload jsonb NOT NULL DEFAULT '{}', version bigint NOT NULL DEFAULT 1) PARTITION BY HASH (id);
CREATE TABLE qdrant.parted_0 PARTITION OF qdrant.parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE qdrant.parted_1 PARTITION OF qdrant.parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO qdrant.parted (id, payload) SELECT i, jsonb_build_object('n', i % 10, 'city', 'c' || i % 3) FROM generate_series(1, 100) i;
SELECT qdrant_catalog.put_collection('parted', 'qdrant.parted', '{"params": {}}', '[]') IS NOT NULL AS put;
SELECT qdrant.create_payload_index('parted', 'n', '"integer"', false), qdrant.create_payload_index('parted', 'city', '"keyword"');
SELECT path, index, ready FROM qdrant.payload_indexes('parted');
SET enable_seqscan = off;
EXPLAIN (COSTS off) SELECT id FROM qdrant.parted WHERE payload @@@ '{"must": {"key": "city", "match": {"value": "c1"}}}';
RESET enable_seqscan;
SELECT qdrant.count('parted', '{"must": {"key": "n", "range": {"lt": 3}}}'), qdrant.count('parted', '{"must": {"key": "city", "match": {"value": "c1"}}}', false);
SELECT * FROM qdrant.facet('parted', 'city');
SELECT qdrant.drop_payload_index('parted', 'n'), qdrant.drop_payload_index('parted', 'city');
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'qdrant.parted_1'::regclass;
SELECT qdrant.drop_collection('parted');

-- A long build can be left to somebody else.
SELECT qdrant.create_collection('large', '{"vectors": {"size": 2, "distance": "Dot"}}');
INSERT INTO qdrant.large (id, payload) SELECT i, jsonb_build_object('n', i, 't', repeat(md5(i::text), 30)) FROM generate_series(1, 5000) i;
SELECT qdrant.create_payload_index('large', 'n', '"integer"', false) AS ready;
SELECT qdrant.create_payload_index('large', 'n', '"integer"', false) AS again;
SELECT qdrant.collection_info('large') -> 'status' AS status, (SELECT info FROM schema_of('large'));
SELECT path, ready FROM qdrant.payload_indexes('large');
SELECT collection, kind, name, statements FROM qdrant.pending_indexes();
CREATE TEMP TABLE work AS SELECT * FROM qdrant.pending_indexes();
SELECT qdrant.create_payload_index('large', 'n', '"float"', false) AS "in the meantime another";
SELECT qdrant.index_built(collection, kind, name, pending) FROM work;
SELECT collection, kind, name, statements FROM qdrant.pending_indexes();
SELECT s FROM qdrant.pending_indexes(), unnest(statements) s \gexec
SELECT collection, kind, name, statements FROM qdrant.pending_indexes();
SELECT qdrant.index_built(collection, kind, name, pending) FROM qdrant.pending_indexes();
SELECT * FROM qdrant.pending_indexes();
SELECT qdrant.collection_info('large') -> 'status' AS status, (SELECT info FROM schema_of('large'));
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'qdrant.large_n_idx'::regclass;
SELECT * FROM qdrant.index_leftovers();
SELECT path, index, ready FROM qdrant.payload_indexes('large');
UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'qdrant.large_n_idx'::regclass;
-- A wish that is taken back is none; dropping the collection leaves nothing.
SELECT qdrant.create_payload_index('large', 't', '"keyword"', false) AS ready;
SELECT qdrant.drop_payload_index('large', 't');
SELECT * FROM qdrant.pending_indexes();
SELECT count(*) FROM qdrant_catalog.payload_indexes;
SELECT qdrant.drop_collection('large');
SELECT count(*) FROM qdrant_catalog.payload_indexes;

-- Many points are estimated, not counted.
SELECT qdrant.create_collection('huge', '{"vectors": {"size": 2, "distance": "Dot"}}');
ALTER TABLE qdrant.huge ALTER payload SET STORAGE EXTERNAL;
INSERT INTO qdrant.huge (id, payload) SELECT i, jsonb_build_object('n', i, 't', repeat(md5(i::text), 300)) FROM generate_series(1, 8000) i;
INSERT INTO qdrant.huge (id, payload) SELECT i, '{"n": null}' FROM generate_series(8001, 16000) i;
SELECT qdrant.create_payload_index('huge', 'n', '"integer"');
ANALYZE qdrant.huge;
SELECT (info -> 'points')::numeric BETWEEN 4000 AND 16000 AS "about 8000" FROM schema_of('huge');
SELECT qdrant.drop_collection('huge');

-- Only the owner changes what there is.
CREATE ROLE qdrant_index_reader;
GRANT USAGE ON SCHEMA qdrant, qdrant_catalog TO qdrant_index_reader;
GRANT SELECT ON qdrant.c TO qdrant_index_reader;
SET ROLE qdrant_index_reader;
SELECT qdrant.create_payload_index('c', 'z', '"integer"');
SELECT qdrant.drop_payload_index('c', 'n');
SELECT qdrant_catalog.put_payload_index('qdrant.c', 'n', NULL, false);
SELECT qdrant.bind_filter('c', '{"must": {"key": "n", "match": {"value": "x"}}}');
SELECT count(*) FROM qdrant.payload_indexes('c');
RESET ROLE;
SELECT qdrant_catalog.put_payload_index('pg_class', 'n', NULL, false);
REVOKE ALL ON qdrant.c FROM qdrant_index_reader;
REVOKE ALL ON SCHEMA qdrant, qdrant_catalog FROM qdrant_index_reader;
DROP ROLE qdrant_index_reader;

SELECT qdrant.drop_collection('c');
DROP FUNCTION schema_of, refuses, shows;
DROP TABLE seen, work;
