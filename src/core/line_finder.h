/*-------------------------------------------------------------------------
 *
 * line_finder.h
 *	  Finds where a run of lines stands in a document.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_LINE_FINDER_H
#define DIFFGEN_LINE_FINDER_H

#include "core/core.h"

typedef struct LineFinder
{
	int32		nlines;
	uint32	   *starts;			/* byte offset of each line, and of the end */
	uint64	   *hashes;			/* of each line */
	uint64	   *sums;			/* of all lines before it, see the .c file */
	int32	   *nexts;			/* next line like it, or -1 */
	int32	   *counts;			/* how many from here on are like it */
	int32	   *slots;			/* hash table of first lines; -1 is free */
	uint32		mask;
	int64		steps;			/* left before the search is given up */
} LineFinder;

/* The lines to look for. */
typedef struct LineRun
{
	uint64	   *hashes;
	int32		count;
	int32		rarest;			/* the line to look up, set by
								 * dg_finder_prepare */
	uint64		sum;
	uint64		power;
} LineRun;

extern uint64 dg_line_hash(const char *line, uint32 len, bool bare);
extern void dg_finder_init(LineFinder *finder, const char *doc, Size len,
						   int64 steps);
extern void dg_finder_free(LineFinder *finder);
extern void dg_finder_prepare(LineFinder *finder, LineRun *run);
extern int32 dg_finder_next(LineFinder *finder, const LineRun *run, int32 after,
							int32 first_line);

#endif							/* DIFFGEN_LINE_FINDER_H */
