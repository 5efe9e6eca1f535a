/*-------------------------------------------------------------------------
 *
 * anchor.c
 *	  Anchors a search on items that are unique to both sides of a box.
 *
 * An item that occurs exactly once in each sequence can be matched in one way
 * only.  Of all such pairs, a longest subsequence that is in order on both
 * sides is taken; what lies between two neighbours is a smaller box.  This is
 * the heart of patience diff.  It also gives `myers` something to go by where
 * the cost cap has fired: a block that moved, or a large file with many small
 * changes, falls apart into boxes that can be solved exactly.
 *
 * If no common item of the box is repeated on either side, all that can be
 * matched is a pair of this kind, and the subsequence is a longest common
 * subsequence of the box: the result is exact.
 *
 * Cost: O(box) to count, and O(u log u) for u unique pairs.  Splitting may
 * bring to light only one new anchor at a time, so that a box would be counted
 * again and again; the total is bounded by a budget linear in the input, and
 * once that is spent there are no more anchors.
 *
 * Reference: B. Cohen's patience diff; the subsequence by patience sorting,
 * C. Schensted, "Longest increasing and decreasing subsequences", Canadian
 * Journal of Mathematics 13 (1961).
 *
 *-------------------------------------------------------------------------
 */
#include "core/search_box.h"

/*
 * When anchors are only a way out of a search that costs too much, they have
 * to be good: one in this many of the smaller side's items, or, of a few that
 * the sides share at all, nearly all in the same order on both.
 */
#define ANCHOR_SHARE		4
#define ANCHOR_MINIMUM		16
#define ANCHOR_IN_ORDER		0.875

/* An end of an increasing subsequence, and the pair before it. */
typedef struct ChainLink
{
	Anchor		pair;
	int32		previous;		/* link before this one, or -1 */
} ChainLink;

/*
 * dg_anchor_free
 *		Free the working memory, if there is any.
 */
void
dg_anchor_free(SearchState *s)
{
	dg_free(s->anchor_work.a_count);
	dg_free(s->anchor_work.b_count);
	dg_free(s->anchor_work.b_position);
}

/*
 * Count the items of a box.  Returns how many are unique to both sides, and
 * whether any other item occurs on both.
 */
static int32
count_items(SearchState *s, const SearchBox *box, bool *repeated)
{
	AnchorWork *work = &s->anchor_work;
	int32		unique = 0;
	int32		i;

	for (i = box->a_lo; i < box->a_hi; i++)
	{
		if ((i & 0xffff) == 0)
			DG_CHECK_CANCEL();
		if (work->a_count[s->a[i]] < 2)
			work->a_count[s->a[i]]++;
	}
	for (i = box->b_lo; i < box->b_hi; i++)
	{
		if ((i & 0xffff) == 0)
			DG_CHECK_CANCEL();
		if (work->b_count[s->b[i]] < 2)
			work->b_count[s->b[i]]++;
		work->b_position[s->b[i]] = i;
	}

	*repeated = false;
	for (i = box->a_lo; i < box->a_hi; i++)
	{
		uint32		id = s->a[i];

		if ((i & 0xffff) == 0)
			DG_CHECK_CANCEL();
		if (work->a_count[id] == 1 && work->b_count[id] == 1)
			unique++;
		else if (work->b_count[id] > 0)
			*repeated = true;
	}
	return unique;
}

static void
forget_items(SearchState *s, const SearchBox *box)
{
	int32		i;

	for (i = box->a_lo; i < box->a_hi; i++)
		s->anchor_work.a_count[s->a[i]] = 0;
	for (i = box->b_lo; i < box->b_hi; i++)
		s->anchor_work.b_count[s->b[i]] = 0;
}

/*
 * A longest subsequence of the unique pairs that is increasing on both sides.
 *
 * tails[k] is the chain of k + 1 pairs whose last position in b, which is also
 * in tail_positions[k] to keep the binary search in the cache, is smallest.
 * Returns the number of pairs; the last one is links[tails[that - 1]].
 */
static int32
longest_chain(const SearchState *s, const SearchBox *box,
			  ChainLink *links, int32 *tails, int32 *tail_positions)
{
	const AnchorWork *work = &s->anchor_work;
	int32		nlinks = 0;
	int32		length = 0;
	int32		i;

	for (i = box->a_lo; i < box->a_hi; i++)
	{
		uint32		id = s->a[i];
		int32		position;
		int32		low;
		int32		high;

		if ((i & 0xfff) == 0)
			DG_CHECK_CANCEL();
		if (work->a_count[id] != 1 || work->b_count[id] != 1)
			continue;

		position = work->b_position[id];
		low = 0;
		high = length;

		/* Most pairs continue the longest chain. */
		if (length > 0 && tail_positions[length - 1] < position)
			low = length;
		while (low < high)
		{
			int32		middle = low + (high - low) / 2;

			if (tail_positions[middle] < position)
				low = middle + 1;
			else
				high = middle;
		}

		links[nlinks].pair.a = i;
		links[nlinks].pair.b = position;
		links[nlinks].previous = (low > 0) ? tails[low - 1] : -1;
		tails[low] = nlinks++;
		tail_positions[low] = position;
		if (low == length)
			length++;
	}
	return length;
}

/*
 * Match the pairs of a chain, and hand on the boxes between them.
 *
 * When the chain is all there is to match, what lies between is changed.
 */
static void
split_at_chain(SearchState *s, const SearchBox *box, const ChainLink *links,
			   int32 last, bool all)
{
	int32		a_hi = box->a_hi;
	int32		b_hi = box->b_hi;
	int32		link;
	int32		i;

	if (all)
	{
		for (i = box->a_lo; i < box->a_hi; i++)
			s->a_changed[s->a_index[i]] = true;
		for (i = box->b_lo; i < box->b_hi; i++)
			s->b_changed[s->b_index[i]] = true;
	}

	/* From the last pair to the first. */
	for (link = last; link >= 0; link = links[link].previous)
	{
		const Anchor *pair = &links[link].pair;

		if (all)
		{
			s->a_changed[s->a_index[pair->a]] = false;
			s->b_changed[s->b_index[pair->b]] = false;
		}
		else
			dg_push_box(s, pair->a + 1, a_hi, pair->b + 1, b_hi, false);
		a_hi = pair->a;
		b_hi = pair->b;
	}
	if (!all)
		dg_push_box(s, box->a_lo, a_hi, box->b_lo, b_hi, false);
}

/*
 * Are the anchors of a box worth more than a search cut short?
 */
static bool
good_anchors(const SearchBox *box, int32 unique, int32 length)
{
	int32		smaller = Min(box->a_hi - box->a_lo, box->b_hi - box->b_lo);

	return length >= smaller / ANCHOR_SHARE ||
		(length >= ANCHOR_MINIMUM && length >= unique * ANCHOR_IN_ORDER);
}

/*
 * dg_anchor_unique
 *		Try to split a box at items unique to both of its sides.
 *
 * wish says which anchors the caller has a use for.  On ANCHORS_SOME the boxes
 * between the anchors have been pushed; on ANCHORS_ALL the box is solved; on
 * ANCHORS_NONE nothing has been done.
 */
AnchorResult
dg_anchor_unique(SearchState *s, const SearchBox *box, AnchorWish wish)
{
	AnchorResult result = ANCHORS_NONE;
	int32		unique;
	bool		repeated;

	s->anchor_budget -= (int64) (box->a_hi - box->a_lo) +
		(box->b_hi - box->b_lo);
	if (s->anchor_budget < 0)
		return ANCHORS_NONE;

	DG_CHECK_CANCEL();
	if (s->anchor_work.a_count == NULL)
	{
		s->anchor_work.a_count = dg_alloc0(s->nids, sizeof(uint8));
		s->anchor_work.b_count = dg_alloc0(s->nids, sizeof(uint8));
		s->anchor_work.b_position = dg_alloc(s->nids, sizeof(int32));
	}

	unique = count_items(s, box, &repeated);
	if (!repeated || (unique > 0 && wish != TAKE_EXACT_ANCHORS))
	{
		ChainLink  *links = dg_alloc(unique, sizeof(ChainLink));
		int32	   *tails = dg_alloc(unique, sizeof(int32));
		int32	   *tail_positions = dg_alloc(unique, sizeof(int32));
		int32		length = longest_chain(s, box, links, tails,
										   tail_positions);

		if (!repeated)
			result = ANCHORS_ALL;
		else if (wish == TAKE_ANY_ANCHORS ||
				 good_anchors(box, unique, length))
			result = ANCHORS_SOME;

		if (result != ANCHORS_NONE)
			split_at_chain(s, box, links,
						   length > 0 ? tails[length - 1] : -1,
						   result == ANCHORS_ALL);
		dg_free(links);
		dg_free(tails);
		dg_free(tail_positions);
	}
	forget_items(s, box);
	return result;
}
