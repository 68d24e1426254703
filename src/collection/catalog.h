/*
 * catalog.h
 *		The catalog of collections (qdrant_catalog.collections) read from C.
 */
#ifndef QD_COLLECTION_CATALOG_H
#define QD_COLLECTION_CATALOG_H

#include "postgres.h"
#include "storage/lockdefs.h"

/* SQLSTATEs of the SQL contract. */
#define QD_ERRCODE_BAD_INPUT		MAKE_SQLSTATE('Q', 'D', '0', '0', '1')
#define QD_ERRCODE_NO_COLLECTION	MAKE_SQLSTATE('Q', 'D', '0', '0', '2')
#define QD_ERRCODE_COLLECTION_EXISTS	MAKE_SQLSTATE('Q', 'D', '0', '0', '3')
#define QD_ERRCODE_STALE_VERSION	MAKE_SQLSTATE('Q', 'D', '0', '0', '5')
#define QD_ERRCODE_SIZE_LIMIT		MAKE_SQLSTATE('Q', 'D', '0', '0', '6')

typedef struct QdCollection
{
	int64		id;
	int64		version;
	Oid			relation;
} QdCollection;

/*
 * Looks a collection up by name, as of now rather than as of the caller's
 * snapshot.  False when there is none, or its table is gone.
 */
extern bool qd_collection_find(text *name, QdCollection *found);

/*
 * The same with a lock on the table, kept to the end of the transaction, so
 * that no drop and no change of columns can overtake the caller.  For
 * AccessShareLock the caller needs some privilege on the table, for any
 * other lock its ownership.  Raises QD002.
 */
extern void qd_collection_open(text *name, LOCKMODE mode, QdCollection *found);

#endif							/* QD_COLLECTION_CATALOG_H */
