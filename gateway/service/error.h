/*
 * error.h
 *		What a kind of error is on each protocol, and which kind an SQLSTATE
 *		is.  Nothing else chooses a status.
 */
#ifndef QG_SERVICE_ERROR_H
#define QG_SERVICE_ERROR_H

#include "core/error.h"
#include "net/request.h"
#include "pg/pg.h"

typedef struct error_class
{
	int			http;
	grpc_code	grpc;
	const char *prefix;			/* of the text */
} error_class;

extern const error_class *error_class_of(error_kind kind);

/* The whole text as clients see it. */
extern slice error_text(const gw_error *e, arena *a);

/*
 * The error of a failed job.  What is internal is logged, not told.
 * `operation` is for the log.
 */
extern void error_from_job(const pg_job *job, const char *operation,
						   gw_error *e);

#endif							/* QG_SERVICE_ERROR_H */
