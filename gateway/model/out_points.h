/*
 * out_points.h
 *		The member "result" of REST's answers about points, out of the
 *		responses of the rpcs.
 *
 * Each takes the response message of its operation (service/service.h).
 * payload is shown when the message has one, be it {}; vectors likewise.
 */
#ifndef QG_OUT_POINTS_H
#define QG_OUT_POINTS_H

#include <protobuf-c/protobuf-c.h>

#include "core/buf.h"

/* PointsOperationResponse: {"operation_id": 1, "status": "completed"} */
extern void out_update_result(buf *out, const ProtobufCMessage *response);

/* GetResponse: [record ..], or its only record */
extern void out_records(buf *out, const ProtobufCMessage *response);
extern void out_record(buf *out, const ProtobufCMessage *response);

/* ScrollResponse: {"points": [record ..], "next_page_offset": id} */
extern void out_scroll(buf *out, const ProtobufCMessage *response);

/* CountResponse: {"count": 1} */
extern void out_count(buf *out, const ProtobufCMessage *response);

/* FacetResponse: {"hits": [{"value": "a", "count": 1} ..]} */
extern void out_facet(buf *out, const ProtobufCMessage *response);

/* QueryResponse, QueryBatchResponse: {"points": [scored ..]}, [{..} ..] */
extern void out_query(buf *out, const ProtobufCMessage *response);
extern void out_query_batch(buf *out, const ProtobufCMessage *response);

/* SearchResponse, SearchBatchResponse: [scored ..], [[scored ..] ..] */
extern void out_search(buf *out, const ProtobufCMessage *response);
extern void out_search_batch(buf *out, const ProtobufCMessage *response);

#endif							/* QG_OUT_POINTS_H */
