/*
 * text_match.c
 *		Text conditions bound to a text index: keys, and evaluation.
 */
#include "compat.h"

#include "payload/text_index.h"
#include "payload/text_split.h"

const qd_text_schema *
qd_text_test_schema(const qd_node *test)
{
	switch (test->kind)
	{
		case QD_TEST_TOKENS:
		case QD_TEST_TOKENS_ANY:
		case QD_TEST_PHRASE:
			return (const qd_text_schema *)
				qd_node_body((const qd_node *) qd_node_body(test));
		default:
			return NULL;
	}
}

/* The first of a test's tokens. */
static const qd_node *
first_token(const qd_node *test)
{
	return qd_node_next((const qd_node *) qd_node_body(test));
}

/*----------
 * keys
 *----------
 */

/* What is cut has at least so many bytes: a character is not torn apart. */
#define CUT_MIN (QD_TEXT_KEY_MAX - 3)

/* Cuts what is too long, where a character ends. */
static void
cut(qd_tokens *tokens)
{
	for (uint32 i = 0; i < tokens->n; i++)
	{
		qd_token   *token = &tokens->items[i];

		if (token->length <= QD_TEXT_KEY_MAX)
			continue;
		token->length = QD_TEXT_KEY_MAX;
		while (token->length > CUT_MIN && (token->s[token->length] & 0xc0) == 0x80)
			token->length--;
	}
}

qd_tokens
qd_text_index_keys(const qd_text_schema *schema, const char *s, size_t length)
{
	qd_tokens	tokens = qd_text_document_tokens(schema, s, length);

	cut(&tokens);
	qd_tokens_sort(&tokens);
	return tokens;
}

qd_tokens
qd_text_test_keys(const qd_node *test, bool *recheck)
{
	const qd_node *string = first_token(test);
	qd_tokens	tokens = {0};

	*recheck = test->kind == QD_TEST_PHRASE && test->n > 1;
	tokens.items = palloc(sizeof(qd_token) * Max(test->n, 1));
	for (uint32 i = 0; i < test->n; i++, string = qd_node_next(string))
	{
		tokens.items[i].s = qd_node_body(string);
		tokens.items[i].length = string->n;
		/* its key may be that of a longer one, too */
		*recheck |= string->n >= CUT_MIN;
	}
	tokens.n = test->n;
	cut(&tokens);
	qd_tokens_sort(&tokens);
	return tokens;
}

/*----------
 * evaluation
 *----------
 */

/*
 * Tokens of documents are looked up in the tests's, which are sorted; their
 * places are found by walking once.
 */
static int
compare_to(const qd_token *token, const qd_node *string)
{
	return qd_string_compare(token->s, token->length, qd_node_body(string),
							 string->n);
}

void
qd_text_matcher_begin(qd_text_matcher *m, const qd_node *test)
{
	m->test = test;
	m->n_found = 0;
	m->found = NULL;
	if (test->kind == QD_TEST_TOKENS && test->n > 0)
		m->found = palloc0(sizeof(bool) * test->n);
}

void
qd_text_matcher_end(qd_text_matcher *m)
{
	if (m->found)
		pfree(m->found);
}

/* Both lists are sorted: one pass through them. */
static bool
has_any(const qd_node *test, const qd_tokens *tokens)
{
	const qd_node *string = first_token(test);
	uint32		n = 0;

	for (uint32 i = 0; i < tokens->n && n < test->n;)
	{
		int			order = compare_to(&tokens->items[i], string);

		if (order == 0)
			return true;
		if (order < 0)
			i++;
		else
		{
			n++;
			string = qd_node_next(string);
		}
	}
	return false;
}

/* The same, noting which ones are there. */
static bool
has_all(qd_text_matcher *m, const qd_tokens *tokens)
{
	const qd_node *string = first_token(m->test);
	uint32		n = 0;

	for (uint32 i = 0; i < tokens->n && n < m->test->n;)
	{
		int			order = compare_to(&tokens->items[i], string);

		if (order < 0)
		{
			i++;
			continue;
		}
		if (order == 0 && !m->found[n])
		{
			m->found[n] = true;
			m->n_found++;
		}
		n++;
		string = qd_node_next(string);
	}
	return m->n_found == m->test->n;
}

static bool
is_phrase_at(const qd_node *test, const qd_token *token)
{
	const qd_node *string = first_token(test);

	for (uint32 i = 0; i < test->n; i++, string = qd_node_next(string))
	{
		if (compare_to(&token[i], string) != 0)
			return false;
	}
	return true;
}

static bool
has_phrase(const qd_node *test, const qd_tokens *tokens)
{
	for (uint32 i = 0; i + test->n <= tokens->n; i++)
	{
		if (is_phrase_at(test, &tokens->items[i]))
			return true;
	}
	return false;
}

bool
qd_text_matcher_add(qd_text_matcher *m, const char *s, size_t length)
{
	qd_tokens	tokens;
	bool		result;

	if (m->test->n == 0)
		return false;
	tokens = qd_text_document_tokens(qd_text_test_schema(m->test), s, length);
	if (m->test->kind == QD_TEST_PHRASE)
		result = has_phrase(m->test, &tokens);
	else
	{
		qd_tokens_sort(&tokens);
		result = m->test->kind == QD_TEST_TOKENS ? has_all(m, &tokens) :
			has_any(m->test, &tokens);
	}
	qd_tokens_free(&tokens);
	return result;
}
