/*
 * facet_hits.c
 *		See facet_hits.h.
 *
 * A heap, the worst one first, as long as it fits; then a sort, which goes to
 * disk.
 */
#include "compat.h"

#include "access/tupdesc.h"
#include "catalog/pg_collation_d.h"
#include "catalog/pg_type_d.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplesort.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "payload/facet_hits.h"
#include "payload/payload_values.h"

typedef struct hit
{
	Datum		value;
	int64		count;
} hit;

struct qd_facet_hits
{
	MemoryContext context;
	qd_index_kind kind;
	int64		limit;
	hit		   *hits;			/* the heap */
	int			n;
	int			room;
	Size		bytes;			/* of it and the values */
	Tuplesortstate *sort;		/* instead of the heap; NULL: not yet */
	TupleTableSlot *slot;		/* of the sort: value, count */
};

static bool
is_text(const qd_facet_hits *h)
{
	return h->kind == QD_INDEX_KEYWORD || h->kind == QD_INDEX_UUID;
}

qd_facet_hits *
qd_facet_hits_create(qd_index_kind kind, int64 limit)
{
	qd_facet_hits *h = palloc0(sizeof(qd_facet_hits));

	h->context = CurrentMemoryContext;
	h->kind = kind;
	h->limit = limit;
	h->room = 16;
	h->hits = palloc(h->room * sizeof(hit));
	return h;
}

static void
free_heap(qd_facet_hits *h)
{
	for (int i = 0; is_text(h) && i < h->n; i++)
		pfree(DatumGetPointer(h->hits[i].value));
	pfree(h->hits);
	h->hits = NULL;
	h->n = 0;
}

void
qd_facet_hits_free(qd_facet_hits *h)
{
	if (h->sort != NULL)
	{
		ExecDropSingleTupleTableSlot(h->slot);
		tuplesort_end(h->sort);
	}
	else
		free_heap(h);
	pfree(h);
}

/*----------
 * the heap
 *----------
 */

/* Does a stand behind b? */
static bool
is_worse(qd_facet_hits *h, const hit *a, const hit *b)
{
	if (a->count != b->count)
		return a->count < b->count;
	return qd_payload_value_compare(&a->value, &b->value, &h->kind) > 0;
}

static void
sift_down(qd_facet_hits *h, int i)
{
	hit			moved = h->hits[i];

	for (;;)
	{
		int			child = 2 * i + 1;

		if (child >= h->n)
			break;
		if (child + 1 < h->n && is_worse(h, &h->hits[child + 1], &h->hits[child]))
			child++;
		if (!is_worse(h, &h->hits[child], &moved))
			break;
		h->hits[i] = h->hits[child];
		i = child;
	}
	h->hits[i] = moved;
}

static void
sift_up(qd_facet_hits *h, int i)
{
	hit			moved = h->hits[i];

	for (; i > 0 && is_worse(h, &moved, &h->hits[(i - 1) / 2]); i = (i - 1) / 2)
		h->hits[i] = h->hits[(i - 1) / 2];
	h->hits[i] = moved;
}

/* The best first; leaves the heap in disorder. */
static void
sort_heap(qd_facet_hits *h)
{
	int			n = h->n;

	while (h->n > 1)
	{
		hit			worst = h->hits[0];

		h->hits[0] = h->hits[--h->n];
		sift_down(h, 0);
		h->hits[h->n] = worst;
	}
	h->n = n;
}

static Datum
copy_value(qd_facet_hits *h, Datum value)
{
	struct varlena *copy;
	Size		size;

	if (!is_text(h))
		return value;
	size = VARSIZE_ANY(DatumGetPointer(value));
	copy = MemoryContextAlloc(h->context, size);
	memcpy(copy, DatumGetPointer(value), size);
	h->bytes += GetMemoryChunkSpace(copy);
	return PointerGetDatum(copy);
}

static void
replace_worst(qd_facet_hits *h, const hit *new)
{
	hit		   *worst = &h->hits[0];

	if (!is_worse(h, worst, new))
		return;
	if (is_text(h))
	{
		h->bytes -= GetMemoryChunkSpace(DatumGetPointer(worst->value));
		pfree(DatumGetPointer(worst->value));
	}
	worst->value = copy_value(h, new->value);
	worst->count = new->count;
	sift_down(h, 0);
}

/*----------
 * the sort
 *----------
 */

static void
put(qd_facet_hits *h, const hit *one)
{
	ExecClearTuple(h->slot);
	h->slot->tts_values[0] = one->value;
	h->slot->tts_values[1] = Int64GetDatum(one->count);
	h->slot->tts_isnull[0] = h->slot->tts_isnull[1] = false;
	ExecStoreVirtualTuple(h->slot);
	tuplesort_puttupleslot(h->sort, h->slot);
}

static void
begin_sort(qd_facet_hits *h)
{
	MemoryContext old = MemoryContextSwitchTo(h->context);
	Oid			type = is_text(h) ? TEXTOID :
		h->kind == QD_INDEX_BOOL ? BOOLOID : INT8OID;
	TupleDesc	desc = CreateTemplateTupleDesc(2);
	AttrNumber	columns[2] = {2, 1};
	Oid			operators[2] = {lookup_type_cache(INT8OID, TYPECACHE_GT_OPR)->gt_opr,
	lookup_type_cache(type, TYPECACHE_LT_OPR)->lt_opr};
	Oid			collations[2] = {InvalidOid, is_text(h) ? C_COLLATION_OID : InvalidOid};
	bool		nulls_first[2] = {false, false};

	TupleDescInitEntry(desc, 1, NULL, type, -1, 0);
	TupleDescInitEntry(desc, 2, NULL, INT8OID, -1, 0);
	h->slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	h->sort = tuplesort_begin_heap(desc, 2, columns, operators, collations, nulls_first,
								   work_mem, NULL, TUPLESORT_ALLOWBOUNDED);
	tuplesort_set_bound(h->sort, h->limit);
	MemoryContextSwitchTo(old);
}

/*----------
 * both
 *----------
 */

bool
qd_facet_hits_wants(const qd_facet_hits *h, int64 count)
{
	if (count <= 0 || h->limit <= 0)
		return false;
	return h->sort != NULL || h->n < h->limit || count > h->hits[0].count;
}

void
qd_facet_hits_add(qd_facet_hits *h, Datum value, int64 count)
{
	hit			new = {value, count};

	if (count <= 0 || h->limit <= 0)
		return;
	if (h->sort != NULL)
	{
		put(h, &new);
		return;
	}
	if (h->n == h->limit)
	{
		replace_worst(h, &new);
		return;
	}
	if (h->bytes + h->n * sizeof(hit) > work_mem * (Size) 1024)
	{
		begin_sort(h);
		for (int i = 0; i < h->n; i++)
			put(h, &h->hits[i]);
		put(h, &new);
		free_heap(h);
		return;
	}
	if (h->n == h->room)
	{
		h->room *= 2;
		h->hits = repalloc_huge(h->hits, h->room * sizeof(hit));
	}
	new.value = copy_value(h, value);
	h->hits[h->n] = new;
	sift_up(h, h->n++);
}

static void
return_hit(const qd_facet_hits *h, Datum value, Datum count, ReturnSetInfo *result)
{
	Datum		values[2] = {value, count};
	bool		nulls[2] = {false, false};
	char		digits[MAXINT8LEN + 1];

	if (h->kind == QD_INDEX_INTEGER)
	{
		pg_lltoa(DatumGetInt64(value), digits);
		values[0] = CStringGetTextDatum(digits);
	}
	else if (h->kind == QD_INDEX_BOOL)
		values[0] = CStringGetTextDatum(DatumGetBool(value) ? "true" : "false");
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	if (values[0] != value)
		pfree(DatumGetPointer(values[0]));
}

void
qd_facet_hits_return(qd_facet_hits *h, ReturnSetInfo *result)
{
	if (h->sort == NULL)
	{
		sort_heap(h);
		for (int i = 0; i < h->n; i++)
			return_hit(h, h->hits[i].value, Int64GetDatum(h->hits[i].count), result);
		return;
	}
	tuplesort_performsort(h->sort);
	for (int64 i = 0; i < h->limit &&
		 tuplesort_gettupleslot(h->sort, true, false, h->slot, NULL); i++)
	{
		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(h->slot);
		return_hit(h, h->slot->tts_values[0], h->slot->tts_values[1], result);
	}
}
