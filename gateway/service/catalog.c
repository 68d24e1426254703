/*
 * catalog.c
 *		The cache of collections (catalog.h): a hash table of reference-counted
 *		entries, each one piece of memory.
 */
#include <stdlib.h>
#include <string.h>

#include "json/jread.h"
#include "pg/pg.h"
#include "service/catalog.h"
#include "worker.h"

#define BUCKETS			1024
#define MAX_ENTRIES		8192	/* then the cache starts anew */
#define MAX_VECTORS		4096
#define MAX_INDEXES		65536

typedef struct entry
{
	collection	c;				/* first: a collection is its entry */
	int			refs;			/* of ops, and one of the cache */
	struct entry *next;
	char	   *free;			/* where the next string goes */
	char		strings[];
} entry;

struct catalog_cache
{
	entry	   *buckets[BUCKETS];
	int			n;
};

struct catalog_cache *
catalog_create(struct worker *w)
{
	struct catalog_cache *cache = calloc(1, sizeof(*cache));

	(void) w;
	if (cache == NULL)
		abort();
	return cache;
}

static entry **
bucket_of(struct catalog_cache *cache, slice name)
{
	uint64_t	h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ (unsigned char) name.p[i]) * UINT64_C(0x100000001b3);
	return &cache->buckets[(h ^ (h >> 32)) % BUCKETS];
}

static void
unref(entry *e)
{
	if (--e->refs == 0)
	{
		free((void *) e->c.vectors);
		free((void *) e->c.indexes.list);
		free(e);
	}
}

void
catalog_release(const collection *c)
{
	unref((entry *) c);
}

void
catalog_forget(struct catalog_cache *cache, slice name)
{
	for (entry **link = bucket_of(cache, name); *link; link = &(*link)->next)
		if (slice_eq((*link)->c.name, name))
		{
			entry	   *e = *link;

			*link = e->next;
			cache->n--;
			unref(e);
			return;
		}
}

void
catalog_drop(struct catalog_cache *cache, const collection *c)
{
	for (const entry *e = *bucket_of(cache, c->name); e != NULL; e = e->next)
		if (&e->c == c)
		{
			catalog_forget(cache, c->name);
			return;
		}
}

void
catalog_forget_all(struct catalog_cache *cache)
{
	for (int i = 0; i < BUCKETS; i++)
		while (cache->buckets[i] != NULL)
		{
			entry	   *e = cache->buckets[i];

			cache->buckets[i] = e->next;
			unref(e);
		}
	cache->n = 0;
}

void
catalog_destroy(struct catalog_cache *cache)
{
	catalog_forget_all(cache);
	free(cache);
}

const collection *
catalog_find(struct catalog_cache *cache, slice name)
{
	for (entry *e = *bucket_of(cache, name); e != NULL; e = e->next)
		if (slice_eq(e->c.name, name))
		{
			e->refs++;
			return &e->c;
		}
	return NULL;
}

const collection_vector *
collection_find_vector(const collection *c, slice name)
{
	for (int i = 0; i < c->n_vectors; i++)
		if (slice_eq(c->vectors[i].name, name))
			return &c->vectors[i];
	return NULL;
}

/*----------
 * Reading the row of qdrant.describe.
 *----------
 */

/* Copies a string into the entry's memory, with a NUL behind it. */
static slice
keep(entry *e, slice s)
{
	slice		kept = {e->free, s.n};

	if (s.n > 0)
		memcpy(e->free, s.p, s.n);
	e->free[s.n] = '\0';
	e->free += s.n + 1;
	return kept;
}

static bool
read_distance(slice s, distance_kind *out)
{
	static const struct
	{
		const char *name;
		distance_kind kind;
	}			names[] = {
		{"Cosine", DISTANCE_COSINE}, {"Euclid", DISTANCE_EUCLID},
		{"Dot", DISTANCE_DOT}, {"Manhattan", DISTANCE_MANHATTAN},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_is(s, names[i].name))
		{
			*out = names[i].kind;
			return true;
		}
	return false;
}

static bool
read_datatype(slice s, vector_datatype *out)
{
	static const char *const names[] = {
		[DATATYPE_FLOAT32] = "float32",[DATATYPE_FLOAT16] = "float16",
		[DATATYPE_UINT8] = "uint8",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_is(s, names[i]))
		{
			*out = (vector_datatype) i;
			return true;
		}
	return false;
}

/* Reads a member's value as a number of at most max; 0 when it is none. */
static uint32_t
read_u32(jread *r, uint64_t max)
{
	jnum		n;

	if (jr_peek(r) != JR_NUMBER)
	{
		jr_skip(r, NULL);
		return 0;
	}
	if (!jr_number(r, &n) || n.kind != JNUM_U64 || n.u > max)
		return 0;
	return (uint32_t) n.u;
}

static bool
read_vector(jread *r, entry *e, collection_vector *v)
{
	slice		key;
	slice		text;
	bool		known_distance = false;
	bool		known_datatype = false;

	if (jr_peek(r) != JR_OBJECT || !jr_begin_object(r))
		return false;
	while (jr_next_member(r, &key))
	{
		if (slice_eq(key, SLICE_LIT("dim")))
			v->dim = read_u32(r, 65536);
		else if (jr_peek(r) != JR_STRING)
			jr_skip(r, NULL);
		else if (!jr_string(r, &text))
			return false;
		else if (slice_eq(key, SLICE_LIT("name")))
			v->name = keep(e, text);
		else if (slice_eq(key, SLICE_LIT("column")))
			v->column = keep(e, text).p;
		else if (slice_eq(key, SLICE_LIT("distance")))
			known_distance = read_distance(text, &v->distance);
		else if (slice_eq(key, SLICE_LIT("datatype")))
			known_datatype = read_datatype(text, &v->datatype);
	}
	return r->error == NULL && v->dim > 0 && v->column != NULL &&
		v->name.p != NULL && known_distance && known_datatype;
}

static bool
read_vectors(jread *r, entry *e)
{
	collection_vector *all = NULL;
	int			n = 0;

	if (jr_peek(r) != JR_ARRAY || !jr_begin_array(r))
		return false;
	while (jr_next_element(r))
	{
		if (n == MAX_VECTORS)
			return false;
		if ((n & (n - 1)) == 0)	/* full at every power of two */
			all = realloc(all, (size_t) (n ? 2 * n : 1) * sizeof(*all));
		if (all == NULL)
			abort();
		e->c.vectors = all;
		memset(&all[n], 0, sizeof(*all));
		if (!read_vector(r, e, &all[n]))
			return false;
		e->c.n_vectors = ++n;
	}
	return r->error == NULL;
}

/*----------
 * {"path": {"type": "integer", "lookup": false}}
 *----------
 */

static bool
read_index_type(slice s, field_index_type *out)
{
	static const char *const names[] = {"keyword", "integer", "float", "geo",
	"text", "bool", "datetime", "uuid"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_is(s, names[i]))
		{
			*out = (field_index_type) i;
			return true;
		}
	return false;
}

/* r stands at the schema, and behind it afterwards. */
static bool
read_index(jread *r, entry *e, field_index *index)
{
	jread		inner = *r;
	slice		key;
	slice		text;
	bool		known = false;

	if (!jr_skip(r, &text))
		return false;
	index->schema = keep(e, text);
	index->lookup = index->range = true;
	if (jr_peek(&inner) != JR_OBJECT || !jr_begin_object(&inner))
		return false;
	while (jr_next_member(&inner, &key))
	{
		bool		is_bool = jr_peek(&inner) == JR_BOOL;

		if (slice_is(key, "type") && jr_peek(&inner) == JR_STRING)
			known = jr_string(&inner, &text) && read_index_type(text, &index->type);
		else if (slice_is(key, "lookup") && is_bool)
			jr_bool(&inner, &index->lookup);
		else if (slice_is(key, "range") && is_bool)
			jr_bool(&inner, &index->range);
		else
			jr_skip(&inner, NULL);
	}
	return inner.error == NULL && known;
}

static bool
read_indexes(jread *r, entry *e)
{
	field_index *all = NULL;
	int			n = 0;
	slice		path;

	if (jr_peek(r) != JR_OBJECT || !jr_begin_object(r))
		return false;
	while (jr_next_member(r, &path))
	{
		if (n == MAX_INDEXES)
			return false;
		if ((n & (n - 1)) == 0)
			all = realloc(all, (size_t) (n ? 2 * n : 1) * sizeof(*all));
		if (all == NULL)
			abort();
		e->c.indexes.list = all;
		memset(&all[n], 0, sizeof(*all));
		all[n].path = keep(e, path);
		if (!read_index(r, e, &all[n]))
			return false;
		e->c.indexes.n = ++n;
	}
	return r->error == NULL;
}

/* A reader over a copy with the padding that it needs. */
static jread
reader_of(slice json, arena *a)
{
	char	   *copy = arena_alloc0(a, json.n + JREAD_PADDING);
	jread		r;

	memcpy(copy, json.p, json.n);
	jr_init(&r, (slice) {copy, json.n}, a);
	return r;
}

const char	catalog_sql[] =
	"SELECT version, relation, version_sequence, vectors,"
	" least(coalesce((config #>> '{hnsw_config,ef_construct}')::numeric, 100),"
	" 10000)::bigint, bindings FROM qdrant.describe($1)";

const collection *
catalog_add(struct catalog_cache *cache, slice name,
			const PGresult *described, arena *a)
{
	slice		relation = pgr_text(described, 0, 1);
	slice		sequence = pgr_text(described, 0, 2);
	slice		vectors = pgr_jsonb(described, 0, 3);
	slice		indexes = pgr_jsonb(described, 0, 5);
	entry	   *e;
	entry	  **bucket;
	jread		r = reader_of(vectors, a);
	jread		r_indexes = reader_of(indexes, a);

	/* decoded strings are never longer than their JSON, quotes make the NUL */
	e = calloc(1, sizeof(*e) + name.n + relation.n + sequence.n + vectors.n +
			   indexes.n + 16);
	if (e == NULL)
		abort();
	e->free = e->strings;
	e->refs = 1;
	e->c.name = keep(e, name);
	e->c.version = pgr_int8(described, 0, 0);
	e->c.relation = keep(e, relation).p;
	e->c.version_sequence = keep(e, sequence).p;
	e->c.ef_construct = (uint32_t) pgr_int8(described, 0, 4);
	if (!read_vectors(&r, e) || !read_indexes(&r_indexes, e))
	{
		unref(e);
		return NULL;
	}

	if (cache->n >= MAX_ENTRIES)
		catalog_forget_all(cache);
	catalog_forget(cache, name);
	bucket = bucket_of(cache, name);
	e->next = *bucket;
	*bucket = e;
	cache->n++;
	e->refs++;
	return &e->c;
}
