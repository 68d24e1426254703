/*
 * check_heap.c
 *		Every visible row of the table is in the index, once, with its code.
 *
 * Rows that the snapshot sees were inserted before it was taken, and so were
 * their entries; only VACUUM removes those, and not of visible rows.
 */
#include "postgres.h"
#include "compat.h"

#include "access/tableam.h"
#include "catalog/index.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "hnsw/check.h"
#include "hnsw/tid_set.h"

typedef struct HeapCheck
{
	QdCheck    *c;
	qd_codec   *codec;
	QdElement	element;
	float	   *floats;
	float	   *work;
	int8	   *code;
	MemoryContext row;
} HeapCheck;

static int
compare_rows(const void *a, const void *b)
{
	const QdIndexedRow *x = a;
	const QdIndexedRow *y = b;

	if (x->tid != y->tid)
		return x->tid < y->tid ? -1 : 1;
	return x->in_graph - y->in_graph;
}

/* A TID may stand in the fresh region and in the graph, twice in neither. */
static void
check_unique(QdCheck *c)
{
	for (Size i = 1; i < c->n_rows; i++)
	{
		const QdIndexedRow *row = &c->rows[i];
		const QdIndexedRow *before = &c->rows[i - 1];

		CHECK_FOR_INTERRUPTS();
		if (row->tid == before->tid && row->in_graph == before->in_graph)
			qd_check_report(c, row->block, row->item,
							"the TID (%u,%u) stands here and in block %u, item %u",
							(uint32) (row->tid >> 16),
							(uint32) (row->tid & 0xffff),
							before->block, before->item);
		else if (row->tid == before->tid && row->code != before->code)
			qd_check_report(c, row->block, row->item,
							"the code is another than in block %u, item %u",
							before->block, before->item);
	}
}

static const QdIndexedRow *
find_row(const QdCheck *c, uint64 tid)
{
	Size		low = 0;
	Size		high = c->n_rows;

	while (low < high)
	{
		Size		middle = (low + high) / 2;

		if (c->rows[middle].tid < tid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < c->n_rows && c->rows[low].tid == tid ? &c->rows[low] : NULL;
}

static void
check_vector(HeapCheck *h, const QdIndexedRow *row, Datum value)
{
	MemoryContext old = MemoryContextSwitchTo(h->row);
	QdValue		v = qd_value(h->element, value);
	qd_code_head head;

	if (v.dim != h->codec->dim)
		qd_check_report(h->c, row->block, row->item,
						"the row's vector has %u dimensions", v.dim);
	else
	{
		qd_encode(h->codec, qd_value_floats(h->element, &v, h->floats),
				  h->work, &head, h->code);
		if (qd_check_wide_hash(h->c, &head, h->code) != row->code)
			qd_check_report(h->c, row->block, row->item,
							"the code is not that of the row's vector");
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(h->row);
}

static void
check_callback(Relation index, ItemPointer tid, Datum *values, bool *isnull,
			   bool alive, void *arg)
{
	HeapCheck  *h = arg;
	const QdIndexedRow *row;

	if (isnull[0])
		return;
	row = find_row(h->c, qd_tid_key(tid));
	if (row == NULL)
		qd_check_report(h->c, ItemPointerGetBlockNumber(tid),
						ItemPointerGetOffsetNumber(tid),
						"the row of the table at this block and item is not in the index");
	else
		check_vector(h, row, values[0]);
}

static void
scan_heap(HeapCheck *h)
{
	QdCheck    *c = h->c;
	IndexInfo  *info = BuildIndexInfo(c->index);
	TableScanDesc scan = table_beginscan_strat(c->heap, c->snapshot, 0, NULL,
											   true, true);

	/* as by CREATE INDEX CONCURRENTLY: what the snapshot sees, no more */
	info->ii_Concurrent = true;
	info->ii_Unique = false;
	info->ii_ExclusionOps = NULL;
	info->ii_ExclusionProcs = NULL;
	info->ii_ExclusionStrats = NULL;
	table_index_build_scan(c->heap, c->index, info, true, false,
						   check_callback, h, scan);
}

void
qd_check_heap(QdCheck *c)
{
	HeapCheck	h = {.c = c};

	if (c->n_rows > 0)
		qsort(c->rows, c->n_rows, sizeof(QdIndexedRow), compare_rows);
	check_unique(c);
	h.codec = qd_hnsw_codec_copy(c->index);
	h.element = qd_hnsw_index(c->index)->layout.element;
	h.floats = palloc(h.codec->dim * sizeof(float));
	h.work = palloc(qd_codec_work(h.codec->dim) * sizeof(float));
	h.code = palloc0(h.codec->own_dims);
	h.row = AllocSetContextCreate(CurrentMemoryContext, "qdrant_hnsw check row",
								  ALLOCSET_DEFAULT_SIZES);
	scan_heap(&h);
}
