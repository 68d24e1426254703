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
 */
#include "compat.h"

#include <math.h>

#include "access/genam.h"
#include "nodes/pathnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/float.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"
#include "utils/spccache.h"

#include "guc.h"
#include "hnsw/candidates.h"

#define VISIT_TUPLES		10	/* index tuples that a page visit weighs */
#define EXPANSIONS_BASE		8
#define EXPANSIONS_PER_EF	1.65
#define VISITS_PER_LINK		0.5
#define RESCORED_TUPLES		3	/* heap tuples that a rescored row weighs */

typedef struct ScanCost
{
	double		visits;			/* pages looked at before the first row */
	double		scored;			/* codes compared before the first row */
	double		sweep_visits;	/* more of both for a scan to the end */
	double		sweep_scored;
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
		double		visits = (EXPANSIONS_BASE +
							  EXPANSIONS_PER_EF * qd_guc_ef_search) *
			(1 + VISITS_PER_LINK * l->m0);

		cost->visits += visits;
		cost->scored += visits;
		cost->sweep_visits = vertex_pages;
		cost->sweep_scored = meta.next_vid;
	}
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

	*selectivity = 1;
	*correlation = 0;
	*pages = info->pages;
	if (path->indexorderbys == NIL)
	{
		/* it holds no NULLs, and no order but that by distance */
		qd_path_disable(&path->path);
		*startup = *total = get_float8_infinity();
		return;
	}
	index = index_open(info->indexoid, NoLock);
	count_work(index, &cost);
	index_close(index, NoLock);

	get_tablespace_page_costs(info->reltablespace, &random_page,
							  &sequential_page);
	*startup = work_cost(info, cost.visits, cost.scored, random_page);
	*total = *startup +
		work_cost(info, cost.sweep_visits, cost.sweep_scored, sequential_page) +
		info->rel->tuples * RESCORED_TUPLES * cpu_tuple_cost;
}
