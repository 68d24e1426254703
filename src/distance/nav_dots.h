/*
 * nav_dots.h
 *		qd_distance_table.nav_dots of one SIMD level.  The file that includes
 *		it has defined TARGET and an always inlined
 *
 *			int32_t nav_dot(const uint8_t *code, const int8_t *q,
 *							size_t bytes, int bits)
 *
 * which gets its bits as a constant, so that its loops over planes unroll.
 */
TARGET static void
nav_dots(const uint8_t *codes, size_t bytes, int bits, const uint16_t *which,
		 size_t n, const int8_t *q, int32_t *out)
{
	if (bits == 1)
		for (size_t i = 0; i < n; i++)
			out[i] = nav_dot(codes + which[i] * bytes, q, bytes, 1);
	else if (bits == 2)
		for (size_t i = 0; i < n; i++)
			out[i] = nav_dot(codes + which[i] * bytes, q, bytes, 2);
	else
		for (size_t i = 0; i < n; i++)
			out[i] = nav_dot(codes + which[i] * bytes, q, bytes, 4);
}
