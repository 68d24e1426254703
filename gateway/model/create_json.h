/*
 * create_json.h
 *		CreateCollection and UpdateCollection as the REST bodies that
 *		qdrant.create_collection and qdrant.update_collection take.
 */
#ifndef QG_CREATE_JSON_H
#define QG_CREATE_JSON_H

#include "core/buf.h"

struct Qdrant__CreateCollection;
struct Qdrant__UpdateCollection;

extern slice create_collection_json(const struct Qdrant__CreateCollection *msg,
									arena *a);
extern slice update_collection_json(const struct Qdrant__UpdateCollection *msg,
									arena *a);

#endif							/* QG_CREATE_JSON_H */
