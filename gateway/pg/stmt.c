/*
 * stmt.c
 *		Prepared statements of one connection: a hash table with LRU.
 *
 * Names are never used twice on a connection, so an evicted statement may
 * still run in the pipeline that evicts it; it is deallocated with the next.
 */
#include <stdio.h>
#include <stdlib.h>

#include "pg/conn.h"

#define BUCKETS ((int) (sizeof(((stmt_cache *) 0)->buckets) / sizeof(int16_t)))

static uint64_t
hash_text(const char *s)
{
	uint64_t	h = UINT64_C(0xcbf29ce484222325);

	for (; *s; s++)
		h = (h ^ (unsigned char) *s) * UINT64_C(0x100000001b3);
	return h ^ (h >> 32);
}

void
stmt_init(stmt_cache *cache)
{
	memset(cache, 0, sizeof(*cache));
	stmt_reset(cache);
}

void
stmt_reset(stmt_cache *cache)
{
	for (int i = 0; i < PG_STATEMENTS; i++)
	{
		free(cache->entries[i].sql);
		cache->entries[i].sql = NULL;
		cache->entries[i].next = (int16_t) (i + 1 < PG_STATEMENTS ? i + 1 : -1);
	}
	for (int i = 0; i < BUCKETS; i++)
		cache->buckets[i] = -1;
	cache->newest = cache->oldest = -1;
	cache->unused = 0;
	free(cache->stale);
	cache->stale = NULL;
	cache->n_stale = cache->max_stale = 0;
}

static void
lru_unlink(stmt_cache *cache, int16_t i)
{
	stmt	   *s = &cache->entries[i];

	if (s->newer >= 0)
		cache->entries[s->newer].older = s->older;
	else
		cache->newest = s->older;
	if (s->older >= 0)
		cache->entries[s->older].newer = s->newer;
	else
		cache->oldest = s->newer;
}

static void
lru_push(stmt_cache *cache, int16_t i)
{
	stmt	   *s = &cache->entries[i];

	s->newer = -1;
	s->older = cache->newest;
	if (cache->newest >= 0)
		cache->entries[cache->newest].newer = i;
	else
		cache->oldest = i;
	cache->newest = i;
}

static void *
grown(void *p, size_t n, size_t size)
{
	p = realloc(p, n * size);
	if (p == NULL)
		abort();
	return p;
}

static void
note_stale(stmt_cache *cache, const char *name)
{
	if (cache->n_stale == cache->max_stale)
	{
		cache->max_stale = cache->max_stale ? 2 * cache->max_stale : 16;
		cache->stale = grown(cache->stale, (size_t) cache->max_stale,
							 sizeof(*cache->stale));
	}
	memcpy(cache->stale[cache->n_stale++], name, PG_NAME_LEN);
}

/* Takes an entry out of bucket and list into the free list. */
static void
drop_entry(stmt_cache *cache, int16_t i, bool on_server)
{
	stmt	   *s = &cache->entries[i];
	int16_t    *link = &cache->buckets[s->hash % (uint64_t) BUCKETS];

	while (*link != i)
		link = &cache->entries[*link].next;
	*link = s->next;
	lru_unlink(cache, i);
	if (on_server)
		note_stale(cache, s->name);
	free(s->sql);
	s->sql = NULL;
	s->next = cache->unused;
	cache->unused = i;
}

static int16_t
find_entry(const stmt_cache *cache, const char *sql, uint64_t hash)
{
	int16_t		i = cache->buckets[hash % (uint64_t) BUCKETS];

	while (i >= 0 && (cache->entries[i].hash != hash ||
					  strcmp(cache->entries[i].sql, sql) != 0))
		i = cache->entries[i].next;
	return i;
}

const char *
stmt_use(stmt_cache *cache, const char *sql, bool *fresh)
{
	uint64_t	hash = hash_text(sql);
	int16_t		i = find_entry(cache, sql, hash);
	int16_t    *bucket = &cache->buckets[hash % (uint64_t) BUCKETS];
	stmt	   *s;

	*fresh = i < 0;
	if (i >= 0)
	{
		lru_unlink(cache, i);
		lru_push(cache, i);
		return cache->entries[i].name;
	}
	if (cache->unused < 0)
		drop_entry(cache, cache->oldest, true);
	i = cache->unused;
	s = &cache->entries[i];
	cache->unused = s->next;
	s->sql = strdup(sql);
	if (s->sql == NULL)
		abort();
	s->hash = hash;
	snprintf(s->name, sizeof(s->name), "q%llu",
			 (unsigned long long) cache->serial++);
	s->next = *bucket;
	*bucket = i;
	lru_push(cache, i);
	return s->name;
}

void
stmt_forget(stmt_cache *cache, const char *sql, bool on_server)
{
	int16_t		i = find_entry(cache, sql, hash_text(sql));

	if (i >= 0)
		drop_entry(cache, i, on_server);
}
