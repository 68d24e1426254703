/*
 * worker.c
 *		Merges fresh rows of one index in the background.
 *
 * A writer that finds the fresh region over its limit asks for a worker; no
 * preloading is needed.  The worker merges in transactions of at most a few
 * hundred rows (or one bulk merge each), lingers for a moment, and ends when
 * nothing comes.  It is never in anybody's way: it takes its lock of the index
 * only if it is free, and gives it up, half-done work included, as soon as
 * somebody waits for it, or wants the database.  A merge may stop anywhere
 * (README), so that is always safe.
 *
 * Two workers of one index do no harm: the merge lock lets one of them work.
 */
#include "postgres.h"
#include "compat.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "guc.h"
#include "hnsw/bulk.h"
#include "hnsw/fresh.h"
#include "hnsw/worker.h"

#define BATCH_ROWS		256
#define BULK_ROWS		0x40000000	/* all, in memory */
#define TICK_MS			250
#define REST_TICKS		4		/* quiet: what is left is merged too */
#define MOST_REST		128		/* batches of it, before the next tick */
#define LAST_TICK		8
#define YIELD_MS		50		/* between looks at who waits */
#define ASK_SECONDS		2		/* between two workers of an index */

/* Of advisory locks: those of users have 1 and 2. */
#define PRESENCE_FIELD	0x5144

/* In bgw_extra. */
typedef struct WorkerTask
{
	Oid			database;
	Oid			index;
} WorkerTask;

typedef enum WorkerStep
{
	STEP_MORE,					/* merged, and there is more */
	STEP_MERGED,				/* what is left may wait */
	STEP_QUIET,					/* nothing to do for now */
	STEP_LEAVE
} WorkerStep;

/*
 * Does not conflict with reading, writing and VACUUM's lock of an index, does
 * with that of another worker; and unlike a weaker lock it is always in the
 * shared table, where waiting for it shows.
 */
#define OUR_LOCK		ShareUpdateExclusiveLock

/* The index that is being merged; NULL outside of that. */
static Relation opened;

/*----------
 * The writer's side
 *----------
 */

/* Whether another backend can see the index's file. */
static bool
others_see(Relation index)
{
	return !RelationUsesLocalBuffers(index) &&
		index->rd_createSubid == InvalidSubTransactionId &&
		qd_rel_first_file_subid(index) == InvalidSubTransactionId;
}

bool
qd_hnsw_worker_start(Relation index)
{
	BackgroundWorker worker = {0};
	BackgroundWorkerHandle *handle;
	WorkerTask	task = {MyDatabaseId, RelationGetRelid(index)};

	if (!qd_guc_fresh_worker || !others_see(index))
		return false;
	snprintf(worker.bgw_name, BGW_MAXLEN, "qdrant_pg merge of index %u",
			 task.index);
	strlcpy(worker.bgw_type, "qdrant_pg merge", BGW_MAXLEN);
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS |
		BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker.bgw_library_name, "qdrant_pg", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "qd_hnsw_worker_main", BGW_MAXLEN);
	StaticAssertStmt(sizeof(task) <= sizeof(worker.bgw_extra), "the task fits");
	memcpy(worker.bgw_extra, &task, sizeof(task));
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
		return false;
	pfree(handle);
	return true;
}

static uint32
now_in_seconds(void)
{
	return (uint32) (GetCurrentTimestamp() / USECS_PER_SEC);
}

bool
qd_hnsw_worker_was_asked(const QdHnswMeta *meta)
{
	return now_in_seconds() - meta->worker_asked < ASK_SECONDS;
}

void
qd_hnsw_worker_note_asked(Relation index)
{
	qd_hnsw_meta_set(index, offsetof(QdHnswMeta, worker_asked),
					 now_in_seconds());
}

/*----------
 * Presence: a lock that a worker shares from its first to its last step, also
 * between its transactions.  An advisory one, since the server takes these back
 * from a session however it ends.
 *----------
 */
static LOCKTAG
presence_tag(Oid indexid)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, indexid, 0, PRESENCE_FIELD);
	return tag;
}

static void
show_presence(Oid indexid)
{
	LOCKTAG		tag = presence_tag(indexid);

	StartTransactionCommand();
	(void) LockAcquire(&tag, ShareLock, true, false);
	CommitTransactionCommand();
}

bool
qd_hnsw_worker_is_there(Relation index)
{
	LOCKTAG		tag = presence_tag(RelationGetRelid(index));

	if (LockAcquire(&tag, ExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		return true;
	LockRelease(&tag, ExclusiveLock, false);
	return false;
}

/*----------
 * Giving way
 *----------
 */

/* DROP DATABASE holds its lock while it waits for us to go. */
static bool
database_is_wanted(void)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, MyDatabaseId, 0);
	if (LockAcquire(&tag, RowExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		return true;
	LockRelease(&tag, RowExclusiveLock, false);
	return false;
}

void
qd_hnsw_worker_yield(void)
{
	static TimestampTz last;
	TimestampTz now;

	CHECK_FOR_INTERRUPTS();
	if (opened == NULL)
		return;
	now = GetCurrentTimestamp();
	if (!TimestampDifferenceExceeds(last, now, YIELD_MS))
		return;
	last = now;
	InvalidateCatalogSnapshotConditionally();
	if (LockHasWaitersRelation(opened, OUR_LOCK) || database_is_wanted())
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("gave up merging rows of index \"%s\": somebody waits for a lock",
						RelationGetRelationName(opened))));
}

/*----------
 * A step: one transaction
 *----------
 */

/*
 * Locks and opens the index, if nobody is in the way.  Its own lock is enough:
 * whoever takes the table or the file away locks the index too, and a merge
 * reads nothing else.
 */
static bool
open_index(Oid indexid)
{
	if (!ConditionalLockRelationOid(indexid, OUR_LOCK))
		return false;
	opened = try_relation_open(indexid, NoLock);
	return opened != NULL && opened->rd_rel->relkind == RELKIND_INDEX &&
		opened->rd_rel->relam == get_index_am_oid("qdrant_hnsw", true);
}

/*
 * Rows that are worth a batch; rest: also when the region is below its limit,
 * but not those few that came while the last batch was merged.
 */
static double
rows_due(const QdHnswMeta *meta, bool rest, double least)
{
	double		rows = qd_hnsw_fresh_rows(meta);

	return rows > qd_hnsw_fresh_limit(opened, meta) ||
		(rest && rows >= least && meta->entry_vid != QD_NO_VID) ? rows : 0;
}

static WorkerStep
merge_batch(bool rest)
{
	QdHnswMeta	meta;
	double		rows;
	double		merged = 0;

	if (!qd_hnsw_merge_lock(opened, false))
		return STEP_QUIET;
	qd_hnsw_meta_read(opened, &meta);
	rows = rows_due(&meta, rest, 1);
	if (rows > 0)
		merged = qd_hnsw_merge(opened, meta.entry_vid == QD_NO_VID ||
							   qd_hnsw_bulk_pays(&meta, rows) ?
							   BULK_ROWS : BATCH_ROWS);
	qd_hnsw_meta_read(opened, &meta);
	rows = rows_due(&meta, rest, BATCH_ROWS);
	qd_hnsw_merge_unlock(opened);
	if (merged == 0)
		return STEP_QUIET;
	return rows > 0 ? STEP_MORE : STEP_MERGED;
}

static WorkerStep
step_in_transaction(Oid indexid, bool rest)
{
	WorkerStep	step;
	Oid			user;
	int			security;
	char		activity[NAMEDATALEN + 64];

	if (database_is_wanted() || !open_index(indexid))
		return STEP_LEAVE;
	snprintf(activity, sizeof(activity), "merging fresh rows of index %s",
			 quote_identifier(RelationGetRelationName(opened)));
	pgstat_report_activity(STATE_RUNNING, activity);
	/* VACUUM keeps what a snapshot may see, one for catalogs too */
	InvalidateCatalogSnapshot();
	/* no function of a user is called; if one ever is, not as a superuser */
	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(opened->rd_rel->relowner,
						   security | SECURITY_RESTRICTED_OPERATION);
	step = merge_batch(rest);
	SetUserIdAndSecContext(user, security);
	return step;
}

static WorkerStep
do_step(Oid indexid, bool rest)
{
	WorkerStep	step;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	step = step_in_transaction(indexid, rest);
	if (opened != NULL)
		relation_close(opened, NoLock);
	opened = NULL;
	CommitTransactionCommand();
	pgstat_report_stat(true);
	pgstat_report_activity(STATE_IDLE, NULL);
	return step;
}

/*----------
 * The worker
 *----------
 */
static void
heed_signals(void)
{
	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
}

static void
wait_a_tick(void)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 TICK_MS, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	heed_signals();
}

static void
work(Oid indexid)
{
	int			quiet = 0;

	while (quiet <= LAST_TICK)
	{
		bool		rest = quiet > 0 && quiet % REST_TICKS == 0;
		WorkerStep	step = do_step(indexid, rest);

		/* all of the rest, which is little, unless it keeps coming */
		for (int i = 0; rest && step == STEP_MORE && i < MOST_REST; i++)
		{
			heed_signals();
			step = do_step(indexid, rest);
		}
		if (step == STEP_LEAVE)
			return;
		if (step != STEP_QUIET)
			quiet = 0;
		/* over its limit the region does not wait */
		if (step == STEP_MORE && !rest)
		{
			heed_signals();
			continue;
		}
		wait_a_tick();
		quiet++;
	}
}

/* Giving way is no error; anything else is for the log. */
static void
report_failure(void)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
	ErrorData  *error = CopyErrorData();

	MemoryContextSwitchTo(old);
	if (error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
		ereport(DEBUG1, (errmsg_internal("%s", error->message)));
	else
		EmitErrorReport();
	FlushErrorState();
}

PGDLLEXPORT void qd_hnsw_worker_main(Datum arg);

void
qd_hnsw_worker_main(Datum arg)
{
	WorkerTask	task;

	memcpy(&task, MyBgworkerEntry->bgw_extra, sizeof(task));
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(task.database, InvalidOid, 0);
	PG_TRY();
	{
		show_presence(task.index);
		work(task.index);
	}
	PG_CATCH();
	{
		HOLD_INTERRUPTS();
		opened = NULL;
		report_failure();
		AbortCurrentTransaction();
		RESUME_INTERRUPTS();
	}
	PG_END_TRY();
	proc_exit(0);
}
