/*
 * builder.h
 *		The graph in memory, shared by builder.c (makes it), builder_load.c
 *		(reads it from pages) and builder_write.c, bulk.c (write it to pages).
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

	/*
	 * A graph that pages hold already (builder_load.c): the first rows, whose
	 * levels are known, and whose links load() fills in once there are nodes.
	 */
	uint32		linked;
	const uint8 *known_levels;
	void		(*load) (QdGraphBuilder *b, void *arg);
	void	   *load_arg;
	bool	   *changed;		/* of a node: its links, since then; or NULL */

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

/* Links back what a linked row links to, where it is not done yet. */
extern void qd_builder_complete(QdGraphBuilder *b, uint32 row);

/* Distance of two rows, in the order units of the builder's links. */
extern float qd_builder_distance(const QdGraphBuilder *b, uint32 i, uint32 j);

/*
 * builder_write.c: from nodes to blocks.  vids and gens are those of a node;
 * NULL: first + node, and generation 1.
 */
typedef struct QdBuilderWriter
{
	const QdGraphBuilder *b;
	Relation	index;
	uint32		first;			/* vid of node 0, first of a stripe */
	const uint32 *vids;
	const uint16 *gens;
	uint32	   *owners;			/* row of an upper node */
	QdNavWriter *nav;
} QdBuilderWriter;

/* For a builder that has been linked; in the current context. */
extern void qd_builder_writer_init(QdBuilderWriter *w, const QdGraphBuilder *b,
								   Relation index);

/* Fills the block of a node, or its entry, as a live vertex. */
extern void qd_builder_fill_vertex(const QdBuilderWriter *w, uint32 node,
								   QdVertexHead *v);
extern void qd_builder_fill_entry(const QdBuilderWriter *w, uint32 node,
								  QdDirEntry *entry);

/*
 * builder_load.c: the live vertices of an index, as the first rows of a
 * builder to which nothing was added yet; merge lock held.
 */
typedef struct QdGraphLoad
{
	Relation	index;
	QdHnswMeta	meta;
	QdGraphBuilder *b;
	QdDirEntry *dir;			/* next_vid entries */
	uint32	   *rows;			/* of a vid, upper ones too; or QD_NO_VID */
	uint32	   *base_vids;		/* of a row */
	uint8	   *levels;			/* of a row */
	uint32	   *vids;			/* of a node, once linking began */
	uint16	   *gens;
	uint32	   *incomplete;		/* rows that may lack links back */
	uint32		n_incomplete;
} QdGraphLoad;

/* Allocates in the current context. */
extern void qd_graph_load(QdGraphLoad *d, Relation index,
						  const QdHnswMeta *meta, QdGraphBuilder *b);

#endif							/* QD_HNSW_BUILDER_H */
