/*
 * index_facet.c
 *		How many rows have a value, by value, from the keys of a payload index.
 *
 * Every key is a value but for three cases: of a long string it has only the
 * beginning, 5 and 5.0 are one integer, and a UUID may be written in several
 * ways.  When a filter leaves few rows, these are read instead of the keys.
 */
#include "compat.h"

#include "catalog/pg_collation_d.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/tuplesort.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "payload/facet_hits.h"
#include "payload/gin_walk.h"
#include "payload/index_count.h"
#include "payload/index_rows.h"
#include "payload/payload_index.h"
#include "payload/payload_values.h"
#include "types/point_id.h"

/* With fewer rows than one in so many of the table's, they are read. */
#define READ_ROWS_FRACTION 200

/* A walk is repeated when the table changes meanwhile, at most so often. */
#define WALKS_MAX 3

typedef struct facet
{
	qd_index_kind kind;
	const qd_counting *table;
	const qd_node *path;
	int64		limit;
	MemoryContext context;		/* of a walk */
	qd_visibility *v;
	qd_row_set *rows;			/* that the filter admits; NULL: all */
	bool		estimate;
	qd_facet_hits *hits;

	/* the rows of an integer or UUID that may have another key */
	bool		has_group;
	int64		group_integer;
	unsigned char group_uuid[QD_POINT_ID_UUID];
	double		group_count;
	qd_row_set *group_rows;		/* NULL in an estimate */

	/* values of rows that were read */
	Tuplesortstate *values;		/* NULL: none */
	const qd_key *long_key;		/* only such strings */
} facet;

/*----------
 * rows that are read
 *----------
 */

static Tuplesortstate *
begin_values(const facet *f)
{
	Oid			type = f->kind == QD_INDEX_INTEGER ? INT8OID :
		f->kind == QD_INDEX_BOOL ? BOOLOID : TEXTOID;
	MemoryContext old = MemoryContextSwitchTo(f->context);
	Tuplesortstate *sort =
		tuplesort_begin_datum(type, lookup_type_cache(type, TYPECACHE_LT_OPR)->lt_opr,
							  type == TEXTOID ? C_COLLATION_OID : InvalidOid, false,
							  work_mem, NULL, TUPLESORT_NONE);

	MemoryContextSwitchTo(old);
	return sort;
}

/* Has the string the key that is read? */
static bool
has_long_key(const facet *f, Datum string)
{
	qd_key		key;

	qd_key_string(&key, VARDATA_ANY(DatumGetPointer(string)),
				  VARSIZE_ANY_EXHDR(DatumGetPointer(string)));
	return key.length == f->long_key->length &&
		memcmp(key.bytes, f->long_key->bytes, key.length) == 0;
}

static void
take_values(OffsetNumber offset, Jsonb *payload, void *arg)
{
	facet	   *f = arg;
	Datum	   *values;
	int			n = qd_payload_values(f->kind, f->path, payload, &values);

	if (f->values == NULL)
		f->values = begin_values(f);
	for (int i = 0; i < n; i++)
		if (f->long_key == NULL || has_long_key(f, values[i]))
			tuplesort_putdatum(f->values, values[i], false);
}

/* Counts the values taken. */
static void
count_values(facet *f)
{
	bool		by_value = f->kind == QD_INDEX_INTEGER || f->kind == QD_INDEX_BOOL;
	Datum		value = 0;
	Datum		next;
	bool		is_null;
	int64		count = 0;

	if (f->values == NULL)
		return;
	tuplesort_performsort(f->values);
	while (qd_tuplesort_next(f->values, &next, &is_null))
	{
		CHECK_FOR_INTERRUPTS();
		if (count > 0 && qd_payload_value_compare(&value, &next, &f->kind) == 0)
		{
			count++;
			if (!by_value)
				pfree(DatumGetPointer(next));
			continue;
		}
		qd_facet_hits_add(f->hits, value, count);
		if (count > 0 && !by_value)
			pfree(DatumGetPointer(value));
		value = next;
		count = 1;
	}
	qd_facet_hits_add(f->hits, value, count);
	tuplesort_end(f->values);
	f->values = NULL;
}

static void
read_rows(facet *f)
{
	for (uint32 page = 1; page < f->rows->n_pages; page++)
	{
		BlockNumber block = f->rows->blocks[page];
		OffsetNumber offsets[MaxHeapTuplesPerPage];
		int			n;

		n = qd_row_set_offsets(f->rows, block, offsets);
		qd_visibility_visit(f->v, block, offsets, n, f->table->column, take_values, f);
	}
	count_values(f);
}

/*----------
 * keys
 *----------
 */

/* Outlives a walk. */
static qd_visibility *
visibility(facet *f)
{
	if (f->v == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(MemoryContextGetParent(f->context));

		f->v = qd_visibility_begin(f->table->heap, GetActiveSnapshot());
		MemoryContextSwitchTo(old);
	}
	return f->v;
}

static bool
is_counted(facet *f, const ItemPointerData *tid)
{
	BlockNumber block = ItemPointerGetBlockNumberNoCheck(tid);
	OffsetNumber offset = ItemPointerGetOffsetNumberNoCheck(tid);

	return (f->rows == NULL || qd_row_set_has(f->rows, block, offset)) &&
		qd_visibility_has(visibility(f), block, offset);
}

static int64
count_key(facet *f, qd_gin_walk *walk)
{
	const ItemPointerData *tids;
	int64		count = 0;
	int			n;

	if (f->estimate)
		return (int64) qd_gin_walk_count(walk);
	while ((tids = qd_gin_walk_rows(walk, &n)) != NULL)
		for (int i = 0; i < n; i++)
			count += is_counted(f, &tids[i]);
	return count;
}

/* A key with the beginning of long strings: its rows are read. */
static void
take_long(facet *f, qd_gin_walk *walk)
{
	const ItemPointerData *tids;
	qd_key		key;
	int			n;

	key.length = walk->length;
	memcpy(key.bytes, walk->key, walk->length);
	f->long_key = &key;
	while ((tids = qd_gin_walk_rows(walk, &n)) != NULL)
	{
		OffsetNumber offsets[MaxHeapTuplesPerPage];
		int			n_offsets = 0;

		for (int i = 0; i < n; i++)
		{
			BlockNumber block = ItemPointerGetBlockNumberNoCheck(&tids[i]);

			if (is_counted(f, &tids[i]))
				offsets[n_offsets++] = ItemPointerGetOffsetNumberNoCheck(&tids[i]);
			if (i + 1 == n || block != ItemPointerGetBlockNumberNoCheck(&tids[i + 1]))
			{
				qd_visibility_visit(visibility(f), block, offsets, n_offsets,
									f->table->column, take_values, f);
				n_offsets = 0;
			}
		}
	}
	f->long_key = NULL;
}

static void
count_string(facet *f, qd_gin_walk *walk)
{
	struct
	{
		int32		header;
		char		bytes[QD_KEY_STRING_MAX];
	}			value;
	size_t		length = walk->length - 1;
	int64		count;

	if (length > QD_KEY_STRING_MAX)
	{
		take_long(f, walk);
		return;
	}
	count = count_key(f, walk);
	if (!qd_facet_hits_wants(f->hits, count))
		return;
	SET_VARSIZE(&value, VARHDRSZ + length);
	memcpy(value.bytes, walk->key + 1, length);
	qd_facet_hits_add(f->hits, PointerGetDatum(&value), count);
}

/*
 * Integers and UUIDs: the rows of all the keys that mean the same.
 */
static void
end_group(facet *f)
{
	int64		count = (int64) f->group_count;

	if (f->has_group && qd_facet_hits_wants(f->hits, count))
	{
		if (f->kind == QD_INDEX_INTEGER)
			qd_facet_hits_add(f->hits, Int64GetDatum(f->group_integer), count);
		else
		{
			struct varlena *id = qd_point_id_from_uuid(f->group_uuid);
			char	   *printed = qd_point_id_print(id);
			text	   *value = cstring_to_text(printed);

			qd_facet_hits_add(f->hits, PointerGetDatum(value), count);
			pfree(value);
			pfree(printed);
			pfree(id);
		}
	}
	f->has_group = false;
	f->group_count = 0;
	if (f->group_rows != NULL)
		qd_row_set_clear(f->group_rows);
}

static void
add_to_group(facet *f, qd_gin_walk *walk)
{
	const ItemPointerData *tids;
	int			n;

	f->has_group = true;
	if (f->estimate)
	{
		f->group_count += qd_gin_walk_count(walk);
		return;
	}
	while ((tids = qd_gin_walk_rows(walk, &n)) != NULL)
		for (int i = 0; i < n; i++)
		{
			BlockNumber block = ItemPointerGetBlockNumberNoCheck(&tids[i]);
			OffsetNumber offset = ItemPointerGetOffsetNumberNoCheck(&tids[i]);

			if (!is_counted(f, &tids[i]) || qd_row_set_has(f->group_rows, block, offset))
				continue;
			qd_row_set_add(f->group_rows, block, offset);
			f->group_count++;
		}
}

/* False for a number whose other keys may stand elsewhere. */
static bool
count_integer(facet *f, qd_gin_walk *walk)
{
	unsigned char form = walk->key[QD_KEY_NUMBER_FORM];
	int64		i;

	if (form == QD_KEY_FRACTION)
		return true;
	if (!qd_key_get_integer(walk->key, walk->length, &i) && form == QD_KEY_WHOLE)
		return false;
	if (f->has_group && f->group_integer != i)
		end_group(f);
	f->group_integer = i;
	add_to_group(f, walk);
	return true;
}

static void
count_uuid(facet *f, qd_gin_walk *walk)
{
	if (f->has_group && memcmp(f->group_uuid, walk->key + 1, QD_POINT_ID_UUID) != 0)
		end_group(f);
	memcpy(f->group_uuid, walk->key + 1, QD_POINT_ID_UUID);
	add_to_group(f, walk);
}

static qd_key_class
class_of(qd_index_kind kind)
{
	return kind == QD_INDEX_KEYWORD ? QD_KEY_STRING :
		kind == QD_INDEX_UUID ? QD_KEY_UUID :
		kind == QD_INDEX_BOOL ? QD_KEY_BOOL : QD_KEY_NUMBER;
}

static bool
walk_class(facet *f, qd_gin_walk *walk)
{
	while (qd_gin_walk_next(walk))
		switch (f->kind)
		{
			case QD_INDEX_KEYWORD:
				count_string(f, walk);
				break;
			case QD_INDEX_BOOL:
				qd_facet_hits_add(f->hits, BoolGetDatum(walk->key[1] != 0), count_key(f, walk));
				break;
			case QD_INDEX_UUID:
				count_uuid(f, walk);
				break;
			default:
				if (!count_integer(f, walk))
					return false;
		}
	end_group(f);
	count_values(f);
	return true;
}

static bool
walk_once(facet *f, Relation index)
{
	qd_gin_walk *walk;
	MemoryContext old;
	bool		done;

	if (f->hits != NULL)
		qd_facet_hits_free(f->hits);
	MemoryContextReset(f->context);
	old = MemoryContextSwitchTo(f->context);
	f->hits = qd_facet_hits_create(f->kind, f->limit);
	f->group_rows = f->estimate ? NULL :
		qd_row_set_create(RelationGetNumberOfBlocks(f->table->heap));
	walk = qd_gin_walk_begin(index, class_of(f->kind), !f->estimate);
	done = walk_class(f, walk);
	qd_gin_walk_end(walk);
	MemoryContextSwitchTo(old);
	return done;
}

/* False when the keys don't tell. */
static bool
walk_keys(facet *f, Relation index)
{
	for (int i = 1;; i++)
	{
		if (!walk_once(f, index))
			return false;
		if (f->estimate || qd_visibility_verify(f->v) || i > WALKS_MAX)
			return true;
		if (i == WALKS_MAX)
			qd_visibility_distrust(f->v);
	}
}

/*----------
 * the function
 *----------
 */

static Relation
find_index(const facet *f)
{
	ListCell   *cell;

	foreach(cell, f->table->indexes)
	{
		const qd_index_options *options = qd_payload_index_options(lfirst(cell), 1);
		const qd_node *path = qd_index_path(options);
		qd_index_kind kind = qd_index_target_of(options)->kind;

		if (class_of(kind) == class_of(f->kind) && kind != QD_INDEX_DATETIME &&
			kind != QD_INDEX_GEO && kind != QD_INDEX_TEXT &&
			path->size == f->path->size && memcmp(path, f->path, path->size) == 0)
			return lfirst(cell);
	}
	return NULL;
}

static int64
count_rows(const qd_row_set *rows)
{
	int64		n = 0;

	for (uint32 page = 1; page < rows->n_pages; page++)
		n += qd_row_set_count_both(rows, rows, rows->blocks[page]);
	return n;
}

/* False when it takes a statement. */
static bool
facet_by_index(facet *f, const qd_filter *filter, bool exact)
{
	bool		all = filter->root.n_must + filter->root.n_should +
		filter->root.n_must_not == 0 && filter->root.min_count == 0;
	Relation	index = find_index(f);

	if (index == NULL || filter->needs_point)
		return false;
	f->estimate = all && !exact && qd_counting_is_settled(f->table);
	if (f->estimate)
		return walk_keys(f, index);
	visibility(f);
	if (!all)
	{
		f->rows = qd_index_rows(f->table->indexes, f->table->column, filter, f->v);
		if (f->rows == NULL)
			return false;
		if (count_rows(f->rows) < f->table->rows / READ_ROWS_FRACTION)
		{
			f->hits = qd_facet_hits_create(f->kind, f->limit);
			read_rows(f);
			return true;
		}
	}
	return walk_keys(f, index);
}

static const char *const kind_names[] = {
	[QD_INDEX_KEYWORD] = "keyword",[QD_INDEX_INTEGER] = "integer",
	[QD_INDEX_BOOL] = "bool",[QD_INDEX_UUID] = "uuid"
};

static qd_index_kind
read_kind(text *name)
{
	char	   *str = text_to_cstring(name);

	for (int i = 0; i < (int) lengthof(kind_names); i++)
		if (kind_names[i] != NULL && strcmp(str, kind_names[i]) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a payload index of type \"%s\" serves no facets", str)));
}

static void
facet_by_statement(facet *f, FunctionCallInfo fcinfo)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Oid			types[3] = {get_fn_expr_argtype(fcinfo->flinfo, 3), TEXTOID, INT8OID};
	Datum		values[3] = {PG_GETARG_DATUM(3), PG_GETARG_DATUM(1),
	Int64GetDatum(f->limit)};
	const char *name = kind_names[f->kind];
	bool		is_text = f->kind == QD_INDEX_KEYWORD || f->kind == QD_INDEX_UUID;
	char	   *source = qd_counting_source(f->table, types[0]);
	char	   *sql;

	/* the values of the rows that the filter admits */
	sql = psprintf("SELECT v::pg_catalog.text, pg_catalog.count(*) FROM (SELECT t.payload AS p FROM %s) s,"
				   " pg_catalog.unnest(qdrant_catalog.%s_values(s.p, $2)) v"
				   " GROUP BY v ORDER BY 2 DESC, v%s LIMIT $3", source, name,
				   is_text ? " COLLATE \"C\"" : "");
	SPI_connect();
	if (SPI_execute_with_args(sql, 3, types, values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not count values");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Datum		row[2];
		bool		nulls[2];

		for (int k = 0; k < 2; k++)
			row[k] = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc,
								   k + 1, &nulls[k]);
		tuplestore_putvalues(result->setResult, result->setDesc, row, nulls);
	}
	SPI_finish();
}

/* facet_rows(relation, path, type, filter, max_hits, exact) */
QD_FUNCTION(qd_facet_rows);
Datum
qd_facet_rows(PG_FUNCTION_ARGS)
{
	qd_counting table;
	facet		f = {0};

	InitMaterializedSRF(fcinfo, 0);
	f.kind = read_kind(PG_GETARG_TEXT_PP(2));
	f.path = qd_payload_values_path(fcinfo, PG_GETARG_TEXT_PP(1));
	f.limit = PG_GETARG_INT64(4);
	f.context = AllocSetContextCreate(CurrentMemoryContext, "qdrant facet",
									  ALLOCSET_DEFAULT_SIZES);
	f.table = &table;
	qd_counting_open(&table, PG_GETARG_OID(0));
	if (facet_by_index(&f, PG_GETARG_FILTER(3), PG_GETARG_BOOL(5)))
		qd_facet_hits_return(f.hits, (ReturnSetInfo *) fcinfo->resultinfo);
	else
		facet_by_statement(&f, fcinfo);
	if (f.hits != NULL)
		qd_facet_hits_free(f.hits);
	MemoryContextDelete(f.context);
	qd_counting_close(&table);
	return (Datum) 0;
}
