/*
 * op.c
 *		The life of an operation: its SQL, the repetitions that a stale catalog
 *		or a conflict ask for, and its one answer.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "json/jwrite.h"
#include "model/model.h"
#include "service/error.h"
#include "service/op.h"
#include "worker.h"

#define READ_SECONDS	60
#define WRITE_SECONDS	600
#define MAX_SECONDS		UINT64_C(1000000000)
#define MAX_STALE_RUNS	3
#define MAX_CONFLICTS	3

/* SQL under way, and what comes after it. */
typedef struct op_call
{
	pg_job		job;
	struct op  *op;
	void		(*next) (struct op *op, PGresult **results);
	void		(*next_collection) (struct op *op, const collection *c);
	slice		name;			/* of the collection looked up */
} op_call;

typedef struct held_collection
{
	const collection *c;
	bool		cached;			/* found in the cache: perhaps outdated */
	struct held_collection *next;
} held_collection;

static void *
message_member(const ProtobufCMessage *m, const char *name,
			   ProtobufCType type, const ProtobufCFieldDescriptor **field)
{
	*field = protobuf_c_message_descriptor_get_field_by_name(m->descriptor,
															 name);
	if (*field == NULL || (*field)->type != type ||
		(*field)->label == PROTOBUF_C_LABEL_REPEATED)
		return NULL;
	return (char *) m + (*field)->offset;
}

struct op *
op_create(request *req, const operation *kind, ProtobufCMessage *msg)
{
	struct op  *o = arena_alloc0(req->arena, sizeof(*o));

	o->req = req;
	o->a = req->arena;
	o->kind = kind;
	o->msg = msg;
	o->is_rest = req->proto == PROTO_REST;
	o->deadline_ns = req->deadline_ns;
	req->user = o;
	return o;
}

/*
 * The message's member "timeout" counts, if it is set (0: an update that
 * doesn't wait for being visible, which is no limit), else the default; gRPC's
 * own deadline counts when it is sooner.  Updates are cancelled by it like
 * reads: what was not answered as done is not done later.
 */
static void
set_deadline(struct op *o)
{
	const ProtobufCFieldDescriptor *field;
	const uint64_t *timeout = message_member(o->msg, "timeout",
											 PROTOBUF_C_TYPE_UINT64, &field);
	uint64_t	seconds = o->kind->access >= ACCESS_WRITE ? WRITE_SECONDS
		: READ_SECONDS;
	uint64_t	deadline;

	if (timeout != NULL && *timeout > 0)
		seconds = *timeout < MAX_SECONDS ? *timeout : MAX_SECONDS;
	deadline = o->req->start_ns + seconds * UINT64_C(1000000000);
	if (o->deadline_ns == 0 || deadline < o->deadline_ns)
		o->deadline_ns = deadline;
}

void
op_run(struct op *o)
{
	set_deadline(o);
	o->runs = 1;
	o->kind->run(o);
}

void
op_abandon(struct op *o)
{
	if (o->call != NULL && o->call->job.read_only)
		pg_cancel(&o->call->job);
}

/*----------
 * Answers.
 *----------
 */
static double
seconds_since(const request *req)
{
	return (double) (now_ns() - req->start_ns) / 1e9;
}

/* The last thing that is done with an op. */
static request *
op_end(struct op *o)
{
	request    *req = o->req;

	for (held_collection *h = o->held; h != NULL; h = h->next)
		catalog_release(h->c);
	o->held = NULL;
	req->user = NULL;
	return req;
}

/* Ends the envelope that began with {"result": and sends it. */
static void
answer_envelope(request *req, buf *out)
{
	buf_adds(out, ",\"status\":\"ok\",\"time\":");
	jw_f64(out, seconds_since(req));
	buf_addc(out, '}');
	request_answer_rest(req, 200, "application/json", NULL, 0,
						buf_slice(out));
}

void
request_answer_result(request *req, slice result)
{
	buf			out;

	buf_init(&out, req->arena, result.n + 128);
	buf_adds(&out, "{\"result\":");
	buf_add(&out, result.p, result.n);
	answer_envelope(req, &out);
}

void
op_answer_json(struct op *o, slice result)
{
	request_answer_result(op_end(o), result);
}

static void
fill_time(struct op *o, ProtobufCMessage *response)
{
	const ProtobufCFieldDescriptor *field;
	double	   *time = message_member(response, "time",
									  PROTOBUF_C_TYPE_DOUBLE, &field);

	if (time != NULL)
		*time = seconds_since(o->req);
}

static void
answer_rest(struct op *o, const ProtobufCMessage *response)
{
	buf			out;

	buf_init(&out, o->a, 4096);
	buf_adds(&out, "{\"result\":");
	o->write_result(&out, response);
	answer_envelope(op_end(o), &out);
}

static void
answer_grpc(struct op *o, ProtobufCMessage *response)
{
	slice		message;

	fill_time(o, response);
	message = model_pack(response, o->a);
	if (message.p == NULL)
	{
		op_fail(o, ERR_INTERNAL, "a stored payload cannot be sent: it is nested "
				"more than 127 levels deep or holds a number beyond a double");
		return;
	}
	request_answer_grpc(op_end(o), GRPC_OK, (slice) {"", 0}, NULL, 0,
						message);
}

void
op_answer(struct op *o, ProtobufCMessage *response)
{
	if (o->is_rest)
		answer_rest(o, response);
	else
		answer_grpc(o, response);
}

/*
 * Was the failure decided by a collection as the cache has it, without asking
 * the database?  Then the collection may be another by now.
 */
static bool
fails_unchecked(const struct op *o)
{
	const held_collection *h = o->held;

	while (h != NULL && !h->cached)
		h = h->next;
	return h != NULL && !o->checked;
}

/* run() from its start, with the collections as they are or as cached. */
static void
run_anew(struct op *o, bool stale)
{
	for (held_collection *h = o->held; h != NULL; h = h->next)
	{
		if (stale)
			catalog_drop(o->req->worker->catalog, h->c);
		catalog_release(h->c);
	}
	o->held = NULL;
	o->state = NULL;
	o->checked = false;
	o->runs++;
	o->kind->run(o);
}

static void
answer_failure(struct op *o, PGresult **results)
{
	gw_error	e = o->failure;

	(void) results;
	op_fail_error(o, &e);
}

/*
 * Asks whether the collections are as the cache has them; if so the failure
 * is answered, else call_done() has the op run anew.
 */
static void
check_cached(struct op *o, const gw_error *e)
{
	pg_statement *statements;
	int			n = 0;

	for (const held_collection *h = o->held; h != NULL; h = h->next)
		n += h->cached;
	statements = arena_array(o->a, n, sizeof(*statements));
	n = 0;
	for (const held_collection *h = o->held; h != NULL; h = h->next)
		if (h->cached)
			statements[n++] = op_check_collection(o, h->c);
	o->failure = *e;
	op_sql(o, statements, n, true, answer_failure);
}

void
op_fail_error(struct op *o, const gw_error *e)
{
	slice		text;
	const error_class *class = error_class_of(e->kind);
	bool		is_rest = o->is_rest;
	double		seconds;
	request    *req;

	if (fails_unchecked(o))
	{
		check_cached(o, e);
		return;
	}
	text = error_text(e, o->a);
	seconds = seconds_since(o->req);
	req = op_end(o);
	if (is_rest)
		request_answer_error(req, class->http, text, seconds);
	else
		request_answer_grpc(req, (int) class->grpc, text, NULL, 0,
							(slice) {"", 0});
}

void
op_fail(struct op *o, error_kind kind, const char *fmt,...)
{
	gw_error	e = {.kind = kind};
	va_list		ap;

	va_start(ap, fmt);
	e.text = arena_vprintf(o->a, fmt, ap);
	va_end(ap);
	op_fail_error(o, &e);
}

void
request_answer_error(request *req, int status, slice text, double seconds)
{
	buf			out;

	buf_init(&out, req->arena, text.n + 64);
	buf_adds(&out, "{\"status\":{\"error\":");
	jw_string(&out, text);
	buf_adds(&out, "},\"time\":");
	jw_f64(&out, seconds);
	buf_addc(&out, '}');
	request_answer_rest(req, status, "application/json", NULL, 0,
						buf_slice(&out));
}

/*----------
 * SQL.
 *----------
 */

/* The collection that the request is about; "" when it names none. */
static slice
named_collection(const struct op *o)
{
	const ProtobufCFieldDescriptor *field;
	char	  **name = message_member(o->msg, "collection_name",
									  PROTOBUF_C_TYPE_STRING, &field);

	return slice_text(name != NULL ? *name : NULL);
}

static bool
is_state(const pg_job *job, const char *state)
{
	return strcmp(job->sqlstate, state) == 0;
}

/*
 * Does the failure say that what the statement was built from is outdated:
 * the collection, its columns or its table?
 */
static bool
is_stale(const pg_job *job)
{
	return is_state(job, "QD002") || is_state(job, "QD005") ||
		is_state(job, "42P01") || is_state(job, "42703") ||
		(is_state(job, "0A000") && strstr(job->message, "cached plan"));
}

/* run() once more, from its start; false: it has had its chances. */
static bool
run_again(struct op *o, const pg_job *job)
{
	bool		stale = is_stale(job);
	bool		conflict = is_state(job, "40001") || is_state(job, "40P01");

	if (o->held == NULL && stale)
		return false;			/* nothing cached was used */
	if (stale && o->runs - o->conflicts >= MAX_STALE_RUNS)
		return false;
	if (conflict && o->conflicts >= MAX_CONFLICTS)
		return false;
	if (!stale && !conflict)
		return false;
	if (conflict)
		o->conflicts++;
	run_anew(o, stale);
	return true;
}

static void
fail_from_job(struct op *o, const pg_job *job)
{
	slice		name = named_collection(o);
	gw_error	e;

	error_from_job(job, o->kind->name, &e);
	if (job->failure == PGF_SQL && is_state(job, "QD002"))
		e.text = arena_printf(o->a, "Collection `%.*s` doesn't exist!",
							  (int) name.n, name.p);
	else if (job->failure == PGF_SQL && is_state(job, "QD003"))
		e.text = arena_printf(o->a, "Collection `%.*s` already exists!",
							  (int) name.n, name.p);
	op_fail_error(o, &e);
}

static void
call_done(pg_job *job)
{
	op_call    *call = job->arg;
	struct op  *o = call->op;

	o->call = NULL;
	o->checked = true;
	if (job->failure == PGF_NONE)
		call->next(o, job->results);
	else if (job->failure != PGF_SQL || !run_again(o, job))
		fail_from_job(o, job);
}

static op_call *
call_create(struct op *o, pg_statement *statements, int n, bool read_only)
{
	op_call    *call = arena_alloc0(o->a, sizeof(*call));

	call->op = o;
	call->job = (pg_job) {
		.arena = o->a,
		.worker = o->req->worker,
		.statements = statements,
		.n_statements = n,
		.read_only = read_only,
		.deadline_ns = o->deadline_ns,
		.done = call_done,
		.arg = call
	};
	return call;
}

static void
call_submit(struct op *o, op_call *call)
{
	o->call = call;
	pg_submit(&call->job);
}

void
op_sql(struct op *o, pg_statement *statements, int n, bool read_only,
	   void (*next) (struct op *op, PGresult **results))
{
	op_call    *call = call_create(o, statements, n, read_only);

	call->next = next;
	call_submit(o, call);
}

void
op_sql_search(struct op *o, pg_statement *statements, int n,
			  void (*next) (struct op *op, PGresult **results))
{
	op_call    *call = call_create(o, statements, n, true);

	call->next = next;
	call->job.generic_plan = true;
	call_submit(o, call);
}

void
op_sql_maintenance(struct op *o, pg_statement *statements, int n,
				   void (*next) (struct op *op, PGresult **results))
{
	op_call    *call = call_create(o, statements, n, false);

	call->next = next;
	call->job.maintenance = true;
	call_submit(o, call);
}

/*----------
 * Waiting.
 *----------
 */
typedef struct op_timer
{
	struct op  *op;
	void		(*next) (struct op *op);
} op_timer;

static void
timer_fired(evutil_socket_t fd, short what, void *arg)
{
	op_timer   *timer = arg;

	timer->next(timer->op);
}

void
op_after(struct op *o, int ms, void (*next) (struct op *op))
{
	op_timer   *timer = arena_alloc(o->a, sizeof(*timer));
	struct timeval delay = {ms / 1000, ms % 1000 * 1000};

	*timer = (op_timer) {o, next};
	if (event_base_once(o->req->worker->base, -1, EV_TIMEOUT, timer_fired,
						timer, &delay) != 0)
		abort();
}

/*----------
 * Collections.
 *----------
 */
static void
hold(struct op *o, const collection *c, bool cached)
{
	held_collection *h = arena_alloc(o->a, sizeof(*h));

	h->c = c;
	h->cached = cached;
	h->next = o->held;
	o->held = h;
}

static void
fail_missing(struct op *o, slice name)
{
	op_fail(o, ERR_NOT_FOUND, "Collection `%.*s` doesn't exist!",
			(int) name.n, name.p);
}

static void
described(pg_job *job)
{
	op_call    *call = job->arg;
	struct op  *o = call->op;
	const collection *c;

	o->call = NULL;
	if (job->failure == PGF_SQL && is_state(job, "QD002"))
		fail_missing(o, call->name);
	else if (job->failure != PGF_NONE)
		fail_from_job(o, job);
	else if (PQntuples(job->results[0]) == 0 ||
			 PQgetisnull(job->results[0], 0, 0))
		fail_missing(o, call->name);
	else
	{
		c = catalog_add(o->req->worker->catalog, call->name, job->results[0],
						o->a);
		if (c == NULL)
		{
			op_fail(o, ERR_INTERNAL, "the catalog entry of collection `%.*s` "
					"can't be read", (int) call->name.n, call->name.p);
			return;
		}
		hold(o, c, false);
		call->next_collection(o, c);
	}
}

void
op_with_collection(struct op *o, slice name,
				   void (*next) (struct op *op, const collection *c))
{
	const collection *c = catalog_find(o->req->worker->catalog, name);
	pg_param   *param;
	pg_statement *statement;
	op_call    *call;

	if (c != NULL)
	{
		hold(o, c, true);
		next(o, c);
		return;
	}
	param = arena_alloc(o->a, sizeof(*param));
	*param = pgp_text(o->a, name);
	statement = arena_alloc(o->a, sizeof(*statement));
	*statement = op_statement(catalog_sql, param, 1);
	call = call_create(o, statement, 1, true);
	call->next_collection = next;
	call->name = name;
	call->job.done = described;
	call_submit(o, call);
}

pg_statement
op_check_collection(struct op *o, const collection *c)
{
	pg_param   *params = arena_array(o->a, 2, sizeof(*params));

	params[0] = pgp_text(o->a, c->name);
	params[1] = pgp_int8(o->a, c->version);
	return op_statement("SELECT qdrant.check_collection($1, $2)", params, 2);
}
