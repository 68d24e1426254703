/*
 * merge.c
 *		Moves rows from the fresh region into the graph.
 *
 * A row is published in the graph before its slot is marked dead, so readers,
 * who look at the fresh region first, see it at least once.  For one row:
 *
 *		A	META, DIR, VERTEX: the vertex with its links
 *		U	META, DIR, VERTEX, VERTEX of the base: each upper level
 *		B	VERTEX: each link back
 *		F	FRESH: the slot is dead (for all rows of a page)
 *
 * After a crash in between a row is in both regions.  So a merge first looks
 * its rows up in the directory; what is there already only gets its links
 * back (again) and its slot cleared.
 *
 * Only the holder of the merge lock adds vertices, changes links or frees, so
 * what was read stays true between two locks; generation and change counter
 * are checked all the same.
 */
#include "postgres.h"
#include "compat.h"

#include <math.h>

#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "hnsw/fresh.h"
#include "hnsw/hnsw.h"
#include "hnsw/tid_set.h"

/* Pruned links fill up to this share of the most: better connected. */
#define FILL(most)		((most) * 3 / 4)

#define TRIM_PAGES		16		/* between two moves of the region's start */
#define LINK_ATTEMPTS	3
#define MOST_WIDENING	32		/* of a search among tombstones */

typedef struct KnownRow
{
	uint64		tid;			/* qd_tid_key */
	uint32		vid;
} KnownRow;

typedef struct LevelLinks
{
	int			n;
	uint32		vids[QD_MAX_LINKS];
} LevelLinks;

typedef struct Merge
{
	Relation	index;
	qd_codec   *codec;
	QdHnswMeta	meta;			/* but for the fresh region it stays right */
	MemoryContext row_context;
	KnownRow   *known;
	uint32		n_known;
	uint32		known_room;

	/* of the row being merged */
	const QdFreshSlot *row;
	int			level;
	LevelLinks	links[QD_MAX_LEVEL + 1];

	/* codes of candidates, by place */
	qd_code_head *heads;
	int8	   *codes;
	int			places;
	uint32	   *place_vids;
	PGAlignedBlock block;		/* copy of one vertex */
	PGAlignedBlock page;		/* copy of the fresh page */
} Merge;

bool
qd_hnsw_merge_lock(Relation index, bool wait)
{
	if (!wait)
		return ConditionalLockPage(index, QD_META_BLOCK, ExclusiveLock);
	LockPage(index, QD_META_BLOCK, ExclusiveLock);
	return true;
}

void
qd_hnsw_merge_unlock(Relation index)
{
	UnlockPage(index, QD_META_BLOCK, ExclusiveLock);
}

/*----------
 * The fresh region
 *----------
 */

/* Copies the page of a position to m->page; returns its slots. */
static int
copy_fresh_page(Merge *m, uint32 position)
{
	BlockNumber block = qd_hnsw_fresh_block(m->index, position,
											m->meta.fresh_pages);
	Buffer		buffer = qd_hnsw_read(m->index, block, BUFFER_LOCK_SHARE,
									  QD_PAGE_FRESH);

	memcpy(m->page.data, BufferGetPage(buffer), BLCKSZ);
	UnlockReleaseBuffer(buffer);
	return qd_hnsw_fresh_slots(&m->meta.layout, m->page.data);
}

/* Record F: the first n slots of the page are dead. */
static void
clear_slots(Merge *m, uint32 position, int n)
{
	BlockNumber block = qd_hnsw_fresh_block(m->index, position,
											m->meta.fresh_pages);
	Buffer		buffer = qd_hnsw_read(m->index, block, BUFFER_LOCK_EXCLUSIVE,
									  QD_PAGE_FRESH);
	GenericXLogState *state = GenericXLogStart(m->index);
	Page		page = GenericXLogRegisterBuffer(state, buffer, 0);

	n = Min(n, qd_hnsw_fresh_slots(&m->meta.layout, page));
	for (int i = 0; i < n; i++)
		QdPageFreshSlot(&m->meta.layout, page, i)->flags |= QD_FRESH_DEAD;
	GenericXLogFinish(state);
	UnlockReleaseBuffer(buffer);
}

/*----------
 * Rows that a crash or an error left in both regions
 *----------
 */
static void
add_known(Merge *m, uint64 tid, uint32 vid)
{
	if (m->n_known == m->known_room)
	{
		m->known_room = Max(2 * m->known_room, 64);
		m->known = m->known == NULL ?
			palloc(m->known_room * sizeof(KnownRow)) :
			repalloc_huge(m->known, m->known_room * sizeof(KnownRow));
	}
	m->known[m->n_known].tid = tid;
	m->known[m->n_known++].vid = vid;
}

static int
compare_known(const void *a, const void *b)
{
	uint64		x = ((const KnownRow *) a)->tid;
	uint64		y = ((const KnownRow *) b)->tid;

	return x < y ? -1 : x > y;
}

static void
find_known_in_dir(Merge *m, const QdTidSet *fresh, uint32 first)
{
	QdDirEntry	entries[QD_DIR_PER_PAGE];
	uint32		n = Min(QD_DIR_PER_PAGE, m->meta.next_vid - first);
	Buffer		buffer = qd_hnsw_read(m->index,
									  qd_hnsw_dir_block(m->index, first),
									  BUFFER_LOCK_SHARE, QD_PAGE_DIR);

	if (PageIsNew(BufferGetPage(buffer)))
		n = 0;
	memcpy(entries, QdPageDirEntry(BufferGetPage(buffer), first),
		   n * sizeof(QdDirEntry));
	UnlockReleaseBuffer(buffer);
	for (uint32 i = 0; i < n; i++)
	{
		uint64		key = qd_tid_key(&entries[i].tid);

		if (entries[i].state == QD_VERTEX_LIVE && key != 0 &&
			*qd_tid_slot(fresh, key) == key)
			add_known(m, key, first + i);
	}
}

/*
 * A TID of a fresh slot that the directory has as live is the same row: VACUUM
 * clears both places before the TID can be used again.
 */
static void
find_known(Merge *m, uint32 end)
{
	QdTidSet	fresh;

	qd_tid_set_init(&fresh);
	for (uint32 p = m->meta.fresh_lo; p != end; p++)
	{
		int			n = copy_fresh_page(m, p);

		for (int i = 0; i < n; i++)
		{
			QdFreshSlot *slot = QdPageFreshSlot(&m->meta.layout, m->page.data, i);

			if (slot->flags == QD_FRESH_USED)
				qd_tid_set_add(&fresh, &slot->tid);
		}
	}
	for (uint64 vid = 0; vid < m->meta.next_vid; vid += QD_DIR_PER_PAGE)
	{
		CHECK_FOR_INTERRUPTS();
		find_known_in_dir(m, &fresh, vid);
	}
	if (m->n_known > 0)
		qsort(m->known, m->n_known, sizeof(KnownRow), compare_known);
	pfree(fresh.keys);
}

static bool
lookup_known(const Merge *m, const ItemPointerData *tid, uint32 *vid)
{
	KnownRow	key = {qd_tid_key(tid), 0};
	KnownRow   *found;

	if (m->n_known == 0)
		return false;
	found = bsearch(&key, m->known, m->n_known, sizeof(KnownRow), compare_known);
	if (found == NULL)
		return false;
	*vid = found->vid;
	return true;
}

/*----------
 * Reading vertices
 *----------
 */

/* Copies the block to m->block; NULL when it is not that vertex any more. */
static QdVertexHead *
copy_vertex(Merge *m, uint32 vid, int level)
{
	Size		offset = 0;
	BlockNumber block = qd_hnsw_vertex_block(m->index, vid, &offset);
	QdVertexHead *v = (QdVertexHead *) m->block.data;
	Buffer		buffer;

	if (vid >= m->meta.next_vid || block == InvalidBlockNumber)
		return NULL;
	buffer = qd_hnsw_read(m->index, block, BUFFER_LOCK_SHARE, QD_PAGE_VERTEX);
	memcpy(v, BufferGetPage(buffer) + offset, m->meta.layout.block_bytes);
	UnlockReleaseBuffer(buffer);
	if (v->vid != vid || v->level != level || v->degree > m->meta.layout.m0)
		return NULL;
	return v;
}

static QdDirEntry
read_entry(Merge *m, uint32 vid)
{
	Buffer		buffer = qd_hnsw_read(m->index, qd_hnsw_dir_block(m->index, vid),
									  BUFFER_LOCK_SHARE, QD_PAGE_DIR);
	QdDirEntry	entry = {0};

	if (!PageIsNew(BufferGetPage(buffer)))
		entry = *QdPageDirEntry(BufferGetPage(buffer), vid);
	UnlockReleaseBuffer(buffer);
	return entry;
}

/* The state of the vertex's row: an upper vertex has its base's. */
static QdVertexState
row_state(Merge *m, uint32 vid)
{
	QdDirEntry	entry;

	if (m->meta.tombstones == 0 && m->meta.free_count == 0)
		return QD_VERTEX_LIVE;
	entry = read_entry(m, vid);
	if (entry.state == QD_VERTEX_UPPER && entry.link < m->meta.next_vid)
		entry = read_entry(m, entry.link);
	return entry.state;
}

/* Remembers a vertex's code; false when it is gone. */
static bool
add_place(Merge *m, uint32 vid, int level)
{
	Size		own = m->meta.layout.own_dims;
	QdVertexHead *v = copy_vertex(m, vid, level);

	if (v == NULL)
		return false;
	m->place_vids[m->places] = vid;
	m->heads[m->places] = v->code;
	memcpy(m->codes + m->places * own, QdVertexCode(v), own);
	m->places++;
	return true;
}

/* Distance between two codes, by their places. */
static float
place_distance(void *arg, uint32 a, uint32 b)
{
	Merge	   *m = arg;
	Size		own = m->meta.layout.own_dims;

	return qd_code_distance(m->codec, &m->heads[a], m->codes + a * own,
							&m->heads[b], m->codes + b * own);
}

/*----------
 * Choosing links
 *----------
 */

/* The most of qd_graph_select as vids; candidates name places. */
static void
choose(Merge *m, const QdCandidate *candidates, int n, int most,
	   LevelLinks *links)
{
	QdCandidate chosen[QD_MAX_LINKS];

	links->n = qd_graph_select(candidates, n, most, FILL(most), place_distance,
							   m, chosen);
	for (int i = 0; i < links->n; i++)
		links->vids[i] = m->place_vids[chosen[i].vid];
}

/* Adds a candidate as a place; false when it is gone. */
static bool
add_candidate(Merge *m, QdCandidate c, int level, QdCandidate *found)
{
	if (!add_place(m, c.vid, level))
		return false;
	found[m->places - 1].distance = c.distance;
	found[m->places - 1].vid = m->places - 1;
	return true;
}

/*
 * Whom a new vertex may link to, as places, nearest first: the nearest living
 * vertices of the level, as many as ef_construction.  The search goes on past
 * tombstones: where rows are replaced faster than VACUUM runs they outnumber
 * the living, and a vertex that linked to what is left of its nearest would be
 * cut off with them.  Where even so fewer than m_link live, tombstones stand
 * in: they lead on until repair links past them.
 */
static int
find_neighbours(Merge *m, QdGraphSearch *s, int level, QdCandidate *found)
{
	int			wanted = m->meta.layout.ef_construction;
	int			m_link = Min(m->meta.layout.m_link, wanted);
	QdCandidate *dead = palloc(m_link * sizeof(QdCandidate));
	int			n_dead = 0;

	m->places = 0;
	for (int ef = wanted; ef <= wanted * MOST_WIDENING; ef *= 2)
	{
		QdCandidate c;

		qd_graph_search_run(s, ef);
		while (m->places < wanted && qd_graph_search_next(s, &c))
		{
			QdVertexState state = row_state(m, c.vid);

			if (state == QD_VERTEX_LIVE)
				add_candidate(m, c, level, found);
			else if (state == QD_VERTEX_TOMBSTONE && n_dead < m_link)
				dead[n_dead++] = c;
		}
		if (m->places >= wanted || qd_graph_search_exhausted(s))
			break;
	}
	for (int i = 0; i < n_dead && m->places < m_link; i++)
		add_candidate(m, dead[i], level, found);
	qsort(found, m->places, sizeof(QdCandidate), qd_candidate_compare);
	pfree(dead);
	return m->places;
}

static void
search_level(Merge *m, QdPageStore *store, QdCandidate *entry, int level)
{
	int			ef = m->meta.layout.ef_construction;
	QdCandidate *found = palloc(ef * sizeof(QdCandidate));
	QdGraphSearch *s = qd_graph_search_begin(&store->graph, 0);
	int			n;

	qd_graph_search_enter(s, *entry);
	n = find_neighbours(m, s, level, found);
	qd_graph_search_best(s, entry, 1);
	choose(m, found, n, m->meta.layout.m_link, &m->links[level]);
}

/*
 * The vertex below an upper one; when a stale link led to something else, the
 * one below on the way from META's entry.
 */
static uint32
go_down(Merge *m, uint32 vid, int level)
{
	QdVertexHead *v = copy_vertex(m, vid, level);

	if (v != NULL)
		return v->ring;
	vid = m->meta.entry_vid;
	for (int l = m->meta.entry_level; l >= level; l--)
	{
		v = copy_vertex(m, vid, l);
		if (v == NULL)
			qd_hnsw_corrupt(m->index, QD_META_BLOCK,
							"an upper vertex leads nowhere");
		vid = v->ring;
	}
	return vid;
}

/* Fills m->links for the levels of the row. */
static void
find_links(Merge *m)
{
	qd_query	query;
	QdPageStore store;
	QdCandidate entry;

	for (int level = 0; level <= m->level; level++)
		m->links[level].n = 0;
	if (m->meta.entry_vid == QD_NO_VID)
		return;
	qd_query_from_code(&query, m->codec, &m->row->code, m->row->bytes,
					   palloc(qd_query_memory(m->codec)));
	qd_hnsw_page_store_init(&store, m->index, &query, m->meta.next_vid);
	entry.vid = m->meta.entry_vid;
	store.graph.score(store.graph.arg, &entry.vid, 1, &entry.distance);
	for (int level = m->meta.entry_level; level >= 0; level--)
	{
		if (level > m->level)
			qd_graph_descend(&store.graph, &entry);
		else
			search_level(m, &store, &entry, level);
		if (level > 0)
			entry.vid = go_down(m, entry.vid, level);
	}
}

/*----------
 * Records A and U: a new vertex
 *----------
 */
typedef struct NewVertex
{
	uint32		vid;
	uint32		base;			/* upper: its row's vertex */
	uint32		below;			/* upper: vertex one level below */
	int			level;
	uint32		next_free;		/* when the vid came from the free list */
} NewVertex;

/* Locks in the order of I7; registers, and makes new pages pages. */
typedef struct PageChange
{
	Buffer		buffer;
	Page		page;
} PageChange;

static PageChange
change_page(Merge *m, GenericXLogState *state, BlockNumber block,
			QdPageKind kind)
{
	PageChange	c;

	c.buffer = qd_hnsw_read(m->index, block, BUFFER_LOCK_EXCLUSIVE, kind);
	c.page = GenericXLogRegisterBuffer(state, c.buffer,
									   PageIsNew(BufferGetPage(c.buffer)) ?
									   GENERIC_XLOG_FULL_IMAGE : 0);
	return c;
}

/* Takes a vid, in the copy of META; makes room for it. */
static uint32
take_vid(Merge *m, QdHnswMeta *meta)
{
	uint32		vid = meta->free_head;

	if (vid != QD_NO_VID)
	{
		if (vid >= meta->next_vid || meta->free_count == 0)
			qd_hnsw_corrupt(m->index, QD_META_BLOCK,
							"the free list is broken");
		meta->free_count--;
		return vid;
	}
	/* loops go through vids in steps of a page of the directory */
	if (meta->next_vid >= QD_NO_VID - QD_DIR_PER_PAGE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many vertices in index \"%s\"",
						RelationGetRelationName(m->index)),
				 errhint("Please REINDEX it.")));
	vid = meta->next_vid++;
	if (qd_hnsw_dir_block(m->index, vid) == InvalidBlockNumber)
		qd_hnsw_add_stripe(m->index, meta);
	return vid;
}

/* Returns the generation that the block has to carry. */
static uint16
write_entry(Merge *m, QdHnswMeta *meta, Page page, const NewVertex *new)
{
	QdDirEntry *entry;

	if (PageIsNew(page))
		qd_hnsw_page_init(page, QD_PAGE_DIR, new->vid / QD_DIR_PER_PAGE,
						  QD_DIR_PER_PAGE * sizeof(QdDirEntry));
	entry = QdPageDirEntry(page, new->vid);
	if (new->vid == meta->free_head)
	{
		if (entry->state != QD_VERTEX_FREE)
			qd_hnsw_corrupt(m->index, qd_hnsw_dir_block(m->index, new->vid),
							"the free list leads to a vertex in use");
		meta->free_head = entry->link;
	}
	entry->gen = Max(entry->gen, 1);
	entry->level = new->level;
	if (new->level == 0)
	{
		entry->tid = m->row->tid;
		entry->state = QD_VERTEX_LIVE;
		entry->link = QD_NO_VID;
		entry->n_tids = 1;
		meta->live++;
	}
	else
	{
		ItemPointerSetInvalid(&entry->tid);
		entry->state = QD_VERTEX_UPPER;
		entry->link = new->base;
		entry->n_tids = 0;
	}
	if (meta->entry_vid == QD_NO_VID || new->level > meta->entry_level)
	{
		meta->entry_vid = new->vid;
		meta->entry_gen = entry->gen;
		meta->entry_level = new->level;
	}
	return entry->gen;
}

static void
write_vertex(Merge *m, Page page, Size offset, const NewVertex *new, uint16 gen)
{
	const QdHnswLayout *l = &m->meta.layout;
	const LevelLinks *links = &m->links[new->level];
	QdVertexHead *v;

	if (PageIsNew(page))
		qd_hnsw_page_init(page, QD_PAGE_VERTEX, QdVertexOrdinal(l, new->vid),
						  (Size) l->npp * l->block_bytes);
	v = QdPageVertex(page, offset);
	memset(v, 0, l->block_bytes);
	v->vid = new->vid;
	v->gen = gen;
	v->level = new->level;
	v->ring = new->below;
	v->degree = links->n;
	v->code = m->row->code;
	memcpy(QdVertexCode(v), m->row->bytes, l->own_dims);
	memcpy(QdVertexIds(l, v), links->vids, links->n * sizeof(uint32));
}

/* The vertex pages of a record: the new one's, and the base's of an upper. */
static void
write_vertex_pages(Merge *m, GenericXLogState *state, const NewVertex *new,
				   uint16 gen, PageChange *changes)
{
	Size		offset = 0;
	Size		base_offset = 0;
	BlockNumber block = qd_hnsw_vertex_block(m->index, new->vid, &offset);
	BlockNumber base_block = block;
	PageChange *own = &changes[0];
	PageChange *base = &changes[0];

	changes[0].buffer = changes[1].buffer = InvalidBuffer;
	if (new->level > 0)
		base_block = qd_hnsw_vertex_block(m->index, new->base, &base_offset);
	/* ascending blocks (I7) */
	changes[0] = change_page(m, state, Min(block, base_block), QD_PAGE_VERTEX);
	if (block != base_block)
	{
		changes[1] = change_page(m, state, Max(block, base_block),
								 QD_PAGE_VERTEX);
		if (block < base_block)
			base = &changes[1];
		else
			own = &changes[1];
	}
	write_vertex(m, own->page, offset, new, gen);
	if (new->level > 0)
		QdPageVertex(base->page, base_offset)->ring = new->vid;
}

static void
add_vertex(Merge *m, NewVertex *new)
{
	GenericXLogState *state = GenericXLogStart(m->index);
	PageChange	meta_change = change_page(m, state, QD_META_BLOCK, QD_PAGE_META);
	QdHnswMeta *meta = QdPageMeta(meta_change.page);
	PageChange	dir;
	PageChange	vertices[2];
	uint16		gen;

	new->vid = take_vid(m, meta);
	dir = change_page(m, state, qd_hnsw_dir_block(m->index, new->vid),
					  QD_PAGE_DIR);
	gen = write_entry(m, meta, dir.page, new);
	write_vertex_pages(m, state, new, gen, vertices);
	m->meta = *meta;
	GenericXLogFinish(state);
	for (int i = 0; i < 2; i++)
		if (vertices[i].buffer != InvalidBuffer)
			UnlockReleaseBuffer(vertices[i].buffer);
	UnlockReleaseBuffer(dir.buffer);
	UnlockReleaseBuffer(meta_change.buffer);
}

/*----------
 * Record B: a link back
 *----------
 */

/*
 * The links of a full vertex (in m->block) with vid among them.  Places: 0 is
 * the vertex, 1 the new one, the rest its neighbours.
 */
static void
prune(Merge *m, uint32 vid, LevelLinks *links)
{
	const QdHnswLayout *l = &m->meta.layout;
	QdVertexHead *v = (QdVertexHead *) m->block.data;
	QdCandidate candidates[QD_MAX_LINKS + 1];
	uint32		ids[QD_MAX_LINKS];
	uint32		owner = v->vid;
	int			level = v->level;
	int			degree = Min(v->degree, l->m0);
	int			n = 0;

	memcpy(ids, QdVertexIds(l, v), degree * sizeof(uint32));
	m->places = 0;
	links->n = 0;
	if (!add_place(m, owner, level) || !add_place(m, vid, level))
		return;
	for (int i = 0; i < degree; i++)
		add_place(m, ids[i], level);
	for (int i = 1; i < m->places; i++)
	{
		candidates[n].distance = place_distance(m, 0, i);
		candidates[n++].vid = i;
	}
	qsort(candidates, n, sizeof(QdCandidate), qd_candidate_compare);
	choose(m, candidates, n, l->m0, links);
}

static bool
has_link(const QdHnswLayout *l, QdVertexHead *v, uint32 vid)
{
	for (int i = 0; i < Min(v->degree, l->m0); i++)
		if (QdVertexIds(l, v)[i] == vid)
			return true;
	return false;
}

/*
 * Adds the link, or writes pruned links chosen when the vertex was as in
 * m->block; false when it is full, or changed since: m->block is its copy.
 */
static bool
try_link(Merge *m, uint32 owner, uint32 vid, int level, const LevelLinks *pruned)
{
	const QdHnswLayout *l = &m->meta.layout;
	QdVertexHead *seen = (QdVertexHead *) m->block.data;
	Size		offset = 0;
	BlockNumber block = qd_hnsw_vertex_block(m->index, owner, &offset);
	Buffer		buffer = qd_hnsw_read(m->index, block, BUFFER_LOCK_EXCLUSIVE,
									  QD_PAGE_VERTEX);
	QdVertexHead *v = QdPageVertex(BufferGetPage(buffer), offset);
	GenericXLogState *state;
	bool		room = v->degree < l->m0;

	if (PageIsNew(BufferGetPage(buffer)) || v->vid != owner ||
		v->level != level || has_link(l, v, vid))
	{
		UnlockReleaseBuffer(buffer);
		return true;
	}
	if (!room && (pruned == NULL || v->gen != seen->gen ||
				  v->changes != seen->changes))
	{
		memcpy(seen, v, l->block_bytes);
		UnlockReleaseBuffer(buffer);
		return false;
	}
	state = GenericXLogStart(m->index);
	v = QdPageVertex(GenericXLogRegisterBuffer(state, buffer, 0), offset);
	if (room)
		QdVertexIds(l, v)[v->degree++] = vid;
	else
	{
		v->degree = pruned->n;
		memset(QdVertexIds(l, v), 0, l->m0 * sizeof(uint32));
		memcpy(QdVertexIds(l, v), pruned->vids, pruned->n * sizeof(uint32));
	}
	v->changes++;
	GenericXLogFinish(state);
	UnlockReleaseBuffer(buffer);
	return true;
}

static void
link_back(Merge *m, uint32 owner, uint32 vid, int level)
{
	LevelLinks	pruned;
	bool		done = try_link(m, owner, vid, level, NULL);

	for (int i = 0; i < LINK_ATTEMPTS && !done; i++)
	{
		QdVertexHead seen = *(QdVertexHead *) m->block.data;

		prune(m, vid, &pruned);
		if (pruned.n == 0)
			return;
		/* reading the neighbours' codes went through m->block */
		*(QdVertexHead *) m->block.data = seen;
		done = try_link(m, owner, vid, level, &pruned);
	}
}

static void
link_all_back(Merge *m, uint32 vid, int level)
{
	for (int i = 0; i < m->links[level].n; i++)
		link_back(m, m->links[level].vids[i], vid, level);
}

/*----------
 * Rows
 *----------
 */

/* The vertex is there; what a crash kept from it are links back. */
static void
complete_row(Merge *m, uint32 vid)
{
	LevelLinks *links = &m->links[0];
	QdVertexHead *v = copy_vertex(m, vid, 0);

	if (v == NULL)
		return;
	links->n = v->degree;
	memcpy(links->vids, QdVertexIds(&m->meta.layout, v),
		   links->n * sizeof(uint32));
	link_all_back(m, vid, 0);
}

static void
merge_row(Merge *m, const QdFreshSlot *row)
{
	NewVertex	new = {.below = QD_NO_VID};
	uint32		known;

	m->row = row;
	if (lookup_known(m, &row->tid, &known))
	{
		complete_row(m, known);
		return;
	}
	m->level = qd_hnsw_level(m->meta.layout.seed, qd_tid_key(&row->tid));
	find_links(m);
	add_vertex(m, &new);
	new.base = new.vid;
	link_all_back(m, new.base, 0);
	while (new.level < m->level)
	{
		new.level++;
		new.below = new.vid;
		add_vertex(m, &new);
		link_all_back(m, new.vid, new.level);
	}
}

static double
merge_page(Merge *m, uint32 position)
{
	int			n = copy_fresh_page(m, position);
	double		rows = 0;

	for (int i = 0; i < n; i++)
	{
		QdFreshSlot *slot = QdPageFreshSlot(&m->meta.layout, m->page.data, i);
		MemoryContext old;

		if (slot->flags != QD_FRESH_USED)
			continue;
		CHECK_FOR_INTERRUPTS();
		old = MemoryContextSwitchTo(m->row_context);
		merge_row(m, slot);
		MemoryContextSwitchTo(old);
		MemoryContextReset(m->row_context);
		rows++;
	}
	if (rows > 0)
		clear_slots(m, position, n);
	return rows;
}

/*----------
 * All of it
 *----------
 */

/* Rows one by one, page by page. */
static double
merge_pages(Merge *m, uint32 max_rows)
{
	const QdHnswLayout *l = &m->meta.layout;
	uint32		hi = m->meta.fresh_hi;
	uint32		end = hi;
	double		rows = 0;

	if (max_rows > 0)
		end = m->meta.fresh_lo +
			Min(hi - m->meta.fresh_lo,
				(max_rows + l->fresh_per_page - 1) / l->fresh_per_page);
	find_known(m, end);
	for (uint32 p = m->meta.fresh_lo; p != end; p++)
	{
		rows += merge_page(m, p);
		if ((p - m->meta.fresh_lo) % TRIM_PAGES == TRIM_PAGES - 1)
			qd_hnsw_fresh_trim(m->index);
	}
	qd_hnsw_fresh_trim(m->index);
	return rows;
}

/*
 * Collects rows for the first graph; slots[i] says how many slots of the i-th
 * page were looked at.  Returns the number of pages: those beyond
 * maintenance_work_mem, or after max_rows (0 = no such bound), are left.
 */
static uint32
collect_rows(Merge *m, QdGraphBuilder *b, uint32 max_rows, uint16 *slots)
{
	uint32		pages = m->meta.fresh_hi - m->meta.fresh_lo;

	for (uint32 i = 0; i < pages; i++)
	{
		if (qd_hnsw_builder_memory(b) > maintenance_work_mem * (Size) 1024 ||
			(max_rows > 0 && qd_hnsw_builder_count(b) >= max_rows))
			return i;
		CHECK_FOR_INTERRUPTS();
		slots[i] = copy_fresh_page(m, m->meta.fresh_lo + i);
		for (int j = 0; j < slots[i]; j++)
		{
			QdFreshSlot *slot = QdPageFreshSlot(&m->meta.layout, m->page.data, j);

			if (slot->flags == QD_FRESH_USED)
				qd_hnsw_builder_add(b, &slot->tid, &slot->code, slot->bytes);
		}
	}
	return pages;
}

/*
 * The first graph, in memory; nothing as long as rows are few.  But a ring
 * that is long because of dead rows has to shrink.  max_rows bounds how long a
 * writer takes over it: the graph starts with some of the rows, and the others
 * follow one by one.
 */
static double
merge_in_bulk(Merge *m, uint32 max_rows)
{
	uint32		all = m->meta.fresh_hi - m->meta.fresh_lo;
	uint32		pages = all;
	double		room = (double) pages * m->meta.layout.fresh_per_page;
	double		threshold = qd_hnsw_threshold_rows(m->index, m->meta.layout.dim);
	QdGraphBuilder *b;
	uint16	   *slots;
	double		rows;

	if (room < threshold)
		return 0;
	b = qd_hnsw_builder_create(&m->meta.layout, m->codec, room);
	slots = palloc_extended((pages + 1) * sizeof(uint16), MCXT_ALLOC_HUGE);
	pages = collect_rows(m, b, max_rows, slots);
	rows = qd_hnsw_builder_count(b);
	if (rows > 0 &&
		(pages < all || rows >= threshold || room >= 2 * threshold))
	{
		qd_hnsw_builder_link(b, NULL);
		qd_hnsw_builder_write(b, m->index, NULL);
		for (uint32 i = 0; i < pages; i++)
			clear_slots(m, m->meta.fresh_lo + i, slots[i]);
	}
	else
		rows = 0;
	qd_hnsw_builder_free(b);
	qd_hnsw_fresh_trim(m->index);
	return rows;
}

static Merge *
begin_merge(Relation index)
{
	Merge	   *m = palloc0(sizeof(Merge));
	Size		places;

	m->index = index;
	qd_hnsw_meta_read(index, &m->meta);
	m->codec = qd_hnsw_codec_copy(index);
	m->row_context = AllocSetContextCreate(CurrentMemoryContext,
										   "qdrant_hnsw merge row",
										   ALLOCSET_DEFAULT_SIZES);
	places = Max(m->meta.layout.ef_construction, QD_MAX_LINKS) + 2;
	m->heads = palloc(places * sizeof(qd_code_head));
	m->codes = palloc_extended(places * m->meta.layout.own_dims,
							   MCXT_ALLOC_HUGE);
	m->place_vids = palloc(places * sizeof(uint32));
	return m;
}

double
qd_hnsw_merge(Relation index, uint32 max_rows)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "qdrant_hnsw merge",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Merge	   *m = begin_merge(index);
	double		rows = 0;

	if (m->meta.layout.m0 > 0 && m->meta.entry_vid == QD_NO_VID)
	{
		rows = merge_in_bulk(m, max_rows);
		qd_hnsw_meta_read(index, &m->meta);
	}
	if (m->meta.entry_vid != QD_NO_VID &&
		m->meta.fresh_lo != m->meta.fresh_hi && (rows == 0 || max_rows == 0))
		rows += merge_pages(m, max_rows);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return rows;
}
