/*
 * candidates.h
 *		The rows of an index, nearest first by their codes: what a scan rescores.
 */
#ifndef QD_HNSW_CANDIDATES_H
#define QD_HNSW_CANDIDATES_H

#include "hnsw/hnsw.h"

typedef struct QdCandidates QdCandidates;

/*
 * Begins a search for the query (NULL: all rows, in any order, at distance 0)
 * in the current context, which must be the scan's own.  ef rows make the
 * first round.
 */
extern QdCandidates *qd_candidates_begin(Relation index,
										 const qd_query *query, int ef);

/* Whether that looks at all codes instead of searching the graph. */
extern bool qd_candidates_sweep_at_once(Relation index, const QdHnswMeta *meta,
										int ef);

typedef struct QdRowCandidate
{
	float		distance;		/* by the code */
	float		error;			/* bound of what the code hides */
	ItemPointerData tid;
} QdRowCandidate;

/*
 * The next row, never one twice; false at the end of a round, or with
 * next_round at the end of the index.  Rows come in order within a round; the
 * first row of a round may come before the last of the previous one.
 */
extern bool qd_candidates_next(QdCandidates *c, bool next_round,
							   QdRowCandidate *out);

#endif							/* QD_HNSW_CANDIDATES_H */
