/*-------------------------------------------------------------------------
 *
 * array_keys.c
 *	  Matches the elements of two arrays by identity.
 *
 * An identity is the values of some members, say "name", or "containerPort"
 * and "protocol".  For it to be used, all elements of both arrays must be
 * objects that have these members, with scalar values that are shown, and no
 * two elements of an array may have the same.  If that is not so, the next
 * list of members is tried, and in the end the array is matched as any other.
 *
 * Elements with the same identity are a pair wherever they stand.  As many of
 * the pairs as possible keep their place: those of a longest increasing
 * subsequence of the old places, taken in the new order (found by patience
 * sorting).  The others have moved.
 *
 * Time: O(n log n) for n elements.  Memory: at most 32 bytes an element.
 *
 *-------------------------------------------------------------------------
 */
#include "json/walk.h"

/* Marks an element of the new array in a slot of the table. */
#define IN_NEW	0x80000000U

/* Elements of both arrays by identity. */
typedef struct IdentityTable
{
	JsonWalk   *walk;
	const ArraySide *old_side;
	const ArraySide *new_side;
	const JsonKeyList *list;
	uint32	   *slots;			/* position in its array + 1, or 0 */
	uint32		mask;
	uint32	   *match;			/* new position to old position, or NO_INDEX */
	uint32	   *partner;		/* old position to new position, or NO_INDEX */
} IdentityTable;

/*
 * The value of one of an element's identifying members; false if it has none
 * that can be used.
 */
static bool
identity_value(const JsonNode *element, const JsonKey *key, JsonNode *value)
{
	if (!dg_node_find(element, key->data, key->len, value))
		return false;
	dg_view_member(element, key, value);
	return !NODE_IS_CONTAINER(value) && value->view != VIEW_HIDDEN &&
		!dg_is_redacted(value->view);
}

/*
 * The hash of an element's identity; false if it has none.
 */
static bool
identity_hash(const IdentityTable *table, const JsonNode *element,
			  uint32 *hash)
{
	uint64		combined = 0;
	uint32		i;

	if (element->kind != NODE_OBJECT || dg_is_redacted(element->view))
		return false;
	for (i = 0; i < table->list->count; i++)
	{
		JsonNode	value;

		if (!identity_value(element, &table->list->keys[i], &value))
			return false;
		combined = combined * 31 +
			dg_node_hash(&table->walk->hashes, &value);
	}
	*hash = (uint32) (combined ^ (combined >> 32));
	return true;
}

static bool
same_identity(const IdentityTable *table, const JsonNode *a,
			  const JsonNode *b)
{
	uint32		i;

	for (i = 0; i < table->list->count; i++)
	{
		JsonNode	a_value;
		JsonNode	b_value;

		if (!identity_value(a, &table->list->keys[i], &a_value) ||
			!identity_value(b, &table->list->keys[i], &b_value) ||
			!dg_scalars_equal(&a_value, &b_value))
			return false;
	}
	return true;
}

/*
 * The slot of an element's identity, or the empty one where it belongs.
 */
static uint32
find_slot(const IdentityTable *table, const JsonNode *element, uint32 hash)
{
	uint32		slot = hash & table->mask;

	while (table->slots[slot] != 0)
	{
		uint32		position = table->slots[slot] - 1;
		JsonNode	other;

		if (position & IN_NEW)
			dg_side_element(table->new_side, position & ~IN_NEW, &other);
		else
			dg_side_element(table->old_side, position, &other);
		if (same_identity(table, element, &other))
			break;
		slot = (slot + 1) & table->mask;
	}
	return slot;
}

/*
 * Enter all elements of the old array; false if one has no identity of its
 * own.
 */
static bool
enter_old(IdentityTable *table)
{
	uint32		i;

	for (i = 0; i < table->old_side->count; i++)
	{
		JsonNode	element;
		uint32		hash;
		uint32		slot;

		DG_CHECK_CANCEL();
		dg_side_element(table->old_side, i, &element);
		if (!identity_hash(table, &element, &hash))
			return false;
		slot = find_slot(table, &element, hash);
		if (table->slots[slot] != 0)
			return false;
		table->slots[slot] = i + 1;
		table->partner[i] = NO_INDEX;
	}
	return true;
}

/*
 * Find the partners of all elements of the new array; false if one has no
 * identity of its own.
 */
static bool
match_new(IdentityTable *table)
{
	uint32		j;

	for (j = 0; j < table->new_side->count; j++)
	{
		JsonNode	element;
		uint32		hash;
		uint32		slot;
		uint32		position;

		DG_CHECK_CANCEL();
		dg_side_element(table->new_side, j, &element);
		if (!identity_hash(table, &element, &hash))
			return false;
		slot = find_slot(table, &element, hash);
		if (table->slots[slot] == 0)
		{
			table->slots[slot] = (j | IN_NEW) + 1;
			table->match[j] = NO_INDEX;
			continue;
		}
		position = table->slots[slot] - 1;
		if ((position & IN_NEW) || table->partner[position] != NO_INDEX)
			return false;
		table->match[j] = position;
		table->partner[position] = j;
	}
	return true;
}

/*
 * Mark the pairs that keep their place, in keeps[], by new position.
 */
static void
find_keepers(const IdentityTable *table, bool *keeps)
{
	uint32		n = table->new_side->count;
	uint32	   *tails = dg_alloc(Max(n, 1), sizeof(uint32));
	uint32	   *previous = dg_alloc(Max(n, 1), sizeof(uint32));
	uint32		length = 0;
	uint32		j;

	/* tails[k] ends the increasing subsequence of k + 1 with lowest end. */
	for (j = 0; j < n; j++)
	{
		uint32		low = 0;
		uint32		high = length;

		DG_CHECK_CANCEL();
		keeps[j] = false;
		if (table->match[j] == NO_INDEX)
			continue;
		while (low < high)
		{
			uint32		middle = low + (high - low) / 2;

			if (table->match[tails[middle]] < table->match[j])
				low = middle + 1;
			else
				high = middle;
		}
		previous[j] = (low == 0) ? NO_INDEX : tails[low - 1];
		tails[low] = j;
		if (low == length)
			length++;
	}
	if (length > 0)
	{
		for (j = tails[length - 1]; j != NO_INDEX; j = previous[j])
			keeps[j] = true;
	}
	dg_free(tails);
	dg_free(previous);
}

/*
 * Push steps for elements [from, to) of the old array, none of which keeps
 * its place.
 */
static void
push_old(const IdentityTable *table, uint32 from, uint32 to)
{
	for (; from < to; from++)
	{
		uint32		old_index = dg_side_index(table->old_side, from);

		if (table->partner[from] == NO_INDEX)
			dg_push_step(table->walk, STEP_REMOVE, old_index, NO_INDEX, 1);
		else
			dg_push_step(table->walk, STEP_MOVE_AWAY, old_index,
						 dg_side_index(table->new_side, table->partner[from]),
						 1);
	}
}

static void
push_new(const IdentityTable *table, uint32 from, uint32 to)
{
	for (; from < to; from++)
	{
		uint32		new_index = dg_side_index(table->new_side, from);

		if (table->match[from] == NO_INDEX)
			dg_push_step(table->walk, STEP_ADD, NO_INDEX, new_index, 1);
		else
			dg_push_step(table->walk, STEP_MOVE,
						 dg_side_index(table->old_side, table->match[from]),
						 new_index, 1);
	}
}

static void
push_pair(const IdentityTable *table, uint32 i, uint32 j)
{
	dg_push_step(table->walk, STEP_PAIR, dg_side_index(table->old_side, i),
				 dg_side_index(table->new_side, j), 1);
}

/*
 * Push the steps where the order counts.
 */
static void
push_in_order(const IdentityTable *table, const bool *keeps)
{
	uint32		nnew = table->new_side->count;
	uint32		old_done = 0;
	uint32		new_done = 0;
	uint32		j;

	for (j = 0; j < nnew; j++)
	{
		DG_CHECK_CANCEL();
		if (!keeps[j])
			continue;
		push_old(table, old_done, table->match[j]);
		push_new(table, new_done, j);
		push_pair(table, table->match[j], j);
		old_done = table->match[j] + 1;
		new_done = j + 1;
	}
	push_old(table, old_done, table->old_side->count);
	push_new(table, new_done, nnew);
}

/*
 * Push the steps where it does not, and has changed: pairs stay where they
 * were, and what is new comes last.
 */
static void
push_in_any_order(const IdentityTable *table)
{
	uint32		nold = table->old_side->count;
	uint32		nnew = table->new_side->count;
	uint32		i;
	uint32		j;

	for (i = 0; i < nold; i++)
	{
		DG_CHECK_CANCEL();
		if (table->partner[i] != NO_INDEX)
			push_pair(table, i, table->partner[i]);
		else
			push_old(table, i, i + 1);
	}
	for (j = 0; j < nnew; j++)
	{
		if (table->match[j] == NO_INDEX)
			push_new(table, j, j + 1);
	}
}

/*
 * Push the steps from one array to the other once all pairs are known.
 */
static void
push_steps(const IdentityTable *table)
{
	uint32		nnew = table->new_side->count;
	bool	   *keeps = dg_alloc(Max(nnew, 1), sizeof(bool));
	bool		moved = false;
	uint32		j;

	find_keepers(table, keeps);
	for (j = 0; j < nnew; j++)
		moved |= (table->match[j] != NO_INDEX && !keeps[j]);
	if (moved && table->walk->ignore_order)
		push_in_any_order(table);
	else
		push_in_order(table, keeps);
	dg_free(keeps);
}

/*
 * dg_match_by_keys
 *		Match the elements of two arrays by the first list of keys that
 *		identifies them, and push the steps.
 *
 * Returns that list, or NULL if there is none, in which case nothing was
 * pushed.
 */
const JsonKeyList *
dg_match_by_keys(JsonWalk *walk, const JsonKeyList *list,
				 const ArraySide *old_side, const ArraySide *new_side)
{
	IdentityTable table;
	uint32		nslots = 8;

	if (list == NULL)
		return NULL;
	while (nslots / 3 * 2 < old_side->count + new_side->count)
		nslots *= 2;
	table.walk = walk;
	table.old_side = old_side;
	table.new_side = new_side;
	table.slots = dg_alloc(nslots, sizeof(uint32));
	table.mask = nslots - 1;
	table.match = dg_alloc(Max(new_side->count, 1), sizeof(uint32));
	table.partner = dg_alloc(Max(old_side->count, 1), sizeof(uint32));

	for (; list != NULL; list = list->next)
	{
		table.list = list;
		memset(table.slots, 0, (Size) nslots * sizeof(uint32));
		if (enter_old(&table) && match_new(&table))
		{
			push_steps(&table);
			break;
		}
	}
	dg_free(table.slots);
	dg_free(table.match);
	dg_free(table.partner);
	return list;
}
