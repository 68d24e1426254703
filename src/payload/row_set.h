/*
 * row_set.h
 *		A set of rows of a heap, by TID: a bit for every line pointer of the
 *		blocks that have any.
 */
#ifndef QD_ROW_SET_H
#define QD_ROW_SET_H

#include "postgres.h"

#include "access/htup_details.h"
#include "storage/itemptr.h"

#define QD_ROW_WORDS (MaxHeapTuplesPerPage / 64 + 1)

typedef struct qd_row_set
{
	BlockNumber n_blocks;
	uint32	   *pages;			/* by block: which words it has; 0: none */
	uint64		(*words)[QD_ROW_WORDS]; /* the first ones stay empty */
	BlockNumber *blocks;		/* whose words they are */
	uint32		n_pages;
	uint32		room;
} qd_row_set;

/* In the current context; what is at or behind n_blocks is not added. */
extern qd_row_set *qd_row_set_create(BlockNumber n_blocks);
extern void qd_row_set_free(qd_row_set *set);

/* Empties it, in time of what it has. */
extern void qd_row_set_clear(qd_row_set *set);

/* Gives a block its words. */
extern uint64 *qd_row_set_page(qd_row_set *set, BlockNumber block);

extern void qd_row_set_add_offsets(qd_row_set *set, BlockNumber block,
								   const OffsetNumber *offsets, int n);

/* a becomes what both have; what one of them has. */
extern void qd_row_set_intersect(qd_row_set *a, const qd_row_set *b);
extern void qd_row_set_unite(qd_row_set *a, const qd_row_set *b);

/* The block's rows, at most MaxHeapTuplesPerPage, in order. */
extern int	qd_row_set_offsets(const qd_row_set *set, BlockNumber block,
							   OffsetNumber *offsets);

/* How many rows of a block both sets have. */
extern int	qd_row_set_count_both(const qd_row_set *a, const qd_row_set *b,
								  BlockNumber block);

static inline bool
qd_row_set_has(const qd_row_set *set, BlockNumber block, OffsetNumber offset)
{
	return block < set->n_blocks && offset <= MaxHeapTuplesPerPage &&
		((set->words[set->pages[block]][offset / 64] >> (offset % 64)) & 1);
}

static inline void
qd_row_set_add(qd_row_set *set, BlockNumber block, OffsetNumber offset)
{
	uint64	   *words;

	if (block >= set->n_blocks || offset > MaxHeapTuplesPerPage)
		return;
	words = set->pages[block] != 0 ? set->words[set->pages[block]] :
		qd_row_set_page(set, block);
	words[offset / 64] |= UINT64CONST(1) << (offset % 64);
}

#endif							/* QD_ROW_SET_H */
