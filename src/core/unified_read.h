/*-------------------------------------------------------------------------
 *
 * unified_read.h
 *	  Reads a unified diff, one line at a time.
 *
 * A pull parser: dg_unified_open, then dg_unified_read until it returns
 * UNIFIED_END or UNIFIED_ERROR.  Nothing is allocated or copied, pointers go
 * into the diff, and the reader is a plain struct: a copy of it is a bookmark
 * from which one can read again.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_UNIFIED_READ_H
#define DIFFGEN_UNIFIED_READ_H

#include "core/core.h"

typedef enum UnifiedKind
{
	UNIFIED_END,				/* the diff was read to its end */
	UNIFIED_ERROR,				/* reader.fault says what is wrong */
	UNIFIED_NOTE,				/* a line outside hunks that means nothing */
	UNIFIED_FILE,				/* "diff --git ..." */
	UNIFIED_OLD_NAME,			/* "--- name"; UNIFIED_NEW_NAME follows */
	UNIFIED_NEW_NAME,			/* "+++ name" */
	UNIFIED_HUNK,				/* "@@ -1,2 +1,3 @@ heading" */
	UNIFIED_LINE				/* a line of a hunk */
} UnifiedKind;

typedef enum UnifiedFault
{
	UNIFIED_FAULT_NONE,
	UNIFIED_FAULT_NO_HUNKS,		/* no hunk and no git header in the text */
	UNIFIED_FAULT_HEADER,		/* "@@ -" that is no hunk header */
	UNIFIED_FAULT_STRAY_HUNK,	/* a hunk after text that ended the hunks */
	UNIFIED_FAULT_TRUNCATED,	/* the diff ends inside a hunk */
	UNIFIED_FAULT_PREFIX,		/* a line in a hunk that starts with no mark */
	UNIFIED_FAULT_COUNT,		/* a line that no hunk header has counted */
	UNIFIED_FAULT_MARKER,		/* a no-newline marker that follows no line */
	UNIFIED_FAULT_INCOMPLETE,	/* a line after one that has no newline */
	UNIFIED_FAULT_COMBINED,		/* a merge's combined diff */
	UNIFIED_FAULT_BINARY		/* a binary patch */
} UnifiedFault;

/* Where the reader is with respect to hunks. */
typedef enum UnifiedPlace
{
	UNIFIED_IN_HEADER,			/* before the first hunk of a file */
	UNIFIED_AFTER_HUNK,			/* directly after a hunk's last line */
	UNIFIED_IN_TRAILER			/* in other text after the hunks */
} UnifiedPlace;

typedef struct UnifiedReader
{
	const char *next;			/* not read yet */
	const char *end;
	int32		lines_read;
	UnifiedPlace place;
	bool		in_git_header;	/* after "diff --git", before a name or hunk */
	bool		has_text;		/* some line was not blank */
	bool		has_git;		/* some "diff --git" was seen */
	bool		name_due;		/* "+++" is the next line */
	bool		names_open;		/* names were read, but no hunk since */
	int32		old_left;		/* lines still to come in the hunk */
	int32		new_left;
	bool		old_implied;	/* the header gives no count, so it means 1 */
	bool		new_implied;
	bool		old_closed;		/* that side's last line has no newline */
	bool		new_closed;
	bool		old_empty;		/* some hunk's missing count meant 0 */
	bool		new_empty;

	/* the item just read */
	UnifiedKind kind;
	UnifiedFault fault;
	int32		line_no;		/* its number in the diff, from 1 */
	const char *raw;			/* as in the diff, with newline and marker */
	uint32		raw_len;
	const char *line;			/* without mark or newline; a name's or hunk's
								 * rest of the line */
	uint32		len;
	int32		file;			/* from 1; 0 before the first */
	int32		hunk;			/* from 1, over the whole diff */

	/* the hunk it is in; counts are what the header says, or means */
	int32		old_start;
	int32		old_count;
	int32		new_start;
	int32		new_count;
	const char *old_range;		/* the two ranges, as written after the sign */
	const char *new_range;
	uint32		old_range_len;
	uint32		new_range_len;

	/* a line of a hunk */
	char		op;				/* ' ', '-' or '+' */
	bool		no_newline;
	int32		old_line;		/* lines count from 1; 0 on the side that */
	int32		new_line;		/* does not have the line */
	int32		old_next;		/* the next line's numbers */
	int32		new_next;
} UnifiedReader;

extern void dg_unified_open(UnifiedReader *r, const char *diff, Size len);
extern UnifiedKind dg_unified_read(UnifiedReader *r);
extern int32 dg_unified_old_at(const UnifiedReader *r);
extern int32 dg_unified_new_at(const UnifiedReader *r);

#endif							/* DIFFGEN_UNIFIED_READ_H */
