/*-------------------------------------------------------------------------
 *
 * diff_view.h
 *	  What the viewers of a unified diff have in common.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_DIFF_VIEW_H
#define DIFFGEN_DIFF_VIEW_H

#include "core/core.h"
#include "core/unified_read.h"
#include "core/words.h"

/* A line to be shown. */
typedef struct ViewLine
{
	const char *text;			/* without mark or newline */
	uint32		len;
	uint32		start;			/* where it is in its side of the change */
	int32		number;
	bool		no_newline;
	int32		first_span;		/* the first that may reach into it */
	int32		partner;		/* of a removed line: the added one that is
								 * most like it, or -1 */
	int32		common;			/* and how many bytes they have in common */
} ViewLine;

/* The removed or the added lines of a change. */
typedef struct ViewSide
{
	ViewLine   *lines;
	int32		nlines;
	int32		maxlines;
	StringInfoData text;		/* all lines, each with a newline */
} ViewSide;

/* Changed lines that follow each other, and what changed within them. */
typedef struct ViewChange
{
	WordOptions options;
	ViewSide	removed;
	ViewSide	added;
	DiffScript	words;
	bool		has_words;		/* worth to be shown */
} ViewChange;

/* Goes through a change side by side. */
typedef struct ViewRows
{
	const ViewChange *change;
	int32		left;			/* next lines of either side */
	int32		right;
	int32		paired;			/* next removed line that has a partner */
} ViewRows;

/* A stretch of a line that is wholly changed, or wholly not. */
typedef struct ViewPiece
{
	const char *text;
	uint32		len;
	bool		changed;
} ViewPiece;

/* Goes through the pieces of a line. */
typedef struct ViewCursor
{
	const ViewChange *change;	/* NULL: the line has one piece */
	const ViewLine *line;
	bool		is_old;
	uint32		at;				/* bytes of the line gone by */
	int32		span;
} ViewCursor;

extern void dg_view_init(ViewChange *change, const WordOptions *options);
extern void dg_view_free(ViewChange *change);
extern void dg_view_read(ViewChange *change, UnifiedReader *r);
extern void dg_view_context(const UnifiedReader *r, bool is_old,
							ViewLine *line);
extern void dg_view_open(ViewCursor *cursor, const ViewChange *change,
						 const ViewLine *line, bool is_old);
extern bool dg_view_next(ViewCursor *cursor, ViewPiece *piece);
extern void dg_view_open_rows(ViewRows *rows, const ViewChange *change);
extern bool dg_view_next_row(ViewRows *rows, const ViewLine **left,
							 const ViewLine **right);
extern int	dg_view_digits(const char *diff, Size len);

#endif							/* DIFFGEN_DIFF_VIEW_H */
