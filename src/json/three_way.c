/*-------------------------------------------------------------------------
 *
 * three_way.c
 *	  Three-way merge of jsonb documents.
 *
 * Two walks say what either side changed in the base; the two trees of
 * changes are gone through side by side and applied to an edit tree of the
 * base.  What only one side changed is taken; what both changed alike is
 * taken once; containers that both changed inside of are merged child by
 * child.  All else is a conflict: it is listed, and the side that is
 * preferred is taken.
 *
 * Members of objects are told apart by their keys.  If both sides added a
 * member and both made it an object, the two are merged as if the base had an
 * empty one.
 *
 * Elements of arrays are told apart by how the walks matched them with those
 * of the base.  Between two elements that are still there is a gap, where
 * either side may have added elements: if both did, and not the same, nobody
 * knows which are to come first, and the gap is a conflict.  An example, with
 * the base [1, 2, 3, 4]:
 *
 *		ours	[1, 7, 9, 3, 4]		changed 2 to 7, added 9
 *		theirs	[1, 2, 8, 3]		added 8, removed 4
 *
 * That 2 is now 7 is no conflict, nor that 4 is gone; but 9 and 8 clash in
 * the gap before 3.  With 9 preferred, the result is [1, 7, 9, 3].
 *
 * Arrays whose elements are known by identity are merged in three_way_keys.c.
 *
 * O(changes log n) besides the walks.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "json/change_tree.h"
#include "json/path.h"
#include "json/three_way.h"
#include "json/three_way_private.h"
#include "miscadmin.h"

/* What to take of a gap. */
#define TAKE_OURS	(1 << SIDE_OURS)
#define TAKE_THEIRS	(1 << SIDE_THEIRS)
#define TAKE_BOTH	(TAKE_OURS | TAKE_THEIRS)

/*
 * A gap in an array: where the changes of each side in it begin and end, and
 * which elements of the base are gone there.
 */
typedef struct MergeGap
{
	uint32		start;
	uint32		end;
	TreeChange *begin[2];
	TreeChange *stop[2];
	uint32		nadded[2];
} MergeGap;

static void merge_members(MergeState *state, EditValue *object,
						  TreeChange *ours, TreeChange *theirs);
static void merge_elements(MergeState *state, EditValue *array,
						   const JsonNode *base,
						   TreeChange *ours, TreeChange *theirs);

/* Appends a member to an object that is no part of the document. */
static void
add_member(MergeState *state, EditValue *object, const char *name,
		   const EditValue *value)
{
	dg_edit_set_member(state->tree, object, name, strlen(name), value);
}

static void
append_element(MergeState *state, EditValue *array, const EditValue *value)
{
	dg_edit_insert_element(state->tree, array, dg_edit_count(array), value);
}

/* A conflict at the current path, whose values are still to be added. */
static EditValue
new_conflict(MergeState *state)
{
	EditValue	conflict = dg_edit_new(state->tree, NODE_OBJECT);
	EditValue	path;

	path = dg_edit_string(pnstrdup(state->path.data, state->path.len),
						  state->path.len);
	add_member(state, &conflict, "path", &path);
	return conflict;
}

/*
 * dg_merge_list_conflict
 *		List two changes of the same place that clash.
 */
void
dg_merge_list_conflict(MergeState *state, const TreeChange *ours,
					   const TreeChange *theirs)
{
	EditValue	conflict = new_conflict(state);
	EditValue	value;

	if (ours->kind != TREE_ADD)
	{
		value = dg_edit_from_node(&ours->old_node);
		add_member(state, &conflict, "base", &value);
	}
	if (ours->kind != TREE_REMOVE)
	{
		value = dg_edit_from_node(&ours->new_node);
		add_member(state, &conflict, "ours", &value);
	}
	if (theirs->kind != TREE_REMOVE)
	{
		value = dg_edit_from_node(&theirs->new_node);
		add_member(state, &conflict, "theirs", &value);
	}
	append_element(state, &state->conflicts, &conflict);
}

static bool
nodes_equal(const JsonNode *a, const JsonNode *b)
{
	JsonDifference difference;

	return dg_nodes_equal(a, b, NOT_KNOWN, &difference);
}

/* Have both sides done the same to one place? */
static bool
agree(const TreeChange *ours, const TreeChange *theirs)
{
	if (ours->kind == TREE_REMOVE || theirs->kind == TREE_REMOVE)
		return ours->kind == theirs->kind;
	return nodes_equal(&ours->new_node, &theirs->new_node);
}

/*
 * dg_merge_choose
 *		What to do where at least one side has changed a member, an element or
 *		the root.
 *
 * Returns the change to make, or NULL if both sides have changed the inside of
 * a container.
 */
TreeChange *
dg_merge_choose(MergeState *state, TreeChange *ours, TreeChange *theirs)
{
	if (ours == NULL)
		return theirs;
	if (theirs == NULL)
		return ours;
	if (ours->kind == TREE_INSIDE && theirs->kind == TREE_INSIDE)
		return NULL;
	if (agree(ours, theirs))
		return ours;
	dg_merge_list_conflict(state, ours, theirs);
	return state->preferred == SIDE_OURS ? ours : theirs;
}

/*
 * dg_merge_slot
 *		Change the value in a slot, which is as in the base, to what was
 *		chosen, or merge the changes that both sides made inside of it.
 *
 * An array in which elements have moved can be merged only if both sides'
 * walks matched its elements by the same identity.
 */
void
dg_merge_slot(MergeState *state, EditValue *slot, TreeChange *chosen,
			  TreeChange *ours, TreeChange *theirs)
{
	check_stack_depth();
	if (chosen == NULL && ours->old_node.kind == NODE_OBJECT)
		merge_members(state, slot, ours->first, theirs->first);
	else if (chosen == NULL && ours->identity != NULL &&
			 ours->identity == theirs->identity)
		dg_merge_by_identity(state, slot, ours, theirs);
	else if (chosen == NULL && ours->nmoved == 0 && theirs->nmoved == 0)
		merge_elements(state, slot, &ours->old_node,
					   ours->first, theirs->first);
	else
	{
		if (chosen == NULL)
		{
			dg_merge_list_conflict(state, ours, theirs);
			chosen = state->preferred == SIDE_OURS ? ours : theirs;
		}
		*slot = dg_edit_from_node(&chosen->new_node);
	}
}

/*
 * dg_merge_added_objects
 *		Two objects that were added as the same member or element: the slot is
 *		to hold what both make of an empty one.
 */
void
dg_merge_added_objects(MergeState *state, EditValue *slot,
					   const TreeChange *ours, const TreeChange *theirs)
{
	static const uint32 empty_object = JB_FOBJECT;
	JsonNode	base;
	TreeChange *our_changes;
	TreeChange *their_changes;

	base.data = (const char *) &empty_object;
	base.len = sizeof(empty_object);
	base.view = VIEW_PLAIN;
	base.kind = NODE_OBJECT;

	check_stack_depth();
	our_changes = dg_change_tree(&base, &ours->new_node, state->algorithm,
								 state->keys);
	their_changes = dg_change_tree(&base, &theirs->new_node, state->algorithm,
								   state->keys);
	merge_members(state, slot, our_changes ? our_changes->first : NULL,
				  their_changes ? their_changes->first : NULL);
}

static void
merge_member(MergeState *state, EditValue *object,
			 TreeChange *ours, TreeChange *theirs)
{
	EditTree   *tree = state->tree;
	const JsonKey *key = ours ? &ours->key : &theirs->key;
	EditValue  *slot;
	EditValue	value;
	TreeChange *chosen;

	if (ours != NULL && theirs != NULL &&
		ours->kind == TREE_ADD && theirs->kind == TREE_ADD &&
		ours->new_node.kind == NODE_OBJECT &&
		theirs->new_node.kind == NODE_OBJECT)
	{
		value = dg_edit_new(tree, NODE_OBJECT);
		slot = dg_edit_set_member(tree, object, key->data, key->len, &value);
		dg_merge_added_objects(state, slot, ours, theirs);
		return;
	}

	chosen = dg_merge_choose(state, ours, theirs);
	if (chosen != NULL && chosen->kind == TREE_REMOVE)
		dg_edit_remove_member(tree, object, key->data, key->len, &value);
	else if (chosen != NULL && chosen->kind == TREE_ADD)
	{
		value = dg_edit_from_node(&chosen->new_node);
		dg_edit_set_member(tree, object, key->data, key->len, &value);
	}
	else
	{
		slot = dg_edit_member_slot(tree, object, key->data, key->len);
		dg_merge_slot(state, slot, chosen, ours, theirs);
	}
}

/* Merges the members of an object that either side has changed. */
static void
merge_members(MergeState *state, EditValue *object,
			  TreeChange *ours, TreeChange *theirs)
{
	while (ours != NULL || theirs != NULL)
	{
		int			path_len = state->path.len;
		int			order = 0;

		CHECK_FOR_INTERRUPTS();
		if (ours == NULL)
			order = 1;
		else if (theirs == NULL)
			order = -1;
		else
			order = dg_key_compare_shown(&ours->key, &theirs->key);

		dg_append_path_key(&state->path,
						   order <= 0 ? &ours->key : &theirs->key);
		merge_member(state, object, order <= 0 ? ours : NULL,
					 order >= 0 ? theirs : NULL);
		state->path.len = path_len;

		if (order <= 0)
			ours = ours->next;
		if (order >= 0)
			theirs = theirs->next;
	}
}

/* Is a side's next change that it removed the element at a position? */
static inline bool
removes(const TreeChange *change, uint32 position)
{
	return change != NULL && change->position == position &&
		change->kind == TREE_REMOVE;
}

/* Is it of that element at all? */
static inline bool
concerns(const TreeChange *change, uint32 position)
{
	return change != NULL && change->position == position &&
		change->kind != TREE_ADD;
}

/*
 * Finds the gap at the next position that either side has changed.  It is
 * empty where an element is replaced or changed inside and nothing else.
 */
static void
find_gap(MergeGap *gap, TreeChange *ours, TreeChange *theirs)
{
	TreeChange *next[2] = {ours, theirs};
	uint32		position;

	if (ours == NULL)
		position = theirs->position;
	else if (theirs == NULL)
		position = ours->position;
	else
		position = Min(ours->position, theirs->position);

	memset(gap, 0, sizeof(MergeGap));
	gap->start = position;
	gap->begin[SIDE_OURS] = ours;
	gap->begin[SIDE_THEIRS] = theirs;
	for (;; position++)
	{
		bool		removed[2];

		CHECK_FOR_INTERRUPTS();
		for (int side = 0; side < 2; side++)
		{
			while (next[side] != NULL && next[side]->kind == TREE_ADD &&
				   next[side]->position == position)
			{
				gap->nadded[side]++;
				next[side] = next[side]->next;
			}
			removed[side] = removes(next[side], position);
		}

		/* an element that one side removed and the other changed ends it */
		if (!(removed[0] || removed[1]) ||
			(concerns(next[0], position) && !removed[0]) ||
			(concerns(next[1], position) && !removed[1]))
			break;
		for (int side = 0; side < 2; side++)
		{
			if (removed[side])
				next[side] = next[side]->next;
		}
	}
	gap->end = position;
	gap->stop[SIDE_OURS] = next[SIDE_OURS];
	gap->stop[SIDE_THEIRS] = next[SIDE_THEIRS];
}

/* Have both sides added the same elements in a gap? */
static bool
same_additions(const MergeGap *gap)
{
	const TreeChange *ours = gap->begin[SIDE_OURS];
	const TreeChange *theirs = gap->begin[SIDE_THEIRS];

	if (gap->nadded[SIDE_OURS] != gap->nadded[SIDE_THEIRS])
		return false;
	for (uint32 i = 0; i < gap->nadded[SIDE_OURS]; i++)
	{
		CHECK_FOR_INTERRUPTS();
		while (ours->kind != TREE_ADD)
			ours = ours->next;
		while (theirs->kind != TREE_ADD)
			theirs = theirs->next;
		if (!nodes_equal(&ours->new_node, &theirs->new_node))
			return false;
		ours = ours->next;
		theirs = theirs->next;
	}
	return true;
}

/* What a gap looks like in the base, or after the changes of a side. */
static EditValue
gap_elements(MergeState *state, const JsonNode *base, const MergeGap *gap,
			 const TreeChange *change, const TreeChange *stop)
{
	EditValue	elements = dg_edit_new(state->tree, NODE_ARRAY);
	EditValue	value;

	for (uint32 position = gap->start; position <= gap->end; position++)
	{
		CHECK_FOR_INTERRUPTS();
		for (; change != stop && change->kind == TREE_ADD &&
			 change->position == position; change = change->next)
		{
			value = dg_edit_from_node(&change->new_node);
			append_element(state, &elements, &value);
		}
		if (change != stop && removes(change, position))
			change = change->next;
		else if (position < gap->end)
		{
			JsonNode	element;

			dg_node_child(base, position, &element);
			value = dg_edit_from_node(&element);
			append_element(state, &elements, &value);
		}
	}
	return elements;
}

static void
list_gap(MergeState *state, const JsonNode *base, const MergeGap *gap)
{
	int			path_len = state->path.len;
	EditValue	conflict;
	EditValue	elements;

	appendStringInfo(&state->path, "[%u to %u]", gap->start,
					 gap->end > gap->start ? gap->end - 1 : gap->start);
	conflict = new_conflict(state);
	state->path.len = path_len;

	elements = gap_elements(state, base, gap, NULL, NULL);
	add_member(state, &conflict, "base", &elements);
	elements = gap_elements(state, base, gap, gap->begin[SIDE_OURS],
							gap->stop[SIDE_OURS]);
	add_member(state, &conflict, "ours", &elements);
	elements = gap_elements(state, base, gap, gap->begin[SIDE_THEIRS],
							gap->stop[SIDE_THEIRS]);
	add_member(state, &conflict, "theirs", &elements);
	append_element(state, &state->conflicts, &conflict);
}

/*
 * Merges a gap.  Elements of the base after it are *shift further on in the
 * merged array.
 */
static void
merge_gap(MergeState *state, EditValue *array, const JsonNode *base,
		  const MergeGap *gap, int64 *shift)
{
	TreeChange *next[2] = {gap->begin[0], gap->begin[1]};
	int			take = TAKE_BOTH;
	int			take_added = TAKE_BOTH;

	if (gap->nadded[SIDE_OURS] > 0 && gap->nadded[SIDE_THEIRS] > 0)
	{
		take_added = TAKE_OURS;
		if (!same_additions(gap))
		{
			list_gap(state, base, gap);
			take = take_added = 1 << state->preferred;
		}
	}

	for (uint32 position = gap->start; position <= gap->end; position++)
	{
		bool		removed = false;
		EditValue	value;

		CHECK_FOR_INTERRUPTS();
		for (int side = 0; side < 2; side++)
		{
			for (; next[side] != gap->stop[side] &&
				 next[side]->kind == TREE_ADD &&
				 next[side]->position == position;
				 next[side] = next[side]->next)
			{
				if (take_added & (1 << side))
				{
					value = dg_edit_from_node(&next[side]->new_node);
					dg_edit_insert_element(state->tree, array,
										   position + *shift, &value);
					(*shift)++;
				}
			}
			if (next[side] != gap->stop[side] &&
				removes(next[side], position))
			{
				removed |= (take & (1 << side)) != 0;
				next[side] = next[side]->next;
			}
		}
		if (removed)
		{
			dg_edit_remove_element(state->tree, array, position + *shift,
								   &value);
			(*shift)--;
		}
	}
}

/* Merges one element that was replaced, changed inside or removed. */
static void
merge_element(MergeState *state, EditValue *array, uint32 position,
			  TreeChange *ours, TreeChange *theirs, int64 *shift)
{
	EditTree   *tree = state->tree;
	uint32		index = position + *shift;
	int			path_len = state->path.len;
	TreeChange *chosen;

	appendStringInfo(&state->path, "[%u]", position);
	chosen = dg_merge_choose(state, ours, theirs);
	if (chosen != NULL && chosen->kind == TREE_REMOVE)
	{
		EditValue	removed;

		dg_edit_remove_element(tree, array, index, &removed);
		(*shift)--;
	}
	else
		dg_merge_slot(state, dg_edit_element_slot(tree, array, index),
					  chosen, ours, theirs);
	state->path.len = path_len;
}

static void
merge_elements(MergeState *state, EditValue *array, const JsonNode *base,
			   TreeChange *ours, TreeChange *theirs)
{
	int64		shift = 0;

	while (ours != NULL || theirs != NULL)
	{
		MergeGap	gap;
		bool		our_element;
		bool		their_element;

		find_gap(&gap, ours, theirs);
		merge_gap(state, array, base, &gap, &shift);
		ours = gap.stop[SIDE_OURS];
		theirs = gap.stop[SIDE_THEIRS];

		our_element = concerns(ours, gap.end);
		their_element = concerns(theirs, gap.end);
		if (our_element || their_element)
			merge_element(state, array, gap.end, our_element ? ours : NULL,
						  their_element ? theirs : NULL, &shift);
		if (our_element)
			ours = ours->next;
		if (their_element)
			theirs = theirs->next;
	}
}

/*
 * dg_three_way
 *		Merge two documents into the tree, which must have been begun with
 *		their base and still be as it was.
 *
 * Arrays are matched by the keys, which may be NULL.  Returns the conflicts,
 * an array of objects with the members "path" and, unless absent there,
 * "base", "ours" and "theirs"; dg_edit_to_jsonb() writes it.  The documents
 * must be detoasted and live as long as the tree.
 */
EditValue
dg_three_way(EditTree *tree, const Jsonb *ours, const Jsonb *theirs,
			 bool prefer_theirs, DiffAlgorithm algorithm,
			 const JsonKeyTable *keys)
{
	JsonNode	base = dg_edit_to_node(&tree->root);
	JsonNode	our_root;
	JsonNode	their_root;
	MergeState	state;
	TreeChange *our_change;
	TreeChange *their_change;

	state.tree = tree;
	state.preferred = prefer_theirs ? SIDE_THEIRS : SIDE_OURS;
	state.algorithm = algorithm;
	state.keys = keys;
	state.conflicts = dg_edit_new(tree, NODE_ARRAY);
	initStringInfo(&state.path);
	appendStringInfoChar(&state.path, '$');

	dg_node_root(ours, &our_root);
	dg_node_root(theirs, &their_root);
	our_change = dg_change_tree(&base, &our_root, algorithm, keys);
	their_change = dg_change_tree(&base, &their_root, algorithm, keys);
	if (our_change != NULL || their_change != NULL)
		dg_merge_slot(&state, &tree->root,
					  dg_merge_choose(&state, our_change, their_change),
					  our_change, their_change);
	return state.conflicts;
}
