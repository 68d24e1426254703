/*
 * text_words.h
 *		Words of texts in any language, by ICU: where they are, and their
 *		common forms.  UTF-8; what is malformed belongs to no word.
 */
#ifndef QD_TEXT_WORDS_H
#define QD_TEXT_WORDS_H

#include "postgres.h"
#include "lib/stringinfo.h"

/* Takes the next run of letters and digits; false when there is none. */
extern bool qd_word_next(const char **rest, size_t *left, const char **word,
						 size_t *length);

/*
 * The same for languages that write without spaces: words of a dictionary,
 * one script each, that hold a letter.
 */
typedef struct qd_segmenter
{
	const char *run;			/* letters, marks and digits of one script */
	size_t		run_length;
	int32		at;				/* in the run, of the iterator */
	bool		by_dictionary;
} qd_segmenter;

extern bool qd_segment_next(qd_segmenter *segmenter, const char **rest,
							size_t *left, const char **word, size_t *length);

/* Each appends to out; all but the first leave ASCII alone, or lower it. */
extern void qd_text_lower(const char *s, size_t length, StringInfo out);
extern void qd_text_fold(const char *s, size_t length, StringInfo out);

/*
 * Lower case, decomposed, compatible characters made one, accents of some
 * scripts gone.
 */
extern void qd_text_normalize(const char *s, size_t length, StringInfo out);

/* Characters of valid UTF-8. */
extern size_t qd_text_characters(const char *s, size_t length);

#endif							/* QD_TEXT_WORDS_H */
