/*-------------------------------------------------------------------------
 *
 * histogram.c
 *	  Anchors a search on the rarest run of items that both sides share.
 *
 * Where no item is unique to both sides, the next best anchor is a run of
 * common items that contains the item with the fewest occurrences in the old
 * sequence; among runs equally rare, the longest.  The box is split around
 * it.  Items that occur more often than HISTOGRAM_MAX_OCCURRENCES times are no
 * anchors at all, and a box with only those is left to Myers' search.
 *
 * The published form of this algorithm counts the items of what is left again
 * after every split and so takes quadratic time on a document with many
 * separate changes.  Here all unique items split a box at once (anchor.c), so
 * that this file sees only boxes without any; and all that is spent on anchors
 * comes out of one budget that is linear in the input.
 *
 * Reference: the histogram algorithm of JGit, as its documentation describes
 * it.
 *
 *-------------------------------------------------------------------------
 */
#include "core/search_box.h"

#define HISTOGRAM_MAX_OCCURRENCES	64

/* A run of equal items. */
typedef struct CommonRun
{
	int32		a_start;
	int32		b_start;
	int32		length;
	int32		occurrences;	/* of its rarest item, in the old sequence */
} CommonRun;

/* The items of the old side of a box, listed by id. */
typedef struct Histogram
{
	int32	   *count;			/* by id */
	int32	   *first;			/* by id: first position, for count > 0 */
	int32	   *next;			/* by position - a_lo: next one with its id */
} Histogram;

static void
histogram_build(const SearchState *s, const SearchBox *box, Histogram *h)
{
	int32		i;

	/* Backwards, so that each list is in ascending order. */
	for (i = box->a_hi - 1; i >= box->a_lo; i--)
	{
		uint32		id = s->a[i];

		h->next[i - box->a_lo] = (h->count[id] > 0) ? h->first[id] : -1;
		h->first[id] = i;
		h->count[id]++;
	}
}

/*
 * Grow the match of items (i, j) both ways.  Returns the steps it took.
 */
static int32
grow_run(const SearchState *s, const SearchBox *box, const Histogram *h,
		 int32 i, int32 j, CommonRun *run)
{
	int32		a_start = i;
	int32		b_start = j;
	int32		a_end = i + 1;
	int32		b_end = j + 1;

	run->occurrences = h->count[s->a[i]];
	while (a_start > box->a_lo && b_start > box->b_lo &&
		   s->a[a_start - 1] == s->b[b_start - 1])
	{
		a_start--;
		b_start--;
		run->occurrences = Min(run->occurrences, h->count[s->a[a_start]]);
	}
	while (a_end < box->a_hi && b_end < box->b_hi &&
		   s->a[a_end] == s->b[b_end])
	{
		run->occurrences = Min(run->occurrences, h->count[s->a[a_end]]);
		a_end++;
		b_end++;
	}
	run->a_start = a_start;
	run->b_start = b_start;
	run->length = a_end - a_start;
	return run->length;
}

/*
 * Find the best run of the box.  Returns false if there is none, or the
 * budget is spent.
 */
static bool
best_run(SearchState *s, const SearchBox *box, const Histogram *h,
		 CommonRun *best)
{
	int32		j = box->b_lo;

	best->length = 0;
	best->occurrences = HISTOGRAM_MAX_OCCURRENCES;

	while (j < box->b_hi)
	{
		uint32		id = s->b[j];
		int32		next_j = j + 1;
		int32		i;

		if (h->count[id] > 0 && h->count[id] <= best->occurrences)
		{
			DG_CHECK_CANCEL();
			for (i = h->first[id]; i >= 0; i = h->next[i - box->a_lo])
			{
				CommonRun	run;

				s->anchor_budget -= grow_run(s, box, h, i, j, &run);
				if (s->anchor_budget < 0)
					return false;

				/* The run seen from any other of its items is the same. */
				next_j = Max(next_j, run.b_start + run.length);
				if (run.occurrences < best->occurrences ||
					(run.occurrences == best->occurrences &&
					 run.length > best->length))
					*best = run;
			}
		}
		j = next_j;
	}
	return best->length > 0;
}

/*
 * dg_histogram_split
 *		Try to split a box at its rarest common run.
 *
 * Returns true if the boxes on either side of the run have been pushed, and
 * false, with nothing done, if there is no such run or the budget is spent.
 */
bool
dg_histogram_split(SearchState *s, const SearchBox *box)
{
	Histogram	h;
	CommonRun	run;
	bool		found;
	int32		nold = box->a_hi - box->a_lo;

	/* The arrays by id are cleared as a whole, so that counts too. */
	s->anchor_budget -= (int64) nold + (box->b_hi - box->b_lo) + s->nids / 8;
	if (s->anchor_budget < 0)
		return false;

	h.count = dg_alloc0(s->nids, sizeof(int32));
	h.first = dg_alloc(s->nids, sizeof(int32));
	h.next = dg_alloc(nold, sizeof(int32));
	histogram_build(s, box, &h);
	found = best_run(s, box, &h, &run);
	dg_free(h.count);
	dg_free(h.first);
	dg_free(h.next);

	if (!found)
		return false;

	dg_push_box(s, box->a_lo, run.a_start, box->b_lo, run.b_start, false);
	dg_push_box(s, run.a_start + run.length, box->a_hi,
				run.b_start + run.length, box->b_hi, false);
	return true;
}
