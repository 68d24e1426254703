/*
 * pg.h
 *		Statements to PostgreSQL: a pool of pipelined libpq connections per
 *		worker, one job at a time on each.
 *
 * A job is a pipeline of statements up to one Sync, that is one implicit
 * transaction.  done() is called exactly once, on the worker's thread, with
 * the results or an error.  Reads that failed because the connection was lost
 * are retried once on a new one; writes are not.
 */
#ifndef QG_PG_H
#define QG_PG_H

#include <libpq-fe.h>

#include "core/arena.h"
#include "core/buf.h"

struct worker;

/*
 * What a job may send in one statement (PostgreSQL takes no message of 1 GiB)
 * and get back in all: beyond, it fails with SQLSTATE 54000.
 */
#define PG_MAX_PARAMS	(((size_t) 1 << 30) - 64 * 1024)
#define PG_MAX_RESULT	((size_t) 256 << 20)

/* OIDs of the extension's types, looked up at connect. */
typedef enum pg_type
{
	PGT_NONE = 0,				/* let the server infer it */
	PGT_TEXT, PGT_INT8, PGT_FLOAT4, PGT_FLOAT8, PGT_JSONB, PGT_TEXT_ARRAY,
	PGT_JSONB_ARRAY,
	PGT_VECTOR, PGT_VECTOR_ARRAY, PGT_POINT_ID, PGT_POINT_ID_ARRAY,
	PGT_PAYLOAD_FILTER,
	PGT_COUNT
} pg_type;

typedef struct pg_param
{
	pg_type		type;
	const char *value;			/* NULL = SQL NULL; in the job's arena */
	int			length;
	int			format;			/* 0 text (NUL terminated), 1 binary */
} pg_param;

typedef struct pg_statement
{
	const char *sql;			/* in the job's arena; results are binary */
	pg_param   *params;
	int			n_params;
	bool		prepare;		/* keep it prepared on the connection, keyed by
								 * its text */
} pg_statement;

typedef enum pg_failure
{
	PGF_NONE,
	PGF_SQL,					/* an ErrorResponse: see sqlstate, message */
	PGF_UNAVAILABLE,			/* no connection */
	PGF_TIMEOUT					/* the deadline passed; the query is
								 * cancelled */
} pg_failure;

typedef struct pg_job
{
	arena	   *arena;
	struct worker *worker;
	pg_statement *statements;
	int			n_statements;
	bool		read_only;		/* may be retried */
	bool		maintenance;	/* runs on a connection outside the pool */
	bool		generic_plan;	/* plan_cache_mode: force_generic_plan, else
								 * force_custom_plan */
	uint64_t	deadline_ns;	/* 0 = none */
	void		(*done) (struct pg_job *job);
	void	   *arg;

	/* out */
	pg_failure	failure;
	char		sqlstate[6];
	const char *message;
	PGresult  **results;		/* n_statements; cleared by pg after done() */
	size_t		result_bytes;	/* of all, at most PG_MAX_RESULT */

	struct pg_job *next;		/* the pool's own */
	struct pg_conn *conn;
	int			tries;
	uint64_t	lost_ns;		/* when its connection broke, or 0 */
} pg_job;

struct pg_pool;
extern struct pg_pool *pg_pool_create(struct worker *w);
extern void pg_pool_destroy(struct pg_pool *pool);

/* Queues the job on its worker's pool. */
extern void pg_submit(pg_job *job);

/*
 * Ends a job early: done() is called now or soon, with PGF_TIMEOUT unless it
 * has just finished; what the server still does for it is cancelled.
 */
extern void pg_cancel(pg_job *job);

/* True while at least one connection works: what /readyz says. */
extern bool pg_pool_ready(struct pg_pool *pool);

/*----------
 * param.c: binary parameters, allocated in the arena.
 *----------
 */
extern pg_param pgp_text(arena *a, slice s);
extern pg_param pgp_int8(arena *a, int64_t v);
extern pg_param pgp_float4(arena *a, float v);
extern pg_param pgp_float8(arena *a, double v);
extern pg_param pgp_jsonb(arena *a, slice json);
extern pg_param pgp_filter(arena *a, slice json);
extern pg_param pgp_vector(arena *a, const float *v, size_t dim);
extern pg_param pgp_null(pg_type type);

/*
 * Builder of one-dimensional arrays; elements are binary and n is exact.  An
 * element may be NULL.
 */
typedef struct pg_array pg_array;
extern pg_array *pg_array_begin(arena *a, pg_type array_type, size_t n);
extern void pg_array_add(pg_array *arr, const pg_param *element);
extern pg_param pg_array_end(pg_array *arr);

/*----------
 * result.c: binary columns of a row.
 *----------
 */
extern bool pgr_null(const PGresult *r, int row, int col);
extern int64_t pgr_int8(const PGresult *r, int row, int col);
extern int32_t pgr_int4(const PGresult *r, int row, int col);
extern float pgr_float4(const PGresult *r, int row, int col);
extern double pgr_float8(const PGresult *r, int row, int col);
extern bool pgr_bool(const PGresult *r, int row, int col);
extern slice pgr_text(const PGresult *r, int row, int col);
extern slice pgr_jsonb(const PGresult *r, int row, int col);	/* its text */
extern slice pgr_bytes(const PGresult *r, int row, int col);	/* as sent */

/* *out in the arena; false when the column is NULL. */
extern bool pgr_vector(arena *a, const PGresult *r, int row, int col,
					   const float **out, size_t *dim);

#endif							/* QG_PG_H */
