/*
 * acceptor.h
 *		The listening sockets: worker 0 accepts and deals every connection to
 *		the worker that has the fewest.
 */
#ifndef QG_ACCEPTOR_H
#define QG_ACCEPTOR_H

#include <stdbool.h>

struct config;
struct worker;

/* Binds and listens; false when a port can't be had (logged). */
extern bool acceptor_open(const struct config *config);

/* Accepting begins: on the thread of workers[0]. */
extern void acceptor_start(struct worker **workers, int n_workers);

/* Accepting ends and the ports are free; from any thread. */
extern void acceptor_stop(void);

#endif							/* QG_ACCEPTOR_H */
