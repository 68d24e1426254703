
-- Payload indexes of a collection, facets, bound filters.

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
	wanted_indexes regclass[];
	missing text[];
	old_index regclass;
	statement text;
	ready boolean;
BEGIN
	PERFORM qdrant_catalog.lock_collection(collection, 'change');
	found_row := qdrant_catalog.find_collection(collection);
	SELECT * INTO was FROM qdrant_catalog.payload_indexes i
	WHERE i.collection_id = found_row.id AND i.path = canonical;
	wanted_indexes := ARRAY(SELECT qdrant_catalog.payload_indexes_of(found_row.relation, canonical, wanted));
	missing := qdrant_catalog.missing_payload_indexes(found_row.relation, canonical, wanted, '');
	ready := missing = '{}';
	IF was.schema = wanted AND (ready OR (was.pending IS NOT NULL AND NOT build)) THEN
		RETURN ready;
	ELSIF was.pending IS NOT NULL THEN
		PERFORM qdrant_catalog.cancel_builder(collection);
	END IF;
	FOR old_index IN SELECT * FROM qdrant_catalog.payload_indexes_of(found_row.relation, canonical, was.schema) LOOP
		IF old_index <> ALL (wanted_indexes) THEN
			EXECUTE format('DROP INDEX %s', qdrant_catalog.quoted_name(old_index));
		END IF;
	END LOOP;
	IF NOT ready AND (build OR pg_table_size(found_row.relation) < 4194304) THEN
		FOREACH statement IN ARRAY qdrant_catalog.missing_payload_indexes(found_row.relation, canonical, wanted, '') LOOP
			EXECUTE statement;
		END LOOP;
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
	FOR old_index IN SELECT * FROM qdrant_catalog.payload_indexes_of(found_row.relation, canonical, was.schema) LOOP
		EXECUTE format('DROP INDEX %s', qdrant_catalog.quoted_name(old_index));
	END LOOP;
	PERFORM qdrant_catalog.put_payload_index(found_row.relation, canonical, NULL, false);
	RETURN true;
END
$$;

-- ready: it is built, and used; so are those for order_by.
CREATE FUNCTION qdrant.payload_indexes(collection text, OUT path text, OUT schema jsonb, OUT index regclass, OUT ready boolean)
RETURNS SETOF record
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT i.path, i.schema, x.index, qdrant_catalog.missing_payload_indexes(c.relation, i.path, i.schema, '') = '{}'
FROM qdrant_catalog.find_collection(collection) c
	JOIN qdrant_catalog.payload_indexes i ON i.collection_id = c.id,
	qdrant_catalog.payload_index(c.relation, i.path, i.schema) x(index)
ORDER BY i.path
$$;

-- How many points a filter admits; when it need not be exact, of a large
-- table about, from the posting counts of payload indexes.
CREATE FUNCTION qdrant.count(collection text, filter payload_filter DEFAULT '{}', exact boolean DEFAULT true) RETURNS bigint
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT qdrant_catalog.count_rows(c.relation, qdrant_catalog.bind_filter(filter, qdrant_catalog.bindings(c.id)), exact)
FROM qdrant_catalog.find_collection(collection) c
$$;

-- How many of the points that a filter admits have a value, by value, for a
-- path with an index that serves matches; exact as in qdrant.count.
CREATE FUNCTION qdrant.facet(collection text, path text, filter payload_filter DEFAULT '{}', max_hits bigint DEFAULT 10,
	exact boolean DEFAULT true, OUT value jsonb, OUT count bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	canonical CONSTANT text := qdrant_catalog.canonical_path(path);
	found_row CONSTANT qdrant_catalog.collections := qdrant_catalog.find_collection(collection);
	bindings CONSTANT jsonb := qdrant_catalog.bindings(found_row.id);
	schema CONSTANT jsonb := bindings -> canonical;
	type CONSTANT text := schema ->> 'type';
BEGIN
	IF schema IS NULL OR type <> ALL ('{keyword,integer,bool,uuid}') OR schema -> 'lookup' = 'false' THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001', MESSAGE = format('no appropriate index for faceting: %s', canonical),
			HINT = 'Create one of type keyword, integer, bool or uuid with qdrant.create_payload_index().';
	END IF;
	RETURN QUERY SELECT CASE WHEN type IN ('integer', 'bool') THEN f.value::jsonb ELSE to_jsonb(f.value) END, f.count
	FROM qdrant_catalog.facet_rows(found_row.relation, canonical, type, qdrant_catalog.bind_filter(filter, bindings), max_hits, exact) f;
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

COMMENT ON FUNCTION qdrant.create_payload_index(text, text, jsonb, boolean) IS 'makes the payload index of a key path; schema is a type or an object of Qdrant';
COMMENT ON FUNCTION qdrant.drop_payload_index(text, text) IS 'drops the payload index of a key path; false when there is none';
COMMENT ON FUNCTION qdrant.payload_indexes(text) IS 'payload indexes of a collection';
COMMENT ON FUNCTION qdrant.count(text, payload_filter, boolean) IS 'number of points that pass the filter';
COMMENT ON FUNCTION qdrant.facet(text, text, payload_filter, bigint, boolean) IS 'values at a key path with the number of points that have them, the most frequent first';
COMMENT ON FUNCTION qdrant.bind_filter(text, payload_filter) IS 'the filter with the semantics of the payload indexes of a collection, as the API evaluates it';
COMMENT ON FUNCTION qdrant.collection_exists(text) IS 'there is a collection of this name';
COMMENT ON FUNCTION qdrant.collections() IS 'names of the collections that the caller may read';
