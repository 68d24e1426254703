/* Unit tests of core/arena.c, core/buf.c, core/budget.c and gw_fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "core/budget.h"
#include "core/buf.h"
#include "core/error.h"

static void
allocations_are_aligned_and_apart(void **state)
{
	arena	   *a = arena_create(1 << 20);
	char	   *last = NULL;

	for (size_t n = 0; n < 2000; n++)
	{
		char	   *p = arena_alloc(a, n);

		assert_int_equal((uintptr_t) p % 16, 0);
		assert_ptr_not_equal(p, last);
		memset(p, (int) n, n);
		last = p;
	}
	arena_destroy(a);
}

static void
budget_is_told_before_and_after(void **state)
{
	arena	   *a = arena_create(1 << 20);

	assert_true(arena_fits(a, 1 << 10, 900));
	assert_false(arena_fits(a, 1 << 10, 1 << 10));
	assert_false(arena_fits(a, SIZE_MAX / 2, 4));
	arena_alloc(a, 900 << 10);
	assert_false(arena_exceeded(a));
	assert_true(arena_fits(a, 1, 1 << 10));
	assert_false(arena_fits(a, 1 << 10, 100));
	arena_alloc(a, 200 << 10);
	assert_true(arena_exceeded(a));
	assert_false(arena_fits(a, 0, 0));
	arena_set_budget(a, 2 << 20);
	assert_false(arena_exceeded(a));
	arena_destroy(a);
}

static void
budget_counts_every_block_once(void **state)
{
	size_t		before = budget_used();
	arena	   *a = arena_create(SIZE_MAX);

	arena_alloc(a, 1 << 20);
	assert_true(budget_used() >= before + (1 << 20) + (1 << 16));
	assert_int_equal(budget_used() - before, arena_used(a));
	arena_destroy(a);
	assert_int_equal(budget_used(), before);
}

static void
budget_has_an_end(void **state)
{
	size_t		before = budget_used();

	budget_set_limit(before + 100);
	assert_true(budget_left(100));
	assert_false(budget_left(101));
	assert_false(budget_left(SIZE_MAX));
	budget_take(101);
	assert_false(budget_left(0));
	budget_give(101);
	budget_set_limit((size_t) 512 << 20);
}

static void
alloc0_clears_recycled_blocks(void **state)
{
	arena	   *a = arena_create(1 << 20);

	memset(arena_alloc(a, 5000), 0xff, 5000);
	arena_destroy(a);
	a = arena_create(1 << 20);
	for (char *p = arena_alloc0(a, 5000), *end = p + 5000; p < end; p++)
		assert_int_equal(*p, 0);
	arena_destroy(a);
}

static void
strings_end_with_zero(void **state)
{
	arena	   *a = arena_create(1 << 20);
	gw_error	e;

	assert_string_equal(arena_strdup(a, (slice) {"abc", 2}), "ab");
	assert_string_equal(arena_strdup(a, (slice) {NULL, 0}), "");
	assert_string_equal(arena_printf(a, "%d-%s", 7, "x"), "7-x");
	assert_false(gw_fail(&e, a, ERR_BAD_INPUT, "dim %d", 3));
	assert_int_equal(e.kind, ERR_BAD_INPUT);
	assert_string_equal(e.text, "dim 3");
	arena_destroy(a);
}

static void
buffer_keeps_bytes_while_it_grows(void **state)
{
	arena	   *a = arena_create(1 << 20);
	buf			b;

	buf_init(&b, a, 0);
	for (int i = 0; i < 20000; i++)
	{
		buf_addc(&b, 'a' + i % 26);
		buf_adds(&b, "");
		buf_add(&b, NULL, 0);
	}
	buf_printf(&b, "%05d", 42);
	assert_int_equal(b.n, 20005);
	for (int i = 0; i < 20000; i++)
		assert_int_equal(b.p[i], 'a' + i % 26);
	assert_memory_equal(b.p + 20000, "00042", 5);
	assert_int_equal(buf_slice(&b).n, b.n);
	buf_reserve(&b, 100000);
	assert_true(b.cap - b.n >= 100000);
	arena_destroy(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocations_are_aligned_and_apart),
		cmocka_unit_test(budget_is_told_before_and_after),
		cmocka_unit_test(budget_counts_every_block_once),
		cmocka_unit_test(budget_has_an_end),
		cmocka_unit_test(alloc0_clears_recycled_blocks),
		cmocka_unit_test(strings_end_with_zero),
		cmocka_unit_test(buffer_keeps_bytes_while_it_grows),
	};
	int			failed = cmocka_run_group_tests_name("arena", tests, NULL, NULL);

	arena_thread_end();
	return failed;
}
