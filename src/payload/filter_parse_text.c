/*
 * filter_parse_text.c
 *		Compiles text conditions that are bound to a text index: its schema,
 *		and the tokens that they ask for.
 */
#include "compat.h"

#include "payload/filter.h"
#include "payload/filter_compiler.h"
#include "payload/text_index.h"

static bool
is_text(const JsonbValue *type)
{
	return type->type == jbvString && type->val.string.len == 4 &&
		memcmp(type->val.string.val, "text", 4) == 0;
}

qd_text_schema *
qd_compiler_text_schema(qd_compiler *c, JsonbContainer *condition)
{
	JsonbValue *as = qd_compiler_member(condition, "as");
	JsonbContainer *object;
	JsonbValue *type;
	qd_text_schema *schema;
	char	   *problem;
	int			mark;

	if (as == NULL)
		return NULL;
	/* the type alone stands for its defaults */
	if (is_text(as))
		return qd_text_schema_default();
	if (!qd_compiler_is_object(as))
		return NULL;
	object = as->val.binary.data;
	type = qd_compiler_member(object, "type");
	if (type == NULL || !is_text(type))
		return NULL;
	mark = qd_compiler_enter(c, "as");
	schema = qd_text_schema_read(object, &problem);
	if (schema == NULL)
		qd_compiler_fail(c, problem);
	qd_compiler_leave(c, mark);
	return schema;
}

void
qd_compiler_bound_text(qd_compiler *c, qd_test_kind kind, const JsonbValue *v)
{
	const qd_text_schema *schema = c->text;
	const char *s = v->val.string.val;
	size_t		length = v->val.string.len;
	qd_tokens	tokens = {0};
	int			at;
	int			schema_at;

	if (v->type != jbvString)
		qd_compiler_fail(c, "expected a string");
	if (kind != QD_TEST_PHRASE)
	{
		tokens = qd_text_query_tokens(schema, s, length);
		qd_tokens_sort(&tokens);
	}
	else if (schema->phrase_matching)
		tokens = qd_text_document_tokens(schema, s, length);
	at = qd_compiler_begin(c, kind, tokens.n);
	schema_at = qd_compiler_begin(c, QD_TEXT_SCHEMA, schema->size);
	appendBinaryStringInfo(&c->out, (const char *) schema, schema->size);
	qd_compiler_end(c, schema_at);
	for (uint32 i = 0; i < tokens.n; i++)
		qd_compiler_add_string(c, tokens.items[i].s, tokens.items[i].length);
	qd_compiler_end(c, at);
	qd_tokens_free(&tokens);
}
