/*
 * element.c
 *		See element.h.
 */
#include "compat.h"

#include <math.h>

#include "utils/varbit.h"

#include "distance/distance.h"
#include "distance/elements.h"
#include "hnsw/element.h"
#include "types/bit_distance.h"
#include "types/bytevec.h"
#include "types/halfvec.h"
#include "types/vector.h"

QdValue
qd_value(QdElement element, Datum datum)
{
	const void *value = PG_DETOAST_DATUM(datum);

	return (QdValue) {value, element == QD_ELEMENT_BIT ?
		VARBITLEN(value) : qd_vec_dim(value)};
}

void
qd_value_free(const QdValue *v, Datum datum)
{
	if ((Pointer) v->value != DatumGetPointer(datum))
		pfree((void *) v->value);
}

static void
bits_to_floats(const VarBit *v, float *x)
{
	const bits8 *bits = VARBITS(v);

	for (int i = 0; i < VARBITLEN(v); i++)
		x[i] = bits[i / 8] >> (7 - i % 8) & 1;
}

const float *
qd_value_floats(QdElement element, const QdValue *v, float *buffer)
{
	switch (element)
	{
		case QD_ELEMENT_FLOAT:
			break;
		case QD_ELEMENT_HALF:
			qd_elements.half_to_float(((const qd_halfvec *) v->value)->x,
									  buffer, v->dim);
			return buffer;
		case QD_ELEMENT_BYTE:
			qd_bytevec_to_floats(v->value, buffer);
			return buffer;
		case QD_ELEMENT_BIT:
			bits_to_floats(v->value, buffer);
			return buffer;
	}
	return ((const qd_vector *) v->value)->x;
}

static double
float_distance(qd_metric metric, const float *a, const float *b, uint32 n)
{
	if (metric == QD_METRIC_COSINE)
		return qd_vector_cosine_distance(a, b, n);
	return qd_exact_distance(metric, a, b, n);
}

static double
half_distance(qd_metric metric, const qd_half *a, const qd_half *b, size_t n)
{
	switch (metric)
	{
		case QD_METRIC_L2:
			return qd_elements.half_l2_squared(a, b, n);
		case QD_METRIC_IP:
			return -qd_elements.half_dot(a, b, n);
		case QD_METRIC_L1:
			return qd_elements.half_l1(a, b, n);
		case QD_METRIC_COSINE:
			return qd_halfvec_cosine_distance(a, b, n);
		case QD_METRIC_JACCARD:
			break;
	}
	return NAN;
}

static double
byte_distance(qd_metric metric, const uint8 *a, const uint8 *b, size_t n)
{
	switch (metric)
	{
		case QD_METRIC_L2:
			return qd_elements.byte_l2_squared(a, b, n);
		case QD_METRIC_IP:
			return -(double) qd_elements.byte_dot(a, b, n);
		case QD_METRIC_L1:
			return qd_distance.l1_u8(a, b, n);
		case QD_METRIC_COSINE:
			return qd_vec_cosine_distance(qd_elements.byte_dot(a, b, n),
										  qd_elements.byte_dot(a, a, n),
										  qd_elements.byte_dot(b, b, n));
		case QD_METRIC_JACCARD:
			break;
	}
	return NAN;
}

static double
bit_distance(qd_metric metric, const VarBit *a, const VarBit *b)
{
	if (metric == QD_METRIC_JACCARD)
		return qd_jaccard_distance(VARBITS(a), VARBITS(b), VARBITBYTES(a));
	return qd_elements.bit_hamming(VARBITS(a), VARBITS(b), VARBITBYTES(a));
}

double
qd_value_distance(QdElement element, qd_metric metric, const QdValue *a,
				  const QdValue *b)
{
	double		d = NAN;

	switch (element)
	{
		case QD_ELEMENT_FLOAT:
			d = float_distance(metric, ((const qd_vector *) a->value)->x,
							   ((const qd_vector *) b->value)->x, a->dim);
			break;
		case QD_ELEMENT_HALF:
			d = half_distance(metric, ((const qd_halfvec *) a->value)->x,
							  ((const qd_halfvec *) b->value)->x, a->dim);
			break;
		case QD_ELEMENT_BYTE:
			d = byte_distance(metric, ((const qd_bytevec *) a->value)->x,
							  ((const qd_bytevec *) b->value)->x, a->dim);
			break;
		case QD_ELEMENT_BIT:
			d = bit_distance(metric, a->value, b->value);
			break;
	}
	return isnan(d) ? INFINITY : d;
}

int
qd_element_bytes(QdElement element)
{
	static const int bytes[] = {4, 2, 1, 1};

	return bytes[element];
}
