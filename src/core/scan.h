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

extern Size dg_common_prefix(const char *a, const char *b, Size max);
extern Size dg_common_suffix(const char *a_end, const char *b_end, Size max);
extern Size dg_equal_lines(const char *a, const char *b, Size max,
						   bool *all_equal);
extern Size dg_count_newlines(const char *text, Size len);
extern void dg_split_lines(const char *text, uint32 start, uint32 end,
						   uint32 *offsets);

/*
 * The start of the line after the one at p, or end if it is the last.
 */
static inline const char *
dg_next_line(const char *p, const char *end)
{
	const char *newline = memchr(p, '\n', end - p);

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

	for (p--; p > begin && p[-1] != '\n'; p--)
		;
	return p;
}

#endif							/* DIFFGEN_SCAN_H */
