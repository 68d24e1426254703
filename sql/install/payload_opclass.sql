
-- Operator classes of payload indexes.

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

-- How many rows of a table a filter admits; by payload indexes where it can,
-- and by their posting counts alone when it need not be exact.
CREATE FUNCTION qdrant_catalog.count_rows(relation regclass, filter payload_filter, exact boolean) RETURNS bigint
	AS 'MODULE_PATHNAME', 'qd_count_rows' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;

-- The same by values at a path, of which an index of the type takes in; the
-- most frequent first.
CREATE FUNCTION qdrant_catalog.facet_rows(relation regclass, path text, type text, filter payload_filter, max_hits bigint, exact boolean,
	OUT value text, OUT count bigint)
RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'qd_facet_rows' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;

-- An index without a path is refused when it is made, not when its table is written.
CREATE FUNCTION qdrant_catalog.check_payload_index() RETURNS event_trigger
	AS 'MODULE_PATHNAME', 'qd_check_payload_index' LANGUAGE C;

CREATE EVENT TRIGGER qdrant_check_payload_index ON ddl_command_start
	WHEN TAG IN ('CREATE INDEX')
	EXECUTE FUNCTION qdrant_catalog.check_payload_index();

COMMENT ON FUNCTION qdrant.text_tokens(text, jsonb, boolean) IS 'tokens that a text index of this schema makes of a string, or of a query';
COMMENT ON FUNCTION payload_part_matches(jsonb, payload_filter) IS 'the payload passes the filter: for payload indexes, not for queries';
COMMENT ON OPERATOR CLASS qdrant_keyword_ops USING gin IS 'payload index of type keyword on the key path in option path: strings';
COMMENT ON OPERATOR CLASS qdrant_integer_ops USING gin IS 'payload index of type integer on the key path in option path: numbers, matches of integers and ranges';
COMMENT ON OPERATOR CLASS qdrant_float_ops USING gin IS 'payload index of type float on the key path in option path: numbers and ranges of them';
COMMENT ON OPERATOR CLASS qdrant_bool_ops USING gin IS 'payload index of type bool on the key path in option path: booleans';
COMMENT ON OPERATOR CLASS qdrant_datetime_ops USING gin IS 'payload index of type datetime on the key path in option path: strings that are datetimes';
COMMENT ON OPERATOR CLASS qdrant_uuid_ops USING gin IS 'payload index of type uuid on the key path in option path: strings that are UUIDs';
COMMENT ON OPERATOR CLASS qdrant_geo_ops USING gin IS 'payload index of type geo on the key path in option path: objects with lon and lat';
COMMENT ON OPERATOR CLASS qdrant_text_ops USING gin IS 'payload index of type text on the key path in option path: tokens of strings';
