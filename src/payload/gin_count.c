/*
 * gin_count.c
 *		How many rows a payload index has for a filter, from the lengths of its
 *		posting lists, without scanning: for the planner and for whoever chooses
 *		between ways to search.
 *
 * A key costs one descent in the tree of entries; a range of keys two, whose
 * distance is taken for its share of the rows.  The list of pending insertions
 * is not looked at, nor is visibility.  Pages are locked one at a time, shared.
 */
#include "compat.h"

#include <math.h>

#include "access/gin_private.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

#include "payload/gin_query.h"
#include "payload/gin_walk.h"

/* So many terms of a condition are looked up; the rest is taken to be alike. */
#define TERMS_MAX	24

/* So many posting trees of a range on one page are looked at. */
#define TREES_MAX	8

/* So many leaves of a posting tree are looked at. */
#define LEAVES_MAX	4

typedef struct counter
{
	Relation	index;
	OffsetNumber column;
	GinState	state;
	double		rows;
} counter;

/* Where a key is or would be; the page of entries is locked and pinned. */
typedef struct spot
{
	GinBtreeStack stack;
	double		position;		/* share of the entries before it */
	bool		found;
} spot;

static void
find(counter *c, Datum key, spot *at)
{
	GinBtreeData tree;
	double		width = 1;
	Page		page;

	ginPrepareEntryScan(&tree, c->column, key, GIN_CAT_NORM_KEY, &c->state);
	memset(at, 0, sizeof(*at));
	at->stack.blkno = GIN_ROOT_BLKNO;
	for (;;)
	{
		int			n;

		at->stack.buffer = ReadBuffer(c->index, at->stack.blkno);
		LockBuffer(at->stack.buffer, GIN_SHARE);
		page = BufferGetPage(at->stack.buffer);
		/* the page may have been split since its parent was read */
		while (tree.isMoveRight(&tree, page))
		{
			at->stack.buffer = ginStepRight(at->stack.buffer, c->index, GIN_SHARE);
			at->stack.blkno = BufferGetBlockNumber(at->stack.buffer);
			page = BufferGetPage(at->stack.buffer);
		}
		n = Max(PageGetMaxOffsetNumber(page), 1);
		if (GinPageIsLeaf(page))
		{
			at->found = tree.findItem(&tree, &at->stack);
			at->position += width * (at->stack.off - 1) / n;
			return;
		}
		at->stack.blkno = tree.findChildPage(&tree, &at->stack);
		at->position += width * (at->stack.off - 1) / n;
		width /= n;
		UnlockReleaseBuffer(at->stack.buffer);
	}
}

static void
leave(spot *at)
{
	UnlockReleaseBuffer(at->stack.buffer);
}

Buffer
qd_gin_find(Relation index, GinState *state, Datum key, OffsetNumber *offset)
{
	counter		c;
	spot		at;

	c.index = index;
	c.column = FirstOffsetNumber;
	c.rows = 0;
	c.state = *state;
	find(&c, key, &at);
	*offset = at.stack.off;
	return at.stack.buffer;
}

/* How many bytes are below 128, eight at a time. */
static int
count_low_bytes(const unsigned char *bytes, int n)
{
	int			count = 0;

	while (n >= (int) sizeof(uint64))
	{
		int			words = Min(n / (int) sizeof(uint64), 255);
		uint64		lanes = 0;

		for (int i = 0; i < words; i++)
		{
			uint64		word;

			memcpy(&word, bytes + i * sizeof(word), sizeof(word));
			lanes += (~word >> 7) & UINT64CONST(0x0101010101010101);
		}
		bytes += words * sizeof(uint64);
		n -= words * sizeof(uint64);
		lanes = (lanes & UINT64CONST(0x00ff00ff00ff00ff)) +
			((lanes >> 8) & UINT64CONST(0x00ff00ff00ff00ff));
		count += (lanes * UINT64CONST(0x0001000100010001)) >> 48;
	}
	for (int i = 0; i < n; i++)
		count += bytes[i] < 128;
	return count;
}

/* Rows of a leaf of a posting tree: every number's last byte is below 128. */
static double
count_leaf(Page page)
{
	GinPostingList *list;
	char	   *end;
	int			n = 0;

	if (!GinPageIsCompressed(page))
		return GinPageGetOpaque(page)->maxoff;
	list = GinDataLeafPageGetPostingList(page);
	end = (char *) list + GinDataLeafPageGetPostingListSize(page);
	for (; (char *) list < end; list = GinNextPostingListSegment(list))
	{
		/* the first row is not among the bytes */
		n += 1 + count_low_bytes(list->bytes, list->nbytes);
	}
	return n;
}

/* Up to max children of a page, evenly spread; returns how many. */
static int
spread_children(Page page, int max, BlockNumber *children)
{
	int			n = GinPageGetOpaque(page)->maxoff;
	int			chosen = Min(n, max);

	for (int i = 0; i < chosen; i++)
	{
		OffsetNumber offset = FirstOffsetNumber + (int64) i * n / chosen;

		children[i] = PostingItemGetBlockNumber(GinDataPageGetPostingItem(page, offset));
	}
	return chosen;
}

/*
 * Rows of a posting tree, as if all its pages were like LEAVES_MAX children of
 * the root, and below them the leftmost ones.
 */
double
qd_gin_tree_rows(Relation index, BlockNumber root)
{
	BlockNumber blocks[LEAVES_MAX] = {root};
	int			n = 1;
	double		factor = 1;
	double		count;

	for (;;)
	{
		BlockNumber children[LEAVES_MAX];
		double		n_children = 0;
		int			n_chosen = 0;

		count = 0;
		for (int i = 0; i < n; i++)
		{
			Buffer		buffer = ReadBuffer(index, blocks[i]);
			Page		page = BufferGetPage(buffer);

			LockBuffer(buffer, GIN_SHARE);
			if (GinPageIsLeaf(page))
				count += GinPageIsDeleted(page) ? 0 : count_leaf(page);
			else
			{
				n_children += GinPageGetOpaque(page)->maxoff;
				n_chosen += spread_children(page, Max(LEAVES_MAX / n, 1),
											children + n_chosen);
			}
			UnlockReleaseBuffer(buffer);
		}
		if (n_chosen == 0)
			return count * factor;
		factor *= n_children / n_chosen;
		n = n_chosen;
		memcpy(blocks, children, n * sizeof(BlockNumber));
	}
}

/* Rows of one key. */
static double
count_key(counter *c, Datum key)
{
	spot		at;
	double		count = 0;
	BlockNumber tree = InvalidBlockNumber;

	find(c, key, &at);
	if (at.found)
	{
		Page		page = BufferGetPage(at.stack.buffer);
		IndexTuple	entry = (IndexTuple) PageGetItem(page,
													 PageGetItemId(page, at.stack.off));

		if (GinIsPostingTree(entry))
			tree = GinGetPostingTree(entry);
		else
			count = GinGetNPosting(entry);
	}
	leave(&at);
	return BlockNumberIsValid(tree) ? qd_gin_tree_rows(c->index, tree) : count;
}

/*
 * Rows of the entries from one offset to before another one of a locked page,
 * which is unlocked on the way.
 */
static double
count_entries(counter *c, spot *at, OffsetNumber end)
{
	Page		page = BufferGetPage(at->stack.buffer);
	BlockNumber trees[TREES_MAX];
	int			n_trees = 0;
	double		count = 0;
	double		of_trees = 0;

	for (OffsetNumber i = at->stack.off;
		 i < end && i <= PageGetMaxOffsetNumber(page); i++)
	{
		IndexTuple	entry = (IndexTuple) PageGetItem(page, PageGetItemId(page, i));

		if (!GinIsPostingTree(entry))
			count += GinGetNPosting(entry);
		else if (n_trees++ < TREES_MAX)
			trees[n_trees - 1] = GinGetPostingTree(entry);
	}
	leave(at);
	for (int i = 0; i < Min(n_trees, TREES_MAX); i++)
		of_trees += qd_gin_tree_rows(c->index, trees[i]);
	return count + (n_trees > TREES_MAX ? of_trees * n_trees / TREES_MAX : of_trees);
}

/* The first key behind a range that has an end, or nearly so. */
static void
end_of_range(const qd_node *test, qd_key *key)
{
	const void *bounds = qd_node_body(test);
	bool		open = (test->n & QD_LT) != 0;

	if (test->kind == QD_TEST_INTEGER_RANGE)
		qd_key_double(key, (double) ((const int64 *) bounds)[1]);
	else if (test->kind == QD_TEST_DATETIME)
		qd_key_datetime(key, qd_datetime_bound(test, open ? 0 : 3));
	else
		qd_key_double(key, ((const double *) bounds)[open ? 0 : 3]);
	if (!open)
		key->bytes[key->length++] = 0xff;
}

/* The first key behind all that the term matches, or nearly so. */
static void
end_of(const qd_gin_term *term, qd_key *key)
{
	key->length = VARSIZE(term->key) - VARHDRSZ;
	memcpy(key->bytes, VARDATA(term->key), key->length);
	if (term->match == QD_GIN_MATCH_CELLS)
	{
		qd_key_class class = key->bytes[0];

		qd_key_cell(key, term->last);
		key->bytes[0] = class;
	}
	else if (term->match == QD_GIN_MATCH_RANGE &&
			 ((term->bounds->n & (QD_LT | QD_LTE)) ||
			  term->bounds->kind == QD_TEST_INTEGER_RANGE))
		end_of_range(term->bounds, key);
	else
	{
		/* of a range without end, the next class; of a prefix, its successor */
		if (term->match == QD_GIN_MATCH_RANGE)
			key->length = 1;
		while (key->length > 1 && key->bytes[key->length - 1] == 0xff)
			key->length--;
		key->bytes[key->length - 1]++;
	}
}

static double
count_range(counter *c, const qd_gin_term *term)
{
	qd_key		end;
	spot		first;
	spot		last;
	BlockNumber page;
	OffsetNumber offset;

	end_of(term, &end);
	find(c, PointerGetDatum(qd_key_datum(&end)), &last);
	page = last.stack.blkno;
	offset = last.stack.off;
	leave(&last);
	find(c, PointerGetDatum(term->key), &first);
	if (first.stack.blkno == page)
		return count_entries(c, &first, offset);
	leave(&first);
	return Max(last.position - first.position, 0) * c->rows;
}

static double
count_terms(counter *c, const qd_gin_term *terms, uint32 n)
{
	uint32		looked_up = Min(n, TERMS_MAX);
	double		count = 0;

	for (uint32 i = 0; i < looked_up; i++)
	{
		/* spread over all of them */
		const qd_gin_term *term = &terms[(uint64) i * n / looked_up];

		count += term->match == QD_GIN_MATCH_EQUAL ?
			count_key(c, PointerGetDatum(term->key)) : count_range(c, term);
	}
	return looked_up < n ? count * n / looked_up : count;
}

static double node_share(counter *c, const qd_gin_query *query,
						 const qd_gin_node *node);

/*
 * The chance that so many of the children are true, if they are independent:
 * chances[i] is that of exactly i so far, the last one of enough.
 */
static double
at_least_share(counter *c, const qd_gin_query *query, const qd_gin_node *node)
{
	double	   *chances;
	uint64		enough = node->at_least;
	double		share;

	if (enough > node->n)
		return 0;
	chances = palloc0((enough + 1) * sizeof(double));
	chances[0] = 1;
	for (uint32 i = 0; i < node->n; i++)
	{
		double		p = node_share(c, query, node->children[i]);

		for (int64 k = Min(i + 1, enough); k > 0; k--)
			chances[k] = chances[k - 1] * p + chances[k] * (k == enough ? 1 : 1 - p);
		if (enough > 0)
			chances[0] *= 1 - p;
	}
	share = chances[enough];
	pfree(chances);
	return share;
}

static double
node_share(counter *c, const qd_gin_query *query, const qd_gin_node *node)
{
	switch (node->op)
	{
		case QD_GIN_KEYS:
			return Min(count_terms(c, query->terms + node->first, node->n) / c->rows, 1);
		case QD_GIN_AT_LEAST:
			return at_least_share(c, query, node);
		case QD_GIN_NOT:
			return 1 - node_share(c, query, node->children[0]);
		case QD_GIN_UNKNOWN:
			break;
	}
	return 1;
}

double
qd_gin_query_share(Relation index, int column, const qd_gin_query *query,
				   double rows)
{
	counter		c;

	c.index = index;
	c.column = column;
	c.rows = Max(rows, 1);
	initGinState(&c.state, index);
	return node_share(&c, query, query->root);
}

double
qd_payload_index_rows(Relation index, int column, const qd_filter *filter,
					  double rows)
{
	const qd_index_options *options = qd_payload_index_options(index, column);

	if (options == NULL)
		return rows;
	return rows * qd_gin_query_share(index, column,
									 qd_gin_query_build(options, filter), rows);
}
