/*
 * text_words.c
 *		Words of texts in any language, by ICU.
 *
 * The database's locale plays no part.
 */
#include "compat.h"

#include <unicode/ubrk.h>
#include <unicode/ucasemap.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include "payload/ascii_folding.h"
#include "payload/text_words.h"

static void
check(UErrorCode status, const char *what)
{
	if (U_FAILURE(status))
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("ICU could not %s: %s", what, u_errorName(status))));
}

/* Rust's and Unicode's idea of a letter or digit, wider than ICU's isalnum. */
static bool
is_alphanumeric(UChar32 c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9');
	return u_isUAlphabetic(c) || (U_GET_GC_MASK(c) & U_GC_N_MASK) != 0;
}

bool
qd_word_next(const char **rest, size_t *left, const char **word,
			 size_t *length)
{
	const uint8_t *s = (const uint8_t *) *rest;
	int32_t		end = (int32_t) *left;
	int32_t		start = 0;
	int32_t		next = 0;
	int32_t		at = 0;
	UChar32		c;
	bool		inside = false;

	while (next < end)
	{
		at = next;
		U8_NEXT(s, next, end, c);
		if (is_alphanumeric(c) != inside)
		{
			if (inside)
				break;
			inside = true;
			start = at;
		}
		at = next;
	}
	*word = *rest + start;
	*length = inside ? at - start : 0;
	*rest += at;
	*left -= at;
	return inside;
}

/*----------
 * segments
 *----------
 */

/* Scripts that are written together count as one. */
static UScriptCode
script_of(UChar32 c)
{
	UErrorCode	status = U_ZERO_ERROR;
	UScriptCode script = uscript_getScript(c, &status);

	check(status, "tell a character's script");
	switch (script)
	{
		case USCRIPT_HIRAGANA:
		case USCRIPT_KATAKANA:
		case USCRIPT_KATAKANA_OR_HIRAGANA:
			return USCRIPT_HAN;
		case USCRIPT_INHERITED:
			return USCRIPT_COMMON;
		default:
			return script;
	}
}

static bool
is_of_word(UChar32 c)
{
	return is_alphanumeric(c) ||
		(c >= 0x80 && (U_GET_GC_MASK(c) & (U_GC_M_MASK | U_GC_CF_MASK)) != 0);
}

static bool
is_without_spaces(UScriptCode script)
{
	switch (script)
	{
		case USCRIPT_HAN:
		case USCRIPT_THAI:
		case USCRIPT_LAO:
		case USCRIPT_KHMER:
		case USCRIPT_MYANMAR:
			return true;
		default:
			return false;
	}
}

/* The next run of one script. */
static bool
next_run(qd_segmenter *segmenter, const char **rest, size_t *left)
{
	const uint8_t *s = (const uint8_t *) *rest;
	int32_t		end = (int32_t) *left;
	int32_t		start = 0;
	int32_t		next = 0;
	int32_t		at = 0;
	UScriptCode script = USCRIPT_COMMON;
	bool		inside = false;

	for (; next < end; at = next)
	{
		UScriptCode own;
		UChar32		c;

		U8_NEXT(s, next, end, c);
		if (!is_of_word(c))
		{
			if (inside)
				break;
			continue;
		}
		if (!inside)
			start = at;
		own = script_of(c);
		if (inside && own != USCRIPT_COMMON && script != USCRIPT_COMMON &&
			own != script)
			break;
		if (own != USCRIPT_COMMON)
			script = own;
		inside = true;
	}
	segmenter->run = *rest + start;
	segmenter->run_length = inside ? at - start : 0;
	segmenter->by_dictionary = is_without_spaces(script);
	segmenter->at = 0;
	*rest += at;
	*left -= at;
	return inside;
}

/* ICU's words of a run; the iterator reads one run after the other. */
static int32_t
next_boundary(qd_segmenter *segmenter)
{
	static UBreakIterator *iterator = NULL;
	static UText *text = NULL;
	UErrorCode	status = U_ZERO_ERROR;
	int32_t		boundary;

	if (iterator == NULL)
		iterator = ubrk_open(UBRK_WORD, "", NULL, 0, &status);
	check(status, "find words");
	if (segmenter->at == 0)
	{
		text = utext_openUTF8(text, segmenter->run, segmenter->run_length,
							  &status);
		ubrk_setUText(iterator, text, &status);
		check(status, "find words");
		ubrk_first(iterator);
	}
	boundary = ubrk_next(iterator);
	return boundary == UBRK_DONE ? (int32_t) segmenter->run_length : boundary;
}

/* Bytes of an Arabic article that a longer run begins with, else 0. */
static int32_t
article(const char *run, size_t length)
{
	const uint8_t *s = (const uint8_t *) run;
	int32_t		at = 0;
	UChar32		alef;
	UChar32		lam;

	if (length < 4)
		return 0;
	U8_NEXT(s, at, (int32_t) length, alef);
	U8_NEXT(s, at, (int32_t) length, lam);
	if (lam != 0x644 || at == (int32_t) length)
		return 0;
	return alef == 0x622 || alef == 0x623 || alef == 0x625 || alef == 0x627 ||
		alef == 0x671 ? at : 0;
}

static bool
has_letter(const char *word, size_t length)
{
	const uint8_t *s = (const uint8_t *) word;
	int32_t		at = 0;

	while (at < (int32_t) length)
	{
		UChar32		c;

		U8_NEXT(s, at, (int32_t) length, c);
		if (c >= 0 && u_isUAlphabetic(c))
			return true;
	}
	return false;
}

bool
qd_segment_next(qd_segmenter *segmenter, const char **rest, size_t *left,
				const char **word, size_t *length)
{
	do
	{
		int32_t		end;

		if (segmenter->at == (int32_t) segmenter->run_length &&
			!next_run(segmenter, rest, left))
			return false;
		end = (int32_t) segmenter->run_length;
		if (segmenter->by_dictionary)
			end = next_boundary(segmenter);
		else if (segmenter->at == 0 &&
				 article(segmenter->run, segmenter->run_length) > 0)
			end = article(segmenter->run, segmenter->run_length);
		*word = segmenter->run + segmenter->at;
		*length = end - segmenter->at;
		segmenter->at = end;
	} while (!has_letter(*word, *length));
	return true;
}

/*----------
 * forms
 *----------
 */

static bool
is_ascii(const char *s, size_t length)
{
	unsigned char any = 0;

	for (size_t i = 0; i < length; i++)
		any |= (unsigned char) s[i];
	return any < 0x80;
}

static void
lower_ascii(const char *s, size_t length, StringInfo out)
{
	enlargeStringInfo(out, (int) length);
	for (size_t i = 0; i < length; i++)
		out->data[out->len + i] = s[i] >= 'A' && s[i] <= 'Z' ?
			s[i] + ('a' - 'A') : s[i];
	out->len += (int) length;
	out->data[out->len] = '\0';
}

void
qd_text_lower(const char *s, size_t length, StringInfo out)
{
	static UCaseMap *map = NULL;
	UErrorCode	status = U_ZERO_ERROR;
	int32_t		size;

	if (is_ascii(s, length))
	{
		lower_ascii(s, length, out);
		return;
	}
	if (map == NULL)
		map = ucasemap_open("", 0, &status);
	check(status, "lower a word");
	enlargeStringInfo(out, (int) length);
	/* the last byte is the NUL's: ICU writes none where there is no room */
	size = ucasemap_utf8ToLower(map, out->data + out->len,
								out->maxlen - out->len - 1, s,
								(int32_t) length, &status);
	if (status == U_BUFFER_OVERFLOW_ERROR)
	{
		status = U_ZERO_ERROR;
		enlargeStringInfo(out, size);
		size = ucasemap_utf8ToLower(map, out->data + out->len,
									out->maxlen - out->len - 1, s,
									(int32_t) length, &status);
	}
	check(status, "lower a word");
	out->len += size;
	out->data[out->len] = '\0';
}

static const char *
folded(UChar32 c)
{
	int			low = 0;
	int			high = lengthof(ascii_folding);

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (ascii_folding[middle].character == (uint32_t) c)
			return ascii_folding[middle].ascii;
		if (ascii_folding[middle].character < (uint32_t) c)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void
qd_text_fold(const char *s, size_t length, StringInfo out)
{
	const uint8_t *bytes = (const uint8_t *) s;
	int32_t		next = 0;

	while (next < (int32_t) length)
	{
		int32_t		at = next;
		const char *ascii = NULL;
		UChar32		c;

		U8_NEXT(bytes, next, (int32_t) length, c);
		if (c >= 0x80)
			ascii = folded(c);
		if (ascii)
			appendStringInfoString(out, ascii);
		else
			appendBinaryStringInfo(out, s + at, next - at);
	}
}

/* Marks that a reader of the script does without. */
static bool
is_optional_mark(UChar32 c, UScriptCode script)
{
	if ((U_GET_GC_MASK(c) & U_GC_MN_MASK) == 0)
		return false;
	switch (script)
	{
		case USCRIPT_LATIN:
		case USCRIPT_GREEK:
		case USCRIPT_HEBREW:
		case USCRIPT_ARABIC:
		case USCRIPT_THAI:
			return true;
		default:
			return false;
	}
}

/* What a decomposed, lower character is written as; "" where it is left out. */
static const char *
common_form(UChar32 c, UScriptCode script)
{
	if (is_optional_mark(c, script))
		return "";
	switch (c)
	{
		case 0xe6:
			return "ae";
		case 0x153:
			return "oe";
		case 0x3c2:			/* the final sigma */
			return "\317\203";
		case 0x629:			/* teh marbuta, as heh */
			return "\331\207";
		case 0x640:			/* tatweel */
			return "";
		case 0x649:			/* alef maksura, as yeh */
			return "\331\212";
		case 0x671:			/* alef wasla, as alef */
			return "\330\247";
		default:
			return NULL;
	}
}

static void
append_common_forms(const UChar *text, int32_t length, StringInfo out)
{
	UScriptCode script = USCRIPT_COMMON;
	int32_t		next = 0;

	while (next < length)
	{
		char		bytes[U8_MAX_LENGTH];
		int32_t		n = 0;
		const char *form;
		UScriptCode own;
		UChar32		c;

		U16_NEXT(text, next, length, c);
		own = script_of(c);
		if (own != USCRIPT_COMMON)
			script = own;
		form = common_form(c, script);
		if (form == NULL)
			U8_APPEND_UNSAFE(bytes, n, c);
		appendBinaryStringInfo(out, form ? form : bytes,
							   form ? (int) strlen(form) : n);
	}
}

/* A decomposed character has at most 18 of UTF-16 (U+FDFA). */
#define DECOMPOSED_MAX 18

/* A lower character has at most three. */
#define LOWERED_MAX 3

/* What is longer is no word that anybody looks for. */
#define NORMALIZED_MAX PG_INT16_MAX

void
qd_text_normalize(const char *s, size_t length, StringInfo out)
{
	UErrorCode	status = U_ZERO_ERROR;
	const UNormalizer2 *nfkd = unorm2_getNFKDInstance(&status);
	int32_t		room;
	UChar	   *a;
	UChar	   *b;
	int32_t		n = 0;

	check(status, "normalise a word");
	if (is_ascii(s, length) || length > NORMALIZED_MAX)
	{
		lower_ascii(s, length, out);
		return;
	}
	room = (int32_t) (length + 1) * DECOMPOSED_MAX * LOWERED_MAX;
	a = palloc(sizeof(UChar) * room);
	b = palloc(sizeof(UChar) * room);
	u_strFromUTF8WithSub(a, room, &n, s, (int32_t) length, 0xfffd, NULL, &status);
	n = unorm2_normalize(nfkd, a, n, b, room, &status);
	n = u_strToLower(a, room, b, n, "", &status);
	n = unorm2_normalize(nfkd, a, n, b, room, &status);
	check(status, "normalise a word");
	append_common_forms(b, n, out);
	pfree(a);
	pfree(b);
}

size_t
qd_text_characters(const char *s, size_t length)
{
	size_t		n = 0;

	for (size_t i = 0; i < length; i++)
		n += (s[i] & 0xc0) != 0x80;
	return n;
}
