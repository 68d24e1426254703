/*
 * fresh.c
 *		The fresh region: a ring of dense pages that new rows go to.
 *
 * Positions lo <= p < hi name its pages, page = p % fresh_pages.  A slot is
 * only ever added to the page hi - 1, under META's share lock and the page's
 * exclusive one; a slot is only ever marked dead, under the page's exclusive
 * lock; hi and lo move under META's exclusive lock.  The ring grows at the end
 * of its first lap.  Positions start from 0 again when it is empty, and when it
 * is full: then all pages are in use, and which one comes first is of no
 * interest.
 */
#include "compat.h"

#include "access/rmgr.h"
#include "access/xloginsert.h"
#include "miscadmin.h"
#include "utils/rel.h"

#include "hnsw/fresh.h"
#include "hnsw/hnsw.h"
#include "hnsw/worker.h"

#define GROW_LEAST		16		/* pages */
#define GROW_MOST		512		/* while META is locked */
#define TRIM_BATCH		64		/* pages looked at under one lock of META */

/*
 * Codes of so many bytes double the time of a search, which is when merging
 * begins; and what those who insert may add while it goes on, lest searches
 * take a multiple of their time.
 */
#define SOFT_BYTES		(512.0 * 1024)
#define HARD_BYTES		(16.0 * 1024 * 1024)
#define LEAST_ROWS		256

#define WAIT_ROWS		256		/* that one who waits merges himself */

int
qd_hnsw_fresh_slots(const QdHnswLayout *l, Page page)
{
	if (PageIsNew(page))
		return 0;
	return Min((((PageHeader) page)->pd_lower - SizeOfPageHeaderData) /
			   l->fresh_slot_bytes, l->fresh_per_page);
}

double
qd_hnsw_fresh_rows(const QdHnswMeta *meta)
{
	return (double) (meta->fresh_hi - meta->fresh_lo) *
		meta->layout.fresh_per_page;
}

double
qd_hnsw_fresh_limit(Relation index, const QdHnswMeta *meta)
{
	double		rows = qd_hnsw_threshold_rows(index, &meta->layout);

	/* a large threshold is no wish for slow searches once there is a graph */
	if (meta->entry_vid != QD_NO_VID)
		rows = Min(rows, SOFT_BYTES / meta->layout.own_dims);
	return Max(rows, LEAST_ROWS);
}

/* Pages beyond which those who insert wait: searches read all of them. */
static double
hard_limit_pages(Relation index, const QdHnswMeta *meta)
{
	double		soft = qd_hnsw_fresh_limit(index, meta) /
		meta->layout.fresh_per_page;

	return Max(HARD_BYTES / BLCKSZ, 2 * soft) + 1;
}

static void
put_slot(const QdHnswLayout *l, Page page, const QdFreshRow *row)
{
	int			n = qd_hnsw_fresh_slots(l, page);
	QdFreshSlot *slot = QdPageFreshSlot(l, page, n);

	memset(slot, 0, l->fresh_slot_bytes);
	slot->tid = *row->tid;
	slot->flags = QD_FRESH_USED;
	slot->code = *row->head;
	memcpy(slot->bytes, row->code, l->own_dims);
	((PageHeader) page)->pd_lower += l->fresh_slot_bytes;
}

/*
 * Adds the slot and logs it, as GenericXLogFinish would, whose record it is: but
 * that copies the page, and finds out byte by byte what has changed.  Here that is
 * known: the slot and pd_lower.  (generic_redo: offset, length, bytes, each.)
 */
static void
append_slot(Relation index, const QdHnswLayout *l, Buffer buffer,
			const QdFreshRow *row)
{
	Page		page = BufferGetPage(buffer);
	OffsetNumber slot[2] = {((PageHeader) page)->pd_lower, l->fresh_slot_bytes};
	OffsetNumber lower[2] = {offsetof(PageHeaderData, pd_lower), sizeof(LocationIndex)};
	XLogRecPtr	lsn;

	START_CRIT_SECTION();
	put_slot(l, page, row);
	MarkBufferDirty(buffer);
	if (RelationNeedsWAL(index))
	{
		XLogBeginInsert();
		XLogRegisterBuffer(0, buffer, REGBUF_STANDARD);
		XLogRegisterBufData(0, (char *) lower, sizeof(lower));
		XLogRegisterBufData(0, (char *) page + lower[0], lower[1]);
		XLogRegisterBufData(0, (char *) slot, sizeof(slot));
		XLogRegisterBufData(0, (char *) page + slot[0], slot[1]);
		lsn = XLogInsert(RM_GENERIC_ID, 0);
		PageSetLSN(page, lsn);
	}
	END_CRIT_SECTION();
}

/* Adds the row to the tail page if that has room; META's share lock held. */
static bool
append_to_tail(Relation index, const QdHnswMeta *meta, const QdFreshRow *row)
{
	const QdHnswLayout *l = &meta->layout;
	Buffer		buffer;
	bool		done = false;

	if (meta->fresh_lo == meta->fresh_hi)
		return false;
	buffer = qd_hnsw_read(index,
						  qd_hnsw_fresh_block(index, meta->fresh_hi - 1,
											  meta->fresh_pages),
						  BUFFER_LOCK_EXCLUSIVE, QD_PAGE_FRESH);
	if (!PageIsNew(BufferGetPage(buffer)) &&
		qd_hnsw_fresh_slots(l, BufferGetPage(buffer)) < l->fresh_per_page)
	{
		append_slot(index, l, buffer, row);
		done = true;
	}
	UnlockReleaseBuffer(buffer);
	return done;
}

/*
 * Makes sure that position hi has a page of its own; false when the ring is
 * wrapped and full, or at its hard limit and the caller minds (bounded), so
 * that only a merge helps.
 */
static bool
make_room(Relation index, QdHnswMeta *meta, bool bounded)
{
	uint32		used = meta->fresh_hi - meta->fresh_lo;
	double		most = hard_limit_pages(index, meta);
	bool		may_grow = meta->layout.m0 == 0 || meta->fresh_pages < most;

	if (bounded && meta->layout.m0 > 0 && used >= most)
		return false;
	if (used == 0 || (used == meta->fresh_pages && may_grow))
	{
		meta->fresh_lo = 0;
		meta->fresh_hi = used;
	}
	/* more pages, or those again that rows have left? */
	if (meta->fresh_hi == meta->fresh_pages &&
		(used == meta->fresh_pages ||
		 (may_grow && used > meta->fresh_pages / 2)))
		qd_hnsw_add_fresh(index, meta,
						  Min(Max(GROW_LEAST, meta->fresh_pages / 8),
							  GROW_MOST));
	return used < meta->fresh_pages;
}

/*
 * Begins a new tail page with the row, unless hi has moved since it was read;
 * false when the ring is full.
 */
static bool
append_to_new_page(Relation index, uint32 seen_hi, const QdFreshRow *row,
				   bool bounded, bool *began)
{
	Buffer		meta_buffer;
	Buffer		buffer;
	GenericXLogState *state;
	QdHnswMeta *meta;
	Page		page;

	*began = false;
	meta_buffer = qd_hnsw_read(index, QD_META_BLOCK, BUFFER_LOCK_EXCLUSIVE,
							   QD_PAGE_META);
	if (QdPageMeta(BufferGetPage(meta_buffer))->fresh_hi != seen_hi)
	{
		UnlockReleaseBuffer(meta_buffer);
		return true;
	}
	state = GenericXLogStart(index);
	meta = QdPageMeta(GenericXLogRegisterBuffer(state, meta_buffer, 0));
	if (!make_room(index, meta, bounded))
	{
		GenericXLogAbort(state);
		UnlockReleaseBuffer(meta_buffer);
		return false;
	}
	buffer = qd_hnsw_read(index,
						  qd_hnsw_fresh_block(index, meta->fresh_hi,
											  meta->fresh_pages),
						  BUFFER_LOCK_EXCLUSIVE, QD_PAGE_FRESH);
	page = GenericXLogRegisterBuffer(state, buffer, GENERIC_XLOG_FULL_IMAGE);
	qd_hnsw_page_init(page, QD_PAGE_FRESH,
					  meta->fresh_hi % meta->fresh_pages, 0);
	put_slot(&meta->layout, page, row);
	meta->fresh_hi++;
	GenericXLogFinish(state);
	UnlockReleaseBuffer(buffer);
	UnlockReleaseBuffer(meta_buffer);
	*began = true;
	return true;
}

/*
 * Waits for the merge lock, and merges a share unless there is room by then.
 */
static void
wait_for_room(Relation index)
{
	QdHnswMeta	meta;

	qd_hnsw_merge_lock(index, true);
	qd_hnsw_meta_read(index, &meta);
	if (meta.fresh_hi - meta.fresh_lo >=
		Min(hard_limit_pages(index, &meta), meta.fresh_pages))
		qd_hnsw_merge(index, WAIT_ROWS);
	qd_hnsw_merge_unlock(index);
}

static bool
append(Relation index, const QdFreshRow *row, bool bounded)
{
	for (;;)
	{
		Buffer		meta_buffer;
		const QdHnswMeta *meta;
		uint32		hi;
		bool		done;
		bool		began;

		/* the cache is filled before META is locked (I7) */
		(void) qd_hnsw_index(index);
		meta_buffer = qd_hnsw_read(index, QD_META_BLOCK, BUFFER_LOCK_SHARE,
								   QD_PAGE_META);
		meta = QdPageMeta(BufferGetPage(meta_buffer));
		hi = meta->fresh_hi;
		done = append_to_tail(index, meta, row);
		UnlockReleaseBuffer(meta_buffer);
		if (done)
			return false;
		if (!append_to_new_page(index, hi, row, bounded, &began))
			wait_for_room(index);
		else if (began)
			return true;
		CHECK_FOR_INTERRUPTS();
	}
}

bool
qd_hnsw_fresh_append(Relation index, ItemPointer tid,
					 const qd_code_head *head, const int8 *code)
{
	QdFreshRow	row = {tid, head, code};

	return append(index, &row, false);
}

bool
qd_hnsw_fresh_insert(Relation index, ItemPointer tid,
					 const qd_code_head *head, const int8 *code)
{
	QdFreshRow	row = {tid, head, code};

	return append(index, &row, true);
}

int
qd_hnsw_fresh_copy(Relation index, const QdHnswMeta *meta, uint32 position,
				   Page copy)
{
	BlockNumber block = qd_hnsw_fresh_block(index, position, meta->fresh_pages);
	Buffer		buffer = qd_hnsw_read(index, block, BUFFER_LOCK_SHARE,
									  QD_PAGE_FRESH);

	memcpy(copy, BufferGetPage(buffer), BLCKSZ);
	UnlockReleaseBuffer(buffer);
	return qd_hnsw_fresh_slots(&meta->layout, copy);
}

void
qd_hnsw_fresh_clear(Relation index, const QdHnswMeta *meta, uint32 position,
					int n)
{
	BlockNumber block = qd_hnsw_fresh_block(index, position, meta->fresh_pages);
	Buffer		buffer = qd_hnsw_read(index, block, BUFFER_LOCK_EXCLUSIVE,
									  QD_PAGE_FRESH);
	GenericXLogState *state = GenericXLogStart(index);
	Page		page = GenericXLogRegisterBuffer(state, buffer, 0);

	n = Min(n, qd_hnsw_fresh_slots(&meta->layout, page));
	for (int i = 0; i < n; i++)
		QdPageFreshSlot(&meta->layout, page, i)->flags |= QD_FRESH_DEAD;
	GenericXLogFinish(state);
	UnlockReleaseBuffer(buffer);
}

/* True when the page holds a slot that is used and not dead. */
static bool
page_has_rows(const QdHnswLayout *l, Page page)
{
	int			n = qd_hnsw_fresh_slots(l, page);

	for (int i = 0; i < n; i++)
		if (QdPageFreshSlot(l, page, i)->flags == QD_FRESH_USED)
			return true;
	return false;
}

void
qd_hnsw_fresh_trim(Relation index)
{
	bool		more = true;

	while (more)
	{
		Buffer		meta_buffer = qd_hnsw_read(index, QD_META_BLOCK,
											   BUFFER_LOCK_EXCLUSIVE,
											   QD_PAGE_META);
		const QdHnswMeta *meta = QdPageMeta(BufferGetPage(meta_buffer));
		uint32		lo = meta->fresh_lo;

		for (int i = 0; more && i < TRIM_BATCH; i++)
		{
			Buffer		buffer;

			more = lo != meta->fresh_hi;
			if (!more)
				break;
			buffer = qd_hnsw_read(index,
								  qd_hnsw_fresh_block(index, lo,
													  meta->fresh_pages),
								  BUFFER_LOCK_SHARE, QD_PAGE_FRESH);
			more = !page_has_rows(&meta->layout, BufferGetPage(buffer));
			UnlockReleaseBuffer(buffer);
			if (more)
				lo++;
		}
		if (lo != meta->fresh_lo)
		{
			GenericXLogState *state = GenericXLogStart(index);

			QdPageMeta(GenericXLogRegisterBuffer(state, meta_buffer, 0))->fresh_lo = lo;
			GenericXLogFinish(state);
		}
		UnlockReleaseBuffer(meta_buffer);
		qd_hnsw_worker_yield();
	}
}

/*----------
 * Reading
 *----------
 */

/* What a page held; scored under its lock, handed out after it. */
typedef struct PageRows
{
	int			n;
	float		distance[BLCKSZ / offsetof(QdFreshSlot, bytes)];
	ItemPointerData tid[BLCKSZ / offsetof(QdFreshSlot, bytes)];
	qd_code_head head[BLCKSZ / offsetof(QdFreshSlot, bytes)];
} PageRows;

static void
score_page(const QdHnswLayout *l, Page page, const qd_query *query,
		   PageRows *rows)
{
	int			n = qd_hnsw_fresh_slots(l, page);

	rows->n = 0;
	for (int i = 0; i < n; i++)
	{
		QdFreshSlot *slot = QdPageFreshSlot(l, page, i);

		if (slot->flags != QD_FRESH_USED)
			continue;
		rows->distance[rows->n] = query == NULL ? 0 :
			qd_query_distance(query, &slot->code, slot->bytes);
		rows->tid[rows->n] = slot->tid;
		rows->head[rows->n] = slot->code;
		rows->n++;
	}
}

void
qd_hnsw_fresh_scan(Relation index, const QdHnswMeta *meta,
				   const qd_query *query,
				   void (*add) (void *arg, float distance, ItemPointer tid,
								const qd_code_head *head),
				   void *arg)
{
	PageRows	rows;

	for (uint32 p = meta->fresh_lo; p != meta->fresh_hi; p++)
	{
		Buffer		buffer;

		CHECK_FOR_INTERRUPTS();
		if (p + 1 != meta->fresh_hi)
			qd_hnsw_prefetch(index,
							 qd_hnsw_fresh_block(index, p + 1, meta->fresh_pages),
							 0, SizeOfPageHeaderData);
		buffer = qd_hnsw_read(index,
							  qd_hnsw_fresh_block(index, p, meta->fresh_pages),
							  BUFFER_LOCK_SHARE, QD_PAGE_FRESH);
		score_page(&meta->layout, BufferGetPage(buffer), query, &rows);
		UnlockReleaseBuffer(buffer);
		for (int i = 0; i < rows.n; i++)
			add(arg, rows.distance[i], &rows.tid[i], &rows.head[i]);
	}
}
