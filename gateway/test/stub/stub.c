/*
 * stub.c
 *		An api layer without PostgreSQL: what net/ is tested and measured
 *		with.  REST: "METHOD path?query body" comes back as text; /size/N
 *		answers N bytes, /slow a second later, /never not at all before the
 *		client is gone, /early without reading the body.  gRPC: the message
 *		comes back; /slow and /never as above, /error/N answers code N.
 */
#include <event2/event.h>
#include <stdlib.h>

#include "api/api.h"
#include "core/log.h"
#include "net/static.h"
#include "worker.h"

extern const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=1:abort_on_error=1";
}

static bool
starts_with(slice s, const char *prefix)
{
	return s.n >= strlen(prefix) && memcmp(s.p, prefix, strlen(prefix)) == 0;
}

static long
number_after(request *req, const char *prefix)
{
	return strtol(arena_strdup(req->arena, req->path) + strlen(prefix), NULL,
				  10);
}

static void
answer(request *req)
{
	buf			b;

	buf_init(&b, req->arena, req->body.n + 256);
	if (req->proto == PROTO_GRPC)
	{
		if (starts_with(req->path, "/error/"))
			request_answer_grpc(req, (int) number_after(req, "/error/"),
								SLICE_LIT("50% \xc3\xa4\n"), NULL, 0,
								slice_of(NULL, 0));
		else if (req->body.n > 0)
			request_answer_grpc(req, 0, slice_of(NULL, 0), NULL, 0, req->body);
		else
			request_answer_grpc(req, 0, slice_of(NULL, 0), NULL, 0,
								SLICE_LIT("hello"));
		return;
	}
	if (starts_with(req->path, "/size/"))
	{
		size_t		n = (size_t) number_after(req, "/size/");

		memset(buf_reserve(&b, n), 'x', n);
		b.n = n;
	}
	else
	{
		buf_add(&b, req->method.p, req->method.n);
		buf_addc(&b, ' ');
		buf_add(&b, req->path.p, req->path.n);
		buf_addc(&b, '?');
		buf_add(&b, req->query.p, req->query.n);
		buf_addc(&b, ' ');
		buf_add(&b, req->body.p, req->body.n);
	}
	request_answer_rest(req, 200, "application/json", NULL, 0, buf_slice(&b));
}

static void
answer_later(evutil_socket_t fd, short what, void *arg)
{
	answer(arg);
}

static body_policy
on_head(request *req)
{
	if (req->proto == PROTO_REST && static_is_path(req->path))
		static_answer(req);
	else if (req->proto == PROTO_REST && starts_with(req->path, "/early"))
		request_answer_rest(req, 401, NULL, NULL, 0, SLICE_LIT("no"));
	else
		return BODY_READ;
	return BODY_ANSWERED;
}

static void
on_body(request *req)
{
	struct timeval second = {.tv_sec = 1};

	for (int i = 0; i < 64; i++)
		if (req->body.p[req->body.n + i] != 0)
			log_fatal("the body has no padding");
	if (starts_with(req->path, "/slow"))
		event_base_once(req->worker->base, -1, EV_TIMEOUT, answer_later, req,
						&second);
	else if (!starts_with(req->path, "/never"))
		answer(req);
}

static void
on_fault(request *req, body_fault fault, size_t announced)
{
	char	   *text = arena_printf(req->arena, "fault %d, %zu bytes", fault,
									announced);

	request_answer_rest(req, 400, "application/json", NULL, 0,
						slice_of(text, strlen(text)));
}

static void
on_gone(request *req)
{
	log_info("gone: %.*s", (int) req->path.n, req->path.p);
	if (starts_with(req->path, "/never"))
		answer(req);
}

const net_callbacks api_callbacks = {
	.on_head = on_head,.on_body = on_body,.on_fault = on_fault,
	.on_gone = on_gone
};

void
api_worker_open(struct worker *w)
{
}

void
api_worker_close(struct worker *w)
{
}
