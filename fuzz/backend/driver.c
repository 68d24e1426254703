/*
 * driver.c
 *		libFuzzer in a server's process: the target needs jsonb, numeric and
 *		errors, so it is a module of a postgres in single-user mode.
 *
 *		CREATE FUNCTION fuzz(cstring) RETURNS int LANGUAGE c AS 'module', 'fuzz'
 *
 * The argument is libFuzzer's command line, words between blanks.
 */
#include "compat.h"

#include "utils/memutils.h"

#include "backend/driver.h"

PG_MODULE_MAGIC;

/* Of the library of libFuzzer without main. */
extern int	LLVMFuzzerRunDriver(int *argc, char ***argv,
								int (*target) (const uint8_t *data, size_t size));

#define MOST_WORDS	32

static MemoryContext context;

void
fuzz_demand(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* An error of the target is an end of the input, if it is one of bad input. */
static void
check_error(void)
{
	ErrorData  *error = CopyErrorData();
	int			category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	if (category != ERRCODE_DATA_EXCEPTION &&
		category != ERRCODE_PROGRAM_LIMIT_EXCEEDED)
		fprintf(stderr, "%s\n", error->message);
	fuzz_demand(category == ERRCODE_DATA_EXCEPTION ||
				category == ERRCODE_PROGRAM_LIMIT_EXCEEDED,
				"an error of another class");
	FlushErrorState();
}

static int
run_target(const uint8_t *data, size_t size)
{
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		fuzz_target((const char *) data, size);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		check_error();
	}
	PG_END_TRY();
	MemoryContextReset(context);
	return 0;
}

QD_FUNCTION(fuzz);
Datum
fuzz(PG_FUNCTION_ARGS)
{
	char	   *words[MOST_WORDS + 1] = {"fuzz"};
	char	  **argv = words;
	int			argc = 1;

	context = AllocSetContextCreate(TopMemoryContext, "fuzzed input",
									ALLOCSET_DEFAULT_SIZES);
	for (char *word = strtok(pstrdup(PG_GETARG_CSTRING(0)), " ");
		 word != NULL && argc < MOST_WORDS; word = strtok(NULL, " "))
		words[argc++] = word;
	PG_RETURN_INT32(LLVMFuzzerRunDriver(&argc, &argv, run_target));
}
