/*
 * h1_conn.c
 *		The life of HTTP/1.1 requests on a connection, one at a time:
 *
 *		HEAD -> BODY -> WAIT (the api layer has it) -> SEND -> HEAD ...
 *
 * While a request waits or its answer is being sent, nothing of the next one
 * is read, so a connection holds one request and one answer at most.  Each
 * phase has its one timeout (set_phase).
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/ioctl.h>

#include "core/budget.h"
#include "core/config.h"
#include "core/log.h"
#include "net/body.h"
#include "net/coding.h"
#include "net/conn.h"
#include "net/h1.h"
#include "net/path.h"
#include "net/response.h"

#define HEAD_SECONDS		5
#define IDLE_SECONDS		5
/* A peer has to send or take so much in one of the last 6 times 5 seconds. */
#define PROGRESS_SECONDS	5
#define PROGRESS_BYTES		1024
#define PROGRESS_STALLS		6
#define GONE_SECONDS		1
#define ARENA_BUDGET		((size_t) 64 << 20)
#define ARENA_PER_BODY		8
#define DIRECT_BYTES		((size_t) 256 * 1024)
#define DISCARD_BYTES		((size_t) 64 * 1024)

typedef enum phase
{
	PHASE_HEAD,
	PHASE_BODY,					/* without a request: what is left of the body
								 * of one that was answered is dropped */
	PHASE_WAIT,
	PHASE_SEND
} phase;

typedef struct h1_conn h1_conn;

/* A request until its answer is sent; in its own arena. */
typedef struct exchange
{
	request		req;			/* first: requests are cast back */
	h1_conn    *hc;				/* NULL: the connection is gone */
	body		body;
	inflater   *inflater;		/* of a compressed body */
	size_t		announced;		/* Content-Length */
	bool		has_data;
	bool		expects_continue;
	bool		is_http_1_0;
} exchange;

struct h1_conn
{
	conn	   *c;
	h1_reader	reader;
	phase phase;
	exchange   *x;
	bool		served;			/* a request was read */
	bool		started;		/* bytes of the next head have come */
	bool		in_input;
	bool		close_after;	/* this answer */
	bool		eof;
	size_t		progress;		/* body or answer bytes since the last look */
	int			stalls;			/* looks in a row that found too few */
	struct iovec out[2];		/* of the answer, what is not sent yet */
};

static void
set_phase(h1_conn *hc, phase to)
{
	static const int seconds[] = {
		[PHASE_HEAD] = IDLE_SECONDS,[PHASE_BODY] = PROGRESS_SECONDS,
		[PHASE_WAIT] = 0,[PHASE_SEND] = PROGRESS_SECONDS
	};
	conn	   *c = hc->c;

	hc->phase = to;
	hc->progress = 0;
	hc->stalls = 0;
	hc->started = false;
	c->holding = to == PHASE_WAIT || to == PHASE_SEND;
	c->deadline_ns = seconds[to] == 0 ? 0
		: now_ns() + SECONDS_NS(seconds[to]);
}

static void
exchange_free(exchange *x)
{
	net		   *n = x->req.worker->net;

	body_free(&x->body);
	arena_destroy(x->req.arena);
	net_request_end(n);
}

/* A request that api does not wait for, or that was answered. */
static void
drop_exchange(h1_conn *hc)
{
	if (hc->x != NULL)
		exchange_free(hc->x);
	hc->x = NULL;
}

/* Answers what could not be read as a request.  hc is gone afterwards. */
static void
refuse(h1_conn *hc, int status)
{
	char		text[300];
	struct iovec iov = {.iov_base = text};

	drop_exchange(hc);
	iov.iov_len = (size_t) snprintf(text, sizeof(text),
									"HTTP/1.1 %d %s\r\ncontent-length: 0\r\n"
									VARY "connection: close\r\n\r\n", status,
									response_reason(status));
	/* Nothing else is on the way, so it fits; else the peer is stuck. */
	conn_write(hc->c, &iov, 1);
	conn_linger(hc->c);
}

/*----------
 * Sending an answer.
 *----------
 */

/* The answer is out: the next request, or the end.  hc may be gone. */
static void
finish_answer(h1_conn *hc)
{
	conn	   *c = hc->c;
	bool		at_end = hc->reader.state == H1_AT_END ||
	hc->reader.state == H1_IN_HEAD;

	drop_exchange(hc);
	conn_watch_write(c, false);
	if (hc->close_after || c->net->draining)
	{
		if (at_end && c->n_kept == 0)
			conn_close(c);
		else
			conn_linger(c);
		return;
	}
	if (hc->reader.state == H1_AT_END)
		h1_init(&hc->reader);
	set_phase(hc, at_end ? PHASE_HEAD : PHASE_BODY);
	if (hc->in_input)
		return;					/* its loop goes on */
	if (hc->eof && c->n_kept == 0)
		conn_close(c);
	else
		conn_resume(c);
}

static void
send_answer(h1_conn *hc)
{
	for (int i = 0; i < 2;)
	{
		struct iovec *v = &hc->out[i];
		ssize_t		n;

		if (v->iov_len == 0)
		{
			i++;
			continue;
		}
		n = conn_write(hc->c, v, 2 - i);
		if (n < 0)
		{
			conn_close(hc->c);
			return;
		}
		if (n == 0)
		{
			conn_watch_write(hc->c, true);
			return;
		}
		hc->progress += (size_t) n;
		for (int j = i; n > 0; j++)
		{
			size_t		part = (size_t) n < hc->out[j].iov_len ? (size_t) n
			: hc->out[j].iov_len;

			if (part == 0)
				continue;
			hc->out[j].iov_base = (char *) hc->out[j].iov_base + part;
			hc->out[j].iov_len -= part;
			n -= (ssize_t) part;
		}
	}
	finish_answer(hc);
}

/* True when the request's body is too far from its end to wait for that. */
static bool
leaves_much_unread(const h1_conn *hc)
{
	switch (hc->reader.state)
	{
		case H1_IN_HEAD:
		case H1_AT_END:
			return false;
		case H1_IN_BODY:
			return hc->reader.left > DISCARD_BYTES ||
				hc->x->expects_continue;
		default:
			return true;
	}
}

void
h1_answer(request * req, int status, const char *content_type,
		  const header * extra, size_t n_extra, slice content)
{
	exchange   *x = (exchange *) req;
	h1_conn    *hc = x->hc;
	response	r = {.status = status,.content_type = content_type,
	.extra = extra,.n_extra = n_extra,.body = content};
	conn	   *c;
	slice		head;

	if (hc == NULL)
	{
		exchange_free(x);
		return;
	}
	c = hc->c;
	if (leaves_much_unread(hc) || c->net->draining)
		hc->close_after = true;
	r.close = hc->close_after;
	r.keep_alive = x->is_http_1_0;
	head = response_head(c->net, req, &r);
	/* The request's own bytes are not needed any more. */
	if (!body_holds(&x->body, content.p))
		body_free(&x->body);
	hc->out[0] = (struct iovec)
	{
		.iov_base = (char *) head.p,.iov_len = head.n
	};
	hc->out[1] = (struct iovec)
	{
		.iov_base = (char *) r.body.p,.iov_len = r.body.n
	};
	conn_enter(c);
	set_phase(hc, PHASE_SEND);
	send_answer(hc);
	conn_leave(c);
}

/*----------
 * Reading a request.
 *----------
 */

/* false when a Content-Encoding is none that we know; x->inflater is set. */
static bool
choose_inflater(exchange *x)
{
	slice		coding = request_header(&x->req, "content-encoding");
	bool		gzip;

	if (coding.n == 0 ||
		(coding.n == 8 && strncasecmp(coding.p, "identity", 8) == 0))
		return true;
	gzip = (coding.n == 4 && strncasecmp(coding.p, "gzip", 4) == 0) ||
		(coding.n == 6 && strncasecmp(coding.p, "x-gzip", 6) == 0);
	if (!gzip && !(coding.n == 7 && strncasecmp(coding.p, "deflate", 7) == 0))
		return false;
	x->inflater = inflater_create(x->req.arena, gzip);
	return true;
}

static void
report_fault(h1_conn *hc, body_fault fault, size_t announced)
{
	exchange   *x = hc->x;

	set_phase(hc, PHASE_WAIT);
	if (fault == BODY_TOO_LARGE)
		hc->close_after = true;
	x->req.worker->callbacks->on_fault(&x->req, fault, announced);
}

static void
send_continue(h1_conn *hc)
{
	static char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct iovec iov = {text, sizeof(text) - 1};

	hc->x->expects_continue = false;
	if (conn_write(hc->c, &iov, 1) < 0)
		conn_close(hc->c);
}

static exchange *
make_exchange(h1_conn *hc, arena * a, const h1_head * head)
{
	exchange   *x = arena_alloc0(a, sizeof(*x));
	request    *req = &x->req;
	header	   *headers = arena_array(a, head->n_headers, sizeof(header));

	memcpy(headers, head->headers, head->n_headers * sizeof(header));
	x->hc = hc;
	x->announced = head->length <= SIZE_MAX ? (size_t) head->length : SIZE_MAX;
	x->expects_continue = head->expects_continue &&
		(head->chunked || head->length > 0);
	x->is_http_1_0 = head->is_http_1_0;
	req->proto = PROTO_REST;
	req->worker = hc->c->w;
	req->arena = a;
	req->method = head->method;
	req->target = head->target;
	req->path = path_normalize(a, head->target);
	req->query = head->query;
	req->headers = headers;
	req->n_headers = head->n_headers;
	req->body = body_finish(&x->body);
	req->start_ns = now_ns();
	req->conn = hc->c;
	req->stream = x;
	net_request_begin(hc->c->net);
	return x;
}

/* What comes after on_head said that it wants the body. */
static void
begin_body(h1_conn *hc)
{
	exchange   *x = hc->x;

	if (!choose_inflater(x))
		report_fault(hc, BODY_UNKNOWN_CODING, 0);
	else if (x->announced > x->req.worker->config->max_request_bytes)
		report_fault(hc, BODY_TOO_LARGE, x->announced);
	else
	{
		set_phase(hc, PHASE_BODY);
		if (x->expects_continue)
			send_continue(hc);
	}
}

static void
take_head(h1_conn *hc)
{
	header		headers[H1_MAX_HEADERS];
	h1_head		head = {.headers = headers};
	arena	   *a = arena_create(ARENA_BUDGET);
	slice		bytes = hc->reader.data;
	char	   *copy = arena_alloc(a, bytes.n);
	int			status;
	exchange   *x;

	memcpy(copy, bytes.p, bytes.n);
	status = h1_parse_head(copy, bytes.n, &head);
	if (status != 0)
	{
		arena_destroy(a);
		refuse(hc, status);
		return;
	}
	h1_expect_body(&hc->reader, &head);
	hc->served = true;
	hc->close_after = !head.keep_alive;
	x = make_exchange(hc, a, &head);
	hc->x = x;
	set_phase(hc, PHASE_BODY);
	if (!budget_left(0))
		report_fault(hc, BODY_NO_MEMORY, 0);
	else if (!response_preflight(&x->req) &&
			 x->req.worker->callbacks->on_head(&x->req) == BODY_READ)
		begin_body(hc);
}

/* Bytes of the body, after inflating. */
static bool
append_body(exchange *x, slice data)
{
	if (!body_reserve(&x->body, data.n, x->announced))
		return false;
	memcpy(x->body.p + x->body.n, data.p, data.n);
	x->body.n += data.n;
	return true;
}

static void
take_data(h1_conn *hc)
{
	exchange   *x = hc->x;
	slice		data = hc->reader.data;
	inflate_result result = INFLATE_OK;
	size_t		limit;

	hc->progress += data.n;
	if (x == NULL)
		return;
	x->has_data = true;
	limit = x->req.worker->config->max_request_bytes;
	if (x->inflater != NULL)
		result = inflater_feed(x->inflater, data, &x->body, limit);
	else if (data.n > limit - x->body.n)
		result = INFLATE_TOO_LARGE;
	else if (!append_body(x, data))
		result = INFLATE_NO_MEMORY;
	if (result == INFLATE_TOO_LARGE)
		report_fault(hc, BODY_TOO_LARGE, 0);
	else if (result == INFLATE_NO_MEMORY)
		report_fault(hc, BODY_NO_MEMORY, 0);
	else if (result == INFLATE_CORRUPT)
		report_fault(hc, BODY_CORRUPT, 0);
}

static void
take_end(h1_conn *hc)
{
	exchange   *x = hc->x;

	if (x == NULL)
	{
		set_phase(hc, PHASE_HEAD);
		return;
	}
	if (x->inflater != NULL && x->has_data &&
		!inflater_complete(x->inflater))
	{
		report_fault(hc, BODY_CORRUPT, 0);
		return;
	}
	x->req.body = body_finish(&x->body);
	if (x->body.n > ARENA_BUDGET / ARENA_PER_BODY)
		arena_set_budget(x->req.arena, x->body.n * ARENA_PER_BODY);
	set_phase(hc, PHASE_WAIT);
	x->req.worker->callbacks->on_body(&x->req);
}

/* More bytes are needed. */
static void
wait_for_more(h1_conn *hc, bool some)
{
	conn	   *c = hc->c;

	if (hc->eof)
		conn_close(c);
	else if (hc->phase == PHASE_HEAD && some && !hc->started)
	{
		hc->started = true;
		c->deadline_ns = now_ns() + SECONDS_NS(HEAD_SECONDS);
	}
}

static size_t
input(conn * c, char *p, size_t n)
{
	h1_conn    *hc = c->state;
	size_t		done = 0;

	hc->in_input = true;
	/* hc is gone when it is not the connection's state any more. */
	while (c->state == hc && !c->closing && !c->holding)
	{
		size_t		used;
		h1_event	event = h1_next(&hc->reader, p + done, n - done, &used);

		done += used;
		if (event == H1_MORE)
		{
			wait_for_more(hc, n > done);
			break;
		}
		if (event == H1_HEAD)
			take_head(hc);
		else if (event == H1_DATA)
			take_data(hc);
		else if (event == H1_END)
			take_end(hc);
		else
			refuse(hc, hc->reader.status);
	}
	if (c->state != hc)
		return n;
	hc->in_input = false;
	return done;
}

/* A body by Content-Length goes straight to where it stays. */
static bool
direct(conn * c, char **p, size_t *n)
{
	h1_conn    *hc = c->state;
	exchange   *x = hc->x;
	size_t		want;

	if (hc->phase !=PHASE_BODY || x == NULL || x->inflater != NULL ||
		hc->reader.state != H1_IN_BODY)
		return false;
	want = hc->reader.left < DIRECT_BYTES ? (size_t) hc->reader.left
		: DIRECT_BYTES;
	if (!body_reserve(&x->body, want, x->announced))
	{
		report_fault(hc, BODY_NO_MEMORY, 0);
		return false;
	}
	*p = x->body.p + x->body.n;
	*n = want;
	return true;
}

static void
took(conn * c, size_t n)
{
	h1_conn    *hc = c->state;
	char		nothing[1];

	hc->progress += n;
	hc->x->body.n += n;
	h1_skip_body(&hc->reader, n);
	if (hc->reader.state == H1_AT_END)
		input(c, nothing, 0);
}

/*----------
 * What else happens to a connection.
 *----------
 */

/*
 * Some programs close their sending side behind the request and still wait
 * for the answer; most that do it have gone away.  So the answer gets a
 * second before the request is called off.
 */
static void
eof(conn * c)
{
	h1_conn    *hc = c->state;

	hc->eof = true;
	if (hc->phase == PHASE_HEAD || hc->phase == PHASE_BODY)
		conn_close(c);
	else if (hc->phase == PHASE_WAIT)
		c->deadline_ns = now_ns() + SECONDS_NS(GONE_SECONDS);
}

static void
writable(conn * c)
{
	send_answer(c->state);
}

static void
tell_gone(exchange *x)
{
	x->req.client_gone = true;
	x->req.worker->callbacks->on_gone(&x->req);
}

/*
 * True when the peer has stood still for too long, which is sooner when memory
 * is short: then others are refused because of what it holds.
 */
static bool
is_stalled(h1_conn *hc)
{
	if (hc->progress >= PROGRESS_BYTES)
		hc->stalls = 0;
	else if (++hc->stalls >= PROGRESS_STALLS || budget_pressed())
		return true;
	hc->progress = 0;
	hc->c->deadline_ns = now_ns() + SECONDS_NS(PROGRESS_SECONDS);
	return false;
}

static void
expired(conn * c)
{
	h1_conn    *hc = c->state;

	switch (hc->phase)
	{
		case PHASE_HEAD:
			if (hc->started || !hc->served)
				refuse(hc, 408);
			else
				conn_close(c);
			break;
		case PHASE_BODY:
			if (!is_stalled(hc))
				break;
			if (hc->x != NULL)
				refuse(hc, 408);
			else
				conn_close(c);	/* its answer is out already */
			break;
		case PHASE_WAIT:
			c->deadline_ns = 0;
			if (hc->eof)
				tell_gone(hc->x);
			break;
		case PHASE_SEND:
			if (is_stalled(hc))
				conn_close(c);
			break;
	}
}

static void
drain(conn * c)
{
	h1_conn    *hc = c->state;
	int			unread = 0;

	/* A request that has arrived already is still served. */
	hc->close_after = true;
	if (hc->phase == PHASE_HEAD && !hc->started &&
		(ioctl(c->fd, FIONREAD, &unread) != 0 || unread == 0))
		conn_close(c);
}

static void
closed(conn * c)
{
	h1_conn    *hc = c->state;
	exchange   *x = hc->x;
	bool		waits = hc->phase == PHASE_WAIT;

	if (x != NULL && waits)
	{
		bool		told = x->req.client_gone;

		x->hc = NULL;
		x->req.conn = NULL;
		free(hc);
		if (!told)
			tell_gone(x);
		return;
	}
	drop_exchange(hc);
	free(hc);
}

static const conn_ops h1_ops = {
	.input = input,.direct = direct,.took = took,.eof = eof,
	.writable = writable,.expired = expired,.drain = drain,.closed = closed
};

void
h1_conn_open(conn * c)
{
	h1_conn    *hc = calloc(1, sizeof(*hc));

	if (hc == NULL)
		log_fatal("out of memory");
	hc->c = c;
	h1_init(&hc->reader);
	c->ops = &h1_ops;
	c->state = hc;
	set_phase(hc, PHASE_HEAD);
}
