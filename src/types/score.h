/*
 * score.h
 *		Qdrant's distances by name, for the functions qdrant.score.
 */
#ifndef QD_SCORE_H
#define QD_SCORE_H

#include "postgres.h"

typedef enum qd_score_kind
{
	QD_SCORE_COSINE,
	QD_SCORE_DOT,
	QD_SCORE_EUCLID,
	QD_SCORE_MANHATTAN
} qd_score_kind;

/* vec_distance.c: raises for any other name. */
extern qd_score_kind qd_score_distance(text *name);

#endif							/* QD_SCORE_H */
