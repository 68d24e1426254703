/*
 * out_points.c
 *		Points in REST's answers.
 */
#include "model/out_points.h"

#include "json/jwrite.h"
#include "model/qdrant.pb-c.h"

static void
out_id(buf *out, const Qdrant__PointId *id)
{
	if (id->point_id_options_case == QDRANT__POINT_ID__POINT_ID_OPTIONS_NUM)
		jw_u64(out, id->num);
	else
		jw_cstring(out, id->uuid);
}

static void
out_dense(buf *out, const Qdrant__DenseVector *v)
{
	jw_f32_array(out, v->data, v->n_data);
}

static void
out_sparse(buf *out, const Qdrant__SparseVector *v)
{
	bool		first = true;

	buf_adds(out, "{\"indices\":[");
	for (size_t i = 0; i < v->n_indices; i++)
	{
		jw_item(out, &first);
		jw_u64(out, v->indices[i]);
	}
	buf_adds(out, "],\"values\":");
	jw_f32_array(out, v->values, v->n_values);
	buf_addc(out, '}');
}

static void
out_multi(buf *out, const Qdrant__MultiDenseVector *v)
{
	bool		first = true;

	buf_addc(out, '[');
	for (size_t i = 0; i < v->n_vectors; i++)
	{
		jw_item(out, &first);
		out_dense(out, v->vectors[i]);
	}
	buf_addc(out, ']');
}

static void
out_vector(buf *out, const Qdrant__VectorOutput *v)
{
	switch (v->vector_case)
	{
		case QDRANT__VECTOR_OUTPUT__VECTOR_DENSE:
			out_dense(out, v->dense);
			break;
		case QDRANT__VECTOR_OUTPUT__VECTOR_SPARSE:
			out_sparse(out, v->sparse);
			break;
		case QDRANT__VECTOR_OUTPUT__VECTOR_MULTI_DENSE:
			out_multi(out, v->multi_dense);
			break;
		default:
			jw_null(out);
			break;
	}
}

static void
out_vectors(buf *out, const Qdrant__VectorsOutput *v)
{
	bool		first = true;

	if (v->vectors_options_case ==
		QDRANT__VECTORS_OUTPUT__VECTORS_OPTIONS_VECTOR)
	{
		out_vector(out, v->vector);
		return;
	}
	buf_addc(out, '{');
	for (size_t i = 0; i < v->vectors->n_vectors; i++)
	{
		const char *name = v->vectors->vectors[i]->key;

		jw_key_slice(out, &first, slice_text(name));
		out_vector(out, v->vectors->vectors[i]->value);
	}
	buf_addc(out, '}');
}

/* Rows come as one slice of JSON (model.h). */
static void
out_payload(buf *out, bool *first, size_t n, const ProtobufCBinaryData *p)
{
	if (n == 0)
		return;
	jw_key(out, first, "payload");
	jw_raw(out, (slice) {(const char *) p->data, p->len});
}

static void
out_order_value(buf *out, bool *first, const Qdrant__OrderValue *v)
{
	if (v == NULL)
		return;
	jw_key(out, first, "order_value");
	if (v->variant_case == QDRANT__ORDER_VALUE__VARIANT_FLOAT)
		jw_f64(out, v->float_);
	else
		jw_i64(out, v->int_);
}

static void
out_retrieved(buf *out, const Qdrant__RetrievedPoint *p)
{
	bool		first = true;

	buf_addc(out, '{');
	jw_key(out, &first, "id");
	out_id(out, p->id);
	out_payload(out, &first, p->n_payload, p->payload);
	if (p->vectors != NULL)
	{
		jw_key(out, &first, "vector");
		out_vectors(out, p->vectors);
	}
	out_order_value(out, &first, p->order_value);
	buf_addc(out, '}');
}

static void
out_scored(buf *out, const Qdrant__ScoredPoint *p)
{
	bool		first = true;

	buf_addc(out, '{');
	jw_key(out, &first, "id");
	out_id(out, p->id);
	jw_key(out, &first, "version");
	jw_u64(out, p->version);
	jw_key(out, &first, "score");
	jw_f32(out, p->score);
	out_payload(out, &first, p->n_payload, p->payload);
	if (p->vectors != NULL)
	{
		jw_key(out, &first, "vector");
		out_vectors(out, p->vectors);
	}
	out_order_value(out, &first, p->order_value);
	buf_addc(out, '}');
}

static void
out_retrieved_array(buf *out, size_t n, Qdrant__RetrievedPoint *const *points)
{
	bool		first = true;

	buf_addc(out, '[');
	for (size_t i = 0; i < n; i++)
	{
		jw_item(out, &first);
		out_retrieved(out, points[i]);
	}
	buf_addc(out, ']');
}

static void
out_scored_array(buf *out, size_t n, Qdrant__ScoredPoint *const *points)
{
	bool		first = true;

	buf_addc(out, '[');
	for (size_t i = 0; i < n; i++)
	{
		jw_item(out, &first);
		out_scored(out, points[i]);
	}
	buf_addc(out, ']');
}

static const char *
status_name(Qdrant__UpdateStatus status)
{
	switch (status)
	{
		case QDRANT__UPDATE_STATUS__Completed:
			return "completed";
		case QDRANT__UPDATE_STATUS__WaitTimeout:
			return "wait_timeout";
		default:
			return "acknowledged";
	}
}

void
out_update_result(buf *out, const ProtobufCMessage *response)
{
	const Qdrant__UpdateResult *r =
	((const Qdrant__PointsOperationResponse *) response)->result;
	bool		first = true;

	buf_addc(out, '{');
	if (r->has_operation_id)
	{
		jw_key(out, &first, "operation_id");
		jw_u64(out, r->operation_id);
	}
	jw_key(out, &first, "status");
	jw_cstring(out, status_name(r->status));
	buf_addc(out, '}');
}

void
out_records(buf *out, const ProtobufCMessage *response)
{
	const Qdrant__GetResponse *m = (const Qdrant__GetResponse *) response;

	out_retrieved_array(out, m->n_result, m->result);
}

void
out_record(buf *out, const ProtobufCMessage *response)
{
	const Qdrant__GetResponse *m = (const Qdrant__GetResponse *) response;

	out_retrieved(out, m->result[0]);
}

void
out_scroll(buf *out, const ProtobufCMessage *response)
{
	const Qdrant__ScrollResponse *m =
	(const Qdrant__ScrollResponse *) response;
	bool		first = true;

	buf_addc(out, '{');
	jw_key(out, &first, "points");
	out_retrieved_array(out, m->n_result, m->result);
	jw_key(out, &first, "next_page_offset");
	if (m->next_page_offset != NULL)
		out_id(out, m->next_page_offset);
	else
		jw_null(out);
	buf_addc(out, '}');
}

void
out_count(buf *out, const ProtobufCMessage *response)
{
	const Qdrant__CountResponse *m = (const Qdrant__CountResponse *) response;
	bool		first = true;

	buf_addc(out, '{');
	jw_key(out, &first, "count");
	jw_u64(out, m->result->count);
	buf_addc(out, '}');
}

static void
out_facet_value(buf *out, const Qdrant__FacetValue *v)
{
	switch (v->variant_case)
	{
		case QDRANT__FACET_VALUE__VARIANT_INTEGER_VALUE:
			jw_i64(out, v->integer_value);
			break;
		case QDRANT__FACET_VALUE__VARIANT_BOOL_VALUE:
			jw_bool(out, v->bool_value);
			break;
		default:
			jw_cstring(out, v->string_value);
			break;
	}
}

void
out_facet(buf *out, const ProtobufCMessage *response)
{
	const Qdrant__FacetResponse *m = (const Qdrant__FacetResponse *) response;
	bool		first = true;

	buf_adds(out, "{\"hits\":[");
	for (size_t i = 0; i < m->n_hits; i++)
	{
		jw_item(out, &first);
		buf_adds(out, "{\"value\":");
		out_facet_value(out, m->hits[i]->value);
		buf_adds(out, ",\"count\":");
		jw_u64(out, m->hits[i]->count);
		buf_addc(out, '}');
	}
	buf_adds(out, "]}");
}

static void
out_points_object(buf *out, size_t n, Qdrant__ScoredPoint *const *points)
{
	bool		first = true;

	buf_addc(out, '{');
	jw_key(out, &first, "points");
	out_scored_array(out, n, points);
	buf_addc(out, '}');
}

void
out_query(buf *out, const ProtobufCMessage *response)
{
	const Qdrant__QueryResponse *m = (const Qdrant__QueryResponse *) response;

	out_points_object(out, m->n_result, m->result);
}

void
out_query_batch(buf *out, const ProtobufCMessage *response)
{
	const Qdrant__QueryBatchResponse *m =
	(const Qdrant__QueryBatchResponse *) response;
	bool		first = true;

	buf_addc(out, '[');
	for (size_t i = 0; i < m->n_result; i++)
	{
		jw_item(out, &first);
		out_points_object(out, m->result[i]->n_result, m->result[i]->result);
	}
	buf_addc(out, ']');
}

void
out_search(buf *out, const ProtobufCMessage *response)
{
	const Qdrant__SearchResponse *m =
	(const Qdrant__SearchResponse *) response;

	out_scored_array(out, m->n_result, m->result);
}

void
out_search_batch(buf *out, const ProtobufCMessage *response)
{
	const Qdrant__SearchBatchResponse *m =
	(const Qdrant__SearchBatchResponse *) response;
	bool		first = true;

	buf_addc(out, '[');
	for (size_t i = 0; i < m->n_result; i++)
	{
		jw_item(out, &first);
		out_scored_array(out, m->result[i]->n_result, m->result[i]->result);
	}
	buf_addc(out, ']');
}
