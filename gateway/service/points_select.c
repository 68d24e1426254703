/*
 * points_select.c
 *		with_payload and with_vectors: the columns they ask for, and rows back
 *		into messages.
 */
#include "service/points.h"

static void
read_payload_selector(selection *s, const Qdrant__WithPayloadSelector *payload,
					  bool payload_default)
{
	s->payload = payload_default ? PAYLOAD_ALL : PAYLOAD_NONE;
	if (payload == NULL)
		return;
	switch (payload->selector_options_case)
	{
		case QDRANT__WITH_PAYLOAD_SELECTOR__SELECTOR_OPTIONS_ENABLE:
			s->payload = payload->enable ? PAYLOAD_ALL : PAYLOAD_NONE;
			break;
		case QDRANT__WITH_PAYLOAD_SELECTOR__SELECTOR_OPTIONS_INCLUDE:
			s->payload = PAYLOAD_INCLUDE;
			s->paths = payload->include->fields;
			s->n_paths = payload->include->n_fields;
			break;
		case QDRANT__WITH_PAYLOAD_SELECTOR__SELECTOR_OPTIONS_EXCLUDE:
			s->payload = PAYLOAD_EXCLUDE;
			s->paths = payload->exclude->fields;
			s->n_paths = payload->exclude->n_fields;
			break;
		default:				/* refused before */
			break;
	}
}

static bool
is_selected(const selection *s, const collection_vector *v)
{
	for (size_t i = 0; i < s->n_vectors; i++)
		if (s->vector[i] == v)
			return true;
	return false;
}

static bool
read_vector_names(selection *s, const collection *c,
				  const Qdrant__VectorsSelector *names, arena *a, gw_error *e)
{
	/* a name may be repeated, a vector is selected once */
	s->vector = arena_array(a, (size_t) c->n_vectors, sizeof(*s->vector));
	for (size_t i = 0; i < names->n_names; i++)
	{
		const collection_vector *v =
		vector_find(c, slice_text(names->names[i]), a, e);

		if (v == NULL)
			return false;
		if (!is_selected(s, v))
			s->vector[s->n_vectors++] = v;
	}
	return true;
}

bool
selection_read(selection *s, const collection *c,
			   const Qdrant__WithPayloadSelector *payload,
			   const Qdrant__WithVectorsSelector *vectors,
			   bool payload_default, arena *a, gw_error *e)
{
	memset(s, 0, sizeof(*s));
	read_payload_selector(s, payload, payload_default);
	if (vectors == NULL)
		return true;
	switch (vectors->selector_options_case)
	{
		case QDRANT__WITH_VECTORS_SELECTOR__SELECTOR_OPTIONS_ENABLE:
			if (!vectors->enable)
				return true;
			s->vectors = true;
			s->vector = arena_array(a, (size_t) c->n_vectors,
									sizeof(*s->vector));
			for (int i = 0; i < c->n_vectors; i++)
				s->vector[s->n_vectors++] = &c->vectors[i];
			return true;
		case QDRANT__WITH_VECTORS_SELECTOR__SELECTOR_OPTIONS_INCLUDE:
			s->vectors = true;
			return read_vector_names(s, c, vectors->include, a, e);
		default:
			return true;
	}
}

void
selection_raw_columns(const selection *s, sql *q, const char *alias)
{
	if (s->payload != PAYLOAD_NONE)
		sql_add(q, ", %s.payload", alias);
	for (size_t i = 0; i < s->n_vectors; i++)
		sql_add(q, ", %s.%s", alias, s->vector[i]->column);
}

static pg_param
paths_param(const selection *s, arena *a)
{
	pg_array   *arr = pg_array_begin(a, PGT_TEXT_ARRAY, s->n_paths);

	for (size_t i = 0; i < s->n_paths; i++)
	{
		pg_param	path = pgp_text(a, slice_text(s->paths[i]));

		pg_array_add(arr, &path);
	}
	return pg_array_end(arr);
}

void
selection_columns(const selection *s, sql *q, const char *alias)
{
	switch (s->payload)
	{
		case PAYLOAD_NONE:
			break;
		case PAYLOAD_ALL:
			sql_add(q, ", %s.payload", alias);
			break;
		case PAYLOAD_INCLUDE:
			sql_add(q, ", qdrant.payload_select(%s.payload, $%d, NULL)",
					alias, sql_bind(q, paths_param(s, q->a)));
			break;
		case PAYLOAD_EXCLUDE:
			sql_add(q, ", qdrant.payload_select(%s.payload, NULL, $%d)",
					alias, sql_bind(q, paths_param(s, q->a)));
			break;
	}
	for (size_t i = 0; i < s->n_vectors; i++)
		sql_add(q, ", %s.%s%s", alias, s->vector[i]->column,
				s->vector[i]->datatype == DATATYPE_FLOAT32 ? "" : "::vector");
}

/*
 * A payload that was asked for is one slice, be it {}: REST shows it, gRPC
 * packs no entries.
 */
void
selection_payload(const selection *s, const PGresult *r, int row, int col,
				  size_t *n_payload, ProtobufCBinaryData **payload, arena *a)
{
	slice		json;

	if (s->payload == PAYLOAD_NONE)
		return;
	json = pgr_jsonb(r, row, col);
	*payload = arena_alloc(a, sizeof(**payload));
	/* the message is only read, and the rows live as long as it */
	(*payload)->data = (uint8_t *) (uintptr_t) json.p;
	(*payload)->len = json.n;
	*n_payload = 1;
}

static Qdrant__VectorOutput *
dense_output(const float *value, size_t dim, arena *a)
{
	Qdrant__VectorOutput *out = arena_alloc(a, sizeof(*out));
	Qdrant__DenseVector *dense = arena_alloc(a, sizeof(*dense));

	qdrant__vector_output__init(out);
	qdrant__dense_vector__init(dense);
	dense->data = (float *) (uintptr_t) value;
	dense->n_data = dim;
	out->vector_case = QDRANT__VECTOR_OUTPUT__VECTOR_DENSE;
	out->dense = dense;
	return out;
}

static Qdrant__NamedVectorsOutput__VectorsEntry *
named_entry(slice name, Qdrant__VectorOutput *value, arena *a)
{
	Qdrant__NamedVectorsOutput__VectorsEntry *entry =
	arena_alloc(a, sizeof(*entry));

	qdrant__named_vectors_output__vectors_entry__init(entry);
	entry->key = arena_strdup(a, name);
	entry->value = value;
	return entry;
}

/* The unnamed vector alone stands bare, everything else in a map. */
Qdrant__VectorsOutput *
selection_vectors(const selection *s, const PGresult *r, int row, int col,
				  arena *a)
{
	Qdrant__VectorsOutput *out;
	Qdrant__NamedVectorsOutput *named;
	int			first = col + (s->payload != PAYLOAD_NONE);

	if (!s->vectors)
		return NULL;
	out = arena_alloc(a, sizeof(*out));
	qdrant__vectors_output__init(out);
	named = arena_alloc(a, sizeof(*named));
	qdrant__named_vectors_output__init(named);
	named->vectors = arena_array(a, s->n_vectors, sizeof(*named->vectors));
	for (size_t i = 0; i < s->n_vectors; i++)
	{
		const float *value;
		size_t		dim;

		if (pgr_vector(a, r, row, first + (int) i, &value, &dim))
			named->vectors[named->n_vectors++] =
				named_entry(s->vector[i]->name, dense_output(value, dim, a),
							a);
	}
	if (named->n_vectors == 1 && named->vectors[0]->key[0] == '\0')
	{
		out->vectors_options_case =
			QDRANT__VECTORS_OUTPUT__VECTORS_OPTIONS_VECTOR;
		out->vector = named->vectors[0]->value;
	}
	else
	{
		out->vectors_options_case =
			QDRANT__VECTORS_OUTPUT__VECTORS_OPTIONS_VECTORS;
		out->vectors = named;
	}
	return out;
}
