/*
 * tokenizer.c
 *		The tokens of any bytes under any schema: none is longer or shorter
 *		than the schema lets it be, a query finds the document it was made of,
 *		and the keys of an index hold what is searched in it.
 *
 * The first four bytes make the schema, the rest is the text.
 */
#include "compat.h"

#include <stdint.h>

#include "payload/text_index.h"
#include "payload/text_language.h"
#include "payload/text_split.h"
#include "payload/text_words.h"

#include "harness/server.h"

#define HEAD 4

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
demand(bool holds, const char *what)
{
	if (!holds)
		server_fail(what);
}

static qd_text_schema
schema_of(const uint8_t *head)
{
	qd_text_schema schema = {.size = sizeof(schema)};
	int			language = head[1] % QD_LANGUAGES;

	schema.tokenizer = head[0] & 3;
	schema.lowercase = (head[0] & 4) != 0;
	schema.ascii_folding = (head[0] & 8) != 0;
	schema.min_token_len = head[2] & 7;
	schema.max_token_len = head[3] > 200 ? PG_UINT32_MAX : head[3];
	if ((head[0] & 16) && qd_text_language_has_stemmer(language))
		schema.stemmer = language + 1;
	if ((head[0] & 32) && qd_text_language_has_stopwords(language))
		schema.stopwords = UINT64CONST(1) << language;
	return schema;
}

static bool
holds(const qd_tokens *tokens, const char *s, size_t length)
{
	for (uint32 i = 0; i < tokens->n; i++)
	{
		if (qd_string_compare(tokens->items[i].s, tokens->items[i].length,
							  s, length) == 0)
			return true;
	}
	return false;
}

static void
check_lengths(const qd_text_schema *schema, const qd_tokens *tokens)
{
	for (uint32 i = 0; i < tokens->n; i++)
	{
		const qd_token *token = &tokens->items[i];
		size_t		n = qd_text_characters(token->s, token->length);

		demand(token->s >= tokens->bytes &&
			   token->s + token->length <= tokens->bytes + tokens->bytes_used,
			   "a token lies outside");
		demand(n <= schema->max_token_len, "a token is too long");
		demand(n >= schema->min_token_len ||
			   (schema->tokenizer == QD_TOKENIZER_PREFIX &&
				schema->max_token_len < schema->min_token_len),
			   "a token is too short");
	}
}

static void
check_keys(const qd_tokens *keys)
{
	for (uint32 i = 0; i < keys->n; i++)
	{
		const qd_token *key = &keys->items[i];

		demand(key->length <= QD_TEXT_KEY_MAX, "a key is too long");
		demand(i == 0 || qd_string_compare(key[-1].s, key[-1].length, key->s,
										   key->length) < 0,
			   "keys are not sorted");
	}
}

/* Stop words stay in a query for prefixes, and then documents lack them. */
static bool
query_finds_document(const qd_text_schema *schema)
{
	return schema->tokenizer != QD_TOKENIZER_PREFIX ||
		(schema->stopwords == 0 &&
		 schema->min_token_len <= schema->max_token_len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	qd_text_schema schema;
	const char *s = (const char *) data + HEAD;
	qd_tokens	document;
	qd_tokens	query;
	qd_tokens	keys;

	if (size < HEAD)
		return 0;
	schema = schema_of(data);
	size -= HEAD;
	document = qd_text_document_tokens(&schema, s, size);
	query = qd_text_query_tokens(&schema, s, size);
	keys = qd_text_index_keys(&schema, s, size);
	check_lengths(&schema, &document);
	check_lengths(&schema, &query);
	check_keys(&keys);
	for (uint32 i = 0; i < query.n && query_finds_document(&schema); i++)
	{
		demand(holds(&document, query.items[i].s, query.items[i].length),
			   "a query does not find its document");
		demand(query.items[i].length > QD_TEXT_KEY_MAX ||
			   holds(&keys, query.items[i].s, query.items[i].length),
			   "an index lacks a key");
	}
	qd_tokens_free(&document);
	qd_tokens_free(&query);
	qd_tokens_free(&keys);
	return 0;
}
