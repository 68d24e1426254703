
-- Qdrant's configuration of a collection: defaults, bounds, changes.

-- Raises for a value that breaks its rule, else returns it as Qdrant shows
-- it.  Rules: int low [high], float low high, bool, object, choice a b ...,
-- threads, quantization, quantization_change, unsupported.
CREATE FUNCTION qdrant_catalog.config_value(path text, value jsonb, rule text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	words CONSTANT text[] := string_to_array(rule, ' ');
	kind CONSTANT text := jsonb_typeof(value);
	low CONSTANT text := words[2];
	high CONSTANT text := coalesce(words[3], '18446744073709551615');
	wanted text;
BEGIN
	CASE words[1]
	WHEN 'int' THEN
		IF kind = 'number' AND value::text ~ '^[0-9]+$'
			AND value::numeric BETWEEN low::numeric AND high::numeric THEN
			RETURN value;
		END IF;
		wanted := CASE WHEN words[3] IS NULL THEN format('an integer of at least %s', low)
			ELSE format('an integer from %s to %s', low, high) END;
	WHEN 'float' THEN
		IF kind = 'number' AND value::numeric BETWEEN low::numeric AND high::numeric THEN
			RETURN CASE WHEN value::text ~ '[.]' THEN value ELSE (value::text || '.0')::jsonb END;
		END IF;
		wanted := format('a number from %s to %s', low, high);
	WHEN 'bool' THEN
		IF kind = 'boolean' THEN
			RETURN value;
		END IF;
		wanted := 'true or false';
	WHEN 'object' THEN
		IF kind = 'object' THEN
			RETURN value;
		END IF;
		wanted := 'an object';
	WHEN 'choice' THEN
		IF kind = 'string' AND value #>> '{}' = ANY (words[2:]) THEN
			RETURN value;
		END IF;
		wanted := 'one of ' || array_to_string(words[2:], ', ');
	WHEN 'threads' THEN
		IF value = '"auto"' THEN
			RETURN 'null';
		END IF;
		RETURN qdrant_catalog.config_value(path, value, 'int 0');
	WHEN 'quantization' THEN
		RETURN qdrant_catalog.config_quantization(path, value);
	WHEN 'quantization_change' THEN
		IF value = '"Disabled"' THEN
			RETURN 'null';
		ELSIF kind = 'object' THEN
			RETURN qdrant_catalog.config_quantization(path, value);
		END IF;
		wanted := '"Disabled" or an object';
	WHEN 'unsupported' THEN
		RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
			MESSAGE = format('collection option "%s" is not supported', path);
	END CASE;
	RAISE EXCEPTION USING ERRCODE = 'QD001',
		MESSAGE = format('collection option "%s" must be %s', path, wanted);
END
$$;

-- Puts the given members over base.  rules: member -> rule; a rule that
-- starts with = names the member that this one is another name of.
CREATE FUNCTION qdrant_catalog.config_section(path text, given jsonb, base jsonb, rules jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	prefix CONSTANT text := CASE WHEN path = '' THEN '' ELSE path || '.' END;
	member text;
	value jsonb;
	rule text;
BEGIN
	IF jsonb_typeof(given) <> 'object' THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001',
			MESSAGE = CASE WHEN path = '' THEN 'collection config must be an object'
				ELSE format('collection option "%s" must be an object', path) END;
	END IF;
	FOR member, value IN SELECT e.key, e.value FROM jsonb_each(given) e LOOP
		rule := rules ->> member;
		IF rule LIKE '=%' THEN
			member := substr(rule, 2);
			rule := rules ->> member;
		END IF;
		IF rule IS NULL THEN
			RAISE EXCEPTION USING ERRCODE = 'QD001',
				MESSAGE = format('unrecognized collection option "%s%s"', prefix, member);
		END IF;
		CONTINUE WHEN value = 'null';
		base := base || jsonb_build_object(member,
			qdrant_catalog.config_value(prefix || member, value, rule));
	END LOOP;
	RETURN base;
END
$$;

CREATE FUNCTION qdrant_catalog.config_rules(section text) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
SELECT CASE section
WHEN 'create' THEN jsonb '{
	"vectors": "object", "sparse_vectors": "object", "shard_number": "int 1 4294967295",
	"sharding_method": "choice auto custom", "replication_factor": "int 1 4294967295",
	"write_consistency_factor": "int 1 4294967295", "on_disk_payload": "bool", "payload": "object",
	"hnsw_config": "object", "wal_config": "object", "optimizers_config": "object",
	"optimizer_config": "=optimizers_config", "quantization_config": "quantization",
	"quantization": "=quantization_config", "strict_mode_config": "object", "metadata": "object"}'
WHEN 'update' THEN jsonb '{
	"vectors": "object", "sparse_vectors": "object", "params": "object", "hnsw_config": "object",
	"optimizers_config": "object", "optimizer_config": "=optimizers_config",
	"quantization_config": "quantization_change", "strict_mode_config": "object", "metadata": "object"}'
WHEN 'params' THEN jsonb '{
	"replication_factor": "int 1 4294967295", "write_consistency_factor": "int 1 4294967295",
	"read_fan_out_factor": "int 0 4294967295", "read_fan_out_delay_ms": "int 0",
	"on_disk_payload": "bool", "payload": "object"}'
WHEN 'payload' THEN jsonb '{"memory": "choice cold cached"}'
WHEN 'vector' THEN jsonb '{
	"size": "int 1 65536", "distance": "choice Cosine Euclid Dot Manhattan", "hnsw_config": "object",
	"quantization_config": "quantization", "quantization": "=quantization_config", "on_disk": "bool",
	"memory": "choice cold cached", "datatype": "choice float32 float16 uint8 turbo4",
	"multivector_config": "unsupported"}'
WHEN 'vector update' THEN jsonb '{
	"hnsw_config": "object", "quantization_config": "quantization_change", "on_disk": "bool",
	"memory": "choice cold cached"}'
WHEN 'hnsw_config' THEN jsonb '{
	"m": "int 0", "ef_construct": "int 4", "full_scan_threshold": "int 10",
	"full_scan_threshold_kb": "=full_scan_threshold", "max_indexing_threads": "int 0",
	"on_disk": "bool", "memory": "choice cold cached pinned", "payload_m": "int 0",
	"inline_storage": "bool"}'
WHEN 'wal_config' THEN jsonb '{
	"wal_capacity_mb": "int 1", "wal_segments_ahead": "int 0", "wal_retain_closed": "int 1"}'
WHEN 'optimizers_config' THEN jsonb '{
	"deleted_threshold": "float 0.0 1.0", "vacuum_min_vector_number": "int 100",
	"default_segment_number": "int 0", "max_segment_size": "int 1",
	"max_segment_size_kb": "=max_segment_size", "memmap_threshold": "int 0",
	"memmap_threshold_kb": "=memmap_threshold", "indexing_threshold": "int 0",
	"indexing_threshold_kb": "=indexing_threshold", "flush_interval_sec": "int 0",
	"max_optimization_threads": "threads", "prevent_unoptimized": "bool"}'
WHEN 'strict_mode_config' THEN jsonb '{
	"enabled": "bool", "max_query_limit": "int 1", "max_timeout": "int 1",
	"unindexed_filtering_retrieve": "bool", "unindexed_filtering_update": "bool",
	"search_max_hnsw_ef": "int 0", "search_allow_exact": "bool", "search_max_oversampling": "float 0 1e300",
	"upsert_max_batchsize": "int 0", "search_max_batchsize": "int 0",
	"max_collection_vector_size_bytes": "int 0", "read_rate_limit": "int 1", "write_rate_limit": "int 1",
	"max_collection_payload_size_bytes": "int 0", "max_points_count": "int 1",
	"filter_max_conditions": "int 0", "condition_max_size": "int 0", "multivector_config": "object",
	"sparse_config": "object", "max_payload_index_count": "int 0",
	"max_resident_memory_percent": "int 1 100"}'
END
$$;

-- Raises for a quantization_config that breaks a rule, else returns it: one
-- member that names the kind.
CREATE FUNCTION qdrant_catalog.config_quantization(path text, given jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	rules CONSTANT jsonb := '{
		"scalar": {"type": "choice int8", "quantile": "float 0.5 1.0", "always_ram": "bool",
			"memory": "choice cold cached pinned"},
		"product": {"compression": "choice x4 x8 x16 x32 x64", "always_ram": "bool",
			"memory": "choice cold cached pinned"},
		"binary": {"encoding": "choice one_bit two_bits one_and_half_bits",
			"query_encoding": "choice default binary scalar4bits scalar8bits", "always_ram": "bool",
			"memory": "choice cold cached pinned"},
		"turbo": {"bits": "choice bits1 bits1_5 bits2 bits4", "always_ram": "bool",
			"memory": "choice cold cached pinned"}}';
	required CONSTANT jsonb := '{"scalar": "type", "product": "compression"}';
	kinds CONSTANT text[] := CASE WHEN jsonb_typeof(given) = 'object'
		THEN ARRAY(SELECT jsonb_object_keys(given)) END;
	kind CONSTANT text := kinds[1];
	params jsonb;
BEGIN
	IF cardinality(kinds) IS DISTINCT FROM 1 OR NOT rules ? kind THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001',
			MESSAGE = format('collection option "%s" must be an object with one of scalar, product, binary, turbo', path);
	END IF;
	params := qdrant_catalog.config_section(path || '.' || kind, given -> kind, '{}', rules -> kind);
	IF NOT params ? (required ->> kind) THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001',
			MESSAGE = format('collection option "%s.%s.%s" is missing', path, kind, required ->> kind);
	END IF;
	RETURN jsonb_build_object(kind, params);
END
$$;

-- One vector's parameters.  section: vector, or vector update.
CREATE FUNCTION qdrant_catalog.config_vector(path text, given jsonb, base jsonb, section text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	params jsonb := qdrant_catalog.config_section(path, given, base,
		qdrant_catalog.config_rules(section));
	missing CONSTANT text := CASE WHEN NOT params ? 'size' THEN 'size'
		WHEN NOT params ? 'distance' THEN 'distance' END;
	hnsw jsonb;
BEGIN
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001',
			MESSAGE = format('collection option "%s.%s" is missing', path, missing);
	END IF;
	IF params ->> 'datatype' = 'turbo4' THEN
		PERFORM qdrant_catalog.config_value(path || '.datatype', NULL, 'unsupported');
	END IF;
	IF params -> 'quantization_config' = 'null' THEN
		params := params - 'quantization_config';
	END IF;
	IF params ? 'hnsw_config' THEN
		hnsw := qdrant_catalog.config_section(path || '.hnsw_config', params -> 'hnsw_config',
			coalesce(base -> 'hnsw_config', '{}'), qdrant_catalog.config_rules('hnsw_config'));
		params := params - 'hnsw_config';
		IF hnsw <> '{}' THEN
			params := params || jsonb_build_object('hnsw_config', hnsw);
		END IF;
	END IF;
	RETURN params;
END
$$;

-- Strict mode may be described, but not switched on.
CREATE FUNCTION qdrant_catalog.config_strict_mode(given jsonb, base jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	result CONSTANT jsonb := qdrant_catalog.config_section('strict_mode_config', given, base,
		qdrant_catalog.config_rules('strict_mode_config'));
BEGIN
	IF result -> 'enabled' = 'true' THEN
		PERFORM qdrant_catalog.config_value('strict_mode_config.enabled', NULL, 'unsupported');
	END IF;
	RETURN result;
END
$$;

-- Qdrant's rules, in its words.  taken: an object with the names of the other
-- kind of vectors.
CREATE FUNCTION qdrant_catalog.check_vector_name(kind text, name text, taken jsonb) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	forbidden CONSTANT text := substring(name FROM '[<>:"/\\|?*\x1f]');
	wrong CONSTANT text := CASE
		WHEN kind = 'sparse' AND name = '' THEN 'Sparse vector name cannot be empty'
		WHEN octet_length(name) > 200 THEN format('Invalid %s vector name `%s`:'
			' vector name must be at most 200 bytes long', kind, name)
		WHEN forbidden <> '' THEN format('Invalid %s vector name `%s`:'
			' vector name cannot contain "%s" char', kind, name, forbidden)
		WHEN taken ? name THEN format('Dense and sparse vector names must be unique -'
			' duplicate found with ''%s''', name) END;
BEGIN
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001', MESSAGE = wrong;
	END IF;
END
$$;

-- What Qdrant's info shows under config, from the body of a create request.
CREATE FUNCTION qdrant_catalog.config_create(body jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	given CONSTANT jsonb := qdrant_catalog.config_section('', body, '{}',
		qdrant_catalog.config_rules('create'));
	params jsonb := jsonb '{"shard_number": 1, "replication_factor": 1,
		"write_consistency_factor": 1, "on_disk_payload": true}' || (given - ARRAY['vectors',
		'sparse_vectors', 'payload', 'hnsw_config', 'wal_config', 'optimizers_config',
		'strict_mode_config', 'quantization_config', 'metadata']);
	vectors jsonb := coalesce(given -> 'vectors', '{}');
	result jsonb;
BEGIN
	IF coalesce(given -> 'sparse_vectors', '{}') <> '{}' THEN
		PERFORM qdrant_catalog.check_vector_name('sparse', v.key, vectors)
		FROM jsonb_each(given -> 'sparse_vectors') v;
		PERFORM qdrant_catalog.config_value('sparse_vectors', NULL, 'unsupported');
	END IF;
	IF params ->> 'sharding_method' = 'custom' THEN
		PERFORM qdrant_catalog.config_value('sharding_method', NULL, 'unsupported');
	END IF;
	IF given ? 'payload' THEN
		params := params || jsonb_build_object('payload', qdrant_catalog.config_section('payload',
			given -> 'payload', '{}', qdrant_catalog.config_rules('payload')));
	END IF;
	IF jsonb_typeof(vectors -> 'size') <> 'object' OR jsonb_typeof(vectors -> 'distance') <> 'object' THEN
		vectors := qdrant_catalog.config_vector('vectors', vectors, '{}', 'vector');
	ELSE
		SELECT coalesce(jsonb_object_agg(v.key, qdrant_catalog.config_vector('vectors.' || coalesce(nullif(v.key, ''), '""'),
			v.value, '{}', 'vector')), '{}')
		INTO vectors FROM jsonb_each(vectors) v;
	END IF;
	result := jsonb_build_object(
		'params', params || jsonb_build_object('vectors', vectors),
		'hnsw_config', qdrant_catalog.config_section('hnsw_config', coalesce(given -> 'hnsw_config', '{}'),
			'{"m": 16, "ef_construct": 100, "full_scan_threshold": 10000,
			"max_indexing_threads": 0, "on_disk": false}',
			qdrant_catalog.config_rules('hnsw_config')),
		'optimizer_config', qdrant_catalog.config_section('optimizers_config',
			coalesce(given -> 'optimizers_config', '{}'),
			'{"deleted_threshold": 0.2, "vacuum_min_vector_number": 1000, "default_segment_number": 0,
			"max_segment_size": null, "memmap_threshold": null, "indexing_threshold": 10000,
			"flush_interval_sec": 5, "max_optimization_threads": null, "prevent_unoptimized": null}',
			qdrant_catalog.config_rules('optimizers_config')),
		'wal_config', qdrant_catalog.config_section('wal_config', coalesce(given -> 'wal_config', '{}'),
			'{"wal_capacity_mb": 32, "wal_segments_ahead": 0, "wal_retain_closed": 1}',
			qdrant_catalog.config_rules('wal_config')),
		'quantization_config', given -> 'quantization_config');
	IF given ? 'strict_mode_config' THEN
		result := result || jsonb_build_object('strict_mode_config',
			qdrant_catalog.config_strict_mode(given -> 'strict_mode_config', '{}'));
	END IF;
	IF given ? 'metadata' THEN
		result := result || jsonb_build_object('metadata', given -> 'metadata');
	END IF;
	RETURN result;
END
$$;

-- The vectors of a PATCH over those of the collection.
CREATE FUNCTION qdrant_catalog.config_update_vectors(given jsonb, vectors jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	single CONSTANT boolean := coalesce(jsonb_typeof(vectors -> 'size') = 'number', false);
	name text;
	value jsonb;
	params jsonb;
BEGIN
	FOR name, value IN SELECT v.key, v.value FROM jsonb_each(given) v LOOP
		params := CASE WHEN NOT single THEN vectors -> name WHEN name = '' THEN vectors END;
		IF params IS NULL THEN
			RAISE EXCEPTION USING ERRCODE = 'QD001',
				MESSAGE = format('Not existing vector name error: %s', name);
		END IF;
		params := qdrant_catalog.config_vector('vectors.' || coalesce(nullif(name, ''), '""'), value, params, 'vector update');
		vectors := CASE WHEN single THEN params ELSE vectors || jsonb_build_object(name, params) END;
	END LOOP;
	RETURN vectors;
END
$$;

-- The config after a PATCH: given members replace, missing ones stay; members
-- of metadata replace, too, and null removes one.
CREATE FUNCTION qdrant_catalog.config_update(config jsonb, body jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	given jsonb;
	params jsonb := config -> 'params';
	section text;
BEGIN
	given := qdrant_catalog.config_section('', body, '{}', qdrant_catalog.config_rules('update'));
	SELECT v.key INTO section FROM jsonb_each(given -> 'sparse_vectors') v ORDER BY 1 LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'QD001',
			MESSAGE = format('Not existing vector name error: %s', section);
	END IF;
	IF given ? 'params' THEN
		params := qdrant_catalog.config_section('params', given -> 'params', params,
			qdrant_catalog.config_rules('params'));
		IF given -> 'params' -> 'payload' <> 'null' THEN
			params := params || jsonb_build_object('payload',
				qdrant_catalog.config_section('params.payload', given -> 'params' -> 'payload',
				'{}', qdrant_catalog.config_rules('payload')));
		END IF;
	END IF;
	IF given ? 'vectors' THEN
		params := params || jsonb_build_object('vectors',
			qdrant_catalog.config_update_vectors(given -> 'vectors', params -> 'vectors'));
	END IF;
	config := config || jsonb_build_object('params', params);
	IF given ? 'quantization_config' THEN
		config := config || jsonb_build_object('quantization_config', given -> 'quantization_config');
	END IF;
	IF given ? 'hnsw_config' THEN
		config := config || jsonb_build_object('hnsw_config', qdrant_catalog.config_section('hnsw_config',
			given -> 'hnsw_config', config -> 'hnsw_config', qdrant_catalog.config_rules('hnsw_config')));
	END IF;
	IF given ? 'optimizers_config' THEN
		config := config || jsonb_build_object('optimizer_config',
			qdrant_catalog.config_section('optimizers_config', given -> 'optimizers_config',
			config -> 'optimizer_config', qdrant_catalog.config_rules('optimizers_config')));
	END IF;
	IF given ? 'strict_mode_config' THEN
		config := config || jsonb_build_object('strict_mode_config', qdrant_catalog.config_strict_mode(
			given -> 'strict_mode_config', coalesce(config -> 'strict_mode_config', '{}')));
	END IF;
	IF given ? 'metadata' THEN
		config := config || jsonb_build_object('metadata', (
			SELECT coalesce(jsonb_object_agg(m.key, m.value) FILTER (WHERE m.value <> 'null'), '{}')
			FROM jsonb_each(coalesce(config -> 'metadata', '{}') || (given -> 'metadata')) m));
	END IF;
	RETURN config;
END
$$;
