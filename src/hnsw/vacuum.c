/*
 * vacuum.c
 *		Takes dead rows out of the index, and repairs the graph around them.
 *
 * Bulk delete looks at TIDs only: fresh slots, chains of further rows, directory
 * entries.  A vertex whose last row is gone becomes a tombstone: it still leads
 * somewhere.  Cleanup merges the fresh rows and, once tombstones are many,
 * repairs (repair.c).  All of it happens under the merge lock, because a merge
 * moves TIDs from one place to the other.
 */
#include "compat.h"

#include "commands/vacuum.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "hnsw/fresh.h"
#include "hnsw/overflow.h"
#include "hnsw/repair.h"

/* Tombstones above this share of the graph are repaired away. */
#define REPAIR_SHARE	0.05

typedef struct Sweep
{
	Relation	index;
	IndexBulkDeleteResult *stats;
	IndexBulkDeleteCallback callback;
	void	   *callback_state;
	QdHnswMeta	meta;
} Sweep;

/* TIDs of a page and where they stand, copied so that no lock is held. */
typedef struct PageTids
{
	int			n;
	uint16		place[BLCKSZ / sizeof(QdDirEntry)];
	ItemPointerData tid[BLCKSZ / sizeof(QdDirEntry)];
} PageTids;

StaticAssertDecl(sizeof(QdDirEntry) <= offsetof(QdFreshSlot, bytes),
				 "PageTids has room for both kinds");

/* Keeps those that are gone; counts both. */
static void
keep_dead(Sweep *s, PageTids *tids)
{
	int			dead = 0;

	for (int i = 0; i < tids->n; i++)
	{
		if (!s->callback(&tids->tid[i], s->callback_state))
			continue;
		tids->place[dead] = tids->place[i];
		tids->tid[dead] = tids->tid[i];
		dead++;
	}
	s->stats->num_index_tuples += tids->n - dead;
	s->stats->tuples_removed += dead;
	tids->n = dead;
}

/*----------
 * The fresh region
 *----------
 */

static void
copy_fresh_tids(const QdHnswLayout *l, Page page, PageTids *tids)
{
	int			n = qd_hnsw_fresh_slots(l, page);

	tids->n = 0;
	for (int i = 0; i < n; i++)
	{
		QdFreshSlot *slot = QdPageFreshSlot(l, page, i);

		if (slot->flags != QD_FRESH_USED)
			continue;
		tids->place[tids->n] = i;
		tids->tid[tids->n++] = slot->tid;
	}
}

/*
 * Rows appended meanwhile are not looked at: they are younger than what the
 * caller collected.  Slots do not change hands under the merge lock.
 */
static void
sweep_fresh_page(Sweep *s, BlockNumber block)
{
	const QdHnswLayout *l = &s->meta.layout;
	PageTids	tids;
	Buffer		buffer = qd_hnsw_read(s->index, block, BUFFER_LOCK_SHARE,
									  QD_PAGE_FRESH);
	GenericXLogState *state;
	Page		page;

	copy_fresh_tids(l, BufferGetPage(buffer), &tids);
	UnlockReleaseBuffer(buffer);
	keep_dead(s, &tids);
	if (tids.n == 0)
		return;

	buffer = qd_hnsw_read(s->index, block, BUFFER_LOCK_EXCLUSIVE,
						  QD_PAGE_FRESH);
	state = GenericXLogStart(s->index);
	page = GenericXLogRegisterBuffer(state, buffer, 0);
	for (int i = 0; i < tids.n; i++)
		QdPageFreshSlot(l, page, tids.place[i])->flags |= QD_FRESH_DEAD;
	GenericXLogFinish(state);
	UnlockReleaseBuffer(buffer);
}

static void
sweep_fresh(Sweep *s)
{
	for (uint32 p = s->meta.fresh_lo; p != s->meta.fresh_hi; p++)
	{
		qd_vacuum_delay_point();
		sweep_fresh_page(s, qd_hnsw_fresh_block(s->index, p,
												s->meta.fresh_pages));
	}
}

/*----------
 * Chains: first, so that it is known then which vertices have other rows
 *----------
 */

/* The rows of a page's chunks; a place is chunk * QD_OVERFLOW_ROWS + row. */
static int
find_dead_copies(Sweep *s, const QdOverflowChunk *chunks, int n, uint16 *dead)
{
	int			n_dead = 0;

	for (int i = 0; i < n * QD_OVERFLOW_ROWS; i++)
	{
		const QdOverflowChunk *chunk = &chunks[i / QD_OVERFLOW_ROWS];
		ItemPointerData tid = chunk->rows[i % QD_OVERFLOW_ROWS].tid;

		if (chunk->owner == QD_NO_VID || !ItemPointerIsValid(&tid))
			continue;
		if (s->callback(&tid, s->callback_state))
			dead[n_dead++] = i;
		else
			s->stats->num_index_tuples++;
	}
	s->stats->tuples_removed += n_dead;
	return n_dead;
}

/* META and the page in one record. */
static void
drop_copies(Sweep *s, uint32 page_number, const uint16 *dead, int n)
{
	uint32		first = page_number * QD_OVERFLOW_PER_PAGE;
	Buffer		meta_buffer = qd_hnsw_read(s->index, QD_META_BLOCK,
										   BUFFER_LOCK_EXCLUSIVE, QD_PAGE_META);
	Buffer		buffer = qd_hnsw_read(s->index,
									  qd_hnsw_overflow_block(s->index, first),
									  BUFFER_LOCK_EXCLUSIVE, QD_PAGE_OVERFLOW);
	GenericXLogState *state = GenericXLogStart(s->index);
	QdHnswMeta *meta;
	Page		page;

	meta = QdPageMeta(GenericXLogRegisterBuffer(state, meta_buffer, 0));
	page = GenericXLogRegisterBuffer(state, buffer, 0);
	for (int i = 0; i < n; i++)
	{
		QdOverflowChunk *chunk = QdPageOverflow(page, dead[i] / QD_OVERFLOW_ROWS);

		ItemPointerSetInvalid(&chunk->rows[dead[i] % QD_OVERFLOW_ROWS].tid);
	}
	meta->extra_rows -= n;
	GenericXLogFinish(state);
	UnlockReleaseBuffer(buffer);
	UnlockReleaseBuffer(meta_buffer);
}

static void
sweep_chains(Sweep *s)
{
	QdOverflowChunk chunks[QD_OVERFLOW_PER_PAGE];
	uint16		dead[QD_OVERFLOW_PER_PAGE * QD_OVERFLOW_ROWS];

	for (uint32 page = 0;
		 page * QD_OVERFLOW_PER_PAGE < s->meta.overflow_next; page++)
	{
		int			n;

		qd_vacuum_delay_point();
		n = qd_overflow_copy_page(s->index, &s->meta, page, chunks);
		n = find_dead_copies(s, chunks, n, dead);
		if (n > 0)
			drop_copies(s, page, dead, n);
	}
}

/*----------
 * The directory
 *----------
 */
typedef enum RowFate
{
	ROW_STAYS,
	ROW_LEAVES,					/* and others of its vertex stay */
	ROW_LAST					/* the vertex becomes a tombstone */
} RowFate;

typedef struct DirFates
{
	QdDirEntry	entries[QD_DIR_PER_PAGE];
	uint8		fate[QD_DIR_PER_PAGE];	/* RowFate */
	int			n;				/* that do not stay */
} DirFates;

static bool
has_other_rows(Sweep *s, uint32 vid, const QdDirEntry *entry)
{
	ItemPointerData tids[QD_OVERFLOW_MOST];

	return entry->link != QD_NO_VID &&
		qd_overflow_read(s->index, vid, entry, tids, NULL) > 0;
}

static RowFate
judge_entry(Sweep *s, uint32 vid, QdDirEntry *entry)
{
	bool		there = ItemPointerIsValid(&entry->tid);

	if (entry->state != QD_VERTEX_LIVE)
		return ROW_STAYS;
	if (there && !s->callback(&entry->tid, s->callback_state))
	{
		s->stats->num_index_tuples++;
		return ROW_STAYS;
	}
	s->stats->tuples_removed += there;
	if (!has_other_rows(s, vid, entry))
		return ROW_LAST;
	return there ? ROW_LEAVES : ROW_STAYS;
}

/* META and the page in one record. */
static void
bury(Sweep *s, BlockNumber block, uint32 first, const DirFates *f)
{
	Buffer		meta_buffer = qd_hnsw_read(s->index, QD_META_BLOCK,
										   BUFFER_LOCK_EXCLUSIVE, QD_PAGE_META);
	Buffer		buffer = qd_hnsw_read(s->index, block, BUFFER_LOCK_EXCLUSIVE,
									  QD_PAGE_DIR);
	GenericXLogState *state = GenericXLogStart(s->index);
	QdHnswMeta *meta;
	Page		page;

	meta = QdPageMeta(GenericXLogRegisterBuffer(state, meta_buffer, 0));
	page = GenericXLogRegisterBuffer(state, buffer, 0);
	for (int i = 0; i < QD_DIR_PER_PAGE; i++)
	{
		QdDirEntry *entry = QdPageDirEntry(page, first + i);
		bool		there = ItemPointerIsValid(&entry->tid);

		if (f->fate[i] == ROW_STAYS)
			continue;
		if (there)
			meta->extra_rows--;
		if (f->fate[i] == ROW_LEAVES)
		{
			ItemPointerSetInvalid(&entry->tid);
			continue;
		}
		entry->state = QD_VERTEX_TOMBSTONE;
		meta->live -= Min(meta->live, 1);
		meta->tombstones++;
		meta->extra_rows++;		/* a live vertex less that they are beyond */
	}
	GenericXLogFinish(state);
	UnlockReleaseBuffer(buffer);
	UnlockReleaseBuffer(meta_buffer);
}

static void
sweep_directory(Sweep *s)
{
	DirFates	f;

	for (uint32 first = 0; first < s->meta.next_vid; first += QD_DIR_PER_PAGE)
	{
		uint32		n = Min(QD_DIR_PER_PAGE, s->meta.next_vid - first);
		BlockNumber block = qd_hnsw_dir_block(s->index, first);

		qd_vacuum_delay_point();
		memset(&f, 0, sizeof(f));
		qd_hnsw_dir_copy(s->index, first, n, f.entries);
		for (uint32 i = 0; i < n; i++)
		{
			f.fate[i] = judge_entry(s, first + i, &f.entries[i]);
			f.n += f.fate[i] != ROW_STAYS;
		}
		if (f.n > 0)
			bury(s, block, first, &f);
	}
}

/*----------
 * The two phases of VACUUM
 *----------
 */

/* Merges when a graph exists or is due. */
static void
merge_fresh(Relation index)
{
	QdHnswMeta	meta;
	double		rows;

	qd_hnsw_meta_read(index, &meta);
	rows = (double) (meta.fresh_hi - meta.fresh_lo) *
		meta.layout.fresh_per_page;
	if (meta.layout.m0 > 0 && rows > 0 &&
		(meta.entry_vid != QD_NO_VID ||
		 rows > qd_hnsw_threshold_rows(index, &meta.layout)))
		qd_hnsw_merge(index, 0);
}

IndexBulkDeleteResult *
qd_hnsw_bulk_delete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
					IndexBulkDeleteCallback callback, void *callback_state)
{
	Sweep		s = {.index = info->index, .callback = callback,
	.callback_state = callback_state};

	if (stats == NULL)
		stats = palloc0(sizeof(IndexBulkDeleteResult));
	s.stats = stats;
	stats->num_index_tuples = 0;
	qd_hnsw_merge_lock(info->index, true);
	qd_hnsw_meta_read(info->index, &s.meta);
	sweep_fresh(&s);
	/* new versions of rows join the vertices of the old ones while these live */
	merge_fresh(info->index);
	qd_hnsw_meta_read(info->index, &s.meta);
	sweep_chains(&s);
	sweep_directory(&s);
	qd_hnsw_fresh_trim(info->index);
	qd_hnsw_merge_unlock(info->index);
	return stats;
}

static void
repair_if_due(Relation index)
{
	QdHnswMeta	meta;

	qd_hnsw_meta_read(index, &meta);
	if (meta.repairing != 0 ||
		meta.tombstones > REPAIR_SHARE * (meta.live + meta.tombstones))
		qd_hnsw_repair(index);
}

/* Rows in the index; merge lock held. */
static double
count_rows(Relation index)
{
	QdHnswMeta	meta;
	double		rows;

	qd_hnsw_meta_read(index, &meta);
	rows = meta.live + (double) meta.extra_rows;
	for (uint32 p = meta.fresh_lo; p != meta.fresh_hi; p++)
	{
		Buffer		buffer;
		PageTids	tids;

		qd_vacuum_delay_point();
		buffer = qd_hnsw_read(index,
							  qd_hnsw_fresh_block(index, p, meta.fresh_pages),
							  BUFFER_LOCK_SHARE, QD_PAGE_FRESH);
		copy_fresh_tids(&meta.layout, BufferGetPage(buffer), &tids);
		UnlockReleaseBuffer(buffer);
		rows += tids.n;
	}
	return rows;
}

IndexBulkDeleteResult *
qd_hnsw_vacuum_cleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
	MemoryContext context;
	MemoryContext caller;

	if (info->analyze_only)
		return stats;
	if (stats == NULL)
		stats = palloc0(sizeof(IndexBulkDeleteResult));
	context = AllocSetContextCreate(CurrentMemoryContext,
									"qdrant_hnsw vacuum",
									ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	qd_hnsw_merge_lock(info->index, true);
	merge_fresh(info->index);
	repair_if_due(info->index);
	stats->num_index_tuples = count_rows(info->index);
	qd_hnsw_merge_unlock(info->index);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	stats->estimated_count = false;
	stats->num_pages = RelationGetNumberOfBlocks(info->index);
	return stats;
}
