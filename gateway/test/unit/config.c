/* Unit tests of core/config.c: every source, every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/config.h"

extern char **environ;

/* Settings live as long as the process, here as everywhere. */
extern const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

static config c;
static char *error;

/* Loads with exactly these variables and flags (both NULL-terminated). */
static bool
load(char **variables, char **flags)
{
	int			argc = 1;
	char	   *argv[10] = {"gateway"};
	char	  **saved = environ;
	bool		ok;

	for (; flags != NULL && flags[argc - 1] != NULL; argc++)
		argv[argc] = flags[argc - 1];
	environ = variables;
	free(error);
	ok = config_load(&c, argc, argv, &error);
	environ = saved;
	return ok;
}

#define ENV(...)	((char *[]) {__VA_ARGS__, NULL})
#define FLAGS(...)	((char *[]) {__VA_ARGS__, NULL})

static void
assert_refused(char **variables, char **flags, const char *part)
{
	assert_false(load(variables, flags));
	assert_non_null(error);
	if (strstr(error, part) == NULL)
		fail_msg("\"%s\" does not name \"%s\"", error, part);
}

static char *
temporary_file(const char *text)
{
	static char path[40];
	FILE	   *f;

	strncpy(path, "/tmp/qdrant_pg_config_XXXXXX", sizeof(path) - 1);
	f = fdopen(mkstemp(path), "w");
	fputs(text, f);
	fclose(f);
	return path;
}

static void
defaults_are_those_of_the_readme(void **state)
{
	assert_true(load(ENV("PATH=/bin"), NULL));
	assert_string_equal(c.host, "127.0.0.1");
	assert_int_equal(c.http_port, 6333);
	assert_int_equal(c.grpc_port, 6334);
	assert_true(c.enable_grpc);
	assert_null(c.api_key);
	assert_int_equal(c.max_request_bytes, 32 << 20);
	assert_int_equal(c.max_grpc_bytes, 256 << 20);
	assert_int_equal(c.max_collection_bytes, 1024 << 20);
	assert_string_equal(c.pg_conninfo, "");
	assert_true(c.workers >= 1);
	assert_null(c.static_dir);
}

static void
variables_are_read(void **state)
{
	assert_true(load(ENV("QDRANT_API_KEY=k1", "QDRANT_ENABLE_GRPC=False",
						 "QDRANT_MAX_COLLECTION_SIZE_MB=0",
						 "QDRANT__SERVICE__HTTP_PORT=7001",
						 "QDRANT__SERVICE__GRPC_PORT=7002",
						 "QDRANT__SERVICE__MAX_REQUEST_SIZE_MB=1",
						 "QDRANT_PG_CONNINFO=dbname=a",
						 "QDRANT_PG_DATA=/x", "QDRANT_PG_TEST_DIR=/y"), NULL));
	assert_string_equal(c.api_key, "k1");
	assert_false(c.key_is_generated);
	assert_string_equal(c.host, "0.0.0.0");
	assert_false(c.enable_grpc);
	assert_int_equal(c.max_collection_bytes, 0);
	assert_int_equal(c.http_port, 7001);
	assert_int_equal(c.grpc_port, 7002);
	assert_int_equal(c.max_request_bytes, 1 << 20);
	assert_string_equal(c.pg_conninfo, "dbname=a");
}

static void
host_is_the_users_choice(void **state)
{
	assert_true(load(ENV("QDRANT_API_KEY=k", "QDRANT__SERVICE__HOST=::1"), NULL));
	assert_string_equal(c.host, "::1");
}

static void
empty_variable_is_not_set(void **state)
{
	assert_true(load(ENV("QDRANT_API_KEY=", "QDRANT__SERVICE__HTTP_PORT="), NULL));
	assert_null(c.api_key);
	assert_string_equal(c.host, "127.0.0.1");
	assert_int_equal(c.http_port, 6333);
}

static void
unknown_or_malformed_is_named(void **state)
{
	assert_refused(ENV("QDRANT__SERVICE__HTTP_PROT=1"), NULL, "QDRANT__SERVICE__HTTP_PROT");
	assert_refused(ENV("QDRANT_PG_CONINFO=x"), NULL, "QDRANT_PG_CONINFO");
	assert_refused(ENV("QDRANT__SERVICE__HTTP_PORT=0"), NULL, "QDRANT__SERVICE__HTTP_PORT");
	assert_refused(ENV("QDRANT__SERVICE__HTTP_PORT=65536"), NULL, "65536");
	assert_refused(ENV("QDRANT__SERVICE__HTTP_PORT=80x"), NULL, "80x");
	assert_refused(ENV("QDRANT__SERVICE__HTTP_PORT= 80"), NULL, " 80");
	assert_refused(ENV("QDRANT__SERVICE__HTTP_PORT=+80"), NULL, "+80");
	assert_refused(ENV("QDRANT__SERVICE__HTTP_PORT=99999999999999999999"), NULL, "9999");
	assert_refused(ENV("QDRANT_ENABLE_GRPC=yes"), NULL, "QDRANT_ENABLE_GRPC");
	assert_refused(ENV("QDRANT_MAX_COLLECTION_SIZE_MB=-1"), NULL, "-1");
	assert_refused(ENV("QDRANT_MAX_COLLECTION_SIZE_MB=8796093022208"), NULL, "8796093022208");
	assert_refused(ENV("QDRANT__SERVICE__MAX_REQUEST_SIZE_MB=0"), NULL, "MAX_REQUEST");
	assert_refused(ENV("QDRANT_API_KEY=a b"), NULL, "QDRANT_API_KEY");
	assert_refused(ENV("PATH=/"), FLAGS("--nope"), "--nope");
	assert_refused(ENV("PATH=/"), FLAGS("--pg"), "--pg");
	assert_refused(ENV("PATH=/"), FLAGS("--workers", "0"), "--workers");
	assert_refused(ENV("PATH=/"), FLAGS("--static", "/nonexistent"), "/nonexistent");
	assert_refused(ENV("QDRANT__SERVICE__HTTP_PORT=6334"), NULL, "6334");
}

static void
two_different_keys_are_refused(void **state)
{
	assert_refused(ENV("QDRANT_API_KEY=a", "QDRANT__SERVICE__API_KEY=b"), NULL,
				   "QDRANT__SERVICE__API_KEY");
	assert_true(load(ENV("QDRANT_API_KEY=a", "QDRANT__SERVICE__API_KEY=a"), NULL));
	assert_true(load(ENV("QDRANT__SERVICE__API_KEY=b"), NULL));
	assert_string_equal(c.api_key, "b");
}

static void
generated_key_keeps_loopback(void **state)
{
	char	   *path = temporary_file("secret\n");

	assert_true(load(ENV("PATH=/"), FLAGS("--generated-key-file", path)));
	assert_string_equal(c.api_key, "secret");
	assert_true(c.key_is_generated);
	assert_string_equal(c.host, "127.0.0.1");
	assert_true(load(ENV("QDRANT_API_KEY=mine"), FLAGS("--generated-key-file", path)));
	assert_string_equal(c.api_key, "mine");
	assert_false(c.key_is_generated);
	unlink(path);
	assert_refused(ENV("PATH=/"), FLAGS("--generated-key-file", path), path);
	path = temporary_file("\n");
	assert_refused(ENV("PATH=/"), FLAGS("--generated-key-file", path), "empty");
	unlink(path);
}

static void
flags_win_over_environment_over_file(void **state)
{
	char	   *path = temporary_file("# comment\n\nQDRANT_PG_CONNINFO = x\n");

	assert_refused(ENV("PATH=/"), FLAGS("--config", path), "QDRANT_PG_CONNINFO ");
	unlink(path);
	path = temporary_file("# comment\n\nQDRANT_PG_CONNINFO=file\n"
						  "QDRANT__SERVICE__HTTP_PORT=7000\nQDRANT__SERVICE__GRPC_PORT=7007\n");
	assert_true(load(ENV("QDRANT_PG_CONNINFO=env", "QDRANT__SERVICE__HTTP_PORT=7001"),
					 FLAGS("--config", path, "--pg=flag", "--workers", "3", "--verbose")));
	assert_string_equal(c.pg_conninfo, "flag");
	assert_int_equal(c.http_port, 7001);
	assert_int_equal(c.grpc_port, 7007);
	assert_int_equal(c.workers, 3);
	assert_true(c.verbose);
	unlink(path);
	path = temporary_file("nonsense\n");
	assert_refused(ENV("PATH=/"), FLAGS("--config", path), "nonsense");
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_readme),
		cmocka_unit_test(variables_are_read),
		cmocka_unit_test(host_is_the_users_choice),
		cmocka_unit_test(empty_variable_is_not_set),
		cmocka_unit_test(unknown_or_malformed_is_named),
		cmocka_unit_test(two_different_keys_are_refused),
		cmocka_unit_test(generated_key_keeps_loopback),
		cmocka_unit_test(flags_win_over_environment_over_file),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
