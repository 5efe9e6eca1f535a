/*-------------------------------------------------------------------------
 *
 * three_way_keys.c
 *	  Three-way merge of arrays whose elements are known by identity.
 *
 * Such an array is merged like an object, with identities for keys: it does
 * not matter where an element stands, so two sides that both added elements
 * at the end are not in conflict, and if they added the same one, it is
 * merged from both.
 *
 * Then the elements that are to be in the result are put in order.  The order
 * is that of ours, or of theirs if only they have moved elements.  What is
 * not in that side's array comes behind the element that it follows in the
 * other one's, and behind what was added there.  If both sides have moved
 * elements and put them in different orders, that is a conflict of the whole
 * array.
 *
 * Elements are referred to by tokens: those of the base by their index, then
 * those that ours added, then those that theirs added.
 *
 * O(n log n) time and some 40 bytes for each element of the three arrays.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "json/path.h"
#include "json/three_way_private.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"

#define NO_TOKEN	PG_UINT32_MAX

typedef struct KeyedSide
{
	TreeChange *array;
	uint32		count;			/* elements */
	TreeChange **content;		/* what became of the elements of the base */
	TreeChange **added;
	uint32	   *order;			/* tokens of the elements */
	bool	   *has;			/* by token */
} KeyedSide;

typedef struct KeyedMerge
{
	MergeState *state;
	const JsonNode *base;
	uint32		nbase;
	uint32		ntokens;
	KeyedSide	sides[2];
	bool	   *present;		/* in the result, by token */
	EditValue  *values;			/* then */
	uint32	   *next;			/* the result as a list; ntokens is its head */
} KeyedMerge;

/* Orders elements by their identities. */
static int
compare_identities(const void *a, const void *b, void *arg)
{
	const JsonNode *anode = &(*(TreeChange *const *) a)->new_node;
	const JsonNode *bnode = &(*(TreeChange *const *) b)->new_node;
	const JsonKeyList *identity = arg;
	int			order = 0;

	CHECK_FOR_INTERRUPTS();
	for (uint32 i = 0; i < identity->count && order == 0; i++)
	{
		const JsonKey *key = &identity->keys[i];
		JsonNode	avalue;
		JsonNode	bvalue;

		if (!dg_node_find(anode, key->data, key->len, &avalue) ||
			!dg_node_find(bnode, key->data, key->len, &bvalue))
			elog(ERROR, "element has lost its identity");
		if (avalue.kind != bvalue.kind)
			order = avalue.kind < bvalue.kind ? -1 : 1;
		else if (avalue.kind == NODE_NUMBER)
		{
			Datum		anumber = NumericGetDatum(NODE_NUMERIC(&avalue));
			Datum		bnumber = NumericGetDatum(NODE_NUMERIC(&bvalue));

			order = DatumGetInt32(DirectFunctionCall2(numeric_cmp, anumber,
													  bnumber));
		}
		else if (avalue.kind == NODE_STRING)
		{
			JsonKey		astring = {avalue.data, avalue.len};
			JsonKey		bstring = {bvalue.data, bvalue.len};

			order = dg_key_compare_stored(&astring, &bstring);
		}
	}
	return order;
}

/* Reads a side's changes; its first added element gets the given token. */
static void
read_side(KeyedMerge *merge, KeyedSide *side, TreeChange *array,
		  uint32 first_added)
{
	bool	   *elsewhere = dg_alloc0(Max(merge->nbase, 1), sizeof(bool));
	uint32		nadded = 0;
	uint32		position = 0;

	side->array = array;
	side->count = NODE_COUNT(&array->new_node);
	side->content = dg_alloc0(Max(merge->nbase, 1), sizeof(TreeChange *));
	side->added = dg_alloc(Max(array->nadded, 1), sizeof(TreeChange *));
	side->order = dg_alloc(Max(side->count, 1), sizeof(uint32));
	side->has = dg_alloc0(Max(merge->ntokens, 1), sizeof(bool));
	for (uint32 i = 0; i < side->count; i++)
		side->order[i] = NO_TOKEN;

	for (TreeChange *change = array->first; change; change = change->next)
	{
		CHECK_FOR_INTERRUPTS();
		switch (change->kind)
		{
			case TREE_ADD:
				side->order[change->new_index] = first_added + nadded;
				side->added[nadded++] = change;
				break;
			case TREE_MOVE:
				side->order[change->new_index] = change->position;
				elsewhere[change->position] = true;
				break;
			case TREE_REMOVE:
				elsewhere[change->position] = true;
				side->content[change->position] = change;
				break;
			case TREE_REPLACE:
			case TREE_INSIDE:
				side->content[change->position] = change;
				break;
		}
	}

	/* all others are where they were, one after the other */
	for (uint32 i = 0; i < side->count; i++)
	{
		if (side->order[i] == NO_TOKEN)
		{
			while (elsewhere[position])
				position++;
			side->order[i] = position++;
		}
		side->has[side->order[i]] = true;
	}
	dg_free(elsewhere);
}

/*
 * Gives elements that both sides added the token of ours, and returns by the
 * index of ours' added ones what theirs made of it, or NULL.
 */
static TreeChange **
pair_added(KeyedMerge *merge)
{
	KeyedSide  *ours = &merge->sides[SIDE_OURS];
	KeyedSide  *theirs = &merge->sides[SIDE_THEIRS];
	uint32		nours = ours->array->nadded;
	uint32		ntheirs = theirs->array->nadded;
	TreeChange **partners = dg_alloc0(Max(nours, 1), sizeof(TreeChange *));
	void	   *identity = unconstify(JsonKeyList *, ours->array->identity);

	qsort_arg(theirs->added, ntheirs, sizeof(TreeChange *),
			  compare_identities, identity);
	for (uint32 i = 0; i < nours; i++)
	{
		uint32		low = 0;
		uint32		high = ntheirs;

		CHECK_FOR_INTERRUPTS();
		while (low < high)
		{
			uint32		middle = low + (high - low) / 2;

			if (compare_identities(&theirs->added[middle], &ours->added[i],
								   identity) < 0)
				low = middle + 1;
			else
				high = middle;
		}
		if (low < ntheirs &&
			compare_identities(&theirs->added[low], &ours->added[i],
							   identity) == 0)
		{
			uint32	   *token = &theirs->order[theirs->added[low]->new_index];

			partners[i] = theirs->added[low];
			theirs->has[*token] = false;
			*token = merge->nbase + i;
			theirs->has[*token] = true;
		}
	}
	return partners;
}

/* Decides what becomes of an element, and of its value. */
static void
decide(KeyedMerge *merge, uint32 token, const JsonNode *element,
	   TreeChange *ours, TreeChange *theirs)
{
	MergeState *state = merge->state;
	EditValue  *value = &merge->values[token];
	int			path_len = state->path.len;
	TreeChange *chosen;

	*value = dg_edit_from_node(element);
	merge->present[token] = true;
	if (ours == NULL && theirs == NULL)
		return;

	dg_append_path_identity(&state->path,
							merge->sides[SIDE_OURS].array->identity, element);
	if (ours != NULL && theirs != NULL && ours->kind == TREE_ADD)
	{
		*value = dg_edit_new(state->tree, NODE_OBJECT);
		dg_merge_added_objects(state, value, ours, theirs);
	}
	else
	{
		chosen = dg_merge_choose(state, ours, theirs);
		if (chosen != NULL && chosen->kind == TREE_REMOVE)
			merge->present[token] = false;
		else
			dg_merge_slot(state, value, chosen, ours, theirs);
	}
	state->path.len = path_len;
}

static void
decide_all(KeyedMerge *merge)
{
	KeyedSide  *ours = &merge->sides[SIDE_OURS];
	KeyedSide  *theirs = &merge->sides[SIDE_THEIRS];
	TreeChange **partners = pair_added(merge);

	for (uint32 i = 0; i < merge->nbase; i++)
	{
		JsonNode	element;

		CHECK_FOR_INTERRUPTS();
		dg_node_child(merge->base, i, &element);
		decide(merge, i, &element, ours->content[i], theirs->content[i]);
	}
	for (uint32 i = 0; i < ours->array->nadded; i++)
		decide(merge, merge->nbase + i, &ours->added[i]->new_node,
			   ours->added[i], partners[i]);
	for (uint32 i = 0; i < theirs->array->nadded; i++)
	{
		uint32		token = theirs->order[theirs->added[i]->new_index];

		if (token >= merge->nbase + ours->array->nadded)
			decide(merge, token, &theirs->added[i]->new_node,
				   NULL, theirs->added[i]);
	}
	dg_free(partners);
}

/* Have both sides moved elements, and not into the same order? */
static bool
orders_differ(const KeyedMerge *merge)
{
	const KeyedSide *ours = &merge->sides[SIDE_OURS];
	const KeyedSide *theirs = &merge->sides[SIDE_THEIRS];
	uint32		i = 0;
	uint32		j = 0;

	if (ours->array->nmoved == 0 || theirs->array->nmoved == 0)
		return false;
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		while (i < ours->count && !theirs->has[ours->order[i]])
			i++;
		while (j < theirs->count && !ours->has[theirs->order[j]])
			j++;
		if (i == ours->count)
			return false;
		if (ours->order[i++] != theirs->order[j++])
			return true;
	}
}

/* The list of what is in the result, in the order of one of the sides. */
static void
put_in_order(KeyedMerge *merge, MergeSide first)
{
	const KeyedSide *side = &merge->sides[first];
	const KeyedSide *other = &merge->sides[1 - first];
	uint32	   *next = merge->next;
	uint32		last = merge->ntokens;

	for (uint32 i = 0; i <= merge->ntokens; i++)
		next[i] = NO_TOKEN;
	for (uint32 i = 0; i < side->count; i++)
	{
		if (merge->present[side->order[i]])
			last = next[last] = side->order[i];
	}

	last = merge->ntokens;
	for (uint32 i = 0; i < other->count; i++)
	{
		uint32		token = other->order[i];

		CHECK_FOR_INTERRUPTS();
		if (!merge->present[token])
			continue;
		if (!side->has[token])
		{
			while (next[last] != NO_TOKEN && !other->has[next[last]])
				last = next[last];
			next[token] = next[last];
			next[last] = token;
		}
		last = token;
	}
}

/*
 * dg_merge_by_identity
 *		Merge an array in a slot, which is as in the base.
 *
 * Both sides have changed it, and their elements were matched with the base's
 * by the same identity.
 */
void
dg_merge_by_identity(MergeState *state, EditValue *slot,
					 TreeChange *ours, TreeChange *theirs)
{
	KeyedMerge	merge;
	MergeSide	first = SIDE_OURS;

	merge.state = state;
	merge.base = &ours->old_node;
	merge.nbase = NODE_COUNT(merge.base);
	merge.ntokens = merge.nbase + ours->nadded + theirs->nadded;
	merge.present = dg_alloc0(Max(merge.ntokens, 1), sizeof(bool));
	merge.values = dg_alloc(Max(merge.ntokens, 1), sizeof(EditValue));
	merge.next = dg_alloc(merge.ntokens + 1, sizeof(uint32));
	read_side(&merge, &merge.sides[SIDE_OURS], ours, merge.nbase);
	read_side(&merge, &merge.sides[SIDE_THEIRS], theirs,
			  merge.nbase + ours->nadded);
	decide_all(&merge);

	if (orders_differ(&merge))
	{
		dg_merge_list_conflict(state, ours, theirs);
		first = state->preferred;
	}
	else if (ours->nmoved == 0 && theirs->nmoved > 0)
		first = SIDE_THEIRS;
	put_in_order(&merge, first);

	*slot = dg_edit_new(state->tree, NODE_ARRAY);
	for (uint32 token = merge.next[merge.ntokens]; token != NO_TOKEN;
		 token = merge.next[token])
	{
		CHECK_FOR_INTERRUPTS();
		dg_edit_insert_element(state->tree, slot, dg_edit_count(slot),
							   &merge.values[token]);
	}
}
