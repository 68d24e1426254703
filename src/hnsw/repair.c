/*
 * repair.c
 *		Mends the graph around tombstones, then frees them.
 *
 * One pass over the vertex pages.  A vertex that links to tombstones gets new
 * links, chosen from its live links and from those that the dead ones lead to
 * (through further dead ones, if need be): local work, no search.  When no
 * link leads to a tombstone, its vid is freed: the generation moves on (I9)
 * and the vid goes to the free list.  An upper vertex is dead with its base.
 *
 * Where most vertices are dead the living are linked anew beforehand (bulk.h):
 * by local work clusters would lose each other.
 *
 * A vertex most of whose links lead to tombstones is also linked anew (link.c).
 * At the end vertices that no way leads to any more get one (reach.c).
 *
 * Nobody else changes links or the directory meanwhile: merge lock (I12).
 */
#include "compat.h"

#include <math.h>

#include "commands/vacuum.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "hnsw/bulk.h"
#include "hnsw/link.h"
#include "hnsw/overflow.h"
#include "hnsw/reach.h"
#include "hnsw/repair.h"
#include "hnsw/worker.h"

/* Most candidates that one vertex chooses from, and dead ones looked through. */
#define MOST_CANDIDATES		512
#define MOST_DEAD			128

/* With so many, no more dead ones are looked through: nearest first. */
#define ENOUGH_CANDIDATES	96

/*
 * Where no more than this part of a vertex's links leads to living ones, those
 * that lead here are gone as well, and what the dead ones lead to is what is
 * left of the same place: such a vertex is linked anew, by a search.
 */
#define TORN_SHARE			4

/* Pruned links fill up to this share of m0: connectivity (as merge does). */
#define FILL_SHARE			0.75

typedef struct Repair
{
	Relation	index;
	QdHnswMeta	meta;
	qd_codec   *codec;
	uint8	   *dead;			/* a bit for each vid */
	uint8	   *torn;			/* those with QD_VERTEX_REPAIR */

	/* of the vertex being mended */
	qd_code_head self_head;
	int8	   *self;			/* its code, loaded */
	QdPageStore store;
	uint32		ids[MOST_CANDIDATES];
	int			n;
	uint32		dead_ids[MOST_DEAD];
	int			n_dead;
	QdCandidate candidates[MOST_CANDIDATES];
	qd_code_head *heads;		/* of the candidates, by place */
	int8	   *codes;
	QdNavWriter *nav;
} Repair;

static inline bool
is_dead(const Repair *r, uint32 vid)
{
	return vid >= r->meta.next_vid ||
		(r->dead[vid / 8] & (1 << vid % 8)) != 0;
}

static inline void
set_bit(uint8 *bits, uint32 vid)
{
	bits[vid / 8] |= 1 << vid % 8;
}

/*----------
 * Which vertices are dead
 *----------
 */

static void
copy_dir_page(Repair *r, uint32 first, QdDirEntry *entries)
{
	qd_vacuum_delay_point();
	qd_hnsw_worker_yield();
	qd_hnsw_dir_copy(r->index, first, QD_DIR_PER_PAGE, entries);
	for (int i = 0; i < QD_DIR_PER_PAGE; i++)
		if (entries[i].level > QD_MAX_LEVEL)
			qd_hnsw_corrupt(r->index, qd_hnsw_dir_block(r->index, first),
							"an entry is of a level that there is not");
}

/*
 * Two passes, since an upper vertex may stand before its base.  Free and
 * unused vids count as dead too: no link should lead there.
 */
static void
find_dead(Repair *r)
{
	QdDirEntry	entries[QD_DIR_PER_PAGE];

	r->dead = palloc_extended(r->meta.next_vid / 8 + 1,
							  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	r->torn = palloc_extended(r->meta.next_vid / 8 + 1,
							  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int upper = 0; upper < 2; upper++)
		for (uint32 vid = 0; vid < r->meta.next_vid; vid++)
		{
			const QdDirEntry *e = &entries[vid % QD_DIR_PER_PAGE];

			if (vid % QD_DIR_PER_PAGE == 0)
				copy_dir_page(r, vid, entries);
			if (upper ? e->state == QD_VERTEX_UPPER && is_dead(r, e->link) :
				e->state != QD_VERTEX_LIVE && e->state != QD_VERTEX_UPPER)
				set_bit(r->dead, vid);
		}
}

/*----------
 * New links of one vertex
 *----------
 */

static bool
contains(const uint32 *ids, int n, uint32 vid)
{
	for (int i = 0; i < n; i++)
		if (ids[i] == vid)
			return true;
	return false;
}

/* Sorts ids into candidates and dead ones, each once. */
static void
gather(Repair *r, uint32 self, const uint32 *ids, int n)
{
	for (int i = 0; i < n; i++)
	{
		uint32		vid = ids[i];

		if (vid == self || vid >= r->meta.next_vid)
			continue;
		if (is_dead(r, vid))
		{
			if (r->n_dead < MOST_DEAD && !contains(r->dead_ids, r->n_dead, vid))
				r->dead_ids[r->n_dead++] = vid;
		}
		else if (r->n < MOST_CANDIDATES && !contains(r->ids, r->n, vid))
			r->ids[r->n++] = vid;
	}
}

/* The vertex's block, copied; false when it is not of that level any more. */
static bool
copy_code(Repair *r, uint32 vid, int level, qd_code_head *head, int8 *code)
{
	Size		offset = 0;
	BlockNumber block = qd_hnsw_vertex_block(r->index, vid, &offset);
	Buffer		buffer = qd_hnsw_read(r->index, block, BUFFER_LOCK_SHARE,
									  QD_PAGE_VERTEX);
	QdVertexHead *v = QdPageVertex(BufferGetPage(buffer), offset);
	bool		found = !PageIsNew(BufferGetPage(buffer)) && v->vid == vid &&
		v->level == level;

	if (found)
	{
		*head = v->code;
		qd_load_code(r->codec, head, QdVertexStored(v), code);
	}
	UnlockReleaseBuffer(buffer);
	return found;
}

/* Scores the gathered ids; leaves candidates nearest first, with codes. */
static int
score_candidates(Repair *r, int level)
{
	Size		own = r->meta.layout.own_dims;
	int			n = 0;

	for (int i = 0; i < r->n; i++)
	{
		if (!copy_code(r, r->ids[i], level, &r->heads[n], r->codes + n * own))
			continue;
		r->ids[n] = r->ids[i];
		r->candidates[n].vid = n;	/* its place, for now */
		r->candidates[n].distance =
			qd_loaded_distance(r->codec, &r->self_head, r->self,
							   &r->heads[n], r->codes + n * own);
		n++;
	}
	qsort(r->candidates, n, sizeof(QdCandidate), qd_candidate_compare);
	return n;
}

/* Distance between two candidates, by their places. */
static float
pair_distance(void *arg, uint32 a, uint32 b)
{
	Repair	   *r = arg;
	Size		own = r->meta.layout.own_dims;

	return qd_loaded_distance(r->codec, &r->heads[a], r->codes + a * own,
							&r->heads[b], r->codes + b * own);
}

/* Writes new links into the block, in the copy of its page. */
static void
choose_links(Repair *r, QdVertexHead *v)
{
	const QdHnswLayout *l = &r->meta.layout;
	uint32		links[QD_MAX_LINKS];
	QdCandidate chosen[QD_MAX_LINKS];
	int			n;

	r->self_head = v->code;
	qd_load_code(r->codec, &v->code, QdVertexStored(v), r->self);
	r->n = r->n_dead = 0;
	gather(r, v->vid, QdVertexIds(l, v), Min(v->degree, l->m0));
	if (r->n * TORN_SHARE <= r->n + r->n_dead)
		v->flags |= QD_VERTEX_REPAIR;
	for (int i = 0; i < r->n_dead && r->n < ENOUGH_CANDIDATES; i++)
	{
		n = r->store.graph.links(r->store.graph.arg, r->dead_ids[i], links);
		gather(r, v->vid, links, n);
	}
	n = score_candidates(r, v->level);
	n = qd_graph_select(r->candidates, n, l->m0, l->m0 * FILL_SHARE,
						pair_distance, r, chosen);
	for (int i = 0; i < n; i++)
	{
		uint32		place = chosen[i].vid;

		QdVertexIds(l, v)[i] = r->ids[place];
		qd_hnsw_nav_encode(r->nav, &v->code, QdVertexCode(v), i,
						   &r->heads[place],
						   r->codes + place * (Size) l->own_dims);
	}
	qd_hnsw_nav_store(r->nav, v, n);
	memset(QdVertexIds(l, v) + n, 0, (l->m0 - n) * sizeof(uint32));
	v->degree = n;
	v->changes++;
	if (v->flags & QD_VERTEX_REPAIR)
		set_bit(r->torn, v->vid);
}

/*----------
 * The sweep
 *----------
 */

static bool
needs_repair(const Repair *r, QdVertexHead *v)
{
	const QdHnswLayout *l = &r->meta.layout;
	int			n = Min(v->degree, l->m0);

	for (int i = 0; i < n; i++)
		if (is_dead(r, QdVertexIds(l, v)[i]))
			return true;
	return (v->flags & QD_VERTEX_REPAIR) != 0;
}

/* Chooses links of the damaged vertices of a page; copy is the page. */
static bool
mend_copy(Repair *r, uint32 first, uint32 end, Page copy)
{
	Size		offset = SizeOfPageHeaderData;
	bool		changed = false;

	for (uint32 vid = first; vid < end; vid++, offset += r->meta.layout.block_bytes)
	{
		QdVertexHead *v = QdPageVertex(copy, offset);

		if (v->vid != vid || is_dead(r, vid) || !needs_repair(r, v))
			continue;
		choose_links(r, v);
		changed = true;
	}
	return changed;
}

static void
mend_page(Repair *r, uint32 first, uint32 end)
{
	Size		offset = 0;
	BlockNumber block = qd_hnsw_vertex_block(r->index, first, &offset);
	PGAlignedBlock copy;
	Buffer		buffer;
	GenericXLogState *state;

	qd_vacuum_delay_point();
	qd_hnsw_worker_yield();
	buffer = qd_hnsw_read(r->index, block, BUFFER_LOCK_SHARE, QD_PAGE_VERTEX);
	memcpy(copy.data, BufferGetPage(buffer), BLCKSZ);
	UnlockReleaseBuffer(buffer);
	if (PageIsNew((Page) copy.data) || !mend_copy(r, first, end, copy.data))
		return;

	buffer = qd_hnsw_read(r->index, block, BUFFER_LOCK_EXCLUSIVE,
						  QD_PAGE_VERTEX);
	state = GenericXLogStart(r->index);
	{
		Page		page = GenericXLogRegisterBuffer(state, buffer, 0);

		/* content only: the header is the page's own */
		memcpy(PageGetContents(page), PageGetContents(copy.data),
			   ((PageHeader) page)->pd_lower - SizeOfPageHeaderData);
	}
	GenericXLogFinish(state);
	UnlockReleaseBuffer(buffer);
}

static void
mend_all(Repair *r)
{
	const QdHnswLayout *l = &r->meta.layout;
	uint32		end;

	for (uint32 vid = 0; vid < r->meta.next_vid; vid = end)
	{
		end = vid + Min(l->npp, QD_DIR_PER_PAGE - vid % QD_DIR_PER_PAGE);
		end = Min(end, r->meta.next_vid);
		mend_page(r, vid, end);
	}
}

/*----------
 * Entry and free list
 *----------
 */

/* The highest vertex that is alive. */
static void
find_top(Repair *r, QdHnswMeta *top)
{
	QdDirEntry	entries[QD_DIR_PER_PAGE];

	top->entry_vid = QD_NO_VID;
	top->entry_level = 0;
	top->entry_gen = 0;
	for (uint32 vid = 0; vid < r->meta.next_vid; vid++)
	{
		const QdDirEntry *e = &entries[vid % QD_DIR_PER_PAGE];

		if (vid % QD_DIR_PER_PAGE == 0)
			copy_dir_page(r, vid, entries);
		if (is_dead(r, vid) ||
			(top->entry_vid != QD_NO_VID && e->level <= top->entry_level))
			continue;
		top->entry_vid = vid;
		top->entry_level = e->level;
		top->entry_gen = e->gen;
	}
}

static void
replace_dead_entry(Repair *r)
{
	QdHnswMeta	top;
	QdHnswMeta *meta;
	Buffer		buffer;
	GenericXLogState *state;

	if (r->meta.entry_vid == QD_NO_VID || !is_dead(r, r->meta.entry_vid))
		return;
	find_top(r, &top);
	buffer = qd_hnsw_read(r->index, QD_META_BLOCK, BUFFER_LOCK_EXCLUSIVE,
						  QD_PAGE_META);
	state = GenericXLogStart(r->index);
	meta = QdPageMeta(GenericXLogRegisterBuffer(state, buffer, 0));
	meta->entry_vid = top.entry_vid;
	meta->entry_level = top.entry_level;
	meta->entry_gen = top.entry_gen;
	GenericXLogFinish(state);
	UnlockReleaseBuffer(buffer);
}

/* A tombstone, or before that an upper vertex of one: what is to be freed. */
static inline bool
is_to_free(const Repair *r, uint32 vid, const QdDirEntry *e,
		   QdVertexState state)
{
	return is_dead(r, vid) && e->state == state;
}

/* META and the directory page in one record. */
static void
free_on_page(Repair *r, uint32 first, uint32 end, QdVertexState kind)
{
	Buffer		meta_buffer = qd_hnsw_read(r->index, QD_META_BLOCK,
										   BUFFER_LOCK_EXCLUSIVE, QD_PAGE_META);
	Buffer		buffer = qd_hnsw_read(r->index,
									  qd_hnsw_dir_block(r->index, first),
									  BUFFER_LOCK_EXCLUSIVE, QD_PAGE_DIR);
	GenericXLogState *state = GenericXLogStart(r->index);
	QdHnswMeta *meta;
	Page		page;

	meta = QdPageMeta(GenericXLogRegisterBuffer(state, meta_buffer, 0));
	page = GenericXLogRegisterBuffer(state, buffer, 0);
	for (uint32 vid = first; vid < end; vid++)
	{
		QdDirEntry *e = QdPageDirEntry(page, vid);

		if (!is_to_free(r, vid, e, kind))
			continue;
		if (e->state == QD_VERTEX_TOMBSTONE && meta->tombstones > 0)
			meta->tombstones--;
		ItemPointerSetInvalid(&e->tid);
		e->gen = e->gen == PG_UINT16_MAX ? 1 : e->gen + 1;
		e->state = QD_VERTEX_FREE;
		e->level = 0;
		e->n_tids = 0;
		e->link = meta->free_head;
		meta->free_head = vid;
		meta->free_count++;
	}
	GenericXLogFinish(state);
	UnlockReleaseBuffer(buffer);
	UnlockReleaseBuffer(meta_buffer);
}

/* Their other rows died with them; before a vid is free for others. */
static void
free_chains(Repair *r, uint32 first, uint32 end, const QdDirEntry *entries)
{
	for (uint32 vid = first; vid < end; vid++)
		if (entries[vid - first].state == QD_VERTEX_TOMBSTONE &&
			entries[vid - first].link != QD_NO_VID)
			qd_overflow_free(r->index, vid);
}

static void
free_dead(Repair *r, QdVertexState kind)
{
	QdDirEntry	entries[QD_DIR_PER_PAGE];

	for (uint32 first = 0; first < r->meta.next_vid; first += QD_DIR_PER_PAGE)
	{
		uint32		end = Min(first + QD_DIR_PER_PAGE, r->meta.next_vid);
		bool		any = false;

		copy_dir_page(r, first, entries);
		for (uint32 vid = first; vid < end && !any; vid++)
			any = is_to_free(r, vid, &entries[vid - first], kind);
		if (any && kind == QD_VERTEX_TOMBSTONE)
			free_chains(r, first, end, entries);
		if (any)
			free_on_page(r, first, end, kind);
	}
}

/*----------
 * Vertices that lost most links
 *----------
 */
static bool
any_torn(const Repair *r, uint32 first, uint32 end)
{
	for (uint32 vid = first; vid < end; vid++)
		if (r->torn[vid / 8] & 1 << vid % 8)
			return true;
	return false;
}

/* Upper levels first: searches on the base level begin there. */
static void
relink_torn(Repair *r)
{
	QdLinker	linker;
	QdDirEntry	entries[QD_DIR_PER_PAGE];
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "qdrant_hnsw torn vertex",
												  ALLOCSET_DEFAULT_SIZES);

	qd_linker_init(&linker, r->index);
	for (int upper = 1; upper >= 0; upper--)
		for (uint32 first = 0; first < r->meta.next_vid; first += QD_DIR_PER_PAGE)
		{
			uint32		end = Min(first + QD_DIR_PER_PAGE, r->meta.next_vid);

			if (!any_torn(r, first, end))
				continue;
			copy_dir_page(r, first, entries);
			for (uint32 vid = first; vid < end; vid++)
			{
				int			level = entries[vid - first].level;
				MemoryContext old;

				if (!any_torn(r, vid, vid + 1) || (level > 0) != upper)
					continue;
				qd_vacuum_delay_point();
				qd_hnsw_worker_yield();
				old = MemoryContextSwitchTo(context);
				qd_linker_relink(&linker, vid, level);
				MemoryContextSwitchTo(old);
				MemoryContextReset(context);
			}
		}
	MemoryContextDelete(context);
}

void
qd_hnsw_repair(Relation index)
{
	Repair	   *r = palloc0(sizeof(Repair));

	r->index = index;
	qd_hnsw_meta_read(index, &r->meta);
	if (qd_hnsw_bulk_relink_pays(&r->meta))
	{
		qd_hnsw_bulk_relink(index, &r->meta);
		qd_hnsw_meta_read(index, &r->meta);
	}
	r->codec = qd_hnsw_codec_copy(index);
	r->self = palloc(r->meta.layout.own_dims);
	r->heads = palloc(MOST_CANDIDATES * sizeof(qd_code_head));
	r->codes = palloc(MOST_CANDIDATES * (Size) r->meta.layout.own_dims);
	r->nav = qd_hnsw_nav_writer(&r->meta.layout, r->codec);
	qd_hnsw_page_store_init(&r->store, index, NULL, r->meta.next_vid);
	find_dead(r);
	mend_all(r);
	replace_dead_entry(r);
	/*
	 * Once the dead are free nothing else tells that a repair was cut short
	 * before its end: the next VACUUM has to do all of it.
	 */
	qd_hnsw_meta_set(index, offsetof(QdHnswMeta, repairing), 1);
	/* uppers first: after a crash no vid of a base is in use again before them */
	free_dead(r, QD_VERTEX_UPPER);
	free_dead(r, QD_VERTEX_TOMBSTONE);
	relink_torn(r);
	qd_hnsw_reach(index);
	qd_hnsw_meta_set(index, offsetof(QdHnswMeta, repairing), 0);
}
