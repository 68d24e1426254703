/*
 * siphash.h
 *		SipHash-2-4 (Aumasson, Bernstein 2012) with a zero key: what Qdrant's
 *		slice condition hashes ids with.  Pure C.
 */
#ifndef QD_SIPHASH_H
#define QD_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

extern uint64_t qd_siphash24(const unsigned char *bytes, size_t length);

#endif							/* QD_SIPHASH_H */
