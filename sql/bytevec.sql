-- The type bytevec: input, output, casts, operators, functions, aggregates.
SET extra_float_digits = 0;

-- text: whole numbers from 0 to 255
SELECT '[1,2,255]'::bytevec, E' [ 0 ,\t255\n,  7.0, 1e2] '::bytevec;
SELECT '[]'::bytevec;
SELECT '1,2'::bytevec;
SELECT '[1,]'::bytevec;
SELECT '[1]x'::bytevec;
SELECT '[256]'::bytevec;
SELECT '[-1]'::bytevec;
SELECT '[1.5]'::bytevec;
-- as written, not as rounded to float4
SELECT '[1.00000001]'::bytevec;
SELECT '[255.4]'::bytevec;
SELECT '[254.99999999]'::bytevec;
SELECT '[255.00000001]'::bytevec;
SELECT '[0,1e-50]'::bytevec;
SELECT '[-1e-50]'::bytevec;
SELECT '[0x1.000000000000001p0]'::bytevec;
SELECT '[1.23e1]'::bytevec;
SELECT '[100000000000000000000000000000000000000000000000001e-50]'::bytevec;
SELECT '[-0,-0.00e-7,1.20e1,250e-1,100e-2,0x1.8p1,0xF0p-4,+7,1000000000000000000000000000000000000000000e-40,0e99999999999999999999]'::bytevec;
SELECT '[NaN]'::bytevec;
SELECT '[inf]'::bytevec;
SELECT '[1e400]'::bytevec;
SELECT '[1,2]'::bytevec(3);
SELECT '[1]'::bytevec(0);
SELECT '[1]'::bytevec(65537);

-- casts are exact; to_bytevec() cuts and limits as Qdrant does
SELECT ARRAY[1,2,255]::bytevec, ARRAY[1.0,2]::bytevec, ARRAY[1,2]::float8[]::bytevec,
	ARRAY[1,2]::real[]::bytevec(2), '[1,2]'::vector::bytevec;
SELECT '[1,255]'::bytevec::vector, '[1,255]'::bytevec::int[], '[1,255]'::bytevec::real[];
SELECT '{256}'::int[]::bytevec;
SELECT '{1,0.5}'::float8[]::bytevec;
SELECT '{1.00000001}'::float8[]::bytevec;
SELECT '{255.000000000001}'::float8[]::bytevec;
SELECT '{1e-50}'::float8[]::bytevec;
SELECT '{NaN}'::float8[]::bytevec;
SELECT '{1.00000001}'::numeric[]::bytevec;
SELECT '{254.9999999999999999999999}'::numeric[]::bytevec;
SELECT '{1.000,2e2,-0.0}'::numeric[]::bytevec, '{7,-0,1e2}'::float8[]::bytevec;
SELECT '{NaN}'::numeric[]::bytevec;
SELECT '{16777217}'::int[]::bytevec;
SELECT '[1.5]'::vector::bytevec;
SELECT '{1,NULL}'::int[]::bytevec;
SELECT '[1,2]'::bytevec::vector(3);
SELECT '[1,2]'::vector::bytevec(3);
SELECT '[1,2]'::bytevec::bytevec(3);
SELECT qdrant.to_bytevec('[1.9,300,-5,7.5,255.9,-0.1,3e38,-3e38]');
CREATE TABLE assigned (b bytevec(2), v vector(2));
INSERT INTO assigned VALUES (ARRAY[1,2], '[1,2]'::bytevec), ('[0,2]'::vector, ARRAY[3,4]);
SELECT atttypmod, format_type(atttypid, atttypmod), attstorage FROM pg_attribute
WHERE attrelid = 'assigned'::regclass AND attname = 'b';
INSERT INTO assigned VALUES ('[1]');
SELECT * FROM assigned ORDER BY v;
DROP TABLE assigned;

-- distances
SELECT '[0,0]'::bytevec <-> '[3,4]' AS l2, '[1,2]'::bytevec <#> '[3,4]' AS negative_ip,
	'[0,4]'::bytevec <+> '[3,0]' AS l1, '[1,1]'::bytevec <=> '[0,1]' AS cosine;
SELECT l2_distance('[0,0]'::bytevec, '[3,4]'), inner_product('[255,2]'::bytevec, '[255,4]'),
	l1_distance('[0,255]'::bytevec, '[255,0]'), cosine_distance('[1,0]'::bytevec, '[0,2]'),
	cosine_distance('[1,2]'::bytevec, '[0,0]') AS undefined;
SELECT '[1,2]'::bytevec <-> '[1]';
SELECT '[1,2]'::bytevec <#> '[1]';
SELECT '[1,2]'::bytevec <=> '[1]';
SELECT '[1,2]'::bytevec <+> '[1]';
SELECT d, qdrant.score('[1,2]'::bytevec, '[4,6]', d), qdrant.score('[1,2]'::bytevec, '[0,0]', d) AS zero
FROM unnest(ARRAY['Cosine', 'Dot', 'Euclid', 'Manhattan']) d;
SELECT qdrant.score('[1,2]'::bytevec, '[4,6]', 'dot');
SELECT qdrant.score('[1,2]'::bytevec, '[4]', 'Dot');

-- functions, comparison, aggregates
SELECT vector_dims('[1,2,3]'::bytevec), l2_norm('[3,4]'::bytevec), '[1,2]'::bytevec || '[3]',
	subvector('[1,2,3,4,5]'::bytevec, 2, 3), subvector('[1,2,3]'::bytevec, -1, 4);
SELECT subvector('[1,2,3]'::bytevec, 4, 1);
SELECT array_agg(1)::bytevec || '[1]' FROM generate_series(1, 65536);
SELECT a, b, a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge,
	a > b AS gt, bytevec_cmp(a, b)
FROM (VALUES ('[1,2]'::bytevec, '[1,3]'::bytevec), ('[1,2]', '[1,2]'), ('[200]', '[1,9]'), ('[1]', '[1,0]')) t (a, b);
CREATE TABLE ordered (v bytevec PRIMARY KEY);
INSERT INTO ordered VALUES ('[200]'), ('[1,2]'), ('[1]');
INSERT INTO ordered VALUES ('[1,2]');
SELECT * FROM ordered ORDER BY v;
SELECT avg(v), sum(v) FROM (VALUES ('[1,200]'::bytevec), ('[2,200]'), (NULL)) t (v);
SELECT avg(v), sum(v) FROM ordered WHERE false;
DROP TABLE ordered;

-- every instruction set gives the scalar answer, and that of vector
CREATE TABLE kernels AS
SELECT n, array_agg(i * 7 % 11 ORDER BY i)::bytevec AS a,
	array_agg(i * 5 % 13 ORDER BY i)::bytevec AS b
FROM generate_series(1, 70) n, generate_series(1, n) i GROUP BY n;
CREATE VIEW distances AS SELECT n, a <-> b AS l2, a <#> b AS ip, a <+> b AS l1, a <=> b AS cosine FROM kernels;
SET qdrant_pg.simd = 'scalar';
CREATE TABLE scalar AS SELECT * FROM distances;
RESET qdrant_pg.simd;
SELECT count(*) FROM scalar JOIN distances USING (n, l2, ip, l1, cosine);
SELECT count(*) FROM kernels JOIN distances USING (n)
WHERE a::vector <-> b::vector = l2 AND a::vector <#> b::vector = ip AND a::vector <+> b::vector = l1
	AND abs((a::vector <=> b::vector) - cosine) < 1e-6;
DROP VIEW distances;
DROP TABLE scalar, kernels;

-- 65,536 dimensions; binary out and in again
CREATE TABLE binary_out (i int, v bytevec, a bytevec[]);
INSERT INTO binary_out VALUES (1, '[1,2,255]', NULL), (2, NULL, '{"[1,2]",NULL,"[3]"}'),
	(3, (SELECT array_agg(i % 256)::bytevec FROM generate_series(1, 65536) i), '{}');
SELECT bytevec_send(v) FROM binary_out WHERE i = 1;
SELECT vector_dims(v), left(encode(bytevec_send(v), 'hex'), 12), length(bytevec_send(v)), v <#> v
FROM binary_out WHERE i = 3;
\copy binary_out to 'results/bytevec.data' (format binary)
CREATE TABLE binary_in (LIKE binary_out);
\copy binary_in from 'results/bytevec.data' (format binary)
SELECT count(*) FROM binary_out JOIN binary_in USING (i)
WHERE binary_out IS NOT DISTINCT FROM binary_in;
DROP TABLE binary_out, binary_in;

-- binary that is wrong: no dimension, too short, too long, unused is used
CREATE TABLE message (m bytea);
CREATE TABLE received (v bytevec);
INSERT INTO message VALUES ('\x0002000001ff');
\copy message to 'results/bytevec.data' (format binary)
\copy received from 'results/bytevec.data' (format binary)
SELECT * FROM received;
UPDATE message SET m = '\x00000000';
\copy message to 'results/bytevec.data' (format binary)
\copy received from 'results/bytevec.data' (format binary)
UPDATE message SET m = '\x0002000001';
\copy message to 'results/bytevec.data' (format binary)
\copy received from 'results/bytevec.data' (format binary)
UPDATE message SET m = '\x000100000101';
\copy message to 'results/bytevec.data' (format binary)
\copy received from 'results/bytevec.data' (format binary)
UPDATE message SET m = '\x0001000101';
\copy message to 'results/bytevec.data' (format binary)
\copy received from 'results/bytevec.data' (format binary)
DROP TABLE message, received;
