/*
 * path.c
 *		Fuzz target: a key path that is read prints as a path that reads the
 *		same, and no longer than it was.
 */
#include <stdlib.h>
#include <string.h>

#include "payload/path.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

static void
check_equal(const qd_path *a, const qd_path *b)
{
	demand(a->n == b->n);
	for (int i = 0; i < a->n; i++)
	{
		const qd_path_step *x = &a->steps[i];
		const qd_path_step *y = &b->steps[i];

		demand(x->kind == y->kind && x->length == y->length);
		demand(x->kind != QD_STEP_INDEX || x->index == y->index);
		demand(x->kind != QD_STEP_KEY || memcmp(x->key, y->key, x->length) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char	   *text = malloc(n + 1);
	char	   *printed = malloc(n + 1);
	qd_path		path;
	qd_path		again;
	size_t		length;

	/* the copy of the text ends where its memory does */
	text = realloc(text, n > 0 ? n : 1);
	memcpy(text, data, n);
	if (qd_path_parse(text, n, &path))
	{
		demand(path.n > 0 && path.n <= QD_PATH_MAX_STEPS);
		length = qd_path_print(&path, printed);
		demand(length <= n);
		demand(qd_path_parse(printed, length, &again));
		check_equal(&path, &again);
	}
	free(text);
	free(printed);
	return 0;
}
