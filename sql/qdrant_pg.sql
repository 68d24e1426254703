-- Install script of qdrant_pg.  Sections follow the folders of src/; a section
-- may use what stands above it.  Frozen once a version is released.

\echo Use "CREATE EXTENSION qdrant_pg" to load this file. \quit

CREATE SCHEMA qdrant;
CREATE SCHEMA qdrant_catalog;
GRANT USAGE ON SCHEMA qdrant TO PUBLIC;
GRANT USAGE ON SCHEMA qdrant_catalog TO PUBLIC;


---------------------------------------------------------------------------
-- types/vector
---------------------------------------------------------------------------

CREATE TYPE vector;

CREATE FUNCTION vector_in(cstring, oid, integer) RETURNS vector
	AS 'MODULE_PATHNAME', 'qd_vector_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_out(vector) RETURNS cstring
	AS 'MODULE_PATHNAME', 'qd_vector_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_typmod_in(cstring[]) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_vector_typmod_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_recv(internal, oid, integer) RETURNS vector
	AS 'MODULE_PATHNAME', 'qd_vector_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_send(vector) RETURNS bytea
	AS 'MODULE_PATHNAME', 'qd_vector_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE vector (
	INPUT = vector_in,
	OUTPUT = vector_out,
	TYPMOD_IN = vector_typmod_in,
	RECEIVE = vector_recv,
	SEND = vector_send,
	STORAGE = external
);

CREATE FUNCTION l2_distance(vector, vector) RETURNS double precision
	AS 'MODULE_PATHNAME', 'qd_l2_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION inner_product(vector, vector) RETURNS double precision
	AS 'MODULE_PATHNAME', 'qd_inner_product' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION cosine_distance(vector, vector) RETURNS double precision
	AS 'MODULE_PATHNAME', 'qd_cosine_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION l1_distance(vector, vector) RETURNS double precision
	AS 'MODULE_PATHNAME', 'qd_l1_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_negative_inner_product(vector, vector) RETURNS double precision
	AS 'MODULE_PATHNAME', 'qd_negative_inner_product' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_dims(vector) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_vector_dims' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_norm(vector) RETURNS double precision
	AS 'MODULE_PATHNAME', 'qd_vector_norm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION l2_normalize(vector) RETURNS vector
	AS 'MODULE_PATHNAME', 'qd_l2_normalize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION binary_quantize(vector) RETURNS bit
	AS 'MODULE_PATHNAME', 'qd_binary_quantize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION subvector(vector, integer, integer) RETURNS vector
	AS 'MODULE_PATHNAME', 'qd_subvector' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_add(vector, vector) RETURNS vector
	AS 'MODULE_PATHNAME', 'qd_vector_add' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_sub(vector, vector) RETURNS vector
	AS 'MODULE_PATHNAME', 'qd_vector_sub' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_mul(vector, vector) RETURNS vector
	AS 'MODULE_PATHNAME', 'qd_vector_mul' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_concat(vector, vector) RETURNS vector
	AS 'MODULE_PATHNAME', 'qd_vector_concat' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_lt(vector, vector) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_vector_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_le(vector, vector) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_vector_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_eq(vector, vector) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_vector_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_ne(vector, vector) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_vector_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_ge(vector, vector) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_vector_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_gt(vector, vector) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_vector_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_cmp(vector, vector) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_vector_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_accum(double precision[], vector) RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'qd_vector_accum' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_avg(double precision[]) RETURNS vector
	AS 'MODULE_PATHNAME', 'qd_vector_avg' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_sum(double precision[]) RETURNS vector
	AS 'MODULE_PATHNAME', 'qd_vector_sum' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_combine(double precision[], double precision[]) RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'qd_vector_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE AGGREGATE avg(vector) (
	SFUNC = vector_accum,
	STYPE = double precision[],
	FINALFUNC = vector_avg,
	COMBINEFUNC = vector_combine,
	INITCOND = '{0}',
	PARALLEL = SAFE
);

CREATE AGGREGATE sum(vector) (
	SFUNC = vector_accum,
	STYPE = double precision[],
	FINALFUNC = vector_sum,
	COMBINEFUNC = vector_combine,
	INITCOND = '{0}',
	PARALLEL = SAFE
);

CREATE FUNCTION vector(vector, integer, boolean) RETURNS vector
	AS 'MODULE_PATHNAME', 'qd_vector_cast' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION array_to_vector(integer[], integer, boolean) RETURNS vector
	AS 'MODULE_PATHNAME', 'qd_array_to_vector' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION array_to_vector(real[], integer, boolean) RETURNS vector
	AS 'MODULE_PATHNAME', 'qd_array_to_vector' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION array_to_vector(double precision[], integer, boolean) RETURNS vector
	AS 'MODULE_PATHNAME', 'qd_array_to_vector' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION array_to_vector(numeric[], integer, boolean) RETURNS vector
	AS 'MODULE_PATHNAME', 'qd_array_to_vector' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION vector_to_float4(vector, integer, boolean) RETURNS real[]
	AS 'MODULE_PATHNAME', 'qd_vector_to_float4' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE CAST (vector AS vector) WITH FUNCTION vector(vector, integer, boolean) AS IMPLICIT;

CREATE CAST (vector AS real[]) WITH FUNCTION vector_to_float4(vector, integer, boolean) AS IMPLICIT;

CREATE CAST (integer[] AS vector) WITH FUNCTION array_to_vector(integer[], integer, boolean) AS ASSIGNMENT;

CREATE CAST (real[] AS vector) WITH FUNCTION array_to_vector(real[], integer, boolean) AS ASSIGNMENT;

CREATE CAST (double precision[] AS vector) WITH FUNCTION array_to_vector(double precision[], integer, boolean) AS ASSIGNMENT;

CREATE CAST (numeric[] AS vector) WITH FUNCTION array_to_vector(numeric[], integer, boolean) AS ASSIGNMENT;

CREATE OPERATOR <-> (
	LEFTARG = vector, RIGHTARG = vector, FUNCTION = l2_distance,
	COMMUTATOR = <->
);

CREATE OPERATOR <#> (
	LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_negative_inner_product,
	COMMUTATOR = <#>
);

CREATE OPERATOR <=> (
	LEFTARG = vector, RIGHTARG = vector, FUNCTION = cosine_distance,
	COMMUTATOR = <=>
);

CREATE OPERATOR <+> (
	LEFTARG = vector, RIGHTARG = vector, FUNCTION = l1_distance,
	COMMUTATOR = <+>
);

CREATE OPERATOR + (
	LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_add,
	COMMUTATOR = +
);

CREATE OPERATOR - (
	LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_sub
);

CREATE OPERATOR * (
	LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_mul,
	COMMUTATOR = *
);

CREATE OPERATOR || (
	LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_concat
);

CREATE OPERATOR < (
	LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_lt,
	COMMUTATOR = >, NEGATOR = >=,
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);

CREATE OPERATOR <= (
	LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_le,
	COMMUTATOR = >=, NEGATOR = >,
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);

CREATE OPERATOR = (
	LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_eq,
	COMMUTATOR = =, NEGATOR = <>,
	RESTRICT = eqsel, JOIN = eqjoinsel
);

CREATE OPERATOR <> (
	LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_ne,
	COMMUTATOR = <>, NEGATOR = =,
	RESTRICT = neqsel, JOIN = neqjoinsel
);

CREATE OPERATOR >= (
	LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_ge,
	COMMUTATOR = <=, NEGATOR = <,
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);

CREATE OPERATOR > (
	LEFTARG = vector, RIGHTARG = vector, FUNCTION = vector_gt,
	COMMUTATOR = <, NEGATOR = <=,
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);

CREATE OPERATOR CLASS vector_ops DEFAULT FOR TYPE vector USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 vector_cmp(vector, vector);

CREATE FUNCTION qdrant.score(vector, vector, text) RETURNS real
	AS 'MODULE_PATHNAME', 'qd_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant.cosine_normalize(vector) RETURNS vector
	AS 'MODULE_PATHNAME', 'qd_cosine_normalize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;


---------------------------------------------------------------------------
-- types/point_id
---------------------------------------------------------------------------

CREATE TYPE point_id;

CREATE FUNCTION point_id_in(cstring) RETURNS point_id
	AS 'MODULE_PATHNAME', 'qd_point_id_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION point_id_out(point_id) RETURNS cstring
	AS 'MODULE_PATHNAME', 'qd_point_id_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION point_id_recv(internal) RETURNS point_id
	AS 'MODULE_PATHNAME', 'qd_point_id_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION point_id_send(point_id) RETURNS bytea
	AS 'MODULE_PATHNAME', 'qd_point_id_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE point_id (
	INPUT = point_id_in,
	OUTPUT = point_id_out,
	RECEIVE = point_id_recv,
	SEND = point_id_send,
	STORAGE = main
);

CREATE FUNCTION point_id_lt(point_id, point_id) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_point_id_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;

CREATE FUNCTION point_id_le(point_id, point_id) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_point_id_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;

CREATE FUNCTION point_id_eq(point_id, point_id) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_point_id_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;

CREATE FUNCTION point_id_ne(point_id, point_id) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_point_id_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;

CREATE FUNCTION point_id_ge(point_id, point_id) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_point_id_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;

CREATE FUNCTION point_id_gt(point_id, point_id) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_point_id_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;

CREATE FUNCTION point_id_cmp(point_id, point_id) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_point_id_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;

CREATE FUNCTION point_id_sortsupport(internal) RETURNS void
	AS 'MODULE_PATHNAME', 'qd_point_id_sortsupport' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION point_id_hash(point_id) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_point_id_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;

CREATE FUNCTION point_id_hash_extended(point_id, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'qd_point_id_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF;

CREATE OPERATOR < (
	LEFTARG = point_id, RIGHTARG = point_id, FUNCTION = point_id_lt,
	COMMUTATOR = >, NEGATOR = >=,
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);

CREATE OPERATOR <= (
	LEFTARG = point_id, RIGHTARG = point_id, FUNCTION = point_id_le,
	COMMUTATOR = >=, NEGATOR = >,
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);

CREATE OPERATOR = (
	LEFTARG = point_id, RIGHTARG = point_id, FUNCTION = point_id_eq,
	COMMUTATOR = =, NEGATOR = <>,
	RESTRICT = eqsel, JOIN = eqjoinsel,
	HASHES, MERGES
);

CREATE OPERATOR <> (
	LEFTARG = point_id, RIGHTARG = point_id, FUNCTION = point_id_ne,
	COMMUTATOR = <>, NEGATOR = =,
	RESTRICT = neqsel, JOIN = neqjoinsel
);

CREATE OPERATOR >= (
	LEFTARG = point_id, RIGHTARG = point_id, FUNCTION = point_id_ge,
	COMMUTATOR = <=, NEGATOR = <,
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);

CREATE OPERATOR > (
	LEFTARG = point_id, RIGHTARG = point_id, FUNCTION = point_id_gt,
	COMMUTATOR = <, NEGATOR = <=,
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);

CREATE OPERATOR CLASS point_id_ops DEFAULT FOR TYPE point_id USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 point_id_cmp(point_id, point_id),
	FUNCTION 2 point_id_sortsupport(internal),
	FUNCTION 4 btequalimage(oid);

CREATE OPERATOR CLASS point_id_hash_ops DEFAULT FOR TYPE point_id USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 point_id_hash(point_id),
	FUNCTION 2 point_id_hash_extended(point_id, bigint);

CREATE FUNCTION point_id(smallint) RETURNS point_id
	AS 'MODULE_PATHNAME', 'qd_smallint_to_point_id' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION point_id(integer) RETURNS point_id
	AS 'MODULE_PATHNAME', 'qd_integer_to_point_id' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION point_id(bigint) RETURNS point_id
	AS 'MODULE_PATHNAME', 'qd_bigint_to_point_id' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION point_id(numeric) RETURNS point_id
	AS 'MODULE_PATHNAME', 'qd_numeric_to_point_id' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION point_id(uuid) RETURNS point_id
	AS 'MODULE_PATHNAME', 'qd_uuid_to_point_id' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION point_id(text) RETURNS point_id
	AS 'MODULE_PATHNAME', 'qd_text_to_point_id' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION text(point_id) RETURNS text
	AS 'MODULE_PATHNAME', 'qd_point_id_to_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION "numeric"(point_id) RETURNS numeric
	AS 'MODULE_PATHNAME', 'qd_point_id_to_numeric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION uuid(point_id) RETURNS uuid
	AS 'MODULE_PATHNAME', 'qd_point_id_to_uuid' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;


-- Numbers and UUIDs are implicit, so that WHERE id = 5 finds its operator.
CREATE CAST (bigint AS point_id) WITH FUNCTION point_id(bigint) AS IMPLICIT;

-- Drivers send small numbers as smallint.
CREATE CAST (smallint AS point_id) WITH FUNCTION point_id(smallint) AS IMPLICIT;

CREATE CAST (integer AS point_id) WITH FUNCTION point_id(integer) AS IMPLICIT;

CREATE CAST (numeric AS point_id) WITH FUNCTION point_id(numeric) AS IMPLICIT;

CREATE CAST (uuid AS point_id) WITH FUNCTION point_id(uuid) AS IMPLICIT;

CREATE CAST (text AS point_id) WITH FUNCTION point_id(text) AS ASSIGNMENT;

CREATE CAST (point_id AS text) WITH FUNCTION text(point_id) AS ASSIGNMENT;

CREATE CAST (point_id AS numeric) WITH FUNCTION "numeric"(point_id);

CREATE CAST (point_id AS uuid) WITH FUNCTION uuid(point_id);


---------------------------------------------------------------------------
-- payload: filters
---------------------------------------------------------------------------

CREATE TYPE payload_filter;

CREATE FUNCTION payload_filter_in(cstring) RETURNS payload_filter
	AS 'MODULE_PATHNAME', 'qd_payload_filter_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION payload_filter_out(payload_filter) RETURNS cstring
	AS 'MODULE_PATHNAME', 'qd_payload_filter_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION payload_filter_recv(internal) RETURNS payload_filter
	AS 'MODULE_PATHNAME', 'qd_payload_filter_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION payload_filter_send(payload_filter) RETURNS bytea
	AS 'MODULE_PATHNAME', 'qd_payload_filter_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE payload_filter (
	INPUT = payload_filter_in,
	OUTPUT = payload_filter_out,
	RECEIVE = payload_filter_recv,
	SEND = payload_filter_send,
	ALIGNMENT = double,
	STORAGE = extended
);

CREATE FUNCTION payload_filter(jsonb) RETURNS payload_filter
	AS 'MODULE_PATHNAME', 'qd_jsonb_to_payload_filter' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION payload_filter(text) RETURNS payload_filter
	AS 'MODULE_PATHNAME', 'qd_text_to_payload_filter' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION jsonb(payload_filter) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'qd_payload_filter_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Implicit, so that a driver's jsonb parameter is a filter behind @@@.
CREATE CAST (jsonb AS payload_filter) WITH FUNCTION payload_filter(jsonb) AS IMPLICIT;

CREATE CAST (text AS payload_filter) WITH FUNCTION payload_filter(text) AS ASSIGNMENT;

CREATE CAST (payload_filter AS jsonb) WITH FUNCTION jsonb(payload_filter);

CREATE FUNCTION payload_filter_eq(payload_filter, payload_filter) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_payload_filter_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION payload_filter_ne(payload_filter, payload_filter) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_payload_filter_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR = (
	LEFTARG = payload_filter, RIGHTARG = payload_filter,
	FUNCTION = payload_filter_eq, COMMUTATOR = =, NEGATOR = <>
);

CREATE OPERATOR <> (
	LEFTARG = payload_filter, RIGHTARG = payload_filter,
	FUNCTION = payload_filter_ne, COMMUTATOR = <>, NEGATOR = =
);

CREATE FUNCTION payload_matches_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'qd_payload_matches_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION payload_matches(jsonb, payload_filter) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_payload_matches' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE COST 5
	SUPPORT payload_matches_support;

CREATE FUNCTION payload_filter_sel(internal, oid, internal, integer) RETURNS double precision
	AS 'MODULE_PATHNAME', 'qd_payload_filter_sel' LANGUAGE C STABLE STRICT PARALLEL SAFE;

CREATE OPERATOR @@@ (
	LEFTARG = jsonb, RIGHTARG = payload_filter, FUNCTION = payload_matches,
	RESTRICT = payload_filter_sel, JOIN = contjoinsel
);

CREATE FUNCTION qdrant.matches(id point_id, payload jsonb, present text[], filter payload_filter) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_point_matches' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE COST 8;


---------------------------------------------------------------------------
-- payload: indexes
---------------------------------------------------------------------------

-- The tokens that a text index of this schema makes of a string, in order.
CREATE FUNCTION qdrant.text_tokens(string text, schema jsonb DEFAULT '{"type": "text"}', query boolean DEFAULT false)
	RETURNS text[]
	AS 'MODULE_PATHNAME', 'qd_payload_text_tokens' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- The operator of payload indexes: @@@ for what a filter says about the path
-- of one.  Derived by the planner, not for queries.
CREATE FUNCTION payload_part_matches(jsonb, payload_filter) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_payload_matches' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE COST 5;

CREATE OPERATOR @@> (
	LEFTARG = jsonb, RIGHTARG = payload_filter, FUNCTION = payload_part_matches,
	RESTRICT = payload_filter_sel, JOIN = contjoinsel
);

-- Says to the planner that @@> implies @@@, as < implies <=, so that a row
-- that an index has answered for is not looked at again.
CREATE OPERATOR FAMILY qdrant_filter_implication USING btree;

ALTER OPERATOR FAMILY qdrant_filter_implication USING btree ADD
	OPERATOR 1 @@> (jsonb, payload_filter),
	OPERATOR 2 @@@ (jsonb, payload_filter);

CREATE FUNCTION payload_gin_extract_value(jsonb, internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'qd_gin_extract_value' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION payload_gin_extract_query(jsonb, internal, smallint, internal, internal, internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'qd_gin_extract_query' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION payload_gin_compare_partial(bytea, bytea, smallint, internal) RETURNS integer
	AS 'MODULE_PATHNAME', 'qd_gin_compare_partial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION payload_gin_triconsistent(internal, smallint, jsonb, integer, internal, internal, internal) RETURNS "char"
	AS 'MODULE_PATHNAME', 'qd_gin_triconsistent' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION payload_gin_keyword_options(internal) RETURNS void
	AS 'MODULE_PATHNAME', 'qd_gin_keyword_options' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION payload_gin_integer_options(internal) RETURNS void
	AS 'MODULE_PATHNAME', 'qd_gin_integer_options' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION payload_gin_float_options(internal) RETURNS void
	AS 'MODULE_PATHNAME', 'qd_gin_float_options' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION payload_gin_bool_options(internal) RETURNS void
	AS 'MODULE_PATHNAME', 'qd_gin_bool_options' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION payload_gin_datetime_options(internal) RETURNS void
	AS 'MODULE_PATHNAME', 'qd_gin_datetime_options' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION payload_gin_uuid_options(internal) RETURNS void
	AS 'MODULE_PATHNAME', 'qd_gin_uuid_options' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION payload_gin_geo_options(internal) RETURNS void
	AS 'MODULE_PATHNAME', 'qd_gin_geo_options' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION payload_gin_text_options(internal) RETURNS void
	AS 'MODULE_PATHNAME', 'qd_gin_text_options' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR CLASS qdrant_keyword_ops FOR TYPE jsonb USING gin AS
	OPERATOR 1 @@> (jsonb, payload_filter),
	FUNCTION 2 payload_gin_extract_value(jsonb, internal, internal),
	FUNCTION 3 payload_gin_extract_query(jsonb, internal, smallint, internal, internal, internal, internal),
	FUNCTION 5 payload_gin_compare_partial(bytea, bytea, smallint, internal),
	FUNCTION 6 payload_gin_triconsistent(internal, smallint, jsonb, integer, internal, internal, internal),
	FUNCTION 7 payload_gin_keyword_options(internal),
	STORAGE bytea;

CREATE OPERATOR CLASS qdrant_integer_ops FOR TYPE jsonb USING gin AS
	OPERATOR 1 @@> (jsonb, payload_filter),
	FUNCTION 2 payload_gin_extract_value(jsonb, internal, internal),
	FUNCTION 3 payload_gin_extract_query(jsonb, internal, smallint, internal, internal, internal, internal),
	FUNCTION 5 payload_gin_compare_partial(bytea, bytea, smallint, internal),
	FUNCTION 6 payload_gin_triconsistent(internal, smallint, jsonb, integer, internal, internal, internal),
	FUNCTION 7 payload_gin_integer_options(internal),
	STORAGE bytea;

CREATE OPERATOR CLASS qdrant_float_ops FOR TYPE jsonb USING gin AS
	OPERATOR 1 @@> (jsonb, payload_filter),
	FUNCTION 2 payload_gin_extract_value(jsonb, internal, internal),
	FUNCTION 3 payload_gin_extract_query(jsonb, internal, smallint, internal, internal, internal, internal),
	FUNCTION 5 payload_gin_compare_partial(bytea, bytea, smallint, internal),
	FUNCTION 6 payload_gin_triconsistent(internal, smallint, jsonb, integer, internal, internal, internal),
	FUNCTION 7 payload_gin_float_options(internal),
	STORAGE bytea;

CREATE OPERATOR CLASS qdrant_bool_ops FOR TYPE jsonb USING gin AS
	OPERATOR 1 @@> (jsonb, payload_filter),
	FUNCTION 2 payload_gin_extract_value(jsonb, internal, internal),
	FUNCTION 3 payload_gin_extract_query(jsonb, internal, smallint, internal, internal, internal, internal),
	FUNCTION 5 payload_gin_compare_partial(bytea, bytea, smallint, internal),
	FUNCTION 6 payload_gin_triconsistent(internal, smallint, jsonb, integer, internal, internal, internal),
	FUNCTION 7 payload_gin_bool_options(internal),
	STORAGE bytea;

CREATE OPERATOR CLASS qdrant_datetime_ops FOR TYPE jsonb USING gin AS
	OPERATOR 1 @@> (jsonb, payload_filter),
	FUNCTION 2 payload_gin_extract_value(jsonb, internal, internal),
	FUNCTION 3 payload_gin_extract_query(jsonb, internal, smallint, internal, internal, internal, internal),
	FUNCTION 5 payload_gin_compare_partial(bytea, bytea, smallint, internal),
	FUNCTION 6 payload_gin_triconsistent(internal, smallint, jsonb, integer, internal, internal, internal),
	FUNCTION 7 payload_gin_datetime_options(internal),
	STORAGE bytea;

CREATE OPERATOR CLASS qdrant_uuid_ops FOR TYPE jsonb USING gin AS
	OPERATOR 1 @@> (jsonb, payload_filter),
	FUNCTION 2 payload_gin_extract_value(jsonb, internal, internal),
	FUNCTION 3 payload_gin_extract_query(jsonb, internal, smallint, internal, internal, internal, internal),
	FUNCTION 5 payload_gin_compare_partial(bytea, bytea, smallint, internal),
	FUNCTION 6 payload_gin_triconsistent(internal, smallint, jsonb, integer, internal, internal, internal),
	FUNCTION 7 payload_gin_uuid_options(internal),
	STORAGE bytea;

CREATE OPERATOR CLASS qdrant_geo_ops FOR TYPE jsonb USING gin AS
	OPERATOR 1 @@> (jsonb, payload_filter),
	FUNCTION 2 payload_gin_extract_value(jsonb, internal, internal),
	FUNCTION 3 payload_gin_extract_query(jsonb, internal, smallint, internal, internal, internal, internal),
	FUNCTION 5 payload_gin_compare_partial(bytea, bytea, smallint, internal),
	FUNCTION 6 payload_gin_triconsistent(internal, smallint, jsonb, integer, internal, internal, internal),
	FUNCTION 7 payload_gin_geo_options(internal),
	STORAGE bytea;

CREATE OPERATOR CLASS qdrant_text_ops FOR TYPE jsonb USING gin AS
	OPERATOR 1 @@> (jsonb, payload_filter),
	FUNCTION 2 payload_gin_extract_value(jsonb, internal, internal),
	FUNCTION 3 payload_gin_extract_query(jsonb, internal, smallint, internal, internal, internal, internal),
	FUNCTION 5 payload_gin_compare_partial(bytea, bytea, smallint, internal),
	FUNCTION 6 payload_gin_triconsistent(internal, smallint, jsonb, integer, internal, internal, internal),
	FUNCTION 7 payload_gin_text_options(internal),
	STORAGE bytea;


---------------------------------------------------------------------------
-- payload: operations
---------------------------------------------------------------------------

CREATE FUNCTION qdrant.payload_set(payload jsonb, patch jsonb, key text DEFAULT NULL) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'qd_payload_set' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION qdrant.payload_delete_keys(payload jsonb, keys text[]) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'qd_payload_delete_keys' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant.payload_select(payload jsonb, include text[], exclude text[]) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'qd_payload_select' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION qdrant.is_json_path(path text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_is_json_path' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- The path as Qdrant prints it, NULL when it is none.
CREATE FUNCTION qdrant_catalog.json_path(path text) RETURNS text
	AS 'MODULE_PATHNAME', 'qd_json_path' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- The values at a path that an index of the type takes in, each once; datetimes
-- as microseconds since 1970.
CREATE FUNCTION qdrant_catalog.keyword_values(payload jsonb, path text) RETURNS text[]
	AS 'MODULE_PATHNAME', 'qd_keyword_values' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_catalog.uuid_values(payload jsonb, path text) RETURNS text[]
	AS 'MODULE_PATHNAME', 'qd_uuid_values' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_catalog.integer_values(payload jsonb, path text) RETURNS bigint[]
	AS 'MODULE_PATHNAME', 'qd_integer_values' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_catalog.datetime_values(payload jsonb, path text) RETURNS bigint[]
	AS 'MODULE_PATHNAME', 'qd_datetime_values' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_catalog.float_values(payload jsonb, path text) RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'qd_float_values' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_catalog.bool_values(payload jsonb, path text) RETURNS boolean[]
	AS 'MODULE_PATHNAME', 'qd_bool_values' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- The filter with "as" in the conditions on keys that have a schema:
-- {"path": schema}, paths in canonical form.
CREATE FUNCTION qdrant_catalog.bind_filter(filter payload_filter, schemas jsonb) RETURNS payload_filter
	AS 'MODULE_PATHNAME', 'qd_bind_filter' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;


---------------------------------------------------------------------------
-- hnsw
---------------------------------------------------------------------------

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
	FUNCTION 1 qdrant_hnsw_metric_l2(internal);

CREATE OPERATOR CLASS vector_ip_ops FOR TYPE vector USING qdrant_hnsw AS
	OPERATOR 1 <#> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 1 qdrant_hnsw_metric_ip(internal);

CREATE OPERATOR CLASS vector_cosine_ops FOR TYPE vector USING qdrant_hnsw AS
	OPERATOR 1 <=> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 1 qdrant_hnsw_metric_cosine(internal);

CREATE OPERATOR CLASS vector_l1_ops FOR TYPE vector USING qdrant_hnsw AS
	OPERATOR 1 <+> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 1 qdrant_hnsw_metric_l1(internal);

-- The second column of an index, which filters its scans.
CREATE OPERATOR CLASS qdrant_payload_ops DEFAULT FOR TYPE jsonb USING qdrant_hnsw AS
	OPERATOR 1 @@@ (jsonb, payload_filter),
	OPERATOR 2 @> (jsonb, jsonb);

-- Every invariant of an index; no row when it is clean.  For the table's owner.
CREATE FUNCTION qdrant.check_index(index regclass, OUT block bigint, OUT item integer, OUT problem text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'qd_hnsw_check_index' LANGUAGE C STRICT
	SET search_path = pg_catalog, pg_temp;


---------------------------------------------------------------------------
-- collection: catalog
---------------------------------------------------------------------------

-- Everybody may read it, as PostgreSQL's own catalogs; only its owner writes,
-- and that is what qdrant_catalog.put_collection and the event triggers do.

CREATE SEQUENCE qdrant_catalog.collections_id_seq;

CREATE SEQUENCE qdrant_catalog.collections_version_seq;

CREATE TABLE qdrant_catalog.collections (
	id bigint PRIMARY KEY DEFAULT nextval('qdrant_catalog.collections_id_seq'),
	name text COLLATE "C" NOT NULL CONSTRAINT collections_name_key UNIQUE,
	relation regclass NOT NULL CONSTRAINT collections_relation_key UNIQUE,
	version bigint NOT NULL DEFAULT nextval('qdrant_catalog.collections_version_seq'),
	config jsonb NOT NULL
);

-- No foreign key: pg_restore -j may fill this table before the other one.
CREATE TABLE qdrant_catalog.vectors (
	collection_id bigint NOT NULL,
	name text COLLATE "C" NOT NULL,
	column_name name NOT NULL,
	dim integer NOT NULL,
	distance text NOT NULL,
	pending bigint,
	PRIMARY KEY (collection_id, name)
);

COMMENT ON COLUMN qdrant_catalog.vectors.pending IS 'the index waits to be built: a number that every request for it changes';

-- Every path has one index; schema as Qdrant's info shows it, the type alone
-- when nothing else was given.  The index itself is found by what it is.
CREATE TABLE qdrant_catalog.payload_indexes (
	collection_id bigint NOT NULL,
	path text COLLATE "C" NOT NULL,
	schema jsonb NOT NULL,
	pending bigint,
	PRIMARY KEY (collection_id, path)
);

COMMENT ON COLUMN qdrant_catalog.payload_indexes.pending IS 'the index waits to be built: a number that every request for it changes';

GRANT SELECT ON qdrant_catalog.collections, qdrant_catalog.vectors, qdrant_catalog.payload_indexes,
	qdrant_catalog.collections_id_seq, qdrant_catalog.collections_version_seq TO PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('qdrant_catalog.collections', '');
SELECT pg_catalog.pg_extension_config_dump('qdrant_catalog.vectors', '');
SELECT pg_catalog.pg_extension_config_dump('qdrant_catalog.payload_indexes', '');
SELECT pg_catalog.pg_extension_config_dump('qdrant_catalog.collections_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('qdrant_catalog.collections_version_seq', '');

CREATE FUNCTION qdrant_catalog.forget_members() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	DELETE FROM qdrant_catalog.vectors v WHERE v.collection_id = old.id;
	DELETE FROM qdrant_catalog.payload_indexes p WHERE p.collection_id = old.id;
	RETURN NULL;
END
$$;

CREATE TRIGGER forget_members AFTER DELETE ON qdrant_catalog.collections
	FOR EACH ROW EXECUTE FUNCTION qdrant_catalog.forget_members();

CREATE FUNCTION qdrant_catalog.lock_name(name text) RETURNS void
	AS 'MODULE_PATHNAME', 'qd_lock_name' LANGUAGE C VOLATILE STRICT;

CREATE FUNCTION qdrant_catalog.lock_collection(name text, mode text) RETURNS void
	AS 'MODULE_PATHNAME', 'qd_lock_collection' LANGUAGE C VOLATILE STRICT;

CREATE FUNCTION qdrant_catalog.put_collection(name text, relation regclass, config jsonb, vectors jsonb) RETURNS bigint
	AS 'MODULE_PATHNAME', 'qd_put_collection' LANGUAGE C VOLATILE STRICT;

CREATE FUNCTION qdrant_catalog.put_payload_index(relation regclass, path text, schema jsonb, pending boolean) RETURNS void
	AS 'MODULE_PATHNAME', 'qd_put_payload_index' LANGUAGE C VOLATILE;

-- A dropped table is a dropped collection, however it was dropped.
CREATE FUNCTION qdrant_catalog.forget_dropped() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	DELETE FROM qdrant_catalog.collections c
	USING pg_event_trigger_dropped_objects() o
	WHERE o.classid = 'pg_class'::regclass AND o.objsubid = 0
		AND c.relation::oid = o.objid;
END
$$;

CREATE EVENT TRIGGER qdrant_forget_dropped ON sql_drop
	EXECUTE FUNCTION qdrant_catalog.forget_dropped();

-- A table may be renamed and its columns changed: the new version makes the
-- gateway read again what it knows of the collection.
CREATE FUNCTION qdrant_catalog.note_altered() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	UPDATE qdrant_catalog.collections c
	SET version = nextval('qdrant_catalog.collections_version_seq')
	WHERE c.relation::oid IN (SELECT d.objid
		FROM pg_event_trigger_ddl_commands() d
		WHERE d.classid = 'pg_class'::regclass);
END
$$;

CREATE EVENT TRIGGER qdrant_note_altered ON ddl_command_end
	WHEN TAG IN ('ALTER TABLE')
	EXECUTE FUNCTION qdrant_catalog.note_altered();


---------------------------------------------------------------------------
-- collection: configuration
---------------------------------------------------------------------------

-- Raises for a value that breaks its rule, else returns it as Qdrant shows
-- it.  Rules: int low [high], float low high, bool, object, choice a b ...,
-- threads, disabled (nothing but the word is supported), unsupported.
CREATE FUNCTION qdrant_catalog.config_value(path text, value jsonb, rule text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	words CONSTANT text[] := string_to_array(rule, ' ');
	kind CONSTANT text := jsonb_typeof(value);
	low CONSTANT text := words[2];
	high CONSTANT text := coalesce(words[3], '18446744073709551615');
	wanted text;
BEGIN
	CASE words[1]
	WHEN 'int' THEN
		IF kind = 'number' AND value::text ~ '^[0-9]+$'
			AND value::numeric BETWEEN low::numeric AND high::numeric THEN
			RETURN value;
		END IF;
		wanted := CASE WHEN words[3] IS NULL THEN format('an integer of at least %s', low)
			ELSE format('an integer from %s to %s', low, high) END;
	WHEN 'float' THEN
		IF kind = 'number' AND value::numeric BETWEEN low::numeric AND high::numeric THEN
			RETURN CASE WHEN value::text ~ '[.]' THEN value ELSE (value::text || '.0')::jsonb END;
		END IF;
		wanted := format('a number from %s to %s', low, high);
	WHEN 'bool' THEN
		IF kind = 'boolean' THEN
			RETURN value;
		END IF;
		wanted := 'true or false';
	WHEN 'object' THEN
		IF kind = 'object' THEN
			RETURN value;
		END IF;
		wanted := 'an object';
	WHEN 'choice' THEN
		IF kind = 'string' AND value #>> '{}' = ANY (words[2:]) THEN
			RETURN value;
		END IF;
		wanted := 'one of ' || array_to_string(words[2:], ', ');
	WHEN 'threads' THEN
		IF value = '"auto"' THEN
			RETURN 'null';
		END IF;
		RETURN qdrant_catalog.config_value(path, value, 'int 0');
	WHEN 'disabled' THEN
		IF kind = 'object' THEN
			RETURN qdrant_catalog.config_value(path, value, 'unsupported');
		ELSIF value = '"Disabled"' THEN
			RETURN value;
		END IF;
		wanted := '"Disabled" or an object';
	WHEN 'unsupported' THEN
		RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
			MESSAGE = format('collection option "%s" is not supported', path);
	END CASE;
	RAISE EXCEPTION USING ERRCODE = 'QD001',
		MESSAGE = format('collection option "%s" must be %s', path, wanted);
END
$$;

-- Puts the given members over base.  rules: member -> rule; a rule that
-- starts with = names the member that this one is another name of.
CREATE FUNCTION qdrant_catalog.config_section(path text, given jsonb, base jsonb, rules jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	prefix CONSTANT text := CASE WHEN path = '' THEN '' ELSE path || '.' END;
	member text;
	value jsonb;
	rule text;
BEGIN
	IF jsonb_typeof(given) <> 'object' THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001',
			MESSAGE = CASE WHEN path = '' THEN 'collection config must be an object'
				ELSE format('collection option "%s" must be an object', path) END;
	END IF;
	FOR member, value IN SELECT e.key, e.value FROM jsonb_each(given) e LOOP
		rule := rules ->> member;
		IF rule LIKE '=%' THEN
			member := substr(rule, 2);
			rule := rules ->> member;
		END IF;
		IF rule IS NULL THEN
			RAISE EXCEPTION USING ERRCODE = 'QD001',
				MESSAGE = format('unrecognized collection option "%s%s"', prefix, member);
		END IF;
		CONTINUE WHEN value = 'null';
		base := base || jsonb_build_object(member,
			qdrant_catalog.config_value(prefix || member, value, rule));
	END LOOP;
	RETURN base;
END
$$;

CREATE FUNCTION qdrant_catalog.config_rules(section text) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
SELECT CASE section
WHEN 'create' THEN jsonb '{
	"vectors": "object", "sparse_vectors": "object", "shard_number": "int 1 4294967295",
	"sharding_method": "choice auto custom", "replication_factor": "int 1 4294967295",
	"write_consistency_factor": "int 1 4294967295", "on_disk_payload": "bool", "payload": "object",
	"hnsw_config": "object", "wal_config": "object", "optimizers_config": "object",
	"optimizer_config": "=optimizers_config", "quantization_config": "unsupported",
	"quantization": "=quantization_config", "strict_mode_config": "object", "metadata": "object"}'
WHEN 'update' THEN jsonb '{
	"vectors": "object", "sparse_vectors": "object", "params": "object", "hnsw_config": "object",
	"optimizers_config": "object", "optimizer_config": "=optimizers_config",
	"quantization_config": "disabled", "strict_mode_config": "object", "metadata": "object"}'
WHEN 'params' THEN jsonb '{
	"replication_factor": "int 1 4294967295", "write_consistency_factor": "int 1 4294967295",
	"read_fan_out_factor": "int 0 4294967295", "read_fan_out_delay_ms": "int 0",
	"on_disk_payload": "bool", "payload": "object"}'
WHEN 'payload' THEN jsonb '{"memory": "choice cold cached"}'
WHEN 'vector' THEN jsonb '{
	"size": "int 1 65536", "distance": "choice Cosine Euclid Dot Manhattan", "hnsw_config": "object",
	"quantization_config": "unsupported", "quantization": "=quantization_config", "on_disk": "bool",
	"memory": "choice cold cached", "datatype": "choice float32 float16 uint8 turbo4",
	"multivector_config": "unsupported"}'
WHEN 'vector update' THEN jsonb '{
	"hnsw_config": "object", "quantization_config": "disabled", "on_disk": "bool",
	"memory": "choice cold cached"}'
WHEN 'hnsw_config' THEN jsonb '{
	"m": "int 0", "ef_construct": "int 4", "full_scan_threshold": "int 10",
	"full_scan_threshold_kb": "=full_scan_threshold", "max_indexing_threads": "int 0",
	"on_disk": "bool", "memory": "choice cold cached pinned", "payload_m": "int 0",
	"inline_storage": "bool"}'
WHEN 'wal_config' THEN jsonb '{
	"wal_capacity_mb": "int 1", "wal_segments_ahead": "int 0", "wal_retain_closed": "int 1"}'
WHEN 'optimizers_config' THEN jsonb '{
	"deleted_threshold": "float 0.0 1.0", "vacuum_min_vector_number": "int 100",
	"default_segment_number": "int 0", "max_segment_size": "int 1",
	"max_segment_size_kb": "=max_segment_size", "memmap_threshold": "int 0",
	"memmap_threshold_kb": "=memmap_threshold", "indexing_threshold": "int 0",
	"indexing_threshold_kb": "=indexing_threshold", "flush_interval_sec": "int 0",
	"max_optimization_threads": "threads", "prevent_unoptimized": "bool"}'
WHEN 'strict_mode_config' THEN jsonb '{
	"enabled": "bool", "max_query_limit": "int 1", "max_timeout": "int 1",
	"unindexed_filtering_retrieve": "bool", "unindexed_filtering_update": "bool",
	"search_max_hnsw_ef": "int 0", "search_allow_exact": "bool", "search_max_oversampling": "float 0 1e300",
	"upsert_max_batchsize": "int 0", "search_max_batchsize": "int 0",
	"max_collection_vector_size_bytes": "int 0", "read_rate_limit": "int 1", "write_rate_limit": "int 1",
	"max_collection_payload_size_bytes": "int 0", "max_points_count": "int 1",
	"filter_max_conditions": "int 0", "condition_max_size": "int 0", "multivector_config": "object",
	"sparse_config": "object", "max_payload_index_count": "int 0",
	"max_resident_memory_percent": "int 1 100"}'
END
$$;

-- One vector's parameters.  section: vector, or vector update.
CREATE FUNCTION qdrant_catalog.config_vector(path text, given jsonb, base jsonb, section text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	params jsonb := qdrant_catalog.config_section(path, given, base,
		qdrant_catalog.config_rules(section)) - 'quantization_config';
	missing CONSTANT text := CASE WHEN NOT params ? 'size' THEN 'size'
		WHEN NOT params ? 'distance' THEN 'distance' END;
	hnsw jsonb;
BEGIN
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001',
			MESSAGE = format('collection option "%s.%s" is missing', path, missing);
	END IF;
	IF params ->> 'datatype' <> 'float32' THEN
		PERFORM qdrant_catalog.config_value(path || '.datatype', NULL, 'unsupported');
	END IF;
	IF params ? 'hnsw_config' THEN
		hnsw := qdrant_catalog.config_section(path || '.hnsw_config', params -> 'hnsw_config',
			coalesce(base -> 'hnsw_config', '{}'), qdrant_catalog.config_rules('hnsw_config'));
		params := params - 'hnsw_config';
		IF hnsw <> '{}' THEN
			params := params || jsonb_build_object('hnsw_config', hnsw);
		END IF;
	END IF;
	RETURN params;
END
$$;

-- Strict mode may be described, but not switched on.
CREATE FUNCTION qdrant_catalog.config_strict_mode(given jsonb, base jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	result CONSTANT jsonb := qdrant_catalog.config_section('strict_mode_config', given, base,
		qdrant_catalog.config_rules('strict_mode_config'));
BEGIN
	IF result -> 'enabled' = 'true' THEN
		PERFORM qdrant_catalog.config_value('strict_mode_config.enabled', NULL, 'unsupported');
	END IF;
	RETURN result;
END
$$;

-- Qdrant's rules, in its words.  taken: an object with the names of the other
-- kind of vectors.
CREATE FUNCTION qdrant_catalog.check_vector_name(kind text, name text, taken jsonb) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	forbidden CONSTANT text := substring(name FROM '[<>:"/\\|?*\x1f]');
	wrong CONSTANT text := CASE
		WHEN kind = 'sparse' AND name = '' THEN 'Sparse vector name cannot be empty'
		WHEN octet_length(name) > 200 THEN format('Invalid %s vector name `%s`:'
			' vector name must be at most 200 bytes long', kind, name)
		WHEN forbidden <> '' THEN format('Invalid %s vector name `%s`:'
			' vector name cannot contain "%s" char', kind, name, forbidden)
		WHEN taken ? name THEN format('Dense and sparse vector names must be unique -'
			' duplicate found with ''%s''', name) END;
BEGIN
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001', MESSAGE = wrong;
	END IF;
END
$$;

-- What Qdrant's info shows under config, from the body of a create request.
CREATE FUNCTION qdrant_catalog.config_create(body jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	given CONSTANT jsonb := qdrant_catalog.config_section('', body, '{}',
		qdrant_catalog.config_rules('create'));
	params jsonb := jsonb '{"shard_number": 1, "replication_factor": 1,
		"write_consistency_factor": 1, "on_disk_payload": true}' || (given - ARRAY['vectors',
		'sparse_vectors', 'payload', 'hnsw_config', 'wal_config', 'optimizers_config',
		'strict_mode_config', 'metadata']);
	vectors jsonb := coalesce(given -> 'vectors', '{}');
	result jsonb;
BEGIN
	IF coalesce(given -> 'sparse_vectors', '{}') <> '{}' THEN
		PERFORM qdrant_catalog.check_vector_name('sparse', v.key, vectors)
		FROM jsonb_each(given -> 'sparse_vectors') v;
		PERFORM qdrant_catalog.config_value('sparse_vectors', NULL, 'unsupported');
	END IF;
	IF params ->> 'sharding_method' = 'custom' THEN
		PERFORM qdrant_catalog.config_value('sharding_method', NULL, 'unsupported');
	END IF;
	IF given ? 'payload' THEN
		params := params || jsonb_build_object('payload', qdrant_catalog.config_section('payload',
			given -> 'payload', '{}', qdrant_catalog.config_rules('payload')));
	END IF;
	IF jsonb_typeof(vectors -> 'size') <> 'object' OR jsonb_typeof(vectors -> 'distance') <> 'object' THEN
		vectors := qdrant_catalog.config_vector('vectors', vectors, '{}', 'vector');
	ELSE
		SELECT coalesce(jsonb_object_agg(v.key, qdrant_catalog.config_vector('vectors.' || coalesce(nullif(v.key, ''), '""'),
			v.value, '{}', 'vector')), '{}')
		INTO vectors FROM jsonb_each(vectors) v;
	END IF;
	result := jsonb_build_object(
		'params', params || jsonb_build_object('vectors', vectors),
		'hnsw_config', qdrant_catalog.config_section('hnsw_config', coalesce(given -> 'hnsw_config', '{}'),
			'{"m": 16, "ef_construct": 100, "full_scan_threshold": 10000,
			"max_indexing_threads": 0, "on_disk": false}',
			qdrant_catalog.config_rules('hnsw_config')),
		'optimizer_config', qdrant_catalog.config_section('optimizers_config',
			coalesce(given -> 'optimizers_config', '{}'),
			'{"deleted_threshold": 0.2, "vacuum_min_vector_number": 1000, "default_segment_number": 0,
			"max_segment_size": null, "memmap_threshold": null, "indexing_threshold": 10000,
			"flush_interval_sec": 5, "max_optimization_threads": null, "prevent_unoptimized": null}',
			qdrant_catalog.config_rules('optimizers_config')),
		'wal_config', qdrant_catalog.config_section('wal_config', coalesce(given -> 'wal_config', '{}'),
			'{"wal_capacity_mb": 32, "wal_segments_ahead": 0, "wal_retain_closed": 1}',
			qdrant_catalog.config_rules('wal_config')),
		'quantization_config', NULL);
	IF given ? 'strict_mode_config' THEN
		result := result || jsonb_build_object('strict_mode_config',
			qdrant_catalog.config_strict_mode(given -> 'strict_mode_config', '{}'));
	END IF;
	IF given ? 'metadata' THEN
		result := result || jsonb_build_object('metadata', given -> 'metadata');
	END IF;
	RETURN result;
END
$$;

-- The vectors of a PATCH over those of the collection.
CREATE FUNCTION qdrant_catalog.config_update_vectors(given jsonb, vectors jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	single CONSTANT boolean := jsonb_typeof(vectors -> 'size') = 'number';
	name text;
	value jsonb;
	params jsonb;
BEGIN
	FOR name, value IN SELECT v.key, v.value FROM jsonb_each(given) v LOOP
		params := CASE WHEN NOT single THEN vectors -> name WHEN name = '' THEN vectors END;
		IF params IS NULL THEN
			RAISE EXCEPTION USING ERRCODE = 'QD001',
				MESSAGE = format('Not existing vector name error: %s', name);
		END IF;
		params := qdrant_catalog.config_vector('vectors.' || coalesce(nullif(name, ''), '""'), value, params, 'vector update');
		vectors := CASE WHEN single THEN params ELSE vectors || jsonb_build_object(name, params) END;
	END LOOP;
	RETURN vectors;
END
$$;

-- The config after a PATCH: given members replace, missing ones stay; members
-- of metadata replace, too, and null removes one.
CREATE FUNCTION qdrant_catalog.config_update(config jsonb, body jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	given jsonb;
	params jsonb := config -> 'params';
	section text;
BEGIN
	given := qdrant_catalog.config_section('', body, '{}', qdrant_catalog.config_rules('update'));
	SELECT v.key INTO section FROM jsonb_each(given -> 'sparse_vectors') v ORDER BY 1 LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001',
			MESSAGE = format('Not existing vector name error: %s', section);
	END IF;
	IF given ? 'params' THEN
		params := qdrant_catalog.config_section('params', given -> 'params', params,
			qdrant_catalog.config_rules('params'));
		IF given -> 'params' -> 'payload' <> 'null' THEN
			params := params || jsonb_build_object('payload',
				qdrant_catalog.config_section('params.payload', given -> 'params' -> 'payload',
				'{}', qdrant_catalog.config_rules('payload')));
		END IF;
	END IF;
	IF given ? 'vectors' THEN
		params := params || jsonb_build_object('vectors',
			qdrant_catalog.config_update_vectors(given -> 'vectors', params -> 'vectors'));
	END IF;
	config := config || jsonb_build_object('params', params);
	IF given ? 'hnsw_config' THEN
		config := config || jsonb_build_object('hnsw_config', qdrant_catalog.config_section('hnsw_config',
			given -> 'hnsw_config', config -> 'hnsw_config', qdrant_catalog.config_rules('hnsw_config')));
	END IF;
	IF given ? 'optimizers_config' THEN
		config := config || jsonb_build_object('optimizer_config',
			qdrant_catalog.config_section('optimizers_config', given -> 'optimizers_config',
			config -> 'optimizer_config', qdrant_catalog.config_rules('optimizers_config')));
	END IF;
	IF given ? 'strict_mode_config' THEN
		config := config || jsonb_build_object('strict_mode_config', qdrant_catalog.config_strict_mode(
			given -> 'strict_mode_config', coalesce(config -> 'strict_mode_config', '{}')));
	END IF;
	IF given ? 'metadata' THEN
		config := config || jsonb_build_object('metadata', (
			SELECT coalesce(jsonb_object_agg(m.key, m.value) FILTER (WHERE m.value <> 'null'), '{}')
			FROM jsonb_each(coalesce(config -> 'metadata', '{}') || (given -> 'metadata')) m));
	END IF;
	RETURN config;
END
$$;


---------------------------------------------------------------------------
-- collection: functions
---------------------------------------------------------------------------

CREATE FUNCTION qdrant.check_collection(name text, version bigint) RETURNS void
	AS 'MODULE_PATHNAME', 'qd_check_collection' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

CREATE FUNCTION qdrant.check_size(name text, incoming_bytes bigint, limit_bytes bigint) RETURNS void
	AS 'MODULE_PATHNAME', 'qd_check_size' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

-- The row of a collection whose table is there; raises when there is none.
CREATE FUNCTION qdrant_catalog.find_collection(name text) RETURNS qdrant_catalog.collections
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found_row qdrant_catalog.collections;
BEGIN
	SELECT c.* INTO found_row FROM qdrant_catalog.collections c JOIN pg_class r ON r.oid = c.relation
	WHERE c.name = find_collection.name COLLATE "C";
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'QD002',
			MESSAGE = format('collection "%s" does not exist', name);
	END IF;
	RETURN found_row;
END
$$;

CREATE FUNCTION qdrant_catalog.quoted_name(relation regclass) RETURNS text
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = relation
$$;

-- As much of a name as an identifier holds, with the suffix.
CREATE FUNCTION qdrant_catalog.identifier(name text, suffix text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	name := regexp_replace(name, '[[:cntrl:]]', '_', 'g');
	WHILE octet_length(name) + octet_length(suffix) > 63 LOOP
		name := left(name, -1);
	END LOOP;
	RETURN name || suffix;
END
$$;

-- The first free name for a relation in the schema qdrant: name and ending,
-- then with _2, _3 ...  Stays reserved until the transaction ends.
CREATE FUNCTION qdrant_catalog.free_relation(name text, ending text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	candidate text;
BEGIN
	FOR n IN 1 .. 2147483647 LOOP
		candidate := qdrant_catalog.identifier(name, ending || CASE WHEN n = 1 THEN '' ELSE '_' || n END);
		PERFORM qdrant_catalog.lock_name(candidate);
		IF to_regclass(format('qdrant.%I', candidate)) IS NULL
			AND to_regtype(format('qdrant.%I', candidate)) IS NULL THEN
			RETURN candidate;
		END IF;
	END LOOP;
END
$$;

-- A plain identifier that resembles the vector's name and is not in taken.
CREATE FUNCTION qdrant_catalog.free_column(name text, taken text[]) RETURNS text
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	base text := CASE WHEN name = '' THEN 'embedding'
		ELSE regexp_replace(lower(name COLLATE "C"), '[^a-z0-9_]', '_', 'g') END;
	candidate text;
BEGIN
	IF base ~ '^[0-9]' THEN
		base := '_' || base;
	END IF;
	IF base = ANY ('{id,payload,version,score,tableoid,xmin,cmin,xmax,cmax,ctid}')
		OR EXISTS (SELECT 1 FROM pg_get_keywords() k WHERE k.word = base AND k.catcode <> 'U') THEN
		base := base || '_vector';
	END IF;
	FOR n IN 1 .. 2147483647 LOOP
		candidate := qdrant_catalog.identifier(base, CASE WHEN n = 1 THEN '' ELSE '_' || n END);
		IF candidate <> ALL (taken) THEN
			RETURN candidate;
		END IF;
	END LOOP;
END
$$;

-- The vectors of a config: [{"name", "column", "dim", "distance"}].
CREATE FUNCTION qdrant_catalog.vector_columns(config jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	vectors jsonb := config -> 'params' -> 'vectors';
	taken text[] := '{}';
	result jsonb := '[]';
	name text;
	params jsonb;
BEGIN
	IF jsonb_typeof(vectors -> 'size') = 'number' THEN
		vectors := jsonb_build_object('', vectors);
	END IF;
	FOR name, params IN SELECT v.key, v.value FROM jsonb_each(vectors) v LOOP
		taken := taken || qdrant_catalog.free_column(name, taken);
		result := result || jsonb_build_object('name', name, 'column', taken[cardinality(taken)],
			'dim', params -> 'size', 'distance', params -> 'distance');
	END LOOP;
	RETURN result;
END
$$;

-- The options of a vector's index by its config (the vector's own members
-- first), those that are the access method's defaults but for m and
-- ef_construction left out; NULL: it has no index.  An indexing_threshold of
-- 0 means never.
CREATE FUNCTION qdrant_catalog.index_options(config jsonb, vector jsonb) RETURNS text[]
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	largest CONSTANT numeric := 2147483647;
	vectors CONSTANT jsonb := config -> 'params' -> 'vectors';
	params CONSTANT jsonb := CASE WHEN jsonb_typeof(vectors -> 'size') = 'number' THEN vectors
		ELSE vectors -> (vector ->> 'name') END;
	hnsw CONSTANT jsonb := (config -> 'hnsw_config') || coalesce(params -> 'hnsw_config', '{}');
	full_scan CONSTANT numeric := least((hnsw ->> 'full_scan_threshold')::numeric, largest);
	indexing CONSTANT numeric := least(coalesce(nullif(
		(config -> 'optimizer_config' ->> 'indexing_threshold')::numeric, 0), largest), largest);
BEGIN
	-- the access method takes no longer vectors for this distance
	IF (hnsw ->> 'm')::numeric = 0
		OR (vector ->> 'distance' = 'Manhattan' AND (vector ->> 'dim')::integer > 8000) THEN
		RETURN NULL;
	END IF;
	RETURN array_remove(ARRAY[
		'm=' || least(greatest((hnsw ->> 'm')::numeric, 2), 100),
		'ef_construction=' || least((hnsw ->> 'ef_construct')::numeric, 2000),
		CASE WHEN full_scan <> 10000 THEN 'full_scan_threshold=' || full_scan END,
		CASE WHEN indexing <> 10000 THEN 'indexing_threshold=' || indexing END], NULL);
END
$$;

-- Must the index be built anew after its options have changed: is another
-- graph wanted, or one where there was none?
CREATE FUNCTION qdrant_catalog.needs_build(relation regclass, column_name text, dim integer, was text[], wanted text[])
RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	threshold_was CONSTANT numeric := coalesce((SELECT split_part(o, '=', 2)
		FROM unnest(was) o WHERE o LIKE 'indexing_threshold=%'), '10000');
	threshold CONSTANT numeric := coalesce((SELECT split_part(o, '=', 2)
		FROM unnest(wanted) o WHERE o LIKE 'indexing_threshold=%'), '10000');
	kb numeric;
BEGIN
	IF NOT coalesce(was, '{}') @> wanted[1:2] THEN
		RETURN true;
	ELSIF threshold >= threshold_was THEN
		RETURN false;
	END IF;
	EXECUTE format('SELECT count(t.%I) FROM %s t', column_name, qdrant_catalog.quoted_name(relation)) INTO kb;
	kb := kb * dim * 4 / 1024;
	RETURN kb > threshold AND kb <= threshold_was;
END
$$;

-- The index of a vector column, whoever made it; NULL: it has none.
CREATE FUNCTION qdrant_catalog.vector_index(relation regclass, column_name text) RETURNS regclass
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT i.indexrelid::regclass
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
	JOIN pg_am a ON a.oid = c.relam AND a.amname = 'qdrant_hnsw'
	JOIN pg_attribute t ON t.attrelid = i.indrelid AND t.attnum = i.indkey[0]
WHERE i.indrelid = relation AND t.attname = column_name AND i.indpred IS NULL AND i.indisvalid
ORDER BY 1 LIMIT 1
$$;

-- how: what stands between CREATE INDEX and ON.
CREATE FUNCTION qdrant_catalog.create_index(relation regclass, config jsonb, vector jsonb, how text) RETURNS text
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT format('CREATE INDEX %s ON %s USING qdrant_hnsw (%I @extschema@.%I, payload @extschema@.qdrant_payload_ops) WITH (%s)', how,
	qdrant_catalog.quoted_name(relation), vector ->> 'column',
	CASE vector ->> 'distance' WHEN 'Cosine' THEN 'vector_cosine_ops' WHEN 'Euclid' THEN 'vector_l2_ops'
		WHEN 'Dot' THEN 'vector_ip_ops' WHEN 'Manhattan' THEN 'vector_l1_ops' END,
	array_to_string(qdrant_catalog.index_options(config, vector), ', '))
$$;

-- The same for a builder outside of transactions.  The index in use stays as
-- it is until the new one takes its place: with the new options it would want
-- its graph from the next writer.
CREATE FUNCTION qdrant_catalog.build_concurrently(relation regclass, config jsonb, vector jsonb) RETURNS text[]
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	in_use CONSTANT regclass := qdrant_catalog.vector_index(relation, vector ->> 'column');
	old_name CONSTANT text := relname FROM pg_class WHERE oid = in_use;
	new_name CONSTANT text := qdrant_catalog.identifier(old_name, '_new');
	new_index text;
BEGIN
	IF qdrant_catalog.index_options(config, vector) IS NULL THEN
		RETURN '{}';
	ELSIF in_use IS NULL THEN
		RETURN ARRAY[qdrant_catalog.create_index(relation, config, vector, 'CONCURRENTLY')];
	END IF;
	SELECT format('%I.%I', n.nspname, new_name) INTO new_index
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = in_use;
	-- one that was finished after its builder had gone is taken as it is
	RETURN CASE WHEN EXISTS (SELECT 1 FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
		WHERE c.oid = to_regclass(new_index) AND i.indisvalid AND i.indrelid = relation
			AND c.reloptions = qdrant_catalog.index_options(config, vector))
	THEN '{}'::text[] ELSE ARRAY[
		format('DROP INDEX CONCURRENTLY IF EXISTS %s', new_index),
		qdrant_catalog.create_index(relation, config, vector, format('CONCURRENTLY %I', new_name))]
	END || ARRAY[
		format('DROP INDEX CONCURRENTLY %s', qdrant_catalog.quoted_name(in_use)),
		format('ALTER INDEX %s RENAME TO %I', new_index, old_name)];
END
$$;

-- Makes, changes or drops the index of a vector column, so that it is as the
-- config wants it.  Builds block writers; without build they are left to
-- somebody else, if there is much to do, which is what true means.
CREATE FUNCTION qdrant_catalog.sync_index(relation regclass, config jsonb, vector jsonb, build boolean) RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	wanted CONSTANT text[] := qdrant_catalog.index_options(config, vector);
	index_oid CONSTANT regclass := qdrant_catalog.vector_index(relation, vector ->> 'column');
	was CONSTANT text[] := reloptions FROM pg_class WHERE oid = index_oid;
	now CONSTANT boolean := build OR pg_table_size(relation) < 4194304;
	anew boolean;
BEGIN
	IF wanted IS NULL THEN
		IF index_oid IS NOT NULL THEN
			EXECUTE format('DROP INDEX %s', qdrant_catalog.quoted_name(index_oid));
		END IF;
	ELSIF index_oid IS NULL THEN
		IF now THEN
			EXECUTE qdrant_catalog.create_index(relation, config, vector, '');
		END IF;
		RETURN NOT now;
	ELSIF NOT (coalesce(was, '{}') @> wanted AND wanted @> was) THEN
		anew := qdrant_catalog.needs_build(relation, vector ->> 'column', (vector ->> 'dim')::integer, was, wanted);
		IF anew AND NOT now THEN
			RETURN true;
		END IF;
		EXECUTE format('ALTER INDEX %s RESET (full_scan_threshold, indexing_threshold)',
			qdrant_catalog.quoted_name(index_oid));
		EXECUTE format('ALTER INDEX %s SET (%s)', qdrant_catalog.quoted_name(index_oid),
			array_to_string(wanted, ', '));
		IF anew THEN
			EXECUTE format('REINDEX INDEX %s', qdrant_catalog.quoted_name(index_oid));
		END IF;
	END IF;
	RETURN false;
END
$$;

CREATE FUNCTION qdrant_catalog.check_names(name text, config jsonb) RETURNS void
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	forbidden CONSTANT text := '[<>:"/\\|?*\x1f]';
	vectors CONSTANT jsonb := config -> 'params' -> 'vectors';
BEGIN
	IF length(name) NOT BETWEEN 1 AND 255 THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001',
			MESSAGE = 'collection name must have 1 to 255 characters';
	ELSIF name ~ forbidden THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001',
			MESSAGE = format('collection name cannot contain "%s" char', substring(name FROM forbidden));
	END IF;
	IF jsonb_typeof(vectors -> 'size') = 'number' THEN
		RETURN;
	END IF;
	PERFORM qdrant_catalog.check_vector_name('dense', k, '{}') FROM jsonb_object_keys(vectors) k;
END
$$;

CREATE FUNCTION qdrant_catalog.create_table(name text, vectors jsonb) RETURNS regclass
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	table_name CONSTANT text := qdrant_catalog.free_relation(name, '');
	relation CONSTANT text := format('qdrant.%I', table_name);
	sequence CONSTANT text := format('qdrant.%I', qdrant_catalog.free_relation(table_name, '_version_seq'));
	columns text;
	main text;
BEGIN
	SELECT string_agg(format(', %I @extschema@.vector(%s)', v.value ->> 'column', v.value ->> 'dim'), ''
			ORDER BY v.ordinality),
		string_agg(format('ALTER COLUMN %I SET STORAGE MAIN', v.value ->> 'column'), ', ')
			FILTER (WHERE (v.value ->> 'dim')::integer <= 450)
	INTO columns, main
	FROM jsonb_array_elements(vectors) WITH ORDINALITY v;
	EXECUTE format('CREATE SEQUENCE %s', sequence);
	EXECUTE format('CREATE TABLE %s (id @extschema@.point_id PRIMARY KEY,'
		' payload jsonb NOT NULL DEFAULT ''{}'', version bigint NOT NULL DEFAULT nextval(%L)%s)',
		relation, sequence, columns);
	EXECUTE format('ALTER SEQUENCE %s OWNED BY %s.version', sequence, relation);
	IF main IS NOT NULL THEN
		EXECUTE format('ALTER TABLE %s %s', relation, main);
	END IF;
	RETURN relation::regclass;
END
$$;

CREATE FUNCTION qdrant.create_collection(name text, config jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	full_config CONSTANT jsonb := qdrant_catalog.config_create(config);
	vectors jsonb;
	relation regclass;
	vector jsonb;
BEGIN
	PERFORM qdrant_catalog.check_names(name, full_config);
	PERFORM qdrant_catalog.lock_name(name);
	IF qdrant.collection_exists(name) THEN
		RAISE unique_violation;
	END IF;
	vectors := qdrant_catalog.vector_columns(full_config);
	relation := qdrant_catalog.create_table(name, vectors);
	FOR vector IN SELECT v FROM jsonb_array_elements(vectors) v LOOP
		PERFORM qdrant_catalog.sync_index(relation, full_config, vector, true);
	END LOOP;
	PERFORM qdrant_catalog.put_collection(name, relation, full_config, vectors);
EXCEPTION WHEN unique_violation THEN
	RAISE EXCEPTION USING ERRCODE = 'QD003',
		MESSAGE = format('collection "%s" already exists', name);
END
$$;

-- The schema of a payload index as it is kept: a type alone, or an object in
-- which Qdrant shows some members even when they were not given.
CREATE FUNCTION qdrant_catalog.payload_schema(schema jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	types CONSTANT text[] := '{keyword,integer,float,geo,text,bool,datetime,uuid}';
	given CONSTANT jsonb := CASE jsonb_typeof(schema) WHEN 'object' THEN jsonb_strip_nulls(schema) ELSE '{}' END;
	type CONSTANT text := CASE jsonb_typeof(schema) WHEN 'string' THEN schema #>> '{}' ELSE given ->> 'type' END;
	rules jsonb := '{"on_disk": "bool", "memory": "choice cold cached pinned", "enable_hnsw": "bool"}';
BEGIN
	IF type IS NULL OR type <> ALL (types) THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001',
			MESSAGE = 'the schema of a payload index must be a type, or an object with the member "type"',
			HINT = format('The types are %s.', array_to_string(types, ', '));
	ELSIF jsonb_typeof(schema) = 'string' THEN
		RETURN schema;
	END IF;
	rules := rules || jsonb_build_object('type', 'choice ' || type) || CASE type
		WHEN 'keyword' THEN jsonb '{"is_tenant": "bool", "prefix": "bool"}'
		WHEN 'uuid' THEN jsonb '{"is_tenant": "bool"}'
		WHEN 'integer' THEN jsonb '{"lookup": "bool", "range": "bool", "is_principal": "bool"}'
		WHEN 'float' THEN jsonb '{"is_principal": "bool"}'
		WHEN 'datetime' THEN jsonb '{"is_principal": "bool"}'
		ELSE jsonb '{}' END;
	IF type = 'text' THEN
		PERFORM qdrant.text_tokens('', given - ARRAY['on_disk', 'memory', 'enable_hnsw']);
		PERFORM qdrant_catalog.config_section('schema', m.member, '{}', rules)
		FROM (SELECT jsonb_object_agg(g.key, g.value) FROM jsonb_each(given) g WHERE rules ? g.key) m(member);
		RETURN jsonb '{"tokenizer": "word"}' || given;
	END IF;
	PERFORM qdrant_catalog.config_section('schema', given, '{}', rules);
	IF given @> '{"lookup": false, "range": false}' THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001',
			MESSAGE = 'the ''lookup'' and ''range'' capabilities can''t be both disabled';
	END IF;
	RETURN CASE type WHEN 'integer' THEN jsonb '{"lookup": null, "range": null, "is_principal": null}'
		WHEN 'float' THEN jsonb '{"is_principal": null}'
		WHEN 'datetime' THEN jsonb '{"is_principal": null}' ELSE '{}' END || given;
END
$$;

-- What of a schema changes which points a condition finds.
CREATE FUNCTION qdrant_catalog.index_semantics(schema jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT CASE
	WHEN jsonb_typeof(schema) = 'string' THEN jsonb_build_object('type', schema)
	WHEN schema ->> 'type' = 'text' THEN jsonb_strip_nulls(schema) - ARRAY['on_disk', 'memory', 'enable_hnsw']
	ELSE jsonb_strip_nulls(jsonb_build_object('type', schema -> 'type', 'lookup', nullif(schema -> 'lookup', 'true'),
		'range', nullif(schema -> 'range', 'true'))) END
$$;

-- The index of a path, whoever made it; NULL: there is none that fits.
CREATE FUNCTION qdrant_catalog.payload_index(relation regclass, path text, schema jsonb) RETURNS regclass
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT i.indexrelid::regclass
FROM pg_index i JOIN pg_opclass o ON o.oid = i.indclass[0]
	JOIN pg_attribute k ON k.attrelid = i.indexrelid AND k.attnum = 1
	JOIN pg_attribute t ON t.attrelid = i.indrelid AND t.attnum = i.indkey[0] AND t.attname = 'payload',
	qdrant_catalog.index_semantics(schema) s
WHERE i.indrelid = relation AND i.indnkeyatts = 1 AND i.indpred IS NULL AND i.indisvalid
	AND o.opcname = format('qdrant_%s_ops', s ->> 'type') AND o.opcnamespace = '@extschema@'::regnamespace
	AND EXISTS (SELECT 1 FROM unnest(k.attoptions) a WHERE a LIKE 'path=%'
		AND qdrant_catalog.json_path(substr(a, 6)) = payload_index.path)
	AND (s ->> 'type' <> 'text' OR s = ANY (SELECT substr(a, 8)::jsonb FROM unnest(k.attoptions) a WHERE a LIKE 'schema=%'))
ORDER BY 1 LIMIT 1
$$;

-- how: what stands between CREATE INDEX and the index's name.
CREATE FUNCTION qdrant_catalog.create_payload_index(relation regclass, path text, schema jsonb, how text) RETURNS text
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	semantics CONSTANT jsonb := qdrant_catalog.index_semantics(schema);
	base CONSTANT text := c.relname || '_' || btrim(regexp_replace(path, '[^[:alnum:]_]+', '_', 'g'), '_')
		FROM pg_class c WHERE c.oid = relation;
	name text;
BEGIN
	FOR n IN 1 .. 2147483647 LOOP
		name := qdrant_catalog.identifier(base, '_idx' || CASE WHEN n = 1 THEN '' ELSE n::text END);
		PERFORM FROM pg_class c JOIN pg_class x ON x.relnamespace = c.relnamespace
		WHERE c.oid = relation AND x.relname = name;
		EXIT WHEN NOT FOUND;
	END LOOP;
	RETURN format('CREATE INDEX %s %I ON %s USING gin (payload @extschema@.%I (path = %L%s))', how, name,
		qdrant_catalog.quoted_name(relation), format('qdrant_%s_ops', semantics ->> 'type'), path,
		CASE semantics ->> 'type' WHEN 'text' THEN format(', schema = %L', semantics) ELSE '' END);
END
$$;

-- A filter that the points with an indexed value satisfy.
CREATE FUNCTION qdrant_catalog.has_indexed_value(path text, type text) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT CASE WHEN type = 'bool' THEN jsonb_build_object('should', jsonb_build_array(
		jsonb_build_object('key', path, 'match', jsonb '{"value": true}'),
		jsonb_build_object('key', path, 'match', jsonb '{"value": false}')))
	ELSE jsonb_build_object('must', jsonb_build_object('key', path, 'as', type) || CASE
		WHEN type IN ('keyword', 'uuid') THEN jsonb '{"match": {"except": []}}'
		WHEN type = 'geo' THEN jsonb '{"geo_radius": {"center": {"lon": 0, "lat": 0}, "radius": 3e7}}'
		WHEN type = 'text' THEN jsonb '{"match": {"prefix": ""}}'
		ELSE jsonb '{"range": {}}' END) END
$$;

-- How many rows: counted in a small table, else what the planner thinks.
CREATE FUNCTION qdrant_catalog.count_matches(relation regclass, filter jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	matches CONSTANT text := format('FROM %s t WHERE t.payload OPERATOR(@extschema@.@@@) %L',
		qdrant_catalog.quoted_name(relation), filter);
	result bigint;
	plan json;
BEGIN
	IF pg_table_size(relation) < 67108864 THEN
		EXECUTE 'SELECT count(*) ' || matches INTO result;
	ELSE
		EXECUTE 'EXPLAIN (FORMAT json) SELECT ' || matches INTO plan;
		result := (plan -> 0 -> 'Plan' ->> 'Plan Rows')::numeric;
	END IF;
	RETURN result;
END
$$;

-- What Qdrant's info shows as payload_schema.
CREATE FUNCTION qdrant_catalog.payload_schema_info(collection_id bigint, relation regclass) RETURNS jsonb
LANGUAGE sql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(jsonb_object_agg(i.path, jsonb_build_object('data_type', s.type)
	|| CASE jsonb_typeof(i.schema) WHEN 'object' THEN jsonb_build_object('params', i.schema) ELSE '{}' END
	|| jsonb_build_object('points', qdrant_catalog.count_matches(relation,
		qdrant_catalog.has_indexed_value(i.path, s.type)))), '{}')
FROM qdrant_catalog.payload_indexes i, LATERAL (
	SELECT CASE jsonb_typeof(i.schema) WHEN 'string' THEN i.schema #>> '{}' ELSE i.schema ->> 'type' END) s(type)
WHERE i.collection_id = payload_schema_info.collection_id
$$;

-- {"path": schema}: what conditions on these paths are bound to.
CREATE FUNCTION qdrant_catalog.bindings(collection_id bigint) RETURNS jsonb
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(jsonb_object_agg(i.path, qdrant_catalog.index_semantics(i.schema)), '{}')
FROM qdrant_catalog.payload_indexes i WHERE i.collection_id = bindings.collection_id
$$;

-- The vectors as put_collection takes them.
CREATE FUNCTION qdrant_catalog.stored_vectors(collection_id bigint) RETURNS SETOF jsonb
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT jsonb_build_object('name', v.name, 'column', v.column_name, 'dim', v.dim, 'distance', v.distance,
	'pending', v.pending)
FROM qdrant_catalog.vectors v WHERE v.collection_id = stored_vectors.collection_id
$$;

-- Without build, what would take long is left to qdrant.pending_indexes.
CREATE FUNCTION qdrant.update_collection(name text, config jsonb, build boolean DEFAULT true) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found_row qdrant_catalog.collections;
	vectors jsonb := '[]';
	vector jsonb;
BEGIN
	-- one change at a time, each over what the one before left
	PERFORM qdrant_catalog.lock_collection(name, 'change');
	found_row := qdrant_catalog.find_collection(name);
	found_row.config := qdrant_catalog.config_update(found_row.config, config);
	FOR vector IN SELECT * FROM qdrant_catalog.stored_vectors(found_row.id) LOOP
		IF qdrant_catalog.sync_index(found_row.relation, found_row.config, vector, build) THEN
			vector := vector || jsonb_build_object('pending', found_row.version);
		END IF;
		vectors := vectors || vector;
	END LOOP;
	PERFORM qdrant_catalog.put_collection(name, found_row.relation, found_row.config, vectors);
END
$$;

-- What builds the indexes that wait for it, of tables that are the caller's:
-- statements to be run one by one outside of transactions, after which
-- qdrant.index_built is told.  None for an index that is no longer wanted.
-- kind and name: vector and its name, or payload and the path.
CREATE FUNCTION qdrant.pending_indexes(OUT collection text, OUT kind text, OUT name text, OUT pending bigint,
	OUT statements text[])
RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT c.name, p.kind, p.name, p.pending, p.statements
FROM qdrant_catalog.collections c JOIN pg_class r ON r.oid = c.relation, LATERAL (
	SELECT 'vector' AS kind, v ->> 'name' AS name, (v ->> 'pending')::bigint AS pending,
		qdrant_catalog.build_concurrently(c.relation, c.config, v) AS statements
	FROM qdrant_catalog.stored_vectors(c.id) v WHERE v ->> 'pending' IS NOT NULL
	UNION ALL
	SELECT 'payload', i.path, i.pending, CASE WHEN qdrant_catalog.payload_index(c.relation, i.path, i.schema) IS NULL
		THEN ARRAY[qdrant_catalog.create_payload_index(c.relation, i.path, i.schema, 'CONCURRENTLY')] ELSE '{}' END
	FROM qdrant_catalog.payload_indexes i WHERE i.collection_id = c.id AND i.pending IS NOT NULL) p
WHERE pg_has_role(r.relowner, 'USAGE')
ORDER BY 4
$$;

-- What builds that were cut short have left behind: nobody must be building.
CREATE FUNCTION qdrant.index_leftovers() RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT format('DROP INDEX CONCURRENTLY %s', qdrant_catalog.quoted_name(i.indexrelid))
FROM qdrant_catalog.collections c JOIN pg_class r ON r.oid = c.relation
	JOIN pg_index i ON i.indrelid = c.relation AND NOT i.indisvalid
	JOIN pg_class x ON x.oid = i.indexrelid
	JOIN pg_am a ON a.oid = x.relam
	JOIN pg_opclass o ON o.oid = i.indclass[0]
WHERE pg_has_role(r.relowner, 'USAGE')
	AND (a.amname = 'qdrant_hnsw' OR (a.amname = 'gin' AND o.opcname LIKE 'qdrant\_%\_ops'))
$$;

CREATE FUNCTION qdrant.index_built(collection text, kind text, name text, pending bigint) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found_row qdrant_catalog.collections;
	vectors jsonb;
BEGIN
	PERFORM qdrant_catalog.lock_collection(collection, 'change');
	found_row := qdrant_catalog.find_collection(collection);
	IF kind = 'payload' THEN
		PERFORM qdrant_catalog.put_payload_index(found_row.relation, i.path, i.schema, false)
		FROM qdrant_catalog.payload_indexes i
		WHERE i.collection_id = found_row.id AND i.path = index_built.name AND i.pending = index_built.pending;
		RETURN;
	END IF;
	SELECT jsonb_agg(CASE WHEN v ->> 'name' = name AND (v ->> 'pending')::bigint = pending
		THEN v || '{"pending": null}' ELSE v END)
	INTO vectors FROM qdrant_catalog.stored_vectors(found_row.id) v;
	PERFORM qdrant_catalog.put_collection(collection, found_row.relation, found_row.config,
		coalesce(vectors, '[]'));
END
$$;

-- Who builds an index for us would keep a drop waiting; the application name
-- is the gateway's.
CREATE FUNCTION qdrant_catalog.cancel_builder(name text) RETURNS void
LANGUAGE sql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT pg_cancel_backend(a.pid)
FROM qdrant_catalog.collections c JOIN pg_class r ON r.oid = c.relation
	JOIN pg_locks l ON l.relation = r.oid AND l.granted AND l.mode = 'ShareUpdateExclusiveLock'
	JOIN pg_stat_activity a ON a.pid = l.pid
WHERE c.name = cancel_builder.name COLLATE "C" AND pg_has_role(r.relowner, 'USAGE')
	AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
	AND a.application_name = 'qdrant-gateway index builder' AND a.usename = current_user
$$;

CREATE FUNCTION qdrant.drop_collection(name text) RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM qdrant_catalog.cancel_builder(name);
	BEGIN
		PERFORM qdrant_catalog.lock_collection(name, 'drop');
	EXCEPTION WHEN SQLSTATE 'QD002' THEN
		RETURN false;
	END;
	EXECUTE format('DROP TABLE %s', qdrant_catalog.quoted_name(
		(qdrant_catalog.find_collection(name)).relation));
	RETURN true;
END
$$;

-- The canonical form of a path; raises for what is none.
CREATE FUNCTION qdrant_catalog.canonical_path(path text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	result CONSTANT text := qdrant_catalog.json_path(path);
BEGIN
	IF result IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001', MESSAGE = format('invalid json path: %L', path);
	END IF;
	RETURN result;
END
$$;

-- One index for every path: another schema replaces it.  Blocks writers while
-- it is built; without build, one that takes long is left to
-- qdrant.pending_indexes, and the result is false.
CREATE FUNCTION qdrant.create_payload_index(collection text, path text, schema jsonb, build boolean DEFAULT true)
RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	canonical CONSTANT text := qdrant_catalog.canonical_path(path);
	wanted CONSTANT jsonb := qdrant_catalog.payload_schema(schema);
	found_row qdrant_catalog.collections;
	was qdrant_catalog.payload_indexes;
	old_index regclass;
	ready boolean;
BEGIN
	PERFORM qdrant_catalog.lock_collection(collection, 'change');
	found_row := qdrant_catalog.find_collection(collection);
	SELECT * INTO was FROM qdrant_catalog.payload_indexes i
	WHERE i.collection_id = found_row.id AND i.path = canonical;
	old_index := qdrant_catalog.payload_index(found_row.relation, canonical, was.schema);
	ready := qdrant_catalog.payload_index(found_row.relation, canonical, wanted) IS NOT NULL;
	IF was.schema = wanted AND (ready OR (was.pending IS NOT NULL AND NOT build)) THEN
		RETURN ready;
	ELSIF was.pending IS NOT NULL THEN
		PERFORM qdrant_catalog.cancel_builder(collection);
	ELSIF old_index IS NOT NULL AND NOT ready THEN
		EXECUTE format('DROP INDEX %s', qdrant_catalog.quoted_name(old_index));
	END IF;
	IF NOT ready AND (build OR pg_table_size(found_row.relation) < 4194304) THEN
		EXECUTE qdrant_catalog.create_payload_index(found_row.relation, canonical, wanted, '');
		ready := true;
	END IF;
	PERFORM qdrant_catalog.put_payload_index(found_row.relation, canonical, wanted, NOT ready);
	RETURN ready;
END
$$;

-- False when there was none.
CREATE FUNCTION qdrant.drop_payload_index(collection text, path text) RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	canonical CONSTANT text := qdrant_catalog.canonical_path(path);
	found_row qdrant_catalog.collections;
	was qdrant_catalog.payload_indexes;
	old_index regclass;
BEGIN
	PERFORM qdrant_catalog.lock_collection(collection, 'change');
	found_row := qdrant_catalog.find_collection(collection);
	SELECT * INTO was FROM qdrant_catalog.payload_indexes i
	WHERE i.collection_id = found_row.id AND i.path = canonical;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	IF was.pending IS NOT NULL THEN
		PERFORM qdrant_catalog.cancel_builder(collection);
	END IF;
	old_index := qdrant_catalog.payload_index(found_row.relation, canonical, was.schema);
	IF old_index IS NOT NULL THEN
		EXECUTE format('DROP INDEX %s', qdrant_catalog.quoted_name(old_index));
	END IF;
	PERFORM qdrant_catalog.put_payload_index(found_row.relation, canonical, NULL, false);
	RETURN true;
END
$$;

-- ready: it is built, and used.
CREATE FUNCTION qdrant.payload_indexes(collection text, OUT path text, OUT schema jsonb, OUT index regclass, OUT ready boolean)
RETURNS SETOF record
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT i.path, i.schema, x.index, x.index IS NOT NULL
FROM qdrant_catalog.find_collection(collection) c
	JOIN qdrant_catalog.payload_indexes i ON i.collection_id = c.id,
	qdrant_catalog.payload_index(c.relation, i.path, i.schema) x(index)
ORDER BY i.path
$$;

-- How many of the points that a filter admits have a value, by value, for a
-- path with an index that serves matches.
CREATE FUNCTION qdrant.facet(collection text, path text, filter payload_filter DEFAULT '{}', max_hits bigint DEFAULT 10,
	OUT value jsonb, OUT count bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	canonical CONSTANT text := qdrant_catalog.canonical_path(path);
	found_row CONSTANT qdrant_catalog.collections := qdrant_catalog.find_collection(collection);
	schema CONSTANT jsonb := qdrant_catalog.bindings(found_row.id) -> canonical;
BEGIN
	IF schema IS NULL OR schema ->> 'type' <> ALL ('{keyword,integer,bool,uuid}') OR schema -> 'lookup' = 'false' THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001', MESSAGE = format('no appropriate index for faceting: %s', canonical),
			HINT = 'Create one of type keyword, integer, bool or uuid with qdrant.create_payload_index().';
	END IF;
	RETURN QUERY EXECUTE format('SELECT to_jsonb(v), count(*) FROM %s t, unnest(qdrant_catalog.%I(t.payload, %L)) v'
		' WHERE t.payload OPERATOR(@extschema@.@@@) %L GROUP BY v ORDER BY 2 DESC, v%s LIMIT %s',
		qdrant_catalog.quoted_name(found_row.relation), schema ->> 'type' || '_values', canonical,
		qdrant.bind_filter(collection, filter), CASE WHEN schema ->> 'type' IN ('keyword', 'uuid') THEN ' COLLATE "C"' ELSE '' END,
		max_hits);
END
$$;

-- The filter with the semantics of the collection's payload indexes.
CREATE FUNCTION qdrant.bind_filter(collection text, filter payload_filter) RETURNS payload_filter
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT qdrant_catalog.bind_filter(filter, qdrant_catalog.bindings(c.id))
FROM qdrant_catalog.find_collection(collection) c
$$;

CREATE FUNCTION qdrant.collection_exists(name text) RETURNS boolean
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT EXISTS (SELECT 1 FROM qdrant_catalog.collections c JOIN pg_class r ON r.oid = c.relation
	WHERE c.name = collection_exists.name COLLATE "C")
$$;

CREATE FUNCTION qdrant.collections(OUT name text) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT c.name FROM qdrant_catalog.collections c JOIN pg_class r ON r.oid = c.relation
WHERE has_table_privilege(c.relation, 'SELECT')
ORDER BY c.name
$$;

-- Vectors whose column was dropped or renamed are not there.
CREATE FUNCTION qdrant.describe(name text, OUT collection_id bigint, OUT version bigint,
	OUT relation text, OUT version_sequence text, OUT vectors jsonb, OUT config jsonb, OUT bindings jsonb)
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found_row CONSTANT qdrant_catalog.collections := qdrant_catalog.find_collection(name);
BEGIN
	collection_id := found_row.id;
	version := found_row.version;
	config := found_row.config;
	relation := qdrant_catalog.quoted_name(found_row.relation);
	version_sequence := pg_get_serial_sequence(relation, 'version');
	bindings := qdrant_catalog.bindings(found_row.id);
	SELECT coalesce(jsonb_agg(jsonb_build_object('name', v.name, 'column', quote_ident(v.column_name),
		'dim', v.dim, 'distance', v.distance) ORDER BY a.attnum), '[]')
	INTO vectors
	FROM qdrant_catalog.vectors v JOIN pg_attribute a ON a.attname = v.column_name
	WHERE v.collection_id = found_row.id AND a.attrelid = found_row.relation
		AND NOT a.attisdropped AND a.atttypid = '@extschema@.vector'::regtype;
END
$$;

-- Qdrant counts a vector as indexed once its segment has grown over
-- indexing_threshold (kB of raw vectors) and so has a graph.  Here the index
-- covers all rows at once, so the same test decides for a column as a whole.
CREATE FUNCTION qdrant.collection_info(name text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found_row qdrant_catalog.collections;
	threshold numeric;
	terms text;
	points bigint;
	indexed bigint;
BEGIN
	PERFORM qdrant_catalog.lock_collection(name, 'read');
	found_row := qdrant_catalog.find_collection(name);
	threshold := found_row.config -> 'optimizer_config' -> 'indexing_threshold';
	SELECT string_agg(format('CASE WHEN count(t.%1$I)::numeric * %2$s > %3$s THEN count(t.%1$I) ELSE 0 END',
		v.column_name, v.dim * 4, threshold * 1024), ' + ')
	INTO terms
	FROM qdrant_catalog.vectors v JOIN pg_attribute a
		ON a.attrelid = found_row.relation AND a.attname = v.column_name AND NOT a.attisdropped
	WHERE v.collection_id = found_row.id AND threshold > 0 AND v.pending IS NULL AND EXISTS (
		SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
			JOIN pg_am m ON m.oid = c.relam AND m.amname = 'qdrant_hnsw'
		WHERE i.indrelid = found_row.relation AND i.indkey[0] = a.attnum AND i.indisvalid);
	EXECUTE format('SELECT count(*), %s FROM %s t', coalesce(terms, '0'),
		qdrant_catalog.quoted_name(found_row.relation)) INTO points, indexed;
	RETURN jsonb_build_object(
		'status', CASE WHEN EXISTS (SELECT 1 FROM qdrant_catalog.vectors v
			WHERE v.collection_id = found_row.id AND v.pending IS NOT NULL)
			OR EXISTS (SELECT 1 FROM qdrant_catalog.payload_indexes i
			WHERE i.collection_id = found_row.id AND i.pending IS NOT NULL) THEN 'yellow' ELSE 'green' END, 'optimizer_status', 'ok', 'indexed_vectors_count', indexed,
		'points_count', points, 'segments_count', 1, 'config', found_row.config,
		'payload_schema', qdrant_catalog.payload_schema_info(found_row.id, found_row.relation),
		'update_queue', jsonb_build_object('length', 0) || CASE
			WHEN found_row.config -> 'optimizer_config' -> 'prevent_unoptimized' = 'true'
			THEN jsonb_build_object('deferred_points', 0) ELSE '{}' END);
END
$$;
