/*
 * filter_io.c
 *		The type payload_filter and its operator: I/O, casts, equality, @@@ and
 *		qdrant.matches.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "payload/filter.h"
#include "types/point_id.h"

#define FILTER_BINARY_VERSION 1

/* NULL after a soft error, which only happens with an escontext. */
static qd_filter *
compile_text(char *json, struct Node *escontext)
{
	Datum		jsonb;

	if (!qd_input_call(jsonb_in, json, escontext, &jsonb))
		return NULL;
	return qd_filter_compile(DatumGetJsonbP(jsonb), escontext);
}

static text *
filter_text(const qd_filter *filter)
{
	return cstring_to_text_with_len((const char *) filter + filter->text_offset,
									filter->text_length);
}

QD_FUNCTION(qd_payload_filter_in);
Datum
qd_payload_filter_in(PG_FUNCTION_ARGS)
{
	qd_filter  *filter = compile_text(PG_GETARG_CSTRING(0), fcinfo->context);

	if (filter == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(filter);
}

QD_FUNCTION(qd_payload_filter_out);
Datum
qd_payload_filter_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(text_to_cstring(filter_text(PG_GETARG_FILTER(0))));
}

/* Binary: u8 version, then the text. */
QD_FUNCTION(qd_payload_filter_recv);
Datum
qd_payload_filter_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buf);
	char	   *json;
	int			length;

	if (version != FILTER_BINARY_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("expected payload_filter version %d, not %d",
						FILTER_BINARY_VERSION, version)));
	json = pq_getmsgtext(buf, buf->len - buf->cursor, &length);
	PG_RETURN_POINTER(compile_text(json, NULL));
}

QD_FUNCTION(qd_payload_filter_send);
Datum
qd_payload_filter_send(PG_FUNCTION_ARGS)
{
	qd_filter  *filter = PG_GETARG_FILTER(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, FILTER_BINARY_VERSION);
	pq_sendtext(&buf, (char *) filter + filter->text_offset,
				filter->text_length);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

QD_FUNCTION(qd_jsonb_to_payload_filter);
Datum
qd_jsonb_to_payload_filter(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(qd_filter_compile(PG_GETARG_JSONB_P(0), NULL));
}

QD_FUNCTION(qd_text_to_payload_filter);
Datum
qd_text_to_payload_filter(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(compile_text(text_to_cstring(PG_GETARG_TEXT_PP(0)), NULL));
}

QD_FUNCTION(qd_payload_filter_to_jsonb);
Datum
qd_payload_filter_to_jsonb(PG_FUNCTION_ARGS)
{
	char	   *json = text_to_cstring(filter_text(PG_GETARG_FILTER(0)));

	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json));
}

/* Equal when the canonical texts are. */
QD_FUNCTION(qd_payload_filter_eq);
Datum
qd_payload_filter_eq(PG_FUNCTION_ARGS)
{
	qd_filter  *a = PG_GETARG_FILTER(0);
	qd_filter  *b = PG_GETARG_FILTER(1);

	PG_RETURN_BOOL(a->text_length == b->text_length &&
				   memcmp((char *) a + a->text_offset,
						  (char *) b + b->text_offset, a->text_length) == 0);
}

QD_FUNCTION(qd_payload_filter_ne);
Datum
qd_payload_filter_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!DatumGetBool(qd_payload_filter_eq(fcinfo)));
}

/* payload @@@ filter */
QD_FUNCTION(qd_payload_matches);
Datum
qd_payload_matches(PG_FUNCTION_ARGS)
{
	qd_filter  *filter = PG_GETARG_FILTER(1);
	bool		result;
	Jsonb	   *payload;

	if (filter->needs_point)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("has_id, has_vector and slice need more than a payload"),
				 errhint("Use qdrant.matches(id, payload, vectors, filter), or a condition on the column id.")));
	payload = PG_GETARG_JSONB_P(0);
	result = qd_filter_matches(filter, payload, NULL);
	PG_FREE_IF_COPY(payload, 0);
	PG_RETURN_BOOL(result);
}

/* qdrant.matches(id, payload, present, filter) */
QD_FUNCTION(qd_point_matches);
Datum
qd_point_matches(PG_FUNCTION_ARGS)
{
	qd_filter  *filter = PG_GETARG_FILTER(3);
	Datum	   *names;
	bool	   *nulls;
	qd_point	point;
	const char **vectors;
	int			n;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), TEXTOID, -1, false,
					  TYPALIGN_INT, &names, &nulls, &n);
	vectors = palloc(sizeof(char *) * Max(n, 1));
	point.id = PG_GETARG_POINT_ID(0);
	point.n_vectors = 0;
	for (int i = 0; i < n; i++)
	{
		if (!nulls[i])
			vectors[point.n_vectors++] = TextDatumGetCString(names[i]);
	}
	point.vectors = vectors;
	PG_RETURN_BOOL(qd_filter_matches(filter, PG_GETARG_JSONB_P(1), &point));
}
