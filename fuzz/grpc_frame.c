/*
 * grpc_frame.c
 *		HTTP/2 frames and gRPC messages, behind the connection preface.  The
 *		first byte seeds how the input is cut.
 */
#include <stdint.h>
#include <stdlib.h>

#include "harness/net_loop.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	size_t		n = sizeof(preface) - 1;
	char	   *bytes;

	if (size < 2)
		return 0;
	bytes = malloc(n + size - 1);
	memcpy(bytes, preface, n);
	memcpy(bytes + n, data + 1, size - 1);
	net_loop_run(PROTO_GRPC, slice_of(bytes, n + size - 1), data[0]);
	free(bytes);
	return 0;
}
