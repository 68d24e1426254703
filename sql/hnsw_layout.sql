-- Both layouts of the graph's pages: recall against a sort of the table, and
-- qdrant.check_index, after the build, merges, updates and VACUUM.
SET client_min_messages = warning;
CREATE FUNCTION noise(i int, dim int) RETURNS public.vector IMMUTABLE LANGUAGE sql AS
	$$SELECT array_agg((hashint4(i # hashint4(g)) & 65535)::real / 65536 - 0.5
		+ 2 * ((hashint4(i % 20 # hashint4(-g)) & 65535)::real / 65536 - 0.5) ORDER BY g)::public.vector
	FROM generate_series(1, dim) g$$;

-- Of the true first ten of 40 queries, 400 in all, those that the index finds.
CREATE FUNCTION found(name regclass, op text, dim int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	hits int := 0;
	by_index int[];
	by_sort int[];
	sql text := format('SELECT array_agg(id) FROM (SELECT id FROM %s ORDER BY v %s $1 LIMIT 10) s', name, op);
BEGIN
	FOR q IN 1..40 LOOP
		SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_indexscan = on;
		EXECUTE sql INTO by_index USING noise(200000 + q, dim);
		SET LOCAL enable_seqscan = on; SET LOCAL enable_sort = on; SET LOCAL enable_indexscan = off;
		EXECUTE sql INTO by_sort USING noise(200000 + q, dim);
		hits := hits + (SELECT count(*) FROM unnest(by_index) i WHERE i = ANY (by_sort));
	END LOOP;
	RETURN hits;
END $$;

-- One table through its life, with one index.
CREATE FUNCTION life(class text, op text, layout text, dim int, n int) RETURNS TABLE (step text, enough boolean, problems bigint)
	LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TEMP TABLE lived (id int PRIMARY KEY, v vector(%s))', dim);
	INSERT INTO lived SELECT i, noise(i, dim) FROM generate_series(1, n) i;
	EXECUTE format('CREATE INDEX lived_v ON lived USING qdrant_hnsw (v %s) WITH (layout = %s, ef_construction = 60, indexing_threshold = 0, full_scan_threshold = 0)', class, layout);
	RETURN QUERY SELECT 'built', found('lived', op, dim) > CASE WHEN dim > 320 THEN 350 ELSE 380 END, count(*) FROM qdrant.check_index('lived_v');
	-- beyond the limit of the fresh region: merged by the writer
	INSERT INTO lived SELECT i, noise(i, dim) FROM generate_series(n + 1, n + 700) i;
	RETURN QUERY SELECT 'merged', found('lived', op, dim) > CASE WHEN dim > 320 THEN 350 ELSE 380 END, count(*) FROM qdrant.check_index('lived_v');
	UPDATE lived SET v = noise(id + 100000, dim) WHERE id % 4 = 0;
	DELETE FROM lived WHERE id % 5 = 0;
	RETURN QUERY SELECT 'changed', found('lived', op, dim) > CASE WHEN dim > 320 THEN 350 ELSE 380 END, count(*) FROM qdrant.check_index('lived_v');
END $$;
-- VACUUM can't run in a function.
CREATE FUNCTION after_vacuum(op text, dim int) RETURNS TABLE (step text, enough boolean, problems bigint) LANGUAGE plpgsql AS
	$$BEGIN RETURN QUERY SELECT 'vacuumed', found('lived', op, dim) > CASE WHEN dim > 320 THEN 350 ELSE 380 END, count(*) FROM qdrant.check_index('lived_v'); END$$;

SET qdrant_pg.ef_search = 48;
SELECT * FROM life('vector_l2_ops', '<->', 'inlined', 24, 1500);
VACUUM lived;
SELECT * FROM after_vacuum('<->', 24);
-- freed vertices are used again
INSERT INTO lived SELECT i, noise(i, 24) FROM generate_series(5001, 5700) i;
VACUUM lived;
SELECT * FROM after_vacuum('<->', 24);
DROP TABLE lived;
SELECT * FROM life('vector_ip_ops', '<#>', 'inlined', 24, 1500);
VACUUM lived;
SELECT * FROM after_vacuum('<#>', 24);
DROP TABLE lived;
SELECT * FROM life('vector_cosine_ops', '<=>', 'inlined', 24, 1500);
VACUUM lived;
SELECT * FROM after_vacuum('<=>', 24);
DROP TABLE lived;
-- one bit for a coordinate; random ones are hard to tell apart by it
SELECT * FROM life('vector_cosine_ops', '<=>', 'inlined', 330, 500);
VACUUM lived;
SELECT * FROM after_vacuum('<=>', 330);
DROP TABLE lived;
SELECT * FROM life('vector_l2_ops', '<->', 'compact', 24, 1500);
VACUUM lived;
SELECT * FROM after_vacuum('<->', 24);
DROP TABLE lived;
-- no codes of neighbours for sums of absolute differences
SELECT * FROM life('vector_l1_ops', '<+>', 'auto', 24, 1500);
VACUUM lived;
SELECT * FROM after_vacuum('<+>', 24);
CREATE INDEX ON lived USING qdrant_hnsw (v vector_l1_ops) WITH (layout = inlined);
CREATE INDEX ON lived USING qdrant_hnsw (v vector_l2_ops) WITH (layout = inlined, m = 0);
CREATE INDEX ON lived USING qdrant_hnsw (v vector_l2_ops) WITH (layout = spread);
DROP TABLE lived;

-- Vectors of very unequal lengths: the factors of one vertex share a scale.
CREATE TABLE uneven (id int, v vector(24));
INSERT INTO uneven SELECT i, ('[' || array_to_string(ARRAY(SELECT x * power(10.0, i % 9 - 4) FROM unnest(noise(i, 24)::real[]) x), ',') || ']')::vector
	FROM generate_series(1, 1000) i;
CREATE INDEX uneven_l2 ON uneven USING qdrant_hnsw (v vector_l2_ops) WITH (layout = inlined, indexing_threshold = 0, full_scan_threshold = 0);
CREATE INDEX uneven_cosine ON uneven USING qdrant_hnsw (v vector_cosine_ops) WITH (layout = inlined, indexing_threshold = 0, full_scan_threshold = 0);
INSERT INTO uneven SELECT id + 1000, v FROM uneven WHERE id % 2 = 0;
VACUUM uneven;
SELECT * FROM qdrant.check_index('uneven_l2');
SELECT * FROM qdrant.check_index('uneven_cosine');
SELECT found('uneven', '<=>', 24) >= 380 AS enough;

-- From the most links to a code of some of the coordinates, to what fits no page.
CREATE TABLE long (id int, v vector(3072));
INSERT INTO long SELECT i, noise(i, 3072) FROM generate_series(1, 60) i;
CREATE INDEX long_v ON long USING qdrant_hnsw (v vector_l2_ops) WITH (layout = inlined, indexing_threshold = 0, full_scan_threshold = 0);
SELECT * FROM qdrant.check_index('long_v');
SELECT found('long', '<->', 3072) >= 390 AS enough;
CREATE INDEX long_m ON long USING qdrant_hnsw (v vector_l2_ops) WITH (layout = inlined, m = 100);
CREATE INDEX long_m ON long USING qdrant_hnsw (v vector_l2_ops) WITH (layout = auto, m = 100, indexing_threshold = 0);
SELECT * FROM qdrant.check_index('long_m');
DROP TABLE long, uneven;
DROP FUNCTION after_vacuum, life, found, noise;
