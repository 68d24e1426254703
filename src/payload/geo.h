/*
 * geo.h
 *		Places on the earth: degrees of longitude and latitude.  Pure C.
 */
#ifndef QD_GEO_H
#define QD_GEO_H

#include <stdbool.h>
#include <stddef.h>

typedef struct qd_geo_point
{
	double		lon;
	double		lat;
} qd_geo_point;

/* In the ranges of degrees? */
extern bool qd_geo_is_valid(qd_geo_point p);

/* Metres along a great circle, mean earth radius 6,371,008.8 m. */
extern double qd_geo_distance(qd_geo_point a, qd_geo_point b);

/* Strictly inside; the box may cross the antimeridian. */
extern bool qd_geo_in_box(qd_geo_point p, qd_geo_point top_left,
						  qd_geo_point bottom_right);

/*
 * Strictly inside the closed ring of n points, in the plane of degrees;
 * *on_edge tells a point on the ring itself.
 */
extern bool qd_geo_in_ring(qd_geo_point p, const qd_geo_point *ring, size_t n,
						   bool *on_edge);

#endif							/* QD_GEO_H */
