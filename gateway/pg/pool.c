/*
 * pool.c
 *		Jobs and connections of one worker: who waits, who works, who gives
 *		up.
 *
 * There are two lanes: the pool, and one maintenance connection that is made
 * when it is first wanted.  A lane's jobs wait in one FIFO queue.  A clock
 * ticks while there are jobs, for their deadlines; when no connection can be
 * had for OUTAGE_NS, whatever waits or comes is failed at once.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/budget.h"
#include "core/config.h"
#include "core/log.h"
#include "net/request.h"
#include "pg/conn.h"
#include "worker.h"

#define TICK_MS		50
#define OUTAGE_NS	UINT64_C(2000000000)
#define MAX_TRIES	2

typedef struct lane
{
	pg_conn   **conns;
	int			n_conns;
	int			n_up;			/* connections set up, idle or busy */
	uint64_t	down_since_ns;	/* when n_up became 0 */
	pg_job	   *first;
	pg_job	   *last;
} lane;

struct pg_pool
{
	struct worker *worker;
	lane		lanes[2];		/* [1]: maintenance */
	struct event *tick;
	bool		ticking;
	char		why[512];		/* the last reason of a failed connection */
	bool		said_down;		/* that it is down has been logged */
};

static void on_tick(evutil_socket_t fd, short what, void *arg);

struct worker *
pool_worker(struct pg_pool *pool)
{
	return pool->worker;
}

static lane *
lane_of(struct pg_pool *pool, bool maintenance)
{
	return &pool->lanes[maintenance ? 1 : 0];
}

static void
open_lane(struct pg_pool *pool, bool maintenance, int n)
{
	lane	   *l = lane_of(pool, maintenance);

	l->conns = calloc((size_t) n, sizeof(*l->conns));
	if (l->conns == NULL)
		abort();
	l->n_conns = n;
	l->down_since_ns = now_ns();
	for (int i = 0; i < n; i++)
		l->conns[i] = conn_create(pool, maintenance);
}

struct pg_pool *
pg_pool_create(struct worker *w)
{
	struct pg_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		abort();
	pool->worker = w;
	pool->tick = event_new(w->base, -1, EV_PERSIST, on_tick, pool);
	open_lane(pool, false, w->config->pool_size);
	open_lane(pool, true, 1);
	for (int i = 0; i < pool->lanes[0].n_conns; i++)
		conn_connect(pool->lanes[0].conns[i]);
	return pool;
}

/*
 * done() reads the results, and may free the job: they are cleared after it
 * through a copy of the array.
 */
static void
job_end(pg_job *job)
{
	int			n = job->results ? job->n_statements : 0;
	size_t		bytes = job->result_bytes;
	PGresult   *few[16];
	PGresult  **all = few;

	if (n > (int) (sizeof(few) / sizeof(few[0])))
	{
		all = calloc((size_t) n, sizeof(*all));
		if (all == NULL)
			abort();
	}
	if (n > 0)
		memcpy(all, job->results, (size_t) n * sizeof(*all));
	job->conn = NULL;
	job->done(job);
	for (int i = 0; i < n; i++)
		PQclear(all[i]);
	budget_give(bytes);
	if (all != few)
		free(all);
}

static void
job_fail(pg_job *job, pg_failure failure, const char *message)
{
	run_clear_results(job);
	job->failure = PGF_NONE;
	run_fail(job, failure, NULL, message);
	job_end(job);
}

static const char *
outage_text(const struct pg_pool *pool)
{
	return pool->why[0] ? pool->why : "no connection to PostgreSQL yet";
}

static void
push(lane *l, pg_job *job, bool front)
{
	job->conn = NULL;
	job->next = front ? l->first : NULL;
	if (front)
	{
		l->first = job;
		if (l->last == NULL)
			l->last = job;
		return;
	}
	if (l->last)
		l->last->next = job;
	else
		l->first = job;
	l->last = job;
}

static void
unlink_job(lane *l, pg_job *job)
{
	pg_job	  **link = &l->first;
	pg_job	   *before = NULL;

	while (*link != NULL && *link != job)
	{
		before = *link;
		link = &before->next;
	}
	if (*link == NULL)
		return;
	*link = job->next;
	if (l->last == job)
		l->last = before;
	job->next = NULL;
}

/*
 * An idle connection, best one whose plan_cache_mode is right already.  A job
 * that lost its connection gets one that was made after that: the others may
 * be about to go the same way.
 */
static pg_conn *
idle_conn(const lane *l, const pg_job *job)
{
	plan_mode	mode = job->generic_plan ? PLAN_GENERIC : PLAN_CUSTOM;
	pg_conn    *found = NULL;

	for (int i = 0; i < l->n_conns; i++)
	{
		pg_conn    *conn = l->conns[i];

		if (conn->state != CONN_IDLE || conn->since_ns < job->lost_ns)
			continue;
		found = conn;
		if (conn->mode == mode)
			break;
	}
	return found;
}

/* Starts the first job for which there is a connection; false: none. */
static bool
start_one(lane *l)
{
	for (pg_job *job = l->first; job != NULL; job = job->next)
	{
		pg_conn    *conn = idle_conn(l, job);

		if (conn == NULL && job->lost_ns == 0)
			break;				/* nor is there one for those behind it */
		if (conn == NULL)
			continue;
		if (!conn_alive(conn))
			return true;		/* it is down now: look anew */
		unlink_job(l, job);
		job->tries++;
		conn_start(conn, job);
		return true;
	}
	return false;
}

static void
dispatch(struct pg_pool *pool, lane *l)
{
	while (start_one(l))
		;
	/* the clock goes while anything is under way; it stops itself */
	if (!pool->ticking)
	{
		struct timeval every = {0, TICK_MS * 1000};

		pool->ticking = true;
		event_add(pool->tick, &every);
	}
}

static bool
is_too_large(const pg_job *job)
{
	for (int i = 0; i < job->n_statements; i++)
	{
		const pg_statement *s = &job->statements[i];
		size_t		bytes = strlen(s->sql);

		for (int p = 0; p < s->n_params; p++)
			bytes += (size_t) s->params[p].length;
		if (bytes > PG_MAX_PARAMS)
			return true;
	}
	return false;
}

void
pg_submit(pg_job *job)
{
	struct pg_pool *pool = job->worker->pool;
	lane	   *l = lane_of(pool, job->maintenance);

	job->tries = 0;
	job->lost_ns = 0;
	job->results = NULL;
	job->result_bytes = 0;
	job->failure = PGF_NONE;
	job->sqlstate[0] = '\0';
	job->message = NULL;
	if (is_too_large(job))
	{
		run_fail(job, PGF_SQL, "54000",
				 "the request is larger than PostgreSQL takes at once (1 GiB);"
				 " send it in parts");
		job_end(job);
		return;
	}
	push(l, job, false);
	if (job->maintenance && l->conns[0]->state == CONN_DOWN &&
		l->conns[0]->pq == NULL)
	{
		if (l->n_up == 0 && l->first == job)
			l->down_since_ns = now_ns();
		conn_connect(l->conns[0]);
	}
	dispatch(pool, l);
}

void
pg_cancel(pg_job *job)
{
	struct pg_pool *pool = job->worker->pool;
	lane	   *l = lane_of(pool, job->maintenance);

	if (job->conn != NULL)
		conn_abandon(job->conn);
	else
		unlink_job(l, job);
	job_fail(job, PGF_TIMEOUT, "cancelled");
	dispatch(pool, l);
}

bool
pg_pool_ready(struct pg_pool *pool)
{
	return pool->lanes[0].n_up > 0;
}

void
pool_conn_up(pg_conn *conn)
{
	struct pg_pool *pool = conn->pool;
	lane	   *l = lane_of(pool, conn->maintenance);

	if (!conn->counted)
	{
		conn->counted = true;
		l->n_up++;
		if (!conn->maintenance && pool->said_down)
			log_info("worker %d: connected to PostgreSQL again",
					 pool->worker->index);
		pool->said_down = false;
	}
	dispatch(pool, l);
}

void
pool_conn_down(pg_conn *conn, const char *why)
{
	struct pg_pool *pool = conn->pool;
	lane	   *l = lane_of(pool, conn->maintenance);

	if (conn->counted)
	{
		conn->counted = false;
		if (--l->n_up == 0)
			l->down_since_ns = now_ns();
	}
	if (why == NULL)
		return;					/* renewed on purpose */
	snprintf(pool->why, sizeof(pool->why), "%s", why);
	if (l->n_up == 0 && !conn->maintenance && !pool->said_down)
	{
		pool->said_down = true;
		log_error("worker %d: no connection to PostgreSQL: %s",
				  pool->worker->index, why);
	}
}

void
pool_job_lost(pg_conn *conn, pg_job *job, const char *why)
{
	lane	   *l = lane_of(conn->pool, conn->maintenance);

	run_clear_results(job);
	if (job->read_only && job->tries < MAX_TRIES)
	{
		job->lost_ns = now_ns();
		push(l, job, true);
		dispatch(conn->pool, l);
		return;
	}
	job_fail(job, PGF_UNAVAILABLE, why);
}

/*
 * Errors that say nothing about the job: its statement was prepared against
 * what has changed since, or a cancel that was meant for a former job hit it.
 * The transaction is rolled back, so that writes may run again too.
 */
static bool
may_run_again(const pg_job *job)
{
	if (job->failure != PGF_SQL || job->tries >= MAX_TRIES)
		return false;
	return strcmp(job->sqlstate, "26000") == 0 ||
		(strcmp(job->sqlstate, "57014") == 0 && job->conn->was_cancelled) ||
		(strcmp(job->sqlstate, "0A000") == 0 &&
		 strstr(job->message, "cached plan") != NULL);
}

void
pool_job_done(struct pg_pool *pool, pg_job *job)
{
	lane	   *l = lane_of(pool, job->maintenance);

	if (may_run_again(job))
	{
		run_clear_results(job);
		push(l, job, true);
		dispatch(pool, l);
		return;
	}
	job_end(job);
}

/* Fails what waits in vain; returns whether anything is left. */
static bool
tick_lane(struct pg_pool *pool, lane *l, uint64_t now)
{
	bool		outage = l->n_up == 0 && now - l->down_since_ns > OUTAGE_NS;
	pg_job	   *job = l->first;
	bool		busy = false;

	while (job != NULL)
	{
		pg_job	   *next = job->next;

		if (outage || (job->deadline_ns != 0 && now >= job->deadline_ns))
		{
			unlink_job(l, job);
			job_fail(job, l->n_up == 0 ? PGF_UNAVAILABLE : PGF_TIMEOUT,
					 l->n_up == 0 ? outage_text(pool) : "deadline");
			/* done() may have submitted or cancelled others */
			next = l->first;
		}
		job = next;
	}
	for (int i = 0; i < l->n_conns; i++)
	{
		job = l->conns[i]->job;
		if (job != NULL && job->deadline_ns != 0 && now >= job->deadline_ns)
		{
			conn_abandon(l->conns[i]);
			job_fail(job, PGF_TIMEOUT, "deadline");
		}
		busy = busy || l->conns[i]->job != NULL;
	}
	return busy || l->first != NULL;
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct pg_pool *pool = arg;
	uint64_t	now = now_ns();
	bool		busy;

	(void) fd;
	(void) what;
	busy = tick_lane(pool, &pool->lanes[0], now);
	busy = tick_lane(pool, &pool->lanes[1], now) || busy;
	if (!busy)
	{
		event_del(pool->tick);
		pool->ticking = false;
	}
}

void
pg_pool_destroy(struct pg_pool *pool)
{
	for (int n = 0; n < 2; n++)
	{
		for (int i = 0; i < pool->lanes[n].n_conns; i++)
			conn_destroy(pool->lanes[n].conns[i]);
		free(pool->lanes[n].conns);
	}
	event_free(pool->tick);
	free(pool);
}
