/*
 * nav.h
 *		Navigation codes: what a vertex knows of its neighbours' vectors.  Pure
 *		C: no server header.
 *
 * The code of a neighbour n at its parent p are one or two bits for each of
 * the first dims coordinates of the residual r = n - p, of decoded own codes,
 * and two factors.  With c the decoded code (-1, 1, or -3, -1, 1, 3) and
 *
 *		f = |r|^2 / <r, c>		so that <y, r> is about f * <y, c>
 *
 * the distance of n from a query q follows from the exact one of p:
 *
 *		L2:			d(q,p) + |r|^2 - 2 <q - p, r>
 *		IP, cosine:	d(q,p) - <p, r> - <q - p, r>
 *
 * With <q - p, r> = f <q, c> - f <p, c> both are
 * d(q,p) + add - rescale * <q, c>.  Errors do not pile up, since every
 * vertex's own distance is exact.  L1 has no such form, hence no such codes.
 *
 * By inner product add is what f <p, c> is too large by, and f <q, c> errs in
 * the same way as far as q is along p: <q, p> / <p, p> of add are taken, lest a
 * query that is shorter than p drown in p's error.  (By cosine both are of one
 * length.)
 */
#ifndef QD_NAV_H
#define QD_NAV_H

#include "quantization/quant.h"

typedef struct qd_nav
{
	uint32_t	dims;			/* <= own_dims of the codec */
	int			bits;			/* 1, 2 */
	size_t		bytes;			/* of a code: qd_nav_bytes */
} qd_nav;

/* Two factors as IEEE half floats, times the block's scale. */
typedef struct qd_nav_packed
{
	uint16_t	add;
	uint16_t	rescale;
} qd_nav_packed;

typedef struct qd_nav_factors
{
	float		add;
	float		rescale;
} qd_nav_factors;

/* A multiple of 16: planes as qd_distance.nav_dots wants them. */
extern size_t qd_nav_bytes(uint32_t dims, int bits);

/* The code of n at p; work is scratch of qd_nav_work(c) floats. */
extern size_t qd_nav_work(const qd_codec *c);
extern void qd_nav_encode(const qd_codec *c, const qd_nav *nav,
						  const qd_code_head *ph, const int8_t *p,
						  const qd_code_head *nh, const int8_t *n,
						  float *work, qd_nav_factors *factors, uint8_t *code);

/*
 * A scale that holds the factors with room for others of their size; whether
 * a scale holds them; packing (what is too large becomes the largest).
 */
extern float qd_nav_scale(const qd_nav_factors *factors, int n);
extern bool qd_nav_scale_holds(float scale, const qd_nav_factors *f);
extern qd_nav_packed qd_nav_pack(float scale, const qd_nav_factors *f);
extern qd_nav_factors qd_nav_unpack(float scale, qd_nav_packed packed);

/* A query's part, prepared once. */
typedef struct qd_nav_query
{
	qd_nav		nav;
	qd_metric	metric;
	const int8_t *q;			/* its code, padded with zeroes */
	float		step;			/* <q, c> = step * nav_dots - offset */
	float		offset;
} qd_nav_query;

extern size_t qd_nav_query_memory(const qd_nav *nav);
extern void qd_nav_query_init(qd_nav_query *nq, const qd_nav *nav,
							  const qd_query *query, void *memory);

/*
 * Distances of those neighbours that which names, of the vertex p at distance
 * own from the query.
 */
extern void qd_nav_estimate(const qd_nav_query *nq, const qd_code_head *p,
							float own, float scale,
							const qd_nav_packed *factors,
							const uint8_t *codes, const uint16_t *which,
							int n, float *out);

#endif							/* QD_NAV_H */
