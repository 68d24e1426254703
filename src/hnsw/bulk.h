/*
 * bulk.h
 *		Merging many fresh rows at once, in memory; merge lock held.  Allocates
 *		in the current context.
 */
#ifndef QD_HNSW_BULK_H
#define QD_HNSW_BULK_H

#include "hnsw/hnsw.h"

/*
 * Whether so many rows are merged faster in memory than one by one, and
 * maintenance_work_mem has room for them and the graph.
 */
extern bool qd_hnsw_bulk_pays(const QdHnswMeta *meta, double rows);

/*
 * Merges at least max_rows (0 = all) of META's fresh rows, whole pages of them;
 * returns their number.
 */
extern double qd_hnsw_bulk_merge(Relation index, const QdHnswMeta *meta,
								 uint32 max_rows);

/*
 * The first graph; nothing as long as rows are few.  But a ring that is long
 * because of dead rows has to shrink.  max_rows bounds how long a writer takes
 * over it: the graph starts with some of the rows, and the others follow.
 */
extern double qd_hnsw_bulk_first(Relation index, const QdHnswMeta *meta,
								 uint32 max_rows);

/*
 * When more vertices are dead than alive, and maintenance_work_mem has room for
 * the living: what dead ones lead to is no longer what is near.
 */
extern bool qd_hnsw_bulk_relink_pays(const QdHnswMeta *meta);

/* Links the living vertices anew, to one another only. */
extern void qd_hnsw_bulk_relink(Relation index, const QdHnswMeta *meta);

#endif							/* QD_HNSW_BULK_H */
