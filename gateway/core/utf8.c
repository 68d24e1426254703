/*
 * utf8.c
 *		Validation of UTF-8: eight bytes at a time while it is ASCII, else by
 *		the table of well-formed sequences (Unicode 15, table 3-7).
 */
#include "core/utf8.h"

#include <stdint.h>
#include <string.h>

#define HIGH_BITS	UINT64_C(0x8080808080808080)

/* Length of the sequence that starts at p (n bytes are left), 0 = malformed. */
static size_t
sequence(const unsigned char *p, size_t n)
{
	unsigned char low = 0x80,
				high = 0xBF;
	size_t		len;

	if (p[0] < 0xC2)
		return 0;
	else if (p[0] < 0xE0)
		len = 2;
	else if (p[0] < 0xF0)
	{
		len = 3;
		if (p[0] == 0xE0)
			low = 0xA0;
		else if (p[0] == 0xED)
			high = 0x9F;
	}
	else if (p[0] < 0xF5)
	{
		len = 4;
		if (p[0] == 0xF0)
			low = 0x90;
		else if (p[0] == 0xF4)
			high = 0x8F;
	}
	else
		return 0;
	if (n < len || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return len;
}

bool
utf8_valid(const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *) text;

	while (n > 0)
	{
		size_t		len = 1;
		uint64_t	eight;

		if (n >= 8)
		{
			memcpy(&eight, p, 8);
			if ((eight & HIGH_BITS) == 0)
			{
				p += 8;
				n -= 8;
				continue;
			}
		}
		if (*p >= 0x80)
		{
			len = sequence(p, n);
			if (len == 0)
				return false;
		}
		p += len;
		n -= len;
	}
	return true;
}
