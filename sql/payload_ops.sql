-- Changes and projections of payloads: set, delete keys, include, exclude.

--
-- set: a merge of members; null takes one away; nested objects are replaced
--
SELECT qdrant.payload_set('{"a": 1, "b": {"x": 1, "y": 2}}', '{"c": 3}') AS adds,
	qdrant.payload_set('{"a": 1, "b": {"x": 1, "y": 2}}', '{"b": {"z": 1}}') AS replaces,
	qdrant.payload_set('{"a": 1, "b": 2}', '{"a": null, "none": null}') AS removes,
	qdrant.payload_set('{"a": 1}', '{}') AS same,
	qdrant.payload_set('{}', '{"a": {"b": null, "c": [null]}}') AS "inner nulls stay";

-- With a key the merge happens there; missing steps are made.
SELECT key, qdrant.payload_set('{"a": 1, "b": {"x": 1, "l": [{"k": 1}, {"k": 2}, 3]}, "s": "str"}', '{"q": 1, "k": null}', key)
FROM (VALUES (1, 'b'), (2, 'b.x'), (3, 'new'), (4, 'new.deep.er'), (5, 's'), (6, 's.t'), (7, 'b.l[0]'), (8, 'b.l[1].m'),
	(9, 'b.l[2]'), (10, 'b.l[7]'), (11, 'b.l[]'), (12, 'b.l[].m'), (13, 'a[]'), (14, 'a[0]'), (15, 'none[].x'), (16, '"odd key"."x.y"'),
	(17, 'b.l.m')) AS t(n, key)
ORDER BY n;
SELECT qdrant.payload_set('{"l": [[1, 2], [{"x": 0}]]}', '{"q": 1}', 'l[][]') AS "[][]",
	qdrant.payload_set('{"l": [[1, 2], [{"x": 0}]]}', '{"q": 1}', 'l[1][0].x') AS "[1][0].x";

SELECT qdrant.payload_set(NULL, '{}') AS "null", qdrant.payload_set('{}', NULL, 'a') AS "null";
SELECT qdrant.payload_set('{}', '{"a": 1}', 'a[');
SELECT qdrant.payload_set('{}', '{"a": 1}', '');
SELECT qdrant.payload_set('[]', '{}');
SELECT qdrant.payload_set('{}', '5');

--
-- delete keys
--
SELECT keys, qdrant.payload_delete_keys('{"a": 1, "b": {"x": 1, "y": 2}, "l": [{"k": 1, "m": 2}, {"k": 2}, 3], "n": [[1, 2], [3]], "odd key": 1}', keys)
FROM (VALUES (1, '{a}'::text[]), (2, '{b.x,a}'), (3, '{b.x,b.y}'), (4, '{b}'), (5, '{none,b.none,a.x}'), (6, '{l[]}'), (7, '{l[].k}'),
	(8, '{l[0]}'), (9, '{l[0].k}'), (10, '{l[9].k}'), (11, '{l.k}'), (12, '{n[][]}'), (13, '{n[0][]}'), (14, ARRAY['"odd key"']), (15, '{}'),
	(16, '{b,b.x}'), (17, '{a[],b[0]}')) AS t(n, keys)
ORDER BY n;
SELECT qdrant.payload_delete_keys('{"a": 1}', '{a,b[}');
SELECT qdrant.payload_delete_keys('{"a": 1}', '{a,NULL}');
SELECT qdrant.payload_delete_keys('5', '{a}');

--
-- select
--
SELECT paths, qdrant.payload_select(p, paths, NULL) AS include, qdrant.payload_select(p, NULL, paths) AS exclude
FROM (VALUES ('{"a": 1, "b": {"x": 1, "y": {"z": 2}}, "l": [{"k": 1, "m": 2}, {"m": 3}, 4], "n": null}'::jsonb)) AS d(p),
	(VALUES (1, '{a}'::text[]), (2, '{b.x}'), (3, '{b.y.z,b.x}'), (4, '{b}'), (5, '{b,b.x}'), (6, '{l}'), (7, '{l[]}'), (8, '{l[].k}'),
	(9, '{l.k}'), (10, '{l[0]}'), (11, '{l[0].k}'), (12, '{none}'), (13, '{b.none}'), (14, '{a.x}'), (15, '{n}'), (16, '{}'), (17, '{b[].x}'))
	AS t(n, paths)
ORDER BY n;
SELECT qdrant.payload_select('{"a": 1}', NULL, NULL);
SELECT qdrant.payload_select('{"a": 1}', '{a}', '{b}');
SELECT qdrant.payload_select('{"a": 1}', '{.}', NULL);
SELECT qdrant.payload_select(NULL, '{a}', NULL) AS "null";

-- A document as deep as jsonb allows is copied or refused, not crashed on.
SELECT length(qdrant.payload_set((repeat('{"a":', 2000) || '1' || repeat('}', 2000))::jsonb, '{"b": 1}', 'a' || repeat('.a', 63))::text) AS length;
SELECT length(qdrant.payload_delete_keys((repeat('{"a":', 2000) || '1' || repeat('}', 2000))::jsonb, ARRAY['a' || repeat('.a', 62) || '.b'])::text) AS length;
SELECT length(qdrant.payload_select((repeat('{"a":', 2000) || '1' || repeat('}', 2000))::jsonb, NULL, ARRAY['a' || repeat('.a', 62)])::text) AS length;
