-- Payload indexes: every filter is answered the same with and without them;
-- which plans use them, and which must not.
SET client_min_messages = warning;
SET jit = off;
SET max_parallel_workers_per_gather = 0;

--
-- Awkward payloads: each value alone, in arrays, in objects of an array, and
-- as a member of an object; pairs of values, too.
--
CREATE TABLE docs (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload jsonb) WITH (autovacuum_enabled = off);
CREATE TABLE awkward (n integer GENERATED ALWAYS AS IDENTITY, v jsonb);
INSERT INTO awkward (v) VALUES
	('null'), ('true'), ('false'), ('""'), ('"red"'), ('"Red"'), ('"red fox"'), ('"réd"'), ('"мир"'), ('"𝒳"'),
	('0'), ('-0.0'), ('1'), ('1.0'), ('-1'), ('2.5'), ('-2.5'), ('1e3'), ('0.1'), ('1e-300'), ('1e300'), ('1e400'), ('-1e400'),
	('9007199254740992'), ('9007199254740993'), ('9007199254740993.0'), ('9223372036854775807'), ('9223372036854775808'),
	('-9223372036854775808'), ('-9223372036854775809'), ('0.30000000000000004'), ('123456789.123456789123456789'),
	('"2024-01-01T00:00:00Z"'), ('"2024-01-01T01:00:00+01:00"'), ('"2024-01-01"'), ('"2024-01-01T00:00:00.000000001Z"'),
	('"2023-12-31T23:59:59.999999999Z"'), ('"1969-07-20 20:17"'), ('"0001-01-01"'), ('"9999-12-31T23:59:59Z"'), ('"2024-02-30"'),
	('"550e8400-e29b-41d4-a716-446655440000"'), ('"550E8400-E29B-41D4-A716-446655440000"'), ('"550e8400e29b41d4a716446655440000"'),
	('"{550e8400-e29b-41d4-a716-446655440000}"'), ('"urn:uuid:550e8400-e29b-41d4-a716-446655440001"'), ('"00000000-0000-0000-0000-000000000000"'),
	('{"lon": 13.4, "lat": 52.5}'), ('{"lon": 179.9, "lat": -17}'), ('{"lon": -179.9, "lat": -17}'), ('{"lon": 180, "lat": 90}'),
	('{"lon": -180, "lat": -90}'), ('{"lon": 0, "lat": 0}'), ('{"lon": 5, "lat": 5}'), ('{"lon": 200, "lat": 10}'), ('{"lon": 1e400, "lat": 0}'),
	('{"lon": "13", "lat": 52}'), ('{"lon": 13}'), ('{}'), ('[]'), ('[[]]'), ('[null]'), ('[["red"]]'), ('[[1, 2], 3]'),
	('{"v": "red"}'), ('[{"v": 1}]');
INSERT INTO awkward (v) VALUES
	(to_jsonb(repeat('long', 60))), (to_jsonb(repeat('long', 60) || 'x')), (to_jsonb(repeat('long', 60) || 'y')), (to_jsonb(repeat('long', 5000))),
	((SELECT jsonb_agg(i) FROM generate_series(1, 300) i)), ((SELECT jsonb_agg('w' || i) FROM generate_series(1, 300) i));
CREATE FUNCTION fill_docs() RETURNS void LANGUAGE sql AS $$
	INSERT INTO docs (payload) SELECT jsonb_build_object('v', v) FROM awkward;
	INSERT INTO docs (payload) SELECT jsonb_build_object('v', jsonb_build_array(v)) FROM awkward;
	INSERT INTO docs (payload) SELECT jsonb_build_object('o', jsonb_build_object('v', v, 'odd key', v)) FROM awkward;
	INSERT INTO docs (payload) SELECT jsonb_build_object('v', jsonb_build_array(a.v, b.v), 'l', jsonb_build_array(jsonb_build_object('v', a.v, 'w', b.v), jsonb_build_object('w', a.v), b.v))
		FROM awkward a JOIN awkward b ON (a.n * 31 + b.n) % 23 = 0;
	INSERT INTO docs (payload) VALUES ('{}'), ('{"l": []}'), ('{"l": {"v": "red"}}'), ('"scalar"'), ('[1]'), (NULL);
$$;
SELECT fill_docs();

-- Rows by a sequential scan, by an index, and by the operator of payload
-- indexes for the whole filter: how many, or what differs.
CREATE FUNCTION rows_of(query text, filter text, setting text) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
	ids integer[];
BEGIN
	EXECUTE format('SET LOCAL enable_seqscan = %s', CASE setting WHEN 'heap' THEN 'on' ELSE 'off' END);
	EXECUTE format('SET LOCAL enable_bitmapscan = %s', CASE setting WHEN 'heap' THEN 'off' ELSE 'on' END);
	EXECUTE format(query, filter) INTO ids;
	RETURN coalesce(ids, '{}');
END $$;
CREATE FUNCTION index_of(filter text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	found text;
BEGIN
	SET LOCAL enable_seqscan = off;
	FOR line IN EXECUTE format('EXPLAIN (COSTS OFF) SELECT id FROM docs WHERE payload @@@ %L', filter) LOOP
		found := nullif(concat_ws(' ', found, substring(line FROM 'Bitmap Index Scan on (\w+)')), '');
	END LOOP;
	RETURN found;
END $$;
CREATE FUNCTION check_filter(filter text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	query CONSTANT text := 'SELECT array_agg(id ORDER BY id) FROM docs WHERE payload @@@ %L';
	heap integer[] := rows_of(query, filter, 'heap');
	by_index integer[] := rows_of(query, filter, 'index');
	direct integer[] := rows_of(replace(query, '@@@', '@@>'), filter, 'index');
BEGIN
	IF heap IS DISTINCT FROM by_index OR heap IS DISTINCT FROM direct THEN
		RAISE EXCEPTION 'filter %: heap %, index %, direct %', filter, heap, by_index, direct;
	END IF;
	RETURN cardinality(heap);
END $$;

CREATE TABLE predicates (name text, p jsonb);
INSERT INTO predicates SELECT 'match', jsonb_build_object('match', jsonb_build_object('value', v)) FROM awkward
	WHERE jsonb_typeof(v) IN ('string', 'boolean') OR (jsonb_typeof(v) = 'number' AND v::text ~ '^-?[0-9]{1,18}$' AND v::text <> '1000.0');
INSERT INTO predicates VALUES
	('match', '{"match": {"value": 9223372036854775807}}'), ('match', '{"match": {"value": "nothing"}}'), ('match', '{"match": {"value": 77}}'),
	('any', '{"match": {"any": []}}'), ('any', '{"match": {"any": ["red", "мир", "w7", "no"]}}'), ('any', '{"match": {"any": [1, -1, 7, 9007199254740993]}}'),
	('any', '{"match": {"any": ["550e8400-e29b-41d4-a716-446655440000", "550E8400E29B41D4A716446655440000"]}}'),
	('except', '{"match": {"except": ["red"]}}'), ('except', '{"match": {"except": [1]}}'),
	('text', '{"match": {"text": "red"}}'), ('text', '{"match": {"text_any": "fox w7"}}'), ('text', '{"match": {"phrase": "red fox"}}'),
	('prefix', '{"match": {"prefix": ""}}'), ('prefix', '{"match": {"prefix": "re"}}'), ('prefix', '{"match": {"prefix": "w29"}}'),
	('prefix', jsonb_build_object('match', jsonb_build_object('prefix', repeat('long', 60)))),
	('prefix', jsonb_build_object('match', jsonb_build_object('prefix', repeat('long', 61)))),
	('range', '{"range": {}}'), ('range', '{"range": {"gt": 0}}'), ('range', '{"range": {"gte": 0, "lt": 1}}'), ('range', '{"range": {"gt": 1, "lt": 1}}'),
	('range', '{"range": {"lt": -1e308}}'), ('range', '{"range": {"gte": 9007199254740993}}'), ('range', '{"range": {"gt": 0, "gte": 1, "lt": 9, "lte": 3}}'),
	('range', '{"range": {"lte": 2.5, "gte": 2.5}}'), ('range', '{"range": {"gt": 5, "lt": 3}}'),
	('datetime', '{"range": {"gte": "2024-01-01T00:00:00Z"}}'), ('datetime', '{"range": {"lt": "2024-01-01T00:00:00Z"}}'),
	('datetime', '{"range": {"gt": "2023-12-31T23:59:59.999999998Z", "lte": "2024-01-01T00:00:00.000000001Z"}}'),
	('datetime', '{"range": {"gt": "2024-01-01T00:00:00Z", "lt": "2024-01-01T00:00:00.000000002Z"}}'), ('datetime', '{"range": {"lt": "0002-01-01"}}'),
	('box', '{"geo_bounding_box": {"top_left": {"lon": 13, "lat": 53}, "bottom_right": {"lon": 14, "lat": 52}}}'),
	('box', '{"geo_bounding_box": {"top_left": {"lon": 170, "lat": 0}, "bottom_right": {"lon": -170, "lat": -20}}}'),
	('box', '{"geo_bounding_box": {"top_left": {"lon": -180, "lat": 90}, "bottom_right": {"lon": 180, "lat": -90}}}'),
	('box', '{"geo_bounding_box": {"top_left": {"lon": 13.4, "lat": 52.5}, "bottom_right": {"lon": 13.4, "lat": 52.5}}}'),
	('radius', '{"geo_radius": {"center": {"lon": 13.4, "lat": 52.5}, "radius": 1}}'), ('radius', '{"geo_radius": {"center": {"lon": 13.4, "lat": 52.5}, "radius": -1}}'),
	('radius', '{"geo_radius": {"center": {"lon": 180, "lat": -17}, "radius": 50000}}'), ('radius', '{"geo_radius": {"center": {"lon": 0, "lat": 90}, "radius": 10000}}'),
	('radius', '{"geo_radius": {"center": {"lon": -160, "lat": 10}, "radius": 1000}}'), ('radius', '{"geo_radius": {"center": {"lon": 0, "lat": 0}, "radius": 3e7}}'),
	('polygon', '{"geo_polygon": {"exterior": {"points": [{"lon": -1, "lat": -1}, {"lon": 10, "lat": -1}, {"lon": 10, "lat": 10}, {"lon": -1, "lat": 10}, {"lon": -1, "lat": -1}]},
		"interiors": [{"points": [{"lon": 4, "lat": 4}, {"lon": 6, "lat": 4}, {"lon": 6, "lat": 6}, {"lon": 4, "lat": 4}]}]}}'),
	('values_count', '{"values_count": {"gte": 2}}'), ('values_count', '{"values_count": {"lt": 1}}'),
	('is_empty', '{"is_empty": true}'), ('is_empty', '{"is_empty": false}'), ('is_null', '{"is_null": true}'), ('is_null', '{"is_null": false}'),
	('bound text', '{"as": "text", "match": {"text": "RED"}}'), ('bound text', '{"as": "text", "match": {"text": "fox red"}}'), ('bound text', '{"as": "text", "match": {"text": "!"}}'),
	('bound text', '{"as": {"type": "text", "tokenizer": "word"}, "match": {"text_any": "fox w7 none"}}'), ('bound text', '{"as": "text", "match": {"phrase": "red fox"}}'),
	('bound text', jsonb_build_object('as', 'text', 'match', jsonb_build_object('text', repeat('long', 60) || 'x'))),
	('bound text', jsonb_build_object('as', 'text', 'match', jsonb_build_object('text', repeat('long', 60)))),
	('other text', '{"as": {"type": "text", "tokenizer": "whitespace"}, "match": {"text": "red"}}'),
	('phrase', '{"as": {"type": "text", "phrase_matching": true}, "match": {"phrase": "red fox"}}'), ('phrase', '{"as": {"type": "text", "phrase_matching": true}, "match": {"phrase": "fox red"}}'),
	('several', '{"match": {"value": "red"}, "range": {"gt": 2}}'), ('several', '{"match": {"value": 1}, "range": {"gt": 2}}');

CREATE TABLE keys (k text);
INSERT INTO keys VALUES ('v'), ('v[]'), ('v[0]'), ('o.v'), ('o."odd key"'), ('l[].v'), ('l[0].w'), ('l'), ('missing');
-- One index for each key and kind, named by both.
CREATE FUNCTION index_all(kind text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	key text;
BEGIN
	FOR key IN SELECT k FROM keys LOOP
		EXECUTE format('CREATE INDEX %I ON docs USING gin (payload qdrant_%s_ops (path = %L))',
			kind || '_' || regexp_replace(key, '\W', '_', 'g'), kind, key);
	END LOOP;
END $$;
CREATE FUNCTION drop_indexes() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	index regclass;
BEGIN
	FOR index IN SELECT indexrelid FROM pg_index WHERE indrelid = 'docs'::regclass AND NOT indisprimary LOOP
		EXECUTE format('DROP INDEX %s', index);
	END LOOP;
END $$;
-- For each kind of condition: filters, rows they admit, filters that an index
-- answers; or for the latter alone.
CREATE FUNCTION check_all(only_indexed boolean, OUT name text, OUT filters bigint, OUT "rows" bigint, OUT indexed bigint) RETURNS SETOF record LANGUAGE sql AS $$
	WITH conditions AS (
		SELECT name, jsonb_build_object('must', jsonb_build_array(jsonb_build_object('key', k) || p))::text AS f FROM predicates, keys
		UNION ALL SELECT 'in nested', jsonb_build_object('must', jsonb_build_array(jsonb_build_object('nested', jsonb_build_object('key', 'l',
			'filter', jsonb_build_object('must', jsonb_build_array(jsonb_build_object('key', 'v') || p))))))::text FROM predicates
		UNION ALL SELECT kind || ' {}', jsonb_build_object('must', jsonb_build_array(jsonb_build_object(kind, jsonb_build_object('key', k))))::text
			FROM keys, unnest(ARRAY['is_empty', 'is_null']) kind)
	SELECT name, count(*), sum(check_filter(f)), count(index_of(f)) FROM conditions
		WHERE NOT only_indexed OR index_of(f) IS NOT NULL GROUP BY name ORDER BY name COLLATE "C" $$;

SELECT index_all('keyword');
SELECT * FROM check_all(false);
SELECT drop_indexes(), index_all('integer');
SELECT name, "rows", indexed FROM check_all(true);
SELECT drop_indexes(), index_all('float');
SELECT name, "rows", indexed FROM check_all(true);
SELECT drop_indexes(), index_all('bool');
SELECT name, "rows", indexed FROM check_all(true);
SELECT drop_indexes(), index_all('datetime');
SELECT name, "rows", indexed FROM check_all(true);
SELECT drop_indexes(), index_all('uuid');
SELECT name, "rows", indexed FROM check_all(true);
SELECT drop_indexes(), index_all('geo');
SELECT name, "rows", indexed FROM check_all(true);
SELECT drop_indexes(), index_all('text');
SELECT name, "rows", indexed FROM check_all(true);
SELECT drop_indexes();
CREATE INDEX v_phrase ON docs USING gin (payload qdrant_text_ops (path = 'v', schema = '{"type": "text", "phrase_matching": true}'));
CREATE INDEX nested_phrase ON docs USING gin (payload qdrant_text_ops (path = 'l[].v', schema = '{"type": "text", "phrase_matching": true}'));
SELECT name, "rows", indexed FROM check_all(true) WHERE name NOT LIKE 'is%';

--
-- Places at the poles, at the date line, in a crowd and on a grid, and shapes
-- with corners there.
--
SELECT drop_indexes();
TRUNCATE docs RESTART IDENTITY;
SELECT setseed(0.25);
INSERT INTO docs (payload) SELECT jsonb_build_object('g', jsonb_build_object('lon', lon, 'lat', lat)) FROM (SELECT
	CASE i % 4 WHEN 0 THEN random() * 360 - 180 WHEN 1 THEN 10 + random() WHEN 2 THEN (179 + random()) * sign(random() - 0.5) ELSE i % 36 * 10 - 180 END AS lon,
	CASE i % 5 WHEN 0 THEN random() * 180 - 90 WHEN 1 THEN 50 + random() WHEN 2 THEN (89 + random()) * sign(random() - 0.5) ELSE i % 18 * 10 - 90 END AS lat
	FROM generate_series(0, 1999) i) places;
CREATE INDEX places ON docs USING gin (payload qdrant_geo_ops (path = 'g'));
WITH shapes AS (SELECT i, a.payload -> 'g' AS a, b.payload -> 'g' AS b, c.payload -> 'g' AS c FROM generate_series(1, 48) i
	JOIN docs a ON a.id = 1 + i * 7919 % 2000 JOIN docs b ON b.id = 1 + i * 10473 % 2000 JOIN docs c ON c.id = 1 + i * 31 % 2000)
SELECT name, count(*), bool_and(check_filter(jsonb_build_object('must', jsonb_build_array(jsonb_build_object('key', 'g', name, shape)))::text) >= 0) AS same,
	count(index_of(jsonb_build_object('must', jsonb_build_array(jsonb_build_object('key', 'g', name, shape)))::text)) AS indexed
FROM shapes, LATERAL (VALUES ('geo_bounding_box', jsonb_build_object('top_left', a, 'bottom_right', b)),
	('geo_radius', jsonb_build_object('center', a, 'radius', power(10, i % 8))),
	('geo_polygon', jsonb_build_object('exterior', jsonb_build_object('points', jsonb_build_array(a, b, c, a))))) s (name, shape)
GROUP BY name ORDER BY name;
SELECT check_filter('{"must": [{"key": "g", "geo_radius": {"center": {"lon": 10.5, "lat": 50.5}, "radius": 30000}}]}') > 0 AS "not for nothing",
	check_filter('{"must": [{"key": "g", "geo_radius": {"center": {"lon": 180, "lat": 50}, "radius": 90000}}]}') > 0 AS "date line",
	check_filter('{"must": [{"key": "g", "geo_radius": {"center": {"lon": 77, "lat": 90}, "radius": 90000}}]}') > 0 AS pole;

--
-- Filters of several clauses, over indexes of different kinds and paths.
--
SELECT drop_indexes();
TRUNCATE docs;
SELECT fill_docs();
CREATE INDEX v_keyword ON docs USING gin (payload qdrant_keyword_ops (path = 'v'));
CREATE INDEX v_float ON docs USING gin (payload qdrant_float_ops (path = 'v')) WITH (fastupdate = off);
CREATE INDEX lv ON docs USING gin (payload qdrant_keyword_ops (path = 'l[].v'));
CREATE INDEX lw ON docs USING gin (payload qdrant_integer_ops (path = 'l[].w', lookup = false, range = true, is_principal = true, on_disk = true));
CREATE TABLE filters (n integer GENERATED ALWAYS AS IDENTITY, f text);
INSERT INTO filters (f) VALUES
	('{}'), ('{"must": []}'), ('{"should": []}'),
	('{"must": [{"key": "v", "match": {"value": "red"}}, {"key": "v", "range": {"gte": 1}}]}'),
	('{"must": {"key": "v", "match": {"value": "red"}}, "must_not": {"key": "v", "range": {"gte": 1}}}'),
	('{"must_not": [{"key": "v", "match": {"value": "red"}}]}'),
	('{"must_not": [{"must_not": [{"key": "v", "match": {"value": "red"}}]}]}'),
	('{"should": [{"key": "v", "match": {"value": "red"}}, {"key": "l[].v", "match": {"value": "Red"}}]}'),
	('{"should": [{"key": "v", "match": {"value": "red"}}, {"key": "o.v", "match": {"value": "red"}}]}'),
	('{"should": [{"must": [{"key": "v", "match": {"value": "red"}}], "must_not": [{"key": "v", "match": {"value": "Red"}}]}, {"key": "v", "range": {"gt": 1e200}}]}'),
	('{"min_should": {"min_count": 2, "conditions": [{"key": "v", "match": {"value": "red"}}, {"key": "v", "match": {"value": "Red"}}, {"key": "v", "match": {"value": "red fox"}}]}}'),
	('{"min_should": {"min_count": 4, "conditions": [{"key": "v", "match": {"value": "red"}}]}}'),
	('{"must": [{"nested": {"key": "l", "filter": {"must": [{"key": "v", "match": {"value": "red"}}, {"key": "w", "match": {"value": 1}}]}}}]}'),
	('{"must": [{"nested": {"key": "l[]", "filter": {"should": [{"key": "v", "match": {"value": "red"}}, {"key": "v", "match": {"value": "Red"}}]}}}]}'),
	('{"must": [{"nested": {"key": "l", "filter": {"must_not": [{"key": "v", "match": {"value": "red"}}]}}}]}'),
	('{"must": [{"nested": {"key": "l", "filter": {}}}]}'),
	('{"must": [{"nested": {"key": "l", "filter": {"must": [{"is_empty": {"key": "v"}}]}}}]}'),
	('{"must": [{"must": [{"must": [{"key": "v", "match": {"value": "red"}}]}]}, {"should": [{"key": "v", "match": {"value": "Red"}}, {"key": "v", "range": {"lt": 0}}]}]}');
SELECT n, check_filter(f) AS "rows", index_of(f) AS indexes FROM filters ORDER BY n;

-- Rows change: pending insertions, updates, deletions, VACUUM.
INSERT INTO docs (payload) SELECT jsonb_build_object('v', 'late ' || i % 10, 'l', jsonb_build_array(jsonb_build_object('w', i))) FROM generate_series(1, 200) i;
UPDATE docs SET payload = '{"v": "later"}' WHERE payload @@@ '{"must": [{"key": "v", "match": {"value": "late 3"}}]}';
DELETE FROM docs WHERE payload @@@ '{"must": [{"key": "v", "match": {"value": "late 4"}}]}';
SELECT check_filter('{"must": [{"key": "v", "match": {"prefix": "late"}}]}') AS late, check_filter('{"must": [{"key": "v", "match": {"value": "late 4"}}]}') AS deleted;
VACUUM docs;
SELECT check_filter('{"must": [{"key": "v", "match": {"prefix": "late"}}]}') AS late, check_filter('{"must": [{"key": "v", "match": {"value": "late 4"}}]}') AS deleted,
	sum(check_filter(f)) AS "the filters" FROM filters;

--
-- Plans
--
CREATE TABLE shop (id integer PRIMARY KEY, tenant integer, payload jsonb) WITH (autovacuum_enabled = off);
INSERT INTO shop SELECT i, i % 10, jsonb_build_object('city', 'c' || i % 50, 'n', i % 100, 'tags', jsonb_build_array('t' || i % 20, 't' || i % 7), 'plain', i % 100,
	'place', jsonb_build_object('lon', i % 360 - 180, 'lat', i % 90)) FROM generate_series(1, 20000) i;
CREATE INDEX shop_city ON shop USING gin (payload qdrant_keyword_ops (path = 'city', prefix = true, is_tenant = true));
CREATE INDEX CONCURRENTLY shop_n ON shop USING gin (payload qdrant_integer_ops (path = 'n'));
CREATE INDEX shop_tags ON shop USING gin (payload qdrant_keyword_ops (path = 'tags'));
CREATE INDEX shop_place ON shop USING gin (payload qdrant_geo_ops (path = 'place'));
VACUUM ANALYZE shop;
EXPLAIN (COSTS OFF) SELECT * FROM shop WHERE payload @@@ '{"must": [{"key": "city", "match": {"value": "c7"}}]}';
EXPLAIN (COSTS OFF) SELECT * FROM shop WHERE payload @@@ '{"must": [{"key": "city", "match": {"value": "c7"}}, {"key": "plain", "range": {"lt": 5}}]}';
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM shop WHERE payload @@@ '{"must": [{"key": "city", "match": {"value": "c7"}}, {"key": "n", "range": {"lt": 5}}]}';
EXPLAIN (COSTS OFF) SELECT * FROM shop WHERE payload @@@ '{"should": [{"key": "city", "match": {"value": "c7"}}, {"key": "n", "match": {"value": 5}}]}';
EXPLAIN (COSTS OFF) SELECT count(*) FROM shop WHERE payload @@@ '{"must": {"key": "tags", "match": {"any": ["t1", "t2"]}}, "must_not": {"key": "city", "match": {"value": "c7"}}}' AND tenant = 3;
EXPLAIN (COSTS OFF) SELECT * FROM shop WHERE payload @@@ '{"must": [{"key": "place", "geo_radius": {"center": {"lon": 10, "lat": 10}, "radius": 100000}}]}';
-- one index of a path answers both: a part of a should can't stand alone, one of a min_should neither
EXPLAIN (COSTS OFF) SELECT * FROM shop WHERE payload @@@ '{"min_should": {"min_count": 2, "conditions": [{"key": "city", "match": {"value": "c7"}}, {"key": "city", "match": {"value": "c8"}}]}}';
-- no index knows the path, or all of it: none is chosen, at any price
EXPLAIN (COSTS OFF) SELECT * FROM shop WHERE payload @@@ '{"must": [{"key": "plain", "match": {"value": 5}}]}';
EXPLAIN (COSTS OFF) SELECT * FROM shop WHERE payload @@@ '{"must": [{"key": "city[]", "match": {"value": "c7"}}]}';
EXPLAIN (COSTS OFF) SELECT * FROM shop WHERE payload @@@ '{"must": [{"key": "city", "match": {"value": 5}}]}';
EXPLAIN (COSTS OFF) SELECT * FROM shop WHERE payload @@@ '{"must_not": [{"key": "city", "match": {"value": "c7"}}]}';
-- a nearest-rows query keeps a should whole, for an index that has both keys
EXPLAIN (COSTS OFF) SELECT * FROM shop WHERE payload @@@ '{"should": [{"key": "city", "match": {"value": "c7"}}, {"key": "n", "match": {"value": 5}}]}'
	ORDER BY (payload ->> 'e')::vector <-> '[1]' LIMIT 5;
-- parameters: a custom plan has its constant, a generic one no index
PREPARE by_filter(payload_filter) AS SELECT * FROM shop WHERE payload @@@ $1;
SET plan_cache_mode = force_custom_plan;
EXPLAIN (COSTS OFF) EXECUTE by_filter('{"must": [{"key": "city", "match": {"value": "c7"}}]}');
EXPLAIN (COSTS OFF) EXECUTE by_filter('{"must": [{"key": "plain", "match": {"value": 5}}]}');
EXPLAIN (COSTS OFF) EXECUTE by_filter('{"must": [{"key": "plain", "match": {"value": 5}}, {"key": "n", "match": {"value": 5}}]}');
EXPLAIN (COSTS OFF) EXECUTE by_filter('{}');
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE by_filter('{"must": [{"key": "city", "match": {"value": "c7"}}]}');
RESET plan_cache_mode;
-- a join partner's filter is none the planner can read
EXPLAIN (COSTS OFF) SELECT * FROM shop, (VALUES ('{"must": [{"key": "city", "match": {"value": "c7"}}]}'::payload_filter), ('{}')) f (f) WHERE payload @@@ f;

-- Updates and deletions find their rows the same way.
EXPLAIN (COSTS OFF) DELETE FROM shop WHERE payload @@@ '{"must": [{"key": "city", "match": {"value": "c7"}}]}';

-- Parallel.
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT count(*) FROM shop WHERE payload @@@ '{"must": [{"key": "n", "range": {"lt": 50}}]}';
SELECT count(*) FROM shop WHERE payload @@@ '{"must": [{"key": "n", "range": {"lt": 50}}]}';
SET enable_bitmapscan = off;
RESET enable_seqscan;
EXPLAIN (COSTS OFF) SELECT count(*) FROM shop WHERE payload @@@ '{"must": [{"key": "n", "range": {"lt": 50}}]}';
SELECT count(*) FROM shop WHERE payload @@@ '{"must": [{"key": "n", "range": {"lt": 50}}]}';
RESET enable_bitmapscan;
SET max_parallel_workers_per_gather = 0;

-- Row-level security: the policy's filter and the user's are index conditions;
-- what could leak is looked at after the policy.
CREATE FUNCTION leaks(jsonb) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END $$;
CREATE ROLE regress_qdrant_reader;
GRANT SELECT ON shop TO regress_qdrant_reader;
CREATE POLICY of_city ON shop USING (payload @@@ '{"must": [{"key": "city", "match": {"value": "c7"}}]}');
ALTER TABLE shop ENABLE ROW LEVEL SECURITY;
SET enable_seqscan = off;
SET ROLE regress_qdrant_reader;
EXPLAIN (COSTS OFF) SELECT * FROM shop WHERE payload @@@ '{"must": [{"key": "n", "match": {"value": 7}}]}' AND leaks(payload);
SELECT count(*), count(DISTINCT payload -> 'city') AS cities FROM shop WHERE payload @@@ '{"must": [{"key": "n", "match": {"value": 7}}]}';
RESET ROLE;
ALTER TABLE shop DISABLE ROW LEVEL SECURITY;

-- Partitions: each has its indexes, and none is chosen for another path.
CREATE TABLE parted (id integer, payload jsonb) PARTITION BY HASH (id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE INDEX parted_city ON parted USING gin (payload qdrant_keyword_ops (path = 'city'));
CREATE INDEX parted_n ON parted USING gin (payload qdrant_integer_ops (path = 'n'));
INSERT INTO parted SELECT id, payload FROM shop;
ANALYZE parted;
EXPLAIN (COSTS OFF) SELECT * FROM parted WHERE payload @@@ '{"must": [{"key": "city", "match": {"value": "c7"}}, {"key": "plain", "range": {"lt": 50}}]}';
EXPLAIN (COSTS OFF) SELECT * FROM parted WHERE payload @@@ '{"must": [{"key": "plain", "range": {"lt": 5}}]}';
SELECT count(*), count(*) FILTER (WHERE payload ->> 'city' = 'c7' AND (payload -> 'plain')::integer < 50) AS right FROM parted
	WHERE payload @@@ '{"must": [{"key": "city", "match": {"value": "c7"}}, {"key": "plain", "range": {"lt": 50}}]}';
-- the planner estimates a condition of a join for all of them at once
SELECT count(s.id), count(*) = (SELECT count(*) FROM shop) AS all FROM parted p
	LEFT JOIN shop s ON s.id = p.id AND p.payload @@@ '{"must": {"key": "city", "match": {"value": "c7"}}}';
DROP TABLE parted;

-- Long strings and arrays in an index.
CREATE TABLE big (id integer, payload jsonb);
CREATE INDEX big_v ON big USING gin (payload qdrant_keyword_ops (path = 'v'));
CREATE INDEX big_t ON big USING gin (payload qdrant_text_ops (path = 'v'));
CREATE INDEX big_n ON big USING gin (payload qdrant_integer_ops (path = 'n'));
INSERT INTO big SELECT i, jsonb_build_object('v', repeat(chr(96 + i) || ' ', 500000)) FROM generate_series(1, 3) i;
INSERT INTO big SELECT 4, jsonb_build_object('n', jsonb_agg(i), 'v', jsonb_agg('w' || i)) FROM generate_series(1, 100000) i;
SELECT id FROM big WHERE payload @@@ (SELECT jsonb_build_object('must', jsonb_build_object('key', 'v', 'match', jsonb_build_object('value', repeat('b ', 500000))))::payload_filter);
SELECT id FROM big WHERE payload @@@ '{"must": {"key": "v", "match": {"prefix": "c c"}}}';
SELECT id FROM big WHERE payload @@@ '{"must": {"key": "v", "match": {"text": "a"}, "as": "text"}}';
SELECT id FROM big WHERE payload @@@ '{"must": {"key": "v", "match": {"value": "w99999"}}}';
SELECT id FROM big WHERE payload @@@ '{"must": {"key": "n", "range": {"gt": 99999}}}';
DROP TABLE big;

-- Expressions, several columns, partial indexes.
CREATE TABLE wrapped AS SELECT id, jsonb_build_object('body', payload) AS doc FROM shop;
CREATE INDEX wrapped_city ON wrapped USING gin ((doc -> 'body') qdrant_keyword_ops (path = 'city'));
CREATE INDEX wrapped_both ON wrapped USING gin (doc qdrant_keyword_ops (path = 'body.city'), doc qdrant_integer_ops (path = 'body.n'));
EXPLAIN (COSTS OFF) SELECT count(*) FROM wrapped WHERE doc -> 'body' @@@ '{"must": [{"key": "city", "match": {"value": "c7"}}]}';
SELECT count(*) FROM wrapped WHERE doc -> 'body' @@@ '{"must": [{"key": "city", "match": {"value": "c7"}}]}';
EXPLAIN (COSTS OFF) SELECT count(*) FROM wrapped WHERE doc @@@ '{"must": [{"key": "body.n", "range": {"lt": 20}}, {"key": "body.city", "match": {"value": "c7"}}]}';
SELECT count(*) FROM wrapped WHERE doc @@@ '{"must": [{"key": "body.n", "range": {"lt": 20}}, {"key": "body.city", "match": {"value": "c7"}}]}';
CREATE INDEX shop_part ON shop USING gin (payload qdrant_integer_ops (path = 'plain')) WHERE payload @@@ '{"must": [{"key": "city", "match": {"value": "c7"}}, {"key": "n", "match": {"value": 7}}]}';
EXPLAIN (COSTS OFF) SELECT count(*) FROM shop WHERE payload @@@ '{"must": [{"key": "plain", "match": {"value": 7}}, {"key": "n", "match": {"value": 7}}, {"key": "city", "match": {"value": "c7"}}]}';
SELECT count(*) FROM shop WHERE payload @@@ '{"must": [{"key": "plain", "match": {"value": 7}}, {"key": "n", "match": {"value": 7}}, {"key": "city", "match": {"value": "c7"}}]}';
EXPLAIN (COSTS OFF) SELECT count(*) FROM shop WHERE payload @@@ '{"must": [{"key": "plain", "match": {"value": 7}}]}';
RESET enable_seqscan;

--
-- Estimates: at most so many times too high or too low.
--
CREATE FUNCTION misjudged(filter text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	plan json;
	estimated numeric;
	real_rows numeric;
BEGIN
	EXECUTE format('EXPLAIN (FORMAT JSON) SELECT * FROM shop WHERE payload @@@ %L', filter) INTO plan;
	EXECUTE format('SELECT greatest(count(*), 1) FROM shop WHERE payload @@@ %L', filter) INTO real_rows;
	estimated := greatest((plan -> 0 -> 'Plan' ->> 'Plan Rows')::numeric, 1);
	RETURN greatest(estimated / real_rows, real_rows / estimated);
END $$;
SELECT f AS "estimate is wrong" FROM (VALUES
	('{"must": [{"key": "city", "match": {"value": "c7"}}]}'), ('{"must": [{"key": "city", "match": {"value": "none"}}]}'),
	('{"must": [{"key": "city", "match": {"any": ["c1", "c2", "c3"]}}]}'), ('{"must": [{"key": "city", "match": {"prefix": "c1"}}]}'),
	('{"must": [{"key": "n", "range": {"lt": 50}}]}'), ('{"must": [{"key": "n", "range": {"gte": 5, "lt": 7}}]}'), ('{"must": [{"key": "n", "match": {"value": 5}}]}'),
	('{"must": [{"key": "n", "range": {"gt": 1000}}]}'), ('{"must": [{"key": "tags", "match": {"value": "t1"}}]}'),
	('{"must": [{"key": "plain", "range": {"lt": 50}}]}'), ('{"must_not": [{"key": "city", "match": {"value": "c7"}}]}'),
	('{"should": [{"key": "city", "match": {"value": "c7"}}, {"key": "n", "match": {"value": 5}}]}')) filters (f) WHERE misjudged(f) > 2;

--
-- Options
--
CREATE INDEX ON shop USING gin (payload);
CREATE INDEX ON shop USING gin (payload qdrant_keyword_ops);
CREATE INDEX ON shop USING gin (payload qdrant_keyword_ops (path = ''));
CREATE INDEX ON shop USING gin (payload qdrant_keyword_ops (path = 'a b'));
CREATE INDEX ON shop USING gin (payload qdrant_keyword_ops (path = '[0].a'));
CREATE INDEX ON shop USING gin (payload qdrant_integer_ops (path = 'n', prefix = true));
CREATE INDEX ON shop USING gin (payload qdrant_keyword_ops (path = 'n', tokenizer = 'word'));
CREATE INDEX ON shop USING gin (payload qdrant_keyword_ops (path = 'n', on_disk = 'perhaps'));
CREATE INDEX ON shop USING gin (payload qdrant_text_ops (path = 'n', schema = '[]'));
CREATE INDEX ON shop USING gin (payload qdrant_text_ops (path = 'n', schema = '{"type": "text", "tokenizer": "letters"}'));
CREATE INDEX ON shop USING gin (payload qdrant_text_ops (path = 'n', schema = '{"type": "text", "prefix": true}'));
CREATE INDEX ON shop USING gin (id qdrant_keyword_ops (path = 'n'));
-- an index without a path is refused, also by an empty table
CREATE TABLE empty (id int, tags text[], payload jsonb);
CREATE INDEX ON empty USING gin (payload qdrant_bool_ops);
CREATE INDEX CONCURRENTLY ON empty USING gin (tags, payload public.qdrant_uuid_ops (is_tenant = true));
CREATE INDEX IF NOT EXISTS nothing ON empty USING gin ((payload -> 'a') qdrant_text_ops (schema = '{"type": "text"}')) WHERE id > 5;
CREATE INDEX ON empty USING gin (payload no_such_ops);
SELECT count(*) FROM pg_index WHERE indrelid = 'empty'::regclass;
CREATE INDEX ON empty USING gin (tags, payload jsonb_path_ops, payload public.qdrant_uuid_ops (path = 'a'));
INSERT INTO empty VALUES (1, '{a}', '{}');
-- what was made while event triggers were off finds out with its first row
CREATE TABLE unchecked (payload jsonb);
ALTER EVENT TRIGGER qdrant_check_payload_index DISABLE;
CREATE INDEX ON unchecked USING gin (payload qdrant_bool_ops);
ALTER EVENT TRIGGER qdrant_check_payload_index ENABLE;
INSERT INTO unchecked VALUES ('{}');
SELECT qdrant_catalog.check_payload_index();
SELECT pg_get_indexdef('lw'::regclass);

DROP TABLE docs, awkward, predicates, keys, filters, shop, wrapped, empty, unchecked;
DROP FUNCTION fill_docs, rows_of, index_of, check_filter, index_all, drop_indexes, check_all, leaks, misjudged;
DROP ROLE regress_qdrant_reader;
