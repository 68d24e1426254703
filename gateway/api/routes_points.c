/*
 * routes_points.c
 *		Route tables of points.
 */
#include "api/route.h"
#include "service/service.h"

const rest_route rest_points[] = {
	{0}
};

const grpc_route grpc_points[] = {
	{0}
};
