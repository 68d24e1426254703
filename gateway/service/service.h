/*
 * service.h
 *		Every operation by name, with its request and response message.  Both
 *		protocols run the same ones; api/ holds the routes.
 */
#ifndef QG_SERVICE_H
#define QG_SERVICE_H

#include "service/op.h"

/* health.c */
extern const operation svc_health_check;	/* HealthCheckRequest ->
											 * HealthCheckReply */
extern const operation svc_grpc_health; /* grpc.health.v1 Check */

/* collections.c */
extern const operation svc_list_collections;	/* ListCollectionsRequest ->
												 * ListCollectionsResponse */
extern const operation svc_get_collection;	/* GetCollectionInfoRequest ->
											 * GetCollectionInfoResponse */
extern const operation svc_create_collection;	/* CreateCollection ->
												 * CollectionOperationResponse */
extern const operation svc_update_collection;	/* UpdateCollection -> the same */
extern const operation svc_delete_collection;	/* DeleteCollection -> the same */
extern const operation svc_collection_exists;	/* CollectionExistsRequest ->
												 * CollectionExistsResponse */

/* points_write.c: all -> PointsOperationResponse */
extern const operation svc_upsert;	/* UpsertPoints */
extern const operation svc_delete_points;	/* DeletePoints */
extern const operation svc_set_payload; /* SetPayloadPoints */
extern const operation svc_overwrite_payload;	/* SetPayloadPoints */
extern const operation svc_delete_payload;	/* DeletePayloadPoints */
extern const operation svc_clear_payload;	/* ClearPayloadPoints */

/* points_index.c: -> PointsOperationResponse */
extern const operation svc_create_field_index;	/* CreateFieldIndexCollection */
extern const operation svc_delete_field_index;	/* DeleteFieldIndexCollection */

/* points_read.c */
extern const operation svc_get_points;	/* GetPoints -> GetResponse */
extern const operation svc_get_point;	/* REST's GET of one: GetPoints ->
										 * GetResponse; 404 when there is none */
extern const operation svc_scroll;	/* ScrollPoints -> ScrollResponse */
extern const operation svc_count;	/* CountPoints -> CountResponse */

/* points_facet.c */
extern const operation svc_facet;	/* FacetCounts -> FacetResponse */

/* points_search.c */
extern const operation svc_query;	/* QueryPoints -> QueryResponse */
extern const operation svc_query_batch; /* QueryBatchPoints ->
										 * QueryBatchResponse */
extern const operation svc_search;	/* SearchPoints -> SearchResponse */
extern const operation svc_search_batch;	/* SearchBatchPoints ->
											 * SearchBatchResponse */

/*
 * health.c: the plain REST answers, without an operation.  False: no such
 * entry point.
 */
extern bool service_plain(request *req);

#endif							/* QG_SERVICE_H */
