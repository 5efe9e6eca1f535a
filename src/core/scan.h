/*-------------------------------------------------------------------------
 *
 * scan.h
 *	  Compares and counts bytes at memory speed.
 *
 * Unchanged text is only ever compared and its newlines counted, so these
 * few loops are most of the cost of a small change to a large document.  They
 * are written with SSE2 or NEON intrinsics, which every 64-bit x86 and ARM
 * has; a compiler does not find this form by itself.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_SCAN_H
#define DIFFGEN_SCAN_H

#include "core/core.h"

#include "port/pg_bitutils.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

extern Size dg_common_prefix(const char *a, const char *b, Size max);
extern Size dg_common_suffix(const char *a_end, const char *b_end, Size max);
extern Size dg_equal_lines(const char *a, const char *b, Size max,
						   bool *all_equal);
extern Size dg_last_line_end(const char *text, Size len);
extern Size dg_count_newlines(const char *text, Size len);
extern void dg_split_lines(const char *text, uint32 start, uint32 end,
						   uint32 *offsets);

/*
 * The start of the line after the one at p, or end if it is the last.
 */
static inline const char *
dg_next_line(const char *p, const char *end)
{
	const char *newline;

#ifdef __SSE2__
	/* Most lines are short, and a call would cost more than this. */
	const __m128i newlines = _mm_set1_epi8('\n');
	int			i;

	for (i = 0; i < 4 && end - p >= 16; i++)
	{
		__m128i		bytes = _mm_loadu_si128((const __m128i *) p);
		int			found = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, newlines));

		if (found != 0)
			return p + pg_rightmost_one_pos32(found) + 1;
		p += 16;
	}
#endif

	newline = memchr(p, '\n', end - p);
	return newline ? newline + 1 : end;
}

/*
 * The start of the line that ends at p, which is after begin.  The text
 * before begin is not looked at: begin must be the start of a line.
 */
static inline const char *
dg_previous_line(const char *p, const char *begin)
{
	Assert(p > begin);

	return begin + dg_last_line_end(begin, p - begin - 1);
}

#endif							/* DIFFGEN_SCAN_H */
