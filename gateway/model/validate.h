/*
 * validate.h
 *		Walks a message and gathers what breaks Qdrant's limits.  Private to
 *		model/.
 *
 * One rule table serves both protocols; they differ in how a member's path is
 * written, and in some rules.
 */
#ifndef QG_VALIDATE_H
#define QG_VALIDATE_H

#include <protobuf-c/protobuf-c.h>

#include "core/buf.h"
#include "core/error.h"

#define VALIDATE_MAX_DEPTH	256

typedef struct vcomponent
{
	const char *name;			/* "": none */
	size_t		index;			/* of a list's element; SIZE_MAX: no list */
	const char *suffix;			/* after the index, NULL: none */
} vcomponent;

typedef struct vctx
{
	bool		rest;
	arena	   *a;
	vcomponent	path[VALIDATE_MAX_DEPTH];
	int			depth;
	buf			failures;		/* "path: reason; path: reason" */
	bool		too_deep;
} vctx;

/* One failure at the current path plus member ("": none). */
extern void v_fail(vctx *v, const char *member, const char *fmt,...)
			__attribute__((format(printf, 3, 4)));

/* Visits the message and everything below it. */
extern void v_message(vctx *v, const ProtobufCMessage *msg);

/*
 * validate_rules.c: the limits of a single message, by its descriptor.
 */
extern void v_check_message(vctx *v, const ProtobufCMessage *msg);

/*
 * validate_names.c: what stands in the path for a field; NULL: its own name.
 * *suffix: a second component after a list's index.
 */
extern const char *v_field_name(bool rest, const ProtobufCMessage *msg,
								const ProtobufCFieldDescriptor *f,
								const char **suffix);

/* Is the field set?  Lists: not empty. */
extern bool v_is_present(const ProtobufCMessage *msg,
						 const ProtobufCFieldDescriptor *f);

/*
 * convert.c: what Qdrant finds while it turns a gRPC message into its own
 * types; the first fault.  Makes UUIDs canonical in place.
 */
extern bool grpc_convert(ProtobufCMessage *msg, arena *a, gw_error *e);

/*
 * supported.c: the first member that is set and that we do not support.
 */
extern bool check_supported(const ProtobufCMessage *msg, bool rest, arena *a,
							gw_error *e);

#endif							/* QG_VALIDATE_H */
