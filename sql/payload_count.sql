-- Counts and facets by payload indexes: what they say is what a scan of the
-- table says, whatever happened to its rows.
SET client_min_messages = warning;
SET jit = off;
SET max_parallel_workers_per_gather = 0;

CREATE TABLE counted (id integer PRIMARY KEY, note integer, payload jsonb) WITH (autovacuum_enabled = off, fillfactor = 70);
CREATE FUNCTION payload_of(i integer) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object('n', CASE i % 11 WHEN 0 THEN to_jsonb(i % 7 + 0.0) WHEN 1 THEN to_jsonb(i % 7 + 0.5) WHEN 2 THEN '"x"' WHEN 3 THEN 'null'
			WHEN 4 THEN jsonb_build_array(i % 7, i % 7 + 0.0, i % 5) ELSE to_jsonb(i % 7) END,
		'city', CASE i % 13 WHEN 0 THEN jsonb_build_array('c' || i % 5, 'c' || i % 3) WHEN 1 THEN to_jsonb(i) WHEN 2 THEN '[]' ELSE to_jsonb('c' || i % 5) END,
		'long', CASE i % 17 WHEN 0 THEN to_jsonb(repeat('x', 250) || i % 3) WHEN 1 THEN to_jsonb(repeat('x', 240)) ELSE to_jsonb(repeat('y', 239)) END,
		'ok', CASE i % 9 WHEN 0 THEN '[true, false]' WHEN 1 THEN to_jsonb(1) ELSE to_jsonb(i % 2 = 0) END,
		'u', CASE i % 4 WHEN 0 THEN to_jsonb(upper(md5((i % 6)::text)::uuid::text)) WHEN 1 THEN to_jsonb(md5((i % 6)::text)) ELSE to_jsonb(md5((i % 6)::text)::uuid::text) END,
		'big', CASE i % 19 WHEN 0 THEN jsonb '9007199254740993' WHEN 1 THEN '9007199254740993.0' WHEN 2 THEN '[9007199254740993, 9007199254740993.0, 9007199254740992]' ELSE '1' END,
		'at', format('20%s-01-01T00:00:00Z', 10 + i % 80), 't', 'quick ' || CASE i % 3 WHEN 0 THEN 'fox' ELSE 'dog' END,
		'where', jsonb_build_object('lon', i % 360 - 180, 'lat', i % 180 - 90)) - CASE i % 23 WHEN 0 THEN '{city,n,ok}'::text[] ELSE '{}' END
$$;

CREATE TABLE conditions (n serial, c jsonb);
INSERT INTO conditions (c) SELECT v::jsonb FROM (VALUES
	('{"key": "n", "match": {"value": 3}}'), ('{"key": "n", "match": {"any": [1, 2, 99]}}'), ('{"key": "n", "range": {"gte": 2, "lt": 4.5}}'), ('{"key": "n", "range": {}}'),
	('{"key": "n", "match": {"value": 3}, "as": "integer"}'), ('{"key": "n", "match": {"except": [3]}, "as": "integer"}'), ('{"is_null": {"key": "n"}}'),
	('{"key": "city", "match": {"value": "c1"}}'), ('{"key": "city", "match": {"any": ["c1", "c2"]}}'), ('{"key": "city", "match": {"prefix": "c"}}'),
	('{"key": "city", "match": {"except": ["c1"]}}'), ('{"key": "city", "match": {"except": ["c1"]}, "as": "keyword"}'), ('{"is_empty": {"key": "city"}}'),
	('{"key": "ok", "match": {"value": true}}'), ('{"key": "ok", "match": {"value": false}}'), ('{"key": "missing", "match": {"value": 1}}'),
	('{"key": "u", "match": {"value": "cfcd2084-95d5-65ef-66e7-dff9f98764da"}}'), ('{"key": "u", "match": {"value": "CFCD208495D565EF66E7DFF9F98764DA"}, "as": "uuid"}'),
	('{"key": "at", "range": {"gt": "2050-01-01T00:00:00Z"}}'), ('{"key": "t", "match": {"text": "FOX quick"}, "as": {"type": "text"}}'), ('{"key": "t", "match": {"text": "fox"}}'),
	('{"key": "where", "geo_radius": {"center": {"lon": 10, "lat": 10}, "radius": 3000000}}'), ('{"key": "city", "values_count": {"gte": 2}}'), ('{"key": "city", "values_count": {"lt": 1}}'),
	('{"key": "long", "match": {"value": "xx"}}')) v(v);
INSERT INTO conditions (c) SELECT jsonb_build_object('key', 'long', 'match', jsonb_build_object('value', repeat('x', 250) || '1'));

CREATE TABLE filters AS
	SELECT jsonb_build_object('must', c) AS f FROM conditions
	UNION ALL SELECT jsonb_build_object('must', jsonb_build_array(a.c, b.c)) FROM conditions a JOIN conditions b ON a.n < b.n AND (a.n + b.n) % 13 = 0
	UNION ALL SELECT jsonb_build_object('should', jsonb_build_array(a.c, b.c)) FROM conditions a JOIN conditions b ON a.n < b.n AND (a.n + b.n) % 13 = 1
	UNION ALL SELECT jsonb_build_object('must', a.c, 'must_not', b.c) FROM conditions a JOIN conditions b ON a.n <> b.n AND (a.n + b.n) % 19 = 1
	UNION ALL SELECT jsonb_build_object('min_should', jsonb_build_object('min_count', 2, 'conditions', jsonb_build_array(a.c, b.c, a.c))) FROM conditions a JOIN conditions b ON a.n + 5 = b.n
	UNION ALL SELECT '{}' UNION ALL SELECT '{"must": []}';

-- Differences of counts and facets with a sequential scan; none, that is.
CREATE FUNCTION differences() RETURNS TABLE (what text, filter jsonb, is text, should_be text) LANGUAGE plpgsql AS $$
DECLARE
	f jsonb;
	counted bigint;
	facet text;
	path text;
	type text;
BEGIN
	FOR f IN SELECT x.f FROM filters x LOOP
		EXECUTE format('SELECT count(*) FROM counted WHERE payload @@@ %L', f) INTO counted;
		RETURN QUERY SELECT 'count', f, n::text, counted::text FROM qdrant_catalog.count_rows('counted', f::payload_filter, true) n WHERE n <> counted;
		RETURN QUERY SELECT 'about', f, n::text, counted::text FROM qdrant_catalog.count_rows('counted', f::payload_filter, false) n WHERE n <> counted;
	END LOOP;
	FOR path, type, f IN SELECT p.*, x.f FROM (VALUES ('n', 'integer'), ('city', 'keyword'), ('long', 'keyword'), ('ok', 'bool'), ('u', 'uuid'), ('big', 'integer')) p,
		(SELECT x.f, row_number() OVER () FROM filters x) x(f, i) WHERE x.i % 5 = 0 OR x.f = '{}' LOOP
		EXECUTE format('SELECT string_agg(left(v, 9) || right(v, 2) || %L || n, %L) FROM (SELECT v::text, count(*) FROM counted, unnest(qdrant_catalog.%I(payload, %L)) v'
			' WHERE payload @@@ %L GROUP BY v ORDER BY 2 DESC, v %s LIMIT 6) x(v, n)', ': ', ', ', type || '_values', path, f,
			CASE WHEN type IN ('keyword', 'uuid') THEN 'COLLATE "C"' ELSE '' END) INTO facet;
		RETURN QUERY SELECT 'facet ' || path, f, g.g, facet FROM (SELECT string_agg(left(v, 9) || right(v, 2) || ': ' || n, ', ')
			FROM qdrant_catalog.facet_rows('counted', path, type, f::payload_filter, 6, true) x(v, n)) g(g) WHERE g.g IS DISTINCT FROM facet;
	END LOOP;
END $$;

-- without indexes
INSERT INTO counted SELECT i, 0, payload_of(i) FROM generate_series(1, 1000) i;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SELECT * FROM differences();
CREATE INDEX ON counted USING gin (payload qdrant_integer_ops (path = 'n'));
CREATE INDEX ON counted USING gin (payload qdrant_integer_ops (path = 'big'));
CREATE INDEX ON counted USING gin (payload qdrant_keyword_ops (path = 'city'));
CREATE INDEX ON counted USING gin (payload qdrant_keyword_ops (path = 'long')) WITH (fastupdate = off);
CREATE INDEX ON counted USING gin (payload qdrant_bool_ops (path = 'ok'));
CREATE INDEX ON counted USING gin (payload qdrant_uuid_ops (path = 'u'));
CREATE INDEX ON counted USING gin (payload qdrant_datetime_ops (path = 'at'));
CREATE INDEX ON counted USING gin (payload qdrant_text_ops (path = 't'));
CREATE INDEX ON counted USING gin (payload qdrant_geo_ops (path = 'where'));
SELECT * FROM differences();
-- all-visible
VACUUM counted;
SELECT * FROM differences();
-- insertions that are pending, updates of the payload and of others, deletions, what was rolled back
INSERT INTO counted SELECT i, 0, payload_of(i + 7) FROM generate_series(1001, 1700) i;
SELECT * FROM differences();
UPDATE counted SET payload = payload_of(id * 3) WHERE id % 7 = 0;
UPDATE counted SET note = note + 1 WHERE id % 5 = 0;
UPDATE counted SET note = note + 1 WHERE id % 10 = 0;
DELETE FROM counted WHERE id % 4 = 0;
BEGIN;
INSERT INTO counted SELECT i, 0, payload_of(i) FROM generate_series(5001, 5300) i;
DELETE FROM counted WHERE id % 4 = 1;
SELECT * FROM differences();
ROLLBACK;
SELECT * FROM differences();
-- some blocks are all-visible, others not
VACUUM counted;
DELETE FROM counted WHERE id BETWEEN 200 AND 300;
INSERT INTO counted SELECT i, 0, payload_of(i) FROM generate_series(6001, 6050) i;
SELECT * FROM differences();
SELECT gin_clean_pending_list(indexrelid) >= 0 AS cleaned FROM pg_index JOIN pg_class c ON c.oid = indexrelid JOIN pg_am a ON a.oid = relam WHERE indrelid = 'counted'::regclass AND amname = 'gin' LIMIT 3;
SELECT * FROM differences();
-- other ways to keep rows
VACUUM FULL counted;
SELECT * FROM differences();
ALTER TABLE counted SET UNLOGGED;
VACUUM counted;
SELECT * FROM differences();
TRUNCATE counted;
SELECT * FROM differences();
SET default_transaction_isolation = serializable;
INSERT INTO counted SELECT i, 0, payload_of(i) FROM generate_series(1, 100) i;
SELECT * FROM differences();
RESET default_transaction_isolation;
RESET enable_indexscan;
RESET enable_bitmapscan;

-- About: of a large table from posting counts, near the truth.
CREATE TABLE large (payload jsonb) WITH (autovacuum_enabled = off);
INSERT INTO large SELECT jsonb_build_object('k', 'v' || i % 10, 'n', i, 'ok', i % 2 = 0) FROM generate_series(1, 40000) i;
CREATE INDEX ON large USING gin (payload qdrant_keyword_ops (path = 'k'));
CREATE INDEX ON large USING gin (payload qdrant_integer_ops (path = 'n'));
CREATE INDEX ON large USING gin (payload qdrant_bool_ops (path = 'ok'));
VACUUM ANALYZE large;
CREATE FUNCTION about(filter text, tolerance float8 DEFAULT 0.05) RETURNS TABLE (exact bigint, near boolean) LANGUAGE sql AS $$
	SELECT e, abs(e - a) <= tolerance * e + 1 FROM qdrant_catalog.count_rows('large', $1::payload_filter, true) e, qdrant_catalog.count_rows('large', $1::payload_filter, false) a
$$;
SELECT * FROM about('{}');
SELECT * FROM about('{"must": {"key": "k", "match": {"value": "v3"}}}');
SELECT * FROM about('{"must": {"key": "ok", "match": {"value": true}}}');
SELECT * FROM about('{"must": {"key": "n", "range": {"lt": 10000}}}', 0.3);
SELECT * FROM about('{"must": [{"key": "n", "range": {"lt": 10000}}, {"key": "ok", "match": {"value": true}}]}', 0.3);
-- what no index serves is counted
SELECT qdrant_catalog.count_rows('large', '{"must": {"key": "n", "values_count": {"gt": 0}}}', false);
-- that it is about the keys: dead ones still count, until there are too many
DELETE FROM large WHERE payload @> '{"n": 7}';
SELECT qdrant_catalog.count_rows('large', '{"must": {"key": "n", "match": {"value": 7}}}', false) AS about, qdrant_catalog.count_rows('large', '{"must": {"key": "n", "match": {"value": 7}}}', true) AS exact;
SELECT bool_and(abs(count - 4000) < 200) AS near, count(*) FROM qdrant_catalog.facet_rows('large', 'k', 'keyword', '{}', 100, false);
SELECT value, abs(count - 20000) < 1000 AS near FROM qdrant_catalog.facet_rows('large', 'ok', 'bool', '{}', 100, false) ORDER BY value;
UPDATE large SET payload = payload || '{"k": "new"}';
SELECT * FROM qdrant_catalog.facet_rows('large', 'k', 'keyword', '{}', 100, false);
SELECT * FROM qdrant_catalog.facet_rows('large', 'n', 'integer', '{}', 3, true);
SELECT * FROM qdrant_catalog.facet_rows('large', 'n', 'integer', '{"must": {"key": "n", "range": {"gt": 39998}}}', 3, false);

-- More values than work_mem has room for: hits under a large limit, and strings longer than keys.
CREATE TABLE many (id integer, payload jsonb) WITH (autovacuum_enabled = off);
INSERT INTO many SELECT i, jsonb_build_object('u', md5((i % 9000)::text)::uuid, 'k', 'v' || i * 7919 % 9001, 'n', i * 7919 % 9001, 'l', repeat('x', 245) || i % 9000) FROM generate_series(1, 20000) i;
CREATE INDEX ON many USING gin (payload qdrant_uuid_ops (path = 'u'));
CREATE INDEX ON many USING gin (payload qdrant_keyword_ops (path = 'k'));
CREATE INDEX ON many USING gin (payload qdrant_integer_ops (path = 'n'));
CREATE INDEX ON many USING gin (payload qdrant_keyword_ops (path = 'l'));
SET work_mem = 64;
SELECT path, exact, max_hits, cardinality(hits) AS hits, hits = truth[1:max_hits] AS right
FROM (VALUES ('u', 'uuid'), ('k', 'keyword'), ('n', 'integer'), ('l', 'keyword')) p(path, type), unnest('{f,t}'::boolean[]) exact, unnest('{5,8000,100000}'::integer[]) max_hits,
	LATERAL (SELECT array_agg(f.value || ' ' || f.count) FROM qdrant_catalog.facet_rows('many', path, type, '{}', max_hits, exact) f) f(hits),
	LATERAL (SELECT array_agg(v || ' ' || n ORDER BY n DESC, CASE WHEN type = 'integer' THEN v::integer END, v COLLATE "C")
		FROM (SELECT payload ->> path, count(*) FROM many GROUP BY 1) v(v, n)) t(truth) ORDER BY 1, 2, 3;
SELECT count(*), sum(count) FROM qdrant_catalog.facet_rows('many', 'l', 'keyword', '{"must": {"key": "n", "range": {"lt": 30}}}', 100000, true);
RESET work_mem;
DROP TABLE many;

-- Who may see what.
CREATE ROLE payload_reader;
GRANT SELECT ON large TO payload_reader;
SET ROLE payload_reader;
SELECT qdrant_catalog.count_rows('counted', '{}', true);
SELECT qdrant_catalog.facet_rows('counted', 'n', 'integer', '{}', 1, true);
SELECT qdrant_catalog.count_rows('large', '{"must": {"key": "ok", "match": {"value": true}}}', true);
RESET ROLE;
ALTER TABLE large ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON large USING ((payload -> 'n')::integer <= 10);
SET ROLE payload_reader;
SELECT qdrant_catalog.count_rows('large', '{"must": {"key": "ok", "match": {"value": true}}}', true), qdrant_catalog.count_rows('large', '{"must": {"key": "ok", "match": {"value": true}}}', false);
SELECT * FROM qdrant_catalog.facet_rows('large', 'ok', 'bool', '{}', 10, false);
RESET ROLE;
DROP TABLE large;
DROP ROLE payload_reader;

-- Other relations.
CREATE TABLE parted (id integer, payload jsonb) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (50);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (50) TO (200);
CREATE INDEX ON parted USING gin (payload qdrant_keyword_ops (path = 'city'));
INSERT INTO parted SELECT i, payload_of(i) FROM generate_series(0, 199) i;
SELECT qdrant_catalog.count_rows('parted', '{"must": {"key": "city", "match": {"value": "c1"}}}', true), (SELECT count(*) FROM parted WHERE payload @@@ '{"must": {"key": "city", "match": {"value": "c1"}}}');
SELECT * FROM qdrant_catalog.facet_rows('parted', 'city', 'keyword', '{}', 2, false);
SELECT qdrant_catalog.count_rows('conditions', '{}', true);
SELECT qdrant_catalog.count_rows('counted', '{"must": {"has_id": [1]}}', true);
SELECT qdrant_catalog.facet_rows('counted', 'n', 'text', '{}', 1, true);
SELECT qdrant_catalog.facet_rows('counted', 'n[', 'integer', '{}', 1, true);
SELECT * FROM qdrant_catalog.facet_rows('counted', 'n', 'integer', '{}', 0, true);
SELECT * FROM qdrant_catalog.facet_rows('counted', 'n', 'integer', '{}', -1, true);
DROP TABLE parted, counted, conditions, filters;
