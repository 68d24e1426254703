/*
 * codebook.c
 *		The centroids of product codes: learned from the rows of the first
 *		graph, in pages of their own.
 *
 * CODEBOOK page, from offset 24: bytes of {float scale, 12 bytes 0, centroids
 * (product.h)}, page after page.  They are written before META names a vertex
 * and never change, so no reader meets them half written; a crash before
 * that leaves a run whose pages the next builder writes again.
 */
#include "postgres.h"
#include "compat.h"

#include <math.h>

#include "access/xloginsert.h"
#include "miscadmin.h"
#include "utils/rel.h"

#include "distance/distance.h"
#include "hnsw/builder.h"
#include "hnsw/worker.h"
#include "quantization/product.h"

#define PAGE_BYTES		(BLCKSZ - SizeOfPageHeaderData - sizeof(QdPageSpecial))

typedef struct CodebookHead
{
	float		scale;
	uint32		zero[3];
} CodebookHead;

static Size
codebook_bytes(const qd_codec *codec)
{
	return sizeof(CodebookHead) + qd_codebook_bytes(codec);
}

static uint32
codebook_pages(const qd_codec *codec)
{
	return (codebook_bytes(codec) + PAGE_BYTES - 1) / PAGE_BYTES;
}

static void
use_codebook(qd_codec *codec, const char *bytes)
{
	codec->codebook_scale = ((const CodebookHead *) bytes)->scale;
	codec->codebook = (const int8 *) bytes + sizeof(CodebookHead);
}

void
qd_hnsw_codebook_load(Relation index, qd_codec *codec)
{
	BlockNumber first;
	Size		bytes = 0;
	Size		wanted;
	char	   *codebook;

	if (codec->kind != QD_CODE_PRODUCT || codec->codebook != NULL)
		return;
	first = qd_hnsw_codebook_block(index);
	if (first == InvalidBlockNumber)
		qd_hnsw_corrupt(index, QD_RUNMAP_BLOCK, "there is no codebook");
	wanted = codebook_bytes(codec);
	codebook = palloc_extended(wanted, MCXT_ALLOC_HUGE);
	for (BlockNumber block = first; bytes < wanted; block++)
	{
		Buffer		buffer = qd_hnsw_read(index, block, BUFFER_LOCK_SHARE,
										  QD_PAGE_CODEBOOK);
		Size		n = Min(PAGE_BYTES, wanted - bytes);

		if (PageIsNew(BufferGetPage(buffer)))
			qd_hnsw_corrupt(index, block, "a page of the codebook is empty");
		memcpy(codebook + bytes, PageGetContents(BufferGetPage(buffer)), n);
		UnlockReleaseBuffer(buffer);
		bytes += n;
	}
	use_codebook(codec, codebook);
	if (!(codec->codebook_scale > 0) || isinf(codec->codebook_scale))
		qd_hnsw_corrupt(index, first, "the codebook's scale is no number");
}

/* L1: the largest coordinate is 127. */
static float
find_scale(const QdGraphBuilder *b)
{
	float		scale = 0;

	for (uint32 row = 0; row < b->n; row++)
		scale = Max(scale, qd_builder_head(b, row)->scale);
	return b->layout.metric == QD_METRIC_L1 && scale > 0 ? scale : 1;
}

/* Rows at equal distances; at least one. */
static void
learn(const QdGraphBuilder *b, const qd_codec *codec, int8 *centroids)
{
	uint32		n = Min(b->n, QD_CODEBOOK_ROWS);
	const int8 **rows = palloc(n * sizeof(int8 *));
	float	   *factors = palloc(n * sizeof(float));
	void	   *work = palloc(qd_product_work(n));

	for (uint32 i = 0; i < n; i++)
	{
		uint32		row = (uint64) i * b->n / n;

		rows[i] = qd_builder_code(b, row);
		factors[i] = qd_product_factor(codec, qd_builder_head(b, row), rows[i]);
	}
	for (uint32 m = 0; m < qd_product_chunks(codec); m++)
	{
		qd_hnsw_worker_yield();
		qd_product_learn(codec, m, rows, factors, n, work, centroids);
	}
	pfree(rows);
	pfree(factors);
	pfree(work);
}

static void
write_pages(Relation index, BlockNumber first, const char *codebook, Size bytes)
{
	for (Size at = 0; at < bytes; at += PAGE_BYTES)
	{
		uint32		ordinal = at / PAGE_BYTES;
		Size		n = Min(PAGE_BYTES, bytes - at);
		Buffer		buffer = ReadBufferExtended(index, MAIN_FORKNUM,
												first + ordinal,
												RBM_ZERO_AND_LOCK, NULL);
		Page		page = BufferGetPage(buffer);

		START_CRIT_SECTION();
		qd_hnsw_page_init(page, QD_PAGE_CODEBOOK, ordinal, n);
		memcpy(PageGetContents(page), codebook + at, n);
		MarkBufferDirty(buffer);
		if (RelationNeedsWAL(index))
			log_newpage_buffer(buffer, true);
		END_CRIT_SECTION();
		UnlockReleaseBuffer(buffer);
	}
}

void
qd_hnsw_codebook_create(Relation index, const QdGraphBuilder *b)
{
	qd_codec	codec = *b->codec;
	uint32		pages = codebook_pages(&codec);
	Size		bytes = codebook_bytes(&codec);
	char	   *codebook = palloc_extended(bytes, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	((CodebookHead *) codebook)->scale = codec.codebook_scale = find_scale(b);
	learn(b, &codec, (int8 *) codebook + sizeof(CodebookHead));
	if (qd_hnsw_codebook_block(index) == InvalidBlockNumber)
		qd_hnsw_add_codebook(index, pages);
	/* after a crash the file may end before its run does */
	qd_hnsw_extend(index, qd_hnsw_codebook_block(index) + pages);
	write_pages(index, qd_hnsw_codebook_block(index), codebook, bytes);
	pfree(codebook);
}
