-- Indexes of every element type and metric: against exact results, in the fresh
-- region, built, and with rows that came later.
SET qdrant_pg.ef_search = 100;

CREATE FUNCTION random_reals(dims int, seed int) RETURNS real[] LANGUAGE plpgsql AS $$
BEGIN
	PERFORM setseed(1.0 / seed);
	RETURN (SELECT array_agg(random() * 200) FROM generate_series(1, dims));
END $$;

-- Does the index find 117 of the ten nearest of 12 queries, which are rows of
-- the table, and is it used?  layout: what the index makes of auto or compact.
CREATE FUNCTION recall(type text, opclass text, operator text, exact text, INOUT layout text, OUT high boolean, OUT used boolean)
LANGUAGE plpgsql AS $$
DECLARE
	search CONSTANT text := format('FROM rows r ORDER BY r.%1$s %2$s (SELECT %1$s FROM rows WHERE id = $1) LIMIT 10',
		type, operator);
	line text;
	n int;
	hits int := 0;
	i int;
BEGIN
	EXECUTE format('CREATE INDEX recall_index ON rows USING qdrant_hnsw (%s %s)'
		' WITH (indexing_threshold = 0, full_scan_threshold = 0, layout = %s)', type, opclass, layout);
	layout := (qdrant.index_stats('recall_index')).layout;
	used := false;
	FOR line IN EXECUTE 'EXPLAIN SELECT id ' || replace(search, '$1', '1') LOOP
		used := used OR line LIKE '%Index Scan using recall_index%';
	END LOOP;
	FOR i IN 1 .. 12 LOOP
		-- a tie may be broken either way: what is as near as the tenth is right
		EXECUTE format('SELECT count(*) FROM (SELECT %1$s AS d FROM (SELECT r.* %2$s) r, rows q WHERE q.id = $1) a'
			' WHERE d <= (SELECT max(d) FROM (SELECT %1$s AS d FROM rows r, rows q WHERE q.id = $1 ORDER BY 1 LIMIT 10) e)',
			exact, search)
		INTO n USING 100 * i - 7;
		hits := hits + n;
	END LOOP;
	DROP INDEX recall_index;
	high := hits >= 117;
END $$;

CREATE TABLE rows (id int PRIMARY KEY, halfvec halfvec(24), bytevec bytevec(24), bits bit(200), vector vector(24));
CREATE FUNCTION random_bits(dims int) RETURNS bit varying LANGUAGE sql VOLATILE AS $$
	SELECT string_agg((random() < 0.3)::int::text, '')::bit varying FROM generate_series(1, dims)
$$;
CREATE FUNCTION add_rows(first int, last int) RETURNS void LANGUAGE sql AS $$
	INSERT INTO rows SELECT i, r::halfvec, qdrant.to_bytevec(r::vector), random_bits(200), r
	FROM generate_series(first, last) i, random_reals(24, i) r
$$;
SELECT add_rows(1, 1200);
ANALYZE rows;
SELECT c.opclass, r.* FROM (VALUES
	('vector', 'vector_l2_ops', '<->', 'l2_distance(r.vector, q.vector)'),
	('vector', 'vector_ip_ops', '<#>', '-inner_product(r.vector, q.vector)'),
	('vector', 'vector_cosine_ops', '<=>', 'cosine_distance(r.vector, q.vector)'),
	('vector', 'vector_l1_ops', '<+>', 'l1_distance(r.vector, q.vector)'),
	('halfvec', 'halfvec_l2_ops', '<->', 'l2_distance(r.halfvec, q.halfvec)'),
	('halfvec', 'halfvec_ip_ops', '<#>', '-inner_product(r.halfvec, q.halfvec)'),
	('halfvec', 'halfvec_cosine_ops', '<=>', 'cosine_distance(r.halfvec, q.halfvec)'),
	('halfvec', 'halfvec_l1_ops', '<+>', 'l1_distance(r.halfvec, q.halfvec)'),
	('bytevec', 'bytevec_l2_ops', '<->', 'l2_distance(r.bytevec, q.bytevec)'),
	('bytevec', 'bytevec_ip_ops', '<#>', '-inner_product(r.bytevec, q.bytevec)'),
	('bytevec', 'bytevec_cosine_ops', '<=>', 'cosine_distance(r.bytevec, q.bytevec)'),
	('bytevec', 'bytevec_l1_ops', '<+>', 'l1_distance(r.bytevec, q.bytevec)'),
	('bits', 'bit_hamming_ops', '<~>', 'hamming_distance(r.bits, q.bits)'),
	('bits', 'bit_jaccard_ops', '<%>', 'jaccard_distance(r.bits, q.bits)')
) c(type, opclass, operator, exact), (VALUES ('compact'), ('auto')) l(layout),
	recall(c.type, c.opclass, c.operator, c.exact, l.layout) r
ORDER BY r.layout, c.opclass;

-- the fresh region, later rows, and the index against the table
CREATE INDEX fresh_halfvec ON rows USING qdrant_hnsw (halfvec halfvec_l2_ops);
CREATE INDEX fresh_bytevec ON rows USING qdrant_hnsw (bytevec bytevec_l2_ops);
CREATE INDEX fresh_hamming ON rows USING qdrant_hnsw (bits bit_hamming_ops);
CREATE INDEX fresh_jaccard ON rows USING qdrant_hnsw (bits bit_jaccard_ops);
SELECT add_rows(1201, 2100);
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM rows ORDER BY bytevec <-> '[1,2]' LIMIT 1;
SELECT id FROM rows ORDER BY halfvec <-> (SELECT halfvec FROM rows WHERE id = 2050) LIMIT 1;
SELECT id FROM rows ORDER BY bytevec <-> (SELECT bytevec FROM rows WHERE id = 2060) LIMIT 1;
SELECT id FROM rows ORDER BY bits <~> (SELECT bits FROM rows WHERE id = 2070) LIMIT 1;
SELECT id FROM rows ORDER BY bits <%> (SELECT bits FROM rows WHERE id = 2080) LIMIT 1;
SELECT count(*) FROM (SELECT FROM rows WHERE bits <~> (SELECT bits FROM rows WHERE id = 2070) < 60
	ORDER BY bits <~> (SELECT bits FROM rows WHERE id = 2070) LIMIT 1) a;
SELECT i, c.* FROM unnest('{fresh_halfvec,fresh_bytevec,fresh_hamming,fresh_jaccard}'::regclass[]) i, qdrant.check_index(i) c;
REINDEX TABLE rows;
SELECT i, c.* FROM unnest('{fresh_halfvec,fresh_bytevec,fresh_hamming,fresh_jaccard}'::regclass[]) i, qdrant.check_index(i) c;

-- mistakes
SELECT id FROM rows ORDER BY halfvec <-> '[1,2]' LIMIT 1;
SELECT id FROM rows ORDER BY bytevec <-> '[1,2]' LIMIT 1;
CREATE INDEX ON rows USING qdrant_hnsw ((halfvec::halfvec) halfvec_l2_ops);
CREATE INDEX ON rows USING qdrant_hnsw (halfvec);
CREATE INDEX ON rows USING qdrant_hnsw (halfvec vector_l2_ops);
SELECT id FROM rows ORDER BY bits <~> '101' LIMIT 1;
CREATE INDEX ON rows USING qdrant_hnsw ((bits::bit varying::bit(65537)) bit_hamming_ops);
CREATE INDEX ON rows USING qdrant_hnsw ((bits::bit varying) bit_hamming_ops);
CREATE INDEX ON rows USING qdrant_hnsw (bits bit_jaccard_ops) WITH (layout = 'inlined');

-- bits of vectors, long ones, whose codes are cut, and rows without a one
CREATE TABLE long_rows (id int, bits bit(20000));
INSERT INTO long_rows SELECT i, regexp_replace(random_bits(400)::text, '(.)', repeat('\1', 50), 'g')::bit(20000)
FROM generate_series(1, 300) i;
INSERT INTO long_rows VALUES (301, repeat('0', 20000)::bit(20000)), (302, repeat('0', 20000)::bit(20000));
CREATE INDEX ON long_rows USING qdrant_hnsw (bits bit_jaccard_ops) WITH (indexing_threshold = 0, full_scan_threshold = 0);
CREATE INDEX ON long_rows USING qdrant_hnsw (bits bit_hamming_ops) WITH (indexing_threshold = 0, full_scan_threshold = 0);
SELECT (SELECT id FROM long_rows ORDER BY bits <%> (SELECT bits FROM long_rows WHERE id = 7) LIMIT 1) AS jaccard,
	(SELECT id FROM long_rows ORDER BY bits <~> (SELECT bits FROM long_rows WHERE id = 7) LIMIT 1) AS hamming,
	(SELECT string_agg(id::text, ' ' ORDER BY id) FROM (SELECT id FROM long_rows
		ORDER BY bits <~> (SELECT bits FROM long_rows WHERE id = 301) LIMIT 2) a) AS no_ones,
	(SELECT count(*) FROM (SELECT id FROM long_rows ORDER BY bits <%> (SELECT bits FROM long_rows WHERE id = 301)) a) AS all_rows;
SELECT c.* FROM pg_index i, qdrant.check_index(indexrelid) c WHERE indrelid = 'long_rows'::regclass;
CREATE INDEX ON rows USING qdrant_hnsw ((binary_quantize(halfvec)::bit(24)) bit_hamming_ops);
EXPLAIN (COSTS OFF) SELECT id FROM rows ORDER BY binary_quantize(halfvec)::bit(24) <~> binary_quantize('[1,-2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24]'::halfvec)::bit(24) LIMIT 1;

-- the order is the operator's: where squares are no floats, and beyond 24 bits
CREATE TABLE far (id int, huge vector(3), tiny vector(3), bytes bytevec(1024));
INSERT INTO far SELECT i, ARRAY[1e20 * random(), 1e20 * random(), 1e20 * random()]::vector,
	ARRAY[1e-24 * random(), 1e-24 * random(), 1e-24 * random()]::vector,
	(SELECT array_agg((random() * 255)::int) FROM generate_series(1, 1024) WHERE i > 0)::bytevec
	FROM generate_series(1, 500) i;
CREATE INDEX ON far USING qdrant_hnsw (huge vector_cosine_ops) WITH (indexing_threshold = 0);
CREATE INDEX ON far USING qdrant_hnsw (tiny vector_cosine_ops) WITH (indexing_threshold = 0);
CREATE INDEX ON far USING qdrant_hnsw (bytes bytevec_l2_ops) WITH (indexing_threshold = 0);
SET enable_seqscan = off;
SET enable_sort = off;
SELECT (SELECT count(*) FROM (SELECT d, lag(d) OVER () AS before FROM
		(SELECT huge <=> (SELECT huge FROM far WHERE id = 7) AS d FROM far ORDER BY huge <=> (SELECT huge FROM far WHERE id = 7)) a) b
		WHERE d < before) AS huge,
	(SELECT count(*) FROM (SELECT d, lag(d) OVER () AS before FROM
		(SELECT tiny <=> (SELECT tiny FROM far WHERE id = 7) AS d FROM far ORDER BY tiny <=> (SELECT tiny FROM far WHERE id = 7)) a) b
		WHERE d < before) AS tiny,
	(SELECT count(*) FROM (SELECT d, lag(d) OVER () AS before FROM
		(SELECT bytes <-> (SELECT bytes FROM far WHERE id = 7) AS d FROM far ORDER BY bytes <-> (SELECT bytes FROM far WHERE id = 7)) a) b
		WHERE d < before) AS bytes;
RESET enable_seqscan;
RESET enable_sort;
DROP TABLE far;
DROP TABLE long_rows;
DROP TABLE rows;
DROP FUNCTION recall, add_rows, random_bits, random_reals;
