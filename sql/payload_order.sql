-- order_by: the first points by the values of a field, from indexes on the
-- least and the greatest of each point's values.
SET client_min_messages = warning;
SET jit = off;
SET max_parallel_workers_per_gather = 0;

SELECT qdrant_catalog.integer_least(p, 'v') AS i, qdrant_catalog.integer_greatest(p, 'v') AS i, qdrant_catalog.float_least(p, 'v') AS f, qdrant_catalog.float_greatest(p, 'v') AS f,
	qdrant_catalog.datetime_least(p, 'v') AS d, qdrant_catalog.datetime_greatest(p, 'v') AS d
FROM (VALUES (1, jsonb '{}'), (2, '{"v": 7}'), (3, '{"v": [3, 2.5, -1.0, "x", null]}'), (4, '{"v": "2024-01-01"}'), (5, '{"v": ["2024-01-01", "1969-01-01", 5]}'), (6, '{"v": []}')) AS v(i, p) ORDER BY v.i;

SELECT qdrant.create_collection('o', '{"vectors": {"size": 1, "distance": "Dot"}}');
ALTER TABLE qdrant.o SET (autovacuum_enabled = off);
INSERT INTO qdrant.o (id, payload) SELECT i, jsonb_build_object('n', CASE i % 100 WHEN 0 THEN jsonb_build_array(i, i / 2) ELSE to_jsonb(i * 7919 % 20011) END, 'k', 'v' || i % 50)
FROM generate_series(1, 20000) i;
SELECT qdrant.create_payload_index('o', 'n', '"integer"'), qdrant.create_payload_index('o', 'k', '"keyword"');
ANALYZE qdrant.o;
SELECT path, index, ready FROM qdrant.payload_indexes('o');

-- As the gateway asks; the index's order, and its filter, are used.
PREPARE ascending (text, bigint, payload_filter) AS
	SELECT t.id, o.value FROM qdrant.o AS t CROSS JOIN LATERAL unnest(qdrant_catalog.integer_values(t.payload, $1)) AS o (value)
	WHERE t.id = ANY (ARRAY((SELECT t.id FROM qdrant.o AS t WHERE qdrant_catalog.integer_least(t.payload, $1) IS NOT NULL
			AND qdrant_catalog.integer_least(t.payload, $1) >= $2 AND t.payload @@@ $3 ORDER BY qdrant_catalog.integer_least(t.payload, $1), t.id LIMIT 5)
		UNION ALL (SELECT t.id FROM qdrant.o AS t WHERE qdrant_catalog.integer_least(t.payload, $1) <> qdrant_catalog.integer_greatest(t.payload, $1)
			AND qdrant_catalog.integer_greatest(t.payload, $1) >= $2 AND qdrant_catalog.integer_least(t.payload, $1) < $2 AND t.payload @@@ $3)))
		AND o.value >= $2 ORDER BY o.value, t.id LIMIT 5;
PREPARE descending (text) AS
	SELECT t.id, o.value FROM qdrant.o AS t CROSS JOIN LATERAL unnest(qdrant_catalog.integer_values(t.payload, $1)) AS o (value)
	WHERE t.id = ANY (ARRAY((SELECT t.id FROM qdrant.o AS t WHERE qdrant_catalog.integer_least(t.payload, $1) IS NOT NULL
			ORDER BY qdrant_catalog.integer_least(t.payload, $1) DESC, t.id DESC LIMIT 5)
		UNION ALL (SELECT t.id FROM qdrant.o AS t WHERE qdrant_catalog.integer_least(t.payload, $1) <> qdrant_catalog.integer_greatest(t.payload, $1)
			ORDER BY qdrant_catalog.integer_greatest(t.payload, $1) DESC, t.id DESC LIMIT 5)))
	ORDER BY o.value DESC, t.id DESC LIMIT 5;
SET plan_cache_mode = force_custom_plan;
EXECUTE ascending('n', 9990, '{"must": {"key": "k", "match": {"any": ["v0", "v1", "v2"]}}}');
SELECT t.id, v FROM qdrant.o t, unnest(qdrant_catalog.integer_values(payload, 'n')) v WHERE v >= 9990 AND payload ->> 'k' IN ('v0', 'v1', 'v2') ORDER BY v, id LIMIT 5;
EXECUTE descending('n');
SELECT t.id, v FROM qdrant.o t, unnest(qdrant_catalog.integer_values(payload, 'n')) v ORDER BY v DESC, id DESC LIMIT 5;
-- the parts of these statements
PREPARE first_least (text, bigint, payload_filter) AS
	SELECT t.id FROM qdrant.o AS t WHERE qdrant_catalog.integer_least(t.payload, $1) IS NOT NULL AND qdrant_catalog.integer_least(t.payload, $1) >= $2 AND t.payload @@@ $3
	ORDER BY qdrant_catalog.integer_least(t.payload, $1), t.id LIMIT 5;
PREPARE last_greatest (text) AS
	SELECT t.id FROM qdrant.o AS t WHERE qdrant_catalog.integer_least(t.payload, $1) <> qdrant_catalog.integer_greatest(t.payload, $1)
	ORDER BY qdrant_catalog.integer_greatest(t.payload, $1) DESC, t.id DESC LIMIT 5;
PREPARE straddling (text, bigint) AS
	SELECT t.id FROM qdrant.o AS t WHERE qdrant_catalog.integer_least(t.payload, $1) <> qdrant_catalog.integer_greatest(t.payload, $1)
	AND qdrant_catalog.integer_greatest(t.payload, $1) >= $2 AND qdrant_catalog.integer_least(t.payload, $1) < $2;
EXPLAIN (COSTS off) EXECUTE first_least('n', 1000, '{"must": {"key": "k", "match": {"any": ["v0", "v1", "v2"]}}}');
EXPLAIN (COSTS off) EXECUTE first_least('n', 19900, '{"must": {"key": "k", "match": {"value": "v0"}}}');
EXPLAIN (COSTS off) EXECUTE last_greatest('n');
SET enable_bitmapscan = off;
EXPLAIN (COSTS off) EXECUTE straddling('n', 19990);
RESET enable_bitmapscan;
-- another schema replaces them, another type has none
SELECT qdrant.create_payload_index('o', 'n', '{"type": "integer", "range": true}'), to_regclass('qdrant.o_n_least_idx') AS least;
SELECT qdrant.create_payload_index('o', 'n', '{"type": "integer", "range": false}'), to_regclass('qdrant.o_n_idx') AS idx, to_regclass('qdrant.o_n_least_idx') AS least, to_regclass('qdrant.o_n_greatest_idx') AS greatest;
SELECT qdrant.create_payload_index('o', 'n', '"float"'), to_regclass('qdrant.o_n_least_idx') AS least;
SELECT pg_get_indexdef('qdrant.o_n_greatest_idx'::regclass);
-- who made the index by hand gets those for order_by, too
CREATE INDEX by_hand ON qdrant.o USING gin (payload qdrant_datetime_ops (path = 'at'));
SELECT qdrant.create_payload_index('o', 'at', '"datetime"'), to_regclass('qdrant.o_at_idx') AS idx, to_regclass('qdrant.o_at_least_idx') AS least;
DROP INDEX qdrant.o_at_least_idx;
SELECT path, index, ready FROM qdrant.payload_indexes('o') WHERE path = 'at';
SELECT qdrant.create_payload_index('o', 'at', '"datetime"'), to_regclass('qdrant.o_at_least_idx') AS least;
SELECT qdrant.drop_payload_index('o', 'n'), qdrant.drop_payload_index('o', 'at');
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'qdrant.o'::regclass ORDER BY indexrelid::regclass::text;
-- Indexes are known by what they are: whatever their names, settings, and how their paths are printed.
SELECT qdrant.create_payload_index('o', p, '"float"') FROM (VALUES (1, '"it''s".x'), (2, '"%L $1"[]'), (3, '"мир "')) v(i, p) ORDER BY i;
SELECT qdrant.create_payload_index('o', '"a\b"', '"float"');
-- what letters are depends on the locale
SELECT path, translate(index::text, '"мир', '') AS index, ready FROM qdrant.payload_indexes('o') ORDER BY path COLLATE "C";
SELECT count(*) FROM pg_index WHERE indrelid = 'qdrant.o'::regclass AND indexprs IS NOT NULL;
SELECT qdrant.create_payload_index('o', p, '"float"') FROM (VALUES (1, '"it''s".x'), (2, '"%L $1"[]'), (3, '"мир "')) v(i, p) ORDER BY i;
SELECT count(*) FROM pg_index WHERE indrelid = 'qdrant.o'::regclass AND indexprs IS NOT NULL;
SELECT qdrant.drop_payload_index('o', p) FROM (VALUES (1, '"it''s".x'), (2, '"%L $1"[]'), (3, '"мир "')) v(i, p) ORDER BY i;
SELECT count(*) FROM pg_index WHERE indrelid = 'qdrant.o'::regclass AND indexprs IS NOT NULL;
CREATE INDEX least_of_n ON qdrant.o USING btree (qdrant_catalog.integer_least(payload, 'n'), id) WITH (fillfactor = 70) WHERE qdrant_catalog.integer_least(payload, 'n') IS NOT NULL;
CREATE INDEX greatest_of_n ON qdrant.o USING btree (qdrant_catalog.integer_greatest(payload, 'n'), id) INCLUDE (version)
	WHERE qdrant_catalog.integer_least(payload, 'n') <> qdrant_catalog.integer_greatest(payload, 'n');
SELECT qdrant.create_payload_index('o', 'n', '"integer"'), to_regclass('qdrant.o_n_idx') AS idx, to_regclass('qdrant.o_n_least_idx') AS least, to_regclass('qdrant.o_n_greatest_idx') AS greatest;
CREATE INDEX others_1 ON qdrant.o USING btree (qdrant_catalog.integer_least(payload, 'n') DESC, id) WHERE qdrant_catalog.integer_least(payload, 'n') IS NOT NULL;
CREATE INDEX others_2 ON qdrant.o USING btree (qdrant_catalog.integer_least(payload, 'n'), id);
CREATE INDEX others_3 ON qdrant.o USING btree (qdrant_catalog.integer_least(payload, 'n'), id) WHERE qdrant_catalog.integer_least(payload, 'm') IS NOT NULL;
CREATE INDEX others_4 ON qdrant.o USING btree (qdrant_catalog.integer_least(payload, 'n'), version) WHERE qdrant_catalog.integer_least(payload, 'n') IS NOT NULL;
CREATE INDEX others_5 ON qdrant.o USING btree (qdrant_catalog.integer_least(payload, 'n'), id) WHERE qdrant_catalog.integer_least(payload, 'n') IS NULL;
CREATE INDEX others_6 ON qdrant.o USING btree (qdrant_catalog.integer_least(payload, 'n'), id) WHERE qdrant_catalog.integer_least(payload, 'n') < qdrant_catalog.integer_greatest(payload, 'n');
CREATE INDEX others_7 ON qdrant.o USING btree (id);
SELECT indexrelid::regclass, qdrant_catalog.order_key(indexrelid) FROM pg_index WHERE indrelid = 'qdrant.o'::regclass ORDER BY indexrelid::regclass::text COLLATE "C";
SELECT qdrant_catalog.order_key('qdrant.o'), qdrant_catalog.order_key(1::oid::regclass);
SELECT qdrant.drop_payload_index('o', 'n'), to_regclass('qdrant.least_of_n') AS least, to_regclass('qdrant.greatest_of_n') AS greatest, to_regclass('qdrant.others_1') AS other;
SELECT qdrant.drop_collection('o');
