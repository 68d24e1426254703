/*
 * error.c
 *		The one table of errors (error.h).
 */
#include <string.h>

#include "core/log.h"
#include "service/error.h"

static const error_class classes[] = {
	[ERR_NONE] = {500, GRPC_INTERNAL, "Service internal error: "},
	[ERR_JSON_FORMAT] = {400, GRPC_INVALID_ARGUMENT,
	"Format error in JSON body: "},
	[ERR_QUERY_FORMAT] = {400, GRPC_INVALID_ARGUMENT,
	"Deserialize error in query parameters: "},
	[ERR_PATH_FORMAT] = {400, GRPC_INVALID_ARGUMENT,
	"Deserialize error in path parameters: "},
	[ERR_VALIDATION_JSON] = {422, GRPC_INVALID_ARGUMENT,
	"Validation error in JSON body: "},
	[ERR_VALIDATION_QUERY] = {422, GRPC_INVALID_ARGUMENT,
	"Validation error in query parameters: "},
	[ERR_VALIDATION_PATH] = {422, GRPC_INVALID_ARGUMENT,
	"Validation error in path parameters: "},
	[ERR_VALIDATION_GRPC] = {400, GRPC_INVALID_ARGUMENT,
	"Validation error in body: "},
	[ERR_GRPC_ARGUMENT] = {400, GRPC_INVALID_ARGUMENT, ""},
	[ERR_BAD_INPUT] = {400, GRPC_INVALID_ARGUMENT, "Wrong input: "},
	[ERR_ALREADY_EXISTS] = {409, GRPC_ALREADY_EXISTS, "Wrong input: "},
	[ERR_BAD_REQUEST] = {400, GRPC_INVALID_ARGUMENT, "Bad request: "},
	[ERR_NOT_FOUND] = {404, GRPC_NOT_FOUND, "Not found: "},
	[ERR_FORBIDDEN] = {403, GRPC_PERMISSION_DENIED, "Forbidden: "},
	[ERR_TIMEOUT] = {408, GRPC_DEADLINE_EXCEEDED, "Timeout: "},
	[ERR_STANDALONE] = {405, GRPC_UNIMPLEMENTED,
	"Qdrant is running in standalone mode"},
	[ERR_UNSUPPORTED] = {501, GRPC_UNIMPLEMENTED,
	"Not supported by qdrant_pg yet: "},
	[ERR_UNAVAILABLE] = {503, GRPC_UNAVAILABLE, ""},
	[ERR_STORAGE_FULL] = {507, GRPC_RESOURCE_EXHAUSTED,
	"Insufficient storage: "},
	[ERR_TOO_LARGE] = {400, GRPC_RESOURCE_EXHAUSTED, ""},
	[ERR_PROTOBUF] = {400, GRPC_INTERNAL,
	"failed to decode Protobuf message: "},
	[ERR_INTERNAL] = {500, GRPC_INTERNAL, "Service internal error: "},
	[ERR_CODING] = {415, GRPC_UNIMPLEMENTED, "Bad request: "},
};

const error_class *
error_class_of(error_kind kind)
{
	if ((size_t) kind >= sizeof(classes) / sizeof(classes[0]))
		kind = ERR_INTERNAL;
	return &classes[kind];
}

slice
error_text(const gw_error *e, arena *a)
{
	const char *text;

	text = arena_printf(a, "%s%s", error_class_of(e->kind)->prefix,
						e->text ? e->text : "");
	return slice_text(text);
}

/* SQLSTATEs by prefix; the first that matches counts. */
static const struct
{
	const char *prefix;
	error_kind	kind;
}			states[] = {
	{"QD001", ERR_BAD_INPUT},
	{"QD002", ERR_NOT_FOUND},
	{"QD003", ERR_ALREADY_EXISTS},
	{"QD004", ERR_BAD_REQUEST},
	{"QD006", ERR_STORAGE_FULL},
	{"0A000", ERR_UNSUPPORTED},
	{"22", ERR_BAD_INPUT},
	{"23", ERR_BAD_INPUT},
	{"25006", ERR_FORBIDDEN},	/* a standby, or read-only by setting */
	{"25P04", ERR_TIMEOUT},		/* transaction_timeout */
	{"42501", ERR_FORBIDDEN},
	{"53100", ERR_STORAGE_FULL},
	{"53300", ERR_UNAVAILABLE},
	{"54", ERR_BAD_INPUT},		/* program limits: too wide a row */
	{"55P03", ERR_TIMEOUT},		/* lock_timeout */
	{"57014", ERR_TIMEOUT},
	{"57P", ERR_UNAVAILABLE},
	{"08", ERR_UNAVAILABLE},
};

static error_kind
kind_of_state(const char *sqlstate)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strncmp(sqlstate, states[i].prefix,
					strlen(states[i].prefix)) == 0)
			return states[i].kind;
	return ERR_INTERNAL;
}

/* The prefix says it already: "collection option "x" is not supported". */
static const char *
without_predicate(const char *text, arena *a)
{
	static const char predicate[] = " is not supported";
	size_t		n = strlen(text);
	size_t		tail = sizeof(predicate) - 1;

	if (n <= tail || strcmp(text + n - tail, predicate) != 0)
		return text;
	return arena_strdup(a, (slice) {text, n - tail});
}

static const char unavailable[] =
	"PostgreSQL is not available at the moment; try again later";
static const char lost[] =
	"the connection to PostgreSQL was lost; whether the operation was applied is not known";

void
error_from_job(const pg_job *job, const char *operation, gw_error *e)
{
	switch (job->failure)
	{
		case PGF_UNAVAILABLE:
			log_debug("%s: %s", operation, job->message);
			e->kind = ERR_UNAVAILABLE;
			e->text = job->tries > 0 && !job->read_only ? lost : unavailable;
			return;
		case PGF_TIMEOUT:
			e->kind = ERR_TIMEOUT;
			e->text = "the operation did not finish in time";
			return;
		default:
			break;
	}
	e->kind = kind_of_state(job->sqlstate);
	e->text = job->message;
	if (e->kind == ERR_UNAVAILABLE)
		e->text = unavailable;
	else if (e->kind == ERR_UNSUPPORTED)
		e->text = without_predicate(job->message, job->arena);
	else if (e->kind == ERR_INTERNAL)
	{
		log_error("%s: SQLSTATE %s: %s", operation, job->sqlstate,
				  job->message);
		e->text = arena_printf(job->arena,
							   "PostgreSQL error %s, see the gateway's log",
							   job->sqlstate);
	}
}
