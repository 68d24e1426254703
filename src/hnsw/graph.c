/*
 * graph.c
 *		Resumable best-first search over an abstract store of vertices, and the
 *		choice of neighbours.
 *
 * A scored vertex is in exactly one of two places: the best ef, or aside.
 * What is still to be expanded stands among the candidates too, unless it was
 * put aside at once: then it becomes a candidate when a larger ef takes it
 * back.  These are binary heaps on flat arrays, candidates a frontier.
 */
#include "postgres.h"
#include "compat.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "hnsw/frontier.h"
#include "hnsw/graph.h"

/* Up to here visited vertices are bits, above a hash table. */
#define MAX_VISITED_BITS	(4 * 1024 * 1024)
#define MIN_ASIDE			1024

typedef enum EntryFlags
{
	ENTRY_TAKEN = 1,			/* next() gave it out */
	ENTRY_UNEXPANDED = 2		/* no candidate yet */
} EntryFlags;

typedef struct Entry
{
	float		distance;
	uint32		vid;
	uint32		flags;
} Entry;

typedef struct EntryHeap
{
	Entry	   *items;
	Size		n;
	Size		room;
} EntryHeap;

typedef struct CandidateList
{
	QdCandidate *items;
	Size		n;
	Size		room;
} CandidateList;

typedef struct VisitedSet
{
	uint64	   *bits;			/* or NULL */
	uint32	   *slots;			/* vid + 1 */
	uint32		mask;
	uint32		used;
} VisitedSet;

struct QdGraphSearch
{
	QdGraphStore store;
	MemoryContext context;
	EntryHeap	best;			/* farthest first while it grows */
	bool		best_sorted;	/* nearest first: between runs */
	Size		cursor;			/* of next() in the sorted best */
	EntryHeap	aside;			/* nearest first, or just collected */
	bool		aside_heap;
	QdFrontier	candidates;
	CandidateList beyond;		/* estimated beyond the best: just collected
								 * for a larger ef */
	VisitedSet	visited;
	Size		max_aside;
	bool		forgot;
	int			ef;
	int64		expanded;
	int64		scored;
	uint32	   *ids;
	uint16	   *which;			/* places of ids among the links */
	float	   *distances;
};

/*----------
 * Heaps
 *----------
 */
static void
list_append(CandidateList *l, QdCandidate c)
{
	if (unlikely(l->n == l->room))
	{
		l->room *= 2;
		l->items = repalloc_huge(l->items, l->room * sizeof(QdCandidate));
	}
	l->items[l->n++] = c;
}

static void
entry_append(EntryHeap *h, Entry e)
{
	if (h->n == h->room)
	{
		h->room *= 2;
		h->items = repalloc_huge(h->items, h->room * sizeof(Entry));
	}
	h->items[h->n++] = e;
}

/* Whether a belongs above b; sign 1: nearest on top, -1: farthest. */
static inline bool
above(Entry a, Entry b, int sign)
{
	return sign > 0 ? a.distance < b.distance : a.distance > b.distance;
}

static void
entry_sift_down(EntryHeap *h, Size i, int sign)
{
	Entry		e = h->items[i];

	for (;;)
	{
		Size		child = 2 * i + 1;

		if (child >= h->n)
			break;
		if (child + 1 < h->n &&
			above(h->items[child + 1], h->items[child], sign))
			child++;
		if (!above(h->items[child], e, sign))
			break;
		h->items[i] = h->items[child];
		i = child;
	}
	h->items[i] = e;
}

static void
entry_push(EntryHeap *h, Entry e, int sign)
{
	Size		i = h->n;

	entry_append(h, e);
	while (i > 0 && above(e, h->items[(i - 1) / 2], sign))
	{
		h->items[i] = h->items[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	h->items[i] = e;
}

static Entry
entry_pop(EntryHeap *h, int sign)
{
	Entry		top = h->items[0];

	h->items[0] = h->items[--h->n];
	if (h->n > 1)
		entry_sift_down(h, 0, sign);
	return top;
}

static void
entry_heapify(EntryHeap *h, int sign)
{
	for (Size i = h->n / 2; i-- > 0;)
		entry_sift_down(h, i, sign);
}

static inline int
compare_entries(const Entry *x, const Entry *y)
{
	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	/* newer ones first: copies of a vector should not all link to the oldest */
	return x->vid > y->vid ? -1 : x->vid < y->vid;
}

#define ST_SORT sort_entries
#define ST_ELEMENT_TYPE Entry
#define ST_COMPARE(a, b) compare_entries(a, b)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*----------
 * Visited vertices
 *----------
 */
static uint32 *
visited_slot(const VisitedSet *v, uint32 vid)
{
	uint32		i = (vid * 2654435769u) & v->mask;

	while (v->slots[i] != 0 && v->slots[i] != vid + 1)
		i = (i + 1) & v->mask;
	return &v->slots[i];
}

static void
visited_grow(VisitedSet *v)
{
	VisitedSet	bigger = *v;

	bigger.mask = v->mask * 2 + 1;
	bigger.slots = palloc_extended(((Size) bigger.mask + 1) * sizeof(uint32),
								   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (Size i = 0; i <= v->mask; i++)
		if (v->slots[i] != 0)
			*visited_slot(&bigger, v->slots[i] - 1) = v->slots[i];
	pfree(v->slots);
	*v = bigger;
}

static void
visited_init(VisitedSet *v, uint32 n_vids)
{
	if (n_vids <= MAX_VISITED_BITS)
	{
		v->bits = palloc0(((Size) n_vids / 64 + 1) * sizeof(uint64));
		return;
	}
	v->mask = 16384 - 1;
	v->slots = palloc0((v->mask + 1) * sizeof(uint32));
}

static bool
visited_has(const VisitedSet *v, uint32 vid)
{
	if (v->bits != NULL)
		return (v->bits[vid / 64] >> (vid % 64)) & 1;
	return *visited_slot(v, vid) != 0;
}

static bool
visited_add_slot(VisitedSet *v, uint32 vid)
{
	uint32	   *slot = visited_slot(v, vid);

	if (*slot != 0)
		return false;
	*slot = vid + 1;
	if (++v->used > v->mask / 2)
		visited_grow(v);
	return true;
}

/* False when it was there before. */
static inline bool
visited_add(VisitedSet *v, uint32 vid)
{
	uint64		word;

	if (unlikely(v->bits == NULL))
		return visited_add_slot(v, vid);
	word = v->bits[vid / 64];
	v->bits[vid / 64] = word | UINT64CONST(1) << (vid % 64);
	return !(word >> (vid % 64) & 1);
}

/* The next n times visited_add allocates nothing. */
static void
visited_reserve(VisitedSet *v, uint32 n)
{
	if (v->bits == NULL)
		while (v->used + n > v->mask / 2)
			visited_grow(v);
}

/*----------
 * Search
 *----------
 */
QdGraphSearch *
qd_graph_search_begin(const QdGraphStore *store, Size memory_limit)
{
	QdGraphSearch *s = palloc0(sizeof(QdGraphSearch));

	s->store = *store;
	s->context = CurrentMemoryContext;
	s->best.room = 128;
	s->best.items = palloc(s->best.room * sizeof(Entry));
	s->best_sorted = true;
	s->aside.room = MIN_ASIDE;
	s->aside.items = palloc(s->aside.room * sizeof(Entry));
	qd_frontier_init(&s->candidates);
	s->beyond.room = MIN_ASIDE;
	s->beyond.items = palloc(s->beyond.room * sizeof(QdCandidate));
	if (memory_limit > 0)
		s->max_aside = Max(memory_limit / sizeof(Entry), MIN_ASIDE);
	visited_init(&s->visited, store->n_vids);
	s->ids = palloc(store->max_links * sizeof(uint32));
	s->which = palloc(store->max_links * sizeof(uint16));
	s->distances = palloc(store->max_links * sizeof(float));
	return s;
}

/*
 * One hop by estimates: the link that seems nearest, if it is nearer than the
 * vertex.  False: none seems to be, or the vertex is gone.
 */
static bool
nearest_link(const QdGraphStore *store, QdCandidate *entry, uint32 *ids,
			 uint16 *which, float *distances, uint32 *next)
{
	const uint32 *links;
	int			nearest = 0;
	int			n = store->open(store->arg, entry->vid, &entry->distance,
								&links);

	if (n < 0)
		return false;
	for (int i = 0; i < n; i++)
	{
		ids[i] = links[i];
		which[i] = i;
	}
	store->estimate(store->arg, which, n, distances);
	for (int i = 1; i < n; i++)
		if (distances[i] < distances[nearest])
			nearest = i;
	if (n == 0 || !(distances[nearest] < entry->distance) ||
		ids[nearest] >= store->n_vids)
		return false;
	*next = ids[nearest];
	return true;
}

static void
descend_by_estimates(const QdGraphStore *store, QdCandidate *entry)
{
	uint32	   *ids = palloc(store->max_links * sizeof(uint32));
	uint16	   *which = palloc(store->max_links * sizeof(uint16));
	float	   *distances = palloc(store->max_links * sizeof(float));
	QdCandidate at = *entry;
	uint32		next = entry->vid;
	bool		leads = true;

	while (leads)
	{
		CHECK_FOR_INTERRUPTS();
		at.vid = next;
		at.distance = INFINITY;
		leads = nearest_link(store, &at, ids, which, distances, &next);
		/* the estimate may have been wrong: then the way ends before it */
		if (at.vid != entry->vid && !(at.distance < entry->distance))
			break;
		if (at.distance < INFINITY)
			*entry = at;
	}
	pfree(ids);
	pfree(which);
	pfree(distances);
}

void
qd_graph_descend(const QdGraphStore *store, QdCandidate *entry)
{
	uint32	   *ids;
	float	   *distances;
	bool		moved = true;

	if (store->open != NULL)
	{
		descend_by_estimates(store, entry);
		return;
	}
	ids = palloc(store->max_links * sizeof(uint32));
	distances = palloc(store->max_links * sizeof(float));
	while (moved)
	{
		int			n = store->links(store->arg, entry->vid, ids);

		CHECK_FOR_INTERRUPTS();
		moved = false;
		store->score(store->arg, ids, n, distances);
		for (int i = 0; i < n; i++)
			if (distances[i] < entry->distance && ids[i] < store->n_vids)
			{
				entry->distance = distances[i];
				entry->vid = ids[i];
				moved = true;
			}
	}
	pfree(ids);
	pfree(distances);
}

/* Forgets the farther half of what is aside. */
static void
bound_aside(QdGraphSearch *s)
{
	if (s->max_aside == 0 || s->aside.n <= s->max_aside)
		return;
	sort_entries(s->aside.items, s->aside.n);
	s->aside.n /= 2;
	s->aside_heap = true;		/* sorted is a heap too */
	s->forgot = true;
}

static void
put_aside(QdGraphSearch *s, Entry e)
{
	entry_append(&s->aside, e);
	s->aside_heap = false;
	bound_aside(s);
}

/* A scored vertex or another result finds its place. */
static void
offer(QdGraphSearch *s, float distance, uint32 vid)
{
	Entry		e = {distance, vid, ENTRY_UNEXPANDED};

	if (s->best.n >= s->ef &&
		(s->ef == 0 || distance >= s->best.items[0].distance))
	{
		put_aside(s, e);
		return;
	}
	e.flags = 0;
	if (s->best.n >= s->ef)
		put_aside(s, entry_pop(&s->best, -1));
	entry_push(&s->best, e, -1);
	if (vid < s->store.n_vids)
		qd_frontier_add(&s->candidates, (QdCandidate) {distance, vid});
}

void
qd_graph_search_enter(QdGraphSearch *s, QdCandidate entry)
{
	if (entry.vid >= s->store.n_vids || !visited_add(&s->visited, entry.vid))
		return;
	if (s->store.open != NULL)
		qd_frontier_add(&s->candidates, entry);
	else
		put_aside(s, (Entry) {entry.distance, entry.vid, ENTRY_UNEXPANDED});
}

void
qd_graph_search_add(QdGraphSearch *s, QdCandidate result)
{
	put_aside(s, (Entry) {result.distance, result.vid, 0});
}

/* The best grow to ef from what was put aside, nearest first. */
static void
take_back(QdGraphSearch *s)
{
	if (!s->aside_heap)
		entry_heapify(&s->aside, 1);
	s->aside_heap = true;
	while (s->aside.n > 0 &&
		   (s->best.n < s->ef ||
			s->aside.items[0].distance < s->best.items[0].distance))
	{
		Entry		e = entry_pop(&s->aside, 1);

		if (e.flags & ENTRY_UNEXPANDED && e.vid < s->store.n_vids)
			qd_frontier_add(&s->candidates, (QdCandidate) {e.distance, e.vid});
		e.flags &= ~ENTRY_UNEXPANDED;
		if (s->best.n >= s->ef)
		{
			Entry		out = entry_pop(&s->best, -1);

			entry_push(&s->aside, out, 1);
		}
		entry_push(&s->best, e, -1);
	}
}

static void
expand(QdGraphSearch *s, uint32 vid)
{
	int			n = s->store.links(s->store.arg, vid, s->ids);
	int			fresh = 0;

	for (int i = 0; i < n; i++)
		if (s->ids[i] < s->store.n_vids && visited_add(&s->visited, s->ids[i]))
			s->ids[fresh++] = s->ids[i];
	s->store.score(s->store.arg, s->ids, fresh, s->distances);
	for (int i = 0; i < fresh; i++)
		if (s->distances[i] < INFINITY)
			offer(s, s->distances[i], s->ids[i]);
	s->expanded++;
	s->scored += fresh;
}

/* A vertex whose exact distance is known and that was expanded. */
static void
offer_expanded(QdGraphSearch *s, float distance, uint32 vid)
{
	Entry		e = {distance, vid, 0};

	if (s->best.n < s->ef)
		entry_push(&s->best, e, -1);
	else if (s->ef == 0 || distance >= s->best.items[0].distance)
		put_aside(s, e);
	else
	{
		put_aside(s, entry_pop(&s->best, -1));
		entry_push(&s->best, e, -1);
	}
}

static int
compare_by_distance(const void *a, const void *b)
{
	const QdCandidate *x = a;
	const QdCandidate *y = b;

	return x->distance < y->distance ? -1 : x->distance > y->distance;
}

/* What was beyond a smaller ef. */
static void
take_beyond(QdGraphSearch *s)
{
	for (Size i = 0; i < s->beyond.n; i++)
		qd_frontier_add(&s->candidates, s->beyond.items[i]);
	s->beyond.n = 0;
}

/* Drops what was taken; of the others the farther half, if they are many. */
static void
bound_candidates(QdGraphSearch *s)
{
	CandidateList *l = &s->beyond;
	QdFrontier *f = &s->candidates;

	if (s->max_aside == 0 || f->n + l->n <= s->max_aside)
		return;
	for (Size i = 0; i < f->n; i++)
		if (f->distances[i] < INFINITY)
			list_append(l, (QdCandidate) {f->distances[i], f->vids[i]});
	if (l->n > s->max_aside / 2)
	{
		qsort(l->items, l->n, sizeof(QdCandidate), compare_by_distance);
		l->n /= 2;
		s->forgot = true;
	}
	qd_frontier_clear(f);
	take_beyond(s);
}

static inline bool
has_candidate(const QdGraphSearch *s)
{
	return s->candidates.top.distance < INFINITY;
}

static void
prefetch_nearest(const QdGraphSearch *s)
{
	if (has_candidate(s))
		s->store.prefetch(s->store.arg, s->candidates.top.vid);
}

/* Of a vertex's n links those seen for the first time; returns their number. */
static int
take_unseen(QdGraphSearch *s, const uint32 *links, int n)
{
	VisitedSet *visited = &s->visited;
	uint32	   *ids = s->ids;
	uint16	   *which = s->which;
	int			fresh = 0;

	for (int i = 0; i < n; i++)
	{
		uint32		vid = links[i];

		if (unlikely(vid >= s->store.n_vids))
			continue;
		/* half of them are: not to be guessed, hence no branch */
		ids[fresh] = vid;
		which[fresh] = i;
		fresh += visited_add(visited, vid);
	}
	return fresh;
}

/* They become candidates by their estimates. */
static void
add_estimated(QdGraphSearch *s, int n)
{
	float		worst = s->best.n >= s->ef ? s->best.items[0].distance : INFINITY;
	const float *distances = s->distances;
	const uint32 *ids = s->ids;

	for (int i = 0; i < n; i++)
	{
		QdCandidate c = {distances[i], ids[i]};

		if (c.distance > worst)
			list_append(&s->beyond, c);
		else
			qd_frontier_add(&s->candidates, c);
	}
	bound_candidates(s);
}

static void
expand_by_estimates(QdGraphSearch *s, uint32 vid)
{
	const uint32 *links;
	float		own;
	uint32		next = PG_UINT32_MAX;
	int			n;

	if (has_candidate(s))
		next = s->candidates.top.vid;
	visited_reserve(&s->visited, s->store.max_links);
	n = s->store.open(s->store.arg, vid, &own, &links);
	if (n < 0)
		return;
	n = take_unseen(s, links, n);
	s->store.estimate(s->store.arg, s->which, n, s->distances);
	offer_expanded(s, own, vid);
	add_estimated(s, n);
	if (s->candidates.top.vid != next)
		prefetch_nearest(s);
	s->expanded++;
	s->scored += n;
}

void
qd_graph_search_run(QdGraphSearch *s, int ef)
{
	uint32		vid;

	MemoryContext old = MemoryContextSwitchTo(s->context);

	s->ef = Max(s->ef, ef);
	s->best_sorted = false;
	entry_heapify(&s->best, -1);
	take_back(s);
	take_beyond(s);
	while (has_candidate(s))
	{
		if (s->best.n >= s->ef &&
			s->candidates.top.distance > s->best.items[0].distance)
			break;
		CHECK_FOR_INTERRUPTS();
		vid = qd_frontier_take(&s->candidates).vid;
		if (s->store.open == NULL)
			expand(s, vid);
		else
		{
			prefetch_nearest(s);
			expand_by_estimates(s, vid);
		}
	}
	MemoryContextSwitchTo(old);
}

static void
sort_best(QdGraphSearch *s)
{
	if (s->best_sorted)
		return;
	sort_entries(s->best.items, s->best.n);
	s->best_sorted = true;
	s->cursor = 0;
}

bool
qd_graph_search_next(QdGraphSearch *s, QdCandidate *out)
{
	sort_best(s);
	while (s->cursor < s->best.n)
	{
		Entry	   *e = &s->best.items[s->cursor++];

		if (e->flags & ENTRY_TAKEN)
			continue;
		e->flags |= ENTRY_TAKEN;
		out->distance = e->distance;
		out->vid = e->vid;
		return true;
	}
	return false;
}

/* Nothing is aside and nothing leads on: all that can be found is best. */
bool
qd_graph_search_exhausted(const QdGraphSearch *s)
{
	return s->aside.n == 0 && !has_candidate(s) && s->beyond.n == 0;
}

bool
qd_graph_search_forgot(const QdGraphSearch *s)
{
	return s->forgot;
}

bool
qd_graph_search_visited(const QdGraphSearch *s, uint32 vid)
{
	return vid < s->store.n_vids && visited_has(&s->visited, vid);
}

void
qd_graph_search_counts(const QdGraphSearch *s, int64 *expanded, int64 *scored)
{
	*expanded = s->expanded;
	*scored = s->scored;
}

int
qd_graph_search_best(QdGraphSearch *s, QdCandidate *out, int max)
{
	int			n = Min(max, s->best.n);

	sort_best(s);
	for (int i = 0; i < n; i++)
	{
		out[i].distance = s->best.items[i].distance;
		out[i].vid = s->best.items[i].vid;
	}
	return n;
}

int
qd_candidate_compare(const void *a, const void *b)
{
	const QdCandidate *x = a;
	const QdCandidate *y = b;

	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	return x->vid < y->vid ? -1 : x->vid > y->vid;
}

typedef enum LinkFate
{
	LINK_PRUNED,				/* may fill up */
	LINK_KEPT,
	LINK_COPY					/* of one that is kept */
} LinkFate;

/*
 * A candidate is kept when no kept one is nearer to it than the vertex itself
 * is: the links then lead into different directions.  Copies of the vertex
 * count once, lest they fill all of its links; and one of several equal
 * neighbours is enough: zeros in the middle of the rest are near everything.
 */
int
qd_graph_select(const QdCandidate *candidates, int n, int m, int fill,
				float (*pair) (void *arg, uint32 a, uint32 b), void *arg,
				QdCandidate *out)
{
	LinkFate   *fate = palloc0(Max(n, 1) * sizeof(LinkFate));
	int			kept = 0;
	int			n_out = 0;

	for (int i = 0; i < n && kept < m; i++)
	{
		bool		diverse = true;
		bool		copy = false;

		for (int j = 0; j < kept && diverse; j++)
		{
			float		d = pair(arg, candidates[i].vid, out[j].vid);

			diverse = d > candidates[i].distance ||
				(d == candidates[i].distance && d != out[j].distance);
			copy = d == 0 && candidates[i].distance > 0;
		}
		if (diverse)
		{
			fate[i] = LINK_KEPT;
			out[kept++] = candidates[i];
		}
		else if (copy)
			fate[i] = LINK_COPY;
	}
	for (int i = 0; i < n && kept < Min(fill, m); i++)
		if (fate[i] == LINK_PRUNED)
		{
			fate[i] = LINK_KEPT;
			kept++;
		}
	for (int i = 0; i < n; i++)
		if (fate[i] == LINK_KEPT)
			out[n_out++] = candidates[i];
	pfree(fate);
	return n_out;
}
