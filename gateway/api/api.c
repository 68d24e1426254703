/*
 * api.c
 *		From a request to its operation, for both protocols: authenticate,
 *		route, decode, validate, run.
 */
#include <string.h>

#include "api/api.h"
#include "api/route.h"
#include "core/config.h"
#include "core/utf8.h"
#include "model/model.h"
#include "net/static.h"
#include "service/auth.h"
#include "service/error.h"
#include "service/service.h"
#include "worker.h"

/* What on_head found, for on_body. */
typedef struct routed
{
	const rest_route *rest;
	const grpc_route *grpc;
	route_params params;
} routed;

const grpc_route grpc_health[] = {
	{"/qdrant.Qdrant/HealthCheck", &svc_health_check},
	{"/grpc.health.v1.Health/Check", &svc_grpc_health},
	{0}
};

static const slice nothing = {"", 0};

static void
answer_error(request *req, const gw_error *e)
{
	slice		text = error_text(e, req->arena);
	const error_class *class = error_class_of(e->kind);

	if (req->proto == PROTO_REST)
		request_answer_error(req, class->http, text,
							 (double) (now_ns() - req->start_ns) / 1e9);
	else
		request_answer_grpc(req, (int) class->grpc, text, NULL, 0, nothing);
}

static void
answer_later(request *req, const later_route *later)
{
	bool		is_rest = req->proto == PROTO_REST;
	gw_error	e = {.kind = later->what ? ERR_UNSUPPORTED : ERR_STANDALONE};

	if (later->what != NULL)
		e.text = arena_printf(req->arena, "%s (%.*s%s%.*s)", later->what,
							  is_rest ? (int) req->method.n : 0, req->method.p,
							  is_rest ? " " : "",
							  (int) req->path.n, req->path.p);
	answer_error(req, &e);
}

static void
answer_no_route(request *req)
{
	bool		is_rest = req->proto == PROTO_REST;
	const later_route *later = route_find_later(is_rest ? req->method : nothing,
												req->path, req->arena);

	if (later != NULL)
		answer_later(req, later);
	else if (is_rest)
		request_answer_rest(req, 404, NULL, NULL, 0, nothing);
	else
		request_answer_grpc(req, GRPC_UNIMPLEMENTED, nothing, NULL, 0,
							nothing);
}

static void
answer_refusal(request *req, const char *text)
{
	slice		s = slice_text(text);

	if (req->proto == PROTO_REST)
		request_answer_rest(req, 401, NULL, NULL, 0, s);
	else
		request_answer_grpc(req, GRPC_UNAUTHENTICATED, s, NULL, 0, nothing);
}

static body_policy
on_head(request *req)
{
	const char *refusal = auth_refusal(req);
	routed	   *r = arena_alloc0(req->arena, sizeof(*r));

	req->route = r;
	if (refusal != NULL)
	{
		answer_refusal(req, refusal);
		return BODY_ANSWERED;
	}
	if (req->proto == PROTO_REST)
	{
		if (static_is_path(req->path))
		{
			static_answer(req);
			return BODY_ANSWERED;
		}
		if (service_plain(req))
			return BODY_ANSWERED;
		r->rest = route_find_rest(req->method, req->path, &r->params,
								  req->arena);
	}
	else
		r->grpc = route_find_grpc(req->path);
	if (r->rest != NULL || r->grpc != NULL)
		return BODY_READ;
	answer_no_route(req);
	return BODY_ANSWERED;
}

/*----------
 * REST.
 *----------
 */

/* {collection_name}, when the pattern has it, is its first parameter. */
static bool
names_collection(const rest_route *route)
{
	return strstr(route->pattern, "{collection_name}") != NULL;
}

static bool
check_path(request *req, const routed *r, gw_error *e)
{
	if (!names_collection(r->rest))
		return true;
	for (int i = 0; i < r->params.n; i++)
		if (!utf8_valid(r->params.value[i].p, r->params.value[i].n))
			return gw_fail(e, req->arena, ERR_PATH_FORMAT, "invalid UTF-8");
	return model_validate_collection_name(r->params.value[0],
										  r->rest->operation ==
										  &svc_create_collection,
										  req->arena, e);
}

static void
set_collection_name(ProtobufCMessage *msg, slice name, arena *a)
{
	const ProtobufCFieldDescriptor *field;

	field = protobuf_c_message_descriptor_get_field_by_name(msg->descriptor,
															"collection_name");
	if (field != NULL && field->type == PROTOBUF_C_TYPE_STRING)
		*(char **) ((char *) msg + field->offset) = arena_strdup(a, name);
}

/* NULL with *e set. */
static ProtobufCMessage *
decode_rest(request *req, const routed *r, gw_error *e)
{
	const rest_route *route = r->rest;
	arena	   *a = req->arena;
	ProtobufCMessage *msg;

	if (!check_path(req, r, e))
		return NULL;
	if (route->schema != NULL)
		msg = model_decode_json(route->schema, req->body, a, e);
	else
		msg = model_new(route->operation->request, a);
	if (msg == NULL)
		return NULL;
	if (names_collection(route))
		set_collection_name(msg, r->params.value[0], a);
	if (route->fill != NULL && !route->fill(msg, &r->params, a, e))
		return NULL;
	if (route->schema != NULL &&
		!model_validate_rest(route->schema, msg, a, e))
		return NULL;
	if (!model_decode_query_params(route->query, req->query, msg, a, e))
		return NULL;
	return msg;
}

static void
on_rest_body(request *req)
{
	const routed *r = req->route;
	gw_error	e = {0};
	ProtobufCMessage *msg = decode_rest(req, r, &e);
	struct op  *o;

	if (msg == NULL)
	{
		answer_error(req, &e);
		return;
	}
	o = op_create(req, r->rest->operation, msg);
	o->write_result = r->rest->write_result;
	op_run(o);
}

/*----------
 * gRPC.
 *----------
 */
static void
on_grpc_body(request *req)
{
	const routed *r = req->route;
	const operation *kind = r->grpc->operation;
	gw_error	e = {0};
	ProtobufCMessage *msg;

	msg = model_unpack(kind->request, req->body, req->arena, &e);
	if (msg == NULL || !model_validate_grpc(msg, req->arena, &e))
		answer_error(req, &e);
	else
		op_run(op_create(req, kind, msg));
}

static void
on_body(request *req)
{
	if (req->proto == PROTO_REST)
		on_rest_body(req);
	else
		on_grpc_body(req);
}

/* actix's words for what is too large, as Qdrant passes them on. */
static void
describe_too_large(request *req, size_t announced, gw_error *e)
{
	size_t		limit = req->worker->config->max_request_bytes;

	if (announced > 0)
		gw_fail(e, req->arena, ERR_TOO_LARGE, "JSON payload (%zu bytes) is "
				"larger than allowed (limit: %zu bytes).", announced, limit);
	else
		gw_fail(e, req->arena, ERR_TOO_LARGE, "JSON payload has exceeded "
				"limit (%zu bytes).", limit);
}

static void
on_fault(request *req, body_fault fault, size_t announced)
{
	gw_error	e = {0};

	switch (fault)
	{
		case BODY_TOO_LARGE:
			describe_too_large(req, announced, &e);
			break;
		case BODY_NO_MEMORY:
			e = (gw_error) {ERR_UNAVAILABLE, "the service is holding too many "
			"requests; try again later"};
			break;
		case BODY_UNKNOWN_CODING:
			e = (gw_error) {ERR_CODING, "this Content-Encoding is not "
			"supported; gzip, deflate and identity are"};
			break;
		case BODY_CORRUPT:
			e = (gw_error) {ERR_BAD_REQUEST, "the body is not in its "
			"Content-Encoding, or ends too early"};
			break;
	}
	answer_error(req, &e);
}

static void
on_gone(request *req)
{
	if (req->user != NULL)
		op_abandon(req->user);
}

const net_callbacks api_callbacks = {
	.on_head = on_head,
	.on_body = on_body,
	.on_fault = on_fault,
	.on_gone = on_gone
};

void
api_worker_open(struct worker *w)
{
	w->catalog = catalog_create(w);
	w->pool = pg_pool_create(w);
}

void
api_worker_close(struct worker *w)
{
	pg_pool_destroy(w->pool);
	catalog_destroy(w->catalog);
	w->pool = NULL;
	w->catalog = NULL;
}
