/*
 * log.c
 *		Lines on stderr.
 */
#include "core/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES	2048

static bool is_verbose;

void
log_set_verbose(bool verbose)
{
	is_verbose = verbose;
}

static void
write_line(const char *level, const char *fmt, va_list ap)
{
	char		line[LINE_MAX_BYTES];
	struct timespec now;
	struct tm	tm;
	size_t		n;
	int			more;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(line, sizeof(line), "%Y-%m-%d %H:%M:%S", &tm);
	n += (size_t) snprintf(line + n, sizeof(line) - n, ".%03ld UTC %s:  ",
						   now.tv_nsec / 1000000, level);
	more = vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	if (more > 0)
		n += (size_t) more;
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	/*
	 * A text from outside must not look like a line of ours, nor steer the
	 * terminal that shows it.
	 */
	for (size_t i = 0; i < n; i++)
		if ((unsigned char) line[i] < ' ' || line[i] == 0x7f)
			line[i] = ' ';
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return;					/* nobody left to tell */
}

#define WRITE_LINE(level) \
	do { \
		va_list ap; \
		va_start(ap, fmt); \
		write_line(level, fmt, ap); \
		va_end(ap); \
	} while (0)

void
log_info(const char *fmt,...)
{
	WRITE_LINE("LOG");
}

void
log_warning(const char *fmt,...)
{
	WRITE_LINE("WARNING");
}

void
log_error(const char *fmt,...)
{
	WRITE_LINE("ERROR");
}

void
log_debug(const char *fmt,...)
{
	if (is_verbose)
		WRITE_LINE("DEBUG");
}

void
log_fatal(const char *fmt,...)
{
	WRITE_LINE("FATAL");
	abort();
}
