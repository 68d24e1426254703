/*
 * range.h
 *		Range searches: conditions on the distance that end a scan.
 */
#ifndef QD_HNSW_RANGE_H
#define QD_HNSW_RANGE_H

#include "access/relscan.h"
#include "nodes/pathnodes.h"

#include "hnsw/hnsw.h"

#define QD_RANGE_STRATEGY	3	/* column <<op>> sphere, on the first column */

/* Is the key a sphere, and not a condition on the payload? */
static inline bool
qd_range_is_key(const ScanKeyData *key)
{
	return key->sk_attno == 1;
}

/*
 * Gives the path an index condition made of those on the distance that it is
 * ordered by: WHERE column <op> query < bound ORDER BY column <op> query.
 */
extern void qd_range_add_condition(PlannerInfo *root, IndexPath *path);

typedef struct QdRange
{
	bool		empty;			/* no row is within */
	bool		bounded;
	bool		inexact;		/* distances err by more than their share */
	float		radius;			/* in order units, a little enlarged */
} QdRange;

/*
 * The range around the query that the scan's keys describe.  *query is that of
 * ORDER BY, detoasted; NULL: it becomes the center of the first sphere.  Other spheres are
 * left to the executor.
 */
extern void qd_range_of_keys(IndexScanDesc scan, qd_metric metric,
							 struct varlena **query, QdRange *range);

#endif							/* QD_HNSW_RANGE_H */
