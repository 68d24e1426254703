/*
 * build.c
 *		CREATE INDEX and REINDEX: the table's rows as codes into memory, a graph
 *		over them, pages.
 *
 * Few rows stay in the fresh region.  A graph that passes maintenance_work_mem
 * is built in a mapped file instead (build_area.c).
 */
#include "postgres.h"
#include "compat.h"

#include <math.h>

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "commands/progress.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "hnsw/build.h"
#include "hnsw/copies.h"
#include "hnsw/element.h"
#include "hnsw/reach.h"

/*
 * Links of a row below which some rows get none from others: a build then ends
 * with a walk over the pages of the graph, as its links lead.
 */
#define SPARSE_M		8

/* Of one graph in memory; links have two bits more. */
#define MOST_ROWS		1e9

typedef enum BuildPhase
{
	PHASE_SCAN = PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE + 1,
	PHASE_LINK,
	PHASE_WRITE
} BuildPhase;

typedef struct BuildState
{
	Relation	heap;
	Relation	index;
	QdBuildScan scan;
	QdGraphBuilder *builder;	/* where rows go, but for */
	QdCopies   *copies;			/* of others, */
	QdSpool    *spool;			/* or, being too many for memory, */
	bool		no_graph;		/* or they go to the fresh region at once */
	Size		memory_limit;
	double		rows;			/* added */
} BuildState;

char *
qd_hnsw_build_phase(int64 phase)
{
	switch (phase)
	{
		case PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE:
			return "initializing";
		case PHASE_SCAN:
			return "scanning table";
		case PHASE_LINK:
			return "linking rows";
		case PHASE_WRITE:
			return "writing pages";
		default:
			return NULL;
	}
}

static void
report_phase(BuildPhase phase, uint32 total)
{
	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, phase);
	if (phase == PHASE_SCAN)
		return;					/* the table scan counts blocks */
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, total);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, 0);
}

static void
report_done(uint32 done)
{
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, done);
}

/*----------
 * The table's rows
 *----------
 */

/* From the size of the table and its TOAST table, where it has no statistics. */
static double
estimate_rows(const BuildState *s)
{
	double		bytes = (double) RelationGetNumberOfBlocks(s->heap) * BLCKSZ;

	if (s->heap->rd_rel->reltuples > 0)
		return s->heap->rd_rel->reltuples;
	if (OidIsValid(s->heap->rd_rel->reltoastrelid))
	{
		Relation	toast = table_open(s->heap->rd_rel->reltoastrelid,
									   AccessShareLock);

		bytes += (double) RelationGetNumberOfBlocks(toast) * BLCKSZ;
		table_close(toast, AccessShareLock);
	}
	return bytes / (s->scan.layout.dim * sizeof(float) + 64);
}

static void
put_into_spool(void *arg, ItemPointer tid, const qd_code_head *head,
			   const int8 *code)
{
	qd_spool_put(arg, tid, head, code);
}

static void
each_built_row(const BuildState *s,
			   void (*put) (void *arg, ItemPointer tid,
							const qd_code_head *head, const int8 *code),
			   void *arg)
{
	for (uint32 i = 0; i < qd_hnsw_builder_count(s->builder); i++)
	{
		ItemPointerData tid;
		qd_code_head head;
		const int8 *code;

		CHECK_FOR_INTERRUPTS();
		qd_hnsw_builder_row(s->builder, i, &tid, &head, &code);
		put(arg, &tid, &head, code);
	}
	qd_copies_each(s->copies, put, arg);
}

static void
begin_spooling(BuildState *s)
{
	s->spool = qd_spool_create(&s->scan.layout, NULL, 0);
	each_built_row(s, put_into_spool, s->spool);
	qd_copies_free(s->copies);
	qd_hnsw_builder_free(s->builder);
	s->builder = NULL;
}

static void
put_into_fresh(void *arg, ItemPointer tid, const qd_code_head *head,
			   const int8 *code)
{
	qd_hnsw_fresh_append(arg, tid, head, code);
}

static void
add_row(void *arg, ItemPointer tid, const qd_code_head *head, const int8 *code)
{
	BuildState *s = arg;

	s->rows++;
	if (s->no_graph)
	{
		put_into_fresh(s->index, tid, head, code);
		return;
	}
	if (s->spool == NULL && qd_hnsw_builder_memory(s->builder) +
		qd_copies_memory(s->copies) > s->memory_limit)
		begin_spooling(s);
	if (s->spool != NULL)
		qd_spool_put(s->spool, tid, head, code);
	else
		qd_copies_put(s->copies, tid, head, code);
}

void
qd_build_scan_init(QdBuildScan *scan, Relation index)
{
	QdHnswLayout *l = &scan->layout;

	memset(scan, 0, sizeof(*scan));
	*l = qd_hnsw_index(index)->layout;
	qd_hnsw_codec_init(&scan->codec, l,
					   palloc(qd_codec_memory(l->metric, l->dim)));
	scan->floats = palloc(l->dim * sizeof(float));
	scan->work = palloc_extended(qd_codec_work(l->dim) * sizeof(float), 0);
	scan->code = palloc0(l->own_dims);
	scan->row_context = AllocSetContextCreate(CurrentMemoryContext,
											  "qdrant_hnsw row",
											  ALLOCSET_DEFAULT_SIZES);
}

void
qd_build_scan_row(Relation index, ItemPointer tid, Datum *values,
				  bool *isnull, bool alive, void *arg)
{
	QdBuildScan *s = arg;
	MemoryContext old;
	QdValue		v;
	qd_code_head head;

	if (isnull[0])
		return;
	old = MemoryContextSwitchTo(s->row_context);
	v = qd_value(s->layout.element, values[0]);
	if (v.dim != s->layout.dim)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %u dimensions, not %u", s->layout.dim,
						v.dim)));
	qd_encode(&s->codec, qd_value_floats(s->layout.element, &v, s->floats),
			  s->work, &head, s->code);
	MemoryContextSwitchTo(old);
	MemoryContextReset(s->row_context);
	s->put(s->arg, tid, &head, s->code);
	s->rows++;
}

static void
begin_build(BuildState *s, Relation heap, Relation index)
{
	memset(s, 0, sizeof(*s));
	s->heap = heap;
	s->index = index;
	qd_hnsw_create_empty(index, MAIN_FORKNUM);
	qd_build_scan_init(&s->scan, index);
	s->scan.put = add_row;
	s->scan.arg = s;
	s->memory_limit = maintenance_work_mem * (Size) 1024;
	/* without a graph there is nothing to collect for */
	s->no_graph = s->scan.layout.m0 == 0;
}

/*----------
 * What becomes of them
 *----------
 */
static double
graph_memory(const BuildState *s, double rows)
{
	return rows * qd_hnsw_builder_row_memory(&s->scan.layout);
}

/* Few rows are no graph. */
static bool
rows_suffice(const BuildState *s, double rows)
{
	return rows > 0 &&
		rows >= qd_hnsw_threshold_rows(s->index, &s->scan.layout);
}

static void
enter_part(QdBuilderPart part, uint32 total)
{
	if (part == QD_PART_SKELETON)
		report_phase(PHASE_LINK, total);
	else if (part == QD_PART_WRITE)
		report_phase(PHASE_WRITE, total);
}

static const QdBuilderWatch watch = {
	.enter = enter_part,
	.progress = report_done
};

/* Where rows are linked that are in spools. */
static QdBuildArea *
create_area(BuildState *s, double rows)
{
	double		memory;
	double		megabytes;
	bool		fits;
	QdBuildArea *area;

	if (rows > MOST_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for one graph")));
	memory = graph_memory(s, rows) + qd_copies_placed_size(rows);
	megabytes = ceil(memory / 1024 / 1024);
	fits = memory <= s->memory_limit;
	if (!fits)
		ereport(NOTICE,
				(errmsg("the graph of index \"%s\" takes %.0f MB, more than maintenance_work_mem",
						RelationGetRelationName(s->index), megabytes),
				 errdetail("It is built in a temporary file.")));
	area = qd_build_area_create(qd_builder_shared_size(&s->scan.layout, rows) +
								qd_copies_placed_size(rows), fits);
	if (fits && area->seg == NULL)
		ereport(NOTICE,
				(errmsg("shared memory is too short for the graph of index \"%s\", which takes %.0f MB",
						RelationGetRelationName(s->index), megabytes),
				 errdetail("It is built in a temporary file."),
				 errhint("Containers often have 64 MB in /dev/shm, and can be given more.")));
	return area;
}

static void
link_in_memory(BuildState *s)
{
	uint32		n = qd_hnsw_builder_count(s->builder);

	report_phase(PHASE_LINK, n);
	qd_hnsw_builder_link(s->builder, report_done);
	report_phase(PHASE_WRITE, n);
	qd_hnsw_builder_write(s->builder, s->index, report_done);
	qd_copies_store(s->copies, s->index, NULL);
}

static void
each_spooled_row(BuildState *s,
				 void (*put) (void *arg, ItemPointer tid,
							  const qd_code_head *head, const int8 *code),
				 void *arg)
{
	ItemPointerData tid;
	qd_code_head head;
	const int8 *code;

	qd_spool_finish(s->spool);
	while (qd_spool_next(s->spool, &tid, &head, &code))
	{
		CHECK_FOR_INTERRUPTS();
		put(arg, &tid, &head, code);
	}
	qd_spool_close(s->spool);
}

static void
link_in_area(BuildState *s)
{
	QdBuildArea *area = create_area(s, s->rows);
	QdGraphBuilder *b = qd_builder_create_shared(&s->scan.layout,
												 &s->scan.codec, s->rows,
												 area->start, false);
	QdCopies   *copies =
		qd_copies_create_placed(b, s->rows, (char *) area->start +
								qd_builder_shared_size(&s->scan.layout, s->rows));

	each_spooled_row(s, qd_copies_put, copies);
	qd_builder_begin(b);
	qd_builder_reserve(b, s->index);
	qd_builder_start(b);
	qd_builder_take_part(b, s->index, &watch);
	qd_builder_publish(b, s->index);
	qd_copies_store(copies, s->index, NULL);
	qd_copies_free(copies);
	qd_hnsw_builder_free(b);
	qd_build_area_release(area);
}

/*----------
 * Alone, or with others
 *----------
 */
static double
build_alone(BuildState *s, struct IndexInfo *info)
{
	double		tuples;
	double		most = s->memory_limit /
		qd_hnsw_builder_row_memory(&s->scan.layout);

	s->builder = qd_hnsw_builder_create(&s->scan.layout, &s->scan.codec,
										Min(estimate_rows(s), most));
	s->copies = qd_copies_create(s->builder, NULL,
								 Min(estimate_rows(s), most));
	tuples = table_index_build_scan(s->heap, s->index, info, true, true,
									qd_build_scan_row, &s->scan, NULL);
	if (s->no_graph)
		return tuples;
	if (!rows_suffice(s, s->rows))
	{
		report_phase(PHASE_WRITE, s->rows);
		if (s->spool != NULL)
			each_spooled_row(s, put_into_fresh, s->index);
		else
			each_built_row(s, put_into_fresh, s->index);
	}
	else if (s->spool != NULL)
		link_in_area(s);
	else
		link_in_memory(s);
	if (s->builder != NULL)
	{
		qd_copies_free(s->copies);
		qd_hnsw_builder_free(s->builder);
	}
	return tuples;
}

static double
build_parallel(BuildState *s, QdParallelBuild *p)
{
	double		tuples = qd_parallel_scan(p, &s->rows);

	if (rows_suffice(s, s->rows))
	{
		QdBuildArea *area = create_area(s, s->rows);

		qd_parallel_link(p, area, &s->scan.codec, &watch);
		qd_build_area_release(area);
	}
	else
	{
		report_phase(PHASE_WRITE, s->rows);
		qd_parallel_each_row(p, put_into_fresh, s->index);
	}
	qd_parallel_end(p);
	return tuples;
}

/* Said before the work begins, from an estimate of the rows. */
static void
announce(const BuildState *s, int workers)
{
	double		rows = estimate_rows(s);

	ereport(DEBUG1,
			(errmsg_internal("building index \"%s\": about %.0f rows, %.0f MB, %d workers",
							 RelationGetRelationName(s->index), rows,
							 ceil(graph_memory(s, rows) / 1024 / 1024),
							 workers)));
}

IndexBuildResult *
qd_hnsw_build(Relation heap, Relation index, struct IndexInfo *info)
{
	IndexBuildResult *result = palloc0(sizeof(IndexBuildResult));
	QdParallelBuild *p = NULL;
	BuildState	s;
	int			workers = 0;

	begin_build(&s, heap, index);
	if (s.scan.layout.m0 > 0)
		workers = qd_parallel_workers(heap, index, estimate_rows(&s));
	announce(&s, workers);
	if (workers > 0)
		p = qd_parallel_begin(heap, index, info, workers);
	report_phase(PHASE_SCAN, 0);
	if (p != NULL)
		result->heap_tuples = build_parallel(&s, p);
	else
		result->heap_tuples = build_alone(&s, info);
	/* with few links pruning leaves some that nobody links to */
	if (s.scan.layout.m_link < SPARSE_M)
		qd_hnsw_reach(index);
	result->index_tuples = s.rows;
	return result;
}

void
qd_hnsw_build_empty(Relation index)
{
	qd_hnsw_create_empty(index, INIT_FORKNUM);
}
