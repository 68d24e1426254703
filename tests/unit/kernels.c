/*
 * kernels.c
 *		Every level of src/distance against the scalar oracle: at each length
 *		0..130 with both arguments ending at an inaccessible page, with NaN,
 *		infinities and denormals, and at the largest dimension.
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
#include "check.h"

#define MAX_SHORT	130
#define MAX_DIM		65536

/* All float kernels in one form; cosine_parts is three of them. */
typedef float (*float_kernel) (const qd_distance_table *t, const float *a,
							   const float *b, size_t n);
typedef int32_t (*byte_kernel) (const qd_distance_table *t, const void *a,
								const void *b, size_t n);

/* A test of one kernel at one level; a line of text is the failure. */
typedef struct report
{
	const char *level;
	const char *kernel;
	int			failures;
} report;


/* ---- arguments: they end where reading on is a fault ---- */

static char *guard_a;
static char *guard_b;

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

static float *
floats(char *guard, size_t n)
{
	return (float *) guard - n;
}

static uint32_t
next_random(void)
{
	return random_bits() >> 32;
}

/* in -1..1 */
static void
fill_random(float *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = (float) (next_random() / 2147483648.0 - 1);
}

/* in -8..8: no sum of 65,536 such squares or products is rounded */
static void
fill_integers(float *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = (int) (next_random() % 17) - 8;
}

/* ---- kernels under one name each ---- */

static float
dot(const qd_distance_table *t, const float *a, const float *b, size_t n)
{
	return t->dot(a, b, n);
}

static float
l2_squared(const qd_distance_table *t, const float *a, const float *b, size_t n)
{
	return t->l2_squared(a, b, n);
}

static float
l1(const qd_distance_table *t, const float *a, const float *b, size_t n)
{
	return t->l1(a, b, n);
}

static float
cosine_ab(const qd_distance_table *t, const float *a, const float *b, size_t n)
{
	float		ab;
	float		aa;
	float		bb;

	t->cosine_parts(a, b, n, &ab, &aa, &bb);
	return ab;
}

static float
cosine_aa(const qd_distance_table *t, const float *a, const float *b, size_t n)
{
	float		ab;
	float		aa;
	float		bb;

	t->cosine_parts(a, b, n, &ab, &aa, &bb);
	return aa;
}

static float
cosine_bb(const qd_distance_table *t, const float *a, const float *b, size_t n)
{
	float		ab;
	float		aa;
	float		bb;

	t->cosine_parts(a, b, n, &ab, &aa, &bb);
	return bb;
}

static int32_t
dot_i8(const qd_distance_table *t, const void *a, const void *b, size_t n)
{
	return t->dot_i8(a, b, n);
}

static int32_t
l1_u8(const qd_distance_table *t, const void *a, const void *b, size_t n)
{
	return t->l1_u8(a, b, n);
}

/* ---- checks ---- */

static void
fail(report *r, const char *what, size_t n, double got, double expected)
{
	if (r->failures++ < 5)
		printf("# %s %s, %s, n = %zu: %.9g, not %.9g\n",
			   r->level, r->kernel, what, n, got, expected);
}

static void
finish(report *r)
{
	printf("%s - %s %s\n", r->failures ? "not ok" : "ok", r->level, r->kernel);
	if (r->failures)
		failed++;
	else
		passed++;
}

/* Equal bits, or both NaN. */
static bool
same(float x, float y)
{
	return isnan(x) ? isnan(y) : x == y;
}

/*
 * Any order of summation stays within n roundings of the sum of magnitudes;
 * random signs stay far below.  1e-6 is 8 float4 epsilons.
 */
static bool
close_to(float x, float y, size_t n)
{
	return fabsf(x - y) <= 1e-6 * (n + 4);
}

static void
check_exact(report *r, const qd_distance_table *t, float_kernel k, size_t n)
{
	float	   *a = floats(guard_a, n);
	float	   *b = floats(guard_b, n);
	float		expected;

	fill_integers(a, n);
	fill_integers(b, n);
	expected = k(&qd_distance_scalar, a, b, n);
	if (!same(k(t, a, b, n), expected))
		fail(r, "integers", n, k(t, a, b, n), expected);
}

static void
check_rounded(report *r, const qd_distance_table *t, float_kernel k, size_t n)
{
	float	   *a = floats(guard_a, n);
	float	   *b = floats(guard_b, n);
	float		expected;

	fill_random(a, n);
	fill_random(b, n);
	expected = k(&qd_distance_scalar, a, b, n);
	if (!close_to(k(t, a, b, n), expected, n))
		fail(r, "random", n, k(t, a, b, n), expected);
}

/* One value in a, at each place; and the same in a and b. */
static void
check_special(report *r, const qd_distance_table *t, float_kernel k, size_t n,
			  float special)
{
	float	   *a = floats(guard_a, n);
	float	   *b = floats(guard_b, n);

	for (size_t i = 0; i < n; i++)
	{
		float		expected;

		fill_integers(a, n);
		fill_integers(b, n);
		a[i] = special;
		expected = k(&qd_distance_scalar, a, b, n);
		if (!same(k(t, a, b, n), expected))
			fail(r, "special in a", n, k(t, a, b, n), expected);
		b[i] = special;
		expected = k(&qd_distance_scalar, a, b, n);
		if (!same(k(t, a, b, n), expected))
			fail(r, "special in both", n, k(t, a, b, n), expected);
	}
}

/* Multiples of the smallest float4: sums are exact, unless flushed to zero. */
static void
check_denormals(report *r, const qd_distance_table *t, float_kernel k, size_t n)
{
	float	   *a = floats(guard_a, n);
	float	   *b = floats(guard_b, n);
	float		expected;

	fill_integers(a, n);
	fill_integers(b, n);
	for (size_t i = 0; i < n; i++)
		a[i] *= 0x1p-149f;
	expected = k(&qd_distance_scalar, a, b, n);
	if (!same(k(t, a, b, n), expected))
		fail(r, "denormal times integer", n, k(t, a, b, n), expected);
	for (size_t i = 0; i < n; i++)
		b[i] *= 0x1p-149f;
	expected = k(&qd_distance_scalar, a, b, n);
	if (!same(k(t, a, b, n), expected))
		fail(r, "denormals", n, k(t, a, b, n), expected);
}

static void
test_floats(const char *level, const qd_distance_table *t, const char *name,
			float_kernel k)
{
	report		r = {level, name, 0};

	for (size_t n = 0; n <= MAX_SHORT; n++)
	{
		check_exact(&r, t, k, n);
		check_rounded(&r, t, k, n);
		check_denormals(&r, t, k, n);
	}
	for (size_t n = 1; n <= 70; n += 3)
	{
		check_special(&r, t, k, n, NAN);
		check_special(&r, t, k, n, INFINITY);
		check_special(&r, t, k, n, -INFINITY);
		check_special(&r, t, k, n, 3e38f);
		check_special(&r, t, k, n, -0.0f);
	}
	check_exact(&r, t, k, MAX_DIM);
	check_exact(&r, t, k, MAX_DIM - 1);
	finish(&r);
}

/* dot_i8 has no -128. */
static unsigned char
byte_for(byte_kernel k, int value)
{
	return k == dot_i8 && (value & 0xff) == 0x80 ? 0x81 : value;
}

/* value < 0: random bytes. */
static void
check_bytes(report *r, const qd_distance_table *t, byte_kernel k, size_t n,
			int in_a, int in_b)
{
	unsigned char *a = (unsigned char *) guard_a - n;
	unsigned char *b = (unsigned char *) guard_b - n;
	int32_t		expected;

	for (size_t i = 0; i < n; i++)
	{
		a[i] = byte_for(k, in_a < 0 ? next_random() : in_a);
		b[i] = byte_for(k, in_b < 0 ? next_random() : in_b);
	}
	expected = k(&qd_distance_scalar, a, b, n);
	if (k(t, a, b, n) != expected)
		fail(r, "bytes", n, k(t, a, b, n), expected);
}

static void
test_bytes(const char *level, const qd_distance_table *t, const char *name,
		   byte_kernel k)
{
	report		r = {level, name, 0};
	static const int corners[] = {0x00, 0x01, 0x7f, 0x80, 0x81, 0xff};

	for (size_t n = 0; n <= MAX_SHORT; n++)
		check_bytes(&r, t, k, n, -1, -1);
	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < 6; j++)
		{
			check_bytes(&r, t, k, 77, corners[i], corners[j]);
			check_bytes(&r, t, k, MAX_DIM, corners[i], corners[j]);
		}
	check_bytes(&r, t, k, MAX_DIM, -1, -1);
	check_bytes(&r, t, k, MAX_DIM - 1, -1, -1);
	finish(&r);
}

/* Decoding is by a scale of 1: integers are exact; and by one in 0..1. */
static void
check_decoded(report *r, const qd_distance_table *t, size_t n)
{
	float	   *a = floats(guard_a, n);
	int8_t	   *b = (int8_t *) guard_b - n;
	float		scale = next_random() / 4294967296.0f;
	float		expected;

	fill_integers(a, n);
	for (size_t i = 0; i < n; i++)
		b[i] = next_random() % 17 - 8;
	expected = qd_distance_scalar.l1_f32_i8(a, b, 1, n);
	if (t->l1_f32_i8(a, b, 1, n) != expected)
		fail(r, "integers", n, t->l1_f32_i8(a, b, 1, n), expected);
	if (n > MAX_SHORT)
		return;
	for (size_t i = 0; i < n; i++)
		b[i] = next_random();
	expected = qd_distance_scalar.l1_f32_i8(a, b, scale, n);
	if (!close_to(t->l1_f32_i8(a, b, scale, n) / 128, expected / 128, n))
		fail(r, "random", n, t->l1_f32_i8(a, b, scale, n), expected);
	if (n > 0)
	{
		a[next_random() % n] = NAN;
		if (!isnan(t->l1_f32_i8(a, b, scale, n)))
			fail(r, "NaN", n, t->l1_f32_i8(a, b, scale, n), NAN);
	}
}

static void
test_decoded(const char *level, const qd_distance_table *t)
{
	report		r = {level, "l1_f32_i8", 0};

	for (size_t n = 0; n <= MAX_SHORT; n++)
		check_decoded(&r, t, n);
	check_decoded(&r, t, MAX_DIM);
	check_decoded(&r, t, MAX_DIM - 1);
	finish(&r);
}

/* Codes and query end at the guards; largest says whether by extremes. */
static void
check_nav(report *r, const qd_distance_table *t, size_t bytes, int bits,
		  bool largest)
{
	static const uint16_t which[] = {2, 0, 3};
	size_t		dims = bytes * 8 / bits;
	uint8_t    *codes = (uint8_t *) guard_a - 4 * bytes;
	int8_t	   *q = (int8_t *) guard_b - dims;
	int32_t		expected[3];
	int32_t		got[3];

	for (size_t i = 0; i < 4 * bytes; i++)
		codes[i] = largest ? 0xff : next_random();
	for (size_t i = 0; i < dims; i++)
		q[i] = largest ? (bytes / 16 % 2 ? 127 : -127) : (int) (next_random() % 255) - 127;
	qd_distance_scalar.nav_dots(codes, bytes, bits, which, 3, q, expected);
	t->nav_dots(codes, bytes, bits, which, 3, q, got);
	for (int i = 0; i < 3; i++)
		if (got[i] != expected[i])
			fail(r, "codes", bytes, got[i], expected[i]);
}

static void
test_nav(const char *level, const qd_distance_table *t)
{
	static const char *const names[] = {"", "nav_dots 1 bit", "nav_dots 2 bits",
	"", "nav_dots 4 bits"};

	for (int bits = 1; bits <= 4; bits *= 2)
	{
		report		r = {level, names[bits], 0};

		for (size_t bytes = 16; bytes <= 400; bytes += 16)
		{
			check_nav(&r, t, bytes, bits, false);
			check_nav(&r, t, bytes, bits, true);
		}
		check_nav(&r, t, 8192, bits, true);
		finish(&r);
	}
}

static void
test_level(const char *level, const qd_distance_table *t)
{
	test_floats(level, t, "dot", dot);
	test_floats(level, t, "l2_squared", l2_squared);
	test_floats(level, t, "l1", l1);
	test_floats(level, t, "cosine_parts ab", cosine_ab);
	test_floats(level, t, "cosine_parts aa", cosine_aa);
	test_floats(level, t, "cosine_parts bb", cosine_bb);
	test_bytes(level, t, "dot_i8", dot_i8);
	test_bytes(level, t, "l1_u8", l1_u8);
	test_decoded(level, t);
	test_nav(level, t);
}

/* The oracle itself, on numbers worked out by hand. */
static void
test_oracle(void)
{
	static const float a[] = {1, 2, -3};
	static const float b[] = {4, -6, 0.5f};
	static const int8_t c[] = {-127, 127, 5};
	static const int8_t d[] = {-127, -127, 2};
	static const uint8_t e[] = {0, 255, 7};
	static const uint8_t f[] = {255, 0, 9};
	static const uint8_t codes[32] = {[17] = 1,[19] = 4};
	static const int8_t q[128] = {[1] = 3,[19] = 7,[35] = -5};
	static const uint16_t which[] = {1};
	int32_t		sum;
	const qd_distance_table *t = &qd_distance_scalar;
	report		r = {"scalar", "oracle", 0};

	if (t->dot(a, b, 3) != -9.5f)
		fail(&r, "dot", 3, t->dot(a, b, 3), -9.5);
	if (t->l2_squared(a, b, 3) != 85.25f)
		fail(&r, "l2_squared", 3, t->l2_squared(a, b, 3), 85.25);
	if (t->l1(a, b, 3) != 14.5f)
		fail(&r, "l1", 3, t->l1(a, b, 3), 14.5);
	if (cosine_ab(t, a, b, 3) != -9.5f)
		fail(&r, "ab", 3, cosine_ab(t, a, b, 3), -9.5);
	if (cosine_aa(t, a, b, 3) != 14)
		fail(&r, "aa", 3, cosine_aa(t, a, b, 3), 14);
	if (cosine_bb(t, a, b, 3) != 52.25f)
		fail(&r, "bb", 3, cosine_bb(t, a, b, 3), 52.25);
	if (t->dot_i8(c, d, 3) != 16129 - 16129 + 10)
		fail(&r, "dot_i8", 3, t->dot_i8(c, d, 3), 10);
	if (t->l1_u8(e, f, 3) != 512)
		fail(&r, "l1_u8", 3, t->l1_u8(e, f, 3), 512);
	t->nav_dots(codes, 16, 1, which, 1, q, &sum);
	if (sum != 3 - 5)			/* bit 0 of byte 1, bit 2 of byte 3 */
		fail(&r, "nav_dots 1 bit", 16, sum, 3 - 5);
	t->nav_dots(codes, 16, 2, which, 1, q, &sum);
	if (sum != 3 + 7)			/* plane 0 of byte 1, plane 1 of byte 3 */
		fail(&r, "nav_dots 2 bits", 16, sum, 3 + 7);
	if (t->l1_f32_i8(a, c, 0.5f, 3) != 64.5f + 61.5f + 5.5f)
		fail(&r, "l1_f32_i8", 3, t->l1_f32_i8(a, c, 0.5f, 3), 131.5);
	finish(&r);
}

/* A level that is not there falls to a lower one, never to none. */
static void
test_choice(void)
{
	report		r = {"all levels", "choice", 0};

	for (int level = QD_SIMD_AUTO; level <= QD_SIMD_LAST; level++)
	{
		qd_distance_choose_level((qd_simd_level) level);
		if (!qd_distance_supported(qd_distance.level) ||
			(level != QD_SIMD_AUTO && qd_distance.level > (qd_simd_level) level) ||
			(level != QD_SIMD_AUTO && qd_distance_supported(level) &&
			 qd_distance.level != (qd_simd_level) level))
			fail(&r, "chosen level", 0, qd_distance.level, level);
	}
	qd_distance_choose();
	for (int level = QD_SIMD_SCALAR; level <= QD_SIMD_LAST; level++)
		if (qd_distance_supported(level) && qd_distance.level < (qd_simd_level) level)
			fail(&r, "best level", 0, qd_distance.level, level);
	finish(&r);
}

int
main(void)
{
	static const char *const names[] = {"auto", "scalar", "avx2", "avx512", "neon"};

	guard_a = new_guard();
	guard_b = new_guard();
	test_oracle();
	test_choice();
	for (int level = QD_SIMD_SCALAR; level <= QD_SIMD_LAST; level++)
	{
		if (!qd_distance_supported((qd_simd_level) level))
		{
			printf("# skipped: this machine does not run %s\n", names[level]);
			continue;
		}
		qd_distance_choose_level((qd_simd_level) level);
		test_level(names[level], &qd_distance);
	}
	printf("kernels: %d passed, %d failed\n", passed, failed);
	return failed != 0;
}
