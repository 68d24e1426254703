/*
 * tables_index.c
 *		Bodies about payload indexes: create one, count the values of one; and
 *		the payload schema of a collection, read back for gRPC.
 */
#include "model/tables.h"

#include "model/hooks.h"
#include "model/index_language.h"
#include "model/qdrant.pb-c.h"

/*----------
 * enums
 *----------
 */

static const jenum_type memory = {
	"one of `cold`, `cached`, `pinned`",
	(const jenum[]) {
		{"cold", QDRANT__MEMORY__Cold},
		{"cached", QDRANT__MEMORY__Cached},
		{"pinned", QDRANT__MEMORY__Pinned},
		{NULL, 0}
	}
};

static const jenum_type tokenizer = {
	"one of `prefix`, `whitespace`, `word`, `multilingual`",
	(const jenum[]) {
		{"prefix", QDRANT__TOKENIZER_TYPE__Prefix},
		{"whitespace", QDRANT__TOKENIZER_TYPE__Whitespace},
		{"word", QDRANT__TOKENIZER_TYPE__Word},
		{"multilingual", QDRANT__TOKENIZER_TYPE__Multilingual},
		{NULL, 0}
	}
};

/*----------
 * parameters of text
 *----------
 */

/* A language's name in its long form; NULL: there is none of that name. */
static char *
find_language(const jnode *v, bool stemmer)
{
	return v->kind == J_STRING ?
		(char *) index_language((slice) {v->s, v->n}, stemmer) : NULL;
}

static bool
decode_languages(jctx *c, jnode *v, const jslot *to)
{
	char	  **names;

	if (!jc_items(c, v))
		return false;
	names = arena_array(c->a, v->n, sizeof(names[0]));
	for (uint32_t i = 0; i < v->n; i++)
	{
		names[i] = find_language(&v->items[i], false);
		if (names[i] == NULL)
			return jc_fail_type(c, &v->items[i], "a language");
	}
	jc_set_list(to, v->n, names);
	return true;
}

static const jfield stopwords_fields[] = {
	{"languages", NULL, NULL, decode_languages, NULL, 0},
	{"custom", NULL, NULL, hook_strings, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject stopwords_set = {
	"struct StopwordsSet", &qdrant__stopwords_set__descriptor, stopwords_fields, 0, NULL
};

/*
 * A language alone, or a set.  The former is shown as it was given: it leaves
 * a list of custom words without any (create_json.c).
 */
static bool
decode_stopwords(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__StopwordsSet *set = (Qdrant__StopwordsSet *)
		jc_new(c, &qdrant__stopwords_set__descriptor);

	if (v->kind == J_STRING)
	{
		set->languages = arena_array(c->a, 1, sizeof(set->languages[0]));
		set->languages[0] = find_language(v, false);
		if (set->languages[0] == NULL)
			return jc_fail_type(c, v, "a language");
		set->n_languages = 1;
		set->custom = arena_array(c->a, 1, sizeof(set->custom[0]));
	}
	else if (v->kind != J_OBJECT || !jc_object(c, v, &stopwords_set, &set->base))
		return jc_fail_type(c, v, "a language or a set of stop words");
	jc_set_message(to, &set->base);
	return true;
}

static bool
is_string(const jnode *v, const char *s)
{
	return v && v->kind == J_STRING && slice_is((slice) {v->s, v->n}, s);
}

/* {"type": "snowball", "language": ..}, {"type": "none"} */
static bool
decode_stemmer(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__StemmingAlgorithm *s = (Qdrant__StemmingAlgorithm *)
		jc_new(c, &qdrant__stemming_algorithm__descriptor);
	jnode	   *type = v->kind == J_OBJECT ? jc_member(c, v, "type") : NULL;
	jnode	   *language = v->kind == J_OBJECT ? jc_member(c, v, "language") : NULL;

	if (is_string(type, "none"))
	{
		s->stemming_params_case = QDRANT__STEMMING_ALGORITHM__STEMMING_PARAMS_DISABLED;
		s->disabled = (Qdrant__DisabledStemmer *)
			jc_new(c, &qdrant__disabled_stemmer__descriptor);
	}
	else if (is_string(type, "snowball") && language &&
			 find_language(language, true))
	{
		s->stemming_params_case = QDRANT__STEMMING_ALGORITHM__STEMMING_PARAMS_SNOWBALL;
		s->snowball = (Qdrant__SnowballParams *)
			jc_new(c, &qdrant__snowball_params__descriptor);
		s->snowball->language = find_language(language, true);
	}
	else
		return jc_fail_type(c, v, "a stemmer");
	jc_set_message(to, &s->base);
	return true;
}

/*----------
 * parameters by type
 *----------
 */

/* true: the message KeywordPrefixParams, which has no members. */
static bool
decode_prefix(jctx *c, jnode *v, const jslot *to)
{
	if (v->kind != J_BOOL)
		return jc_fail_type(c, v, "a boolean");
	if (v->b)
		jc_set_message(to, jc_new(c, &qdrant__keyword_prefix_params__descriptor));
	return true;
}

#define COMMON \
	{"on_disk", NULL, NULL, jc_bool, NULL, 0}, \
	{"memory", NULL, NULL, jc_enum, &memory, 0}, \
	{"enable_hnsw", NULL, NULL, jc_bool, NULL, 0}, \
	{NULL, NULL, NULL, NULL, NULL, 0}

static const jfield keyword_fields[] = {
	{"is_tenant", NULL, NULL, jc_bool, NULL, 0},
	{"prefix", NULL, NULL, decode_prefix, NULL, 0},
	COMMON
};

static const jfield integer_fields[] = {
	{"lookup", NULL, NULL, jc_bool, NULL, 0},
	{"range", NULL, NULL, jc_bool, NULL, 0},
	{"is_principal", NULL, NULL, jc_bool, NULL, 0},
	COMMON
};

static const jfield principal_fields[] = {
	{"is_principal", NULL, NULL, jc_bool, NULL, 0},
	COMMON
};

static const jfield tenant_fields[] = {
	{"is_tenant", NULL, NULL, jc_bool, NULL, 0},
	COMMON
};

static const jfield common_fields[] = {
	COMMON
};

static const jfield text_fields[] = {
	{"tokenizer", NULL, NULL, jc_enum, &tokenizer, JF_NOT_NULL},
	{"min_token_len", NULL, NULL, jc_integer, &jc_usize, 0},
	{"max_token_len", NULL, NULL, jc_integer, &jc_usize, 0},
	{"lowercase", NULL, NULL, jc_bool, NULL, 0},
	{"ascii_folding", NULL, NULL, jc_bool, NULL, 0},
	{"phrase_matching", NULL, NULL, jc_bool, NULL, 0},
	{"stopwords", NULL, NULL, decode_stopwords, NULL, 0},
	{"stemmer", NULL, NULL, decode_stemmer, NULL, 0},
	COMMON
};

/* In the order of FieldType. */
static const struct
{
	const char *name;
	const char *field;			/* of PayloadIndexParams */
	Qdrant__PayloadSchemaType schema_type;
	jobject		params;
}			types[] = {
	{"keyword", "keyword_index_params", QDRANT__PAYLOAD_SCHEMA_TYPE__Keyword,
		{"struct KeywordIndexParams", &qdrant__keyword_index_params__descriptor, keyword_fields, 0, NULL}},
	{"integer", "integer_index_params", QDRANT__PAYLOAD_SCHEMA_TYPE__Integer,
		{"struct IntegerIndexParams", &qdrant__integer_index_params__descriptor, integer_fields, 0, NULL}},
	{"float", "float_index_params", QDRANT__PAYLOAD_SCHEMA_TYPE__Float,
		{"struct FloatIndexParams", &qdrant__float_index_params__descriptor, principal_fields, 0, NULL}},
	{"geo", "geo_index_params", QDRANT__PAYLOAD_SCHEMA_TYPE__Geo,
		{"struct GeoIndexParams", &qdrant__geo_index_params__descriptor, common_fields, 0, NULL}},
	{"text", "text_index_params", QDRANT__PAYLOAD_SCHEMA_TYPE__Text,
		{"struct TextIndexParams", &qdrant__text_index_params__descriptor, text_fields, 0, NULL}},
	{"bool", "bool_index_params", QDRANT__PAYLOAD_SCHEMA_TYPE__Bool,
		{"struct BoolIndexParams", &qdrant__bool_index_params__descriptor, common_fields, 0, NULL}},
	{"datetime", "datetime_index_params", QDRANT__PAYLOAD_SCHEMA_TYPE__Datetime,
		{"struct DatetimeIndexParams", &qdrant__datetime_index_params__descriptor, principal_fields, 0, NULL}},
	{"uuid", "uuid_index_params", QDRANT__PAYLOAD_SCHEMA_TYPE__Uuid,
		{"struct UuidIndexParams", &qdrant__uuid_index_params__descriptor, tenant_fields, 0, NULL}}
};

#define N_TYPES	(sizeof(types) / sizeof(types[0]))

static bool
read_type(const jnode *v, Qdrant__FieldType *out)
{
	for (size_t i = 0; i < N_TYPES; i++)
	{
		if (is_string(v, types[i].name))
		{
			*out = (Qdrant__FieldType) i;
			return true;
		}
	}
	return false;
}

/* {"type": .., parameters} into the oneof of its type. */
static bool
read_params(jctx *c, jnode *v, Qdrant__FieldType type, const jslot *to)
{
	ProtobufCMessage *params = jc_new(c, &qdrant__payload_index_params__descriptor);
	ProtobufCMessage *inner = jc_new(c, types[type].params.message);
	jslot		slot = jc_slot(params, types[type].field);

	if (type == QDRANT__FIELD_TYPE__FieldTypeText)
		((Qdrant__TextIndexParams *) inner)->tokenizer = QDRANT__TOKENIZER_TYPE__Word;
	if (!jc_object(c, v, &types[type].params, inner))
		return false;
	jc_set_message(&slot, inner);
	jc_set_message(to, params);
	return true;
}

/*----------
 * create
 *----------
 */

static bool
decode_schema(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__CreateFieldIndexCollection *msg =
	(Qdrant__CreateFieldIndexCollection *) to->msg;
	jslot		params = jc_slot(to->msg, "field_index_params");
	jnode	   *type = v->kind == J_OBJECT ? jc_member(c, v, "type") : v;
	bool		ok;

	c->buffered++;
	ok = type && read_type(type, &msg->field_type) &&
		(type == v || read_params(c, v, msg->field_type, &params));
	c->buffered--;
	if (!ok)
		return jc_fail_union(c, JC_NO_VARIANT("PayloadFieldSchema"));
	msg->has_field_type = true;
	return true;
}

static const jfield create_index_fields[] = {
	{"field_name", NULL, NULL, hook_path, NULL, JF_REQUIRED},
	{"field_schema", "field_type", NULL, decode_schema, NULL, JF_NO_FIELD},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject create_index = {
	"struct CreateFieldIndex", &qdrant__create_field_index_collection__descriptor,
	create_index_fields, 0, NULL
};

const struct json_schema schema_create_field_index = {
	&create_index, NULL, false, &qdrant__create_field_index_collection__descriptor, ""
};

/*----------
 * facet
 *----------
 */

static const jfield facet_fields[] = {
	{"key", NULL, NULL, hook_path, NULL, JF_REQUIRED},
	{"limit", NULL, NULL, jc_integer, &jc_usize, 0},
	{"filter", NULL, NULL, hook_filter, NULL, 0},
	{"exact", NULL, NULL, jc_bool, NULL, 0},
	{"shard_key", NULL, "shard_key_selector", hook_shard_key, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject facet = {
	"struct FacetRequest", &qdrant__facet_counts__descriptor, facet_fields,
	JO_FLATTEN, NULL
};

const struct json_schema schema_facet = {
	&facet, NULL, false, &qdrant__facet_counts__descriptor, "facet_request"
};

/*----------
 * payload schema of a collection's info
 *----------
 */

static bool
decode_data_type(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__FieldType type;

	if (!read_type(v, &type))
		return jc_fail_type(c, v, "a type");
	jc_set_enum(to, types[type].schema_type);
	return true;
}

static bool
decode_params(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__FieldType type;
	jnode	   *name = v->kind == J_OBJECT ? jc_member(c, v, "type") : NULL;

	if (name == NULL || !read_type(name, &type))
		return jc_fail_type(c, v, "parameters");
	return read_params(c, v, type, to);
}

static const jfield index_info_fields[] = {
	{"data_type", NULL, NULL, decode_data_type, NULL, JF_REQUIRED},
	{"params", NULL, NULL, decode_params, NULL, 0},
	{"points", NULL, NULL, jc_integer, &jc_usize, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject index_info = {
	"struct PayloadIndexInfo", &qdrant__payload_schema_info__descriptor,
	index_info_fields, 0, NULL
};

static bool
decode_payload_schema(jctx *c, jnode *v, const jslot *to)
{
	jslot		slot = jc_slot(to->msg, "payload_schema");

	return jc_map_of(c, v, &slot, jc_message, &index_info);
}

const struct json_schema schema_payload_schema = {
	NULL, decode_payload_schema, false, &qdrant__collection_info__descriptor, ""
};
