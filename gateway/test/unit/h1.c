/*
 * Unit tests of net/h1.c: every input is read whole and cut at every byte,
 * from memory that ends where the input ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "net/h1.h"

#define TRACE_SIZE	400000
#define WINDOW		(1 << 20)

/* What a reader made of an input, as text. */
typedef struct trace
{
	char		text[TRACE_SIZE];
	size_t		n;
	bool		in_data;
} trace;

/* The last bytes before a page that faults. */
static char *window_end;
static trace whole,
			split;

static void
add(trace *t, const char *p, size_t n)
{
	assert_true(t->n + n < TRACE_SIZE);
	memcpy(t->text + t->n, p, n);
	t->n += n;
	t->text[t->n] = '\0';
}

static void
add_slice(trace *t, const char *label, slice s)
{
	add(t, label, strlen(label));
	add(t, s.p, s.n);
	add(t, "\n", 1);
}

static bool
take_head(h1_reader *r, trace *t)
{
	static header headers[H1_MAX_HEADERS];
	static char copy[H1_MAX_HEAD];
	h1_head		head = {.headers = headers};
	char		line[100];
	int			status;

	memcpy(copy, r->data.p, r->data.n);
	status = h1_parse_head(copy, r->data.n, &head);
	if (status != 0)
	{
		h1_fail(r, status);
		return false;
	}
	add_slice(t, "method ", head.method);
	add_slice(t, "target ", head.target);
	add_slice(t, "query ", head.query);
	for (size_t i = 0; i < head.n_headers; i++)
	{
		add_slice(t, "name ", head.headers[i].name);
		add_slice(t, "value ", head.headers[i].value);
	}
	snprintf(line, sizeof(line), "keep %d chunked %d length %llu continue %d\n",
			 head.keep_alive, head.chunked, (unsigned long long) head.length,
			 head.expects_continue);
	add(t, line, strlen(line));
	h1_expect_body(r, &head);
	return true;
}

/* Events of what has arrived; returns how many bytes are done with. */
static size_t
read_some(h1_reader *r, const char *p, size_t n, trace *t)
{
	size_t		done = 0;

	for (;;)
	{
		size_t		used;
		h1_event	event = h1_next(r, p + done, n - done, &used);
		char		line[40];

		done += used;
		if (event == H1_MORE)
			return done;
		if (event == H1_DATA)
		{
			if (!t->in_data)
				add(t, "data ", 5);
			add(t, r->data.p, r->data.n);
			t->in_data = true;
			continue;
		}
		t->in_data = false;
		if (event == H1_HEAD && take_head(r, t))
			continue;
		if (event == H1_END)
		{
			add(t, "end\n", 4);
			continue;
		}
		snprintf(line, sizeof(line), "error %d", r->status);
		add(t, line, strlen(line));
		return n;
	}
}

/* The bytes so far, always at the very end of the window. */
static void
run_pieces(const char *input, size_t n, size_t cut, trace *t)
{
	h1_reader	r;
	size_t		cuts[2] = {cut, n};
	size_t		start = 0;

	*t = (trace)
	{
		.n = 0
	};
	h1_init(&r);
	for (int i = 0; i < 2 && r.state != H1_BROKEN; i++)
	{
		size_t		have = cuts[i] - start;
		char	   *p = window_end - have;

		memcpy(p, input + start, have);
		start += read_some(&r, p, have, t);
	}
}

static const char *
run(const char *input, size_t n)
{
	run_pieces(input, n, n, &whole);
	for (size_t cut = 0; cut <= n; cut += n > 5000 ? 997 : 1)
	{
		run_pieces(input, n, cut, &split);
		if (strcmp(whole.text, split.text) != 0)
			fail_msg("cut at %zu of \"%s\": \"%s\", whole: \"%s\"", cut, input,
					 split.text, whole.text);
	}
	return whole.text;
}

#define RUN(literal)	run(literal, sizeof(literal) - 1)

static void
assert_status(const char *text, int status)
{
	char		expected[20];

	snprintf(expected, sizeof(expected), "error %d", status);
	if (strstr(text, expected) == NULL)
		fail_msg("expected \"%s\" in \"%s\"", expected, text);
}

#define ASSERT_REFUSED(literal, status)	assert_status(RUN(literal), status)

static void
requests_are_read(void **state)
{
	assert_string_equal(RUN("GET /a?b=c HTTP/1.1\r\nHost: x\r\nX-Y:  z \t\r\n\r\n"),
						"method GET\ntarget /a\nquery b=c\nname host\nvalue x\n"
						"name x-y\nvalue z\n"
						"keep 1 chunked 0 length 0 continue 0\nend\n");
	assert_string_equal(RUN("POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc"),
						"method POST\ntarget /\nquery \nname content-length\nvalue 3\n"
						"keep 0 chunked 0 length 3 continue 0\ndata abcend\n");
	assert_non_null(strstr(RUN("GET http://h:1/p?q HTTP/1.1\r\n\r\n"), "target /p\nquery q\n"));
	assert_non_null(strstr(RUN("OPTIONS * HTTP/1.1\r\n\r\n"), "target *\n"));
	assert_non_null(strstr(RUN("\r\n\r\nGET / HTTP/1.1\r\n\r\n"), "end\n"));
	assert_non_null(strstr(RUN("GET / HTTP/1.1\r\nA:\r\n\r\n"), "name a\nvalue \n"));
	assert_non_null(strstr(RUN("PUT / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx"),
						   "length 1 continue 1"));
}

static void
pipelined_requests_are_told_apart(void **state)
{
	assert_string_equal(RUN("POST /1 HTTP/1.1\r\nContent-Length: 2\r\n\r\nab"
							"GET /2 HTTP/1.1\r\nConnection: close\r\n\r\n"),
						"method POST\ntarget /1\nquery \nname content-length\nvalue 2\n"
						"keep 1 chunked 0 length 2 continue 0\ndata abend\n"
						"method GET\ntarget /2\nquery \nname connection\nvalue close\n"
						"keep 0 chunked 0 length 0 continue 0\nend\n");
}

static void
chunks_are_joined(void **state)
{
	assert_non_null(strstr(RUN("POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n"
							   "1\r\na\r\nA;x=\"y\"\r\nbcdefghijk\r\n000\r\nT: v\r\n\r\n"
							   "GET /next HTTP/1.1\r\n\r\n"),
						   "data abcdefghijkend\nmethod GET\ntarget /next"));
}

static void
connection_header_decides(void **state)
{
	assert_non_null(strstr(RUN("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), "keep 1"));
	assert_non_null(strstr(RUN("GET / HTTP/1.1\r\nConnection: te , CLOSE\r\n\r\n"), "keep 0"));
	assert_non_null(strstr(RUN("GET / HTTP/1.1\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n"),
						   "keep 0"));
}

/* The eleven of the design study and their kin. */
static void
smuggling_is_refused(void **state)
{
	ASSERT_REFUSED("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
	ASSERT_REFUSED("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400);
	ASSERT_REFUSED("POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400);
	ASSERT_REFUSED("POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400);
	ASSERT_REFUSED("POST / HTTP/1.1\r\nContent-Length: 3, 3\r\n\r\nabc", 400);
	ASSERT_REFUSED("POST / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400);
	ASSERT_REFUSED("POST / HTTP/1.1\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", 400);
	ASSERT_REFUSED("POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400);
	ASSERT_REFUSED("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n", 400);
	ASSERT_REFUSED("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
	ASSERT_REFUSED("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
	ASSERT_REFUSED("POST / HTTP/1.1\r\nContent-Length : 3\r\n\r\nabc", 400);
	ASSERT_REFUSED("GET / HTTP/1.1\nHost: x\r\n\r\n", 400);
	ASSERT_REFUSED("GET / HTTP/1.1\r\nHost: x\n\r\n", 400);
	ASSERT_REFUSED("GET / HTTP/1.1\r\nHost: x\r\n\n", 400);
	ASSERT_REFUSED("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400);
	ASSERT_REFUSED("GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n", 400);
	ASSERT_REFUSED("POST / HTTP/1.1\r\nContent-Length: +7\r\n\r\nabcdefg", 400);
	ASSERT_REFUSED("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400);
	ASSERT_REFUSED("POST / HTTP/1.1\r\nContent-Length: 0x3\r\n\r\nabc", 400);
	ASSERT_REFUSED("POST / HTTP/1.1\r\nContent-Length: \r\n\r\n", 400);
	ASSERT_REFUSED("POST / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n", 400);
	ASSERT_REFUSED("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\na", 400);
	ASSERT_REFUSED("GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", 400);
	ASSERT_REFUSED("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", 400);
	ASSERT_REFUSED("GET / HTTP/1.1\r\nA: b\r\r\n\r\n", 400);
	ASSERT_REFUSED("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400);
}

static void
broken_chunks_are_refused(void **state)
{
#define CHUNKED "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
	ASSERT_REFUSED(CHUNKED "\r\n", 400);
	ASSERT_REFUSED(CHUNKED "g\r\n", 400);
	ASSERT_REFUSED(CHUNKED "1 \r\na\r\n", 400);
	ASSERT_REFUSED(CHUNKED " 1\r\na\r\n", 400);
	ASSERT_REFUSED(CHUNKED "-1\r\na\r\n", 400);
	ASSERT_REFUSED(CHUNKED "1\na\r\n", 400);
	ASSERT_REFUSED(CHUNKED "1;\x01\r\na\r\n", 400);
	ASSERT_REFUSED(CHUNKED "1\r\nab\r\n", 400);
	ASSERT_REFUSED(CHUNKED "1\r\na\n0\r\n", 400);
	ASSERT_REFUSED(CHUNKED "1\r\na\rx", 400);
	ASSERT_REFUSED(CHUNKED "0\r\nbad trailer\r\n\r\n", 400);
	ASSERT_REFUSED(CHUNKED "0\r\nA: b\n\r\n", 400);
}

static void
malformed_request_lines_are_refused(void **state)
{
	ASSERT_REFUSED("GET /\r\n\r\n", 400);
	ASSERT_REFUSED("GET  / HTTP/1.1\r\n\r\n", 400);
	ASSERT_REFUSED("GET / x HTTP/1.1\r\n\r\n", 400);
	ASSERT_REFUSED("GET / HTTP/1.1 \r\n\r\n", 400);
	ASSERT_REFUSED(" GET / HTTP/1.1\r\n\r\n", 400);
	ASSERT_REFUSED("G\x01T / HTTP/1.1\r\n\r\n", 400);
	ASSERT_REFUSED("GET /\x80 HTTP/1.1\r\n\r\n", 400);
	ASSERT_REFUSED("GET /a#b HTTP/1.1\r\n\r\n", 400);
	ASSERT_REFUSED("GET a HTTP/1.1\r\n\r\n", 400);
	ASSERT_REFUSED("GET * HTTP/1.1\r\n\r\n", 400);
	ASSERT_REFUSED("CONNECT h:1 HTTP/1.1\r\n\r\n", 400);
	ASSERT_REFUSED("GET http:///x HTTP/1.1\r\n\r\n", 400);
	ASSERT_REFUSED("GET / http/1.1\r\n\r\n", 400);
	ASSERT_REFUSED("GET / HTTP/1x1\r\n\r\n", 400);
	ASSERT_REFUSED("GET / HTTP/11\r\n\r\n", 400);
	ASSERT_REFUSED("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
	ASSERT_REFUSED("GET / HTTP/1.2\r\n\r\n", 505);
	ASSERT_REFUSED("GET / HTTP/0.9\r\n\r\n", 505);
	ASSERT_REFUSED("GET / HTTP/1.1\r\n: x\r\n\r\n", 400);
	ASSERT_REFUSED("GET / HTTP/1.1\r\nx\r\n\r\n", 400);
	ASSERT_REFUSED("GET / HTTP/1.1\r\nExpect: magic\r\n\r\n", 417);
}

/* prefix, n times piece, suffix. */
static const char *
run_repeated(const char *prefix, const char *piece, size_t n,
			 const char *suffix)
{
	static char input[300000];
	size_t		length = strlen(piece);
	size_t		at = strlen(prefix);

	memcpy(input, prefix, at);
	for (size_t i = 0; i < n; i++, at += length)
		memcpy(input + at, piece, length);
	memcpy(input + at, suffix, strlen(suffix));
	return run(input, at + strlen(suffix));
}

static void
limits_hold_exactly(void **state)
{
	assert_status(run_repeated("GET / HTTP/1.1\r\n", "A: b\r\n", 101, "\r\n"), 431);
	assert_non_null(strstr(run_repeated("GET / HTTP/1.1\r\n", "A: b\r\n", 100, "\r\n"), "end"));
	assert_status(run_repeated("GET /", "a", H1_MAX_TARGET, " HTTP/1.1\r\n\r\n"), 414);
	assert_non_null(strstr(run_repeated("GET /", "a", H1_MAX_TARGET - 1, " HTTP/1.1\r\n\r\n"), "end"));
	/* 16 bytes of request line, 3 of name, 4 of line ends. */
	assert_non_null(strstr(run_repeated("GET / HTTP/1.1\r\nA: ", "b", H1_MAX_HEAD - 23, "\r\n\r\n"), "end"));
	assert_status(run_repeated("GET / HTTP/1.1\r\nA: ", "b", H1_MAX_HEAD - 22, "\r\n\r\n"), 431);
	assert_status(run_repeated("GET / HTTP/1.1\r\nA: ", "b", 2 * H1_MAX_HEAD, ""), 431);
	assert_status(run_repeated(CHUNKED "1;", "x", H1_MAX_EXTENSION + 20, "\r\na"), 400);
	assert_status(run_repeated(CHUNKED "0\r\n", "A: b\r\n", 2000, "\r\n"), 431);
}

static int
make_window(void **state)
{
	char	   *p = mmap(NULL, WINDOW + 4096, PROT_READ | PROT_WRITE,
						 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + WINDOW, 4096, PROT_NONE) != 0)
		return -1;
	window_end = p + WINDOW;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_read),
		cmocka_unit_test(pipelined_requests_are_told_apart),
		cmocka_unit_test(chunks_are_joined),
		cmocka_unit_test(connection_header_decides),
		cmocka_unit_test(smuggling_is_refused),
		cmocka_unit_test(broken_chunks_are_refused),
		cmocka_unit_test(malformed_request_lines_are_refused),
		cmocka_unit_test(limits_hold_exactly),
	};

	return cmocka_run_group_tests_name("h1", tests, make_window, NULL);
}
