/*-------------------------------------------------------------------------
 *
 * lazy.c
 *	  A shortest edit script of two texts that differ in a few lines.
 *
 * The usual way to diff two texts is to split both into lines, to hash every
 * line, and to compare the numbers that stand for them.  When a few lines of a
 * megabyte changed, nearly all of that work is done for lines that are equal.
 * Here Myers' greedy search runs on the bytes: a point of the edit graph is a
 * pair of byte offsets, both at the start of a line; a diagonal run is one
 * comparison of bytes, cut back to the last newline; and a line is looked for
 * its end only when the search steps over it.
 *
 * The search needs no line numbers.  Points are compared only within one
 * diagonal (old line minus new line), where a larger line number and a larger
 * offset are the same thing.
 *
 * Memory: the furthest point of each diagonal, and for each round and diagonal
 * one bit that says which way the point was reached.  That is enough to walk
 * back from the end; the way forward along the moves found so finds the equal
 * runs again by comparing, and counts their lines.
 *
 * Time: the rounds end when a budget is spent, which counts steps and bytes;
 * the caller then takes the other way.  LAZY_STEPS allows edit scripts of some
 * 250 lines.  A text that is far from done after a part of the rounds is given
 * up before that, since the steps grow with the square of the rounds.  The
 * result, if there is one, is a shortest script.
 *
 * Reference: E. W. Myers, "An O(ND) Difference Algorithm and Its Variations",
 * Algorithmica 1 (1986), section 4 for the greedy search.
 *
 *-------------------------------------------------------------------------
 */
#include "core/lazy.h"
#include "core/scan.h"

/* What the search may cost: in steps, and in bytes looked at for each step. */
#define LAZY_STEPS			32768
#define LAZY_BYTES_PER_STEP	64

/* So many rounds take all the steps: round d takes up to d + 1 of them. */
#define LAZY_MAX_ROUNDS		256

/*
 * After every so many rounds the search is given up if it would take more
 * than LAZY_OUTLOOK rounds at the speed it had.
 */
#define LAZY_CHECK_ROUNDS	64
#define LAZY_OUTLOOK		384

/* Bits of all rounds before round d, where each has d + 1 of them. */
#define FIRST_BIT(d)		((uint32) (d) * ((d) + 1) / 2)

StaticAssertDecl(FIRST_BIT(LAZY_MAX_ROUNDS) >= LAZY_STEPS,
				 "the rounds must be able to spend the budget");

typedef struct LazyPoint
{
	uint32		x;				/* offset in the old text */
	uint32		y;				/* offset in the new text */
} LazyPoint;

typedef struct LazySearch
{
	const LineRange *old_range;
	const LineRange *new_range;
	LazyPoint	reach[2 * LAZY_MAX_ROUNDS + 3]; /* by diagonal */
	uint64		down[FIRST_BIT(LAZY_MAX_ROUNDS) / 64 + 1];
	int64		total;			/* bytes of both ranges */
	int64		budget;			/* in bytes */
} LazySearch;

/*
 * Move a point over the lines that are equal from there on.
 */
static inline uint32
slide(LazySearch *s, LazyPoint *point)
{
	Size		old_left = s->old_range->end - point->x;
	Size		new_left = s->new_range->end - point->y;
	bool		all_equal;
	Size		len;

	len = dg_equal_lines(s->old_range->text + point->x,
						 s->new_range->text + point->y,
						 Min(old_left, new_left), &all_equal);

	/* A last line without a newline equals another one. */
	if (all_equal && old_left == new_left)
		len = old_left;
	point->x += len;
	point->y += len;
	return len;
}

static inline uint32
next_line(const LineRange *range, uint32 offset)
{
	return dg_next_line(range->text + offset, range->text + range->end) -
		range->text;
}

/*
 * How many bytes of both ranges lie before the point furthest on, of those
 * that round d reached on diagonals first to last?
 */
static int64
progress(const LazySearch *s, const LazyPoint *reach, int first, int last)
{
	int64		start = (int64) s->old_range->start + s->new_range->start;
	int64		best = 0;
	int			k;

	for (k = first; k <= last; k += 2)
		best = Max(best, (int64) reach[k].x + reach[k].y - start);
	return best;
}

/*
 * Take one edit to diagonal k in round d, and the equal lines after it: down
 * from diagonal k + 1, where a line is added, or from k - 1.
 */
static inline LazyPoint
step(LazySearch *s, const LazyPoint *reach, int d, int k, bool down)
{
	LazyPoint	point;
	uint32		before;

	if (down)
	{
		uint32		bit = FIRST_BIT(d) + (k + d) / 2;

		point = reach[k + 1];
		before = point.y;
		point.y = next_line(s->new_range, point.y);
		s->budget -= point.y - before;
		s->down[bit / 64] |= UINT64CONST(1) << (bit % 64);
	}
	else
	{
		point = reach[k - 1];
		before = point.x;
		point.x = next_line(s->old_range, point.x);
		s->budget -= point.x - before;
	}
	s->budget -= LAZY_BYTES_PER_STEP + slide(s, &point);
	return point;
}

/*
 * Search forward until the end of both texts.  Returns the number of edits,
 * or -1 when the budget is spent.  *last is the diagonal of the end.
 */
static int
search_forward(LazySearch *s, int *last)
{
	LazyPoint  *reach = s->reach + LAZY_MAX_ROUNDS + 1;
	int			low = -LAZY_MAX_ROUNDS; /* bounds set by the texts' ends */
	int			high = LAZY_MAX_ROUNDS;
	int			d;
	int			k;

	reach[0].x = s->old_range->start;
	reach[0].y = s->new_range->start;
	slide(s, &reach[0]);

	for (d = 1; d < LAZY_MAX_ROUNDS; d++)
	{
		int			first = -d;
		int			end = d;

		DG_CHECK_CANCEL();

		/* As in myers.c, diagonals beyond an edge are behind for good. */
		if (first < low)
			first = low + ((low - first) & 1);
		if (end > high)
			end = high - ((end - high) & 1);

		for (k = first; k <= end; k += 2)
		{
			/* Is the diagonal on that side within bounds, in the last round? */
			bool		from_left = (k - 1 >= Max(low, 1 - d));
			bool		from_above = (k + 1 <= Min(high, d - 1));
			LazyPoint	point;
			bool		down = from_above;

			if (from_left && from_above)
				down = (reach[k - 1].x < reach[k + 1].x);
			point = step(s, reach, d, k, down);
			reach[k] = point;

			if (point.x == s->old_range->end && point.y == s->new_range->end)
			{
				*last = k;
				return d;
			}
			if (point.y == s->new_range->end && k > low)
				low = k;
			if (point.x == s->old_range->end && k < high)
			{
				high = k;
				break;
			}
		}
		if (s->budget < 0)
			return -1;
		if (d % LAZY_CHECK_ROUNDS == 0 &&
			progress(s, reach, first, Min(end, high)) * LAZY_OUTLOOK <
			s->total * d)
			return -1;
	}
	return -1;
}

/*
 * Walk back from the end: moves[i] becomes true where edit i adds a line.
 */
static void
trace_back(const LazySearch *s, int rounds, int k, bool *moves)
{
	int			d;

	for (d = rounds; d > 0; d--)
	{
		uint32		bit = FIRST_BIT(d) + (k + d) / 2;

		moves[d - 1] = (s->down[bit / 64] >> (bit % 64)) & 1;
		k += moves[d - 1] ? 1 : -1;
	}
}

/*
 * Walk forward along the moves, and write the edits.
 */
static void
write_script(LazySearch *s, int rounds, const bool *moves, DiffScript *script)
{
	const LineRange *old_range = s->old_range;
	LazyPoint	point;
	int32		old_line = s->old_range->first_line;
	int32		new_line = s->new_range->first_line;
	int			i = 0;

	point.x = s->old_range->start;
	point.y = s->new_range->start;

	for (;;)
	{
		uint32		start = point.x;
		uint32		len = slide(s, &point);
		int32		nlines = dg_count_newlines(old_range->text + start, len);
		DiffEdit	edit;
		DiffSpan	span;

		old_line += nlines;
		new_line += nlines;
		if (i == rounds)
			break;

		edit.old_start = old_line;
		edit.new_start = new_line;
		span.old_off = point.x;
		span.new_off = point.y;
		if (moves[i++])
		{
			point.y = next_line(s->new_range, point.y);
			new_line++;
		}
		else
		{
			point.x = next_line(s->old_range, point.x);
			old_line++;
		}
		edit.old_count = old_line - edit.old_start;
		edit.new_count = new_line - edit.new_start;
		span.old_len = point.x - span.old_off;
		span.new_len = point.y - span.new_off;
		dg_script_add(script, &edit, &span);
	}
}

/*
 * dg_lazy_search
 *		Append to script the edits that turn one range of lines into another.
 *
 * The ranges start and end at line boundaries of their texts, or at the ends
 * of both texts.  Offsets and line numbers in the script are those of the
 * whole texts.  Returns false, and leaves the script as it was, if the texts
 * differ too much; what was found is a shortest script if it returns true.
 */
bool
dg_lazy_search(const LineRange *old_range, const LineRange *new_range,
			   DiffScript *script)
{
	LazySearch *s = dg_alloc(1, sizeof(LazySearch));
	bool	   *moves;
	int			rounds;
	int			last = 0;

	s->old_range = old_range;
	s->new_range = new_range;
	s->total = (int64) (old_range->end - old_range->start) +
		(new_range->end - new_range->start);
	s->budget = (int64) LAZY_STEPS * LAZY_BYTES_PER_STEP + 2 * s->total;
	memset(s->down, 0, sizeof(s->down));

	rounds = search_forward(s, &last);
	if (rounds >= 0)
	{
		moves = dg_alloc(rounds, sizeof(bool));
		trace_back(s, rounds, last, moves);
		write_script(s, rounds, moves, script);
		dg_free(moves);
	}
	dg_free(s);
	return rounds >= 0;
}
