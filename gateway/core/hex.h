/*
 * hex.h
 *		Hexadecimal digits, as URLs, JSON, UUIDs and chunk sizes have them.
 */
#ifndef QG_HEX_H
#define QG_HEX_H

/* 0 to 15, or -1. */
static inline int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte of two digits, or -1. */
static inline int
hex_byte(const char *p)
{
	int			high = hex_digit(p[0]);
	int			low = high < 0 ? -1 : hex_digit(p[1]);

	return low < 0 ? -1 : high << 4 | low;
}

#endif							/* QG_HEX_H */
