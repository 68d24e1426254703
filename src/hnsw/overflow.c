/*
 * overflow.c
 *		Chains of chunks with the further rows of vertices: see overflow.h.
 *
 *		META, DIR				a row takes the entry's empty place
 *		META, OVERFLOW			a row takes an empty place of the chain
 *		META, DIR, OVERFLOW		a chunk, with a row, begins the chain
 *		META, DIR, OVERFLOW		the first chunk of a tombstone becomes free
 */
#include "postgres.h"
#include "compat.h"

#include "utils/rel.h"

#include "hnsw/overflow.h"
#include "hnsw/worker.h"

StaticAssertDecl(sizeof(QdOverflowChunk) == 112, "page format");
StaticAssertDecl(QD_OVERFLOW_PER_PAGE * sizeof(QdOverflowChunk) <=
				 BLCKSZ - SizeOfPageHeaderData - sizeof(QdPageSpecial),
				 "OVERFLOW fits a page");

/* A page that is being changed. */
typedef struct Edit
{
	Buffer		buffer;
	Page		page;
} Edit;

static Edit
edit_page(Relation index, GenericXLogState *state, BlockNumber block,
		  QdPageKind kind)
{
	Edit		e;

	e.buffer = qd_hnsw_read(index, block, BUFFER_LOCK_EXCLUSIVE, kind);
	e.page = GenericXLogRegisterBuffer(state, e.buffer,
									   PageIsNew(BufferGetPage(e.buffer)) ?
									   GENERIC_XLOG_FULL_IMAGE : 0);
	return e;
}

static QdDirEntry
read_entry(Relation index, uint32 vid)
{
	QdDirEntry	entry;

	qd_hnsw_dir_copy(index, vid, 1, &entry);
	return entry;
}

/* Copies a chunk; false when it is not one of the vertex. */
static bool
read_chunk(Relation index, uint32 chunk, uint32 vid, uint16 gen,
		   QdOverflowChunk *copy)
{
	BlockNumber block = qd_hnsw_overflow_block(index, chunk);
	Buffer		buffer;

	if (block == InvalidBlockNumber)
		return false;
	buffer = qd_hnsw_read(index, block, BUFFER_LOCK_SHARE, QD_PAGE_OVERFLOW);
	memset(copy, 0, sizeof(*copy));
	if (!PageIsNew(BufferGetPage(buffer)))
		*copy = *QdPageOverflow(BufferGetPage(buffer), chunk);
	UnlockReleaseBuffer(buffer);
	return copy->owner == vid && copy->gen == gen;
}

int
qd_overflow_read(Relation index, uint32 vid, const QdDirEntry *entry,
				 ItemPointerData *tids, int *room)
{
	uint32		at = entry->link;
	int			n = 0;
	int			chunks = 0;

	for (; at != QD_NO_VID && chunks < QD_OVERFLOW_CHUNKS; chunks++)
	{
		QdOverflowChunk chunk;

		if (!read_chunk(index, at, vid, entry->gen, &chunk))
			break;
		for (int i = 0; i < QD_OVERFLOW_ROWS; i++)
			if (ItemPointerIsValid(&chunk.rows[i].tid))
				tids[n++] = chunk.rows[i].tid;
		at = chunk.next;
	}
	if (room != NULL)
		*room = QD_OVERFLOW_MOST - n;
	return n;
}

/*----------
 * Adding a row
 *----------
 */

/* Of what an add changes: META always, and one or both of the others. */
static void
add_to_entry(Relation index, QdHnswMeta *copy, uint32 vid,
			 const ItemPointerData *tid)
{
	GenericXLogState *state = GenericXLogStart(index);
	Edit		meta = edit_page(index, state, QD_META_BLOCK, QD_PAGE_META);
	Edit		dir = edit_page(index, state, qd_hnsw_dir_block(index, vid),
								QD_PAGE_DIR);

	QdPageDirEntry(dir.page, vid)->tid = *tid;
	QdPageMeta(meta.page)->extra_rows++;
	*copy = *QdPageMeta(meta.page);
	GenericXLogFinish(state);
	UnlockReleaseBuffer(dir.buffer);
	UnlockReleaseBuffer(meta.buffer);
}

static void
add_to_chunk(Relation index, QdHnswMeta *copy, uint32 chunk, int place,
			 const ItemPointerData *tid)
{
	GenericXLogState *state = GenericXLogStart(index);
	Edit		meta = edit_page(index, state, QD_META_BLOCK, QD_PAGE_META);
	Edit		page = edit_page(index, state,
								 qd_hnsw_overflow_block(index, chunk),
								 QD_PAGE_OVERFLOW);

	QdPageOverflow(page.page, chunk)->rows[place].tid = *tid;
	QdPageMeta(meta.page)->extra_rows++;
	*copy = *QdPageMeta(meta.page);
	GenericXLogFinish(state);
	UnlockReleaseBuffer(page.buffer);
	UnlockReleaseBuffer(meta.buffer);
}

/* A free chunk, or one more; META is locked. */
static uint32
next_chunk(Relation index, QdHnswMeta *meta)
{
	uint32		chunk;

	if (meta->overflow_free != 0)
		return meta->overflow_free - 1;
	if (meta->overflow_next >= QD_NO_VID - 1)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many copies in index \"%s\"",
						RelationGetRelationName(index)),
				 errhint("Please REINDEX it.")));
	chunk = meta->overflow_next++;
	if (qd_hnsw_overflow_block(index, chunk) == InvalidBlockNumber)
		qd_hnsw_add_overflow(index, meta);
	return chunk;
}

static void
begin_chunk(Relation index, QdHnswMeta *copy, uint32 vid,
			const ItemPointerData *tid)
{
	GenericXLogState *state = GenericXLogStart(index);
	Edit		meta = edit_page(index, state, QD_META_BLOCK, QD_PAGE_META);
	Edit		dir;
	Edit		page;
	QdDirEntry *entry;
	QdOverflowChunk *chunk;
	uint32		at = next_chunk(index, QdPageMeta(meta.page));

	dir = edit_page(index, state, qd_hnsw_dir_block(index, vid), QD_PAGE_DIR);
	page = edit_page(index, state, qd_hnsw_overflow_block(index, at),
					 QD_PAGE_OVERFLOW);
	if (PageIsNew(page.page))
		qd_hnsw_page_init(page.page, QD_PAGE_OVERFLOW,
						  at / QD_OVERFLOW_PER_PAGE,
						  QD_OVERFLOW_PER_PAGE * sizeof(QdOverflowChunk));
	chunk = QdPageOverflow(page.page, at);
	if (QdPageMeta(meta.page)->overflow_free == at + 1)
	{
		if (chunk->owner != QD_NO_VID)
			qd_hnsw_corrupt(index, qd_hnsw_overflow_block(index, at),
							"the free list leads to a chunk in use");
		QdPageMeta(meta.page)->overflow_free =
			chunk->next == QD_NO_VID ? 0 : chunk->next + 1;
	}
	entry = QdPageDirEntry(dir.page, vid);
	memset(chunk, 0, sizeof(*chunk));
	chunk->next = entry->link;
	chunk->owner = vid;
	chunk->gen = entry->gen;
	for (int i = 0; i < QD_OVERFLOW_ROWS; i++)
		ItemPointerSetInvalid(&chunk->rows[i].tid);
	chunk->rows[0].tid = *tid;
	entry->link = at;
	QdPageMeta(meta.page)->extra_rows++;
	*copy = *QdPageMeta(meta.page);
	GenericXLogFinish(state);
	UnlockReleaseBuffer(page.buffer);
	UnlockReleaseBuffer(dir.buffer);
	UnlockReleaseBuffer(meta.buffer);
}

bool
qd_overflow_add(Relation index, QdHnswMeta *meta, uint32 vid,
				const ItemPointerData *tid)
{
	QdDirEntry	entry = read_entry(index, vid);
	uint32		at = entry.link;
	int			chunks = 0;

	if (entry.state != QD_VERTEX_LIVE)
		return false;
	if (!ItemPointerIsValid(&entry.tid))
	{
		add_to_entry(index, meta, vid, tid);
		return true;
	}
	for (; at != QD_NO_VID && chunks < QD_OVERFLOW_CHUNKS; chunks++)
	{
		QdOverflowChunk chunk;

		if (!read_chunk(index, at, vid, entry.gen, &chunk))
			qd_hnsw_corrupt(index, qd_hnsw_dir_block(index, vid),
							"a chain of copies is broken");
		for (int i = 0; i < QD_OVERFLOW_ROWS; i++)
			if (!ItemPointerIsValid(&chunk.rows[i].tid))
			{
				add_to_chunk(index, meta, at, i, tid);
				return true;
			}
		at = chunk.next;
	}
	if (chunks == QD_OVERFLOW_CHUNKS)
		return false;
	begin_chunk(index, meta, vid, tid);
	return true;
}

/*----------
 * Freeing
 *----------
 */
static void
free_first_chunk(Relation index, uint32 vid, const QdOverflowChunk *seen)
{
	GenericXLogState *state = GenericXLogStart(index);
	Edit		meta = edit_page(index, state, QD_META_BLOCK, QD_PAGE_META);
	Edit		dir = edit_page(index, state, qd_hnsw_dir_block(index, vid),
								QD_PAGE_DIR);
	QdDirEntry *entry = QdPageDirEntry(dir.page, vid);
	uint32		at = entry->link;
	Edit		page = edit_page(index, state,
								 qd_hnsw_overflow_block(index, at),
								 QD_PAGE_OVERFLOW);
	QdOverflowChunk *chunk = QdPageOverflow(page.page, at);
	uint32		free = QdPageMeta(meta.page)->overflow_free;

	entry->link = seen->next;
	memset(chunk, 0, sizeof(*chunk));
	chunk->owner = QD_NO_VID;
	chunk->next = free == 0 ? QD_NO_VID : free - 1;
	QdPageMeta(meta.page)->overflow_free = at + 1;
	GenericXLogFinish(state);
	UnlockReleaseBuffer(page.buffer);
	UnlockReleaseBuffer(dir.buffer);
	UnlockReleaseBuffer(meta.buffer);
}

void
qd_overflow_free(Relation index, uint32 vid)
{
	for (;;)
	{
		QdDirEntry	entry = read_entry(index, vid);
		QdOverflowChunk chunk;

		qd_hnsw_worker_yield();
		if (entry.state != QD_VERTEX_TOMBSTONE || entry.link == QD_NO_VID ||
			!read_chunk(index, entry.link, vid, entry.gen, &chunk))
			return;
		free_first_chunk(index, vid, &chunk);
	}
}

/*----------
 * All of them
 *----------
 */
int
qd_overflow_copy_page(Relation index, const QdHnswMeta *meta, uint32 page,
					  QdOverflowChunk *chunks)
{
	uint32		first = page * QD_OVERFLOW_PER_PAGE;
	int			n = 0;
	Buffer		buffer;

	if (first >= meta->overflow_next)
		return 0;
	buffer = qd_hnsw_read(index, qd_hnsw_overflow_block(index, first),
						  BUFFER_LOCK_SHARE, QD_PAGE_OVERFLOW);
	if (!PageIsNew(BufferGetPage(buffer)))
	{
		n = Min(QD_OVERFLOW_PER_PAGE, meta->overflow_next - first);
		memcpy(chunks, PageGetContents(BufferGetPage(buffer)),
			   n * sizeof(QdOverflowChunk));
	}
	UnlockReleaseBuffer(buffer);
	return n;
}

void
qd_overflow_each(Relation index, const QdHnswMeta *meta,
				 void (*see) (void *arg, uint32 vid, uint16 gen,
							  const ItemPointerData *tid),
				 void *arg)
{
	QdOverflowChunk chunks[QD_OVERFLOW_PER_PAGE];

	for (uint32 page = 0; page * QD_OVERFLOW_PER_PAGE < meta->overflow_next; page++)
	{
		int			n = qd_overflow_copy_page(index, meta, page, chunks);

		qd_hnsw_worker_yield();
		for (int i = 0; i < n; i++)
			for (int j = 0; j < QD_OVERFLOW_ROWS; j++)
				if (chunks[i].owner != QD_NO_VID &&
					ItemPointerIsValid(&chunks[i].rows[j].tid))
					see(arg, chunks[i].owner, chunks[i].gen,
						&chunks[i].rows[j].tid);
	}
}
