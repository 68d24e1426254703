/*
 * points_vectors.c
 *		Vectors as requests bring them: both generations of the message, and
 *		what a collection says about names, kinds and dimensions.
 */
#include "service/points.h"

#include <inttypes.h>
#include <strings.h>

/* What a Vector message holds. */
typedef enum vector_kind
{
	KIND_DENSE, KIND_SPARSE, KIND_MULTI, KIND_INFERENCE
} vector_kind;

typedef struct vector_view
{
	vector_kind kind;
	const float *data;			/* KIND_DENSE */
	size_t		n;
	const char *model;			/* KIND_INFERENCE */
} vector_view;

static const char *
model_of(const Qdrant__Vector *v)
{
	switch (v->vector_case)
	{
		case QDRANT__VECTOR__VECTOR_DOCUMENT:
			return v->document->model;
		case QDRANT__VECTOR__VECTOR_IMAGE:
			return v->image->model;
		default:
			return v->object->model;
	}
}

/* The old members say the kind when none of the oneof is set. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static vector_view
view_old(const Qdrant__Vector *v)
{
	if (v->indices != NULL)
		return (vector_view) {.kind = KIND_SPARSE};
	if (v->has_vectors_count)
		return (vector_view) {.kind = KIND_MULTI};
	return (vector_view) {.kind = KIND_DENSE,.data = v->data,.n = v->n_data};
}
#pragma GCC diagnostic pop

static vector_view
view(const Qdrant__Vector *v)
{
	if (v == NULL)
		return (vector_view) {.kind = KIND_DENSE};
	switch (v->vector_case)
	{
		case QDRANT__VECTOR__VECTOR_DENSE:
			return (vector_view) {.kind = KIND_DENSE,.data = v->dense->data,
			.n = v->dense->n_data};
		case QDRANT__VECTOR__VECTOR_SPARSE:
			return (vector_view) {.kind = KIND_SPARSE};
		case QDRANT__VECTOR__VECTOR_MULTI_DENSE:
			return (vector_view) {.kind = KIND_MULTI};
		case QDRANT__VECTOR__VECTOR_DOCUMENT:
		case QDRANT__VECTOR__VECTOR_IMAGE:
		case QDRANT__VECTOR__VECTOR_OBJECT:
			return (vector_view) {.kind = KIND_INFERENCE,
			.model = model_of(v)};
		default:
			return view_old(v);
	}
}

const collection_vector *
vector_find(const collection *c, slice name, arena *a, gw_error *e)
{
	const collection_vector *v = collection_find_vector(c, name);

	if (v == NULL)
		gw_fail(e, a, ERR_BAD_INPUT, "Not existing vector name error: %.*s",
				(int) name.n, name.p);
	return v;
}

/* The position of the first NaN or infinity, or n. */
static size_t
first_not_finite(const float *x, size_t n)
{
	uint32_t	bad = 0;

	for (size_t i = 0; i < n; i++)
	{
		uint32_t	bits;

		memcpy(&bits, &x[i], sizeof(bits));
		bad |= (bits & 0x7f800000u) == 0x7f800000u;
	}
	if (!bad)
		return n;
	for (size_t i = 0; i < n; i++)
		if (!__builtin_isfinite(x[i]))
			return i;
	return n;
}

const char *
vector_stored(const collection_vector *v, const char *expression, arena *a)
{
	if (v->datatype == DATATYPE_UINT8)
		return arena_printf(a, "qdrant.to_bytevec(%s)", expression);
	if (v->distance == DISTANCE_COSINE)
		expression = arena_printf(a, "qdrant.cosine_normalize(%s)", expression);
	if (v->datatype == DATATYPE_FLOAT16)
		return arena_printf(a, "%s::halfvec", expression);
	return expression;
}

/* What rounds to no finite half float. */
#define FLOAT16_TOO_LARGE	65520.0f

/* Of a vector that is not normalised before it is rounded. */
static bool
check_range(const collection_vector *v, const float *x, size_t n, arena *a,
			gw_error *e)
{
	if (v->datatype != DATATYPE_FLOAT16 || v->distance == DISTANCE_COSINE)
		return true;
	for (size_t i = 0; i < n; i++)
		if (x[i] >= FLOAT16_TOO_LARGE || x[i] <= -FLOAT16_TOO_LARGE)
			return gw_fail(e, a, ERR_BAD_INPUT, "Vector '%.*s' holds a value "
						   "beyond the range of float16, at position %zu",
						   (int) v->name.n, v->name.p, i);
	return true;
}

static bool
check_values(const collection_vector *v, const float *x, size_t n, arena *a,
			 gw_error *e)
{
	size_t		at = first_not_finite(x, n);

	if (at == n)
		return check_range(v, x, n, a, e);
	return gw_fail(e, a, ERR_BAD_INPUT,
				   "Vector '%.*s' holds a value that is no finite 32-bit "
				   "number, at position %zu",
				   (int) v->name.n, v->name.p, at);
}

static bool
is_bm25(const char *model)
{
	return strcasecmp(model, "qdrant/bm25") == 0 ||
		strcasecmp(model, "bm25") == 0;
}

bool
inference_refuse(const char *model, arena *a, gw_error *e)
{
	if (is_bm25(model))
		return gw_fail(e, a, ERR_UNSUPPORTED, "inference with model `%s`",
					   model);
	return gw_fail(e, a, ERR_INTERNAL, "InferenceService URL not configured "
				   "- please provide valid address in config");
}

static bool
refuse_kind(const vector_view *x, arena *a, gw_error *e)
{
	switch (x->kind)
	{
		case KIND_SPARSE:
			return gw_fail(e, a, ERR_BAD_INPUT, "Conversion between sparse "
						   "and regular vectors failed");
		case KIND_MULTI:
			return gw_fail(e, a, ERR_BAD_INPUT, "Conversion between multi "
						   "and regular vectors failed");
		default:
			return inference_refuse(x->model, a, e);
	}
}

static bool
read_one(const Qdrant__Vector *message, const collection *c, slice name,
		 input_vector *out, arena *a, gw_error *e)
{
	const collection_vector *v = vector_find(c, name, a, e);
	vector_view x = view(message);

	if (v == NULL)
		return false;
	if (x.kind != KIND_DENSE)
		return refuse_kind(&x, a, e);
	if (x.n != v->dim)
		return gw_fail(e, a, ERR_BAD_INPUT,
					   "Vector dimension error: expected dim: %" PRIu32
					   ", got %zu%s%.*s%s", v->dim, x.n,
					   name.n > 0 ? " for vector '" : "",
					   (int) name.n, name.p, name.n > 0 ? "'" : "");
	if (!check_values(v, x.data, x.n, a, e))
		return false;
	out[v - c->vectors] = (input_vector) {x.data, x.n};
	return true;
}

bool
vectors_read(const Qdrant__Vectors *vectors, const collection *c,
			 input_vector *out, arena *a, gw_error *e)
{
	const Qdrant__NamedVectors *named;

	memset(out, 0, sizeof(*out) * (size_t) c->n_vectors);
	if (vectors->vectors_options_case ==
		QDRANT__VECTORS__VECTORS_OPTIONS_VECTOR)
		return read_one(vectors->vector, c, SLICE_LIT(""), out, a, e);
	named = vectors->vectors;
	for (size_t i = 0; i < named->n_vectors; i++)
		if (!read_one(named->vectors[i]->value, c,
					  slice_text(named->vectors[i]->key), out, a, e))
			return false;
	return true;
}

bool
query_vector_check(const collection_vector *v, const float *value, size_t dim,
				   arena *a, gw_error *e)
{
	if (dim != v->dim)
		return gw_fail(e, a, ERR_BAD_INPUT,
					   "Vector dimension error: expected dim: %" PRIu32
					   ", got %zu", v->dim, dim);
	return check_values(v, value, dim, a, e);
}
