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

#include "access/tableam.h"
#include "catalog/index.h"
#include "commands/progress.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "hnsw/hnsw.h"

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
	QdHnswLayout layout;
	qd_codec	codec;			/* our own: rd_amcache may go while we scan */
	QdGraphBuilder *builder;
	Size		memory_limit;
	bool		spilling;		/* rows go to the fresh region */
	double		rows;
	MemoryContext row_context;
	float	   *floats;			/* of a row */
	float	   *work;
	int8	   *code;
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

static void
begin_spilling(BuildState *s)
{
	double		needed = expected_rows(s) *
		qd_hnsw_builder_row_memory(&s->layout) / 1024 / 1024 + 1;

	s->spilling = true;
	ereport(NOTICE,
			(errmsg("the graph of index \"%s\" no longer fits maintenance_work_mem after %.0f rows",
					RelationGetRelationName(s->index), s->rows),
			 errdetail("The other rows will be merged into it one by one, which is slower."),
			 errhint("Set maintenance_work_mem to %.0f MB or more for this table.",
					 ceil(needed))));
}

static void
add_row(BuildState *s, ItemPointer tid, const qd_code_head *head)
{
	if (!s->spilling && s->layout.m0 > 0 &&
		qd_hnsw_builder_memory(s->builder) > s->memory_limit)
		begin_spilling(s);
	if (s->spilling)
		qd_hnsw_fresh_append(s->index, tid, head, s->code);
	else
		qd_hnsw_builder_add(s->builder, tid, head, s->code);
	s->rows++;
}

static void
build_callback(Relation index, ItemPointer tid, Datum *values, bool *isnull,
			   bool alive, void *arg)
{
	BuildState *s = arg;
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
	add_row(s, tid, &head);
}

static void
begin_build(BuildState *s, Relation heap, Relation index)
{
	memset(s, 0, sizeof(*s));
	s->heap = heap;
	s->index = index;
	qd_hnsw_create_empty(index, MAIN_FORKNUM);
	s->layout = qd_hnsw_index(index)->layout;
	qd_codec_init(&s->codec, s->layout.metric, s->layout.dim,
				  s->layout.own_dims, s->layout.seed,
				  palloc(qd_codec_memory(s->layout.metric, s->layout.dim)));
	s->floats = palloc(s->layout.dim * sizeof(float));
	s->work = palloc_extended(qd_codec_work(s->layout.dim) * sizeof(float), 0);
	s->code = palloc0(s->layout.own_dims);
	s->row_context = AllocSetContextCreate(CurrentMemoryContext,
										   "qdrant_hnsw row",
										   ALLOCSET_DEFAULT_SIZES);
	s->memory_limit = maintenance_work_mem * (Size) 1024;
	s->builder = qd_hnsw_builder_create(&s->layout, &s->codec,
										Min(expected_rows(s), s->memory_limit /
											qd_hnsw_builder_row_memory(&s->layout)));
	/* without a graph there is nothing to collect for */
	s->spilling = s->layout.m0 == 0;
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

IndexBuildResult *
qd_hnsw_build(Relation heap, Relation index, struct IndexInfo *info)
{
	IndexBuildResult *result = palloc0(sizeof(IndexBuildResult));
	BuildState	s;

	begin_build(&s, heap, index);
	report_phase(PHASE_SCAN, 0);
	result->heap_tuples = table_index_build_scan(heap, index, info, true, true,
												 build_callback, &s, NULL);
	if (qd_hnsw_builder_count(s.builder) > 0 &&
		s.rows >= qd_hnsw_threshold_rows(index, s.layout.dim))
		write_graph(&s);
	else
		write_fresh(&s);
	qd_hnsw_builder_free(s.builder);
	if (s.spilling && s.layout.m0 > 0)
	{
		report_phase(PHASE_MERGE, 0);
		qd_hnsw_merge_lock(index, true);
		qd_hnsw_merge(index, 0);
		qd_hnsw_merge_unlock(index);
	}
	result->index_tuples = s.rows;
	return result;
}

void
qd_hnsw_build_empty(Relation index)
{
	qd_hnsw_create_empty(index, INIT_FORKNUM);
}
