-- payload_filter and payload @@@ filter: every condition and its odd rules.
-- Each case names the points (ids) that a filter admits.
\set VERBOSITY default
SET client_min_messages = warning;

CREATE TABLE points (id integer PRIMARY KEY, payload jsonb);
CREATE FUNCTION admits(filter text) RETURNS text LANGUAGE sql AS
$$ SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), 'none') FROM points WHERE payload @@@ filter::payload_filter $$;
-- One condition on the field v.
CREATE FUNCTION field(predicates text, key text DEFAULT 'v') RETURNS text LANGUAGE sql AS
$$ SELECT admits(jsonb_build_object('must', jsonb_build_object('key', key) || predicates::jsonb)::text) $$;
CREATE FUNCTION refuses(filter text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	PERFORM filter::payload_filter;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN SQLSTATE || ' ' || SQLERRM || coalesce(' | ' || nullif(detail, ''), '');
END $$;

--
-- match
--
INSERT INTO points VALUES
	(1, '{"v": "red"}'), (2, '{"v": "Red"}'), (3, '{"v": ["red", "blue"]}'),
	(4, '{"v": 5}'), (5, '{"v": 5.0}'), (6, '{"v": [5, 6]}'),
	(7, '{"v": true}'), (8, '{"v": [true, false]}'), (9, '{"v": null}'),
	(10, '{}'), (11, '{"v": []}'), (12, '{"v": {"x": 1}}'), (13, '{"v": "5"}'),
	(14, '{"v": 2.5}'), (15, '{"v": ""}'), (16, '{"v": [["red"]]}'),
	(17, '{"v": -3}'), (18, '{"v": [null, "red"]}'), (19, '{"v": 9223372036854775807}'),
	(20, '{"v": 9223372036854775808}'), (21, '{"v": [null]}');

SELECT field('{"match": {"value": "red"}}') AS string,
	field('{"match": {"value": 5}}') AS "5, not 5.0 and not a string",
	field('{"match": {"value": true}}') AS bool,
	field('{"match": {"value": ""}}') AS empty_string,
	field('{"match": {"value": -3}}') AS negative;
SELECT field('{"match": {"value": 9223372036854775807}}') AS "exact at 2^63 - 1",
	field('{"match": {"value": "red", "any": ["blue"]}}') AS "the first kind counts";
SELECT field('{"match": {"any": ["red", "5", "x"]}}') AS strings,
	field('{"match": {"any": [6, -3, 1]}}') AS ints,
	field('{"match": {"any": []}}') AS "nothing";
-- Nulls do not count, values of other types do; missing is false.
SELECT field('{"match": {"except": ["red"]}}') AS "except red",
	field('{"match": {"except": [5, -3]}}') AS "except 5, -3",
	field('{"match": {"except": []}}') AS "any countable";
-- A list of a thousand finds what each of its members finds.
SELECT admits(jsonb_build_object('must', jsonb_build_object('key', 'v', 'match',
		jsonb_build_object('any', (SELECT jsonb_agg('s' || i) || '["red", ""]' FROM generate_series(1, 1000) i))))::text) AS strings,
	admits(jsonb_build_object('must', jsonb_build_object('key', 'v', 'match',
		jsonb_build_object('any', (SELECT jsonb_agg(i) FROM generate_series(5, 1000, 5) i))))::text) AS ints;

--
-- text without an index: substrings
--
TRUNCATE points;
INSERT INTO points VALUES
	(1, '{"v": "The quick brown fox"}'), (2, '{"v": "Quick Brown"}'),
	(3, '{"v": ["quick silver", "brown sugar"]}'), (4, '{"v": ""}'),
	(5, '{"v": 5}'), (6, '{"v": {"x": "quick"}}'), (7, '{"v": "crème brûlée"}'),
	(8, '{}'), (9, '{"v": null}');
SELECT field('{"match": {"text": "quick"}}') AS text,
	field('{"match": {"text": "quick brown"}}') AS "one substring",
	field('{"match": {"text": ""}}') AS "any string",
	field('{"match": {"phrase": "ck br"}}') AS phrase,
	field('{"match": {"phrase": ""}}') AS "any string";
SELECT field('{"match": {"text_any": "sugar brûlée"}}') AS text_any,
	field(E'{"match": {"text_any": "fox\\u3000nothing\\u00a0Brown"}}') AS "unicode white space",
	field('{"match": {"text_any": "  "}}') AS "no piece",
	field('{"match": {"prefix": "Qui"}}') AS prefix,
	field('{"match": {"prefix": "brown"}}') AS "of an element",
	field('{"match": {"prefix": ""}}') AS "any string";

--
-- range
--
TRUNCATE points;
INSERT INTO points VALUES
	(1, '{"v": 1}'), (2, '{"v": 2.5}'), (3, '{"v": [1, 10]}'), (4, '{"v": "3"}'),
	(5, '{"v": null}'), (6, '{}'), (7, '{"v": -5}'), (8, '{"v": 1e10}'),
	(9, '{"v": true}'), (10, '{"v": []}'), (11, '{"v": {"y": 2}}'),
	(12, '{"v": 3.0}'), (13, '{"v": [[2]]}'), (14, '{"v": 1e400}');
SELECT field('{"range": {"gt": 1}}') AS gt, field('{"range": {"gte": 1}}') AS gte,
	field('{"range": {"lt": 2.5}}') AS lt, field('{"range": {"lte": 2.5}}') AS lte,
	field('{"range": {"gte": 1, "lt": 3, "gt": null}}') AS "both",
	field('{"range": {"gt": 5, "lt": 4}}') AS "none can",
	field('{"range": {}}') AS "any number";

TRUNCATE points;
INSERT INTO points VALUES
	(1, '{"v": "2024-01-01T00:00:00Z"}'), (2, '{"v": "2024-01-01T02:00:00+02:00"}'),
	(3, '{"v": "2024-01-01 00:00:00"}'), (4, '{"v": "2024-01-01T00:00:00.000000001Z"}'),
	(5, '{"v": "2024-01-01"}'), (6, '{"v": "01.01.2024"}'), (7, '{"v": 1704067200}'),
	(8, '{"v": ["2020-02-02", "2030-03-03T00:00"]}'), (9, '{"v": "2024-01-01t00:00:00z"}'),
	(10, '{"v": "2023-12-31T23:59:60Z"}'), (11, '{"v": "2024-13-01"}'),
	(12, '{"v": "2024-01-01T01:00:00+0100"}'), (13, '{"v": "2024-01-01 00:00"}'),
	(14, '{"v": "1969-12-31T23:59:59Z"}'), (15, '{"v": "2024-01-01 00:00:00 UTC"}'),
	(16, '{"v": "2024-01-01T01:00:00+01"}'), (17, '{"v": "2023-02-29"}'),
	(18, '{"v": "2024-01-01 05:30:00 +05:30"}'), (19, '{"v": ""}');
SELECT field('{"range": {"gte": "2024-01-01T00:00:00Z", "lte": "2024-01-01"}}') AS "the same instant",
	field('{"range": {"gt": "2024-01-01"}}') AS "a nanosecond later",
	field('{"range": {"lt": "2024-01-01T00:00:00+01:00"}}') AS "before";

--
-- values_count
--
TRUNCATE points;
INSERT INTO points VALUES
	(1, '{"v": 1}'), (2, '{"v": null}'), (3, '{"v": []}'), (4, '{}'),
	(5, '{"v": [1, 2]}'), (6, '{"v": {"a": 1, "b": 2}}'), (7, '{"v": [null]}'),
	(8, '{"v": [[1, 2, 3]]}'), (9, '{"o": [{"v": [1, 2, 3]}, {"v": 1}]}');
SELECT field('{"values_count": {"gte": 1}}') AS gte, field('{"values_count": {"gt": 1}}') AS gt,
	field('{"values_count": {"lt": 1}}') AS lt, field('{"values_count": {"lte": 1, "gt": 0}}') AS "one",
	field('{"values_count": {}}') AS "all", field('{"values_count": {"gte": 3}}', 'o[].v') AS "some value's";

--
-- emptiness
--
TRUNCATE points;
INSERT INTO points VALUES
	(1, '{"v": 1}'), (2, '{"v": null}'), (3, '{"v": []}'), (4, '{}'), (5, '{"v": [null]}'),
	(6, '{"v": [null, 1]}'), (7, '{"v": ""}'), (8, '{"v": {}}'), (9, '{"v": [[]]}'),
	(10, '{"v": false}'), (11, '{"o": {"v": null}}'), (12, '{"o": [{"v": null}, {"v": 2}]}');
SELECT admits('{"must": {"is_empty": {"key": "v"}}}') AS is_empty,
	admits('{"must": {"is_empty": {"key": "v[]"}}}') AS "v[]",
	admits('{"must": {"is_null": {"key": "v"}}}') AS is_null,
	admits('{"must": {"is_null": {"key": "v[]"}}}') AS "v[]",
	admits('{"must": {"is_null": {"key": "o[].v"}}}') AS "o[].v",
	admits('{"must": {"is_empty": {"key": "v"}, "is_null": {"key": "v"}}}') AS "is_empty first";
SELECT field('{"is_empty": true}') AS empty, field('{"is_empty": false}') AS not_empty,
	field('{"is_null": true}') AS "null", field('{"is_null": false}') AS not_null,
	field('{"is_empty": false}', 'o[].v') AS "some value is not";
-- Several predicates: any of them, but emptiness and counts take over.
SELECT field('{"match": {"value": 1}, "range": {"lt": 0}, "is_empty": null}') AS "or",
	field('{"match": {"value": 1}, "is_empty": true}') AS is_empty,
	field('{"is_null": true, "is_empty": false}') AS is_empty,
	field('{"is_empty": true, "values_count": {"gt": 1}, "is_null": true}') AS values_count;

--
-- geo
--
TRUNCATE points;
INSERT INTO points VALUES
	(1, '{"v": {"lon": 13.4, "lat": 52.52}}'), (2, '{"v": {"lon": -0.12, "lat": 51.5}}'),
	(3, '{"v": [{"lon": 2.35, "lat": 48.85}, {"lon": 139.7, "lat": 35.7}]}'),
	(4, '{"v": {"lon": 179.5, "lat": -17}}'), (5, '{"v": {"lon": -179.5, "lat": -16}}'),
	(6, '{"v": {"lon": 0, "lat": 0}}'), (7, '{"v": {"lon": 13.4}}'), (8, '{"v": "13.4,52.5"}'),
	(9, '{"v": {"lon": "13.4", "lat": "52.5"}}'), (10, '{"v": {"lon": 200, "lat": 10}}'),
	(11, '{"v": {"lon": 5, "lat": 5}}'), (12, '{"v": {"lon": 2, "lat": 2, "alt": 3}}'), (13, '{}');
SELECT field('{"geo_bounding_box": {"top_left": {"lon": 13, "lat": 53}, "bottom_right": {"lon": 14, "lat": 52}}}') AS box,
	field('{"geo_bounding_box": {"top_left": {"lon": 0, "lat": 5}, "bottom_right": {"lon": 5, "lat": 0}}}') AS "strictly inside",
	field('{"geo_bounding_box": {"top_left": {"lon": 179, "lat": 0}, "bottom_right": {"lon": -179, "lat": -20}}}') AS "antimeridian";
SELECT field('{"geo_radius": {"center": {"lon": 13.4, "lat": 52.5}, "radius": 3000}}') AS "3 km",
	field('{"geo_radius": {"center": {"lon": 139, "lat": 35}, "radius": 200000}}') AS "any element",
	field('{"geo_radius": {"center": {"lon": 0, "lat": 0}, "radius": 0}}') AS "nothing",
	field('{"geo_radius": {"center": {"lon": 0, "lat": 0}, "radius": -5}}') AS "nothing",
	field('{"geo_radius": {"center": {"lon": 0, "lat": 0}, "radius": 30000000}}') AS "also off the globe";
SELECT field('{"geo_polygon": {"exterior": {"points": [{"lon": -1, "lat": -1}, {"lon": 6, "lat": -1}, {"lon": 6, "lat": 6}, {"lon": -1, "lat": 6}, {"lon": -1, "lat": -1}]}}}') AS inside,
	field('{"geo_polygon": {"exterior": {"points": [{"lon": -1, "lat": -1}, {"lon": 6, "lat": -1}, {"lon": 6, "lat": 6}, {"lon": -1, "lat": 6}, {"lon": -1, "lat": -1}]},
		"interiors": [{"points": [{"lon": 1, "lat": 1}, {"lon": 5, "lat": 1}, {"lon": 5, "lat": 5}, {"lon": 1, "lat": 5}, {"lon": 1, "lat": 1}]}]}}') AS "hole and its edge",
	field('{"geo_polygon": {"exterior": {"points": [{"lon": 0, "lat": 0}, {"lon": 6, "lat": 0}, {"lon": 6, "lat": 6}, {"lon": 0, "lat": 6}, {"lon": 0, "lat": 0}]}}}') AS "edge excluded";

--
-- key paths
--
TRUNCATE points;
INSERT INTO points VALUES
	(1, '{"a b": 1, "a.b": 2, "a": {"b": 3, "c d": 4, "e": [{"f": 5}, {"f": 6}], "": 9}, "ü-x_1": 7, "0": 8, "arr": [[1, 2], [3]], "日本": 1}'),
	(2, '{"a": [{"b": 3}], "arr": [1, 2, 3]}'), (3, '{"a": {"b": [3, 4]}}'), (4, '"scalar"'), (5, '[1]');
SELECT key, admits(jsonb_build_object('must', jsonb_build_object('key', key, 'match', jsonb_build_object('value', value)))::text)
FROM (VALUES ('"a b"', 1), ('"a.b"', 2), ('a.b', 3), ('a[].b', 3), ('a.b[]', 3), ('a.b[0]', 3), ('a.b[1]', 3),
	('a."c d"', 4), ('a.e[].f', 6), ('a.e[1].f', 6), ('a.e[0].f', 6), ('a.e[9].f', 6), ('a.e.f', 6), ('a.""', 9),
	('ü-x_1', 7), ('0', 8), ('日本', 1), ('arr', 1), ('arr[]', 1), ('arr[][]', 3), ('arr[0][1]', 2), ('arr[2]', 3)) AS t(key, value);
SELECT path, qdrant.is_json_path(path)
FROM (VALUES ('a'), ('a.b[0][].c'), ('"x y"."z"'), ('""'), (''), ('.a'), ('a.'), ('a..b'), ('[0]'), ('a[x]'), ('a[-1]'), ('a]b'),
	('"a'), ('a[0'), ('"a"b'), ('"a\b"'), ('a b'), ('a€'), ('ǅ٣Ⅷ'), ('a[4294967295]'), ('a[4294967296]'), ('a.[0]')) AS t(path);
SELECT qdrant.is_json_path('a' || repeat('[]', 63)), qdrant.is_json_path('a' || repeat('[]', 64)), qdrant.is_json_path(repeat('k', 1000000));

--
-- nested
--
TRUNCATE points;
INSERT INTO points VALUES
	(1, '{"a": [{"x": 1, "y": "r", "z": [{"q": 1}, {"q": 2}]}, {"x": 2, "y": "g"}]}'),
	(2, '{"a": [{"x": 1, "y": "g"}, {"x": 2, "y": "r"}]}'), (3, '{"a": {"x": 1, "y": "r"}}'),
	(4, '{"a": []}'), (5, '{}'), (6, '{"a": [1, 2]}'), (7, '{"a": [{"x": 1}]}'),
	(8, '{"b": {"c": [{"x": 5}, {"x": 7}]}}'), (9, '{"a": [[{"x": 1, "y": "r"}]]}');
CREATE FUNCTION nested(filter text, key text DEFAULT 'a') RETURNS text LANGUAGE sql AS
$$ SELECT admits(jsonb_build_object('must', jsonb_build_object('nested', jsonb_build_object('key', key, 'filter', filter::jsonb)))::text) $$;
SELECT nested('{"must": [{"key": "x", "match": {"value": 1}}, {"key": "y", "match": {"value": "r"}}]}') AS "one element",
	nested('{"must": [{"key": "x", "match": {"value": 1}}, {"key": "y", "match": {"value": "r"}}]}', 'a[]') AS "a[]",
	admits('{"must": [{"key": "a[].x", "match": {"value": 1}}, {"key": "a[].y", "match": {"value": "r"}}]}') AS "any two elements",
	nested('{"must_not": {"key": "y", "match": {"value": "r"}}}') AS must_not,
	nested('{}') AS "some object", nested('{"must": {"key": "x", "range": {"gt": 6}}}', 'b.c') AS "b.c",
	nested('{"must": {"nested": {"key": "z", "filter": {"must": {"key": "q", "match": {"value": 2}}}}}}') AS nested,
	nested('{"must": {"has_id": [1]}}') AS "never", nested('{"must_not": {"slice": {"total": 1, "index": 0}}}') AS "always";

--
-- clauses
--
TRUNCATE points;
INSERT INTO points SELECT i, jsonb_build_object('n', i, 'even', i % 2 = 0) FROM generate_series(1, 6) i;
SELECT admits('{}') AS "{}", admits('{"must": [], "should": [], "must_not": []}') AS "empty clauses",
	admits('{"must": null, "should": null, "must_not": null, "min_should": null}') AS nulls,
	admits('{"must": [{}]}') AS "a filter as condition",
	admits('{"should": [{"key": "n", "match": {"value": 1}}, {"key": "even", "match": {"value": true}}]}') AS should,
	admits('{"must_not": [{"key": "n", "match": {"value": 1}}, {"key": "even", "match": {"value": true}}]}') AS must_not,
	admits('{"must_not": {"must_not": {"key": "n", "match": {"value": 1}}}}') AS "not not";
SELECT n, admits(format('{"min_should": {"conditions": [{"key": "n", "range": {"gt": 2}}, {"key": "even", "match": {"value": true}},
	{"key": "n", "match": {"any": [4, 5]}}], "min_count": %s}}', n))
FROM generate_series(1, 4) n;
SELECT admits('{"must": {"key": "even", "match": {"value": true}}, "should": [{"key": "n", "range": {"gt": 3}}, {"key": "n", "range": {"lt": 2}}],
	"must_not": {"key": "n", "match": {"value": 6}}, "min_should": {"conditions": [{}], "min_count": 1}}') AS "all at once",
	admits('{"min_should": {"conditions": [], "min_count": 1}}') AS "none";

--
-- what needs the point: qdrant.matches
--
SELECT payload @@@ '{"must": {"has_id": [1]}}' FROM points;
SELECT payload @@@ '{"should": [{"must": {"has_vector": ""}}]}' FROM points;
SELECT payload @@@ '{"must_not": {"slice": {"total": 2, "index": 0}}}' FROM points;
SELECT string_agg(id::text, ' ' ORDER BY id) FILTER (WHERE qdrant.matches(id, payload, '{}',
		'{"must": {"has_id": [3, 1, 18446744073709551615, "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"]}}')) AS has_id,
	string_agg(id::text, ' ' ORDER BY id) FILTER (WHERE qdrant.matches(id, payload, '{}',
		'{"must_not": {"has_id": [3, 1]}, "must": {"key": "n", "range": {"gt": 2}}}')) AS "not has_id",
	count(*) FILTER (WHERE qdrant.matches(id, payload, '{}', '{"must": {"has_id": []}}')) AS "none",
	string_agg(id::text, ' ' ORDER BY id) FILTER (WHERE qdrant.matches(id, payload, '{}',
		'{"must": {"slice": {"total": 3, "index": 0}}}')) AS "slice 0 of 3",
	string_agg(id::text, ' ' ORDER BY id) FILTER (WHERE qdrant.matches(id, payload, '{}',
		'{"must": {"slice": {"total": 3, "index": 1}}}')) AS "1",
	string_agg(id::text, ' ' ORDER BY id) FILTER (WHERE qdrant.matches(id, payload, '{}',
		'{"must": {"slice": {"total": 3, "index": 2}}}')) AS "2"
FROM points;
SELECT qdrant.matches('0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0'::text::point_id, '{}', '{}', f) FROM (VALUES
	('{"must": {"has_id": [1, "0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0"]}}'::payload_filter),
	('{"must": {"has_id": [1, 2, "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f1"]}}'),
	('{"must": {"slice": {"total": 3, "index": 2}}}')) AS t(f);
SELECT present, qdrant.matches(1::bigint, '{}', present, '{"must": {"has_vector": "a"}}') AS a,
	qdrant.matches(1::bigint, '{}', present, '{"must": {"has_vector": ""}}') AS unnamed
FROM (VALUES ('{a,b}'::text[]), ('{""}'), ('{NULL}'), ('{}')) AS t(present);

--
-- refused filters: SQLSTATE, message | place
--
SELECT n, refuses(filter) FROM (VALUES
	(1, '{"must": [{"key": "v", "match": {"value": 1}'), (2, '[]'), (3, '5'), (4, '{"musts": []}'), (5, '{"must": "x"}'), (6, '{"must": [1]}'),
	(7, '{"must": [{}, {"unknown": 1}]}'), (8, '{"must": [{"filter": {}}]}'), (9, '{"must": {"key": "v"}}'),
	(10, '{"must": {"key": "v", "range": null}}'), (11, '{"must": {"key": 5, "match": {"value": 1}}}'),
	(12, '{"must": {"key": "v[", "match": {"value": 1}}}'), (13, '{"must": {"key": "", "match": {"value": 1}}}'),
	(14, '{"must": [{"key": "v", "match": {"value": 2.5}}]}'), (15, '{"must": [{"key": "v", "match": {"value": null}}]}'),
	(16, '{"must": [{"key": "v", "match": {"value": 9223372036854775808}}]}'), (17, '{"must": [{"key": "v", "match": {"value": ["red"]}}]}'),
	(18, '{"should": [{"key": "v", "match": {"any": ["red", 5]}}]}'), (19, '{"should": [{"key": "v", "match": {"any": "red"}}]}'),
	(20, '{"should": [{"key": "v", "match": {"except": [true]}}]}'), (21, '{"should": [{"key": "v", "match": {"val": 1}}]}'),
	(22, '{"should": [{"key": "v", "match": {"text": 1}}]}'), (23, '{"should": [{"key": "v", "match": "red"}]}'),
	(24, '{"must_not": {"key": "v", "range": {"gt": true}}}'), (25, '{"must_not": {"key": "v", "range": [1, 2]}}'),
	(26, '{"must_not": {"key": "v", "range": {"gt": 1, "lt": "2024-01-01"}}}'), (27, '{"must_not": {"key": "v", "range": {"gte": "yesterday"}}}'),
	(28, '{"must_not": {"key": "v", "range": {"gte": "2024-02-30"}}}'), (29, '{"must_not": {"key": "v", "range": {"lt": 1e400}}}'),
	(30, '{"must": [{"key": "v", "values_count": {"gt": -1}}]}'), (31, '{"must": [{"key": "v", "values_count": {"gt": 1.5}}]}'),
	(32, '{"must": [{"is_empty": "k"}]}'), (33, '{"must": [{"is_null": {"key": "a["}}]}'), (34, '{"must": [{"key": "k", "is_empty": "yes"}]}'),
	(35, '{"must": {"has_id": 1}}'), (36, '{"must": {"has_id": [1, "x"]}}'), (37, '{"must": {"has_id": ["7"]}}'), (38, '{"must": {"has_id": [-1]}}'),
	(39, '{"must": {"has_vector": 1}}'), (40, '{"must": {"slice": {"total": 0, "index": 0}}}'), (41, '{"must": {"slice": {"total": 3, "index": 3}}}'),
	(42, '{"must": {"slice": {"total": 3}}}'), (43, '{"must": {"nested": {"key": "a"}}}'), (44, '{"must": {"nested": {"filter": {}}}}'),
	(45, '{"must": {"nested": {"key": "a", "filter": {"must": [{"foo": 1}]}}}}'),
	(46, '{"min_should": {"conditions": [{}], "min_count": 0}}'), (47, '{"min_should": {"conditions": [{}]}}'),
	(48, '{"min_should": {"conditions": [{"key": 1}], "min_count": 1}}'),
	(49, '{"must": {"key": "g", "geo_radius": {"center": {"lon": 200, "lat": 0}, "radius": 5}}}'),
	(50, '{"must": {"key": "g", "geo_radius": {"center": {"lon": 0}, "radius": 5}}}'),
	(51, '{"must": {"key": "g", "geo_radius": {"center": {"lon": 0, "lat": 0}}}}'),
	(52, '{"must": {"key": "g", "geo_bounding_box": {"top_left": {"lon": 0, "lat": 0}}}}'),
	(53, '{"must": {"key": "g", "geo_polygon": {"exterior": {"points": [{"lon": 0, "lat": 0}, {"lon": 1, "lat": 0}, {"lon": 0, "lat": 0}]}}}}'),
	(54, '{"must": {"key": "g", "geo_polygon": {"exterior": {"points": [{"lon": 0, "lat": 0}, {"lon": 1, "lat": 0}, {"lon": 1, "lat": 1}, {"lon": 0, "lat": 1}]}}}}'),
	(55, '{"must": {"key": "g", "geo_polygon": {"exterior": {"points": [{"lon": 0, "lat": 0}, {"lon": 1, "lat": 0}, {"lon": 1, "lat": 91}, {"lon": 0, "lat": 0}]}}}}'),
	(56, '{"must": {"key": "g", "geo_polygon": {"exterior": {"points": [{"lon": 0, "lat": 0}, {"lon": 1, "lat": 0}, {"lon": 1, "lat": 1}, {"lon": 0, "lat": 0}]}, "interiors": [{"points": []}]}}}'),
	(57, '{"must": {"key": "g", "geo_polygon": {"interiors": []}}}'), (58, '{"must": {"key": "v", "range": {"lt": NaN}}}'),
	(59, '{"must": {"key": "v", "range": {"lt": "NaN"}}}'), (60, '{"must": {"key": "v", "range": {"lt": Infinity}}}'),
	(61, '{"must": {"key": "g", "geo_radius": {"center": {"lon": 0, "lat": 0}, "radius": "NaN"}}}'),
	(62, '{"must_not": {"key": "v", "range": {"gte": "2024-13-01T00:00:00Z"}}}'), (63, '{"must_not": {"key": "v", "range": {"gte": "2024-01-01T25:00:00Z"}}}'),
	(64, '{"must": {"key": "a..b", "match": {"value": 1}}}'), (65, '{"must": {"key": "a[1", "match": {"value": 1}}}'), (66, '{"must": {"key": "a[-1]", "match": {"value": 1}}}'),
	(67, '{"must": {"key": "\"a", "match": {"value": 1}}}')) AS t(n, filter) ORDER BY n;
-- the member that was meant, where none is known
SELECT '{"must": [{"key": "a", "mach": {"value": 1}}]}'::payload_filter;
SELECT '{"must": [{"key": "a", "as": "keyword", "mach": {"value": 1}, "z": 1, "range": null}]}'::payload_filter;
SELECT '{"must": [{"key": "a", "range": null}]}'::jsonb::payload_filter;
SELECT '{}'::jsonb @@@ '{"should": {"nested": {"key": "a", "filter": {"must": {"key": "b", "Match": {"value": 1}}}}}}';
SELECT '{"must": [{"key": "a", "match": {"vlaue": 1}}]}'::payload_filter;
SELECT '{"must": [{"key": "a", "match": {}}]}'::payload_filter;
SELECT '{"must": [{"kye": "a", "match": {"value": 1}}]}'::payload_filter;
-- a condition that stands where a filter belongs
SELECT '{"a": 1}'::jsonb @@@ '{"key": "a", "match": {"value": 1}}';
SELECT '{"has_id": [1]}'::payload_filter;
SELECT '{"must": [{"nested": {"key": "a", "filter": {"is_empty": {"key": "b"}}}}]}'::payload_filter;
SELECT '{"must": [{"has_id": null}]}'::payload_filter;
SELECT '{"must": [{"key": "a", "mach": {"value": 1}, "match": {"value": 1, "z": 1}}]}'::payload_filter IS NULL AS passed_over;
-- The depth of filters is bounded, and so is that of JSON.
SELECT refuses(repeat('{"must":[', 63) || '{}' || repeat(']}', 63)) AS "64 filters";
SELECT left(refuses(repeat('{"must":[', 64) || '{}' || repeat(']}', 64)), 90) AS "65 filters";
SELECT left(refuses(repeat('[', 100000)), 40) AS "100,000 brackets";
-- Long input: a string of 1 MB, and ten thousand conditions.
SELECT length((jsonb_build_object('must', jsonb_build_object('key', 'v', 'match', jsonb_build_object('value', repeat('x', 1000000)))))::payload_filter::jsonb::text) AS length;
SELECT count(*) FROM points WHERE payload @@@ (SELECT jsonb_build_object('should', jsonb_agg(jsonb_build_object('key', 'n', 'match', jsonb_build_object('value', i))))::payload_filter FROM generate_series(4, 10000) i);
-- A hundred thousand elements in an array of the payload, and in a list of the filter; a string of 1 MB; a payload 3,000 levels deep.
SELECT p @@@ '{"must": {"key": "v", "match": {"value": 100000}}}' AS last, p @@@ '{"must": {"key": "v[99999]", "match": {"value": 100000}}}' AS "last by index",
	p @@@ '{"must": {"key": "v", "match": {"value": 0}}}' AS "none", p @@@ f AS any, p @@@ '{"must": {"key": "v", "values_count": {"gt": 99999}}}' AS values_count
FROM (SELECT jsonb_build_object('v', jsonb_agg(i)), jsonb_build_object('must', jsonb_build_object('key', 'v', 'match', jsonb_build_object('any', jsonb_agg(i + 99999))))::payload_filter
	FROM generate_series(1, 100000) i) t(p, f);
SELECT p @@@ jsonb_build_object('must', jsonb_build_object('key', 'v', 'match', jsonb_build_object('value', p -> 'v')))::payload_filter AS equal,
	p @@@ '{"must": {"key": "v", "match": {"text": "xend"}}}' AS text, p @@@ '{"must": {"key": "v", "match": {"prefix": "xx"}}}' AS prefix
FROM (SELECT jsonb_build_object('v', repeat('x', 1000000) || 'end')) t(p);
SELECT p @@@ '{"must": {"key": "a.a.a.b", "match": {"value": 1}}}' AS "none", p @@@ '{"must_not": {"is_empty": {"key": "a.a"}}}' AS some
FROM (SELECT (repeat('{"a":', 3000) || '1' || repeat('}', 3000))::jsonb) t(p);
-- Polygons that cross themselves: inside is what they wind around, be it twice.
SELECT x, y, jsonb_build_object('g', jsonb_build_object('lon', x, 'lat', y)) @@@ '{"must": {"key": "g", "geo_polygon":
	{"exterior": {"points": [{"lon": 0, "lat": 0}, {"lon": 4, "lat": 4}, {"lon": 4, "lat": 0}, {"lon": 0, "lat": 4}, {"lon": 0, "lat": 0}]}}}}' AS "bow tie",
	jsonb_build_object('g', jsonb_build_object('lon', x, 'lat', y)) @@@ '{"must": {"key": "g", "geo_polygon": {"exterior": {"points": [{"lon": 0, "lat": 10},
	{"lon": -6, "lat": -8}, {"lon": 10, "lat": 3}, {"lon": -10, "lat": 3}, {"lon": 6, "lat": -8}, {"lon": 0, "lat": 10}]}}}}' AS star
FROM (VALUES (1, 2), (3, 2), (2, 1), (2, 3), (0, 0), (0, 5), (5, 5), (0, -6)) v(x, y) ORDER BY 1, 2;

--
-- the type
--
SELECT '{"must":   {"match": {"value": 1}, "key": "v"}}'::payload_filter AS canonical;
SELECT '{"must": []}'::payload_filter = '{"must":[]}'::jsonb::payload_filter AS equal,
	'{"must": []}'::payload_filter <> '{"should": []}'::text::payload_filter AS differs,
	'{"must": []}'::payload_filter::jsonb AS jsonb;
SELECT encode(payload_filter_send('{}'), 'escape') AS binary;
CREATE TABLE filters AS SELECT '{"must": {"key": "n", "range": {"lte": 2}}}'::payload_filter AS f;
\copy filters to 'results/filter.data' (format binary)
\copy filters from 'results/filter.data' (format binary)
SELECT f::text, string_agg(id::text, ' ' ORDER BY id) FROM filters JOIN points ON payload @@@ f GROUP BY filters.ctid, f::text;
SELECT NULL::jsonb @@@ '{}' AS "null", '{}'::jsonb @@@ NULL AS "null";

-- Which strings are datetimes, and which: as qdrant-edge-py finds them.
SELECT t, '1970-01-01Z'::timestamptz AT TIME ZONE 'UTC' + m * interval '1 microsecond' AS at
FROM unnest(ARRAY['2024-1-5', ' 2024-01-05', '+2024-01-05', '2024-01-05 1:2:3', '2024-01-05 10:30', '2024-01-05T10:30', '2024-01-05T10:30Z', '2024-01-05 10:30+01:00',
	'2024-01-05 10:30 UTC', '2024-01-05t10:30', '2024-01-05t10:30:00', '2024-01-05t10:30:00z', '2024-01-05t10:30:00+01', '2024-01-05t10:30:00+0130', '2024-01-05T10:30:00+01',
	'2024-01-05T10:30:00utc', '2024-01-05T10:30:00 Z ', E'2024-01-05\t10:30:00', E'2024-01-05\t10:30:00Z', E'2024-01-05\t10:30:00 UTC', '2024-01-0510:30:00',
	'2024-01-05  10:30:00.5 +01 : 30', '2024-01-05T10:30:00−01:00', '2024-01-05T10:30:00+01:', '2024 -01-05 10:30 :00Z', '2024 -01-05', '2024-01-05T10 :30:00',
	'12024-01-05', '+12024-01-05', '-0001-01-05', '2024-01-05T10:30:60Z', '2024-01-05T10:30:61Z', '2024-01-05T24:00:00Z', '2024-01-05T10:30:00+24:00', '2024-01-05T10:30:00+01:60',
	'2024-01-05T10:30:00.', '2024-01-05T10:30:00.1234567899Z', '2024-01-05 ', '2024-01-05T', '20240105']) WITH ORDINALITY u(t, n)
	LEFT JOIN LATERAL unnest(qdrant_catalog.datetime_values(jsonb_build_object('d', t), 'd')) m ON true ORDER BY n;
-- as far as dates reach, in microseconds too
SELECT qdrant_catalog.datetime_values('{"d": ["-262142-01-01", "+262142-12-31T23:59:59.999999Z", "+262143-01-01", "-99999999999999999999-01-01"]}', 'd') AS two;
SELECT '{"d": "+262142-12-31"}'::jsonb @@@ '{"must": {"key": "d", "as": "datetime", "range": {"gt": 8e18, "lte": 1e300}}}' AS far,
	'{"d": "+262142-12-31"}'::jsonb @@@ '{"must": {"key": "d", "range": {"gt": "9999-12-31"}}}' AS later;

-- Messages are cut where a character ends: whoever reads them takes UTF-8.
\set VERBOSITY terse
\set long '''a''||repeat(''é '', 100)'
SELECT jsonb_build_object(:long, 1)::payload_filter;
SELECT jsonb_build_object('must', jsonb_build_object('key', :long, 'match', '{"value": 1}'::jsonb))::payload_filter;
SELECT jsonb_build_object('must', jsonb_build_object('key', 'k', 'range', jsonb_build_object('lt', 'aa' || :long)))::payload_filter;
SELECT qdrant.payload_set('{}', '{}', :long);
SELECT qdrant_catalog.keyword_values('{}', :long);
SELECT ('aa' || :long)::point_id;
SELECT ('aa' || :long)::vector;
SELECT format('CREATE INDEX ON points USING gin (payload qdrant_keyword_ops (path = %L))', :long) \gexec
\set VERBOSITY default

-- What the planner thinks of 100,000 rows.
CREATE FUNCTION estimate(filter text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE format('EXPLAIN (FORMAT json) SELECT FROM generate_series(1, 100000) i WHERE jsonb_build_object(''n'', i) @@@ %L', filter) INTO plan;
	RETURN plan->0->'Plan'->'Plan Rows';
END $$;
SELECT estimate('{}') AS "all", estimate('{"must": {"key": "n", "match": {"value": 1}}}') AS equal,
	estimate('{"must_not": {"key": "n", "match": {"value": 1}}}') AS "not equal",
	estimate('{"must": {"key": "n", "range": {"gt": 1}}}') AS range, estimate('{"must": {"key": "n", "match": {"text": "x"}}}') AS text,
	estimate('{"must": [{"key": "n", "match": {"value": 1}}, {"key": "n", "range": {"gt": 1}}]}') AS "and",
	estimate('{"should": [{"key": "n", "match": {"value": 1}}, {"key": "n", "range": {"gt": 1}}]}') AS "or";

DROP TABLE filters, points;
DROP FUNCTION admits, field, nested, refuses, estimate;
