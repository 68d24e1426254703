/*
 * driver.h
 *		What a target in a server's process offers its driver.
 */
#ifndef FUZZ_DRIVER_H
#define FUZZ_DRIVER_H

#include "postgres.h"

/* Looks at one input; errors of class 22 and 54 are answers, too. */
extern void fuzz_target(const char *data, size_t size);

/* Ends the run unless it holds. */
extern void fuzz_demand(bool holds, const char *what);

#endif							/* FUZZ_DRIVER_H */
