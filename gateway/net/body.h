/*
 * body.h
 *		A request's body: one buffer that grows as bytes arrive.
 *
 * What the sender announces is only a hint: memory is taken for what came.
 */
#ifndef QG_BODY_H
#define QG_BODY_H

#include "core/arena.h"

#define BODY_PADDING	64		/* zero bytes behind the end, for the readers */

typedef struct body
{
	char	   *p;
	size_t		n;
	size_t		size;
} body;

/*
 * Makes room for n more bytes at b->p + b->n; expected is the whole body's
 * size as far as known, else 0.  False when the process holds too much
 * (budget.h).
 */
extern bool body_reserve(body *b, size_t n, size_t expected);

/* The body with its padding. */
extern slice body_finish(body *b);
extern void body_free(body *b);

/* True when p points into the body. */
static inline bool
body_holds(const body *b, const char *p)
{
	return b->p != NULL && p >= b->p && p < b->p + b->size;
}

#endif							/* QG_BODY_H */
