/*
 * page.c
 *		Pins, locks and checks pages, and where they were in shared buffers.
 *
 * A visit of a page through the buffer mapping costs about as much as all else
 * a search does with it.  So a backend remembers in which buffer it found a
 * block, and asks for that buffer first (ReadRecentBuffer, which checks the
 * tag: a wrong memory costs time only).  Memory: 4 bytes a block, for the
 * indexes and their tables used last.
 */
#include "compat.h"

#include "storage/buf_internals.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "hnsw/hnsw.h"

#define HINT_FILES		16
#define HINT_MAX_BLOCKS	(4 * 1024 * 1024)	/* 16 MB; above: no hints */

/*
 * One access in so many goes through ReadBuffer, which alone tells the buffer
 * manager that the page is in use.
 */
#define PLAIN_EVERY		32

typedef struct BufferHints
{
	QdRelFile	file;
	bool		valid;
	uint32		used;			/* clock of the last access */
	uint32		accesses;
	BlockNumber size;			/* entries of buffers */
	BlockNumber file_blocks;	/* the file had at least as many */
	Buffer	   *buffers;
} BufferHints;

int64		qd_hnsw_visits;

static BufferHints hint_files[HINT_FILES];
static BufferHints *last_hints;
static uint32 hint_clock;

/* Finds the hints of a file, or makes those used longest ago its own. */
static BufferHints *
find_hints(Relation index)
{
	BufferHints *victim = &hint_files[0];

	for (int i = 0; i < HINT_FILES; i++)
	{
		BufferHints *h = &hint_files[i];

		if (h->valid && qd_relfile_equals(h->file, qd_relfile(index)))
		{
			h->used = ++hint_clock;
			return last_hints = h;
		}
		if (!h->valid || (victim->valid && h->used < victim->used))
			victim = h;
	}
	if (victim->buffers != NULL)
		pfree(victim->buffers);
	memset(victim, 0, sizeof(*victim));
	victim->file = qd_relfile(index);
	victim->valid = true;
	victim->used = ++hint_clock;
	return last_hints = victim;
}

/*
 * NULL for temporary tables: a shared buffer's tag says nothing of whose
 * temporary file it is, and local buffers are cheap to find.
 */
static inline BufferHints *
hints_of(Relation index)
{
	if (RelationUsesLocalBuffers(index))
		return NULL;
	if (likely(last_hints != NULL &&
			   qd_relfile_equals(last_hints->file, qd_relfile(index))))
		return last_hints;
	return find_hints(index);
}

static void
remember_buffer(BufferHints *h, BlockNumber block, Buffer buffer)
{
	if (block >= h->size)
	{
		BlockNumber size;

		if (block >= HINT_MAX_BLOCKS)
			return;
		size = Min(Max(block + 1, 2 * h->size), HINT_MAX_BLOCKS);
		size = Max(size, 256);
		if (h->buffers == NULL)
			h->buffers = MemoryContextAllocZero(TopMemoryContext,
												size * sizeof(Buffer));
		else
		{
			h->buffers = repalloc(h->buffers, size * sizeof(Buffer));
			memset(h->buffers + h->size, 0,
				   (size - h->size) * sizeof(Buffer));
		}
		h->size = size;
	}
	h->buffers[block] = buffer;
}

void
qd_hnsw_forget_buffers(Relation index)
{
	BufferHints *h = hints_of(index);

	if (h != NULL)
	{
		if (h->buffers != NULL)
			pfree(h->buffers);
		memset(h, 0, sizeof(*h));
		last_hints = NULL;
	}
}

/* The buffer where the block was, pinned; InvalidBuffer: not there, or not asked. */
static inline Buffer
pin_recent(Relation rel, BufferHints *h, BlockNumber block)
{
	Buffer		buffer;

	if (unlikely(h == NULL || block >= h->size))
		return InvalidBuffer;
	buffer = h->buffers[block];
	if (likely(buffer != InvalidBuffer && ++h->accesses % PLAIN_EVERY != 0 &&
			   ReadRecentBuffer(qd_relfile(rel), MAIN_FORKNUM, block, buffer)))
		return buffer;
	return InvalidBuffer;
}

Buffer
qd_hnsw_pin_recent(Relation table, BlockNumber block)
{
	return pin_recent(table, hints_of(table), block);
}

void
qd_hnsw_found_in(Relation table, BlockNumber block, Buffer buffer)
{
	BufferHints *h = hints_of(table);

	if (h != NULL)
		remember_buffer(h, block, buffer);
}

/*
 * A page that is to be changed may be missing at the end of the file (see
 * QdRun), one that is only read must be there.
 */
static void
ensure_block(Relation index, BufferHints *h, BlockNumber block, int mode)
{
	BlockNumber blocks;

	/* to ask each time for a temporary file is dear */
	if (h != NULL ? block < h->file_blocks : mode != BUFFER_LOCK_EXCLUSIVE)
		return;
	blocks = RelationGetNumberOfBlocks(index);
	if (block >= blocks)
	{
		if (mode != BUFFER_LOCK_EXCLUSIVE)
			qd_hnsw_corrupt(index, block, "the page is missing");
		qd_hnsw_extend(index, block + 1);
		blocks = block + 1;
	}
	if (h != NULL)
		h->file_blocks = blocks;
}

/* *known: it was read, and checked, before. */
static Buffer
pin_page(Relation index, BufferHints *h, BlockNumber block, int mode, bool *known)
{
	Buffer		buffer = pin_recent(index, h, block);

	*known = buffer != InvalidBuffer;
	if (likely(*known))
		return buffer;
	ensure_block(index, h, block, mode);
	return ReadBuffer(index, block);
}

static bool
page_is_kind(Page page, QdPageKind kind)
{
	PageHeader	header = (PageHeader) page;
	const QdPageSpecial *special;

	if (header->pd_special != BLCKSZ - sizeof(QdPageSpecial) ||
		header->pd_upper != header->pd_special ||
		header->pd_lower < SizeOfPageHeaderData ||
		header->pd_lower > header->pd_upper)
		return false;
	special = (const QdPageSpecial *) (page + header->pd_special);
	return special->page_id == QD_HNSW_PAGE_ID &&
		special->version == QD_HNSW_MAJOR && special->kind == kind;
}

Buffer
qd_hnsw_read(Relation index, BlockNumber block, int mode, QdPageKind kind)
{
	BufferHints *h;
	Buffer		buffer;
	Page		page;
	bool		known = false;

	if (unlikely(block == InvalidBlockNumber))
		qd_hnsw_corrupt(index, block, "no run holds the page");
	/*
	 * Filling the cache reads META: not with META locked, which would wait for
	 * itself.
	 */
	if (unlikely(index->rd_amcache == NULL) && kind == QD_PAGE_META &&
		mode == BUFFER_LOCK_EXCLUSIVE)
		(void) qd_hnsw_index_load(index);
	qd_hnsw_visits++;
	h = hints_of(index);
	buffer = pin_page(index, h, block, mode, &known);
	LockBuffer(buffer, mode);
	/* a cache miss or two: not for a page that was looked at before */
	if (likely(known && kind == QD_PAGE_VERTEX))
		return buffer;
	page = BufferGetPage(buffer);
	if (unlikely(!page_is_kind(page, kind)) &&
		(!PageIsNew(page) || kind == QD_PAGE_META || kind == QD_PAGE_RUNMAP))
		qd_hnsw_corrupt(index, block, "the page is not of the kind expected");
	if (kind == QD_PAGE_META)
		qd_hnsw_check_meta(index, QdPageMeta(page));
	/* only now: a damaged page is to be found damaged each time */
	if (!known && h != NULL)
		remember_buffer(h, block, buffer);
	return buffer;
}

void
qd_hnsw_prefetch(Relation index, BlockNumber block, Size offset, Size n)
{
	BufferHints *h = hints_of(index);
	Buffer		buffer;
	const char *bytes;

	if (h == NULL || block >= h->size)
		return;
	buffer = h->buffers[block];
	if (buffer == InvalidBuffer)
		return;
	__builtin_prefetch(GetBufferDescriptor(buffer - 1), 1);
	bytes = BufferBlocks + (Size) (buffer - 1) * BLCKSZ;
	for (Size i = 0; i < n && offset + i < BLCKSZ; i += 64)
		__builtin_prefetch(bytes + offset + i);
}

void
qd_hnsw_page_init(Page page, QdPageKind kind, uint32 ordinal, Size content)
{
	QdPageSpecial *special;

	PageInit(page, BLCKSZ, sizeof(QdPageSpecial));
	((PageHeader) page)->pd_lower = SizeOfPageHeaderData + content;
	special = (QdPageSpecial *) PageGetSpecialPointer(page);
	special->kind = kind;
	special->ordinal = ordinal;
	special->version = QD_HNSW_MAJOR;
	special->page_id = QD_HNSW_PAGE_ID;
}

void
qd_hnsw_extend(Relation index, BlockNumber n)
{
	LockRelationForExtension(index, ExclusiveLock);
	for (BlockNumber have = RelationGetNumberOfBlocks(index); have < n; have++)
		ReleaseBuffer(ReadBufferExtended(index, MAIN_FORKNUM, P_NEW,
										 RBM_NORMAL, NULL));
	UnlockRelationForExtension(index, ExclusiveLock);
}

void
qd_hnsw_corrupt(Relation index, BlockNumber block, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INDEX_CORRUPTED),
			 errmsg("index \"%s\" is damaged at block %u: %s",
					RelationGetRelationName(index), block, what),
			 errhint("Please REINDEX it.")));
}
