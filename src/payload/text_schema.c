/*
 * text_schema.c
 *		Reads the schema of a text index.
 *
 * What Qdrant's parser would refuse is refused, and so is a member that this
 * file does not know.
 */
#include "compat.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "payload/text_index.h"
#include "payload/text_language.h"
#include "payload/text_split.h"
#include "payload/walk.h"

#define UNSET PG_UINT32_MAX

/* NULL where all is well, else what is wrong. */
typedef char *(*member_reader) (qd_text_schema **schema,
								const JsonbValue *value);

static char *
member_problem(const char *name, const char *what)
{
	return psprintf("\"%s\" must be %s", name, what);
}

/* The name, shortened for messages. */
static char *
show(const JsonbValue *v)
{
	return pnstrdup(v->val.string.val, pg_mbcliplen(v->val.string.val,
													v->val.string.len, 100));
}

static bool
equals(const JsonbValue *v, const char *s)
{
	return v->type == jbvString && strlen(s) == v->val.string.len &&
		memcmp(v->val.string.val, s, v->val.string.len) == 0;
}

static char *
read_type(qd_text_schema **schema, const JsonbValue *v)
{
	return equals(v, "text") ? NULL : member_problem("type", "\"text\"");
}

static char *
read_tokenizer(qd_text_schema **schema, const JsonbValue *v)
{
	static const char *const names[] = {
		[QD_TOKENIZER_WORD] = "word",
		[QD_TOKENIZER_WHITESPACE] = "whitespace",
		[QD_TOKENIZER_PREFIX] = "prefix",
		[QD_TOKENIZER_MULTILINGUAL] = "multilingual"
	};

	for (int i = 0; i < lengthof(names); i++)
	{
		if (equals(v, names[i]))
		{
			(*schema)->tokenizer = i;
			return NULL;
		}
	}
	return member_problem("tokenizer",
						  "word, whitespace, prefix or multilingual");
}

static char *
read_length(const char *name, const JsonbValue *v, uint32 *length)
{
	bool		is_int;
	int64		i;

	if (v->type == jbvNumeric)
	{
		qd_json_number(v, &is_int, &i);
		if (is_int && i >= 0)
		{
			*length = Min(i, PG_UINT32_MAX - 1);
			return NULL;
		}
	}
	return member_problem(name, "an unsigned integer");
}

static char *
read_min(qd_text_schema **schema, const JsonbValue *v)
{
	return read_length("min_token_len", v, &(*schema)->min_token_len);
}

static char *
read_max(qd_text_schema **schema, const JsonbValue *v)
{
	return read_length("max_token_len", v, &(*schema)->max_token_len);
}

static char *
read_flag(const char *name, const JsonbValue *v, bool *flag)
{
	if (v->type != jbvBool)
		return member_problem(name, "a boolean");
	*flag = v->val.boolean;
	return NULL;
}

static char *
read_lowercase(qd_text_schema **schema, const JsonbValue *v)
{
	return read_flag("lowercase", v, &(*schema)->lowercase);
}

static char *
read_folding(qd_text_schema **schema, const JsonbValue *v)
{
	return read_flag("ascii_folding", v, &(*schema)->ascii_folding);
}

static char *
read_phrases(qd_text_schema **schema, const JsonbValue *v)
{
	return read_flag("phrase_matching", v, &(*schema)->phrase_matching);
}

/* These change how an index is kept, not what it answers. */
static char *
read_on_disk(qd_text_schema **schema, const JsonbValue *v)
{
	bool		ignored;

	return read_flag("on_disk", v, &ignored);
}

static char *
read_enable_hnsw(qd_text_schema **schema, const JsonbValue *v)
{
	bool		ignored;

	return read_flag("enable_hnsw", v, &ignored);
}

static char *
read_memory(qd_text_schema **schema, const JsonbValue *v)
{
	return v->type == jbvString ? NULL : member_problem("memory", "a string");
}

/* {"type": "none"} or {"type": "snowball", "language": ...} */
static char *
read_stemmer(qd_text_schema **schema, const JsonbValue *v)
{
	JsonbValue	type;
	JsonbValue	name;
	int			language;

	if (!qd_value_is_object(v) ||
		!getKeyJsonValueFromContainer(v->val.binary.data, "type", 4, &type) ||
		(!equals(&type, "none") && !equals(&type, "snowball")))
		return member_problem("stemmer",
							  "an object of type \"snowball\" or \"none\"");
	if (equals(&type, "none"))
		return NULL;
	if (!getKeyJsonValueFromContainer(v->val.binary.data, "language", 8, &name) ||
		name.type != jbvString)
		return "a stemmer must have a \"language\"";
	language = qd_text_language(name.val.string.val, name.val.string.len);
	if (language < 0 || !qd_text_language_has_stemmer(language))
		return psprintf("there is no stemmer for the language \"%s\"",
						show(&name));
	(*schema)->stemmer = language + 1;
	return NULL;
}

/*----------
 * stop words
 *----------
 */

static char *
add_language(qd_text_schema *schema, const JsonbValue *name)
{
	int			language;

	if (name->type != jbvString)
		return "a language of stop words must be a string";
	language = qd_text_language(name->val.string.val, name->val.string.len);
	if (language < 0 || !qd_text_language_wants_stopwords(language))
		return psprintf("there are no stop words of a language \"%s\"",
						show(name));
	if (!qd_text_language_has_stopwords(language))
		return psprintf("stop words of the language \"%s\" are not supported, as PostgreSQL has no list of them; give them as custom ones",
						qd_text_language_name(language));
	schema->stopwords |= UINT64CONST(1) << language;
	return NULL;
}

static char *
add_languages(qd_text_schema *schema, const JsonbValue *list)
{
	qd_array_cursor cursor = {0};
	JsonbValue	name;
	char	   *problem = NULL;

	if (!qd_value_is_array(list))
		return member_problem("stopwords.languages", "an array of languages");
	cursor.array = list->val.binary.data;
	while (!problem && qd_array_next(&cursor, &name))
		problem = add_language(schema, &name);
	return problem;
}

static int
compare_tokens(const void *a, const void *b)
{
	const qd_token *x = a;
	const qd_token *y = b;

	return qd_string_compare(x->s, x->length, y->s, y->length);
}

/* The words behind the struct, sorted, each once. */
static void
append_words(qd_text_schema **schema, qd_token *words, uint32 n)
{
	size_t		size = sizeof(qd_text_schema);
	char	   *at;

	for (uint32 i = 0; i < n; i++)
		size += sizeof(uint32) + TYPEALIGN(4, words[i].length);
	size = TYPEALIGN(8, size);
	*schema = repalloc(*schema, size);
	at = (char *) (*schema + 1);
	memset(at, 0, size - sizeof(qd_text_schema));
	(*schema)->size = (uint32) size;
	qsort(words, n, sizeof(words[0]), compare_tokens);
	for (uint32 i = 0; i < n; i++)
	{
		if (i > 0 && compare_tokens(&words[i], &words[i - 1]) == 0)
			continue;
		(*schema)->n_custom++;
		memcpy(at, &words[i].length, sizeof(uint32));
		memcpy(at + sizeof(uint32), words[i].s, words[i].length);
		at += sizeof(uint32) + TYPEALIGN(4, words[i].length);
	}
	/* without those that were there twice */
	size = TYPEALIGN(8, at - (char *) *schema);
	(*schema)->size = (uint32) size;
}

/* Read last of all: whether the words become lower case must be known. */
static char *
add_custom(qd_text_schema **schema, const JsonbValue *list)
{
	qd_array_cursor cursor = {0};
	JsonbValue	word;
	qd_token   *words;
	uint32		n = 0;

	if (!qd_value_is_array(list))
		return member_problem("stopwords.custom", "an array of strings");
	cursor.array = list->val.binary.data;
	words = palloc(sizeof(words[0]) * (JsonContainerSize(cursor.array) + 1));
	while (qd_array_next(&cursor, &word))
	{
		if (word.type != jbvString)
			return member_problem("stopwords.custom", "an array of strings");
		words[n++] = qd_text_stopword(*schema, word.val.string.val,
									  word.val.string.len);
	}
	append_words(schema, words, n);
	return NULL;
}

static char *
read_stopwords(qd_text_schema **schema, const JsonbValue *v)
{
	JsonbValue	list;
	char	   *problem = NULL;

	if (v->type == jbvString)
		return add_language(*schema, v);
	if (!qd_value_is_object(v))
		return member_problem("stopwords", "a language or an object with languages and custom");
	if (getKeyJsonValueFromContainer(v->val.binary.data, "languages", 9, &list) &&
		list.type != jbvNull)
		problem = add_languages(*schema, &list);
	if (!problem &&
		getKeyJsonValueFromContainer(v->val.binary.data, "custom", 6, &list) &&
		list.type != jbvNull)
		problem = add_custom(schema, &list);
	return problem;
}

/* In this order, whatever that of the object. */
static const struct
{
	const char *name;
	member_reader read;
}			members[] = {
	{"type", read_type}, {"tokenizer", read_tokenizer},
	{"lowercase", read_lowercase}, {"ascii_folding", read_folding},
	{"min_token_len", read_min}, {"max_token_len", read_max},
	{"stemmer", read_stemmer}, {"phrase_matching", read_phrases},
	{"on_disk", read_on_disk}, {"enable_hnsw", read_enable_hnsw},
	{"memory", read_memory}, {"stopwords", read_stopwords}
};

/* A member that is none of these. */
static char *
find_unknown(JsonbContainer *object)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbValue	v;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		bool		known = token != WJB_KEY;

		for (int i = 0; i < lengthof(members) && !known; i++)
			known = equals(&v, members[i].name);
		if (!known)
			return psprintf("a text index has no \"%s\"", show(&v));
	}
	return NULL;
}

qd_text_schema *
qd_text_schema_default(void)
{
	qd_text_schema *schema = palloc0(sizeof(qd_text_schema));

	schema->size = sizeof(qd_text_schema);
	schema->tokenizer = QD_TOKENIZER_WORD;
	schema->lowercase = true;
	schema->max_token_len = PG_UINT32_MAX;
	return schema;
}

qd_text_schema *
qd_text_schema_read(JsonbContainer *object, char **problem)
{
	qd_text_schema *schema = qd_text_schema_default();

	schema->min_token_len = UNSET;
	*problem = find_unknown(object);
	for (int i = 0; i < lengthof(members) && !*problem; i++)
	{
		JsonbValue	v;

		if (getKeyJsonValueFromContainer(object, members[i].name,
										 strlen(members[i].name), &v) &&
			v.type != jbvNull)
			*problem = members[i].read(&schema, &v);
	}
	if (*problem)
		return NULL;
	/* a stem may be empty, a prefix has a character */
	if (schema->min_token_len == UNSET)
		schema->min_token_len = schema->tokenizer == QD_TOKENIZER_PREFIX;
	for (int i = 0; i < QD_LANGUAGES; i++)
	{
		if (schema->stopwords >> i & 1)
			qd_text_load_stopwords(i);
	}
	return schema;
}
