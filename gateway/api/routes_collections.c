/*
 * routes_collections.c
 *		Route tables of collections.
 */
#include "api/route.h"
#include "service/service.h"

const rest_route rest_collections[] = {
	{0}
};

const grpc_route grpc_collections[] = {
	{0}
};
