/*
 * arm_neon.h
 *		NEON's intrinsics in plain C, by SIMDe (libsimde-dev): in the way of the
 *		compiler's header of this name where the kernels of src/distance for
 *		64-bit ARM are tested on another processor.
 */
#ifndef QD_UNIT_ARM_NEON_H
#define QD_UNIT_ARM_NEON_H

/* which the Makefile defines; SIMDe would believe it */
#undef __aarch64__
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/arm/neon.h>
#define __aarch64__ 1

#endif							/* QD_UNIT_ARM_NEON_H */
