/*
 * insert.c
 *		A new row: encode it, put it in the fresh region, and now and then do a
 *		share of the merging.
 */
#include "compat.h"

#include "utils/memutils.h"
#include "utils/rel.h"

#include "hnsw/fresh.h"
#include "hnsw/hnsw.h"
#include "types/vector.h"

/* Rows that a writer merges at once, and how far others may run ahead of it. */
#define MERGE_ROWS		256
#define HARD_FACTOR		4

/*
 * Rows that a writer links at once when there is no graph yet.  Half a second
 * at 384 dimensions (50,000 rows build in 10 s); all of them at 128
 * dimensions, where 20,000 wait for the threshold, took 5 s, and clients gave
 * up.
 */
#define FIRST_ROWS		2048

static double
fresh_rows(const QdHnswMeta *meta)
{
	return (double) (meta->fresh_hi - meta->fresh_lo) *
		meta->layout.fresh_per_page;
}

/*
 * The region has grown by a page: merge a batch when it is over its limit.
 * While somebody else merges, go on up to a multiple of that, then wait, lest
 * searches drown in fresh rows.
 */
static void
merge_if_due(Relation index)
{
	QdHnswMeta	meta;
	double		limit;
	MemoryContext context;
	MemoryContext caller;

	qd_hnsw_meta_read(index, &meta);
	limit = qd_hnsw_fresh_limit(index, &meta);
	if (meta.layout.m0 == 0 || fresh_rows(&meta) <= limit)
		return;
	if (!qd_hnsw_merge_lock(index, false))
	{
		if (fresh_rows(&meta) <= HARD_FACTOR * limit)
			return;
		qd_hnsw_merge_lock(index, true);
	}
	qd_hnsw_meta_read(index, &meta);
	if (fresh_rows(&meta) > qd_hnsw_fresh_limit(index, &meta))
	{
		context = AllocSetContextCreate(CurrentMemoryContext,
										"qdrant_hnsw merge",
										ALLOCSET_DEFAULT_SIZES);
		caller = MemoryContextSwitchTo(context);
		qd_hnsw_merge(index, meta.entry_vid == QD_NO_VID ? FIRST_ROWS :
					  Max(MERGE_ROWS, 2 * meta.layout.fresh_per_page));
		MemoryContextSwitchTo(caller);
		MemoryContextDelete(context);
	}
	qd_hnsw_merge_unlock(index);
}

static void
check_dim(Relation index, const qd_vector *v, uint32 dim)
{
	if (qd_vector_dim(v) != dim)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %u dimensions, not %d", dim,
						qd_vector_dim(v))));
}

bool
qd_hnsw_insert(Relation index, Datum *values, bool *isnull, ItemPointer tid,
			   Relation heap, IndexUniqueCheck check, bool unchanged,
			   struct IndexInfo *info)
{
	qd_vector  *v;
	QdHnswIndex *cached;
	float	   *work;
	int8	   *code;
	qd_code_head head;
	bool		began;

	if (isnull[0])
		return false;
	v = DatumGetVector(values[0]);
	cached = qd_hnsw_index(index);
	check_dim(index, v, cached->layout.dim);
	work = palloc(qd_codec_work(cached->layout.dim) * sizeof(float));
	code = palloc0(cached->layout.own_dims);
	qd_encode(&cached->codec, v->x, work, &head, code);
	began = qd_hnsw_fresh_append(index, tid, &head, code);
	pfree(code);
	pfree(work);
	if ((Pointer) v != DatumGetPointer(values[0]))
		pfree(v);
	if (began)
		merge_if_due(index);
	return false;
}
