
-- What an index and its scans do.

-- The last scan of a vector index that this session finished; NULL before the first.
CREATE FUNCTION qdrant.last_scan(
	OUT index regclass, OUT strategy text, OUT searches bigint, OUT expanded bigint, OUT distances bigint,
	OUT fresh bigint, OUT rescored bigint, OUT rejected bigint, OUT returned bigint, OUT pages bigint,
	OUT admitted bigint, OUT ended_early boolean)
	AS 'MODULE_PATHNAME', 'qd_last_scan' LANGUAGE C VOLATILE PARALLEL RESTRICTED;

-- For whoever may read the table.
CREATE FUNCTION qdrant.index_stats(index regclass,
	OUT rows bigint, OUT vertices bigint, OUT fresh bigint, OUT fresh_limit double precision,
	OUT tombstones bigint, OUT upper_vertices bigint, OUT free_vertices bigint, OUT levels integer,
	OUT merge text, OUT layout text, OUT quantization text, OUT dimensions integer, OUT code_dimensions integer,
	OUT links integer, OUT dir_pages bigint, OUT vertex_pages bigint, OUT overflow_pages bigint, OUT fresh_pages bigint,
	OUT fresh_pages_used bigint, OUT vertices_per_page integer, OUT bytes bigint)
	AS 'MODULE_PATHNAME', 'qd_hnsw_index_stats' LANGUAGE C VOLATILE STRICT;

-- Rows that wait for a merge which goes on; 0 also when they are few, or nobody merges.
CREATE FUNCTION qdrant_catalog.rows_to_merge(index regclass) RETURNS bigint
	AS 'MODULE_PATHNAME', 'qd_hnsw_rows_to_merge' LANGUAGE C VOLATILE STRICT;

-- Reads an index into shared buffers, as far as it fits; the pages read.
CREATE FUNCTION qdrant.prewarm(index regclass) RETURNS bigint
	AS 'MODULE_PATHNAME', 'qd_hnsw_prewarm' LANGUAGE C VOLATILE STRICT;

-- The column of an index as an expression, its operator and the function behind it.
CREATE FUNCTION qdrant_catalog.index_key(index regclass,
	OUT relation text, OUT key text, OUT condition text, OUT operator text, OUT function text)
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	SELECT format('%I.%I', n.nspname, c.relname), pg_get_indexdef(i.indexrelid, 1, true),
		coalesce(pg_get_expr(i.indpred, i.indrelid), 'true'),
		format('OPERATOR(%I.%s)', opn.nspname, op.oprname), format('%I.%I', pn.nspname, p.proname)
	FROM pg_index i
	JOIN pg_class x ON x.oid = i.indexrelid
	JOIN pg_am am ON am.oid = x.relam AND am.amname = 'qdrant_hnsw'
	JOIN pg_class c ON c.oid = i.indrelid
	JOIN pg_namespace n ON n.oid = c.relnamespace
	JOIN pg_opclass oc ON oc.oid = i.indclass[0]
	JOIN pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amoplefttype = oc.opcintype
		AND ao.amoppurpose = 'o' AND ao.amopstrategy = 1
	JOIN pg_operator op ON op.oid = ao.amopopr
	JOIN pg_namespace opn ON opn.oid = op.oprnamespace
	JOIN pg_proc p ON p.oid = op.oprcode
	JOIN pg_namespace pn ON pn.oid = p.pronamespace
	WHERE i.indexrelid = index AND x.relkind = 'i';
END;

-- Share of the k nearest rows that a search by the index finds, over rows of the table as queries
-- (each without itself).  With the caller's rights: of the rows that the caller sees.  An expression
-- or a condition of the index would run with them too, so it has to be the caller's own.
CREATE FUNCTION qdrant.recall(index regclass, sample integer DEFAULT 100, k integer DEFAULT 10,
	ef integer DEFAULT NULL, OUT recall double precision, OUT lowest double precision,
	OUT queries bigint, OUT distances double precision)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	SET enable_seqscan = off SET enable_sort = off SET enable_bitmapscan = off SET jit = off AS $$
DECLARE
	about record;
	query record;
	farthest double precision;
	n integer;
	found integer;
	scan record;
	owner name;
	type text;
	before text := current_setting('qdrant_pg.ef_search');
BEGIN
	SELECT * INTO about FROM qdrant_catalog.index_key(index);
	IF about.relation IS NULL THEN
		RAISE EXCEPTION '"%" is not a qdrant_hnsw index', index USING ERRCODE = 'wrong_object_type';
	END IF;
	SELECT r.rolname INTO owner
	FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_roles r ON r.oid = c.relowner
	WHERE i.indexrelid = index AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
		AND c.relowner <> current_user::regrole;
	IF owner IS NOT NULL THEN
		RAISE EXCEPTION 'must be owner of index "%", which has an expression or a condition', index
			USING ERRCODE = 'insufficient_privilege', HINT = format('SET ROLE %I first.', owner);
	END IF;
	IF sample IS NULL OR k IS NULL OR sample < 1 OR k < 1 THEN
		RAISE EXCEPTION 'sample and k must be at least 1' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- vectors go through text: a plan of this function that is kept has one type for each variable
	SELECT format_type(a.atttypid, a.atttypmod) INTO type
	FROM pg_attribute a WHERE a.attrelid = index AND a.attnum = 1;
	IF ef IS NOT NULL THEN
		PERFORM set_config('qdrant_pg.ef_search', ef::text, true);
	END IF;
	queries := 0;
	distances := 0;
	recall := 0;
	FOR query IN EXECUTE format('SELECT ctid AS tid, (%s)::text AS v FROM ONLY %s t
		WHERE (%s) AND %s IS NOT NULL ORDER BY random() LIMIT %s',
		about.key, about.relation, about.condition, about.key, sample)
	LOOP
		EXECUTE format('SELECT count(*), max(d) FROM (SELECT %s(%s, $1::%s) AS d FROM ONLY %s t
			WHERE (%s) AND %s IS NOT NULL AND ctid <> $2 ORDER BY 1 LIMIT %s) x',
			about.function, about.key, type, about.relation, about.condition, about.key, k)
			INTO n, farthest USING query.v, query.tid;
		CONTINUE WHEN n = 0;
		EXECUTE format('SELECT count(*) FROM (SELECT %s(%s, $1::%s) AS d FROM ONLY %s t
			WHERE (%s) AND ctid <> $2 ORDER BY %s %s $1::%s LIMIT %s) x WHERE d <= $3',
			about.function, about.key, type, about.relation, about.condition, about.key, about.operator, type, k)
			INTO found USING query.v, query.tid, farthest;
		scan := qdrant.last_scan();
		IF scan.index IS DISTINCT FROM index THEN
			RAISE EXCEPTION 'the planner does not choose index "%"', index
				USING ERRCODE = 'object_not_in_prerequisite_state';
		END IF;
		queries := queries + 1;
		-- more when rows are equally far
		found := least(found, n);
		recall := recall + found::double precision / n;
		lowest := least(lowest, found::double precision / n);
		distances := distances + scan.distances;
	END LOOP;
	recall := recall / nullif(queries, 0);
	distances := distances / nullif(queries, 0);
	PERFORM set_config('qdrant_pg.ef_search', before, true);
END;
$$;

COMMENT ON FUNCTION qdrant.last_scan() IS 'what the last scan of a vector index in this session did';
COMMENT ON FUNCTION qdrant.index_stats(regclass) IS 'what a vector index holds: rows, vertices of the graph, rows not merged yet, pages';
COMMENT ON FUNCTION qdrant.prewarm(regclass) IS 'reads a vector index into shared buffers, as far as it fits; the pages read';
COMMENT ON FUNCTION qdrant.recall(regclass, integer, integer, integer) IS 'share of the k nearest rows that searches by the index find, with sample rows as queries';
