/*
 * net_loop.h
 *		A worker with one connection over a socket pair and an api layer that
 *		answers at once, later, early or not before the client has left, as the
 *		path's last letter says.
 */
#ifndef QG_FUZZ_NET_LOOP_H
#define QG_FUZZ_NET_LOOP_H

#include "net/request.h"

/*
 * Sends the bytes in pieces (seed chooses how) and closes.  Ends the program
 * when a request was answered never or its memory was kept.
 */
extern void net_loop_run(protocol proto, slice bytes, unsigned int seed);

#endif							/* QG_FUZZ_NET_LOOP_H */
