/*
 * payload_ops.c
 *		Changes and projections of payloads: set, delete keys, include and
 *		exclude (reference, semantics.md 3 and 10).
 *
 * Each is one recursive copy of a jsonb document that decides member by
 * member; nothing is changed in place.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "payload/path.h"

typedef struct path_list
{
	int			n;
	qd_path    *paths;
} path_list;

static void
check_object(Jsonb *json, const char *what)
{
	if (!JB_ROOT_IS_OBJECT(json))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a JSON object", what)));
}

static void
parse_path(const char *str, size_t length, qd_path *path)
{
	if (!qd_path_parse(str, length, path))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%.*s\" is not a key path",
						pg_mbcliplen(str, (int) length, 200), str),
				 errhint("A path looks like a.b[0].c[] or \"odd key\".b.")));
}

static path_list
parse_paths(ArrayType *array)
{
	path_list	list;
	Datum	   *items;
	bool	   *nulls;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT,
					  &items, &nulls, &list.n);
	list.paths = palloc(sizeof(qd_path) * Max(list.n, 1));
	for (int i = 0; i < list.n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("key paths must not be null")));
		parse_path(VARDATA_ANY(DatumGetTextPP(items[i])),
				   VARSIZE_ANY_EXHDR(DatumGetTextPP(items[i])),
				   &list.paths[i]);
	}
	return list;
}

static bool
is_array(const JsonbValue *v)
{
	return v->type == jbvBinary && JsonContainerIsArray(v->val.binary.data);
}

static bool
is_object(const JsonbValue *v)
{
	return v->type == jbvBinary && JsonContainerIsObject(v->val.binary.data);
}

static bool
step_is_key(const qd_path_step *step, const JsonbValue *key)
{
	return step->kind == QD_STEP_KEY && step->length == key->val.string.len &&
		memcmp(step->key, key->val.string.val, step->length) == 0;
}

/* Appends one value, be it a scalar or a container. */
static void
put(JsonbParseState **out, JsonbIteratorToken token, JsonbValue *v)
{
	pushJsonbValue(out, token, v);
}

static void
put_key(JsonbParseState **out, const char *key, int length)
{
	JsonbValue	k;

	k.type = jbvString;
	k.val.string.val = unconstify(char *, key);
	k.val.string.len = length;
	pushJsonbValue(out, WJB_KEY, &k);
}

/*----------
 * set
 *----------
 */

/*
 * The object merged with the patch: the patch's members replace, and a null
 * takes a member away.
 */
static JsonbValue *
merge(JsonbParseState **out, JsonbContainer *object, JsonbContainer *patch)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	v;

	pushJsonbValue(out, WJB_BEGIN_OBJECT, NULL);
	if (object)
	{
		it = JsonbIteratorInit(object);
		while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
		{
			if (token != WJB_KEY)
				continue;
			JsonbIteratorNext(&it, &v, true);
			if (getKeyJsonValueFromContainer(patch, key.val.string.val,
											 key.val.string.len, NULL))
				continue;
			pushJsonbValue(out, WJB_KEY, &key);
			put(out, WJB_VALUE, &v);
		}
	}
	it = JsonbIteratorInit(patch);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		if (token != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &v, true);
		if (v.type == jbvNull)
			continue;
		pushJsonbValue(out, WJB_KEY, &key);
		put(out, WJB_VALUE, &v);
	}
	return pushJsonbValue(out, WJB_END_OBJECT, NULL);
}

static JsonbValue *set_at(JsonbParseState **out, JsonbValue *value,
						  const qd_path *path, int step, JsonbContainer *patch);

/* A key step: an object with that member changed or added. */
static JsonbValue *
set_member(JsonbParseState **out, JsonbValue *value, const qd_path *path,
		   int step, JsonbContainer *patch)
{
	bool		found = false;
	JsonbValue	key;
	JsonbValue	v;

	pushJsonbValue(out, WJB_BEGIN_OBJECT, NULL);
	if (value && is_object(value))
	{
		JsonbIterator *it = JsonbIteratorInit(value->val.binary.data);
		JsonbIteratorToken token;

		while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
		{
			bool		here;

			if (token != WJB_KEY)
				continue;
			JsonbIteratorNext(&it, &v, true);
			here = step_is_key(&path->steps[step], &key);
			found |= here;
			pushJsonbValue(out, WJB_KEY, &key);
			if (here)
				set_at(out, &v, path, step + 1, patch);
			else
				put(out, WJB_VALUE, &v);
		}
	}
	if (!found)
	{
		put_key(out, path->steps[step].key, path->steps[step].length);
		set_at(out, NULL, path, step + 1, patch);
	}
	return pushJsonbValue(out, WJB_END_OBJECT, NULL);
}

/* An index or [] step: elements change, none is added. */
static JsonbValue *
set_elements(JsonbParseState **out, JsonbValue *value, const qd_path *path,
			 int step, JsonbContainer *patch)
{
	const qd_path_step *s = &path->steps[step];
	uint32		i = 0;

	pushJsonbValue(out, WJB_BEGIN_ARRAY, NULL);
	if (value && is_array(value))
	{
		JsonbIterator *it = JsonbIteratorInit(value->val.binary.data);
		JsonbIteratorToken token;
		JsonbValue	v;

		while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		{
			if (token != WJB_ELEM)
				continue;
			if (s->kind == QD_STEP_ALL || s->index == i)
				set_at(out, &v, path, step + 1, patch);
			else
				put(out, WJB_ELEM, &v);
			i++;
		}
	}
	return pushJsonbValue(out, WJB_END_ARRAY, NULL);
}

/*
 * Pushes what the value becomes; it is always a container, whose BEGIN and
 * END say where it belongs.  The outermost one is the result.
 */
static JsonbValue *
set_at(JsonbParseState **out, JsonbValue *value, const qd_path *path,
	   int step, JsonbContainer *patch)
{
	check_stack_depth();
	if (step == path->n)
		return merge(out, value && is_object(value) ? value->val.binary.data : NULL,
					 patch);
	if (path->steps[step].kind == QD_STEP_KEY)
		return set_member(out, value, path, step, patch);
	return set_elements(out, value, path, step, patch);
}

/* qdrant.payload_set(payload, patch, key) */
QD_FUNCTION(qd_payload_set);
Datum
qd_payload_set(PG_FUNCTION_ARGS)
{
	Jsonb	   *payload;
	Jsonb	   *patch;
	JsonbParseState *state = NULL;
	JsonbValue	root;
	qd_path		path = {0};
	JsonbValue *result;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	payload = PG_GETARG_JSONB_P(0);
	patch = PG_GETARG_JSONB_P(1);
	check_object(payload, "payload");
	check_object(patch, "patch");
	if (PG_ARGISNULL(2))
	{
		result = merge(&state, &payload->root, &patch->root);
		PG_RETURN_JSONB_P(JsonbValueToJsonb(result));
	}
	parse_path(VARDATA_ANY(PG_GETARG_TEXT_PP(2)),
			   VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(2)), &path);
	root.type = jbvBinary;
	root.val.binary.data = &payload->root;
	root.val.binary.len = VARSIZE(payload) - VARHDRSZ;
	result = set_at(&state, &root, &path, 0, &patch->root);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(result));
}

/*----------
 * delete keys, include, exclude: copies that leave members out
 *----------
 */

typedef enum copy_mode
{
	COPY_DELETE,				/* paths with indexes; a[] empties the array */
	COPY_EXCLUDE,
	COPY_INCLUDE
} copy_mode;

/* The paths that are still alive at a place, by how many steps they took. */
typedef struct alive
{
	int			n;
	const qd_path **paths;
	int			step;			/* all alive paths have taken so many steps */
} alive;

static void copy_value(JsonbParseState **out, JsonbIteratorToken token,
					   JsonbValue *v, const alive *set, copy_mode mode);

/*
 * Those of the set whose next step accepts this member or element.  *ends
 * tells that one of them ends here.
 */
static alive
advance(const alive *set, const JsonbValue *key, uint32 index, copy_mode mode,
		bool *ends)
{
	alive		next = {0, palloc(sizeof(qd_path *) * Max(set->n, 1)),
	set->step + 1};

	*ends = false;
	for (int i = 0; i < set->n; i++)
	{
		const qd_path *path = set->paths[i];
		const qd_path_step *step = &path->steps[set->step];
		bool		accepts;

		if (key)
			accepts = step_is_key(step, key);
		else if (step->kind == QD_STEP_INDEX)
			/* selectors never match an index; deleting an element is ignored */
			accepts = mode == COPY_DELETE && step->index == index &&
				set->step + 1 < path->n;
		else
			accepts = step->kind == QD_STEP_ALL;
		if (!accepts)
			continue;
		if (set->step + 1 == path->n)
			*ends = true;
		else
			next.paths[next.n++] = path;
	}
	return next;
}

/* True when the member or element is to be written; *next says what below. */
static bool
wanted(const alive *set, const JsonbValue *key, uint32 index, copy_mode mode,
	   alive *next)
{
	bool		ends;

	*next = advance(set, key, index, mode, &ends);
	if (mode != COPY_INCLUDE)
		return !ends;
	if (ends)
		next->n = -1;			/* everything below */
	return ends || next->n > 0;
}

static JsonbValue *
copy_object(JsonbParseState **out, JsonbContainer *object, const alive *set,
			copy_mode mode)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	v;
	alive		next;

	pushJsonbValue(out, WJB_BEGIN_OBJECT, NULL);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		if (token != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &v, true);
		if (!wanted(set, &key, 0, mode, &next))
			continue;
		/* a parent on the way to an included path has to be a container */
		if (mode == COPY_INCLUDE && next.n > 0 && v.type != jbvBinary)
			continue;
		pushJsonbValue(out, WJB_KEY, &key);
		copy_value(out, WJB_VALUE, &v, &next, mode);
	}
	return pushJsonbValue(out, WJB_END_OBJECT, NULL);
}

static void
copy_array(JsonbParseState **out, JsonbContainer *array, const alive *set,
		   copy_mode mode)
{
	JsonbIterator *it = JsonbIteratorInit(array);
	JsonbIteratorToken token;
	JsonbValue	v;
	alive		next;
	uint32		i = 0;

	pushJsonbValue(out, WJB_BEGIN_ARRAY, NULL);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (wanted(set, NULL, i++, mode, &next))
			copy_value(out, WJB_ELEM, &v, &next, mode);
	}
	pushJsonbValue(out, WJB_END_ARRAY, NULL);
}

static void
copy_value(JsonbParseState **out, JsonbIteratorToken token, JsonbValue *v,
		   const alive *set, copy_mode mode)
{
	check_stack_depth();
	if (set->n < 0 || (set->n == 0 && mode != COPY_INCLUDE))
		put(out, token, v);
	else if (is_object(v))
		copy_object(out, v->val.binary.data, set, mode);
	else if (is_array(v))
		copy_array(out, v->val.binary.data, set, mode);
	else if (mode != COPY_INCLUDE)
		put(out, token, v);
}

static Jsonb *
copy_payload(Jsonb *payload, ArrayType *array, copy_mode mode)
{
	path_list	list = parse_paths(array);
	alive		set = {list.n, palloc(sizeof(qd_path *) * Max(list.n, 1)), 0};
	JsonbParseState *state = NULL;

	check_object(payload, "payload");
	for (int i = 0; i < list.n; i++)
		set.paths[i] = &list.paths[i];
	return JsonbValueToJsonb(copy_object(&state, &payload->root, &set, mode));
}

/* qdrant.payload_delete_keys(payload, keys) */
QD_FUNCTION(qd_payload_delete_keys);
Datum
qd_payload_delete_keys(PG_FUNCTION_ARGS)
{
	PG_RETURN_JSONB_P(copy_payload(PG_GETARG_JSONB_P(0),
								   PG_GETARG_ARRAYTYPE_P(1), COPY_DELETE));
}

/* qdrant.payload_select(payload, include, exclude): one of the two is null */
QD_FUNCTION(qd_payload_select);
Datum
qd_payload_select(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(1) == PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("expected either paths to include or paths to exclude")));
	if (PG_ARGISNULL(2))
		PG_RETURN_JSONB_P(copy_payload(PG_GETARG_JSONB_P(0),
									   PG_GETARG_ARRAYTYPE_P(1), COPY_INCLUDE));
	PG_RETURN_JSONB_P(copy_payload(PG_GETARG_JSONB_P(0),
								   PG_GETARG_ARRAYTYPE_P(2), COPY_EXCLUDE));
}

/* qdrant_catalog.json_path(path): its canonical form; NULL: it is none. */
QD_FUNCTION(qd_json_path);
Datum
qd_json_path(PG_FUNCTION_ARGS)
{
	text	   *str = PG_GETARG_TEXT_PP(0);
	qd_path		path;
	text	   *result;

	if (!qd_path_parse(VARDATA_ANY(str), VARSIZE_ANY_EXHDR(str), &path))
		PG_RETURN_NULL();
	result = palloc(VARHDRSZ + VARSIZE_ANY_EXHDR(str));
	SET_VARSIZE(result, VARHDRSZ + qd_path_print(&path, VARDATA(result)));
	PG_RETURN_TEXT_P(result);
}

QD_FUNCTION(qd_is_json_path);
Datum
qd_is_json_path(PG_FUNCTION_ARGS)
{
	text	   *str = PG_GETARG_TEXT_PP(0);
	qd_path		path;

	PG_RETURN_BOOL(qd_path_parse(VARDATA_ANY(str), VARSIZE_ANY_EXHDR(str), &path));
}
