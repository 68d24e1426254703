/*
 * graph.h
 *		Search and choice of neighbours over an abstract store of vertices, so
 *		that build (memory), merge and scan (pages) and tests (arrays) share
 *		them.  Malkov & Yashunin 2018, algorithms 2, 4 and 5, with the search
 *		made resumable.
 *
 * Knows neither pages nor heaps: a vertex is a number, a distance is a float
 * in order units (quant.h).
 */
#ifndef QD_HNSW_GRAPH_H
#define QD_HNSW_GRAPH_H

#include "postgres.h"

#include "quantization/quant.h"

typedef struct QdCandidate
{
	float		distance;
	uint32		vid;
} QdCandidate;

typedef struct QdGraphStore
{
	void	   *arg;

	/*
	 * Copies the links of a vertex, nearest first, and returns their number;
	 * 0 when the vertex is gone.  ids has room for max_links.
	 */
	int			(*links) (void *arg, uint32 vid, uint32 *ids);

	/*
	 * Distances of n vertices from the query that the store holds; INFINITY
	 * for a vertex that is gone or free (I1: a link is a hint).  A tombstone
	 * is scored: it still leads somewhere.
	 */
	void		(*score) (void *arg, const uint32 *vids, int n, float *out);

	/*
	 * Where a vertex holds codes of its neighbours; else open is NULL.  open
	 * locks a vertex, gives its exact distance and its links, and returns
	 * their number (-1, unlocked: it is gone); estimate scores the links that
	 * which names and unlocks.  In between nothing may fail.
	 */
	int			(*open) (void *arg, uint32 vid, float *own, const uint32 **ids);
	void		(*estimate) (void *arg, const uint16 *which, int n, float *out);
	/* The vertex will be opened soon. */
	void		(*prefetch) (void *arg, uint32 vid);
	int			max_links;
	uint32		n_vids;			/* vids are below this */
} QdGraphStore;

/*
 * A resumable best-first search on the base level.  Every scored vertex is in
 * the result set (the best ef so far) or set aside; asking for more raises ef
 * and goes on where it stopped, as if ef had been larger from the start.
 *
 * Where neighbours are only estimated, the result set holds what was expanded,
 * by exact distances; estimates just say what to expand next.
 */
typedef struct QdGraphSearch QdGraphSearch;

/*
 * Allocates in the current context, which must outlive it.  memory_limit in
 * bytes bounds what is set aside; when it is reached the search forgets the
 * farthest ones (qd_graph_search_forgot then says so).  0 = no limit.
 */
extern QdGraphSearch *qd_graph_search_begin(const QdGraphStore *store,
											Size memory_limit);

/*
 * Greedy walk through one upper level from *entry; leaves the nearest vertex
 * in *entry.
 */
extern void qd_graph_descend(const QdGraphStore *store, QdCandidate *entry);

/* Adds a start vertex (scored by the caller). */
extern void qd_graph_search_enter(QdGraphSearch *s, QdCandidate entry);

/*
 * Adds a result that is no vertex (a row of the fresh region): it takes part
 * in the best ef, but leads nowhere.  Its vid is at least n_vids.
 */
extern void qd_graph_search_add(QdGraphSearch *s, QdCandidate result);

/* Searches until the best ef are known; ef never shrinks. */
extern void qd_graph_search_run(QdGraphSearch *s, int ef);

/*
 * Takes the nearest result of the current best ef that was not taken before;
 * false when there is none (then raise ef and run again, or the graph is
 * exhausted: qd_graph_search_exhausted).
 */
extern bool qd_graph_search_next(QdGraphSearch *s, QdCandidate *out);
extern bool qd_graph_search_exhausted(const QdGraphSearch *s);
extern bool qd_graph_search_forgot(const QdGraphSearch *s);

/* True when the vertex was scored (a sweep adds only what was not). */
extern bool qd_graph_search_visited(const QdGraphSearch *s, uint32 vid);

/* Vertices expanded, distances computed: for qdrant.last_scan and tests. */
extern void qd_graph_search_counts(const QdGraphSearch *s,
								   int64 *expanded, int64 *scored);

/* Copies the best ef, nearest first, into out; returns their number. */
extern int	qd_graph_search_best(QdGraphSearch *s, QdCandidate *out, int max);

/* For qsort: nearest first, then by number. */
extern int	qd_candidate_compare(const void *a, const void *b);

/*
 * Chooses at most m of candidates (nearest first, without duplicates) by the
 * relative-neighbourhood rule; pruned ones fill up to fill.  Returns how many
 * stand in out, nearest first.
 */
extern int	qd_graph_select(const QdCandidate *candidates, int n, int m,
							int fill,
							float (*pair) (void *arg, uint32 a, uint32 b),
							void *arg, QdCandidate *out);

#endif							/* QD_HNSW_GRAPH_H */
