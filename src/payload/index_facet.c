/*
 * index_facet.c
 *		How many rows have a value, by value, from the keys of a payload index.
 *
 * Every key is a value but for three cases: of a long string it has only the
 * beginning, 5 and 5.0 are one integer, and a UUID may be written in several
 * ways.  When a filter leaves few rows, these are read instead of the keys.
 */
#include "compat.h"

#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "lib/qunique.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

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

typedef struct hit
{
	Datum		value;
	int64		count;
} hit;

typedef struct facet
{
	qd_index_kind kind;
	const qd_counting *table;
	const qd_node *path;
	MemoryContext context;		/* of values */
	qd_visibility *v;
	qd_row_set *rows;			/* that the filter admits; NULL: all */
	bool		estimate;

	/* the best hits: a heap, the worst one first */
	hit		   *hits;
	int			n;
	int			room;
	int64		limit;

	/* the rows of an integer or UUID that may have another key */
	Datum		group;
	bool		has_group;
	double		group_count;	/* of an estimate */
	ItemPointerData *group_rows;
	int			n_group_rows;
	int			group_room;

	/* values of rows that were read */
	Datum	   *values;
	int64		n_values;
	int64		values_room;
	const qd_key *long_key;		/* only such strings */
} facet;

/*----------
 * hits
 *----------
 */

/* Does a stand behind b? */
static bool
is_worse(facet *f, const hit *a, const hit *b)
{
	if (a->count != b->count)
		return a->count < b->count;
	return qd_payload_value_compare(&a->value, &b->value, &f->kind) > 0;
}

static void
sift_down(facet *f, int i)
{
	hit			moved = f->hits[i];

	for (;;)
	{
		int			child = 2 * i + 1;

		if (child >= f->n)
			break;
		if (child + 1 < f->n && is_worse(f, &f->hits[child + 1], &f->hits[child]))
			child++;
		if (!is_worse(f, &f->hits[child], &moved))
			break;
		f->hits[i] = f->hits[child];
		i = child;
	}
	f->hits[i] = moved;
}

static void
sift_up(facet *f, int i)
{
	hit			moved = f->hits[i];

	for (; i > 0 && is_worse(f, &moved, &f->hits[(i - 1) / 2]); i = (i - 1) / 2)
		f->hits[i] = f->hits[(i - 1) / 2];
	f->hits[i] = moved;
}

static Datum
copy_value(facet *f, Datum value)
{
	struct varlena *copy;
	Size		size;

	if (f->kind != QD_INDEX_KEYWORD && f->kind != QD_INDEX_UUID)
		return value;
	size = VARSIZE_ANY(DatumGetPointer(value));
	copy = MemoryContextAlloc(f->context, size);
	memcpy(copy, DatumGetPointer(value), size);
	return PointerGetDatum(copy);
}

/* Values come in any order, each once. */
static void
add_hit(facet *f, Datum value, int64 count)
{
	hit			new = {value, count};
	bool		full = f->n == f->limit;

	if (count == 0 || f->limit <= 0 || (full && !is_worse(f, &f->hits[0], &new)))
		return;
	new.value = copy_value(f, value);
	if (full)
	{
		if (new.value != value)
			pfree(DatumGetPointer(f->hits[0].value));
		f->hits[0] = new;
		sift_down(f, 0);
		return;
	}
	if (f->n == f->room)
	{
		f->room = Max(2 * f->room, 16);
		f->hits = repalloc_huge(f->hits, f->room * sizeof(hit));
	}
	f->hits[f->n] = new;
	sift_up(f, f->n++);
}

/* The best first; leaves the heap in disorder. */
static void
sort_hits(facet *f)
{
	int			n = f->n;

	while (f->n > 1)
	{
		hit			worst = f->hits[0];

		f->hits[0] = f->hits[--f->n];
		sift_down(f, 0);
		f->hits[f->n] = worst;
	}
	f->n = n;
}

/*----------
 * rows that are read
 *----------
 */

static void
take_values(OffsetNumber offset, Jsonb *payload, void *arg)
{
	facet	   *f = arg;
	Datum	   *values;
	int			n = qd_payload_values(f->kind, f->path, payload, &values);

	for (int i = 0; i < n; i++)
	{
		if (f->long_key != NULL)
		{
			qd_key		key;

			qd_key_string(&key, VARDATA_ANY(DatumGetPointer(values[i])),
						  VARSIZE_ANY_EXHDR(DatumGetPointer(values[i])));
			if (key.length != f->long_key->length ||
				memcmp(key.bytes, f->long_key->bytes, key.length) != 0)
				continue;
		}
		if (f->n_values == f->values_room)
		{
			f->values_room = Max(2 * f->values_room, 64);
			f->values = repalloc_huge(f->values, f->values_room * sizeof(Datum));
		}
		f->values[f->n_values++] = copy_value(f, values[i]);
	}
}

/* Counts the values taken. */
static void
count_values(facet *f)
{
	int64		first = 0;

	qsort_arg(f->values, f->n_values, sizeof(Datum), qd_payload_value_compare,
			  &f->kind);
	for (int64 i = 1; i <= f->n_values; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i < f->n_values && qd_payload_value_compare(&f->values[i],
														&f->values[first], &f->kind) == 0)
			continue;
		add_hit(f, f->values[first], i - first);
		first = i;
	}
	f->n_values = 0;
}

static void
read_rows(facet *f)
{
	for (BlockNumber block = 0; block < f->rows->n_blocks; block++)
	{
		OffsetNumber offsets[MaxHeapTuplesPerPage];
		int			n;

		if (f->rows->pages[block] == 0)
			continue;
		n = qd_row_set_offsets(f->rows, block, offsets);
		qd_visibility_visit(f->v, block, offsets, n, f->table->column, take_values, f);
	}
	count_values(f);
}

/*----------
 * keys
 *----------
 */

static qd_visibility *
visibility(facet *f)
{
	if (f->v == NULL)
		f->v = qd_visibility_begin(f->table->heap, GetActiveSnapshot());
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
	tids = qd_gin_walk_rows(walk, &n);
	for (int i = 0; i < n; i++)
		count += is_counted(f, &tids[i]);
	return count;
}

/* A key with the beginning of long strings: its rows are read. */
static void
count_long(facet *f, qd_gin_walk *walk)
{
	const ItemPointerData *tids;
	OffsetNumber offsets[MaxHeapTuplesPerPage];
	qd_key		key;
	int			n_offsets = 0;
	int			n;

	key.length = walk->length;
	memcpy(key.bytes, walk->key, walk->length);
	f->long_key = &key;
	tids = qd_gin_walk_rows(walk, &n);
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
	f->long_key = NULL;
	count_values(f);
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

	if (length > QD_KEY_STRING_MAX)
	{
		count_long(f, walk);
		return;
	}
	SET_VARSIZE(&value, VARHDRSZ + length);
	memcpy(value.bytes, walk->key + 1, length);
	add_hit(f, PointerGetDatum(&value), count_key(f, walk));
}

/*
 * Integers and UUIDs: the rows of all the keys that mean the same.
 */
static int
compare_rows(const void *a, const void *b)
{
	return ItemPointerCompare(unconstify(ItemPointerData *, (const ItemPointerData *) a),
							  unconstify(ItemPointerData *, (const ItemPointerData *) b));
}

static void
end_group(facet *f)
{
	if (f->has_group)
		add_hit(f, f->group, f->estimate ? (int64) f->group_count : f->n_group_rows);
	f->has_group = false;
	f->group_count = 0;
	f->n_group_rows = 0;
}

static void
add_to_group(facet *f, qd_gin_walk *walk)
{
	const ItemPointerData *tids;
	bool		first = f->n_group_rows == 0;
	int			n;

	if (f->estimate)
	{
		f->group_count += qd_gin_walk_count(walk);
		return;
	}
	tids = qd_gin_walk_rows(walk, &n);
	if (f->n_group_rows + n > f->group_room)
	{
		f->group_room = Max(2 * f->group_room, f->n_group_rows + n);
		f->group_rows = repalloc_huge(f->group_rows,
									  f->group_room * sizeof(ItemPointerData));
	}
	for (int i = 0; i < n; i++)
		if (is_counted(f, &tids[i]))
			f->group_rows[f->n_group_rows++] = tids[i];
	if (first)
		return;
	qsort(f->group_rows, f->n_group_rows, sizeof(ItemPointerData), compare_rows);
	f->n_group_rows = qunique(f->group_rows, f->n_group_rows, sizeof(ItemPointerData),
							  compare_rows);
}

static void
count_grouped(facet *f, Datum value, qd_gin_walk *walk)
{
	if (!f->has_group ||
		qd_payload_value_compare(&f->group, &value, &f->kind) != 0)
	{
		end_group(f);
		f->group = copy_value(f, value);
		f->has_group = true;
	}
	add_to_group(f, walk);
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
	count_grouped(f, Int64GetDatum(i), walk);
	return true;
}

static void
count_uuid(facet *f, qd_gin_walk *walk)
{
	text	   *value = cstring_to_text(qd_point_id_print(qd_point_id_from_uuid(walk->key + 1)));

	count_grouped(f, PointerGetDatum(value), walk);
	pfree(value);
}

static qd_key_class
class_of(qd_index_kind kind)
{
	return kind == QD_INDEX_KEYWORD ? QD_KEY_STRING :
		kind == QD_INDEX_UUID ? QD_KEY_UUID :
		kind == QD_INDEX_BOOL ? QD_KEY_BOOL : QD_KEY_NUMBER;
}

static bool
walk_once(facet *f, Relation index)
{
	qd_gin_walk *walk = qd_gin_walk_begin(index, class_of(f->kind), !f->estimate);

	f->n = 0;
	while (qd_gin_walk_next(walk))
		switch (f->kind)
		{
			case QD_INDEX_KEYWORD:
				count_string(f, walk);
				break;
			case QD_INDEX_BOOL:
				add_hit(f, BoolGetDatum(walk->key[1] != 0), count_key(f, walk));
				break;
			case QD_INDEX_UUID:
				count_uuid(f, walk);
				break;
			default:
				if (!count_integer(f, walk))
					return false;
		}
	end_group(f);
	return true;
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

	for (BlockNumber block = 0; block < rows->n_blocks; block++)
		n += qd_row_set_count_both(rows, rows, block);
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
	f->v = qd_visibility_begin(f->table->heap, GetActiveSnapshot());
	if (!all)
	{
		f->rows = qd_index_rows(f->table->indexes, f->table->column, filter, f->v);
		if (f->rows == NULL)
			return false;
		if (count_rows(f->rows) < f->table->rows / READ_ROWS_FRACTION)
		{
			read_rows(f);
			return true;
		}
	}
	return walk_keys(f, index);
}

static Datum
value_text(const facet *f, Datum value)
{
	if (f->kind == QD_INDEX_INTEGER)
		return CStringGetTextDatum(psprintf(INT64_FORMAT, DatumGetInt64(value)));
	if (f->kind == QD_INDEX_BOOL)
		return CStringGetTextDatum(DatumGetBool(value) ? "true" : "false");
	return value;
}

static void
return_hits(facet *f, ReturnSetInfo *result)
{
	sort_hits(f);
	for (int i = 0; i < f->n; i++)
	{
		Datum		values[2] = {value_text(f, f->hits[i].value),
		Int64GetDatum(f->hits[i].count)};
		bool		nulls[2] = {false, false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
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
	f.context = CurrentMemoryContext;
	f.table = &table;
	f.hits = palloc(sizeof(hit));
	f.values = palloc(sizeof(Datum));
	f.group_rows = palloc(sizeof(ItemPointerData));
	qd_counting_open(&table, PG_GETARG_OID(0));
	if (facet_by_index(&f, PG_GETARG_FILTER(3), PG_GETARG_BOOL(5)))
		return_hits(&f, (ReturnSetInfo *) fcinfo->resultinfo);
	else
		facet_by_statement(&f, fcinfo);
	qd_counting_close(&table);
	return (Datum) 0;
}
