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

static void
health_check(struct op *op)
{
	Qdrant__HealthCheckReply *reply =
		model_new(&qdrant__health_check_reply__descriptor, op->a);

	reply->title = (char *) API_TITLE;
	reply->version = (char *) API_VERSION;
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

static bool
is_path(const request *req, const char *path)
{
	return slice_eq(req->path, (slice) {path, strlen(path)});
}

bool
service_plain(request *req)
{
	if (!slice_eq(req->method, SLICE_LIT("GET")))
		return false;
	if (is_path(req, "/"))
		request_answer_rest(req, 200, "application/json", NULL, 0,
							SLICE_LIT("{\"title\":\"" API_TITLE
									  "\",\"version\":\"" API_VERSION "\"}"));
	else if (is_path(req, "/healthz") || is_path(req, "/livez"))
		request_answer_rest(req, 200, text_plain, NULL, 0,
							SLICE_LIT("healthz check passed"));
	else if (!is_path(req, "/readyz"))
		return false;
	else if (pg_pool_ready(req->worker->pool))
		request_answer_rest(req, 200, text_plain, NULL, 0,
							SLICE_LIT("all shards are ready"));
	else
		request_answer_rest(req, 503, text_plain, NULL, 0,
							SLICE_LIT("some shards are not ready"));
	return true;
}
