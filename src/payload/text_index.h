/*
 * text_index.h
 *		Full text: the schema of a text index, the tokens of strings under it,
 *		and text conditions that are bound to it.
 *
 * A token goes through (ASCII folding), lower case, stop words, the stemmer,
 * and the check of its length, in this order.  Documents and queries differ
 * only for the tokenizer "prefix".  Tokens are UTF-8 in every database.
 */
#ifndef QD_TEXT_INDEX_H
#define QD_TEXT_INDEX_H

#include "postgres.h"
#include "utils/jsonb.h"

#include "payload/filter.h"

typedef enum qd_tokenizer
{
	QD_TOKENIZER_WORD,			/* at what is neither letter nor digit */
	QD_TOKENIZER_WHITESPACE,
	QD_TOKENIZER_PREFIX,		/* words, and the prefixes of a document's */
	QD_TOKENIZER_MULTILINGUAL	/* ICU's word boundaries, normalised */
} qd_tokenizer;

/*
 * One flat piece of memory without pointers, a multiple of 8 bytes: it stands
 * in compiled filters and in options of operator classes.  Schemas that make
 * the same tokens are equal byte for byte, whatever the order or the spelling
 * of their JSON.  Custom stop words follow, sorted by qd_string_compare: each
 * a uint32 length and the bytes, padded to 4.
 */
typedef struct qd_text_schema
{
	uint32		size;			/* of all of it */
	uint8		tokenizer;		/* qd_tokenizer */
	bool		lowercase;
	bool		ascii_folding;
	bool		phrase_matching;
	uint32		min_token_len;	/* characters */
	uint32		max_token_len;	/* PG_UINT32_MAX: no limit */
	uint64		stopwords;		/* bit n: the list of language n */
	uint32		stemmer;		/* a language of text_language.h, plus 1 */
	uint32		n_custom;
} qd_text_schema;

typedef struct qd_token
{
	const char *s;
	uint32		length;			/* bytes */
} qd_token;

/* Tokens in the order of the text; all memory is palloc'd. */
typedef struct qd_tokens
{
	uint32		n;
	uint32		room;
	qd_token   *items;			/* point into bytes */
	char	   *bytes;
	size_t		bytes_used;
	size_t		bytes_room;
} qd_tokens;

/* A token longer than this has the key of its first so many bytes. */
#define QD_TEXT_KEY_MAX 240

/*
 * text_schema.c: reads {"type": "text", "tokenizer": ..., ...}.  When it is
 * wrong the result is NULL, and *problem says what about it.  The result is
 * palloc'd.
 */
extern qd_text_schema *qd_text_schema_read(JsonbContainer *object,
										   char **problem);

/* That of {"type": "text"}. */
extern qd_text_schema *qd_text_schema_default(void);

static inline bool
qd_text_schema_equals(const qd_text_schema *a, const qd_text_schema *b)
{
	return a->size == b->size && memcmp(a, b, a->size) == 0;
}

/*
 * text_tokens.c: the tokens of a string in the server's encoding.  A phrase
 * is read as a document.
 */
extern qd_tokens qd_text_document_tokens(const qd_text_schema *schema,
										 const char *s, size_t length);
extern qd_tokens qd_text_query_tokens(const qd_text_schema *schema,
									  const char *s, size_t length);

/* A custom stop word as the schema compares tokens with it; palloc'd. */
extern qd_token qd_text_stopword(const qd_text_schema *schema,
								 const char *s, size_t length);

/* In the order of qd_string_compare, each token once. */
extern void qd_tokens_sort(qd_tokens *tokens);
extern void qd_tokens_free(qd_tokens *tokens);

/*
 * text_match.c: the keys under which a document's string stands in an index:
 * its tokens, each once, none longer than QD_TEXT_KEY_MAX.
 */
extern qd_tokens qd_text_index_keys(const qd_text_schema *schema,
									const char *s, size_t length);

/*
 * The schema that a test is bound to; NULL when it is not a bound text test
 * (QD_TEST_TOKENS, QD_TEST_TOKENS_ANY, QD_TEST_PHRASE).  An index serves the
 * test when its own schema equals it.
 */
extern const qd_text_schema *qd_text_test_schema(const qd_node *test);

/*
 * The keys that a bound test asks an index for: each once; all of them, or
 * for QD_TEST_TOKENS_ANY one of them, must be there.  Without any, nothing
 * satisfies the test.  *recheck: the row has to be looked at even so.
 */
extern qd_tokens qd_text_test_keys(const qd_node *test, bool *recheck);

/*
 * Evaluation of a bound test over all strings of a field: begin, one call for
 * each string until it says true, end.
 */
typedef struct qd_text_matcher
{
	const qd_node *test;
	uint32		n_found;
	bool	   *found;			/* of the tokens of QD_TEST_TOKENS */
} qd_text_matcher;

extern void qd_text_matcher_begin(qd_text_matcher *m, const qd_node *test);
extern bool qd_text_matcher_add(qd_text_matcher *m, const char *s,
								size_t length);
extern void qd_text_matcher_end(qd_text_matcher *m);

#endif							/* QD_TEXT_INDEX_H */
