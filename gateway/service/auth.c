/*
 * auth.c
 *		The API key: header api-key, else Authorization: Bearer.
 */
#include <string.h>

#include "core/config.h"
#include "service/auth.h"
#include "worker.h"

static bool
starts_with(slice s, const char *prefix)
{
	size_t		n = strlen(prefix);

	return s.n >= n && memcmp(s.p, prefix, n) == 0;
}

static bool
equals(slice s, const char *text)
{
	return slice_eq(s, (slice) {text, strlen(text)});
}

/* What answers without a key: rest-api.md 1.4, grpc-api.md 1. */
static bool
is_exempt(const request *req)
{
	if (req->proto == PROTO_GRPC)
		return equals(req->path, "/qdrant.Qdrant/HealthCheck") ||
			equals(req->path, "/grpc.health.v1.Health/Check");
	return equals(req->path, "/") || equals(req->path, "/healthz") ||
		starts_with(req->path, "/readyz") ||
		starts_with(req->path, "/livez") ||
		starts_with(req->path, "/dashboard");
}

/* The time tells the given key's length at most, never where it differs. */
static bool
same_key(slice given, const char *key)
{
	size_t		n = strlen(key);
	unsigned char differs = given.n != n;

	for (size_t i = 0; i < given.n; i++)
		differs |= (unsigned char) given.p[i] ^
			(unsigned char) key[n > 0 ? i % n : 0];
	return differs == 0;
}

const char *
auth_refusal(const request *req)
{
	const char *key = req->worker->config->api_key;
	slice		given;

	if (key == NULL || is_exempt(req))
		return NULL;
	given = request_header(req, "api-key");
	if (given.p == NULL)
	{
		given = request_header(req, "authorization");
		if (given.p == NULL || !starts_with(given, "Bearer "))
			return "Must provide an API key or an Authorization bearer token";
		given.p += strlen("Bearer ");
		given.n -= strlen("Bearer ");
	}
	return same_key(given, key) ? NULL : "Invalid API key or JWT";
}
