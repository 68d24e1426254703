/*
 * vec_type.c
 *		Checks, type modifiers, binary headers and array casts of the vector
 *		types: see vec_type.h.
 */
#include "compat.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "types/vec_type.h"

void *
qd_vec_new(int dim, Size element_size)
{
	Size		size = QD_VEC_HEADER_SIZE + element_size * dim;
	qd_vec_header *v = palloc0(size);

	SET_VARSIZE(v, size);
	v->dim_field = (uint16) dim;	/* 65,536 becomes 0 */
	return v;
}

bool
qd_vec_dim_ok(const qd_vec_type *type, int64 dim, struct Node *escontext)
{
	if (dim < 1)
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s must have at least 1 dimension", type->name)));
	if (dim > QD_VECTOR_MAX_DIM)
		ereturn(escontext, false,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s cannot have more than %d dimensions",
						type->name, QD_VECTOR_MAX_DIM)));
	return true;
}

bool
qd_vec_typmod_ok(int32 typmod, int dim, struct Node *escontext)
{
	if (typmod != -1 && typmod != dim)
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %d dimensions, not %d", typmod, dim)));
	return true;
}

void
qd_vec_check_element(const qd_vec_type *type, float x)
{
	if (isnan(x))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("NaN not allowed in %s", type->name)));
	if (isinf(x))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("infinite value not allowed in %s", type->name)));
	if (!type->holds(x))
	{
		char		text[FLOAT_SHORTEST_DECIMAL_LEN];

		float_to_shortest_decimal_buf(x, text);
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"%s\" is out of range for type %s", text, type->name),
				 type->hint ? errhint("%s", type->hint) : 0));
	}
}

void
qd_vec_check_elements(const qd_vec_type *type, const float *x, int n)
{
	for (int i = 0; i < n; i++)
		if (!(fabsf(x[i]) <= FLT_MAX) || !type->holds(x[i]))
			qd_vec_check_element(type, x[i]);
}

void
qd_vec_check_same_dim(const void *a, const void *b)
{
	if (qd_vec_dim(a) != qd_vec_dim(b))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("different vector dimensions %d and %d",
						qd_vec_dim(a), qd_vec_dim(b))));
}

int32
qd_vec_typmod_in(const qd_vec_type *type, ArrayType *array)
{
	int			n;
	int32	   *typmods = ArrayGetIntegerTypmods(array, &n);

	if (n != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid type modifier"),
				 errhint("Write the number of dimensions, as in %s(384).",
						 type->name)));
	if (typmods[0] < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions for type %s must be at least 1",
						type->name)));
	if (typmods[0] > QD_VECTOR_MAX_DIM)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions for type %s cannot exceed %d",
						type->name, QD_VECTOR_MAX_DIM)));
	return typmods[0];
}

/*----------
 * Binary: u16 dim (0 = 65,536), u16 0, elements big-endian
 *----------
 */
int
qd_vec_recv(const qd_vec_type *type, StringInfo buf, int32 typmod,
			Size element_size, const char **bytes)
{
	uint16		dim_field = pq_getmsgint(buf, 2);
	int			unused = pq_getmsgint(buf, 2);
	int			dim = dim_field == 0 ? QD_VECTOR_MAX_DIM : dim_field;

	if (unused != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("expected unused to be 0, not %d", unused)));
	if (dim_field == 0 && buf->len - buf->cursor < (int) element_size)
		(void) qd_vec_dim_ok(type, 0, NULL);
	(void) qd_vec_typmod_ok(typmod, dim, NULL);
	*bytes = pq_getmsgbytes(buf, element_size * dim);
	return dim;
}

void
qd_vec_send_begin(StringInfo buf, const void *v, Size element_size)
{
	pq_begintypsend(buf);
	pq_sendint16(buf, ((const qd_vec_header *) v)->dim_field);
	pq_sendint16(buf, 0);
	enlargeStringInfo(buf, element_size * qd_vec_dim(v));
}

/*----------
 * Arrays
 *----------
 */
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

/*
 * An element of another type than real, in a type of whole numbers: as it was
 * given, not as rounded.
 */
static void
check_whole(const qd_vec_type *type, Datum d, Oid element_type, float x)
{
	char		buffer[DOUBLE_SHORTEST_DECIMAL_LEN];
	char	   *text = buffer;
	bool		is_value = true;

	/* NaN and infinity are reported otherwise */
	if (!(fabsf(x) <= FLT_MAX))
		return;
	if (element_type == INT4OID)
	{
		is_value = type->holds(x);
		pg_ltoa(DatumGetInt32(d), buffer);
	}
	else if (element_type == FLOAT8OID)
	{
		is_value = DatumGetFloat8(d) == x;
		double_to_shortest_decimal_buf(DatumGetFloat8(d), buffer);
	}
	else if (element_type == NUMERICOID)
	{
		text = DatumGetCString(DirectFunctionCall1(numeric_out, d));
		is_value = qd_vec_text_is_whole(text, text + strlen(text));
	}
	if (!is_value)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"%.100s\" is out of range for type %s", text,
						type->name),
				 type->hint ? errhint("%s", type->hint) : 0));
	if (text != buffer)
		pfree(text);
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

float *
qd_vec_from_array(const qd_vec_type *type, ArrayType *array, int32 typmod,
				  int *dim)
{
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	Datum	   *elements;
	float	   *x;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("array must be 1-D")));
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("array must not contain nulls")));
	(void) qd_vec_dim_ok(type, n, NULL);
	(void) qd_vec_typmod_ok(typmod, n, NULL);
	x = palloc(sizeof(float) * n);
	if (ARR_ELEMTYPE(array) == FLOAT4OID)
		memcpy(x, ARR_DATA_PTR(array), sizeof(float) * n);
	else
	{
		deconstruct(array, &elements, &n);
		for (int i = 0; i < n; i++)
		{
			x[i] = element_to_float(elements[i], ARR_ELEMTYPE(array));
			if (type->whole)
				check_whole(type, elements[i], ARR_ELEMTYPE(array), x[i]);
		}
	}
	qd_vec_check_elements(type, x, n);
	*dim = n;
	return x;
}

ArrayType *
qd_vec_to_reals(const float *x, int dim)
{
	Datum	   *elements = palloc(sizeof(Datum) * dim);

	for (int i = 0; i < dim; i++)
		elements[i] = Float4GetDatum(x[i]);
	return construct_array(elements, dim, FLOAT4OID, sizeof(float4), true,
						   TYPALIGN_INT);
}
