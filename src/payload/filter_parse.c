/*
 * filter_parse.c
 *		Compiles Qdrant's filter JSON into a payload_filter: clauses and
 *		conditions.
 *
 * The text is read by jsonb's parser, so syntax and numbers are PostgreSQL's;
 * this file knows the meaning.  As in Qdrant, a filter refuses members it
 * does not know, while a condition looks at those it wants and no others.
 * Every error names the place in the filter, as in must[0].range.
 */
#include "compat.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "payload/filter.h"
#include "payload/filter_compiler.h"
#include "payload/path.h"
#include "types/point_id.h"

/* Qdrant's JSON reader stops at 127 levels; a filter in a filter takes two. */
#define MAX_DEPTH 64

static void compile_filter(qd_compiler *c, JsonbContainer *object);

static bool
report(qd_compiler *c, const char *what, const char *hint)
{
	ereturn(c->escontext, false,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid payload filter: %s", what),
			 c->where.len > 0 ? errdetail("At \"%s\".", c->where.data) : 0,
			 hint ? errhint("%s", hint) : 0));
}

void
qd_compiler_fail_hint(qd_compiler *c, const char *what, const char *hint)
{
	report(c, what, hint);
	siglongjmp(c->escape, 1);
}

void
qd_compiler_fail(qd_compiler *c, const char *what)
{
	qd_compiler_fail_hint(c, what, NULL);
}

int
qd_compiler_enter(qd_compiler *c, const char *name)
{
	int			mark = c->where.len;

	appendStringInfo(&c->where, "%s%s", mark > 0 ? "." : "", name);
	return mark;
}

int
qd_compiler_enter_item(qd_compiler *c, int index)
{
	int			mark = c->where.len;

	appendStringInfo(&c->where, "[%d]", index);
	return mark;
}

void
qd_compiler_leave(qd_compiler *c, int mark)
{
	c->where.len = mark;
	c->where.data[mark] = '\0';
}

static int
begin_node(StringInfo out, uint32 kind, uint32 n)
{
	int			at = out->len;
	qd_node		node = {kind, n, 0};

	appendBinaryStringInfo(out, (char *) &node, sizeof(node));
	return at;
}

static void
end_node(StringInfo out, int at)
{
	qd_node    *node;

	while (out->len % 8 != 0)
		appendStringInfoChar(out, '\0');
	node = (qd_node *) (out->data + at);
	node->size = out->len - at;
}

int
qd_compiler_begin(qd_compiler *c, uint32 kind, uint32 n)
{
	return begin_node(&c->out, kind, n);
}

void
qd_compiler_end(qd_compiler *c, int at)
{
	end_node(&c->out, at);
}

void
qd_path_compile(const qd_path *path, StringInfo out)
{
	int			at = begin_node(out, QD_PATH, path->n);

	for (int i = 0; i < path->n; i++)
	{
		const qd_path_step *step = &path->steps[i];
		bool		is_key = step->kind == QD_STEP_KEY;
		int			step_at = begin_node(out, step->kind,
										 is_key ? step->length : step->index);

		if (is_key)
			appendBinaryStringInfo(out, step->key, step->length);
		end_node(out, step_at);
	}
	end_node(out, at);
}

void
qd_compiler_add_string(qd_compiler *c, const char *s, int length)
{
	int			at = qd_compiler_begin(c, QD_STRING, length);

	appendBinaryStringInfo(&c->out, s, length);
	qd_compiler_end(c, at);
}

bool
qd_compiler_is_object(const JsonbValue *v)
{
	return v->type == jbvBinary && JsonContainerIsObject(v->val.binary.data);
}

bool
qd_compiler_is_array(const JsonbValue *v)
{
	return v->type == jbvBinary && JsonContainerIsArray(v->val.binary.data) &&
		!JsonContainerIsScalar(v->val.binary.data);
}

JsonbContainer *
qd_compiler_object(qd_compiler *c, const JsonbValue *v)
{
	if (!qd_compiler_is_object(v))
		qd_compiler_fail(c, "expected an object");
	return v->val.binary.data;
}

JsonbValue *
qd_compiler_member(JsonbContainer *object, const char *name)
{
	JsonbValue *v = getKeyJsonValueFromContainer(object, name, strlen(name),
												 NULL);

	return v && v->type != jbvNull ? v : NULL;
}

uint64
qd_compiler_unsigned(qd_compiler *c, const JsonbValue *v)
{
	char	   *digits;
	char	   *end;
	uint64		value;

	if (v->type != jbvNumeric)
		qd_compiler_fail(c, "expected an unsigned integer");
	digits = DatumGetCString(DirectFunctionCall1(numeric_out,
												 NumericGetDatum(v->val.numeric)));
	errno = 0;
	value = strtoull(digits, &end, 10);
	if (*digits == '-' || *end != '\0' || errno == ERANGE)
		qd_compiler_fail(c, "expected an unsigned integer of at most 64 bits");
	pfree(digits);
	return value;
}

static bool
is_one_of(const JsonbValue *name, const char *const *names)
{
	for (; *names; names++)
		if (strlen(*names) == name->val.string.len &&
			memcmp(*names, name->val.string.val, name->val.string.len) == 0)
			return true;
	return false;
}

char *
qd_compiler_stranger(JsonbContainer *object, const char *const *known,
					 const char *const *known_too)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbValue	v;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		if (token == WJB_KEY && !is_one_of(&v, known) &&
			!(known_too && is_one_of(&v, known_too)))
			return pnstrdup(v.val.string.val,
							pg_mbcliplen(v.val.string.val, v.val.string.len, 200));
	return NULL;
}

/* Conditions that are not about the value of a key. */
static const struct
{
	const char *name;
	qd_node_kind kind;
}			specials[] = {
	{"is_empty", QD_IS_EMPTY}, {"is_null", QD_IS_NULL},
	{"has_id", QD_HAS_ID}, {"has_vector", QD_HAS_VECTOR},
	{"slice", QD_SLICE}, {"nested", QD_NESTED}
};

static bool
is_condition(JsonbContainer *object)
{
	if (getKeyJsonValueFromContainer(object, "key", 3, NULL))
		return true;
	for (int i = 0; i < lengthof(specials); i++)
		if (qd_compiler_member(object, specials[i].name))
			return true;
	return false;
}

/*
 * Fails for a member that is no part of a filter.  A condition gets here only
 * where it cannot stand: compile_condition would have taken it.
 */
static void
only_clauses(qd_compiler *c, JsonbContainer *object, const char *const *names)
{
	char	   *stranger = qd_compiler_stranger(object, names, NULL);

	if (stranger && is_condition(object))
		qd_compiler_fail_hint(c, "expected a filter, not a condition",
							  "Put conditions into a clause: "
							  "{\"must\": [condition, ...]}.");
	if (stranger)
		qd_compiler_fail(c, psprintf("\"%s\" is no clause and no condition",
									 stranger));
}

static void
compile_path(qd_compiler *c, const JsonbValue *key)
{
	qd_path		path;

	if (key == NULL || key->type != jbvString)
		qd_compiler_fail(c, "\"key\" must be a string");
	if (!qd_path_parse(key->val.string.val, key->val.string.len, &path))
		qd_compiler_fail(c, psprintf("\"%.*s\" is not a key path",
									 pg_mbcliplen(key->val.string.val,
												  key->val.string.len, 200),
									 key->val.string.val));
	qd_path_compile(&path, &c->out);
}

static void
compile_field(qd_compiler *c, JsonbContainer *object)
{
	int			at = qd_compiler_begin(c, QD_FIELD, 0);
	uint32		n;

	compile_path(c, qd_compiler_member(object, "key"));
	n = qd_compiler_tests(c, object);
	((qd_node *) (c->out.data + at))->n = n;
	qd_compiler_end(c, at);
}

/* {"is_empty": {"key": k}} and is_null */
static void
compile_emptiness(qd_compiler *c, uint32 kind, const JsonbValue *v)
{
	JsonbContainer *object = qd_compiler_object(c, v);
	qd_binding	binding;
	bool		bound = qd_compiler_binding(c, object, &binding);
	int			at = qd_compiler_begin(c, kind, kind == QD_IS_NULL && bound);

	compile_path(c, qd_compiler_member(object, "key"));
	qd_compiler_end(c, at);
}

static struct varlena *
read_id(qd_compiler *c, const JsonbValue *v)
{
	struct varlena *id = NULL;

	if (v->type == jbvString)
	{
		id = qd_point_id_parse(pnstrdup(v->val.string.val, v->val.string.len));
		/* a number has to be written as one */
		if (id && VARSIZE_ANY_EXHDR(id) == QD_POINT_ID_NUMBER)
			id = NULL;
	}
	else if (v->type == jbvNumeric)
		id = qd_point_id_from_number(qd_compiler_unsigned(c, v));
	if (id == NULL)
		qd_compiler_fail(c, "an id must be an unsigned integer or a UUID");
	return id;
}

static int
compare_ids(const void *a, const void *b)
{
	return qd_point_id_compare(*(struct varlena *const *) a,
							   *(struct varlena *const *) b);
}

/* Ids are sorted: every number before every UUID, as in their own order. */
static void
compile_has_id(qd_compiler *c, const JsonbValue *v)
{
	struct varlena **ids;
	int			n;
	uint64		n_numbers = 0;
	int			at;

	if (!qd_compiler_is_array(v))
		qd_compiler_fail(c, "expected an array of ids");
	n = JsonContainerSize(v->val.binary.data);
	ids = palloc(sizeof(ids[0]) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		int			mark = qd_compiler_enter_item(c, i);

		ids[i] = read_id(c, getIthJsonbValueFromContainer(v->val.binary.data, i));
		n_numbers += VARSIZE_ANY_EXHDR(ids[i]) == QD_POINT_ID_NUMBER;
		qd_compiler_leave(c, mark);
	}
	qsort(ids, n, sizeof(ids[0]), compare_ids);
	at = qd_compiler_begin(c, QD_HAS_ID, n);
	appendBinaryStringInfo(&c->out, (char *) &n_numbers, sizeof(n_numbers));
	for (int i = 0; i < n; i++)
		appendBinaryStringInfo(&c->out, VARDATA_ANY(ids[i]),
							   VARSIZE_ANY_EXHDR(ids[i]));
	qd_compiler_end(c, at);
	c->needs_point = true;
}

static void
compile_has_vector(qd_compiler *c, const JsonbValue *v)
{
	int			at = qd_compiler_begin(c, QD_HAS_VECTOR, 0);

	if (v->type != jbvString)
		qd_compiler_fail(c, "expected a vector's name");
	qd_compiler_add_string(c, v->val.string.val, v->val.string.len);
	qd_compiler_end(c, at);
	c->needs_point = true;
}

static void
compile_slice(qd_compiler *c, const JsonbValue *v)
{
	JsonbContainer *object = qd_compiler_object(c, v);
	JsonbValue *total = qd_compiler_member(object, "total");
	JsonbValue *index = qd_compiler_member(object, "index");
	uint64		t;
	uint64		i;
	int			at;

	if (total == NULL || index == NULL)
		qd_compiler_fail(c, "expected an object with total and index");
	t = qd_compiler_unsigned(c, total);
	i = qd_compiler_unsigned(c, index);
	if (t < 1 || t > PG_UINT32_MAX)
		qd_compiler_fail(c, "total must be from 1 to 4294967295");
	if (i >= t)
		qd_compiler_fail(c, "index must be less than total");
	at = qd_compiler_begin(c, QD_SLICE, (uint32) t);
	appendBinaryStringInfo(&c->out, (char *) &i, sizeof(i));
	qd_compiler_end(c, at);
	c->needs_point = true;
}

static void
compile_nested(qd_compiler *c, const JsonbValue *v)
{
	JsonbContainer *object = qd_compiler_object(c, v);
	JsonbValue *filter = qd_compiler_member(object, "filter");
	bool		before = c->needs_point;
	int			at;
	int			mark;

	if (filter == NULL || !qd_compiler_is_object(filter))
		qd_compiler_fail(c, "expected an object with key and filter");
	at = qd_compiler_begin(c, QD_NESTED, 0);
	compile_path(c, qd_compiler_member(object, "key"));
	mark = qd_compiler_enter(c, "filter");
	compile_filter(c, filter->val.binary.data);
	qd_compiler_leave(c, mark);
	qd_compiler_end(c, at);
	/* inside, has_id and its like are never true, and need no point */
	c->needs_point = before;
}

static void
compile_special(qd_compiler *c, qd_node_kind kind, const JsonbValue *v)
{
	switch (kind)
	{
		case QD_HAS_ID:
			compile_has_id(c, v);
			break;
		case QD_HAS_VECTOR:
			compile_has_vector(c, v);
			break;
		case QD_SLICE:
			compile_slice(c, v);
			break;
		case QD_NESTED:
			compile_nested(c, v);
			break;
		default:
			compile_emptiness(c, kind, v);
	}
}

/*
 * A condition is what its members say: "key" makes it a field condition, else
 * the first of the special ones, else it is a filter of its own.
 */
static void
compile_condition(qd_compiler *c, const JsonbValue *v)
{
	JsonbContainer *object;

	if (!qd_compiler_is_object(v))
		qd_compiler_fail(c, "a condition must be an object");
	object = v->val.binary.data;
	if (getKeyJsonValueFromContainer(object, "key", 3, NULL))
	{
		compile_field(c, object);
		return;
	}
	for (int i = 0; i < lengthof(specials); i++)
	{
		JsonbValue *inner = qd_compiler_member(object, specials[i].name);
		int			mark;

		if (inner == NULL)
			continue;
		mark = qd_compiler_enter(c, specials[i].name);
		compile_special(c, specials[i].kind, inner);
		qd_compiler_leave(c, mark);
		return;
	}
	compile_filter(c, object);
}

/* A clause is one condition or an array of them; returns how many. */
static uint32
compile_clause(qd_compiler *c, const JsonbValue *v)
{
	uint32		n = 1;

	if (qd_compiler_is_array(v))
	{
		n = JsonContainerSize(v->val.binary.data);
		for (uint32 i = 0; i < n; i++)
		{
			int			mark = qd_compiler_enter_item(c, i);

			compile_condition(c, getIthJsonbValueFromContainer(v->val.binary.data, i));
			qd_compiler_leave(c, mark);
		}
	}
	else
		compile_condition(c, v);
	return n;
}

static void
compile_min_should(qd_compiler *c, const JsonbValue *v, qd_filter_node *node)
{
	JsonbContainer *object = qd_compiler_object(c, v);
	JsonbValue *conditions = qd_compiler_member(object, "conditions");
	JsonbValue *count = qd_compiler_member(object, "min_count");
	int			mark;

	if (conditions == NULL || !qd_compiler_is_array(conditions) ||
		count == NULL)
		qd_compiler_fail(c, "expected an object with conditions and min_count");
	mark = qd_compiler_enter(c, "min_count");
	node->min_count = qd_compiler_unsigned(c, count);
	if (node->min_count == 0)
		qd_compiler_fail(c, "min_count must be greater than 0");
	qd_compiler_leave(c, mark);
	mark = qd_compiler_enter(c, "conditions");
	node->n_min_should = compile_clause(c, conditions);
	qd_compiler_leave(c, mark);
}

static void
compile_filter(qd_compiler *c, JsonbContainer *object)
{
	static const char *const names[] = {"must", "should", "must_not",
	"min_should", NULL};
	int			at = c->out.len;
	qd_filter_node node = {{QD_FILTER, 0, 0}, 0, 0, 0, 0, 0};
	uint32	   *counts[] = {&node.n_must, &node.n_should, &node.n_must_not};

	check_stack_depth();
	if (++c->depth > MAX_DEPTH)
		qd_compiler_fail(c, psprintf("filters are nested more than %d deep",
									 MAX_DEPTH));
	only_clauses(c, object, names);
	appendBinaryStringInfo(&c->out, (char *) &node, sizeof(node));
	for (int i = 0; names[i]; i++)
	{
		JsonbValue *v = qd_compiler_member(object, names[i]);
		int			mark;

		if (v == NULL)
			continue;
		mark = qd_compiler_enter(c, names[i]);
		if (i < 3)
			*counts[i] = compile_clause(c, v);
		else
			compile_min_should(c, v, &node);
		qd_compiler_leave(c, mark);
	}
	memcpy(c->out.data + at, &node, sizeof(node));
	qd_compiler_end(c, at);
	c->depth--;
}

qd_filter  *
qd_filter_compile(Jsonb *json, struct Node *escontext)
{
	qd_compiler c;
	qd_filter	header = {0};
	char	   *str;

	c.needs_point = false;
	c.text = NULL;
	c.binding = NULL;
	c.depth = 0;
	c.escontext = escontext;
	initStringInfo(&c.out);
	initStringInfo(&c.where);
	if (sigsetjmp(c.escape, 0) != 0)
		return NULL;
	if (!JB_ROOT_IS_OBJECT(json))
		qd_compiler_fail(&c, "expected an object");
	appendBinaryStringInfo(&c.out, (char *) &header, offsetof(qd_filter, root));
	compile_filter(&c, &json->root);
	str = JsonbToCString(NULL, &json->root, VARSIZE(json));
	header.needs_point = c.needs_point;
	header.text_offset = c.out.len;
	header.text_length = strlen(str);
	appendBinaryStringInfo(&c.out, str, header.text_length);
	memcpy(c.out.data, &header, offsetof(qd_filter, root));
	SET_VARSIZE(c.out.data, c.out.len);
	pfree(str);
	return (qd_filter *) c.out.data;
}
