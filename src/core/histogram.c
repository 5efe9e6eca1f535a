/*-------------------------------------------------------------------------
 *
 * histogram.c
 *	  Anchors a search on the rarest run of items that both sides share.
 *
 * Where no item is unique to both sides, the next best anchor is a run of
 * common items that contains the item with the fewest occurrences in the old
 * sequence; among runs equally rare, the longest.  The box is split around it.
 * What occurs more often than rare_limit() allows is no anchor; a box with
 * only such items is left to Myers' search.
 *
 * The published form of this algorithm counts the items of what is left again
 * after every split and so takes quadratic time on a document with many
 * separate changes.  Here all unique items split a box at once (anchor.c), so
 * that this file sees only boxes without any; what the matches of a box may
 * cost, in items that they are grown over, is linear in its size; and all that
 * is spent on anchors comes out of one budget that is linear in the input.
 *
 * Reference: the histogram algorithm of JGit, as its documentation describes
 * it.
 *
 *-------------------------------------------------------------------------
 */
#include "core/search_box.h"

/*
 * One item in this many is rare, and so is one that occurs only so often in
 * all.  (A fixed limit alone would treat a document and eight copies of it one
 * after the other in different ways.)
 */
#define RARE_SHARE			256
#define RARE_OCCURRENCES	8

/*
 * What the matches of a box may cost, in items that they are grown over: so
 * much, and a share of the box.
 */
#define HISTOGRAM_COST			64
#define HISTOGRAM_COST_SHARE	4

/* A run of equal items. */
typedef struct CommonRun
{
	int32		a_start;
	int32		b_start;
	int32		length;
	int32		occurrences;	/* of its rarest item, in the old sequence */
} CommonRun;

/*
 * List the old items of a box by id.
 */
static void
list_items(SearchState *s, const SearchBox *box)
{
	HistogramWork *work = &s->histogram_work;
	int32		i;

	/* Backwards, so that each list is in ascending order. */
	for (i = box->a_hi - 1; i >= box->a_lo; i--)
	{
		uint32		id = s->a[i];

		if ((i & 0xffff) == 0)
			DG_CHECK_CANCEL();

		work->next[i] = (work->count[id] > 0) ? work->first[id] : -1;
		work->first[id] = i;
		work->count[id]++;
	}
}

/*
 * Grow the match of items (i, j) both ways.
 */
static void
grow_run(const SearchState *s, const SearchBox *box, int32 i, int32 j,
		 CommonRun *run)
{
	const int32 *count = s->histogram_work.count;
	int32		a_start = i;
	int32		b_start = j;
	int32		a_end = i + 1;
	int32		b_end = j + 1;

	run->occurrences = count[s->a[i]];
	while (a_start > box->a_lo && b_start > box->b_lo &&
		   s->a[a_start - 1] == s->b[b_start - 1])
	{
		a_start--;
		b_start--;
		run->occurrences = Min(run->occurrences, count[s->a[a_start]]);
	}
	while (a_end < box->a_hi && b_end < box->b_hi &&
		   s->a[a_end] == s->b[b_end])
	{
		run->occurrences = Min(run->occurrences, count[s->a[a_end]]);
		a_end++;
		b_end++;
	}
	run->a_start = a_start;
	run->b_start = b_start;
	run->length = a_end - a_start;
}

static int32
rare_limit(const SearchBox *box)
{
	return Max(RARE_OCCURRENCES, (box->a_hi - box->a_lo) / RARE_SHARE);
}

/*
 * Find the best run of the box.  Returns false if there is none.
 */
static bool
best_run(SearchState *s, const SearchBox *box, CommonRun *best)
{
	const HistogramWork *work = &s->histogram_work;
	int64		budget = HISTOGRAM_COST;
	int32		j = box->b_lo;

	budget += ((int64) (box->a_hi - box->a_lo) + (box->b_hi - box->b_lo)) /
		HISTOGRAM_COST_SHARE;
	best->length = 0;
	best->occurrences = rare_limit(box);

	while (j < box->b_hi && budget > 0)
	{
		uint32		id = s->b[j];
		int32		next_j = j + 1;
		int32		i = -1;

		DG_CHECK_CANCEL();
		if (work->count[id] > 0 && work->count[id] <= best->occurrences)
			i = work->first[id];

		for (; i >= 0 && budget > 0; i = work->next[i])
		{
			CommonRun	run;

			grow_run(s, box, i, j, &run);
			budget -= 1 + run.length;
			s->anchor_budget -= run.length;

			/* The run seen from any other of its items is the same. */
			next_j = Max(next_j, run.b_start + run.length);
			if (run.occurrences < best->occurrences ||
				(run.occurrences == best->occurrences &&
				 run.length > best->length))
				*best = run;
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
	HistogramWork *work = &s->histogram_work;
	CommonRun	run = {0};		/* for compilers that do not see it is set */
	bool		found;
	int32		i;

	s->anchor_budget -= (int64) (box->a_hi - box->a_lo) +
		(box->b_hi - box->b_lo);
	if (s->anchor_budget < 0)
		return false;

	DG_CHECK_CANCEL();
	if (work->count == NULL)
	{
		work->count = dg_alloc0(s->nids, sizeof(int32));
		work->first = dg_alloc(s->nids, sizeof(int32));
		work->next = dg_alloc(s->na, sizeof(int32));
	}

	list_items(s, box);
	found = best_run(s, box, &run);
	for (i = box->a_lo; i < box->a_hi; i++)
		work->count[s->a[i]] = 0;

	if (!found)
		return false;

	dg_push_box(s, box->a_lo, run.a_start, box->b_lo, run.b_start, false);
	dg_push_box(s, run.a_start + run.length, box->a_hi,
				run.b_start + run.length, box->b_hi, false);
	return true;
}

/*
 * dg_histogram_free
 *		Free the working memory, if there is any.
 */
void
dg_histogram_free(SearchState *s)
{
	dg_free(s->histogram_work.count);
	dg_free(s->histogram_work.first);
	dg_free(s->histogram_work.next);
}
