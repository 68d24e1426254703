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
	void	   *net;			/* worker.c, net/: connections */
} worker;

#endif							/* QG_WORKER_H */
