/*
 * store.c
 *		The graph over pages: links and distances of vertices, the way from
 *		META's entry to the base level, and the row of a vertex.
 *
 * One share lock at a time (I6).  What a link leads to may have been freed or
 * be another row's vertex by now: a stale block is a poor lead, never an error
 * (I1); only qd_hnsw_vertex_rows decides which rows a vertex is (I2).
 */
#include "compat.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/rel.h"

#include "hnsw/hnsw.h"
#include "hnsw/overflow.h"

#define SCORE_BATCH		32
#define PREFETCH_AHEAD	4
#define PREFETCH_BLOCK	1024	/* of a block with its neighbours' codes */
#define PREFETCH_CODE	512		/* bytes of a code; the processor goes on */

StaticAssertDecl(QD_VERTEX_ROWS == 1 + QD_OVERFLOW_MOST, "rows of a vertex");

/* Where a vertex stands. */
typedef struct VertexPlace
{
	BlockNumber block;
	Size		offset;
} VertexPlace;

/* The vertex's block, share locked in *buffer; NULL (unlocked) if not there. */
static inline QdVertexHead *
lock_place(Relation index, const VertexPlace *place, uint32 vid, Buffer *buffer)
{
	QdVertexHead *v;

	if (unlikely(place->block == InvalidBlockNumber))
		return NULL;
	*buffer = qd_hnsw_read(index, place->block, BUFFER_LOCK_SHARE,
						   QD_PAGE_VERTEX);
	v = QdPageVertex(BufferGetPage(*buffer), place->offset);
	/* generation 0: never written */
	if (likely(v->vid == vid && v->gen != 0))
		return v;
	UnlockReleaseBuffer(*buffer);
	return NULL;
}

static QdVertexHead *
lock_vertex(Relation index, uint32 vid, Buffer *buffer)
{
	VertexPlace place;

	place.block = qd_hnsw_vertex_block(index, vid, &place.offset);
	return lock_place(index, &place, vid, buffer);
}

/* Of a vertex on the locked page. */
static inline int
degree_of(Relation index, const QdHnswLayout *l, const QdVertexHead *v,
		  Buffer buffer)
{
	if (unlikely(v->degree > l->m0))
		qd_hnsw_corrupt(index, BufferGetBlockNumber(buffer),
						"a vertex has more links than it has room for");
	return v->degree;
}

static int
store_links(void *arg, uint32 vid, uint32 *ids)
{
	QdPageStore *store = arg;
	const QdHnswLayout *l = &qd_hnsw_index(store->index)->layout;
	Buffer		buffer;
	QdVertexHead *v = lock_vertex(store->index, vid, &buffer);
	int			n;

	if (v == NULL)
		return 0;
	n = degree_of(store->index, l, v, buffer);
	memcpy(ids, QdVertexIds(l, v), n * sizeof(uint32));
	UnlockReleaseBuffer(buffer);
	return n;
}

/* At most SCORE_BATCH vertices. */
static void
score_batch(QdPageStore *store, const uint32 *vids, int n, float *out)
{
	Relation	index = store->index;
	Size		bytes = sizeof(QdVertexHead) +
		Min(qd_hnsw_index(index)->layout.stored_bytes, PREFETCH_CODE);
	VertexPlace places[SCORE_BATCH];

	for (int i = 0; i < n; i++)
	{
		places[i].block = qd_hnsw_vertex_block(index, vids[i],
											   &places[i].offset);
		if (i < PREFETCH_AHEAD && places[i].block != InvalidBlockNumber)
			qd_hnsw_prefetch(index, places[i].block, places[i].offset, bytes);
	}
	for (int i = 0; i < n; i++)
	{
		Buffer		buffer;
		QdVertexHead *v;
		int			ahead = i + PREFETCH_AHEAD;

		if (ahead < n && places[ahead].block != InvalidBlockNumber)
			qd_hnsw_prefetch(index, places[ahead].block,
							 places[ahead].offset, bytes);
		v = lock_place(index, &places[i], vids[i], &buffer);
		if (v == NULL)
		{
			out[i] = INFINITY;
			continue;
		}
		out[i] = qd_query_stored_distance(store->query, &v->code,
										  QdVertexStored(v));
		UnlockReleaseBuffer(buffer);
	}
}

static void
store_score(void *arg, const uint32 *vids, int n, float *out)
{
	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < n; i += SCORE_BATCH)
		score_batch(arg, vids + i, Min(n - i, SCORE_BATCH), out + i);
}

/*----------
 * Inlined: one page read scores all neighbours.
 *----------
 */
static int
store_open(void *arg, uint32 vid, float *own, const uint32 **ids)
{
	QdPageStore *store = arg;
	const QdHnswLayout *l = &store->layout;
	QdVertexHead *v = lock_vertex(store->index, vid, &store->buffer);

	if (v == NULL)
		return -1;
	store->vertex = v;
	store->own = qd_query_distance(store->query, &v->code, QdVertexCode(v));
	*own = store->own;
	*ids = QdVertexIds(l, v);
	return degree_of(store->index, l, v, store->buffer);
}

static void
store_estimate(void *arg, const uint16 *which, int n, float *out)
{
	QdPageStore *store = arg;
	const QdHnswLayout *l = &store->layout;
	QdVertexHead *v = store->vertex;

	qd_nav_estimate(&store->nav, &v->code, store->own, v->nav_scale,
					QdVertexFactors(l, v), QdVertexNavCodes(l, v),
					which, n, out);
	UnlockReleaseBuffer(store->buffer);
}

static void
store_prefetch(void *arg, uint32 vid)
{
	QdPageStore *store = arg;
	Size		offset = 0;
	BlockNumber block = qd_hnsw_vertex_block(store->index, vid, &offset);

	if (block != InvalidBlockNumber)
		qd_hnsw_prefetch(store->index, block, offset,
						 Min(store->layout.block_bytes, PREFETCH_BLOCK));
}

static void
init_inlined(QdPageStore *store)
{
	qd_nav		nav;

	store->layout = qd_hnsw_index(store->index)->layout;
	nav = QdLayoutNav(&store->layout);
	qd_nav_query_init(&store->nav, &nav, store->query,
					  palloc(qd_nav_query_memory(&nav)));
	store->graph.open = store_open;
	store->graph.estimate = store_estimate;
	store->graph.prefetch = store_prefetch;
}

void
qd_hnsw_page_store_init(QdPageStore *store, Relation index,
						const qd_query *query, uint32 n_vids)
{
	store->graph.open = NULL;
	store->index = index;
	store->query = query;
	store->graph.arg = store;
	store->graph.links = store_links;
	store->graph.score = store_score;
	store->graph.max_links = qd_hnsw_index(index)->layout.m0;
	store->graph.n_vids = n_vids;
	if (query != NULL && QdLayoutInlined(&qd_hnsw_index(index)->layout))
		init_inlined(store);
}

/* The vertex one level below an upper one; QD_NO_VID when it is stale. */
static uint32
vertex_below(Relation index, uint32 vid, int level)
{
	Buffer		buffer;
	QdVertexHead *v = lock_vertex(index, vid, &buffer);
	uint32		below;

	if (v == NULL)
		return QD_NO_VID;
	below = v->level == level ? v->ring : QD_NO_VID;
	UnlockReleaseBuffer(buffer);
	return below;
}

bool
qd_hnsw_find_entry(QdPageStore *store, const QdHnswMeta *meta,
				   QdCandidate *entry)
{
	QdGraphStore *graph = &store->graph;

	if (meta->entry_vid == QD_NO_VID || meta->entry_level > QD_MAX_LEVEL)
		return false;
	entry->vid = meta->entry_vid;
	graph->score(graph->arg, &entry->vid, 1, &entry->distance);
	for (int level = meta->entry_level; level > 0; level--)
	{
		if (isinf(entry->distance))
			return false;
		qd_graph_descend(graph, entry);
		entry->vid = vertex_below(store->index, entry->vid, level);
		if (entry->vid >= graph->n_vids)
			return false;
	}
	/* the same code as above: scored again only to see that it is there */
	graph->score(graph->arg, &entry->vid, 1, &entry->distance);
	return !isinf(entry->distance);
}

int
qd_hnsw_vertex_rows(Relation index, uint32 vid, ItemPointerData *tids,
					qd_code_head *head)
{
	Buffer		buffer;
	Page		page;
	QdDirEntry	entry = {0};
	QdVertexHead *v;
	bool		live;
	int			n = 0;

	buffer = qd_hnsw_read(index, qd_hnsw_dir_block(index, vid),
						  BUFFER_LOCK_SHARE, QD_PAGE_DIR);
	page = BufferGetPage(buffer);
	if (!PageIsNew(page))
		entry = *QdPageDirEntry(page, vid);
	UnlockReleaseBuffer(buffer);
	if (entry.state != QD_VERTEX_LIVE)
		return 0;

	v = lock_vertex(index, vid, &buffer);
	if (v == NULL)
		return 0;
	live = v->gen == entry.gen && v->level == 0;
	*head = v->code;
	UnlockReleaseBuffer(buffer);
	if (!live)
		return 0;
	if (ItemPointerIsValid(&entry.tid))
		tids[n++] = entry.tid;
	if (entry.link != QD_NO_VID)
		n += qd_overflow_read(index, vid, &entry, tids + n, NULL);
	return n;
}
