
-- What the API does to payloads.

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

-- The least and the greatest of them, NULL when there is none: what order_by
-- sorts by, and the indexes for it.
CREATE FUNCTION qdrant_catalog.integer_least(payload jsonb, path text) RETURNS bigint
	AS 'MODULE_PATHNAME', 'qd_integer_least' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_catalog.integer_greatest(payload jsonb, path text) RETURNS bigint
	AS 'MODULE_PATHNAME', 'qd_integer_greatest' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_catalog.datetime_least(payload jsonb, path text) RETURNS bigint
	AS 'MODULE_PATHNAME', 'qd_datetime_least' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_catalog.datetime_greatest(payload jsonb, path text) RETURNS bigint
	AS 'MODULE_PATHNAME', 'qd_datetime_greatest' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_catalog.float_least(payload jsonb, path text) RETURNS double precision
	AS 'MODULE_PATHNAME', 'qd_float_least' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION qdrant_catalog.float_greatest(payload jsonb, path text) RETURNS double precision
	AS 'MODULE_PATHNAME', 'qd_float_greatest' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- The filter with "as" in the conditions on keys that have a schema:
-- {"path": schema}, paths in canonical form.
CREATE FUNCTION qdrant_catalog.bind_filter(filter payload_filter, schemas jsonb) RETURNS payload_filter
	AS 'MODULE_PATHNAME', 'qd_bind_filter' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION qdrant.payload_set(jsonb, jsonb, text) IS 'the payload with the patch merged in, at the key path if there is one';
COMMENT ON FUNCTION qdrant.payload_delete_keys(jsonb, text[]) IS 'the payload without these key paths';
COMMENT ON FUNCTION qdrant.payload_select(jsonb, text[], text[]) IS 'the key paths to include, or all but those to exclude; one of the arrays is NULL';
COMMENT ON FUNCTION qdrant.is_json_path(text) IS 'Qdrant takes it as a key path';
