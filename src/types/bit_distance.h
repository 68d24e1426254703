/*
 * bit_distance.h
 *		Distances between bit strings of one length.
 */
#ifndef QD_BIT_DISTANCE_H
#define QD_BIT_DISTANCE_H

#include "postgres.h"

/* 1 less the share of common ones in all ones; 1 when none is common. */
extern double qd_jaccard_distance(const bits8 *a, const bits8 *b, Size bytes);

#endif							/* QD_BIT_DISTANCE_H */
