/*
 * bulk.c
 *		A backlog of fresh rows into the graph at once: the graph is read into
 *		memory, the rows are linked there at the speed of a build, and what
 *		changed is written page by page.
 *
 * New vertices take free vids as far as there are (those on the base level
 * only: levels are published together), then new ones.  In this order, so that
 * a crash anywhere leaves a graph in order (README, Bulk merge):
 *
 *		N	DIR, VERTEX: new vids, behind next_vid, which nobody looks at
 *		O	VERTEX: blocks of free vids
 *		T	META, DIR: they leave the free list, as tombstones
 *		P	META: next_vid, entry; the new vids are in the graph
 *		L	META, DIR: the tombstones become live
 *		X	META, DIR, OVERFLOW: rows that share a vertex (overflow.c)
 *		C	VERTEX: links that have changed
 *		F	FRESH: slots are dead
 */
#include "postgres.h"
#include "compat.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "hnsw/builder.h"
#include "hnsw/bulk.h"
#include "hnsw/copies.h"
#include "hnsw/fresh.h"
#include "hnsw/overflow.h"
#include "hnsw/tid_set.h"
#include "hnsw/worker.h"

/*
 * Vertices that are read, and written where they change, in the time that a
 * row costs more one by one than in memory: decision 0008.
 */
#define VERTICES_PER_ROW	100.0

/* A node and the vid it gets or has. */
typedef struct Placed
{
	uint32		vid;
	uint32		node;
} Placed;

typedef struct Bulk
{
	Relation	index;
	QdGraphBuilder *b;
	QdGraphLoad load;
	QdBuilderWriter writer;
	uint32		linked;			/* rows that the graph had */
	uint16	   *slots;			/* looked at, of a fresh page */
	uint32		pages;			/* of the fresh region, all looked at */
	bool		all;			/* no page was left */
	QdCopies   *copies;

	Placed	   *new;			/* behind next_vid, ascending */
	uint32		n_new;
	Placed	   *reused;			/* free vids, in the order of the free list */
	uint32		n_reused;
} Bulk;

static void *
allocate(Size n, Size size)
{
	return palloc_extended((n + 1) * size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/*----------
 * The rows
 *----------
 */

/*
 * Adds the rows of the fresh region but those that skip has, page by page,
 * until memory or max_rows (0 = no bound) is used up.
 */
static void
collect_rows(Bulk *k, uint32 max_rows, const QdTidSet *skip)
{
	const QdHnswMeta *meta = &k->load.meta;
	uint32		all = meta->fresh_hi - meta->fresh_lo;
	uint32		before = qd_hnsw_builder_count(k->b);
	Size		limit = maintenance_work_mem * (Size) 1024;
	double		most = (double) limit /
		qd_hnsw_builder_row_memory(&meta->layout);
	Size		table;
	PGAlignedBlock page;

	k->slots = allocate(all, sizeof(uint16));
	k->copies = qd_copies_create(k->b, &k->load,
								 Min(qd_hnsw_fresh_rows(meta), most));
	table = qd_copies_memory(k->copies);
	for (k->pages = 0; k->pages < all; k->pages++)
	{
		uint32		i = k->pages;

		if (qd_hnsw_builder_memory(k->b) + qd_copies_memory(k->copies) - table >
			limit ||
			(max_rows > 0 && qd_hnsw_builder_count(k->b) - before +
			 qd_copies_count(k->copies) >= max_rows))
			break;
		qd_hnsw_worker_yield();
		k->slots[i] = qd_hnsw_fresh_copy(k->index, meta, meta->fresh_lo + i,
										 page.data);
		for (int j = 0; j < k->slots[i]; j++)
		{
			QdFreshSlot *slot = QdPageFreshSlot(&meta->layout, page.data, j);

			if (slot->flags == QD_FRESH_USED &&
				(skip == NULL || !qd_tid_set_has(skip, &slot->tid)))
				qd_copies_put(k->copies, &slot->tid, &slot->code, slot->bytes);
		}
	}
	k->all = k->pages == all;
}

/*
 * Centroids never change.  So where only some of the rows are linked at first,
 * they are learned from a sample of all that are there.
 */
static void
learn_codebook(Bulk *k)
{
	const QdHnswMeta *meta = &k->load.meta;
	qd_codec   *codec = unconstify(qd_codec *, k->b->codec);
	double		rows = qd_hnsw_fresh_rows(meta);
	uint64		step = Max(1, rows / QD_CODEBOOK_ROWS);
	uint64		n = 0;
	QdGraphBuilder *sample;
	PGAlignedBlock page;

	if (codec->kind != QD_CODE_PRODUCT || codec->codebook != NULL || k->all)
		return;
	sample = qd_hnsw_builder_create(&meta->layout, codec,
									Min(rows, 2 * QD_CODEBOOK_ROWS));
	for (uint32 p = meta->fresh_lo; p != meta->fresh_hi; p++)
	{
		int			slots = qd_hnsw_fresh_copy(k->index, meta, p, page.data);

		qd_hnsw_worker_yield();
		for (int i = 0; i < slots; i++)
		{
			QdFreshSlot *slot = QdPageFreshSlot(&meta->layout, page.data, i);

			if (slot->flags == QD_FRESH_USED && n++ % step == 0)
				qd_hnsw_builder_add(sample, &slot->tid, &slot->code, slot->bytes);
		}
	}
	if (n > 0)
	{
		qd_hnsw_codebook_create(k->index, sample);
		qd_hnsw_codebook_load(k->index, codec);
	}
	qd_hnsw_builder_free(sample);
}

static void
clear_rows(Bulk *k)
{
	const QdHnswMeta *meta = &k->load.meta;

	for (uint32 i = 0; i < k->pages; i++)
	{
		qd_hnsw_worker_yield();
		qd_hnsw_fresh_clear(k->index, meta, meta->fresh_lo + i, k->slots[i]);
	}
	qd_hnsw_fresh_trim(k->index);
}

typedef struct KnownSearch
{
	QdTidSet   *known;
	const QdTidSet *fresh;
} KnownSearch;

static void
see_copy(void *arg, uint32 vid, uint16 gen, const ItemPointerData *tid)
{
	KnownSearch *search = arg;

	if (qd_tid_set_has(search->fresh, tid))
		qd_tid_set_add(search->known, tid);
}

/*
 * TIDs of fresh slots that the graph has too, since a crash or an error came
 * between: the same rows, because VACUUM clears both places before a TID can
 * be used again.  Their links back may be missing.
 */
static void
find_known(Bulk *k, QdTidSet *known)
{
	QdGraphLoad *d = &k->load;
	QdTidSet	fresh;
	PGAlignedBlock page;

	qd_tid_set_init(known);
	qd_tid_set_init(&fresh);
	for (uint32 p = d->meta.fresh_lo; p != d->meta.fresh_hi; p++)
	{
		int			n = qd_hnsw_fresh_copy(k->index, &d->meta, p, page.data);

		qd_hnsw_worker_yield();
		for (int i = 0; i < n; i++)
		{
			QdFreshSlot *slot = QdPageFreshSlot(&d->meta.layout, page.data, i);

			if (slot->flags == QD_FRESH_USED)
				qd_tid_set_add(&fresh, &slot->tid);
		}
	}
	qd_overflow_each(k->index, &d->meta, see_copy, &(KnownSearch) {known, &fresh});
	d->incomplete = allocate(fresh.n, sizeof(uint32));
	for (uint32 row = 0; row < k->linked; row++)
	{
		ItemPointer tid = &d->dir[d->base_vids[row]].tid;

		if (qd_tid_set_has(&fresh, tid) && qd_tid_set_add(known, tid))
			d->incomplete[d->n_incomplete++] = row;
	}
	pfree(fresh.keys);
}

/*----------
 * Vids of the new nodes
 *----------
 */
static int
compare_placed(const void *a, const void *b)
{
	uint32		x = ((const Placed *) a)->vid;
	uint32		y = ((const Placed *) b)->vid;

	return x < y ? -1 : x > y;
}

static void
sort_placed(Placed *placed, uint32 n)
{
	if (n > 1)
		qsort(placed, n, sizeof(Placed), compare_placed);
}

static void
place_at(Bulk *k, uint32 node, uint32 vid, uint16 gen)
{
	k->load.vids[node] = vid;
	k->load.gens[node] = gen;
}

static void
place_new(Bulk *k, uint32 node)
{
	uint64		vid = (uint64) k->load.meta.next_vid + k->n_new;

	if (vid >= QD_NO_VID - QD_DIR_PER_PAGE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many vertices in index \"%s\"",
						RelationGetRelationName(k->index)),
				 errhint("Please REINDEX it.")));
	k->new[k->n_new++] = (Placed) {vid, node};
	place_at(k, node, vid, 1);
}

/* The free list is as META and the directory had it: merge lock. */
static bool
place_free(Bulk *k, uint32 node, uint32 *free_vid)
{
	const QdGraphLoad *d = &k->load;
	uint32		vid = *free_vid;

	if (vid >= d->meta.next_vid || d->dir[vid].state != QD_VERTEX_FREE ||
		k->n_reused >= d->meta.free_count)
		return false;
	k->reused[k->n_reused++] = (Placed) {vid, node};
	place_at(k, node, vid, Max(d->dir[vid].gen, 1));
	*free_vid = d->dir[vid].link;
	return true;
}

static void
place_nodes(Bulk *k)
{
	QdGraphBuilder *b = k->b;
	uint32		free_vid = k->load.meta.free_head;

	k->new = allocate(b->nodes, sizeof(Placed));
	k->reused = allocate(Min(k->load.meta.free_count, b->n - k->linked),
						 sizeof(Placed));
	for (uint32 row = k->linked; row < b->n; row++)
		if (b->levels[row] > 0 || !place_free(k, row, &free_vid))
			place_new(k, row);
	for (uint32 row = k->linked; row < b->n; row++)
		for (int level = 1; level <= b->levels[row]; level++)
			place_new(k, qd_builder_node(b, row, level));
}

/*----------
 * Pages
 *----------
 */
typedef struct PageEdit
{
	Buffer		buffer;
	GenericXLogState *state;
	Page		page;
} PageEdit;

static void
begin_edit(Bulk *k, PageEdit *e, BlockNumber block, QdPageKind kind)
{
	qd_hnsw_worker_yield();
	e->buffer = qd_hnsw_read(k->index, block, BUFFER_LOCK_EXCLUSIVE, kind);
	e->state = GenericXLogStart(k->index);
	e->page = GenericXLogRegisterBuffer(e->state, e->buffer,
										PageIsNew(BufferGetPage(e->buffer)) ?
										GENERIC_XLOG_FULL_IMAGE : 0);
}

static void
end_edit(PageEdit *e)
{
	GenericXLogFinish(e->state);
	UnlockReleaseBuffer(e->buffer);
}

/* Blocks of vertices, ascending: new ones, or new links of old ones. */
static void
write_blocks(Bulk *k, const Placed *placed, uint32 n, bool new)
{
	const QdHnswLayout *l = &k->load.meta.layout;
	BlockNumber current = InvalidBlockNumber;
	PageEdit	e;

	for (uint32 i = 0; i < n; i++)
	{
		Size		offset = 0;
		BlockNumber block = qd_hnsw_vertex_block(k->index, placed[i].vid, &offset);
		QdVertexHead *v;

		if (block != current)
		{
			if (current != InvalidBlockNumber)
				end_edit(&e);
			begin_edit(k, &e, block, QD_PAGE_VERTEX);
			current = block;
			if (PageIsNew(e.page))
				qd_hnsw_page_init(e.page, QD_PAGE_VERTEX,
								  QdVertexOrdinal(l, placed[i].vid),
								  (Size) l->npp * l->block_bytes);
		}
		v = QdPageVertex(e.page, offset);
		if (new)
			memset(v, 0, l->block_bytes);
		qd_builder_fill_vertex(&k->writer, placed[i].node, v);
		v->changes++;
	}
	if (current != InvalidBlockNumber)
		end_edit(&e);
}

/* Entries of new vids, which count only once META says so. */
static void
write_new_entries(Bulk *k)
{
	PageEdit	e;

	for (uint32 i = 0; i < k->n_new; i++)
	{
		uint32		vid = k->new[i].vid;

		if (i == 0 || vid % QD_DIR_PER_PAGE == 0)
		{
			if (i > 0)
				end_edit(&e);
			begin_edit(k, &e, qd_hnsw_dir_block(k->index, vid), QD_PAGE_DIR);
			if (PageIsNew(e.page))
				qd_hnsw_page_init(e.page, QD_PAGE_DIR, vid / QD_DIR_PER_PAGE,
								  QD_DIR_PER_PAGE * sizeof(QdDirEntry));
		}
		qd_builder_fill_entry(&k->writer, k->new[i].node,
							  QdPageDirEntry(e.page, vid));
	}
	if (k->n_new > 0)
		end_edit(&e);
}

/*----------
 * Free vids: off the list as tombstones, later live
 *----------
 */
typedef void (*EntryChange) (Bulk *k, QdHnswMeta *meta, QdDirEntry *entry,
							 const Placed *placed);

static void
take_from_list(Bulk *k, QdHnswMeta *meta, QdDirEntry *entry,
			   const Placed *placed)
{
	if (meta->free_head != placed->vid || meta->free_count == 0 ||
		entry->state != QD_VERTEX_FREE)
		qd_hnsw_corrupt(k->index, QD_META_BLOCK, "the free list is broken");
	meta->free_head = entry->link;
	meta->free_count--;
	meta->tombstones++;
	entry->state = QD_VERTEX_TOMBSTONE;
	entry->gen = k->load.gens[placed->node];
	entry->link = QD_NO_VID;
	entry->level = 0;
}

static void
bring_to_life(Bulk *k, QdHnswMeta *meta, QdDirEntry *entry,
			  const Placed *placed)
{
	qd_builder_fill_entry(&k->writer, placed->node, entry);
	meta->tombstones--;
	meta->live++;
}

/* Neighbours in the list of one DIR page share a record with META. */
static void
change_entries(Bulk *k, const Placed *placed, uint32 n, EntryChange change)
{
	for (uint32 i = 0; i < n;)
	{
		uint32		stripe = placed[i].vid / QD_DIR_PER_PAGE;
		PageEdit	e;
		Buffer		buffer;
		Page		page;

		begin_edit(k, &e, QD_META_BLOCK, QD_PAGE_META);
		buffer = qd_hnsw_read(k->index,
							  qd_hnsw_dir_block(k->index, placed[i].vid),
							  BUFFER_LOCK_EXCLUSIVE, QD_PAGE_DIR);
		page = GenericXLogRegisterBuffer(e.state, buffer, 0);
		for (; i < n && placed[i].vid / QD_DIR_PER_PAGE == stripe; i++)
			change(k, QdPageMeta(e.page), QdPageDirEntry(page, placed[i].vid),
				   &placed[i]);
		GenericXLogFinish(e.state);
		UnlockReleaseBuffer(buffer);
		UnlockReleaseBuffer(e.buffer);
	}
}

/*----------
 * Publication
 *----------
 */
static void
publish(Bulk *k)
{
	const QdGraphBuilder *b = k->b;
	int			level = b->levels[b->entry];
	uint32		node = qd_builder_node(b, b->entry, level);
	PageEdit	e;
	QdHnswMeta *meta;

	begin_edit(k, &e, QD_META_BLOCK, QD_PAGE_META);
	meta = QdPageMeta(e.page);
	meta->next_vid += k->n_new;
	meta->live += b->n - k->linked - k->n_reused;
	meta->entry_vid = k->load.vids[node];
	meta->entry_gen = k->load.gens[node];
	meta->entry_level = level;
	end_edit(&e);
}

static void
write_changed(Bulk *k)
{
	const QdGraphBuilder *b = k->b;
	Placed	   *changed = allocate(b->nodes, sizeof(Placed));
	uint32		n = 0;

	for (uint32 row = 0; row < k->linked; row++)
		for (int level = 0; level <= b->levels[row]; level++)
		{
			uint32		node = qd_builder_node(b, row, level);

			if (b->changed[node])
				changed[n++] = (Placed) {k->load.vids[node], node};
		}
	sort_placed(changed, n);
	write_blocks(k, changed, n, false);
	pfree(changed);
}

static void
write_graph(Bulk *k)
{
	Placed	   *sorted;

	place_nodes(k);
	qd_builder_writer_init(&k->writer, k->b, k->index);
	k->writer.vids = k->load.vids;
	k->writer.gens = k->load.gens;
	qd_hnsw_reserve(k->index, k->load.meta.next_vid, k->n_new);
	write_blocks(k, k->new, k->n_new, true);
	write_new_entries(k);
	sorted = allocate(k->n_reused, sizeof(Placed));
	memcpy(sorted, k->reused, k->n_reused * sizeof(Placed));
	sort_placed(sorted, k->n_reused);
	write_blocks(k, sorted, k->n_reused, true);
	change_entries(k, k->reused, k->n_reused, take_from_list);
	publish(k);
	change_entries(k, sorted, k->n_reused, bring_to_life);
	qd_copies_store(k->copies, k->index, k->load.vids);
	write_changed(k);
}

/*----------
 * All of it
 *----------
 */
static void
give_way(uint32 done)
{
	qd_hnsw_worker_yield();
}

static double
link_and_write(Bulk *k, const QdHnswMeta *meta, uint32 max_rows)
{
	QdTidSet	known;
	double		rows;

	qd_graph_load(&k->load, k->index, meta, k->b);
	k->linked = k->b->linked;
	find_known(k, &known);
	collect_rows(k, max_rows, &known);
	rows = k->b->n - k->linked + qd_copies_count(k->copies) + known.n;
	if (k->b->n > 0)
	{
		qd_hnsw_builder_link(k->b, give_way);
		write_graph(k);
	}
	clear_rows(k);
	return rows;
}

static void
begin_bulk(Bulk *k, Relation index, const QdHnswMeta *meta, double rows)
{
	memset(k, 0, sizeof(*k));
	k->index = index;
	k->load.index = index;
	k->load.meta = *meta;
	k->b = qd_hnsw_builder_create(&meta->layout, qd_hnsw_codec_copy(index),
								  rows);
	k->load.b = k->b;
}

double
qd_hnsw_bulk_merge(Relation index, const QdHnswMeta *meta, uint32 max_rows)
{
	Bulk		k;
	double		rows;

	begin_bulk(&k, index, meta, meta->live + qd_hnsw_fresh_rows(meta));
	rows = link_and_write(&k, meta, max_rows);
	qd_hnsw_builder_free(k.b);
	return rows;
}

/* Whether the graph and so many more rows may be read into memory. */
static bool
fits(const QdHnswMeta *meta, double rows)
{
	double		memory = (meta->live + rows) *
		qd_hnsw_builder_row_memory(&meta->layout) +
		(double) meta->next_vid * (sizeof(QdDirEntry) + 2 * sizeof(uint32));

	/* what a coarse code decodes to is no code to store again */
	return meta->layout.code_kind == QD_CODE_INT8 &&
		memory <= maintenance_work_mem * 1024.0;
}

bool
qd_hnsw_bulk_pays(const QdHnswMeta *meta, double rows)
{
	return rows * VERTICES_PER_ROW >= meta->next_vid && fits(meta, rows);
}

bool
qd_hnsw_bulk_relink_pays(const QdHnswMeta *meta)
{
	return meta->tombstones > meta->live && fits(meta, 0);
}

/*
 * The entry first, then links page by page.  After a crash in between some
 * vertices have their old links, which may lead to tombstones: as before.
 */
void
qd_hnsw_bulk_relink(Relation index, const QdHnswMeta *meta)
{
	Bulk		k;

	begin_bulk(&k, index, meta, meta->live);
	qd_graph_load(&k.load, index, meta, k.b);
	k.load.without_links = true;
	k.linked = k.b->linked;
	if (k.linked > 0)
	{
		qd_builder_begin(k.b);
		qd_builder_relink(k.b, give_way);
		qd_builder_writer_init(&k.writer, k.b, index);
		k.writer.vids = k.load.vids;
		k.writer.gens = k.load.gens;
		publish(&k);
		write_changed(&k);
	}
	qd_hnsw_builder_free(k.b);
}

double
qd_hnsw_bulk_first(Relation index, const QdHnswMeta *meta, uint32 max_rows)
{
	double		room = qd_hnsw_fresh_rows(meta);
	double		threshold = qd_hnsw_threshold_rows(index, &meta->layout);
	double		rows;
	Bulk		k;

	if (room < threshold)
		return 0;
	begin_bulk(&k, index, meta, room);
	collect_rows(&k, max_rows, NULL);
	rows = k.b->n + qd_copies_count(k.copies);
	if (rows > 0 && (!k.all || rows >= threshold || room >= 2 * threshold))
	{
		learn_codebook(&k);
		qd_hnsw_builder_link(k.b, give_way);
		qd_hnsw_builder_write(k.b, index, give_way);
		qd_copies_store(k.copies, index, NULL);
		clear_rows(&k);
	}
	else
	{
		rows = 0;
		qd_hnsw_fresh_trim(index);
	}
	qd_hnsw_builder_free(k.b);
	return rows;
}
