-- VACUUM of qdrant_hnsw: the living stay within reach, whatever dies around them.
\set VERBOSITY terse
SET max_parallel_maintenance_workers = 0;
CREATE FUNCTION noise(a int, b int, c int) RETURNS real IMMUTABLE PARALLEL SAFE LANGUAGE sql AS
	$$SELECT (hashint4(a # hashint4(b # hashint4(c))) & 65535)::real / 65536 - 0.5$$;
-- a vector of 16 dimensions in one of 10 clusters that are far from each other
CREATE FUNCTION clustered(id int) RETURNS vector IMMUTABLE PARALLEL SAFE LANGUAGE sql AS
	$$SELECT array_agg(noise(id % 10, 7, g) * 20 + noise(id, 1, g) ORDER BY g)::vector FROM generate_series(1, 16) g$$;
CREATE TABLE repaired (id int, v vector(16)) WITH (autovacuum_enabled = off);
INSERT INTO repaired SELECT i, clustered(i) FROM generate_series(1, 8000) i;
CREATE FUNCTION not_found() RETURNS bigint LANGUAGE sql SET enable_seqscan = off SET enable_sort = off AS
	$$SELECT count(*) FROM repaired t WHERE id % 10 < 4 AND
		(SELECT s.id FROM repaired s ORDER BY s.v <-> t.v LIMIT 1) <> id$$;

-- few links: a graph of far clusters is not whole, as it is built ...
CREATE INDEX repaired_v ON repaired USING qdrant_hnsw (v vector_l2_ops)
	WITH (layout = compact, m = 3, indexing_threshold = 0, full_scan_threshold = 0);
DELETE FROM repaired WHERE id % 7 = 1;
-- ... and after it was repaired: check_index reports nothing
VACUUM repaired;
SELECT * FROM qdrant.check_index('repaired_v');
DROP INDEX repaired_v;
TRUNCATE repaired;

-- of four clusters only a few rows stay: they are found by the graph as before
INSERT INTO repaired SELECT i, clustered(i) FROM generate_series(1, 8000) i;
CREATE INDEX repaired_v ON repaired USING qdrant_hnsw (v vector_l2_ops)
	WITH (layout = compact, indexing_threshold = 0, full_scan_threshold = 0);
SELECT not_found() < 3 AS found;
DELETE FROM repaired WHERE id % 10 < 4 AND id > 200;
VACUUM repaired;
SELECT * FROM qdrant.check_index('repaired_v');
SELECT not_found() < 3 AS found;
DROP INDEX repaired_v;
TRUNCATE repaired;
INSERT INTO repaired SELECT i, clustered(i) FROM generate_series(1, 8000) i;
CREATE INDEX repaired_v ON repaired USING qdrant_hnsw (v vector_l2_ops)
	WITH (layout = inlined, indexing_threshold = 0, full_scan_threshold = 0);
DELETE FROM repaired WHERE id % 10 < 4 AND id > 200;
VACUUM repaired;
SELECT * FROM qdrant.check_index('repaired_v');
SELECT not_found() < 3 AS found;

-- most rows die: linked anew in memory
DELETE FROM repaired WHERE id > 600;
VACUUM repaired;
SELECT rows, vertices, tombstones FROM qdrant.index_stats('repaired_v');
SELECT * FROM qdrant.check_index('repaired_v');
SELECT not_found() < 3 AS found;
-- ... or where memory is short, one by one
INSERT INTO repaired SELECT i, clustered(i) FROM generate_series(601, 8000) i;
VACUUM repaired;
DELETE FROM repaired WHERE id BETWEEN 300 AND 7700;
SET maintenance_work_mem = '1MB';
VACUUM repaired;
SELECT rows, vertices, tombstones FROM qdrant.index_stats('repaired_v');
SELECT * FROM qdrant.check_index('repaired_v');
SELECT not_found() < 3 AS found;
RESET maintenance_work_mem;
DROP TABLE repaired;
DROP FUNCTION not_found();
DROP FUNCTION clustered(int);
DROP FUNCTION noise(int, int, int);
