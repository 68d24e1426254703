/*
 * elements.c
 *		Half floats, bytes and bits: the scalar kernels against arithmetic by
 *		hand, every other level against them, at each length 0..130 with all
 *		arguments ending at an inaccessible page, with NaN, infinities and
 *		denormals, and at the largest dimension.
 *
 * Prints one line per kernel and level and "N passed, N failed".
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "distance/distance.h"
#include "distance/elements.h"
#include "check.h"

#define MAX_SHORT	130
#define MAX_DIM		65536
#define HALVES		65536

#define HALF_NAN		0x7e00
#define HALF_SMALLEST	0x0001	/* 2^-24 */
#define HALF_LARGEST	0x7bff

static const char *level_name;
static char *guard_a;
static char *guard_b;

/* ---- arguments: they end where reading on is a fault ---- */

static char *
new_guard(void)
{
	size_t		page = sysconf(_SC_PAGESIZE);
	size_t		size = MAX_DIM * sizeof(float) + page;
	char	   *map = mmap(NULL, size + page, PROT_READ | PROT_WRITE,
						   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED || mprotect(map + size, page, PROT_NONE) != 0)
	{
		perror("mmap");
		exit(2);
	}
	return map + size;
}

/* Small integers: sums of 65,536 products are exact. */
static void
fill_halves(qd_half *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = qd_half_from_float((int) (random_bits() % 17) - 8);
}

static void
fill_bytes(uint8_t *x, size_t n, int value)
{
	for (size_t i = 0; i < n; i++)
		x[i] = value < 0 ? random_bits() >> 13 : value;
}

static bool
same(float x, float y)
{
	return isnan(x) ? isnan(y) : x == y;
}

static void
expect(const char *what, size_t n, double got, double expected)
{
	char		text[100];

	snprintf(text, sizeof(text), "%s %s, n = %zu", level_name, what, n);
	ok(isnan(expected) ? isnan(got) : got == expected, text, got, expected);
}

/* ---- half floats ---- */

/* Distance kernels in one form; half_cosine_parts is three of them. */
typedef struct sums
{
	float		dot;
	float		l2;
	float		l1;
	float		ab;
	float		aa;
	float		bb;
} sums;

static sums
half_sums(const qd_element_table *t, const qd_half *a, const qd_half *b, size_t n)
{
	sums		s;

	s.dot = t->half_dot(a, b, n);
	s.l2 = t->half_l2_squared(a, b, n);
	s.l1 = t->half_l1(a, b, n);
	t->half_cosine_parts(a, b, n, &s.ab, &s.aa, &s.bb);
	return s;
}

static void
expect_sums(const char *what, size_t n, sums got, sums expected)
{
	char		text[100];

	snprintf(text, sizeof(text), "%s %s, n = %zu", level_name, what, n);
	ok(same(got.dot, expected.dot), text, got.dot, expected.dot);
	ok(same(got.l2, expected.l2), text, got.l2, expected.l2);
	ok(same(got.l1, expected.l1), text, got.l1, expected.l1);
	ok(same(got.ab, expected.ab), text, got.ab, expected.ab);
	ok(same(got.aa, expected.aa), text, got.aa, expected.aa);
	ok(same(got.bb, expected.bb), text, got.bb, expected.bb);
}

static void
compare_halves(const char *what, const qd_half *a, const qd_half *b, size_t n)
{
	expect_sums(what, n, half_sums(&qd_elements, a, b, n),
				half_sums(&qd_elements_scalar, a, b, n));
}

/* One value in a, at each place; and the same in a and b. */
static void
test_half_special(qd_half special)
{
	for (size_t n = 1; n <= 70; n += 3)
	{
		qd_half    *a = (qd_half *) guard_a - n;
		qd_half    *b = (qd_half *) guard_b - n;

		for (size_t i = 0; i < n; i++)
		{
			fill_halves(a, n);
			fill_halves(b, n);
			a[i] = special;
			compare_halves("special in a", a, b, n);
			b[i] = special;
			compare_halves("special in both", a, b, n);
		}
	}
}

static void
test_half_sums(void)
{
	static const qd_half specials[] = {HALF_NAN, QD_HALF_INFINITY,
	0x8000 | QD_HALF_INFINITY, 0x8000, 0xfc01};
	qd_half    *a = (qd_half *) guard_a - MAX_DIM;
	qd_half    *b = (qd_half *) guard_b - MAX_DIM;

	for (size_t n = 0; n <= MAX_SHORT; n++)
	{
		qd_half    *x = (qd_half *) guard_a - n;
		qd_half    *y = (qd_half *) guard_b - n;

		fill_halves(x, n);
		fill_halves(y, n);
		compare_halves("integers", x, y, n);
		/* multiples of the smallest half: sums of products are exact */
		for (size_t i = 0; i < n; i++)
		{
			x[i] = random_bits() % 16;
			y[i] = 0x8000 | random_bits() % 16;
		}
		compare_halves("denormals", x, y, n);
	}
	for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++)
		test_half_special(specials[i]);
	fill_halves(a, MAX_DIM);
	fill_halves(b, MAX_DIM);
	compare_halves("largest dimension", a, b, MAX_DIM);
}

/* Both conversions, at each length and of all halves. */
static void
test_half_conversion(void)
{
	static qd_half all[HALVES];
	static float x[HALVES];
	static qd_half back[HALVES];

	for (size_t i = 0; i < HALVES; i++)
		all[i] = i;
	qd_elements.half_to_float(all, x, HALVES);
	qd_elements.half_from_float(x, back, HALVES);
	for (size_t i = 0; i < HALVES; i++)
	{
		float		expected = qd_half_to_float(all[i]);

		ok(same(x[i], expected), "to float", x[i], expected);
		ok(back[i] == all[i] || isnan(expected), "and back", back[i], all[i]);
	}
	for (size_t n = 0; n <= MAX_SHORT; n++)
	{
		qd_half    *h = (qd_half *) guard_a - n;
		float	   *f = (float *) guard_b - n;

		fill_halves(h, n);
		qd_elements.half_to_float(h, f, n);
		for (size_t i = 0; i < n; i++)
			expect("to float", n, f[i], qd_half_to_float(h[i]));
		for (size_t i = 0; i < n; i++)
			f[i] = ldexp(2 * uniform() - 1, (int) (random_bits() % 48) - 30);
		qd_elements.half_from_float(f, h, n);
		for (size_t i = 0; i < n; i++)
			expect("from float", n, h[i], qd_half_from_float(f[i]));
	}
}

/*
 * Rounding by definition: no half is nearer, and of two that are equally near
 * the even one is taken.
 */
static void
check_rounding(float x)
{
	qd_half		h = qd_half_from_float(x);
	qd_half		neighbours[] = {h - 1, h + 1};
	double		error = fabs((double) qd_half_to_float(h) - x);

	if (fabsf(x) >= 65520)
	{
		ok((h & 0x7fff) == QD_HALF_INFINITY, "too large", x, h);
		return;
	}
	ok((signbit(x) != 0) == h >> 15, "sign", x, h);
	for (int i = 0; i < 2; i++)
	{
		qd_half		other = neighbours[i];
		double		other_error;

		if (((other ^ h) & 0x8000) || (other & 0x7fff) >= QD_HALF_INFINITY)
			continue;
		other_error = fabs((double) qd_half_to_float(other) - x);
		ok(error < other_error || (error == other_error && h % 2 == 0),
		   "nearest", x, h);
	}
}

static void
test_half_rounding(void)
{
	for (int i = 0; i < QD_HALF_INFINITY; i++)
	{
		float		x = qd_half_to_float(i);
		float		next = i + 1 < QD_HALF_INFINITY ? qd_half_to_float(i + 1) : 65536;
		float		middle = (x + next) / 2;

		check_rounding(x);
		check_rounding(-x);
		check_rounding(middle);
		check_rounding(-middle);
		check_rounding(nextafterf(middle, 0));
		check_rounding(nextafterf(middle, INFINITY));
	}
	check_rounding(0x1p-149f);
	check_rounding(0x1p-25f);
	check_rounding(nextafterf(0x1p-25f, 1));
	check_rounding(3e38f);
	check_rounding(-INFINITY);
	ok(isnan(qd_half_to_float(qd_half_from_float(NAN))), "NaN", 0, 0);
	ok(qd_half_to_float(HALF_SMALLEST) == 0x1p-24f, "smallest", 0, 0);
	ok(qd_half_to_float(HALF_LARGEST) == 65504, "largest", 0, 0);
	ok(qd_half_to_float(0x3c00) == 1 && qd_half_to_float(0xc000) == -2,
	   "one, minus two", 0, 0);
	ok(qd_half_to_float(QD_HALF_INFINITY) == INFINITY, "infinity", 0, 0);
}

/* ---- bytes and bits ---- */

static void
compare_bytes(size_t n, int in_a, int in_b)
{
	uint8_t    *a = (uint8_t *) guard_a - n;
	uint8_t    *b = (uint8_t *) guard_b - n;
	uint64_t	both;
	uint64_t	any;
	uint64_t	expected_both;
	uint64_t	expected_any;

	fill_bytes(a, n, in_a);
	fill_bytes(b, n, in_b);
	expect("byte_dot", n, qd_elements.byte_dot(a, b, n),
		   qd_elements_scalar.byte_dot(a, b, n));
	expect("byte_l2_squared", n, qd_elements.byte_l2_squared(a, b, n),
		   qd_elements_scalar.byte_l2_squared(a, b, n));
	expect("bit_hamming", n, qd_elements.bit_hamming(a, b, n),
		   qd_elements_scalar.bit_hamming(a, b, n));
	qd_elements.bit_overlap(a, b, n, &both, &any);
	qd_elements_scalar.bit_overlap(a, b, n, &expected_both, &expected_any);
	expect("bits of both", n, both, expected_both);
	expect("bits of any", n, any, expected_any);
}

static void
test_bytes(void)
{
	static const int corners[] = {0x00, 0x01, 0x7f, 0x80, 0x81, 0xff};

	for (size_t n = 0; n <= MAX_SHORT; n++)
		compare_bytes(n, -1, -1);
	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < 6; j++)
		{
			compare_bytes(77, corners[i], corners[j]);
			compare_bytes(MAX_DIM, corners[i], corners[j]);
		}
	compare_bytes(MAX_DIM - 1, -1, -1);
}

/* The oracle itself, on numbers worked out by hand. */
static void
test_oracle(void)
{
	static const float a[] = {1, 2, -3};
	static const float b[] = {4, -6, 0.5f};
	static const sums expected = {-9.5f, 85.25f, 14.5f, -9.5f, 14, 52.25f};
	static const uint8_t c[] = {0, 255, 7};
	static const uint8_t d[] = {255, 254, 9};
	qd_half		x[3];
	qd_half		y[3];
	uint64_t	both;
	uint64_t	any;
	const qd_element_table *t = &qd_elements_scalar;

	t->half_from_float(a, x, 3);
	t->half_from_float(b, y, 3);
	expect_sums("oracle", 3, half_sums(t, x, y, 3), expected);
	expect("byte_dot", 3, t->byte_dot(c, d, 3), 255 * 254 + 63);
	expect("byte_l2_squared", 3, t->byte_l2_squared(c, d, 3), 65025 + 1 + 4);
	expect("bit_hamming", 3, t->bit_hamming(c, d, 3), 8 + 1 + 3);
	t->bit_overlap(c, d, 3, &both, &any);
	expect("bits of both", 3, both, 0 + 7 + 1);
	expect("bits of any", 3, any, 8 + 8 + 4);
}

int
main(void)
{
	static const char *const names[] = {"auto", "scalar", "avx2", "avx512", "neon"};

	guard_a = new_guard();
	guard_b = new_guard();
	level_name = "scalar";
	test_oracle();
	test_half_rounding();
	for (int level = QD_SIMD_SCALAR; level <= QD_SIMD_LAST; level++)
	{
		level_name = names[level];
		if (!qd_distance_supported((qd_simd_level) level))
		{
			printf("# skipped: this machine does not run %s\n", level_name);
			continue;
		}
		qd_distance_choose_level((qd_simd_level) level);
		test_half_conversion();
		test_half_sums();
		test_bytes();
		printf("# %s: done\n", level_name);
	}
	printf("elements: %d passed, %d failed\n", passed, failed);
	return failed != 0;
}
