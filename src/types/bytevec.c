/*
 * bytevec.c
 *		The type bytevec: I/O, casts and comparison.  Distances and aggregates
 *		are in byte_distance.c.
 *
 * A cast takes whole numbers from 0 to 255 only; qdrant.to_bytevec() cuts and
 * limits others, as Qdrant does.
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"

#include "types/bytevec.h"
#include "types/vector.h"

static bool
holds(float x)
{
	return x >= 0 && x <= 255 && x == floorf(x);
}

const qd_vec_type qd_bytevec_type = {
	"bytevec", holds,
	"Elements are whole numbers from 0 to 255; qdrant.to_bytevec() cuts and limits others.",
	true
};

qd_bytevec *
qd_bytevec_new(int dim)
{
	return qd_vec_new(dim, sizeof(uint8));
}

static qd_bytevec *
from_floats(const float *x, int dim)
{
	qd_bytevec *v;

	qd_vec_check_elements(&qd_bytevec_type, x, dim);
	v = qd_bytevec_new(dim);
	for (int i = 0; i < dim; i++)
		v->x[i] = (uint8) x[i];
	return v;
}

QD_FUNCTION(qd_bytevec_in);
Datum
qd_bytevec_in(PG_FUNCTION_ARGS)
{
	int			dim;
	float	   *x = qd_vec_text_parse(&qd_bytevec_type, PG_GETARG_CSTRING(0),
									  PG_GETARG_INT32(2), &dim,
									  fcinfo->context);

	if (x == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(from_floats(x, dim));
}

QD_FUNCTION(qd_bytevec_out);
Datum
qd_bytevec_out(PG_FUNCTION_ARGS)
{
	qd_bytevec *v = PG_GETARG_BYTEVEC(0);
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < qd_vec_dim(v); i++)
		appendStringInfo(&text, "%c%d", i == 0 ? '[' : ',', v->x[i]);
	appendStringInfoChar(&text, ']');
	PG_RETURN_CSTRING(text.data);
}

QD_FUNCTION(qd_bytevec_typmod_in);
Datum
qd_bytevec_typmod_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(qd_vec_typmod_in(&qd_bytevec_type,
									 PG_GETARG_ARRAYTYPE_P(0)));
}

QD_FUNCTION(qd_bytevec_recv);
Datum
qd_bytevec_recv(PG_FUNCTION_ARGS)
{
	const char *bytes;
	int			dim = qd_vec_recv(&qd_bytevec_type,
								  (StringInfo) PG_GETARG_POINTER(0),
								  PG_GETARG_INT32(2), sizeof(uint8), &bytes);
	qd_bytevec *v = qd_bytevec_new(dim);

	memcpy(v->x, bytes, dim);
	PG_RETURN_POINTER(v);
}

QD_FUNCTION(qd_bytevec_send);
Datum
qd_bytevec_send(PG_FUNCTION_ARGS)
{
	qd_bytevec *v = PG_GETARG_BYTEVEC(0);
	StringInfoData buf;

	qd_vec_send_begin(&buf, v, sizeof(uint8));
	pq_sendbytes(&buf, (const char *) v->x, qd_vec_dim(v));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*----------
 * Casts
 *----------
 */

/* bytevec(n): the cast to the type itself checks the modifier. */
QD_FUNCTION(qd_bytevec_cast);
Datum
qd_bytevec_cast(PG_FUNCTION_ARGS)
{
	qd_bytevec *v = PG_GETARG_BYTEVEC(0);

	(void) qd_vec_typmod_ok(PG_GETARG_INT32(1), qd_vec_dim(v), NULL);
	PG_RETURN_POINTER(v);
}

QD_FUNCTION(qd_array_to_bytevec);
Datum
qd_array_to_bytevec(PG_FUNCTION_ARGS)
{
	int			dim;
	float	   *x = qd_vec_from_array(&qd_bytevec_type, PG_GETARG_ARRAYTYPE_P(0),
									  PG_GETARG_INT32(1), &dim);

	PG_RETURN_POINTER(from_floats(x, dim));
}

QD_FUNCTION(qd_bytevec_to_int4);
Datum
qd_bytevec_to_int4(PG_FUNCTION_ARGS)
{
	qd_bytevec *v = PG_GETARG_BYTEVEC(0);
	int			dim = qd_vec_dim(v);
	Datum	   *elements = palloc(sizeof(Datum) * dim);

	for (int i = 0; i < dim; i++)
		elements[i] = Int32GetDatum(v->x[i]);
	PG_RETURN_POINTER(construct_array(elements, dim, INT4OID, sizeof(int32),
									  true, TYPALIGN_INT));
}

QD_FUNCTION(qd_bytevec_to_float4);
Datum
qd_bytevec_to_float4(PG_FUNCTION_ARGS)
{
	qd_bytevec *v = PG_GETARG_BYTEVEC(0);
	float	   *x = palloc(sizeof(float) * qd_vec_dim(v));

	qd_bytevec_to_floats(v, x);
	PG_RETURN_POINTER(qd_vec_to_reals(x, qd_vec_dim(v)));
}

QD_FUNCTION(qd_vector_to_bytevec);
Datum
qd_vector_to_bytevec(PG_FUNCTION_ARGS)
{
	qd_vector  *v = PG_GETARG_VECTOR(0);

	(void) qd_vec_typmod_ok(PG_GETARG_INT32(1), qd_vec_dim(v), NULL);
	PG_RETURN_POINTER(from_floats(v->x, qd_vec_dim(v)));
}

QD_FUNCTION(qd_bytevec_to_vector);
Datum
qd_bytevec_to_vector(PG_FUNCTION_ARGS)
{
	qd_bytevec *v = PG_GETARG_BYTEVEC(0);
	qd_vector  *result;

	(void) qd_vec_typmod_ok(PG_GETARG_INT32(1), qd_vec_dim(v), NULL);
	result = qd_vector_new(qd_vec_dim(v));
	qd_bytevec_to_floats(v, result->x);
	PG_RETURN_POINTER(result);
}

/* What Qdrant stores of a vector: cut towards zero, limited to 0 and 255. */
QD_FUNCTION(qd_to_bytevec);
Datum
qd_to_bytevec(PG_FUNCTION_ARGS)
{
	qd_vector  *v = PG_GETARG_VECTOR(0);
	int			dim = qd_vec_dim(v);
	qd_bytevec *result = qd_bytevec_new(dim);

	for (int i = 0; i < dim; i++)
		result->x[i] = (uint8) Max(0, Min(255, v->x[i]));
	PG_RETURN_POINTER(result);
}

/*----------
 * Parts
 *----------
 */
QD_FUNCTION(qd_bytevec_concat);
Datum
qd_bytevec_concat(PG_FUNCTION_ARGS)
{
	qd_bytevec *a = PG_GETARG_BYTEVEC(0);
	qd_bytevec *b = PG_GETARG_BYTEVEC(1);
	int			dim_a = qd_vec_dim(a);
	int			dim_b = qd_vec_dim(b);
	qd_bytevec *v;

	(void) qd_vec_dim_ok(&qd_bytevec_type, (int64) dim_a + dim_b, NULL);
	v = qd_bytevec_new(dim_a + dim_b);
	memcpy(v->x, a->x, dim_a);
	memcpy(v->x + dim_a, b->x, dim_b);
	PG_RETURN_POINTER(v);
}

/* subvector(v, start, count): start counts from 1. */
QD_FUNCTION(qd_bytevec_subvector);
Datum
qd_bytevec_subvector(PG_FUNCTION_ARGS)
{
	qd_bytevec *a = PG_GETARG_BYTEVEC(0);
	int			first;
	int			n = qd_vec_part(&qd_bytevec_type, qd_vec_dim(a),
								PG_GETARG_INT32(1), PG_GETARG_INT32(2), &first);
	qd_bytevec *v = qd_bytevec_new(n);

	memcpy(v->x, a->x + first, n);
	PG_RETURN_POINTER(v);
}

/*----------
 * Comparison: elements first, then the shorter one; as arrays compare
 *----------
 */
static int
compare(const qd_bytevec *a, const qd_bytevec *b)
{
	int			dim_a = qd_vec_dim(a);
	int			dim_b = qd_vec_dim(b);
	int			cmp = memcmp(a->x, b->x, Min(dim_a, dim_b));

	if (cmp != 0)
		return cmp < 0 ? -1 : 1;
	return dim_a < dim_b ? -1 : dim_a > dim_b ? 1 : 0;
}

#define COMPARISON(name, condition) \
QD_FUNCTION(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	int			cmp = compare(PG_GETARG_BYTEVEC(0), PG_GETARG_BYTEVEC(1)); \
\
	PG_RETURN_BOOL(condition); \
}

COMPARISON(qd_bytevec_lt, cmp < 0)
COMPARISON(qd_bytevec_le, cmp <= 0)
COMPARISON(qd_bytevec_eq, cmp == 0)
COMPARISON(qd_bytevec_ne, cmp != 0)
COMPARISON(qd_bytevec_ge, cmp >= 0)
COMPARISON(qd_bytevec_gt, cmp > 0)

QD_FUNCTION(qd_bytevec_cmp);
Datum
qd_bytevec_cmp(PG_FUNCTION_ARGS)
{
	qd_bytevec *a = PG_GETARG_BYTEVEC(0);
	qd_bytevec *b = PG_GETARG_BYTEVEC(1);
	int			cmp = compare(a, b);

	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	PG_RETURN_INT32(cmp);
}
