/*
 * request.c
 *		What the api layer asks of a request.
 */
#include "net/request.h"

#include <time.h>

#include "net/conn.h"

slice
request_header(const request *req, const char *lower_name)
{
	slice		name = slice_text(lower_name);

	for (size_t i = 0; i < req->n_headers; i++)
		if (slice_eq(req->headers[i].name, name))
			return req->headers[i].value;
	return slice_of(NULL, 0);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

slice
header_list_next(slice *list, char separator)
{
	const char *end = memchr(list->p, separator, list->n);
	size_t		n = end != NULL ? (size_t) (end - list->p) : list->n;
	slice		part = slice_of(list->p, n);

	n += end != NULL;
	*list = slice_of(list->p + n, list->n - n);
	while (part.n > 0 && is_blank(*part.p))
		part = slice_of(part.p + 1, part.n - 1);
	while (part.n > 0 && is_blank(part.p[part.n - 1]))
		part.n--;
	return part;
}

uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

void
request_answer_rest(request *req, int status, const char *content_type,
					const header *extra, size_t n_extra, slice body)
{
	h1_answer(req, status, content_type, extra, n_extra, body);
}

void
request_answer_grpc(request *req, int code, slice text,
					const header *trailers, size_t n_trailers, slice message)
{
	h2_answer(req, code, text, trailers, n_trailers, message);
}
