
-- Filters over payloads.

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

COMMENT ON TYPE payload_filter IS 'filter in Qdrant''s JSON, checked';
COMMENT ON FUNCTION payload_filter_eq(payload_filter, payload_filter) IS 'equal as JSON';
COMMENT ON FUNCTION payload_filter_ne(payload_filter, payload_filter) IS 'not equal as JSON';
COMMENT ON FUNCTION payload_matches(jsonb, payload_filter) IS 'the payload passes the filter';
COMMENT ON FUNCTION qdrant.matches(point_id, jsonb, text[], payload_filter) IS 'the point passes the filter, which may have has_id, has_vector and slice; present names the vectors it has';
