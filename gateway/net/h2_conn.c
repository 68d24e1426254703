/*
 * h2_conn.c
 *		gRPC calls on HTTP/2 connections, over nghttp2.
 *
 * nghttp2 keeps the protocol; here a stream becomes a request and its answer
 * becomes frames.  Windows are opened only as bytes are taken (1 MiB per
 * stream, 4 MiB per connection), nothing is read while the peer does not take
 * what was written, and MAX_INFLIGHT bounds what a peer that opens and resets
 * streams can leave running.
 */
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/budget.h"
#include "core/config.h"
#include "core/log.h"
#include "net/coding.h"
#include "net/conn.h"
#include "net/grpc.h"

#define MAX_STREAMS			100
#define MAX_INFLIGHT		200 /* with calls whose streams are gone */
#define STREAM_WINDOW		(1024 * 1024)
#define CONNECTION_WINDOW	(4 * 1024 * 1024)
#define MAX_HEADERS			100
#define MAX_HEADER_BYTES	((size_t) 64 * 1024)
#define MAX_CONTINUATIONS	16
#define RESET_BURST			200 /* streams the peer may reset at once ... */
#define RESET_RATE			50	/* ... and per second then */
#define MAX_ACKS			1000	/* answers to PING and SETTINGS unsent */
#define OUT_SIZE			((size_t) 64 * 1024)
#define PREFACE_SECONDS		5
#define IDLE_SECONDS		300
#define STALL_SECONDS		30
#define UPLOAD_SECONDS		60
#define PRESSED_SECONDS		5	/* instead of both when memory is short */
#define ARENA_BUDGET		((size_t) 64 << 20)
#define ARENA_PER_BODY		8

typedef struct h2_conn h2_conn;

/* A call until its stream is closed and it was answered; in its own arena. */
typedef struct call
{
	request		req;			/* first: requests are cast back */
	h2_conn    *hc;				/* NULL: the stream is gone */
	h2_conn    *owner;			/* where the call counts while api has it */
	struct call *prev;
	struct call *next;
	int32_t		id;
	header	   *headers;
	size_t		n_headers;
	size_t		headers_size;	/* of the array */
	size_t		header_bytes;
	int			http_status;	/* that refuses the call; 0 = none */
	grpc_reader reader;
	bool		at_api;			/* on_body was called: api will answer */
	bool		answered;
	bool		ended;			/* the peer has sent its last frame */
	bool		was_compressed; /* the request message */
	int			code;
	char		prefix[GRPC_PREFIX];
	slice		message;		/* of the answer */
	size_t		sent;			/* prefix and message */
	uint64_t	progress_ns;	/* when bytes of it came or went last */
	nghttp2_nv *trailers;
	size_t		n_trailers;
} call;

struct h2_conn
{
	conn	   *c;
	nghttp2_session *session;
	call	   *calls;			/* whose streams are open */
	int			at_api;			/* calls that api has, also those whose
								 * streams are gone: they keep this struct */
	bool		closed;
	bool		in_session;		/* inside nghttp2: it may not be entered */
	bool		seen_settings;
	uint64_t	opened_ns;
	uint64_t	input_ns;		/* when bytes came last */
	uint64_t	stalled_ns;		/* since when the socket takes nothing */
	char	   *out;			/* written by nghttp2, not by the socket yet */
	size_t		out_start;
	size_t		out_n;
};

static nghttp2_nv
make_nv(slice name, slice value)
{
	return (nghttp2_nv)
	{
		.name = (uint8_t *) name.p,.namelen = name.n,
			.value = (uint8_t *) value.p,.valuelen = value.n,
			.flags = NGHTTP2_NV_FLAG_NONE
	};
}

/*----------
 * A call's life.
 *----------
 */

static call *
call_create(h2_conn *hc, int32_t id)
{
	arena	   *a = arena_create(ARENA_BUDGET);
	call	   *s = arena_alloc0(a, sizeof(*s));

	s->hc = hc;
	s->owner = hc;
	s->progress_ns = now_ns();
	s->id = id;
	s->req.proto = PROTO_GRPC;
	s->req.worker = hc->c->w;
	s->req.arena = a;
	s->req.conn = hc->c;
	s->req.stream = s;
	s->next = hc->calls;
	if (hc->calls != NULL)
		hc->calls->prev = s;
	hc->calls = s;
	net_request_begin(hc->c->net);
	return s;
}

static void
release(h2_conn *hc)
{
	if (hc->closed && hc->at_api == 0)
		free(hc);
}

static void
call_free(call *s)
{
	net		   *n = s->req.worker->net;

	body_free(&s->reader.body);
	arena_destroy(s->req.arena);
	net_request_end(n);
}

/* The stream is gone; what api has stays until it answers. */
static void
call_detach(call *s)
{
	h2_conn    *hc = s->hc;

	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		hc->calls = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	s->hc = NULL;
	s->req.conn = NULL;
	if (!s->at_api || s->answered)
	{
		call_free(s);
		return;
	}
	s->req.client_gone = true;
	s->req.worker->callbacks->on_gone(&s->req);
}

/*----------
 * Writing.
 *----------
 */

/* Offers what is in hc->out; false when the socket is full or closed. */
static bool
write_out(h2_conn *hc)
{
	while (hc->out_n > 0)
	{
		struct iovec iov = {hc->out + hc->out_start, hc->out_n};
		ssize_t		n = conn_write(hc->c, &iov, 1);

		if (n < 0)
		{
			conn_close(hc->c);
			return false;
		}
		if (n == 0)
		{
			if (!hc->c->writing)
				hc->stalled_ns = now_ns();
			hc->c->holding = true;
			conn_watch_write(hc->c, true);
			return false;
		}
		hc->stalled_ns = now_ns();
		hc->out_start += (size_t) n;
		hc->out_n -= (size_t) n;
	}
	hc->out_start = 0;
	hc->c->holding = false;
	conn_watch_write(hc->c, false);
	return true;
}

/* Frames until there are none or the socket takes no more. */
static void
flush(h2_conn *hc)
{
	conn	   *c = hc->c;

	while (!c->closing && write_out(hc))
	{
		const uint8_t *p;
		ssize_t		n;

		if (hc->out == NULL && (hc->out = malloc(OUT_SIZE)) == NULL)
			log_fatal("out of memory");
		/* A frame is at most 16 KiB and its head: there is room for one more. */
		hc->in_session = true;
		while (hc->out_n < OUT_SIZE / 2 &&
			   (n = nghttp2_session_mem_send(hc->session, &p)) > 0)
		{
			if ((size_t) n > OUT_SIZE - hc->out_n)
				log_fatal("nghttp2 made a frame of %zd bytes", n);
			memcpy(hc->out + hc->out_n, p, (size_t) n);
			hc->out_n += (size_t) n;
		}
		hc->in_session = false;
		if (hc->out_n == 0)
			break;
	}
	if (c->closing || hc->out_n > 0)
		return;
	if ((!nghttp2_session_want_read(hc->session) &&
		 !nghttp2_session_want_write(hc->session)) ||
		(c->net->draining && hc->calls == NULL))
		conn_linger(c);
}

/* Fails only for a stream that is gone, whose call then ends with it. */
static void
submitted(h2_conn *hc, int result)
{
	if (result == NGHTTP2_ERR_NOMEM)
		log_fatal("out of memory");
	if (result != 0)
		log_debug("nghttp2: %s", nghttp2_strerror(result));
}

/* nghttp2 asks for the next bytes of an answer. */
static ssize_t
read_answer(nghttp2_session *session, int32_t id, uint8_t *out, size_t size,
			uint32_t *flags, nghttp2_data_source * source, void *arg)
{
	call	   *s = source->ptr;
	size_t		total = GRPC_PREFIX + s->message.n;
	size_t		n = 0;

	s->progress_ns = now_ns();
	while (n < size && s->sent < GRPC_PREFIX)
		out[n++] = (uint8_t) s->prefix[s->sent++];
	if (n < size && s->sent < total)
	{
		size_t		part = total - s->sent < size - n ? total - s->sent
		: size - n;

		memcpy(out + n, s->message.p + (s->sent - GRPC_PREFIX), part);
		n += part;
		s->sent += part;
	}
	if (s->sent == total)
	{
		*flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
		submitted(s->hc, nghttp2_submit_trailer(session, id, s->trailers,
												s->n_trailers));
	}
	return (ssize_t) n;
}

/* The status, its text and the extra trailers; n_extra more fit before. */
static void
make_trailers(call *s, int code, slice text, const header * extra,
			  size_t n_extra)
{
	arena	   *a = s->req.arena;
	nghttp2_nv *nv = arena_array(a, n_extra + 3, sizeof(*nv));
	char	   *number = arena_printf(a, "%d", code);
	size_t		n = 0;

	/* A trailers-only answer puts its content-type first. */
	nv[n++] = make_nv(SLICE_LIT("content-type"),
					  SLICE_LIT("application/grpc"));
	nv[n++] = make_nv(SLICE_LIT("grpc-status"),
					  slice_text(number));
	if (text.n > 0)
		nv[n++] = make_nv(SLICE_LIT("grpc-message"),
						  grpc_encode_text(a, text));
	for (size_t i = 0; i < n_extra; i++)
		nv[n++] = make_nv(extra[i].name, extra[i].value);
	s->trailers = nv;
	s->n_trailers = n;
}

static void
submit_error(call *s)
{
	nghttp2_nv *nv = arena_array(s->req.arena, s->n_trailers + 1,
								 sizeof(*nv));

	nv[0] = make_nv(SLICE_LIT(":status"), SLICE_LIT("200"));
	memcpy(nv + 1, s->trailers, s->n_trailers * sizeof(*nv));
	submitted(s->hc, nghttp2_submit_response(s->hc->session, s->id, nv,
											 s->n_trailers + 1, NULL));
}

/*
 * Compressed only for a client that compresses itself: all of them advertise
 * gzip, but over a fast network most have no use for it.
 */
static bool
should_compress(const call *s)
{
	return s->was_compressed &&
		coding_wants_gzip(request_header(&s->req, "grpc-accept-encoding"),
						  s->message.n);
}

static void
submit_message(call *s)
{
	bool		compress = should_compress(s);
	nghttp2_data_provider provider = {.source.ptr = s,
	.read_callback = read_answer};
	nghttp2_nv	nv[4];
	size_t		n = 0;

	if (compress)
		s->message = deflater_gzip(s->hc->c->net->deflater, s->req.arena,
								   s->message);
	grpc_write_prefix(s->prefix, compress, (uint32_t) s->message.n);
	nv[n++] = make_nv(SLICE_LIT(":status"), SLICE_LIT("200"));
	nv[n++] = make_nv(SLICE_LIT("content-type"),
					  SLICE_LIT("application/grpc"));
	nv[n++] = make_nv(SLICE_LIT("grpc-accept-encoding"),
					  SLICE_LIT("gzip,deflate,identity"));
	if (compress)
		nv[n++] = make_nv(SLICE_LIT("grpc-encoding"), SLICE_LIT("gzip"));
	/* The content-type is in the head already. */
	s->trailers++;
	s->n_trailers--;
	submitted(s->hc, nghttp2_submit_response(s->hc->session, s->id, nv, n,
											 &provider));
}

void
h2_answer(request * req, int code, slice text, const header * trailers,
		  size_t n_trailers, slice message)
{
	call	   *s = (call *) req;
	h2_conn    *hc = s->hc;
	conn	   *c;

	if (s->answered)
		return;
	s->answered = true;
	s->progress_ns = now_ns();
	if (s->at_api)
		s->owner->at_api--;
	if (hc == NULL)
	{
		release(s->owner);
		call_free(s);
		return;
	}
	c = hc->c;
	if (code == GRPC_OK && message.n > UINT32_MAX)
	{
		code = GRPC_RESOURCE_EXHAUSTED;
		text = SLICE_LIT("The answer is larger than a message can be");
	}
	/* The request's own bytes are not needed any more. */
	if (!body_holds(&s->reader.body, message.p))
		body_free(&s->reader.body);
	s->message = message;
	make_trailers(s, code, text, trailers, n_trailers);
	if (code == GRPC_OK)
		submit_message(s);
	else
		submit_error(s);
	if (hc->in_session || c->closing)
		return;					/* flushed when nghttp2 returns, or never */
	conn_enter(c);
	flush(hc);
	conn_leave(c);
}

static void
answer_status(call *s, grpc_status status)
{
	h2_answer(&s->req, status.code, slice_text(status.text),
			  NULL, 0, slice_of(NULL, 0));
}

/* Not a gRPC call: an HTTP status says so. */
static void
answer_http_status(call *s, int status)
{
	char	   *number = arena_printf(s->req.arena, "%d", status);
	nghttp2_nv	nv = make_nv(SLICE_LIT(":status"), slice_of(number, 3));

	s->answered = true;
	submitted(s->hc, nghttp2_submit_response(s->hc->session, s->id, &nv, 1,
											 NULL));
}

/*----------
 * nghttp2's callbacks.
 *----------
 */

static int
on_begin_headers(nghttp2_session *session, const nghttp2_frame * frame,
				 void *arg)
{
	h2_conn    *hc = arg;
	call	   *s;

	if (frame->hd.type != NGHTTP2_HEADERS ||
		frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	if (hc->at_api >= MAX_INFLIGHT || !budget_left(0))
	{
		submitted(hc, nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE,
												frame->hd.stream_id,
												NGHTTP2_REFUSED_STREAM));
		return 0;
	}
	s = call_create(hc, frame->hd.stream_id);
	nghttp2_session_set_stream_user_data(session, s->id, s);
	return 0;
}

static void
add_header(call *s, slice name, slice value)
{
	header	   *h;

	if (s->n_headers == s->headers_size)
	{
		size_t		size = s->headers_size == 0 ? 16 : 2 * s->headers_size;
		header	   *larger = arena_array(s->req.arena, size, sizeof(header));

		if (s->n_headers > 0)
			memcpy(larger, s->headers, s->n_headers * sizeof(header));
		s->headers = larger;
		s->headers_size = size;
	}
	h = &s->headers[s->n_headers++];
	h->name = slice_of(arena_strdup(s->req.arena, name), name.n);
	h->value = slice_of(arena_strdup(s->req.arena, value), value.n);
}

static int
on_header(nghttp2_session *session, const nghttp2_frame * frame,
		  const uint8_t *name, size_t n_name, const uint8_t *value,
		  size_t n_value, uint8_t flags, void *arg)
{
	call	   *s = nghttp2_session_get_stream_user_data(session,
														 frame->hd.stream_id);
	slice		key = slice_of((const char *) name, n_name);
	slice		text = slice_of((const char *) value, n_value);

	if (s == NULL || s->http_status != 0 ||
		frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	s->header_bytes += n_name + n_value;
	if (s->header_bytes > MAX_HEADER_BYTES || s->n_headers >= MAX_HEADERS)
		s->http_status = 431;
	else if (n_name > 0 && name[0] != ':')
		add_header(s, key, text);
	else if (slice_eq(key, SLICE_LIT(":path")))
		s->req.path = slice_of(arena_strdup(s->req.arena, text), n_value);
	else if (slice_eq(key, SLICE_LIT(":method")) &&
			 !slice_eq(text, SLICE_LIT("POST")))
		s->http_status = 405;
	return 0;
}

static void
set_deadline(call *s)
{
	slice		timeout = request_header(&s->req, "grpc-timeout");
	uint64_t	ns;

	if (timeout.n == 0)
		return;
	if (!grpc_parse_timeout(timeout, &ns))
		h2_answer(&s->req, GRPC_INVALID_ARGUMENT,
				  SLICE_LIT("grpc-timeout is malformed"), NULL, 0,
				  slice_of(NULL, 0));
	else if (__builtin_add_overflow(s->req.start_ns, ns, &s->req.deadline_ns))
		s->req.deadline_ns = 0;
}

static bool
is_known_encoding(slice encoding)
{
	return encoding.n == 0 || slice_eq(encoding, SLICE_LIT("identity")) ||
		slice_eq(encoding, SLICE_LIT("gzip")) ||
		slice_eq(encoding, SLICE_LIT("deflate"));
}

static void
take_head(call *s)
{
	request    *req = &s->req;

	req->method = SLICE_LIT("POST");
	req->headers = s->headers;
	req->n_headers = s->n_headers;
	req->body = body_finish(&s->reader.body);
	req->start_ns = now_ns();
	if (s->http_status == 0 &&
		!grpc_is_content_type(request_header(req, "content-type")))
		s->http_status = 415;
	if (s->http_status != 0)
	{
		answer_http_status(s, s->http_status);
		return;
	}
	if (!is_known_encoding(request_header(req, "grpc-encoding")))
	{
		header		accepted = {SLICE_LIT("grpc-accept-encoding"),
		SLICE_LIT("gzip,deflate,identity")};

		h2_answer(req, GRPC_UNIMPLEMENTED,
				  SLICE_LIT("This grpc-encoding is not supported"), &accepted,
				  1, slice_of(NULL, 0));
		return;
	}
	set_deadline(s);
	if (!s->answered)
		req->worker->callbacks->on_head(req);
}

static void
give_to_api(call *s)
{
	s->at_api = true;
	s->owner->at_api++;
	s->req.worker->callbacks->on_body(&s->req);
}

static void
take_end(call *s)
{
	grpc_status status;
	size_t		limit = s->req.worker->config->max_grpc_bytes;

	s->ended = true;
	if (s->answered)
		return;
	s->was_compressed = s->reader.compressed;
	status = grpc_finish(&s->reader, s->req.arena,
						 request_header(&s->req, "grpc-encoding"), limit,
						 &s->req.body);
	if (status.code != GRPC_OK)
	{
		answer_status(s, status);
		return;
	}
	if (s->req.body.n > ARENA_BUDGET / ARENA_PER_BODY)
		arena_set_budget(s->req.arena, s->req.body.n * ARENA_PER_BODY);
	give_to_api(s);
}

static int
on_frame_recv(nghttp2_session *session, const nghttp2_frame * frame, void *arg)
{
	h2_conn    *hc = arg;
	call	   *s;

	if (frame->hd.type == NGHTTP2_SETTINGS)
		hc->seen_settings = true;
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	if (s == NULL)
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS &&
		frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		take_head(s);
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		take_end(s);
	return 0;
}

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t id,
		const uint8_t *p, size_t n, void *arg)
{
	call	   *s = nghttp2_session_get_stream_user_data(session, id);

	submitted(arg, nghttp2_session_consume(session, id, n));
	if (s != NULL && !s->answered)
	{
		grpc_status status = grpc_read(&s->reader,
									   slice_of((const char *) p, n),
									   s->req.worker->config->max_grpc_bytes);

		s->progress_ns = now_ns();
		if (status.code != GRPC_OK)
			answer_status(s, status);
	}
	return 0;
}

/* After the last frame of an early answer the peer need not go on. */
static int
on_frame_send(nghttp2_session *session, const nghttp2_frame * frame, void *arg)
{
	call	   *s;

	if (frame->hd.type != NGHTTP2_HEADERS ||
		(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
		return 0;
	s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	if (s != NULL && !s->ended)
		submitted(arg, nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE,
												 s->id, NGHTTP2_NO_ERROR));
	return 0;
}

static int
on_stream_close(nghttp2_session *session, int32_t id, uint32_t error,
				void *arg)
{
	call	   *s = nghttp2_session_get_stream_user_data(session, id);

	if (s == NULL)
		return 0;
	nghttp2_session_set_stream_user_data(session, id, NULL);
	call_detach(s);
	return 0;
}

/*----------
 * The connection.
 *----------
 */

static size_t
input(conn * c, char *p, size_t n)
{
	h2_conn    *hc = c->state;
	ssize_t		used;

	if (c->holding)
		return 0;
	hc->input_ns = now_ns();
	hc->in_session = true;
	used = nghttp2_session_mem_recv(hc->session, (uint8_t *) p, n);
	hc->in_session = false;
	if (used < 0)
	{
		log_debug("nghttp2: %s", nghttp2_strerror((int) used));
		conn_close(c);
		return n;
	}
	flush(hc);
	return n;
}

static void
eof(conn * c)
{
	conn_close(c);
}

static void
writable(conn * c)
{
	h2_conn    *hc = c->state;

	flush(hc);
	if (c->state == hc && !c->closing && !c->holding)
		conn_resume(c);
}

/* Resets the streams whose peer neither sends nor takes anything. */
static void
reset_stalled(h2_conn *hc, uint64_t now)
{
	for (call *s = hc->calls; s != NULL; s = s->next)
	{
		int			seconds = budget_pressed() ? PRESSED_SECONDS
		: s->answered ? STALL_SECONDS : UPLOAD_SECONDS;

		if ((s->answered || !s->ended) &&
			now - s->progress_ns > SECONDS_NS(seconds))
			submitted(hc, nghttp2_submit_rst_stream(hc->session,
													NGHTTP2_FLAG_NONE, s->id,
													NGHTTP2_CANCEL));
	}
}

/* Every second. */
static void
expired(conn * c)
{
	h2_conn    *hc = c->state;
	uint64_t	now = now_ns();

	int			seconds = budget_pressed() ? PRESSED_SECONDS : STALL_SECONDS;

	if ((c->writing && now - hc->stalled_ns > SECONDS_NS(seconds)) ||
		(!hc->seen_settings &&
		 now - hc->opened_ns > SECONDS_NS(PREFACE_SECONDS)))
	{
		conn_close(c);
		return;
	}
	reset_stalled(hc, now);
	if (hc->calls == NULL && hc->out_n == 0)
	{
		/* Most connections are idle most of the time. */
		free(hc->out);
		hc->out = NULL;
	}
	if (hc->calls == NULL && now - hc->input_ns > SECONDS_NS(IDLE_SECONDS))
		nghttp2_session_terminate_session(hc->session, NGHTTP2_NO_ERROR);
	flush(hc);
}

static void
drain(conn * c)
{
	h2_conn    *hc = c->state;
	int32_t		last = nghttp2_session_get_last_proc_stream_id(hc->session);

	submitted(hc, nghttp2_submit_goaway(hc->session, NGHTTP2_FLAG_NONE, last,
										NGHTTP2_NO_ERROR, NULL, 0));
	flush(hc);
}

static void
closed(conn * c)
{
	h2_conn    *hc = c->state;

	hc->at_api++;				/* hc stays until here */
	while (hc->calls != NULL)
		call_detach(hc->calls);
	hc->at_api--;
	nghttp2_session_del(hc->session);
	free(hc->out);
	hc->closed = true;
	release(hc);
}

static const conn_ops h2_ops = {
	.input = input,.eof = eof,.writable = writable,.expired = expired,
	.drain = drain,.closed = closed
};

static nghttp2_session *
make_session(h2_conn *hc)
{
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *options;
	nghttp2_session *session;

	if (nghttp2_session_callbacks_new(&callbacks) != 0 ||
		nghttp2_option_new(&options) != 0)
		log_fatal("out of memory");
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks,
															on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks,
														 on_frame_recv);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks,
															  on_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks,
														 on_frame_send);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks,
														   on_stream_close);
	nghttp2_option_set_no_auto_window_update(options, 1);
	nghttp2_option_set_max_outbound_ack(options, MAX_ACKS);
	nghttp2_option_set_stream_reset_rate_limit(options, RESET_BURST,
											   RESET_RATE);
	nghttp2_option_set_max_continuations(options, MAX_CONTINUATIONS);
	if (nghttp2_session_server_new2(&session, callbacks, hc, options) != 0)
		log_fatal("out of memory");
	nghttp2_option_del(options);
	nghttp2_session_callbacks_del(callbacks);
	return session;
}

void
h2_conn_open(conn * c)
{
	static const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MAX_STREAMS},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, MAX_HEADER_BYTES},
	};
	h2_conn    *hc = calloc(1, sizeof(*hc));

	if (hc == NULL)
		log_fatal("out of memory");
	hc->c = c;
	hc->session = make_session(hc);
	hc->opened_ns = hc->input_ns = now_ns();
	c->ops = &h2_ops;
	c->state = hc;
	c->deadline_ns = 1;			/* a look every second */
	submitted(hc, nghttp2_submit_settings(hc->session, NGHTTP2_FLAG_NONE,
										  settings, 3));
	submitted(hc, nghttp2_session_set_local_window_size(hc->session,
														NGHTTP2_FLAG_NONE, 0,
														CONNECTION_WINDOW));
	flush(hc);
}
