/*
 * arena.c
 *		Memory of one request, in 64 KiB blocks.
 *
 * Freed blocks stay in a cache of their thread: handed back to malloc, glibc
 * would trim the heap and fault the pages in again for the next request.  An
 * arena is used by one thread only, so nothing here locks; the process-wide
 * sum (budget.h) is atomic.
 */
#include "core/arena.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/budget.h"
#include "core/log.h"

#define BLOCK_SIZE		((size_t) 64 * 1024)
#define LARGE_SIZE		((size_t) 32 * 1024)
#define CACHE_MAX		64
#define ALIGNMENT		16

typedef struct block
{
	struct block *next;
	size_t		size;			/* with this head; BLOCK_SIZE: cacheable */
} block;

_Static_assert(sizeof(block) % ALIGNMENT == 0, "blocks start aligned");

struct arena
{
	block	   *blocks;			/* the newest small one first */
	block	   *large;
	char	   *free;			/* rest of the newest block */
	size_t		left;
	size_t		used;			/* bytes of all blocks */
	size_t		budget;
};

static __thread block *cache;
static __thread int cached;

static block *
block_get(size_t size)
{
	block	   *b;

	budget_take(size);
	if (size == BLOCK_SIZE && cache != NULL)
	{
		b = cache;
		cache = b->next;
		cached--;
		return b;
	}
	b = malloc(size);
	if (b == NULL)
		log_fatal("out of memory: could not allocate %zu bytes", size);
	b->size = size;
	return b;
}

static void
block_put(block *b)
{
	budget_give(b->size);
	if (b->size == BLOCK_SIZE && cached < CACHE_MAX)
	{
		b->next = cache;
		cache = b;
		cached++;
	}
	else
		free(b);
}

static void
add_block(arena *a)
{
	block	   *b = block_get(BLOCK_SIZE);

	b->next = a->blocks;
	a->blocks = b;
	a->free = (char *) (b + 1);
	a->left = BLOCK_SIZE - sizeof(block);
	a->used += BLOCK_SIZE;
}

arena	   *
arena_create(size_t budget)
{
	arena		first = {.budget = budget};
	arena	   *a;

	/* The arena lives at the head of its own oldest block. */
	add_block(&first);
	a = arena_alloc(&first, sizeof(arena));
	*a = first;
	return a;
}

void
arena_destroy(arena *a)
{
	block	   *large = a->large;
	block	   *small = a->blocks;
	block	   *next;

	for (; large != NULL; large = next)
	{
		next = large->next;
		block_put(large);
	}
	/* The arena is in the oldest, which is the last. */
	for (; small != NULL; small = next)
	{
		next = small->next;
		block_put(small);
	}
}

void
arena_set_budget(arena *a, size_t budget)
{
	a->budget = budget;
}

bool
arena_exceeded(const arena *a)
{
	return a->used > a->budget;
}

bool
arena_fits(const arena *a, size_t n, size_t size)
{
	size_t		total;

	return !__builtin_mul_overflow(n, size, &total) && !arena_exceeded(a) &&
		total <= a->budget - a->used;
}

size_t
arena_used(const arena *a)
{
	return a->used;
}

static void *
alloc_large(arena *a, size_t n)
{
	block	   *b = block_get(sizeof(block) + n);

	b->next = a->large;
	a->large = b;
	a->used += b->size;
	return b + 1;
}

void	   *
arena_alloc(arena *a, size_t n)
{
	char	   *p;

	if (n > SIZE_MAX / 2)
		log_fatal("out of memory: could not allocate %zu bytes", n);
	/* Never a pointer that the next allocation gets, too. */
	n = (n + (n == 0) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (n > a->left)
	{
		if (n > LARGE_SIZE)
			return alloc_large(a, n);
		add_block(a);
	}
	p = a->free;
	a->free += n;
	a->left -= n;
	return p;
}

void	   *
arena_alloc0(arena *a, size_t n)
{
	return memset(arena_alloc(a, n), 0, n);
}

void	   *
arena_array(arena *a, size_t n, size_t size)
{
	size_t		total;

	if (__builtin_mul_overflow(n, size, &total))
		log_fatal("out of memory: could not allocate %zu times %zu bytes",
				  n, size);
	return arena_alloc(a, total);
}

char	   *
arena_strdup(arena *a, slice s)
{
	char	   *p = arena_alloc(a, s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

char	   *
arena_vprintf(arena *a, const char *fmt, va_list ap)
{
	va_list		again;
	int			n;
	char	   *p;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		log_fatal("could not format \"%s\"", fmt);
	p = arena_alloc(a, (size_t) n + 1);
	vsnprintf(p, (size_t) n + 1, fmt, ap);
	return p;
}

char	   *
arena_printf(arena *a, const char *fmt,...)
{
	va_list		ap;
	char	   *p;

	va_start(ap, fmt);
	p = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}

void
arena_thread_end(void)
{
	block	   *b;

	while ((b = cache) != NULL)
	{
		cache = b->next;
		free(b);
	}
	cached = 0;
}
