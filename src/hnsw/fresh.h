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

/*
 * Copies the page of a position, which META's ring has, to copy; returns its
 * slots.
 */
extern int	qd_hnsw_fresh_copy(Relation index, const QdHnswMeta *meta,
							   uint32 position, Page copy);

/* The first n slots of the page are dead: merged (record F). */
extern void qd_hnsw_fresh_clear(Relation index, const QdHnswMeta *meta,
								uint32 position, int n);

/* Slots of all pages in use, dead ones too. */
extern double qd_hnsw_fresh_rows(const QdHnswMeta *meta);

/* Rows that the region should hold at most; above that a merge is due. */
extern double qd_hnsw_fresh_limit(Relation index, const QdHnswMeta *meta);

/*
 * As qd_hnsw_fresh_append, but waits, and merges, while the region is at its
 * hard limit.
 */
extern bool qd_hnsw_fresh_insert(Relation index, ItemPointer tid,
								 const qd_code_head *head, const int8 *code);

#endif							/* QD_HNSW_FRESH_H */
