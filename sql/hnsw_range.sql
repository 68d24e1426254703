-- Range searches: conditions on the distance end a scan, and lose no row.
SET client_min_messages = warning;
\set SHOW_CONTEXT never

SELECT setseed(0.125);
CREATE TABLE dots (id int PRIMARY KEY, payload jsonb, v vector(12));
INSERT INTO dots SELECT i, jsonb_build_object('n', i % 50),
	(SELECT array_agg(random() - 0.5 + 0 * (i + g)) FROM generate_series(1, 12) g)::vector
	FROM generate_series(1, 4000) i;
INSERT INTO dots SELECT i, '{}', NULL FROM generate_series(4001, 4010) i;
CREATE INDEX dots_l2 ON dots USING qdrant_hnsw (v vector_l2_ops, payload) WITH (indexing_threshold = 1, full_scan_threshold = 0);
CREATE INDEX dots_cosine ON dots USING qdrant_hnsw (v vector_cosine_ops) WITH (indexing_threshold = 1, full_scan_threshold = 0);
CREATE INDEX dots_ip ON dots USING qdrant_hnsw (v vector_ip_ops) WITH (indexing_threshold = 1, full_scan_threshold = 0);
CREATE INDEX dots_l1 ON dots USING qdrant_hnsw (v vector_l1_ops) WITH (indexing_threshold = 1, full_scan_threshold = 0);
CREATE TABLE centers AS SELECT i AS c,
	(SELECT array_agg(random() - 0.5 + 0 * (i + g)) FROM generate_series(1, 12) g)::vector AS v
	FROM generate_series(1, 12) i;
ANALYZE dots;
INSERT INTO dots SELECT id + 5000, payload, v FROM dots WHERE id <= 100;	-- fresh ones

SELECT oc.opcname, amvalidate(oc.oid) FROM pg_opclass oc JOIN pg_am am ON am.oid = oc.opcmethod
	WHERE am.amname = 'qdrant_hnsw' AND oc.opcname LIKE 'vector%' ORDER BY 1;

SELECT v AS q FROM centers WHERE c = 1 \gset
-- the plain condition, in all its forms, beside its ORDER BY
SET enable_seqscan = off;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT id FROM dots WHERE v <-> '[1,1,1,1,1,1,1,1,1,1,1,1]' < 0.5
	ORDER BY v <-> '[1,1,1,1,1,1,1,1,1,1,1,1]' LIMIT 3;
EXPLAIN (COSTS OFF) SELECT id FROM dots WHERE 0.5 >= '[1,1,1,1,1,1,1,1,1,1,1,1]' <-> v AND payload @@@ '{}'
	ORDER BY v <-> '[1,1,1,1,1,1,1,1,1,1,1,1]' LIMIT 3;
PREPARE near(vector, float8) AS SELECT id FROM dots WHERE v <=> $1 < $2 ORDER BY v <=> $1;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE near(:'q', 0.1);
RESET plan_cache_mode;
-- a condition on another distance, another query or a lower bound ends nothing
EXPLAIN (COSTS OFF) SELECT id FROM dots WHERE v <#> '[1,1,1,1,1,1,1,1,1,1,1,1]' < 0.5
	AND v <-> '[1,0,1,1,1,1,1,1,1,1,1,1]' < 0.5 AND v <-> '[1,1,1,1,1,1,1,1,1,1,1,1]' > 0.5
	AND v <-> '[1,1,1,1,1,1,1,1,1,1,1,1]' < random()
	ORDER BY v <-> '[1,1,1,1,1,1,1,1,1,1,1,1]' LIMIT 3;
-- the operator, which needs no ORDER BY
EXPLAIN (COSTS OFF) SELECT id FROM dots WHERE v <<->> sphere('[1,1,1,1,1,1,1,1,1,1,1,1]', 0.5);
EXPLAIN (COSTS OFF) SELECT id FROM dots WHERE v <<=>> sphere('[1,1,1,1,1,1,1,1,1,1,1,1]', 0.5)
	ORDER BY v <=> '[1,1,1,1,1,1,1,1,1,1,1,1]' LIMIT 3;

-- Answers of all ways for all centers and radii against the whole table; how many scans ended early.
CREATE FUNCTION compare(op text, function text, radii float8[], filter text DEFAULT 'true') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	center record;
	radius float8;
	wanted int[];
	missing int := 0;
	wrong int := 0;
	early int := 0;
	within int := 0;
	found int[];
	query text;
BEGIN
	FOR center IN SELECT v FROM centers ORDER BY c LOOP
		FOREACH radius IN ARRAY radii LOOP
			EXECUTE format('SELECT coalesce(array_agg(id ORDER BY d, id), ''{}'') FROM (SELECT id, %s AS d FROM dots WHERE %s AND v IS NOT NULL) x WHERE d <= $2',
				function, filter) INTO wanted USING center.v, radius;
			within := within + cardinality(wanted);
			FOREACH query IN ARRAY ARRAY[
				format('SELECT array(SELECT id FROM dots WHERE v %s $1 <= $2 AND %s ORDER BY v %1$s $1)', op, filter),
				format('SELECT array(SELECT id FROM dots WHERE v <%s> sphere($1, $2) AND %s)', op, filter),
				format('SELECT array(SELECT id FROM dots WHERE v <%s> sphere($1, $2) AND %s ORDER BY v %1$s $1 LIMIT 5)', op, filter)]
			LOOP
				EXECUTE query INTO found USING center.v, radius;
				early := early + (qdrant.last_scan()).ended_early::int;
				IF query ~ 'LIMIT' THEN
					missing := missing + least(5, cardinality(wanted)) - cardinality(found);
				ELSE
					missing := missing + (SELECT count(*) FROM unnest(wanted) w WHERE w <> ALL (found));
				END IF;
				wrong := wrong + (SELECT count(*) FROM unnest(found) f WHERE f <> ALL (wanted));
			END LOOP;
		END LOOP;
	END LOOP;
	RETURN format('%s, %s missing, %s wrong, %s', CASE WHEN within > 0 THEN 'some within' END, missing, wrong,
		CASE WHEN early > cardinality(radii) THEN 'ended early' END);
END $$;
SET jit = off;
SET qdrant_pg.ef_search = 16;
SELECT compare('<->', 'l2_distance(v, $1)', '{0.1, 0.5, 0.7, 0.9, 1.1}');
SELECT compare('<=>', 'cosine_distance(v, $1)', '{0.01, 0.2, 0.4, 0.6}');
SELECT compare('<#>', '-inner_product(v, $1)', '{-2, -0.7, -0.5, -0.2}');
SELECT compare('<+>', 'l1_distance(v, $1)', '{0.5, 2, 2.5, 3}');
-- with filters, on the payload and others
SELECT compare('<->', 'l2_distance(v, $1)', '{0.5, 0.9, 1.2}', 'payload @@@ ''{"must": [{"key": "n", "match": {"value": 7}}]}''');
CREATE INDEX dots_n ON dots USING gin (payload qdrant_integer_ops (path = 'n'));
SELECT compare('<->', 'l2_distance(v, $1)', '{0.5, 0.9, 1.2}', 'payload @@@ ''{"must": [{"key": "n", "match": {"value": 7}}]}''');
SELECT compare('<=>', 'cosine_distance(v, $1)', '{0.3, 0.6}', 'id % 3 = 0');

-- without a last look at all codes: what the graph finds
SET qdrant_pg.complete_ranges = off;
SET qdrant_pg.ef_search = 40;
SELECT id FROM dots WHERE v <-> '[5,5,5,5,5,5,5,5,5,5,5,5]' < 0.5 ORDER BY v <-> '[5,5,5,5,5,5,5,5,5,5,5,5]';
SELECT strategy, returned, rescored, ended_early FROM qdrant.last_scan();
RESET qdrant_pg.complete_ranges;
SELECT id FROM dots WHERE v <-> '[5,5,5,5,5,5,5,5,5,5,5,5]' < 0.5 ORDER BY v <-> '[5,5,5,5,5,5,5,5,5,5,5,5]';
SELECT strategy, returned, rescored, ended_early FROM qdrant.last_scan();

-- radii and centers out of the ordinary
SELECT v AS one FROM dots WHERE id = 1 \gset
SELECT count(*) FROM dots WHERE v <<->> sphere(:'one', 0);
SELECT count(*) FROM dots WHERE v <<->> sphere(:'one', -1);
SELECT count(*) FROM dots WHERE v <<->> sphere(:'one', 'infinity');
SELECT count(*) FROM dots WHERE v <<->> sphere(:'one', 'nan');
SELECT count(*) FROM dots WHERE v <<->> sphere(:'one', 1e300);
SELECT count(*) FROM dots WHERE v <<#>> sphere(:'one', '-infinity');
SELECT count(*) FROM dots WHERE v <<->> sphere(:'one', NULL);
SELECT count(*) FROM dots WHERE v <<->> sphere(NULL, 1);
SELECT count(*) FROM dots WHERE v <<->> NULL;
SELECT count(*) FROM dots WHERE v <<->> sphere('[1,2]', 1);
SELECT count(*) FROM dots WHERE v <<=>> sphere('[0,0,0,0,0,0,0,0,0,0,0,0]', 1);
-- two spheres, the same center and another
SELECT count(*) > 0 AS some, count(*) = count(*) FILTER (WHERE l2_distance(v, :'one') <= 0.9) AS right
	FROM dots WHERE v <<->> sphere(:'one', 1.5) AND v <<->> sphere(:'one', 0.9);
SELECT count(*) > 0 AS some, count(*) = (SELECT count(*) FROM dots
		WHERE l2_distance(v, :'one') <= 0.9 AND l2_distance(v, :'q') <= 1.5) AS all
	FROM dots WHERE v <<->> sphere(:'one', 0.9) AND v <<->> sphere(:'q', 1.5);
-- as values
SELECT '[1,2]'::vector <<->> sphere('[1,3]', 1) AS l2, '[1,2]'::vector <<+>> sphere('[1,3]', 0.9) AS l1,
	'[1,2]'::vector <<#>> '("[1,2]",-5)' AS ip, '[1,2]'::vector <<=>> sphere('[2,4]', 0.001) AS cosine;
-- halfvec
ALTER TABLE dots ADD COLUMN h halfvec(12);
UPDATE dots SET h = v::halfvec;
CREATE INDEX dots_half ON dots USING qdrant_hnsw (h halfvec_l2_ops) WITH (indexing_threshold = 1, full_scan_threshold = 0);
EXPLAIN (COSTS OFF) SELECT id FROM dots WHERE h <<->> halfvec_sphere('[1,1,1,1,1,1,1,1,1,1,1,1]', 0.5);
EXPLAIN (COSTS OFF) SELECT id FROM dots WHERE h <-> '[1,1,1,1,1,1,1,1,1,1,1,1]' < 0.5 ORDER BY h <-> '[1,1,1,1,1,1,1,1,1,1,1,1]';
SELECT count(*) > 0 AS some, count(*) = (SELECT count(*) FROM dots WHERE l2_distance(h, :'one') <= 0.9) AS all
	FROM dots WHERE h <<->> halfvec_sphere(:'one', 0.9);
SELECT strategy, ended_early FROM qdrant.last_scan();

-- a radius of nothing finds copies, whatever codes and metrics make of them,
-- and products that should be zero but for rounding
CREATE TABLE copies (id int, v vector(12));
INSERT INTO copies SELECT i, (SELECT array_agg(sin(i % 40 * 12.9898 + g * 78.233) ORDER BY g)::vector FROM generate_series(1, 12) g) FROM generate_series(1, 400) i;
INSERT INTO copies SELECT 1000 + i, (SELECT array_agg(x ORDER BY g)::vector FROM generate_series(1, 12) g,
	LATERAL (SELECT CASE WHEN g % 2 = 1 THEN -(o.v::real[])[g + 1] ELSE (o.v::real[])[g - 1] END * (1 + i % 7) AS x) y)
	FROM generate_series(1, 200) i, (SELECT v FROM copies WHERE id = 7) o;
CREATE FUNCTION copies_found(ops text, op text, quantization text, radius float8 = 0) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	q vector := (SELECT v FROM copies WHERE id = 7);
	found int;
	wanted int;
BEGIN
	EXECUTE format('CREATE INDEX copies_v ON copies USING qdrant_hnsw (v %s) WITH (indexing_threshold = 1, full_scan_threshold = 0%s)', ops, quantization);
	SET LOCAL enable_seqscan = off;
	SET LOCAL enable_sort = off;
	EXECUTE format('SELECT count(*) FROM (SELECT FROM copies WHERE v %1$s $1 <= %2$L::float8 ORDER BY v %1$s $1) x', op, radius) USING q INTO found;
	SET LOCAL enable_seqscan = on;
	SET LOCAL enable_sort = on;
	SET LOCAL enable_indexscan = off;
	EXECUTE format('SELECT count(*) FROM copies WHERE v %1$s $1 <= %2$L::float8', op, radius) USING q INTO wanted;
	SET LOCAL enable_indexscan = on;
	DROP INDEX copies_v;
	RETURN CASE WHEN wanted = 0 THEN 'none' WHEN found = wanted THEN 'all' ELSE format('%s of %s', found, wanted) END;
END $$;
SELECT ops, quantization, copies_found(ops, op, quantization) FROM
	(VALUES ('vector_l2_ops', '<->'), ('vector_l1_ops', '<+>'), ('vector_ip_ops', '<#>')) m (ops, op),
	(VALUES (''), (', quantization = binary'), (', quantization = scalar, quantile = 0.9')) q (quantization)
	ORDER BY 1, 2;
SELECT copies_found('vector_cosine_ops', '<=>', '', 1e-9), copies_found('vector_l2_ops', '<->', '', 1e-25), copies_found('vector_ip_ops', '<#>', '', 1e-12);
DROP TABLE copies;
DROP FUNCTION copies_found(text, text, text, float8);
DROP TABLE dots, centers;
DROP FUNCTION compare(text, text, float8[], text);

-- What coarse codes of kept rows hide is found, too: here they err by more than four standard deviations, on purpose, and the first pass goes beyond the radius.
CREATE TABLE hidden (id int, v vector(64), payload jsonb);
\set q '[-44,-17,11,12,-36,15,12,19,-1,9,3,5,23,12,-18,8,14,-2,10,-22,8,6,-13,-22,-37,4,-10,5,0,18,2,-6,-25,-2,24,-13,27,-17,-33,-1,-14,-8,-9,20,-1,0,6,12,15,13,14,7,14,18,25,13,4,6,7,2,0,26,7,-4]'
INSERT INTO hidden SELECT 0, (SELECT array_agg((i * i * 7 + 3 * i) % 41 - 20 ORDER BY i) FROM generate_series(0, 63) i)::real[]::vector, '{"n": 1}';
INSERT INTO hidden SELECT -i, array_fill(1000 + i, ARRAY[64])::vector, '{"n": 0}' FROM generate_series(1, 2000) i;
CREATE INDEX ON hidden USING gin (payload qdrant_integer_ops (path = 'n'));
CREATE INDEX hidden_v ON hidden USING qdrant_hnsw (v vector_l2_ops, payload) WITH (indexing_threshold = 0, full_scan_threshold = 0);
ALTER INDEX hidden_v SET (indexing_threshold = 10000);
INSERT INTO hidden SELECT i, ((SELECT array_agg(x * (1.72 + i * 0.0002)) FROM unnest(:'q'::vector::real[]) x))::real[]::vector, '{"n": 1}' FROM generate_series(1, 150) i;
INSERT INTO hidden SELECT i, array_fill(-1000, ARRAY[64])::vector, '{"n": 1}' FROM generate_series(151, 1250) i;
ANALYZE hidden;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT id FROM hidden WHERE v <<->> sphere(:'q', 90) AND payload @@@ '{"must": {"key": "n", "match": {"value": 1}}}' ORDER BY v <-> :'q';
SELECT id FROM hidden WHERE v <<->> sphere(:'q', 90) AND payload @@@ '{"must": {"key": "n", "match": {"value": 1}}}' ORDER BY v <-> :'q';
SELECT strategy FROM qdrant.last_scan();
SELECT id FROM hidden WHERE v <<->> sphere(:'q', 90) AND payload @@@ '{"must": {"key": "n", "match": {"value": 1}}}';
RESET enable_seqscan;
RESET enable_bitmapscan;
DROP TABLE hidden;
