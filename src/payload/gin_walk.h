/*
 * gin_walk.h
 *		A walk over the keys of one class of a payload index, in their order,
 *		with the rows that have them.
 */
#ifndef QD_GIN_WALK_H
#define QD_GIN_WALK_H

#include "postgres.h"

#include "access/gin_private.h"

#include "payload/gin_key.h"

/* An insertion that is not yet among the entries. */
typedef struct qd_gin_pending
{
	bytea	   *key;
	ItemPointerData tid;
} qd_gin_pending;

/* What of a key's rows comes next. */
typedef enum qd_gin_rows_stage
{
	QD_GIN_ROWS_ENTRY,
	QD_GIN_ROWS_TREE,			/* further leaves of its posting tree */
	QD_GIN_ROWS_PENDING,
	QD_GIN_ROWS_END
} qd_gin_rows_stage;

typedef struct qd_gin_walk
{
	/* the key that the walk is at, without its header */
	const unsigned char *key;
	size_t		length;

	/* gin_walk.c's own */
	Relation	index;
	GinState	state;
	qd_key_class class;
	PGAlignedBlock page;		/* a copy of a page of entries */
	OffsetNumber offset;		/* of the entry that is next */
	IndexTuple	entry;			/* that has the key; NULL: only pending ones */
	bool		at_end;			/* there are no further entries */
	qd_gin_pending *pending;	/* of the class, by key and row */
	int			n_pending;
	int			first_pending;	/* first of the key's */
	int			next_pending;	/* behind the key's */
	qd_gin_rows_stage stage;	/* of reading the key's rows */
	BlockNumber leaf;			/* of its posting tree, that is next */
	ItemPointerData *tids;		/* read last */
	int			n_tids;
} qd_gin_walk;

/*
 * The list of pending insertions is read first when it is wanted; without it
 * rows that were inserted lately are missing.  Index of one column.
 */
extern qd_gin_walk *qd_gin_walk_begin(Relation index, qd_key_class class,
									  bool with_pending);

/* From the key on, or where it would be, to the end of its class. */
extern qd_gin_walk *qd_gin_walk_begin_at(Relation index, const bytea *key);
extern void qd_gin_walk_end(qd_gin_walk *walk);

/* Moves to the next key; false behind the last. */
extern bool qd_gin_walk_next(qd_gin_walk *walk);

/*
 * The next of the key's rows, dead ones among them, a page's worth at most,
 * each once; valid until the next call.  NULL behind the last.
 */
extern const ItemPointerData *qd_gin_walk_rows(qd_gin_walk *walk, int *n);

/* About how many they are, without reading them all. */
extern double qd_gin_walk_count(qd_gin_walk *walk);

/* How many rows wait in the list of pending insertions. */
extern int64 qd_gin_pending_rows(Relation index);

/*
 * gin_count.c: the leaf of entries where the key is or would be, locked for
 * reading, and the place in it; about how many rows a posting tree has.
 */
extern Buffer qd_gin_find(Relation index, GinState *state, Datum key,
						  OffsetNumber *offset);
extern double qd_gin_tree_rows(Relation index, BlockNumber root);

#endif							/* QD_GIN_WALK_H */
