/*
 * stats.c
 *		qdrant.index_stats(regclass): what an index holds, in one row;
 *		qdrant.prewarm(regclass), which reads it into shared buffers; and
 *		qdrant_catalog.rows_to_merge(regclass), for a collection's status.
 *
 * They look at pages as they are, without the merge lock: counts of a busy
 * index are those of a moment each.  Rows are counted as a scan finds them (I5):
 * the fresh region, then META again, then the graph, each TID once.
 */
#include "compat.h"

#include <math.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/index.h"
#include "commands/defrem.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "hnsw/fresh.h"
#include "hnsw/hnsw.h"
#include "hnsw/overflow.h"
#include "hnsw/tid_set.h"
#include "hnsw/worker.h"

#define PREWARM_AHEAD	32		/* pages asked for before they are read */

/* Opens the index, its table in *heap. */
static Relation
open_index(Oid indexid, Relation *heap)
{
	Oid			heapid = IndexGetRelation(indexid, true);
	Relation	index;

	/* the table first, as everybody does */
	*heap = OidIsValid(heapid) ? table_open(heapid, AccessShareLock) : NULL;
	index = relation_open(indexid, AccessShareLock);
	if (index->rd_rel->relkind != RELKIND_INDEX || *heap == NULL ||
		index->rd_rel->relam != get_index_am_oid("qdrant_hnsw", false) ||
		/* it may have been dropped, and its OID used again, before the lock */
		index->rd_index->indrelid != heapid)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a qdrant_hnsw index",
						RelationGetRelationName(index))));
	if (RELATION_IS_OTHER_TEMP(index))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot read temporary indexes of other sessions")));
	return index;
}

/* The index of a table that the user may read. */
static Relation
open_readable(Oid indexid, Relation *heap)
{
	Relation	index = open_index(indexid, heap);

	if (pg_class_aclcheck(RelationGetRelid(*heap), GetUserId(),
						  ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE,
					   RelationGetRelationName(*heap));
	return index;
}

static void
close_index(Relation index, Relation heap)
{
	relation_close(index, AccessShareLock);
	table_close(heap, AccessShareLock);
}

/*----------
 * index_stats
 *----------
 */
typedef struct RowCount
{
	bool		has_graph;		/* so a fresh row may be in it, too */
	QdTidSet	seen;			/* those of the fresh region, if it has */
	int64		fresh;
	int64		linked;			/* in the graph only */
	int64		states[QD_VERTEX_UPPER + 1];	/* vertices */
} RowCount;

static void
count_fresh(void *arg, float distance, ItemPointer tid, const qd_code_head *head)
{
	RowCount   *count = arg;

	if (!count->has_graph || qd_tid_set_add(&count->seen, tid))
		count->fresh++;
}

static void
count_linked(RowCount *count, const ItemPointerData *tid)
{
	if (ItemPointerIsValid(tid) && !qd_tid_set_has(&count->seen, tid))
		count->linked++;
}

static void
count_copy(void *arg, uint32 vid, uint16 gen, const ItemPointerData *tid)
{
	count_linked(arg, tid);
}

static void
count_vertices(Relation index, const QdHnswMeta *meta, RowCount *count)
{
	QdDirEntry	entries[QD_DIR_PER_PAGE];

	for (uint64 first = 0; first < meta->next_vid; first += QD_DIR_PER_PAGE)
	{
		uint32		n = Min(QD_DIR_PER_PAGE, meta->next_vid - first);

		CHECK_FOR_INTERRUPTS();
		qd_hnsw_dir_copy(index, first, n, entries);
		for (uint32 i = 0; i < n; i++)
		{
			if (entries[i].state <= QD_VERTEX_UPPER)
				count->states[entries[i].state]++;
			if (entries[i].state == QD_VERTEX_LIVE)
				count_linked(count, &entries[i].tid);
		}
	}
}

/*
 * Counts rows, those that a merge has linked and not cleared yet, or was kept
 * from clearing, once; and vertices by state.  *meta is what was counted by.
 * TIDs are kept only when there is a graph: before, the region may be large.
 */
static void
count_rows(Relation index, QdHnswMeta *meta, RowCount *count)
{
	bool		has_graph;

	qd_hnsw_meta_read(index, meta);
	do
	{
		memset(count, 0, sizeof(*count));
		has_graph = count->has_graph = meta->next_vid > 0;
		qd_tid_set_init(&count->seen);
		qd_hnsw_fresh_scan(index, meta, NULL, count_fresh, count);
		/* rows merged meanwhile are in the graph, if not in the region */
		qd_hnsw_meta_read(index, meta);
		/* the first graph came meanwhile */
	} while (!has_graph && meta->next_vid > 0);
	count_vertices(index, meta, count);
	qd_overflow_each(index, meta, count_copy, count);
	pfree(count->seen.keys);
}

typedef struct KindPages
{
	int64		dir;
	int64		vertex;
	int64		fresh;
	int64		overflow;
} KindPages;

/* Pages that runs of a kind hold. */
static void
count_pages(Relation index, KindPages *pages)
{
	const QdHnswIndex *cached = qd_hnsw_index(index);

	memset(pages, 0, sizeof(*pages));
	for (uint32 i = 0; i < cached->n_runs; i++)
	{
		const QdRun *run = &cached->runs[i];

		if (run->kind == QD_PAGE_FRESH)
			pages->fresh += run->pages;
		else if (run->kind == QD_PAGE_OVERFLOW)
			pages->overflow += run->pages;
		else if (run->kind == QD_PAGE_DIR)
			pages->dir += run->pages / cached->layout.stripe_pages;
	}
	pages->vertex = pages->dir * (cached->layout.stripe_pages - 1);
}

static const char *
merge_state(Relation index, const QdHnswMeta *meta, int64 fresh)
{
	if (!RecoveryInProgress())
	{
		if (!ConditionalLockPage(index, QD_META_BLOCK, ShareLock))
			return "running";
		UnlockPage(index, QD_META_BLOCK, ShareLock);
	}
	if (meta->layout.m0 == 0)
		return "never";
	return fresh > qd_hnsw_fresh_limit(index, meta) ? "due" : "idle";
}

#define STATS_COLUMNS	21

QD_FUNCTION(qd_hnsw_index_stats);
Datum
qd_hnsw_index_stats(PG_FUNCTION_ARGS)
{
	Relation	heap;
	Relation	index = open_readable(PG_GETARG_OID(0), &heap);
	TupleDesc	columns;
	Datum		values[STATS_COLUMNS];
	bool		nulls[STATS_COLUMNS] = {false};
	QdHnswMeta	meta;
	const QdHnswLayout *l = &meta.layout;
	RowCount	count;
	KindPages	pages;
	int			n = 0;

	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE ||
		columns->natts != STATS_COLUMNS)
		elog(ERROR, "unexpected result type of qdrant.index_stats");
	count_rows(index, &meta, &count);
	count_pages(index, &pages);

	values[n++] = Int64GetDatum(count.linked + count.fresh);
	values[n++] = Int64GetDatum(count.states[QD_VERTEX_LIVE]);
	values[n++] = Int64GetDatum(count.fresh);
	/* more than so many whole rows: the fraction says nothing */
	values[n++] = Float8GetDatum(floor(qd_hnsw_fresh_limit(index, &meta)));
	values[n++] = Int64GetDatum(count.states[QD_VERTEX_TOMBSTONE]);
	values[n++] = Int64GetDatum(count.states[QD_VERTEX_UPPER]);
	values[n++] = Int64GetDatum(count.states[QD_VERTEX_FREE]);
	values[n++] = Int32GetDatum(meta.entry_vid == QD_NO_VID ? 0 :
								meta.entry_level + 1);
	values[n++] = CStringGetTextDatum(merge_state(index, &meta, count.fresh));
	values[n++] = CStringGetTextDatum(l->layout == 0 ? "compact" : "inlined");
	values[n++] = CStringGetTextDatum(qd_hnsw_quantization(index));
	values[n++] = Int32GetDatum(l->dim);
	values[n++] = Int32GetDatum(l->own_dims);
	values[n++] = Int32GetDatum(l->m0);
	values[n++] = Int64GetDatum(pages.dir);
	values[n++] = Int64GetDatum(pages.vertex);
	values[n++] = Int64GetDatum(pages.overflow);
	values[n++] = Int64GetDatum(pages.fresh);
	values[n++] = Int64GetDatum(meta.fresh_hi - meta.fresh_lo);
	values[n++] = Int32GetDatum(l->npp);
	values[n++] = Int64GetDatum((int64) RelationGetNumberOfBlocks(index) * BLCKSZ);
	Assert(n == STATS_COLUMNS);
	close_index(index, heap);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(columns, values, nulls)));
}

/*----------
 * prewarm
 *----------
 */
QD_FUNCTION(qd_hnsw_prewarm);
Datum
qd_hnsw_prewarm(PG_FUNCTION_ARGS)
{
	Relation	heap;
	Relation	index = open_readable(PG_GETARG_OID(0), &heap);
	BlockNumber blocks = RelationGetNumberOfBlocks(index);
	BlockNumber asked = 0;

	/* more than fits would push out what was read first */
	blocks = Min(blocks, (BlockNumber) NBuffers);
	for (BlockNumber block = 0; block < blocks; block++)
	{
		CHECK_FOR_INTERRUPTS();
		for (; asked < blocks && asked < block + PREWARM_AHEAD; asked++)
			(void) PrefetchBuffer(index, MAIN_FORKNUM, asked);
		ReleaseBuffer(ReadBuffer(index, block));
	}
	close_index(index, heap);
	PG_RETURN_INT64(blocks);
}

/*----------
 * rows_to_merge
 *----------
 */

/*
 * The region is over its limit, and somebody merges it or is about to: so it
 * ends within a moment of the last row, whatever happens to who merges.
 */
static bool
merge_goes_on(Relation index, const QdHnswMeta *meta)
{
	if (RecoveryInProgress() || meta->layout.m0 == 0 ||
		qd_hnsw_fresh_rows(meta) <= qd_hnsw_fresh_limit(index, meta))
		return false;
	if (qd_hnsw_worker_was_asked(meta) || qd_hnsw_worker_is_there(index))
		return true;
	/* a writer, or VACUUM */
	if (!ConditionalLockPage(index, QD_META_BLOCK, ShareLock))
		return true;
	UnlockPage(index, QD_META_BLOCK, ShareLock);
	return false;
}

static void
count_slot(void *arg, float distance, ItemPointer tid, const qd_code_head *head)
{
	++*(int64 *) arg;
}

/*
 * The fresh rows of a merge that goes on, otherwise 0.  For anybody, as the
 * size of a relation is.
 */
QD_FUNCTION(qd_hnsw_rows_to_merge);
Datum
qd_hnsw_rows_to_merge(PG_FUNCTION_ARGS)
{
	Relation	heap;
	Relation	index = open_index(PG_GETARG_OID(0), &heap);
	QdHnswMeta	meta;
	int64		rows = 0;

	qd_hnsw_meta_read(index, &meta);
	if (merge_goes_on(index, &meta))
		qd_hnsw_fresh_scan(index, &meta, NULL, count_slot, &rows);
	close_index(index, heap);
	PG_RETURN_INT64(rows);
}
