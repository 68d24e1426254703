/*
 * element.h
 *		Values of an indexed column: what type they have, as floats for the
 *		codes, and their exact distances.
 */
#ifndef QD_HNSW_ELEMENT_H
#define QD_HNSW_ELEMENT_H

#include "postgres.h"

#include "quantization/quant.h"

/*
 * Support function 1 of an operator class returns qd_metric + 256 * QdElement;
 * META keeps both.
 */
typedef enum QdElement
{
	QD_ELEMENT_FLOAT = 0,		/* vector */
	QD_ELEMENT_HALF = 1,		/* halfvec */
	QD_ELEMENT_BYTE = 2,		/* bytevec */
	QD_ELEMENT_BIT = 3			/* bit: floats 0 and 1, so that Hamming is the
								 * squared L2 distance */
} QdElement;

#define QD_ELEMENT_LAST		QD_ELEMENT_BIT

typedef struct QdValue
{
	const void *value;			/* detoasted */
	uint32		dim;
} QdValue;

/* Detoasts a value in the current context, if it must be. */
extern QdValue qd_value(QdElement element, Datum datum);

/* What qd_value took; nothing of the datum itself is freed. */
extern void qd_value_free(const QdValue *v, Datum datum);

/* Its elements as floats: inside the value, or in buffer (v->dim of them). */
extern const float *qd_value_floats(QdElement element, const QdValue *v,
									float *buffer);

/*
 * Of two values of one dimension, in the order units of quant.h, with the
 * precision of the type's operator: rows must come in its order.  NaN becomes
 * infinity.
 */
extern double qd_value_distance(QdElement element, qd_metric metric,
								const QdValue *a, const QdValue *b);

/* What an element takes in the table; a bit as much as its code does. */
extern int	qd_element_bytes(QdElement element);

#endif							/* QD_HNSW_ELEMENT_H */
