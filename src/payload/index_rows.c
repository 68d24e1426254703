/*
 * index_rows.c
 *		See index_rows.h.
 *
 * A filter falls into conjuncts, a conjunct that is a should into arms.  Each
 * becomes a set of rows where an index serves it; a set may hold rows too many
 * (where the index is not sure, or knows only a part of the conjunct), and so
 * does one to which a conjunct is missing.
 *
 * The keys of a condition are walked here; what is more than "one of" and "all
 * of" keys GIN evaluates, and whatever concerns a list of pending insertions.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relscan.h"
#include "access/transam.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "miscadmin.h"
#include "nodes/tidbitmap.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "payload/gin_query.h"
#include "payload/gin_walk.h"
#include "payload/index_rows.h"
#include "payload/payload_index.h"

typedef struct collector
{
	List	   *indexes;
	Snapshot	snapshot;
	BlockNumber n_blocks;
} collector;

typedef struct collected
{
	qd_row_set *rows;			/* NULL: any row */
	bool		sure;			/* no row too many */
} collected;

/*----------
 * indexes
 *----------
 */

/* As the planner decides: complete for this snapshot, and for all rows. */
static bool
is_usable(Relation index, AttrNumber column)
{
	Form_pg_index form = index->rd_index;

	return index->rd_rel->relam == GIN_AM_OID && form->indisvalid &&
		form->indnatts == 1 && form->indkey.values[0] == column &&
		heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL) &&
		(!form->indcheckxmin ||
		 TransactionIdPrecedes(HeapTupleHeaderGetXmin(index->rd_indextuple->t_data),
							   TransactionXmin)) &&
		qd_payload_index_options(index, 1) != NULL;
}

static bool
is_gin(Oid index)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
	bool		result = HeapTupleIsValid(tuple) &&
		((Form_pg_class) GETSTRUCT(tuple))->relam == GIN_AM_OID;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return result;
}

List *
qd_payload_indexes_open(Relation heap, AttrNumber column)
{
	List	   *oids = RelationGetIndexList(heap);
	List	   *indexes = NIL;
	ListCell   *cell;

	foreach(cell, oids)
	{
		Relation	index;

		/* what it never will be is not worth a lock */
		if (!is_gin(lfirst_oid(cell)))
			continue;
		index = index_open(lfirst_oid(cell), AccessShareLock);
		if (is_usable(index, column))
			indexes = lappend(indexes, index);
		else
			index_close(index, AccessShareLock);
	}
	list_free(oids);
	return indexes;
}

void
qd_payload_indexes_close(List *indexes)
{
	ListCell   *cell;

	foreach(cell, indexes)
		index_close((Relation) lfirst(cell), AccessShareLock);
}

/*----------
 * one index
 *----------
 */

/* By GIN's own evaluation. */
static collected
collect_bitmap(const collector *c, Relation index, const qd_filter *part)
{
	collected	result = {qd_row_set_create(c->n_blocks), true};
	TIDBitmap  *bitmap = tbm_create(get_hash_memory_limit(), NULL);
	IndexScanDesc scan = qd_begin_bitmap_scan(index, c->snapshot, 1);
	QdTbmIterator *it;
	QdTbmPage	page;
	ScanKeyData key;

	/* GIN has no use for the operator's function */
	memset(&key, 0, sizeof(key));
	key.sk_attno = 1;
	key.sk_strategy = QD_PAYLOAD_INDEX_STRATEGY;
	key.sk_argument = PointerGetDatum(part);
	index_rescan(scan, &key, 1, NULL, 0);
	index_getbitmap(scan, bitmap);
	index_endscan(scan);
	it = qd_tbm_begin(bitmap);
	while (qd_tbm_next(it, page))
	{
		OffsetNumber offsets[MaxHeapTuplesPerPage];
		int			n = MaxHeapTuplesPerPage;

		/* a page that has forgotten its offsets may mean any */
		if (qd_tbm_lossy(page))
			for (int i = 0; i < n; i++)
				offsets[i] = FirstOffsetNumber + i;
		else
			n = qd_tbm_offsets(page, offsets, lengthof(offsets));
		result.sure &= !qd_tbm_lossy(page) && !qd_tbm_recheck(page);
		qd_row_set_add_offsets(result.rows, qd_tbm_block(page), offsets, n);
	}
	qd_tbm_end(it);
	tbm_free(bitmap);
	return result;
}

/* Can the tree be evaluated by uniting and intersecting sets? */
static bool
is_simple(const qd_gin_node *node)
{
	if (node->op == QD_GIN_KEYS)
		return true;
	if (node->op != QD_GIN_AT_LEAST || node->n == 0 ||
		(node->at_least != 1 && node->at_least != node->n))
		return false;
	for (uint32 i = 0; i < node->n; i++)
		if (!is_simple(node->children[i]))
			return false;
	return true;
}

static void
add_term(qd_row_set *rows, Relation index, const qd_gin_term *term)
{
	qd_gin_walk *walk = qd_gin_walk_begin_at(index, term->key);

	while (qd_gin_walk_next(walk))
	{
		int			order = qd_gin_term_compare(term, walk->key, walk->length);
		const ItemPointerData *tids;
		int			n;

		if (order > 0)
			break;
		if (order < 0)
			continue;
		while ((tids = qd_gin_walk_rows(walk, &n)) != NULL)
			for (int i = 0; i < n; i++)
				qd_row_set_add(rows, ItemPointerGetBlockNumberNoCheck(&tids[i]),
							   ItemPointerGetOffsetNumberNoCheck(&tids[i]));
	}
	qd_gin_walk_end(walk);
}

static collected
collect_node(const collector *c, Relation index, const qd_gin_query *query,
			 const qd_gin_node *node)
{
	collected	result = {NULL, !node->lossy};

	if (node->op == QD_GIN_KEYS)
	{
		result.rows = qd_row_set_create(c->n_blocks);
		for (uint32 i = 0; i < node->n; i++)
			add_term(result.rows, index, &query->terms[node->first + i]);
		return result;
	}
	for (uint32 i = 0; i < node->n; i++)
	{
		collected	one = collect_node(c, index, query, node->children[i]);

		result.sure &= one.sure;
		if (result.rows == NULL)
		{
			result.rows = one.rows;
			continue;
		}
		if (node->at_least == 1)
			qd_row_set_unite(result.rows, one.rows);
		else
			qd_row_set_intersect(result.rows, one.rows);
		qd_row_set_free(one.rows);
	}
	return result;
}

static collected
read_index(const collector *c, Relation index, const qd_filter *part)
{
	qd_gin_query *query = qd_gin_query_build(qd_payload_index_options(index, 1),
											 part);

	if (is_simple(query->root) && qd_gin_pending_rows(index) == 0)
		return collect_node(c, index, query, query->root);
	return collect_bitmap(c, index, part);
}

/*----------
 * filters
 *----------
 */
static collected collect(const collector *c, const qd_filter *filter);

/* By an index that serves all of the filter, or else a part of it. */
static collected
collect_from_index(const collector *c, const qd_filter *filter)
{
	collected	result = {NULL, false};
	Relation	best = NULL;
	qd_filter  *best_part = NULL;
	bool		best_whole = false;
	ListCell   *cell;

	foreach(cell, c->indexes)
	{
		Relation	index = lfirst(cell);
		bool		whole;
		qd_filter  *part = qd_filter_part(filter,
										  qd_payload_index_options(index, 1),
										  &whole);

		if (part == NULL || (best != NULL && !whole))
			continue;
		best = index;
		best_part = part;
		best_whole = whole;
		if (whole)
			break;
	}
	if (best != NULL)
		result = read_index(c, best, best_part);
	result.sure &= best_whole;
	return result;
}

/* All arms of a disjunction must be served. */
static collected
collect_union(const collector *c, const qd_filter *filter)
{
	collected	all = {NULL, true};
	ListCell   *cell;

	foreach(cell, qd_filter_disjuncts(filter))
	{
		collected	one = collect(c, lfirst(cell));

		if (one.rows == NULL)
			return one;
		if (all.rows == NULL)
			all.rows = one.rows;
		else
		{
			qd_row_set_unite(all.rows, one.rows);
			qd_row_set_free(one.rows);
		}
		all.sure &= one.sure;
	}
	return all;
}

static collected
collect(const collector *c, const qd_filter *filter)
{
	collected	all = {NULL, true};
	ListCell   *cell;

	check_stack_depth();
	foreach(cell, qd_filter_conjuncts(filter))
	{
		collected	one = collect_from_index(c, lfirst(cell));

		if (one.rows == NULL)
			one = collect_union(c, lfirst(cell));
		all.sure &= one.rows != NULL && one.sure;
		if (one.rows == NULL)
			continue;
		if (all.rows == NULL)
			all.rows = one.rows;
		else
		{
			qd_row_set_intersect(all.rows, one.rows);
			qd_row_set_free(one.rows);
		}
	}
	return all;
}

/*----------
 * rows
 *----------
 */

typedef struct chooser
{
	const qd_filter *filter;
	OffsetNumber offsets[MaxHeapTuplesPerPage];
	int			n;
} chooser;

static void
choose(OffsetNumber offset, Jsonb *payload, void *arg)
{
	chooser    *c = arg;

	if (qd_filter_matches(c->filter, payload, NULL))
		c->offsets[c->n++] = offset;
}

/* Those of the rows that the filter admits. */
static qd_row_set *
choose_rows(const qd_row_set *rows, AttrNumber column, const qd_filter *filter,
			qd_visibility *v)
{
	qd_row_set *chosen = qd_row_set_create(v->n_blocks);
	chooser		c;

	c.filter = filter;
	for (BlockNumber block = 0; block < rows->n_blocks; block++)
	{
		OffsetNumber offsets[MaxHeapTuplesPerPage];
		int			n;

		if (rows->pages[block] == 0)
			continue;
		n = qd_row_set_offsets(rows, block, offsets);
		c.n = 0;
		qd_visibility_visit(v, block, offsets, n, column, choose, &c);
		qd_row_set_add_offsets(chosen, block, c.offsets, c.n);
	}
	return chosen;
}

qd_row_set *
qd_index_rows(List *indexes, AttrNumber column, const qd_filter *filter,
			  qd_visibility *v)
{
	collector	c = {indexes, v->snapshot, v->n_blocks};
	collected	found = collect(&c, filter);

	if (found.rows == NULL || found.sure)
		return found.rows;
	return choose_rows(found.rows, column, filter, v);
}
