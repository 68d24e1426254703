
-- The schemas of payload indexes.

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

-- The indexes by which order_by finds the first points, of a type that has an
-- order (docs/decisions/0011): their keys, and what follows USING.
CREATE FUNCTION qdrant_catalog.order_indexes(path text, schema jsonb, OUT key text[], OUT definition text) RETURNS SETOF record
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT ARRAY[s ->> 'type', d.suffix, path], format('btree (qdrant_catalog.%s_%s(payload, %L::text), id) WHERE (%s)', s ->> 'type', d.suffix, path,
	format(CASE d.suffix WHEN 'least' THEN '%s IS NOT NULL' ELSE '%s <> %s' END, e.least, e.greatest))
FROM qdrant_catalog.index_semantics(schema) s, (VALUES ('least'), ('greatest')) d(suffix), LATERAL (
	SELECT format('qdrant_catalog.%s_least(payload, %L::text)', s ->> 'type', path),
		format('qdrant_catalog.%s_greatest(payload, %L::text)', s ->> 'type', path)) e(least, greatest)
WHERE s ->> 'type' IN ('integer', 'float', 'datetime') AND s -> 'range' IS DISTINCT FROM 'false'
$$;

-- Of an index for order_by: {type, least or greatest, path}; else NULL.
CREATE FUNCTION qdrant_catalog.order_key(index regclass) RETURNS text[]
	AS 'MODULE_PATHNAME', 'qd_order_key' LANGUAGE C STABLE STRICT;

-- Its index of that key, whoever made it; NULL: there is none.
CREATE FUNCTION qdrant_catalog.order_index(relation regclass, key text[]) RETURNS regclass
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT i.indexrelid::regclass FROM pg_index i
WHERE i.indrelid = relation AND i.indisvalid AND i.indexprs IS NOT NULL AND qdrant_catalog.order_key(i.indexrelid) = key
ORDER BY 1 LIMIT 1
$$;

-- All that are there for a path.
CREATE FUNCTION qdrant_catalog.payload_indexes_of(relation regclass, path text, schema jsonb) RETURNS SETOF regclass
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT x.index FROM (
	SELECT qdrant_catalog.payload_index(relation, path, schema)
	UNION ALL
	SELECT qdrant_catalog.order_index(relation, o.key) FROM qdrant_catalog.order_indexes(path, schema) o) x(index)
WHERE x.index IS NOT NULL
$$;

-- An index's name that is free.
CREATE FUNCTION qdrant_catalog.payload_index_name(relation regclass, path text, suffix text) RETURNS text
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	base CONSTANT text := c.relname || '_' || btrim(regexp_replace(path, '[^[:alnum:]_]+', '_', 'g'), '_')
		FROM pg_class c WHERE c.oid = relation;
	name text;
BEGIN
	FOR n IN 1 .. 2147483647 LOOP
		name := qdrant_catalog.identifier(base, suffix || CASE WHEN n = 1 THEN '' ELSE n::text END);
		PERFORM FROM pg_class c JOIN pg_class x ON x.relnamespace = c.relnamespace
		WHERE c.oid = relation AND x.relname = name;
		EXIT WHEN NOT FOUND;
	END LOOP;
	RETURN name;
END
$$;

-- What makes those that are not there; how: what stands between CREATE INDEX
-- and the index's name.
CREATE FUNCTION qdrant_catalog.missing_payload_indexes(relation regclass, path text, schema jsonb, how text) RETURNS text[]
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(array_agg(format('CREATE INDEX %s %I ON %s USING %s', how,
	qdrant_catalog.payload_index_name(relation, path, m.suffix), qdrant_catalog.quoted_name(relation), m.definition)), '{}')
FROM (
	SELECT '_idx' AS suffix, format('gin (payload @extschema@.%I (path = %L%s))', format('qdrant_%s_ops', s ->> 'type'), path,
		CASE s ->> 'type' WHEN 'text' THEN format(', schema = %L', s) ELSE '' END) AS definition
	FROM qdrant_catalog.index_semantics(schema) s
	WHERE qdrant_catalog.payload_index(relation, path, schema) IS NULL
	UNION ALL
	SELECT format('_%s_idx', o.key[2]), o.definition FROM qdrant_catalog.order_indexes(path, schema) o
	WHERE qdrant_catalog.order_index(relation, o.key) IS NULL) m
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

-- How many rows: counted in a small table, and one not too large when an index
-- has a key for every row that matches; else what the planner thinks.
CREATE FUNCTION qdrant_catalog.count_matches(relation regclass, filter jsonb, by_keys boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	plan json;
BEGIN
	IF pg_table_size(relation) < (CASE WHEN by_keys THEN 536870912 ELSE 67108864 END) THEN
		RETURN qdrant_catalog.count_rows(relation, filter::@extschema@.payload_filter, true);
	END IF;
	EXECUTE format('EXPLAIN (FORMAT json) SELECT FROM %s t WHERE t.payload OPERATOR(@extschema@.@@@) %L',
		qdrant_catalog.quoted_name(relation), filter) INTO plan;
	RETURN (plan -> 0 -> 'Plan' ->> 'Plan Rows')::numeric;
END
$$;

-- What Qdrant's info shows as payload_schema.
CREATE FUNCTION qdrant_catalog.payload_schema_info(collection_id bigint, relation regclass) RETURNS jsonb
LANGUAGE sql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(jsonb_object_agg(i.path, jsonb_build_object('data_type', s.type)
	|| CASE jsonb_typeof(i.schema) WHEN 'object' THEN jsonb_build_object('params', i.schema) ELSE '{}' END
	|| jsonb_build_object('points', qdrant_catalog.count_matches(relation,
		qdrant_catalog.has_indexed_value(i.path, s.type), s.type NOT IN ('text', 'geo')))), '{}')
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
