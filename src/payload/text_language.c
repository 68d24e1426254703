/*
 * text_language.c
 *		Languages of stemmers and stop words.
 */
#include "compat.h"

#include <libstemmer.h>

#include "mb/pg_wchar.h"
#include "tsearch/ts_public.h"
#include "utils/memutils.h"

#include "payload/text_language.h"

#define STEMMER		1
#define STOPWORDS	2			/* PostgreSQL brings a list */
#define NO_LIST		4			/* Qdrant has a list, PostgreSQL does not */

/* Compiled filters hold numbers of languages: only append. */
static const struct
{
	const char *name;
	const char *code;
	int			has;
}			languages[] = {
	{"arabic", "ar", STEMMER | NO_LIST},
	{"armenian", "hy", STEMMER},
	{"azerbaijani", "az", NO_LIST},
	{"basque", "eu", NO_LIST},
	{"bengali", "bn", NO_LIST},
	{"catalan", "ca", NO_LIST},
	{"chinese", "zh", NO_LIST},
	{"danish", "da", STEMMER | STOPWORDS},
	{"dutch", "nl", STEMMER | STOPWORDS},
	{"english", "en", STEMMER | STOPWORDS},
	{"finnish", "fi", STEMMER | STOPWORDS},
	{"french", "fr", STEMMER | STOPWORDS},
	{"german", "de", STEMMER | STOPWORDS},
	{"greek", "el", STEMMER | NO_LIST},
	{"hebrew", "he", NO_LIST},
	{"hinglish", "hi-en", NO_LIST},
	{"hungarian", "hu", STEMMER | STOPWORDS},
	{"indonesian", "id", NO_LIST},
	{"italian", "it", STEMMER | STOPWORDS},
	{"japanese", "jp", NO_LIST},
	{"kazakh", "kk", NO_LIST},
	{"nepali", "ne", STOPWORDS},
	{"norwegian", "no", STEMMER | STOPWORDS},
	{"portuguese", "pt", STEMMER | STOPWORDS},
	{"romanian", "ro", STEMMER | NO_LIST},
	{"russian", "ru", STEMMER | STOPWORDS},
	{"slovene", "sl", NO_LIST},
	{"spanish", "es", STEMMER | STOPWORDS},
	{"swedish", "sv", STEMMER | STOPWORDS},
	{"tajik", "tg", NO_LIST},
	{"tamil", "ta", STEMMER},
	{"turkish", "tr", STEMMER | STOPWORDS}
};

StaticAssertDecl(lengthof(languages) == QD_LANGUAGES,
				 "the number of languages is QD_LANGUAGES");

static struct sb_stemmer *stemmers[QD_LANGUAGES];
static StopList lists[QD_LANGUAGES];
static bool loaded[QD_LANGUAGES];

int
qd_text_language(const char *name, size_t length)
{
	for (int i = 0; i < QD_LANGUAGES; i++)
	{
		const char *names[] = {languages[i].name, languages[i].code};

		for (int j = 0; j < lengthof(names); j++)
		{
			if (strlen(names[j]) == length &&
				memcmp(names[j], name, length) == 0)
				return i;
		}
	}
	return -1;
}

const char *
qd_text_language_name(int language)
{
	return languages[language].name;
}

bool
qd_text_language_has_stemmer(int language)
{
	return (languages[language].has & STEMMER) != 0;
}

bool
qd_text_language_wants_stopwords(int language)
{
	return (languages[language].has & (STOPWORDS | NO_LIST)) != 0;
}

bool
qd_text_language_has_stopwords(int language)
{
	return (languages[language].has & STOPWORDS) != 0;
}

static int
compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* The server's files are UTF-8, but lists are read into its encoding. */
static void
to_utf8(StopList *list)
{
	for (int i = 0; i < list->len; i++)
		list->stop[i] = pg_server_to_any(list->stop[i],
										 strlen(list->stop[i]), PG_UTF8);
	if (list->len > 0)
		qsort(list->stop, list->len, sizeof(list->stop[0]), compare_words);
}

void
qd_text_load_stopwords(int language)
{
	MemoryContext before;

	if (loaded[language])
		return;
	before = MemoryContextSwitchTo(TopMemoryContext);
	readstoplist(languages[language].name, &lists[language], NULL);
	to_utf8(&lists[language]);
	MemoryContextSwitchTo(before);
	loaded[language] = true;
}

bool
qd_text_is_stopword(int language, const char *word)
{
	const StopList *list = &lists[language];

	qd_text_load_stopwords(language);
	return list->len > 0 &&
		bsearch(&word, list->stop, list->len, sizeof(list->stop[0]),
				compare_words) != NULL;
}

static struct sb_stemmer *
stemmer_of(int language)
{
	if (stemmers[language] == NULL)
	{
		stemmers[language] = sb_stemmer_new(languages[language].name, "UTF_8");
		if (stemmers[language] == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("could not make a stemmer for \"%s\"",
							languages[language].name)));
	}
	return stemmers[language];
}

const char *
qd_text_stem(int language, const char *word, size_t length,
			 size_t *stem_length)
{
	struct sb_stemmer *stemmer = stemmer_of(language);
	const sb_symbol *stem;

	/* so long a word has none; libstemmer counts in int */
	if (length > PG_INT16_MAX ||
		!(stem = sb_stemmer_stem(stemmer, (const sb_symbol *) word,
								 (int) length)))
	{
		*stem_length = length;
		return word;
	}
	*stem_length = sb_stemmer_length(stemmer);
	return (const char *) stem;
}
