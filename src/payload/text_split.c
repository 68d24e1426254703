/*
 * text_split.c
 *		Order of strings, and splitting at white space.
 */
#include "payload/text_split.h"

#include <string.h>

int
qd_string_compare(const char *a, size_t a_length, const char *b,
				  size_t b_length)
{
	if (a_length != b_length)
		return a_length < b_length ? -1 : 1;
	return memcmp(a, b, a_length);
}

/*
 * Length of the white space character at s, 0 when there is none: White_Space
 * of Unicode, which is U+0009-000D, 20, 85, A0, 1680, 2000-200A, 2028, 2029,
 * 202F, 205F, 3000.
 */
static size_t
white_space(const unsigned char *s, size_t left)
{
	if (s[0] == ' ' || (s[0] >= '\t' && s[0] <= '\r'))
		return 1;
	if (left >= 2 && s[0] == 0xc2)
		return s[1] == 0x85 || s[1] == 0xa0 ? 2 : 0;
	if (left < 3 || s[0] < 0xe1 || s[0] > 0xe3)
		return 0;
	if ((s[0] == 0xe1 && s[1] == 0x9a && s[2] == 0x80) ||
		(s[0] == 0xe3 && s[1] == 0x80 && s[2] == 0x80) ||
		(s[0] == 0xe2 && s[1] == 0x81 && s[2] == 0x9f))
		return 3;
	if (s[0] == 0xe2 && s[1] == 0x80 &&
		((s[2] >= 0x80 && s[2] <= 0x8a) || s[2] == 0xa8 || s[2] == 0xa9 ||
		 s[2] == 0xaf))
		return 3;
	return 0;
}

size_t
qd_text_space(const char *s, size_t left)
{
	const unsigned char *p = (const unsigned char *) s;
	const unsigned char *end = p + left;
	size_t		space;

	while (p < end && (space = white_space(p, end - p)) > 0)
		p += space;
	return (const char *) p - s;
}

bool
qd_text_piece(const char **rest, size_t *left, const char **piece,
			  size_t *length)
{
	const unsigned char *p = (const unsigned char *) *rest;
	const unsigned char *end = p + *left;

	p += qd_text_space(*rest, *left);
	*piece = (const char *) p;
	while (p < end && white_space(p, end - p) == 0)
		p++;
	*length = (const char *) p - *piece;
	*rest = (const char *) p;
	*left = end - p;
	return *length > 0;
}
