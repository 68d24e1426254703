/*
 * error.h
 *		Errors as clients see them, by kind.  The one table kind -> HTTP status,
 *		gRPC code, prefix of the text is service/error.c's, after Qdrant 1.19;
 *		nothing else chooses a status.
 */
#ifndef QG_ERROR_H
#define QG_ERROR_H

#include "core/arena.h"

typedef enum error_kind
{
	ERR_NONE = 0,
	ERR_JSON_FORMAT,			/* 400 "Format error in JSON body: " /
								 * INVALID_ARGUMENT */
	ERR_QUERY_FORMAT,			/* 400 "Deserialize error in query parameters:
								 * " */
	ERR_PATH_FORMAT,			/* 400 "Deserialize error in path parameters:
								 * " */
	ERR_VALIDATION_JSON,		/* 422 "Validation error in JSON body: [..]" */
	ERR_VALIDATION_QUERY,		/* 422 "Validation error in query parameters:" */
	ERR_VALIDATION_PATH,		/* 422 "Validation error in path parameters:" */
	ERR_VALIDATION_GRPC,		/* INVALID_ARGUMENT "Validation error in body:
								 * [..]" */
	ERR_GRPC_ARGUMENT,			/* INVALID_ARGUMENT, bare text */
	ERR_BAD_INPUT,				/* 400 "Wrong input: " */
	ERR_ALREADY_EXISTS,			/* 409 "Wrong input: " / ALREADY_EXISTS */
	ERR_BAD_REQUEST,			/* 400 "Bad request: " */
	ERR_NOT_FOUND,				/* 404 "Not found: " */
	ERR_FORBIDDEN,				/* 403 "Forbidden: " */
	ERR_TIMEOUT,				/* 408 "Timeout: " */
	ERR_STANDALONE,				/* 405 "Qdrant is running in standalone mode" */
	ERR_UNSUPPORTED,			/* 501 "Not supported by qdrant_pg yet:
								 * <field> .." / UNIMPLEMENTED */
	ERR_UNAVAILABLE,			/* 503 / UNAVAILABLE */
	ERR_STORAGE_FULL,			/* 507 "Insufficient storage: " /
								 * RESOURCE_EXHAUSTED */
	ERR_TOO_LARGE,				/* 400 text of its own / RESOURCE_EXHAUSTED */
	ERR_PROTOBUF,				/* INTERNAL "failed to decode Protobuf
								 * message: " */
	ERR_INTERNAL,				/* 500 "Service internal error: " */
	ERR_CODING					/* 415 "Bad request: " */
} error_kind;

typedef struct gw_error
{
	error_kind	kind;
	const char *text;			/* without the prefix; in the arena or static */
} gw_error;

/* Sets *e and returns false, so that callers can `return gw_fail(...)`. */
extern bool gw_fail(gw_error *e, arena *a, error_kind kind,
					const char *fmt,...)
			__attribute__((format(printf, 4, 5)));

#endif							/* QG_ERROR_H */
