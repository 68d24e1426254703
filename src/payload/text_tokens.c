/*
 * text_tokens.c
 *		The tokens of a string under a schema: split into words, each word
 *		through the stages that the schema asks for.
 */
#include "compat.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "payload/text_index.h"
#include "payload/text_language.h"
#include "payload/text_split.h"
#include "payload/text_words.h"

typedef struct pipeline
{
	const qd_text_schema *schema;
	bool		query;			/* the tokenizer prefix treats them apart */
	StringInfoData word;		/* what the last stage made of it */
	StringInfoData stage;
	qd_tokens	out;			/* items[].s are offsets until finish() */
} pipeline;

/*----------
 * tokens
 *----------
 */

/* The place of bytes of a token, an offset. */
static size_t
add_bytes(qd_tokens *tokens, const char *s, size_t length)
{
	size_t		at = tokens->bytes_used;

	if (tokens->bytes == NULL || tokens->bytes_room - at < length)
	{
		tokens->bytes_room = Max(tokens->bytes_room * 2, at + length + 64);
		tokens->bytes = tokens->bytes ?
			repalloc_huge(tokens->bytes, tokens->bytes_room) :
			palloc(tokens->bytes_room);
	}
	memcpy(tokens->bytes + at, s, length);
	tokens->bytes_used += length;
	return at;
}

static void
add_token(qd_tokens *tokens, size_t offset, size_t length)
{
	if (tokens->n == tokens->room)
	{
		tokens->room = Max(tokens->room * 2, 16);
		tokens->items = tokens->items ?
			repalloc_huge(tokens->items, tokens->room * sizeof(qd_token)) :
			palloc(tokens->room * sizeof(qd_token));
	}
	tokens->items[tokens->n].s = (const char *) (uintptr_t) offset;
	tokens->items[tokens->n].length = (uint32) length;
	tokens->n++;
}

/* Offsets become pointers, now that bytes stay where they are. */
static void
finish(qd_tokens *tokens)
{
	for (uint32 i = 0; i < tokens->n; i++)
		tokens->items[i].s = tokens->bytes + (uintptr_t) tokens->items[i].s;
}

void
qd_tokens_free(qd_tokens *tokens)
{
	if (tokens->items)
		pfree(tokens->items);
	if (tokens->bytes)
		pfree(tokens->bytes);
	memset(tokens, 0, sizeof(*tokens));
}

static int
compare_tokens(const void *a, const void *b)
{
	const qd_token *x = a;
	const qd_token *y = b;

	return qd_string_compare(x->s, x->length, y->s, y->length);
}

void
qd_tokens_sort(qd_tokens *tokens)
{
	uint32		kept = 0;

	if (tokens->n > 1)
		qsort(tokens->items, tokens->n, sizeof(qd_token), compare_tokens);
	for (uint32 i = 0; i < tokens->n; i++)
	{
		if (i == 0 ||
			compare_tokens(&tokens->items[i], &tokens->items[kept - 1]) != 0)
			tokens->items[kept++] = tokens->items[i];
	}
	tokens->n = kept;
}

/*----------
 * stages of a word
 *----------
 */

/* What a stage wrote becomes the word. */
static void
swap(pipeline *p)
{
	StringInfoData word = p->stage;

	p->stage = p->word;
	p->word = word;
	resetStringInfo(&p->stage);
}

/* Custom words are sorted; schemas have few of them. */
static bool
is_custom_stopword(const qd_text_schema *schema, const char *s, size_t length)
{
	const char *at = (const char *) (schema + 1);

	for (uint32 i = 0; i < schema->n_custom; i++)
	{
		uint32		n = *(const uint32 *) at;
		int			order = qd_string_compare(at + sizeof(uint32), n, s, length);

		if (order >= 0)
			return order == 0;
		at += sizeof(uint32) + TYPEALIGN(4, n);
	}
	return false;
}

static bool
is_stopword(const pipeline *p)
{
	uint64		left = p->schema->stopwords;

	for (int i = 0; left != 0; i++, left >>= 1)
	{
		if ((left & 1) && qd_text_is_stopword(i, p->word.data))
			return true;
	}
	return is_custom_stopword(p->schema, p->word.data, p->word.len);
}

/* False when the word is a stop word. */
static bool
run_stages(pipeline *p, const char *s, size_t length)
{
	const qd_text_schema *schema = p->schema;

	resetStringInfo(&p->word);
	if (schema->tokenizer == QD_TOKENIZER_MULTILINGUAL)
		qd_text_normalize(s, length, &p->word);
	else
		appendBinaryStringInfo(&p->word, s, (int) length);
	if (schema->ascii_folding)
	{
		qd_text_fold(p->word.data, p->word.len, &p->stage);
		swap(p);
	}
	if (schema->lowercase)
	{
		qd_text_lower(p->word.data, p->word.len, &p->stage);
		swap(p);
	}
	if (!(p->query && schema->tokenizer == QD_TOKENIZER_PREFIX) &&
		is_stopword(p))
		return false;
	if (schema->stemmer > 0)
	{
		size_t		n;
		const char *stem = qd_text_stem((int) schema->stemmer - 1,
										p->word.data, p->word.len, &n);

		appendBinaryStringInfo(&p->stage, stem, (int) n);
		swap(p);
	}
	return true;
}

/* Bytes of the first n characters; all of them when there are fewer. */
static size_t
clip(const StringInfoData *word, size_t n)
{
	size_t		at = 0;

	for (; at < (size_t) word->len; at++)
	{
		if ((word->data[at] & 0xc0) != 0x80 && n-- == 0)
			break;
	}
	return at;
}

/* A document's word stands under each of its prefixes. */
static void
add_prefixes(pipeline *p, size_t characters)
{
	const qd_text_schema *schema = p->schema;
	size_t		last = Min(characters, schema->max_token_len);
	size_t		at;
	size_t		end;

	if (characters < schema->min_token_len || schema->min_token_len > last)
		return;
	end = clip(&p->word, schema->min_token_len);
	at = add_bytes(&p->out, p->word.data, p->word.len);
	for (size_t n = schema->min_token_len; n <= last; n++)
	{
		add_token(&p->out, at, end);
		/* behind the next character */
		if (end < (size_t) p->word.len)
			end++;
		while (end < (size_t) p->word.len && (p->word.data[end] & 0xc0) == 0x80)
			end++;
	}
}

static void
add_word(pipeline *p, const char *s, size_t length)
{
	const qd_text_schema *schema = p->schema;
	size_t		characters;

	CHECK_FOR_INTERRUPTS();
	if (!run_stages(p, s, length))
		return;
	characters = qd_text_characters(p->word.data, p->word.len);
	if (schema->tokenizer != QD_TOKENIZER_PREFIX)
	{
		if (characters >= schema->min_token_len &&
			characters <= schema->max_token_len)
			add_token(&p->out, add_bytes(&p->out, p->word.data, p->word.len),
					  p->word.len);
	}
	else if (!p->query)
		add_prefixes(p, characters);
	else if (characters >= schema->min_token_len)
	{
		size_t		n = clip(&p->word, schema->max_token_len);

		add_token(&p->out, add_bytes(&p->out, p->word.data, n), n);
	}
}

/*----------
 * strings
 *----------
 */

static void
add_words(pipeline *p, const char *s, size_t left)
{
	qd_segmenter segmenter = {0};
	const char *word;
	size_t		length;

	switch ((qd_tokenizer) p->schema->tokenizer)
	{
		case QD_TOKENIZER_WORD:
		case QD_TOKENIZER_PREFIX:
			while (qd_word_next(&s, &left, &word, &length))
				add_word(p, word, length);
			break;
		case QD_TOKENIZER_WHITESPACE:
			while (qd_text_piece(&s, &left, &word, &length))
				add_word(p, word, length);
			break;
		case QD_TOKENIZER_MULTILINGUAL:
			while (qd_segment_next(&segmenter, &s, &left, &word, &length))
				add_word(p, word, length);
			break;
	}
}

/*
 * A string without its NUL may be converted; one that needn't be is kept.  In
 * SQL_ASCII bytes stand for UTF-8, and if they are none nobody minds.
 */
static char *
to_utf8(const char *s, size_t *length)
{
	int			encoding = GetDatabaseEncoding();
	char	   *utf8;

	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII)
		return unconstify(char *, s);
	utf8 = pg_server_to_any(s, (int) *length, PG_UTF8);
	if (utf8 != s)
		*length = strlen(utf8);
	return utf8;
}

static qd_tokens
tokens_of(const qd_text_schema *schema, const char *s, size_t length,
		  bool query)
{
	pipeline	p = {.schema = schema, .query = query};
	char	   *utf8 = to_utf8(s, &length);

	initStringInfo(&p.word);
	initStringInfo(&p.stage);
	add_words(&p, utf8, length);
	finish(&p.out);
	pfree(p.word.data);
	pfree(p.stage.data);
	if (utf8 != s)
		pfree(utf8);
	return p.out;
}

qd_tokens
qd_text_document_tokens(const qd_text_schema *schema, const char *s,
						size_t length)
{
	return tokens_of(schema, s, length, false);
}

qd_tokens
qd_text_query_tokens(const qd_text_schema *schema, const char *s,
					 size_t length)
{
	return tokens_of(schema, s, length, true);
}

qd_token
qd_text_stopword(const qd_text_schema *schema, const char *s, size_t length)
{
	char	   *utf8 = to_utf8(s, &length);
	StringInfoData word;
	qd_token	token;

	initStringInfo(&word);
	if (schema->lowercase)
		qd_text_lower(utf8, length, &word);
	else
		appendBinaryStringInfo(&word, utf8, (int) length);
	token.s = word.data;
	token.length = (uint32) word.len;
	return token;
}
