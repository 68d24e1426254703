/*
 * op.h
 *		An operation in flight: one decoded request on its way through the
 *		service layer, whatever protocol it came by.
 *
 * api/ finds the operation in its route tables, authorizes, decodes the body
 * into the request message and calls run().  run() validates, submits SQL and
 * returns; a continuation answers, exactly once.  run() may be called again
 * from the start for the same op (the catalog entry was stale, a serialization
 * failure): it reads op->msg, and changes nothing in it that a second run
 * would see differently.
 */
#ifndef QG_OP_H
#define QG_OP_H

#include <protobuf-c/protobuf-c.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/error.h"
#include "net/request.h"
#include "pg/pg.h"
#include "service/catalog.h"

struct op;

typedef enum access_level
{
	ACCESS_NONE,				/* no key needed */
	ACCESS_READ,
	ACCESS_WRITE,
	ACCESS_MANAGE
} access_level;

typedef struct operation
{
	const char *name;			/* "points.upsert": logs and metrics */
	access_level access;
	const ProtobufCMessageDescriptor *request;	/* of op->msg */
	void		(*run) (struct op *op);
} operation;

struct op
{
	request    *req;
	arena	   *a;				/* req->arena */
	const operation *kind;
	ProtobufCMessage *msg;		/* the request message */
	bool		is_rest;
	uint64_t	deadline_ns;	/* 0 = none */
	void	   *state;			/* run()'s own, in the arena */
	int			runs;			/* how often run() was called */

	/*
	 * REST: writes the member "result" of the answer from the response
	 * message; from the route table.  NULL: only op_answer_json is used.
	 */
	void		(*write_result) (buf *out, const ProtobufCMessage *response);

	/* op.c's own */
	struct held_collection *held;	/* catalog entries, until the answer */
	struct op_call *call;		/* the SQL that is under way */
	int			conflicts;		/* runs lost to other transactions */
	bool		checked;		/* this run's SQL has come back */
	gw_error	failure;		/* that waits for the check of what is cached */
};

/* A new operation for the request, its message decoded; op.c frees it. */
extern struct op *op_create(request *req, const operation *kind,
					 ProtobufCMessage *msg);

/* run() for the first time: sets the deadline from the message. */
extern void op_run(struct op *op);

/* The client has gone: reads are cancelled, writes run to their end. */
extern void op_abandon(struct op *op);

/*
 * The answer, exactly one of these, once; op is invalid afterwards.
 *
 * op_answer: the response message of the rpc, in the arena.  Its member "time"
 * is filled here.  REST writes it by write_result inside Qdrant's envelope.
 * Payload maps in it are as model.h says (one JSON slice is fine for both
 * protocols: packing converts it).
 *
 * op_answer_json: REST only, the member "result" verbatim.
 *
 * op_fail: kind chooses status and prefix (service/error.c).  When no SQL has
 * been run yet and the collection came from the cache, the database is asked
 * first whether that is still how it is; if not, run() is called once more.
 */
extern void op_answer(struct op *op, ProtobufCMessage *response);
extern void op_answer_json(struct op *op, slice result);
extern void op_fail(struct op *op, error_kind kind, const char *fmt,...)
			__attribute__((format(printf, 3, 4)));
extern void op_fail_error(struct op *op, const gw_error *e);

/* Qdrant's REST envelope of a result, without an op. */
extern void request_answer_result(request *req, slice result);

/* Qdrant's REST envelope of an error; also for what fails before an op. */
extern void request_answer_error(request *req, int status, slice text,
								 double seconds);

/*
 * Runs a pipeline of statements in one implicit transaction.  next() gets one
 * PGresult per statement, valid until it returns.  Any failure is answered
 * here (QD005, and "relation gone": the catalog entry is dropped and run()
 * called again, at most twice; 40001 and 40P01: run() again, at most thrice;
 * all others through the table in service/error.c), so next() sees success.
 */
extern void op_sql(struct op *op, pg_statement *statements, int n, bool read_only,
				   void (*next) (struct op *op, PGresult **results));

/*
 * The same for searches by vector, and for calls of functions that no plan
 * changes: planned once per statement text, whatever the parameters
 * (force_generic_plan).  op_sql plans with the parameters'
 * values, as filters need.
 */
extern void op_sql_search(struct op *op, pg_statement *statements, int n,
						  void (*next) (struct op *op, PGresult **results));

/* The same on the maintenance connection: DDL, which may wait for locks. */
extern void op_sql_maintenance(struct op *op, pg_statement *statements, int n,
							   void (*next) (struct op *op, PGresult **results));

/* Calls next() after so many milliseconds. */
extern void op_after(struct op *op, int ms, void (*next) (struct op *op));

/*
 * Finds the collection by name (cache, else qdrant.describe) and calls
 * next(); answers "Collection `x` doesn't exist!" itself.
 */
extern void op_with_collection(struct op *op, slice name,
							   void (*next) (struct op *op, const collection *c));

/*
 * The statement that every pipeline over a collection starts with: SELECT
 * qdrant.check_collection(name, version).
 */
extern pg_statement op_check_collection(struct op *op, const collection *c);

/* A statement whose text is kept prepared on its connection. */
static inline pg_statement
op_statement(const char *sql, pg_param *params, int n_params)
{
	return (pg_statement) {.sql = sql, .params = params,.n_params = n_params,
	.prepare = true};
}

#endif							/* QG_OP_H */
