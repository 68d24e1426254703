/*
 * create_json.h
 *		CreateCollection and UpdateCollection as the REST bodies that
 *		qdrant.create_collection and qdrant.update_collection take, and the
 *		schemas of payload indexes.
 */
#ifndef QG_CREATE_JSON_H
#define QG_CREATE_JSON_H

#include "core/buf.h"

struct Qdrant__CreateCollection;
struct Qdrant__UpdateCollection;
struct Qdrant__CreateFieldIndexCollection;

extern slice create_collection_json(const struct Qdrant__CreateCollection *msg,
									arena *a);
extern slice update_collection_json(const struct Qdrant__UpdateCollection *msg,
									arena *a);

/* The schema of a payload index: its type alone, or with parameters. */
extern slice index_schema_json(const struct Qdrant__CreateFieldIndexCollection *msg,
							   arena *a);

#endif							/* QG_CREATE_JSON_H */
