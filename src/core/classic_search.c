/*-------------------------------------------------------------------------
 *
 * classic_search.c
 *	  The line search whose choices git's merges depend on.
 *
 * Two scripts of the same length can give two different merges, so a merge
 * that is to be git's needs git's choice among them, and not that of search.c,
 * which is faster and closer to a shortest script.  What decides the choice:
 *
 * 1. Equal items at both ends are set aside.
 * 2. Items that the other side does not have leave the sequences.  So do items
 *	  that it has very often, if most items around them have left: they would
 *	  only match by chance.
 * 3. Myers' search in linear space, from both corners of a box at a time,
 *	  forwards first and from the highest diagonal down.  Past 256 edits, a
 *	  point that got far and ends a run of 20 matches is taken for the middle;
 *	  past the square root of the size, or 256, the furthest point is.  A part
 *	  on the near side of such a point is searched without these shortcuts.
 *
 * Cost: O((N + M) sqrt(N + M)) for the cap.  Memory is about 30 bytes an item.
 *
 * References: E. W. Myers, "An O(ND) Difference Algorithm and Its Variations"
 * (1986); the shortcuts are described in GNU diffutils' manual, "Performance",
 * and in git's documentation of diff algorithms; git's behaviour was observed
 * with `git merge-file`, which test/properties/merge_judge.py compares with.
 *
 *-------------------------------------------------------------------------
 */
#include "core/classic_search.h"

#define COST_CAP_LEAST		256
#define SHORTCUT_COST		256
#define GOOD_RUN			20
#define GOOD_SPEED			4

/* An item is frequent from the root of the number of items, or this. */
#define FREQUENT_MOST		1024
/* How far around a frequent item is looked, and what share must have left. */
#define FREQUENT_WINDOW		100
#define FREQUENT_SHARE		4

typedef enum ItemFate
{
	ITEM_LEAVES,
	ITEM_STAYS,
	ITEM_IS_FREQUENT
} ItemFate;

/* One sequence, and what is left of it after step 2. */
typedef struct Sequence
{
	const uint32 *ids;
	int32		count;
	bool	   *changed;
	uint32	   *kept;			/* ids */
	int32	   *places;			/* of kept ids */
	int32		nkept;
} Sequence;

typedef struct Box
{
	int32		a_lo;
	int32		a_hi;
	int32		b_lo;
	int32		b_hi;
	bool		exact;			/* no shortcuts */
} Box;

typedef struct Split
{
	int32		a;
	int32		b;
	bool		low_exact;
	bool		high_exact;
} Split;

/* The search in one box; diagonals are a - b. */
typedef struct Front
{
	const uint32 *a;
	const uint32 *b;
	Box			box;
	int32	   *forward;		/* furthest a by diagonal */
	int32	   *backward;
	int32		f_low;			/* diagonals that are searched */
	int32		f_high;
	int32		b_low;
	int32		b_high;
	bool		good_run;		/* this round matched a long run */
} Front;

/* A power of two that is near the square root of n. */
static int32
rough_root(int64 n)
{
	int32		root = 1;

	for (; n > 0; n >>= 2)
		root <<= 1;
	return root;
}

/*
 * dg_classic_init
 *		Make room for searches of ids below nids, in the current context.
 */
void
dg_classic_init(ClassicSearch *search, uint32 nids)
{
	search->old_counts = dg_alloc0(nids, sizeof(int32));
	search->new_counts = dg_alloc0(nids, sizeof(int32));
}

/*
 * dg_classic_free
 *		Give the room back.
 */
void
dg_classic_free(ClassicSearch *search)
{
	dg_free(search->old_counts);
	dg_free(search->new_counts);
}

/*
 * Whether a frequent item leaves: items that leave are on both sides of it,
 * and are most of those up to the next that stays.
 */
static bool
leaves_with_others(const uint8 *fates, int32 i, int32 count)
{
	int32		first = Max(0, i - FREQUENT_WINDOW);
	int32		last = Min(count - 1, i + FREQUENT_WINDOW);
	int32		leaving_before = 0;
	int32		leaving_after = 0;
	int32		frequent = 2;
	int32		k;

	for (k = i - 1; k >= first && fates[k] != ITEM_STAYS; k--)
	{
		leaving_before += (fates[k] == ITEM_LEAVES);
		frequent += (fates[k] == ITEM_IS_FREQUENT);
	}
	if (leaving_before == 0)
		return false;
	for (k = i + 1; k <= last && fates[k] != ITEM_STAYS; k++)
	{
		leaving_after += (fates[k] == ITEM_LEAVES);
		frequent += (fates[k] == ITEM_IS_FREQUENT);
	}
	if (leaving_after == 0)
		return false;
	return frequent * FREQUENT_SHARE <
		frequent + leaving_before + leaving_after;
}

/*
 * Step 2 for one sequence, between what was set aside.  others has how often
 * the other sequence has each id.
 */
static void
keep_items(Sequence *s, int32 start, int32 end, const int32 *others)
{
	int32		count = end - start;
	int32		many = Min(rough_root(s->count), FREQUENT_MOST);
	uint8	   *fates = dg_alloc(count, sizeof(uint8));
	int32		i;

	s->kept = dg_alloc(count, sizeof(uint32));
	s->places = dg_alloc(count, sizeof(int32));
	s->nkept = 0;
	for (i = 0; i < count; i++)
	{
		int32		n = others[s->ids[start + i]];

		DG_CHECK_CANCEL();
		fates[i] = n == 0 ? ITEM_LEAVES :
			n < many ? ITEM_STAYS : ITEM_IS_FREQUENT;
	}
	for (i = 0; i < count; i++)
	{
		DG_CHECK_CANCEL();
		if (fates[i] == ITEM_LEAVES ||
			(fates[i] == ITEM_IS_FREQUENT &&
			 leaves_with_others(fates, i, count)))
			s->changed[start + i] = true;
		else
		{
			s->kept[s->nkept] = s->ids[start + i];
			s->places[s->nkept++] = start + i;
		}
	}
	dg_free(fates);
}

/*
 * Widens the diagonals of a search by one on either side; where the box ends
 * they get fewer instead, so that every second diagonal is always the same.
 * A diagonal not reached yet has the value none.
 */
static void
widen(int32 *reach, int32 *low, int32 *high, int32 least, int32 most,
	  int32 none)
{
	if (*low > least)
		reach[--*low - 1] = none;
	else
		++*low;
	if (*high < most)
		reach[++*high + 1] = none;
	else
		--*high;
}

/*
 * One more edit forwards.  Returns true if that meets the way back, with the
 * point in *split.
 */
static bool
step_forward(Front *f, bool may_meet, Split *split)
{
	int32		d;

	widen(f->forward, &f->f_low, &f->f_high,
		  f->box.a_lo - f->box.b_hi, f->box.a_hi - f->box.b_lo, -1);
	for (d = f->f_high; d >= f->f_low; d -= 2)
	{
		int32		a = Max(f->forward[d - 1] + 1, f->forward[d + 1]);
		int32		start = a;

		DG_CHECK_CANCEL();
		while (a < f->box.a_hi && a - d < f->box.b_hi &&
			   f->a[a] == f->b[a - d])
			a++;
		if (a - start > GOOD_RUN)
			f->good_run = true;
		f->forward[d] = a;
		if (may_meet && d >= f->b_low && d <= f->b_high &&
			f->backward[d] <= a)
		{
			split->a = a;
			split->b = a - d;
			return true;
		}
	}
	return false;
}

/* One more edit backwards, likewise. */
static bool
step_backward(Front *f, bool may_meet, Split *split)
{
	int32		d;

	widen(f->backward, &f->b_low, &f->b_high,
		  f->box.a_lo - f->box.b_hi, f->box.a_hi - f->box.b_lo,
		  PG_INT32_MAX);
	for (d = f->b_high; d >= f->b_low; d -= 2)
	{
		int32		a = Min(f->backward[d - 1], f->backward[d + 1] - 1);
		int32		start = a;

		DG_CHECK_CANCEL();
		while (a > f->box.a_lo && a - d > f->box.b_lo &&
			   f->a[a - 1] == f->b[a - d - 1])
			a--;
		if (start - a > GOOD_RUN)
			f->good_run = true;
		f->backward[d] = a;
		if (may_meet && d >= f->f_low && d <= f->f_high &&
			a <= f->forward[d])
		{
			split->a = a;
			split->b = a - d;
			return true;
		}
	}
	return false;
}

/* Whether the GOOD_RUN items from (a, b) on are equal. */
static bool
is_good_run(const Front *f, int32 a, int32 b)
{
	return memcmp(f->a + a, f->b + b, GOOD_RUN * sizeof(uint32)) == 0;
}

/*
 * Looks for a point forwards that is far for its cost and ends a good run.
 */
static bool
find_good_forward(const Front *f, int32 cost, Split *split)
{
	const Box  *box = &f->box;
	int64		best = 0;
	int32		d;

	for (d = f->f_high; d >= f->f_low; d -= 2)
	{
		int32		a = f->forward[d];
		int32		b = a - d;
		int64		far = (int64) (a - box->a_lo) + (b - box->b_lo) -
			abs(d - (box->a_lo - box->b_lo));

		if (far > (int64) GOOD_SPEED * cost && far > best &&
			a >= box->a_lo + GOOD_RUN && a < box->a_hi &&
			b >= box->b_lo + GOOD_RUN && b < box->b_hi &&
			is_good_run(f, a - GOOD_RUN, b - GOOD_RUN))
		{
			best = far;
			split->a = a;
			split->b = b;
		}
	}
	split->low_exact = true;
	split->high_exact = false;
	return best > 0;
}

/* The same backwards, for a point that starts a good run. */
static bool
find_good_backward(const Front *f, int32 cost, Split *split)
{
	const Box  *box = &f->box;
	int64		best = 0;
	int32		d;

	for (d = f->b_high; d >= f->b_low; d -= 2)
	{
		int32		a = f->backward[d];
		int32		b = a - d;
		int64		far = (int64) (box->a_hi - a) + (box->b_hi - b) -
			abs(d - (box->a_hi - box->b_hi));

		if (far > (int64) GOOD_SPEED * cost && far > best &&
			a > box->a_lo && a <= box->a_hi - GOOD_RUN &&
			b > box->b_lo && b <= box->b_hi - GOOD_RUN &&
			is_good_run(f, a, b))
		{
			best = far;
			split->a = a;
			split->b = b;
		}
	}
	split->low_exact = false;
	split->high_exact = true;
	return best > 0;
}

/*
 * Takes the point that came furthest, when the search cost too much.
 */
static void
take_furthest(const Front *f, Split *split)
{
	const Box  *box = &f->box;
	int64		f_sum = -1;
	int64		b_sum = PG_INT64_MAX;
	int32		f_a = 0;
	int32		b_a = 0;
	int32		d;

	for (d = f->f_high; d >= f->f_low; d -= 2)
	{
		int32		a = Min(f->forward[d], box->a_hi);
		int32		b = a - d;

		if (b > box->b_hi)
		{
			b = box->b_hi;
			a = b + d;
		}
		if ((int64) a + b > f_sum)
		{
			f_sum = (int64) a + b;
			f_a = a;
		}
	}
	for (d = f->b_high; d >= f->b_low; d -= 2)
	{
		int32		a = Max(f->backward[d], box->a_lo);
		int32		b = a - d;

		if (b < box->b_lo)
		{
			b = box->b_lo;
			a = b + d;
		}
		if ((int64) a + b < b_sum)
		{
			b_sum = (int64) a + b;
			b_a = a;
		}
	}

	split->low_exact = (int64) box->a_hi + box->b_hi - b_sum <
		f_sum - ((int64) box->a_lo + box->b_lo);
	split->high_exact = !split->low_exact;
	split->a = split->low_exact ? f_a : b_a;
	split->b = split->low_exact ? f_sum - f_a : b_sum - b_a;
}

/*
 * Step 3: finds where to split a box.  It has items on both sides, and none
 * equal at its corners.
 */
static void
split_box(Front *f, int32 cost_cap, Split *split)
{
	int32		f_mid = f->box.a_lo - f->box.b_lo;
	int32		b_mid = f->box.a_hi - f->box.b_hi;
	bool		odd = ((f_mid - b_mid) & 1) != 0;
	int32		cost;

	f->f_low = f->f_high = f_mid;
	f->b_low = f->b_high = b_mid;
	f->forward[f_mid] = f->box.a_lo;
	f->backward[b_mid] = f->box.a_hi;
	split->low_exact = split->high_exact = true;

	for (cost = 1;; cost++)
	{
		f->good_run = false;
		if (step_forward(f, odd, split) || step_backward(f, !odd, split))
			return;
		if (f->box.exact)
			continue;
		if (f->good_run && cost > SHORTCUT_COST &&
			(find_good_forward(f, cost, split) ||
			 find_good_backward(f, cost, split)))
			return;
		if (cost >= cost_cap)
		{
			take_furthest(f, split);
			return;
		}
	}
}

/* The boxes still to be solved. */
typedef struct BoxStack
{
	Box		   *boxes;
	int32		count;
	int32		max;
} BoxStack;

static void
push_box(BoxStack *stack, int32 a_lo, int32 a_hi, int32 b_lo, int32 b_hi,
		 bool exact)
{
	Box		   *box;

	if (stack->count == stack->max)
	{
		stack->max *= 2;
		stack->boxes = dg_realloc(stack->boxes, stack->max, sizeof(Box));
	}
	box = &stack->boxes[stack->count++];
	box->a_lo = a_lo;
	box->a_hi = a_hi;
	box->b_lo = b_lo;
	box->b_hi = b_hi;
	box->exact = exact;
}

/*
 * Marks what has changed among the kept items.
 */
static void
solve(Sequence *a, Sequence *b)
{
	int64		ndiagonals = (int64) a->nkept + b->nkept + 3;
	int32		cost_cap = Max(rough_root(ndiagonals), COST_CAP_LEAST);
	int32	   *rows = dg_alloc(ndiagonals * 2 + 2, sizeof(int32));
	BoxStack	stack = {dg_alloc(64, sizeof(Box)), 0, 64};
	Front		f;
	Split		split;

	f.a = a->kept;
	f.b = b->kept;
	f.forward = rows + b->nkept + 1;
	f.backward = f.forward + ndiagonals;
	push_box(&stack, 0, a->nkept, 0, b->nkept, false);
	while (stack.count > 0)
	{
		Box		   *box = &f.box;

		*box = stack.boxes[--stack.count];
		while (box->a_lo < box->a_hi && box->b_lo < box->b_hi &&
			   f.a[box->a_lo] == f.b[box->b_lo])
		{
			box->a_lo++;
			box->b_lo++;
		}
		while (box->a_lo < box->a_hi && box->b_lo < box->b_hi &&
			   f.a[box->a_hi - 1] == f.b[box->b_hi - 1])
		{
			box->a_hi--;
			box->b_hi--;
		}
		if (box->a_lo == box->a_hi || box->b_lo == box->b_hi)
		{
			for (; box->a_lo < box->a_hi; box->a_lo++)
				a->changed[a->places[box->a_lo]] = true;
			for (; box->b_lo < box->b_hi; box->b_lo++)
				b->changed[b->places[box->b_lo]] = true;
			continue;
		}
		split_box(&f, cost_cap, &split);
		push_box(&stack, split.a, box->a_hi, split.b, box->b_hi,
				 split.high_exact);
		push_box(&stack, box->a_lo, split.a, box->b_lo, split.b,
				 split.low_exact);
	}
	dg_free(stack.boxes);
	dg_free(rows);
}

/* Makes a script, without spans, of the marks. */
static void
marks_to_script(const Sequence *a, const Sequence *b, DiffScript *script)
{
	int32		i = 0;
	int32		j = 0;

	while (i < a->count || j < b->count)
	{
		DiffEdit	edit = {i, 0, j, 0};

		DG_CHECK_CANCEL();
		while (i < a->count && a->changed[i])
			i++;
		while (j < b->count && b->changed[j])
			j++;
		edit.old_count = i - edit.old_start;
		edit.new_count = j - edit.new_start;
		if (edit.old_count > 0 || edit.new_count > 0)
			dg_script_add(script, &edit, NULL);
		else
		{
			i++;
			j++;
		}
	}
}

/*
 * dg_classic_search
 *		Append the edits that turn old_ids into new_ids to a script.
 *
 * The script has no spans.  Scratch memory is freed before return.
 */
void
dg_classic_search(ClassicSearch *search, const uint32 *old_ids, int32 nold,
				  const uint32 *new_ids, int32 nnew, DiffScript *script)
{
	Sequence	a = {old_ids, nold, NULL, NULL, NULL, 0};
	Sequence	b = {new_ids, nnew, NULL, NULL, NULL, 0};
	int32		start = 0;
	int32		tail = 0;
	int32		most = Min(nold, nnew);
	int32		i;

	while (start < most && old_ids[start] == new_ids[start])
		start++;
	while (tail < most - start &&
		   old_ids[nold - 1 - tail] == new_ids[nnew - 1 - tail])
		tail++;

	for (i = 0; i < nold; i++)
		search->old_counts[old_ids[i]]++;
	for (i = 0; i < nnew; i++)
		search->new_counts[new_ids[i]]++;
	a.changed = dg_alloc0(nold, sizeof(bool));
	b.changed = dg_alloc0(nnew, sizeof(bool));
	keep_items(&a, start, nold - tail, search->new_counts);
	keep_items(&b, start, nnew - tail, search->old_counts);
	for (i = 0; i < nold; i++)
		search->old_counts[old_ids[i]] = 0;
	for (i = 0; i < nnew; i++)
		search->new_counts[new_ids[i]] = 0;

	solve(&a, &b);
	marks_to_script(&a, &b, script);
	dg_free(a.changed);
	dg_free(a.kept);
	dg_free(a.places);
	dg_free(b.changed);
	dg_free(b.kept);
	dg_free(b.places);
}
