/*
 * payload_values.c
 *		The values that an index of a payload takes in, as SQL arrays, each
 *		once.  Facets count them, and order_by sorts by them.
 */
#include "compat.h"

#include "catalog/pg_type_d.h"
#include "lib/qunique.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "payload/datetime.h"
#include "payload/filter.h"
#include "payload/payload_values.h"
#include "payload/walk.h"
#include "types/point_id.h"

typedef struct gatherer
{
	qd_index_kind kind;
	Datum	   *values;
	int			n;
	int			room;
} gatherer;

static int
compare_bytes(const void *a, const void *b)
{
	size_t		a_length = VARSIZE_ANY_EXHDR(a);
	size_t		b_length = VARSIZE_ANY_EXHDR(b);
	int			order = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(a_length, b_length));

	return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

int
qd_payload_value_compare(const void *a, const void *b, void *kind)
{
	Datum		x = *(const Datum *) a;
	Datum		y = *(const Datum *) b;

	switch (*(qd_index_kind *) kind)
	{
		case QD_INDEX_FLOAT:
			return DatumGetFloat8(x) < DatumGetFloat8(y) ? -1 :
				DatumGetFloat8(x) > DatumGetFloat8(y);
		case QD_INDEX_BOOL:
			return DatumGetBool(x) - DatumGetBool(y);
		case QD_INDEX_INTEGER:
		case QD_INDEX_DATETIME:
			return DatumGetInt64(x) < DatumGetInt64(y) ? -1 :
				DatumGetInt64(x) > DatumGetInt64(y);
		default:
			return compare_bytes(DatumGetPointer(x), DatumGetPointer(y));
	}
}

static text *
uuid_text(const JsonbValue *v)
{
	unsigned char uuid[QD_POINT_ID_UUID];

	if (!qd_uuid_read(v->val.string.val, v->val.string.len, uuid))
		return NULL;
	return cstring_to_text(qd_point_id_print(qd_point_id_from_uuid(uuid)));
}

static bool
read_string(qd_index_kind kind, const JsonbValue *v, Datum *out)
{
	qd_datetime t;
	text	   *str;

	switch (kind)
	{
		case QD_INDEX_KEYWORD:
			*out = PointerGetDatum(cstring_to_text_with_len(v->val.string.val,
															v->val.string.len));
			return true;
		case QD_INDEX_UUID:
			str = uuid_text(v);
			*out = PointerGetDatum(str);
			return str != NULL;
		case QD_INDEX_DATETIME:
			if (!qd_datetime_parse(v->val.string.val, v->val.string.len, &t))
				return false;
			*out = Int64GetDatum(t.seconds * 1000000 + t.nanos / 1000);
			return true;
		default:
			return false;
	}
}

static bool
read_value(qd_index_kind kind, const JsonbValue *v, Datum *out)
{
	qd_number	number;

	if (v->type == jbvString)
		return read_string(kind, v, out);
	if (v->type == jbvBool && kind == QD_INDEX_BOOL)
	{
		*out = BoolGetDatum(v->val.boolean);
		return true;
	}
	if (v->type != jbvNumeric)
		return false;
	number = qd_number_read(v);
	if (kind == QD_INDEX_FLOAT)
		*out = Float8GetDatum(number.x + 0.0);	/* no -0 */
	else if (kind == QD_INDEX_INTEGER && number.is_integral)
		*out = Int64GetDatum(number.i);
	else
		return false;
	return true;
}

static bool
gather_value(const JsonbValue *value, void *arg)
{
	gatherer   *g = arg;
	Datum		datum;

	if (!read_value(g->kind, value, &datum))
		return false;
	if (g->n == g->room)
	{
		g->room = Max(2 * g->room, 8);
		g->values = g->values ? repalloc(g->values, g->room * sizeof(Datum)) :
			palloc(g->room * sizeof(Datum));
	}
	g->values[g->n++] = datum;
	return false;
}

static bool
gather(const JsonbValue *value, void *arg)
{
	if (qd_value_is_array(value))
		qd_each_element(value->val.binary.data, gather_value, arg);
	else
		gather_value(value, arg);
	return false;
}

/* The compiled path, kept for the calls that follow with the same one. */
const qd_node *
qd_payload_values_path(FunctionCallInfo fcinfo, text *str)
{
	struct
	{
		uint64		length;
		char		text[FLEXIBLE_ARRAY_MEMBER];
	}		   *kept = fcinfo->flinfo->fn_extra;
	size_t		length = VARSIZE_ANY_EXHDR(str);
	qd_path		path;
	StringInfoData out;

	if (kept && kept->length == length &&
		memcmp(kept->text, VARDATA_ANY(str), length) == 0)
		return (const qd_node *) (kept->text + TYPEALIGN(8, length));
	if (!qd_path_parse(VARDATA_ANY(str), length, &path))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%.*s\" is not a key path", pg_mbcliplen(VARDATA_ANY(str), (int) length, 200),
						VARDATA_ANY(str))));
	initStringInfo(&out);
	qd_path_compile(&path, &out);
	kept = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt,
							  sizeof(*kept) + TYPEALIGN(8, length) + out.len);
	kept->length = length;
	memcpy(kept->text, VARDATA_ANY(str), length);
	memcpy(kept->text + TYPEALIGN(8, length), out.data, out.len);
	if (fcinfo->flinfo->fn_extra)
		pfree(fcinfo->flinfo->fn_extra);
	fcinfo->flinfo->fn_extra = kept;
	return (const qd_node *) (kept->text + TYPEALIGN(8, length));
}

int
qd_payload_values(qd_index_kind kind, const qd_node *path, Jsonb *payload,
				  Datum **values)
{
	gatherer	g = {0};

	g.kind = kind;
	qd_visit_path(path, &payload->root, gather, &g);
	if (g.n > 1)
	{
		qsort_arg(g.values, g.n, sizeof(Datum), qd_payload_value_compare, &g.kind);
		g.n = qunique_arg(g.values, g.n, sizeof(Datum), qd_payload_value_compare,
						  &g.kind);
	}
	*values = g.values;
	return g.n;
}

static Datum
values_array(FunctionCallInfo fcinfo, qd_index_kind kind, Oid type)
{
	const qd_node *path = qd_payload_values_path(fcinfo, PG_GETARG_TEXT_PP(1));
	Datum	   *values;
	int			n = qd_payload_values(kind, path, PG_GETARG_JSONB_P(0), &values);
	int16		length;
	bool		by_value;
	char		align;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	PG_RETURN_ARRAYTYPE_P(construct_array(values, n, type, length, by_value, align));
}

QD_FUNCTION(qd_keyword_values);
Datum
qd_keyword_values(PG_FUNCTION_ARGS)
{
	return values_array(fcinfo, QD_INDEX_KEYWORD, TEXTOID);
}

/* Hyphenated, in lower case. */
QD_FUNCTION(qd_uuid_values);
Datum
qd_uuid_values(PG_FUNCTION_ARGS)
{
	return values_array(fcinfo, QD_INDEX_UUID, TEXTOID);
}

QD_FUNCTION(qd_integer_values);
Datum
qd_integer_values(PG_FUNCTION_ARGS)
{
	return values_array(fcinfo, QD_INDEX_INTEGER, INT8OID);
}

/* Microseconds since 1970. */
QD_FUNCTION(qd_datetime_values);
Datum
qd_datetime_values(PG_FUNCTION_ARGS)
{
	return values_array(fcinfo, QD_INDEX_DATETIME, INT8OID);
}

QD_FUNCTION(qd_float_values);
Datum
qd_float_values(PG_FUNCTION_ARGS)
{
	return values_array(fcinfo, QD_INDEX_FLOAT, FLOAT8OID);
}

QD_FUNCTION(qd_bool_values);
Datum
qd_bool_values(PG_FUNCTION_ARGS)
{
	return values_array(fcinfo, QD_INDEX_BOOL, BOOLOID);
}

/*
 * The least and the greatest of them, NULL when there is none: by these
 * order_by sorts (docs/decisions/0011).
 */
static Datum
extreme_value(FunctionCallInfo fcinfo, qd_index_kind kind, bool greatest)
{
	const qd_node *path = qd_payload_values_path(fcinfo, PG_GETARG_TEXT_PP(1));
	Datum	   *values;
	int			n = qd_payload_values(kind, path, PG_GETARG_JSONB_P(0), &values);

	if (n == 0)
		PG_RETURN_NULL();
	return values[greatest ? n - 1 : 0];
}

#define EXTREMES(name, kind) \
QD_FUNCTION(qd_##name##_least); \
Datum \
qd_##name##_least(PG_FUNCTION_ARGS) \
{ \
	return extreme_value(fcinfo, kind, false); \
} \
QD_FUNCTION(qd_##name##_greatest); \
Datum \
qd_##name##_greatest(PG_FUNCTION_ARGS) \
{ \
	return extreme_value(fcinfo, kind, true); \
}

EXTREMES(integer, QD_INDEX_INTEGER)
EXTREMES(datetime, QD_INDEX_DATETIME)
EXTREMES(float, QD_INDEX_FLOAT)
