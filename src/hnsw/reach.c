/*
 * reach.c
 *		Vertices that no way leads to get one.
 *
 * A search begins at one vertex of a level.  What no links lead to from there
 * it never finds: vertices that lost their last link to pruning, or clusters
 * that lost all others when those in between died.  Here all links are
 * followed, in sweeps over the vertex pages in block order, as long as one
 * finds something to follow: a few sweeps, since graphs of this kind have short
 * ways.  A vertex that was not reached is linked from the nearest that was
 * (make_way), and then it is followed, too: of a lost cluster one is enough.
 *
 * By inner product nothing is near a short vector, so nobody links there, nor
 * does any search look there: left alone.
 */
#include "postgres.h"
#include "compat.h"

#include "commands/vacuum.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "hnsw/link.h"
#include "hnsw/reach.h"
#include "hnsw/worker.h"

/*
 * A full vertex that gets another link loses one to where others lead, too;
 * seldom those lead there from behind it.  Then that is what the next round finds.
 */
#define MOST_ROUNDS		3

/* Which vertices a search can reach, and by how many links of those. */
typedef struct ReachedSet
{
	uint8	   *reached;		/* bits, by vid */
	uint8	   *links_to;		/* at most so many are counted */
} ReachedSet;

typedef struct Reach
{
	Relation	index;
	QdLinker	linker;
	ReachedSet set;
	uint8	   *pending;		/* bits: reached, not followed yet */
	uint32		n_pending;
	uint32		lowest;			/* none below it is pending */
	uint32		starts[QD_MAX_LEVEL + 1];	/* of a level, where ways begin */
	MemoryContext vertex_context;
} Reach;

static inline bool
has_bit(const uint8 *bits, uint32 vid)
{
	return (bits[vid / 8] >> vid % 8) & 1;
}

static void
reach(Reach *r, uint32 vid)
{
	if (vid >= r->linker.meta.next_vid)
		return;
	if (r->set.links_to[vid] < PG_UINT8_MAX)
		r->set.links_to[vid]++;
	if (has_bit(r->set.reached, vid))
		return;
	r->set.reached[vid / 8] |= 1 << vid % 8;
	r->pending[vid / 8] |= 1 << vid % 8;
	r->n_pending++;
	r->lowest = Min(r->lowest, vid);
}

/* Follows those of the page's vertices that wait for it. */
static void
follow_page(Reach *r, uint32 first, uint32 end)
{
	const QdHnswLayout *l = &r->linker.meta.layout;
	Size		offset = 0;
	BlockNumber block = qd_hnsw_vertex_block(r->index, first, &offset);
	Buffer		buffer = qd_hnsw_read(r->index, block, BUFFER_LOCK_SHARE,
									  QD_PAGE_VERTEX);

	for (uint32 vid = first; vid < end; vid++, offset += l->block_bytes)
	{
		QdVertexHead *v = QdPageVertex(BufferGetPage(buffer), offset);

		if (!has_bit(r->pending, vid))
			continue;
		r->pending[vid / 8] &= ~(1 << vid % 8);
		r->n_pending--;
		if (v->vid != vid || v->gen == 0 || v->degree > l->m0)
			continue;
		for (int i = 0; i < v->degree; i++)
			reach(r, QdVertexIds(l, v)[i]);
	}
	UnlockReleaseBuffer(buffer);
}

/* The vids of first's page end here. */
static uint32
page_end(const Reach *r, uint32 first)
{
	const QdHnswLayout *l = &r->linker.meta.layout;
	uint32		n = first % QD_DIR_PER_PAGE;
	uint32		end = first + Min(l->npp - n % l->npp, QD_DIR_PER_PAGE - n);

	return Min(end, r->linker.meta.next_vid);
}

static void
sweep(Reach *r)
{
	uint32		next_vid = r->linker.meta.next_vid;
	uint32		first = r->lowest;
	uint32		end;

	r->lowest = next_vid;
	for (uint32 vid = first; vid < next_vid && r->n_pending > 0; vid = end)
	{
		end = vid + 1;
		if (vid % 64 == 0 && ((uint64 *) r->pending)[vid / 64] == 0)
		{
			end = Min((uint64) vid + 64, next_vid);
			continue;
		}
		if (!has_bit(r->pending, vid))
			continue;
		qd_vacuum_delay_point();
		qd_hnsw_worker_yield();
		end = page_end(r, vid);
		/* the page's vertices from vid on */
		follow_page(r, vid, end);
	}
}

static void
follow_all(Reach *r)
{
	while (r->n_pending > 0)
		sweep(r);
}

/*----------
 * Where ways begin: the ring of the entry
 *----------
 */
static bool
begin_at_entry(Reach *r)
{
	const QdHnswMeta *meta = &r->linker.meta;
	uint32		vid = meta->entry_vid;

	for (int level = meta->entry_level; level >= 0; level--)
	{
		QdVertexHead *v = qd_linker_copy_vertex(&r->linker, vid, level);

		if (v == NULL)
			return false;
		r->starts[level] = vid;
		reach(r, vid);
		vid = v->ring;
	}
	return true;
}

/*----------
 * A way to a vertex
 *----------
 */
/* Takes a link out of the middle, in the copy of its page. */
static void
drop_link(const QdHnswLayout *l, QdVertexHead *v, int i)
{
	int			behind = v->degree - i - 1;
	uint32	   *ids = QdVertexIds(l, v);

	memmove(ids + i, ids + i + 1, behind * sizeof(uint32));
	if (QdLayoutInlined(l))
	{
		Size		bytes = QdLayoutNav(l).bytes;
		uint8	   *codes = QdVertexNavCodes(l, v) + i * bytes;
		qd_nav_packed *factors = QdVertexFactors(l, v) + i;

		memmove(codes, codes + bytes, behind * bytes);
		memmove(factors, factors + 1, behind * sizeof(qd_nav_packed));
	}
	v->degree--;
}

/*
 * The last link of a full vertex (in k->block) whose end others lead to as well,
 * or -1: those at the end are the farthest, or the newest.
 */
static int
spare_link(QdLinker *k, const ReachedSet *set)
{
	const QdHnswLayout *l = &k->meta.layout;
	QdVertexHead *v = (QdVertexHead *) k->block.data;

	for (int i = v->degree - 1; i >= 0; i--)
	{
		uint32		vid = QdVertexIds(l, v)[i];

		if (vid >= k->meta.next_vid || set->links_to[vid] > 1)
			return i;
	}
	return -1;
}

/* A link to k->self_code's vertex, instead of one to spare. */
static bool
swap_link(QdLinker *k, uint32 owner, uint32 vid, ReachedSet *set)
{
	const QdHnswLayout *l = &k->meta.layout;
	int			spare = spare_link(k, set);
	Size		offset = 0;
	BlockNumber block = qd_hnsw_vertex_block(k->index, owner, &offset);
	Buffer		buffer;
	QdVertexHead *v;
	uint32		lost;

	if (spare < 0)
		return false;
	buffer = qd_hnsw_read(k->index, block, BUFFER_LOCK_EXCLUSIVE,
						  QD_PAGE_VERTEX);
	v = QdPageVertex(BufferGetPage(buffer), offset);
	if (v->vid == owner && v->degree == l->m0)
	{
		GenericXLogState *state = GenericXLogStart(k->index);

		v = QdPageVertex(GenericXLogRegisterBuffer(state, buffer, 0), offset);
		lost = QdVertexIds(l, v)[spare];
		if (lost < k->meta.next_vid)
			set->links_to[lost]--;
		drop_link(l, v, spare);
		QdVertexIds(l, v)[v->degree] = vid;
		qd_hnsw_nav_append(k->nav, v, v->degree, &k->self_head, k->self_code);
		v->degree++;
		v->changes++;
		GenericXLogFinish(state);
	}
	UnlockReleaseBuffer(buffer);
	return true;
}

/* The reached among the nearest, which live. */
static int
find_reached(QdLinker *k, uint32 vid, uint32 start, const qd_query *query,
			 const ReachedSet *set, QdCandidate *found)
{
	QdPageStore store;
	QdGraphSearch *s;
	QdCandidate entry = {.vid = start};
	int			all;
	int			n = 0;

	qd_hnsw_page_store_init(&store, k->index, query, k->meta.next_vid);
	store.graph.score(store.graph.arg, &entry.vid, 1, &entry.distance);
	s = qd_graph_search_begin(&store.graph, 0);
	qd_graph_search_enter(s, entry);
	qd_graph_search_run(s, k->meta.layout.ef_construction);
	all = qd_graph_search_best(s, found, k->meta.layout.ef_construction);
	for (int i = 0; i < all; i++)
		if (found[i].vid != vid && found[i].vid < k->meta.next_vid &&
			has_bit(set->reached, found[i].vid) &&
			qd_linker_row_state(k, found[i].vid) == QD_VERTEX_LIVE)
			found[n++] = found[i];
	return n;
}

/* The nearest one with room links to vid; when there is none, the nearest. */
static bool
link_from(QdLinker *k, const QdCandidate *found, int n, uint32 vid, int level,
		  ReachedSet *set, uint32 *from)
{
	for (int full = 0; full < 2; full++)
		for (int i = 0; i < n; i++)
		{
			*from = found[i].vid;
			if (qd_linker_try_link(k, *from, vid, level, NULL) ||
				(full && swap_link(k, *from, vid, set)))
				return true;
		}
	return false;
}

/*
 * Makes a vertex near vid, one that a search from start on reaches, link to it,
 * and vid to that one unless it links to any that is reached.  False when it is
 * dead, or nobody could.  Leaks into the current context.
 */
static bool
make_way(QdLinker *k, uint32 vid, int level, uint32 start, ReachedSet *set)
{
	const QdHnswLayout *l = &k->meta.layout;
	QdVertexHead *v = qd_linker_copy_vertex(k, vid, level);
	int8	   *code = palloc(l->own_dims);
	QdCandidate *found = palloc(l->ef_construction * sizeof(QdCandidate));
	qd_code_head head;
	qd_query	query;
	uint32		from;
	bool		leads_out = false;
	int			n;

	if (v == NULL || qd_linker_row_state(k, vid) != QD_VERTEX_LIVE)
		return false;
	for (int i = 0; i < v->degree; i++)
	{
		uint32		to = QdVertexIds(l, v)[i];

		leads_out |= to < k->meta.next_vid && has_bit(set->reached, to);
	}
	head = v->code;
	qd_load_code(k->codec, &v->code, QdVertexStored(v), code);
	qd_query_from_code(&query, k->codec, &head, code,
					   palloc(qd_query_memory(k->codec)));
	n = find_reached(k, vid, start, &query, set, found);
	qd_linker_set_self(k, &head, code);
	if (!link_from(k, found, n, vid, level, set, &from))
		return false;
	if (leads_out)
		return true;
	v = qd_linker_copy_vertex(k, from, level);
	if (v == NULL)
		return true;
	qd_load_code(k->codec, &v->code, QdVertexStored(v), code);
	qd_linker_set_self(k, &v->code, code);
	if (!qd_linker_try_link(k, vid, from, level, NULL))
		swap_link(k, vid, from, set);
	return true;
}

/*----------
 * What was not reached
 *----------
 */

/* Living vertices of the directory page that were not. */
static int
find_lost(Reach *r, uint32 first, QdDirEntry *entries, uint32 *lost)
{
	uint32		n = Min(QD_DIR_PER_PAGE, r->linker.meta.next_vid - first);
	int			n_lost = 0;

	qd_vacuum_delay_point();
	qd_hnsw_worker_yield();
	qd_hnsw_dir_copy(r->index, first, n, entries);
	for (uint32 i = 0; i < n; i++)
		if ((entries[i].state == QD_VERTEX_LIVE ||
			 entries[i].state == QD_VERTEX_UPPER) &&
			!has_bit(r->set.reached, first + i))
			lost[n_lost++] = first + i;
	return n_lost;
}

/* Links to it, if it lives, and follows it. */
static bool
link_lost(Reach *r, uint32 vid, int level)
{
	MemoryContext old;
	bool		linked;

	if (level > r->linker.meta.entry_level)
		return false;
	old = MemoryContextSwitchTo(r->vertex_context);
	linked = make_way(&r->linker, vid, level, r->starts[level], &r->set);
	MemoryContextSwitchTo(old);
	MemoryContextReset(r->vertex_context);
	if (!linked)
		return false;
	reach(r, vid);
	follow_all(r);
	return true;
}

static uint32
link_all_lost(Reach *r)
{
	QdDirEntry	entries[QD_DIR_PER_PAGE];
	uint32		lost[QD_DIR_PER_PAGE];
	uint32		n = 0;

	for (uint64 first = 0; first < r->linker.meta.next_vid; first += QD_DIR_PER_PAGE)
	{
		int			n_lost = find_lost(r, first, entries, lost);

		for (int i = 0; i < n_lost; i++)
		{
			qd_vacuum_delay_point();
			qd_hnsw_worker_yield();
			/* others may have been linked that lead there */
			if (!has_bit(r->set.reached, lost[i]))
				n += link_lost(r, lost[i], entries[lost[i] - first].level);
		}
	}
	return n;
}

static void
forget_all(Reach *r)
{
	uint32		n = r->linker.meta.next_vid;

	memset(r->set.reached, 0, n / 8 + 1);
	memset(r->set.links_to, 0, n);
}

uint32
qd_hnsw_reach(Relation index)
{
	Reach	   *r = palloc0(sizeof(Reach));
	uint32		n;
	uint32		all = 0;

	r->index = index;
	qd_linker_init(&r->linker, index);
	n = r->linker.meta.next_vid;
	if (r->linker.meta.entry_vid == QD_NO_VID ||
		r->linker.meta.entry_level > QD_MAX_LEVEL ||
		r->linker.meta.layout.metric == QD_METRIC_IP)
		return 0;
	r->set.reached = palloc_extended(n / 8 + 1, MCXT_ALLOC_HUGE);
	r->set.links_to = palloc_extended((Size) n + 1, MCXT_ALLOC_HUGE);
	r->pending = palloc_extended((n / 64 + 1) * sizeof(uint64),
								 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	r->vertex_context = AllocSetContextCreate(CurrentMemoryContext,
											  "qdrant_hnsw reach",
											  ALLOCSET_DEFAULT_SIZES);
	for (int round = 0; round < MOST_ROUNDS; round++)
	{
		uint32		linked;

		forget_all(r);
		if (!begin_at_entry(r))
			break;
		follow_all(r);
		linked = link_all_lost(r);
		all += linked;
		if (linked == 0)
			break;
	}
	return all;
}
