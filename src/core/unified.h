/*-------------------------------------------------------------------------
 *
 * unified.h
 *	  Writes a unified diff from a stream of equal, removed and added lines.
 *
 * The writer owns the rules of the format (which lines are context, when two
 * hunks are one, what a header says) and is the only place that does.  It
 * does not own lines: a source hands it segments, runs of lines that it can
 * render when asked, forwards from their start or only their last ones.  So a
 * source may describe a million unchanged lines in a few words and is asked
 * for at most `context` of them.
 *
 * Use: dg_unified_begin; then, in document order, dg_unified_equal for what
 * both documents have, and dg_unified_remove and dg_unified_add for what one
 * of them has (in any order: lines removed and added with nothing equal in
 * between are shown as git does, the removed ones first); dg_unified_end.  The
 * result is in `out`, which is left empty when nothing changed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_UNIFIED_H
#define DIFFGEN_UNIFIED_H

#include "core/core.h"
#include "core/script.h"

/* What follows a line that has no newline, as git and GNU diff write it. */
#define NO_NEWLINE_MARKER	"\\ No newline at end of file\n"

/*
 * A run of lines.  What the words mean is the source's business: a text has
 * its first byte in ptr and the byte length in len; a tree has a node and how
 * to show it.
 */
typedef struct UnifiedSegment
{
	const void *ptr;
	const void *aux;
	uint32		len;
	uint32		word[3];
} UnifiedSegment;

/*
 * Renders nlines lines of a segment into out, each as prefix, content and
 * newline (dg_unified_line does that): the segment's first lines, or its last
 * ones when from_end is true.
 */
typedef void (*UnifiedRender) (void *source, const UnifiedSegment *segment,
							   int32 nlines, bool from_end, char prefix,
							   StringInfo out);

typedef struct UnifiedLabels
{
	const char *old_label;		/* already quoted where it needs to be */
	const char *new_label;
	int32		old_len;
	int32		new_len;
} UnifiedLabels;

/* Lines whose place in the output is not known yet. */
typedef struct UnifiedPending
{
	UnifiedSegment segment;
	int32		nlines;			/* how many of the segment's last lines */
} UnifiedPending;

typedef struct UnifiedWriter
{
	UnifiedRender render;
	void	   *source;
	const UnifiedLabels *labels;
	StringInfo	out;			/* NULL: only count */
	int32		context;

	int32		old_line;		/* lines gone by, of each document */
	int32		new_line;

	/* the open hunk */
	bool		in_hunk;
	int32		hunk_old_start;
	int32		hunk_new_start;
	int32		hunk_old_count;
	int32		hunk_new_count;
	int			header_at;		/* where its header will stand in out */
	int32		trailing;		/* context lines it may still take */

	/* equal lines after the last change that are not in a hunk yet */
	UnifiedPending *pending;
	int32		first_pending;
	int32		npending;
	int32		maxpending;
	int64		pending_lines;

	/* added lines, which stand after all removed lines of their change */
	UnifiedPending *added;
	int32		nadded;
	int32		maxadded;

	DiffStat	stat;
} UnifiedWriter;

extern void dg_unified_begin(UnifiedWriter *w, UnifiedRender render,
							 void *source, int32 context,
							 const UnifiedLabels *labels, StringInfo out);
extern void dg_unified_equal(UnifiedWriter *w, const UnifiedSegment *segment,
							 int32 nlines);
extern void dg_unified_remove(UnifiedWriter *w, const UnifiedSegment *segment,
							  int32 nlines);
extern void dg_unified_add(UnifiedWriter *w, const UnifiedSegment *segment,
						   int32 nlines);
extern void dg_unified_end(UnifiedWriter *w);

extern void dg_unified_line(StringInfo out, char prefix, const char *content,
							Size len, bool complete);

#endif							/* DIFFGEN_UNIFIED_H */
