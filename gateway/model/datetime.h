/*
 * datetime.h
 *		Datetime texts as Qdrant reads them, and RFC 3339 out of them.
 */
#ifndef QG_DATETIME_H
#define QG_DATETIME_H

#include "core/buf.h"

typedef struct datetime
{
	int64_t		seconds;		/* since 1970-01-01 UTC */
	int32_t		nanos;			/* 0 .. 999,999,999 */
} datetime;

extern bool datetime_parse(slice text, datetime *out);

/*
 * "2014-01-01T00:00:00Z", with as many digits of a fraction as are needed.
 * False: outside of the years 0000 to 9999.
 */
extern bool datetime_print(buf *out, datetime t);

#endif							/* QG_DATETIME_H */
