/*
 * overflow.h
 *		Rows that share a vertex: those whose vector has the same code as the
 *		row in the vertex's directory entry.
 *
 * Copies of a vector, and new versions of a row whose payload alone has
 * changed, so do not make the graph grow.  The first row of a vertex stands in
 * its entry, more of them in a chain of chunks, which entry.link begins.  Any
 * of them may be gone: a vertex lives as long as one row does.  TIDs never
 * move from one place to another, so a reader that has seen the fresh region
 * before sees each row (I5).  All changes under the merge lock.
 */
#ifndef QD_HNSW_OVERFLOW_H
#define QD_HNSW_OVERFLOW_H

#include "hnsw/hnsw.h"

#define QD_OVERFLOW_ROWS	12	/* of a chunk */
#define QD_OVERFLOW_CHUNKS	8	/* of a chain; then another vertex is made */
#define QD_OVERFLOW_MOST	(QD_OVERFLOW_CHUNKS * QD_OVERFLOW_ROWS)

/* OVERFLOW page, from offset 24: QD_OVERFLOW_PER_PAGE chunks. */
typedef struct QdOverflowRow
{
	ItemPointerData tid;		/* invalid: nothing */
	uint16		flags;			/* 0 */
} QdOverflowRow;

typedef struct QdOverflowChunk
{
	uint32		next;			/* of the chain, or of the free list, or
								 * QD_NO_VID */
	uint32		owner;			/* vid; QD_NO_VID: free */
	uint16		gen;			/* the owner's */
	uint16		flags;			/* 0 */
	uint32		zero;
	QdOverflowRow rows[QD_OVERFLOW_ROWS];
} QdOverflowChunk;

#define QD_OVERFLOW_PER_PAGE	72

static inline QdOverflowChunk *
QdPageOverflow(Page page, uint32 chunk)
{
	return (QdOverflowChunk *) PageGetContents(page) +
		chunk % QD_OVERFLOW_PER_PAGE;
}

/*
 * Copies the rows of the chain of a vertex, whose entry the caller has read;
 * returns their number.  tids has room for QD_OVERFLOW_MOST.  room, unless
 * NULL, says how many more the chain takes.  A stale chunk ends the chain.
 */
extern int	qd_overflow_read(Relation index, uint32 vid,
							 const QdDirEntry *entry, ItemPointerData *tids,
							 int *room);

/*
 * One more row for a live vertex, in one record; false when it takes no more.
 * *meta, the caller's copy, follows.
 */
extern bool qd_overflow_add(Relation index, QdHnswMeta *meta, uint32 vid,
							const ItemPointerData *tid);

/* Frees the chunks of a tombstone, one by one. */
extern void qd_overflow_free(Relation index, uint32 vid);

/*
 * Copies all chunks of an OVERFLOW page to chunks, free ones too; returns
 * their number, 0 behind the last.
 */
extern int	qd_overflow_copy_page(Relation index, const QdHnswMeta *meta,
								  uint32 page, QdOverflowChunk *chunks);

/* Calls see for each row of a chain that dir's entries lead to. */
extern void qd_overflow_each(Relation index, const QdHnswMeta *meta,
							 void (*see) (void *arg, uint32 vid, uint16 gen,
										  const ItemPointerData *tid),
							 void *arg);

#endif							/* QD_HNSW_OVERFLOW_H */
