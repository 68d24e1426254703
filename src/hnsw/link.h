/*
 * link.h
 *		Puts one row into the graph on pages: for merge.c.
 */
#ifndef QD_HNSW_LINK_H
#define QD_HNSW_LINK_H

#include "hnsw/fresh.h"
#include "hnsw/hnsw.h"

typedef struct QdLevelLinks
{
	int			n;
	uint32		vids[QD_MAX_LINKS];
	uint16		places[QD_MAX_LINKS];	/* of their codes, when chosen */
} QdLevelLinks;

/* Of one merge; the merge lock is held as long as it is used. */
typedef struct QdLinker
{
	Relation	index;
	qd_codec   *codec;
	QdHnswMeta	meta;			/* but for the fresh region it stays right */

	/* of the row being linked */
	const QdFreshRow *row;
	int			level;
	bool		look_for_copy;
	uint32		copy_of;		/* vertex with the row's code, or QD_NO_VID */
	QdLevelLinks links[QD_MAX_LEVEL + 1];

	/* codes of candidates, by place */
	qd_code_head *heads;
	int8	   *codes;
	int			places;
	uint32	   *place_vids;
	PGAlignedBlock block;		/* copy of one vertex */

	/* inlined: codes of neighbours, and the vertex that is linked back to */
	QdNavWriter *nav;
	qd_code_head self_head;
	int8	   *self_code;
	uint32		self_vid;		/* not to be linked to itself, or QD_NO_VID */
} QdLinker;

/* Reads META; allocates in the current context. */
extern void qd_linker_init(QdLinker *k, Relation index);

/*
 * Adds a vertex for the row, linked both ways, or the row to the vertex that
 * has its code already; leaks into the current context.
 */
extern void qd_linker_add(QdLinker *k, const QdFreshRow *row);

/* The row's vertex is there; what a crash kept from it are links back. */
extern void qd_linker_complete(QdLinker *k, uint32 vid);

/*
 * Links a vertex anew, both ways, as if its row came now; it keeps what links it
 * has as far as there is room.  Leaks into the current context.
 */
extern void qd_linker_relink(QdLinker *k, uint32 vid, int level);

/*----------
 * For reach.c
 *----------
 */

/*
 * Copies a vertex; NULL when it is not there, or of another level.  The copy is
 * good until the next call of a function of the linker.
 */
extern QdVertexHead *qd_linker_copy_vertex(QdLinker *k, uint32 vid, int level);

/* The state of the vertex's row: an upper vertex has its base's. */
extern QdVertexState qd_linker_row_state(QdLinker *k, uint32 vid);

/* The code of the vertex that others will link to. */
extern void qd_linker_set_self(QdLinker *k, const qd_code_head *head,
							   const int8 *code);

/*
 * Adds the link, or writes pruned links chosen when the vertex was as in
 * k->block; false when it is full, or changed since: k->block is its copy.
 */
extern bool qd_linker_try_link(QdLinker *k, uint32 owner, uint32 vid, int level,
							   const QdLevelLinks *pruned);

#endif							/* QD_HNSW_LINK_H */
