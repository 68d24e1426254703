/*
 * text_language.h
 *		Languages of stemmers and stop words: Snowball's stemmers by
 *		libstemmer, lists of stop words by PostgreSQL's text search.
 *
 * Stemmers and lists are loaded when first used and kept for good.
 */
#ifndef QD_TEXT_LANGUAGE_H
#define QD_TEXT_LANGUAGE_H

#include "postgres.h"

#define QD_LANGUAGES 32			/* they are bits of an uint64 */

/* The language of a name or a code ("english", "en"); -1: there is none. */
extern int	qd_text_language(const char *name, size_t length);

extern const char *qd_text_language_name(int language);

extern bool qd_text_language_has_stemmer(int language);

/* Is it a language that Qdrant has stop words of?  And do we? */
extern bool qd_text_language_wants_stopwords(int language);
extern bool qd_text_language_has_stopwords(int language);

/* The list is read by then; an error when its file can't be read. */
extern void qd_text_load_stopwords(int language);

/* word is UTF-8 and has its final NUL. */
extern bool qd_text_is_stopword(int language, const char *word);

/* The stem of a word; valid until the next call, and without a final NUL. */
extern const char *qd_text_stem(int language, const char *word,
								size_t length, size_t *stem_length);

#endif							/* QD_TEXT_LANGUAGE_H */
