/*
 * rotation.h
 *		A random rotation that costs n log n: random signs and fast
 *		Walsh-Hadamard transforms.  Pure C.
 *
 * Rounding a rotated vector to bytes loses little whatever its coordinates
 * were: a rotation spreads what stood in a few of them over all.
 */
#ifndef QD_ROTATION_H
#define QD_ROTATION_H

#include <stddef.h>
#include <stdint.h>

/* Below, coordinates stay as they are: there is nothing to spread. */
#define QD_ROTATION_MIN_DIM	16

/* Largest power of two <= n, smallest >= n; n >= 1. */
extern size_t qd_power_below(size_t n);
extern size_t qd_power_above(size_t n);

/* Bytes of sign bits that either rotation needs, and their making. */
extern size_t qd_rotation_memory(uint32_t dim);
extern void qd_rotation_init(uint8_t *signs, uint32_t dim, uint64_t seed);

/* Rotates x[dim] in place, keeping lengths and angles. */
extern void qd_rotate(const uint8_t *signs, float *x, uint32_t dim);

/*
 * Rotates in the next power of two of dimensions: x has room for
 * qd_power_above(dim).  Every prefix of the result, scaled by the root of
 * length over prefix, is an unbiased projection.
 */
extern void qd_rotate_padded(const uint8_t *signs, float *x, uint32_t dim);

#endif							/* QD_ROTATION_H */
