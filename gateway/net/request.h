/*
 * request.h
 *		One request, whatever the protocol, as the api layer sees it.
 *
 * net/ fills the upper part and calls the callbacks that main.c handed down;
 * it knows nothing of models or SQL.  The answer comes back through the
 * request_answer_* functions, from the same worker thread, at once or later.
 * Everything of a request lives in req->arena and dies with it after the
 * answer is sent.
 */
#ifndef QG_REQUEST_H
#define QG_REQUEST_H

#include "core/arena.h"
#include "core/buf.h"

struct worker;					/* worker.h: event_base, config, pool */

typedef enum protocol
{
	PROTO_REST,
	PROTO_GRPC
} protocol;

/* gRPC's status codes, those in use. */
typedef enum grpc_code
{
	GRPC_OK = 0,
	GRPC_INVALID_ARGUMENT = 3,
	GRPC_DEADLINE_EXCEEDED = 4,
	GRPC_NOT_FOUND = 5,
	GRPC_ALREADY_EXISTS = 6,
	GRPC_PERMISSION_DENIED = 7,
	GRPC_RESOURCE_EXHAUSTED = 8,
	GRPC_UNIMPLEMENTED = 12,
	GRPC_INTERNAL = 13,
	GRPC_UNAVAILABLE = 14,
	GRPC_UNAUTHENTICATED = 16
} grpc_code;

typedef struct header
{
	slice		name;			/* lower case */
	slice		value;
} header;

typedef struct request
{
	protocol	proto;
	struct worker *worker;
	arena	   *arena;

	slice		method;			/* REST: "GET" ... */
	slice		path;			/* REST: raw path without query, doubled and
								 * trailing slashes removed, still
								 * percent-encoded; gRPC:
								 * "/qdrant.Points/Search" */
	slice		target;			/* REST: the path as it was sent */
	slice		query;			/* REST: raw query string, without '?' */
	const header *headers;
	size_t		n_headers;

	slice body;					/* REST: the body; gRPC: the (inflated)
								 * message.  64 zero bytes stand behind it */

	uint64_t	start_ns;		/* CLOCK_MONOTONIC at end of head */
	uint64_t	deadline_ns;	/* 0 = none; from grpc-timeout */

	void	   *route;			/* set by on_head, for on_body */
	void	   *user;			/* api layer's own state */
	bool		client_gone;	/* the peer went away: results are dropped */
	void	   *conn;			/* net's own */
	void	   *stream;			/* net's own */
} request;

typedef enum body_policy
{
	BODY_READ,					/* collect it (bounded), then on_body */
	BODY_ANSWERED				/* on_head has answered; drop what comes */
} body_policy;

/* Why a REST request's body can't be had. */
typedef enum body_fault
{
	BODY_TOO_LARGE,				/* passes the limit of a request */
	BODY_NO_MEMORY,				/* the process holds too much */
	BODY_UNKNOWN_CODING,		/* its Content-Encoding */
	BODY_CORRUPT				/* is not in its Content-Encoding */
} body_fault;

/*
 * Handed down by main.c; called on the worker's thread.  A request whose body
 * does not come to its end is dropped after on_head without another call.
 */
typedef struct net_callbacks
{
	body_policy (*on_head) (request *req);
	void		(*on_body) (request *req);
	/*
	 * Answers instead of on_body, for BODY_NO_MEMORY also instead of on_head.
	 * announced is the Content-Length of a body too large, or 0.
	 */
	void		(*on_fault) (request *req, body_fault fault, size_t announced);
	/* the peer went away before the answer; answering is still required */
	void		(*on_gone) (request *req);
} net_callbacks;

extern slice request_header(const request *req, const char *lower_name);

/* Cuts the part before the next separator, without blanks, off a list. */
extern slice header_list_next(slice *list, char separator);

/* Nanoseconds of CLOCK_MONOTONIC. */
extern uint64_t now_ns(void);

/*
 * Answers a REST request, exactly once.  content_type may be NULL (no such
 * header).  extra holds further headers.  The body must live in req->arena or
 * be static.  req is invalid afterwards.
 */
extern void request_answer_rest(request *req, int status,
								const char *content_type,
								const header *extra, size_t n_extra,
								slice body);

/*
 * Answers a gRPC request, exactly once: code 0 with a message (without the
 * 5-byte prefix), or another code with text (percent-encoded by net) and
 * optional trailers.
 */
extern void request_answer_grpc(request *req, int code, slice text,
								const header *trailers, size_t n_trailers,
								slice message);

#endif							/* QG_REQUEST_H */
