/*
 * build_parallel.c
 *		CREATE INDEX by several processes, in two goes: they scan the table into
 *		spools; then, as the number of rows is known, they link the graph, in
 *		one area of memory, and write its pages.
 *
 * Both goes have parallel contexts of their own.  What they share lives in
 * memory of the leader's, made beforehand (build_area.c).  When something fails
 * in a process, it fails in the leader (or, where a process is killed, the
 * server restarts), and its resource owner lets the memory go.
 */
#include "postgres.h"
#include "compat.h"

#include "access/parallel.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "miscadmin.h"
#include "nodes/pathnodes.h"
#include "nodes/makefuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "pgstat.h"
#include "tcop/tcopprot.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "hnsw/build.h"
#include "hnsw/copies.h"

#define KEY_JOB		UINT64CONST(0x5144000000000001)
#define KEY_SCAN	UINT64CONST(0x5144000000000002)
#define KEY_QUERY	UINT64CONST(0x5144000000000003)

/* Less is not worth a process. */
#define ROWS_PER_WORKER		5000

/*
 * Pinned at once: pages of the table, of its TOAST table and that one's index, of
 * catalogs, of ours.  With fewer for each, CREATE INDEX could find none free.
 */
#define BUFFERS_PER_PROCESS	16

/* In the job segment. */
typedef struct Job
{
	Oid			heap;
	Oid			index;
	bool		concurrent;
	SharedFileSet fileset;
	pg_atomic_uint32 spools;	/* as many as processes that scanned */
	slock_t		mutex;
	double		tuples;
	double		rows;
	bool		broken_hot_chain;	/* as IndexInfo has it, of any process */
} Job;

/* In a parallel context: where the segments are. */
typedef struct Handles
{
	dsm_handle	job;
	QdBuildAreaHandle area;
} Handles;

struct QdParallelBuild
{
	Relation	heap;
	Relation	index;
	struct IndexInfo *info;
	int			workers;
	dsm_segment *seg;
	Job		   *job;
};

/*----------
 * How many
 *----------
 */
static bool
expressions_are_safe(Relation index)
{
	PlannerInfo *root = makeNode(PlannerInfo);

	root->glob = makeNode(PlannerGlobal);
	root->glob->maxParallelHazard = PROPARALLEL_UNSAFE;
	return is_parallel_safe(root, (Node *) RelationGetIndexExpressions(index)) &&
		is_parallel_safe(root, (Node *) RelationGetIndexPredicate(index));
}

int
qd_parallel_workers(Relation heap, Relation index, double rows)
{
	int			asked = RelationGetParallelWorkers(heap, -1);
	int			most = Min(max_parallel_maintenance_workers,
						   NBuffers / BUFFERS_PER_PROCESS - 1);

	if (most <= 0 || !IsUnderPostmaster ||
		IsInParallelMode() || asked == 0 ||
		heap->rd_rel->relpersistence == RELPERSISTENCE_TEMP ||
		!expressions_are_safe(index))
		return 0;
	if (asked > 0)
		return Min(asked, most);
	return Min(rows / ROWS_PER_WORKER, most);
}

QdParallelBuild *
qd_parallel_begin(Relation heap, Relation index, struct IndexInfo *info,
				  int workers)
{
	QdParallelBuild *p;
	dsm_segment *seg = qd_build_segment(sizeof(Job));

	if (seg == NULL)
		return NULL;
	p = palloc0(sizeof(QdParallelBuild));
	p->heap = heap;
	p->index = index;
	p->info = info;
	p->workers = workers;
	p->seg = seg;
	p->job = dsm_segment_address(seg);
	memset(p->job, 0, sizeof(Job));
	p->job->heap = RelationGetRelid(heap);
	p->job->index = RelationGetRelid(index);
	p->job->concurrent = info->ii_Concurrent;
	SharedFileSetInit(&p->job->fileset, seg);
	pg_atomic_init_u32(&p->job->spools, 0);
	SpinLockInit(&p->job->mutex);
	return p;
}

void
qd_parallel_end(QdParallelBuild *p)
{
	dsm_detach(p->seg);
	pfree(p);
}

/*----------
 * Parallel contexts
 *----------
 */

/* Parallel mode is on until end_context. */
static ParallelContext *
begin_context(QdParallelBuild *p, const char *function, QdBuildArea *area,
			  Snapshot snapshot)
{
	ParallelContext *pcxt;
	Handles    *handles;
	char	   *query;
	Size		query_size = debug_query_string == NULL ? 0 :
		strlen(debug_query_string) + 1;
	Size		scan_size = snapshot == NULL ? 0 :
		table_parallelscan_estimate(p->heap, snapshot);

	EnterParallelMode();
	pcxt = CreateParallelContext("qdrant_pg", function, p->workers);
	shm_toc_estimate_chunk(&pcxt->estimator, sizeof(Handles));
	shm_toc_estimate_chunk(&pcxt->estimator, scan_size);
	shm_toc_estimate_chunk(&pcxt->estimator, query_size);
	shm_toc_estimate_keys(&pcxt->estimator, 3);
	InitializeParallelDSM(pcxt);
	handles = shm_toc_allocate(pcxt->toc, sizeof(Handles));
	handles->job = dsm_segment_handle(p->seg);
	if (area != NULL)
		qd_build_area_handle(area, &handles->area);
	shm_toc_insert(pcxt->toc, KEY_JOB, handles);
	if (snapshot != NULL)
	{
		ParallelTableScanDesc scan = shm_toc_allocate(pcxt->toc, scan_size);

		table_parallelscan_initialize(p->heap, scan, snapshot);
		shm_toc_insert(pcxt->toc, KEY_SCAN, scan);
	}
	if (query_size > 0)
	{
		query = shm_toc_allocate(pcxt->toc, query_size);
		memcpy(query, debug_query_string, query_size);
		shm_toc_insert(pcxt->toc, KEY_QUERY, query);
	}
	return pcxt;
}

static void
launch(ParallelContext *pcxt)
{
	LaunchParallelWorkers(pcxt);
	/* the leader waits for them later: it must know of those that never came */
	if (pcxt->nworkers_launched > 0)
		WaitForParallelWorkersToAttach(pcxt);
}

static void
end_context(ParallelContext *pcxt)
{
	WaitForParallelWorkersToFinish(pcxt);
	DestroyParallelContext(pcxt);
	ExitParallelMode();
}

/* What a worker finds; it keeps the job's segment attached. */
static Job *
begin_worker(const Handles *handles, shm_toc *toc, dsm_segment **seg)
{
	debug_query_string = shm_toc_lookup(toc, KEY_QUERY, true);
	pgstat_report_activity(STATE_RUNNING, debug_query_string);
	*seg = dsm_attach(handles->job);
	if (*seg == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("could not map dynamic shared memory segment")));
	return dsm_segment_address(*seg);
}

static void
open_relations(const Job *job, Relation *heap, Relation *index)
{
	*heap = table_open(job->heap, job->concurrent ? ShareUpdateExclusiveLock :
					   ShareLock);
	*index = index_open(job->index, job->concurrent ? RowExclusiveLock :
						AccessExclusiveLock);
}

static void
close_relations(const Job *job, Relation heap, Relation index)
{
	index_close(index, job->concurrent ? RowExclusiveLock : AccessExclusiveLock);
	table_close(heap, job->concurrent ? ShareUpdateExclusiveLock : ShareLock);
}

/*----------
 * Scan
 *----------
 */
static void
put_into_spool(void *arg, ItemPointer tid, const qd_code_head *head,
			   const int8 *code)
{
	qd_spool_put(arg, tid, head, code);
}

static void
scan_part(Job *job, Relation heap, Relation index, struct IndexInfo *info,
		  ParallelTableScanDesc desc, bool progress)
{
	QdBuildScan scan;
	double		tuples;

	qd_build_scan_init(&scan, index);
	scan.put = put_into_spool;
	scan.arg = qd_spool_create(&scan.layout, &job->fileset,
							   pg_atomic_fetch_add_u32(&job->spools, 1));
	tuples = table_index_build_scan(heap, index, info, true, progress,
									qd_build_scan_row, &scan,
									table_beginscan_parallel(heap, desc));
	qd_spool_finish(scan.arg);
	SpinLockAcquire(&job->mutex);
	job->tuples += tuples;
	job->rows += scan.rows;
	job->broken_hot_chain |= info->ii_BrokenHotChain;
	SpinLockRelease(&job->mutex);
}

void
qd_hnsw_scan_worker(dsm_segment *seg, shm_toc *toc)
{
	dsm_segment *job_seg;
	Job		   *job = begin_worker(shm_toc_lookup(toc, KEY_JOB, false), toc,
								   &job_seg);
	Relation	heap;
	Relation	index;
	struct IndexInfo *info;

	open_relations(job, &heap, &index);
	info = BuildIndexInfo(index);
	info->ii_Concurrent = job->concurrent;
	SharedFileSetAttach(&job->fileset, job_seg);
	scan_part(job, heap, index, info, shm_toc_lookup(toc, KEY_SCAN, false),
			  false);
	close_relations(job, heap, index);
	dsm_detach(job_seg);
}

double
qd_parallel_scan(QdParallelBuild *p, double *rows)
{
	Snapshot	snapshot = p->info->ii_Concurrent ?
		RegisterSnapshot(GetTransactionSnapshot()) : SnapshotAny;
	ParallelContext *pcxt = begin_context(p, "qd_hnsw_scan_worker", NULL,
										  snapshot);

	launch(pcxt);
	scan_part(p->job, p->heap, p->index, p->info,
			  shm_toc_lookup(pcxt->toc, KEY_SCAN, false), true);
	end_context(pcxt);
	if (IsMVCCSnapshot(snapshot))
		UnregisterSnapshot(snapshot);
	p->info->ii_BrokenHotChain = p->job->broken_hot_chain;
	*rows = p->job->rows;
	return p->job->tuples;
}

void
qd_parallel_each_row(QdParallelBuild *p,
					 void (*put) (void *arg, ItemPointer tid,
								  const qd_code_head *head, const int8 *code),
					 void *arg)
{
	const QdHnswLayout *layout = &qd_hnsw_index(p->index)->layout;
	int			n = pg_atomic_read_u32(&p->job->spools);

	for (int i = 0; i < n; i++)
	{
		QdSpool    *spool = qd_spool_open(layout, &p->job->fileset, i);
		ItemPointerData tid;
		qd_code_head head;
		const int8 *code;

		while (qd_spool_next(spool, &tid, &head, &code))
		{
			CHECK_FOR_INTERRUPTS();
			put(arg, &tid, &head, code);
		}
		qd_spool_close(spool);
	}
}

/*----------
 * Links
 *----------
 */
void
qd_hnsw_link_worker(dsm_segment *seg, shm_toc *toc)
{
	const Handles *handles = shm_toc_lookup(toc, KEY_JOB, false);
	dsm_segment *job_seg;
	Job		   *job = begin_worker(handles, toc, &job_seg);
	QdBuildArea *area = qd_build_area_attach(&handles->area);
	Relation	heap;
	Relation	index;
	QdGraphBuilder *b;

	open_relations(job, &heap, &index);
	b = qd_builder_attach(area->start, qd_hnsw_codec_copy(index));
	qd_builder_take_part(b, index, NULL);
	close_relations(job, heap, index);
	qd_build_area_release(area);
	dsm_detach(job_seg);
}

void
qd_parallel_link(QdParallelBuild *p, QdBuildArea *area, const qd_codec *codec,
				 const QdBuilderWatch *watch)
{
	const QdHnswLayout layout = qd_hnsw_index(p->index)->layout;
	ParallelContext *pcxt;
	QdGraphBuilder *b;
	QdCopies   *copies;

	b = qd_builder_create_shared(&layout, codec, p->job->rows, area->start,
								 true);
	copies = qd_copies_create_placed(b, p->job->rows,
									 (char *) area->start +
									 qd_builder_shared_size(&layout,
															p->job->rows));
	qd_parallel_each_row(p, qd_copies_put, copies);
	qd_builder_begin(b);
	qd_builder_reserve(b, p->index);
	pcxt = begin_context(p, "qd_hnsw_link_worker", area, NULL);
	qd_builder_start(b);
	launch(pcxt);
	qd_builder_take_part(b, p->index, watch);
	end_context(pcxt);
	qd_builder_publish(b, p->index);
	qd_copies_store(copies, p->index, NULL);
	qd_copies_free(copies);
	qd_hnsw_builder_free(b);
}
