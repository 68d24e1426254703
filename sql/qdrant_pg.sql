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

CREATE CAST (jsonb AS payload_filter) WITH FUNCTION payload_filter(jsonb) AS ASSIGNMENT;

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

CREATE FUNCTION payload_matches(jsonb, payload_filter) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_payload_matches' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE COST 5;

CREATE FUNCTION payload_filter_sel(internal, oid, internal, integer) RETURNS double precision
	AS 'MODULE_PATHNAME', 'qd_payload_filter_sel' LANGUAGE C STABLE STRICT PARALLEL SAFE;

CREATE OPERATOR @@@ (
	LEFTARG = jsonb, RIGHTARG = payload_filter, FUNCTION = payload_matches,
	RESTRICT = payload_filter_sel, JOIN = contjoinsel
);

CREATE FUNCTION qdrant.matches(id point_id, payload jsonb, present text[], filter payload_filter) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_point_matches' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE COST 8;


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


---------------------------------------------------------------------------
-- hnsw
---------------------------------------------------------------------------


---------------------------------------------------------------------------
-- collection: catalog
---------------------------------------------------------------------------


---------------------------------------------------------------------------
-- collection: functions
---------------------------------------------------------------------------

