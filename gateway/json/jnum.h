/*
 * jnum.h
 *		Numbers of JSON, both ways: exact integers, correctly rounded doubles,
 *		shortest decimal text.
 *
 * Kinds are serde_json's: an integer is u64 if it isn't negative, i64 if it
 * is, and a double when it fits neither; "-0" is the double -0.0.
 */
#ifndef QG_JNUM_H
#define QG_JNUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum jnum_kind
{
	JNUM_U64,					/* >= 0 */
	JNUM_I64,					/* < 0 */
	JNUM_F64					/* always finite */
} jnum_kind;

typedef struct jnum
{
	jnum_kind	kind;
	union
	{
		uint64_t	u;
		int64_t		i;
		double		d;
	};
} jnum;

typedef enum jnum_result
{
	JNUM_OK,
	JNUM_INVALID,				/* not JSON's grammar */
	JNUM_EOF,					/* ends where a digit must stand */
	JNUM_RANGE					/* larger than any double */
} jnum_result;

/*
 * Reads the number at *p (a digit or '-'), which ends before end; at least 8
 * readable bytes must stand behind end.  On success *p is past the number,
 * otherwise *p is the position that serde_json reports.
 */
extern jnum_result jnum_parse(const char **p, const char *end, jnum *n);

/* The value as a double: rounded once. */
static inline double
jnum_double(jnum n)
{
	return n.kind == JNUM_F64 ? n.d
		: n.kind == JNUM_U64 ? (double) n.u : (double) n.i;
}

/*
 * The shortest text that reads back as the same value, as serde_json writes
 * it: "1.0", "0.1", "1e-7", "1e+16".  Returns its length; not terminated.
 * The value must be finite.
 */
#define JNUM_TEXT_MAX	32
extern size_t jnum_print_f64(double d, char *text);
extern size_t jnum_print_f32(float f, char *text);
extern size_t jnum_print_u64(uint64_t u, char *text);
extern size_t jnum_print_i64(int64_t i, char *text);

#endif							/* QG_JNUM_H */
