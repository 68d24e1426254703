/*
 * fresh.h
 *		What insert, vacuum and merge need of the fresh region beyond hnsw.h.
 */
#ifndef QD_HNSW_FRESH_H
#define QD_HNSW_FRESH_H

#include "hnsw/hnsw.h"

typedef struct QdFreshRow
{
	ItemPointer tid;
	const qd_code_head *head;
	const int8 *code;
} QdFreshRow;

/* Slots of the page that are in use or were; 0 for a new page. */
extern int	qd_hnsw_fresh_slots(const QdHnswLayout *l, Page page);

/* Rows that the region should hold at most; a writer merges above that. */
extern double qd_hnsw_fresh_limit(Relation index, const QdHnswMeta *meta);

/* Waits for the merge lock and merges all there is. */
extern void qd_hnsw_fresh_wait(Relation index);

#endif							/* QD_HNSW_FRESH_H */
