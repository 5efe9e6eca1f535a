/*-------------------------------------------------------------------------
 *
 * intern.h
 *	  Gives equal lines of two texts equal numbers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_INTERN_H
#define DIFFGEN_INTERN_H

#include "core/lazy.h"
#include "core/lines.h"

/* The lines of one range. */
typedef struct LineIndex
{
	uint32	   *offsets;		/* nlines + 1 of them; the last is the end */
	uint32	   *ids;
	int32		nlines;
} LineIndex;

extern uint32 dg_intern_lines(const LineRange *old_range,
							  const LineRange *new_range,
							  WhitespaceMode whitespace,
							  LineIndex *old_index, LineIndex *new_index);

#endif							/* DIFFGEN_INTERN_H */
