/*
 * link.c
 *		One vertex into the graph on pages: choose its links, add it, make its
 *		neighbours link back.
 *
 *		A	META, DIR, VERTEX: the vertex with its links
 *		U	META, DIR, VERTEX, VERTEX of the base: each upper level
 *		B	VERTEX: each link back
 *
 * Only the holder of the merge lock adds vertices, changes links or frees, so
 * what was read stays true between two locks; generation and change counter
 * are checked all the same.
 */
#include "postgres.h"
#include "compat.h"

#include "utils/rel.h"

#include "hnsw/link.h"
#include "hnsw/overflow.h"
#include "hnsw/tid_set.h"

/* Pruned links fill up to this share of the most: better connected. */
#define FILL(most)		((most) * 3 / 4)

#define LINK_ATTEMPTS	3
#define COPY_EF			16		/* of a search for copies of a vector */
#define COPY_CANDIDATES	4
#define MOST_WIDENING	32		/* of a search among tombstones */

/*----------
 * Reading vertices
 *----------
 */

QdVertexHead *
qd_linker_copy_vertex(QdLinker *k, uint32 vid, int level)
{
	Size		offset = 0;
	BlockNumber block = qd_hnsw_vertex_block(k->index, vid, &offset);
	QdVertexHead *v = (QdVertexHead *) k->block.data;
	Buffer		buffer;

	if (vid >= k->meta.next_vid || block == InvalidBlockNumber)
		return NULL;
	buffer = qd_hnsw_read(k->index, block, BUFFER_LOCK_SHARE, QD_PAGE_VERTEX);
	memcpy(v, BufferGetPage(buffer) + offset, k->meta.layout.block_bytes);
	UnlockReleaseBuffer(buffer);
	if (v->vid != vid || v->level != level || v->degree > k->meta.layout.m0)
		return NULL;
	return v;
}

static QdDirEntry
read_entry(QdLinker *k, uint32 vid)
{
	QdDirEntry	entry;

	qd_hnsw_dir_copy(k->index, vid, 1, &entry);
	return entry;
}

QdVertexState
qd_linker_row_state(QdLinker *k, uint32 vid)
{
	QdDirEntry	entry;

	if (k->meta.tombstones == 0 && k->meta.free_count == 0)
		return QD_VERTEX_LIVE;
	entry = read_entry(k, vid);
	if (entry.state == QD_VERTEX_UPPER && entry.link < k->meta.next_vid)
		entry = read_entry(k, entry.link);
	return entry.state;
}

/* Remembers a vertex's code; false when it is gone. */
static bool
add_place(QdLinker *k, uint32 vid, int level)
{
	Size		own = k->meta.layout.own_dims;
	QdVertexHead *v = qd_linker_copy_vertex(k, vid, level);

	if (v == NULL)
		return false;
	k->place_vids[k->places] = vid;
	k->heads[k->places] = v->code;
	qd_load_code(k->codec, &v->code, QdVertexStored(v),
				 k->codes + k->places * own);
	k->places++;
	return true;
}

/* Distance between two codes, by their places. */
static float
place_distance(void *arg, uint32 a, uint32 b)
{
	QdLinker *k = arg;
	Size		own = k->meta.layout.own_dims;

	return qd_loaded_distance(k->codec, &k->heads[a], k->codes + a * own,
							&k->heads[b], k->codes + b * own);
}

/*----------
 * Choosing links
 *----------
 */

/* The most of qd_graph_select as vids; candidates name places. */
static void
choose(QdLinker *k, const QdCandidate *candidates, int n, int most,
	   QdLevelLinks *links)
{
	QdCandidate chosen[QD_MAX_LINKS];

	links->n = qd_graph_select(candidates, n, most, FILL(most), place_distance,
							   k, chosen);
	for (int i = 0; i < links->n; i++)
	{
		links->places[i] = chosen[i].vid;
		links->vids[i] = k->place_vids[chosen[i].vid];
	}
}

/* Codes of the links, from their places, at a parent; the caller stores them. */
static void
encode_links(QdLinker *k, const qd_code_head *head, const int8 *code,
			 const QdLevelLinks *links)
{
	Size		own = k->meta.layout.own_dims;

	for (int i = 0; i < links->n; i++)
		qd_hnsw_nav_encode(k->nav, head, code, i, &k->heads[links->places[i]],
						   k->codes + links->places[i] * own);
}

/* Of the new vertex; a link whose vertex is gone by now is left out. */
static void
encode_own_links(QdLinker *k, int level)
{
	QdLevelLinks *links = &k->links[level];
	int			n = 0;

	if (!QdLayoutInlined(&k->meta.layout))
		return;
	k->places = 0;
	for (int i = 0; i < links->n; i++)
		if (add_place(k, links->vids[i], level))
		{
			links->vids[n] = links->vids[i];
			links->places[n] = n;
			n++;
		}
	links->n = n;
	encode_links(k, &k->self_head, k->self_code, links);
}

/* Adds a candidate as a place; false when it is gone. */
static bool
add_candidate(QdLinker *k, QdCandidate c, int level, QdCandidate *found)
{
	if (!add_place(k, c.vid, level))
		return false;
	found[k->places - 1].distance = c.distance;
	found[k->places - 1].vid = k->places - 1;
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
find_neighbours(QdLinker *k, QdGraphSearch *s, int level, QdCandidate *found)
{
	int			wanted = k->meta.layout.ef_construction;
	int			m_link = Min(k->meta.layout.m_link, wanted);
	QdCandidate *dead = palloc(m_link * sizeof(QdCandidate));
	int			n_dead = 0;

	k->places = 0;
	for (int ef = wanted; ef <= wanted * MOST_WIDENING; ef *= 2)
	{
		QdCandidate c;

		qd_graph_search_run(s, ef);
		while (k->places < wanted && qd_graph_search_next(s, &c))
		{
			QdVertexState state = c.vid == k->self_vid ? QD_VERTEX_FREE :
				qd_linker_row_state(k, c.vid);

			if (state == QD_VERTEX_LIVE)
				add_candidate(k, c, level, found);
			else if (state == QD_VERTEX_TOMBSTONE && n_dead < m_link)
				dead[n_dead++] = c;
		}
		if (k->places >= wanted || qd_graph_search_exhausted(s))
			break;
	}
	for (int i = 0; i < n_dead && k->places < m_link; i++)
		add_candidate(k, dead[i], level, found);
	qsort(found, k->places, sizeof(QdCandidate), qd_candidate_compare);
	pfree(dead);
	return k->places;
}

/* A living vertex with the row's code, which a short search finds. */
static uint32
find_copy(QdLinker *k, QdGraphSearch *s)
{
	QdCandidate best[COPY_CANDIDATES];
	int			n;

	if (k->meta.layout.code_kind != QD_CODE_INT8)
		return QD_NO_VID;		/* coarser codes say too little */
	qd_graph_search_run(s, COPY_EF);
	n = qd_graph_search_best(s, best, COPY_CANDIDATES);
	for (int i = 0; i < n; i++)
	{
		QdVertexHead *v = qd_linker_copy_vertex(k, best[i].vid, 0);

		if (v != NULL &&
			memcmp(&v->code, k->row->head, sizeof(qd_code_head)) == 0 &&
			memcmp(QdVertexCode(v), k->row->code, k->meta.layout.own_dims) == 0 &&
			qd_linker_row_state(k, best[i].vid) == QD_VERTEX_LIVE)
			return best[i].vid;
	}
	return QD_NO_VID;
}

static void
search_level(QdLinker *k, QdPageStore *store, QdCandidate *entry, int level)
{
	int			ef = k->meta.layout.ef_construction;
	QdCandidate *found = palloc(ef * sizeof(QdCandidate));
	QdGraphSearch *s = qd_graph_search_begin(&store->graph, 0);
	int			n;

	qd_graph_search_enter(s, *entry);
	if (level == 0 && k->look_for_copy)
	{
		k->copy_of = find_copy(k, s);
		if (k->copy_of != QD_NO_VID)
			return;
	}
	n = find_neighbours(k, s, level, found);
	qd_graph_search_best(s, entry, 1);
	choose(k, found, n, k->meta.layout.m_link, &k->links[level]);
}

/*
 * The vertex below an upper one; when a stale link led to something else, the
 * one below on the way from META's entry.
 */
static uint32
go_down(QdLinker *k, uint32 vid, int level)
{
	QdVertexHead *v = qd_linker_copy_vertex(k, vid, level);

	if (v != NULL)
		return v->ring;
	vid = k->meta.entry_vid;
	for (int l = k->meta.entry_level; l >= level; l--)
	{
		v = qd_linker_copy_vertex(k, vid, l);
		if (v == NULL)
			qd_hnsw_corrupt(k->index, QD_META_BLOCK,
							"an upper vertex leads nowhere");
		vid = v->ring;
	}
	return vid;
}

/*
 * Fills k->links for the levels of the row, unless a vertex with its code is
 * found first.
 */
static void
find_links(QdLinker *k)
{
	qd_query	query;
	QdPageStore store;
	QdCandidate entry;

	for (int level = 0; level <= k->level; level++)
		k->links[level].n = 0;
	if (k->meta.entry_vid == QD_NO_VID)
		return;
	qd_query_from_code(&query, k->codec, k->row->head, k->row->code,
					   palloc(qd_query_memory(k->codec)));
	qd_hnsw_page_store_init(&store, k->index, &query, k->meta.next_vid);
	entry.vid = k->meta.entry_vid;
	store.graph.score(store.graph.arg, &entry.vid, 1, &entry.distance);
	for (int level = k->meta.entry_level; level >= 0; level--)
	{
		if (level > k->level)
			qd_graph_descend(&store.graph, &entry);
		else
			search_level(k, &store, &entry, level);
		if (level > 0)
			entry.vid = go_down(k, entry.vid, level);
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
} NewVertex;

/* Locks in the order of I7; registers, and makes new pages pages. */
typedef struct PageChange
{
	Buffer		buffer;
	Page		page;
} PageChange;

static PageChange
change_page(QdLinker *k, GenericXLogState *state, BlockNumber block,
			QdPageKind kind)
{
	PageChange	c;

	c.buffer = qd_hnsw_read(k->index, block, BUFFER_LOCK_EXCLUSIVE, kind);
	c.page = GenericXLogRegisterBuffer(state, c.buffer,
									   PageIsNew(BufferGetPage(c.buffer)) ?
									   GENERIC_XLOG_FULL_IMAGE : 0);
	return c;
}

/* Takes a vid, in the copy of META. */
static uint32
take_vid(QdLinker *k, QdHnswMeta *meta)
{
	uint32		vid = meta->free_head;

	if (vid != QD_NO_VID)
	{
		if (vid >= meta->next_vid || meta->free_count == 0)
			qd_hnsw_corrupt(k->index, QD_META_BLOCK,
							"the free list is broken");
		meta->free_count--;
		return vid;
	}
	/* loops go through vids in steps of a page of the directory */
	if (meta->next_vid >= QD_NO_VID - QD_DIR_PER_PAGE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many vertices in index \"%s\"",
						RelationGetRelationName(k->index)),
				 errhint("Please REINDEX it.")));
	return meta->next_vid++;
}

/* Before META is locked: k->meta is right in this. */
static void
make_room(QdLinker *k)
{
	if (k->meta.free_head == QD_NO_VID &&
		qd_hnsw_dir_block(k->index, k->meta.next_vid) == InvalidBlockNumber)
		qd_hnsw_reserve_some(k->index, k->meta.next_vid);
}

/* Returns the generation that the block has to carry. */
static uint16
write_entry(QdLinker *k, QdHnswMeta *meta, Page page, const NewVertex *new)
{
	QdDirEntry *entry;

	if (PageIsNew(page))
		qd_hnsw_page_init(page, QD_PAGE_DIR, new->vid / QD_DIR_PER_PAGE,
						  QD_DIR_PER_PAGE * sizeof(QdDirEntry));
	entry = QdPageDirEntry(page, new->vid);
	if (new->vid == meta->free_head)
	{
		if (entry->state != QD_VERTEX_FREE)
			qd_hnsw_corrupt(k->index, qd_hnsw_dir_block(k->index, new->vid),
							"the free list leads to a vertex in use");
		meta->free_head = entry->link;
	}
	entry->gen = Max(entry->gen, 1);
	entry->level = new->level;
	if (new->level == 0)
	{
		entry->tid = *k->row->tid;
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
write_vertex(QdLinker *k, Page page, Size offset, const NewVertex *new, uint16 gen)
{
	const QdHnswLayout *l = &k->meta.layout;
	const QdLevelLinks *links = &k->links[new->level];
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
	qd_store_code(k->codec, k->row->head, k->row->code, &v->code,
				  QdVertexStored(v));
	memcpy(QdVertexIds(l, v), links->vids, links->n * sizeof(uint32));
	qd_hnsw_nav_store(k->nav, v, links->n);
}

/* The vertex pages of a record: the new one's, and the base's of an upper. */
static void
write_vertex_pages(QdLinker *k, GenericXLogState *state, const NewVertex *new,
				   uint16 gen, PageChange *changes)
{
	Size		offset = 0;
	Size		base_offset = 0;
	BlockNumber block = qd_hnsw_vertex_block(k->index, new->vid, &offset);
	BlockNumber base_block = block;
	PageChange *own = &changes[0];
	PageChange *base = &changes[0];

	changes[0].buffer = changes[1].buffer = InvalidBuffer;
	if (new->level > 0)
		base_block = qd_hnsw_vertex_block(k->index, new->base, &base_offset);
	/* ascending blocks (I7) */
	changes[0] = change_page(k, state, Min(block, base_block), QD_PAGE_VERTEX);
	if (block != base_block)
	{
		changes[1] = change_page(k, state, Max(block, base_block),
								 QD_PAGE_VERTEX);
		if (block < base_block)
			base = &changes[1];
		else
			own = &changes[1];
	}
	write_vertex(k, own->page, offset, new, gen);
	if (new->level > 0)
		QdPageVertex(base->page, base_offset)->ring = new->vid;
}

static void
add_vertex(QdLinker *k, NewVertex *new)
{
	GenericXLogState *state;
	PageChange	meta_change;
	QdHnswMeta *meta;
	PageChange	dir;
	PageChange	vertices[2];
	uint16		gen;

	make_room(k);
	state = GenericXLogStart(k->index);
	meta_change = change_page(k, state, QD_META_BLOCK, QD_PAGE_META);
	meta = QdPageMeta(meta_change.page);
	new->vid = take_vid(k, meta);
	dir = change_page(k, state, qd_hnsw_dir_block(k->index, new->vid),
					  QD_PAGE_DIR);
	gen = write_entry(k, meta, dir.page, new);
	write_vertex_pages(k, state, new, gen, vertices);
	k->meta = *meta;
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
 * The links of a full vertex (in k->block) with vid among them.  Places: 0 is
 * the vertex, 1 the new one, the rest its neighbours.
 */
static void
prune(QdLinker *k, uint32 vid, QdLevelLinks *links)
{
	const QdHnswLayout *l = &k->meta.layout;
	QdVertexHead *v = (QdVertexHead *) k->block.data;
	QdCandidate candidates[QD_MAX_LINKS + 1];
	uint32		ids[QD_MAX_LINKS];
	uint32		owner = v->vid;
	int			level = v->level;
	int			degree = Min(v->degree, l->m0);
	int			n = 0;

	memcpy(ids, QdVertexIds(l, v), degree * sizeof(uint32));
	k->places = 0;
	links->n = 0;
	if (!add_place(k, owner, level) || !add_place(k, vid, level))
		return;
	for (int i = 0; i < degree; i++)
		add_place(k, ids[i], level);
	for (int i = 1; i < k->places; i++)
	{
		candidates[n].distance = place_distance(k, 0, i);
		candidates[n++].vid = i;
	}
	qsort(candidates, n, sizeof(QdCandidate), qd_candidate_compare);
	choose(k, candidates, n, l->m0, links);
	encode_links(k, &k->heads[0], k->codes, links);
}

static bool
has_link(const QdHnswLayout *l, QdVertexHead *v, uint32 vid)
{
	for (int i = 0; i < Min(v->degree, l->m0); i++)
		if (QdVertexIds(l, v)[i] == vid)
			return true;
	return false;
}

bool
qd_linker_try_link(QdLinker *k, uint32 owner, uint32 vid, int level, const QdLevelLinks *pruned)
{
	const QdHnswLayout *l = &k->meta.layout;
	QdVertexHead *seen = (QdVertexHead *) k->block.data;
	Size		offset = 0;
	BlockNumber block = qd_hnsw_vertex_block(k->index, owner, &offset);
	Buffer		buffer = qd_hnsw_read(k->index, block, BUFFER_LOCK_EXCLUSIVE,
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
	state = GenericXLogStart(k->index);
	v = QdPageVertex(GenericXLogRegisterBuffer(state, buffer, 0), offset);
	if (room)
	{
		QdVertexIds(l, v)[v->degree] = vid;
		qd_hnsw_nav_append(k->nav, v, v->degree, &k->self_head, k->self_code);
		v->degree++;
	}
	else
	{
		v->degree = pruned->n;
		memset(QdVertexIds(l, v), 0, l->m0 * sizeof(uint32));
		memcpy(QdVertexIds(l, v), pruned->vids, pruned->n * sizeof(uint32));
		qd_hnsw_nav_store(k->nav, v, pruned->n);
	}
	v->changes++;
	GenericXLogFinish(state);
	UnlockReleaseBuffer(buffer);
	return true;
}

static void
link_back(QdLinker *k, uint32 owner, uint32 vid, int level)
{
	QdLevelLinks	pruned;
	bool		done = qd_linker_try_link(k, owner, vid, level, NULL);

	for (int i = 0; i < LINK_ATTEMPTS && !done; i++)
	{
		QdVertexHead seen = *(QdVertexHead *) k->block.data;

		prune(k, vid, &pruned);
		if (pruned.n == 0)
			return;
		/* reading the neighbours' codes went through k->block */
		*(QdVertexHead *) k->block.data = seen;
		done = qd_linker_try_link(k, owner, vid, level, &pruned);
	}
}

static void
link_all_back(QdLinker *k, uint32 vid, int level)
{
	for (int i = 0; i < k->links[level].n; i++)
		link_back(k, k->links[level].vids[i], vid, level);
}

/*----------
 * Rows
 *----------
 */
void
qd_linker_init(QdLinker *k, Relation index)
{
	Size		places;

	memset(k, 0, sizeof(*k));
	k->index = index;
	qd_hnsw_meta_read(index, &k->meta);
	k->codec = qd_hnsw_codec_copy(index);
	places = Max(k->meta.layout.ef_construction, QD_MAX_LINKS) + 2;
	k->heads = palloc(places * sizeof(qd_code_head));
	k->codes = palloc_extended(places * k->meta.layout.own_dims,
							   MCXT_ALLOC_HUGE);
	k->place_vids = palloc(places * sizeof(uint32));
	k->nav = qd_hnsw_nav_writer(&k->meta.layout, k->codec);
	k->self_code = palloc(k->meta.layout.own_dims);
	k->self_vid = QD_NO_VID;
}

void
qd_linker_set_self(QdLinker *k, const qd_code_head *head, const int8 *code)
{
	/* only neighbours' codes want it */
	if (!QdLayoutInlined(&k->meta.layout))
		return;
	k->self_head = *head;
	memcpy(k->self_code, code, k->meta.layout.own_dims);
}

void
qd_linker_complete(QdLinker *k, uint32 vid)
{
	QdLevelLinks *links = &k->links[0];
	QdVertexHead *v = qd_linker_copy_vertex(k, vid, 0);

	if (v == NULL)
		return;
	qd_linker_set_self(k, &v->code, QdVertexCode(v));
	links->n = v->degree;
	memcpy(links->vids, QdVertexIds(&k->meta.layout, v),
		   links->n * sizeof(uint32));
	link_all_back(k, vid, 0);
}

void
qd_linker_add(QdLinker *k, const QdFreshRow *row)
{
	NewVertex	new = {.below = QD_NO_VID};

	k->row = row;
	qd_linker_set_self(k, row->head, row->code);
	k->level = qd_hnsw_level(k->meta.layout.seed, qd_tid_key(row->tid));
	k->look_for_copy = true;
	k->copy_of = QD_NO_VID;
	find_links(k);
	if (k->copy_of != QD_NO_VID)
	{
		if (qd_overflow_add(k->index, &k->meta, k->copy_of, row->tid))
			return;
		k->look_for_copy = false;
		find_links(k);
	}
	encode_own_links(k, 0);
	add_vertex(k, &new);
	new.base = new.vid;
	link_all_back(k, new.base, 0);
	while (new.level < k->level)
	{
		new.level++;
		new.below = new.vid;
		encode_own_links(k, new.level);
		add_vertex(k, &new);
		link_all_back(k, new.vid, new.level);
	}
}

/*----------
 * A vertex that is there, anew
 *----------
 */

/* Current links behind those that the search chose, as many as are usual. */
static void
add_current_links(QdLinker *k, const QdVertexHead *v, QdLevelLinks *links)
{
	const QdHnswLayout *l = &k->meta.layout;
	const uint32 *ids = QdVertexIds(l, (QdVertexHead *) v);

	for (int i = 0; i < v->degree && links->n < FILL(l->m0); i++)
	{
		bool		there = false;

		for (int j = 0; j < links->n && !there; j++)
			there = links->vids[j] == ids[i];
		if (!there)
			links->vids[links->n++] = ids[i];
	}
}

static void
store_links(QdLinker *k, uint32 vid, const QdLevelLinks *links)
{
	const QdHnswLayout *l = &k->meta.layout;
	Size		offset = 0;
	BlockNumber block = qd_hnsw_vertex_block(k->index, vid, &offset);
	Buffer		buffer = qd_hnsw_read(k->index, block, BUFFER_LOCK_EXCLUSIVE,
									  QD_PAGE_VERTEX);
	GenericXLogState *state = GenericXLogStart(k->index);
	QdVertexHead *v = QdPageVertex(GenericXLogRegisterBuffer(state, buffer, 0),
								   offset);

	v->degree = links->n;
	memset(QdVertexIds(l, v), 0, l->m0 * sizeof(uint32));
	memcpy(QdVertexIds(l, v), links->vids, links->n * sizeof(uint32));
	qd_hnsw_nav_store(k->nav, v, links->n);
	v->flags &= ~QD_VERTEX_REPAIR;
	v->changes++;
	GenericXLogFinish(state);
	UnlockReleaseBuffer(buffer);
}

void
qd_linker_relink(QdLinker *k, uint32 vid, int level)
{
	const QdHnswLayout *l = &k->meta.layout;
	QdVertexHead *v = qd_linker_copy_vertex(k, vid, level);
	QdVertexHead *current;
	int8	   *code;
	QdFreshRow	row = {0};

	if (v == NULL || qd_linker_row_state(k, vid) != QD_VERTEX_LIVE)
		return;
	current = palloc(l->block_bytes);
	memcpy(current, v, l->block_bytes);
	code = palloc(l->own_dims);
	qd_load_code(k->codec, &current->code, QdVertexStored(current), code);
	row.head = &current->code;
	row.code = code;
	k->row = &row;
	k->level = level;
	k->look_for_copy = false;
	k->self_vid = vid;
	qd_linker_set_self(k, row.head, code);
	find_links(k);
	add_current_links(k, current, &k->links[level]);
	encode_own_links(k, level);
	store_links(k, vid, &k->links[level]);
	link_all_back(k, vid, level);
	k->self_vid = QD_NO_VID;
}
