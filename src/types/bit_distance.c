/*
 * bit_distance.c
 *		Distances of the core type bit, as pgvector's: the operators <~> and
 *		<%>.
 */
#include "compat.h"

#include "utils/varbit.h"

#include "distance/elements.h"
#include "types/bit_distance.h"

double
qd_jaccard_distance(const bits8 *a, const bits8 *b, Size bytes)
{
	uint64		both;
	uint64		any;

	qd_elements.bit_overlap(a, b, bytes, &both, &any);
	return both == 0 ? 1 : 1 - (double) both / any;
}

static void
check_same_length(const VarBit *a, const VarBit *b)
{
	if (VARBITLEN(a) != VARBITLEN(b))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("different bit lengths %u and %u",
						VARBITLEN(a), VARBITLEN(b))));
}

QD_FUNCTION(qd_hamming_distance);
Datum
qd_hamming_distance(PG_FUNCTION_ARGS)
{
	VarBit	   *a = PG_GETARG_VARBIT_P(0);
	VarBit	   *b = PG_GETARG_VARBIT_P(1);

	check_same_length(a, b);
	PG_RETURN_FLOAT8(qd_elements.bit_hamming(VARBITS(a), VARBITS(b),
											 VARBITBYTES(a)));
}

QD_FUNCTION(qd_bit_jaccard);
Datum
qd_bit_jaccard(PG_FUNCTION_ARGS)
{
	VarBit	   *a = PG_GETARG_VARBIT_P(0);
	VarBit	   *b = PG_GETARG_VARBIT_P(1);

	check_same_length(a, b);
	PG_RETURN_FLOAT8(qd_jaccard_distance(VARBITS(a), VARBITS(b),
										 VARBITBYTES(a)));
}
