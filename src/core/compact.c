/*-------------------------------------------------------------------------
 *
 * compact.c
 *	  Slides the edits of two texts to where a reader expects them.
 *
 * When a block is added between two alike, there are several shortest scripts:
 *
 *		   - name: a				   - name: a
 *			 port: 1			  +		 port: 1
 *		+  - name: b			  +	   - name: b
 *		+	 port: 1				 port: 1
 *		   - name: c				   - name: c
 *
 * A run of changed lines can move down by one line if its first line equals
 * the line after it, and up if its last line equals the line before.  Which
 * place is best is decided as git does, so that users see the hunks they know:
 *
 *	1.	A run is moved up and then down as far as it goes; where it touches
 *		another one they become one run, which may go further.
 *	2.	If on its way it was beside a changed run of the other text, it is put
 *		there, so that removed and added lines stand together: at the lowest
 *		such place.
 *	3.	If not, the place with the best indentation is taken: one where a block
 *		begins or ends, at a blank line or at a smaller indent.
 *
 * First the runs of the old text are moved, then those of the new one.
 *
 * The two texts are seen here as two lists of runs.  The place of a run is the
 * number of unchanged lines before it; there are equally many of those in both
 * texts, so a run of the one is beside a run of the other when these numbers
 * are equal.  Lines are compared in the texts themselves, so a run can also
 * move into a part that was never split into lines.
 *
 * Cost: the bytes of the lines that runs move over, and of the lines around
 * the places that rule 3 looks at.  Runs that join can go back and forth, so
 * there is a budget, linear in the texts; once it is spent the rest stays
 * where it is.
 *
 * Reference: M. Haggerty, "diff-slider-tools" (2016), for rule 3 and its
 * weights, which were fitted to choices people made.
 *
 *-------------------------------------------------------------------------
 */
#include "core/compact.h"
#include "core/scan.h"

#define COMPACT_BUDGET_PER_BYTE	16
#define COMPACT_BUDGET_MINIMUM	65536

/* What looking at the lines around a place costs, about. */
#define PLACE_COST				64

/* Rule 3 looks at this many places at most, and counts this far. */
#define MAX_PLACES		100
#define MAX_INDENT		200
#define MAX_INDENT_BYTES	1024
#define MAX_BLANKS		20
#define TAB_WIDTH		8

/* What is good (negative) or bad about a place, from diff-slider-tools. */
#define START_OF_TEXT_PENALTY			1
#define END_OF_TEXT_PENALTY				21
#define BLANK_LINE_WEIGHT				(-30)
#define BLANK_AFTER_WEIGHT				6
#define DEEPER_PENALTY					(-4)
#define DEEPER_AFTER_BLANK_PENALTY		10
#define OUTDENT_PENALTY					24
#define OUTDENT_AFTER_BLANK_PENALTY		17
#define DEDENT_PENALTY					23
#define DEDENT_AFTER_BLANK_PENALTY		17
#define INDENT_WEIGHT					60

/* Changed lines of one text that stand together. */
typedef struct Run
{
	int32		common;			/* unchanged lines before it */
	int32		nlines;
	uint32		start;			/* bytes [start, end) */
	uint32		end;
} Run;

typedef struct Side
{
	const char *text;
	uint32		len;
	Run		   *runs;
	int32		nruns;
	int32		cursor;			/* where has_run looked last */
} Side;

typedef struct Compaction
{
	Side	   *side;			/* whose runs are moved */
	Side	   *other;
	WhitespaceMode whitespace;
	bool		by_indent;		/* rule 3 applies */
	int64		budget;
	int32		kept;			/* runs before the one in hand */
	int32		next;			/* the first run after it */
} Compaction;

typedef struct PlaceScore
{
	int32		indent;
	int32		penalty;
} PlaceScore;

/*
 * Does a side have a run after so many unchanged lines?
 *
 * Questions move up and down by a few lines, so a cursor finds the answer in
 * constant time on average.
 */
static bool
has_run(Side *side, int32 common)
{
	while (side->cursor > 0 && side->runs[side->cursor - 1].common >= common)
		side->cursor--;
	while (side->cursor < side->nruns &&
		   side->runs[side->cursor].common < common)
		side->cursor++;
	return side->cursor < side->nruns &&
		side->runs[side->cursor].common == common;
}

/*
 * Move a run up by one line, if it can.
 */
static bool
slide_up(Compaction *c, Run *run)
{
	const char *text = c->side->text;
	uint32		before;
	uint32		last;
	uint32		len;

	DG_CHECK_CANCEL();
	if (run->common == 0 || c->budget < 0)
		return false;

	before = dg_previous_line(text + run->start, text) - text;
	len = run->start - before;
	if (c->whitespace == WHITESPACE_EXACT)
	{
		/* The last line can only be equal if it is as long. */
		c->budget -= len;
		if (run->end - run->start < len)
			return false;
		last = run->end - len;
		if (text[last - 1] != '\n' ||
			memcmp(text + before, text + last, len) != 0)
			return false;
	}
	else
	{
		last = dg_previous_line(text + run->end, text + run->start) - text;
		c->budget -= len + (run->end - last);
		if (!dg_equal_line(text + before, len, text + last, run->end - last,
						   c->whitespace))
			return false;
	}

	run->start = before;
	run->end = last;
	run->common--;
	return true;
}

/*
 * Move a run down by one line, if it can.
 */
static bool
slide_down(Compaction *c, Run *run)
{
	const char *text = c->side->text;
	const char *end = text + c->side->len;
	uint32		second;
	uint32		after;
	uint32		len;

	DG_CHECK_CANCEL();
	if (run->end == c->side->len || c->budget < 0)
		return false;

	second = dg_next_line(text + run->start, end) - text;
	len = second - run->start;
	if (c->whitespace == WHITESPACE_EXACT)
	{
		/* The newline at its end makes sure that the lines are as long. */
		c->budget -= len;
		if (c->side->len - run->end < len ||
			memcmp(text + run->start, text + run->end, len) != 0)
			return false;
		after = run->end + len;
	}
	else
	{
		after = dg_next_line(text + run->end, end) - text;
		c->budget -= len + (after - run->end);
		if (!dg_equal_line(text + run->start, len,
						   text + run->end, after - run->end, c->whitespace))
			return false;
	}

	run->start = second;
	run->end = after;
	run->common++;
	return true;
}

/*
 * Rule 1.  Returns how many lines the run can move up from where it is left,
 * and in *beside the lowest place beside a run of the other side, or -1.
 */
static int32
slide_to_end(Compaction *c, Run *run, int32 *beside)
{
	Run		   *runs = c->side->runs;
	int32		nlines;
	int32		highest;

	do
	{
		nlines = run->nlines;

		while (slide_up(c, run))
		{
			if (c->kept > 0 && runs[c->kept - 1].common == run->common)
			{
				c->kept--;
				run->start = runs[c->kept].start;
				run->nlines += runs[c->kept].nlines;
			}
		}
		highest = run->common;
		*beside = has_run(c->other, run->common) ? run->common : -1;

		while (slide_down(c, run))
		{
			if (c->next < c->side->nruns &&
				runs[c->next].common == run->common)
			{
				run->end = runs[c->next].end;
				run->nlines += runs[c->next].nlines;
				c->next++;
			}
			if (has_run(c->other, run->common))
				*beside = run->common;
		}
	} while (run->nlines != nlines);

	return run->common - highest;
}

/*
 * The indent of the line at offset, or -1 if it is blank.
 */
static int
line_indent(const Side *side, uint32 offset)
{
	int			indent = 0;
	uint32		i;

	for (i = offset; i < side->len && side->text[i] != '\n'; i++)
	{
		char		c = side->text[i];

		if (i - offset >= MAX_INDENT_BYTES)
			return MAX_INDENT;

		if (c == ' ')
			indent++;
		else if (c == '\t')
			indent += TAB_WIDTH - indent % TAB_WIDTH;
		else if (!dg_is_space(c))
			return indent;
		if (indent >= MAX_INDENT)
			return MAX_INDENT;
	}
	return -1;
}

/*
 * The indent of the first line before offset that is not blank, or -1 if
 * there is none.  *nblank is the number of blank lines passed.
 */
static int
indent_before(const Side *side, uint32 offset, int *nblank)
{
	int			indent = -1;

	*nblank = 0;
	while (offset > 0)
	{
		offset = dg_previous_line(side->text + offset, side->text) -
			side->text;
		indent = line_indent(side, offset);
		if (indent >= 0)
			break;
		if (++*nblank == MAX_BLANKS)
			return 0;
	}
	return indent;
}

/*
 * Likewise for the lines after the one at offset.
 */
static int
indent_after(const Side *side, uint32 offset, int *nblank)
{
	const char *end = side->text + side->len;
	int			indent = -1;

	*nblank = 0;
	offset = dg_next_line(side->text + offset, end) - side->text;
	while (offset < side->len)
	{
		indent = line_indent(side, offset);
		if (indent >= 0)
			break;
		if (++*nblank == MAX_BLANKS)
			return 0;
		offset = dg_next_line(side->text + offset, end) - side->text;
	}
	return indent;
}

/*
 * Rate the place between two lines as the edge of a run.
 */
static void
add_edge_score(const Side *side, uint32 offset, PlaceScore *score)
{
	bool		at_end = (offset == side->len);
	int			blank_before;
	int			blank_after = 0;
	int			before = indent_before(side, offset, &blank_before);
	int			indent = -1;
	int			after = -1;
	bool		blank;

	if (!at_end)
	{
		indent = line_indent(side, offset);
		after = indent_after(side, offset, &blank_after);
		blank_after = (indent < 0) ? blank_after + 1 : 0;
		if (indent < 0)
			indent = after;
	}
	else
		blank_after = 1;
	blank = (blank_before + blank_after > 0);

	if (before < 0 && blank_before == 0)
		score->penalty += START_OF_TEXT_PENALTY;
	if (at_end)
		score->penalty += END_OF_TEXT_PENALTY;
	score->penalty += BLANK_LINE_WEIGHT * (blank_before + blank_after);
	score->penalty += BLANK_AFTER_WEIGHT * blank_after;
	score->indent += indent;

	if (indent < 0 || before < 0 || indent == before)
		return;
	if (indent > before)
		score->penalty += blank ? DEEPER_AFTER_BLANK_PENALTY : DEEPER_PENALTY;
	else if (after > indent)
		score->penalty += blank ? OUTDENT_AFTER_BLANK_PENALTY : OUTDENT_PENALTY;
	else
		score->penalty += blank ? DEDENT_AFTER_BLANK_PENALTY : DEDENT_PENALTY;
}

/*
 * Is place a at least as good as place b?
 */
static bool
as_good(const PlaceScore *a, const PlaceScore *b)
{
	int			order = (a->indent > b->indent) - (a->indent < b->indent);

	return INDENT_WEIGHT * order + a->penalty - b->penalty <= 0;
}

/*
 * Rule 3: of the `places` lines up from where the run is, take the best.
 */
static void
slide_to_best_indent(Compaction *c, Run *run, int32 places)
{
	PlaceScore	best;
	int32		best_common = -1;
	int32		i;

	/* From the top, so that of equals the lowest is taken. */
	for (i = 0; i < places && slide_up(c, run); i++)
		;
	places = i;
	for (i = 0;; i++)
	{
		PlaceScore	score = {0, 0};

		c->budget -= PLACE_COST;

		add_edge_score(c->side, run->end, &score);
		add_edge_score(c->side, run->start, &score);
		if (best_common < 0 || as_good(&score, &best))
		{
			best = score;
			best_common = run->common;
		}
		if (i == places || !slide_down(c, run))
			break;
	}
	while (run->common > best_common && slide_up(c, run))
		;
}

/*
 * Move the runs of one side.
 */
static void
compact_side(Compaction *c)
{
	c->kept = c->next = 0;
	while (c->next < c->side->nruns)
	{
		Run			run = c->side->runs[c->next++];
		int32		beside;
		int32		places = slide_to_end(c, &run, &beside);

		if (places > 0)
		{
			if (beside >= 0)
			{
				while (run.common > beside && slide_up(c, &run))
					;
			}
			else if (c->by_indent)
			{
				places = Min(places, MAX_PLACES);
				places = Min(places, run.nlines + 1);
				slide_to_best_indent(c, &run, places);
			}
		}
		c->side->runs[c->kept++] = run;
	}
	c->side->nruns = c->kept;
}

/*
 * Take a script apart into the runs of either side.
 */
static void
script_to_sides(const DiffScript *script, Side *old_side, Side *new_side)
{
	int32		removed = 0;
	int32		added = 0;
	int32		i;

	old_side->runs = dg_alloc(script->nedits, sizeof(Run));
	new_side->runs = dg_alloc(script->nedits, sizeof(Run));
	for (i = 0; i < script->nedits; i++)
	{
		const DiffEdit *edit = &script->edits[i];
		const DiffSpan *span = &script->spans[i];
		Run		   *run;

		if (edit->old_count > 0)
		{
			run = &old_side->runs[old_side->nruns++];
			run->common = edit->old_start - removed;
			run->nlines = edit->old_count;
			run->start = span->old_off;
			run->end = span->old_off + span->old_len;
		}
		if (edit->new_count > 0)
		{
			run = &new_side->runs[new_side->nruns++];
			run->common = edit->new_start - added;
			run->nlines = edit->new_count;
			run->start = span->new_off;
			run->end = span->new_off + span->new_len;
		}
		removed += edit->old_count;
		added += edit->new_count;
	}
}

/*
 * The offset nlines lines further on.
 */
static uint32
skip_lines(const Side *side, uint32 offset, int32 nlines)
{
	while (nlines-- > 0)
	{
		if ((nlines & 0xfff) == 0)
			DG_CHECK_CANCEL();
		offset = dg_next_line(side->text + offset, side->text + side->len) -
			side->text;
	}
	return offset;
}

/*
 * Put the script together again.
 *
 * Where one side has no run, the place in its text follows from the other's:
 * unchanged lines have the same bytes, unless white space is ignored, and then
 * the lines have to be counted.
 */
static void
sides_to_script(const Side *old_side, const Side *new_side,
				WhitespaceMode whitespace, DiffScript *script)
{
	int32		o = 0;
	int32		n = 0;
	int32		removed = 0;
	int32		added = 0;
	int32		last_common = 0;
	uint32		old_end = 0;
	uint32		new_end = 0;

	script->nedits = 0;
	while (o < old_side->nruns || n < new_side->nruns)
	{
		const Run  *old_run = NULL;
		const Run  *new_run = NULL;
		int32		common = PG_INT32_MAX;
		DiffEdit	edit = {0};
		DiffSpan	span = {0};

		if (o < old_side->nruns)
			common = old_side->runs[o].common;
		if (n < new_side->nruns)
			common = Min(common, new_side->runs[n].common);
		if (o < old_side->nruns && old_side->runs[o].common == common)
			old_run = &old_side->runs[o++];
		if (n < new_side->nruns && new_side->runs[n].common == common)
			new_run = &new_side->runs[n++];

		edit.old_start = common + removed;
		edit.new_start = common + added;
		if (old_run != NULL)
		{
			edit.old_count = old_run->nlines;
			span.old_off = old_run->start;
			span.old_len = old_run->end - old_run->start;
		}
		if (new_run != NULL)
		{
			edit.new_count = new_run->nlines;
			span.new_off = new_run->start;
			span.new_len = new_run->end - new_run->start;
		}
		if (old_run == NULL)
			span.old_off = (whitespace == WHITESPACE_EXACT) ?
				old_end + (span.new_off - new_end) :
				skip_lines(old_side, old_end, common - last_common);
		if (new_run == NULL)
			span.new_off = (whitespace == WHITESPACE_EXACT) ?
				new_end + (span.old_off - old_end) :
				skip_lines(new_side, new_end, common - last_common);

		dg_script_add(script, &edit, &span);
		removed += edit.old_count;
		added += edit.new_count;
		last_common = common;
		old_end = span.old_off + span.old_len;
		new_end = span.new_off + span.new_len;
	}
}

/*
 * dg_compact_script
 *		Slide the edits of a script to better places.
 *
 * Rule 3 is left out unless by_indent is true: runs stay as low as they go.
 * The script must be one with spans.  The number of changed lines stays as it
 * is; there may be fewer edits.  Linear in the texts, and far less where edits
 * can not move.  Scratch memory, 32 bytes an edit, is freed before return.
 */
void
dg_compact_script(const char *old_text, uint32 old_len,
				  const char *new_text, uint32 new_len,
				  WhitespaceMode whitespace, bool by_indent,
				  DiffScript *script)
{
	Side		old_side = {old_text, old_len, NULL, 0, 0};
	Side		new_side = {new_text, new_len, NULL, 0, 0};
	Compaction	c;

	script_to_sides(script, &old_side, &new_side);

	c.whitespace = whitespace;
	c.by_indent = by_indent;
	c.budget = COMPACT_BUDGET_MINIMUM +
		COMPACT_BUDGET_PER_BYTE * ((int64) old_len + new_len);
	c.side = &old_side;
	c.other = &new_side;
	compact_side(&c);
	old_side.cursor = new_side.cursor = 0;
	c.side = &new_side;
	c.other = &old_side;
	compact_side(&c);

	sides_to_script(&old_side, &new_side, whitespace, script);
	dg_free(old_side.runs);
	dg_free(new_side.runs);
}
