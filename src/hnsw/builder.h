/*
 * builder.h
 *		The graph in memory, shared by builder.c (its memory), builder_link.c
 *		(links one row), builder_order.c (in which order, and by how many),
 *		builder_load.c (reads it from pages) and builder_write.c, bulk.c (write
 *		it to pages).
 *
 * A node is a vertex of one level: rows are nodes 0 .. n-1 of level 0, above
 * them stand the upper nodes, those of a row side by side.  Links name rows on
 * every level; each keeps its distance, so that pruning computes only
 * distances between neighbours.
 *
 * Several processes may link at once.  Whoever changes the list of a node
 * computes the new one first and stores it only if the node's state is still
 * what it was: the lock in the state is held for copying a list, no longer.
 * Searches read lists without looking at locks: an entry is always the number
 * of a row, and a link is a hint.
 */
#ifndef QD_HNSW_BUILDER_H
#define QD_HNSW_BUILDER_H

#include "port/atomics.h"
#include "storage/barrier.h"

#include "hnsw/hnsw.h"

typedef struct QdBuilderRow
{
	qd_code_head head;
	uint32		zero;			/* codes are aligned to 16 */
	int8		code[FLEXIBLE_ARRAY_MEMBER];
} QdBuilderRow;

/* A node's state: degree, lock, and how often its list has changed. */
#define QD_NODE_DEGREE		0x000000ffu
#define QD_NODE_LOCKED		0x00000100u
#define QD_NODE_CHANGE		0x00000200u

/* Parts of linking, between which the processes wait for each other. */
typedef enum QdBuilderPart
{
	QD_PART_SKELETON,			/* link the rows of the upper levels */
	QD_PART_DESCEND,			/* find where the others' searches begin */
	QD_PART_SORT,				/* one process: neighbours side by side */
	QD_PART_LINK,				/* link the others */
	QD_PART_WRITE,				/* write pages, if there is an index to write to */
	QD_BUILDER_PARTS
} QdBuilderPart;

/* What the processes share beside the arrays. */
typedef struct QdBuilderShared
{
	QdHnswLayout layout;
	uint32		room;			/* rows that the arrays were placed for */
	uint32		n;				/* rows */
	uint32		nodes;
	uint32		linked;			/* rows that were linked before */
	uint32		skeleton;		/* end of the rows of upper levels after them */
	uint32		entry;			/* row, or QD_NO_VID */
	uint32		first_vid;		/* of node 0: qd_builder_reserve */
	bool		parallel;
	pg_atomic_uint32 next[QD_BUILDER_PARTS];	/* row that nobody claimed */
	Barrier		barrier;
} QdBuilderShared;

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
	uint8	   *levels;

	/* nodes, once linking begins */
	QdBuilderShared *shared;
	uint32		nodes;
	uint32	   *uppers;			/* of a row of the upper levels: its node on
								 * level 1; of others: where to search from */
	uint32	   *links;			/* m0 of each node, nearest first */
	float	   *link_distances;
	pg_atomic_uint32 *states;	/* QD_NODE_... */
	uint32		entry;			/* row, or QD_NO_VID; while rows are linked the
								 * one in shared counts */

	/*
	 * A graph that pages hold already (builder_load.c): the first rows, whose
	 * levels are known, and whose links load() fills in once there are nodes.
	 */
	uint32		linked;
	const uint8 *known_levels;
	void		(*load) (QdGraphBuilder *b, void *arg);
	void	   *load_arg;
	bool	   *changed;		/* of a node: its links, since then; or NULL */
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

static inline float *
qd_builder_distances(const QdGraphBuilder *b, uint32 node)
{
	return b->link_distances + (Size) node * b->layout.m0;
}

static inline int
qd_builder_degree(const QdGraphBuilder *b, uint32 node)
{
	return pg_atomic_read_u32(&b->states[node]) & QD_NODE_DEGREE;
}

static inline void
qd_builder_set_degree(QdGraphBuilder *b, uint32 node, int degree)
{
	pg_atomic_write_u32(&b->states[node], degree);
}

/*----------
 * builder.c
 *----------
 */

/* Huge memory in the current context, of huge pages if there are any. */
extern void *qd_builder_allocate(Size size);

/*
 * Where the arrays of rows and of nodes are in memory that begins at base;
 * returns its size (base may be NULL to learn that).  Sets only pointers.
 */
extern Size qd_builder_place_rows(QdGraphBuilder *b, char *base, uint32 n);
extern Size qd_builder_place_nodes(QdGraphBuilder *b, char *base, uint32 n,
								   uint32 nodes);

/*
 * A builder in memory of the caller's, of the size that n rows take, the most
 * that are to be added.  When it is shared, other processes may attach to it
 * once nodes are there.
 */
extern Size qd_builder_shared_size(const QdHnswLayout *layout, uint32 n);
extern QdGraphBuilder *qd_builder_create_shared(const QdHnswLayout *layout,
												const qd_codec *codec,
												uint32 n, void *memory,
												bool parallel);
extern QdGraphBuilder *qd_builder_attach(void *memory, const qd_codec *codec);

/*
 * Once all rows are there: nodes, in private memory unless it is shared, without links but those
 * that load() fills in.  The rows that are not linked yet change places.
 */
extern void qd_builder_begin(QdGraphBuilder *b);

/*----------
 * builder_link.c
 *----------
 */

/* What a process needs to link rows; in the current context. */
typedef struct QdRowLinker QdRowLinker;
extern QdRowLinker *qd_row_linker_create(QdGraphBuilder *b);

/* Finds where the search for a row of level 0 begins. */
extern void qd_row_linker_descend(QdRowLinker *l, uint32 row);

/*
 * Links a row on all its levels; one of level 0 after qd_row_linker_descend.  The
 * entry's level is not lower.
 */
extern void qd_row_linker_link(QdRowLinker *l, uint32 row);

/* Links back what a linked row links to, where it is not done yet. */
extern void qd_builder_complete(QdGraphBuilder *b, uint32 row);

/* Distance of two rows, in the order units of the builder's links. */
extern float qd_builder_distance(const QdGraphBuilder *b, uint32 i, uint32 j);

/*----------
 * builder_order.c
 *----------
 */

/*
 * Moves the rows of upper levels to the front of those from first on, the
 * highest first of all, and returns where they end; for qd_builder_begin.
 */
extern uint32 qd_builder_skeleton_first(QdGraphBuilder *b, uint32 first);

/* Links the first row, the only one that may become the entry. */
extern void qd_builder_start(QdGraphBuilder *b);

/*
 * Links all rows that load() brought, but without links, to the entry that it
 * chose; they keep their places.  Instead of the two functions around this one.
 */
extern void qd_builder_relink(QdGraphBuilder *b, void (*progress) (uint32 done));

/* How the work goes, in rows; each may be NULL. */
typedef struct QdBuilderWatch
{
	void		(*enter) (QdBuilderPart part, uint32 total);
	void		(*progress) (uint32 done);
} QdBuilderWatch;

/*
 * Takes part in linking the others, and in writing pages when index is not
 * NULL; returns when nothing is left to begin.  With shared->parallel other
 * processes take part at the same time.
 */
extern void qd_builder_take_part(QdGraphBuilder *b, Relation index,
								 const QdBuilderWatch *watch);

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
	qd_codec	codec;			/* the builder's, with a codebook */
	QdNavWriter *nav;
} QdBuilderWriter;

/* For a builder that has been linked; in the current context. */
extern void qd_builder_writer_init(QdBuilderWriter *w, const QdGraphBuilder *b,
								   Relation index);

/*
 * Room for all nodes, before any is written; whole stripes, by anybody, in any
 * order; and the graph's first sight for others, when all are written.
 */
extern void qd_builder_reserve(QdGraphBuilder *b, Relation index);
extern void qd_builder_write_stripe(const QdBuilderWriter *w, uint32 node);
extern void qd_builder_publish(const QdGraphBuilder *b, Relation index);

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
	bool		without_links;	/* all are to be linked anew */
} QdGraphLoad;

/* Allocates in the current context. */
extern void qd_graph_load(QdGraphLoad *d, Relation index,
						  const QdHnswMeta *meta, QdGraphBuilder *b);

#endif							/* QD_HNSW_BUILDER_H */
