/*-------------------------------------------------------------------------
 *
 * lazy.h
 *	  A shortest edit script of two texts that differ in a few lines.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_LAZY_H
#define DIFFGEN_LAZY_H

#include "core/core.h"
#include "core/script.h"

/*
 * A stretch of lines in a text: bytes [start, end), of which the first is on
 * line first_line (from 0).
 */
typedef struct LineRange
{
	const char *text;			/* the whole text */
	uint32		start;
	uint32		end;
	int32		first_line;
} LineRange;

extern bool dg_lazy_search(const LineRange *old_range,
						   const LineRange *new_range, DiffScript *script);

#endif							/* DIFFGEN_LAZY_H */
