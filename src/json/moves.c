/*-------------------------------------------------------------------------
 *
 * moves.c
 *	  Where elements are in an array while operations move them about.
 *
 * A patch is applied one operation after the other, so each has to name the
 * index that an element has at that time.  The walk goes through the matched
 * elements from the start of the arrays: those that stay are passed in order,
 * and what is added or moved in goes right behind the last one passed and
 * what was put there before.  So at any time the array consists of the old
 * elements that are still at their place, in their old order, and behind each
 * of those passed the elements that were put there.
 *
 * The index of an old element is then the number of old elements before it,
 * less those that were taken away, plus what was put behind them.  A Fenwick
 * tree over the old positions holds these differences, so that asking and
 * telling take logarithmic time.
 *
 * Memory: 4 bytes for each element of the old array.
 *
 * Reference: P. Fenwick, "A New Data Structure for Cumulative Frequency
 * Tables", Software: Practice and Experience 24 (1994).
 *
 *-------------------------------------------------------------------------
 */
#include "json/moves.h"

/*
 * Add to the difference at a place: place 0 is before all old elements, place
 * i + 1 is old element i with what stands behind it.
 */
static void
add_shift(ArrayMoves *moves, uint32 place, int32 shift)
{
	uint64		node;

	for (node = (uint64) place + 1; node <= (uint64) moves->count + 1;
		 node += node & -node)
		moves->shifts[node] += shift;
}

/*
 * The sum of the differences at places before a given one.
 */
static int32
shift_before(const ArrayMoves *moves, uint32 place)
{
	int32		sum = 0;
	uint32		node;

	for (node = place; node > 0; node -= node & -node)
		sum += moves->shifts[node];
	return sum;
}

/*
 * dg_moves_begin
 *		Start with the old array of a frame; NULL if nothing moves in it.
 */
ArrayMoves *
dg_moves_begin(const JsonWalk *walk, const JsonFrame *frame)
{
	const ArrayStep *steps = walk->steps + frame->first;
	ArrayMoves *moves;
	uint32		i;

	for (i = 0; i < frame->count; i++)
	{
		if (steps[i].kind == STEP_MOVE)
			break;
	}
	if (i == frame->count)
		return NULL;

	moves = palloc0(sizeof(ArrayMoves));
	moves->count = NODE_COUNT(&frame->place.old_node);
	moves->shifts = dg_alloc0((Size) moves->count + 2, sizeof(int32));
	return moves;
}

/*
 * dg_moves_free
 *		Free what dg_moves_begin has returned.
 */
void
dg_moves_free(ArrayMoves *moves)
{
	if (moves == NULL)
		return;
	dg_free(moves->shifts);
	pfree(moves);
}

/*
 * dg_moves_pass
 *		Pass the steps of a frame before the one that the walk is at.
 */
void
dg_moves_pass(ArrayMoves *moves, const JsonWalk *walk, const JsonFrame *frame)
{
	for (; moves->next < frame->next - 1; moves->next++)
	{
		const ArrayStep *step = &walk->steps[frame->first + moves->next];

		if (STEP_IN_OLD(step) && STEP_IN_NEW(step))
			moves->anchor = step->old_index + step->count;
	}
}

/*
 * dg_moves_index
 *		The present index of an old element that is at its place.
 */
uint32
dg_moves_index(const ArrayMoves *moves, uint32 old_index)
{
	return old_index + shift_before(moves, old_index + 1);
}

/*
 * dg_moves_take
 *		An old element is taken from its place.
 */
void
dg_moves_take(ArrayMoves *moves, uint32 old_index)
{
	add_shift(moves, old_index + 1, -1);
}

/*
 * dg_moves_insert
 *		An element is put behind the last one passed.  Returns its index.
 */
uint32
dg_moves_insert(ArrayMoves *moves)
{
	moves->inserted_at = moves->anchor +
		shift_before(moves, moves->anchor + 1);
	add_shift(moves, moves->anchor, 1);
	return moves->inserted_at;
}
