/*
 * filter.c
 *		Fuzz target: any text as a filter, on any payload.  A filter that
 *		compiles prints as one that compiles to the same, evaluating never fails
 *		and says the opposite under must_not, and the parts that a filter falls
 *		into say together what it says.
 *
 * The input is the filter, a line feed, and the payload, if it is valid JSON.
 */
#include "compat.h"

#include <sys/mman.h>
#include <unistd.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/fmgrprotos.h"

#include "backend/driver.h"
#include "payload/filter.h"
#include "payload/payload_index.h"
#include "types/point_id.h"

static Jsonb *
read_json(const char *text)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

/* A datum at the end of its memory, so that reading beyond it is a crash. */
typedef struct guarded
{
	char	   *memory;
	size_t		size;
	void	   *datum;
} guarded;

static guarded
guard(const void *datum)
{
	size_t		page = sysconf(_SC_PAGESIZE);
	size_t		n = TYPEALIGN(page, VARSIZE(datum));
	guarded		g = {.size = n + page};

	g.memory = mmap(NULL, g.size, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fuzz_demand(g.memory != MAP_FAILED, "out of memory");
	mprotect(g.memory + n, page, PROT_NONE);
	g.datum = g.memory + n - MAXALIGN(VARSIZE(datum));
	memcpy(g.datum, datum, VARSIZE(datum));
	return g;
}

static void
unguard(guarded *g)
{
	munmap(g->memory, g->size);
}

static const char *
text_of(const qd_filter *filter)
{
	return pnstrdup((const char *) filter + filter->text_offset,
					filter->text_length);
}

static bool
matches(const qd_filter *filter, Jsonb *payload)
{
	static const char *const names[] = {"", "v"};
	qd_point	point = {qd_point_id_from_number(5), names, lengthof(names)};
	guarded		copy = guard(filter);
	bool		result;

	PG_TRY();
	{
		result = qd_filter_matches(copy.datum, payload, &point);
	}
	PG_CATCH();
	{
		fuzz_demand(false, "evaluating failed");
	}
	PG_END_TRY();
	unguard(&copy);
	return result;
}

static qd_filter *
compile(const char *format, const char *text)
{
	return qd_filter_compile(read_json(psprintf(format, text)), NULL);
}

/* Too deep for one more level is no matter. */
static qd_filter *
negation(const char *text)
{
	MemoryContext caller = CurrentMemoryContext;
	qd_filter  *result = NULL;

	PG_TRY();
	{
		result = compile("{\"must_not\": [%s]}", text);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		FlushErrorState();
	}
	PG_END_TRY();
	return result;
}

static void
check_parts(const qd_filter *filter, Jsonb *payload, bool expected)
{
	bool		all = true;
	bool		any = false;
	List	   *arms = qd_filter_disjuncts(filter);
	ListCell   *cell;

	foreach(cell, qd_filter_conjuncts(filter))
		all = all && matches(lfirst(cell), payload);
	fuzz_demand(all == expected, "the conjuncts say something else");
	foreach(cell, arms)
		any = any || matches(lfirst(cell), payload);
	fuzz_demand(arms == NIL || any == expected,
				"the disjuncts say something else");
}

static void
check_filter(const qd_filter *filter, Jsonb *json)
{
	guarded		copy = guard(json);
	Jsonb	   *payload = copy.datum;
	const char *text = text_of(filter);
	qd_filter  *again = compile("%s", text);
	qd_filter  *opposite = negation(text);
	bool		expected = matches(filter, payload);

	fuzz_demand(VARSIZE(filter) == VARSIZE(again) &&
				memcmp(filter, again, VARSIZE(filter)) == 0,
				"the text compiles to something else");
	fuzz_demand(opposite == NULL || matches(opposite, payload) == !expected,
				"must_not does not say the opposite");
	check_parts(filter, payload, expected);
	unguard(&copy);
}

void
fuzz_target(const char *data, size_t size)
{
	const char *end = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t		length = end == NULL ? size : end - data;
	char	   *text = pnstrdup(data, length);
	Jsonb	   *payload;
	qd_filter  *filter;

	if (memchr(data, '\0', size) != NULL ||
		!pg_verify_mbstr(PG_UTF8, data, size, true))
		return;
	filter = qd_filter_compile(read_json(text), NULL);
	payload = read_json(end == NULL ? "{}" : pnstrdup(end + 1, size - length - 1));
	if (JB_ROOT_IS_OBJECT(payload))
		check_filter(filter, payload);
}
