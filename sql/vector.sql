-- The type vector: input, output, casts, operators, functions, aggregates.
SET extra_float_digits = 0;

-- text
SELECT '[1,2.5,-3e-05]'::vector;
SELECT E' [ 1 ,\t2\n,  3\r] '::vector;
SELECT '[+1,-0,0.0,.5,5.,1e2,1E-2]'::vector;
SELECT '[0.1,16777217,1.17549435e-38,3.4028235e38,1e-45]'::vector;
SELECT '[1e-50]'::vector AS underflow_is_zero;
SELECT '[1,2,3]'::vector(3), '[1]'::vector(1);
SELECT '[]'::vector;
SELECT '[ ]'::vector;
SELECT ''::vector;
SELECT '1,2'::vector;
SELECT '['::vector;
SELECT '[1'::vector;
SELECT '[1,'::vector;
SELECT '[1,]'::vector;
SELECT '[,1]'::vector;
SELECT '[1 2]'::vector;
SELECT '[1;2]'::vector;
SELECT '[1]]'::vector;
SELECT '[1]x'::vector;
SELECT '[a]'::vector;
SELECT '[[1]]'::vector;
SELECT '{1,2}'::vector;
SELECT '[1,NaN]'::vector;
SELECT '[Infinity]'::vector;
SELECT '[-inf,1]'::vector;
SELECT '[3.5e38]'::vector;
SELECT '[1,-1e400]'::vector;
SELECT '[1,2]'::vector(3);
SELECT '[1]'::vector(0);
SELECT '[1]'::vector(65537);
SELECT '[1]'::vector(1, 2);
SELECT '[1]'::vector('a');

-- every error has a SQLSTATE that a client can tell apart
CREATE FUNCTION sqlstate_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN 'none';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT input, sqlstate_of(format('SELECT %L::vector(2)', input))
FROM unnest(ARRAY['[1,2]', '[1,2', '[1]', '[]', '[NaN,1]', '[1,1e39]']) input;

-- a caller that asks gets no exception (PostgreSQL 16; a stand-in on 15)
CREATE FUNCTION is_valid(input text, type text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	valid boolean;
BEGIN
	IF current_setting('server_version_num')::int < 160000 THEN
		RETURN sqlstate_of(format('SELECT %L::%s', input, type)) = 'none';
	END IF;
	EXECUTE 'SELECT pg_input_is_valid($1, $2)' INTO valid USING input, type;
	RETURN valid;
END $$;
SELECT input, is_valid(input, 'vector(2)')
FROM unnest(ARRAY['[1,2]', '1,2', '[1,2', '[1,x]', '[1,2]]', '[1]', '[]',
	'[NaN,1]', '[inf,1]', '[1,1e39]']) input;
SELECT is_valid('[1' || repeat(',1', 65535) || ']', 'vector') AS longest,
	is_valid('[1' || repeat(',1', 65536) || ']', 'vector') AS too_long;

-- the type modifier
CREATE TABLE typmod (v vector(3));
SELECT atttypmod, format_type(atttypid, atttypmod), attstorage FROM pg_attribute
WHERE attrelid = 'typmod'::regclass AND attname = 'v';
INSERT INTO typmod VALUES ('[1,2,3]'), (NULL);
INSERT INTO typmod VALUES ('[1,2]');
INSERT INTO typmod SELECT '[1,2,3,4]'::vector;
ALTER TABLE typmod ALTER v TYPE vector(2);
ALTER TABLE typmod ALTER v TYPE vector;
INSERT INTO typmod VALUES ('[1,2]');
SELECT * FROM typmod ORDER BY v;
DROP TABLE typmod;

-- casts
SELECT ARRAY[1,2,3]::vector, ARRAY[1.5,2]::vector, ARRAY[1.5,2]::float8[]::vector,
	ARRAY[1.5,2]::real[]::vector(2);
SELECT '[1,2.5]'::vector::real[], '[1,2.5]'::vector::real[] || 3::real AS implicit;
CREATE TABLE assigned (v vector(2));
INSERT INTO assigned VALUES (ARRAY[1,2]), (ARRAY[1.5,2.5]), ('{3,4}'::real[]),
	('{5,6}'::float8[]);
SELECT * FROM assigned ORDER BY v;
DROP TABLE assigned;
SELECT '{}'::real[]::vector;
SELECT '{}'::int[]::vector;
SELECT '{1,NULL}'::real[]::vector;
SELECT '{1,NULL}'::int[]::vector;
SELECT '{{1,2},{3,4}}'::real[]::vector;
SELECT '{1,NaN}'::real[]::vector;
SELECT '{1,-Infinity}'::float8[]::vector;
SELECT '{1e39}'::float8[]::vector;
SELECT '{1e39}'::numeric[]::vector;
SELECT '{NaN}'::numeric[]::vector;
SELECT '{1,2,3}'::real[]::vector(2);
SELECT '[0:1]={1,2}'::real[]::vector AS other_lower_bound;
SELECT vector_dims(array_agg(i)::vector) FROM generate_series(1, 65536) i;
SELECT array_agg(i)::vector FROM generate_series(1, 65537) i;

-- distances
SELECT '[0,0]'::vector <-> '[3,4]' AS l2, '[1,2]'::vector <#> '[3,4]' AS negative_ip,
	'[0,0]'::vector <+> '[3,-4]' AS l1, '[1,1]'::vector <=> '[-1,-1]' AS cosine;
SELECT l2_distance('[0,0]'::vector, '[3,4]'), inner_product('[1,2]'::vector, '[3,4]'),
	l1_distance('[0,0]'::vector, '[3,-4]'), cosine_distance('[1,0]'::vector, '[0,2]');
SELECT cosine_distance('[1,1]'::vector, '[1.1,1.1]') AS never_below_zero,
	cosine_distance('[1,2]'::vector, '[0,0]') AS undefined,
	cosine_distance('[1e-30,0]'::vector, '[2e-30,0]') AS tiny,
	cosine_distance('[1e30,0]'::vector, '[0,1e30]') AS huge;
SELECT '[1,2]'::vector <-> '[1,2,3]';
SELECT '[1,2]'::vector <#> '[1]';
SELECT '[1,2]'::vector <=> '[1]';
SELECT '[1,2]'::vector <+> '[1]';
SELECT v FROM (VALUES ('[1,1]'::vector), ('[5,5]'), ('[0,2]'), (NULL)) t (v)
ORDER BY v <-> '[0,0]' LIMIT 3;

-- Qdrant's scores, and its normalisation on write
SELECT d, qdrant.score('[1,2]'::vector, '[4,6]', d)
FROM unnest(ARRAY['Cosine', 'Dot', 'Euclid', 'Manhattan']) d;
SELECT qdrant.score('[1,2]'::vector, '[4,6]', 'dot');
SELECT qdrant.score('[1,2]'::vector, '[4,6]', 'Cosin');
SELECT qdrant.score('[1,2]'::vector, '[4,6]', '');
SELECT qdrant.score('[1,2]'::vector, '[4,6,7]', 'Dot');
SELECT qdrant.score('[1,2]'::vector, NULL, 'Dot') IS NULL AS null_in_null_out;
SELECT qdrant.cosine_normalize('[3,4]'), qdrant.cosine_normalize('[0,0]'),
	qdrant.cosine_normalize('[0.0003,0]') AS short_is_kept,
	qdrant.cosine_normalize('[0.0004,0]') AS longer_is_not,
	qdrant.cosine_normalize('[1.0000004,0]') AS near_one_is_kept,
	qdrant.cosine_normalize('[1e30,0]') AS huge;

-- functions
SELECT vector_dims('[1,2,3]'::vector), vector_norm('[3,4]'), vector_norm('[3e37,4e37]'),
	l2_normalize('[3,4]'::vector), l2_normalize('[0,0]'::vector), l2_normalize('[3e38,0]'::vector);
SELECT binary_quantize('[1,0,-1,0.5,-0,2,3,4,5]'::vector);
SELECT subvector('[1,2,3,4,5]'::vector, 2, 3), subvector('[1,2,3]'::vector, 2, 10),
	subvector('[1,2,3]'::vector, 0, 2), subvector('[1,2,3]'::vector, -1, 4),
	subvector('[1,2,3]'::vector, 3, 2147483647), subvector('[1,2,3]'::vector, 1, 3);
SELECT subvector('[1,2,3]'::vector, 4, 1);
SELECT subvector('[1,2,3]'::vector, 1, 0);
SELECT subvector('[1,2,3]'::vector, -1, 1);
SELECT subvector('[1,2,3]'::vector, 2147483647, 2147483647);
SELECT subvector('[1,2,3]'::vector, -2147483648, -2147483648);

-- arithmetic
SELECT '[1,2]'::vector + '[3,4]', '[1,2]'::vector - '[3,5]', '[1,2]'::vector * '[3,4]',
	'[1,2]'::vector || '[3]';
SELECT '[3e38]'::vector + '[3e38]';
SELECT '[-3e38]'::vector - '[3e38]';
SELECT '[1e20]'::vector * '[1e20]';
SELECT '[1e-30]'::vector * '[1e-30]';
SELECT '[1,2]'::vector + '[1]';
SELECT '[1,2]'::vector - '[1]';
SELECT '[1,2]'::vector * '[1]';
SELECT array_agg(1)::vector || '[1]' FROM generate_series(1, 65536);

-- comparison
SELECT a, b, a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge,
	a > b AS gt, vector_cmp(a, b)
FROM (VALUES ('[1,2]'::vector, '[1,3]'::vector), ('[1,2]', '[1,2]'),
	('[2]', '[1,9]'), ('[1]', '[1,0]'), ('[0]', '[-0]')) t (a, b);
CREATE TABLE ordered (v vector PRIMARY KEY);
INSERT INTO ordered VALUES ('[2]'), ('[1,2]'), ('[1]'), ('[-1,5]');
INSERT INTO ordered VALUES ('[1,2]');
SELECT * FROM ordered ORDER BY v;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM ordered WHERE v = '[1,2]';
SELECT * FROM ordered WHERE v >= '[1,2]' ORDER BY v DESC;
RESET enable_seqscan;
SELECT count(DISTINCT v) FROM (VALUES ('[0]'::vector), ('[-0]'), ('[1]')) t (v);

-- aggregates
SELECT avg(v), sum(v) FROM (VALUES ('[1,2]'::vector), ('[2,4]'), (NULL), ('[6,0]')) t (v);
SELECT avg(v), sum(v) FROM ordered WHERE false;
SELECT avg(v), sum(v) FROM (VALUES (NULL::vector)) t (v);
SELECT avg(v) FROM (VALUES ('[1,2]'::vector), ('[1]')) t (v);
SELECT avg(v) FROM (VALUES ('[3e38]'::vector), ('[3e38]')) t (v);
SELECT sum(v) FROM (VALUES ('[3e38]'::vector), ('[3e38]')) t (v);
SELECT g, avg(v), sum(v) FROM (VALUES (1, '[1]'::vector), (2, '[2,3]'), (1, '[3]')) t (g, v)
GROUP BY g ORDER BY g;
SELECT sum(v) OVER (ORDER BY v ROWS 1 PRECEDING) FROM (VALUES ('[1]'::vector), ('[2]'), ('[4]')) t (v);
SELECT vector_combine('{0}', '{2,3,4}'), vector_combine('{2,3,4}', '{0}'),
	vector_combine('{1,1,1}', '{2,3,4}');
SELECT vector_combine('{1,1,1}', '{2,3}');
SELECT vector_combine('{1e308,1e308}', '{1,1e308}');
SELECT vector_accum('{1,1}', '[1,2]');
SELECT vector_accum('{}', '[1]');
SELECT vector_accum('{1,NULL}', '[1]');
SELECT vector_accum('{{1},{1}}', '[1]');
SELECT vector_avg('{1,NaN}');
SELECT vector_sum('{NaN,1}');
DROP TABLE ordered;

-- the same in parallel workers
CREATE TABLE many (g int, v vector(3));
INSERT INTO many SELECT i % 2, ARRAY[i, -i, 1] FROM generate_series(1, 2000) i;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT avg(v), sum(v) FROM many;
SELECT avg(v), sum(v) FROM many;
SELECT g, avg(v) FROM many GROUP BY g ORDER BY g;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
DROP TABLE many;

-- every instruction set gives the scalar answer
CREATE TABLE kernels AS
SELECT n, array_agg((i * 7 % 11) - 5 ORDER BY i)::vector AS a,
	array_agg((i * 5 % 13) - 6 ORDER BY i)::vector AS b
FROM generate_series(1, 70) n, generate_series(1, n) i GROUP BY n;
CREATE VIEW distances AS SELECT n, a <-> b AS l2, a <#> b AS ip, a <+> b AS l1,
	round((a <=> b)::numeric, 6) AS cosine FROM kernels;
SET qdrant_pg.simd = 'scalar';
CREATE TABLE scalar AS SELECT * FROM distances;
RESET qdrant_pg.simd;
SELECT count(*) FROM scalar JOIN distances USING (n, l2, ip, l1, cosine);
DROP VIEW distances;
DROP TABLE scalar, kernels;

-- 65,536 dimensions in text, on disk, in arrays
CREATE TABLE wide (v vector(65536));
INSERT INTO wide SELECT array_agg(i % 100)::vector FROM generate_series(1, 65536) i;
INSERT INTO wide SELECT v::text::vector FROM wide;
SELECT count(DISTINCT v), min(vector_dims(v)), max(v <-> v) FROM wide;
SELECT subvector(v, 65535, 5), length(binary_quantize(v)), vector_dims(avg(v) OVER ())
FROM wide LIMIT 1;
SELECT left(encode(vector_send(v), 'hex'), 24), length(vector_send(v)) FROM wide LIMIT 1;
SELECT v <-> subvector(v, 1, 65535) FROM wide LIMIT 1;
SELECT v || '[1]' FROM wide LIMIT 1;

-- binary: COPY out and in again, arrays and NULL too
CREATE TABLE binary_out (i int, v vector, a vector[]);
INSERT INTO binary_out VALUES (1, '[1,-2.5,3e-45]', NULL), (2, NULL, '{"[1,2]",NULL,"[3]"}'),
	(3, '[-0]', '{}');
INSERT INTO binary_out SELECT 4, v, ARRAY[v, v] FROM wide LIMIT 1;
SELECT vector_send(v) FROM binary_out WHERE i = 1;
\copy binary_out to 'results/vector.data' (format binary)
CREATE TABLE binary_in (LIKE binary_out);
\copy binary_in from 'results/vector.data' (format binary)
SELECT count(*) FROM binary_out JOIN binary_in USING (i)
WHERE binary_out IS NOT DISTINCT FROM binary_in;
DROP TABLE wide, binary_out, binary_in;

-- binary that is wrong: the bytes of a bytea are the message
CREATE TABLE message (m bytea);
CREATE TABLE received (v vector);
INSERT INTO message VALUES ('\x000200003f80000040000000');
\copy message to 'results/vector.data' (format binary)
\copy received from 'results/vector.data' (format binary)
SELECT * FROM received;
-- nothing
UPDATE message SET m = '\x';
\copy message to 'results/vector.data' (format binary)
\copy received from 'results/vector.data' (format binary)
-- no dimension
UPDATE message SET m = '\x00000000';
\copy message to 'results/vector.data' (format binary)
\copy received from 'results/vector.data' (format binary)
-- 65,536 announced, one sent
UPDATE message SET m = '\x000000003f800000';
\copy message to 'results/vector.data' (format binary)
\copy received from 'results/vector.data' (format binary)
-- too short
UPDATE message SET m = '\x000200003f800000';
\copy message to 'results/vector.data' (format binary)
\copy received from 'results/vector.data' (format binary)
-- too long
UPDATE message SET m = '\x000100003f8000003f800000';
\copy message to 'results/vector.data' (format binary)
\copy received from 'results/vector.data' (format binary)
-- unused is used
UPDATE message SET m = '\x000100013f800000';
\copy message to 'results/vector.data' (format binary)
\copy received from 'results/vector.data' (format binary)
-- NaN, infinity
UPDATE message SET m = '\x000100007fc00000';
\copy message to 'results/vector.data' (format binary)
\copy received from 'results/vector.data' (format binary)
UPDATE message SET m = '\x00010000ff800000';
\copy message to 'results/vector.data' (format binary)
\copy received from 'results/vector.data' (format binary)
-- another dimension than the column's
ALTER TABLE received ALTER v TYPE vector(2);
UPDATE message SET m = '\x000100003f800000';
\copy message to 'results/vector.data' (format binary)
\copy received from 'results/vector.data' (format binary)
SELECT count(*) FROM received;
DROP TABLE message, received;

-- short or long header, plain, compressed or out of line: the same vector
CREATE TABLE storages (c "char", plain vector, main vector, extended vector, external vector);
ALTER TABLE storages ALTER plain SET STORAGE plain, ALTER main SET STORAGE main,
	ALTER extended SET STORAGE extended;
INSERT INTO storages SELECT 'x', v, v, v, v FROM (SELECT '[1,2]'::vector) t (v);
INSERT INTO storages SELECT 'y', subvector(v, 1, 100), v, v, v
FROM (SELECT array_agg(i / 1000)::vector FROM generate_series(1, 3000) i) t (v);
SELECT c, pg_column_size(plain), pg_column_size(main) < 1000 AS main,
	pg_column_size(extended) < 1000 AS extended, pg_column_size(external) AS external
FROM storages ORDER BY c;
SELECT c, main <-> external AS l2, extended = external AS equal,
	plain || plain = plain || subvector(external, 1, vector_dims(plain)) AS concat,
	main::text = external::text AS text, extended::real[] = external::real[] AS reals,
	vector_norm(main) = vector_norm(extended) AS norm
FROM storages ORDER BY c;
DROP TABLE storages;
DROP FUNCTION is_valid, sqlstate_of;
