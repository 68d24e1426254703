/*
 * siphash.c
 *		SipHash-2-4 with a zero key.
 */
#include "payload/siphash.h"

#define ROTATE(x, n) (((x) << (n)) | ((x) >> (64 - (n))))

static void
rounds(uint64_t v[4], int n)
{
	for (int i = 0; i < n; i++)
	{
		v[0] += v[1];
		v[1] = ROTATE(v[1], 13) ^ v[0];
		v[0] = ROTATE(v[0], 32);
		v[2] += v[3];
		v[3] = ROTATE(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = ROTATE(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = ROTATE(v[1], 17) ^ v[2];
		v[2] = ROTATE(v[2], 32);
	}
}

uint64_t
qd_siphash24(const unsigned char *bytes, size_t length)
{
	uint64_t	v[4] = {
		UINT64_C(0x736f6d6570736575), UINT64_C(0x646f72616e646f6d),
		UINT64_C(0x6c7967656e657261), UINT64_C(0x7465646279746573)
	};
	uint64_t	word;
	size_t		i;

	for (i = 0; i + 8 <= length; i += 8)
	{
		word = 0;
		for (int k = 7; k >= 0; k--)
			word = word << 8 | bytes[i + k];
		v[3] ^= word;
		rounds(v, 2);
		v[0] ^= word;
	}
	word = (uint64_t) length << 56;
	for (int k = 0; i + k < length; k++)
		word |= (uint64_t) bytes[i + k] << (8 * k);
	v[3] ^= word;
	rounds(v, 2);
	v[0] ^= word;
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
