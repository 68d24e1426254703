/*
 * json_path.h
 *		The grammar of key paths (a.b, a[].b, a[0], "a b".c).
 *
 * Paths are evaluated in the extension; this is for refusing them in Qdrant's
 * words.
 */
#ifndef QG_JSON_PATH_H
#define QG_JSON_PATH_H

#include "core/arena.h"

/*
 * Of characters beyond ASCII only some may stand outside of quotes, letters
 * and digits by Unicode: the extension refuses the others.
 */
extern bool json_path_valid(slice path);

/* Do two valid paths lead to the same place, however they are quoted? */
extern bool json_path_equal(slice a, slice b);

#endif							/* QG_JSON_PATH_H */
