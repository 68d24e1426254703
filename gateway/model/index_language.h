/*
 * index_language.h
 *		The names of languages that a text index takes.
 */
#ifndef QG_INDEX_LANGUAGE_H
#define QG_INDEX_LANGUAGE_H

#include <stdbool.h>

#include "core/arena.h"

/*
 * The long form of a name or code that Qdrant knows for stemmers, or for
 * lists of stop words; NULL: there is none.
 */
extern const char *index_language(slice name, bool stemmer);

#endif							/* QG_INDEX_LANGUAGE_H */
