
-- Point identifiers.

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

COMMENT ON TYPE point_id IS 'id of a point: an unsigned 64-bit number or a UUID';
COMMENT ON FUNCTION point_id_lt(point_id, point_id) IS 'less than, numbers before UUIDs';
COMMENT ON FUNCTION point_id_le(point_id, point_id) IS 'at most, numbers before UUIDs';
COMMENT ON FUNCTION point_id_eq(point_id, point_id) IS 'equal';
COMMENT ON FUNCTION point_id_ne(point_id, point_id) IS 'not equal';
COMMENT ON FUNCTION point_id_ge(point_id, point_id) IS 'at least, numbers before UUIDs';
COMMENT ON FUNCTION point_id_gt(point_id, point_id) IS 'greater than, numbers before UUIDs';
COMMENT ON OPERATOR CLASS point_id_ops USING btree IS 'numbers before UUIDs';
COMMENT ON OPERATOR CLASS point_id_hash_ops USING hash IS 'equality of ids';
