/*
 * vec_agg.c
 *		avg and sum of vectors.  The state is a float8[]: the number of rows,
 *		then the sums; it combines, so that both aggregate in parallel.
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/float.h"

#include "types/vector.h"

/* The state's elements, and its dimension in *dim (0: no row yet). */
static float8 *
state_values(ArrayType *state, int *dim)
{
	int			n;

	if (ARR_NDIM(state) != 1 || ARR_HASNULL(state) ||
		ARR_ELEMTYPE(state) != FLOAT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected a state of float8[] without nulls")));
	n = ARR_DIMS(state)[0];
	if (n < 1 || n > QD_VECTOR_MAX_DIM + 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected a state of 1 to %d elements, not %d",
						QD_VECTOR_MAX_DIM + 1, n)));
	*dim = n - 1;
	return (float8 *) ARR_DATA_PTR(state);
}

static ArrayType *
new_state(int dim)
{
	Size		size = ARR_OVERHEAD_NONULLS(1) + sizeof(float8) * (dim + 1);
	ArrayType  *state = palloc0(size);

	SET_VARSIZE(state, size);
	state->ndim = 1;
	state->elemtype = FLOAT8OID;
	ARR_DIMS(state)[0] = dim + 1;
	ARR_LBOUND(state)[0] = 1;
	return state;
}

static void
check_same(int a, int b)
{
	if (a != b)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %d dimensions, not %d", a, b)));
}

static void
check_sum(float8 x)
{
	if (isinf(x))
		float_overflow_error();
}

ArrayType *
qd_vec_accumulate(FunctionCallInfo fcinfo, ArrayType *state, const float *x,
				  int dim)
{
	int			state_dim;
	float8	   *sums = state_values(state, &state_dim);

	if (state_dim == 0 || !AggCheckCallContext(fcinfo, NULL))
	{
		ArrayType  *fresh = new_state(dim);
		float8	   *to = (float8 *) ARR_DATA_PTR(fresh);

		if (state_dim != 0)
		{
			check_same(state_dim, dim);
			memcpy(to, sums, sizeof(float8) * (dim + 1));
		}
		state = fresh;
		sums = to;
	}
	else
		check_same(state_dim, dim);
	sums[0] += 1;
	for (int i = 0; i < dim; i++)
	{
		sums[i + 1] += x[i];
		check_sum(sums[i + 1]);
	}
	return state;
}

QD_FUNCTION(qd_vector_accum);
Datum
qd_vector_accum(PG_FUNCTION_ARGS)
{
	qd_vector  *v = PG_GETARG_VECTOR(1);

	PG_RETURN_ARRAYTYPE_P(qd_vec_accumulate(fcinfo, PG_GETARG_ARRAYTYPE_P(0),
											v->x, qd_vector_dim(v)));
}

QD_FUNCTION(qd_vector_combine);
Datum
qd_vector_combine(PG_FUNCTION_ARGS)
{
	ArrayType  *a = PG_GETARG_ARRAYTYPE_P(0);
	ArrayType  *b = PG_GETARG_ARRAYTYPE_P(1);
	int			dim_a;
	int			dim_b;
	float8	   *x = state_values(a, &dim_a);
	float8	   *y = state_values(b, &dim_b);
	ArrayType  *state;
	float8	   *sums;

	if (dim_a == 0)
		PG_RETURN_ARRAYTYPE_P(b);
	if (dim_b == 0)
		PG_RETURN_ARRAYTYPE_P(a);
	check_same(dim_a, dim_b);
	state = new_state(dim_a);
	sums = (float8 *) ARR_DATA_PTR(state);
	for (int i = 0; i <= dim_a; i++)
	{
		sums[i] = x[i] + y[i];
		check_sum(sums[i]);
	}
	PG_RETURN_ARRAYTYPE_P(state);
}

static float *
divided(const float8 *sums, int dim, float8 divisor)
{
	float	   *x = palloc(sizeof(float) * dim);

	for (int i = 0; i < dim; i++)
		x[i] = (float) (sums[i + 1] / divisor);
	return x;
}

float *
qd_vec_average(ArrayType *state, int *dim)
{
	float8	   *sums = state_values(state, dim);

	return *dim == 0 || sums[0] <= 0 ? NULL : divided(sums, *dim, sums[0]);
}

float *
qd_vec_sum(ArrayType *state, int *dim)
{
	float8	   *sums = state_values(state, dim);

	return *dim == 0 || sums[0] <= 0 ? NULL : divided(sums, *dim, 1);
}

static Datum
result(FunctionCallInfo fcinfo, const float *x, int dim)
{
	qd_vector  *v;

	if (x == NULL)
		PG_RETURN_NULL();
	v = qd_vector_new(dim);
	memcpy(v->x, x, sizeof(float) * dim);
	qd_vector_check_elements(v);
	PG_RETURN_POINTER(v);
}

QD_FUNCTION(qd_vector_avg);
Datum
qd_vector_avg(PG_FUNCTION_ARGS)
{
	int			dim;
	float	   *x = qd_vec_average(PG_GETARG_ARRAYTYPE_P(0), &dim);

	return result(fcinfo, x, dim);
}

QD_FUNCTION(qd_vector_sum);
Datum
qd_vector_sum(PG_FUNCTION_ARGS)
{
	int			dim;
	float	   *x = qd_vec_sum(PG_GETARG_ARRAYTYPE_P(0), &dim);

	return result(fcinfo, x, dim);
}
