/*
 * conn.c
 *		One connection: its life from DOWN through connecting and set-up to
 *		IDLE, and the socket's events while it works.
 *
 * Nothing blocks but PQconnectStart's name look-up.  PQcancel does, so the
 * helper thread calls it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/config.h"
#include "helper.h"
#include "net/request.h"
#include "pg/conn.h"
#include "worker.h"

#define CONNECT_SECONDS	10
#define BACKOFF_MIN_MS	50
#define BACKOFF_MAX_MS	1000

/*
 * Everything a new connection needs to be told and to tell: the schema of the
 * extension becomes the search path, the OIDs of its types come back.  JIT
 * would cost more than any statement of ours; a backslash has to be one in the
 * literals that service/ writes, whatever the database is set to.  No row: no
 * extension.
 */
static const char setup_sql[] =
	"SELECT pg_catalog.set_config('search_path', 'pg_catalog, ' ||"
	" pg_catalog.quote_ident(n.nspname) || ', pg_temp', false),"
	" pg_catalog.set_config('plan_cache_mode', 'force_custom_plan', false),"
	" pg_catalog.set_config('jit', 'off', false),"
	" pg_catalog.set_config('standard_conforming_strings', 'on', false),"
	" v.oid, v.typarray, p.oid, p.typarray, f.oid"
	" FROM pg_catalog.pg_extension e"
	" JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace"
	" JOIN pg_catalog.pg_type v ON v.typnamespace = n.oid AND v.typname = 'vector'"
	" JOIN pg_catalog.pg_type p ON p.typnamespace = n.oid AND p.typname = 'point_id'"
	" JOIN pg_catalog.pg_type f ON f.typnamespace = n.oid AND f.typname = 'payload_filter'"
	" WHERE e.extname = 'qdrant_pg'";

static void on_read(evutil_socket_t fd, short what, void *arg);
static void on_write(evutil_socket_t fd, short what, void *arg);
static void on_connect(evutil_socket_t fd, short what, void *arg);
static void on_retry(evutil_socket_t fd, short what, void *arg);

static const Oid builtin_oids[PGT_COUNT] = {
	[PGT_TEXT] = 25,[PGT_INT8] = 20,[PGT_FLOAT4] = 700,[PGT_FLOAT8] = 701,
	[PGT_JSONB] = 3802,
	[PGT_TEXT_ARRAY] = 1009,[PGT_JSONB_ARRAY] = 3807,
};

static struct event_base *
base_of(pg_conn *conn)
{
	return pool_worker(conn->pool)->base;
}

pg_conn *
conn_create(struct pg_pool *pool, bool maintenance)
{
	pg_conn    *conn = calloc(1, sizeof(*conn));

	if (conn == NULL)
		abort();
	conn->pool = pool;
	conn->maintenance = maintenance;
	conn->backoff_ms = BACKOFF_MIN_MS;
	conn->retry = evtimer_new(base_of(conn), on_retry, conn);
	stmt_init(&conn->statements);
	return conn;
}

static void
free_events(pg_conn *conn)
{
	if (conn->read)
		event_free(conn->read);
	if (conn->write)
		event_free(conn->write);
	conn->read = conn->write = NULL;
}

/* Closes the socket; a cancel in flight keeps only its PGcancel. */
static void
close_socket(pg_conn *conn)
{
	free_events(conn);
	if (conn->cancel && !conn->cancelling)
		PQfreeCancel(conn->cancel);
	conn->cancel = NULL;
	PQfinish(conn->pq);
	conn->pq = NULL;
	stmt_reset(&conn->statements);
}

void
conn_destroy(pg_conn *conn)
{
	close_socket(conn);
	event_free(conn->retry);
	free(conn->expect);
	free(conn);
}

/*
 * The connection is gone: hand its job back, and try again later.  No reason:
 * it was closed on purpose.
 */
static void
conn_lost(pg_conn *conn, const char *why)
{
	pg_job	   *job = conn->job;
	bool		was_up = conn->state >= CONN_IDLE;
	char		reason[512];
	struct timeval wait;

	/* why may stand in what is closed below */
	snprintf(reason, sizeof(reason), "%s", why ? why : "");
	for (size_t n = strlen(reason); n > 0 && reason[n - 1] == '\n'; n--)
		reason[n - 1] = '\0';
	/* to libpq a farewell is a notice, no error */
	if (reason[0] == '\0')
		snprintf(reason, sizeof(reason), "%s",
				 conn->doomed ? conn->farewell : "the server hung up");
	conn->job = NULL;
	conn->state = CONN_DOWN;
	close_socket(conn);
	if (was_up)
		conn->backoff_ms = BACKOFF_MIN_MS;
	wait.tv_sec = (time_t) (conn->backoff_ms / 1000);
	wait.tv_usec = (suseconds_t) (conn->backoff_ms % 1000 * 1000);
	conn->backoff_ms = 2 * conn->backoff_ms < BACKOFF_MAX_MS ?
		2 * conn->backoff_ms : BACKOFF_MAX_MS;
	event_add(conn->retry, &wait);
	pool_conn_down(conn, why ? reason : NULL);
	if (job)
		pool_job_lost(conn, job, reason);
}

/* Waits for what PQconnectPoll wants; its socket may change in between. */
static void
wait_connect(pg_conn *conn, short what)
{
	struct timeval limit = {CONNECT_SECONDS, 0};

	free_events(conn);
	conn->read = event_new(base_of(conn), PQsocket(conn->pq), what,
						   on_connect, conn);
	if (conn->read == NULL || event_add(conn->read, &limit) != 0)
		conn_lost(conn, "could not wait for the socket");
}

/* An error outside of any query: the server is about to hang up. */
static void
on_notice(void *arg, const PGresult *r)
{
	pg_conn    *conn = arg;
	const char *severity = PQresultErrorField(r,
											  PG_DIAG_SEVERITY_NONLOCALIZED);

	if (severity != NULL && (strcmp(severity, "FATAL") == 0 ||
							 strcmp(severity, "PANIC") == 0))
	{
		const char *why = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

		conn->doomed = true;
		snprintf(conn->farewell, sizeof(conn->farewell), "%s",
				 why ? why : "");
	}
}

void
conn_connect(pg_conn *conn)
{
	const char *keywords[] = {"fallback_application_name", "dbname",
		"client_encoding", NULL};
	const char *values[] = {"qdrant-gateway",
		pool_worker(conn->pool)->config->pg_conninfo, "UTF8", NULL};

	if (conn->state != CONN_DOWN)
		return;
	event_del(conn->retry);
	conn->state = CONN_CONNECTING;
	/* "dbname" holds a whole conninfo string or URI: it is expanded */
	if (values[1] == NULL)
		values[1] = "";
	conn->pq = PQconnectStartParams(keywords, values, 1);
	if (conn->pq == NULL || PQstatus(conn->pq) == CONNECTION_BAD)
	{
		conn_lost(conn, conn->pq ? PQerrorMessage(conn->pq) : "no memory");
		return;
	}
	PQsetNoticeReceiver(conn->pq, on_notice, conn);
	wait_connect(conn, EV_WRITE);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void) fd;
	(void) what;
	conn_connect(arg);
}

/* Sends what is buffered; the rest when the socket takes it. */
static bool
flush(pg_conn *conn)
{
	int			left = PQflush(conn->pq);

	if (left > 0)
		event_add(conn->write, NULL);
	return left >= 0;
}

static void
begin_setup(pg_conn *conn)
{
	free_events(conn);
	conn->read = event_new(base_of(conn), PQsocket(conn->pq),
						   EV_READ | EV_PERSIST, on_read, conn);
	conn->write = event_new(base_of(conn), PQsocket(conn->pq), EV_WRITE,
							on_write, conn);
	conn->state = CONN_SETUP;
	if (conn->read == NULL || conn->write == NULL ||
		event_add(conn->read, NULL) != 0 ||
		PQsetnonblocking(conn->pq, 1) != 0 ||
		!PQsendQueryParams(conn->pq, setup_sql, 0, NULL, NULL, NULL, NULL,
						   0) ||
		!flush(conn))
		conn_lost(conn, PQerrorMessage(conn->pq));
}

static void
on_connect(evutil_socket_t fd, short what, void *arg)
{
	pg_conn    *conn = arg;

	(void) fd;
	if (what & EV_TIMEOUT)
	{
		conn_lost(conn, "the server did not answer in time");
		return;
	}
	switch (PQconnectPoll(conn->pq))
	{
		case PGRES_POLLING_READING:
			wait_connect(conn, EV_READ);
			break;
		case PGRES_POLLING_WRITING:
			wait_connect(conn, EV_WRITE);
			break;
		case PGRES_POLLING_OK:
			begin_setup(conn);
			break;
		default:
			conn_lost(conn, PQerrorMessage(conn->pq));
	}
}

static Oid
oid_column(const PGresult *r, int col)
{
	return (Oid) strtoul(PQgetvalue(r, 0, col), NULL, 10);
}

/* False with *why when this database can't serve. */
static bool
read_setup(pg_conn *conn, const PGresult *r, const char **why)
{
	if (PQresultStatus(r) != PGRES_TUPLES_OK)
	{
		*why = PQresultErrorMessage(r);
		return false;
	}
	if (PQntuples(r) != 1)
	{
		*why = "the extension qdrant_pg is not installed in this database "
			"(CREATE EXTENSION qdrant_pg)";
		return false;
	}
	memcpy(conn->oids, builtin_oids, sizeof(conn->oids));
	conn->oids[PGT_VECTOR] = oid_column(r, 4);
	conn->oids[PGT_VECTOR_ARRAY] = oid_column(r, 5);
	conn->oids[PGT_POINT_ID] = oid_column(r, 6);
	conn->oids[PGT_POINT_ID_ARRAY] = oid_column(r, 7);
	conn->oids[PGT_PAYLOAD_FILTER] = oid_column(r, 8);
	return true;
}

static void
finish_setup(pg_conn *conn)
{
	PGresult   *r;
	const char *why = NULL;
	char		reason[512] = "the server closed the connection";
	bool		ok = false;

	while (!PQisBusy(conn->pq))
	{
		r = PQgetResult(conn->pq);
		if (r == NULL)
			break;
		ok = read_setup(conn, r, &why);
		if (!ok)
			snprintf(reason, sizeof(reason), "%s", why);
		PQclear(r);
	}
	if (PQisBusy(conn->pq))
		return;
	if (!ok || !PQenterPipelineMode(conn->pq))
	{
		conn_lost(conn, reason);
		return;
	}
	conn->cancel = PQgetCancel(conn->pq);
	conn->cancelling = conn->recycle = conn->doomed = false;
	conn->was_cancelled = false;
	conn->mode = PLAN_CUSTOM;
	conn->backoff_ms = BACKOFF_MIN_MS;
	conn->since_ns = now_ns();
	conn->state = CONN_IDLE;
	pool_conn_up(conn);
}

/* The pipeline is empty and no cancel is under way: it may work again. */
static void
become_idle(pg_conn *conn)
{
	conn->state = CONN_IDLE;
	if (conn->recycle)
		conn_lost(conn, NULL);
	else
		pool_conn_up(conn);
}

static void
take_results(pg_conn *conn)
{
	pg_job	   *job = conn->job;

	if (!run_receive(conn))
	{
		if (PQstatus(conn->pq) == CONNECTION_BAD ||
			(conn->at_expect < conn->n_expect && !PQisBusy(conn->pq)))
			conn_lost(conn, PQerrorMessage(conn->pq));
		return;
	}
	if (conn->state == CONN_DRAINING)
	{
		if (!conn->cancelling)
			become_idle(conn);
		return;
	}
	/* idle before done(), which may submit the next job */
	conn->job = NULL;
	become_idle(conn);
	pool_job_done(conn->pool, job);
}

/*
 * The server closed the connection; what it said before stands in the
 * buffer: an answer, or an error as "terminating connection".
 */
static void
take_last_words(pg_conn *conn)
{
	pg_job	   *job = conn->job;
	bool		complete = job != NULL && run_receive(conn);

	if (complete)
		conn->job = NULL;
	conn_lost(conn, PQerrorMessage(conn->pq));
	if (complete)
		pool_job_done(conn->pool, job);
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	pg_conn    *conn = arg;
	/* one read may leave the rest of a TLS record in OpenSSL's buffer */
	int			reads = PQsslInUse(conn->pq) ? 4 : 1;

	(void) fd;
	(void) what;
	while (reads-- > 0)
		if (!PQconsumeInput(conn->pq))
		{
			take_last_words(conn);
			return;
		}
	switch (conn->state)
	{
		case CONN_SETUP:
			finish_setup(conn);
			break;
		case CONN_BUSY:
		case CONN_DRAINING:
			if (conn->at_expect < conn->n_expect)
				take_results(conn);
			break;
		default:
			/* notices and parameter changes */
			if (PQisBusy(conn->pq) || conn->doomed)
				conn_lost(conn, PQerrorMessage(conn->pq));
	}
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	pg_conn    *conn = arg;

	(void) fd;
	(void) what;
	if (!flush(conn))
		conn_lost(conn, PQerrorMessage(conn->pq));
}

bool
conn_alive(pg_conn *conn)
{
	/* PQisBusy is what parses a farewell */
	if (PQconsumeInput(conn->pq) && !PQisBusy(conn->pq) && !conn->doomed)
		return true;
	conn_lost(conn, PQerrorMessage(conn->pq));
	return false;
}

void
conn_start(pg_conn *conn, pg_job *job)
{
	conn->job = job;
	job->conn = conn;
	conn->state = CONN_BUSY;
	if (!run_send(conn) || !flush(conn))
		conn_lost(conn, PQerrorMessage(conn->pq));
}

/* On the helper thread. */
typedef struct cancel_job
{
	pg_conn    *conn;			/* NULL: it was closed meanwhile */
	PGcancel   *cancel;
} cancel_job;

static void
cancel_work(void *arg)
{
	cancel_job *c = arg;
	char		error[256];

	/* what fails here shows in the query's going on */
	(void) PQcancel(c->cancel, error, sizeof(error));
}

static void
cancel_done(void *arg)
{
	cancel_job *c = arg;
	pg_conn    *conn = c->conn;

	if (conn->cancel == c->cancel)
	{
		conn->cancelling = false;
		if (conn->state == CONN_DRAINING && conn->at_expect == conn->n_expect)
			become_idle(conn);
	}
	else
		PQfreeCancel(c->cancel);
	free(c);
}

void
conn_abandon(pg_conn *conn)
{
	cancel_job *c;

	conn->job = NULL;
	conn->state = CONN_DRAINING;
	if (conn->cancel == NULL || conn->cancelling)
		return;
	conn->was_cancelled = true;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		abort();
	c->conn = conn;
	c->cancel = conn->cancel;
	conn->cancelling = true;
	helper_run(pool_worker(conn->pool), cancel_work, cancel_done, c);
}
