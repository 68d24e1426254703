/*
 * builder_load.c
 *		Reads the graph of an index from its pages into a builder, so that many
 *		rows can be linked to it in memory.
 *
 * Only what lives is loaded: links to tombstones are left out, and so are
 * links that are stale (I1).  The merge lock is held: nothing changes but the
 * fresh region.
 */
#include "postgres.h"
#include "compat.h"

#include "utils/rel.h"

#include "hnsw/builder.h"
#include "hnsw/worker.h"

static void *
allocate(Size n, Size size)
{
	return palloc_extended((n + 1) * size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

static void
load_directory(QdGraphLoad *d)
{
	d->dir = allocate(d->meta.next_vid, sizeof(QdDirEntry));
	for (uint32 first = 0; first < d->meta.next_vid; first += QD_DIR_PER_PAGE)
	{
		uint32		n = Min(QD_DIR_PER_PAGE, d->meta.next_vid - first);

		qd_hnsw_worker_yield();
		qd_hnsw_dir_copy(d->index, first, n, d->dir + first);
	}
}

/* Calls visit for each block that is the vertex its entry says. */
static void
each_vertex(QdGraphLoad *d, void (*visit) (QdGraphLoad *d, QdVertexHead *v))
{
	const QdHnswLayout *l = &d->meta.layout;
	PGAlignedBlock page;
	uint32		end;

	for (uint32 vid = 0; vid < d->meta.next_vid; vid = end)
	{
		Size		offset = 0;
		BlockNumber block = qd_hnsw_vertex_block(d->index, vid, &offset);
		Buffer		buffer;

		qd_hnsw_worker_yield();
		end = vid + Min(l->npp, QD_DIR_PER_PAGE - vid % QD_DIR_PER_PAGE);
		end = Min(end, d->meta.next_vid);
		buffer = qd_hnsw_read(d->index, block, BUFFER_LOCK_SHARE,
							  QD_PAGE_VERTEX);
		memcpy(page.data, BufferGetPage(buffer), BLCKSZ);
		UnlockReleaseBuffer(buffer);
		if (PageIsNew((Page) page.data))
			continue;
		for (uint32 i = vid; i < end; i++, offset += l->block_bytes)
		{
			QdVertexHead *v = QdPageVertex(page.data, offset);

			if (v->vid == i && v->gen == d->dir[i].gen &&
				v->level == d->dir[i].level && v->degree <= l->m0)
				visit(d, v);
		}
	}
}

/* First pass: codes. */
static void
add_row(QdGraphLoad *d, QdVertexHead *v)
{
	QdDirEntry *e = &d->dir[v->vid];

	if (e->state != QD_VERTEX_LIVE || v->level != 0)
		return;
	d->rows[v->vid] = qd_hnsw_builder_count(d->b);
	d->base_vids[d->rows[v->vid]] = v->vid;
	qd_hnsw_builder_add(d->b, &e->tid, &v->code, QdVertexCode(v));
}

/* Levels of the rows: as many as stand one above the other. */
static void
find_levels(QdGraphLoad *d)
{
	uint32		n = qd_hnsw_builder_count(d->b);
	uint16	   *bits = allocate(n, sizeof(uint16));

	for (uint32 vid = 0; vid < d->meta.next_vid; vid++)
	{
		const QdDirEntry *e = &d->dir[vid];

		if (e->state != QD_VERTEX_UPPER || e->link >= d->meta.next_vid ||
			e->level > QD_MAX_LEVEL ||
			d->dir[e->link].state != QD_VERTEX_LIVE)
			continue;
		d->rows[vid] = d->rows[e->link];
		if (d->rows[vid] != QD_NO_VID)
			bits[d->rows[vid]] |= 1 << e->level;
	}
	d->levels = allocate(n, 1);
	for (uint32 row = 0; row < n; row++)
		while (bits[row] & 1 << (d->levels[row] + 1))
			d->levels[row]++;
	pfree(bits);
}

/* The row of a vertex of the level, if it was loaded. */
static uint32
row_at(const QdGraphLoad *d, uint32 vid, int level)
{
	uint32		row = vid < d->meta.next_vid ? d->rows[vid] : QD_NO_VID;

	if (row == QD_NO_VID || d->dir[vid].level != level ||
		d->levels[row] < level)
		return QD_NO_VID;
	return row;
}

/* Second pass: links, nearest first. */
static void
set_links(QdGraphLoad *d, QdVertexHead *v)
{
	QdGraphBuilder *b = d->b;
	uint32		row = row_at(d, v->vid, v->level);
	const uint32 *ids = QdVertexIds(&d->meta.layout, v);
	QdCandidate found[QD_MAX_LINKS];
	uint32		node;
	int			n = 0;

	if (row == QD_NO_VID)
		return;
	for (int i = 0; i < v->degree; i++)
	{
		uint32		other = row_at(d, ids[i], v->level);

		if (other == QD_NO_VID || other == row)
			continue;
		found[n].vid = other;
		found[n++].distance = qd_builder_distance(b, row, other);
	}
	qsort(found, n, sizeof(QdCandidate), qd_candidate_compare);
	node = qd_builder_node(b, row, v->level);
	for (int i = 0; i < n; i++)
	{
		qd_builder_links(b, node)[i] = found[i].vid;
		b->link_distances[(Size) node * b->layout.m0 + i] = found[i].distance;
	}
	qd_builder_set_degree(b, node, n);
}

/* The one that META names or, when that is dead or no longer the top, a highest. */
static void
find_entry(QdGraphLoad *d)
{
	QdGraphBuilder *b = d->b;
	uint32		row = row_at(d, d->meta.entry_vid, d->meta.entry_level);

	if (row != QD_NO_VID && d->levels[row] == d->meta.entry_level &&
		!d->without_links)
		b->entry = row;
	else
		for (row = 0; row < b->linked; row++)
			if (b->entry == QD_NO_VID || d->levels[row] > d->levels[b->entry])
				b->entry = row;
}

/* Called by the builder once it has room for links. */
static void
load_links(QdGraphBuilder *b, void *arg)
{
	QdGraphLoad *d = arg;

	d->vids = allocate(b->nodes, sizeof(uint32));
	d->gens = allocate(b->nodes, sizeof(uint16));
	for (uint32 vid = 0; vid < d->meta.next_vid; vid++)
	{
		int			level = d->dir[vid].level;
		uint32		row = row_at(d, vid, level);

		if (row == QD_NO_VID)
			continue;
		d->vids[qd_builder_node(b, row, level)] = vid;
		d->gens[qd_builder_node(b, row, level)] = d->dir[vid].gen;
	}
	if (!d->without_links)
		each_vertex(d, set_links);
	find_entry(d);
	b->changed = allocate(b->nodes, sizeof(bool));
	memset(b->changed, d->without_links, b->nodes * sizeof(bool));
	for (uint32 i = 0; i < d->n_incomplete; i++)
		qd_builder_complete(b, d->incomplete[i]);
}

void
qd_graph_load(QdGraphLoad *d, Relation index, const QdHnswMeta *meta,
			  QdGraphBuilder *b)
{
	memset(d, 0, sizeof(*d));
	d->index = index;
	d->meta = *meta;
	d->b = b;
	load_directory(d);
	d->rows = allocate(meta->next_vid, sizeof(uint32));
	memset(d->rows, 0xff, meta->next_vid * sizeof(uint32));
	d->base_vids = allocate(meta->next_vid, sizeof(uint32));
	each_vertex(d, add_row);
	find_levels(d);
	b->linked = qd_hnsw_builder_count(b);
	b->known_levels = d->levels;
	b->load = load_links;
	b->load_arg = d;
}
