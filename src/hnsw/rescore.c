/*
 * rescore.c
 *		See rescore.h.  The heap has the only full vectors, so the scan fetches
 *		a row before it returns its TID; the executor then finds the page hot.
 */
#include "compat.h"

#include "access/tableam.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "hnsw/rescore.h"
#include "types/vector.h"

struct QdRescore
{
	IndexScanDesc scan;
	struct IndexFetchTableData *fetch;
	TupleTableSlot *slot;
	MemoryContext row;			/* of one row */
	AttrNumber	column;			/* 0: an expression */
	IndexInfo  *info;
	EState	   *estate;
	qd_metric	metric;
	uint32		dim;
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
	r->dim = l->dim;
	r->fetch = table_index_fetch_begin(heap);
	r->slot = MakeSingleTupleTableSlot(RelationGetDescr(heap),
									   table_slot_callbacks(heap));
	r->row = AllocSetContextCreate(CurrentMemoryContext,
								   "qdrant_hnsw rescored row",
								   ALLOCSET_DEFAULT_SIZES);
	r->column = index->rd_index->indkey.values[0];
	if (r->column == 0)
	{
		r->info = BuildIndexInfo(index);
		r->estate = CreateExecutorState();
		GetPerTupleExprContext(r->estate)->ecxt_scantuple = r->slot;
	}
	return r;
}

/* The indexed value of the row in the slot. */
static Datum
indexed_value(QdRescore *r, bool *isnull)
{
	Datum		values[INDEX_MAX_KEYS];
	bool		nulls[INDEX_MAX_KEYS];

	if (r->column != 0)
		return slot_getattr(r->slot, r->column, isnull);
	ResetPerTupleExprContext(r->estate);
	FormIndexDatum(r->info, r->slot, r->estate, values, nulls);
	*isnull = nulls[0];
	return values[0];
}

bool
qd_rescore_row(QdRescore *r, ItemPointer tid, const float *query,
			   float *distance)
{
	ItemPointerData visible = *tid;
	bool		call_again = false;
	bool		all_dead;
	bool		found;
	MemoryContext caller;

	found = table_index_fetch_tuple(r->fetch, &visible, r->scan->xs_snapshot,
									r->slot, &call_again, &all_dead);
	if (!found)
		return false;
	*distance = 0;
	if (query == NULL)
		return true;
	MemoryContextReset(r->row);
	caller = MemoryContextSwitchTo(r->row);
	{
		bool		isnull;
		Datum		value = indexed_value(r, &isnull);

		found = !isnull;
		if (found)
		{
			qd_vector  *v = DatumGetVector(value);

			/* another row took the place since, or the index is damaged */
			found = qd_vector_dim(v) == r->dim;
			if (found)
				*distance = qd_exact_distance(r->metric, query, v->x, r->dim);
		}
	}
	MemoryContextSwitchTo(caller);
	return found;
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
