/*
 * error.c
 *		Making an error; its meaning is decided in service/error.c.
 */
#include "core/error.h"

bool
gw_fail(gw_error *e, arena *a, error_kind kind, const char *fmt,...)
{
	va_list		ap;

	va_start(ap, fmt);
	e->kind = kind;
	e->text = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return false;
}
