/*
 * route.h
 *		The route tables: which entry point of which protocol is which
 *		operation.
 *
 * A new operation takes a line in service/service.h, its function, and a row
 * in each table below: the tables of collections stand in
 * routes_collections.c, those of points in routes_points.c, and what Qdrant
 * has and we have not yet in routes_later.c.
 */
#ifndef QG_ROUTE_H
#define QG_ROUTE_H

#include "model/model.h"
#include "service/op.h"

struct json_schema;

#define ROUTE_MAX_PARAMS	4

/* The values of a pattern's {names}, percent-decoded, in their order. */
typedef struct route_params
{
	slice		value[ROUTE_MAX_PARAMS];
	int			n;
} route_params;

/*
 * A row of REST.  The first row that matches method and path wins, so
 * constant segments stand before {names}.
 *
 * The request message is decoded from the body by `schema`, or is an empty
 * one of operation->request when there is none (the body is then not looked
 * at).  Query parameters go into the message's members of the same names
 * (consistency: read_consistency; model.h), the path's {collection_name} into
 * collection_name; fill() places what else the path says, or sets defaults
 * that only this entry point has.
 */
typedef struct rest_route
{
	const char *method;
	const char *pattern;		/* "/collections/{collection_name}/points" */
	const operation *operation;
	const struct json_schema *schema;
	model_query_kind query;
	void		(*write_result) (buf *out, const ProtobufCMessage *response);
	bool		(*fill) (ProtobufCMessage *msg, const route_params *params,
						 arena *a, gw_error *e);
} rest_route;

/* A row of gRPC: the request is operation->request. */
typedef struct grpc_route
{
	const char *path;			/* "/qdrant.Points/Upsert" */
	const operation *operation;
} grpc_route;

/*
 * What Qdrant serves and we do not yet: 501 / UNIMPLEMENTED naming it.  What
 * is NULL: Qdrant itself refuses it on a single node.
 */
typedef struct later_route
{
	const char *method;			/* NULL: gRPC */
	const char *pattern;
	const char *what;			/* "payload indexes" */
} later_route;

/* Tables end with an empty row. */
extern const rest_route rest_collections[];
extern const grpc_route grpc_collections[];
extern const rest_route rest_points[];
extern const grpc_route grpc_points[];
extern const grpc_route grpc_health[];
extern const later_route later_routes[];

/* Does the path match?  Fills *params. */
extern bool route_match(const char *pattern, slice path, route_params *params,
						arena *a);

extern const rest_route *route_find_rest(slice method, slice path,
										 route_params *params, arena *a);
extern const grpc_route *route_find_grpc(slice path);

/* method.n = 0: gRPC. */
extern const later_route *route_find_later(slice method, slice path,
										   arena *a);

#endif							/* QG_ROUTE_H */
