/*
 * health.c
 *		Is the gateway there, and can it serve: the plain texts of REST, the
 *		health services of gRPC.
 */
#include <string.h>

#include "model/model.h"
#include "service/service.h"
#include "worker.h"

/*
 * Qdrant's version whose API this is: clients compare it with their own.
 */
#define API_TITLE	"qdrant - vector search engine"
#define API_VERSION	"1.19.0"
/* Where Qdrant names its commit: who answers. */
#define API_COMMIT	"qdrant_pg"

static void
health_check(struct op *op)
{
	Qdrant__HealthCheckReply *reply =
		model_new(&qdrant__health_check_reply__descriptor, op->a);

	reply->title = (char *) API_TITLE;
	reply->version = (char *) API_VERSION;
	reply->commit = (char *) API_COMMIT;
	op_answer(op, &reply->base);
}

const operation svc_health_check = {
	.name = "qdrant.health_check",
	.access = ACCESS_NONE,
	.request = &qdrant__health_check_request__descriptor,
	.run = health_check
};

static void
grpc_health(struct op *op)
{
	Grpc__Health__V1__HealthCheckResponse *reply =
		model_new(&grpc__health__v1__health_check_response__descriptor, op->a);

	reply->status =
		GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
	op_answer(op, &reply->base);
}

const operation svc_grpc_health = {
	.name = "grpc.health",
	.access = ACCESS_NONE,
	.request = &grpc__health__v1__health_check_request__descriptor,
	.run = grpc_health
};

static const char text_plain[] = "text/plain; charset=utf-8";

static void
answer_text(request *req, int status, slice text)
{
	request_answer_rest(req, status, text_plain, NULL, 0, text);
}

static void
root(request *req)
{
	request_answer_rest(req, 200, "application/json", NULL, 0,
						SLICE_LIT("{\"title\":\"" API_TITLE
								  "\",\"version\":\"" API_VERSION
								  "\",\"commit\":\"" API_COMMIT "\"}"));
}

static void
alive(request *req)
{
	answer_text(req, 200, SLICE_LIT("healthz check passed"));
}

static void
ready(request *req)
{
	if (pg_pool_ready(req->worker->pool))
		answer_text(req, 200, SLICE_LIT("all shards are ready"));
	else
		answer_text(req, 503, SLICE_LIT("some shards are not ready"));
}

/* One node, not in cluster mode. */
static void
cluster(request *req)
{
	request_answer_result(req, SLICE_LIT("{\"status\":\"disabled\"}"));
}

/* Issues are unindexed fields; an empty list is always a right answer. */
static void
issues(request *req)
{
	request_answer_result(req, SLICE_LIT("{\"issues\":[]}"));
}

static void
clear_issues(request *req)
{
	request_answer_result(req, SLICE_LIT("true"));
}

static const struct
{
	const char *method;
	const char *path;
	void		(*answer) (request *req);
}			plain[] = {
	{"GET", "/", root},
	{"GET", "/healthz", alive},
	{"GET", "/livez", alive},
	{"GET", "/readyz", ready},
	{"GET", "/cluster", cluster},
	{"GET", "/issues", issues},
	{"DELETE", "/issues", clear_issues},
};

bool
service_plain(request *req)
{
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (slice_is(req->method, plain[i].method) &&
			slice_is(req->path, plain[i].path))
		{
			plain[i].answer(req);
			return true;
		}
	return false;
}
