/*
 * out_collections.h
 *		Answers about collections: the member "result" of REST, and a
 *		collection's info as a message, out of what SQL says.
 */
#ifndef QG_OUT_COLLECTIONS_H
#define QG_OUT_COLLECTIONS_H

#include <protobuf-c/protobuf-c.h>

#include "core/buf.h"
#include "core/error.h"
#include "model/qdrant.pb-c.h"

/* CollectionOperationResponse: true or false */
extern void out_collection_done(buf *out, const ProtobufCMessage *response);

/* CollectionExistsResponse: {"exists": true} */
extern void out_collection_exists(buf *out, const ProtobufCMessage *response);

/* ListCollectionsResponse: {"collections": [{"name": "a"} ..]} */
extern void out_collection_list(buf *out, const ProtobufCMessage *response);

/*
 * The config of a collection, from two JSON texts: flat has the members of
 * config and of config.params in one object, which is the form of a create
 * request; params is {"params": config.params}, as in an update request.
 * NULL with *e set when they can't be read.
 */
extern Qdrant__CollectionConfig *collection_config_message(slice flat,
														   slice params,
														   arena *a,
														   gw_error *e);

/*
 * The member payload_schema of a collection's info, into the message; false
 * with *e set when it can't be read.
 */
extern bool collection_payload_schema(slice json, Qdrant__CollectionInfo *info,
									  arena *a, gw_error *e);

#endif							/* QG_OUT_COLLECTIONS_H */
