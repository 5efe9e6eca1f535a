/*-------------------------------------------------------------------------
 *
 * unified.c
 *	  Writes a unified diff from a stream of equal, removed and added lines.
 *
 * The format is git's.  A hunk is a run of changes with up to `context` equal
 * lines around them; two changes with at most twice that many equal lines in
 * between share a hunk.  The header of a hunk gives, for each document, the
 * number of its first line and how many lines it has there; a count of one is
 * left out, and a count of zero is written with the number of the line before.
 *
 * Equal lines go through two places.  Those next after a change are trailing
 * context and are rendered at once.  The others wait in `pending`, which keeps
 * the last `context` of them: if a change comes before any of them had to be
 * let go, they continue the open hunk, and if not, they are the leading
 * context of a new one.
 *
 * Cost: what is rendered, plus constant time for each segment.
 *
 * Reference: the unified format as described in the POSIX standard for diff
 * (option -u), and git's documentation of diff formats.
 *
 *-------------------------------------------------------------------------
 */
#include "core/unified.h"

/* "@@ -a,b +c,d @@" and a newline, with four numbers of up to ten digits */
#define HUNK_HEADER_MAX		64

#define UNIFIED_INITIAL		16

static void
render(UnifiedWriter *w, const UnifiedSegment *segment, int32 nlines,
	   bool from_end, char prefix)
{
	if (w->out != NULL)
		w->render(w->source, segment, nlines, from_end, prefix, w->out);
}

/*
 * Append an entry to a growable array of segments.
 */
static void
push_segment(UnifiedPending **array, int32 *count, int32 *max,
			 const UnifiedSegment *segment, int32 nlines)
{
	if (*count == *max)
	{
		int32		newmax = (*max == 0) ? UNIFIED_INITIAL : *max * 2;

		if (*array == NULL)
			*array = dg_alloc(newmax, sizeof(UnifiedPending));
		else
			*array = dg_realloc(*array, newmax, sizeof(UnifiedPending));
		*max = newmax;
	}
	(*array)[*count].segment = *segment;
	(*array)[*count].nlines = nlines;
	(*count)++;
}

/*
 * Render the added lines of the change that just ended.
 */
static void
flush_added(UnifiedWriter *w)
{
	int32		i;

	for (i = 0; i < w->nadded; i++)
	{
		DG_CHECK_CANCEL();
		render(w, &w->added[i].segment, w->added[i].nlines, false, '+');
	}
	w->nadded = 0;
}

/*
 * Render the pending lines as context of the open hunk.
 */
static void
flush_pending(UnifiedWriter *w)
{
	int32		i;

	for (i = w->first_pending; i < w->npending; i++)
		render(w, &w->pending[i].segment, w->pending[i].nlines, true, ' ');

	w->hunk_old_count += (int32) w->pending_lines;
	w->hunk_new_count += (int32) w->pending_lines;
	w->first_pending = w->npending = 0;
	w->pending_lines = 0;
}

static char *
put_number(char *p, int32 number)
{
	char		digits[12];
	int			n = 0;

	do
	{
		digits[n++] = '0' + number % 10;
		number /= 10;
	} while (number > 0);
	while (n > 0)
		*p++ = digits[--n];
	return p;
}

static char *
put_range(char *p, int32 start, int32 count)
{
	p = put_number(p, count == 0 ? start : start + 1);
	if (count != 1)
	{
		*p++ = ',';
		p = put_number(p, count);
	}
	return p;
}

static void
put_label(StringInfo out, const char *marker, const char *label, int32 len)
{
	char	   *p = dg_reserve(out, (Size) len + 5);

	memcpy(p, marker, 4);
	memcpy(p + 4, label, len);
	p[4 + len] = '\n';
	out->len += len + 5;
}

static void
open_hunk(UnifiedWriter *w)
{
	w->in_hunk = true;
	w->hunk_old_start = w->old_line - (int32) w->pending_lines;
	w->hunk_new_start = w->new_line - (int32) w->pending_lines;
	w->hunk_old_count = w->hunk_new_count = 0;
	w->stat.hunks++;

	if (w->out == NULL)
		return;

	if (w->stat.hunks == 1)
	{
		put_label(w->out, "--- ", w->labels->old_label, w->labels->old_len);
		put_label(w->out, "+++ ", w->labels->new_label, w->labels->new_len);
	}

	/* The header's numbers are known at the end: leave room for it. */
	(void) dg_reserve(w->out, HUNK_HEADER_MAX);
	w->header_at = w->out->len;
	w->out->len += HUNK_HEADER_MAX;
}

static void
close_hunk(UnifiedWriter *w)
{
	flush_added(w);
	w->in_hunk = false;

	if (w->out != NULL)
	{
		char		header[HUNK_HEADER_MAX];
		char	   *p = header;
		char	   *room = w->out->data + w->header_at;
		int			len;

		memcpy(p, "@@ -", 4);
		p = put_range(p + 4, w->hunk_old_start, w->hunk_old_count);
		memcpy(p, " +", 2);
		p = put_range(p + 2, w->hunk_new_start, w->hunk_new_count);
		memcpy(p, " @@\n", 4);
		len = p + 4 - header;

		memcpy(room, header, len);
		memmove(room + len, room + HUNK_HEADER_MAX,
				w->out->len - w->header_at - HUNK_HEADER_MAX);
		w->out->len -= HUNK_HEADER_MAX - len;
		w->out->data[w->out->len] = '\0';
	}
}

/*
 * Get ready for changed lines: they go to the open hunk, or to a new one.
 */
static void
begin_change(UnifiedWriter *w)
{
	if (!w->in_hunk)
		open_hunk(w);
	if (w->pending_lines > 0)
		flush_pending(w);
	w->trailing = w->context;
}

/*
 * Keep equal lines for later, but no more than the last `context` ones.
 * Returns true if older ones had to be let go.
 */
static bool
keep_pending(UnifiedWriter *w, const UnifiedSegment *segment, int32 nlines)
{
	bool		dropped = false;

	if (nlines >= w->context)
	{
		dropped = (nlines > w->context || w->pending_lines > 0);
		w->first_pending = w->npending = 0;
		w->pending_lines = 0;
		nlines = w->context;
		if (nlines == 0)
			return dropped;
	}

	/* Move the entries in use to the front rather than grow without end. */
	if (w->npending == w->maxpending && w->first_pending > w->maxpending / 2)
	{
		w->npending -= w->first_pending;
		memmove(w->pending, w->pending + w->first_pending,
				w->npending * sizeof(UnifiedPending));
		w->first_pending = 0;
	}
	push_segment(&w->pending, &w->npending, &w->maxpending, segment, nlines);
	w->pending_lines += nlines;

	while (w->pending_lines > w->context)
	{
		UnifiedPending *first = &w->pending[w->first_pending];
		int64		excess = w->pending_lines - w->context;

		dropped = true;
		if (first->nlines > excess)
		{
			first->nlines -= (int32) excess;
			w->pending_lines -= excess;
		}
		else
		{
			w->pending_lines -= first->nlines;
			w->first_pending++;
		}
	}
	return dropped;
}

/*
 * dg_unified_begin
 *		Start a diff.
 *
 * Lines are rendered by render(source, ...); context is the number of equal
 * lines around a change.  labels and out must live until dg_unified_end; with
 * out NULL nothing is rendered and only w->stat is filled.
 */
void
dg_unified_begin(UnifiedWriter *w, UnifiedRender render_func, void *source,
				 int32 context, const UnifiedLabels *labels, StringInfo out)
{
	memset(w, 0, sizeof(UnifiedWriter));
	w->render = render_func;
	w->source = source;
	w->context = context;
	w->labels = labels;
	w->out = out;
	w->stat.exact = true;
}

/*
 * dg_unified_equal
 *		The next nlines lines are the same in both documents.
 */
void
dg_unified_equal(UnifiedWriter *w, const UnifiedSegment *segment, int32 nlines)
{
	if (nlines <= 0)
		return;

	w->old_line += nlines;
	w->new_line += nlines;

	if (w->in_hunk)
	{
		flush_added(w);
		if (w->trailing > 0)
		{
			int32		head = Min(nlines, w->trailing);

			render(w, segment, head, false, ' ');
			w->hunk_old_count += head;
			w->hunk_new_count += head;
			w->trailing -= head;
			nlines -= head;
			if (nlines == 0)
				return;
		}
	}

	if (keep_pending(w, segment, nlines) && w->in_hunk)
		close_hunk(w);
}

/*
 * dg_unified_remove
 *		The next nlines lines of the old document are not in the new one.
 */
void
dg_unified_remove(UnifiedWriter *w, const UnifiedSegment *segment, int32 nlines)
{
	if (nlines <= 0)
		return;

	begin_change(w);
	render(w, segment, nlines, false, '-');
	w->old_line += nlines;
	w->hunk_old_count += nlines;
	w->stat.removed += nlines;
}

/*
 * dg_unified_add
 *		The next nlines lines of the new document are not in the old one.
 *
 * The segment is rendered later, so what it points to must live until the
 * next call of dg_unified_equal or dg_unified_end.
 */
void
dg_unified_add(UnifiedWriter *w, const UnifiedSegment *segment, int32 nlines)
{
	if (nlines <= 0)
		return;

	begin_change(w);
	if (w->out != NULL)
		push_segment(&w->added, &w->nadded, &w->maxadded, segment, nlines);
	w->new_line += nlines;
	w->hunk_new_count += nlines;
	w->stat.added += nlines;
}

/*
 * dg_unified_end
 *		Finish the diff; w->stat is final then.
 */
void
dg_unified_end(UnifiedWriter *w)
{
	if (w->in_hunk)
		close_hunk(w);
	dg_free(w->pending);
	dg_free(w->added);
	w->pending = w->added = NULL;
}

/*
 * dg_unified_line
 *		Append one line to a diff: prefix, content, newline.
 *
 * For renderers.  complete is false for a last line that has no newline; the
 * diff then says so.
 */
void
dg_unified_line(StringInfo out, char prefix, const char *content, Size len,
				bool complete)
{
	char	   *p = dg_reserve(out, len + 2 + sizeof(NO_NEWLINE_MARKER));

	*p++ = prefix;
	memcpy(p, content, len);
	p[len] = '\n';
	out->len += len + 2;
	if (!complete)
	{
		memcpy(p + len + 1, NO_NEWLINE_MARKER, sizeof(NO_NEWLINE_MARKER) - 1);
		out->len += sizeof(NO_NEWLINE_MARKER) - 1;
	}
}
