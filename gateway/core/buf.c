/*
 * buf.c
 *		A growing byte buffer in an arena.
 *
 * It doubles, so what it leaves behind in the arena is at most its own size.
 */
#include "core/buf.h"

#include <stdio.h>

#include "core/log.h"

void
buf_init(buf *b, arena *a, size_t hint)
{
	b->a = a;
	b->p = hint > 0 ? arena_alloc(a, hint) : NULL;
	b->n = 0;
	b->cap = hint;
}

static void
grow(buf *b, size_t n)
{
	size_t		cap = b->cap < 256 ? 256 : b->cap;
	char	   *p;

	if (n > SIZE_MAX / 4 - b->n)
		log_fatal("out of memory: could not grow a buffer by %zu bytes", n);
	while (cap < b->n + n)
		cap *= 2;
	p = arena_alloc(b->a, cap);
	if (b->n > 0)
		memcpy(p, b->p, b->n);
	b->p = p;
	b->cap = cap;
}

char	   *
buf_reserve(buf *b, size_t n)
{
	if (n > b->cap - b->n)
		grow(b, n);
	return b->p + b->n;
}

void
buf_add(buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_reserve(b, n), p, n);
	b->n += n;
}

void
buf_addc(buf *b, char c)
{
	*buf_reserve(b, 1) = c;
	b->n++;
}

void
buf_adds(buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_printf(buf *b, const char *fmt,...)
{
	va_list		ap;
	int			n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		log_fatal("could not format \"%s\"", fmt);
	buf_reserve(b, (size_t) n + 1);
	va_start(ap, fmt);
	vsnprintf(b->p + b->n, (size_t) n + 1, fmt, ap);
	va_end(ap);
	b->n += n;
}
