/*
 * provisional.c
 *		Builds an index by inserting rows, and never merges: a correct index
 *		without a graph.  Stands in for build.c and merge.c until they land;
 *		delete it then.
 */
#include "compat.h"

#include "access/tableam.h"
#include "storage/lmgr.h"
#include "utils/rel.h"

#include "hnsw/hnsw.h"

static void
add_row(Relation index, ItemPointer tid, Datum *values, bool *isnull,
		bool alive, void *arg)
{
	(void) qd_hnsw_insert(index, values, isnull, tid, NULL, UNIQUE_CHECK_NO,
						  false, NULL);
	if (!isnull[0])
		(*(double *) arg)++;
}

IndexBuildResult *
qd_hnsw_build(Relation heap, Relation index, struct IndexInfo *info)
{
	IndexBuildResult *result = palloc0(sizeof(IndexBuildResult));

	qd_hnsw_create_empty(index, MAIN_FORKNUM);
	result->heap_tuples = table_index_build_scan(heap, index, info, true, true,
												 add_row,
												 &result->index_tuples, NULL);
	return result;
}

void
qd_hnsw_build_empty(Relation index)
{
	qd_hnsw_create_empty(index, INIT_FORKNUM);
}

char *
qd_hnsw_build_phase(int64 phase)
{
	return NULL;
}

bool
qd_hnsw_merge_lock(Relation index, bool wait)
{
	if (!wait)
		return ConditionalLockPage(index, QD_META_BLOCK, ExclusiveLock);
	LockPage(index, QD_META_BLOCK, ExclusiveLock);
	return true;
}

void
qd_hnsw_merge_unlock(Relation index)
{
	UnlockPage(index, QD_META_BLOCK, ExclusiveLock);
}

double
qd_hnsw_merge(Relation index, uint32 max_rows)
{
	return 0;
}
