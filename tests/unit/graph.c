/*
 * graph.c
 *		src/hnsw/graph.c over a small graph in arrays, against sorting all
 *		distances: results, resuming, exhaustion, forgetting, choice of links.
 *
 * The few functions of the server that it calls stand here.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "hnsw/graph.h"

/* the C library's, not the server's */
#undef printf
#include "check.h"

#define N		2000
#define LINKS	12

/*----------
 * The server
 *----------
 */
MemoryContext CurrentMemoryContext = NULL;
volatile sig_atomic_t InterruptPending = false;

void
ProcessInterrupts(void)
{
}

void *
palloc(Size size)
{
	return malloc(size);
}

void *
palloc0(Size size)
{
	return calloc(1, size);
}

void *
palloc_extended(Size size, int flags)
{
	return calloc(1, size);
}

void *
repalloc_huge(void *p, Size size)
{
	return realloc(p, size);
}

void
pfree(void *p)
{
	free(p);
}

void
pg_qsort(void *base, size_t n, size_t width,
		 int (*compare) (const void *, const void *))
{
#undef qsort
	qsort(base, n, width, compare);
}

/* Memory is its context's, which is gone in the end. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

/*----------
 * The graph: points in a square, the nearest and some others as links; vids
 * are points times stride
 *----------
 */
static float points[N][2];
static uint32 links[N][LINKS];
static float query[2];
static uint32 stride = 1;
static int	gone = -1;			/* every gone-th point is */
static bool bad_call;

static float
point_distance(const float *a, const float *b)
{
	return (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]);
}

static bool
is_gone(uint32 point)
{
	return gone > 0 && point % gone == 0;
}

static int
graph_links(void *arg, uint32 vid, uint32 *ids)
{
	if (vid % stride != 0 || vid / stride >= N)
	{
		bad_call = true;
		return 0;
	}
	for (int i = 0; i < LINKS; i++)
		ids[i] = links[vid / stride][i] * stride;
	return LINKS;
}

static void
graph_score(void *arg, const uint32 *vids, int n, float *out)
{
	for (int i = 0; i < n; i++)
		out[i] = is_gone(vids[i] / stride) ? INFINITY :
			point_distance(points[vids[i] / stride], query);
}

/* A store whose vertices know their neighbours' distances by and large. */
static bool estimates;
static int	opened = -1;

static int
graph_open(void *arg, uint32 vid, float *own, const uint32 **ids)
{
	static uint32 copy[LINKS];

	bad_call |= opened >= 0;
	if (is_gone(vid / stride))
		return -1;
	opened = vid / stride;
	*own = point_distance(points[opened], query);
	*ids = copy;
	return graph_links(NULL, vid, copy);
}

static void
graph_estimate(void *arg, const uint16 *which, int n, float *out)
{
	for (int i = 0; i < n; i++)
	{
		uint32		point = links[opened][which[i]];
		float		share = 0.8f + 0.4f * ((point * 7 + opened) % 16) / 15;

		out[i] = share * point_distance(points[point], query);
	}
	opened = -1;
}

static void
graph_prefetch(void *arg, uint32 vid)
{
	bad_call |= vid % stride != 0 || vid / stride >= N;
}

static QdGraphStore
graph_store(void)
{
	QdGraphStore store = {
		.links = graph_links,.score = graph_score,.max_links = LINKS,
		.n_vids = N * stride
	};

	if (estimates)
	{
		store.open = graph_open;
		store.estimate = graph_estimate;
		store.prefetch = graph_prefetch;
	}
	return store;
}

static float
pair(void *arg, uint32 a, uint32 b)
{
	return point_distance(points[a], points[b]);
}

static uint32
next_random(void)
{
	static uint64 state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 32;
}

static QdCandidate sorted[N];
static int	n_sorted;

static int
by_distance(const void *a, const void *b)
{
	float		x = ((const QdCandidate *) a)->distance;
	float		y = ((const QdCandidate *) b)->distance;

	return x < y ? -1 : x > y;
}

static void
sort_points(const float *center, uint32 skip)
{
	n_sorted = 0;
	for (uint32 i = 0; i < N; i++)
		if (i != skip && !is_gone(i))
			sorted[n_sorted++] = (QdCandidate) {point_distance(points[i], center), i};
	qsort(sorted, n_sorted, sizeof(QdCandidate), by_distance);
}

static void
make_graph(void)
{
	for (int i = 0; i < N; i++)
		for (int j = 0; j < 2; j++)
			points[i][j] = next_random() / 4294967296.0f;
	for (uint32 i = 0; i < N; i++)
	{
		sort_points(points[i], i);
		for (int j = 0; j < LINKS; j++)
			links[i][j] = j < 8 ? sorted[j].vid : next_random() % N;
	}
}

static QdGraphSearch *
begin(Size memory_limit)
{
	QdGraphStore store = graph_store();
	QdGraphSearch *s = qd_graph_search_begin(&store, memory_limit);

	qd_graph_search_enter(s, (QdCandidate) {point_distance(points[1], query), stride});
	return s;
}

static int
hits(const QdCandidate *found, int n)
{
	int			count = 0;

	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			count += sorted[i].vid == found[j].vid / stride;
	return count;
}

/*----------
 * Tests
 *----------
 */
static void
test_best(int ef, bool resumed)
{
	QdCandidate found[N];
	int			total = 0;

	for (int q = 0; q < 30; q++)
	{
		QdGraphSearch *s;
		int			n;

		query[0] = next_random() / 4294967296.0f;
		query[1] = next_random() / 4294967296.0f;
		sort_points(query, N);
		s = begin(0);
		for (int step = 8; resumed && step < ef; step *= 2)
			qd_graph_search_run(s, step);
		qd_graph_search_run(s, ef);
		n = qd_graph_search_best(s, found, N);
		ok(n == ef, "best has ef", n, ef);
		for (int i = 1; i < n; i++)
			if (found[i - 1].distance > found[i].distance)
				ok(false, "best is sorted", i, n);
		for (int i = 0; i < n; i++)
			if (found[i].distance !=
				point_distance(points[found[i].vid / stride], query))
				ok(false, "results have their exact distance", i, n);
		total += hits(found, n);
	}
	ok(total >= 0.97 * 30 * ef, resumed ? "recall, resumed" : "recall", total,
	   30 * ef);
}

/* Takes all there is, in rounds; each once. */
static void
test_drain(Size memory_limit)
{
	QdGraphSearch *s = begin(memory_limit);
	static int	seen[N];
	QdCandidate c;
	int			n = 0;
	int64		expanded;
	int64		scored;
	float		last = -1;

	memset(seen, 0, sizeof(seen));
	sort_points(query, N);
	/* more than there is room for, and farther than all vertices */
	for (int i = 0; memory_limit > 0 && i < 3000; i++)
		qd_graph_search_add(s, (QdCandidate) {10 + i, N * stride + i});
	for (int ef = 16; ef < 4 * N; ef *= 2)
	{
		qd_graph_search_run(s, ef);
		while (qd_graph_search_next(s, &c))
		{
			if (c.vid >= N * stride)
				continue;
			if (ef == 16 && c.distance < last)
				ok(false, "the first round is in order", c.distance, last);
			last = c.distance;
			seen[c.vid / stride]++;
			n++;
		}
	}
	for (int i = 0; i < N; i++)
		if (seen[i] > 1 || (seen[i] && is_gone(i)) ||
			(seen[i] && !qd_graph_search_visited(s, i * stride)))
			ok(false, "each vertex once, none that is gone", i, seen[i]);
	qd_graph_search_counts(s, &expanded, &scored);
	ok(qd_graph_search_exhausted(s), "exhausted", n, N);
	ok(qd_graph_search_forgot(s) == (memory_limit > 0), "forgot", memory_limit, 0);
	ok(memory_limit > 0 || n == n_sorted, "all of them", n, n_sorted);
	ok(memory_limit > 0 || expanded == n, "each result was expanded", expanded, n);
}

/* Results that are no vertices come in order, and lead nowhere. */
static void
test_added(void)
{
	QdGraphSearch *s = begin(0);
	QdCandidate c;
	int			added = 0;
	float		last = -1;

	for (int i = 0; i < 40; i++)
		qd_graph_search_add(s, (QdCandidate) {i * 0.0001f, N * stride + i});
	qd_graph_search_run(s, 50);
	while (qd_graph_search_next(s, &c))
	{
		ok(c.distance >= last, "in order", c.distance, last);
		last = c.distance;
		added += c.vid >= N * stride;
	}
	for (int ef = 100; ef < 4 * N; ef *= 2)
	{
		qd_graph_search_run(s, ef);
		while (qd_graph_search_next(s, &c))
			added += c.vid >= N * stride;
	}
	ok(added == 40, "added results", added, 40);
	ok(!bad_call, "links of vertices only", 0, 0);
}

static void
test_descend(void)
{
	QdGraphStore store = graph_store();
	QdCandidate c = {point_distance(points[1], query), stride};
	uint32		ids[LINKS];

	qd_graph_descend(&store, &c);
	graph_links(NULL, c.vid, ids);
	ok(c.distance == point_distance(points[c.vid / stride], query),
	   "the distance is exact", c.distance, 0);
	/* estimates may end the way a little before */
	for (int i = 0; i < LINKS; i++)
		if (!estimates && !is_gone(ids[i] / stride))
			ok(point_distance(points[ids[i] / stride], query) >= c.distance,
			   "no neighbour is nearer", i, c.distance);
}

/* Links to vertices that came after the search began lead nowhere. */
static void
test_descend_among_new(void)
{
	QdGraphStore store = graph_store();

	store.n_vids = N / 2 * stride;
	for (int i = 0; i < 20; i++)
	{
		QdCandidate c = {.vid = stride};

		query[0] = points[N - 1 - i][0];
		query[1] = points[N - 1 - i][1];
		c.distance = point_distance(points[1], query);
		qd_graph_descend(&store, &c);
		ok(c.vid < store.n_vids, "no vertex that came later", c.vid, store.n_vids);
	}
}

static void
test_select(void)
{
	QdCandidate out[32];
	int			n;

	for (uint32 p = 0; p < 50; p++)
	{
		sort_points(points[p], p);
		n = qd_graph_select(sorted, 100, 16, 0, pair, NULL, out);
		for (int i = 1; i < n; i++)
			for (int j = 0; j < i; j++)
				if (pair(NULL, out[i].vid, out[j].vid) < out[i].distance)
					ok(false, "links are diverse", i, j);
		ok(n >= 2 && n <= 16, "some links", n, 16);
		n = qd_graph_select(sorted, 100, 16, 12, pair, NULL, out);
		ok(n >= 12 && n <= 16, "filled", n, 12);
		for (int i = 1; i < n; i++)
			if (out[i - 1].distance > out[i].distance)
				ok(false, "sorted", i, n);
		ok(out[0].vid == sorted[0].vid, "the nearest is kept", out[0].vid, 0);
	}
	/* nine copies of point 0, then others: one copy counts */
	for (int i = 1; i < 10; i++)
		memcpy(points[i], points[0], sizeof(points[0]));
	sort_points(points[0], 0);
	n = qd_graph_select(sorted, 100, 8, 0, pair, NULL, out);
	ok(n >= 2 && out[1].distance > 0, "copies count once", n, out[1].distance);
	ok(qd_graph_select(sorted, 0, 8, 6, pair, NULL, out) == 0, "of none, none", 0, 0);
}

static void
test_search(void)
{
	test_best(50, false);
	test_best(300, false);
	test_best(300, true);
	test_drain(0);
	test_drain(1024 * 12);
	test_added();
	test_descend();
	test_descend_among_new();
	gone = 7;
	test_best(50, false);
	test_drain(0);
	/* so many vids that visited ones are hashed */
	stride = 5000;
	test_best(300, true);
	test_drain(0);
	test_added();
	gone = -1;
	stride = 1;
	ok(!bad_call, "one vertex at a time, all of them there", 0, 0);
}

int
main(void)
{
	make_graph();
	test_search();
	estimates = true;
	test_search();
	test_select();
	printf("graph: %d passed, %d failed\n", passed, failed);
	return failed != 0;
}
