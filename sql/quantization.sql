-- Quantization of the graph's codes: every kind and metric, recall against
-- exact search, size, changes of the table, configuration of collections.
SET client_min_messages = warning;
SET jit = off;
CREATE TABLE quantized (id integer PRIMARY KEY, v vector(96));
SELECT setseed(0.25);
INSERT INTO quantized
SELECT i, array_agg(0.6 * sin((i % 20 + 1) * (k + 3) * 0.7) + random() + random() + random() - 1.5 ORDER BY k)::real[]::vector
FROM generate_series(1, 1000) i, generate_series(1, 96) k GROUP BY i;
ANALYZE quantized;

-- what an exact search finds, of each metric
CREATE TABLE nearest AS
SELECT m.metric, q.id, n.ids FROM (VALUES ('cosine'), ('l2'), ('ip'), ('l1')) m (metric),
	(SELECT id, v FROM quantized WHERE id % 50 = 1) q,
	LATERAL (SELECT array_agg(x.id) AS ids FROM (SELECT t.id FROM quantized t ORDER BY CASE m.metric
		WHEN 'cosine' THEN cosine_distance(t.v, q.v) WHEN 'l2' THEN l2_distance(t.v, q.v)
		WHEN 'ip' THEN -inner_product(t.v, q.v) ELSE l1_distance(t.v, q.v) END LIMIT 10) x) n;

CREATE FUNCTION recall(metric text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	hits integer := 0;
	wanted record;
	found integer[];
BEGIN
	FOR wanted IN SELECT n.ids, t.v FROM nearest n JOIN quantized t USING (id) WHERE n.metric = recall.metric LOOP
		EXECUTE format('SELECT array_agg(id) FROM (SELECT id FROM quantized ORDER BY v %s $1 LIMIT 10) x',
			CASE metric WHEN 'cosine' THEN '<=>' WHEN 'l2' THEN '<->' WHEN 'ip' THEN '<#>' ELSE '<+>' END)
			INTO found USING wanted.v;
		hits := hits + (SELECT count(*) FROM unnest(found) f WHERE f = ANY (wanted.ids));
	END LOOP;
	RETURN hits / (SELECT 10.0 * count(*) FROM nearest n WHERE n.metric = recall.metric);
END
$$;

-- Recall by default; size in the layout compact against that without quantization; a clean check.
CREATE FUNCTION try(metric text, options text, least_recall numeric)
RETURNS TABLE (recalled boolean, size numeric, problems bigint)
LANGUAGE plpgsql AS $$
BEGIN
	DROP INDEX IF EXISTS i;
	EXECUTE format('CREATE INDEX i ON quantized USING qdrant_hnsw (v vector_%s_ops)'
		' WITH (indexing_threshold = 100, full_scan_threshold = 0, layout = compact, %s)', metric, options);
	size := round(pg_relation_size('i') / current_setting('try.plain')::numeric, 2);
	recalled := recall(metric) >= least_recall;
	IF NOT recalled THEN
		RAISE WARNING '% %: recall %', metric, options, recall(metric);
	END IF;
	SELECT count(*) INTO problems FROM qdrant.check_index('i');
	RETURN NEXT;
END
$$;
CREATE INDEX plain ON quantized USING qdrant_hnsw (v vector_l2_ops) WITH (indexing_threshold = 100, layout = compact);
SELECT set_config('try.plain', pg_relation_size('plain')::text, false) > '0' AS sized;
DROP INDEX plain;
SET enable_seqscan = off;
SELECT o.options, m.metric, t.* FROM (VALUES (1, 'quantization = scalar', 0.98), (2, 'quantization = scalar, quantile = 0.95', 0.98),
	(3, 'quantization = turbo_4', 0.98), (4, 'quantization = binary_2', 0.9), (5, 'quantization = binary_1_5', 0.8),
	(6, 'quantization = binary', 0.7), (7, 'quantization = product, compression = x8', 0.95),
	(8, 'quantization = product', 0.9)) o (n, options, least_recall),
	(VALUES (1, 'cosine'), (2, 'l2'), (3, 'ip'), (4, 'l1')) m (n, metric), LATERAL try(m.metric, o.options, o.least_recall) t
ORDER BY o.n, m.n;

-- merges one by one, bulk delete, repair, on each kind of code
CREATE TABLE churned (id integer PRIMARY KEY, v vector(96));
INSERT INTO churned SELECT * FROM quantized;
CREATE INDEX churned_binary ON churned USING qdrant_hnsw (v vector_cosine_ops)
	WITH (indexing_threshold = 100, quantization = binary);
CREATE INDEX churned_1_5 ON churned USING qdrant_hnsw (v vector_l2_ops)
	WITH (indexing_threshold = 100, quantization = binary_1_5);
CREATE INDEX churned_turbo ON churned USING qdrant_hnsw (v vector_ip_ops)
	WITH (indexing_threshold = 100, quantization = turbo_4);
CREATE INDEX churned_product ON churned USING qdrant_hnsw (v vector_l1_ops)
	WITH (indexing_threshold = 100, quantization = product);
DELETE FROM churned WHERE id % 3 = 0;
INSERT INTO churned SELECT id + 10000, v FROM quantized WHERE id % 4 = 0;
VACUUM churned;
INSERT INTO churned SELECT id + 20000, v FROM quantized WHERE id % 4 = 1;
VACUUM churned;
SELECT c.relname, count(p) AS problems, count(DISTINCT s.id) = (SELECT count(*) FROM churned) AS all_rows
FROM pg_class c LEFT JOIN LATERAL qdrant.check_index(c.oid::regclass) p ON true,
	LATERAL (SELECT id FROM churned ORDER BY v <=> (SELECT v FROM quantized WHERE id = 5)) s
WHERE c.relname LIKE 'churned\__%' AND c.relname <> 'churned_pkey' GROUP BY 1 ORDER BY 1;
REINDEX TABLE churned;
SELECT c.relname, count(p) AS problems
FROM pg_class c LEFT JOIN LATERAL qdrant.check_index(c.oid::regclass) p ON true
WHERE c.relname LIKE 'churned\__%' AND c.relname <> 'churned_pkey' GROUP BY 1 ORDER BY 1;

-- an empty table has no centroids until its first graph
CREATE TABLE grown (id integer, v vector(96));
CREATE INDEX grown_v ON grown USING qdrant_hnsw (v vector_cosine_ops)
	WITH (indexing_threshold = 400, full_scan_threshold = 0, quantization = product, compression = x32);
INSERT INTO grown SELECT * FROM quantized WHERE id <= 500;
SELECT count(*) FROM (SELECT id FROM grown ORDER BY v <=> (SELECT v FROM quantized WHERE id = 7)) s;
SELECT count(*) FROM qdrant.check_index('grown_v');
INSERT INTO grown SELECT * FROM quantized WHERE id > 500;
VACUUM grown;
SELECT count(*) FROM (SELECT id FROM grown ORDER BY v <=> (SELECT v FROM quantized WHERE id = 7)) s;
SELECT count(*) FROM qdrant.check_index('grown_v');

-- what does not go together
CREATE INDEX ON grown USING qdrant_hnsw (v vector_l2_ops) WITH (quantization = int8);
CREATE INDEX ON grown USING qdrant_hnsw (v vector_l2_ops) WITH (quantile = 0.9);
CREATE INDEX ON grown USING qdrant_hnsw (v vector_l2_ops) WITH (quantization = scalar, quantile = 0.4);
CREATE INDEX ON grown USING qdrant_hnsw (v vector_l2_ops) WITH (quantization = binary, compression = x8);
CREATE INDEX ON grown USING qdrant_hnsw (v vector_l2_ops) WITH (quantization = binary, layout = inlined);
DROP TABLE quantized, nearest, churned, grown;
DROP FUNCTION try, recall;

-- collections
SELECT qdrant.create_collection('quantized', '{"vectors": {"a": {"size": 32, "distance": "Dot"},
	"b": {"size": 32, "distance": "Cosine", "quantization_config": {"binary": {"encoding": "two_bits", "always_ram": true}}}},
	"quantization_config": {"scalar": {"type": "int8", "quantile": 0.99}}}');
CREATE VIEW made AS SELECT relname, reloptions FROM pg_class
WHERE relname LIKE 'quantized%idx' AND reloptions IS NOT NULL ORDER BY 1;
SELECT * FROM made;
SELECT qdrant.collection_info('quantized') #> '{config,quantization_config}' AS quantization,
	qdrant.collection_info('quantized') #> '{config,params,vectors}' AS vectors;
SELECT qdrant.update_collection('quantized', '{"quantization_config": {"product": {"compression": "x32", "memory": "cold"}},
	"vectors": {"b": {"quantization_config": {"turbo": {}}}}}');
SELECT * FROM made;
SELECT qdrant.update_collection('quantized', '{"vectors": {"b": {"quantization_config": "Disabled"}}}');
SELECT * FROM made;
SELECT qdrant.update_collection('quantized', '{"quantization_config": "Disabled"}');
SELECT * FROM made;
SELECT qdrant.collection_info('quantized') #> '{config,quantization_config}' AS quantization,
	qdrant.collection_info('quantized') #> '{config,params,vectors}' AS vectors;
SELECT qdrant.drop_collection('quantized');
DROP VIEW made;

-- no worker: the writer begins the graph with a part of the rows, but centroids are those of all
CREATE TABLE unlike (id int, v vector(32)) WITH (autovacuum_enabled = off);
CREATE INDEX unlike_v ON unlike USING qdrant_hnsw (v vector_l2_ops)
	WITH (quantization = product, compression = x8, indexing_threshold = 700, full_scan_threshold = 0);
SET qdrant_pg.fresh_worker = off;
CREATE FUNCTION noise(a int, b int) RETURNS real IMMUTABLE PARALLEL SAFE LANGUAGE sql AS
	$$SELECT (hashint4(a # hashint4(b)) & 65535)::real / 65536 - 0.5$$;
INSERT INTO unlike SELECT i, (SELECT array_agg(CASE WHEN i <= 2500 THEN noise(i, g) * 0.2 ELSE 3 + g % 3 + noise(i, g) END ORDER BY g)
	FROM generate_series(1, 32) g)::vector FROM generate_series(1, 6500) i;
SELECT vertices >= 2048 AS begun FROM qdrant.index_stats('unlike_v');
VACUUM unlike;
CREATE FUNCTION nearest_ids(q vector) RETURNS int[] LANGUAGE sql AS
	$$SELECT array(SELECT id FROM unlike ORDER BY v <-> q LIMIT 10)$$;
SET enable_indexscan = off;
CREATE TABLE exact AS SELECT id, v, nearest_ids(v) AS ids FROM unlike WHERE id > 2500 AND id % 50 = 0;
RESET enable_indexscan;
SET enable_seqscan = off;
SET enable_sort = off;
SELECT avg((SELECT count(*) FROM unnest(ids) i WHERE i = ANY (nearest_ids(v)))) > 3 AS of_10 FROM exact;
RESET enable_seqscan;
RESET enable_sort;
RESET qdrant_pg.fresh_worker;
DROP TABLE unlike, exact;
DROP FUNCTION nearest_ids, noise;
