/*
 * copies.h
 *		Which of the rows that a bulk merge adds have the code of another row:
 *		they share its vertex (overflow.h).
 */
#ifndef QD_HNSW_COPIES_H
#define QD_HNSW_COPIES_H

#include "hnsw/builder.h"

typedef struct QdCopies QdCopies;

/*
 * Knows the rows that d has loaded into its builder (d->b alone is set: none),
 * and has room for so many more.  In the current context.
 */
extern QdCopies *qd_copies_create(const QdGraphLoad *d, double rows);

/*
 * True when a row has the code already, and its vertex room for one more: the
 * row is remembered and must not be added to the builder.  Otherwise it is to
 * be added as the builder's next row.
 */
extern bool qd_copies_take(QdCopies *c, const ItemPointerData *tid,
						   const qd_code_head *head, const int8 *code);

extern uint32 qd_copies_count(const QdCopies *c);

/*
 * Gives the rows to the vertices, which are live by now; vids are those of the
 * builder's rows, or NULL: as qd_hnsw_builder_write
 * placed them.
 */
extern void qd_copies_store(const QdCopies *c, Relation index,
							const uint32 *vids);

#endif							/* QD_HNSW_COPIES_H */
