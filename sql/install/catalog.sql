
-- Where collections are written down, and the triggers that keep it true.

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
	-- the rows of another table name no collections
	IF tg_relid <> 'qdrant_catalog.collections'::regclass THEN
		RAISE EXCEPTION 'qdrant_catalog.forget_members is no trigger for table "%"', tg_table_name
			USING ERRCODE = 'trigger_protocol_violated';
	END IF;
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

-- They run as the extension's owner, for the triggers above alone.
REVOKE EXECUTE ON FUNCTION qdrant_catalog.forget_members(), qdrant_catalog.forget_dropped(),
	qdrant_catalog.note_altered() FROM PUBLIC;
