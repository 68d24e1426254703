/*
 * insert.c
 *		A new row: encode it, put it in the fresh region, and see that somebody
 *		merges.
 */
#include "compat.h"

#include "utils/memutils.h"
#include "utils/rel.h"

#include "hnsw/fresh.h"
#include "hnsw/hnsw.h"
#include "hnsw/worker.h"

#define MERGE_ROWS		256		/* that a writer merges at once */

/*
 * Rows that a writer links at once when there is no graph yet.  Half a second
 * at 384 dimensions (50,000 rows build in 10 s); all of them at 128
 * dimensions, where 20,000 wait for the threshold, took 5 s, and clients gave
 * up.
 */
#define FIRST_ROWS		2048

/*
 * A worker was asked for just now, or is; merge lock held, so one writer asks.
 * What META says makes up for the time a worker takes to come.
 */
static bool
worker_will_merge(Relation index, const QdHnswMeta *meta)
{
	if (qd_hnsw_worker_was_asked(meta))
		return true;
	if (!qd_hnsw_worker_start(index))
		return false;
	qd_hnsw_worker_note_asked(index);
	return true;
}

static void
merge_share(Relation index, const QdHnswMeta *meta)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "qdrant_hnsw merge",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);

	qd_hnsw_merge(index, meta->entry_vid == QD_NO_VID ? FIRST_ROWS :
				  Max(MERGE_ROWS, 2 * meta->layout.fresh_per_page));
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

/*
 * The region has grown by a page: when it is over its limit and nobody merges,
 * a worker should; where none can be had, the writer merges a batch.
 */
static void
merge_if_due(Relation index)
{
	QdHnswMeta	meta;

	qd_hnsw_meta_read(index, &meta);
	if (meta.layout.m0 == 0 ||
		qd_hnsw_fresh_rows(&meta) <= qd_hnsw_fresh_limit(index, &meta) ||
		!qd_hnsw_merge_lock(index, false))
		return;
	qd_hnsw_meta_read(index, &meta);
	if (qd_hnsw_fresh_rows(&meta) > qd_hnsw_fresh_limit(index, &meta) &&
		!worker_will_merge(index, &meta))
		merge_share(index, &meta);
	qd_hnsw_merge_unlock(index);
}

bool
qd_hnsw_insert(Relation index, Datum *values, bool *isnull, ItemPointer tid,
			   Relation heap, IndexUniqueCheck check, bool unchanged,
			   struct IndexInfo *info)
{
	QdElement	element;
	QdValue		v;
	QdHnswIndex *cached;
	float	   *floats;
	float	   *work;
	int8	   *code;
	qd_code_head head;
	bool		began;

	if (isnull[0])
		return false;
	cached = qd_hnsw_index(index);
	element = cached->layout.element;
	v = qd_value(element, values[0]);
	cached = qd_hnsw_index(index);	/* the cache may have gone meanwhile */
	if (v.dim != cached->layout.dim)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %u dimensions, not %u", cached->layout.dim,
						v.dim)));
	floats = palloc(v.dim * sizeof(float));
	work = palloc(qd_codec_work(v.dim) * sizeof(float));
	code = palloc0(cached->layout.own_dims);
	qd_encode(&cached->codec, qd_value_floats(element, &v, floats), work,
			  &head, code);
	began = qd_hnsw_fresh_insert(index, tid, &head, code);
	pfree(code);
	pfree(work);
	pfree(floats);
	qd_value_free(&v, values[0]);
	if (began)
		merge_if_due(index);
	return false;
}
