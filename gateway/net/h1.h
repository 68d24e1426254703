/*
 * h1.h
 *		Reader of HTTP/1.1 requests: bytes in, events out, no I/O.
 *
 * Strict: what two programs could read differently (RFC 9112 section 11.2) is
 * an error, after which the connection has to be closed.  The outcome never
 * depends on how the bytes were split.
 */
#ifndef QG_H1_H
#define QG_H1_H

#include <stdint.h>

#include "net/request.h"

#define H1_MAX_HEAD		((size_t) 64 * 1024)
#define H1_MAX_TARGET	((size_t) 16 * 1024)
#define H1_MAX_HEADERS	100
#define H1_MAX_EXTENSION 256	/* of a chunk's line, after its size */
#define H1_MAX_TRAILER	((size_t) 8 * 1024)

typedef enum h1_event
{
	H1_MORE,					/* needs more bytes */
	H1_HEAD,					/* the head's bytes are in r->data */
	H1_DATA,					/* a piece of the body is in r->data */
	H1_END,						/* the message is complete */
	H1_ERROR					/* r->status says why */
} h1_event;

typedef enum h1_state
{
	H1_IN_HEAD,
	H1_IN_BODY,					/* by Content-Length */
	H1_IN_CHUNK_SIZE,
	H1_IN_CHUNK_DATA,
	H1_IN_CHUNK_END,			/* CRLF behind the data */
	H1_IN_TRAILER,
	H1_AT_END,
	H1_BROKEN
} h1_state;

typedef struct h1_reader
{
	h1_state	state;
	int			status;			/* of an error */
	size_t		scanned;		/* head, line: bytes looked at already */
	size_t		line;			/* head: where the current line begins */
	size_t		trailer;		/* bytes of trailer fields so far */
	uint64_t	left;			/* of the body or the chunk */
	slice		data;
} h1_reader;

/* A request's head, taken apart; slices point into its bytes. */
typedef struct h1_head
{
	slice		method;
	slice		target;			/* as sent, without the query */
	slice		query;
	header	   *headers;		/* H1_MAX_HEADERS of them fit */
	size_t		n_headers;
	bool		keep_alive;
	bool		closes;			/* "close" wins over "keep-alive" */
	bool		chunked;
	bool		is_http_1_0;
	bool		has_length;
	bool		expects_continue;
	uint64_t	length;			/* of the body, by Content-Length */
} h1_head;

extern void h1_init(h1_reader *r);

/*
 * The next event of the n bytes at p, of which the first *used are done with;
 * the caller passes the rest again, with what has arrived behind it.  After
 * H1_HEAD it calls h1_parse_head and h1_expect_body; after H1_END the next
 * call reads the next request.
 */
extern h1_event h1_next(h1_reader *r, const char *p, size_t n, size_t *used);

/*
 * Takes a head apart: p is changed (names to lower case) and must stay.
 * Returns 0 or the HTTP status that refuses it.
 */
extern int	h1_parse_head(char *p, size_t n, h1_head *head);
extern void h1_expect_body(h1_reader *r, const h1_head *head);

/* Instead of h1_next: n bytes of a Content-Length body were read directly. */
extern void h1_skip_body(h1_reader *r, size_t n);

/* Breaks the reader: the rest of the connection is not read any more. */
extern h1_event h1_fail(h1_reader *r, int status);

#endif							/* QG_H1_H */
