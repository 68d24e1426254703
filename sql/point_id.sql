-- The type point_id: an unsigned 64-bit number or a UUID.

-- text
SELECT '0'::point_id, '007'::point_id, '18446744073709551615'::point_id;
SELECT '550e8400-e29b-41d4-a716-446655440000'::point_id AS hyphenated,
	'550E8400E29B41D4A716446655440000'::point_id AS plain,
	'{550e8400-e29b-41d4-a716-446655440000}'::point_id AS braces,
	'urn:uuid:550E8400-e29b-41d4-a716-446655440000'::point_id AS urn,
	'00000000000000000000000000000005'::point_id AS digits_only;
SELECT '18446744073709551616'::point_id;
SELECT '99999999999999999999'::point_id;
SELECT '999999999999999999999'::point_id;
SELECT '-1'::point_id;
SELECT '+1'::point_id;
SELECT '1.0'::point_id;
SELECT ' 1'::point_id;
SELECT ''::point_id;
SELECT '0x10'::point_id;
SELECT 'a'::point_id;
SELECT '550e8400-e29b-41d4-a716-44665544000'::point_id;
SELECT '550e8400-e29b-41d4-a716-44665544000g'::point_id;
SELECT '550e8400e-29b-41d4-a716-446655440000'::point_id;
SELECT '{550e8400-e29b-41d4-a716-446655440000'::point_id;
SELECT '{550e8400e29b41d4a716446655440000}'::point_id;
SELECT 'urn:uuid:550e8400e29b41d4a716446655440000'::point_id;
SELECT repeat('9', 1000)::point_id;

CREATE FUNCTION sqlstate_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN 'none';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT input, sqlstate_of(format('SELECT %L::point_id', input))
FROM unnest(ARRAY['1', '-1', 'x', '18446744073709551616']) input;
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
SELECT input, is_valid(input, 'point_id')
FROM unnest(ARRAY['1', '-1', 'x', '18446744073709551616',
	'550e8400-e29b-41d4-a716-446655440000']) input;

-- casts in
SELECT 5::point_id, 5::bigint::point_id, 9223372036854775807::point_id,
	18446744073709551615::point_id, 5.00::numeric::point_id,
	'550e8400-e29b-41d4-a716-446655440000'::uuid::point_id, '6'::text::point_id;
SELECT (-1)::point_id;
SELECT (-1)::bigint::point_id;
SELECT (-1)::numeric::point_id;
SELECT 18446744073709551616::point_id;
SELECT 1.5::point_id;
SELECT 'NaN'::numeric::point_id;
SELECT 'Infinity'::numeric::point_id;
SELECT 'x'::text::point_id;
-- casts out
SELECT '5'::point_id::text, '18446744073709551615'::point_id::numeric + 1 AS number,
	'550e8400e29b41d4a716446655440000'::point_id::uuid;
SELECT '5'::point_id::uuid;
SELECT '550e8400e29b41d4a716446655440000'::point_id::numeric;

-- order: numbers, then UUIDs, bytewise
CREATE TABLE points (id point_id PRIMARY KEY, n int);
INSERT INTO points SELECT i, i FROM generate_series(1, 300) i;
INSERT INTO points VALUES (9223372036854775807, 1001), (9223372036854775808, 1002),
	(9223372036854775809, 1003), (18446744073709551615, 1004),
	('00000000-0000-0000-0000-000000000000', 1005),
	('00000000-0000-0000-0000-000000000001', 1006),
	('00000000-0000-0001-0000-000000000000', 1007),
	('7fffffff-ffff-ffff-ffff-ffffffffffff', 1008),
	('80000000-0000-0000-0000-000000000000', 1009),
	('ffffffff-ffff-ffff-ffff-ffffffffffff', 1010), (0, 0);
ANALYZE points;
SELECT id FROM points WHERE n > 298 ORDER BY id;
-- a sort (abbreviated keys), the index and plain comparison agree
CREATE TABLE shuffled AS SELECT * FROM points ORDER BY n * 7919 % 1013;
SELECT count(*) FROM (SELECT n, lag(n) OVER () AS before
	FROM (SELECT n FROM shuffled ORDER BY id) s) t WHERE before >= n;
SELECT count(*) FROM shuffled a JOIN shuffled b ON a.n < b.n
WHERE NOT (a.id < b.id AND a.id <= b.id AND a.id <> b.id AND NOT a.id = b.id
	AND NOT a.id > b.id AND NOT a.id >= b.id AND point_id_cmp(a.id, b.id) < 0
	AND point_id_cmp(b.id, a.id) > 0);
CREATE INDEX ON shuffled (id DESC);
SET enable_sort = off;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM shuffled ORDER BY id DESC LIMIT 2;
SELECT id FROM shuffled ORDER BY id DESC LIMIT 2;
RESET enable_sort;
-- literals and other types find the index
EXPLAIN (COSTS OFF) SELECT n FROM points WHERE id = 5;
EXPLAIN (COSTS OFF) SELECT n FROM points WHERE id = ANY ('{1,2}');
EXPLAIN (COSTS OFF) SELECT n FROM points WHERE id > 5 ORDER BY id LIMIT 3;
SELECT n FROM points WHERE id = 5;
SELECT n FROM points WHERE id = 18446744073709551615;
SELECT n FROM points WHERE id = '80000000-0000-0000-0000-000000000000'::uuid;
SELECT n FROM points WHERE id = ANY ('{1,00000000000000000000000000000001}') ORDER BY id;
SELECT n FROM points WHERE id > 299 ORDER BY id LIMIT 3;
INSERT INTO points VALUES ('{80000000-0000-0000-0000-000000000000}', 1);
RESET enable_seqscan;
-- what core can do without us stays as it was
SELECT 1 = 1.0 AS number, 5::bigint = 5::int AS widths, text(5) AS text;

-- hash: joins, groups, index, partitions
SET enable_mergejoin = off;
SET enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM points JOIN shuffled USING (id);
SELECT count(*) FROM points JOIN shuffled USING (id);
RESET enable_mergejoin;
RESET enable_nestloop;
SELECT count(*) FROM (SELECT id FROM points UNION SELECT id FROM shuffled) u;
CREATE INDEX points_hash ON points USING hash (id);
CREATE TABLE parts (id point_id) PARTITION BY HASH (id);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT id FROM points;
SELECT count(*) > 100 AS both_used FROM parts GROUP BY tableoid;
DROP TABLE parts;

-- unaligned, with a short header, beside other columns
CREATE TABLE packed (b "char", id point_id, c "char");
INSERT INTO packed SELECT 'x', id, 'y' FROM points;
SELECT count(*) FROM packed JOIN points USING (id) WHERE b = 'x' AND c = 'y'
	AND packed.id::text = points.id::text;
SELECT pg_column_size(id) FROM packed WHERE id IN (5, 'ffffffffffffffffffffffffffffffff')
ORDER BY id;
DROP TABLE packed, shuffled;

-- binary
SELECT point_id_send('258'), point_id_send('550e8400e29b41d4a716446655440000');
CREATE TABLE binary_in (id point_id, a point_id[]);
\copy (select id, array[id, null, 1::point_id] from points) to 'results/point_id.data' (format binary)
\copy binary_in from 'results/point_id.data' (format binary)
SELECT count(*) FROM points JOIN binary_in b USING (id) WHERE a = ARRAY[b.id, NULL, 1::point_id];
DROP TABLE points, binary_in;
-- wrong lengths: the bytes of a bytea are the message
CREATE TABLE message (m bytea);
CREATE TABLE received (id point_id);
INSERT INTO message VALUES ('\x');
\copy message to 'results/point_id.data' (format binary)
\copy received from 'results/point_id.data' (format binary)
UPDATE message SET m = '\x01020304050607';
\copy message to 'results/point_id.data' (format binary)
\copy received from 'results/point_id.data' (format binary)
UPDATE message SET m = '\x0102030405060708090a0b0c0d0e0f1011';
\copy message to 'results/point_id.data' (format binary)
\copy received from 'results/point_id.data' (format binary)
UPDATE message SET m = '\xffffffffffffffff';
\copy message to 'results/point_id.data' (format binary)
\copy received from 'results/point_id.data' (format binary)
SELECT * FROM received;
DROP TABLE message, received;
DROP FUNCTION is_valid, sqlstate_of;
