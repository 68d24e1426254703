/*
 * body.c
 *		A request's body.  It is malloc's, not the arena's: realloc can move
 *		pages instead of bytes, and leaves no outgrown copies behind.
 */
#include "net/body.h"

#include <stdlib.h>

#include "core/budget.h"
#include "core/log.h"

#define TRUSTED_BYTES	((size_t) 1024 * 1024)

bool
body_reserve(body *b, size_t n, size_t expected)
{
	size_t		need;
	size_t		size;

	if (__builtin_add_overflow(b->n + BODY_PADDING, n, &need))
		return false;
	if (need <= b->size)
		return true;
	if (expected > TRUSTED_BYTES)
		expected = TRUSTED_BYTES;
	size = expected + BODY_PADDING;
	if (size < 2 * b->size)
		size = 2 * b->size;
	if (size < need)
		size = need;
	if (!budget_left(size - b->size))
		return false;
	budget_take(size - b->size);
	b->p = realloc(b->p, size);
	if (b->p == NULL)
		log_fatal("out of memory: could not allocate %zu bytes", size);
	b->size = size;
	return true;
}

slice
body_finish(body *b)
{
	static const char nothing[BODY_PADDING];

	if (b->p == NULL)
		return slice_of(nothing, 0);
	memset(b->p + b->n, 0, BODY_PADDING);
	return slice_of(b->p, b->n);
}

void
body_free(body *b)
{
	budget_give(b->size);
	free(b->p);
	*b = (body)
	{
		.p = NULL
	};
}
