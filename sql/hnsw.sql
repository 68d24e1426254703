-- The access method qdrant_hnsw: answers against a sort of the whole table.
-- Small graphs are searched exactly by default; full_scan_threshold = 0 and
-- indexing_threshold = 0 make them graphs that are walked.
SET client_min_messages = warning;

SELECT setseed(0.25);
CREATE FUNCTION random_vector(dim int, seed int) RETURNS vector
	LANGUAGE SQL VOLATILE AS
	$$ SELECT array_agg(random() - 0.5 + 0 * i + 0 * seed)::vector FROM generate_series(1, dim) i $$;

CREATE TABLE items (id int PRIMARY KEY, payload jsonb, embedding vector(16));
INSERT INTO items
	SELECT i, jsonb_build_object('n', i, 'color', (ARRAY['red', 'green', 'blue'])[i % 3 + 1]), random_vector(16, i)
	FROM generate_series(1, 2000) i;
CREATE TABLE queries AS SELECT i AS q, random_vector(16, i) AS v FROM generate_series(1, 20) i;
ANALYZE items;

-- Ids in order, by the index and by a sort; they have to be the same.
CREATE FUNCTION same_order(op text, k int, filter text DEFAULT 'true') RETURNS text
	LANGUAGE plpgsql AS $$
DECLARE
	query record;
	by_index int[];
	by_sort int[];
	plan text := '';
	line text;
	different int := 0;
BEGIN
	FOR query IN SELECT v FROM queries ORDER BY q
	LOOP
		SET LOCAL enable_seqscan = off;
		SET LOCAL enable_sort = off;
		SET LOCAL enable_indexscan = on;
		EXECUTE format('SELECT array_agg(id) FROM (SELECT id FROM items WHERE %s ORDER BY embedding %s $1 LIMIT %s) s', filter, op, k)
			INTO by_index USING query.v;
		IF plan = '' THEN
			FOR line IN EXECUTE format('EXPLAIN (COSTS OFF) SELECT id FROM items WHERE %s ORDER BY embedding %s %L LIMIT %s', filter, op, query.v, k)
			LOOP
				plan := plan || line;
			END LOOP;
			IF plan !~ 'Index Scan using items_' THEN
				RETURN 'no index scan: ' || plan;
			END IF;
		END IF;
		SET LOCAL enable_seqscan = on;
		SET LOCAL enable_sort = on;
		SET LOCAL enable_indexscan = off;
		EXECUTE format('SELECT array_agg(id) FROM (SELECT id FROM items WHERE %s ORDER BY embedding %s $1 LIMIT %s) s', filter, op, k)
			INTO by_sort USING query.v;
		IF by_index IS DISTINCT FROM by_sort THEN
			different := different + 1;
		END IF;
	END LOOP;
	RETURN format('%s of 20 differ', different);
END $$;

-- Share of the true first k that the index finds, over all queries, as text.
CREATE FUNCTION recall_at_least(op text, k int, floor numeric, filter text DEFAULT 'true') RETURNS text
	LANGUAGE plpgsql AS $$
DECLARE
	query record;
	by_index int[];
	by_sort int[];
	hits int := 0;
	wanted int := 0;
	short int := 0;
BEGIN
	FOR query IN SELECT v FROM queries ORDER BY q
	LOOP
		SET LOCAL enable_seqscan = off;
		SET LOCAL enable_sort = off;
		SET LOCAL enable_indexscan = on;
		EXECUTE format('SELECT array_agg(id) FROM (SELECT id FROM items WHERE %s ORDER BY embedding %s $1 LIMIT %s) s', filter, op, k)
			INTO by_index USING query.v;
		SET LOCAL enable_seqscan = on;
		SET LOCAL enable_sort = on;
		SET LOCAL enable_indexscan = off;
		EXECUTE format('SELECT array_agg(id) FROM (SELECT id FROM items WHERE %s ORDER BY embedding %s $1 LIMIT %s) s', filter, op, k)
			INTO by_sort USING query.v;
		wanted := wanted + coalesce(cardinality(by_sort), 0);
		hits := hits + (SELECT count(*) FROM unnest(by_sort) s WHERE s = ANY (by_index));
		IF coalesce(cardinality(by_index), 0) <> coalesce(cardinality(by_sort), 0) THEN
			short := short + 1;
		END IF;
	END LOOP;
	RETURN format('%s, %s short', CASE WHEN hits >= floor * wanted THEN 'enough' ELSE format('%s of %s', hits, wanted) END, short);
END $$;

-- Every metric, rows still in the fresh region and searched exactly.
CREATE INDEX items_l2 ON items USING qdrant_hnsw (embedding vector_l2_ops);
SELECT same_order('<->', 10);
SELECT same_order('<->', 10, 'id % 100 = 7');
DROP INDEX items_l2;
CREATE INDEX items_ip ON items USING qdrant_hnsw (embedding vector_ip_ops);
SELECT same_order('<#>', 10);
DROP INDEX items_ip;
CREATE INDEX items_l1 ON items USING qdrant_hnsw (embedding vector_l1_ops);
SELECT same_order('<+>', 10);
DROP INDEX items_l1;
CREATE INDEX items_cosine ON items USING qdrant_hnsw (embedding vector_cosine_ops);
SELECT same_order('<=>', 10);
SELECT recall_at_least('<=>', 2000, 1);

-- An operator of another class, or no ORDER BY, does not use it.
EXPLAIN (COSTS OFF) SELECT id FROM items ORDER BY embedding <-> '[1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]' LIMIT 3;
EXPLAIN (COSTS OFF) SELECT id FROM items ORDER BY embedding <=> '[1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]' DESC LIMIT 3;
EXPLAIN (COSTS OFF) SELECT count(embedding) FROM items;

-- A payload filter: the rows are found in order until the LIMIT is met.
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT id, payload FROM items
	WHERE payload @@@ '{"must":[{"key":"color","match":{"value":"red"}}]}'
	ORDER BY embedding <=> '[1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]' LIMIT 10;
RESET enable_seqscan;
SELECT same_order('<=>', 10, $$payload @@@ '{"must":[{"key":"color","match":{"value":"red"}}]}'$$);
SELECT same_order('<=>', 10, $$payload @@@ '{"must":[{"key":"n","range":{"lt":13}}]}'$$);
SELECT same_order('<=>', 10, 'id = 77');
SELECT same_order('<=>', 10, 'id < 0');

-- qdrant_pg.iterative_scan: off ends after ef_search rows.
SET enable_seqscan = off;
SET enable_sort = off;
SET qdrant_pg.ef_search = 40;
SET qdrant_pg.iterative_scan = off;
SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <=> (SELECT v FROM queries WHERE q = 1)) s;
SET qdrant_pg.iterative_scan = relaxed_order;
SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <=> (SELECT v FROM queries WHERE q = 1)) s;
SET qdrant_pg.iterative_scan = strict_order;
SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <=> (SELECT v FROM queries WHERE q = 1)) s;
RESET qdrant_pg.iterative_scan;
RESET qdrant_pg.ef_search;
RESET enable_seqscan;
RESET enable_sort;

-- Rows of this transaction, updates, deletes, savepoints.
BEGIN;
INSERT INTO items VALUES (5001, '{"own": true}', (SELECT v FROM queries WHERE q = 1));
SELECT id FROM items ORDER BY embedding <=> (SELECT v FROM queries WHERE q = 1) LIMIT 1;
SAVEPOINT a;
UPDATE items SET embedding = (SELECT v FROM queries WHERE q = 2) WHERE id = 5001;
SELECT id FROM items ORDER BY embedding <=> (SELECT v FROM queries WHERE q = 2) LIMIT 1;
SELECT id = 5001 AS still_there FROM items ORDER BY embedding <=> (SELECT v FROM queries WHERE q = 1) LIMIT 1;
ROLLBACK TO a;
SELECT id FROM items ORDER BY embedding <=> (SELECT v FROM queries WHERE q = 1) LIMIT 1;
DELETE FROM items WHERE id = 5001;
SELECT id = 5001 AS still_there FROM items ORDER BY embedding <=> (SELECT v FROM queries WHERE q = 1) LIMIT 1;
ROLLBACK;

-- Joins and parameters: the scan is started again for each row.
SET enable_seqscan = off;
SET enable_sort = off;
SELECT count(*), count(DISTINCT q) FROM queries,
	LATERAL (SELECT id FROM items ORDER BY embedding <=> v LIMIT 3) s;
WITH nearest AS (
	SELECT q, id, rank FROM queries,
		LATERAL (SELECT id, row_number() OVER (ORDER BY embedding <=> v) AS rank
			FROM (SELECT * FROM items ORDER BY embedding <=> v LIMIT 3) near) s
), truth AS (
	SELECT q, id, row_number() OVER (PARTITION BY q ORDER BY embedding <=> v) AS rank FROM queries, items
)
SELECT count(*) AS wrong FROM nearest n JOIN truth t USING (q, rank) WHERE n.id <> t.id;

-- Cursors.
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM items ORDER BY embedding <=> (SELECT v FROM queries WHERE q = 3);
CREATE TEMP TABLE fetched (id int);
CREATE FUNCTION fetch_into(cur refcursor, n int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
	FOR i IN 1..n LOOP
		FETCH cur INTO r;
		EXIT WHEN NOT FOUND;
		INSERT INTO fetched VALUES (r.id);
	END LOOP;
END $$;
SELECT fetch_into('c', 5);
DELETE FROM items WHERE id % 2 = 0;
SELECT fetch_into('c', 3000);
SELECT count(*), count(DISTINCT id) FROM fetched;
ROLLBACK;
DROP FUNCTION IF EXISTS fetch_into;

-- A query of NULL: all rows, in any order.  One of other dimensions: an error.
SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <=> NULL::vector) s;
SELECT id FROM items ORDER BY embedding <=> '[1,2,3]' LIMIT 1;
RESET enable_seqscan;
RESET enable_sort;

-- Deletes and updates, before and after VACUUM.
DELETE FROM items WHERE id % 3 = 0;
UPDATE items SET embedding = random_vector(16, id) WHERE id % 10 = 1;
SELECT same_order('<=>', 10);
VACUUM items;
SELECT same_order('<=>', 10);
SELECT recall_at_least('<=>', 2000, 1);
SELECT reltuples FROM pg_class WHERE relname = 'items_cosine';
REINDEX INDEX items_cosine;
SELECT same_order('<=>', 10);
REINDEX INDEX CONCURRENTLY items_cosine;
SELECT recall_at_least('<=>', 2000, 1);
DROP INDEX items_cosine;
CREATE INDEX CONCURRENTLY items_cosine ON items USING qdrant_hnsw (embedding vector_cosine_ops);
SELECT same_order('<=>', 10);
DROP INDEX items_cosine;

-- The same through a graph that is walked.
CREATE INDEX items_graph ON items USING qdrant_hnsw (embedding vector_cosine_ops)
	WITH (m = 16, ef_construction = 64, full_scan_threshold = 0, indexing_threshold = 0);
SET qdrant_pg.ef_search = 4;
SELECT recall_at_least('<=>', 1, 0.5);
SELECT recall_at_least('<=>', 10, 0.8);
SELECT recall_at_least('<=>', 10, 0.9, 'id % 100 = 7');
SELECT recall_at_least('<=>', 2000, 1);
RESET qdrant_pg.ef_search;
SELECT recall_at_least('<=>', 10, 0.99);

-- Rows inserted, deleted and vacuumed beside a graph.
INSERT INTO items SELECT i, '{}', random_vector(16, i) FROM generate_series(3001, 4000) i;
SELECT recall_at_least('<=>', 10, 0.95);
DELETE FROM items WHERE id % 4 = 1;
SELECT recall_at_least('<=>', 10, 0.95);
VACUUM items;
SELECT recall_at_least('<=>', 10, 0.95);
SELECT reltuples = (SELECT count(*) FROM items) AS exact FROM pg_class WHERE relname = 'items_graph';
SET qdrant_pg.ef_search = 4;
SELECT recall_at_least('<=>', 10, 0.8);
RESET qdrant_pg.ef_search;
DELETE FROM items WHERE id > 100;
VACUUM items;
SELECT recall_at_least('<=>', 10, 1);
INSERT INTO items SELECT i, '{}', random_vector(16, i) FROM generate_series(101, 1500) i;
VACUUM items;
SELECT recall_at_least('<=>', 10, 0.95);
DELETE FROM items;
VACUUM items;
SELECT recall_at_least('<=>', 10, 1);
INSERT INTO items SELECT i, '{}', random_vector(16, i) FROM generate_series(1, 1500) i;
VACUUM items;
SELECT recall_at_least('<=>', 10, 0.95);
DROP TABLE items;

-- NULLs are not in the index; zero vectors come last, duplicates all come.
CREATE TABLE odd (id int, embedding vector(3));
INSERT INTO odd VALUES (1, '[1,0,0]'), (2, '[0,0,0]'), (3, NULL), (4, '[-1,0,0]'), (5, '[1,0.1,0]');
INSERT INTO odd SELECT 10 + i, '[0,1,0]' FROM generate_series(1, 5) i;
CREATE INDEX odd_cosine ON odd USING qdrant_hnsw (embedding vector_cosine_ops);
SET enable_seqscan = off;
SELECT id, embedding <=> '[1,0,0]' AS distance FROM odd ORDER BY embedding <=> '[1,0,0]';
SELECT count(*) FROM (SELECT id FROM odd ORDER BY embedding <=> '[0,0,0]') s;
RESET enable_seqscan;
DROP TABLE odd;

-- Unlogged and temporary tables, expressions, partial indexes, partitions.
CREATE UNLOGGED TABLE unlogged (id int, embedding vector(2));
CREATE INDEX ON unlogged USING qdrant_hnsw (embedding vector_l2_ops);
INSERT INTO unlogged SELECT i, ARRAY[i, 0]::vector FROM generate_series(1, 100) i;
SET enable_seqscan = off;
SELECT id FROM unlogged ORDER BY embedding <-> '[50.4,0]' LIMIT 3;
CREATE TEMP TABLE temporary (id int, embedding vector(2));
CREATE INDEX ON temporary USING qdrant_hnsw (embedding vector_l2_ops);
INSERT INTO temporary SELECT i, ARRAY[i, 0]::vector FROM generate_series(1, 100) i;
SELECT id FROM temporary ORDER BY embedding <-> '[50.4,0]' LIMIT 3;
TRUNCATE temporary;
SELECT id FROM temporary ORDER BY embedding <-> '[50.4,0]' LIMIT 3;
BEGIN;
CREATE TABLE truncated (id int, embedding vector(2));
CREATE INDEX ON truncated USING qdrant_hnsw (embedding vector_l2_ops);
INSERT INTO truncated SELECT i, ARRAY[i, 0]::vector FROM generate_series(1, 5000) i;
TRUNCATE truncated;
INSERT INTO truncated VALUES (1, '[1,0]'), (2, '[2,0]');
SELECT id FROM truncated ORDER BY embedding <-> '[50.4,0]' LIMIT 3;
COMMIT;
DROP TABLE truncated;
CREATE TABLE wide (id int, a real[], kind int);
CREATE INDEX ON wide USING qdrant_hnsw ((a::vector(2)) vector_l2_ops) WHERE kind = 1;
INSERT INTO wide SELECT i, ARRAY[i, 0], i % 2 FROM generate_series(1, 100) i;
EXPLAIN (COSTS OFF) SELECT id FROM wide WHERE kind = 1 ORDER BY a::vector(2) <-> '[50.4,0]' LIMIT 3;
SELECT id FROM wide WHERE kind = 1 ORDER BY a::vector(2) <-> '[50.4,0]' LIMIT 3;
CREATE TABLE parts (id int, embedding vector(2)) PARTITION BY HASH (id);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE INDEX ON parts USING qdrant_hnsw (embedding vector_l2_ops);
INSERT INTO parts SELECT i, ARRAY[i, 0]::vector FROM generate_series(1, 100) i;
EXPLAIN (COSTS OFF) SELECT id FROM parts ORDER BY embedding <-> '[50.4,0]' LIMIT 3;
SELECT id FROM parts ORDER BY embedding <-> '[50.4,0]' LIMIT 3;
RESET enable_seqscan;
DROP TABLE unlogged, wide, parts;

-- Codes that are cut to fit a page; no graph at all.
CREATE TABLE long (id int, embedding vector(20000));
INSERT INTO long SELECT i, array_agg(CASE WHEN j % 10 = i THEN 1 ELSE 0.1 END)::vector
	FROM generate_series(0, 9) i, generate_series(1, 20000) j GROUP BY i;
CREATE INDEX long_ip ON long USING qdrant_hnsw (embedding vector_ip_ops)
	WITH (indexing_threshold = 0);
SET enable_seqscan = off;
SELECT id FROM long ORDER BY embedding <#> (SELECT embedding FROM long WHERE id = 7) LIMIT 1;
RESET enable_seqscan;
CREATE INDEX ON long USING qdrant_hnsw (embedding vector_l1_ops);
DROP TABLE long;
CREATE TABLE flat (id int, embedding vector(2));
CREATE INDEX ON flat USING qdrant_hnsw (embedding vector_l2_ops) WITH (m = 0, indexing_threshold = 0);
INSERT INTO flat SELECT i, ARRAY[i, 0]::vector FROM generate_series(1, 3000) i;
DELETE FROM flat WHERE id < 2000;
VACUUM flat;
INSERT INTO flat SELECT i, ARRAY[i, 0]::vector FROM generate_series(1, 1000) i;
SET enable_seqscan = off;
SELECT id FROM flat ORDER BY embedding <-> '[50.4,0]' LIMIT 3;
SELECT count(*) FROM (SELECT id FROM flat ORDER BY embedding <-> '[50.4,0]') s;
RESET enable_seqscan;
DROP TABLE flat;

-- All rows replaced at once: when VACUUM merges the new ones, every vertex of
-- the graph is a tombstone.  They have to be found from the entry all the same.
CREATE TABLE replaced (id int PRIMARY KEY, embedding vector(2)) WITH (autovacuum_enabled = off);
INSERT INTO replaced SELECT i, ARRAY[i % 20, i / 20]::vector FROM generate_series(1, 240) i;
CREATE INDEX replaced_v ON replaced USING qdrant_hnsw (embedding vector_l2_ops)
	WITH (indexing_threshold = 0, full_scan_threshold = 0, ef_construction = 40);
UPDATE replaced SET embedding = embedding + '[0.25,0.5]';
VACUUM replaced;
SELECT * FROM qdrant.check_index('replaced_v');
SET enable_seqscan = off;
SELECT id, embedding FROM replaced ORDER BY embedding <-> '[7.3,5.5]' LIMIT 2;
RESET enable_seqscan;
DROP TABLE replaced;

-- What cannot be indexed.
CREATE TABLE bad (id int, any_dim vector, embedding vector(3));
CREATE INDEX ON bad USING qdrant_hnsw (any_dim vector_l2_ops);
CREATE INDEX ON bad USING qdrant_hnsw (embedding);
CREATE INDEX ON bad USING qdrant_hnsw (id);
CREATE UNIQUE INDEX ON bad USING qdrant_hnsw (embedding vector_l2_ops);
CREATE INDEX ON bad USING qdrant_hnsw (embedding vector_l2_ops, embedding vector_ip_ops);
CREATE INDEX ON bad USING qdrant_hnsw (embedding vector_l2_ops) INCLUDE (id);
CREATE INDEX ON bad USING qdrant_hnsw (embedding vector_l2_ops) WITH (m = 1);
CREATE INDEX ON bad USING qdrant_hnsw (embedding vector_l2_ops) WITH (m = 101);
CREATE INDEX ON bad USING qdrant_hnsw (embedding vector_l2_ops) WITH (ef_construction = 3);
CREATE INDEX ON bad USING qdrant_hnsw (embedding vector_l2_ops) WITH (full_scan_threshold = -1);
CREATE INDEX ON bad USING qdrant_hnsw (embedding vector_l2_ops) WITH (unheard_of = 1);
DROP TABLE bad;

-- The operator classes are what the access method expects.
SELECT opcname, amvalidate(c.oid) FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod
	WHERE amname = 'qdrant_hnsw' ORDER BY 1;

DROP TABLE queries;
DROP FUNCTION random_vector, same_order, recall_at_least;
