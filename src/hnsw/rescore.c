/*
 * rescore.c
 *		See rescore.h.  The heap has the only full vectors, so the scan fetches
 *		a row before it returns its TID; the executor then finds the page hot.
 *		It has the only payloads too, so the filters are evaluated here.
 */
#include "compat.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "storage/bufmgr.h"
#include "storage/smgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "hnsw/range.h"
#include "hnsw/rescore.h"

struct QdRescore
{
	IndexScanDesc scan;
	struct IndexFetchTableData *fetch;
	bool		is_heap;		/* the table's access method is */
	TupleTableSlot *slot;
	MemoryContext row;			/* of one row */
	bool		computed;		/* some key is an expression */
	IndexInfo  *info;
	EState	   *estate;
	qd_metric	metric;
	QdElement	element;
	uint32		dim;
	int			n_filters;		/* keys of the scan */
	int			n_payload;		/* those that are conditions on the payload */
	Datum	   *filters;		/* arguments of the scan's keys, detoasted */
	/* of the row in the slot, when they are computed */
	Datum		values[INDEX_MAX_KEYS];
	bool		nulls[INDEX_MAX_KEYS];
};

QdRescore *
qd_rescore_begin(IndexScanDesc scan)
{
	QdRescore  *r = palloc0(sizeof(QdRescore));
	Relation	index = scan->indexRelation;
	Relation	heap = scan->heapRelation;
	const QdHnswLayout *l = &qd_hnsw_index(index)->layout;

	r->scan = scan;
	r->metric = l->metric;
	r->element = l->element;
	r->dim = l->dim;
	r->is_heap = heap->rd_tableam == GetHeapamTableAmRoutine();
	r->fetch = table_index_fetch_begin(heap);
	r->slot = MakeSingleTupleTableSlot(RelationGetDescr(heap),
									   table_slot_callbacks(heap));
	r->row = AllocSetContextCreate(CurrentMemoryContext,
								   "qdrant_hnsw rescored row",
								   ALLOCSET_DEFAULT_SIZES);
	for (int i = 0; i < index->rd_index->indnkeyatts; i++)
		r->computed |= index->rd_index->indkey.values[i] == 0;
	if (r->computed)
	{
		r->info = BuildIndexInfo(index);
		r->estate = CreateExecutorState();
		GetPerTupleExprContext(r->estate)->ecxt_scantuple = r->slot;
	}
	return r;
}

void
qd_rescore_set_filters(QdRescore *r)
{
	r->n_filters = r->scan->numberOfKeys;
	r->filters = palloc(r->n_filters * sizeof(Datum));
	r->n_payload = 0;
	for (int i = 0; i < r->n_filters; i++)
	{
		ScanKey		key = &r->scan->keyData[i];

		if (qd_range_is_key(key))
			continue;
		r->filters[i] = PointerGetDatum(PG_DETOAST_DATUM(key->sk_argument));
		r->n_payload++;
	}
}

static void
compute_keys(QdRescore *r)
{
	ResetPerTupleExprContext(r->estate);
	FormIndexDatum(r->info, r->slot, r->estate, r->values, r->nulls);
}

/* A key of the row in the slot, counted from 0. */
static Datum
indexed_value(QdRescore *r, int key, bool *isnull)
{
	if (!r->computed)
		return slot_getattr(r->slot,
							r->scan->indexRelation->rd_index->indkey.values[key],
							isnull);
	*isnull = r->nulls[key];
	return r->values[key];
}

/* Do all filters admit the row in the slot? */
static bool
filters_admit(QdRescore *r)
{
	bool		isnull;
	Datum		payload;

	if (r->n_payload == 0)
		return true;
	payload = indexed_value(r, 1, &isnull);
	if (isnull)
		return false;
	payload = PointerGetDatum(PG_DETOAST_DATUM(payload));
	for (int i = 0; i < r->n_filters; i++)
	{
		ScanKey		key = &r->scan->keyData[i];

		if (!qd_range_is_key(key) &&
			!DatumGetBool(FunctionCall2Coll(&key->sk_func, key->sk_collation,
											payload, r->filters[i])))
			return false;
	}
	return true;
}

/* Of the row in the slot; false when it cannot be the one of the index. */
static bool
exact_distance(QdRescore *r, const QdValue *query, double *distance)
{
	bool		isnull;
	Datum		value = indexed_value(r, 0, &isnull);
	QdValue		v;

	if (isnull)
		return false;
	v = qd_value(r->element, value);
	/* another row took the place since, or the index is damaged */
	if (v.dim != r->dim)
		return false;
	*distance = qd_value_distance(r->element, r->metric, query, &v);
	return true;
}

/*
 * A kept set of rows may name one that VACUUM has removed, and the end of the
 * table with it; so may a damaged index.  The size last asked for is forgotten
 * when the file is cut, at the latest when the table was locked since.
 */
static bool
table_has_block(Relation table, BlockNumber block)
{
	BlockNumber known = RelationGetSmgr(table)->smgr_cached_nblocks[MAIN_FORKNUM];

	return (known != InvalidBlockNumber && block < known) ||
		block < RelationGetNumberOfBlocks(table);
}

/*
 * Gives a fetch the page that it is going to look up, which then costs it
 * nothing (a look-up of the buffer mapping is most of what a fetch costs).
 * False: it has to look itself.
 */
static bool
give_page(Relation table, struct IndexFetchTableData *fetch, BlockNumber block)
{
	IndexFetchHeapData *h = (IndexFetchHeapData *) fetch;
	Buffer		buffer;

	if (BufferIsValid(h->xs_cbuf) && BufferGetBlockNumber(h->xs_cbuf) == block)
		return true;
	buffer = qd_hnsw_pin_recent(table, block);
	if (buffer == InvalidBuffer)
		return false;
	if (BufferIsValid(h->xs_cbuf))
		ReleaseBuffer(h->xs_cbuf);
	h->xs_cbuf = buffer;
	return true;
}

void
qd_rescore_hand_over(IndexScanDesc scan, ItemPointer tid)
{
	Relation	table = scan->heapRelation;

	if (scan->xs_heapfetch != NULL &&
		table->rd_tableam == GetHeapamTableAmRoutine())
		(void) give_page(table, scan->xs_heapfetch,
						 ItemPointerGetBlockNumber(tid));
}

/* The row into the slot; false when the snapshot does not see it. */
static bool
fetch_row(QdRescore *r, const ItemPointerData *tid)
{
	Relation	table = r->scan->heapRelation;
	BlockNumber block = ItemPointerGetBlockNumber(tid);
	IndexFetchHeapData *h = (IndexFetchHeapData *) r->fetch;
	ItemPointerData visible = *tid;
	bool		call_again = false;
	bool		all_dead;
	bool		given = false;
	bool		found;

	if (!table_has_block(table, block))
		return false;
	if (r->is_heap)
	{
		given = give_page(table, r->fetch, block);
		/* as the fetch does with a page that it has looked up */
		if (given)
			heap_page_prune_opt(table, h->xs_cbuf);
	}
	found = table_index_fetch_tuple(r->fetch, &visible, r->scan->xs_snapshot,
									r->slot, &call_again, &all_dead);
	if (r->is_heap && !given)
		qd_hnsw_found_in(table, block, h->xs_cbuf);
	return found;
}

QdRescored
qd_rescore_row(QdRescore *r, ItemPointer tid, const QdValue *query,
			   double *distance)
{
	QdRescored	result;
	MemoryContext caller;

	if (!fetch_row(r, tid))
		return QD_ROW_GONE;
	*distance = 0;
	if (query == NULL && r->n_payload == 0)
		return QD_ROW_FOUND;
	MemoryContextReset(r->row);
	caller = MemoryContextSwitchTo(r->row);
	if (r->computed)
		compute_keys(r);
	if (!filters_admit(r))
		result = QD_ROW_REJECTED;
	else if (query != NULL && !exact_distance(r, query, distance))
		result = QD_ROW_GONE;
	else
		result = QD_ROW_FOUND;
	MemoryContextSwitchTo(caller);
	return result;
}

void
qd_rescore_reset(QdRescore *r)
{
	ExecClearTuple(r->slot);
	table_index_fetch_reset(r->fetch);
	MemoryContextReset(r->row);
}

void
qd_rescore_end(QdRescore *r)
{
	ExecDropSingleTupleTableSlot(r->slot);
	table_index_fetch_end(r->fetch);
	if (r->estate != NULL)
		FreeExecutorState(r->estate);
	MemoryContextDelete(r->row);
}
