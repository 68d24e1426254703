
-- Changes of a collection, and builds that wait.

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
	SELECT 'payload', i.path, i.pending, qdrant_catalog.missing_payload_indexes(c.relation, i.path, i.schema, 'CONCURRENTLY')
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
	AND (a.amname = 'qdrant_hnsw' OR (a.amname = 'gin' AND o.opcname LIKE 'qdrant\_%\_ops')
		OR (a.amname = 'btree' AND i.indexprs IS NOT NULL AND qdrant_catalog.order_key(i.indexrelid) IS NOT NULL))
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

COMMENT ON FUNCTION qdrant.update_collection(text, jsonb, boolean) IS 'changes a collection; config is the body of PATCH /collections/{name}';
COMMENT ON FUNCTION qdrant.pending_indexes() IS 'indexes that wait to be built in the background, with the statements for it';
COMMENT ON FUNCTION qdrant.index_leftovers() IS 'statements that drop what builds in the background have left behind';
COMMENT ON FUNCTION qdrant.index_built(text, text, text, bigint) IS 'notes that an index of pending_indexes() has been built';
COMMENT ON FUNCTION qdrant.drop_collection(text) IS 'drops a collection and its table; false when there is none';
