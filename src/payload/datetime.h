/*
 * datetime.h
 *		Datetime strings as Qdrant reads them in payloads and filters
 *		(reference, semantics.md 6.1).  Pure C.
 */
#ifndef QD_DATETIME_H
#define QD_DATETIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct qd_datetime
{
	int64_t		seconds;		/* since 1970-01-01 UTC */
	int32_t		nanos;			/* 0..999,999,999 */
} qd_datetime;

/* False when the string is no datetime in one of the accepted forms. */
extern bool qd_datetime_parse(const char *str, size_t length, qd_datetime *out);

/* <0, 0, >0 */
extern int	qd_datetime_compare(qd_datetime a, qd_datetime b);

#endif							/* QD_DATETIME_H */
