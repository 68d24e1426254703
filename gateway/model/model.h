/*
 * model.h
 *		The one request model: protobuf-c structs of Qdrant's messages
 *		(model/proto/, compiled at build), filled from protobuf or from JSON.
 *
 * Payload maps (map<string, Value>) are `repeated bytes` in the generated
 * structs: n slices of MapEntry wire bytes when they came by gRPC, or exactly
 * one slice that starts with '{', the object's JSON text, when they came by
 * REST ('{' can't start a MapEntry).  payload.h converts both ways.
 */
#ifndef QG_MODEL_H
#define QG_MODEL_H

#include <protobuf-c/protobuf-c.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/error.h"

/*
 * Unpacks a protobuf message into the arena.  Strict: depth 100, UTF-8,
 * budget.  Returns NULL with ERR_PROTOBUF.
 */
extern void *model_unpack(const ProtobufCMessageDescriptor *d, slice wire,
						  arena *a, gw_error *e);

/* Packs into the arena. */
extern slice model_pack(const ProtobufCMessage *m, arena *a);

/*
 * REST bodies, by the schemas of tables.h.  Decodes with Qdrant's (serde's)
 * rules and words: unknown members are ignored except where Qdrant refuses
 * them.  Returns the schema's message, or NULL with *e set (ERR_JSON_FORMAT;
 * ERR_VALIDATION_JSON where only the body's form shows the fault).  Point ids
 * that are UUIDs come out hyphenated, in lower case.
 */
struct json_schema;
extern void *model_decode_json(const struct json_schema *schema, slice json,
							   arena *a, gw_error *e);

/*
 * Qdrant's limits, then what it knows and we do not support yet
 * (ERR_UNSUPPORTED, naming the member).  All failed limits are gathered; the
 * text of ERR_VALIDATION_* is the bracketed list: "[limit: value 0 invalid,
 * must be 1 or larger]".
 *
 * model_validate_grpc also does what is conversion in Qdrant: it refuses
 * empty oneofs, bad ids and paths (ERR_GRPC_ARGUMENT), and writes UUIDs
 * hyphenated and in lower case into the message.
 */
extern bool model_validate_rest(const struct json_schema *schema,
								const void *msg, arena *a, gw_error *e);
extern bool model_validate_grpc(const ProtobufCMessage *msg, arena *a,
								gw_error *e);

/*
 * The query string (raw, without '?') of a REST request, into the message's
 * members wait, ordering, timeout, read_consistency.  ERR_QUERY_FORMAT, or
 * ERR_VALIDATION_QUERY.
 */
typedef enum model_query_kind
{
	MODEL_QUERY_NONE,
	MODEL_QUERY_UPDATE,			/* wait, ordering, timeout */
	MODEL_QUERY_READ,			/* consistency, timeout >= 1 */
	MODEL_QUERY_COLLECTION		/* timeout >= 1, else 422 */
} model_query_kind;

extern bool model_decode_query_params(model_query_kind kind, slice query,
									  ProtobufCMessage *msg, arena *a,
									  gw_error *e);

/*
 * A collection's name as REST's path gives it (ERR_VALIDATION_PATH): 1 to 255
 * characters, no '/' and no NUL; a new one also none of < > : " \ | ? * and
 * 0x1F.
 */
extern bool model_validate_collection_name(slice name, bool is_new, arena *a,
										   gw_error *e);

#endif							/* QG_MODEL_H */
