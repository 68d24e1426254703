/*
 * payload.h
 *		Payloads in both of the model's forms (model.h): MapEntry wire slices
 *		and JSON text.
 *
 * Never a tree: one form is transcoded into the other.  Nested at most 127
 * deep.  Numbers follow Qdrant: an integer that fits i64 is integer_value, any
 * other number double_value; of a repeated key the last one counts.  \u0000 is
 * refused, since jsonb can't store it.
 */
#ifndef QG_PAYLOAD_H
#define QG_PAYLOAD_H

#include "core/buf.h"
#include "core/error.h"
#include "json/jread.h"
#include "model/model.h"

/*
 * Reads the value at the reader for storing: its text, with every number as
 * Qdrant reads and prints it, in a form that jsonb keeps apart ("1.0" stays a
 * float, 1e20 becomes 100000000000000000000.0).  Sets the reader's error: of
 * syntax, or of \u0000.  The slice lies in the body or the arena.
 */
extern bool payload_read(jread *r, slice *json);

/* Makes the model's form of a JSON object text: one slice. */
extern void payload_set_json(ProtobufCBinaryData **entries, size_t *n,
							 slice json, arena *a);

/* Is it one JSON slice? */
static inline bool
payload_is_json(const ProtobufCBinaryData *entries, size_t n)
{
	return n == 1 && entries[0].len > 0 && entries[0].data[0] == '{';
}

/*
 * JSON object text of a payload in either form, as payload_read gives it; "{}"
 * when there is none.  A key that stands twice stands twice: jsonb keeps the
 * last.  False: the wire bytes are bad (ERR_PROTOBUF), or hold a NUL, a number
 * that JSON hasn't or too many levels (ERR_GRPC_ARGUMENT).
 */
extern bool payload_to_json(const ProtobufCBinaryData *entries, size_t n,
							arena *a, slice *json, gw_error *e);

/*
 * MapEntry wire slices of a JSON object text.  False (ERR_JSON_FORMAT): it is
 * none, or has more levels or a larger number than Qdrant knows, as payloads
 * written by SQL may.
 */
extern bool payload_from_json(slice json, arena *a,
							  ProtobufCBinaryData **entries, size_t *n,
							  gw_error *e);

#endif							/* QG_PAYLOAD_H */
