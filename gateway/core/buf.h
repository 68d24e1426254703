/*
 * buf.h
 *		A growing byte buffer in an arena: what answers are written into.
 *
 * The bytes stay valid as long as the arena, but move when the buffer
 * grows: keep offsets, not pointers.
 */
#ifndef QG_BUF_H
#define QG_BUF_H

#include "core/arena.h"

typedef struct buf
{
	arena	   *a;
	char	   *p;
	size_t		n;
	size_t		cap;
} buf;

extern void buf_init(buf *b, arena *a, size_t hint);

/* Makes room for n more bytes and returns where they go; n is not advanced. */
extern char *buf_reserve(buf *b, size_t n);
extern void buf_add(buf *b, const void *p, size_t n);
extern void buf_addc(buf *b, char c);
extern void buf_adds(buf *b, const char *s);
extern void buf_printf(buf *b, const char *fmt,...)
			__attribute__((format(printf, 2, 3)));

static inline slice
buf_slice(const buf *b)
{
	return slice_of(b->p, b->n);
}

#endif							/* QG_BUF_H */
