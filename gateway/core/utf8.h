/*
 * utf8.h
 *		Is it UTF-8?  What protobuf, JSON and PostgreSQL all insist on.
 */
#ifndef QG_UTF8_H
#define QG_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Well-formed: no surrogates, no overlong forms, nothing above U+10FFFF. */
extern bool utf8_valid(const char *p, size_t n);

#endif							/* QG_UTF8_H */
