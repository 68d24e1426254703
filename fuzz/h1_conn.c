/*
 * h1_conn.c
 *		HTTP/1.1 connections from the socket on: requests, bodies, codings,
 *		answers at any time.  The first byte seeds how the input is cut.
 */
#include <stdint.h>

#include "harness/net_loop.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 1)
		net_loop_run(PROTO_REST, slice_of((const char *) data + 1, size - 1),
					 data[0]);
	return 0;
}
