/*
 * gin_opclass.c
 *		The GIN operator classes of payload indexes: options, keys of a payload,
 *		keys of a filter, and what GIN asks in between.
 *
 * One set of support functions serves all classes; the options carry the kind
 * of index, since each class has an options function of its own.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/gin.h"
#include "access/reloptions.h"
#include "catalog/namespace.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_class_d.h"
#include "commands/defrem.h"
#include "commands/event_trigger.h"
#include "mb/pg_wchar.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "payload/gin_query.h"
#include "payload/path.h"
#include "payload/payload_index.h"
#include "payload/walk.h"

/*----------
 * options
 *----------
 */

static void
validate_path(const char *value)
{
	qd_path		path;

	if (value && !qd_path_parse(value, strlen(value), &path))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%.*s\" is not a key path",
						pg_mbcliplen(value, strlen(value), 200), value),
				 errhint("A path looks like a.b[0].c[] or \"odd key\".b.")));
}

/*
 * Writes the target: the path compiled as in filters.  Called with out = NULL
 * for the size alone, and with value = NULL when the option was not given.
 */
static Size
fill_target(qd_index_kind kind, const char *value, char *out)
{
	qd_path		path = {0};
	StringInfoData compiled;

	if (value && !qd_path_parse(value, strlen(value), &path))
		path.n = 0;
	initStringInfo(&compiled);
	qd_path_compile(&path, &compiled);
	if (out)
	{
		qd_index_target target = {kind, path.n > 0};

		memcpy(out, &target, sizeof(target));
		memcpy(out + sizeof(target), compiled.data, compiled.len);
	}
	return sizeof(qd_index_target) + compiled.len;
}

static JsonbContainer *
read_object(const char *json)
{
	Jsonb	   *jsonb = DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
														   CStringGetDatum(json)));

	return JB_ROOT_IS_OBJECT(jsonb) ? &jsonb->root : NULL;
}

static void
validate_schema(const char *value)
{
	JsonbContainer *object;
	char	   *problem = "it must be a JSON object";

	if (value == NULL)
		return;
	object = read_object(value);
	if (object == NULL || qd_text_schema_read(object, &problem) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid schema of a text index: %s", problem),
				 errhint("A schema looks like {\"type\": \"text\", \"tokenizer\": \"word\", \"lowercase\": true}.")));
}

/*
 * Writes the schema.  A wrong one gets here, too: CREATE INDEX reads the
 * options before it validates them.
 */
static Size
fill_schema(const char *value, void *out)
{
	JsonbContainer *object = value ? read_object(value) : NULL;
	char	   *problem;
	qd_text_schema *schema = object ? qd_text_schema_read(object, &problem) : NULL;

	if (schema == NULL)
		schema = qd_text_schema_default();
	if (out)
		memcpy(out, schema, schema->size);
	return schema->size;
}

#define FILL_TARGET(name, kind) \
static Size \
name(const char *value, void *out) \
{ \
	return fill_target(kind, value, out); \
}

FILL_TARGET(fill_keyword, QD_INDEX_KEYWORD)
FILL_TARGET(fill_integer, QD_INDEX_INTEGER)
FILL_TARGET(fill_float, QD_INDEX_FLOAT)
FILL_TARGET(fill_bool, QD_INDEX_BOOL)
FILL_TARGET(fill_datetime, QD_INDEX_DATETIME)
FILL_TARGET(fill_uuid, QD_INDEX_UUID)
FILL_TARGET(fill_geo, QD_INDEX_GEO)
FILL_TARGET(fill_text, QD_INDEX_TEXT)

/* The options that every class has; path first, so that it is aligned. */
static local_relopts *
begin_options(FunctionCallInfo fcinfo, fill_string_relopt fill)
{
	local_relopts *options = (local_relopts *) PG_GETARG_POINTER(0);

	/* strings stand behind the struct, one after the other */
	init_local_reloptions(options, TYPEALIGN(8, sizeof(qd_index_options)));
	add_local_string_reloption(options, "path", "key path of the indexed values",
							   NULL, validate_path, fill,
							   offsetof(qd_index_options, target));
	add_local_bool_reloption(options, "on_disk", "accepted, without effect",
							 false, offsetof(qd_index_options, on_disk));
	add_local_bool_reloption(options, "enable_hnsw", "accepted, without effect",
							 true, offsetof(qd_index_options, enable_hnsw));
	return options;
}

static void
add_tenant(local_relopts *options)
{
	add_local_bool_reloption(options, "is_tenant", "accepted, without effect",
							 false, offsetof(qd_index_options, is_tenant));
}

static void
add_principal(local_relopts *options)
{
	add_local_bool_reloption(options, "is_principal", "accepted, without effect",
							 false, offsetof(qd_index_options, is_principal));
}

QD_FUNCTION(qd_gin_keyword_options);
Datum
qd_gin_keyword_options(PG_FUNCTION_ARGS)
{
	local_relopts *options = begin_options(fcinfo, fill_keyword);

	add_tenant(options);
	add_local_bool_reloption(options, "prefix", "accepted: prefixes are always served",
							 false, offsetof(qd_index_options, prefix));
	PG_RETURN_VOID();
}

QD_FUNCTION(qd_gin_integer_options);
Datum
qd_gin_integer_options(PG_FUNCTION_ARGS)
{
	local_relopts *options = begin_options(fcinfo, fill_integer);

	add_principal(options);
	add_local_bool_reloption(options, "lookup", "accepted: matches are always served",
							 true, offsetof(qd_index_options, lookup));
	add_local_bool_reloption(options, "range", "accepted: ranges are always served",
							 true, offsetof(qd_index_options, range));
	PG_RETURN_VOID();
}

QD_FUNCTION(qd_gin_float_options);
Datum
qd_gin_float_options(PG_FUNCTION_ARGS)
{
	add_principal(begin_options(fcinfo, fill_float));
	PG_RETURN_VOID();
}

QD_FUNCTION(qd_gin_bool_options);
Datum
qd_gin_bool_options(PG_FUNCTION_ARGS)
{
	begin_options(fcinfo, fill_bool);
	PG_RETURN_VOID();
}

QD_FUNCTION(qd_gin_datetime_options);
Datum
qd_gin_datetime_options(PG_FUNCTION_ARGS)
{
	add_principal(begin_options(fcinfo, fill_datetime));
	PG_RETURN_VOID();
}

QD_FUNCTION(qd_gin_uuid_options);
Datum
qd_gin_uuid_options(PG_FUNCTION_ARGS)
{
	add_tenant(begin_options(fcinfo, fill_uuid));
	PG_RETURN_VOID();
}

QD_FUNCTION(qd_gin_geo_options);
Datum
qd_gin_geo_options(PG_FUNCTION_ARGS)
{
	begin_options(fcinfo, fill_geo);
	PG_RETURN_VOID();
}

QD_FUNCTION(qd_gin_text_options);
Datum
qd_gin_text_options(PG_FUNCTION_ARGS)
{
	add_local_string_reloption(begin_options(fcinfo, fill_text), "schema",
							   "Qdrant's schema of the text index",
							   NULL, validate_schema, fill_schema,
							   offsetof(qd_index_options, schema));
	PG_RETURN_VOID();
}

static void
raise_no_path(const char *opclass)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a payload index needs the option \"path\""),
			 errhint("Create it like USING gin (payload %s (path = 'city')).",
					 opclass)));
}

static const qd_index_options *
call_options(FunctionCallInfo fcinfo)
{
	const qd_index_options *options = NULL;

	if (PG_HAS_OPCLASS_OPTIONS())
		options = (const qd_index_options *) PG_GET_OPCLASS_OPTIONS();
	if (options == NULL || !qd_index_target_of(options)->has_path)
		raise_no_path("qdrant_keyword_ops");
	return options;
}

/*----------
 * CREATE INDEX
 *----------
 */
static bool
is_payload_opclass(Oid opclass)
{
	static const PGFunction ours[] = {
		qd_gin_keyword_options, qd_gin_integer_options, qd_gin_float_options,
		qd_gin_bool_options, qd_gin_datetime_options, qd_gin_uuid_options,
		qd_gin_geo_options, qd_gin_text_options
	};
	Oid			type = get_opclass_input_type(opclass);
	Oid			function = get_opfamily_proc(get_opclass_family(opclass),
											 type, type, GIN_OPTIONS_PROC);
	FmgrInfo	info;

	if (!OidIsValid(function))
		return false;
	fmgr_info(function, &info);
	for (int i = 0; i < lengthof(ours); i++)
		if (info.fn_addr == ours[i])
			return true;
	return false;
}

static void
check_column(const IndexElem *column)
{
	Oid			opclass;
	ListCell   *cell;

	foreach(cell, column->opclassopts)
		if (strcmp(((DefElem *) lfirst(cell))->defname, "path") == 0)
			return;
	if (column->opclass == NIL)
		return;
	/* one that does not exist is for CREATE INDEX to say */
	opclass = get_opclass_oid(GIN_AM_OID, column->opclass, true);
	if (OidIsValid(opclass) && is_payload_opclass(opclass))
		raise_no_path(NameListToString(column->opclass));
}

/*
 * Event trigger at the start of CREATE INDEX.  PostgreSQL does not ask an
 * operator class about options that are not given, and an index without a path
 * is of no use: an empty table would find out with its first row, and then
 * could not be written.
 */
QD_FUNCTION(qd_check_payload_index);
Datum
qd_check_payload_index(PG_FUNCTION_ARGS)
{
	const EventTriggerData *trigger;
	const IndexStmt *statement;
	ListCell   *cell;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function is for event triggers only")));
	trigger = (const EventTriggerData *) fcinfo->context;
	statement = (const IndexStmt *) trigger->parsetree;
	if (IsA(statement, IndexStmt) && statement->accessMethod != NULL &&
		strcmp(statement->accessMethod, "gin") == 0)
		foreach(cell, statement->indexParams)
			check_column(lfirst(cell));
	PG_RETURN_NULL();
}

/*----------
 * keys of a payload
 *----------
 */

typedef struct collector
{
	const qd_index_options *options;
	qd_index_kind kind;
	Datum	   *keys;
	int32		n;
	int32		room;
	bool		has_empty;		/* some value is null or [] */
	bool		has_full;		/* some value is not */
	bool		has_null;
	bool		has_null_element;
} collector;

static void
add_key(collector *c, const qd_key *key)
{
	if (c->n == c->room)
	{
		c->room = Max(c->room * 2, 4);
		c->keys = c->keys ? repalloc(c->keys, c->room * sizeof(Datum)) :
			palloc(c->room * sizeof(Datum));
	}
	c->keys[c->n++] = PointerGetDatum(qd_key_datum(key));
}

static void
add_fact(collector *c, bool holds, qd_key_class what)
{
	qd_key		key;

	if (!holds)
		return;
	qd_key_fact(&key, what);
	add_key(c, &key);
}

/* The key of a value of the index's kind; false when it is of another one. */
static bool
make_key(qd_index_kind kind, const JsonbValue *value, qd_key *key)
{
	bool		is_string = value->type == jbvString;
	qd_number	number;
	qd_datetime t;
	qd_geo_point p;
	bool		canonical;

	switch (kind)
	{
		case QD_INDEX_KEYWORD:
			if (is_string)
				qd_key_string(key, value->val.string.val, value->val.string.len);
			return is_string;
		case QD_INDEX_INTEGER:
		case QD_INDEX_FLOAT:
			if (value->type != jbvNumeric)
				return false;
			number = qd_number_read(value);
			qd_key_number(key, &number);
			return true;
		case QD_INDEX_BOOL:
			if (value->type != jbvBool)
				return false;
			qd_key_bool(key, value->val.boolean);
			return true;
		case QD_INDEX_DATETIME:
			if (!is_string || !qd_datetime_parse(value->val.string.val,
												 value->val.string.len, &t))
				return false;
			qd_key_datetime(key, t);
			return true;
		case QD_INDEX_UUID:
			return is_string && qd_key_uuid(key, value->val.string.val,
											value->val.string.len, &canonical);
		case QD_INDEX_GEO:
			if (!qd_json_place(value, &p))
				return false;
			qd_key_place(key, p);
			return true;
		case QD_INDEX_TEXT:
			break;				/* has many */
	}
	return false;
}

static void
collect_tokens(collector *c, const JsonbValue *string)
{
	qd_tokens	tokens = qd_text_index_keys(qd_index_text_schema(c->options),
											string->val.string.val,
											string->val.string.len);
	qd_key		key;

	for (uint32 i = 0; i < tokens.n; i++)
	{
		qd_key_token(&key, &tokens.items[i]);
		add_key(c, &key);
	}
	qd_tokens_free(&tokens);
}

static bool
collect_value(const JsonbValue *value, void *arg)
{
	collector  *c = arg;
	qd_key		key;

	if (c->kind == QD_INDEX_TEXT && value->type == jbvString)
		collect_tokens(c, value);
	else if (make_key(c->kind, value, &key))
		add_key(c, &key);
	return false;
}

static bool
collect_element(const JsonbValue *value, void *arg)
{
	collector  *c = arg;

	c->has_null_element |= value->type == jbvNull;
	return collect_value(value, arg);
}

/* Other counts follow from other facts, or are those of most rows. */
static void
add_count(collector *c, uint32 n)
{
	qd_key		key;

	if (n < QD_COUNT_MIN)
		return;
	qd_key_count(&key, n);
	add_key(c, &key);
}

/* A value at the path itself; of an array each element is indexed. */
static bool
collect(const JsonbValue *value, void *arg)
{
	collector  *c = arg;

	if (qd_value_is_empty(value))
		c->has_empty = true;
	else
		c->has_full = true;
	c->has_null |= value->type == jbvNull;
	if (qd_value_is_array(value))
	{
		add_count(c, JsonContainerSize(value->val.binary.data));
		qd_each_element(value->val.binary.data, collect_element, c);
	}
	else
		collect_value(value, c);
	return false;
}

/* extractValue(payload, nkeys, nullFlags): no key is null */
QD_FUNCTION(qd_gin_extract_value);
Datum
qd_gin_extract_value(PG_FUNCTION_ARGS)
{
	const qd_index_options *options = call_options(fcinfo);
	Jsonb	   *payload = PG_GETARG_JSONB_P(0);
	int32	   *n = (int32 *) PG_GETARG_POINTER(1);
	collector	c = {0};

	c.options = options;
	c.kind = qd_index_target_of(options)->kind;
	qd_visit_path(qd_index_path(options), &payload->root, collect, &c);
	add_fact(&c, !c.has_full, QD_KEY_EMPTY);
	add_fact(&c, c.has_full && c.has_empty, QD_KEY_SOME_EMPTY);
	add_fact(&c, c.has_null, QD_KEY_NULL);
	add_fact(&c, c.has_null_element, QD_KEY_NULL_ELEMENT);
	*n = c.n;
	PG_RETURN_POINTER(c.keys);
}

/*----------
 * keys of a filter
 *----------
 */

/*
 * extractQuery(filter, nkeys, strategy, pmatch, extra_data, nullFlags,
 * searchMode).  Every key's extra data is its term, which knows the query; one
 * without keys hands its query over by a term that no key belongs to.
 */
QD_FUNCTION(qd_gin_extract_query);
Datum
qd_gin_extract_query(PG_FUNCTION_ARGS)
{
	const qd_index_options *options = call_options(fcinfo);
	qd_filter  *filter = PG_GETARG_FILTER(0);
	int32	   *n = (int32 *) PG_GETARG_POINTER(1);
	bool	  **partial = (bool **) PG_GETARG_POINTER(3);
	Pointer   **extra = (Pointer **) PG_GETARG_POINTER(4);
	int32	   *mode = (int32 *) PG_GETARG_POINTER(6);
	qd_gin_query *query = qd_gin_query_build(options, filter);
	Datum	   *keys = palloc(sizeof(Datum) * Max(query->n, 1));

	*partial = palloc(sizeof(bool) * Max(query->n, 1));
	*extra = palloc(sizeof(Pointer) * Max(query->n, 1));
	for (uint32 i = 0; i < query->n; i++)
	{
		keys[i] = PointerGetDatum(query->terms[i].key);
		(*partial)[i] = query->terms[i].match != QD_GIN_MATCH_EQUAL;
		(*extra)[i] = (Pointer) &query->terms[i];
	}
	if (query->n == 0)
	{
		qd_gin_term *term = palloc0(sizeof(qd_gin_term));

		term->query = query;
		(*extra)[0] = (Pointer) term;
	}
	*n = query->n;
	if (qd_gin_query_admits_no_key(query))
		*mode = GIN_SEARCH_MODE_ALL;
	PG_RETURN_POINTER(keys);
}

/* comparePartial(partial key, key, strategy, extra data) */
QD_FUNCTION(qd_gin_compare_partial);
Datum
qd_gin_compare_partial(PG_FUNCTION_ARGS)
{
	bytea	   *key = PG_GETARG_BYTEA_PP(1);
	const qd_gin_term *term = (const qd_gin_term *) PG_GETARG_POINTER(3);

	PG_RETURN_INT32(qd_gin_term_compare(term,
										(const unsigned char *) VARDATA_ANY(key),
										VARSIZE_ANY_EXHDR(key)));
}

/* triConsistent(check, strategy, filter, nkeys, extra_data, keys, nulls) */
QD_FUNCTION(qd_gin_triconsistent);
Datum
qd_gin_triconsistent(PG_FUNCTION_ARGS)
{
	const GinTernaryValue *check = (const GinTernaryValue *) PG_GETARG_POINTER(0);
	Pointer    *extra = (Pointer *) PG_GETARG_POINTER(4);
	const qd_gin_term *term = (const qd_gin_term *) extra[0];

	PG_RETURN_GIN_TERNARY_VALUE(qd_gin_query_check(term->query, check));
}

const qd_index_options *
qd_payload_index_options(Relation index, int column)
{
	if (index->rd_rel->relam != GIN_AM_OID ||
		index->rd_rel->relkind != RELKIND_INDEX ||
		index_getprocinfo(index, column, GIN_EXTRACTVALUE_PROC)->fn_addr !=
		qd_gin_extract_value)
		return NULL;
	return (const qd_index_options *)
		RelationGetIndexAttOptions(index, false)[column - 1];
}
