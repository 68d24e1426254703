/*
 * response.h
 *		The head of an HTTP/1.1 answer.
 */
#ifndef QG_RESPONSE_H
#define QG_RESPONSE_H

#include "net/conn.h"

typedef struct response
{
	int			status;
	const char *content_type;	/* NULL = no such header */
	const header *extra;
	size_t		n_extra;
	slice body;
	bool		close;			/* the connection ends with it */
	bool		keep_alive;		/* say so: the request was HTTP/1.0 */
} response;

/*
 * Writes the head, body compressed before if req wants and deserves that;
 * r->body is what has to follow, also for HEAD (nothing).
 */
extern slice response_head(net *n, const request *req, response *r);

/* Answers a CORS preflight: true when req was one. */
extern bool response_preflight(request *req);

/* An answer without a request: to what could not be read.  Static. */
extern const char *response_reason(int status);

/* Sent with every answer, as Qdrant does. */
#define VARY "vary: Origin, Access-Control-Request-Method, " \
	"Access-Control-Request-Headers\r\n"

#endif							/* QG_RESPONSE_H */
