/*
 * text_split.h
 *		Strings of filters: their order in a list, and the pieces that white
 *		space separates.  Pure C, UTF-8.
 */
#ifndef QD_TEXT_SPLIT_H
#define QD_TEXT_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

/* By length, then bytewise: the order of a compiled list. */
extern int	qd_string_compare(const char *a, size_t a_length, const char *b,
							  size_t b_length);

/* How many bytes of white space (Unicode's) it begins with. */
extern size_t qd_text_space(const char *s, size_t left);

/*
 * Takes the next piece between white space (Unicode's) from *rest; false when
 * there is none.
 */
extern bool qd_text_piece(const char **rest, size_t *left, const char **piece,
						  size_t *length);

#endif							/* QD_TEXT_SPLIT_H */
