/*
 * index_builder.c
 *		The thread of index_builder.h: plain blocking libpq.
 *
 * Of several gateways on a database one builds at a time, the holder of an
 * advisory lock.  Whatever fails is tried again after a while.
 */
#include "service/index_builder.h"

#include <errno.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "core/config.h"
#include "core/log.h"

#define RETRY_SECONDS	60

typedef enum progress
{
	NOTHING_LEFT, SOMETHING_DONE, FAILED
} progress;

static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool woken = true;
static bool stopping;
static bool ended;
static PGcancel *cancel;		/* of the connection, while there is one */
static const config *settings;
static bool tidied;				/* leftovers were dropped; the thread's own */

static bool
is_stopping(void)
{
	bool		result;

	pthread_mutex_lock(&lock);
	result = stopping;
	pthread_mutex_unlock(&lock);
	return result;
}

static void
set_cancel(PGcancel *c)
{
	pthread_mutex_lock(&lock);
	if (cancel != NULL)
		PQfreeCancel(cancel);
	cancel = c;
	pthread_mutex_unlock(&lock);
}

/* Waits for work, or some time after a failure; false: the end. */
static bool
wait_for_work(bool failed)
{
	struct timespec until;
	int			rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += RETRY_SECONDS;
	pthread_mutex_lock(&lock);
	while (!woken && !stopping && rc != ETIMEDOUT)
		if (failed)
			rc = pthread_cond_timedwait(&changed, &lock, &until);
		else
			pthread_cond_wait(&changed, &lock);
	woken = false;
	pthread_mutex_unlock(&lock);
	return !is_stopping();
}

static PGconn *
connect_to_server(void)
{
	const char *keywords[] = {"application_name", "dbname", "client_encoding",
		"connect_timeout", NULL};
	const char *values[] = {"qdrant-gateway index builder",
		settings->pg_conninfo ? settings->pg_conninfo : "", "UTF8", "10", NULL};
	PGconn	   *conn = PQconnectdbParams(keywords, values, 1);

	if (PQstatus(conn) == CONNECTION_OK)
		return conn;
	log_debug("index builder: %s", PQerrorMessage(conn));
	PQfinish(conn);
	return NULL;
}

/* Its rows, or NULL after an error, which is logged, or at the end. */
static PGresult *
query(PGconn *conn, const char *sql, int n, const char *const *values)
{
	PGresult   *r;

	if (is_stopping())
		return NULL;
	r = PQexecParams(conn, sql, n, NULL, values, NULL, NULL, 0);
	if (PQresultStatus(r) == PGRES_TUPLES_OK ||
		PQresultStatus(r) == PGRES_COMMAND_OK)
		return r;
	if (!is_stopping())
		log_warning("index builder: %s: %s", sql, PQresultErrorMessage(r));
	PQclear(r);
	return NULL;
}

static bool
execute(PGconn *conn, const char *sql, int n, const char *const *values)
{
	PGresult   *r = query(conn, sql, n, values);

	PQclear(r);
	return r != NULL;
}

/* The statements of a piece of work, one after the other. */
static bool
run_statements(PGconn *conn, const char *const *key)
{
	PGresult   *r = query(conn, "SELECT s FROM qdrant.pending_indexes() p,"
						  " pg_catalog.unnest(p.statements) WITH ORDINALITY u(s, n)"
						  " WHERE p.collection = $1 AND p.kind = $2 AND p.name = $3"
						  " AND p.pending = $4::bigint ORDER BY u.n", 4, key);
	bool		ok = r != NULL;

	if (ok && PQntuples(r) > 0)
		log_info("building the index of %s \"%s\" of collection \"%s\"",
				 key[1], key[2], key[0]);
	for (int i = 0; ok && i < PQntuples(r); i++)
		ok = execute(conn, PQgetvalue(r, i, 0), 0, NULL);
	PQclear(r);
	return ok;
}

/* One piece of work: row of qdrant.pending_indexes. */
static bool
build(PGconn *conn, const PGresult *work, int row)
{
	const char *key[4] = {PQgetvalue(work, row, 0), PQgetvalue(work, row, 1),
	PQgetvalue(work, row, 2), PQgetvalue(work, row, 3)};

	return run_statements(conn, key) &&
		execute(conn, "SELECT qdrant.index_built($1, $2, $3, $4::bigint)", 4, key);
}

static bool
drop_leftovers(PGconn *conn)
{
	PGresult   *r = query(conn, "SELECT qdrant.index_leftovers()", 0, NULL);
	bool		ok = r != NULL;

	for (int i = 0; ok && i < PQntuples(r); i++)
		ok = execute(conn, PQgetvalue(r, i, 0), 0, NULL);
	PQclear(r);
	return ok;
}

/* What is waiting, once. */
static progress
work_once(PGconn *conn)
{
	PGresult   *work;
	progress	result = NOTHING_LEFT;

	tidied = tidied || drop_leftovers(conn);
	work = query(conn, "SELECT collection, kind, name, pending"
				 " FROM qdrant.pending_indexes()", 0, NULL);
	if (work == NULL)
		return FAILED;
	for (int i = 0; i < PQntuples(work) && !is_stopping(); i++)
	{
		bool		ok = build(conn, work, i);

		if (!ok)
			tidied = false;
		if (!ok || result != FAILED)
			result = ok ? SOMETHING_DONE : FAILED;
	}
	PQclear(work);
	return result;
}

/* One connection's time: until nothing is left, or something fails. */
static bool
work_off(void)
{
	PGconn	   *conn = connect_to_server();
	PGresult   *r;
	progress	result = FAILED;

	if (conn == NULL)
		return false;
	set_cancel(PQgetCancel(conn));
	execute(conn, "SET client_min_messages = warning", 0, NULL);
	/* where the extension is missing there is nothing to do yet */
	r = query(conn, "SELECT pg_catalog.pg_try_advisory_lock(7145117, 1) AND"
			  " pg_catalog.to_regproc('qdrant.pending_indexes') IS NOT NULL",
			  0, NULL);
	if (r != NULL && PQgetvalue(r, 0, 0)[0] == 't')
		do
			result = work_once(conn);
		while (result == SOMETHING_DONE && !is_stopping());
	PQclear(r);
	/* its session may end after the next one has asked for the lock */
	execute(conn, "SELECT pg_catalog.pg_advisory_unlock_all()", 0, NULL);
	set_cancel(NULL);
	PQfinish(conn);
	return result == NOTHING_LEFT;
}

static void *
run(void *unused)
{
	bool		ok = true;

	while (wait_for_work(!ok))
		ok = work_off();
	pthread_mutex_lock(&lock);
	ended = true;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	return NULL;
}

bool
index_builder_start(const config *c)
{
	int			error;

	settings = c;
	error = pthread_create(&thread, NULL, run, NULL);
	if (error != 0)
		log_error("could not start the index builder: %s", strerror(error));
	return error == 0;
}

void
index_builder_wake(void)
{
	pthread_mutex_lock(&lock);
	woken = true;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
}

/*
 * Whatever it waits for is cancelled: a build, or a lock that another session
 * holds.  A cancel may come before its statement, so it is sent until the
 * thread has ended.
 */
void
index_builder_stop(void)
{
	char		why[256];
	struct timespec until;

	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_signal(&changed);
	while (!ended)
	{
		if (cancel != NULL && !PQcancel(cancel, why, sizeof(why)))
			log_warning("index builder: %s", why);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		pthread_cond_timedwait(&changed, &lock, &until);
	}
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
}
