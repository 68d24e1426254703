/*
 * payload_text.h
 *		Payload numbers and strings as they are written for jsonb.
 */
#ifndef QG_PAYLOAD_TEXT_H
#define QG_PAYLOAD_TEXT_H

#include <stddef.h>

/* 309 digits, sign, ".0" */
#define PAYLOAD_NUMBER_MAX	320

#define PAYLOAD_NUL_TEXT \
	"\\u0000 in a payload is not supported: PostgreSQL's jsonb can't store it"

/*
 * The shortest text of a finite double that stays a float in jsonb, which
 * keeps the digits of a number but not its exponent: "1e+20" would come back
 * as an integer, so it is written as 100000000000000000000.0.
 */
extern size_t payload_print_double(double d, char *text);

#endif							/* QG_PAYLOAD_TEXT_H */
