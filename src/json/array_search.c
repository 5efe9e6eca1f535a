/*-------------------------------------------------------------------------
 *
 * array_search.c
 *	  A shortest edit script of two arrays that differ in a few elements.
 *
 * To give every element a number takes hashing both arrays whole.  Where few
 * elements differ, most of that work is done for those that are equal, and
 * which elements they are can be found out by comparing.  So Myers' greedy
 * search is tried first, on the elements themselves: they are compared in
 * place, nearly always as bytes, and each one about twice.
 *
 * The search ends when its budget is spent, which is in proportion to what
 * hashing would cost; the caller then hashes.  The result, if there is one, is
 * a shortest script.
 *
 * Memory: a constant, some 3 kB.
 *
 * Reference: E. W. Myers, "An O(ND) Difference Algorithm and Its Variations",
 * Algorithmica 1 (1986), section 4.  core/lazy.c does the same with lines.
 *
 *-------------------------------------------------------------------------
 */
#include "json/walk.h"

/* Longer scripts are not looked for. */
#define MAX_ROUNDS			64

/* Steps that are always allowed; beyond that, one for so many elements. */
#define STEPS_LEAST			16
#define ELEMENTS_PER_STEP	4

/* How often a byte may be compared, and bytes that any comparison counts. */
#define BYTES_FACTOR		4
#define COMPARISON_BYTES	64

/* Bits of all rounds before round d, where each has d + 1 of them. */
#define FIRST_BIT(d)		((uint32) (d) * ((d) + 1) / 2)

/*
 * Goes through the shown elements of an array.
 */
typedef struct SideCursor
{
	const ArraySide *side;
	uint32		next;
	JsonCursor	cursor;			/* of use if all elements are shown */
} SideCursor;

typedef struct ElementSearch
{
	const ArraySide *old_side;
	const ArraySide *new_side;
	uint32		from;			/* the first element looked at, of both */
	int32		nold;
	int32		nnew;
	bool		plain;			/* all is shown of both arrays */
	int64		steps;			/* that are left */
	int64		bytes;
	int64		mean_bytes;		/* that an element counts */
	int32		reach[2 * MAX_ROUNDS + 3];	/* old elements, by diagonal */
	uint64		down[FIRST_BIT(MAX_ROUNDS) / 64 + 1];
} ElementSearch;

static void
seek(SideCursor *cursor, const ArraySide *side, uint32 i)
{
	cursor->side = side;
	cursor->next = i;
	dg_cursor_seek(&cursor->cursor, side->array, i);
}

static void
next_element(SideCursor *cursor, JsonNode *element)
{
	uint32		i = cursor->next++;

	if (cursor->side->indexes != NULL)
		dg_side_element(cursor->side, i, element);
	else
	{
		dg_cursor_next(&cursor->cursor, element);
		dg_view_element(cursor->side->array, i, element);
	}
}

/*
 * Compare two elements, and count the bytes that this takes.
 */
static bool
equal_elements(ElementSearch *s, const JsonNode *old_element,
			   const JsonNode *new_element)
{
	JsonDifference difference;

	s->bytes -= COMPARISON_BYTES;
	if (dg_nodes_equal(old_element, new_element, NOT_KNOWN, &difference))
	{
		s->bytes -= old_element->len;
		return true;
	}
	s->bytes -= difference.old_place - old_element->data;
	return false;
}

/*
 * How many elements are equal from some point on.
 */
static int32
slide(ElementSearch *s, int32 x, int32 y)
{
	int32		limit = Min(s->nold - x, s->nnew - y);
	SideCursor	old_cursor;
	SideCursor	new_cursor;
	int32		n = 0;

	if (limit <= 0)
		return 0;
	x += s->from;
	y += s->from;
	if (s->plain)
	{
		n = dg_same_children(s->old_side->array, x, s->new_side->array, y,
							 limit);
		s->bytes -= n * s->mean_bytes;
	}
	seek(&old_cursor, s->old_side, x + n);
	seek(&new_cursor, s->new_side, y + n);
	for (; n < limit; n++)
	{
		JsonNode	old_element;
		JsonNode	new_element;

		DG_CHECK_CANCEL();
		next_element(&old_cursor, &old_element);
		next_element(&new_cursor, &new_element);
		if (!equal_elements(s, &old_element, &new_element))
			break;
	}
	return n;
}

/*
 * Search forward until the end of both arrays.  Returns the number of edits,
 * or -1 when the budget is spent.
 */
static int
search_forward(ElementSearch *s)
{
	int32	   *reach = s->reach + MAX_ROUNDS + 1;
	int			end = s->nold - s->nnew;	/* the diagonal of the end */
	int			low = -MAX_ROUNDS;	/* bounds set by the ends of the arrays */
	int			high = MAX_ROUNDS;

	reach[0] = slide(s, 0, 0);
	for (int d = 1; d < MAX_ROUNDS; d++)
	{
		int			first = Max(-d, low + ((low + d) & 1));
		int			last = Min(d, high - ((high + d) & 1));

		for (int k = first; k <= last; k += 2)
		{
			bool		from_left = (k - 1 >= Max(low, 1 - d));
			bool		from_above = (k + 1 <= Min(high, d - 1));
			bool		down;
			int32		x;

			if (from_left && from_above)
				down = (reach[k - 1] < reach[k + 1]);
			else
				down = from_above;
			if (down)
			{
				uint32		bit = FIRST_BIT(d) + (k + d) / 2;

				s->down[bit / 64] |= UINT64CONST(1) << (bit % 64);
			}
			x = down ? reach[k + 1] : reach[k - 1] + 1;
			x += slide(s, x, x - k);
			reach[k] = x;

			if (k == end && x == s->nold)
				return d;
			if (--s->steps < 0 || s->bytes < 0)
				return -1;

			/* Diagonals beyond an edge are behind for good. */
			if (x - k == s->nnew && k > low)
				low = k;
			if (x == s->nold && k < high)
			{
				high = k;
				break;
			}
		}
	}
	return -1;
}

/*
 * Walk back from the end: moves[i] becomes true where edit i adds an element.
 */
static void
trace_back(const ElementSearch *s, int rounds, bool *moves)
{
	int			k = s->nold - s->nnew;

	for (int d = rounds; d > 0; d--)
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
write_script(ElementSearch *s, int rounds, const bool *moves,
			 DiffScript *script)
{
	int32		x = 0;
	int32		y = 0;

	for (int i = 0; i < rounds; i++)
	{
		int32		n = slide(s, x, y);
		DiffEdit	edit;

		edit.old_start = (x += n);
		edit.new_start = (y += n);
		if (moves[i])
			y++;
		else
			x++;
		edit.old_count = x - edit.old_start;
		edit.new_count = y - edit.new_start;
		dg_script_add(script, &edit, NULL);
	}
}

static int64
bytes_of(const ArraySide *side, uint32 from, uint32 n)
{
	JsonNode	first;
	JsonNode	last;

	dg_side_element(side, from, &first);
	dg_side_element(side, from + n - 1, &last);
	return last.data + last.len - first.data;
}

/*
 * dg_search_elements
 *		Append to script the edits that turn nold elements of one array into
 *		nnew of the other, both from the element `from` on, and counted from
 *		there.  There is at least one on each side.
 *
 * Returns false, and leaves the script as it was, if the arrays differ too
 * much; what was found is a shortest script if it returns true.
 */
bool
dg_search_elements(const ArraySide *old_side, uint32 nold,
				   const ArraySide *new_side, uint32 nnew, uint32 from,
				   DiffScript *script)
{
	ElementSearch s;
	bool		moves[MAX_ROUNDS];
	int64		elements;
	int64		bytes;
	int			rounds;

	s.old_side = old_side;
	s.new_side = new_side;
	s.from = from;
	s.nold = (int32) nold;
	s.nnew = (int32) nnew;
	s.plain = (old_side->array->view == VIEW_PLAIN &&
			   new_side->array->view == VIEW_PLAIN);
	s.steps = STEPS_LEAST + ((int64) nold + nnew) / ELEMENTS_PER_STEP;
	elements = (int64) nold + nnew;
	bytes = bytes_of(old_side, from, nold) + bytes_of(new_side, from, nnew) +
		COMPARISON_BYTES * elements;
	s.mean_bytes = bytes / elements;
	s.bytes = STEPS_LEAST * COMPARISON_BYTES + BYTES_FACTOR * bytes;
	memset(s.down, 0, sizeof(s.down));

	rounds = search_forward(&s);
	if (rounds < 0)
		return false;
	trace_back(&s, rounds, moves);
	write_script(&s, rounds, moves, script);
	return true;
}
