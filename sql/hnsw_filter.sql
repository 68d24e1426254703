-- Filters as conditions of the vector index: its second column.  Answers are
-- those of a sort of the whole table.
SET client_min_messages = warning;

SELECT setseed(0.5);
CREATE FUNCTION random_vector(seed int) RETURNS vector LANGUAGE sql VOLATILE AS
$$ SELECT array_agg(random() - 0.5 + 0 * i + 0 * seed)::vector FROM generate_series(1, 16) i $$;
-- far: the first coordinate decides, so that a filter on it is (anti-)
-- correlated with the query q = (1, 0, ...).
CREATE TABLE docs (id int PRIMARY KEY, payload jsonb, embedding vector(16));
INSERT INTO docs
	SELECT i, jsonb_build_object('n', i, 'rnd', i * 7919 % 1000, 'tag', (ARRAY['a', 'b', 'c', 'd'])[i % 4 + 1],
		'side', CASE WHEN v::real[] @> '{}' AND (v::real[])[1] > 0.35 THEN 'near' WHEN (v::real[])[1] < -0.35 THEN 'far' ELSE 'mid' END,
		'nested', jsonb_build_array(jsonb_build_object('x', i % 5), jsonb_build_object('x', i % 3))), v
	FROM (SELECT i, random_vector(i) AS v FROM generate_series(1, 6000) i OFFSET 0) s;
UPDATE docs SET payload = NULL WHERE id % 1000 = 1;
CREATE INDEX docs_vector ON docs USING qdrant_hnsw (embedding vector_l2_ops, payload)
	WITH (indexing_threshold = 0, full_scan_threshold = 0);
CREATE TABLE queries AS SELECT i AS q, CASE WHEN i = 1 THEN '[1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]' ELSE random_vector(i) END AS v
	FROM generate_series(1, 8) i;
ANALYZE docs;

CREATE FUNCTION ids(by_index bool, condition text, query vector, k int) RETURNS int[] LANGUAGE plpgsql AS $$
DECLARE
	result int[];
BEGIN
	PERFORM set_config('enable_indexscan', by_index::text, true), set_config('enable_bitmapscan', 'off', true),
		set_config('enable_seqscan', (NOT by_index)::text, true), set_config('enable_sort', (NOT by_index)::text, true);
	EXECUTE format('SELECT array_agg(id) FROM (SELECT id FROM docs WHERE %s ORDER BY embedding <-> $1 LIMIT %s) s',
		condition, k) INTO result USING query;
	RETURN coalesce(result, '{}');
END $$;

-- Queries with all the rows there are, and the share of those that a sort finds.
CREATE FUNCTION compare(condition text, k int DEFAULT 10) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	query vector;
	found int[];
	truth int[];
	short int := 0;
	hits int := 0;
	total int := 0;
BEGIN
	FOR query IN SELECT v FROM queries ORDER BY q LOOP
		found := ids(true, condition, query, k);
		truth := ids(false, condition, query, k);
		short := short + (cardinality(found) <> cardinality(truth))::int;
		hits := hits + cardinality(ARRAY(SELECT unnest(found) INTERSECT SELECT unnest(truth)));
		total := total + cardinality(truth);
	END LOOP;
	RETURN format('%s rows, %s short, recall %s', total, short,
		CASE WHEN hits >= 0.95 * total THEN 'good' ELSE hits || ' of ' || total END);
END $$;

CREATE TABLE filters (name text PRIMARY KEY, f text);
INSERT INTO filters VALUES
	('all', '{}'),
	('50 %', '{"must": {"key": "rnd", "range": {"lt": 500}}}'),
	('10 %', '{"must": {"key": "rnd", "range": {"lt": 100}}}'),
	('1 %', '{"must": {"key": "rnd", "range": {"lt": 10}}}'),
	('0.1 %', '{"must": {"key": "rnd", "match": {"value": 3}}}'),
	('none', '{"must": {"key": "rnd", "range": {"gt": 1000}}}'),
	('near', '{"must": {"key": "side", "match": {"value": "near"}}}'),
	('far', '{"must": {"key": "side", "match": {"value": "far"}}}'),
	('or', '{"should": [{"key": "rnd", "range": {"lt": 5}}, {"key": "tag", "match": {"value": "b"}}]}'),
	('or, one arm without index', '{"should": [{"key": "rnd", "range": {"lt": 5}}, {"key": "n", "range": {"lt": 50}}]}'),
	('not', '{"must_not": {"key": "tag", "match": {"any": ["a", "b", "c"]}}}'),
	('and', '{"must": [{"key": "rnd", "range": {"lt": 50}}, {"key": "tag", "match": {"value": "a"}}], "must_not": {"key": "n", "range": {"gt": 4000}}}'),
	('within', '{"must": [{"should": [{"key": "tag", "match": {"value": "a"}}, {"must": [{"key": "tag", "match": {"value": "b"}}, {"key": "rnd", "range": {"gte": 990}}]}]}, {"key": "rnd", "range": {"gte": 950}}]}'),
	('min_should', '{"min_should": {"min_count": 2, "conditions": [{"key": "rnd", "range": {"lt": 20}}, {"key": "tag", "match": {"value": "c"}}, {"key": "side", "match": {"value": "far"}}]}}'),
	('nested', '{"must": {"nested": {"key": "nested", "filter": {"must": {"key": "x", "match": {"value": 4}}}}}}');

--
-- the plan: a condition of the vector index, with constants and parameters
--
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM docs WHERE payload @@@ '{"must": {"key": "tag", "match": {"value": "a"}}}'
	ORDER BY embedding <-> '[1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]' LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM docs
	WHERE payload @@@ '{"must": [{"key": "tag", "match": {"value": "a"}}, {"key": "n", "range": {"lt": 10}}]}' AND payload @> '{"tag": "a"}' AND id > 3
	ORDER BY embedding <-> '[1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]' LIMIT 5;
SET plan_cache_mode = force_generic_plan;
PREPARE search(vector, payload_filter) AS SELECT id FROM docs WHERE payload @@@ $2 ORDER BY embedding <-> $1 LIMIT 5;
EXPLAIN (COSTS OFF) EXECUTE search('[1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]', '{}');
EXECUTE search('[1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]', NULL);
RESET plan_cache_mode;
RESET enable_bitmapscan;
-- without an order it is no path
EXPLAIN (COSTS OFF) SELECT id FROM docs WHERE payload @@@ '{"must": {"key": "tag", "match": {"value": "a"}}}';
RESET enable_seqscan;

--
-- without payload indexes
--
SELECT name, compare(format('payload @@@ %L', f)) FROM filters ORDER BY name COLLATE "C";
SELECT compare('payload @> ''{"tag": "a"}'''), compare('payload @> ''{"rnd": 7}'''), compare('payload @> NULL'),
	compare('payload @@@ ''{"must": {"key": "rnd", "range": {"lt": 100}}}'' AND payload @> ''{"tag": "a"}'' AND id % 2 = 0');

--
-- with payload indexes
--
CREATE INDEX docs_rnd ON docs USING gin (payload qdrant_integer_ops (path = 'rnd'));
CREATE INDEX docs_tag ON docs USING gin (payload qdrant_keyword_ops (path = 'tag'));
CREATE INDEX docs_side ON docs USING gin (payload qdrant_keyword_ops (path = 'side'));
SELECT name, compare(format('payload @@@ %L', f)) FROM filters ORDER BY name COLLATE "C";
-- all rows that match, beyond what the first round finds
SELECT name, compare(format('payload @@@ %L', f), 700) FROM filters WHERE name IN ('1 %', '10 %', 'far', 'near') ORDER BY name COLLATE "C";
SELECT compare('payload @@@ ''{"must": {"key": "rnd", "range": {"lt": 10}}}'' AND payload @> ''{"tag": "a"}'' AND id % 2 = 0');
-- a bitmap that does not fit names pages only
SET work_mem = 64;
SET hash_mem_multiplier = 1;
SELECT name, compare(format('payload @@@ %L', f)) FROM filters WHERE name IN ('1 %', 'far', 'and') ORDER BY name COLLATE "C";
RESET work_mem;
RESET hash_mem_multiplier;
-- with few rows to find at first the graph is searched for admitted rows,
-- until it turns out that they are elsewhere
SET qdrant_pg.ef_search = 4;
SELECT name, split_part(compare(format('payload @@@ %L', f)), ',', 2) FROM filters WHERE name IN ('10 %', '1 %', 'far', 'and') ORDER BY name COLLATE "C";
SELECT name, compare(format('payload @@@ %L', f), 300) FROM filters WHERE name IN ('10 %', 'far', 'or') ORDER BY name COLLATE "C";
RESET qdrant_pg.ef_search;
-- in strict order
SET qdrant_pg.iterative_scan = strict_order;
SELECT name, compare(format('payload @@@ %L', f)) FROM filters WHERE name IN ('1 %', '0.1 %', 'far') ORDER BY name COLLATE "C";
RESET qdrant_pg.iterative_scan;

-- a partial index does not know all rows, and takes no part
DROP INDEX docs_rnd;
CREATE INDEX docs_rnd ON docs USING gin (payload qdrant_integer_ops (path = 'rnd')) WHERE id < 100;
SELECT name, compare(format('payload @@@ %L', f)) FROM filters WHERE name IN ('1 %', '10 %') ORDER BY name COLLATE "C";
DROP INDEX docs_rnd;
CREATE INDEX docs_rnd ON docs USING gin (payload qdrant_integer_ops (path = 'rnd'));

--
-- writes of this transaction, deleted rows, changed payloads
--
BEGIN;
INSERT INTO docs SELECT 10000 + i, '{"rnd": 3, "tag": "new"}', format('[%s,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]', 1 + i * 0.01)::vector FROM generate_series(1, 3) i;
DELETE FROM docs WHERE id % 7 = 0;
UPDATE docs SET payload = payload || '{"rnd": 3}' WHERE id BETWEEN 100 AND 110;
SELECT ids(true, 'payload @@@ ''{"must": {"key": "tag", "match": {"value": "new"}}}''', v, 5) FROM queries WHERE q = 1;
SELECT name, compare(format('payload @@@ %L', f)) FROM filters WHERE name IN ('1 %', '0.1 %', 'far', 'or') ORDER BY name COLLATE "C";
ROLLBACK;
SELECT ids(true, 'payload @@@ ''{"must": {"key": "tag", "match": {"value": "new"}}}''', v, 5) FROM queries WHERE q = 1;
DELETE FROM docs WHERE id % 7 = 0;
UPDATE docs SET payload = payload || '{"rnd": 3}' WHERE id BETWEEN 100 AND 110;
VACUUM docs;
SELECT name, compare(format('payload @@@ %L', f)) FROM filters WHERE name IN ('1 %', '0.1 %', 'far', 'or') ORDER BY name COLLATE "C";
SELECT * FROM qdrant.check_index('docs_vector');

--
-- an inner side of a join: keys change from row to row
--
SET enable_seqscan = off;
SET enable_sort = off;
SELECT f.name, (SELECT count(*) FROM (SELECT id FROM docs WHERE payload @@@ f.f::payload_filter
	ORDER BY embedding <-> '[1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]' LIMIT 5) s)
FROM filters f WHERE name IN ('0.1 %', '1 %', 'none', 'or') ORDER BY name COLLATE "C";
RESET enable_seqscan;
RESET enable_sort;

--
-- row-level security leaves the condition to the index, since it cannot leak
--
CREATE ROLE regress_qdrant_reader;
GRANT SELECT ON docs TO regress_qdrant_reader;
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON docs USING (id % 2 = 0);
SET ROLE regress_qdrant_reader;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM docs WHERE payload @@@ '{"must": {"key": "tag", "match": {"value": "a"}}}'
	ORDER BY embedding <-> '[1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]' LIMIT 5;
SELECT count(*), bool_and(id % 2 = 0) FROM (SELECT id FROM docs WHERE payload @@@ '{"must": {"key": "rnd", "range": {"lt": 10}}}'
	ORDER BY embedding <-> '[1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]' LIMIT 20) s;
RESET enable_seqscan;
RESET enable_bitmapscan;
RESET ROLE;
DROP TABLE docs;
DROP ROLE regress_qdrant_reader;

--
-- columns that an index may not have
--
CREATE TABLE wrong (a vector(4), b vector(4), p jsonb, r jsonb);
CREATE INDEX ON wrong USING qdrant_hnsw (a vector_l2_ops, b vector_l2_ops);
CREATE INDEX ON wrong USING qdrant_hnsw (p, a vector_l2_ops);
CREATE INDEX ON wrong USING qdrant_hnsw (p);
CREATE INDEX ON wrong USING qdrant_hnsw (a vector_l2_ops, p, r);
CREATE INDEX ON wrong USING qdrant_hnsw (a vector_l2_ops, (p -> 'inner'));
INSERT INTO wrong VALUES ('[1,2,3,4]', NULL, '{"inner": {"x": 1}}'), ('[1,2,3,5]', NULL, '{"inner": {"x": 2}}'), ('[1,2,3,5]', NULL, NULL), (NULL, NULL, '{"inner": {"x": 2}}');
SET enable_seqscan = off;
SELECT p FROM wrong WHERE (p -> 'inner') @@@ '{"must": {"key": "x", "match": {"value": 2}}}' ORDER BY a <-> '[1,2,3,4]' LIMIT 2;
SELECT amvalidate(oid) FROM pg_opclass WHERE opcname = 'qdrant_payload_ops';
DROP TABLE wrong;

-- Rows that a session keeps are looked at by coarse codes first: for few rows, many, and all of them.
CREATE TABLE many (id int PRIMARY KEY, embedding vector(96), payload jsonb);
SELECT setseed(0.25);
INSERT INTO many SELECT i, (SELECT array_agg(random() - 0.5) FROM generate_series(1, 96) WHERE i > 0)::real[]::vector,
		jsonb_build_object('n', i % 11) FROM generate_series(1, 13000) i;
CREATE INDEX ON many USING gin (payload qdrant_integer_ops (path = 'n'));
CREATE INDEX many_embedding ON many USING qdrant_hnsw (embedding vector_l2_ops, payload) WITH (full_scan_threshold = 0, indexing_threshold = 0);
ANALYZE many;
CREATE FUNCTION many_ids(query vector, k int) RETURNS int[] LANGUAGE sql AS $$
	SELECT array_agg(id) FROM (SELECT id FROM many WHERE payload @@@ '{"must": {"key": "n", "match": {"value": 3}}}' ORDER BY embedding <-> query LIMIT k) s
$$;
CREATE FUNCTION many_differ(k int, OUT differ bigint, OUT strategies text) LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
	query vector;
	found int[];
	truth int[];
BEGIN
	differ := 0;
	FOR query IN SELECT embedding FROM many WHERE id <= 20 ORDER BY id LOOP
		PERFORM set_config('enable_indexscan', 'on', true), set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true);
		found := many_ids(query, k);
		strategies := CASE WHEN strategies IS NULL OR strategies = s.strategy THEN s.strategy ELSE 'several' END FROM qdrant.last_scan() s;
		PERFORM set_config('enable_indexscan', 'off', true), set_config('enable_sort', 'on', true), set_config('enable_bitmapscan', 'on', true);
		truth := many_ids(query, k);
		differ := differ + (SELECT count(*) FROM unnest(found) f(id) FULL JOIN unnest(truth) t(id) USING (id) WHERE f.id IS NULL OR t.id IS NULL);
	END LOOP;
END $$;
SELECT many_ids(embedding, 10) IS NOT NULL AS met FROM many WHERE id IN (1, 2);
SELECT * FROM many_differ(10);
SELECT * FROM many_differ(200);
SELECT * FROM many_differ(2000);
SELECT * FROM many_differ(10);
DROP FUNCTION many_ids, many_differ;
DROP TABLE many;
