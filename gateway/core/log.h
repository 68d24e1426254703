/*
 * log.h
 *		Lines on stderr: "2026-01-31 12:00:00.123 LOG:  text".
 *
 * One write per line, so lines of different threads don't mix.  Never log
 * keys, bodies or payloads.
 */
#ifndef QG_LOG_H
#define QG_LOG_H

#include <stdbool.h>

/* Once, before the threads start: whether log_debug() writes. */
extern void log_set_verbose(bool verbose);

extern void log_info(const char *fmt,...) __attribute__((format(printf, 1, 2)));
extern void log_warning(const char *fmt,...)
			__attribute__((format(printf, 1, 2)));
extern void log_error(const char *fmt,...)
			__attribute__((format(printf, 1, 2)));
extern void log_debug(const char *fmt,...)
			__attribute__((format(printf, 1, 2)));

/* Ends the process: only for what leaves no way on. */
extern void log_fatal(const char *fmt,...)
			__attribute__((format(printf, 1, 2), noreturn));

#endif							/* QG_LOG_H */
