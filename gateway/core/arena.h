/*
 * arena.h
 *		Memory of one request: allocate, never free, destroy as a whole.
 *
 * Blocks of 64 KiB come from a per-thread cache; what is larger than 32 KiB
 * gets a block of its own.  An allocation never fails (the process ends when
 * the machine has no memory); what a hostile request may use is bounded by
 * the budget, which decoders poll with arena_exceeded() in their loops.
 */
#ifndef QG_ARENA_H
#define QG_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct arena arena;

/* A run of bytes owned by somebody else; not NUL terminated. */
typedef struct slice
{
	const char *p;
	size_t		n;
} slice;

#define SLICE_LIT(s)	((slice) {(s), sizeof(s) - 1})

static inline slice
slice_of(const char *p, size_t n)
{
	slice		s = {p, n};

	return s;
}

/* Of a NUL-terminated text; NULL is the empty one. */
static inline slice
slice_text(const char *s)
{
	return s != NULL ? slice_of(s, strlen(s)) : slice_of("", 0);
}

static inline bool
slice_eq(slice a, slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
slice_is(slice s, const char *text)
{
	return slice_eq(s, slice_text(text));
}

extern arena *arena_create(size_t budget);
extern void arena_destroy(arena *a);
extern void arena_set_budget(arena *a, size_t budget);
extern bool arena_exceeded(const arena *a);

/* Would n more things of that size stay within the budget? */
extern bool arena_fits(const arena *a, size_t n, size_t size);
extern size_t arena_used(const arena *a);

/* 16-byte aligned; arena_alloc0 clears. */
extern void *arena_alloc(arena *a, size_t n);
extern void *arena_alloc0(arena *a, size_t n);

/* n * size with the multiplication checked. */
extern void *arena_array(arena *a, size_t n, size_t size);
extern char *arena_strdup(arena *a, slice s);
extern char *arena_printf(arena *a, const char *fmt,...)
			__attribute__((format(printf, 2, 3)));
extern char *arena_vprintf(arena *a, const char *fmt, va_list ap);

/* Frees the calling thread's cache of blocks; before the thread ends. */
extern void arena_thread_end(void);

#endif							/* QG_ARENA_H */
