-- Rows with the same vector share a vertex: new versions of rows whose payload
-- has changed, and copies.  Merges by the writer, so that each step ends.
SET qdrant_pg.fresh_worker = off;
SET client_min_messages = warning;
CREATE FUNCTION hash_vector(i int) RETURNS vector IMMUTABLE LANGUAGE sql AS
	$$SELECT array_agg((hashint4(i # hashint4(g)) & 65535)::real / 65536 - 0.5 ORDER BY g)::vector FROM generate_series(1, 24) g$$;
CREATE TABLE shared (id int, n int, v vector(24));
CREATE INDEX shared_id ON shared (id);
CREATE INDEX shared_v ON shared USING qdrant_hnsw (v vector_l2_ops)
	WITH (indexing_threshold = 10, full_scan_threshold = 0);
INSERT INTO shared SELECT i, 0, hash_vector(i) FROM generate_series(1, 2000) i;
VACUUM shared;
SELECT rows, vertices, fresh FROM qdrant.index_stats('shared_v');

-- payload updates: one by one, and in bulk; the graph does not grow
UPDATE shared SET n = n + 1 WHERE id <= 20;
VACUUM shared;
SELECT rows, vertices, fresh FROM qdrant.index_stats('shared_v');
SELECT * FROM qdrant.check_index('shared_v');
UPDATE shared SET n = n + 1 WHERE id % 2 = 0;
UPDATE shared SET n = n + 1 WHERE id % 2 = 0;
SELECT rows > 2000 AS old_versions_too, vertices FROM qdrant.index_stats('shared_v');
SELECT * FROM qdrant.check_index('shared_v');
VACUUM shared;
SELECT rows, vertices, fresh FROM qdrant.index_stats('shared_v');
SELECT * FROM qdrant.check_index('shared_v');
SELECT bytes FROM qdrant.index_stats('shared_v') \gset
UPDATE shared SET n = n + 1 WHERE id % 2 = 0;
VACUUM shared;
UPDATE shared SET n = n + 1 WHERE id % 2 = 0;
VACUUM shared;
SELECT bytes = :bytes AS no_larger FROM qdrant.index_stats('shared_v');

-- copies of three vectors, more than a vertex takes
INSERT INTO shared SELECT 10000 + i, 0, hash_vector(1 + i % 3) FROM generate_series(1, 600) i;
VACUUM shared;
SELECT rows, vertices - 2000 AS more_vertices FROM qdrant.index_stats('shared_v');
SELECT * FROM qdrant.check_index('shared_v');
SET enable_seqscan = off;
SET enable_sort = off;
SET enable_bitmapscan = off;
SELECT count(*), count(DISTINCT ctid), min(id % 10000), bool_and(v = hash_vector(2)) AS copies
FROM (SELECT ctid, id, v FROM shared ORDER BY v <-> hash_vector(2) LIMIT 201) x;
SELECT count(*), count(DISTINCT ctid) FROM (SELECT ctid FROM shared ORDER BY v <-> hash_vector(2) LIMIT 100000) x;

-- a vertex lives as long as one of its rows does
DELETE FROM shared WHERE id < 10000;
VACUUM shared;
SELECT rows, vertices < 20 AS few_vertices FROM qdrant.index_stats('shared_v');
SELECT * FROM qdrant.check_index('shared_v');
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM shared ORDER BY v <-> hash_vector(1) LIMIT 100000) x;
INSERT INTO shared SELECT i, 0, hash_vector(i) FROM generate_series(1, 2000) i;
DELETE FROM shared WHERE id > 10000;
VACUUM shared;
SELECT rows, vertices, fresh FROM qdrant.index_stats('shared_v');
SELECT * FROM qdrant.check_index('shared_v');

-- a backlog into a graph with tombstones and free places
DELETE FROM shared WHERE id % 3 = 0;
VACUUM shared;
SELECT bytes FROM qdrant.index_stats('shared_v') \gset
DELETE FROM shared WHERE id % 30 = 1;
INSERT INTO shared SELECT i, 1, hash_vector(30000 + i) FROM generate_series(1, 600) i;
VACUUM shared;
SELECT rows = (SELECT count(*) FROM shared) AS all_rows, vertices = rows AS own_vertices, fresh,
	bytes = :bytes AS no_larger
FROM qdrant.index_stats('shared_v');
SELECT * FROM qdrant.check_index('shared_v');
SELECT count(*) AS not_found FROM shared s
WHERE (SELECT f.v FROM shared f ORDER BY f.v <-> s.v LIMIT 1) <> s.v;
DROP TABLE shared;
DROP FUNCTION hash_vector(int);

-- rows that come and go below the threshold: the ring uses its pages again, and
-- grows again when they come to stay
CREATE TABLE passing (id serial, v vector(8000));
INSERT INTO passing (v) VALUES (array_fill(0.5::real, ARRAY[8000]));
CREATE INDEX passing_v ON passing USING qdrant_hnsw (v vector_l2_ops) WITH (m = 0);
CREATE FUNCTION pass(n int) RETURNS TABLE (statement text) LANGUAGE sql AS $$
	SELECT unnest(ARRAY['INSERT INTO passing (v) SELECT array_fill(i::real, ARRAY[8000]) FROM generate_series(1, 200) i',
		'DELETE FROM passing WHERE id < (SELECT max(id) FROM passing)', 'VACUUM passing'])
	FROM generate_series(1, n) $$;
\set ECHO none
SELECT statement FROM pass(12) \gexec
\set ECHO all
SELECT rows, fresh_pages_used, fresh_pages < 800 AS pages_again FROM qdrant.index_stats('passing_v');
INSERT INTO passing (v) SELECT array_fill(i::real, ARRAY[8000]) FROM generate_series(1, 1200) i;
SELECT rows, fresh_pages_used, fresh_pages >= 1200 AS more_pages FROM qdrant.index_stats('passing_v');
SELECT * FROM qdrant.check_index('passing_v');
DELETE FROM passing WHERE id < (SELECT max(id) FROM passing);
DROP INDEX passing_v;
CREATE INDEX passing_v ON passing USING qdrant_hnsw (v vector_l2_ops) WITH (indexing_threshold = 8000);
\set ECHO none
SELECT statement FROM pass(7) \gexec
\set ECHO all
SELECT rows, vertices, fresh_pages_used, fresh_pages < 800 AS pages_again FROM qdrant.index_stats('passing_v');
ALTER INDEX passing_v SET (indexing_threshold = 1000000);
SET statement_timeout = '1min';
INSERT INTO passing (v) SELECT array_fill(i::real, ARRAY[8000]) FROM generate_series(1, 1200) i;
SELECT rows, vertices, fresh_pages_used, fresh_pages >= 1200 AS more_pages FROM qdrant.index_stats('passing_v');
SELECT * FROM qdrant.check_index('passing_v');
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM passing ORDER BY v <-> array_fill(1::real, ARRAY[8000])::vector) x;
RESET statement_timeout;
-- as many as the threshold was
ALTER INDEX passing_v SET (indexing_threshold = 8000);
VACUUM passing;
SELECT rows, vertices, fresh FROM qdrant.index_stats('passing_v');
SELECT * FROM qdrant.check_index('passing_v');
DROP TABLE passing;
DROP FUNCTION pass(int);
