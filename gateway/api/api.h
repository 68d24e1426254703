/*
 * api.h
 *		The top layer's door: what main.c hands to net/ and calls itself.
 */
#ifndef QG_API_H
#define QG_API_H

#include "net/request.h"

struct worker;

extern const net_callbacks api_callbacks;

/*
 * A worker's pool and catalog; on the worker's thread, with its event base
 * there already.  Returns at once: connections are made in the loop.
 */
extern void api_worker_open(struct worker *w);
extern void api_worker_close(struct worker *w);

#endif							/* QG_API_H */
