/*
 * json.c
 *		Fuzz target: what the JSON reader accepts is what simdjson accepts, and
 *		pulling a text value by value agrees with skipping it.
 *
 * Known differences, left out: integers beyond 64 bits (a double for us and
 * for Qdrant), nesting beyond 127, lone surrogates (simdjson 3.0 takes some), a
 * byte order mark.
 */
#include <stdlib.h>

#include "json/jread.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
extern bool oracle_accepts(const char *text, size_t n);

/* Notes an integer that became a double. */
static bool
visit(jread *r, jr_type type, slice text, jnum number, void *arg)
{
	if (type == JR_NUMBER && number.kind == JNUM_F64 &&
		memchr(text.p, '.', text.n) == NULL &&
		memchr(text.p, 'e', text.n) == NULL &&
		memchr(text.p, 'E', text.n) == NULL)
		*(bool *) arg = true;
	return true;
}

static bool
differs_knowingly(const jread *r, bool big_integer)
{
	return big_integer ||
		(r->error != NULL &&
		 (strstr(r->error, "recursion") != NULL ||
		  strstr(r->error, "surrogate") != NULL ||
		  strstr(r->error, "hex escape") != NULL)) ||
		(r->end - r->start >= 3 && memcmp(r->start, "\xef\xbb\xbf", 3) == 0);
}

static bool pull(jread *r);

static bool
pull_array(jread *r)
{
	float	   *values;
	size_t		n;
	jr_type		other;

	if (!jr_floats(r, &values, &n, &other))
		return false;
	if (other == JR_NUMBER)
		return true;
	do
	{
		if (!pull(r))
			return false;
	} while (jr_next_element(r));
	return r->error == NULL;
}

static bool
pull_object(jread *r)
{
	slice		key;

	jr_begin_object(r);
	while (jr_next_member(r, &key))
		if (!pull(r))
			return false;
	return r->error == NULL;
}

static bool
pull(jread *r)
{
	slice		text;
	jnum		number;
	bool		flag;

	switch (jr_peek(r))
	{
		case JR_NULL:
			return jr_null(r);
		case JR_BOOL:
			return jr_bool(r, &flag);
		case JR_NUMBER:
			return jr_number(r, &number);
		case JR_STRING:
			return jr_string(r, &text);
		case JR_ARRAY:
			return pull_array(r);
		case JR_OBJECT:
			return pull_object(r);
		case JR_ERROR:
			break;
	}
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char	   *text = calloc(1, n + 128);
	arena	   *a = arena_create((size_t) 64 << 20);
	jread		skipped,
				pulled;
	gw_error	e;
	bool		accepted,
				big_integer = false;

	if (n > 0)
		memcpy(text, data, n);
	/* our reader must not look past its padding, simdjson may */
	jr_init(&skipped, (slice) {text, n}, a);
	accepted = jr_walk(&skipped, NULL, visit, &big_integer) &&
		jr_end(&skipped);
	if (!accepted)
		jr_report(&skipped, &e);
	if (accepted != oracle_accepts(text, n) &&
		!differs_knowingly(&skipped, big_integer))
		abort();

	jr_init(&pulled, (slice) {text, n}, a);
	if ((pull(&pulled) && jr_end(&pulled)) != accepted)
		abort();
	if (!accepted && (strcmp(pulled.error, skipped.error) != 0 ||
					  pulled.error_at != skipped.error_at))
		abort();
	arena_destroy(a);
	free(text);
	return 0;
}
