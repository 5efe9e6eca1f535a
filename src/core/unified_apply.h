/*-------------------------------------------------------------------------
 *
 * unified_apply.h
 *	  Applies a unified diff to a text, exactly.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_UNIFIED_APPLY_H
#define DIFFGEN_UNIFIED_APPLY_H

#include "core/core.h"
#include "core/unified_read.h"

typedef enum UnifiedOutcome
{
	UNIFIED_APPLIED,
	UNIFIED_MALFORMED,			/* the reader's fault says how */
	UNIFIED_MANY_FILES,			/* the diff is of more than one file */
	UNIFIED_OUT_OF_ORDER,		/* a hunk overlaps or precedes the one before */
	UNIFIED_MISMATCH,			/* no place in the document has these lines */
	UNIFIED_AMBIGUOUS,			/* more than one place has them */
	UNIFIED_NOT_AT_END,			/* the lines must end the document */
	UNIFIED_NO_LINE,			/* to add after; or it has no newline */
	UNIFIED_UNCERTAIN,			/* nothing tells where to insert */
	UNIFIED_OLD_NOT_EMPTY,		/* the diff is from an empty document */
	UNIFIED_NEW_NOT_EMPTY,		/* the diff is to an empty document */
	UNIFIED_TOO_COSTLY			/* the search for moved hunks was given up */
} UnifiedOutcome;

/* What went wrong, and where.  Pointers go into the diff and the document. */
typedef struct UnifiedFailure
{
	UnifiedOutcome outcome;
	UnifiedReader reader;		/* where reading the diff ended */
	int32		hunk;			/* from 1 */
	int32		line_no;		/* line of the diff, from 1 */
	int32		doc_line;		/* line of the document, from 1 */
	int32		other_line;		/* UNIFIED_AMBIGUOUS: another such line */
	const char *expected;		/* UNIFIED_MISMATCH: the line in the diff */
	uint32		expected_len;
	bool		expected_bare;	/* it has no newline */
	const char *found;			/* and in the document; NULL at its end */
	uint32		found_len;
	bool		found_bare;
} UnifiedFailure;

extern UnifiedOutcome dg_unified_apply(const char *doc, Size doc_len,
									   const char *diff, Size diff_len,
									   StringInfo out,
									   UnifiedFailure *failure);

#endif							/* DIFFGEN_UNIFIED_APPLY_H */
