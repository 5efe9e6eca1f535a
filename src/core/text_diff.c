/*-------------------------------------------------------------------------
 *
 * text_diff.c
 *	  Line diffs of two texts held in memory.
 *
 * Stages:
 *
 *	1.	The bytes that both texts start with, and those they end with, are set
 *		aside in whole lines (scan.c).  That alone decides equal texts, and
 *		changes that only add or only remove lines in one place.
 *	2.	What is left, the changed middle, goes to a search on bytes that does
 *		not split it into lines (lazy.c).  It finds a shortest script if there
 *		are few changes, which is what a history of a document is made of.
 *	3.	If there are many, or the algorithm or the treatment of white space
 *		asks for it, the lines of the middle are numbered (intern.c) and the
 *		numbers searched (search.c).
 *	4.	Edits are slid to where a reader expects them (compact.c), also into
 *		what stage 1 set aside.
 *
 * Example: two versions of a document of 20,000 lines, in which line 5,000
 * and line 15,000 changed.  Stage 1 compares 4,999 lines from the front and
 * 5,000 from the back; stage 2 compares the 9,999 in between in one go, and
 * has looked for the end of six lines in each text when it is done.
 *
 * Cost: stages 1, 2 and 4 are linear in the bytes; for stage 3 see search.c.
 * Memory: nothing for what stage 1 set aside; for a line of the middle, see
 * intern.c and search.c; 32 bytes an edit for the script.
 *
 *-------------------------------------------------------------------------
 */
#include "core/text_diff.h"

#include "core/compact.h"
#include "core/intern.h"
#include "core/lazy.h"
#include "core/scan.h"

/*
 * Is the offset the start of a line, or of the text?
 */
static bool
at_line_start(const LineRange *range, uint32 offset)
{
	return offset == 0 || range->text[offset - 1] == '\n';
}

/*
 * Set aside the lines that both ranges start with.
 */
static void
trim_head(LineRange *old_range, LineRange *new_range)
{
	Size		max = Min(old_range->end, new_range->end);
	Size		len = dg_common_prefix(old_range->text, new_range->text, max);
	int32		nlines;

	if (len == old_range->end && len == new_range->end)
	{
		/* The texts are equal, and no line number matters. */
		old_range->start = new_range->start = len;
		return;
	}
	len = dg_last_line_end(old_range->text, len);
	nlines = (int32) dg_count_newlines(old_range->text, len);
	old_range->start = new_range->start = len;
	old_range->first_line = new_range->first_line = nlines;
}

/*
 * Set aside the lines that both ranges end with.
 */
static void
trim_tail(LineRange *old_range, LineRange *new_range)
{
	Size		max = Min(old_range->end - old_range->start,
						  new_range->end - new_range->start);
	Size		len = dg_common_suffix(old_range->text + old_range->end,
									   new_range->text + new_range->end, max);

	/* The equal bytes may start within a line of either text. */
	if (!at_line_start(old_range, old_range->end - len) ||
		!at_line_start(new_range, new_range->end - len))
	{
		const char *end = old_range->text + old_range->end;

		len = end - dg_next_line(end - len, end);
	}
	old_range->end -= len;
	new_range->end -= len;
}

/*
 * Append one edit: all of both ranges was replaced.
 */
static void
replace_all(const LineRange *old_range, const LineRange *new_range,
			DiffScript *script)
{
	const LineRange *ranges[2];
	int32		count[2];
	DiffEdit	edit;
	DiffSpan	span;
	int			i;

	ranges[0] = old_range;
	ranges[1] = new_range;
	for (i = 0; i < 2; i++)
	{
		const char *start = ranges[i]->text + ranges[i]->start;
		const char *end = ranges[i]->text + ranges[i]->end;

		count[i] = (int32) dg_count_newlines(start, end - start);
		if (end > start && end[-1] != '\n')
			count[i]++;
	}
	edit.old_start = old_range->first_line;
	edit.new_start = new_range->first_line;
	edit.old_count = count[0];
	edit.new_count = count[1];
	span.old_off = old_range->start;
	span.new_off = new_range->start;
	span.old_len = old_range->end - old_range->start;
	span.new_len = new_range->end - new_range->start;
	dg_script_add(script, &edit, &span);
}

/*
 * Number the lines of both ranges, and search the numbers.
 */
static void
search_lines(const LineRange *old_range, const LineRange *new_range,
			 const TextDiffOptions *options, DiffScript *script)
{
	LineIndex	old_index;
	LineIndex	new_index;
	DiffScript	lines;
	uint32		nids;
	int32		i;

	nids = dg_intern_lines(old_range, new_range, options->whitespace,
						   &old_index, &new_index);
	dg_script_init(&lines, false);
	dg_search_ids(old_index.ids, old_index.nlines,
				  new_index.ids, new_index.nlines,
				  nids, options->algorithm, &lines);
	dg_free(old_index.ids);
	dg_free(new_index.ids);
	if (!lines.exact)
		script->exact = false;

	for (i = 0; i < lines.nedits; i++)
	{
		DiffEdit	edit = lines.edits[i];
		DiffSpan	span;

		span.old_off = old_index.offsets[edit.old_start];
		span.old_len = old_index.offsets[edit.old_start + edit.old_count] -
			span.old_off;
		span.new_off = new_index.offsets[edit.new_start];
		span.new_len = new_index.offsets[edit.new_start + edit.new_count] -
			span.new_off;
		edit.old_start += old_range->first_line;
		edit.new_start += new_range->first_line;
		dg_script_add(script, &edit, &span);
	}
	dg_script_free(&lines);
	dg_free(old_index.offsets);
	dg_free(new_index.offsets);
}

/*
 * dg_text_diff
 *		Append to script the edits that turn one text into another.
 *
 * Texts are bytes, shorter than 1 GB, and need no terminator.  The script must
 * be one with spans.  It is empty when the texts are equal, in the options'
 * sense of it; script->exact becomes false if a cost cap ended the search.
 * Raises an error if the changed middle has more than DG_MAX_LINES lines.
 */
void
dg_text_diff(const char *old_text, Size old_len,
			 const char *new_text, Size new_len,
			 const TextDiffOptions *options, DiffScript *script)
{
	LineRange	old_range = {old_text, 0, old_len, 0};
	LineRange	new_range = {new_text, 0, new_len, 0};

	trim_head(&old_range, &new_range);
	trim_tail(&old_range, &new_range);

	if (options->whitespace == WHITESPACE_EXACT)
	{
		bool		shortest = (options->algorithm == DIFF_MYERS ||
								options->algorithm == DIFF_MINIMAL);

		if (old_range.start == old_range.end ||
			new_range.start == new_range.end)
			replace_all(&old_range, &new_range, script);
		else if (!shortest || !dg_lazy_search(&old_range, &new_range, script))
			search_lines(&old_range, &new_range, options, script);
	}
	else
		search_lines(&old_range, &new_range, options, script);

	if (script->nedits > 0)
		dg_compact_script(old_text, old_len, new_text, new_len,
						  options->whitespace, true, script);
}

/*
 * Render lines of a text for the unified writer.
 */
static void
render_text(void *source, const UnifiedSegment *segment, int32 nlines,
			bool from_end, char prefix, StringInfo out)
{
	const char *p = segment->ptr;
	const char *end = p + segment->len;
	int32		i;

	if (from_end)
	{
		const char *begin = p;

		for (p = end, i = 0; i < nlines; i++)
		{
			if ((i & 0xfff) == 0)
				DG_CHECK_CANCEL();
			p = dg_previous_line(p, begin);
		}
	}
	for (i = 0; i < nlines; i++)
	{
		const char *next = dg_next_line(p, end);
		bool		complete = (next[-1] == '\n');

		dg_unified_line(out, prefix, p, next - p - complete, complete);
		p = next;
		if ((i & 0xff) == 0)
			DG_CHECK_CANCEL();
	}
}

/*
 * The number of lines in a stretch of text, but no more than max.
 */
static int32
count_lines(const char *p, const char *end, int32 max)
{
	int32		nlines;

	for (nlines = 0; nlines < max && p < end; nlines++)
	{
		if ((nlines & 0xfff) == 0)
			DG_CHECK_CANCEL();
		p = dg_next_line(p, end);
	}
	return nlines;
}

/*
 * dg_text_unified
 *		Write the unified diff that a script of two texts amounts to.
 *
 * Appends to out, which may be NULL if only *stat is wanted; labels are then
 * not used.  Context lines are those of the new text, which matters only when
 * white space is ignored.  Raises an error if out would pass the limit of a
 * value.  O(edits + bytes written).
 */
void
dg_text_unified(const char *old_text, const char *new_text, Size new_len,
				const DiffScript *script, int32 context,
				const UnifiedLabels *labels, StringInfo out, DiffStat *stat)
{
	UnifiedWriter writer;
	UnifiedSegment segment = {0};
	int32		line = 0;
	uint32		offset = 0;
	int32		i;

	dg_unified_begin(&writer, render_text, NULL, context, labels, out);
	for (i = 0; i < script->nedits; i++)
	{
		const DiffEdit *edit = &script->edits[i];
		const DiffSpan *span = &script->spans[i];

		segment.ptr = new_text + offset;
		segment.len = span->new_off - offset;
		dg_unified_equal(&writer, &segment, edit->new_start - line);

		segment.ptr = old_text + span->old_off;
		segment.len = span->old_len;
		dg_unified_remove(&writer, &segment, edit->old_count);

		segment.ptr = new_text + span->new_off;
		segment.len = span->new_len;
		dg_unified_add(&writer, &segment, edit->new_count);

		line = edit->new_start + edit->new_count;
		offset = span->new_off + span->new_len;
		if ((i & 0xff) == 0)
			DG_CHECK_CANCEL();
	}

	/* After the last edit only its trailing context matters. */
	if (script->nedits > 0)
	{
		segment.ptr = new_text + offset;
		segment.len = new_len - offset;
		dg_unified_equal(&writer, &segment,
						 count_lines(new_text + offset, new_text + new_len,
									 context));
	}
	dg_unified_end(&writer);
	*stat = writer.stat;
	stat->exact = script->exact;
}
