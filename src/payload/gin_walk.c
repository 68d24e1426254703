/*
 * gin_walk.c
 *		See gin_walk.h.
 *
 * Pages of entries are copied one at a time; an entry never moves to the left,
 * and no page of entries is ever deleted, so following the links to the right
 * finds each entry once.  A pending insertion is moved among the entries by
 * whoever cleans the list: read first, it may be met again there, so the rows
 * of a key are made distinct.
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
	qsort(walk->pending, walk->n_pending, sizeof(qd_gin_pending), compare_pending);
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

void
qd_gin_walk_end(qd_gin_walk *walk)
{
	if (walk->tids != NULL)
		pfree(walk->tids);
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

static void
add_rows(qd_gin_walk *walk, const ItemPointerData *tids, int n)
{
	if (walk->n_tids + n > walk->room)
	{
		walk->room = Max(2 * walk->room, walk->n_tids + n);
		walk->tids = walk->tids == NULL ?
			palloc_extended(walk->room * sizeof(ItemPointerData), MCXT_ALLOC_HUGE) :
			repalloc_huge(walk->tids, walk->room * sizeof(ItemPointerData));
	}
	memcpy(walk->tids + walk->n_tids, tids, n * sizeof(ItemPointerData));
	walk->n_tids += n;
}

/* The leftmost leaf, locked: no leftmost page is ever deleted. */
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

static void
read_tree(qd_gin_walk *walk, BlockNumber root)
{
	ItemPointerData from_start;
	Buffer		buffer = leftmost_leaf(walk->index, root);

	ItemPointerSetMin(&from_start);
	for (;;)
	{
		Page		page = BufferGetPage(buffer);
		ItemPointer tids;
		int			n;

		CHECK_FOR_INTERRUPTS();
		if (!GinPageIsDeleted(page))
		{
			tids = GinDataLeafPageGetItems(page, &n, from_start);
			if (n > 0)
				add_rows(walk, tids, n);
			if (tids != NULL)
				pfree(tids);
		}
		if (GinPageRightMost(page))
			break;
		buffer = ginStepRight(buffer, walk->index, GIN_SHARE);
	}
	UnlockReleaseBuffer(buffer);
}

static int
compare_rows(const void *a, const void *b)
{
	return ItemPointerCompare(unconstify(ItemPointerData *, (const ItemPointerData *) a),
							  unconstify(ItemPointerData *, (const ItemPointerData *) b));
}

const ItemPointerData *
qd_gin_walk_rows(qd_gin_walk *walk, int *n)
{
	ItemPointer tids;

	walk->n_tids = 0;
	if (walk->entry != NULL && GinIsPostingTree(walk->entry))
		read_tree(walk, GinGetPostingTree(walk->entry));
	else if (walk->entry != NULL && GinGetNPosting(walk->entry) == 1 &&
			 GinItupIsCompressed(walk->entry))
		add_rows(walk, &((GinPostingList *) GinGetPosting(walk->entry))->first, 1);
	else if (walk->entry != NULL)
	{
		tids = ginReadTuple(&walk->state, FirstOffsetNumber, walk->entry, n);
		add_rows(walk, tids, *n);
		pfree(tids);
	}
	for (int i = walk->first_pending; i < walk->next_pending; i++)
		add_rows(walk, &walk->pending[i].tid, 1);
	if (walk->first_pending < walk->next_pending)
	{
		qsort(walk->tids, walk->n_tids, sizeof(ItemPointerData), compare_rows);
		walk->n_tids = qunique(walk->tids, walk->n_tids, sizeof(ItemPointerData),
							   compare_rows);
	}
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
