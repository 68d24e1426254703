/*
 * path.h
 *		Request paths: normalising and decoding.
 */
#ifndef QG_PATH_H
#define QG_PATH_H

#include "core/arena.h"

/* Doubled and trailing slashes removed, "/" at least; in the arena. */
extern slice path_normalize(arena * a, slice target);

/*
 * The percent-decoded file name below a folder: p without a leading slash.
 * False unless it is safe to open: no empty, ".", ".." or hidden segment, no
 * backslash or control character, also when they were encoded.
 */
extern bool path_file_name(arena * a, slice p, slice * name);

#endif							/* QG_PATH_H */
