-- The type halfvec: input, output, casts, operators, functions, aggregates.
SET extra_float_digits = 0;

-- text: the shortest decimal of the half, as float4
SELECT '[1,2.5,0.1,-3e-05]'::halfvec;
SELECT E' [ 1 ,\t2\n,  3\r] '::halfvec;
SELECT '[65504,-65504,65519,2049,2051,6e-8,3e-8,2e-8,-0]'::halfvec;
SELECT '[]'::halfvec;
SELECT '1,2'::halfvec;
SELECT '[1,]'::halfvec;
SELECT '[1]x'::halfvec;
SELECT '[a]'::halfvec;
SELECT '[1,NaN]'::halfvec;
SELECT '[-inf]'::halfvec;
SELECT '[65520]'::halfvec;
SELECT '[1,-1e400]'::halfvec;
SELECT '[1,2]'::halfvec(3);
SELECT '[1]'::halfvec(0);
SELECT '[1]'::halfvec(65537);
SELECT '[1]'::halfvec(1, 2);

-- the type modifier
CREATE TABLE typmod (v halfvec(3));
SELECT atttypmod, format_type(atttypid, atttypmod), attstorage FROM pg_attribute
WHERE attrelid = 'typmod'::regclass AND attname = 'v';
INSERT INTO typmod VALUES ('[1,2,3]'), (NULL);
INSERT INTO typmod VALUES ('[1,2]');
INSERT INTO typmod SELECT '[1,2,3,4]'::halfvec;
DROP TABLE typmod;

-- casts
SELECT ARRAY[1,2,3]::halfvec, ARRAY[1.5,2]::halfvec, ARRAY[1.5,2]::float8[]::halfvec,
	ARRAY[1.5,2]::real[]::halfvec(2);
SELECT '[1,2.5,0.1]'::halfvec::real[], '[1,2.5,0.1]'::halfvec::vector, '[1,2.5,0.1]'::vector::halfvec;
SELECT '[1,2]'::vector <-> '[1,4]'::halfvec AS vector_becomes_halfvec;
CREATE TABLE assigned (h halfvec(2), v vector(2));
INSERT INTO assigned VALUES (ARRAY[1,2], '[1,2]'::halfvec), ('[0.1,2]'::vector, ARRAY[3,4]);
SELECT * FROM assigned ORDER BY v;
DROP TABLE assigned;
SELECT '[1e5]'::vector::halfvec;
SELECT '{1,1e5}'::float8[]::halfvec;
SELECT '{}'::real[]::halfvec;
SELECT '{1,NULL}'::real[]::halfvec;
SELECT '{{1,2},{3,4}}'::real[]::halfvec;
SELECT '{NaN}'::real[]::halfvec;
SELECT '[1,2]'::vector::halfvec(3);
SELECT '[1,2]'::halfvec::vector(3);
SELECT '[1,2]'::halfvec::halfvec(3);

-- distances
SELECT '[0,0]'::halfvec <-> '[3,4]' AS l2, '[1,2]'::halfvec <#> '[3,4]' AS negative_ip,
	'[0,0]'::halfvec <+> '[3,-4]' AS l1, '[1,1]'::halfvec <=> '[-1,-1]' AS cosine;
SELECT l2_distance('[0,0]'::halfvec, '[3,4]'), inner_product('[1,2]'::halfvec, '[3,4]'),
	l1_distance('[0,0]'::halfvec, '[3,-4]'), cosine_distance('[1,0]'::halfvec, '[0,2]');
SELECT cosine_distance('[1,1]'::halfvec, '[1.1,1.1]') AS never_below_zero,
	cosine_distance('[1,2]'::halfvec, '[0,0]') AS undefined,
	cosine_distance('[6e-8,0]'::halfvec, '[1.2e-7,0]') AS tiny,
	cosine_distance('[65504,0]'::halfvec, '[0,65504]') AS huge;
SELECT '[1,2]'::halfvec <-> '[1,2,3]';
SELECT '[1,2]'::halfvec <#> '[1]';
SELECT '[1,2]'::halfvec <=> '[1]';
SELECT '[1,2]'::halfvec <+> '[1]';
SELECT d, qdrant.score('[1,2]'::halfvec, '[4,6]', d)
FROM unnest(ARRAY['Cosine', 'Dot', 'Euclid', 'Manhattan']) d;
SELECT qdrant.score(qdrant.cosine_normalize('[3,4]')::halfvec, qdrant.cosine_normalize('[3,4]')::halfvec, 'Cosine');
SELECT qdrant.score('[1,2]'::halfvec, '[4,6]', 'dot');
SELECT qdrant.score('[1,2]'::halfvec, '[4,6,7]', 'Dot');

-- functions
SELECT vector_dims('[1,2,3]'::halfvec), l2_norm('[3,4]'::halfvec), l2_norm('[65504,65504]'::halfvec),
	l2_normalize('[3,4]'::halfvec), l2_normalize('[0,0]'::halfvec), l2_normalize('[65504,0]'::halfvec);
SELECT binary_quantize('[1,0,-1,0.5,-0,2,3,4,5]'::halfvec);
SELECT subvector('[1,2,3,4,5]'::halfvec, 2, 3), subvector('[1,2,3]'::halfvec, 2, 10),
	subvector('[1,2,3]'::halfvec, -1, 4);
SELECT subvector('[1,2,3]'::halfvec, 4, 1);
SELECT subvector('[1,2,3]'::halfvec, 2147483647, 2147483647);

-- arithmetic
SELECT '[1,2]'::halfvec + '[3,4]', '[1,2]'::halfvec - '[3,5]', '[1,2]'::halfvec * '[3,4]',
	'[1,2]'::halfvec || '[3]';
SELECT '[65504]'::halfvec + '[65504]';
SELECT '[-65504]'::halfvec - '[65504]';
SELECT '[1000]'::halfvec * '[1000]';
SELECT '[1e-5]'::halfvec * '[1e-5]';
SELECT '[1,2]'::halfvec + '[1]';
SELECT array_agg(1)::halfvec || '[1]' FROM generate_series(1, 65536);

-- comparison
SELECT a, b, a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge,
	a > b AS gt, halfvec_cmp(a, b)
FROM (VALUES ('[1,2]'::halfvec, '[1,3]'::halfvec), ('[1,2]', '[1,2]'),
	('[2]', '[1,9]'), ('[1]', '[1,0]'), ('[0]', '[-0]'), ('[-2]', '[-1]')) t (a, b);
CREATE TABLE ordered (v halfvec PRIMARY KEY);
INSERT INTO ordered VALUES ('[2]'), ('[1,2]'), ('[1]'), ('[-1,5]');
INSERT INTO ordered VALUES ('[1,2]');
SELECT * FROM ordered ORDER BY v;

-- aggregates
SELECT avg(v), sum(v) FROM (VALUES ('[1,2]'::halfvec), ('[2,4]'), (NULL), ('[6,0]')) t (v);
SELECT avg(v), sum(v) FROM ordered WHERE false;
SELECT avg(v) FROM (VALUES ('[1,2]'::halfvec), ('[1]')) t (v);
SELECT avg(v) FROM (VALUES ('[65504]'::halfvec), ('[65504]')) t (v);
SELECT sum(v) FROM (VALUES ('[65504]'::halfvec), ('[65504]')) t (v);
DROP TABLE ordered;

-- every instruction set gives the scalar answer, and that of vector
CREATE TABLE kernels AS
SELECT n, array_agg((i * 7 % 11) - 5 ORDER BY i)::halfvec AS a,
	array_agg((i * 5 % 13) - 6 ORDER BY i)::halfvec AS b
FROM generate_series(1, 70) n, generate_series(1, n) i GROUP BY n;
CREATE VIEW distances AS SELECT n, a <-> b AS l2, a <#> b AS ip, a <+> b AS l1,
	round((a <=> b)::numeric, 6) AS cosine FROM kernels;
SET qdrant_pg.simd = 'scalar';
CREATE TABLE scalar AS SELECT * FROM distances;
RESET qdrant_pg.simd;
SELECT count(*) FROM scalar JOIN distances USING (n, l2, ip, l1, cosine);
SELECT count(*) FROM kernels JOIN distances USING (n)
WHERE a::vector <-> b::vector = l2 AND a::vector <#> b::vector = ip AND a::vector <+> b::vector = l1;
DROP VIEW distances;
DROP TABLE scalar, kernels;

-- 65,536 dimensions; binary out and in again
CREATE TABLE binary_out (i int, v halfvec, a halfvec[]);
INSERT INTO binary_out VALUES (1, '[1,-2.5,6e-8]', NULL), (2, NULL, '{"[1,2]",NULL,"[3]"}'),
	(3, (SELECT array_agg(i % 100)::halfvec FROM generate_series(1, 65536) i), '{}');
SELECT halfvec_send(v) FROM binary_out WHERE i = 1;
SELECT vector_dims(v), left(encode(halfvec_send(v), 'hex'), 16), length(halfvec_send(v))
FROM binary_out WHERE i = 3;
\copy binary_out to 'results/halfvec.data' (format binary)
CREATE TABLE binary_in (LIKE binary_out);
\copy binary_in from 'results/halfvec.data' (format binary)
SELECT count(*) FROM binary_out JOIN binary_in USING (i)
WHERE binary_out IS NOT DISTINCT FROM binary_in;
DROP TABLE binary_out, binary_in;

-- binary that is wrong: no dimension, too short, unused is used, NaN, infinity
CREATE TABLE message (m bytea);
CREATE TABLE received (v halfvec);
INSERT INTO message VALUES ('\x000200003c004000');
\copy message to 'results/halfvec.data' (format binary)
\copy received from 'results/halfvec.data' (format binary)
SELECT * FROM received;
UPDATE message SET m = '\x00000000';
\copy message to 'results/halfvec.data' (format binary)
\copy received from 'results/halfvec.data' (format binary)
UPDATE message SET m = '\x000200003c00';
\copy message to 'results/halfvec.data' (format binary)
\copy received from 'results/halfvec.data' (format binary)
UPDATE message SET m = '\x000100013c00';
\copy message to 'results/halfvec.data' (format binary)
\copy received from 'results/halfvec.data' (format binary)
UPDATE message SET m = '\x000100007e00';
\copy message to 'results/halfvec.data' (format binary)
\copy received from 'results/halfvec.data' (format binary)
UPDATE message SET m = '\x00010000fc00';
\copy message to 'results/halfvec.data' (format binary)
\copy received from 'results/halfvec.data' (format binary)
DROP TABLE message, received;
