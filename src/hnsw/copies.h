/*
 * copies.h
 *		Which of the rows that CREATE INDEX or a bulk merge adds have the code
 *		of another row: they share its vertex (overflow.h).
 */
#ifndef QD_HNSW_COPIES_H
#define QD_HNSW_COPIES_H

#include "hnsw/builder.h"

typedef struct QdCopies QdCopies;

/*
 * Knows the rows of the builder, which are those that were loaded, if any, and
 * has room for so many more (it grows).  In the current context.
 */
extern QdCopies *qd_copies_create(QdGraphBuilder *b, const QdGraphLoad *loaded,
								  double rows);

/*
 * For a builder in the caller's memory, with no rows yet: so is what it needs
 * of so many, the most that may come.
 */
extern Size qd_copies_placed_size(uint32 rows);
extern QdCopies *qd_copies_create_placed(QdGraphBuilder *b, uint32 rows,
										 void *memory);

/*
 * Adds a row: to the builder, or, when a row has its code already and that
 * one's vertex room for one more, to the copies.  The first argument is a
 * QdCopies: for those who hand out rows to whoever takes them.
 */
extern void qd_copies_put(void *copies, ItemPointer tid,
						  const qd_code_head *head, const int8 *code);

/* Calls put for each copy, before any row is linked. */
extern void qd_copies_each(const QdCopies *c,
						   void (*put) (void *arg, ItemPointer tid,
										const qd_code_head *head,
										const int8 *code),
						   void *arg);

extern uint32 qd_copies_count(const QdCopies *c);

/* Bytes that it takes, of its own, beside the builder's; in the end, too. */
extern Size qd_copies_memory(const QdCopies *c);

/*
 * Gives the rows to the vertices, which are live by now; vids are those of the
 * builder's rows, or NULL: as qd_hnsw_builder_write placed them.  Nothing can
 * be put any more then.
 */
extern void qd_copies_store(const QdCopies *c, Relation index,
							const uint32 *vids);

extern void qd_copies_free(QdCopies *c);

#endif							/* QD_HNSW_COPIES_H */
