-- What an index and its scans say of themselves.
SET client_min_messages = warning;
\set SHOW_CONTEXT never

SELECT setseed(0.5);
CREATE TABLE seen (id int PRIMARY KEY, payload jsonb, v vector(8));
INSERT INTO seen SELECT i, jsonb_build_object('n', i % 100),
	(SELECT array_agg(random() - 0.5 + 0 * (i + g)) FROM generate_series(1, 8) g)::vector
	FROM generate_series(1, 3000) i;
CREATE INDEX seen_v ON seen USING qdrant_hnsw (v vector_l2_ops, payload)
	WITH (indexing_threshold = 1, full_scan_threshold = 0);
ANALYZE seen;
SET enable_seqscan = off;
SET enable_sort = off;
-- narrow enough for the graph to be the cheaper way
SET qdrant_pg.ef_search = 10;

-- this session has not scanned yet
SELECT qdrant.last_scan() IS NULL AS none;

CREATE VIEW last AS SELECT index, strategy, searches, expanded > 0 AS expanded, distances > 0 AS distances,
	fresh, rescored >= returned AS rescored, rejected, returned, pages > 0 AS pages, admitted, ended_early
	FROM qdrant.last_scan();

-- a search of the graph
SELECT count(*) FROM (SELECT id FROM seen ORDER BY v <-> '[0,0,0,0,0,0,0,0]' LIMIT 5) x;
SELECT * FROM last;
-- each execution of a nested loop counts
SELECT count(*) FROM (SELECT v FROM seen ORDER BY id LIMIT 4) q, LATERAL
	(SELECT id FROM seen ORDER BY v <-> q.v LIMIT 3) x;
SELECT searches, returned FROM last;
-- rows that were not merged yet
INSERT INTO seen SELECT id + 10000, payload, v FROM seen WHERE id <= 10;
SELECT count(*) FROM (SELECT id FROM seen ORDER BY v <-> '[0,0,0,0,0,0,0,0]' LIMIT 5) x;
SELECT strategy, fresh FROM last;
-- to the end: the sweep takes over
SELECT count(*) FROM (SELECT id FROM seen ORDER BY v <-> '[0,0,0,0,0,0,0,0]' LIMIT 2000) x;
SELECT strategy, returned FROM last;
-- filters, without payload indexes and with one
SELECT count(*) FROM (SELECT id FROM seen WHERE payload @@@ '{"must": [{"key": "n", "match": {"value": 7}}]}'
	ORDER BY v <-> '[0,0,0,0,0,0,0,0]' LIMIT 5) x;
SELECT strategy, rejected > 0 AS rejected, returned, admitted FROM last;
CREATE INDEX seen_n ON seen USING gin (payload qdrant_integer_ops (path = 'n'));
SELECT count(*) FROM (SELECT id FROM seen WHERE payload @@@ '{"must": [{"key": "n", "match": {"value": 7}}]}'
	ORDER BY v <-> '[0,0,0,0,0,0,0,0]' LIMIT 5) x;
SELECT strategy, returned, admitted FROM last;
-- only a fresh region
CREATE TABLE few (v vector(8));
INSERT INTO few SELECT v FROM seen WHERE id <= 20;
CREATE INDEX few_v ON few USING qdrant_hnsw (v vector_l2_ops);
SELECT count(*) FROM (SELECT v FROM few ORDER BY v <-> '[0,0,0,0,0,0,0,0]' LIMIT 5) x;
SELECT index, strategy, fresh, returned FROM last;

-- EXPLAIN says the same from PostgreSQL 18 on
CREATE FUNCTION explained(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query
	LOOP
		IF line ~ 'Vector Search|Expanded|Compared|Rescored|Rejected by|Admitted|Visited|Radius' THEN
			RETURN NEXT regexp_replace(trim(line), '[1-9]\d*', 'N');
		END IF;
	END LOOP;
END $$;
SELECT * FROM explained('SELECT id FROM seen ORDER BY v <-> ''[0,0,0,0,0,0,0,0]'' LIMIT 5');
EXPLAIN (COSTS OFF) SELECT id FROM seen ORDER BY v <-> '[0,0,0,0,0,0,0,0]' LIMIT 5;

-- what an index holds
SELECT rows, vertices, fresh, tombstones, free_vertices, levels > 0 AS levels, merge, layout IN ('compact', 'inlined') AS layout,
	quantization, dimensions, links > 0 AS links, fresh_pages_used, bytes = pg_relation_size('seen_v') AS bytes
	FROM qdrant.index_stats('seen_v');
SELECT rows, vertices, fresh, levels, merge, dir_pages, vertex_pages FROM qdrant.index_stats('few_v');
DELETE FROM seen WHERE id <= 30;
VACUUM seen;
SELECT rows, vertices, fresh, tombstones FROM qdrant.index_stats('seen_v');
-- a merge that is broken off leaves rows in the fresh region and in the graph: each is one row
SET qdrant_pg.fresh_worker = off;
CREATE TABLE torn (v vector(24));
INSERT INTO torn SELECT array_agg(sin(i * g + g))::vector FROM generate_series(1, 1000) i, generate_series(1, 24) g GROUP BY i;
CREATE INDEX torn_v ON torn USING qdrant_hnsw (v vector_l2_ops)
	WITH (indexing_threshold = 10, ef_construction = 400, quantization = 'BINARY');
ALTER INDEX torn_v SET (indexing_threshold = 10000);
INSERT INTO torn SELECT array_agg(sin(i * g + g))::vector FROM generate_series(1001, 4000) i, generate_series(1, 24) g GROUP BY i;
SELECT rows, vertices, fresh, fresh_limit, quantization FROM qdrant.index_stats('torn_v');
SET statement_timeout = '40ms';
VACUUM torn;
VACUUM torn;
RESET statement_timeout;
SELECT rows FROM qdrant.index_stats('torn_v');
VACUUM torn;
SELECT rows, vertices, fresh FROM qdrant.index_stats('torn_v');
DROP TABLE torn;
RESET qdrant_pg.fresh_worker;
-- in shared buffers it has as many pages as the file
SELECT qdrant.prewarm('seen_v') = pg_relation_size('seen_v') / current_setting('block_size')::int AS whole;

-- recall
SELECT recall > 0.9 AS recall, lowest >= 0.3 AS lowest, queries, distances > 100 AS distances
	FROM qdrant.recall('seen_v', 20, 10, 100);
SELECT recall, queries FROM qdrant.recall('few_v');
-- an index on an expression, of some rows
CREATE INDEX seen_half ON seen USING qdrant_hnsw ((subvector(v, 1, 4)::vector(4)) vector_cosine_ops) WHERE id % 2 = 0;
SELECT recall, queries FROM qdrant.recall('seen_half', 5);
-- of another type in the same session
CREATE TABLE halves (v halfvec(3));
INSERT INTO halves SELECT ARRAY[i, 1, i % 3]::halfvec FROM generate_series(1, 20) i;
CREATE INDEX halves_v ON halves USING qdrant_hnsw (v halfvec_l2_ops);
SELECT recall, queries FROM qdrant.recall('halves_v', 5, 3);
DROP TABLE halves;
SELECT qdrant.recall('few_v', 0);
SELECT qdrant.recall('seen_pkey');
SELECT qdrant.index_stats('seen_pkey');
SELECT qdrant.index_stats('seen');
SELECT qdrant.prewarm('seen_pkey');

-- for whoever may read the table, and only of rows that he sees
CREATE ROLE hnsw_observer;
SET ROLE hnsw_observer;
SELECT qdrant.index_stats('few_v');
SELECT qdrant.prewarm('few_v');
SELECT qdrant.recall('few_v');
RESET ROLE;
GRANT SELECT ON few TO hnsw_observer;
ALTER TABLE few ADD COLUMN mine boolean NOT NULL DEFAULT false;
UPDATE few SET mine = true WHERE ctid IN (SELECT ctid FROM few LIMIT 7);
ALTER TABLE few ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON few USING (mine);
SET ROLE hnsw_observer;
SELECT rows > 0 AS rows FROM qdrant.index_stats('few_v');
SELECT recall, queries FROM qdrant.recall('few_v');
RESET ROLE;
DROP TABLE few;

-- what another's index evaluates does not run as whoever looks at it, nor stays set
CREATE SCHEMA AUTHORIZATION hnsw_observer;
SET ROLE hnsw_observer;
CREATE FUNCTION hnsw_observer.told(v vector) RETURNS vector(2) IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('work_mem', '123kB', false);
	RETURN v;
END $$;
CREATE TABLE hnsw_observer.theirs (v vector(2));
INSERT INTO hnsw_observer.theirs SELECT ARRAY[i, 1]::vector FROM generate_series(1, 5) i;
CREATE INDEX theirs_v ON hnsw_observer.theirs USING qdrant_hnsw ((hnsw_observer.told(v)::vector(2)) vector_l2_ops);
RESET ROLE;
RESET work_mem;
SELECT qdrant.recall('hnsw_observer.theirs_v');
SELECT count(*) FROM qdrant.check_index('hnsw_observer.theirs_v');
SELECT current_setting('work_mem') = '123kB' AS stays;
-- ef lasts as long as the call
BEGIN;
SELECT queries FROM qdrant.recall('seen_v', 2, 1, 7);
SHOW qdrant_pg.ef_search;
ROLLBACK;
SET client_min_messages = warning;
DROP OWNED BY hnsw_observer CASCADE;
DROP ROLE hnsw_observer;
