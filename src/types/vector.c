/*
 * vector.c
 *		The type vector: I/O, type modifier, casts, arithmetic and comparison.
 *		Distances are in vec_distance.c, aggregates in vec_agg.c.
 */
#include "compat.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "types/vector.h"

qd_vector *
qd_vector_new(int dim)
{
	Size		size = QD_VECTOR_SIZE(dim);
	qd_vector  *v = palloc0(size);

	SET_VARSIZE(v, size);
	v->dim_field = (uint16) dim;	/* 65,536 becomes 0 */
	return v;
}

bool
qd_vector_dim_ok(int64 dim, struct Node *escontext)
{
	if (dim < 1)
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("vector must have at least 1 dimension")));
	if (dim > QD_VECTOR_MAX_DIM)
		ereturn(escontext, false,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("vector cannot have more than %d dimensions",
						QD_VECTOR_MAX_DIM)));
	return true;
}

bool
qd_vector_element_ok(float x, struct Node *escontext)
{
	if (isnan(x))
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("NaN not allowed in vector")));
	if (isinf(x))
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("infinite value not allowed in vector")));
	return true;
}

bool
qd_vector_typmod_ok(int32 typmod, int dim, struct Node *escontext)
{
	if (typmod != -1 && typmod != dim)
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %d dimensions, not %d", typmod, dim)));
	return true;
}

void
qd_vector_check_elements(const qd_vector *v)
{
	int			dim = qd_vector_dim(v);
	bool		all_finite = true;

	/* no branch inside, so that the compiler vectorises it */
	for (int i = 0; i < dim; i++)
		all_finite &= fabsf(v->x[i]) <= FLT_MAX;
	if (all_finite)
		return;
	for (int i = 0; i < dim; i++)
		(void) qd_vector_element_ok(v->x[i], NULL);
}

void
qd_vector_check_dims(const qd_vector *a, const qd_vector *b)
{
	if (a->dim_field != b->dim_field)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("different vector dimensions %d and %d",
						qd_vector_dim(a), qd_vector_dim(b))));
}

QD_FUNCTION(qd_vector_in);
Datum
qd_vector_in(PG_FUNCTION_ARGS)
{
	qd_vector  *v = qd_vec_text_parse(PG_GETARG_CSTRING(0),
									  PG_GETARG_INT32(2), fcinfo->context);

	if (v == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(v);
}

QD_FUNCTION(qd_vector_out);
Datum
qd_vector_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(qd_vec_text_print(PG_GETARG_VECTOR(0)));
}

QD_FUNCTION(qd_vector_typmod_in);
Datum
qd_vector_typmod_in(PG_FUNCTION_ARGS)
{
	int			n;
	int32	   *typmods = ArrayGetIntegerTypmods(PG_GETARG_ARRAYTYPE_P(0), &n);

	if (n != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid type modifier"),
				 errhint("Write the number of dimensions, as in vector(384).")));
	if (typmods[0] < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions for type vector must be at least 1")));
	if (typmods[0] > QD_VECTOR_MAX_DIM)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions for type vector cannot exceed %d",
						QD_VECTOR_MAX_DIM)));
	PG_RETURN_INT32(typmods[0]);
}

/* Binary: u16 dim (0 = 65,536), u16 0, dim x f32, as pgvector's. */
QD_FUNCTION(qd_vector_recv);
Datum
qd_vector_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int32		typmod = PG_GETARG_INT32(2);
	uint16		dim_field = pq_getmsgint(buf, 2);
	int			unused = pq_getmsgint(buf, 2);
	int			dim = dim_field == 0 ? QD_VECTOR_MAX_DIM : dim_field;
	const char *bytes;
	qd_vector  *v;

	if (unused != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("expected unused to be 0, not %d", unused)));
	if (dim_field == 0 && buf->len - buf->cursor < 4)
		qd_vector_check_dim(0);
	qd_vector_check_typmod(typmod, dim);
	bytes = pq_getmsgbytes(buf, sizeof(float) * dim);
	v = qd_vector_new(dim);
	for (int i = 0; i < dim; i++)
	{
		uint32		bits;

		memcpy(&bits, bytes + sizeof(bits) * i, sizeof(bits));
		bits = pg_ntoh32(bits);
		memcpy(&v->x[i], &bits, sizeof(bits));
	}
	qd_vector_check_elements(v);
	PG_RETURN_POINTER(v);
}

QD_FUNCTION(qd_vector_send);
Datum
qd_vector_send(PG_FUNCTION_ARGS)
{
	qd_vector  *v = PG_GETARG_VECTOR(0);
	int			dim = qd_vector_dim(v);
	StringInfoData buf;
	char	   *out;

	pq_begintypsend(&buf);
	pq_sendint16(&buf, v->dim_field);
	pq_sendint16(&buf, 0);
	enlargeStringInfo(&buf, sizeof(float) * dim);
	out = buf.data + buf.len;
	for (int i = 0; i < dim; i++)
	{
		uint32		bits;

		memcpy(&bits, &v->x[i], sizeof(bits));
		bits = pg_hton32(bits);
		memcpy(out + sizeof(bits) * i, &bits, sizeof(bits));
	}
	buf.len += sizeof(float) * dim;
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* vector(n): the cast to the type itself checks the modifier. */
QD_FUNCTION(qd_vector_cast);
Datum
qd_vector_cast(PG_FUNCTION_ARGS)
{
	qd_vector  *v = PG_GETARG_VECTOR(0);

	qd_vector_check_typmod(PG_GETARG_INT32(1), qd_vector_dim(v));
	PG_RETURN_POINTER(v);
}

static float
element_to_float(Datum d, Oid type)
{
	switch (type)
	{
		case INT4OID:
			return (float) DatumGetInt32(d);
		case FLOAT8OID:
			return (float) DatumGetFloat8(d);
		case NUMERICOID:
			return DatumGetFloat4(DirectFunctionCall1(numeric_float4, d));
		default:
			elog(ERROR, "unexpected element type %u", type);
	}
}

static void
deconstruct(ArrayType *array, Datum **elements, int *n)
{
	Oid			type = ARR_ELEMTYPE(array);
	int16		typlen;
	bool		typbyval;
	char		typalign;

	get_typlenbyvalalign(type, &typlen, &typbyval, &typalign);
	deconstruct_array(array, type, typlen, typbyval, typalign,
					  elements, NULL, n);
}

/* Arrays of integer, real, double precision and numeric. */
QD_FUNCTION(qd_array_to_vector);
Datum
qd_array_to_vector(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	Datum	   *elements;
	qd_vector  *v;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("array must be 1-D")));
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("array must not contain nulls")));
	qd_vector_check_dim(n);
	qd_vector_check_typmod(PG_GETARG_INT32(1), n);
	v = qd_vector_new(n);
	if (ARR_ELEMTYPE(array) == FLOAT4OID)
		memcpy(v->x, ARR_DATA_PTR(array), sizeof(float) * n);
	else
	{
		deconstruct(array, &elements, &n);
		for (int i = 0; i < n; i++)
			v->x[i] = element_to_float(elements[i], ARR_ELEMTYPE(array));
	}
	qd_vector_check_elements(v);
	PG_RETURN_POINTER(v);
}

QD_FUNCTION(qd_vector_to_float4);
Datum
qd_vector_to_float4(PG_FUNCTION_ARGS)
{
	qd_vector  *v = PG_GETARG_VECTOR(0);
	int			dim = qd_vector_dim(v);
	Datum	   *elements = palloc(sizeof(Datum) * dim);

	for (int i = 0; i < dim; i++)
		elements[i] = Float4GetDatum(v->x[i]);
	PG_RETURN_POINTER(construct_array(elements, dim, FLOAT4OID,
									  sizeof(float4), true, TYPALIGN_INT));
}

/*
 * a + b, a - b, a * b by coordinate.  A finite result too large for float4
 * becomes an error, and so does a product that is lost in zero, as for the
 * type real.
 */
typedef float (*arithmetic) (float x, float y);

static float
add(float x, float y)
{
	return x + y;
}

static float
subtract(float x, float y)
{
	return x - y;
}

static float
multiply(float x, float y)
{
	float		product = x * y;

	if (product == 0 && x != 0 && y != 0)
		float_underflow_error();
	return product;
}

static inline Datum
by_coordinate(PG_FUNCTION_ARGS, arithmetic op)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	qd_vector  *b = PG_GETARG_VECTOR(1);
	int			dim = qd_vector_dim(a);
	qd_vector  *v;

	qd_vector_check_dims(a, b);
	v = qd_vector_new(dim);
	for (int i = 0; i < dim; i++)
	{
		v->x[i] = op(a->x[i], b->x[i]);
		if (isinf(v->x[i]))
			float_overflow_error();
	}
	PG_RETURN_POINTER(v);
}

QD_FUNCTION(qd_vector_add);
Datum
qd_vector_add(PG_FUNCTION_ARGS)
{
	return by_coordinate(fcinfo, add);
}

QD_FUNCTION(qd_vector_sub);
Datum
qd_vector_sub(PG_FUNCTION_ARGS)
{
	return by_coordinate(fcinfo, subtract);
}

QD_FUNCTION(qd_vector_mul);
Datum
qd_vector_mul(PG_FUNCTION_ARGS)
{
	return by_coordinate(fcinfo, multiply);
}

QD_FUNCTION(qd_vector_concat);
Datum
qd_vector_concat(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	qd_vector  *b = PG_GETARG_VECTOR(1);
	int			dim_a = qd_vector_dim(a);
	int			dim_b = qd_vector_dim(b);
	qd_vector  *v;

	qd_vector_check_dim((int64) dim_a + dim_b);
	v = qd_vector_new(dim_a + dim_b);
	memcpy(v->x, a->x, sizeof(float) * dim_a);
	memcpy(v->x + dim_a, b->x, sizeof(float) * dim_b);
	PG_RETURN_POINTER(v);
}

/* Coordinates first, then the shorter one; as arrays compare. */
static int
compare(const qd_vector *a, const qd_vector *b)
{
	int			dim_a = qd_vector_dim(a);
	int			dim_b = qd_vector_dim(b);

	for (int i = 0; i < Min(dim_a, dim_b); i++)
	{
		if (a->x[i] < b->x[i])
			return -1;
		if (a->x[i] > b->x[i])
			return 1;
	}
	return dim_a < dim_b ? -1 : dim_a > dim_b ? 1 : 0;
}

#define COMPARISON(name, condition) \
QD_FUNCTION(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	int			cmp = compare(PG_GETARG_VECTOR(0), PG_GETARG_VECTOR(1)); \
\
	PG_RETURN_BOOL(condition); \
}

COMPARISON(qd_vector_lt, cmp < 0)
COMPARISON(qd_vector_le, cmp <= 0)
COMPARISON(qd_vector_eq, cmp == 0)
COMPARISON(qd_vector_ne, cmp != 0)
COMPARISON(qd_vector_ge, cmp >= 0)
COMPARISON(qd_vector_gt, cmp > 0)

QD_FUNCTION(qd_vector_cmp);
Datum
qd_vector_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare(PG_GETARG_VECTOR(0), PG_GETARG_VECTOR(1)));
}
