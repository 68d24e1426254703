-- Builds of all kinds, and qdrant.check_index on them.
SET client_min_messages = warning;
CREATE FUNCTION noise(i int, dim int) RETURNS public.vector IMMUTABLE LANGUAGE sql AS
	$$SELECT array_agg((hashint4(i # hashint4(g)) & 65535)::real / 65536 - 0.5 ORDER BY g)::public.vector
	FROM generate_series(1, dim) g$$;
RESET client_min_messages;

-- Each metric with a graph: clean, and each row is nearest to itself.
CREATE TABLE items (id int, v vector(16));
INSERT INTO items SELECT i, noise(i, 16) FROM generate_series(1, 1500) i;
CREATE INDEX items_l2 ON items USING qdrant_hnsw (v vector_l2_ops) WITH (indexing_threshold = 0, full_scan_threshold = 0);
CREATE INDEX items_ip ON items USING qdrant_hnsw (v vector_ip_ops) WITH (indexing_threshold = 0, full_scan_threshold = 0);
CREATE INDEX items_cosine ON items USING qdrant_hnsw (v vector_cosine_ops) WITH (indexing_threshold = 0, full_scan_threshold = 0);
CREATE INDEX items_l1 ON items USING qdrant_hnsw (v vector_l1_ops) WITH (indexing_threshold = 0, full_scan_threshold = 0);
SET client_min_messages = warning;
SELECT n, c.* FROM unnest(ARRAY['items_l2', 'items_ip', 'items_cosine', 'items_l1']) n, qdrant.check_index(n::regclass) c;
SET enable_seqscan = off;
SET enable_sort = off;
SELECT count(*) FILTER (WHERE (SELECT id FROM items s ORDER BY s.v <-> t.v LIMIT 1) = id) AS l2,
	count(*) FILTER (WHERE (SELECT id FROM items s ORDER BY s.v <=> t.v LIMIT 1) = id) AS cosine,
	count(*) FILTER (WHERE (SELECT id FROM items s ORDER BY s.v <+> t.v LIMIT 1) = id) AS l1
FROM items t WHERE id % 10 = 0;
-- All rows, each once.
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY v <#> noise(1, 16) LIMIT 10000) s;

-- More rows than maintenance_work_mem holds: alone and with workers, nothing is lost.
RESET client_min_messages;
DROP INDEX items_l2, items_ip, items_cosine, items_l1;
INSERT INTO items SELECT i, noise(i, 16) FROM generate_series(1501, 4500) i;
CREATE FUNCTION found_alone() RETURNS bigint LANGUAGE sql SET enable_seqscan = off SET enable_sort = off AS
	$$SELECT count(*) FROM items t WHERE id % 10 = 0 AND (SELECT id FROM items s ORDER BY s.v <-> t.v LIMIT 1) = id$$;
SET maintenance_work_mem = '1MB';
CREATE INDEX items_l2 ON items USING qdrant_hnsw (v vector_l2_ops)
	WITH (indexing_threshold = 0, full_scan_threshold = 0, ef_construction = 40);
SELECT * FROM qdrant.check_index('items_l2');
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY v <-> noise(1, 16) LIMIT 10000) s;
SELECT found_alone() >= 445 AS found;
ALTER TABLE items SET (parallel_workers = 2);
REINDEX INDEX items_l2;
SELECT * FROM qdrant.check_index('items_l2');
SELECT found_alone() >= 445 AS found;
RESET maintenance_work_mem;

-- With workers, in shared memory: each metric; an expression that they must not evaluate; few rows.
CREATE INDEX items_ip ON items USING qdrant_hnsw (v vector_ip_ops) WITH (indexing_threshold = 0, full_scan_threshold = 0);
CREATE INDEX items_cosine ON items USING qdrant_hnsw (v vector_cosine_ops) WITH (indexing_threshold = 0, full_scan_threshold = 0);
CREATE INDEX items_l1 ON items USING qdrant_hnsw (v vector_l1_ops) WITH (indexing_threshold = 0, full_scan_threshold = 0);
CREATE INDEX items_inlined ON items USING qdrant_hnsw (v vector_l2_ops) WITH (indexing_threshold = 0, layout = inlined);
CREATE INDEX items_expression ON items USING qdrant_hnsw ((noise(id, 4)::vector(4)) vector_l2_ops) WITH (indexing_threshold = 0);
CREATE INDEX items_few ON items USING qdrant_hnsw (v vector_l2_ops) WHERE id <= 100;
CREATE INDEX CONCURRENTLY items_beside ON items USING qdrant_hnsw (v vector_l2_ops) WITH (indexing_threshold = 0);
SET client_min_messages = warning;
SELECT n, c.* FROM unnest(ARRAY['items_ip', 'items_cosine', 'items_l1', 'items_inlined', 'items_expression', 'items_few', 'items_beside']) n,
	qdrant.check_index(n::regclass) c;
RESET client_min_messages;
DROP INDEX items_ip, items_cosine, items_l1, items_inlined, items_expression, items_few, items_beside;
REINDEX INDEX items_l2;
SELECT * FROM qdrant.check_index('items_l2');
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY v <-> noise(1, 16) LIMIT 10000) s;
-- As many are found as after a build alone, within half a point.
CREATE TEMP TABLE found AS SELECT found_alone() AS parallel, 0 AS alone;
SET max_parallel_maintenance_workers = 0;
REINDEX INDEX items_l2;
UPDATE found SET alone = found_alone();
SELECT abs(parallel - alone) <= 2 AS equal, alone >= 445 AS found FROM found;
-- Alone, a build is repeatable to the byte.
CREATE FUNCTION fingerprint(index text) RETURNS text LANGUAGE sql AS
	$$SELECT md5(string_agg(md5(substr(f, b * 8192 + 11, 8182)), '' ORDER BY b))
	FROM pg_read_binary_file(pg_relation_filepath(index::regclass)) f, generate_series(1, length(f) / 8192 - 1) b$$;
CHECKPOINT;
CREATE TEMP TABLE prints AS SELECT fingerprint('items_l2') AS first;
REINDEX INDEX items_l2;
CHECKPOINT;
SELECT first = fingerprint('items_l2') AS repeatable FROM prints;
DROP FUNCTION fingerprint(text);
RESET max_parallel_maintenance_workers;
ALTER TABLE items RESET (parallel_workers);
DROP FUNCTION found_alone();
SET client_min_messages = warning;

-- Copies of one vector, zero vectors, NULL.
CREATE TABLE copies (id int, v vector(8));
INSERT INTO copies SELECT i, CASE WHEN i % 2 = 0 THEN '[1,2,3,4,5,6,7,8]' ELSE noise(i, 8) END FROM generate_series(1, 2000) i;
INSERT INTO copies SELECT i, '[0,0,0,0,0,0,0,0]' FROM generate_series(2001, 2100) i;
INSERT INTO copies SELECT i, NULL FROM generate_series(2101, 2200) i;
CREATE INDEX copies_l2 ON copies USING qdrant_hnsw (v vector_l2_ops) WITH (indexing_threshold = 0, full_scan_threshold = 0);
CREATE INDEX copies_cosine ON copies USING qdrant_hnsw (v vector_cosine_ops) WITH (indexing_threshold = 0, full_scan_threshold = 0);
SELECT * FROM qdrant.check_index('copies_l2');
SELECT * FROM qdrant.check_index('copies_cosine');
INSERT INTO copies SELECT i, '[1,2,3,4,5,6,7,8]' FROM generate_series(3001, 3600) i;
VACUUM copies;
SELECT * FROM qdrant.check_index('copies_l2');
SELECT count(*) FROM (SELECT id FROM copies ORDER BY v <-> '[1,2,3,4,5,6,7,8]' LIMIT 10000) s;
SELECT count(*) >= 200 AS others_are_found FROM copies t WHERE id BETWEEN 1 AND 401 AND id % 2 = 1
	AND (SELECT id FROM copies s ORDER BY s.v <-> t.v LIMIT 1) = id;

-- Nothing, one row, no graph, few links.
CREATE TABLE few (id int, v vector(3));
CREATE INDEX few_none ON few USING qdrant_hnsw (v vector_l2_ops) WITH (indexing_threshold = 0);
CREATE INDEX few_m0 ON few USING qdrant_hnsw (v vector_l2_ops) WITH (m = 0);
CREATE INDEX few_m2 ON few USING qdrant_hnsw (v vector_cosine_ops) WITH (m = 2, ef_construction = 4, indexing_threshold = 0);
SELECT n, c.* FROM unnest(ARRAY['few_none', 'few_m0', 'few_m2']) n, qdrant.check_index(n::regclass) c;
INSERT INTO few VALUES (1, '[1,2,3]');
REINDEX TABLE few;
VACUUM few;
SELECT n, c.* FROM unnest(ARRAY['few_none', 'few_m0', 'few_m2']) n, qdrant.check_index(n::regclass) c;
INSERT INTO few SELECT i, noise(i, 3) FROM generate_series(2, 1000) i;
VACUUM few;
SELECT n, c.* FROM unnest(ARRAY['few_none', 'few_m0', 'few_m2']) n, qdrant.check_index(n::regclass) c
WHERE problem !~ 'cannot be reached';
-- Rows that come back after all have gone.
DELETE FROM few;
VACUUM few;
VACUUM few;
SELECT n, c.* FROM unnest(ARRAY['few_none', 'few_m0', 'few_m2']) n, qdrant.check_index(n::regclass) c;
INSERT INTO few SELECT i, noise(i, 3) FROM generate_series(1, 700) i;
VACUUM few;
SELECT n, c.* FROM unnest(ARRAY['few_none', 'few_m0', 'few_m2']) n, qdrant.check_index(n::regclass) c
WHERE problem !~ 'cannot be reached';
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM few ORDER BY v <=> '[1,1,1]' LIMIT 10000) s;

-- Long vectors: one vertex a page, then codes that are projections.
CREATE TABLE long (id int, v vector(4000), w vector(20000));
INSERT INTO long SELECT i, noise(i, 4000), noise(i, 20000) FROM generate_series(1, 60) i;
CREATE INDEX long_v ON long USING qdrant_hnsw (v vector_cosine_ops) WITH (indexing_threshold = 0, full_scan_threshold = 0);
CREATE INDEX long_l1 ON long USING qdrant_hnsw (v vector_l1_ops) WITH (indexing_threshold = 0, full_scan_threshold = 0);
CREATE INDEX long_w ON long USING qdrant_hnsw (w vector_l2_ops) WITH (indexing_threshold = 0, full_scan_threshold = 0);
INSERT INTO long SELECT i, noise(i, 4000), noise(i, 20000) FROM generate_series(61, 90) i;
VACUUM long;
SELECT n, c.* FROM unnest(ARRAY['long_v', 'long_l1', 'long_w']) n, qdrant.check_index(n::regclass) c;
SELECT count(*) FILTER (WHERE (SELECT id FROM long s ORDER BY s.v <=> t.v LIMIT 1) = id) AS cosine,
	count(*) FILTER (WHERE (SELECT id FROM long s ORDER BY s.v <+> t.v LIMIT 1) = id) AS l1,
	count(*) FILTER (WHERE (SELECT id FROM long s ORDER BY s.w <-> t.w LIMIT 1) = id) AS projected
FROM long t;

-- Unlogged, temporary, partial, of an expression; with a graph.
CREATE UNLOGGED TABLE unlogged_items AS SELECT * FROM items WHERE id <= 600;
CREATE INDEX unlogged_v ON unlogged_items USING qdrant_hnsw (v vector_l2_ops) WITH (indexing_threshold = 0);
CREATE TEMP TABLE temp_items AS SELECT * FROM items WHERE id <= 600;
CREATE INDEX temp_v ON temp_items USING qdrant_hnsw (v vector_l2_ops) WITH (indexing_threshold = 0);
CREATE INDEX partial_v ON items USING qdrant_hnsw (v vector_l2_ops) WITH (indexing_threshold = 0) WHERE id % 5 = 0;
CREATE INDEX expression_v ON items USING qdrant_hnsw ((noise(id, 4)::vector(4)) vector_l2_ops) WITH (indexing_threshold = 0);
INSERT INTO unlogged_items SELECT * FROM items WHERE id BETWEEN 601 AND 1500;
INSERT INTO temp_items SELECT * FROM items WHERE id BETWEEN 601 AND 1500;
INSERT INTO items SELECT i, noise(i, 16) FROM generate_series(5001, 5700) i;
DELETE FROM items WHERE id % 7 = 0;
VACUUM items, unlogged_items, temp_items;
SELECT n, c.* FROM unnest(ARRAY['unlogged_v', 'temp_v', 'partial_v', 'expression_v', 'items_l2']) n,
	qdrant.check_index(n::regclass) c;

-- Errors.
CREATE INDEX wrong ON items USING qdrant_hnsw (noise(id, id) vector_l2_ops);
CREATE INDEX wrong ON items USING qdrant_hnsw ((noise(id, 3 + id % 2)::vector(3)) vector_l2_ops);
CREATE INDEX items_id ON items (id);
SELECT * FROM qdrant.check_index('items_id');
SELECT * FROM qdrant.check_index('items');
CREATE ROLE regress_hnsw_reader;
SET ROLE regress_hnsw_reader;
SELECT * FROM qdrant.check_index('items_l2');
RESET ROLE;
DROP ROLE regress_hnsw_reader;

DROP TABLE items, copies, few, long, unlogged_items, temp_items;
DROP FUNCTION noise(int, int);

-- Copies share vertices, 97 at most each; and of copies that are nearer to all others than these are to each other one is enough for a vertex.
CREATE TABLE around_zero (id int, v vector(64));
SELECT setseed(0.5);
INSERT INTO around_zero SELECT i, (SELECT array_agg(random() - 0.5) FROM generate_series(1, 64) WHERE i > 0)::real[]::vector
	FROM generate_series(1, 6000) i;
INSERT INTO around_zero SELECT 6000 + i, array_fill(0::real, ARRAY[64])::vector FROM generate_series(1, 3000) i;
SET client_min_messages = warning;
CREATE INDEX around_zero_v ON around_zero USING qdrant_hnsw (v vector_l2_ops) WITH (indexing_threshold = 0, full_scan_threshold = 0);
SELECT * FROM qdrant.check_index('around_zero_v');
SELECT rows, vertices FROM qdrant.index_stats('around_zero_v');
-- the same by several processes, and in a file
SET max_parallel_maintenance_workers = 2;
SET min_parallel_table_scan_size = 0;
REINDEX INDEX around_zero_v;
SELECT * FROM qdrant.check_index('around_zero_v');
SELECT rows, vertices FROM qdrant.index_stats('around_zero_v');
SET maintenance_work_mem = '1MB';
REINDEX INDEX around_zero_v;
SELECT rows, vertices FROM qdrant.index_stats('around_zero_v');
SET max_parallel_maintenance_workers = 0;
REINDEX INDEX around_zero_v;
SELECT * FROM qdrant.check_index('around_zero_v');
SELECT rows, vertices FROM qdrant.index_stats('around_zero_v');
-- each row is found, once
SET enable_seqscan = off;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM around_zero ORDER BY v <-> array_fill(0::real, ARRAY[64])::vector LIMIT 9000) r;
RESET enable_seqscan;
RESET maintenance_work_mem;
RESET max_parallel_maintenance_workers;
RESET min_parallel_table_scan_size;
-- few links, in clusters: a way leads to each row all the same
CREATE TABLE few_links (id int PRIMARY KEY, v vector(24));
INSERT INTO few_links SELECT i, array_agg(1 + sin((i % 30) * g) + 0.3 * sin(i * g * g))::vector
	FROM generate_series(1, 4000) i, generate_series(1, 24) g GROUP BY i;
CREATE INDEX few_links_v ON few_links USING qdrant_hnsw (v vector_cosine_ops) WITH (m = 2, indexing_threshold = 0);
SELECT * FROM qdrant.check_index('few_links_v');
DROP TABLE few_links;
RESET client_min_messages;
DROP TABLE around_zero;
