/*
 * index_language.c
 *		Names and codes of languages (index_language.h).
 */
#include "model/index_language.h"

enum
{
	STEMMER = 1,
	STOPWORDS = 2
};

static const struct
{
	const char *name;
	const char *code;
	int			has;
}			languages[] = {
	{"arabic", "ar", STEMMER | STOPWORDS},
	{"armenian", "hy", STEMMER},
	{"azerbaijani", "az", STOPWORDS},
	{"basque", "eu", STOPWORDS},
	{"bengali", "bn", STOPWORDS},
	{"catalan", "ca", STOPWORDS},
	{"chinese", "zh", STOPWORDS},
	{"danish", "da", STEMMER | STOPWORDS},
	{"dutch", "nl", STEMMER | STOPWORDS},
	{"english", "en", STEMMER | STOPWORDS},
	{"finnish", "fi", STEMMER | STOPWORDS},
	{"french", "fr", STEMMER | STOPWORDS},
	{"german", "de", STEMMER | STOPWORDS},
	{"greek", "el", STEMMER | STOPWORDS},
	{"hebrew", "he", STOPWORDS},
	{"hinglish", "hi-en", STOPWORDS},
	{"hungarian", "hu", STEMMER | STOPWORDS},
	{"indonesian", "id", STOPWORDS},
	{"italian", "it", STEMMER | STOPWORDS},
	{"japanese", "jp", STOPWORDS},
	{"kazakh", "kk", STOPWORDS},
	{"nepali", "ne", STOPWORDS},
	{"norwegian", "no", STEMMER | STOPWORDS},
	{"portuguese", "pt", STEMMER | STOPWORDS},
	{"romanian", "ro", STEMMER | STOPWORDS},
	{"russian", "ru", STEMMER | STOPWORDS},
	{"slovene", "sl", STOPWORDS},
	{"spanish", "es", STEMMER | STOPWORDS},
	{"swedish", "sv", STEMMER | STOPWORDS},
	{"tajik", "tg", STOPWORDS},
	{"tamil", "ta", STEMMER},
	{"turkish", "tr", STEMMER | STOPWORDS},
};

const char *
index_language(slice name, bool stemmer)
{
	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++)
	{
		if ((languages[i].has & (stemmer ? STEMMER : STOPWORDS)) &&
			(slice_is(name, languages[i].name) ||
			 slice_is(name, languages[i].code)))
			return languages[i].name;
	}
	return NULL;
}
