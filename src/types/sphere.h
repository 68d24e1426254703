/*
 * sphere.h
 *		The types vector_sphere, halfvec_sphere and bytevec_sphere, (center,
 *		radius double precision): what range searches compare with.
 */
#ifndef QD_SPHERE_H
#define QD_SPHERE_H

#include "postgres.h"

typedef struct qd_sphere
{
	struct varlena *center;		/* detoasted */
	double		radius;
} qd_sphere;

/* False when one of its parts is NULL. */
extern bool qd_sphere_read(Datum datum, qd_sphere *sphere);

#endif							/* QD_SPHERE_H */
