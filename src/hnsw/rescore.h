/*
 * rescore.h
 *		Exact distances of rows, from the heap under the scan's snapshot.
 */
#ifndef QD_HNSW_RESCORE_H
#define QD_HNSW_RESCORE_H

#include "hnsw/hnsw.h"

#include "access/relscan.h"

typedef struct QdRescore QdRescore;

/* In the current context, which outlives it; for one scan. */
extern QdRescore *qd_rescore_begin(IndexScanDesc scan);

/*
 * Takes the scan's keys, conditions on the second column, for the rows to
 * come.  In the current context, which outlives them.
 */
extern void qd_rescore_set_filters(QdRescore *r);

typedef enum QdRescored
{
	QD_ROW_GONE,				/* the snapshot does not see it */
	QD_ROW_REJECTED,			/* by a filter */
	QD_ROW_FOUND
} QdRescored;

/* query NULL: the distance is 0. */
extern QdRescored qd_rescore_row(QdRescore *r, ItemPointer tid,
								 const QdValue *query, double *distance);

/*
 * The executor is about to fetch the row that the scan returns: gives its fetch
 * the page, if it still is in the buffer where it was found.
 */
extern void qd_rescore_hand_over(IndexScanDesc scan, ItemPointer tid);

/* Lets go of heap pages; the object can be used again. */
extern void qd_rescore_reset(QdRescore *r);
extern void qd_rescore_end(QdRescore *r);

#endif							/* QD_HNSW_RESCORE_H */
