/*-------------------------------------------------------------------------
 *
 * merge_patch_apply.c
 *	  Applies a JSON Merge Patch (RFC 7396) to a document.
 *
 * A patch that is an object sets the members that it has, removes those that
 * it has as null, and is applied in the same way to members that are objects
 * themselves; what is no object becomes an empty one first.  Any other patch
 * is the new document.  There are no invalid merge patches.
 *
 * O(p log n) for a patch of p members and objects of n, until the document
 * is written down.  The recursion is as deep as the patch.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "json/patch_apply.h"
#include "miscadmin.h"

static void merge_object(EditTree *tree, EditValue *target,
						 const JsonNode *patch);

/*
 * dg_merge_patch_apply
 *		Apply a merge patch to a tree.
 *
 * The patch must be detoasted and live as long as the tree.
 */
void
dg_merge_patch_apply(EditTree *tree, const Jsonb *patch)
{
	JsonNode	root;

	dg_node_root(patch, &root);
	if (root.kind == NODE_OBJECT)
		merge_object(tree, &tree->root, &root);
	else
		tree->root = dg_edit_from_node(&root);
}

/* Applies a patch that is an object to the value in a slot of the tree. */
static void
merge_object(EditTree *tree, EditValue *target, const JsonNode *patch)
{
	uint32		count = NODE_COUNT(patch);
	JsonCursor	keys;
	JsonCursor	values;

	check_stack_depth();
	if (!dg_edit_is_object(target))
		*target = dg_edit_new(tree, NODE_OBJECT);

	dg_cursor_seek(&keys, patch, 0);
	dg_cursor_seek(&values, patch, count);
	for (uint32 i = 0; i < count; i++)
	{
		JsonKey		key;
		JsonNode	value;
		EditValue	edit;

		CHECK_FOR_INTERRUPTS();
		dg_cursor_next_key(&keys, &key);
		dg_cursor_next(&values, &value);

		if (value.kind == NODE_NULL)
			dg_edit_remove_member(tree, target, key.data, key.len, &edit);
		else if (value.kind == NODE_OBJECT)
		{
			EditValue  *slot = dg_edit_member_slot(tree, target,
												   key.data, key.len);

			if (slot == NULL)
			{
				edit = dg_edit_new(tree, NODE_OBJECT);
				slot = dg_edit_set_member(tree, target, key.data, key.len,
										  &edit);
			}
			merge_object(tree, slot, &value);
		}
		else
		{
			edit = dg_edit_from_node(&value);
			dg_edit_set_member(tree, target, key.data, key.len, &edit);
		}
	}
}
