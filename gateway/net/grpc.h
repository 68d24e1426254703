/*
 * grpc.h
 *		gRPC's own parts of a call: message framing, timeouts, status text.
 *		Bytes in, bytes out; no I/O.
 */
#ifndef QG_GRPC_H
#define QG_GRPC_H

#include <stdint.h>

#include "net/body.h"
#include "net/request.h"

#define GRPC_PREFIX		5		/* compressed flag, length big-endian */
#define GRPC_MAX_TEXT	((size_t) 4 * 1024) /* clients limit their headers */

/* Why a message is refused: a status; code 0 = it is not. */
typedef struct grpc_status
{
	int			code;
	const char *text;			/* static */
} grpc_status;

/* The one message of a unary call, as it arrives. */
typedef struct grpc_reader
{
	unsigned char prefix[GRPC_PREFIX];
	size_t		n_prefix;
	bool		compressed;
	uint32_t	length;
	body body;
} grpc_reader;

/* Takes bytes of DATA frames. */
extern grpc_status grpc_read(grpc_reader *r, slice data, size_t limit);

/*
 * The stream has ended: the message, inflated where it has to be.  encoding is
 * the grpc-encoding header.
 */
extern grpc_status grpc_finish(grpc_reader *r, arena * a, slice encoding,
							   size_t limit, slice * message);

/* The prefix of an uncompressed or compressed message of n bytes. */
extern void grpc_write_prefix(char prefix[GRPC_PREFIX], bool compressed,
							  uint32_t n);

/* grpc-timeout in nanoseconds; false when malformed. */
extern bool grpc_parse_timeout(slice value, uint64_t *ns);

/* Percent-encoded as grpc-message has to be; long text is cut. */
extern slice grpc_encode_text(arena * a, slice text);

/* "application/grpc", with or without "+proto" or parameters. */
extern bool grpc_is_content_type(slice value);

#endif							/* QG_GRPC_H */
