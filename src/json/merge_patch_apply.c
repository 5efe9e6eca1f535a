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
						 const JsonbContainer *patch);

/*
 * Applies a merge patch, which must be detoasted and live as long as the
 * tree.
 */
void
dg_merge_patch_apply(EditTree *tree, const Jsonb *patch)
{
	JsonbRef	root;

	dg_jsonb_root(patch, &root);
	if (DG_REF_IS_OBJECT(&root))
		merge_object(tree, &tree->root, DG_REF_CONTAINER(&root));
	else
		tree->root = dg_edit_from_ref(&root);
}

/* Applies a patch that is an object to the value in a slot of the tree. */
static void
merge_object(EditTree *tree, EditValue *target, const JsonbContainer *patch)
{
	uint32		count = JsonContainerSize(patch);
	uint32		key_offset = 0;
	uint32		value_offset = getJsonbOffset(patch, count);

	check_stack_depth();
	if (!dg_edit_is_object(target))
		*target = dg_edit_new(tree, true);

	for (uint32 i = 0; i < count; i++)
	{
		JsonbRef	key;
		JsonbRef	value;
		EditValue	edit;

		CHECK_FOR_INTERRUPTS();
		dg_container_child_at(patch, i, key_offset, &key);
		dg_container_child_at(patch, count + i, value_offset, &value);
		JBE_ADVANCE_OFFSET(key_offset, patch->children[i]);
		JBE_ADVANCE_OFFSET(value_offset, patch->children[count + i]);

		if (value.type == JENTRY_ISNULL)
			dg_edit_remove_member(tree, target, key.data, key.len, &edit);
		else if (DG_REF_IS_OBJECT(&value))
		{
			EditValue  *slot = dg_edit_member_slot(tree, target,
												   key.data, key.len);

			if (slot == NULL)
			{
				edit = dg_edit_new(tree, true);
				slot = dg_edit_set_member(tree, target, key.data, key.len,
										  &edit);
			}
			merge_object(tree, slot, DG_REF_CONTAINER(&value));
		}
		else
		{
			edit = dg_edit_from_ref(&value);
			dg_edit_set_member(tree, target, key.data, key.len, &edit);
		}
	}
}
