/*
 * conn.h
 *		pg/ from the inside: one connection, its prepared statements, and the
 *		pool's part of the conversation.
 */
#ifndef QG_PG_CONN_H
#define QG_PG_CONN_H

#include <event2/event.h>

#include "pg/pg.h"

#define PG_STATEMENTS	256		/* prepared statements kept per connection */
#define PG_NAME_LEN		24

typedef enum conn_state
{
	CONN_DOWN,					/* waits for its next attempt */
	CONN_CONNECTING,			/* PQconnectPoll */
	CONN_SETUP,					/* asks for OIDs, sets search_path */
	CONN_IDLE,
	CONN_BUSY,					/* works on ->job */
	CONN_DRAINING				/* its job has been given up */
} conn_state;

/*----------
 * stmt.c: which statement texts are prepared under which names.
 *----------
 */
typedef struct stmt
{
	char	   *sql;
	uint64_t	hash;
	char		name[PG_NAME_LEN];
	int16_t		next;			/* in its bucket */
	int16_t		newer;			/* LRU list, -1 = end */
	int16_t		older;
} stmt;

typedef struct stmt_cache
{
	stmt		entries[PG_STATEMENTS];
	int16_t		buckets[2 * PG_STATEMENTS];
	int16_t		newest;
	int16_t		oldest;
	int16_t		unused;			/* list of free entries */
	uint64_t	serial;			/* of the next name */

	/* names of evicted statements, to be deallocated with the next job */
	char		(*stale)[PG_NAME_LEN];
	int			n_stale;
	int			max_stale;
} stmt_cache;

extern void stmt_init(stmt_cache *cache);
extern void stmt_reset(stmt_cache *cache);	/* the server forgot them all */

/*
 * The name under which the text is prepared; *fresh: it is not yet, send
 * Parse.
 */
extern const char *stmt_use(stmt_cache *cache, const char *sql, bool *fresh);

/* Forgets a text; on_server: it must be deallocated there. */
extern void stmt_forget(stmt_cache *cache, const char *sql, bool on_server);

/*----------
 * conn.c
 *----------
 */
typedef enum plan_mode
{
	PLAN_CUSTOM,				/* what a new connection is set to */
	PLAN_GENERIC
} plan_mode;

/* One expected result of the pipeline. */
typedef enum expect_kind
{
	EXPECT_HOUSEKEEPING,		/* DEALLOCATE, SET */
	EXPECT_PREPARE,
	EXPECT_EXECUTE,
	EXPECT_SYNC_HOUSEKEEPING,
	EXPECT_SYNC
} expect_kind;

typedef struct expected
{
	expect_kind kind;
	int			statement;		/* of the job */
} expected;

typedef struct pg_conn
{
	struct pg_pool *pool;
	conn_state	state;
	PGconn	   *pq;
	struct event *read;
	struct event *write;
	struct event *retry;		/* the next attempt to connect */
	uint64_t	backoff_ms;
	uint64_t	since_ns;		/* when it was connected */
	bool		maintenance;
	bool		counted;		/* among its lane's connections that work */

	Oid			oids[PGT_COUNT];
	plan_mode	mode;
	stmt_cache	statements;
	bool		recycle;		/* close it after this job: its OIDs may be
								 * stale */

	bool		doomed;			/* the server has said it ends the session */
	char		farewell[128];	/* and why */
	bool		commit_failed;	/* the last result was the commit's error: a
								 * NULL follows, then the Sync */

	pg_job	   *job;
	expected   *expect;			/* malloc'd, grows */
	int			n_expect;
	int			max_expect;
	int			at_expect;

	PGcancel   *cancel;
	bool		cancelling;		/* the helper thread has ->cancel */
	bool		was_cancelled;	/* for a job given up: a cancel that comes
								 * late hits another one */
} pg_conn;

extern pg_conn *conn_create(struct pg_pool *pool, bool maintenance);
extern void conn_destroy(pg_conn *conn);
extern void conn_connect(pg_conn *conn);

/*
 * Has the server left an idle connection whose end the loop hasn't seen yet?
 * Then it is down afterwards.
 */
extern bool conn_alive(pg_conn *conn);

/* Starts an idle connection on a job. */
extern void conn_start(pg_conn *conn, pg_job *job);

/* Gives its job up: the server is asked to cancel, results are dropped. */
extern void conn_abandon(pg_conn *conn);

/*----------
 * run.c: the pipeline of one job.
 *----------
 */

/* Queues all messages of the job; false: the connection is broken. */
extern bool run_send(pg_conn *conn);

/*
 * Takes the results that have arrived; true: the last Sync is there.
 * conn->job is NULL when they are to be dropped.
 */
extern bool run_receive(pg_conn *conn);

extern void run_clear_results(pg_job *job);
extern void run_fail(pg_job *job, pg_failure failure, const char *sqlstate,
					 const char *message);

/*----------
 * pool.c, called by conn.c
 *----------
 */
extern void pool_conn_up(pg_conn *conn);	/* it is idle */
extern void pool_conn_down(pg_conn *conn, const char *why);

/* The connection broke under the job. */
extern void pool_job_lost(pg_conn *conn, pg_job *job, const char *why);

/* All of the job's results are in. */
extern void pool_job_done(struct pg_pool *pool, pg_job *job);
extern struct worker *pool_worker(struct pg_pool *pool);

#endif							/* QG_PG_CONN_H */
