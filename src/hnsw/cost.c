/*
 * cost.c
 *		What the planner is told.
 *
 * The units are the planner's: a page visit in the cache is weighed like ten
 * index tuples (0.7 us against a heap tuple's 0.1 to 0.2 us), and pages beyond
 * what effective_cache_size holds cost random_page_cost.  A search expands
 * 8 + 1.65 * ef vertices and visits 0.5 * m0 pages for each (measured on
 * 50,000 x 384; see docs/decisions).  The total is that of a scan to the end:
 * with a LIMIT the planner takes its share, and divides the LIMIT by the
 * selectivity of a filter by itself.
 *
 * A filter that is an index condition and that payload indexes serve changes
 * that: when it admits few rows, the scan reads those indexes and looks at no
 * other row.
 */
#include "compat.h"

#include <math.h>

#include "access/genam.h"
#include "catalog/pg_am_d.h"
#include "nodes/pathnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"
#include "utils/spccache.h"

#include "guc.h"
#include "hnsw/admission.h"
#include "hnsw/candidates.h"
#include "hnsw/range.h"
#include "payload/payload_index.h"

#define VISIT_TUPLES		10	/* index tuples that a page visit weighs */
#define EXPANSIONS_BASE		8
#define EXPANSIONS_PER_EF	1.65
#define VISITS_PER_LINK		0.5
#define IMAGINED_LINKS		32	/* m0 of an index that does not exist */
#define BITMAP_ROWS			20	/* rows of a sweep that a TID from GIN weighs */
#define RESCORED_TUPLES		3	/* heap tuples that a rescored row weighs */

typedef struct ScanCost
{
	double		visits;			/* pages looked at before the first row */
	double		scored;			/* codes compared before the first row */
	double		sweep_visits;	/* more of both for a scan to the end */
	double		sweep_scored;
	double		rows;			/* vertices */
	bool		inlined;		/* codes of neighbours in the graph's pages */
} ScanCost;

static void
count_work(Relation index, ScanCost *cost)
{
	QdHnswMeta	meta;
	const QdHnswLayout *l = &meta.layout;
	double		fresh_pages;
	double		vertex_pages;

	qd_hnsw_meta_read(index, &meta);
	fresh_pages = meta.fresh_hi - meta.fresh_lo;
	vertex_pages = ceil((double) meta.next_vid / l->npp);
	memset(cost, 0, sizeof(*cost));
	cost->rows = meta.next_vid;
	cost->inlined = QdLayoutInlined(l);
	cost->visits = 1 + fresh_pages;
	cost->scored = fresh_pages * l->fresh_per_page;
	if (meta.next_vid == 0)
		return;
	if (qd_candidates_sweep_at_once(index, &meta, qd_guc_ef_search))
	{
		cost->visits += vertex_pages;
		cost->scored += meta.next_vid;
	}
	else
	{
		double		expansions = EXPANSIONS_BASE +
			EXPANSIONS_PER_EF * qd_guc_ef_search;
		double		scored = expansions * (1 + VISITS_PER_LINK * l->m0);

		cost->visits += QdLayoutInlined(l) ? expansions : scored;
		cost->scored += scored;
		cost->sweep_visits = vertex_pages;
		cost->sweep_scored = meta.next_vid;
	}
}

/* An index that is only thought of has no META: as if all rows were linked. */
static void
imagine_work(const IndexOptInfo *info, ScanCost *cost)
{
	memset(cost, 0, sizeof(*cost));
	cost->rows = cost->sweep_scored = Max(info->rel->tuples, 0);
	cost->sweep_visits = info->pages;
	cost->visits = cost->scored =
		(EXPANSIONS_BASE + EXPANSIONS_PER_EF * qd_guc_ef_search) *
		(1 + VISITS_PER_LINK * IMAGINED_LINKS);
}

/* Share of the index that is not cached between two scans. */
static double
uncached_share(double pages)
{
	double		cached = effective_cache_size / 2.0;

	return pages <= cached ? 0.01 : 1 - cached / pages + 0.01;
}

static Cost
work_cost(const IndexOptInfo *info, double visits, double scored,
		  double random_page)
{
	double		pages = Max(info->pages, 1);
	double		fetched = Min(visits, pages);

	return visits * VISIT_TUPLES * cpu_index_tuple_cost +
		scored * cpu_operator_cost / 8 +
		fetched * uncached_share(pages) * random_page;
}

/*----------
 * Filters
 *----------
 */

/* The table's payload indexes that the planner may use, open. */
static List *
open_payload_indexes(const IndexOptInfo *vector_index)
{
	List	   *indexes = NIL;
	ListCell   *cell;

	foreach(cell, vector_index->rel->indexlist)
	{
		IndexOptInfo *info = lfirst(cell);
		Relation	index;

		if (info->relam != GIN_AM_OID || info->indpred != NIL ||
			info->hypothetical || info->nkeycolumns != 1 ||
			info->indexkeys[0] == 0 ||
			info->indexkeys[0] != vector_index->indexkeys[1])
			continue;
		index = index_open(info->indexoid, NoLock);
		if (qd_payload_index_options(index, 1) != NULL)
			indexes = lappend(indexes, index);
		else
			index_close(index, NoLock);
	}
	return indexes;
}

/* Is it a filter that the indexes serve, as far as it is known now? */
static bool
is_served(const IndexOptInfo *info, const RestrictInfo *condition, List *indexes)
{
	const OpExpr *clause = (const OpExpr *) condition->clause;
	const Const *argument;
	const qd_filter *filter = NULL;

	if (!IsA(clause, OpExpr) ||
		get_op_opfamily_strategy(clause->opno,
								 info->opfamily[1]) != QD_FILTER_STRATEGY)
		return false;
	argument = lsecond(clause->args);
	if (IsA(argument, Const))
	{
		if (argument->constisnull)
			return false;
		filter = (const qd_filter *) PG_DETOAST_DATUM(argument->constvalue);
	}
	return qd_admission_possible(filter, indexes);
}

/* Share of the rows that payload indexes admit for the path's conditions. */
static Selectivity
admitted_share(PlannerInfo *root, const IndexPath *path)
{
	List	   *indexes = path->indexinfo->nkeycolumns > 1 ?
		open_payload_indexes(path->indexinfo) : NIL;
	List	   *served = NIL;
	ListCell   *cell;

	foreach(cell, path->indexclauses)
	{
		IndexClause *clause = lfirst(cell);

		if (clause->indexcol == 1 && indexes != NIL &&
			is_served(path->indexinfo, clause->rinfo, indexes))
			served = lappend(served, clause->rinfo);
	}
	foreach(cell, indexes)
		index_close((Relation) lfirst(cell), NoLock);
	return clauselist_selectivity(root, served, path->indexinfo->rel->relid,
								  JOIN_INNER, NULL);
}

/*
 * What a scan does more that reads payload indexes: their TIDs, and then the
 * cheapest of the ways that candidates.c chooses from.
 */
static void
add_admission(ScanCost *cost, double admitted)
{
	cost->scored += qd_candidates_cost(admitted, cost->rows, qd_guc_ef_search,
									   cost->inlined) + admitted * BITMAP_ROWS;
	cost->sweep_visits = 0;
	cost->sweep_scored = 0;
}

/* Costs of evaluating the path's conditions on one row. */
static Cost
conditions_cost(PlannerInfo *root, const IndexPath *path)
{
	Cost		sum = 0;
	ListCell   *cell;

	foreach(cell, path->indexclauses)
	{
		QualCost	cost;

		cost_qual_eval_node(&cost, (Node *) ((IndexClause *) lfirst(cell))->rinfo,
							root);
		sum += cost.per_tuple;
	}
	return sum;
}

/* Share of the rows that conditions on the distance let pass. */
static Selectivity
range_share(PlannerInfo *root, const IndexPath *path)
{
	List	   *ranges = NIL;
	ListCell   *cell;

	foreach(cell, path->indexclauses)
	{
		IndexClause *clause = lfirst(cell);

		if (clause->indexcol == 0)
			ranges = lappend(ranges, clause->rinfo);
	}
	return clauselist_selectivity(root, ranges, path->indexinfo->rel->relid,
								  JOIN_INNER, NULL);
}

static bool
has_range(const IndexPath *path)
{
	/* in the order of columns */
	return path->indexclauses != NIL &&
		((IndexClause *) linitial(path->indexclauses))->indexcol == 0;
}

void
qd_hnsw_cost_estimate(struct PlannerInfo *root, struct IndexPath *path,
					  double loop_count, Cost *startup, Cost *total,
					  Selectivity *selectivity, double *correlation,
					  double *pages)
{
	const IndexOptInfo *info = path->indexinfo;
	double		random_page;
	double		sequential_page;
	Relation	index;
	ScanCost	cost;
	double		looked_at = info->rel->tuples;
	double		admitted;

	*selectivity = 1;
	*correlation = 0;
	*pages = info->pages;
	qd_range_add_condition(root, path);
	if (path->indexorderbys == NIL && !has_range(path))
	{
		/* it holds no NULLs, and no order but that by distance */
		qd_path_disable(&path->path);
		*startup = *total = get_float8_infinity();
		return;
	}
	if (info->hypothetical)
		imagine_work(info, &cost);
	else
	{
		index = index_open(info->indexoid, NoLock);
		count_work(index, &cost);
		index_close(index, NoLock);
	}
	if (path->indexclauses != NIL)
	{
		List	   *conditions = NIL;
		ListCell   *cell;

		foreach(cell, path->indexclauses)
			conditions = lappend(conditions, ((IndexClause *) lfirst(cell))->rinfo);
		*selectivity = clauselist_selectivity(root, conditions, info->rel->relid,
											  JOIN_INNER, NULL);
		admitted = admitted_share(root, path) * info->rel->tuples;
		if (qd_candidates_few_pass(admitted, info->rel->tuples, cost.rows))
		{
			add_admission(&cost, admitted);
			looked_at = admitted;
		}
	}
	if (has_range(path))
	{
		Selectivity share = range_share(root, path);

		if (!qd_guc_complete_ranges)
		{
			cost.sweep_visits *= share;
			cost.sweep_scored *= share;
		}
		looked_at *= share;
	}

	get_tablespace_page_costs(info->reltablespace, &random_page,
							  &sequential_page);
	*startup = work_cost(info, cost.visits, cost.scored, random_page);
	*total = *startup +
		work_cost(info, cost.sweep_visits, cost.sweep_scored, sequential_page) +
		looked_at * (RESCORED_TUPLES * cpu_tuple_cost +
					 conditions_cost(root, path));
}
