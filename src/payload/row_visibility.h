/*
 * row_visibility.h
 *		Which of the rows that an index knows a snapshot sees, mostly without
 *		reading the table.
 *
 * A block that is all-visible in the visibility map needs no look, if it has
 * been so from before its index entries were read to after: then it had no
 * row but those that everyone sees, and index entries for no other.  Begin
 * comes before any index is read, and qd_visibility_verify after.  Of other
 * blocks the rows are looked up once.
 */
#ifndef QD_ROW_VISIBILITY_H
#define QD_ROW_VISIBILITY_H

#include "postgres.h"

#include "access/xlogdefs.h"
#include "storage/itemptr.h"
#include "utils/jsonb.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"

#include "payload/row_set.h"

typedef enum qd_block_state
{
	QD_BLOCK_UNREAD,
	QD_BLOCK_READ,				/* seen has its rows */
	QD_BLOCK_ALL_VISIBLE
} qd_block_state;

typedef struct qd_visibility
{
	Relation	heap;
	Snapshot	snapshot;
	BlockNumber n_blocks;		/* behind them the snapshot sees nothing */
	uint8	   *blocks;			/* qd_block_state of each */
	qd_row_set *seen;
	uint8	   *maps;			/* the bits of the map's pages */
	XLogRecPtr *map_versions;	/* their LSNs */
	int			n_maps;
} qd_visibility;

/* Is the relation a heap that this works on? */
extern bool qd_visibility_possible(Relation heap);

/* In the current context; the snapshot has to stay active. */
extern qd_visibility *qd_visibility_begin(Relation heap, Snapshot snapshot);

/* Looks a block's rows up. */
extern void qd_visibility_read(qd_visibility *v, BlockNumber block);

/*
 * False when blocks that were taken to be all-visible may have changed; they
 * are looked up from now on.
 */
extern bool qd_visibility_verify(qd_visibility *v);

/* From now on all blocks are looked up. */
extern void qd_visibility_distrust(qd_visibility *v);

/* The share of blocks that are all-visible. */
extern double qd_visibility_share(const qd_visibility *v);

/*
 * Calls visit with the value of a jsonb column of the rows, at those of the
 * block's line pointers, that the snapshot sees; the values don't outlive the
 * call.
 */
typedef void (*qd_visit_row) (OffsetNumber offset, Jsonb *value, void *arg);
extern void qd_visibility_visit(qd_visibility *v, BlockNumber block,
								const OffsetNumber *offsets, int n,
								AttrNumber column, qd_visit_row visit,
								void *arg);

/* Does the snapshot see the row?  tid is one that an index has. */
static inline bool
qd_visibility_has(qd_visibility *v, BlockNumber block, OffsetNumber offset)
{
	if (block >= v->n_blocks)
		return false;
	if (v->blocks[block] == QD_BLOCK_ALL_VISIBLE)
		return true;
	if (v->blocks[block] == QD_BLOCK_UNREAD)
		qd_visibility_read(v, block);
	return qd_row_set_has(v->seen, block, offset);
}

#endif							/* QD_ROW_VISIBILITY_H */
