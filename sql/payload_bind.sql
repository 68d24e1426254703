-- Conditions bound to the semantics of an index ("as"): what differs from the
-- same condition unbound, and that indexes find the same as a scan.
\set VERBOSITY default
SET client_min_messages = warning;
SET jit = off;
\pset format unaligned

CREATE TABLE vals AS SELECT n::integer AS id, jsonb_build_object('v', v) AS payload FROM unnest(ARRAY[
	'5', '5.0', '2.5', '"red"', 'true', 'null', '[null]', '[null, 1]', '[1, 2.5, "red"]', '1704067200000000',
	'"2024-01-01T00:00:00Z"', '1e30', '-1e30', '[]', '{"a": 1}', '"5"', '1000000000000000000', '9007199254740993',
	'{"lon": 1, "lat": 2}', '{"lon": 200, "lat": 2}', '"2024-06-15T12:30:00.1234567Z"',
	'"550E8400-E29B-41D4-A716-446655440000"', '"550e8400-e29b-41d4-a716-446655440000"', '[1, 1, 2]', '[[1], [2]]',
	'[["red"]]', '{"lon": 180, "lat": 90}', '"1969-12-31T23:59:59.9999999Z"']::jsonb[]) WITH ORDINALITY AS t(v, n);
INSERT INTO vals VALUES (29, '{}');
CREATE TABLE kinds(kind text, schema jsonb);
INSERT INTO kinds SELECT k, to_jsonb(k) FROM unnest('{keyword,integer,float,bool,datetime,uuid,geo}'::text[]) k;
INSERT INTO kinds VALUES ('integer', '{"type": "integer", "lookup": false}'), ('integer', '{"type": "integer", "range": false, "on_disk": true}');
CREATE TABLE conditions(n serial, predicates jsonb);
INSERT INTO conditions(predicates) VALUES
	('{"match": {"value": 5}}'), ('{"match": {"value": 9007199254740993}}'), ('{"match": {"value": "red"}}'), ('{"match": {"value": true}}'),
	('{"match": {"any": [5, 1]}}'), ('{"match": {"any": []}}'), ('{"match": {"any": ["red", "550e8400-e29b-41d4-a716-446655440000"]}}'),
	('{"match": {"value": "550e8400e29b41d4a716446655440000"}}'), ('{"match": {"except": [5]}}'), ('{"match": {"except": ["red"]}}'),
	('{"match": {"except": []}}'), ('{"match": {"except": ["550e8400-e29b-41d4-a716-446655440000"]}}'),
	('{"match": {"except": ["red", "550e8400-e29b-41d4-a716-446655440000"]}}'), ('{"match": {"prefix": "re"}}'), ('{"match": {"text": "re"}}'),
	('{"range": {}}'), ('{"range": {"gte": 2, "lt": 3}}'), ('{"range": {"gte": 9007199254740993}}'), ('{"range": {"lt": 0}}'), ('{"range": {"lte": 0}}'),
	('{"range": {"gt": 2.5, "gte": 1}}'), ('{"range": {"gte": 1e19}}'),
	('{"range": {"gte": "2024-01-01T00:00:00Z"}}'), ('{"range": {"lte": "2024-06-15T12:30:00.123456Z"}}'), ('{"range": {"lt": "1970-01-01"}}'),
	('{"range": {"gt": "2024-06-15T12:30:00.1234567Z"}}'), ('{"range": {"gt": "2024-01-01", "gte": "2024-06-15T12:30:00.1234567Z"}}'),
	('{"range": {"gte": 1704067200000000}}'), ('{"range": {"gte": 1704067200000000.5}}'), ('{"range": {"lt": 1704067200000000}}'),
	('{"values_count": {"gte": 2}}'), ('{"is_null": true}'), ('{"is_null": false}'), ('{"is_empty": true}'), ('{"is_empty": false}'),
	('{"match": {"value": 5}, "range": {"lt": 0}}'), ('{"match": {"value": "red"}, "range": {"lt": 0}}'),
	('{"match": {"value": "red"}, "range": {"gte": "2024-01-01T00:00:00Z"}}'), ('{"match": {"value": 5}, "values_count": {"gte": 2}}'),
	('{"match": {"value": 5}, "is_empty": true}'), ('{"values_count": {"gte": 2}, "is_empty": true}'), ('{"is_null": true, "is_empty": false}'),
	('{"geo_radius": {"center": {"lon": 1, "lat": 2}, "radius": 1000}}'), ('{"geo_radius": {"center": {"lon": -160, "lat": 2}, "radius": 1000}}'),
	('{"geo_radius": {"center": {"lon": 1, "lat": 2}, "radius": 1000}, "match": {"value": 5}}'),
	('{"geo_bounding_box": {"top_left": {"lon": -180, "lat": 90}, "bottom_right": {"lon": 180, "lat": -90}}}'),
	('{"geo_bounding_box": {"top_left": {"lon": 170, "lat": 80}, "bottom_right": {"lon": 5, "lat": -80}}}');

CREATE FUNCTION admits(filter jsonb) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), 'none') FROM vals WHERE payload @@@ filter::payload_filter $$;
CREATE FUNCTION must(VARIADIC condition jsonb[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
$$ SELECT jsonb_build_object('must', jsonb_agg(c)) FROM unnest(condition) c $$;

WITH answers AS (
	SELECT n, predicates, schema, admits(must('{"key": "v"}' || predicates)) AS unbound,
		admits(must(jsonb_build_object('key', 'v', 'as', schema) || predicates)) AS bound
	FROM conditions, kinds)
SELECT predicates, schema AS "as", bound, unbound FROM answers WHERE bound <> unbound ORDER BY n, schema::text COLLATE "C";

-- {"is_null": {"key": ...}} counts a null in an array, with any index.
SELECT admits('{"must": {"is_null": {"key": "v"}}}') AS unbound, admits('{"must": {"is_null": {"key": "v", "as": "bool"}}}') AS bound,
	admits('{"must": {"is_empty": {"key": "v", "as": "bool"}}}') AS "is_empty", admits('{"must_not": {"is_null": {"key": "v", "as": "geo"}}}') AS "not";

-- The same through an index of the kind; nothing is printed.
CREATE FUNCTION by_index(kind text, filter jsonb, OUT ids text, OUT used boolean) LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	used := false;
	FOR line IN EXECUTE format('EXPLAIN SELECT FROM vals_%s WHERE payload @@@ %L', kind, filter) LOOP
		used := used OR line LIKE '%Bitmap Index Scan%';
	END LOOP;
	EXECUTE format('SELECT coalesce(string_agg(id::text, '' '' ORDER BY id), ''none'') FROM vals_%s WHERE payload @@@ %L',
		kind, filter) INTO ids;
END $$;
DO $$
DECLARE
	k text;
BEGIN
	FOR k IN SELECT DISTINCT kind FROM kinds LOOP
		EXECUTE format('CREATE TABLE vals_%s AS TABLE vals', k);
		EXECUTE format('CREATE INDEX ON vals_%s USING gin (payload qdrant_%s_ops (path = ''v''))', k, k);
	END LOOP;
END $$;
SET enable_seqscan = off;
WITH filters AS (
	SELECT kind, must(jsonb_build_object('key', 'v', 'as', schema) || predicates) AS filter FROM conditions, kinds
	UNION ALL SELECT kind, must(jsonb_build_object('is_null', jsonb_build_object('key', 'v', 'as', schema))) FROM kinds)
SELECT kind, filter, admits(filter) AS scan, i.ids AS by_index FROM filters, by_index(kind, filter) i WHERE admits(filter) <> i.ids;
SELECT kind, schema, string_agg((by_index(kind, must(jsonb_build_object('key', 'v', 'as', schema) || predicates))).used::integer::text, '' ORDER BY n) AS used
FROM conditions, kinds GROUP BY kind, schema ORDER BY kind, schema::text COLLATE "C";
RESET enable_seqscan;

--
-- what may stand under "as"
--
CREATE FUNCTION refuses(condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	PERFORM jsonb_build_object('must', condition::jsonb)::payload_filter;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN SQLSTATE || ' ' || SQLERRM || coalesce(' | ' || nullif(detail, ''), '');
END $$;
SELECT refuses(c) FROM (VALUES (1, '{"key": "v", "is_null": true, "as": "number"}'), (2, '{"key": "v", "is_null": true, "as": 5}'),
	(3, '{"key": "v", "is_null": true, "as": {}}'), (4, '{"key": "v", "is_null": true, "as": {"type": "integer", "lookup": 1}}'),
	(5, '{"is_null": {"key": "v", "as": []}}'), (6, '{"key": "v", "as": "integer"}'), (7, '{"key": "v", "is_null": true, "as": null}'),
	(8, '{"key": "v", "match": {"any": 5}, "as": "keyword"}'), (9, '{"key": "v", "match": [1], "as": "keyword"}'),
	(10, '{"key": "v", "match": {"any": [1, "x"]}, "range": {}, "as": "integer"}')) AS t(n, c) ORDER BY n;

--
-- binding by the paths of indexes
--
SELECT qdrant_catalog.bind_filter(filter::payload_filter, '{"v": {"type": "integer", "lookup": false}, "a[].n": "integer", "a[].t": "text", "\"x y\"": "keyword"}')
FROM (VALUES (1, '{}'), (2, '{"must": {"key": "v", "match": {"value": 5}}}'), (3, '{"must_not": [{"key": "\"v\"", "range": {"gt": 1}}, {"key": "w", "range": {"gt": 1}}]}'),
	(4, '{"should": [{"is_null": {"key": "v"}}, {"must": [{"key": "\"x y\"", "is_empty": true, "as": "bool"}]}]}'),
	(5, '{"min_should": {"min_count": 1, "conditions": [{"key": "v", "is_null": true}, {"has_id": [1]}]}}'),
	(6, '{"must": {"nested": {"key": "a", "filter": {"must": [{"key": "n", "match": {"value": 5}}, {"key": "v", "match": {"value": 5}}]}}}}'),
	(7, '{"must": {"key": "v", "range": {"gt": 1}, "as": "float"}}')) AS t(n, filter) ORDER BY n;
SELECT qdrant_catalog.bind_filter('{"must": {"key": "v", "match": {"value": 5}}}', '[]');
SELECT path, qdrant_catalog.json_path(path) FROM (VALUES (1, 'a'), (2, '"a"'), (3, '"a b".c[007][]'), (4, 'a['), (5, '"".x'), (6, '"x.y"'),
	(7, '"ä"."ß-_1"'), (8, 'a."b"[]."[]"'), (9, '')) AS t(n, path) ORDER BY n;

DO $$
DECLARE
	k text;
BEGIN
	FOR k IN SELECT DISTINCT kind FROM kinds LOOP
		EXECUTE format('DROP TABLE vals_%s', k);
	END LOOP;
END $$;
DROP TABLE vals, kinds, conditions;
DROP FUNCTION admits, must, by_index, refuses;

-- An index of integers compares integers, also where doubles no longer tell
-- them apart; bounds are doubles, and what is too large is the largest.
CREATE TABLE whole AS SELECT v, jsonb_build_object('v', v) AS payload FROM unnest(ARRAY['-9223372036854775808', '-9007199254740993', '5', '5.0', '5.5',
	'9007199254740992', '9007199254740993', '9007199254740993.0', '9007199254740994', '1699999999999999999', '1700000000000000100',
	'9223372036854775807', '9223372036854775808', '1e300']::jsonb[]) v;
CREATE TABLE by_scan AS TABLE whole;
CREATE INDEX ON whole USING gin (payload qdrant_integer_ops (path = 'v'));
CREATE FUNCTION found(relation regclass, bounds jsonb, kind text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SELECT string_agg(v::text, '' '' ORDER BY v) FROM %s WHERE payload @@@ %L', relation,
		jsonb_build_object('must', jsonb_build_object('key', 'v', 'range', bounds) || CASE WHEN kind IS NULL THEN '{}' ELSE jsonb_build_object('as', kind) END)) INTO result;
	RETURN result;
END $$;
SET enable_seqscan = off;
SELECT bounds, found('whole', bounds, 'integer') AS "as integer", found('whole', bounds, NULL) IS DISTINCT FROM found('whole', bounds, 'integer') AS differs,
	found('whole', bounds, 'integer') IS DISTINCT FROM found('by_scan', bounds, 'integer') AS wrong
FROM unnest(ARRAY['{}', '{"gt": 9007199254740992}', '{"gte": 9007199254740992, "lte": 9007199254740992}', '{"gte": 1700000000000000000, "lt": 1e18}',
	'{"gte": 1700000000000000000, "lt": 9e18}', '{"lt": 1700000000000000000, "gt": 9007199254740993}', '{"lt": 5.5, "gt": 4.5}', '{"gte": 5.5}', '{"gte": 9.3e18}', '{"gt": 9.3e18}',
	'{"lt": 1e30, "gt": 1e18}', '{"lte": 1e30, "gt": 1e18}', '{"lte": -1e30}', '{"lt": -1e30}', '{"gte": "2023-11-14T22:13:20Z"}']::jsonb[]) bounds;
RESET enable_seqscan;
DROP TABLE whole, by_scan;
DROP FUNCTION found;
