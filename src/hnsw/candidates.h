/*
 * candidates.h
 *		The rows of an index, nearest first by their codes: what a scan rescores.
 */
#ifndef QD_HNSW_CANDIDATES_H
#define QD_HNSW_CANDIDATES_H

#include "hnsw/admission.h"
#include "hnsw/hnsw.h"
#include "hnsw/packed.h"
#include "hnsw/report.h"

typedef struct QdCandidates QdCandidates;

/*
 * Begins a search for the query (NULL: all rows, in any order, at distance 0)
 * in the current context, which must be the scan's own.  ef rows make the
 * first round.
 */
extern QdCandidates *qd_candidates_begin(Relation index,
										 const qd_query *query, int ef);

/*
 * The same when the admitted rows are known from the start: only they come.
 * When it is cheaper to look at each of them in the heap, none comes, and
 * qd_candidates_gave_up() says so.
 */
extern QdCandidates *qd_candidates_begin_admitted(Relation index,
												  const qd_query *query, int ef,
												  const QdAdmission *admission);

/*
 * Only the packed rows, by their codes; about so many are likely to be asked
 * for (0: nobody knows).
 */
extern QdCandidates *qd_candidates_begin_packed(Relation index,
												const qd_query *query, int ef,
												const QdPacked *packed,
												int64 likely);

/* Is it cheaper to compare all admitted rows once packed than to search? */
extern bool qd_candidates_pack(const QdHnswMeta *meta, double admitted,
							   int ef);

/* Whether that looks at all codes instead of searching the graph. */
extern bool qd_candidates_sweep_at_once(Relation index, const QdHnswMeta *meta,
										int ef);

typedef struct QdRowCandidate
{
	float		distance;		/* by the code */
	float		error;			/* bound of what the code hides */
	ItemPointerData tid;
	uint32		packed;			/* number among the packed rows, if it is one */
} QdRowCandidate;

/*
 * The next row, never one twice; false at the end of a round, or with
 * next_round at the end of the index.  Rows come in order within a round; the
 * first row of a round may come before the last of the previous one.
 */
extern bool qd_candidates_next(QdCandidates *c, bool next_round,
							   QdRowCandidate *out);

/*
 * From now on only rows of the set come.  Returns false, and changes nothing,
 * when it is cheaper to look at each of them in the heap.
 */
extern bool qd_candidates_admit(QdCandidates *c, const QdAdmission *admission);

/*
 * From now on rows come from a sweep by wide codes, which misses none; false,
 * and nothing changes, when they do already or nothing is left.
 */
extern bool qd_candidates_sweep_rest(QdCandidates *c);

/* After no row came: the set's rows are far away, look at each in the heap. */
extern bool qd_candidates_gave_up(const QdCandidates *c);

/* Adds ways, vertices and distances so far. */
extern void qd_candidates_report(const QdCandidates *c, QdScanReport *report);

/* Vertices, about the rows of the index. */
extern double qd_candidates_rows(const QdCandidates *c);

/* Has the row been handed out? */
extern bool qd_candidates_seen(const QdCandidates *c, const ItemPointerData *tid);

/*
 * Do so few rows pass a filter, of those seen in an index of so many, that
 * reading payload indexes is cheaper than evaluating it on the heap?
 */
extern bool qd_candidates_few_pass(double passed, double seen, double rows);

/* Have so many rejected rows cost as much as reading so many from indexes? */
extern bool qd_candidates_pays(double rejected, double admitted);

/* What a search costs that knows the admitted rows, in rows of a sweep. */
extern double qd_candidates_cost(double admitted, double rows, int ef,
								 bool inlined);

#endif							/* QD_HNSW_CANDIDATES_H */
