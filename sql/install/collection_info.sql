
-- What the gateway and its users are told of a collection.

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
		'dim', v.dim, 'distance', v.distance, 'datatype', t.datatype) ORDER BY a.attnum), '[]')
	INTO vectors
	FROM qdrant_catalog.vectors v JOIN pg_attribute a ON a.attname = v.column_name
		JOIN qdrant_catalog.vector_types() t ON t.type = a.atttypid
	WHERE v.collection_id = found_row.id AND a.attrelid = found_row.relation AND NOT a.attisdropped;
END
$$;

-- Qdrant counts a vector as indexed once its segment has grown over
-- indexing_threshold (kB of raw vectors) and so has a graph.  Here the index
-- covers all rows at once, so the same test decides for a column as a whole,
-- but for the rows that are being merged into the graph.  As long as that goes on,
-- or an index is being built, the status is yellow.
CREATE FUNCTION qdrant.collection_info(name text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found_row qdrant_catalog.collections;
	threshold numeric;
	terms text;
	points bigint;
	indexed bigint;
	merging bigint;
BEGIN
	PERFORM qdrant_catalog.lock_collection(name, 'read');
	found_row := qdrant_catalog.find_collection(name);
	threshold := found_row.config -> 'optimizer_config' -> 'indexing_threshold';
	SELECT string_agg(format('CASE WHEN count(t.%1$I)::numeric * %2$s > %3$s THEN count(t.%1$I) ELSE 0 END',
		v.column_name, v.dim * t.bytes, threshold * 1024), ' + ')
	INTO terms
	FROM qdrant_catalog.vectors v JOIN pg_attribute a
		ON a.attrelid = found_row.relation AND a.attname = v.column_name AND NOT a.attisdropped
		JOIN qdrant_catalog.vector_types() t ON t.type = a.atttypid
	WHERE v.collection_id = found_row.id AND threshold > 0 AND v.pending IS NULL AND EXISTS (
		SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
			JOIN pg_am m ON m.oid = c.relam AND m.amname = 'qdrant_hnsw'
		WHERE i.indrelid = found_row.relation AND i.indkey[0] = a.attnum AND i.indisvalid);
	EXECUTE format('SELECT count(*), %s FROM %s t', coalesce(terms, '0'),
		qdrant_catalog.quoted_name(found_row.relation)) INTO points, indexed;
	SELECT coalesce(sum(m.rows), 0) INTO merging
	FROM (SELECT max(qdrant_catalog.rows_to_merge(i.indexrelid)) AS rows
		FROM qdrant_catalog.vectors v JOIN pg_attribute a
			ON a.attrelid = found_row.relation AND a.attname = v.column_name AND NOT a.attisdropped
			JOIN pg_index i ON i.indrelid = a.attrelid AND i.indkey[0] = a.attnum AND i.indisvalid
			JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i'
			JOIN pg_am m ON m.oid = c.relam AND m.amname = 'qdrant_hnsw'
		WHERE v.collection_id = found_row.id
		GROUP BY v.name) m;
	RETURN jsonb_build_object(
		'status', CASE WHEN merging > 0 OR EXISTS (SELECT 1 FROM qdrant_catalog.vectors v
			WHERE v.collection_id = found_row.id AND v.pending IS NOT NULL)
			OR EXISTS (SELECT 1 FROM qdrant_catalog.payload_indexes i
			WHERE i.collection_id = found_row.id AND i.pending IS NOT NULL) THEN 'yellow' ELSE 'green' END,
		'optimizer_status', 'ok', 'indexed_vectors_count', greatest(indexed - merging, 0),
		'points_count', points, 'segments_count', 1, 'config', found_row.config,
		'payload_schema', qdrant_catalog.payload_schema_info(found_row.id, found_row.relation),
		'update_queue', jsonb_build_object('length', 0) || CASE
			WHEN found_row.config -> 'optimizer_config' -> 'prevent_unoptimized' = 'true'
			THEN jsonb_build_object('deferred_points', 0) ELSE '{}' END);
END
$$;

COMMENT ON FUNCTION qdrant.describe(text) IS 'table, columns and configuration of a collection: what statements are made of';
COMMENT ON FUNCTION qdrant.collection_info(text) IS 'the answer to GET /collections/{name}: status, counts, configuration, payload schema';
