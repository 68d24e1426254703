/*
 * build.c
 *		CREATE INDEX and REINDEX: the table's rows as codes into memory, a graph
 *		over them, pages.
 *
 * Few rows stay in the fresh region.  Rows that pass maintenance_work_mem go
 * there too, and are merged one by one at the end: slower, never wrong.
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
#include "hnsw/element.h"

typedef enum BuildPhase
{
	PHASE_SCAN = PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE + 1,
	PHASE_LINK,
	PHASE_WRITE,
	PHASE_MERGE
} BuildPhase;

typedef struct BuildState
{
	Relation	heap;
	Relation	index;
	QdBuildScan scan;
	QdGraphBuilder *builder;
	Size		memory_limit;
	bool		spilling;		/* rows go to the fresh region */
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
		case PHASE_MERGE:
			return "merging rows beyond maintenance_work_mem";
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

/* The table's estimate of its rows, or what is known for sure. */
static double
expected_rows(const BuildState *s)
{
	double		estimate = s->heap->rd_rel->reltuples;

	return Max(Max(estimate, 0), s->rows);
}

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
begin_spilling(BuildState *s)
{
	double		needed = expected_rows(s) *
		qd_hnsw_builder_row_memory(&s->scan.layout) / 1024 / 1024 + 1;

	s->spilling = true;
	ereport(NOTICE,
			(errmsg("the graph of index \"%s\" no longer fits maintenance_work_mem after %.0f rows",
					RelationGetRelationName(s->index), s->rows),
			 errdetail("The other rows will be merged into it one by one, which is slower."),
			 errhint("Set maintenance_work_mem to %.0f MB or more for this table.",
					 ceil(needed))));
}

static void
add_row(void *arg, ItemPointer tid, const qd_code_head *head, const int8 *code)
{
	BuildState *s = arg;

	if (!s->spilling && s->scan.layout.m0 > 0 &&
		qd_hnsw_builder_memory(s->builder) > s->memory_limit)
		begin_spilling(s);
	if (s->spilling)
		qd_hnsw_fresh_append(s->index, tid, head, code);
	else
		qd_hnsw_builder_add(s->builder, tid, head, code);
	s->rows++;
}

void
qd_build_scan_init(QdBuildScan *scan, Relation index)
{
	QdHnswLayout *l = &scan->layout;

	memset(scan, 0, sizeof(*scan));
	*l = qd_hnsw_index(index)->layout;
	qd_codec_init(&scan->codec, l->metric, l->dim, l->own_dims, l->seed,
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
	s->spilling = s->scan.layout.m0 == 0;
}

/*----------
 * What becomes of them
 *----------
 */
static void
write_graph(BuildState *s)
{
	uint32		n = qd_hnsw_builder_count(s->builder);

	ereport(DEBUG1,
			(errmsg_internal("linking %u rows of index \"%s\" takes %zu MB", n,
							 RelationGetRelationName(s->index),
							 qd_hnsw_builder_memory(s->builder) / 1024 / 1024)));
	report_phase(PHASE_LINK, n);
	qd_hnsw_builder_link(s->builder, report_done);
	report_phase(PHASE_WRITE, n);
	qd_hnsw_builder_write(s->builder, s->index, report_done);
}

static void
write_fresh(BuildState *s)
{
	uint32		n = qd_hnsw_builder_count(s->builder);

	report_phase(PHASE_WRITE, n);
	for (uint32 i = 0; i < n; i++)
	{
		ItemPointerData tid;
		qd_code_head head;
		const int8 *code;

		CHECK_FOR_INTERRUPTS();
		qd_hnsw_builder_row(s->builder, i, &tid, &head, &code);
		qd_hnsw_fresh_append(s->index, &tid, &head, code);
	}
}

static void
create_builder(BuildState *s, double rows)
{
	s->builder = qd_hnsw_builder_create(&s->scan.layout, &s->scan.codec,
										Min(rows, s->memory_limit /
											qd_hnsw_builder_row_memory(&s->scan.layout)));
}

static void
write_rows(BuildState *s)
{
	if (qd_hnsw_builder_count(s->builder) > 0 &&
		s->rows >= qd_hnsw_threshold_rows(s->index, s->scan.layout.dim))
		write_graph(s);
	else
		write_fresh(s);
	qd_hnsw_builder_free(s->builder);
	if (!s->spilling || s->scan.layout.m0 == 0)
		return;
	report_phase(PHASE_MERGE, 0);
	qd_hnsw_merge_lock(s->index, true);
	qd_hnsw_merge(s->index, 0);
	qd_hnsw_merge_unlock(s->index);
}

static double
build_alone(BuildState *s, struct IndexInfo *info)
{
	double		tuples;

	create_builder(s, expected_rows(s));
	tuples = table_index_build_scan(s->heap, s->index, info, true, true,
									qd_build_scan_row, &s->scan, NULL);
	write_rows(s);
	return tuples;
}

static void
enter_part(QdBuilderPart part, uint32 total)
{
	if (part == QD_PART_SKELETON)
		report_phase(PHASE_LINK, total);
	else if (part == QD_PART_WRITE)
		report_phase(PHASE_WRITE, total);
}

/* Links and writes with workers, if it can be; the rows are in spools. */
static bool
link_parallel(BuildState *s, QdParallelBuild *p, double rows)
{
	const QdBuilderWatch watch = {.enter = enter_part,.progress = report_done};
	double		memory = rows * qd_hnsw_builder_row_memory(&s->scan.layout);

	if (rows < Max(qd_hnsw_threshold_rows(s->index, s->scan.layout.dim), 1) ||
		memory > s->memory_limit)
		return false;
	if (qd_parallel_link(p, &s->scan.codec, &watch))
	{
		s->rows = rows;
		return true;
	}
	ereport(NOTICE,
			(errmsg("shared memory is too short to build index \"%s\" by several processes",
					RelationGetRelationName(s->index)),
			 errdetail("The graph takes %.0f MB.", ceil(memory / 1024 / 1024)),
			 errhint("Containers often have 64 MB in /dev/shm, and can be given more.")));
	return false;
}

static double
build_parallel(BuildState *s, QdParallelBuild *p)
{
	double		rows;
	double		tuples = qd_parallel_scan(p, &rows);

	if (!link_parallel(s, p, rows))
	{
		create_builder(s, rows);
		qd_parallel_each_row(p, add_row, s);
		write_rows(s);
	}
	qd_parallel_end(p);
	return tuples;
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
	if (workers > 0)
		p = qd_parallel_begin(heap, index, info, workers);
	report_phase(PHASE_SCAN, 0);
	if (p != NULL)
		result->heap_tuples = build_parallel(&s, p);
	else
		result->heap_tuples = build_alone(&s, info);
	result->index_tuples = s.rows;
	return result;
}

void
qd_hnsw_build_empty(Relation index)
{
	qd_hnsw_create_empty(index, INIT_FORKNUM);
}
