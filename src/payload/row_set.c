/*
 * row_set.c
 *		See row_set.h.
 */
#include "compat.h"

#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "payload/row_set.h"

#define PAGE_SIZE (QD_ROW_WORDS * sizeof(uint64))

qd_row_set *
qd_row_set_create(BlockNumber n_blocks)
{
	qd_row_set *set = palloc0(sizeof(qd_row_set));

	set->n_blocks = n_blocks;
	set->pages = palloc_extended(Max(n_blocks, 1) * sizeof(uint32),
								 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	set->room = 256;
	set->words = palloc(set->room * PAGE_SIZE);
	memset(set->words, 0, PAGE_SIZE);
	set->blocks = palloc(set->room * sizeof(BlockNumber));
	set->n_pages = 1;
	return set;
}

void
qd_row_set_free(qd_row_set *set)
{
	pfree(set->words);
	pfree(set->blocks);
	pfree(set->pages);
	pfree(set);
}

void
qd_row_set_clear(qd_row_set *set)
{
	for (uint32 page = 1; page < set->n_pages; page++)
		set->pages[set->blocks[page]] = 0;
	set->n_pages = 1;
}

uint64 *
qd_row_set_page(qd_row_set *set, BlockNumber block)
{
	uint32		page = set->pages[block];

	if (page == 0)
	{
		if (set->n_pages == set->room)
		{
			set->room *= 2;
			set->words = repalloc_huge(set->words, set->room * PAGE_SIZE);
			set->blocks = repalloc_huge(set->blocks, set->room * sizeof(BlockNumber));
		}
		page = set->pages[block] = set->n_pages++;
		set->blocks[page] = block;
		memset(set->words[page], 0, PAGE_SIZE);
	}
	return set->words[page];
}

void
qd_row_set_add_offsets(qd_row_set *set, BlockNumber block,
					   const OffsetNumber *offsets, int n)
{
	for (int i = 0; i < n; i++)
		qd_row_set_add(set, block, offsets[i]);
}

void
qd_row_set_intersect(qd_row_set *a, const qd_row_set *b)
{
	for (BlockNumber block = 0; block < a->n_blocks; block++)
		if (a->pages[block] != 0)
			for (int i = 0; i < QD_ROW_WORDS; i++)
				a->words[a->pages[block]][i] &= b->words[b->pages[block]][i];
}

void
qd_row_set_unite(qd_row_set *a, const qd_row_set *b)
{
	for (BlockNumber block = 0; block < a->n_blocks; block++)
		if (b->pages[block] != 0)
		{
			uint64	   *words = qd_row_set_page(a, block);

			for (int i = 0; i < QD_ROW_WORDS; i++)
				words[i] |= b->words[b->pages[block]][i];
		}
}

int
qd_row_set_offsets(const qd_row_set *set, BlockNumber block,
				   OffsetNumber *offsets)
{
	const uint64 *words = set->words[set->pages[block]];
	int			n = 0;

	for (int i = 0; i < QD_ROW_WORDS; i++)
		for (uint64 left = words[i]; left != 0; left &= left - 1)
			offsets[n++] = 64 * i + pg_rightmost_one_pos64(left);
	return n;
}

int
qd_row_set_count_both(const qd_row_set *a, const qd_row_set *b,
					  BlockNumber block)
{
	const uint64 *x = a->words[a->pages[block]];
	const uint64 *y = b->words[b->pages[block]];
	int			n = 0;

	for (int i = 0; i < QD_ROW_WORDS; i++)
		n += pg_popcount64(x[i] & y[i]);
	return n;
}
