/*
 * builder_write.c
 *		Writes the graph in memory to pages.
 *
 * Its stripes are written and logged page by page; META, written last, makes
 * them the graph.  After a crash before that they are room that the next
 * writer uses.
 */
#include "postgres.h"
#include "compat.h"

#include "access/xloginsert.h"
#include "miscadmin.h"
#include "utils/rel.h"

#include "hnsw/builder.h"
#include "hnsw/worker.h"

/* Of every vertex that was never freed; a block of zeroes has 0. */
#define FIRST_GEN	1

/*
 * Centroids, if the codec wants some; room for all nodes: whole stripes, so
 * that each page is written once.  The rest of a stripe that an earlier graph
 * left stays unused.
 */
void
qd_builder_reserve(QdGraphBuilder *b, Relation index)
{
	QdHnswMeta	meta;
	uint64		first;

	if (b->codec->kind == QD_CODE_PRODUCT && b->codec->codebook == NULL)
		qd_hnsw_codebook_create(index, b);
	qd_hnsw_meta_read(index, &meta);
	first = (meta.next_vid + (uint64) QD_DIR_PER_PAGE - 1) /
		QD_DIR_PER_PAGE * QD_DIR_PER_PAGE;

	if (first + b->nodes >= QD_NO_VID)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many vertices in index \"%s\"",
						RelationGetRelationName(index)),
				 errhint("Please REINDEX it.")));
	b->shared->first_vid = first;
	qd_hnsw_reserve(index, first, b->nodes);
}

static void
find_owners(QdBuilderWriter *w)
{
	const QdGraphBuilder *b = w->b;

	w->owners = palloc_extended(Max(b->nodes - b->n, 1) * sizeof(uint32),
								MCXT_ALLOC_HUGE);
	for (uint32 row = 0; row < b->n; row++)
		for (int level = 1; level <= b->levels[row]; level++)
			w->owners[qd_builder_node(b, row, level) - b->n] = row;
}

static inline uint32
owner_of(const QdBuilderWriter *w, uint32 node)
{
	return node < w->b->n ? node : w->owners[node - w->b->n];
}

static inline int
level_of(const QdBuilderWriter *w, uint32 node)
{
	return node < w->b->n ? 0 : node - w->b->uppers[owner_of(w, node)] + 1;
}

static inline uint32
vid_of(const QdBuilderWriter *w, uint32 node)
{
	return w->vids == NULL ? w->first + node : w->vids[node];
}

static inline uint16
gen_of(const QdBuilderWriter *w, uint32 node)
{
	return w->gens == NULL ? FIRST_GEN : w->gens[node];
}

void
qd_builder_fill_entry(const QdBuilderWriter *w, uint32 node, QdDirEntry *entry)
{
	uint32		row = owner_of(w, node);

	entry->gen = gen_of(w, node);
	entry->level = level_of(w, node);
	if (entry->level == 0)
	{
		entry->tid = w->b->tids[row];
		entry->state = QD_VERTEX_LIVE;
		entry->link = QD_NO_VID;
		entry->n_tids = 1;
		return;
	}
	ItemPointerSetInvalid(&entry->tid);
	entry->state = QD_VERTEX_UPPER;
	entry->n_tids = 0;
	entry->link = vid_of(w, row);
}

static uint32
ring_of(const QdBuilderWriter *w, uint32 row, int level)
{
	const QdGraphBuilder *b = w->b;

	if (level > 0)
		return vid_of(w, qd_builder_node(b, row, level - 1));
	if (b->levels[row] == 0)
		return QD_NO_VID;
	return vid_of(w, qd_builder_node(b, row, b->levels[row]));
}

void
qd_builder_fill_vertex(const QdBuilderWriter *w, uint32 node, QdVertexHead *v)
{
	const QdGraphBuilder *b = w->b;
	uint32		row = owner_of(w, node);
	const uint32 *links = qd_builder_links(b, node);
	uint32	   *ids = QdVertexIds(&b->layout, v);

	v->vid = vid_of(w, node);
	v->gen = gen_of(w, node);
	v->level = level_of(w, node);
	v->ring = ring_of(w, row, v->level);
	v->degree = qd_builder_degree(b, node);
	qd_store_code(&w->codec, qd_builder_head(b, row), qd_builder_code(b, row),
				  &v->code, QdVertexStored(v));
	for (int i = 0; i < v->degree; i++)
	{
		ids[i] = vid_of(w, qd_builder_node(b, links[i], v->level));
		qd_hnsw_nav_encode(w->nav, &v->code, QdVertexCode(v), i,
						   qd_builder_head(b, links[i]),
						   qd_builder_code(b, links[i]));
	}
	memset(ids + v->degree, 0, (b->layout.m0 - v->degree) * sizeof(uint32));
	qd_hnsw_nav_store(w->nav, v, v->degree);
}

/* Whatever the block held before is of no interest. */
static Buffer
begin_page(Relation index, BlockNumber block, QdPageKind kind, uint32 ordinal,
		   Size content)
{
	Buffer		buffer = ReadBufferExtended(index, MAIN_FORKNUM, block,
											RBM_ZERO_AND_LOCK, NULL);

	START_CRIT_SECTION();
	qd_hnsw_page_init(BufferGetPage(buffer), kind, ordinal, content);
	return buffer;
}

static void
finish_page(Relation index, Buffer buffer)
{
	MarkBufferDirty(buffer);
	if (RelationNeedsWAL(index))
		log_newpage_buffer(buffer, true);
	END_CRIT_SECTION();
	UnlockReleaseBuffer(buffer);
}

static void
write_dir(const QdBuilderWriter *w, uint32 node)
{
	uint32		vid = w->first + node;
	uint32		n = Min(QD_DIR_PER_PAGE, w->b->nodes - node);
	Buffer		buffer = begin_page(w->index, qd_hnsw_dir_block(w->index, vid),
									QD_PAGE_DIR, vid / QD_DIR_PER_PAGE,
									QD_DIR_PER_PAGE * sizeof(QdDirEntry));

	for (uint32 i = 0; i < n; i++)
		qd_builder_fill_entry(w, node + i,
							  QdPageDirEntry(BufferGetPage(buffer), vid + i));
	finish_page(w->index, buffer);
}

/* Returns the node after those of the page. */
static uint32
write_vertices(const QdBuilderWriter *w, uint32 node)
{
	const QdHnswLayout *l = &w->b->layout;
	uint32		vid = w->first + node;
	uint32		n = Min(l->npp, QD_DIR_PER_PAGE - vid % QD_DIR_PER_PAGE);
	Size		offset = 0;
	BlockNumber block = qd_hnsw_vertex_block(w->index, vid, &offset);
	Buffer		buffer = begin_page(w->index, block, QD_PAGE_VERTEX,
									QdVertexOrdinal(l, vid),
									(Size) l->npp * l->block_bytes);

	n = Min(n, w->b->nodes - node);
	for (uint32 i = 0; i < n; i++)
		qd_builder_fill_vertex(w, node + i,
							   QdPageVertex(BufferGetPage(buffer),
											offset + i * l->block_bytes));
	finish_page(w->index, buffer);
	return node + n;
}

void
qd_builder_write_stripe(const QdBuilderWriter *w, uint32 node)
{
	uint32		end = Min(node + QD_DIR_PER_PAGE, w->b->nodes);

	/* after a crash the file may end before the stripe does */
	qd_hnsw_extend(w->index, qd_hnsw_dir_block(w->index, w->first + node) +
				   w->b->layout.stripe_pages);
	write_dir(w, node);
	while (node < end)
	{
		qd_hnsw_worker_yield();
		node = write_vertices(w, node);
	}
}

void
qd_builder_publish(const QdGraphBuilder *b, Relation index)
{
	uint32		first = b->shared->first_vid;
	uint32		entry = b->shared->entry;
	Buffer		buffer = qd_hnsw_read(index, QD_META_BLOCK,
									  BUFFER_LOCK_EXCLUSIVE, QD_PAGE_META);
	GenericXLogState *state = GenericXLogStart(index);
	QdHnswMeta *meta = QdPageMeta(GenericXLogRegisterBuffer(state, buffer, 0));

	meta->entry_level = b->levels[entry];
	meta->entry_vid = first + qd_builder_node(b, entry, meta->entry_level);
	meta->entry_gen = FIRST_GEN;
	meta->next_vid = first + b->nodes;
	meta->live += b->n;
	GenericXLogFinish(state);
	UnlockReleaseBuffer(buffer);
}

void
qd_builder_writer_init(QdBuilderWriter *w, const QdGraphBuilder *b,
					   Relation index)
{
	memset(w, 0, sizeof(*w));
	w->b = b;
	w->index = index;
	w->first = b->shared->first_vid;
	w->codec = *b->codec;
	qd_hnsw_codebook_load(index, &w->codec);
	w->nav = qd_hnsw_nav_writer(&b->layout, b->codec);
	find_owners(w);
}

void
qd_hnsw_builder_write(QdGraphBuilder *b, Relation index,
					  void (*progress) (uint32 done))
{
	QdBuilderWriter w;

	if (b->n == 0)
		return;
	qd_builder_reserve(b, index);
	qd_builder_writer_init(&w, b, index);
	for (uint32 node = 0; node < b->nodes; node += QD_DIR_PER_PAGE)
	{
		if (progress != NULL)
			progress(Min(node, b->n));
		qd_builder_write_stripe(&w, node);
	}
	qd_builder_publish(b, index);
	pfree(w.owners);
}
