/*
 * h1.c
 *		The HTTP/1.1 reader: whatever the input, cutting it at other places
 *		gives the same events.  The first byte seeds the cuts.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/h1.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Events as bytes: heads as parsed, bodies joined. */
typedef struct trace
{
	char	   *p;
	size_t		n;
	bool		in_data;
} trace;

static void
add(trace *t, slice s)
{
	memcpy(t->p + t->n, s.p, s.n);
	t->n += s.n;
}

static void
add_number(trace *t, char kind, uint64_t v)
{
	t->n += (size_t) sprintf(t->p + t->n, "\n%c%llx ", kind,
							 (unsigned long long) v);
}

static bool
take_head(h1_reader *r, trace *t)
{
	static header headers[H1_MAX_HEADERS];
	h1_head		head = {.headers = headers};
	char	   *copy = malloc(r->data.n);
	int			status;

	memcpy(copy, r->data.p, r->data.n);
	status = h1_parse_head(copy, r->data.n, &head);
	if (status == 0)
	{
		add_number(t, 'h', head.n_headers);
		add_number(t, 'k', head.keep_alive | head.chunked << 1 |
				   head.expects_continue << 2 | head.has_length << 3);
		add(t, head.method);
		add(t, head.target);
		add(t, head.query);
		for (size_t i = 0; i < head.n_headers; i++)
		{
			add(t, head.headers[i].name);
			add(t, head.headers[i].value);
		}
		h1_expect_body(r, &head);
	}
	else
		h1_fail(r, status);
	free(copy);
	return status == 0;
}

/* Events of the bytes, which end where their block ends. */
static size_t
read_some(h1_reader *r, const char *p, size_t n, trace *t)
{
	size_t		done = 0;

	for (;;)
	{
		size_t		used;
		h1_event	event = h1_next(r, p + done, n - done, &used);

		if (used > n - done)
			abort();
		done += used;
		if (event == H1_MORE)
			return done;
		if (event == H1_DATA && !t->in_data)
			add_number(t, 'd', 0);
		t->in_data = event == H1_DATA;
		if (event == H1_DATA)
			add(t, r->data);
		else if (event == H1_END)
			add_number(t, 'e', 0);
		else if (event == H1_ERROR || !take_head(r, t))
		{
			add_number(t, 'x', (uint64_t) r->status);
			return n;
		}
	}
}

static void
run(const char *p, size_t n, unsigned int seed, trace *t)
{
	h1_reader	r;
	size_t		start = 0;
	size_t		end = 0;

	t->n = 0;
	t->in_data = false;
	h1_init(&r);
	while (end < n && r.state != H1_BROKEN)
	{
		char	   *piece;

		end += seed == 0 ? n : 1 + (size_t) rand_r(&seed) % (1 + n / 4);
		if (end > n)
			end = n;
		piece = malloc(end - start);
		memcpy(piece, p + start, end - start);
		start += read_some(&r, piece, end - start, t);
		free(piece);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	trace		whole;
	trace		cut;

	if (size < 2)
		return 0;
	/* An event's head is at most 40 bytes, for one byte of input or more. */
	whole.p = malloc(size * 41 + 200);
	cut.p = malloc(size * 41 + 200);
	run((const char *) data + 1, size - 1, 0, &whole);
	run((const char *) data + 1, size - 1, data[0] + 1u, &cut);
	if (whole.n != cut.n || memcmp(whole.p, cut.p, whole.n) != 0)
		abort();
	free(whole.p);
	free(cut.p);
	return 0;
}
