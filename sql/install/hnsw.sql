
-- The index access method.

CREATE FUNCTION qdrant_hnsw_handler(internal) RETURNS index_am_handler
	AS 'MODULE_PATHNAME', 'qd_hnsw_handler' LANGUAGE C STRICT;

CREATE ACCESS METHOD qdrant_hnsw TYPE INDEX HANDLER qdrant_hnsw_handler;

COMMENT ON ACCESS METHOD qdrant_hnsw IS 'nearest neighbours of vectors by a graph';

CREATE FUNCTION qdrant_hnsw_metric_l2(internal) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_hnsw_metric_l2' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_hnsw_metric_ip(internal) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_hnsw_metric_ip' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_hnsw_metric_cosine(internal) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_hnsw_metric_cosine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_hnsw_metric_l1(internal) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_hnsw_metric_l1' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR CLASS vector_l2_ops FOR TYPE vector USING qdrant_hnsw AS
	OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
	OPERATOR 3 <<->> (vector, vector_sphere),
	FUNCTION 1 qdrant_hnsw_metric_l2(internal);

CREATE OPERATOR CLASS vector_ip_ops FOR TYPE vector USING qdrant_hnsw AS
	OPERATOR 1 <#> (vector, vector) FOR ORDER BY float_ops,
	OPERATOR 3 <<#>> (vector, vector_sphere),
	FUNCTION 1 qdrant_hnsw_metric_ip(internal);

CREATE OPERATOR CLASS vector_cosine_ops FOR TYPE vector USING qdrant_hnsw AS
	OPERATOR 1 <=> (vector, vector) FOR ORDER BY float_ops,
	OPERATOR 3 <<=>> (vector, vector_sphere),
	FUNCTION 1 qdrant_hnsw_metric_cosine(internal);

CREATE OPERATOR CLASS vector_l1_ops FOR TYPE vector USING qdrant_hnsw AS
	OPERATOR 1 <+> (vector, vector) FOR ORDER BY float_ops,
	OPERATOR 3 <<+>> (vector, vector_sphere),
	FUNCTION 1 qdrant_hnsw_metric_l1(internal);

CREATE FUNCTION qdrant_hnsw_half_l2(internal) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_hnsw_half_l2' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_hnsw_half_ip(internal) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_hnsw_half_ip' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_hnsw_half_cosine(internal) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_hnsw_half_cosine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_hnsw_half_l1(internal) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_hnsw_half_l1' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR CLASS halfvec_l2_ops FOR TYPE halfvec USING qdrant_hnsw AS
	OPERATOR 1 <-> (halfvec, halfvec) FOR ORDER BY float_ops,
	OPERATOR 3 <<->> (halfvec, halfvec_sphere),
	FUNCTION 1 qdrant_hnsw_half_l2(internal);

CREATE OPERATOR CLASS halfvec_ip_ops FOR TYPE halfvec USING qdrant_hnsw AS
	OPERATOR 1 <#> (halfvec, halfvec) FOR ORDER BY float_ops,
	OPERATOR 3 <<#>> (halfvec, halfvec_sphere),
	FUNCTION 1 qdrant_hnsw_half_ip(internal);

CREATE OPERATOR CLASS halfvec_cosine_ops FOR TYPE halfvec USING qdrant_hnsw AS
	OPERATOR 1 <=> (halfvec, halfvec) FOR ORDER BY float_ops,
	OPERATOR 3 <<=>> (halfvec, halfvec_sphere),
	FUNCTION 1 qdrant_hnsw_half_cosine(internal);

CREATE OPERATOR CLASS halfvec_l1_ops FOR TYPE halfvec USING qdrant_hnsw AS
	OPERATOR 1 <+> (halfvec, halfvec) FOR ORDER BY float_ops,
	OPERATOR 3 <<+>> (halfvec, halfvec_sphere),
	FUNCTION 1 qdrant_hnsw_half_l1(internal);

CREATE FUNCTION qdrant_hnsw_byte_l2(internal) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_hnsw_byte_l2' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_hnsw_byte_ip(internal) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_hnsw_byte_ip' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_hnsw_byte_cosine(internal) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_hnsw_byte_cosine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_hnsw_byte_l1(internal) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_hnsw_byte_l1' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR CLASS bytevec_l2_ops FOR TYPE bytevec USING qdrant_hnsw AS
	OPERATOR 1 <-> (bytevec, bytevec) FOR ORDER BY float_ops,
	OPERATOR 3 <<->> (bytevec, bytevec_sphere),
	FUNCTION 1 qdrant_hnsw_byte_l2(internal);

CREATE OPERATOR CLASS bytevec_ip_ops FOR TYPE bytevec USING qdrant_hnsw AS
	OPERATOR 1 <#> (bytevec, bytevec) FOR ORDER BY float_ops,
	OPERATOR 3 <<#>> (bytevec, bytevec_sphere),
	FUNCTION 1 qdrant_hnsw_byte_ip(internal);

CREATE OPERATOR CLASS bytevec_cosine_ops FOR TYPE bytevec USING qdrant_hnsw AS
	OPERATOR 1 <=> (bytevec, bytevec) FOR ORDER BY float_ops,
	OPERATOR 3 <<=>> (bytevec, bytevec_sphere),
	FUNCTION 1 qdrant_hnsw_byte_cosine(internal);

CREATE OPERATOR CLASS bytevec_l1_ops FOR TYPE bytevec USING qdrant_hnsw AS
	OPERATOR 1 <+> (bytevec, bytevec) FOR ORDER BY float_ops,
	OPERATOR 3 <<+>> (bytevec, bytevec_sphere),
	FUNCTION 1 qdrant_hnsw_byte_l1(internal);

CREATE FUNCTION qdrant_hnsw_bit_hamming(internal) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_hnsw_bit_hamming' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_hnsw_bit_jaccard(internal) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_hnsw_bit_jaccard' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR CLASS bit_hamming_ops FOR TYPE bit USING qdrant_hnsw AS
	OPERATOR 1 <~> (bit, bit) FOR ORDER BY float_ops,
	FUNCTION 1 qdrant_hnsw_bit_hamming(internal);

CREATE OPERATOR CLASS bit_jaccard_ops FOR TYPE bit USING qdrant_hnsw AS
	OPERATOR 1 <%> (bit, bit) FOR ORDER BY float_ops,
	FUNCTION 1 qdrant_hnsw_bit_jaccard(internal);

-- The second column of an index, which filters its scans.
CREATE OPERATOR CLASS qdrant_payload_ops DEFAULT FOR TYPE jsonb USING qdrant_hnsw AS
	OPERATOR 1 @@@ (jsonb, payload_filter),
	OPERATOR 2 @> (jsonb, jsonb);

-- Every invariant of an index; no row when it is clean.  For the table's owner.
CREATE FUNCTION qdrant.check_index(index regclass, OUT block bigint, OUT item integer, OUT problem text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'qd_hnsw_check_index' LANGUAGE C STRICT
	SET search_path = pg_catalog, pg_temp;

COMMENT ON OPERATOR CLASS vector_l2_ops USING qdrant_hnsw IS 'nearest neighbours by Euclidean distance, <->';
COMMENT ON OPERATOR CLASS vector_ip_ops USING qdrant_hnsw IS 'nearest neighbours by inner product, <#>';
COMMENT ON OPERATOR CLASS vector_cosine_ops USING qdrant_hnsw IS 'nearest neighbours by cosine distance, <=>';
COMMENT ON OPERATOR CLASS vector_l1_ops USING qdrant_hnsw IS 'nearest neighbours by sum of absolute differences, <+>';
COMMENT ON OPERATOR CLASS halfvec_l2_ops USING qdrant_hnsw IS 'nearest neighbours by Euclidean distance, <->';
COMMENT ON OPERATOR CLASS halfvec_ip_ops USING qdrant_hnsw IS 'nearest neighbours by inner product, <#>';
COMMENT ON OPERATOR CLASS halfvec_cosine_ops USING qdrant_hnsw IS 'nearest neighbours by cosine distance, <=>';
COMMENT ON OPERATOR CLASS halfvec_l1_ops USING qdrant_hnsw IS 'nearest neighbours by sum of absolute differences, <+>';
COMMENT ON OPERATOR CLASS bytevec_l2_ops USING qdrant_hnsw IS 'nearest neighbours by Euclidean distance, <->';
COMMENT ON OPERATOR CLASS bytevec_ip_ops USING qdrant_hnsw IS 'nearest neighbours by inner product, <#>';
COMMENT ON OPERATOR CLASS bytevec_cosine_ops USING qdrant_hnsw IS 'nearest neighbours by cosine distance, <=>';
COMMENT ON OPERATOR CLASS bytevec_l1_ops USING qdrant_hnsw IS 'nearest neighbours by sum of absolute differences, <+>';
COMMENT ON OPERATOR CLASS bit_hamming_ops USING qdrant_hnsw IS 'nearest neighbours by Hamming distance, <~>';
COMMENT ON OPERATOR CLASS bit_jaccard_ops USING qdrant_hnsw IS 'nearest neighbours by Jaccard distance, <%>';
COMMENT ON OPERATOR CLASS qdrant_payload_ops USING qdrant_hnsw IS 'payload as second column: filters are evaluated inside the index';
COMMENT ON FUNCTION qdrant.check_index(regclass) IS 'everything that is wrong with a vector index; no row when it is clean';
