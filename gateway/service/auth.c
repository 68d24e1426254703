/*
 * auth.c
 *		The API key: header api-key, else Authorization: Bearer.
 */
#include <string.h>

#include "core/config.h"
#include "net/static.h"
#include "service/auth.h"
#include "worker.h"

/* What answers without a key, whether there is one or not. */
static bool
is_exempt(const request *req)
{
	static const char *const grpc[] = {"/qdrant.Qdrant/HealthCheck",
	"/grpc.health.v1.Health/Check", NULL};
	static const char *const rest[] = {"/", "/healthz", "/livez", "/readyz",
	NULL};
	bool		is_rest = req->proto == PROTO_REST;

	for (const char *const *path = is_rest ? rest : grpc; *path; path++)
		if (slice_is(req->path, *path))
			return true;
	return is_rest && static_is_path(req->path);
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
	static const slice bearer = SLICE_LIT("Bearer ");
	const char *key = req->worker->config->api_key;
	slice		given;

	if (key == NULL || is_exempt(req))
		return NULL;
	given = request_header(req, "api-key");
	if (given.p == NULL)
	{
		given = request_header(req, "authorization");
		if (given.n < bearer.n || memcmp(given.p, bearer.p, bearer.n) != 0)
			return "Must provide an API key or an Authorization bearer token";
		given = slice_of(given.p + bearer.n, given.n - bearer.n);
	}
	return same_key(given, key) ? NULL : "Invalid API key or JWT";
}
