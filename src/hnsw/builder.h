/*
 * builder.h
 *		The graph in memory, shared by builder.c (makes it) and
 *		builder_write.c (writes it to pages).
 *
 * A node is a vertex of one level: rows are nodes 0 .. n-1 of level 0, above
 * them stand the upper nodes, those of a row side by side.  Links name rows on
 * every level; each keeps its distance, so that pruning computes only
 * distances between neighbours.
 */
#ifndef QD_HNSW_BUILDER_H
#define QD_HNSW_BUILDER_H

#include "hnsw/hnsw.h"

typedef struct QdBuilderRow
{
	qd_code_head head;
	uint32		zero;			/* codes are aligned to 16 */
	int8		code[FLEXIBLE_ARRAY_MEMBER];
} QdBuilderRow;

struct QdGraphBuilder
{
	MemoryContext context;
	QdHnswLayout layout;
	const qd_codec *codec;

	/* rows */
	uint32		n;
	Size		room;
	Size		stride;			/* bytes from row to row */
	char	   *codes;			/* QdBuilderRow each: one miss, not two */
	ItemPointerData *tids;

	/* nodes, once linking begins */
	uint32		nodes;
	uint8	   *levels;			/* of a row */
	uint32	   *uppers;			/* node of a row on level 1 */
	uint32	   *links;			/* m0 of each node, nearest first */
	float	   *link_distances;
	uint16	   *degrees;
	uint32		entry;			/* row, or QD_NO_VID */

	/* scratch of linking */
	uint32	   *seen;			/* of a row: the last search that met it */
	uint32		search;
	QdCandidate *pool;			/* nearest first */
	int			pool_n;
	int			pool_size;
	float	   *x;				/* L1: the new row, decoded */
};

static inline uint32
qd_builder_node(const QdGraphBuilder *b, uint32 row, int level)
{
	return level == 0 ? row : b->uppers[row] + level - 1;
}

static inline QdBuilderRow *
qd_builder_row(const QdGraphBuilder *b, uint32 row)
{
	return (QdBuilderRow *) (b->codes + row * b->stride);
}

static inline int8 *
qd_builder_code(const QdGraphBuilder *b, uint32 row)
{
	return qd_builder_row(b, row)->code;
}

static inline qd_code_head *
qd_builder_head(const QdGraphBuilder *b, uint32 row)
{
	return &qd_builder_row(b, row)->head;
}

static inline uint32 *
qd_builder_links(const QdGraphBuilder *b, uint32 node)
{
	return b->links + (Size) node * b->layout.m0;
}

#endif							/* QD_HNSW_BUILDER_H */
