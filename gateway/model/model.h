/*
 * model.h
 *		The one request model: protobuf-c structs of Qdrant's messages
 *		(model/proto/, compiled at build), filled from protobuf or from JSON.
 *
 * The generated headers stand in the build directory: model/qdrant.pb-c.h
 * (package qdrant), model/health.pb-c.h (grpc.health.v1: Grpc__Health__V1__..)
 * and model/timestamp.pb-c.h (Google__Protobuf__Timestamp).  Names are
 * protobuf-c's: message QueryPoints is struct Qdrant__QueryPoints with
 * qdrant__query_points__descriptor, qdrant__query_points__init() and
 * QDRANT__QUERY_POINTS__INIT; enum values are QDRANT__DISTANCE__Cosine;
 * PointsUpdateOperation.SetPayload is Qdrant__PointsUpdateOperation__SetPayload.
 * Presence:
 *	- `optional` number, bool, enum: m->has_limit (0 or 1) beside m->limit;
 *	- `optional` string: NULL is absent, "" is present and empty;
 *	- message: NULL is absent;
 *	- other strings are never NULL after unpacking or init, "" when absent;
 *	- repeated: m->n_points, m->points (messages: an array of pointers);
 *	- a real oneof x: m->x_case, QDRANT__QUERY__VARIANT_NEAREST or .._NOT_SET,
 *	  where the member of that name is valid;
 *	- map<string, M>: repeated Qdrant__..__MapEntry with char *key, M *value.
 * C++ keywords get an underscore (using_, float_); the message field `base` of
 * PowExpression is beside a head called `head`.  p3c.awk makes all this so.
 *
 * Payload maps (map<string, Value>: point payloads, metadata of collections,
 * Formula.defaults, options of inference objects) are `repeated bytes` in the
 * generated structs: n slices of MapEntry wire bytes when they came by gRPC, or
 * exactly one slice that starts with '{', the object's JSON text, when they
 * came by REST ('{' can't start a MapEntry).  payload.h converts both ways.
 */
#ifndef QG_MODEL_H
#define QG_MODEL_H

#include <protobuf-c/protobuf-c.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/error.h"
#include "model/health.pb-c.h"
#include "model/qdrant.pb-c.h"
#include "model/timestamp.pb-c.h"

/*
 * Unpacks a protobuf message into the arena.  Strict: depth 100, UTF-8, no NUL
 * in strings, budget.  Returns NULL with ERR_PROTOBUF (or ERR_GRPC_ARGUMENT
 * for the NUL, ERR_TOO_LARGE for the budget).  Slices of bytes fields point
 * into wire, which must live as long.
 */
extern void *model_unpack(const ProtobufCMessageDescriptor *d, slice wire,
						  arena *a, gw_error *e);

/*
 * Packs into the arena.  A payload that is one JSON slice is turned into
 * MapEntry slices on the way.  The slice's p is NULL when that fails: a payload
 * written by SQL may be nested deeper than 127 levels or hold a number that no
 * double can.
 */
extern slice model_pack(const ProtobufCMessage *m, arena *a);

/* A cleared message of that type in the arena (defaults set). */
extern void *model_new(const ProtobufCMessageDescriptor *d, arena *a);

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
