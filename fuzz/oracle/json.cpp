/*
 * json.cpp
 *		Does simdjson accept the text?
 */
#include <simdjson.h>

extern "C" bool
oracle_accepts(const char *text, size_t n)
{
	static simdjson::dom::parser parser;

	return parser.parse(text, n, true).error() == simdjson::SUCCESS;
}
