/*
 * check.h
 *		What the files of qdrant.check_index share.
 */
#ifndef QD_HNSW_CHECK_H
#define QD_HNSW_CHECK_H

#include "hnsw/hnsw.h"

#include "nodes/execnodes.h"

/* A row as the index has it. */
typedef struct QdIndexedRow
{
	uint64		tid;			/* qd_tid_key */
	uint64		code;			/* hash of head and code */
	BlockNumber block;			/* of a fresh page, or a DIR page */
	uint32		item;			/* slot, or vid */
	bool		in_graph;
} QdIndexedRow;

typedef struct QdCheck
{
	Relation	heap;
	Relation	index;
	ReturnSetInfo *result;
	Snapshot	snapshot;		/* older than what is read of the index */
	int			problems;
	QdHnswMeta	meta;
	QdHnswLayout layout;
	qd_codec   *codec;
	BlockNumber blocks;			/* of the file */
	QdDirEntry *dir;			/* next_vid entries */
	QdIndexedRow *rows;
	Size		n_rows;
	Size		room;
	PGAlignedBlock page;
} QdCheck;

/* Reports a problem; item < 0: the page as a whole. */
extern void qd_check_report(QdCheck *c, BlockNumber block, int64 item,
							const char *format,...) pg_attribute_printf(4, 5);

/*
 * Copies the page to c->page; false, and reported, unless it is of the kind
 * and has the ordinal.  A new page is none.
 */
extern bool qd_check_page(QdCheck *c, BlockNumber block, QdPageKind kind,
						  uint32 ordinal);

/*
 * Adds what a slot or a vertex holds to c->rows; reports a bad head.  stored
 * NULL: the caller sets the hash of the code.
 */
extern void qd_check_row(QdCheck *c, const QdIndexedRow *where,
						 const ItemPointerData *tid, const qd_code_head *head,
						 const uint8 *stored);

/* The same hash of a code that was made of a heap row. */
extern uint64 qd_check_code_hash(const QdCheck *c, const qd_code_head *head,
								 const uint8 *stored);

/* Of a wide code, as a vertex would store it. */
extern uint64 qd_check_wide_hash(const QdCheck *c, const qd_code_head *head,
								 const int8 *code);

static inline bool
qd_check_is_vertex(const QdDirEntry *e)
{
	return e->state == QD_VERTEX_LIVE || e->state == QD_VERTEX_TOMBSTONE ||
		e->state == QD_VERTEX_UPPER;
}

/* check_overflow.c: chains of further rows, and free chunks. */
extern void qd_check_overflow(QdCheck *c);

/* check_graph.c: blocks, links, rings, what a search can reach. */
extern void qd_check_graph(QdCheck *c);

/* check_heap.c: what the table has is in the index, with its code. */
extern void qd_check_heap(QdCheck *c);

#endif							/* QD_HNSW_CHECK_H */
