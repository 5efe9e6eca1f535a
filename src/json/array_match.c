/*-------------------------------------------------------------------------
 *
 * array_match.c
 *	  Matches the elements of two arrays.
 *
 * Elements that are equal at both ends are taken off first.  Most changes of
 * an array leave nothing more to match than one element on each side or on
 * one of them.  Where a few more were changed, array_search.c finds out which
 * by comparing.  Otherwise what is left is hashed by value, once; equal
 * elements get equal numbers (a hash table finds them, and a comparison by
 * value confirms it), and the same search that finds changed lines finds the
 * changed elements from these numbers.  What remains unmatched between equal
 * elements is paired in array_pair.c.
 *
 * Arrays that have keys (keys.h) are matched by these in array_keys.c.
 *
 * No table of all pairs is made: memory is at most 24 bytes for each element
 * that was not taken off, besides what the search itself needs (search.h), and
 * time is that of the search.
 *
 *-------------------------------------------------------------------------
 */
#include "json/walk.h"

/* Marks an element of the new array in NumberedElement. */
#define IN_NEW	0x80000000U

/* The first element seen with some number. */
typedef struct NumberedElement
{
	uint32		hash;
	uint32		position;		/* with IN_NEW */
} NumberedElement;

typedef struct Numbering
{
	const ArraySide *old_side;
	const ArraySide *new_side;
	JsonHashes *hashes;
	NumberedElement *elements;
	uint32		count;
	uint32	   *slots;			/* number + 1, or 0 */
	uint32		mask;
} Numbering;

/*
 * dg_side_element
 *		The i-th shown element of an array.
 */
void
dg_side_element(const ArraySide *side, uint32 i, JsonNode *element)
{
	uint32		index = dg_side_index(side, i);

	dg_node_child(side->array, index, element);
	dg_view_element(side->array, index, element);
}

/*
 * Find out which elements of an array are shown.
 */
static void
list_side(JsonWalk *walk, const JsonNode *array, ArraySide *side)
{
	uint32		first;
	uint32		i;

	side->array = array;
	side->count = NODE_COUNT(array);
	side->indexes = NULL;
	if (array->view == VIEW_PLAIN)
		return;

	first = dg_members_push_elements(&walk->members, array);
	if (walk->members.used - first < side->count)
	{
		side->count = walk->members.used - first;
		side->indexes = dg_alloc(Max(side->count, 1), sizeof(uint32));
		for (i = 0; i < side->count; i++)
			side->indexes[i] = walk->members.stack[first + i].old_index;
	}
	dg_members_pop(&walk->members, first);
}

/*
 * Add steps for elements that are equal, one by one where some are hidden.
 */
static void
push_equal(JsonWalk *walk, const ArraySide *old_side, uint32 old_from,
		   const ArraySide *new_side, uint32 new_from, uint32 count)
{
	uint32		i;

	if (old_side->indexes == NULL && new_side->indexes == NULL)
		dg_push_step(walk, STEP_EQUAL, old_from, new_from, count);
	else
	{
		for (i = 0; i < count; i++)
			dg_push_step(walk, STEP_EQUAL,
						 dg_side_index(old_side, old_from + i),
						 dg_side_index(new_side, new_from + i), 1);
	}
}

/*
 * Whether two elements at one end of the arrays are equal.  A difference that
 * is found is kept, so that nothing is compared again when the walk goes into
 * these elements.
 */
static bool
equal_at_end(JsonFrame *frame, const JsonNode *old_element,
			 const JsonNode *new_element, uint32 first_byte,
			 FrameDifference which)
{
	JsonDifference difference;

	if (NODE_IS_CONTAINER(old_element) &&
		dg_known_different(old_element, new_element,
						   &frame->differences[DIFFERENCE_OUTER]))
		return false;
	if (dg_nodes_equal(old_element, new_element, first_byte, &difference))
		return true;
	frame->differences[which] = difference;
	return false;
}

/*
 * Number of elements that are equal at the start of both arrays.  Stops where
 * one element is left on each side, equal or not: they are paired, and then
 * compared where they are alike.
 */
static uint32
equal_head(JsonFrame *frame, const ArraySide *old_side,
		   const ArraySide *new_side)
{
	uint32		limit = Min(old_side->count, new_side->count);
	bool		all_shown = (old_side->indexes == NULL &&
							 new_side->indexes == NULL);
	JsonCursor	old_cursor;
	JsonCursor	new_cursor;
	uint32		i = 0;

	/* The last one is left to the loop. */
	if (old_side->array->view == VIEW_PLAIN &&
		new_side->array->view == VIEW_PLAIN && limit > 0)
		i = dg_same_children(old_side->array, 0, new_side->array, 0,
							 limit - 1);
	dg_cursor_seek(&old_cursor, old_side->array, i);
	dg_cursor_seek(&new_cursor, new_side->array, i);
	for (; i < limit; i++)
	{
		JsonNode	old_element;
		JsonNode	new_element;
		uint32		first_byte = NOT_KNOWN;

		DG_CHECK_CANCEL();
		if (old_side->count - i == 1 && new_side->count - i == 1)
			break;
		if (all_shown)
		{
			dg_cursor_next(&old_cursor, &old_element);
			dg_cursor_next(&new_cursor, &new_element);
			dg_view_element(old_side->array, i, &old_element);
			dg_view_element(new_side->array, i, &new_element);
			first_byte = dg_first_byte_of_child(old_side->array,
												frame->first_byte,
												&old_element);
		}
		else
		{
			dg_side_element(old_side, i, &old_element);
			dg_side_element(new_side, i, &new_element);
		}
		if (!equal_at_end(frame, &old_element, &new_element, first_byte,
						  DIFFERENCE_HEAD))
			break;
	}
	return i;
}

/*
 * Number of elements that are equal at the end of both arrays, after the
 * first `head` ones.
 */
static uint32
equal_tail(JsonFrame *frame, const ArraySide *old_side,
		   const ArraySide *new_side, uint32 head)
{
	uint32		limit = Min(old_side->count, new_side->count) - head;
	uint32		i;

	for (i = 0; i < limit; i++)
	{
		JsonNode	old_element;
		JsonNode	new_element;

		DG_CHECK_CANCEL();
		if (old_side->count - head - i == 1 && new_side->count - head - i == 1)
			break;
		dg_side_element(old_side, old_side->count - 1 - i, &old_element);
		dg_side_element(new_side, new_side->count - 1 - i, &new_element);
		if (!equal_at_end(frame, &old_element, &new_element, NOT_KNOWN,
						  DIFFERENCE_TAIL))
			break;
	}
	return i;
}

/*
 * The number of an element: that of an equal one seen before, or a new one.
 */
static uint32
number_element(Numbering *numbering, const JsonNode *element, uint32 position)
{
	uint32		hash = (uint32) dg_node_hash(numbering->hashes, element);
	uint32		slot = hash & numbering->mask;

	for (; numbering->slots[slot] != 0; slot = (slot + 1) & numbering->mask)
	{
		uint32		number = numbering->slots[slot] - 1;
		const NumberedElement *seen = &numbering->elements[number];
		JsonNode	other;
		JsonDifference ignored;

		if (seen->hash != hash)
			continue;
		if (seen->position & IN_NEW)
			dg_side_element(numbering->new_side, seen->position & ~IN_NEW,
							&other);
		else
			dg_side_element(numbering->old_side, seen->position, &other);
		if (dg_nodes_equal(&other, element, NOT_KNOWN, &ignored))
			return number;
	}
	numbering->elements[numbering->count].hash = hash;
	numbering->elements[numbering->count].position = position;
	numbering->slots[slot] = ++numbering->count;
	return numbering->count - 1;
}

/*
 * Number the elements [from, from + n) of one side.
 */
static uint32 *
number_side(Numbering *numbering, const ArraySide *side, uint32 from,
			uint32 n, uint32 mark)
{
	uint32	   *ids = dg_alloc(n, sizeof(uint32));
	uint32		i;

	for (i = 0; i < n; i++)
	{
		JsonNode	element;

		DG_CHECK_CANCEL();
		dg_side_element(side, from + i, &element);
		ids[i] = number_element(numbering, &element, (from + i) | mark);
	}
	return ids;
}

/*
 * Find what is equal in the middle of the arrays by numbering the elements.
 */
static void
search_numbered(JsonWalk *walk, const ArraySide *old_side, uint32 nold,
				const ArraySide *new_side, uint32 nnew, uint32 from,
				DiffScript *script)
{
	Numbering	numbering;
	uint32		nslots = 8;
	uint32	   *old_ids;
	uint32	   *new_ids;

	while (nslots / 3 * 2 < nold + nnew)
		nslots *= 2;
	numbering.old_side = old_side;
	numbering.new_side = new_side;
	numbering.hashes = &walk->hashes;
	numbering.elements = dg_alloc(nold + nnew, sizeof(NumberedElement));
	numbering.count = 0;
	numbering.slots = dg_alloc0(nslots, sizeof(uint32));
	numbering.mask = nslots - 1;

	old_ids = number_side(&numbering, old_side, from, nold, 0);
	new_ids = number_side(&numbering, new_side, from, nnew, IN_NEW);
	dg_free(numbering.slots);
	dg_free(numbering.elements);

	dg_search_ids(old_ids, nold, new_ids, nnew, numbering.count,
				  walk->algorithm, script);
	if (!script->exact)
		walk->exact = false;
	dg_free(old_ids);
	dg_free(new_ids);
}

/*
 * Match the middle of the arrays, of which at least one element on each side
 * is left, and not just one on both.
 */
static void
match_middle(JsonWalk *walk, const ArraySide *old_side, uint32 nold,
			 const ArraySide *new_side, uint32 nnew, uint32 from)
{
	DiffScript	script;
	uint32		old_done = 0;
	uint32		new_done = 0;
	int32		i;

	dg_script_init(&script, false);
	if ((walk->algorithm != DIFF_MYERS && walk->algorithm != DIFF_MINIMAL) ||
		!dg_search_elements(old_side, nold, new_side, nnew, from, &script))
		search_numbered(walk, old_side, nold, new_side, nnew, from, &script);
	for (i = 0; i < script.nedits; i++)
	{
		const DiffEdit *edit = &script.edits[i];

		push_equal(walk, old_side, from + old_done, new_side, from + new_done,
				   edit->old_start - old_done);
		dg_pair_elements(walk, old_side, from + edit->old_start,
						 edit->old_count, new_side, from + edit->new_start,
						 edit->new_count);
		old_done = edit->old_start + edit->old_count;
		new_done = edit->new_start + edit->new_count;
	}
	push_equal(walk, old_side, from + old_done, new_side, from + new_done,
			   nold - old_done);
	dg_script_free(&script);
}

/*
 * Match arrays by what their elements are and where they stand.
 */
static void
match_by_content(JsonWalk *walk, JsonFrame *frame, const ArraySide *old_side,
				 const ArraySide *new_side)
{
	uint32		head = equal_head(frame, old_side, new_side);
	uint32		tail = equal_tail(frame, old_side, new_side, head);
	uint32		nold = old_side->count - head - tail;
	uint32		nnew = new_side->count - head - tail;

	push_equal(walk, old_side, 0, new_side, 0, head);
	if (nold == 0 || nnew == 0 || (nold == 1 && nnew == 1))
		dg_pair_elements(walk, old_side, head, nold, new_side, head, nnew);
	else
		match_middle(walk, old_side, nold, new_side, nnew, head);
	push_equal(walk, old_side, head + nold, new_side, head + nnew, tail);
}

/*
 * dg_match_arrays
 *		Push the steps that lead from one array of a frame to the other.
 *
 * Time: linear in the size of the elements, plus the search, which is
 * bounded.  Sets walk->exact to false if the search was cut short.
 */
void
dg_match_arrays(JsonWalk *walk, JsonFrame *frame)
{
	ArraySide	old_side;
	ArraySide	new_side;

	list_side(walk, &frame->place.old_node, &old_side);
	list_side(walk, &frame->place.new_node, &new_side);

	frame->identity = dg_match_by_keys(walk,
									   dg_key_table_find(walk->keys,
														 &frame->place.key),
									   &old_side, &new_side);
	if (frame->identity == NULL)
		match_by_content(walk, frame, &old_side, &new_side);

	if (old_side.indexes)
		dg_free(old_side.indexes);
	if (new_side.indexes)
		dg_free(new_side.indexes);
}
