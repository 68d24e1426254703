/*
 * filter_bind.c
 *		Conditions bound to an index: the member "as", and what of a condition
 *		an index of that schema would answer.
 *
 * With an index Qdrant finds other points for some conditions than without:
 * it then looks at what the index has taken in.  Here it is the condition
 * that says so, and no index is needed to evaluate it.  The second half of
 * the file writes "as" into the conditions of a filter whose keys have one.
 */
#include "compat.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "payload/filter.h"
#include "payload/filter_compiler.h"

/* In the order of qd_index_kind. */
static const char *const kinds[] = {"keyword", "integer", "float", "bool",
"datetime", "uuid", "geo", "text"};

static bool
read_kind(const JsonbValue *v, qd_index_kind *kind)
{
	if (v == NULL || v->type != jbvString)
		return false;
	for (int i = 0; i < lengthof(kinds); i++)
	{
		if (strlen(kinds[i]) == v->val.string.len &&
			memcmp(kinds[i], v->val.string.val, v->val.string.len) == 0)
		{
			*kind = i;
			return true;
		}
	}
	return false;
}

/* A member that may be missing, and then is true. */
static bool
read_flag(JsonbContainer *object, const char *name, bool *flag)
{
	const JsonbValue *v = qd_compiler_member(object, name);

	*flag = v == NULL || (v->type == jbvBool && v->val.boolean);
	return v == NULL || v->type == jbvBool;
}

bool
qd_binding_read(const JsonbValue *as, qd_binding *binding)
{
	JsonbContainer *object;

	binding->lookup = binding->range = true;
	if (as->type == jbvString)
		return read_kind(as, &binding->kind);
	if (!qd_compiler_is_object(as))
		return false;
	object = as->val.binary.data;
	return read_kind(qd_compiler_member(object, "type"), &binding->kind) &&
		read_flag(object, "lookup", &binding->lookup) &&
		read_flag(object, "range", &binding->range);
}

bool
qd_compiler_binding(qd_compiler *c, JsonbContainer *condition,
					qd_binding *binding)
{
	const JsonbValue *as = qd_compiler_member(condition, "as");
	int			mark;

	if (as == NULL)
		return false;
	mark = qd_compiler_enter(c, "as");
	if (!qd_binding_read(as, binding))
		qd_compiler_fail(c, "expected an index's type, or its schema with the member type");
	qd_compiler_leave(c, mark);
	return true;
}

/* Are all of them UUIDs, or strings at all? */
static bool
are_strings(const JsonbValue *v, bool uuids)
{
	unsigned char uuid[16];

	if (v->type == jbvString)
		return !uuids || qd_uuid_read(v->val.string.val, v->val.string.len, uuid);
	if (!qd_compiler_is_array(v))
		return false;
	for (uint32 i = 0; i < JsonContainerSize(v->val.binary.data); i++)
	{
		JsonbValue *e = getIthJsonbValueFromContainer(v->val.binary.data, i);

		if (e->type != jbvString || !are_strings(e, uuids))
			return false;
	}
	return true;
}

/* An empty list is one of strings. */
static bool
is_number(const JsonbValue *v)
{
	if (qd_compiler_is_array(v) && JsonContainerSize(v->val.binary.data) > 0)
		v = getIthJsonbValueFromContainer(v->val.binary.data, 0);
	return v->type == jbvNumeric;
}

static bool
serves_match(const qd_binding *binding, const JsonbValue *match)
{
	const char *name;
	JsonbValue *v;

	if (!qd_compiler_is_object(match))
		return false;
	v = qd_compiler_match(match->val.binary.data, &name);
	if (v == NULL)
		return false;
	if (strcmp(name, "value") != 0 && strcmp(name, "any") != 0 &&
		strcmp(name, "except") != 0)
		return binding->kind == QD_INDEX_TEXT && strcmp(name, "prefix") != 0;
	switch (binding->kind)
	{
		case QD_INDEX_KEYWORD:
			return are_strings(v, false);
		case QD_INDEX_UUID:
			return are_strings(v, true);
		case QD_INDEX_INTEGER:
			return binding->lookup && is_number(v);
		case QD_INDEX_BOOL:
			return v->type == jbvBool;
		default:
			return false;
	}
}

static bool
serves(const qd_binding *binding, int predicate, const JsonbValue *v)
{
	switch (predicate)
	{
		case 0:
			return serves_match(binding, v);
		case 1:
			return (binding->kind == QD_INDEX_INTEGER && binding->range) ||
				binding->kind == QD_INDEX_FLOAT ||
				binding->kind == QD_INDEX_DATETIME;
		case 2:
		case 3:
		case 4:
			return binding->kind == QD_INDEX_GEO;
		default:
			/* what is empty and what is null any index knows */
			return strcmp(qd_predicates[predicate], "values_count") != 0;
	}
}

int
qd_binding_serves(const qd_binding *binding, JsonbContainer *condition)
{
	for (int i = 0; i < QD_PREDICATES; i++)
	{
		JsonbValue *v = qd_compiler_member(condition, qd_predicates[i]);

		if (v && serves(binding, i, v))
			return i;
	}
	return -1;
}

/* Seconds and nanoseconds as QD_TEST_DATETIME has them. */
static void
put_micros(int64 *times, int64 micros)
{
	int64		seconds = micros / 1000000;
	int64		rest = micros % 1000000;

	if (rest < 0)
	{
		seconds--;
		rest += 1000000;
	}
	times[0] = seconds;
	times[1] = rest * 1000;
}

void
qd_compiler_add_micros(qd_compiler *c, uint32 given, const int64 *floor,
					   const int64 *ceil)
{
	int64		times[8] = {0};
	int64		below = PG_INT64_MAX;
	int64		from = PG_INT64_MIN;
	uint32		bounds = 0;
	int			at;

	if (given & QD_LT)
		below = Min(below, ceil[0]);
	if (given & QD_LTE)
		below = Min(below, floor[3] + 1);
	if (given & QD_GT)
		from = Max(from, floor[1] + 1);
	if (given & QD_GTE)
		from = Max(from, ceil[2]);
	if (given & (QD_LT | QD_LTE))
		bounds |= QD_LT;
	if (given & (QD_GT | QD_GTE))
		bounds |= QD_GTE;
	put_micros(times, below);
	put_micros(times + 4, from);
	at = qd_compiler_begin(c, QD_TEST_DATETIME, bounds);
	appendBinaryStringInfo(&c->out, (char *) times, sizeof(times));
	qd_compiler_end(c, at);
}

/*----------
 * writing "as"
 *----------
 */

static void bind_value(JsonbParseState **out, JsonbIteratorToken place,
					   const JsonbValue *v, JsonbContainer *schemas,
					   const char *prefix);

/* The schema of the index on prefix and key; NULL: there is none. */
static JsonbValue *
find_schema(JsonbContainer *schemas, const char *prefix, const JsonbValue *key)
{
	qd_path		path;
	StringInfoData full;
	char	   *canonical;

	if (key == NULL || key->type != jbvString)
		return NULL;
	initStringInfo(&full);
	appendStringInfoString(&full, prefix);
	appendBinaryStringInfo(&full, key->val.string.val, key->val.string.len);
	if (!qd_path_parse(full.data, full.len, &path))
		return NULL;
	canonical = palloc0(full.len + 1);
	qd_path_print(&path, canonical);
	return qd_compiler_member(schemas, canonical);
}

static bool
is_text(const JsonbValue *schema)
{
	qd_binding	binding;

	return qd_binding_read(schema, &binding) && binding.kind == QD_INDEX_TEXT;
}

/*
 * The schema that an object is to be bound to, if it is a condition on a key
 * of its own.  Within nested conditions only text is: as in Qdrant, which
 * there looks at values.
 */
static JsonbValue *
binding_of(JsonbContainer *object, JsonbContainer *schemas, const char *prefix)
{
	JsonbValue *key = qd_compiler_member(object, "key");
	JsonbValue *schema;

	if (key == NULL || qd_compiler_member(object, "filter"))
		return NULL;
	schema = find_schema(schemas, prefix, key);
	return schema && (*prefix == '\0' || is_text(schema)) ? schema : NULL;
}

/* What stands before the keys within {"nested": {"key": ..., ...}}. */
static const char *
nested_prefix(JsonbContainer *object, const char *prefix)
{
	JsonbValue *key = qd_compiler_member(object, "key");
	const char *str;
	int			n;

	if (key == NULL || key->type != jbvString)
		return prefix;
	str = key->val.string.val;
	n = key->val.string.len;
	return psprintf("%s%.*s%s.", prefix, n, str,
					n > 2 && memcmp(str + n - 2, "[]", 2) == 0 ? "" : "[]");
}

static bool
key_is(const JsonbValue *key, const char *name)
{
	return key->val.string.len == strlen(name) &&
		memcmp(key->val.string.val, name, strlen(name)) == 0;
}

static JsonbValue *
bind_object(JsonbParseState **out, JsonbContainer *object,
			JsonbContainer *schemas, const char *prefix)
{
	JsonbValue *schema = binding_of(object, schemas, prefix);
	bool		nested = qd_compiler_member(object, "filter") != NULL;
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbValue	v;
	JsonbValue	as = {.type = jbvString};
	JsonbIteratorToken token;

	JsonbIteratorNext(&it, &v, true);
	pushJsonbValue(out, WJB_BEGIN_OBJECT, NULL);
	while ((token = JsonbIteratorNext(&it, &v, true)) == WJB_KEY)
	{
		JsonbValue	key = v;
		const char *inside = prefix;

		JsonbIteratorNext(&it, &v, true);
		if (schema && key_is(&key, "as"))
			continue;
		pushJsonbValue(out, WJB_KEY, &key);
		if (nested && key_is(&key, "filter"))
			inside = nested_prefix(object, prefix);
		bind_value(out, WJB_VALUE, &v, schemas, inside);
	}
	if (schema)
	{
		as.val.string.val = "as";
		as.val.string.len = 2;
		pushJsonbValue(out, WJB_KEY, &as);
		pushJsonbValue(out, WJB_VALUE, schema);
	}
	return pushJsonbValue(out, WJB_END_OBJECT, NULL);
}

static void
bind_value(JsonbParseState **out, JsonbIteratorToken place,
		   const JsonbValue *v, JsonbContainer *schemas, const char *prefix)
{
	check_stack_depth();
	if (qd_compiler_is_object(v))
		bind_object(out, v->val.binary.data, schemas, prefix);
	else if (qd_compiler_is_array(v))
	{
		JsonbIterator *it = JsonbIteratorInit(v->val.binary.data);
		JsonbValue	element;

		JsonbIteratorNext(&it, &element, true);
		pushJsonbValue(out, WJB_BEGIN_ARRAY, NULL);
		while (JsonbIteratorNext(&it, &element, true) == WJB_ELEM)
			bind_value(out, WJB_ELEM, &element, schemas, prefix);
		pushJsonbValue(out, WJB_END_ARRAY, NULL);
	}
	else
		pushJsonbValue(out, place, unconstify(JsonbValue *, v));
}

/* qdrant_catalog.bind_filter(filter, schemas): {"path": schema} */
QD_FUNCTION(qd_bind_filter);
Datum
qd_bind_filter(PG_FUNCTION_ARGS)
{
	qd_filter  *filter = PG_GETARG_FILTER(0);
	Jsonb	   *schemas = PG_GETARG_JSONB_P(1);
	char	   *str = pnstrdup((char *) filter + filter->text_offset,
							   filter->text_length);
	Jsonb	   *json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
														  CStringGetDatum(str)));
	JsonbParseState *out = NULL;

	if (!JB_ROOT_IS_OBJECT(schemas))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("schemas of indexes must be an object")));
	PG_RETURN_POINTER(qd_filter_compile(JsonbValueToJsonb(bind_object(&out,
																	  &json->root, &schemas->root, "")),
										NULL));
}
