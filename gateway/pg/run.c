/*
 * run.c
 *		The pipeline of one job: what is sent, and what comes back for it.
 *
 * Housekeeping (DEALLOCATE of evicted statements, a change of
 * plan_cache_mode) goes first and has a Sync of its own, so that a failure of
 * the job doesn't undo it.  Then come the job's statements and the Sync that
 * commits them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/budget.h"
#include "pg/conn.h"

static void
expect(pg_conn *conn, expect_kind kind, int statement)
{
	if (conn->n_expect == conn->max_expect)
	{
		conn->max_expect = conn->max_expect ? 2 * conn->max_expect : 32;
		conn->expect = realloc(conn->expect, (size_t) conn->max_expect *
							   sizeof(*conn->expect));
		if (conn->expect == NULL)
			abort();
	}
	conn->expect[conn->n_expect++] = (expected) {kind, statement};
}

static bool
send_housekeeping(pg_conn *conn)
{
	plan_mode	mode = conn->job->generic_plan ? PLAN_GENERIC : PLAN_CUSTOM;
	stmt_cache *cache = &conn->statements;
	char		sql[64];

	if (mode == conn->mode && cache->n_stale == 0)
		return true;
	for (int i = 0; i < cache->n_stale; i++)
	{
		snprintf(sql, sizeof(sql), "DEALLOCATE %s", cache->stale[i]);
		if (!PQsendQueryParams(conn->pq, sql, 0, NULL, NULL, NULL, NULL, 1))
			return false;
		expect(conn, EXPECT_HOUSEKEEPING, 0);
	}
	cache->n_stale = 0;
	if (mode != conn->mode)
	{
		snprintf(sql, sizeof(sql), "SET plan_cache_mode = force_%s_plan",
				 mode == PLAN_GENERIC ? "generic" : "custom");
		if (!PQsendQueryParams(conn->pq, sql, 0, NULL, NULL, NULL, NULL, 1))
			return false;
		expect(conn, EXPECT_HOUSEKEEPING, 0);
		conn->mode = mode;
	}
	if (!PQpipelineSync(conn->pq))
		return false;
	expect(conn, EXPECT_SYNC_HOUSEKEEPING, 0);
	return true;
}

static bool
send_statement(pg_conn *conn, int i)
{
	pg_job	   *job = conn->job;
	const pg_statement *s = &job->statements[i];
	size_t		n = (size_t) s->n_params;
	const char **values = arena_array(job->arena, n + 1, sizeof(*values));
	int		   *lengths = arena_array(job->arena, n + 1, sizeof(*lengths));
	int		   *formats = arena_array(job->arena, n + 1, sizeof(*formats));
	Oid		   *types = arena_array(job->arena, n + 1, sizeof(*types));
	const char *name;
	bool		fresh;

	for (size_t p = 0; p < n; p++)
	{
		values[p] = s->params[p].value;
		lengths[p] = s->params[p].length;
		formats[p] = s->params[p].format;
		types[p] = conn->oids[s->params[p].type];
	}
	if (!s->prepare)
	{
		expect(conn, EXPECT_EXECUTE, i);
		return PQsendQueryParams(conn->pq, s->sql, s->n_params, types, values,
								 lengths, formats, 1);
	}
	name = stmt_use(&conn->statements, s->sql, &fresh);
	if (fresh)
	{
		if (!PQsendPrepare(conn->pq, name, s->sql, s->n_params, types))
			return false;
		expect(conn, EXPECT_PREPARE, i);
	}
	expect(conn, EXPECT_EXECUTE, i);
	return PQsendQueryPrepared(conn->pq, name, s->n_params, values, lengths,
							   formats, 1);
}

bool
run_send(pg_conn *conn)
{
	pg_job	   *job = conn->job;

	conn->n_expect = conn->at_expect = 0;
	conn->commit_failed = false;
	if (job->results == NULL)
		job->results = arena_array(job->arena, (size_t) job->n_statements + 1,
								   sizeof(*job->results));
	memset(job->results, 0,
		   (size_t) job->n_statements * sizeof(*job->results));
	job->failure = PGF_NONE;
	if (!send_housekeeping(conn))
		return false;
	for (int i = 0; i < job->n_statements; i++)
		if (!send_statement(conn, i))
			return false;
	if (!PQpipelineSync(conn->pq))
		return false;
	expect(conn, EXPECT_SYNC, 0);
	return true;
}

void
run_fail(pg_job *job, pg_failure failure, const char *sqlstate,
		 const char *message)
{
	if (job->failure != PGF_NONE)
		return;
	job->failure = failure;
	snprintf(job->sqlstate, sizeof(job->sqlstate), "%s",
			 sqlstate ? sqlstate : "");
	job->message = arena_printf(job->arena, "%s", message ? message : "");
}

void
run_clear_results(pg_job *job)
{
	if (job->results == NULL)
		return;
	for (int i = 0; i < job->n_statements; i++)
	{
		PQclear(job->results[i]);
		job->results[i] = NULL;
	}
	budget_give(job->result_bytes);
	job->result_bytes = 0;
}

/* Keeps a result for done(); of a job that has failed nobody wants it. */
static void
keep_result(pg_job *job, int statement, PGresult *r)
{
	size_t		bytes = PQresultMemorySize(r);

	if (job->failure == PGF_NONE && bytes > PG_MAX_RESULT - job->result_bytes)
		run_fail(job, PGF_SQL, "54000",
				 "the answer takes too much memory; ask for less at a time");
	if (job->failure != PGF_NONE || job->results[statement] != NULL)
	{
		PQclear(r);
		return;
	}
	job->results[statement] = r;
	job->result_bytes += bytes;
	budget_take(bytes);
}

/* An error of a statement, or of its preparation. */
static void
take_error(pg_conn *conn, const expected *e, const PGresult *r)
{
	pg_job	   *job = conn->job;
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

	if (state != NULL && (strncmp(state, "XX", 2) == 0 ||
						  strcmp(state, "42704") == 0 ||
						  strcmp(state, "42883") == 0))
		conn->recycle = true;
	if (e->kind == EXPECT_HOUSEKEEPING || e->kind == EXPECT_SYNC_HOUSEKEEPING)
	{
		/* which statements are left and which mode is set, nobody knows */
		conn->recycle = true;
		return;
	}
	if (job == NULL || job->failure != PGF_NONE)
		return;
	/* without a SQLSTATE it is libpq's own: the connection broke */
	run_fail(job, state ? PGF_SQL : PGF_UNAVAILABLE, state,
			 message ? message : PQresultErrorMessage(r));
}

/*
 * A statement whose Parse didn't succeed isn't prepared; one that failed may
 * be planned against something that is gone.  When the job was given up, the
 * texts are gone too, so the cache starts anew with another connection.
 */
static void
take_result(pg_conn *conn, const expected *e, PGresult *r)
{
	ExecStatusType status = PQresultStatus(r);
	pg_job	   *job = conn->job;
	bool		ok = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;

	if (status == PGRES_FATAL_ERROR || status == PGRES_NONFATAL_ERROR)
		take_error(conn, e, r);
	else if (!ok && status != PGRES_PIPELINE_ABORTED && job != NULL)
		run_fail(job, PGF_SQL, "0A000", "unexpected kind of statement");

	if (job == NULL && e->kind == EXPECT_PREPARE && !ok)
		conn->recycle = true;
	else if (job != NULL && e->kind == EXPECT_PREPARE && !ok)
		stmt_forget(&conn->statements, job->statements[e->statement].sql,
					false);
	else if (job != NULL && e->kind == EXPECT_EXECUTE && ok)
	{
		keep_result(job, e->statement, r);
		return;
	}
	else if (job != NULL && e->kind == EXPECT_EXECUTE &&
			 status == PGRES_FATAL_ERROR &&
			 job->statements[e->statement].prepare)
		stmt_forget(&conn->statements, job->statements[e->statement].sql,
					strcmp(job->sqlstate, "26000") != 0);
	PQclear(r);
}

/*
 * A Sync, or before it what the commit failed with (a deferred constraint),
 * which ends with a NULL.  False: anything else means that the connection is
 * broken.
 */
static bool
take_sync(pg_conn *conn, const expected *e, PGresult *r)
{
	bool		sync = PQresultStatus(r) == PGRES_PIPELINE_SYNC;
	bool		had_failed = conn->commit_failed;

	conn->commit_failed = !sync &&
		PQresultErrorField(r, PG_DIAG_SQLSTATE) != NULL;
	if (r == NULL)
		return had_failed;
	if (sync)
		conn->at_expect++;
	else
		take_error(conn, e, r);
	PQclear(r);
	return sync || conn->commit_failed;
}

bool
run_receive(pg_conn *conn)
{
	while (conn->at_expect < conn->n_expect && !PQisBusy(conn->pq))
	{
		const expected *e = &conn->expect[conn->at_expect];
		PGresult   *r = PQgetResult(conn->pq);

		if (e->kind == EXPECT_SYNC || e->kind == EXPECT_SYNC_HOUSEKEEPING)
		{
			if (!take_sync(conn, e, r))
				return false;
		}
		else if (r == NULL)
			conn->at_expect++;
		else
			take_result(conn, e, r);
	}
	return conn->at_expect == conn->n_expect;
}
