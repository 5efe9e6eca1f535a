/*-------------------------------------------------------------------------
 *
 * diff_view.c
 *	  What the viewers of a unified diff have in common.
 *
 * A viewer reads the diff with the reader.  When it comes to a change, lines
 * removed and added with no context in between, it has the lines collected
 * here, with the words that differ between the two sides.  Both sides are
 * compared as a whole, so that words find each other also when a line was
 * broken in two.  When little is left in common, showing that would only be
 * confusing, and the lines count as changed altogether.  For showing both
 * sides side by side, lines that have words in common are partners, and the
 * others stand in the room between them.
 *
 * Memory is that of the largest change, and is used again for the next.  Time
 * is linear but for the search for words, which is capped.
 *
 *-------------------------------------------------------------------------
 */
#include "core/diff_view.h"

#include "core/bytes.h"

#define INITIAL_LINES	32

/* One part in so many is enough in common. */
#define SIMILAR_SHARE	4

/*
 * dg_view_init
 *		Prepare to read changes; memory is in the current context.
 */
void
dg_view_init(ViewChange *change, const WordOptions *options)
{
	memset(change, 0, sizeof(ViewChange));
	change->options = *options;
	initStringInfo(&change->removed.text);
	initStringInfo(&change->added.text);
	dg_script_init(&change->words, true);
}

/*
 * dg_view_free
 *		Free what dg_view_init and dg_view_read have allocated.
 */
void
dg_view_free(ViewChange *change)
{
	pfree(change->removed.text.data);
	pfree(change->added.text.data);
	dg_free(change->removed.lines);
	dg_free(change->added.lines);
	dg_script_free(&change->words);
}

/* Adds the line just read to a side. */
static void
add_line(ViewSide *side, const UnifiedReader *r, int32 number)
{
	ViewLine   *line;

	if (side->nlines == side->maxlines)
	{
		side->maxlines = Max(side->maxlines * 2, INITIAL_LINES);
		side->lines = side->lines == NULL ?
			dg_alloc(side->maxlines, sizeof(ViewLine)) :
			dg_realloc(side->lines, side->maxlines, sizeof(ViewLine));
	}
	line = &side->lines[side->nlines++];
	line->text = r->line;
	line->len = r->len;
	line->start = side->text.len;
	line->number = number;
	line->no_newline = r->no_newline;
	line->first_span = 0;
	line->partner = -1;
	line->common = 0;
	dg_append(&side->text, r->line, r->len);
	dg_append_char(&side->text, '\n');
}

/*
 * Tells each line of a side which span is the first that may reach into it.
 */
static void
assign_spans(ViewSide *side, const DiffScript *words, bool is_old)
{
	int32		span = 0;
	int32		i;

	for (i = 0; i < side->nlines; i++)
	{
		while (span < words->nedits)
		{
			const DiffSpan *s = &words->spans[span];
			uint32		end = is_old ? s->old_off + s->old_len :
				s->new_off + s->new_len;

			if (end > side->lines[i].start)
				break;
			span++;
		}
		side->lines[i].first_span = span;
	}
}

/*
 * Makes two lines partners if they have enough in common, and more than what
 * either had with the partner before; *last is the removed line of that.
 * Called for lines in their order on both sides.
 */
static void
make_partners(ViewChange *change, int32 left, int32 right, int32 common,
			  int32 *last)
{
	ViewLine   *line;
	ViewLine   *rival;
	uint32		least;

	/* at the end of the text there may be no such line, but nothing common */
	if (common == 0)
		return;
	line = &change->removed.lines[left];
	rival = *last >= 0 ? &change->removed.lines[*last] : NULL;
	least = Min(line->len, change->added.lines[right].len);
	if ((uint64) common * SIMILAR_SHARE < least)
		return;
	if (rival != NULL && (*last == left || rival->partner == right))
	{
		if (common <= rival->common)
			return;
		rival->partner = -1;
	}
	line->partner = right;
	line->common = common;
	*last = left;
}

/*
 * Finds partners by what is equal between the edits: there, both sides have
 * the same bytes, and so their lines end at the same places.
 */
static void
find_partners(ViewChange *change)
{
	const char *text = change->removed.text.data;
	uint32		old_at = 0;
	uint32		new_at = 0;
	int32		left = 0;
	int32		right = 0;
	int32		common = 0;
	int32		last = -1;
	int32		i;

	for (i = 0; i <= change->words.nedits; i++)
	{
		const DiffSpan *span = i < change->words.nedits ?
			&change->words.spans[i] : NULL;
		uint32		old_end = span != NULL ? span->old_off :
			(uint32) change->removed.text.len;

		DG_CHECK_CANCEL();
		for (; old_at < old_end; old_at++, new_at++)
		{
			if (text[old_at] == '\n')
			{
				DG_CHECK_CANCEL();
				make_partners(change, left++, right++, common, &last);
				common = 0;
			}
			else if (text[old_at] != ' ' && text[old_at] != '\t')
				common++;
		}
		if (span == NULL)
			break;

		/* the edit may end lines on either side, or on both */
		old_at += span->old_len;
		new_at += span->new_len;
		if ((left < change->removed.nlines - 1 &&
			 old_at >= change->removed.lines[left + 1].start) ||
			(right < change->added.nlines - 1 &&
			 new_at >= change->added.lines[right + 1].start))
		{
			make_partners(change, left, right, common, &last);
			common = 0;
		}
		while (left < change->removed.nlines - 1 &&
			   old_at >= change->removed.lines[left + 1].start)
			left++;
		while (right < change->added.nlines - 1 &&
			   new_at >= change->added.lines[right + 1].start)
			right++;
	}
}

/* Whether enough of a side's text, without newlines, has not changed. */
static bool
has_common(const ViewSide *side, int64 changed)
{
	int64		len = side->text.len - side->nlines;

	return (len - changed) * SIMILAR_SHARE >= len;
}

/*
 * Whether enough is left in common on either side.
 */
static bool
is_similar(const ViewChange *change)
{
	int64		old_changed = 0;
	int64		new_changed = 0;
	int32		i;

	for (i = 0; i < change->words.nedits; i++)
	{
		old_changed += change->words.spans[i].old_len;
		new_changed += change->words.spans[i].new_len;
	}
	return has_common(&change->removed, old_changed) ||
		has_common(&change->added, new_changed);
}

/*
 * dg_view_read
 *		Read a change, whose first line r has just read.
 *
 * Leaves r at the first item after it.  The change is valid until the next
 * call.
 */
void
dg_view_read(ViewChange *change, UnifiedReader *r)
{
	change->removed.nlines = change->added.nlines = 0;
	resetStringInfo(&change->removed.text);
	resetStringInfo(&change->added.text);
	change->words.nedits = 0;
	change->has_words = false;

	while (r->kind == UNIFIED_LINE && r->op != ' ')
	{
		if (r->op == '-')
			add_line(&change->removed, r, r->old_line);
		else
			add_line(&change->added, r, r->new_line);
		dg_unified_read(r);
	}

	if (change->removed.nlines == 0 || change->added.nlines == 0)
		return;
	dg_words_diff(change->removed.text.data, change->removed.text.len,
				  change->added.text.data, change->added.text.len,
				  &change->options, &change->words);
	change->has_words = is_similar(change);
	if (change->has_words)
	{
		assign_spans(&change->removed, &change->words, true);
		assign_spans(&change->added, &change->words, false);
		find_partners(change);
	}
}

/*
 * dg_view_context
 *		The context line that r has just read, on one side.
 */
void
dg_view_context(const UnifiedReader *r, bool is_old, ViewLine *line)
{
	memset(line, 0, sizeof(ViewLine));
	line->text = r->line;
	line->len = r->len;
	line->number = is_old ? r->old_line : r->new_line;
	line->no_newline = r->no_newline;
}

/*
 * dg_view_open
 *		Start to go through the pieces of a line of a change.
 *
 * change is NULL for a context line.
 */
void
dg_view_open(ViewCursor *cursor, const ViewChange *change,
			 const ViewLine *line, bool is_old)
{
	ViewPiece	piece;

	cursor->change = change != NULL && change->has_words ? change : NULL;
	cursor->line = line;
	cursor->is_old = is_old;
	cursor->at = 0;
	cursor->span = line->first_span;

	/* what is changed from end to end needs no marks of words */
	if (cursor->change != NULL && dg_view_next(cursor, &piece))
	{
		if (piece.changed && piece.len == line->len)
			cursor->change = NULL;
		cursor->at = 0;
		cursor->span = line->first_span;
	}
}

/*
 * dg_view_next
 *		The next piece of the line; false at its end.
 */
bool
dg_view_next(ViewCursor *cursor, ViewPiece *piece)
{
	const ViewLine *line = cursor->line;
	uint32		start = line->start + cursor->at;
	uint32		line_end = line->start + line->len;
	uint32		end = line_end;

	if (start == line_end)
		return false;
	piece->text = line->text + cursor->at;
	piece->changed = false;
	while (cursor->change != NULL &&
		   cursor->span < cursor->change->words.nedits)
	{
		const DiffSpan *s = &cursor->change->words.spans[cursor->span];
		uint32		off = cursor->is_old ? s->old_off : s->new_off;
		uint32		len = cursor->is_old ? s->old_len : s->new_len;

		if (off + len <= start)
		{
			cursor->span++;
			continue;
		}
		piece->changed = off <= start;
		end = Min(line_end, piece->changed ? off + len : off);
		break;
	}
	piece->len = end - start;
	cursor->at += piece->len;
	return true;
}

/*
 * dg_view_open_rows
 *		Start to go through a change side by side.
 */
void
dg_view_open_rows(ViewRows *rows, const ViewChange *change)
{
	rows->change = change;
	rows->left = rows->right = rows->paired = 0;
}

/*
 * dg_view_next_row
 *		The lines of the next row, NULL where a side has none; false at the
 *		end.
 */
bool
dg_view_next_row(ViewRows *rows, const ViewLine **left, const ViewLine **right)
{
	const ViewSide *removed = &rows->change->removed;
	const ViewSide *added = &rows->change->added;
	int32		limit = added->nlines;

	rows->paired = Max(rows->paired, rows->left);
	while (rows->paired < removed->nlines &&
		   removed->lines[rows->paired].partner < 0)
		rows->paired++;
	if (rows->paired < removed->nlines)
		limit = removed->lines[rows->paired].partner;

	/* partners wait until what is before them on both sides was shown */
	*left = *right = NULL;
	if (rows->left == rows->paired && rows->right == limit &&
		rows->left < removed->nlines)
	{
		*left = &removed->lines[rows->left++];
		*right = &added->lines[rows->right++];
		return true;
	}
	if (rows->left < rows->paired)
		*left = &removed->lines[rows->left++];
	if (rows->right < limit)
		*right = &added->lines[rows->right++];
	return *left != NULL || *right != NULL;
}

/*
 * dg_view_digits
 *		How many digits the largest line number of a diff has.
 */
int
dg_view_digits(const char *diff, Size len)
{
	UnifiedReader r;
	int32		largest = 1;
	int			digits = 0;

	dg_unified_open(&r, diff, len);
	while (dg_unified_read(&r) != UNIFIED_END && r.kind != UNIFIED_ERROR)
	{
		if (r.kind == UNIFIED_LINE)
			largest = Max(largest, Max(r.old_line, r.new_line));
	}
	for (; largest > 0; largest /= 10)
		digits++;
	return digits;
}
