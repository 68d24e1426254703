/*
 * path.h
 *		Key paths of payloads: a.b[2].c[]."odd key".
 *
 *		path  = first (("." key) | "[" digits "]" | "[]")*
 *		key   = raw | quoted; raw = 1+ of Unicode letters and digits, _ and -;
 *		quoted = any characters but " and \ between quotes, possibly none
 *
 * Pure C, no server header: the fuzzer links it alone.
 */
#ifndef QD_PATH_H
#define QD_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QD_PATH_MAX_STEPS 64

typedef enum qd_path_kind
{
	QD_STEP_KEY,
	QD_STEP_INDEX,
	QD_STEP_ALL					/* [] */
} qd_path_kind;

typedef struct qd_path_step
{
	qd_path_kind kind;
	const char *key;			/* into the text, without quotes */
	uint32_t	length;
	uint32_t	index;
} qd_path_step;

typedef struct qd_path
{
	int			n;
	qd_path_step steps[QD_PATH_MAX_STEPS];
} qd_path;

/* False when the text is no path (or has more than 64 steps). */
extern bool qd_path_parse(const char *str, size_t length, qd_path *path);

/*
 * The path as Qdrant prints it, quoting only keys that need it; not longer
 * than the text that it was read from.  Returns the length; no NUL follows.
 */
extern size_t qd_path_print(const qd_path *path, char *out);

#endif							/* QD_PATH_H */
