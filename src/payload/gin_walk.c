/*
 * gin_walk.c
 *		See gin_walk.h.
 *
 * Pages of entries are copied one at a time; an entry never moves to the left,
 * and no page of entries is ever deleted, so following the links to the right
 * finds each entry once.  A pending insertion is moved among the entries by
 * whoever cleans the list: read first, it may be met again there, and is then
 * passed over.
 */
#include "compat.h"

#include "lib/qunique.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "payload/gin_walk.h"

/*----------
 * pending insertions
 *----------
 */

int64
qd_gin_pending_rows(Relation index)
{
	GinMetaPageData *meta;
	Buffer		buffer = ReadBuffer(index, GIN_METAPAGE_BLKNO);
	int64		n;

	LockBuffer(buffer, GIN_SHARE);
	meta = GinPageGetMeta(BufferGetPage(buffer));
	n = meta->head == InvalidBlockNumber ? 0 : meta->nPendingHeapTuples;
	UnlockReleaseBuffer(buffer);
	return n;
}

static void
add_pending(qd_gin_walk *walk, Page page)
{
	for (OffsetNumber i = FirstOffsetNumber; i <= PageGetMaxOffsetNumber(page); i++)
	{
		IndexTuple	tuple = (IndexTuple) PageGetItem(page, PageGetItemId(page, i));
		GinNullCategory category;
		bytea	   *key = (bytea *) DatumGetPointer(gintuple_get_key(&walk->state,
																	 tuple, &category));

		if (category != GIN_CAT_NORM_KEY || VARSIZE_ANY_EXHDR(key) == 0 ||
			*(unsigned char *) VARDATA_ANY(key) != walk->class)
			continue;
		if ((walk->n_pending & (walk->n_pending - 1)) == 0)
		{
			Size		room = Max(2 * walk->n_pending, 1) * sizeof(qd_gin_pending);

			walk->pending = walk->pending == NULL ? palloc(room) :
				repalloc_huge(walk->pending, room);
		}
		walk->pending[walk->n_pending].key = palloc(VARSIZE_ANY(key));
		memcpy(walk->pending[walk->n_pending].key, key, VARSIZE_ANY(key));
		walk->pending[walk->n_pending++].tid = tuple->t_tid;
	}
}

static int
compare_keys(const unsigned char *a, size_t a_length, const unsigned char *b,
			 size_t b_length)
{
	int			order = memcmp(a, b, Min(a_length, b_length));

	return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

static int
compare_pending(const void *a, const void *b)
{
	const qd_gin_pending *x = a;
	const qd_gin_pending *y = b;
	int			order = compare_keys((unsigned char *) VARDATA_ANY(x->key),
									 VARSIZE_ANY_EXHDR(x->key),
									 (unsigned char *) VARDATA_ANY(y->key),
									 VARSIZE_ANY_EXHDR(y->key));

	return order != 0 ? order :
		ItemPointerCompare(unconstify(ItemPointerData *, &x->tid),
						   unconstify(ItemPointerData *, &y->tid));
}

static void
read_pending(qd_gin_walk *walk)
{
	Buffer		meta = ReadBuffer(walk->index, GIN_METAPAGE_BLKNO);
	BlockNumber block;
	Buffer		buffer;

	LockBuffer(meta, GIN_SHARE);
	block = GinPageGetMeta(BufferGetPage(meta))->head;
	if (block == InvalidBlockNumber)
	{
		UnlockReleaseBuffer(meta);
		return;
	}
	/* a page is locked before its predecessor is let go: cleaning deletes it */
	buffer = ReadBuffer(walk->index, block);
	LockBuffer(buffer, GIN_SHARE);
	UnlockReleaseBuffer(meta);
	for (;;)
	{
		Page		page = BufferGetPage(buffer);

		add_pending(walk, page);
		if (GinPageRightMost(page))
			break;
		buffer = ginStepRight(buffer, walk->index, GIN_SHARE);
	}
	UnlockReleaseBuffer(buffer);
	if (walk->n_pending == 0)
		return;
	qsort(walk->pending, walk->n_pending, sizeof(qd_gin_pending), compare_pending);
	walk->n_pending = qunique(walk->pending, walk->n_pending, sizeof(qd_gin_pending),
							  compare_pending);
}

/*----------
 * entries
 *----------
 */

/* Copies the page and lets the buffer go. */
static void
take_page(qd_gin_walk *walk, Buffer buffer)
{
	memcpy(walk->page.data, BufferGetPage(buffer), BLCKSZ);
	UnlockReleaseBuffer(buffer);
}

qd_gin_walk *
qd_gin_walk_begin(Relation index, qd_key_class class, bool with_pending)
{
	qd_gin_walk *walk = palloc0(sizeof(qd_gin_walk));
	qd_key		first;

	walk->index = index;
	walk->class = class;
	initGinState(&walk->state, index);
	if (with_pending)
		read_pending(walk);
	qd_key_fact(&first, class);
	take_page(walk, qd_gin_find(index, &walk->state,
								PointerGetDatum(qd_key_datum(&first)),
								&walk->offset));
	return walk;
}

qd_gin_walk *
qd_gin_walk_begin_at(Relation index, const bytea *key)
{
	qd_gin_walk *walk = palloc(sizeof(qd_gin_walk));

	/* its page needs no initial value */
	memset(walk, 0, offsetof(qd_gin_walk, page));
	memset(&walk->offset, 0, sizeof(*walk) - offsetof(qd_gin_walk, offset));
	walk->index = index;
	walk->class = *(unsigned char *) VARDATA_ANY(key);
	initGinState(&walk->state, index);
	take_page(walk, qd_gin_find(index, &walk->state, PointerGetDatum(key),
								&walk->offset));
	return walk;
}

static void
free_rows(qd_gin_walk *walk)
{
	if (walk->tids != NULL)
		pfree(walk->tids);
	walk->tids = NULL;
}

void
qd_gin_walk_end(qd_gin_walk *walk)
{
	free_rows(walk);
	pfree(walk);
}

/* The next entry; NULL behind the last one of the class. */
static IndexTuple
peek_entry(qd_gin_walk *walk, const unsigned char **key, size_t *length)
{
	Page		page = (Page) walk->page.data;
	GinNullCategory category;
	IndexTuple	entry;
	bytea	   *datum;

	while (!walk->at_end && walk->offset > PageGetMaxOffsetNumber(page))
	{
		Buffer		buffer;

		CHECK_FOR_INTERRUPTS();
		if (GinPageRightMost(page))
		{
			walk->at_end = true;
			break;
		}
		buffer = ReadBuffer(walk->index, GinPageGetOpaque(page)->rightlink);
		LockBuffer(buffer, GIN_SHARE);
		take_page(walk, buffer);
		walk->offset = FirstOffsetNumber;
	}
	if (walk->at_end)
		return NULL;
	entry = (IndexTuple) PageGetItem(page, PageGetItemId(page, walk->offset));
	datum = (bytea *) DatumGetPointer(gintuple_get_key(&walk->state, entry,
													   &category));
	if (category == GIN_CAT_NORM_KEY && VARSIZE_ANY_EXHDR(datum) > 0 &&
		*(unsigned char *) VARDATA_ANY(datum) == walk->class)
	{
		*key = (unsigned char *) VARDATA_ANY(datum);
		*length = VARSIZE_ANY_EXHDR(datum);
		return entry;
	}
	walk->at_end = true;
	return NULL;
}

bool
qd_gin_walk_next(qd_gin_walk *walk)
{
	const unsigned char *key = NULL;
	size_t		length = 0;
	IndexTuple	entry;
	int			order = -1;		/* of the entry and the pending key */

	walk->first_pending = walk->next_pending;
	entry = peek_entry(walk, &key, &length);
	if (entry == NULL && walk->first_pending == walk->n_pending)
		return false;
	if (walk->first_pending < walk->n_pending)
	{
		const bytea *pending = walk->pending[walk->first_pending].key;

		if (entry != NULL)
			order = compare_keys(key, length, (unsigned char *) VARDATA_ANY(pending),
								 VARSIZE_ANY_EXHDR(pending));
		if (entry == NULL || order > 0)
		{
			entry = NULL;
			order = 0;
			key = (unsigned char *) VARDATA_ANY(pending);
			length = VARSIZE_ANY_EXHDR(pending);
		}
	}
	walk->key = key;
	walk->length = length;
	walk->entry = entry;
	walk->stage = QD_GIN_ROWS_ENTRY;
	if (entry != NULL)
		walk->offset++;
	if (order == 0)
		while (walk->next_pending < walk->n_pending &&
			   compare_keys(key, length,
							(unsigned char *) VARDATA_ANY(walk->pending[walk->next_pending].key),
							VARSIZE_ANY_EXHDR(walk->pending[walk->next_pending].key)) == 0)
			walk->next_pending++;
	return true;
}

/*----------
 * rows
 *----------
 */

/*
 * The leftmost leaf, locked: no leftmost page is ever deleted.  It is not let
 * go and locked again, as a root that is a leaf may become something else.
 */
static Buffer
leftmost_leaf(Relation index, BlockNumber block)
{
	for (;;)
	{
		Buffer		buffer = ReadBuffer(index, block);
		Page		page = BufferGetPage(buffer);

		LockBuffer(buffer, GIN_SHARE);
		if (GinPageIsLeaf(page))
			return buffer;
		block = PostingItemGetBlockNumber(GinDataPageGetPostingItem(page,
																	FirstOffsetNumber));
		UnlockReleaseBuffer(buffer);
	}
}

/* The rows of a locked leaf, which is let go; false when it has none. */
static bool
take_leaf(qd_gin_walk *walk, Buffer buffer)
{
	Page		page = BufferGetPage(buffer);
	ItemPointerData from_start;

	ItemPointerSetMin(&from_start);
	walk->leaf = GinPageRightMost(page) ? InvalidBlockNumber :
		GinPageGetOpaque(page)->rightlink;
	walk->n_tids = 0;
	if (!GinPageIsData(page) || !GinPageIsLeaf(page))
		ereport(ERROR,
				(errcode(ERRCODE_INDEX_CORRUPTED),
				 errmsg("index \"%s\" has no posting list where one should be",
						RelationGetRelationName(walk->index))));
	if (!GinPageIsDeleted(page))
		walk->tids = GinDataLeafPageGetItems(page, &walk->n_tids, from_start);
	UnlockReleaseBuffer(buffer);
	if (walk->n_tids == 0)
		free_rows(walk);
	return walk->n_tids > 0;
}

/*
 * The rows of the next leaf that has any; false behind the last.  No lock is
 * held from one to the next: a split moves rows that were seen to the right,
 * and a page that is deleted meanwhile keeps its link, and is not used again
 * while a snapshot as old as ours is there.  The primary knows no standby's
 * snapshots: there see read_tree.
 */
static bool
read_leaf(qd_gin_walk *walk)
{
	while (BlockNumberIsValid(walk->leaf))
	{
		Buffer		buffer;

		CHECK_FOR_INTERRUPTS();
		buffer = ReadBuffer(walk->index, walk->leaf);
		LockBuffer(buffer, GIN_SHARE);
		if (take_leaf(walk, buffer))
			return true;
	}
	return false;
}

/*
 * All rows of the tree from its first leaf on, as one part, on a standby:
 * replay may delete and reuse any page, but not one that it waits for, and the
 * next is locked before one is let go.
 */
static bool
read_tree(qd_gin_walk *walk, Buffer buffer)
{
	Size		room = 0;
	ItemPointerData from_start;

	ItemPointerSetMin(&from_start);
	walk->leaf = InvalidBlockNumber;
	walk->n_tids = 0;
	for (;;)
	{
		int			n;
		ItemPointer tids = GinDataLeafPageGetItems(BufferGetPage(buffer), &n,
												   from_start);

		if (walk->tids == NULL || walk->n_tids + (Size) n > room)
		{
			room = Max(2 * room, walk->n_tids + (Size) n + 1024);
			walk->tids = walk->tids == NULL ?
				palloc_extended(room * sizeof(ItemPointerData), MCXT_ALLOC_HUGE) :
				repalloc_huge(walk->tids, room * sizeof(ItemPointerData));
		}
		if (tids != NULL)
		{
			memcpy(walk->tids + walk->n_tids, tids, n * sizeof(ItemPointerData));
			pfree(tids);
		}
		walk->n_tids += n;
		if (GinPageRightMost(BufferGetPage(buffer)))
			break;
		buffer = ginStepRight(buffer, walk->index, GIN_SHARE);
	}
	UnlockReleaseBuffer(buffer);
	CHECK_FOR_INTERRUPTS();
	if (walk->n_tids == 0)
		free_rows(walk);
	return walk->n_tids > 0;
}

/* Of the rows at hand those that are not pending, too. */
static void
omit_pending(qd_gin_walk *walk)
{
	int			p = walk->first_pending;
	int			n = 0;

	for (int i = 0; i < walk->n_tids; i++)
	{
		int			order = 1;

		while (p < walk->next_pending &&
			   (order = ItemPointerCompare(&walk->pending[p].tid, &walk->tids[i])) < 0)
			p++;
		if (p == walk->next_pending || order != 0)
			walk->tids[n++] = walk->tids[i];
	}
	walk->n_tids = n;
}

/* The next rows among the entries; false when there are no more. */
static bool
read_entry(qd_gin_walk *walk)
{
	IndexTuple	entry = walk->entry;

	if (walk->stage == QD_GIN_ROWS_TREE)
		return read_leaf(walk);
	walk->stage = QD_GIN_ROWS_PENDING;
	if (entry == NULL)
		return false;
	if (GinIsPostingTree(entry))
	{
		Buffer		leaf = leftmost_leaf(walk->index, GinGetPostingTree(entry));

		walk->stage = QD_GIN_ROWS_TREE;
		if (RecoveryInProgress())
			return read_tree(walk, leaf);
		return take_leaf(walk, leaf) || read_leaf(walk);
	}
	walk->tids = ginReadTuple(&walk->state, FirstOffsetNumber, entry, &walk->n_tids);
	return walk->n_tids > 0;
}

/* Those that are only pending, at last. */
static bool
read_pending_rows(qd_gin_walk *walk)
{
	walk->stage = QD_GIN_ROWS_END;
	walk->n_tids = walk->next_pending - walk->first_pending;
	if (walk->n_tids == 0)
		return false;
	walk->tids = palloc_extended(walk->n_tids * sizeof(ItemPointerData), MCXT_ALLOC_HUGE);
	for (int i = 0; i < walk->n_tids; i++)
		walk->tids[i] = walk->pending[walk->first_pending + i].tid;
	return true;
}

const ItemPointerData *
qd_gin_walk_rows(qd_gin_walk *walk, int *n)
{
	free_rows(walk);
	if (walk->stage == QD_GIN_ROWS_ENTRY && walk->entry != NULL &&
		!GinIsPostingTree(walk->entry) && GinGetNPosting(walk->entry) == 1 &&
		GinItupIsCompressed(walk->entry) && walk->first_pending == walk->next_pending)
	{
		walk->stage = QD_GIN_ROWS_END;
		*n = 1;
		return &((GinPostingList *) GinGetPosting(walk->entry))->first;
	}
	while (walk->stage < QD_GIN_ROWS_PENDING)
	{
		if (!read_entry(walk))
		{
			walk->stage = QD_GIN_ROWS_PENDING;
			break;
		}
		omit_pending(walk);
		*n = walk->n_tids;
		if (walk->n_tids > 0)
			return walk->tids;
		free_rows(walk);
	}
	if (walk->stage == QD_GIN_ROWS_END || !read_pending_rows(walk))
		return NULL;
	*n = walk->n_tids;
	return walk->tids;
}

double
qd_gin_walk_count(qd_gin_walk *walk)
{
	double		pending = walk->next_pending - walk->first_pending;

	if (walk->entry == NULL)
		return pending;
	return pending + (GinIsPostingTree(walk->entry) ?
					  qd_gin_tree_rows(walk->index, GinGetPostingTree(walk->entry)) :
					  GinGetNPosting(walk->entry));
}
