
-- Collections and the indexes of their vectors.

CREATE FUNCTION qdrant.check_collection(name text, version bigint) RETURNS void
	AS 'MODULE_PATHNAME', 'qd_check_collection' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

CREATE FUNCTION qdrant.check_size(name text, incoming_bytes bigint, limit_bytes bigint) RETURNS void
	AS 'MODULE_PATHNAME', 'qd_check_size' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

-- The row of a collection whose table is there; raises when there is none.
CREATE FUNCTION qdrant_catalog.find_collection(name text) RETURNS qdrant_catalog.collections
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	found_row qdrant_catalog.collections;
BEGIN
	SELECT c.* INTO found_row FROM qdrant_catalog.collections c JOIN pg_class r ON r.oid = c.relation
	WHERE c.name = find_collection.name COLLATE "C";
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'QD002',
			MESSAGE = format('collection "%s" does not exist', name);
	END IF;
	RETURN found_row;
END
$$;

CREATE FUNCTION qdrant_catalog.quoted_name(relation regclass) RETURNS text
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = relation
$$;

-- As much of a name as an identifier holds, with the suffix.
CREATE FUNCTION qdrant_catalog.identifier(name text, suffix text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	name := regexp_replace(name, '[[:cntrl:]]', '_', 'g');
	WHILE octet_length(name) + octet_length(suffix) > 63 LOOP
		name := left(name, -1);
	END LOOP;
	RETURN name || suffix;
END
$$;

-- The first free name for a relation in the schema qdrant: name and ending,
-- then with _2, _3 ...  Stays reserved until the transaction ends.
CREATE FUNCTION qdrant_catalog.free_relation(name text, ending text) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	candidate text;
BEGIN
	FOR n IN 1 .. 2147483647 LOOP
		candidate := qdrant_catalog.identifier(name, ending || CASE WHEN n = 1 THEN '' ELSE '_' || n END);
		PERFORM qdrant_catalog.lock_name(candidate);
		IF to_regclass(format('qdrant.%I', candidate)) IS NULL
			AND to_regtype(format('qdrant.%I', candidate)) IS NULL THEN
			RETURN candidate;
		END IF;
	END LOOP;
END
$$;

-- A plain identifier that resembles the vector's name and is not in taken.
CREATE FUNCTION qdrant_catalog.free_column(name text, taken text[]) RETURNS text
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	base text := CASE WHEN name = '' THEN 'embedding'
		ELSE regexp_replace(lower(name COLLATE "C"), '[^a-z0-9_]', '_', 'g') END;
	candidate text;
BEGIN
	IF base ~ '^[0-9]' THEN
		base := '_' || base;
	END IF;
	IF base = ANY ('{id,payload,version,score,tableoid,xmin,cmin,xmax,cmax,ctid}')
		OR EXISTS (SELECT 1 FROM pg_get_keywords() k WHERE k.word = base AND k.catcode <> 'U') THEN
		base := base || '_vector';
	END IF;
	FOR n IN 1 .. 2147483647 LOOP
		candidate := qdrant_catalog.identifier(base, CASE WHEN n = 1 THEN '' ELSE '_' || n END);
		IF candidate <> ALL (taken) THEN
			RETURN candidate;
		END IF;
	END LOOP;
END
$$;

-- The types of vector columns by Qdrant's names: the type and what an element
-- of it takes.
CREATE FUNCTION qdrant_catalog.vector_types(OUT datatype text, OUT type regtype, OUT bytes integer) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
VALUES ('float32', '@extschema@.vector'::regtype, 4), ('float16', '@extschema@.halfvec', 2),
	('uint8', '@extschema@.bytevec', 1)
$$;

-- That of a column; no row for one of another type.
CREATE FUNCTION qdrant_catalog.column_type(relation regclass, column_name text, OUT datatype text, OUT type regtype, OUT bytes integer)
RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT t.* FROM pg_attribute a JOIN qdrant_catalog.vector_types() t ON t.type = a.atttypid
WHERE a.attrelid = relation AND a.attname = column_name AND NOT a.attisdropped
$$;

-- The vectors of a config: [{"name", "column", "dim", "distance", "datatype"}].
CREATE FUNCTION qdrant_catalog.vector_columns(config jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	vectors jsonb := config -> 'params' -> 'vectors';
	taken text[] := '{}';
	result jsonb := '[]';
	name text;
	params jsonb;
BEGIN
	IF jsonb_typeof(vectors -> 'size') = 'number' THEN
		vectors := jsonb_build_object('', vectors);
	END IF;
	FOR name, params IN SELECT v.key, v.value FROM jsonb_each(vectors) v LOOP
		taken := taken || qdrant_catalog.free_column(name, taken);
		result := result || jsonb_build_object('name', name, 'column', taken[cardinality(taken)],
			'dim', params -> 'size', 'distance', params -> 'distance',
			'datatype', coalesce(params ->> 'datatype', 'float32'));
	END LOOP;
	RETURN result;
END
$$;

-- The options of an index for a quantization_config.
CREATE FUNCTION qdrant_catalog.quantization_options(quantization jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT array_remove(ARRAY['quantization=' || CASE k.kind
		WHEN 'binary' THEN CASE k.params ->> 'encoding' WHEN 'two_bits' THEN 'binary_2'
			WHEN 'one_and_half_bits' THEN 'binary_1_5' ELSE 'binary' END
		WHEN 'turbo' THEN 'turbo_' || substr(coalesce(k.params ->> 'bits', 'bits4'), 5)
		ELSE k.kind END,
	'quantile=' || (k.params ->> 'quantile'), 'compression=' || (k.params ->> 'compression')], NULL)
FROM jsonb_each(quantization) k (kind, params)
$$;

-- The options of a vector's index by its config (the vector's own members
-- first), those that are the access method's defaults but for m and
-- ef_construction left out; NULL: it has no index.  An indexing_threshold of
-- 0 means never.
CREATE FUNCTION qdrant_catalog.index_options(config jsonb, vector jsonb) RETURNS text[]
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	largest CONSTANT numeric := 2147483647;
	vectors CONSTANT jsonb := config -> 'params' -> 'vectors';
	params CONSTANT jsonb := CASE WHEN jsonb_typeof(vectors -> 'size') = 'number' THEN vectors
		ELSE vectors -> (vector ->> 'name') END;
	hnsw CONSTANT jsonb := (config -> 'hnsw_config') || coalesce(params -> 'hnsw_config', '{}');
	full_scan CONSTANT numeric := least((hnsw ->> 'full_scan_threshold')::numeric, largest);
	indexing CONSTANT numeric := least(coalesce(nullif(
		(config -> 'optimizer_config' ->> 'indexing_threshold')::numeric, 0), largest), largest);
BEGIN
	-- the access method takes no longer vectors for this distance
	IF (hnsw ->> 'm')::numeric = 0
		OR (vector ->> 'distance' = 'Manhattan' AND (vector ->> 'dim')::integer > 8000) THEN
		RETURN NULL;
	END IF;
	RETURN array_remove(ARRAY[
		'm=' || least(greatest((hnsw ->> 'm')::numeric, 2), 100),
		'ef_construction=' || least((hnsw ->> 'ef_construct')::numeric, 2000),
		CASE WHEN full_scan <> 10000 THEN 'full_scan_threshold=' || full_scan END,
		CASE WHEN indexing <> 10000 THEN 'indexing_threshold=' || indexing END], NULL)
		|| qdrant_catalog.quantization_options(coalesce(nullif(params -> 'quantization_config', 'null'),
			nullif(config -> 'quantization_config', 'null')));
END
$$;

-- As CREATE and ALTER INDEX take them.  A config need not be what
-- config_create has checked: whoever owns a table may register it with any.
CREATE FUNCTION qdrant_catalog.option_list(options text[]) RETURNS text
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT string_agg(format('%I=%L', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), ', ' ORDER BY n)
FROM unnest(options) WITH ORDINALITY u(o, n)
$$;

-- Those options that decide how vectors are encoded.
CREATE FUNCTION qdrant_catalog.codec_options(options text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT ARRAY(SELECT o FROM unnest(options) o
	WHERE split_part(o, '=', 1) = ANY ('{m,ef_construction,quantization,quantile,compression}')
		-- what the access method does by itself
		AND o <> ALL ('{quantization=none,quantization=scalar,quantile=1.0,quantile=1}')
	ORDER BY 1)
$$;

-- Must the index be built anew after its options have changed: is another
-- graph wanted, or one where there was none?
CREATE FUNCTION qdrant_catalog.needs_build(relation regclass, column_name text, dim integer, was text[], wanted text[])
RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	threshold_was CONSTANT numeric := coalesce((SELECT split_part(o, '=', 2)
		FROM unnest(was) o WHERE o LIKE 'indexing_threshold=%'), '10000');
	threshold CONSTANT numeric := coalesce((SELECT split_part(o, '=', 2)
		FROM unnest(wanted) o WHERE o LIKE 'indexing_threshold=%'), '10000');
	kb numeric;
BEGIN
	IF qdrant_catalog.codec_options(was) <> qdrant_catalog.codec_options(wanted) THEN
		RETURN true;
	ELSIF threshold >= threshold_was THEN
		RETURN false;
	END IF;
	EXECUTE format('SELECT count(t.%I) FROM %s t', column_name, qdrant_catalog.quoted_name(relation)) INTO kb;
	kb := kb * dim * (SELECT bytes FROM qdrant_catalog.column_type(relation, column_name)) / 1024;
	RETURN kb > threshold AND kb <= threshold_was;
END
$$;

-- The index of a vector column, whoever made it; NULL: it has none.
CREATE FUNCTION qdrant_catalog.vector_index(relation regclass, column_name text) RETURNS regclass
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT i.indexrelid::regclass
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
	JOIN pg_am a ON a.oid = c.relam AND a.amname = 'qdrant_hnsw'
	JOIN pg_attribute t ON t.attrelid = i.indrelid AND t.attnum = i.indkey[0]
WHERE i.indrelid = relation AND t.attname = column_name AND i.indpred IS NULL AND i.indisvalid
ORDER BY 1 LIMIT 1
$$;

-- how: what stands between CREATE INDEX and ON.
CREATE FUNCTION qdrant_catalog.create_index(relation regclass, config jsonb, vector jsonb, how text) RETURNS text
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
SELECT format('CREATE INDEX %s ON %s USING qdrant_hnsw (%I @extschema@.%I, payload @extschema@.qdrant_payload_ops) WITH (%s)', how,
	qdrant_catalog.quoted_name(relation), vector ->> 'column',
	(SELECT t.typname FROM qdrant_catalog.column_type(relation, vector ->> 'column') c JOIN pg_type t ON t.oid = c.type)
	|| CASE vector ->> 'distance' WHEN 'Cosine' THEN '_cosine_ops' WHEN 'Euclid' THEN '_l2_ops'
		WHEN 'Dot' THEN '_ip_ops' WHEN 'Manhattan' THEN '_l1_ops' END,
	qdrant_catalog.option_list(qdrant_catalog.index_options(config, vector)))
$$;

-- The same for a builder outside of transactions.  The index in use stays as
-- it is until the new one takes its place: with the new options it would want
-- its graph from the next writer.
CREATE FUNCTION qdrant_catalog.build_concurrently(relation regclass, config jsonb, vector jsonb) RETURNS text[]
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	in_use CONSTANT regclass := qdrant_catalog.vector_index(relation, vector ->> 'column');
	old_name CONSTANT text := relname FROM pg_class WHERE oid = in_use;
	new_name CONSTANT text := qdrant_catalog.identifier(old_name, '_new');
	new_index text;
BEGIN
	IF qdrant_catalog.index_options(config, vector) IS NULL THEN
		RETURN '{}';
	ELSIF in_use IS NULL THEN
		RETURN ARRAY[qdrant_catalog.create_index(relation, config, vector, 'CONCURRENTLY')];
	END IF;
	SELECT format('%I.%I', n.nspname, new_name) INTO new_index
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = in_use;
	-- one that was finished after its builder had gone is taken as it is
	RETURN CASE WHEN EXISTS (SELECT 1 FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
		WHERE c.oid = to_regclass(new_index) AND i.indisvalid AND i.indrelid = relation
			AND c.reloptions = qdrant_catalog.index_options(config, vector))
	THEN '{}'::text[] ELSE ARRAY[
		format('DROP INDEX CONCURRENTLY IF EXISTS %s', new_index),
		qdrant_catalog.create_index(relation, config, vector, format('CONCURRENTLY %I', new_name))]
	END || ARRAY[
		format('DROP INDEX CONCURRENTLY %s', qdrant_catalog.quoted_name(in_use)),
		format('ALTER INDEX %s RENAME TO %I', new_index, old_name)];
END
$$;

-- Makes, changes or drops the index of a vector column, so that it is as the
-- config wants it.  Builds block writers; without build they are left to
-- somebody else, if there is much to do, which is what true means.
CREATE FUNCTION qdrant_catalog.sync_index(relation regclass, config jsonb, vector jsonb, build boolean) RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	wanted CONSTANT text[] := qdrant_catalog.index_options(config, vector);
	index_oid CONSTANT regclass := qdrant_catalog.vector_index(relation, vector ->> 'column');
	was CONSTANT text[] := reloptions FROM pg_class WHERE oid = index_oid;
	now CONSTANT boolean := build OR pg_table_size(relation) < 4194304;
	anew boolean;
BEGIN
	IF wanted IS NULL THEN
		IF index_oid IS NOT NULL THEN
			EXECUTE format('DROP INDEX %s', qdrant_catalog.quoted_name(index_oid));
		END IF;
	ELSIF index_oid IS NULL THEN
		IF now THEN
			EXECUTE qdrant_catalog.create_index(relation, config, vector, '');
		END IF;
		RETURN NOT now;
	ELSIF NOT (coalesce(was, '{}') @> wanted AND wanted @> was) THEN
		anew := qdrant_catalog.needs_build(relation, vector ->> 'column', (vector ->> 'dim')::integer, was, wanted);
		IF anew AND NOT now THEN
			RETURN true;
		END IF;
		EXECUTE format('ALTER INDEX %s RESET (full_scan_threshold, indexing_threshold, quantization, quantile, compression)',
			qdrant_catalog.quoted_name(index_oid));
		EXECUTE format('ALTER INDEX %s SET (%s)', qdrant_catalog.quoted_name(index_oid),
			qdrant_catalog.option_list(wanted));
		IF anew THEN
			EXECUTE format('REINDEX INDEX %s', qdrant_catalog.quoted_name(index_oid));
		END IF;
	END IF;
	RETURN false;
END
$$;

CREATE FUNCTION qdrant_catalog.check_names(name text, config jsonb) RETURNS void
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	forbidden CONSTANT text := '[<>:"/\\|?*\x1f]';
	vectors CONSTANT jsonb := config -> 'params' -> 'vectors';
BEGIN
	IF length(name) NOT BETWEEN 1 AND 255 THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001',
			MESSAGE = 'collection name must have 1 to 255 characters';
	ELSIF name ~ forbidden THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001',
			MESSAGE = format('collection name cannot contain "%s" char', substring(name FROM forbidden));
	END IF;
	IF jsonb_typeof(vectors -> 'size') = 'number' THEN
		RETURN;
	END IF;
	PERFORM qdrant_catalog.check_vector_name('dense', k, '{}') FROM jsonb_object_keys(vectors) k;
END
$$;

CREATE FUNCTION qdrant_catalog.create_table(name text, vectors jsonb) RETURNS regclass
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	table_name CONSTANT text := qdrant_catalog.free_relation(name, '');
	relation CONSTANT text := format('qdrant.%I', table_name);
	sequence CONSTANT text := format('qdrant.%I', qdrant_catalog.free_relation(table_name, '_version_seq'));
	columns text;
	main text;
BEGIN
	SELECT string_agg(format(', %I %s(%s)', v.value ->> 'column', t.type, v.value ->> 'dim'), ''
			ORDER BY v.ordinality),
		string_agg(format('ALTER COLUMN %I SET STORAGE MAIN', v.value ->> 'column'), ', ')
			FILTER (WHERE (v.value ->> 'dim')::integer * t.bytes <= 1800)
	INTO columns, main
	FROM jsonb_array_elements(vectors) WITH ORDINALITY v
		JOIN qdrant_catalog.vector_types() t ON t.datatype = v.value ->> 'datatype';
	EXECUTE format('CREATE SEQUENCE %s', sequence);
	EXECUTE format('CREATE TABLE %s (id @extschema@.point_id PRIMARY KEY,'
		' payload jsonb NOT NULL DEFAULT ''{}'' CHECK (pg_catalog.jsonb_typeof(payload) OPERATOR(pg_catalog.=) ''object''), version bigint NOT NULL DEFAULT nextval(%L)%s)',
		relation, sequence, columns);
	EXECUTE format('ALTER SEQUENCE %s OWNED BY %s.version', sequence, relation);
	IF main IS NOT NULL THEN
		EXECUTE format('ALTER TABLE %s %s', relation, main);
	END IF;
	RETURN relation::regclass;
END
$$;

CREATE FUNCTION qdrant.create_collection(name text, config jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	full_config CONSTANT jsonb := qdrant_catalog.config_create(config);
	vectors jsonb;
	relation regclass;
	vector jsonb;
BEGIN
	PERFORM qdrant_catalog.check_names(name, full_config);
	PERFORM qdrant_catalog.lock_name(name);
	IF qdrant.collection_exists(name) THEN
		RAISE unique_violation;
	END IF;
	vectors := qdrant_catalog.vector_columns(full_config);
	relation := qdrant_catalog.create_table(name, vectors);
	FOR vector IN SELECT v FROM jsonb_array_elements(vectors) v LOOP
		PERFORM qdrant_catalog.sync_index(relation, full_config, vector, true);
	END LOOP;
	PERFORM qdrant_catalog.put_collection(name, relation, full_config, vectors);
EXCEPTION WHEN unique_violation THEN
	RAISE EXCEPTION USING ERRCODE = 'QD003',
		MESSAGE = format('collection "%s" already exists', name);
END
$$;

COMMENT ON FUNCTION qdrant.check_collection(text, bigint) IS 'locks the table of a collection against changes; an error when its version is another';
COMMENT ON FUNCTION qdrant.check_size(text, bigint, bigint) IS 'an error when the table of a collection and the incoming bytes pass the limit';
COMMENT ON FUNCTION qdrant.create_collection(text, jsonb) IS 'makes a collection, a table; config is the body of PUT /collections/{name}';
