/*-------------------------------------------------------------------------
 *
 * search.c
 *	  Finds an edit script between two sequences of small integers.
 *
 * Stages:
 *
 *	1.	Equal items at both ends are set aside.
 *	2.	Items that occur on one side only are changed, whatever else is: they
 *		leave the sequences.  This takes nothing from the length of a longest
 *		common subsequence, and is what makes unrelated documents cheap.
 *	3.	What remains is one box, on a stack of boxes to be solved.  A box is
 *		trimmed at both ends; if one side is empty the other is changed; if
 *		not, it is split into smaller boxes by the algorithm asked for:
 *
 *			minimal		at unique items if those are all there is to match,
 *						at a point on a shortest path (myers.c, no cap) if not
 *			myers		likewise, within the cost cap; where that fires, at
 *						unique items if those are good (anchor.c), and at the
 *						point that came furthest if not
 *			patience	at unique items; without any, as myers
 *			histogram	at unique items, then at the rarest common run
 *						(histogram.c); without any, as myers
 *
 *	4.	The marks left on the items become the script.
 *
 * The stack is explicit, and the larger of two boxes is pushed first, so it
 * stays shallow.  Each stage but the third is linear; the third is bounded in
 * each of those files by a budget linear in the input, except for `minimal`,
 * which takes O((N + M) D) steps for a script of D edits.
 *
 *-------------------------------------------------------------------------
 */
#include "core/search_box.h"

/*
 * How many times over, on average, an item may be looked at for anchors.
 */
#define ANCHOR_BUDGET_PER_ITEM	96

/*
 * dg_push_box
 *		Add a box to those still to be solved; an empty one is left out.
 */
void
dg_push_box(SearchState *s, int32 a_lo, int32 a_hi, int32 b_lo, int32 b_hi,
			bool no_anchors)
{
	SearchBox  *box;

	if (a_lo == a_hi && b_lo == b_hi)
		return;

	if (s->nstack == s->maxstack)
	{
		s->maxstack *= 2;
		s->stack = dg_realloc(s->stack, s->maxstack, sizeof(SearchBox));
	}
	box = &s->stack[s->nstack++];
	box->a_lo = a_lo;
	box->a_hi = a_hi;
	box->b_lo = b_lo;
	box->b_hi = b_hi;
	box->no_anchors = no_anchors;
}

/*
 * Set aside the equal items at both ends of a box.
 */
static void
trim_box(const SearchState *s, SearchBox *box)
{
	while (box->a_lo < box->a_hi && box->b_lo < box->b_hi &&
		   s->a[box->a_lo] == s->b[box->b_lo])
	{
		box->a_lo++;
		box->b_lo++;
	}
	while (box->a_lo < box->a_hi && box->b_lo < box->b_hi &&
		   s->a[box->a_hi - 1] == s->b[box->b_hi - 1])
	{
		box->a_hi--;
		box->b_hi--;
	}
}

/*
 * Split a box with Myers' search, at worst at a point that is only good.
 */
static void
split_by_search(SearchState *s, const SearchBox *box)
{
	int32		a_mid;
	int32		b_mid;
	bool		no_anchors = box->no_anchors;
	int64		first_size;
	int64		second_size;
	bool		may_give_up;
	bool		found;

	may_give_up = (s->algorithm != DIFF_MINIMAL && !box->no_anchors);
	found = dg_myers_split(s, box, may_give_up, &a_mid, &b_mid);
	if (!found && may_give_up)
	{
		AnchorResult anchors = dg_anchor_unique(s, box, TAKE_GOOD_ANCHORS);

		if (anchors == ANCHORS_SOME)
			s->exact = false;
		if (anchors != ANCHORS_NONE)
			return;

		/* There are none, nor will there be in the parts of this box. */
		no_anchors = true;
		found = dg_myers_split(s, box, false, &a_mid, &b_mid);
	}
	if (!found)
		s->exact = false;

	/* The smaller box is on top, so that the stack stays shallow. */
	first_size = (int64) (a_mid - box->a_lo) + (b_mid - box->b_lo);
	second_size = (int64) (box->a_hi - a_mid) + (box->b_hi - b_mid);
	if (first_size > second_size)
		dg_push_box(s, box->a_lo, a_mid, box->b_lo, b_mid, no_anchors);
	dg_push_box(s, a_mid, box->a_hi, b_mid, box->b_hi, no_anchors);
	if (first_size <= second_size)
		dg_push_box(s, box->a_lo, a_mid, box->b_lo, b_mid, no_anchors);
}

/*
 * Solve a box, or split it.
 */
static void
solve_box(SearchState *s, SearchBox *box)
{
	int32		i;

	trim_box(s, box);

	if (box->a_lo == box->a_hi || box->b_lo == box->b_hi)
	{
		for (i = box->a_lo; i < box->a_hi; i++)
			s->a_changed[s->a_index[i]] = true;
		for (i = box->b_lo; i < box->b_hi; i++)
			s->b_changed[s->b_index[i]] = true;
		return;
	}

	if (s->algorithm == DIFF_PATIENCE || s->algorithm == DIFF_HISTOGRAM)
	{
		if (dg_anchor_unique(s, box, TAKE_ANY_ANCHORS) != ANCHORS_NONE)
			return;
		if (s->algorithm == DIFF_HISTOGRAM && dg_histogram_split(s, box))
			return;

		/* What an anchorless box is split into has none to try either. */
		box->no_anchors = true;
	}
	else if (s->algorithm == DIFF_MINIMAL &&
			 dg_anchor_unique(s, box, TAKE_EXACT_ANCHORS) == ANCHORS_ALL)
		return;

	split_by_search(s, box);
}

/*
 * Keep the items of a sequence that the other side has as well; the others
 * are changed.  Returns how many there are.
 */
static int32
keep_common(const uint32 *ids, int32 start, int32 end,
			const uint8 *present, uint32 *kept, int32 *kept_index,
			bool *changed)
{
	int32		nkept = 0;
	int32		i;

	for (i = start; i < end; i++)
	{
		if ((i & 0xffff) == 0)
			DG_CHECK_CANCEL();
		if (present[ids[i]])
		{
			kept[nkept] = ids[i];
			kept_index[nkept] = i - start;
			nkept++;
		}
		else
			changed[i - start] = true;
	}
	return nkept;
}

static void
drop_unmatched(SearchState *s, const uint32 *old_ids, const uint32 *new_ids,
			   int32 head, int32 old_end, int32 new_end)
{
	uint8	   *present = dg_alloc0(s->nids, sizeof(uint8));
	uint8	   *present_new = dg_alloc0(s->nids, sizeof(uint8));
	int32		i;

	for (i = head; i < old_end; i++)
	{
		if ((i & 0xffff) == 0)
			DG_CHECK_CANCEL();
		present[old_ids[i]] = 1;
	}
	for (i = head; i < new_end; i++)
	{
		if ((i & 0xffff) == 0)
			DG_CHECK_CANCEL();
		present_new[new_ids[i]] = 1;
	}

	s->na = keep_common(old_ids, head, old_end, present_new,
						s->a, s->a_index, s->a_changed);
	s->nb = keep_common(new_ids, head, new_end, present,
						s->b, s->b_index, s->b_changed);
	dg_free(present);
	dg_free(present_new);
}

/*
 * Turn the marks of the middle, which starts at item `head`, into edits.
 */
static void
marks_to_script(const bool *old_changed, int32 nold,
				const bool *new_changed, int32 nnew,
				int32 head, DiffScript *script)
{
	int32		i = 0;
	int32		j = 0;

	while (i < nold || j < nnew)
	{
		DiffEdit	edit;

		if ((i & 0xffff) == 0)
			DG_CHECK_CANCEL();
		if (i < nold && j < nnew && !old_changed[i] && !new_changed[j])
		{
			i++;
			j++;
			continue;
		}
		edit.old_start = head + i;
		edit.new_start = head + j;
		while (i < nold && old_changed[i])
			i++;
		while (j < nnew && new_changed[j])
			j++;
		edit.old_count = head + i - edit.old_start;
		edit.new_count = head + j - edit.new_start;
		if (edit.old_count == 0 && edit.new_count == 0)
		{
			/* Both sides have as many unchanged items. */
			Assert(false);
			break;
		}
		dg_script_add(script, &edit, NULL);
	}
}

/*
 * dg_search_ids
 *		Append to script the edits that turn old_ids into new_ids.
 *
 * Ids are below nids; items count from 0.  The script must have no spans.
 * script->exact becomes false if a cost cap ended the search early, so that
 * the script may be longer than it need be; `patience` and `histogram` do not
 * look for the shortest one in the first place.
 *
 * Scratch memory, at most 32 bytes an item of both sequences, is freed before
 * return.  For the cost see the top of this file.
 */
void
dg_search_ids(const uint32 *old_ids, int32 nold,
			  const uint32 *new_ids, int32 nnew,
			  uint32 nids, DiffAlgorithm algorithm, DiffScript *script)
{
	SearchState s;
	int32		head = 0;
	int32		old_end = nold;
	int32		new_end = nnew;

	while (head < old_end && head < new_end && old_ids[head] == new_ids[head])
		head++;
	while (old_end > head && new_end > head &&
		   old_ids[old_end - 1] == new_ids[new_end - 1])
	{
		old_end--;
		new_end--;
	}
	if (head == old_end && head == new_end)
		return;

	memset(&s, 0, sizeof(s));
	s.nids = nids;
	s.algorithm = algorithm;
	s.exact = true;
	s.anchor_budget = ANCHOR_BUDGET_PER_ITEM *
		((int64) (old_end - head) + (new_end - head));
	s.a_changed = dg_alloc0(old_end - head, sizeof(bool));
	s.b_changed = dg_alloc0(new_end - head, sizeof(bool));
	s.a = dg_alloc(old_end - head, sizeof(uint32));
	s.b = dg_alloc(new_end - head, sizeof(uint32));
	s.a_index = dg_alloc(old_end - head, sizeof(int32));
	s.b_index = dg_alloc(new_end - head, sizeof(int32));
	drop_unmatched(&s, old_ids, new_ids, head, old_end, new_end);

	s.maxstack = 64;
	s.stack = dg_alloc(s.maxstack, sizeof(SearchBox));
	dg_myers_init(&s);
	dg_push_box(&s, 0, s.na, 0, s.nb, false);
	while (s.nstack > 0)
	{
		SearchBox	box = s.stack[--s.nstack];

		DG_CHECK_CANCEL();
		solve_box(&s, &box);
	}

	dg_free(s.stack);
	dg_free(s.forward);
	dg_free(s.backward);
	dg_anchor_free(&s);
	dg_histogram_free(&s);
	dg_free(s.a);
	dg_free(s.b);
	dg_free(s.a_index);
	dg_free(s.b_index);

	marks_to_script(s.a_changed, old_end - head, s.b_changed, new_end - head,
					head, script);
	if (!s.exact)
		script->exact = false;
	dg_free(s.a_changed);
	dg_free(s.b_changed);
}
