/*
 * net_loop.c
 *		A worker with one connection over a socket pair.
 */
#include "harness/net_loop.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/budget.h"
#include "core/config.h"
#include "net/conn.h"
#include "net/static.h"

#define MAX_LATER	4096

static request *later[MAX_LATER];
static int	n_later;
static config settings =
{
	.max_request_bytes = 10000,.max_grpc_bytes = 20000
};

static char
last_letter(const request *req)
{
	return req->path.n > 0 ? req->path.p[req->path.n - 1] : 'a';
}

static void
answer(request *req)
{
	header		extra = {SLICE_LIT("x-extra"), SLICE_LIT("1")};

	/* Reads all of the body and its padding. */
	for (size_t i = 0; i < 64; i++)
		if (req->body.p[req->body.n + i] != 0)
			abort();
	if (req->proto == PROTO_REST)
		request_answer_rest(req, 200, "text/plain", &extra, 1, req->body);
	else if (last_letter(req) == 'e')
		request_answer_grpc(req, 5, req->path, &extra, 1, slice_of(NULL, 0));
	else
		request_answer_grpc(req, 0, slice_of(NULL, 0), &extra, 1, req->body);
}

static body_policy
on_head(request *req)
{
	if (last_letter(req) != 'b')
		return BODY_READ;
	if (req->proto == PROTO_REST && static_is_path(req->path))
		static_answer(req);
	else if (req->proto == PROTO_REST)
		request_answer_rest(req, 401, NULL, NULL, 0, SLICE_LIT("no"));
	else
		request_answer_grpc(req, 16, SLICE_LIT("no"), NULL, 0,
							slice_of(NULL, 0));
	return BODY_ANSWERED;
}

static void
on_body(request *req)
{
	if ((last_letter(req) == 'l' || last_letter(req) == 'n') &&
		n_later < MAX_LATER)
		later[n_later++] = req;
	else
		answer(req);
}

static void
on_fault(request *req, body_fault fault, size_t announced)
{
	request_answer_rest(req, 400, "text/plain", NULL, 0, SLICE_LIT("fault"));
}

static void
on_gone(request *req)
{
	if (!req->client_gone)
		abort();
	for (int i = 0; i < n_later; i++)
		if (later[i] == req && last_letter(req) == 'n')
		{
			later[i] = later[--n_later];
			answer(req);
			return;
		}
}

static const net_callbacks callbacks = {
	.on_head = on_head,.on_body = on_body,.on_fault = on_fault,
	.on_gone = on_gone
};

static worker w =
{
	.config = &settings,.callbacks = &callbacks
};

static void
turn(int peer)
{
	static char answers[65536];

	event_base_loop(w.base, EVLOOP_NONBLOCK);
	while (peer >= 0 && recv(peer, answers, sizeof(answers), MSG_DONTWAIT) > 0)
		event_base_loop(w.base, EVLOOP_NONBLOCK);
}

static void
answer_later(int peer)
{
	while (n_later > 0)
	{
		answer(later[--n_later]);
		turn(peer);
	}
}

static void
start(void)
{
	signal(SIGPIPE, SIG_IGN);	/* as main.c does */
	settings.static_dir = "corpus";
	w.base = event_base_new();
	if (w.base == NULL)
		abort();
	net_open(&w);
}

void
net_loop_run(protocol proto, slice bytes, unsigned int seed)
{
	size_t		used;
	int			pair[2];

	if (w.base == NULL)
		start();
	used = budget_used();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0)
		abort();
	atomic_store(&w.connections, 1);
	net_accept(&w, pair[0], proto);
	while (bytes.n > 0)
	{
		size_t		n = 1 + (size_t) rand_r(&seed) % bytes.n;
		ssize_t		sent = send(pair[1], bytes.p, n, MSG_NOSIGNAL);

		turn(pair[1]);
		if (sent <= 0)
			break;
		bytes = slice_of(bytes.p + sent, bytes.n - (size_t) sent);
		if (rand_r(&seed) % 4 == 0)
			answer_later(pair[1]);
	}
	if (seed & 1)
		answer_later(pair[1]);
	close(pair[1]);
	turn(-1);
	answer_later(-1);
	/* A request that waits for its eof's second to pass has been answered. */
	while (((net *) w.net)->conns != NULL)
		conn_close(((net *) w.net)->conns);
	if (((net *) w.net)->requests != 0 || budget_used() != used ||
		atomic_load(&w.connections) != 0)
		abort();
}
