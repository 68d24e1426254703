/*
 * admission_cache.c
 *		See admission_cache.h.
 *
 * Why equal snapshots see the same: a transaction that is in neither's list is
 * over for both, or begins after both; whether it committed never changes.  One
 * that ended between the two is in the first one's list, or beyond its xmax,
 * and not so in the second one's.  The scan's own transaction has no number, so
 * it has written nothing.  A TID of the set that VACUUM frees and another row
 * takes is a row that neither sees.
 *
 * Entries are in a list, the last used first; the last ones go when all
 * together take more than qdrant_pg.filter_cache.  An entry that a scan uses is
 * out of reach of that: its pins go with the scan's memory context, so that an
 * error takes them back, too.
 *
 * Whatever an entry gets is built in memory of the scan and handed over when it
 * is whole: a scan that is cancelled in between leaves nothing.
 */
#include "compat.h"

#include "access/relscan.h"
#include "access/transam.h"
#include "access/xact.h"
#include "common/hashfn.h"
#include "lib/ilist.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "guc.h"
#include "hnsw/admission_cache.h"
#include "hnsw/range.h"

/* So many filters are remembered at most. */
#define MOST_ENTRIES	256

/* Larger ones are not kept. */
#define MOST_KEY_BYTES	65536

/* An estimate of a filter's rows that is older is no longer taken. */
#define ESTIMATE_XIDS	100000

/* What a snapshot sees, if the transaction itself has written nothing. */
typedef struct Sight
{
	FullTransactionId next;		/* about when: xids come around */
	TransactionId xmin;
	TransactionId xmax;
	uint32		xcnt;
	uint32		subxcnt;
	bool		suboverflowed;
	bool		in_recovery;
	TransactionId *xids;		/* xip, subxip */
} Sight;

struct QdFilterEntry
{
	dlist_node	node;
	MemoryContext context;		/* of the entry */
	MemoryContext known_context;	/* of what goes with the sight */
	Oid			index;
	QdRelFile	file;
	Size		bytes;			/* of context, as counted in total_bytes */
	uint64		hash;			/* of key */
	Size		n_key;
	char	   *key;			/* the scan's keys */
	Sight		sight;
	int			pins;
	bool		detached;		/* not in the list: the last pin frees it */
	QdKnownFilter known;
};

static dlist_head entries = DLIST_STATIC_INIT(entries);
static int	n_entries = 0;
static Size total_bytes = 0;

/*----------
 * Keys
 *----------
 */

/* The scan's conditions on the payload as bytes, in the current context; NULL: too long. */
static char *
key_of(IndexScanDesc scan, Size *n_key)
{
	Size		n = 0;
	char	   *key;

	for (int i = 0; i < scan->numberOfKeys; i++)
		if (!qd_range_is_key(&scan->keyData[i]))
			n += sizeof(StrategyNumber) +
				VARSIZE_ANY(DatumGetPointer(scan->keyData[i].sk_argument));
	if (n > MOST_KEY_BYTES)
		return NULL;
	*n_key = n;
	key = palloc(n);
	n = 0;
	for (int i = 0; i < scan->numberOfKeys; i++)
	{
		const ScanKeyData *scan_key = &scan->keyData[i];
		const char *argument = DatumGetPointer(scan_key->sk_argument);

		if (qd_range_is_key(scan_key))
			continue;
		memcpy(key + n, &scan_key->sk_strategy, sizeof(StrategyNumber));
		n += sizeof(StrategyNumber);
		memcpy(key + n, argument, VARSIZE_ANY(argument));
		n += VARSIZE_ANY(argument);
	}
	return key;
}

/* Values out of line are another set of bytes each time. */
static bool
has_plain_keys(IndexScanDesc scan)
{
	for (int i = 0; i < scan->numberOfKeys; i++)
		if (!qd_range_is_key(&scan->keyData[i]) &&
			VARATT_IS_EXTERNAL(DatumGetPointer(scan->keyData[i].sk_argument)))
			return false;
	return true;
}

/*----------
 * Snapshots
 *----------
 */

/* Those of an overflowed list are not there, and their parents say as much. */
static uint32
listed_subxids(const SnapshotData *s)
{
	return s->suboverflowed && !s->takenDuringRecovery ? 0 : s->subxcnt;
}

static bool
are_equal(const TransactionId *a, const TransactionId *b, uint32 n)
{
	return n == 0 || memcmp(a, b, n * sizeof(TransactionId)) == 0;
}

static bool
sees_the_same(const Sight *sight, const SnapshotData *s)
{
	return sight->xmin == s->xmin && sight->xmax == s->xmax &&
		sight->xcnt == s->xcnt && sight->subxcnt == listed_subxids(s) &&
		sight->suboverflowed == s->suboverflowed &&
		sight->in_recovery == s->takenDuringRecovery &&
		U64FromFullTransactionId(ReadNextFullTransactionId()) -
		U64FromFullTransactionId(sight->next) < MaxTransactionId / 2 &&
		are_equal(sight->xids, s->xip, sight->xcnt) &&
		are_equal(sight->xids + sight->xcnt, s->subxip, sight->subxcnt);
}

static void
take_sight(QdFilterEntry *entry, const SnapshotData *s)
{
	Sight	   *sight = &entry->sight;

	sight->next = ReadNextFullTransactionId();
	sight->xmin = s->xmin;
	sight->xmax = s->xmax;
	sight->xcnt = s->xcnt;
	sight->subxcnt = listed_subxids(s);
	sight->suboverflowed = s->suboverflowed;
	sight->in_recovery = s->takenDuringRecovery;
	sight->xids = MemoryContextAlloc(entry->known_context,
									 (sight->xcnt + sight->subxcnt + 1) *
									 sizeof(TransactionId));
	if (sight->xcnt > 0)
		memcpy(sight->xids, s->xip, sight->xcnt * sizeof(TransactionId));
	if (sight->subxcnt > 0)
		memcpy(sight->xids + sight->xcnt, s->subxip,
			   sight->subxcnt * sizeof(TransactionId));
}

/*----------
 * Entries
 *----------
 */

static void
remove_from_list(QdFilterEntry *entry)
{
	dlist_delete(&entry->node);
	n_entries--;
	total_bytes -= entry->bytes;
	entry->detached = true;
}

static void
detach(QdFilterEntry *entry)
{
	remove_from_list(entry);
	if (entry->pins == 0)
		MemoryContextDelete(entry->context);
}

/* Of an entry in the list, after it has changed. */
static void
count_bytes(QdFilterEntry *entry)
{
	total_bytes -= entry->bytes;
	entry->bytes = MemoryContextMemAllocated(entry->context, true);
	total_bytes += entry->bytes;
}

static void
unpin(void *arg)
{
	QdFilterEntry *entry = arg;

	if (--entry->pins == 0 && entry->detached)
		MemoryContextDelete(entry->context);
}

static void
pin(QdFilterEntry *entry, MemoryContext context)
{
	MemoryContextCallback *callback =
		MemoryContextAlloc(context, sizeof(MemoryContextCallback));

	callback->func = unpin;
	callback->arg = entry;
	MemoryContextRegisterResetCallback(context, callback);
	entry->pins++;
}

/*
 * Makes room: the entries that were not used for the longest time go.  The one
 * used last stays, whatever it takes.
 */
static void
evict(void)
{
	Size		most = (Size) qd_guc_filter_cache * 1024;
	dlist_node *at = entries.head.prev;

	while ((n_entries > MOST_ENTRIES || total_bytes > most) &&
		   at != dlist_head_node(&entries))
	{
		QdFilterEntry *entry = dlist_container(QdFilterEntry, node, at);

		at = at->prev;
		if (entry->pins == 0)
			detach(entry);
	}
}

static void
begin_known(QdFilterEntry *entry, const SnapshotData *snapshot, double expected)
{
	entry->known_context = AllocSetContextCreate(entry->context,
												 "qdrant_hnsw filter's rows",
												 ALLOCSET_SMALL_SIZES);
	memset(&entry->known, 0, sizeof(entry->known));
	entry->known.entry = entry;
	entry->known.expected = expected;
	take_sight(entry, snapshot);
}

static QdFilterEntry *
create_entry(IndexScanDesc scan, const char *key, Size n_key, uint64 hash,
			 double expected)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "qdrant_hnsw filter",
												  ALLOCSET_SMALL_SIZES);
	QdFilterEntry *entry = MemoryContextAllocZero(context,
												  sizeof(QdFilterEntry));

	entry->context = context;
	entry->index = RelationGetRelid(scan->indexRelation);
	entry->file = qd_relfile(scan->indexRelation);
	entry->hash = hash;
	entry->n_key = n_key;
	entry->key = MemoryContextAlloc(context, n_key);
	memcpy(entry->key, key, n_key);
	begin_known(entry, scan->xs_snapshot, expected);
	MemoryContextSetParent(context, CacheMemoryContext);
	dlist_push_head(&entries, &entry->node);
	n_entries++;
	count_bytes(entry);
	return entry;
}

static QdFilterEntry *
find_entry(Relation index, const char *key, Size n_key, uint64 hash)
{
	dlist_iter	it;

	dlist_foreach(it, &entries)
	{
		QdFilterEntry *entry = dlist_container(QdFilterEntry, node, it.cur);

		if (entry->hash == hash && entry->n_key == n_key &&
			entry->index == RelationGetRelid(index) &&
			memcmp(entry->key, key, n_key) == 0)
			return entry;
	}
	return NULL;
}

/* Rows that the filter admitted when it was last known. */
static double
old_estimate(const QdFilterEntry *entry)
{
	uint64		age = U64FromFullTransactionId(ReadNextFullTransactionId()) -
		U64FromFullTransactionId(entry->sight.next);

	return age < ESTIMATE_XIDS ? entry->known.expected : -1;
}

/* The entry, for this snapshot. */
static QdFilterEntry *
renew(QdFilterEntry *entry, IndexScanDesc scan)
{
	double		expected = old_estimate(entry);
	MemoryContext old = entry->known_context;

	if (entry->pins > 0)
	{
		/* another scan of this backend goes on with the old one */
		remove_from_list(entry);
		return create_entry(scan, entry->key, entry->n_key, entry->hash,
							expected);
	}
	entry->file = qd_relfile(scan->indexRelation);
	begin_known(entry, scan->xs_snapshot, expected);
	MemoryContextDelete(old);
	count_bytes(entry);
	return entry;
}

Size
qd_known_filter_most_bytes(void)
{
	return (Size) qd_guc_filter_cache * 1024 / 2;
}

QdKnownFilter *
qd_known_filter(IndexScanDesc scan, MemoryContext context)
{
	char	   *key;
	Size		n_key;
	uint64		hash;
	QdFilterEntry *entry;

	if (qd_guc_filter_cache == 0 || scan->numberOfKeys == 0 ||
		TransactionIdIsValid(GetTopTransactionIdIfAny()) ||
		!has_plain_keys(scan) || (key = key_of(scan, &n_key)) == NULL)
		return NULL;
	hash = hash_bytes_extended((unsigned char *) key, n_key, 0);
	entry = find_entry(scan->indexRelation, key, n_key, hash);
	if (entry == NULL)
		entry = create_entry(scan, key, n_key, hash, -1);
	else if (!sees_the_same(&entry->sight, scan->xs_snapshot) ||
			 !qd_relfile_equals(entry->file, qd_relfile(scan->indexRelation)))
		entry = renew(entry, scan);
	pfree(key);
	if (!dlist_is_empty(&entries) && &entry->node != dlist_head_node(&entries))
		dlist_move_head(&entries, &entry->node);
	pin(entry, context);
	evict();
	return &entry->known;
}

MemoryContext
qd_known_filter_begin(void)
{
	return AllocSetContextCreate(CurrentMemoryContext,
								 "qdrant_hnsw kept rows",
								 ALLOCSET_SMALL_SIZES);
}

void
qd_known_filter_keep(QdKnownFilter *known, MemoryContext built)
{
	MemoryContextSetParent(built, known->entry->known_context);
	if (known->entry->detached)
		return;
	count_bytes(known->entry);
	evict();
}
