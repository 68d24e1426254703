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
 * REST schemas: one table per request body, see tables.h.  Decodes with
 * Qdrant's (serde's) rules and words; unknown members are ignored except
 * where Qdrant refuses them; a member that Qdrant knows and we do not support
 * yet raises ERR_UNSUPPORTED naming its path.  Returns NULL with *e set
 * (ERR_JSON_FORMAT).  Validation (422) is a second pass: model_validate_rest.
 */
struct json_schema;
extern void *model_decode_json(const struct json_schema *schema, slice json,
							   arena *a, gw_error *e);

/*
 * Limits of Qdrant's validation.  prefix is the hidden wrapper of REST paths
 * ("internal", "scroll_request" ...; "" = none).  All failures are gathered.
 */
extern bool model_validate_rest(const struct json_schema *schema,
								const void *msg, arena *a, gw_error *e);
extern bool model_validate_grpc(const ProtobufCMessage *msg, arena *a,
								gw_error *e);

#endif							/* QG_MODEL_H */
