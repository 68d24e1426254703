/*
 * merge.c
 *		Moves rows from the fresh region into the graph.
 *
 * A row is published in the graph (records A, U, B: link.c) before its slot is
 * marked dead (record F, for all rows of a page), so readers, who look at the
 * fresh region first, see it at least once.
 *
 * After a crash in between a row is in both regions.  So a merge first looks
 * its rows up in the directory; what is there already only gets its links
 * back (again) and its slot cleared.
 */
#include "postgres.h"
#include "compat.h"

#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "hnsw/bulk.h"
#include "hnsw/link.h"
#include "hnsw/overflow.h"
#include "hnsw/repair.h"
#include "hnsw/tid_set.h"
#include "hnsw/worker.h"

/* Of the live vertices: below that, few ways lead through them alone. */
#define MOST_TOMBSTONES	0.02

#define TRIM_PAGES		16		/* between two moves of the region's start */

typedef struct KnownRow
{
	uint64		tid;			/* qd_tid_key */
	uint32		vid;
} KnownRow;

typedef struct Merge
{
	Relation	index;
	QdLinker	linker;
	QdHnswMeta	began;			/* META as of then: those who insert may number
								 * the ring's pages anew */
	MemoryContext row_context;
	KnownRow   *known;
	uint32		n_known;
	uint32		known_room;
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
	uint32		n = Min(QD_DIR_PER_PAGE, m->linker.meta.next_vid - first);

	qd_hnsw_dir_copy(m->index, first, n, entries);
	for (uint32 i = 0; i < n; i++)
	{
		uint64		key = qd_tid_key(&entries[i].tid);

		if (entries[i].state == QD_VERTEX_LIVE && key != 0 &&
			*qd_tid_slot(fresh, key) == key)
			add_known(m, key, first + i);
	}
}

typedef struct KnownSearch
{
	Merge	   *m;
	const QdTidSet *fresh;
} KnownSearch;

static void
see_copy(void *arg, uint32 vid, uint16 gen, const ItemPointerData *tid)
{
	KnownSearch *search = arg;

	if (qd_tid_set_has(search->fresh, tid))
		add_known(search->m, qd_tid_key(tid), vid);
}

/*
 * A TID of a fresh slot that the directory or a chain has as live is the same
 * row: VACUUM clears all places before the TID can be used again.
 */
static void
find_known(Merge *m, uint32 end)
{
	QdTidSet	fresh;

	qd_tid_set_init(&fresh);
	for (uint32 p = m->began.fresh_lo; p != end; p++)
	{
		int			n = qd_hnsw_fresh_copy(m->index, &m->began, p, m->page.data);

		qd_hnsw_worker_yield();
		for (int i = 0; i < n; i++)
		{
			QdFreshSlot *slot = QdPageFreshSlot(&m->linker.meta.layout, m->page.data, i);

			if (slot->flags == QD_FRESH_USED)
				qd_tid_set_add(&fresh, &slot->tid);
		}
	}
	for (uint64 vid = 0; vid < m->linker.meta.next_vid; vid += QD_DIR_PER_PAGE)
	{
		qd_hnsw_worker_yield();
		find_known_in_dir(m, &fresh, vid);
	}
	qd_overflow_each(m->index, &m->linker.meta, see_copy,
					 &(KnownSearch) {m, &fresh});
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
 * Rows
 *----------
 */

static void
merge_row(Merge *m, QdFreshSlot *slot)
{
	QdFreshRow	row = {&slot->tid, &slot->code, slot->bytes};
	uint32		known;

	if (lookup_known(m, row.tid, &known))
		qd_linker_complete(&m->linker, known);
	else
		qd_linker_add(&m->linker, &row);
}

static double
merge_page(Merge *m, uint32 position)
{
	int			n = qd_hnsw_fresh_copy(m->index, &m->began, position,
									   m->page.data);
	double		rows = 0;

	for (int i = 0; i < n; i++)
	{
		QdFreshSlot *slot = QdPageFreshSlot(&m->linker.meta.layout, m->page.data, i);
		MemoryContext old;

		if (slot->flags != QD_FRESH_USED)
			continue;
		qd_hnsw_worker_yield();
		old = MemoryContextSwitchTo(m->row_context);
		merge_row(m, slot);
		MemoryContextSwitchTo(old);
		MemoryContextReset(m->row_context);
		rows++;
	}
	if (rows > 0)
		qd_hnsw_fresh_clear(m->index, &m->began, position, n);
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
	const QdHnswLayout *l = &m->linker.meta.layout;
	uint32		lo = m->began.fresh_lo;
	uint32		end = m->began.fresh_hi;
	double		rows = 0;

	if (max_rows > 0)
		end = lo + Min(end - lo,
					   (max_rows + l->fresh_per_page - 1) / l->fresh_per_page);
	find_known(m, end);
	for (uint32 p = lo; p != end; p++)
	{
		rows += merge_page(m, p);
		if ((p - lo) % TRIM_PAGES == TRIM_PAGES - 1)
			qd_hnsw_fresh_trim(m->index);
	}
	qd_hnsw_fresh_trim(m->index);
	return rows;
}

static Merge *
begin_merge(Relation index)
{
	Merge	   *m = palloc0(sizeof(Merge));

	m->index = index;
	qd_linker_init(&m->linker, index);
	m->began = m->linker.meta;
	m->row_context = AllocSetContextCreate(CurrentMemoryContext,
										   "qdrant_hnsw merge row",
										   ALLOCSET_DEFAULT_SIZES);
	return m;
}

/* The rows that a merge of at most max_rows (0 = all) would take. */
static double
rows_due(const QdHnswMeta *meta, uint32 max_rows)
{
	double		rows = qd_hnsw_fresh_rows(meta);

	return max_rows == 0 ? rows : Min(rows, max_rows);
}

/* One round; 0 when nothing was left to do. */
static double
merge_some(Relation index, uint32 max_rows)
{
	QdHnswMeta	meta;

	qd_hnsw_meta_read(index, &meta);
	if (meta.layout.m0 == 0 || meta.fresh_lo == meta.fresh_hi)
		return 0;
	if (meta.entry_vid == QD_NO_VID)
		return qd_hnsw_bulk_first(index, &meta, max_rows);
	if (qd_hnsw_bulk_pays(&meta, rows_due(&meta, max_rows)))
	{
		/* tombstones are not read into memory: first link past them */
		if (meta.tombstones > MOST_TOMBSTONES * meta.live)
		{
			qd_hnsw_repair(index);
			qd_hnsw_meta_read(index, &meta);
		}
		if (meta.entry_vid != QD_NO_VID)
			return qd_hnsw_bulk_merge(index, &meta, max_rows);
	}
	return merge_pages(begin_merge(index), max_rows);
}

double
qd_hnsw_merge(Relation index, uint32 max_rows)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "qdrant_hnsw merge",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	QdHnswMeta	meta;
	uint32		end;
	double		due;
	double		rows;
	double		merged;

	qd_hnsw_meta_read(index, &meta);
	end = meta.fresh_hi;
	due = qd_hnsw_fresh_rows(&meta);
	merged = rows = merge_some(index, max_rows);
	/* all: what memory had no room for, but not what comes meanwhile */
	while (max_rows == 0 && rows > 0 && merged < due)
	{
		MemoryContextReset(context);
		qd_hnsw_meta_read(index, &meta);
		if ((int32) (meta.fresh_lo - end) >= 0)
			break;
		rows = merge_some(index, max_rows);
		merged += rows;
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return merged;
}
