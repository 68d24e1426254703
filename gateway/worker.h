/*
 * worker.h
 *		One of the gateway's threads: an event loop with the connections dealt
 *		to it, its own pool of PostgreSQL connections and its own cache of
 *		collections.  Workers share nothing but the configuration.
 *
 * A seam between the layers: net/, pg/ and service/ each own one pointer and
 * look at no other's.
 */
#ifndef QG_WORKER_H
#define QG_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

struct config;
struct event_base;
struct net_callbacks;
struct pg_pool;
struct catalog_cache;

typedef struct worker
{
	int			index;
	const struct config *config;
	const struct net_callbacks *callbacks;
	struct event_base *base;
	struct pg_pool *pool;		/* pg/pool.c */
	struct catalog_cache *catalog;	/* service/catalog.c */
	void	   *net;			/* net/conn.c: its connections */
	atomic_int	connections;	/* dealt to it and not closed yet */
} worker;

/*
 * Calls run(w, arg) on w's thread, soon; from any thread, without blocking.
 * False when w is so far behind that its mailbox is full.
 */
extern bool worker_post(worker *w, void (*run) (worker *w, void *arg),
						void *arg);

/*----------
 * main.c's: the life of a worker.
 *----------
 */

/* Starts the thread; NULL with a logged error when that fails. */
extern worker *worker_start(int index, const struct config *config,
							const struct net_callbacks *callbacks);

/*
 * Asks it to finish what it has begun and end.  worker_join waits for that
 * until a time of CLOCK_REALTIME; false when it is not done by then.
 */
extern void worker_drain(worker *w);
extern bool worker_join(worker *w, const struct timespec *until);

/* After it was joined. */
extern void worker_free(worker *w);

#endif							/* QG_WORKER_H */
