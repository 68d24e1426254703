
-- Vectors of bytes: type, operators, casts, aggregates.

CREATE TYPE bytevec;

CREATE FUNCTION bytevec_in(cstring, oid, integer) RETURNS bytevec
	AS 'MODULE_PATHNAME', 'qd_bytevec_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bytevec_out(bytevec) RETURNS cstring
	AS 'MODULE_PATHNAME', 'qd_bytevec_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bytevec_typmod_in(cstring[]) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_bytevec_typmod_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bytevec_recv(internal, oid, integer) RETURNS bytevec
	AS 'MODULE_PATHNAME', 'qd_bytevec_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bytevec_send(bytevec) RETURNS bytea
	AS 'MODULE_PATHNAME', 'qd_bytevec_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE bytevec (
	INPUT = bytevec_in,
	OUTPUT = bytevec_out,
	TYPMOD_IN = bytevec_typmod_in,
	RECEIVE = bytevec_recv,
	SEND = bytevec_send,
	STORAGE = external
);

CREATE FUNCTION l2_distance(bytevec, bytevec) RETURNS double precision
	AS 'MODULE_PATHNAME', 'qd_bytevec_l2' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION inner_product(bytevec, bytevec) RETURNS double precision
	AS 'MODULE_PATHNAME', 'qd_bytevec_ip' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION cosine_distance(bytevec, bytevec) RETURNS double precision
	AS 'MODULE_PATHNAME', 'qd_bytevec_cosine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION l1_distance(bytevec, bytevec) RETURNS double precision
	AS 'MODULE_PATHNAME', 'qd_bytevec_l1' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bytevec_negative_inner_product(bytevec, bytevec) RETURNS double precision
	AS 'MODULE_PATHNAME', 'qd_bytevec_negative_ip' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_dims(bytevec) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_bytevec_dims' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION l2_norm(bytevec) RETURNS double precision
	AS 'MODULE_PATHNAME', 'qd_bytevec_norm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION subvector(bytevec, integer, integer) RETURNS bytevec
	AS 'MODULE_PATHNAME', 'qd_bytevec_subvector' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bytevec_concat(bytevec, bytevec) RETURNS bytevec
	AS 'MODULE_PATHNAME', 'qd_bytevec_concat' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bytevec_lt(bytevec, bytevec) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_bytevec_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bytevec_le(bytevec, bytevec) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_bytevec_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bytevec_eq(bytevec, bytevec) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_bytevec_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bytevec_ne(bytevec, bytevec) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_bytevec_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bytevec_ge(bytevec, bytevec) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_bytevec_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bytevec_gt(bytevec, bytevec) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_bytevec_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bytevec_cmp(bytevec, bytevec) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_bytevec_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bytevec_accum(double precision[], bytevec) RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'qd_bytevec_accum' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- What they make of bytes are vectors.
CREATE AGGREGATE avg(bytevec) (
	SFUNC = bytevec_accum,
	STYPE = double precision[],
	FINALFUNC = vector_avg,
	COMBINEFUNC = vector_combine,
	INITCOND = '{0}',
	PARALLEL = SAFE
);

CREATE AGGREGATE sum(bytevec) (
	SFUNC = bytevec_accum,
	STYPE = double precision[],
	FINALFUNC = vector_sum,
	COMBINEFUNC = vector_combine,
	INITCOND = '{0}',
	PARALLEL = SAFE
);

CREATE FUNCTION bytevec(bytevec, integer, boolean) RETURNS bytevec
	AS 'MODULE_PATHNAME', 'qd_bytevec_cast' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_to_bytevec(vector, integer, boolean) RETURNS bytevec
	AS 'MODULE_PATHNAME', 'qd_vector_to_bytevec' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bytevec_to_vector(bytevec, integer, boolean) RETURNS vector
	AS 'MODULE_PATHNAME', 'qd_bytevec_to_vector' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION array_to_bytevec(integer[], integer, boolean) RETURNS bytevec
	AS 'MODULE_PATHNAME', 'qd_array_to_bytevec' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION array_to_bytevec(real[], integer, boolean) RETURNS bytevec
	AS 'MODULE_PATHNAME', 'qd_array_to_bytevec' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION array_to_bytevec(double precision[], integer, boolean) RETURNS bytevec
	AS 'MODULE_PATHNAME', 'qd_array_to_bytevec' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION array_to_bytevec(numeric[], integer, boolean) RETURNS bytevec
	AS 'MODULE_PATHNAME', 'qd_array_to_bytevec' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bytevec_to_int4(bytevec, integer, boolean) RETURNS integer[]
	AS 'MODULE_PATHNAME', 'qd_bytevec_to_int4' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bytevec_to_float4(bytevec, integer, boolean) RETURNS real[]
	AS 'MODULE_PATHNAME', 'qd_bytevec_to_float4' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Whole numbers from 0 to 255 only; qdrant.to_bytevec() takes any.
CREATE CAST (bytevec AS bytevec) WITH FUNCTION bytevec(bytevec, integer, boolean) AS IMPLICIT;

CREATE CAST (vector AS bytevec) WITH FUNCTION vector_to_bytevec(vector, integer, boolean) AS ASSIGNMENT;

CREATE CAST (bytevec AS vector) WITH FUNCTION bytevec_to_vector(bytevec, integer, boolean) AS ASSIGNMENT;

CREATE CAST (bytevec AS integer[]) WITH FUNCTION bytevec_to_int4(bytevec, integer, boolean) AS ASSIGNMENT;

CREATE CAST (bytevec AS real[]) WITH FUNCTION bytevec_to_float4(bytevec, integer, boolean) AS ASSIGNMENT;

CREATE CAST (integer[] AS bytevec) WITH FUNCTION array_to_bytevec(integer[], integer, boolean) AS ASSIGNMENT;

CREATE CAST (real[] AS bytevec) WITH FUNCTION array_to_bytevec(real[], integer, boolean) AS ASSIGNMENT;

CREATE CAST (double precision[] AS bytevec) WITH FUNCTION array_to_bytevec(double precision[], integer, boolean) AS ASSIGNMENT;

CREATE CAST (numeric[] AS bytevec) WITH FUNCTION array_to_bytevec(numeric[], integer, boolean) AS ASSIGNMENT;

CREATE OPERATOR <-> (
	LEFTARG = bytevec, RIGHTARG = bytevec, FUNCTION = l2_distance,
	COMMUTATOR = <->
);

CREATE OPERATOR <#> (
	LEFTARG = bytevec, RIGHTARG = bytevec, FUNCTION = bytevec_negative_inner_product,
	COMMUTATOR = <#>
);

CREATE OPERATOR <=> (
	LEFTARG = bytevec, RIGHTARG = bytevec, FUNCTION = cosine_distance,
	COMMUTATOR = <=>
);

CREATE OPERATOR <+> (
	LEFTARG = bytevec, RIGHTARG = bytevec, FUNCTION = l1_distance,
	COMMUTATOR = <+>
);

CREATE OPERATOR || (
	LEFTARG = bytevec, RIGHTARG = bytevec, FUNCTION = bytevec_concat
);

CREATE OPERATOR < (
	LEFTARG = bytevec, RIGHTARG = bytevec, FUNCTION = bytevec_lt,
	COMMUTATOR = >, NEGATOR = >=,
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);

CREATE OPERATOR <= (
	LEFTARG = bytevec, RIGHTARG = bytevec, FUNCTION = bytevec_le,
	COMMUTATOR = >=, NEGATOR = >,
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);

CREATE OPERATOR = (
	LEFTARG = bytevec, RIGHTARG = bytevec, FUNCTION = bytevec_eq,
	COMMUTATOR = =, NEGATOR = <>,
	RESTRICT = eqsel, JOIN = eqjoinsel
);

CREATE OPERATOR <> (
	LEFTARG = bytevec, RIGHTARG = bytevec, FUNCTION = bytevec_ne,
	COMMUTATOR = <>, NEGATOR = =,
	RESTRICT = neqsel, JOIN = neqjoinsel
);

CREATE OPERATOR >= (
	LEFTARG = bytevec, RIGHTARG = bytevec, FUNCTION = bytevec_ge,
	COMMUTATOR = <=, NEGATOR = <,
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);

CREATE OPERATOR > (
	LEFTARG = bytevec, RIGHTARG = bytevec, FUNCTION = bytevec_gt,
	COMMUTATOR = <, NEGATOR = <=,
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);

CREATE OPERATOR CLASS bytevec_ops DEFAULT FOR TYPE bytevec USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 bytevec_cmp(bytevec, bytevec);

CREATE FUNCTION qdrant.score(bytevec, bytevec, text) RETURNS real
	AS 'MODULE_PATHNAME', 'qd_bytevec_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- As Qdrant stores it: cut towards zero, limited to 0 and 255.
CREATE FUNCTION qdrant.to_bytevec(vector) RETURNS bytevec
	AS 'MODULE_PATHNAME', 'qd_to_bytevec' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON TYPE bytevec IS 'vector of up to 65,536 whole numbers from 0 to 255';
COMMENT ON FUNCTION l2_distance(bytevec, bytevec) IS 'Euclidean distance';
COMMENT ON FUNCTION inner_product(bytevec, bytevec) IS 'inner product';
COMMENT ON FUNCTION cosine_distance(bytevec, bytevec) IS '1 - cosine of the angle';
COMMENT ON FUNCTION l1_distance(bytevec, bytevec) IS 'sum of absolute differences';
COMMENT ON FUNCTION bytevec_negative_inner_product(bytevec, bytevec) IS 'inner product times -1, so that less is nearer';
COMMENT ON FUNCTION vector_dims(bytevec) IS 'number of dimensions';
COMMENT ON FUNCTION l2_norm(bytevec) IS 'Euclidean norm';
COMMENT ON FUNCTION subvector(bytevec, integer, integer) IS 'part of a vector: first element, counted from 1, and number of elements';
COMMENT ON FUNCTION bytevec_concat(bytevec, bytevec) IS 'concatenation';
COMMENT ON FUNCTION bytevec_lt(bytevec, bytevec) IS 'less than, element by element, then by length';
COMMENT ON FUNCTION bytevec_le(bytevec, bytevec) IS 'at most, element by element, then by length';
COMMENT ON FUNCTION bytevec_eq(bytevec, bytevec) IS 'equal, element by element, then by length';
COMMENT ON FUNCTION bytevec_ne(bytevec, bytevec) IS 'not equal, element by element, then by length';
COMMENT ON FUNCTION bytevec_ge(bytevec, bytevec) IS 'at least, element by element, then by length';
COMMENT ON FUNCTION bytevec_gt(bytevec, bytevec) IS 'greater than, element by element, then by length';
COMMENT ON FUNCTION bytevec_cmp(bytevec, bytevec) IS 'less than, equal, greater than as -1, 0, 1';
COMMENT ON AGGREGATE avg(bytevec) IS 'mean, element by element';
COMMENT ON AGGREGATE sum(bytevec) IS 'sum, element by element';
COMMENT ON OPERATOR CLASS bytevec_ops USING btree IS 'order by elements, then by length';
COMMENT ON FUNCTION qdrant.score(bytevec, bytevec, text) IS 'score of a stored vector for a query, as Qdrant computes it: Cosine, Dot, Euclid or Manhattan';
COMMENT ON FUNCTION qdrant.to_bytevec(vector) IS 'the vector as Qdrant stores uint8: cut towards zero, limited to 0 and 255';
