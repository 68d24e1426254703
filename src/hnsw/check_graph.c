/*
 * check_graph.c
 *		Blocks of vertices against the directory, links, rings, and how much of
 *		the graph a search can reach.
 */
#include "postgres.h"
#include "compat.h"

#include "miscadmin.h"
#include "utils/rel.h"

#include "hnsw/check.h"
#include "hnsw/overflow.h"
#include "hnsw/tid_set.h"

/* Unreachable live vertices: above this share they are a problem. */
#define MOST_UNREACHABLE	0.01

typedef struct GraphCheck
{
	QdCheck    *c;
	uint32	   *ring;			/* of a vid */
	uint8	   *in_ring;		/* bits: upper vertices that a ring passes */
	uint8	   *reached;		/* bits */
	uint32	   *queue;
	uint32		n_queue;
	QdNavWriter *nav;
	PGAlignedBlock neighbour;	/* copy of one vertex */
} GraphCheck;

static inline bool
has_bit(const uint8 *bits, uint32 vid)
{
	return (bits[vid / 8] >> vid % 8) & 1;
}

static inline void
set_bit(uint8 *bits, uint32 vid)
{
	bits[vid / 8] |= 1 << vid % 8;
}

static const QdDirEntry *
entry_of(const GraphCheck *g, uint32 vid)
{
	return vid < g->c->meta.next_vid ? &g->c->dir[vid] : NULL;
}

/*
 * A vertex without a row, or the upper one of such: its links may lead to
 * what has been freed.
 */
static bool
is_dead(const GraphCheck *g, const QdDirEntry *e)
{
	if (e->state == QD_VERTEX_UPPER)
		e = entry_of(g, e->link);
	return e == NULL || e->state != QD_VERTEX_LIVE;
}

/*----------
 * Blocks
 *----------
 */
/* Of a live neighbour; others need no code that is right. */
static bool
nav_code_agrees(GraphCheck *g, QdVertexHead *v, int i)
{
	const QdHnswLayout *l = &g->c->layout;
	uint32		vid = QdVertexIds(l, v)[i];
	QdVertexHead *n = (QdVertexHead *) g->neighbour.data;
	Size		offset = 0;
	BlockNumber block = qd_hnsw_vertex_block(g->c->index, vid, &offset);
	Buffer		buffer;

	if (!QdLayoutInlined(l) || is_dead(g, entry_of(g, vid)) ||
		block >= g->c->blocks)
		return true;
	buffer = ReadBuffer(g->c->index, block);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	memcpy(n, QdPageVertex(BufferGetPage(buffer), offset),
		   sizeof(QdVertexHead) + l->own_dims);
	UnlockReleaseBuffer(buffer);
	/* another vertex there is reported where it stands */
	return n->vid != vid ||
		qd_hnsw_nav_agrees(g->nav, v, i, &n->code, QdVertexCode(n));
}

static void
check_links(GraphCheck *g, BlockNumber block, QdVertexHead *v)
{
	const uint32 *ids = QdVertexIds(&g->c->layout, v);

	for (int i = 0; i < v->degree; i++)
	{
		const QdDirEntry *target = entry_of(g, ids[i]);

		if (ids[i] == v->vid)
			qd_check_report(g->c, block, v->vid, "the vertex links to itself");
		else if (target == NULL || !qd_check_is_vertex(target))
			qd_check_report(g->c, block, v->vid, "a link leads to no vertex (%u)",
							ids[i]);
		else if (target->level != v->level)
			qd_check_report(g->c, block, v->vid,
							"a link leads from level %u to level %u (%u)",
							v->level, target->level, ids[i]);
		else if (!nav_code_agrees(g, v, i))
			qd_check_report(g->c, block, v->vid,
							"the code of neighbour %u is not that of its vector",
							ids[i]);
		for (int j = 0; j < i; j++)
			if (ids[j] == ids[i])
				qd_check_report(g->c, block, v->vid,
								"the vertex links to %u twice", ids[i]);
	}
}

/* All rows of the vertex, with its code. */
static void
check_rows(GraphCheck *g, const QdIndexedRow *where, const QdDirEntry *e,
		   QdVertexHead *v)
{
	ItemPointerData tids[QD_OVERFLOW_MOST];
	int			n = 0;

	if (e->link != QD_NO_VID)
		n = qd_overflow_read(g->c->index, where->item, e, tids, NULL);
	/* VACUUM may have been interrupted after the last of a chain */
	if (ItemPointerIsValid(&e->tid) || e->link == QD_NO_VID)
		qd_check_row(g->c, where, &e->tid, &v->code, QdVertexStored(v));
	for (int i = 0; i < n; i++)
		qd_check_row(g->c, where, &tids[i], &v->code, QdVertexStored(v));
}

static void
check_block(GraphCheck *g, BlockNumber block, uint32 vid, QdVertexHead *v)
{
	QdCheck    *c = g->c;
	const QdDirEntry *e = &c->dir[vid];
	QdIndexedRow where = {.block = block,.item = vid,.in_graph = true};

	if (!qd_check_is_vertex(e))
		return;
	if (v->vid != vid)
		qd_check_report(c, block, vid, "the block is that of vertex %u", v->vid);
	else if (v->gen != e->gen || v->level != e->level)
		qd_check_report(c, block, vid,
						"generation %u, level %u, but the directory says %u, %u",
						v->gen, v->level, e->gen, e->level);
	else if (v->degree > c->layout.m0)
		qd_check_report(c, block, vid, "the vertex has %u links", v->degree);
	else
	{
		g->ring[vid] = v->ring;
		if (!is_dead(g, e))
			check_links(g, block, v);
	}
	if (e->state == QD_VERTEX_LIVE)
		check_rows(g, &where, e, v);
}

static bool
page_is_used(const GraphCheck *g, uint32 first, uint32 end)
{
	for (uint32 vid = first; vid < end; vid++)
		if (qd_check_is_vertex(&g->c->dir[vid]))
			return true;
	return false;
}

static void
check_blocks(GraphCheck *g)
{
	QdCheck    *c = g->c;
	const QdHnswLayout *l = &c->layout;
	uint32		end;

	for (uint32 first = 0; first < c->meta.next_vid; first = end)
	{
		Size		offset = 0;
		BlockNumber block = qd_hnsw_vertex_block(c->index, first, &offset);

		end = first + Min(l->npp, QD_DIR_PER_PAGE - first % QD_DIR_PER_PAGE);
		end = Min(end, c->meta.next_vid);
		if (block == InvalidBlockNumber || !page_is_used(g, first, end) ||
			!qd_check_page(c, block, QD_PAGE_VERTEX, QdVertexOrdinal(l, first)))
			continue;
		for (uint32 vid = first; vid < end; vid++)
			check_block(g, block, vid,
						QdPageVertex(c->page.data,
									 offset + (vid - first) * l->block_bytes));
	}
}

/*----------
 * Rings: base, top vertex, one below, ..., base
 *----------
 */
static void
check_ring(GraphCheck *g, uint32 base)
{
	Size		offset;
	BlockNumber block = qd_hnsw_vertex_block(g->c->index, base, &offset);
	uint32		vid = g->ring[base];
	const QdDirEntry *e = entry_of(g, vid);
	int			level;

	if (vid == QD_NO_VID)
		return;
	level = e != NULL ? e->level : 0;
	for (; level > 0; level--)
	{
		e = entry_of(g, vid);
		if (e == NULL || e->state != QD_VERTEX_UPPER || e->level != level ||
			e->link != base)
			break;
		set_bit(g->in_ring, vid);
		vid = g->ring[vid];
	}
	if (level > 0 || vid != base)
		qd_check_report(g->c, block, base, "the ring is not closed");
}

static void
check_rings(GraphCheck *g)
{
	for (uint32 vid = 0; vid < g->c->meta.next_vid; vid++)
	{
		CHECK_FOR_INTERRUPTS();
		if (g->c->dir[vid].state == QD_VERTEX_LIVE)
			check_ring(g, vid);
	}
	for (uint32 vid = 0; vid < g->c->meta.next_vid; vid++)
	{
		const QdDirEntry *e = &g->c->dir[vid];
		Size		offset;

		CHECK_FOR_INTERRUPTS();
		if (e->state == QD_VERTEX_UPPER && !is_dead(g, e) &&
			!has_bit(g->in_ring, vid))
			qd_check_report(g->c, qd_hnsw_vertex_block(g->c->index, vid, &offset),
							vid, "the upper vertex is in no ring");
	}
}

/*----------
 * Reachability, by links and rings from the entry
 *----------
 */
static void
reach(GraphCheck *g, uint32 vid)
{
	if (vid >= g->c->meta.next_vid || has_bit(g->reached, vid) ||
		!qd_check_is_vertex(&g->c->dir[vid]))
		return;
	set_bit(g->reached, vid);
	g->queue[g->n_queue++] = vid;
}

static void
follow(GraphCheck *g, uint32 vid)
{
	const QdHnswLayout *l = &g->c->layout;
	Size		offset = 0;
	BlockNumber block = qd_hnsw_vertex_block(g->c->index, vid, &offset);
	uint32		ids[QD_MAX_LINKS];
	int			n = 0;
	Buffer		buffer;
	QdVertexHead *v;

	CHECK_FOR_INTERRUPTS();
	if (block >= g->c->blocks)
		return;
	buffer = ReadBuffer(g->c->index, block);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	v = QdPageVertex(BufferGetPage(buffer), offset);
	if (v->vid == vid)
	{
		n = Min(v->degree, l->m0);
		memcpy(ids, QdVertexIds(l, v), n * sizeof(uint32));
	}
	UnlockReleaseBuffer(buffer);
	for (int i = 0; i < n; i++)
		reach(g, ids[i]);
	reach(g, g->ring[vid]);
}

static int
compare_codes(const void *a, const void *b)
{
	uint64		x = *(const uint64 *) a;
	uint64		y = *(const uint64 *) b;

	return x < y ? -1 : x > y;
}

/* TIDs as keys, of the rows that the fresh region has. */
static void
fresh_tids(const QdCheck *c, QdTidSet *set)
{
	qd_tid_set_init(set);
	for (Size i = 0; i < c->n_rows; i++)
		if (!c->rows[i].in_graph)
			qd_tid_set_add_key(set, c->rows[i].tid);
}

/*
 * Live vertices that were not reached, but for copies of those that were: a
 * vertex has not room for links to all copies.  And but for those whose rows
 * the fresh region still has: the next merge links to them, after a crash.
 */
static uint32
count_lost(const GraphCheck *g)
{
	const QdCheck *c = g->c;
	QdTidSet	fresh;
	uint64	   *codes = palloc_extended((c->n_rows + 1) * sizeof(uint64),
										MCXT_ALLOC_HUGE);
	Size		n = 0;
	uint32		lost = 0;

	fresh_tids(c, &fresh);
	for (Size i = 0; i < c->n_rows; i++)
		if (c->rows[i].in_graph && has_bit(g->reached, c->rows[i].item))
			codes[n++] = c->rows[i].code;
	CHECK_FOR_INTERRUPTS();
	qsort(codes, n, sizeof(uint64), compare_codes);
	for (Size i = 0; i < c->n_rows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (c->rows[i].in_graph && !has_bit(g->reached, c->rows[i].item) &&
			!qd_tid_set_has_key(&fresh, c->rows[i].tid) &&
			bsearch(&c->rows[i].code, codes, n, sizeof(uint64),
					compare_codes) == NULL)
			lost++;
	}
	pfree(fresh.keys);
	pfree(codes);
	return lost;
}

static void
check_reachability(GraphCheck *g)
{
	QdCheck    *c = g->c;
	uint32		lost;

	reach(g, c->meta.entry_vid);
	while (g->n_queue > 0)
		follow(g, g->queue[--g->n_queue]);
	lost = count_lost(g);
	/* by inner product nothing is near a short vector: nobody links there */
	if (lost > 1 && lost > MOST_UNREACHABLE * c->meta.live &&
		c->layout.metric != QD_METRIC_IP)
		qd_check_report(c, QD_META_BLOCK, -1,
						"%u of " UINT64_FORMAT " vertices cannot be reached",
						lost, c->meta.live);
	else if (lost > 0)
		ereport(NOTICE,
				(errmsg("index \"%s\": %u of " UINT64_FORMAT " vertices cannot be reached",
						RelationGetRelationName(c->index), lost, c->meta.live)));
}

static void *
allocate(Size n, Size size)
{
	return palloc_extended((n + 1) * size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

void
qd_check_graph(QdCheck *c)
{
	uint32		n = c->meta.next_vid;
	GraphCheck	g = {.c = c};

	g.nav = qd_hnsw_nav_writer(&c->layout, qd_hnsw_codec_copy(c->index));
	g.ring = allocate(n, sizeof(uint32));
	memset(g.ring, 0xff, n * sizeof(uint32));
	g.in_ring = allocate(n / 8, 1);
	g.reached = allocate(n / 8, 1);
	g.queue = allocate(n, sizeof(uint32));
	check_blocks(&g);
	check_rings(&g);
	check_reachability(&g);
	pfree(g.ring);
	pfree(g.in_ring);
	pfree(g.reached);
	pfree(g.queue);
}
