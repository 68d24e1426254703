/*
 * sphere.c
 *		The operators <<=>> <<->> <<#>> <<+>>: is the distance of a vector from a
 *		sphere's center at most its radius?
 */
#include "compat.h"

#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "types/sphere.h"

bool
qd_sphere_read(Datum datum, qd_sphere *sphere)
{
	HeapTupleHeader row = DatumGetHeapTupleHeader(datum);
	bool		no_center;
	bool		no_radius;
	Datum		center = GetAttributeByNum(row, 1, &no_center);
	Datum		radius = GetAttributeByNum(row, 2, &no_radius);

	if (no_center || no_radius)
		return false;
	sphere->center = PG_DETOAST_DATUM(center);
	sphere->radius = DatumGetFloat8(radius);
	return true;
}

/* Is f(a, center) at most the radius?  NULL when the sphere has a NULL. */
static Datum
within(FunctionCallInfo fcinfo, PGFunction distance)
{
	qd_sphere	sphere;
	Datum		d;

	if (!qd_sphere_read(PG_GETARG_DATUM(1), &sphere))
		PG_RETURN_NULL();
	d = DirectFunctionCall2(distance, PG_GETARG_DATUM(0),
							PointerGetDatum(sphere.center));
	PG_RETURN_BOOL(float8_le(DatumGetFloat8(d), sphere.radius));
}

#define WITHIN(name, distance) \
	extern Datum distance(PG_FUNCTION_ARGS); \
	QD_FUNCTION(name); \
	Datum \
	name(PG_FUNCTION_ARGS) \
	{ \
		return within(fcinfo, distance); \
	}

WITHIN(qd_l2_within, qd_l2_distance)
WITHIN(qd_cosine_within, qd_cosine_distance)
WITHIN(qd_ip_within, qd_negative_inner_product)
WITHIN(qd_l1_within, qd_l1_distance)
WITHIN(qd_bytevec_l2_within, qd_bytevec_l2)
WITHIN(qd_bytevec_cosine_within, qd_bytevec_cosine)
WITHIN(qd_bytevec_ip_within, qd_bytevec_negative_ip)
WITHIN(qd_bytevec_l1_within, qd_bytevec_l1)
WITHIN(qd_halfvec_l2_within, qd_halfvec_l2)
WITHIN(qd_halfvec_cosine_within, qd_halfvec_cosine)
WITHIN(qd_halfvec_ip_within, qd_halfvec_negative_ip)
WITHIN(qd_halfvec_l1_within, qd_halfvec_l1)
