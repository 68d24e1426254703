/*
 * tid_set.h
 *		TIDs as numbers that order them, and a growing set of them.
 */
#ifndef QD_HNSW_TID_SET_H
#define QD_HNSW_TID_SET_H

#include "postgres.h"

#include "storage/itemptr.h"
#include "utils/memutils.h"

static inline uint64
qd_tid_key(const ItemPointerData *tid)
{
	return (uint64) ItemPointerGetBlockNumberNoCheck(tid) << 16 |
		ItemPointerGetOffsetNumberNoCheck(tid);
}

/* Open addressing, at most half full; key 0 (no TID has it) is a free slot. */
typedef struct QdTidSet
{
	uint64	   *keys;
	uint64		n;
	uint64		mask;			/* slots - 1 */
} QdTidSet;

#define QD_TID_SET_FIRST	128

static inline uint64 *
qd_tid_slot(const QdTidSet *set, uint64 key)
{
	uint64		i = (key * UINT64CONST(0x9E3779B97F4A7C15) >> 32) & set->mask;

	while (set->keys[i] != 0 && set->keys[i] != key)
		i = (i + 1) & set->mask;
	return &set->keys[i];
}

/* Allocates in the current context, as later growth does in that. */
static inline void
qd_tid_set_init(QdTidSet *set)
{
	set->keys = palloc0(QD_TID_SET_FIRST * sizeof(uint64));
	set->mask = QD_TID_SET_FIRST - 1;
	set->n = 0;
}

static inline void
qd_tid_set_grow(QdTidSet *set)
{
	QdTidSet	old = *set;
	Size		slots = 2 * (old.mask + 1);

	set->keys = MemoryContextAllocExtended(GetMemoryChunkContext(old.keys),
										   slots * sizeof(uint64),
										   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	set->mask = slots - 1;
	for (uint64 i = 0; i <= old.mask; i++)
		if (old.keys[i] != 0)
			*qd_tid_slot(set, old.keys[i]) = old.keys[i];
	pfree(old.keys);
}

static inline bool
qd_tid_set_has_key(const QdTidSet *set, uint64 key)
{
	return *qd_tid_slot(set, key) != 0;
}

static inline bool
qd_tid_set_has(const QdTidSet *set, const ItemPointerData *tid)
{
	return qd_tid_set_has_key(set, qd_tid_key(tid));
}

/* False when it was there already. */
static inline bool
qd_tid_set_add_key(QdTidSet *set, uint64 key)
{
	uint64	   *slot = qd_tid_slot(set, key);

	if (*slot == key)
		return false;
	*slot = key;
	if (2 * ++set->n > set->mask)
		qd_tid_set_grow(set);
	return true;
}

static inline bool
qd_tid_set_add(QdTidSet *set, const ItemPointerData *tid)
{
	return qd_tid_set_add_key(set, qd_tid_key(tid));
}

#endif							/* QD_HNSW_TID_SET_H */
