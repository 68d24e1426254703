/*
 * admission.c
 *		See admission.h.
 *
 * A filter falls into conjuncts; one that an index serves becomes a bitmap,
 * and so does a disjunction that indexes serve in all its arms.  Bitmaps of
 * conjuncts are intersected, other conjuncts are left to the heap.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relscan.h"
#include "access/transam.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_index.h"
#include "miscadmin.h"
#include "nodes/tidbitmap.h"
#include "port/pg_bitutils.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "hnsw/admission.h"
#include "hnsw/hnsw.h"
#include "payload/payload_index.h"

/* What bitmaps are made from; snapshot NULL: only asked whether they can be. */
typedef struct Bitmaps
{
	List	   *indexes;		/* of Relation: payload indexes */
	Snapshot	snapshot;
} Bitmaps;

/*----------
 * Indexes
 *----------
 */

/* As the planner decides: complete for this snapshot, and for all rows. */
static bool
is_usable(Relation index)
{
	Form_pg_index form = index->rd_index;

	return form->indisvalid && form->indnatts == 1 &&
		heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL) &&
		(!form->indcheckxmin ||
		 TransactionIdPrecedes(HeapTupleHeaderGetXmin(index->rd_indextuple->t_data),
							   TransactionXmin));
}

/* Is it over the same payload as the vector index? */
static bool
is_sibling(Relation index, Relation vector_index)
{
	AttrNumber	column = vector_index->rd_index->indkey.values[1];

	return index->rd_rel->relam == GIN_AM_OID && column != 0 &&
		index->rd_index->indkey.values[0] == column && is_usable(index) &&
		qd_payload_index_options(index, 1) != NULL;
}

static List *
open_siblings(Relation heap, Relation vector_index)
{
	List	   *oids = RelationGetIndexList(heap);
	List	   *siblings = NIL;
	ListCell   *cell;

	foreach(cell, oids)
	{
		Relation	index;

		if (lfirst_oid(cell) == RelationGetRelid(vector_index))
			continue;
		index = index_open(lfirst_oid(cell), AccessShareLock);
		if (is_sibling(index, vector_index))
			siblings = lappend(siblings, index);
		else
			index_close(index, AccessShareLock);
	}
	list_free(oids);
	return siblings;
}

static void
close_indexes(List *indexes)
{
	ListCell   *cell;

	foreach(cell, indexes)
		index_close((Relation) lfirst(cell), AccessShareLock);
}

/*----------
 * Bitmaps
 *----------
 */

static TIDBitmap *
read_index(Relation index, Snapshot snapshot, qd_filter *part)
{
	TIDBitmap  *bitmap = tbm_create(get_hash_memory_limit(), NULL);
	IndexScanDesc scan = qd_begin_bitmap_scan(index, snapshot, 1);
	ScanKeyData key;

	/* GIN has no use for the operator's function */
	memset(&key, 0, sizeof(key));
	key.sk_attno = 1;
	key.sk_strategy = QD_PAYLOAD_INDEX_STRATEGY;
	key.sk_argument = PointerGetDatum(part);
	index_rescan(scan, &key, 1, NULL, 0);
	index_getbitmap(scan, bitmap);
	index_endscan(scan);
	return bitmap;
}

static bool collect(const Bitmaps *b, const qd_filter *filter,
					TIDBitmap **bitmap);

/* By the first index that serves the filter. */
static bool
collect_from_index(const Bitmaps *b, const qd_filter *filter,
				   TIDBitmap **bitmap)
{
	ListCell   *cell;

	foreach(cell, b->indexes)
	{
		Relation	index = lfirst(cell);
		bool		whole;
		qd_filter  *part = qd_filter_part(filter,
										  qd_payload_index_options(index, 1),
										  &whole);

		if (part == NULL)
			continue;
		if (b->snapshot != NULL)
			*bitmap = read_index(index, b->snapshot, part);
		return true;
	}
	return false;
}

/* All arms of a disjunction must be served. */
static bool
collect_union(const Bitmaps *b, const qd_filter *filter, TIDBitmap **bitmap)
{
	List	   *arms = qd_filter_disjuncts(filter);
	TIDBitmap  *all = NULL;
	ListCell   *cell;

	foreach(cell, arms)
	{
		TIDBitmap  *one = NULL;

		if (!collect(b, lfirst(cell), &one))
		{
			if (all != NULL)
				tbm_free(all);
			return false;
		}
		if (all == NULL)
			all = one;
		else
		{
			tbm_union(all, one);
			tbm_free(one);
		}
	}
	*bitmap = all;
	return arms != NIL;
}

/* False when no part of the filter is served; then there is no bitmap. */
static bool
collect(const Bitmaps *b, const qd_filter *filter, TIDBitmap **bitmap)
{
	List	   *conjuncts = qd_filter_conjuncts(filter);
	bool		served = false;
	ListCell   *cell;

	check_stack_depth();
	foreach(cell, conjuncts)
	{
		qd_filter  *conjunct = lfirst(cell);
		TIDBitmap  *one = NULL;

		if (!collect_from_index(b, conjunct, &one) &&
			!collect_union(b, conjunct, &one))
			continue;
		served = true;
		if (*bitmap == NULL)
			*bitmap = one;
		else
		{
			tbm_intersect(*bitmap, one);
			tbm_free(one);
		}
	}
	return served;
}

bool
qd_admission_possible(const qd_filter *filter, List *indexes)
{
	Bitmaps		b = {indexes, NULL};
	TIDBitmap  *none = NULL;

	return filter == NULL ? indexes != NIL : collect(&b, filter, &none);
}

/*----------
 * Estimates
 *----------
 */

static double estimate(List *indexes, const qd_filter *filter, double rows);

/* By the best of the indexes; all rows when none serves it. */
static double
estimate_by_index(List *indexes, const qd_filter *filter, double rows)
{
	double		least = rows;
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	index = lfirst(cell);
		bool		whole;
		qd_filter  *part = qd_filter_part(filter,
										  qd_payload_index_options(index, 1),
										  &whole);

		if (part != NULL)
			least = Min(least, qd_payload_index_rows(index, 1, part, rows));
	}
	return least;
}

static double
estimate_union(List *indexes, const qd_filter *filter, double rows)
{
	List	   *arms = qd_filter_disjuncts(filter);
	double		sum = arms == NIL ? rows : 0;
	ListCell   *cell;

	foreach(cell, arms)
		sum += estimate(indexes, lfirst(cell), rows);
	return Min(sum, rows);
}

/* At most as many as the most selective conjunct admits. */
static double
estimate(List *indexes, const qd_filter *filter, double rows)
{
	double		least = rows;
	ListCell   *cell;

	check_stack_depth();
	foreach(cell, qd_filter_conjuncts(filter))
	{
		double		n = estimate_by_index(indexes, lfirst(cell), rows);

		if (n >= rows)
			n = estimate_union(indexes, lfirst(cell), rows);
		least = Min(least, n);
	}
	return least;
}

double
qd_admission_estimate(IndexScanDesc scan, double rows)
{
	List	   *indexes = open_siblings(scan->heapRelation, scan->indexRelation);
	double		least = rows;

	for (int i = 0; i < scan->numberOfKeys && indexes != NIL; i++)
	{
		ScanKey		key = &scan->keyData[i];

		if (key->sk_strategy == QD_FILTER_STRATEGY)
			least = Min(least, estimate(indexes, (qd_filter *)
										PG_DETOAST_DATUM(key->sk_argument),
										rows));
	}
	close_indexes(indexes);
	return least;
}

/* The bitmap of the scan's filters, in the current context; NULL: none. */
static TIDBitmap *
collect_keys(IndexScanDesc scan)
{
	Bitmaps		b;
	TIDBitmap  *bitmap = NULL;

	b.snapshot = scan->xs_snapshot;
	b.indexes = open_siblings(scan->heapRelation, scan->indexRelation);
	for (int i = 0; i < scan->numberOfKeys && b.indexes != NIL; i++)
	{
		ScanKey		key = &scan->keyData[i];
		TIDBitmap  *one = NULL;

		if (key->sk_strategy != QD_FILTER_STRATEGY ||
			!collect(&b, (qd_filter *) PG_DETOAST_DATUM(key->sk_argument), &one))
			continue;
		if (bitmap == NULL)
			bitmap = one;
		else
		{
			tbm_intersect(bitmap, one);
			tbm_free(one);
		}
	}
	close_indexes(b.indexes);
	return bitmap;
}

/*----------
 * The set
 *----------
 */

static void
grow_pages(QdAdmission *a, BlockNumber n)
{
	a->pages = a->pages == NULL ?
		palloc_extended(n * sizeof(uint32), MCXT_ALLOC_HUGE) :
		repalloc_huge(a->pages, n * sizeof(uint32));
	memset(a->pages + a->n_pages, 0, (n - a->n_pages) * sizeof(uint32));
	a->n_pages = n;
}

/* Room for the words of a page, zeroed. */
static uint64 *
add_words(QdAdmission *a, int n)
{
	uint64	   *words;

	if (a->n_words + 1 + n > a->room)
	{
		a->room = Max(2 * a->room, 1024);
		a->words = a->words == NULL ?
			palloc(a->room * sizeof(uint64)) :
			repalloc_huge(a->words, a->room * sizeof(uint64));
	}
	words = a->words + a->n_words;
	words[0] = n;
	memset(words + 1, 0, n * sizeof(uint64));
	a->n_words += 1 + n;
	return words + 1;
}

static void
add_page(QdAdmission *a, BlockNumber block, const OffsetNumber *offsets, int n)
{
	OffsetNumber last = 0;
	uint64	   *words;

	for (int i = 0; i < n; i++)
		last = Max(last, offsets[i]);
	a->pages[block] = a->n_words;
	words = add_words(a, last / 64 + 1);
	for (int i = 0; i < n; i++)
		words[offsets[i] / 64] |= UINT64CONST(1) << (offsets[i] % 64);
	a->n += n;
}

static void
add_bitmap(QdAdmission *a, TIDBitmap *bitmap)
{
	QdTbmIterator *it = qd_tbm_begin(bitmap);
	QdTbmPage	page;

	while (qd_tbm_next(it, page))
	{
		BlockNumber block = qd_tbm_block(page);
		OffsetNumber offsets[MaxHeapTuplesPerPage];

		if (block >= a->n_pages)
			grow_pages(a, Max(block + 1, 2 * a->n_pages));
		/* more words than a page can point at: let the page admit all */
		if (qd_tbm_lossy(page) || a->n_words >= PG_INT32_MAX)
		{
			a->pages[block] = QD_ADMITS_ALL;
			a->lossy = true;
		}
		else
		{
			int			n = qd_tbm_offsets(page, offsets, lengthof(offsets));

			add_page(a, block, offsets, n);
		}
	}
	qd_tbm_end(it);
}

QdAdmission *
qd_admission_build(IndexScanDesc scan)
{
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext,
											   "qdrant_hnsw bitmaps",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(work);
	TIDBitmap  *bitmap = collect_keys(scan);
	QdAdmission *a = NULL;

	MemoryContextSwitchTo(caller);
	if (bitmap != NULL)
	{
		a = palloc0(sizeof(QdAdmission));
		grow_pages(a, Max(RelationGetNumberOfBlocks(scan->heapRelation), 1));
		/* words[0] is nobody's: a page without any points at it */
		add_words(a, 0);
		add_bitmap(a, bitmap);
		tbm_free(bitmap);
	}
	MemoryContextDelete(work);
	return a;
}

bool
qd_admission_next(const QdAdmission *a, ItemPointer tid)
{
	BlockNumber block = 0;
	uint32		offset = 0;

	if (ItemPointerIsValid(tid))
	{
		block = ItemPointerGetBlockNumberNoCheck(tid);
		offset = ItemPointerGetOffsetNumberNoCheck(tid) + 1;
	}
	for (; block < a->n_pages; block++, offset = 0)
	{
		const uint64 *words = a->words + a->pages[block];

		Assert(a->pages[block] != QD_ADMITS_ALL);
		for (uint32 word = offset / 64; word < words[0]; word++, offset = 0)
		{
			uint64		left = words[1 + word] >> (offset % 64) << (offset % 64);

			if (left == 0)
				continue;
			ItemPointerSet(tid, block,
						   64 * word + pg_rightmost_one_pos64(left));
			return true;
		}
	}
	return false;
}
