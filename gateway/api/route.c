/*
 * route.c
 *		Finding the row of a request (route.h).
 */
#include <string.h>

#include "api/route.h"
#include "core/hex.h"

/*
 * Decodes %XX; what is no escape stays.  keep: '/' and '%' stay escaped, so
 * that the segments of a path are what the client meant.
 */
static slice
decode(slice s, bool keep, arena *a)
{
	char	   *out;
	size_t		n = 0;

	if (s.n == 0 || memchr(s.p, '%', s.n) == NULL)
		return s;
	out = arena_alloc(a, s.n);
	for (size_t i = 0; i < s.n; i++)
	{
		int			byte = i + 2 < s.n ? hex_byte(s.p + i + 1) : -1;
		char		c = s.p[i];

		if (c == '%' && byte >= 0)
		{
			c = (char) byte;
			if (keep && (c == '/' || c == '%'))
				c = '%';		/* the two digits follow as they are */
			else
				i += 2;
		}
		out[n++] = c;
	}
	return (slice) {out, n};
}

bool
route_match(const char *pattern, slice path, route_params *params, arena *a)
{
	const char *p = path.p;
	const char *end = path.p + path.n;

	params->n = 0;
	while (*pattern)
	{
		const char *from = p;

		if (*pattern != '{')
		{
			if (p == end || *p != *pattern)
				return false;
			p++;
			pattern++;
			continue;
		}
		while (p < end && *p != '/')
			p++;
		if (p == from || params->n == ROUTE_MAX_PARAMS)
			return false;
		params->value[params->n++] = (slice) {from, (size_t) (p - from)};
		pattern = strchr(pattern, '}') + 1;
	}
	if (p != end)
		return false;
	for (int i = 0; i < params->n; i++)
		params->value[i] = decode(params->value[i], false, a);
	return true;
}

static const rest_route *
find_in(const rest_route *table, slice method, slice path,
		route_params *params, arena *a)
{
	for (const rest_route *r = table; r->pattern != NULL; r++)
		if (slice_is(method, r->method) &&
			route_match(r->pattern, path, params, a))
			return r;
	return NULL;
}

const rest_route *
route_find_rest(slice method, slice path, route_params *params, arena *a)
{
	const rest_route *found;

	path = decode(path, true, a);
	found = find_in(rest_points, method, path, params, a);
	if (found == NULL)
		found = find_in(rest_collections, method, path, params, a);
	return found;
}

const grpc_route *
route_find_grpc(slice path)
{
	const grpc_route *const tables[] = {grpc_points, grpc_collections,
	grpc_health};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const grpc_route *r = tables[i]; r->path != NULL; r++)
			if (slice_is(path, r->path))
				return r;
	return NULL;
}

const later_route *
route_find_later(slice method, slice path, arena *a)
{
	route_params params;

	path = decode(path, true, a);
	for (const later_route *r = later_routes; r->pattern != NULL; r++)
		if ((r->method == NULL ? method.n == 0 : slice_is(method, r->method)) &&
			route_match(r->pattern, path, &params, a))
			return r;
	return NULL;
}
