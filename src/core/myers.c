/*-------------------------------------------------------------------------
 *
 * myers.c
 *	  Finds where a shortest edit script crosses the middle of a box.
 *
 * The edit graph of a box has a point (x, y) for every position in the two
 * sequences.  A step right removes an old item, a step down adds a new one,
 * and a diagonal step, free of cost, matches two equal items.  For a number of
 * edits d, the point furthest along each diagonal x - y that d edits can reach
 * follows from those for d - 1.  Two such searches, one from each corner, meet
 * in the middle of a shortest script; the caller then solves the two boxes on
 * either side of that point.  This needs memory for one number a diagonal, and
 * O((N + M) D) steps for a script of D edits.
 *
 * Where a search reaches an edge of the box, all diagonals beyond the one it
 * is on are behind it for good (a point there has the same x, or y, and less
 * of the other), so they are given up.
 *
 * Left alone, two sequences with little in common cost a quadratic number of
 * steps.  So the search gives up after MYERS_COST_CAP edits on either side and
 * splits the box at the point that came furthest.  Such a round looks at no
 * more than MYERS_COST_CAP squared points, and gets at least MYERS_COST_CAP
 * items ahead; the diagonal steps between them are at most two searches times
 * MYERS_COST_CAP for each item that the round gets ahead.  Hence all rounds
 * together take some 3 * MYERS_COST_CAP * (N + M) steps: linear, with a
 * constant that does not grow with the input.
 *
 * References: E. W. Myers, "An O(ND) Difference Algorithm and Its Variations",
 * Algorithmica 1 (1986), section 4b for the refinement in linear space.
 *
 *-------------------------------------------------------------------------
 */
#include "core/search_box.h"

#define MYERS_COST_CAP		512

/*
 * While there are anchors to fall back on, the search looks at its progress
 * after this many edits, and gives up at once if the cap is sure to fire at
 * the speed it had.
 */
#define MYERS_OUTLOOK		128

/* On a diagonal that no search has reached. */
#define FORWARD_NONE		(-2)
#define BACKWARD_NONE		PG_INT32_MAX

/* One of the two searches, and the diagonals that are worth its while. */
typedef struct Frontier
{
	int32	   *reach;			/* x by diagonal; reach[start] is valid */
	int32		start;			/* diagonal of the corner */
	int32		low;			/* bounds set by the edges of the box */
	int32		high;
} Frontier;

/*
 * dg_myers_init
 *		Allocate the rows of furthest points for the largest box.
 */
void
dg_myers_init(SearchState *s)
{
	int32		cap = MYERS_COST_CAP;

	if (s->algorithm == DIFF_MINIMAL)
		cap = PG_INT32_MAX - 2;

	s->below = Min(cap, s->nb) + 2;
	s->above = Min(cap, s->na) + 2;
	s->forward = dg_alloc((Size) s->below + s->above + 1, sizeof(int32));
	s->backward = dg_alloc((Size) s->below + s->above + 1, sizeof(int32));
}

static void
frontier_init(Frontier *f, int32 *reach, int32 start, const SearchBox *box,
			  int32 x, int32 none)
{
	f->reach = reach - start;
	f->start = start;
	f->low = box->a_lo - box->b_hi;
	f->high = box->a_hi - box->b_lo;
	f->reach[start] = x;
	f->reach[start - 1] = none;
	f->reach[start + 1] = none;
}

/*
 * The first and last diagonal that `cost` edits can newly reach.  Diagonals of
 * the other parity keep the values of the round before.
 */
static void
frontier_range(const Frontier *f, int32 cost, int32 none,
			   int32 *first, int32 *last)
{
	*first = f->start - cost;
	*last = f->start + cost;

	/* What lies just outside has not been reached. */
	if (*first >= f->low)
		f->reach[*first - 1] = none;
	else
		*first = f->low + ((f->low - *first) & 1);
	if (*last <= f->high)
		f->reach[*last + 1] = none;
	else
		*last = f->high - ((*last - f->high) & 1);
}

/*
 * Advance the forward search to `cost` edits.  Returns true, with the point,
 * if it meets the backward one.
 */
static bool
advance_forward(const SearchState *s, const SearchBox *box, Frontier *f,
				const Frontier *other, int32 cost, bool may_meet,
				int32 *a_mid, int32 *b_mid)
{
	const uint32 *a = s->a;
	const uint32 *b = s->b;
	int32	   *reach = f->reach;
	int32		first;
	int32		last;
	int32		d;
	int32		other_first = other->start - (cost - 1);
	int32		other_last = other->start + (cost - 1);

	frontier_range(f, cost, FORWARD_NONE, &first, &last);
	for (d = first; d <= last; d += 2)
	{
		int32		x = Max(reach[d - 1] + 1, reach[d + 1]);
		int32		y = x - d;

		while (x < box->a_hi && y < box->b_hi && a[x] == b[y])
			x++, y++;
		reach[d] = x;

		if (may_meet && d >= other_first && d <= other_last &&
			d >= other->low && d <= other->high && x >= other->reach[d])
		{
			*a_mid = x;
			*b_mid = y;
			return true;
		}
		if (y >= box->b_hi && d > f->low)
		{
			f->low = d;
			reach[d - 1] = FORWARD_NONE;
		}
		if (x >= box->a_hi && d < f->high)
		{
			/* Larger diagonals have nothing to add, in this round either. */
			f->high = d;
			reach[d + 1] = FORWARD_NONE;
			break;
		}
	}
	return false;
}

/*
 * The mirror image: advance the backward search.
 */
static bool
advance_backward(const SearchState *s, const SearchBox *box, Frontier *f,
				 const Frontier *other, int32 cost, bool may_meet,
				 int32 *a_mid, int32 *b_mid)
{
	const uint32 *a = s->a;
	const uint32 *b = s->b;
	int32	   *reach = f->reach;
	int32		first;
	int32		last;
	int32		d;
	int32		other_first = other->start - cost;
	int32		other_last = other->start + cost;

	frontier_range(f, cost, BACKWARD_NONE, &first, &last);
	for (d = last; d >= first; d -= 2)
	{
		int32		x = Min(reach[d - 1], reach[d + 1] - 1);
		int32		y = x - d;

		while (x > box->a_lo && y > box->b_lo && a[x - 1] == b[y - 1])
			x--, y--;
		reach[d] = x;

		if (may_meet && d >= other_first && d <= other_last &&
			d >= other->low && d <= other->high && x <= other->reach[d])
		{
			*a_mid = x;
			*b_mid = y;
			return true;
		}
		if (y <= box->b_lo && d < f->high)
		{
			f->high = d;
			reach[d + 1] = BACKWARD_NONE;
		}
		if (x <= box->a_lo && d > f->low)
		{
			f->low = d;
			reach[d - 1] = BACKWARD_NONE;
			break;
		}
	}
	return false;
}

/*
 * Of the diagonals that a search has just reached, the one on which it came
 * furthest from its corner.  Returns the number of items it has behind it.
 */
static int64
furthest(const Frontier *f, const SearchBox *box, int32 cost, bool forward,
		 int32 *diagonal)
{
	int32		last = Min(f->start + cost, f->high);
	int64		best = -1;
	int32		d = f->start - cost;

	if (d < f->low)
		d = f->low + ((f->low - d) & 1);
	for (; d <= last; d += 2)
	{
		int64		x = f->reach[d];
		int64		y = x - d;
		int64		gone;

		gone = forward ? (x - box->a_lo) + (y - box->b_lo) :
			(box->a_hi - x) + (box->b_hi - y);
		if (gone > best)
		{
			best = gone;
			*diagonal = d;
		}
	}
	return best;
}

/*
 * Split where one of the searches came furthest.  Returns the number of items
 * that both of them have behind them.
 */
static int64
split_at_furthest(const SearchBox *box, const Frontier *fwd,
				  const Frontier *bwd, int32 cost,
				  int32 *a_mid, int32 *b_mid)
{
	int32		fwd_diagonal = 0;
	int32		bwd_diagonal = 0;
	int64		fwd_gone = furthest(fwd, box, cost, true, &fwd_diagonal);
	int64		bwd_gone = furthest(bwd, box, cost, false, &bwd_diagonal);

	if (fwd_gone >= bwd_gone)
	{
		*a_mid = fwd->reach[fwd_diagonal];
		*b_mid = *a_mid - fwd_diagonal;
	}
	else
	{
		*a_mid = bwd->reach[bwd_diagonal];
		*b_mid = *a_mid - bwd_diagonal;
	}
	return fwd_gone + bwd_gone;
}

/*
 * dg_myers_split
 *		Find a point on a shortest path through the box.
 *
 * The box must be trimmed: neither its first items nor its last ones are
 * equal, and neither side is empty.  The point is never a corner.  Returns
 * false if the cost cap ended the search, or would do so and may_give_up is
 * true; the point is then a good one only.
 */
bool
dg_myers_split(SearchState *s, const SearchBox *box, bool may_give_up,
			   int32 *a_mid, int32 *b_mid)
{
	int64		total = (int64) (box->a_hi - box->a_lo) +
		(box->b_hi - box->b_lo);
	Frontier	fwd;
	Frontier	bwd;
	bool		odd;
	int32		cost;
	int32		cap = MYERS_COST_CAP;

	if (s->algorithm == DIFF_MINIMAL)
		cap = PG_INT32_MAX;

	frontier_init(&fwd, s->forward + s->below, box->a_lo - box->b_lo,
				  box, box->a_lo, FORWARD_NONE);
	frontier_init(&bwd, s->backward + s->above, box->a_hi - box->b_hi,
				  box, box->a_hi, BACKWARD_NONE);
	odd = ((fwd.start - bwd.start) & 1) != 0;

	for (cost = 1;; cost++)
	{
		DG_CHECK_CANCEL();

		if (advance_forward(s, box, &fwd, &bwd, cost, odd, a_mid, b_mid) ||
			advance_backward(s, box, &bwd, &fwd, cost, !odd, a_mid, b_mid))
			return true;

		if (cost >= cap)
		{
			split_at_furthest(box, &fwd, &bwd, cost, a_mid, b_mid);
			return false;
		}
		if (cost == MYERS_OUTLOOK && may_give_up)
		{
			int64		gone = split_at_furthest(box, &fwd, &bwd, cost,
												 a_mid, b_mid);

			if (gone * MYERS_COST_CAP < total * MYERS_OUTLOOK)
				return false;
		}
	}
}
