-- Distances of bit strings.
SELECT '1010'::bit(4) <~> '0110'::bit(4) AS hamming, '1010'::bit(4) <%> '0110'::bit(4) AS jaccard,
	hamming_distance('111', '000'), jaccard_distance('1100', '1000');
SELECT '111'::bit(3) <~> '111'::bit(3) AS same, '111'::bit(3) <%> '111'::bit(3) AS same,
	'000'::bit(3) <%> '000'::bit(3) AS no_ones, '100'::bit(3) <%> '011'::bit(3) AS none_common;
SELECT '111'::bit(3) <~> '1111'::bit(4);
SELECT '111'::bit(3) <%> '11'::bit(2);
SELECT binary_quantize('[1,-1,2]'::vector) <~> binary_quantize('[1,1,-2]'::halfvec) AS quantized;

-- every length and instruction set, against a count bit by bit
CREATE TABLE kernels AS
SELECT n, string_agg(((i * 7 % 11) / 5 % 2)::text, '' ORDER BY i)::bit varying AS a,
	string_agg(((i * 5 % 13) / 6 % 2)::text, '' ORDER BY i)::bit varying AS b
FROM generate_series(1, 600, 7) n, generate_series(1, n) i GROUP BY n;
CREATE VIEW counted AS
SELECT n, (SELECT count(*) FROM generate_series(0, n - 1) i WHERE get_bit(a, i) <> get_bit(b, i)) AS different,
	(SELECT count(*) FROM generate_series(0, n - 1) i WHERE get_bit(a, i) + get_bit(b, i) = 2) AS common,
	(SELECT count(*) FROM generate_series(0, n - 1) i WHERE get_bit(a, i) + get_bit(b, i) > 0) AS any_one
FROM kernels;
SELECT count(*), count(*) FILTER (WHERE hamming_distance(a, b) = different),
	count(*) FILTER (WHERE abs(jaccard_distance(a, b) - CASE WHEN common = 0 THEN 1 ELSE 1 - common::float8 / any_one END) < 1e-12)
FROM kernels JOIN counted USING (n);
SET qdrant_pg.simd = 'scalar';
SELECT count(*), count(*) FILTER (WHERE hamming_distance(a, b) = different)
FROM kernels JOIN counted USING (n);
RESET qdrant_pg.simd;
DROP VIEW counted;
DROP TABLE kernels;
