/*-------------------------------------------------------------------------
 *
 * patch_apply.c
 *	  Applies a JSON Patch (RFC 6902) to a document.
 *
 * The operations edit a tree (edit_tree.c), which is written down by the
 * caller after the last of them, or of the last patch in a chain.  So n
 * operations cost O(n log n) and the document is read and written once.  An
 * operation that cannot be applied raises an error, and then nothing is
 * written at all.
 *
 * A patch that was made by a diff has its operations in the order of the
 * document, so a path is walked only from where it leaves that of the
 * operation before.
 *
 * Where the RFC leaves a choice:
 *
 *	- "test" compares as jsonb does: numbers by value, strings by bytes.
 *	- "remove" of the whole document is an error, since a jsonb value cannot
 *	  be absent.
 *	- "move" of a value to where it is changes nothing, but the value must be
 *	  there.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/scan.h"
#include "json/json_pointer.h"
#include "json/patch_apply.h"
#include "json/patch_read.h"
#include "miscadmin.h"

#define INITIAL_STEPS	32

/* Which operation is being applied to what. */
typedef struct ApplyState
{
	EditTree   *tree;
	PatchTarget *target;
	PatchOp		op;
} ApplyState;

static void apply_operation(ApplyState *state);

/*
 * dg_patch_target_init
 *		Get ready for applying patches to the document of a tree.
 *
 * Memory comes from the current context.
 */
void
dg_patch_target_init(PatchTarget *target, EditTree *tree)
{
	memset(target, 0, sizeof(PatchTarget));
	target->tree = tree;
	target->maxsteps = INITIAL_STEPS;
	target->steps = dg_alloc(target->maxsteps, sizeof(PatchStep));
}

/*
 * dg_patch_apply
 *		Apply a patch, which must be detoasted and live as long as the tree.
 *
 * number is its place in a chain of patches, from 1, for error messages; 0 if
 * it stands alone.  Raises, besides the errors of a malformed patch:
 *
 *		ERRCODE_SQL_JSON_MEMBER_NOT_FOUND: no such member
 *		ERRCODE_INVALID_SQL_JSON_SUBSCRIPT: no such array element
 *		ERRCODE_SQL_JSON_OBJECT_NOT_FOUND: the path goes into a scalar
 *		ERRCODE_SINGLETON_SQL_JSON_ITEM_REQUIRED: nothing would be left
 *		ERRCODE_NO_SQL_JSON_ITEM: the operation is redacted
 *		ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE: a test failed
 */
void
dg_patch_apply(PatchTarget *target, const Jsonb *patch, int32 number)
{
	PatchReader reader;
	ApplyState	state;

	state.tree = target->tree;
	state.target = target;
	dg_patch_begin(&reader, patch, number);
	for (uint32 i = 0; i < dg_patch_count(&reader); i++)
	{
		CHECK_FOR_INTERRUPTS();
		dg_patch_read(&reader, i, &state.op);
		if (state.op.redacted)
			ereport(ERROR,
					(errcode(ERRCODE_NO_SQL_JSON_ITEM),
					 errmsg("cannot apply operation %u of the JSON patch: it is redacted",
							state.op.index),
					 dg_patch_errdetail(&state.op),
					 errhint("A redacted operation tells that a value changed, not what it became.")));
		apply_operation(&state);
	}
}

static void
raise_no_member(const ApplyState *state, const PointerToken *key)
{
	ereport(ERROR,
			(errcode(ERRCODE_SQL_JSON_MEMBER_NOT_FOUND),
			 errmsg("cannot apply operation %u of the JSON patch: object has no member \"%s\"",
					state->op.index, dg_patch_clip(key->text, key->len)),
			 dg_patch_errdetail(&state->op)));
}

static void
raise_scalar(const ApplyState *state, const PointerToken *token)
{
	ereport(ERROR,
			(errcode(ERRCODE_SQL_JSON_OBJECT_NOT_FOUND),
			 errmsg("cannot apply operation %u of the JSON patch: \"%s\" is looked for in a scalar",
					state->op.index, dg_patch_clip(token->text, token->len)),
			 dg_patch_errdetail(&state->op)));
}

/*
 * Reads a token as an index of an array of count elements.  What is added may
 * also stand after the last element.
 */
static uint32
array_index(const ApplyState *state, const PointerToken *token, uint32 count,
			bool adding)
{
	uint32		index = 0;
	PointerIndex kind = dg_pointer_index(token, &index);

	if (kind == POINTER_NO_INDEX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_SQL_JSON_SUBSCRIPT),
				 errmsg("cannot apply operation %u of the JSON patch: \"%s\" is not an array index",
						state->op.index,
						dg_patch_clip(token->text, token->len)),
				 dg_patch_errdetail(&state->op)));
	if (kind == POINTER_END && adding)
		return count;
	if (kind == POINTER_END)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_SQL_JSON_SUBSCRIPT),
				 errmsg("cannot apply operation %u of the JSON patch: no array element is at \"-\"",
						state->op.index),
				 dg_patch_errdetail(&state->op),
				 errhint("\"-\" is the place after the last element, where one can only be added.")));
	if (kind == POINTER_INDEX_HUGE || index > count ||
		(index == count && !adding))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_SQL_JSON_SUBSCRIPT),
				 errmsg("cannot apply operation %u of the JSON patch: index %s is beyond the end of an array of length %u",
						state->op.index,
						dg_patch_clip(token->text, token->len), count),
				 dg_patch_errdetail(&state->op)));
	return index;
}

/* The value at a path, only to be read. */
static EditValue
read_value(const ApplyState *state, const JsonNode *path)
{
	EditValue	value = state->tree->root;
	JsonPointer pointer;
	PointerToken token;

	dg_pointer_begin(&pointer, path->data, path->len);
	while (dg_pointer_next(&pointer, &token))
	{
		EditValue	parent = value;

		if (dg_edit_is_object(&parent))
		{
			if (!dg_edit_get_member(&parent, token.text, token.len, &value))
				raise_no_member(state, &token);
		}
		else if (dg_edit_is_array(&parent))
			dg_edit_get_element(&parent,
								array_index(state, &token,
											dg_edit_count(&parent), false),
								&value);
		else
			raise_scalar(state, &token);
	}
	return value;
}

/*
 * Goes back to where a path leaves that of the operation before.  The slots
 * up to there are still good: since then only what that operation was about
 * has changed, which was a child of the last of them.
 */
static EditValue *
last_common_slot(PatchTarget *target, const JsonNode *path, uint32 *at)
{
	Size		common = 0;

	if (target->epoch == target->tree->epoch)
		common = dg_common_prefix(target->path, path->data,
								  Min(target->pathlen, path->len));
	while (target->nsteps > 0 &&
		   target->steps[target->nsteps - 1].at >= common)
		target->nsteps--;

	target->epoch = target->tree->epoch;
	target->path = path->data;
	target->pathlen = path->len;
	if (target->nsteps == 0)
	{
		*at = 0;
		return &target->tree->root;
	}
	*at = target->steps[target->nsteps - 1].at;
	return target->steps[target->nsteps - 1].slot;
}

/* Remembers a slot and where the path goes on from it. */
static void
add_step(PatchTarget *target, EditValue *slot, uint32 at)
{
	if (target->nsteps == target->maxsteps)
	{
		target->maxsteps *= 2;
		target->steps = dg_realloc(target->steps, target->maxsteps,
								   sizeof(PatchStep));
	}
	target->steps[target->nsteps].slot = slot;
	target->steps[target->nsteps].at = at;
	target->nsteps++;
}

/*
 * Walks to the container that a path's last token is about, which comes back
 * in *token; the path must have one.
 */
static EditValue *
parent_slot(const ApplyState *state, const JsonNode *path,
			PointerToken *token)
{
	EditTree   *tree = state->tree;
	JsonPointer pointer;
	EditValue  *slot;

	dg_pointer_begin(&pointer, path->data, path->len);
	slot = last_common_slot(state->target, path, &pointer.at);
	for (;;)
	{
		(void) dg_pointer_next(&pointer, token);
		if (!dg_edit_is_object(slot) && !dg_edit_is_array(slot))
			raise_scalar(state, token);
		if (dg_pointer_done(&pointer))
			return slot;

		if (!dg_edit_is_object(slot))
		{
			uint32		index = array_index(state, token,
											dg_edit_count(slot), false);

			slot = dg_edit_element_slot(tree, slot, index);
		}
		else
		{
			slot = dg_edit_member_slot(tree, slot, token->text, token->len);
			if (slot == NULL)
				raise_no_member(state, token);
		}
		add_step(state->target, slot, pointer.at);
	}
}

/* The whole document becomes another value. */
static void
set_document(ApplyState *state, const EditValue *value)
{
	state->tree->root = *value;
	state->target->nsteps = 0;
}

/* Puts a value where nothing need be. */
static void
add_value(ApplyState *state, const JsonNode *path, const EditValue *value)
{
	EditTree   *tree = state->tree;
	PointerToken token;
	EditValue  *parent;

	if (path->len == 0)
	{
		set_document(state, value);
		return;
	}

	parent = parent_slot(state, path, &token);
	if (dg_edit_is_object(parent))
		dg_edit_set_member(tree, parent, token.text, token.len, value);
	else
		dg_edit_insert_element(tree, parent,
							   array_index(state, &token,
										   dg_edit_count(parent), true),
							   value);
}

/* Takes away the value at a path and returns it. */
static EditValue
remove_value(ApplyState *state, const JsonNode *path)
{
	EditTree   *tree = state->tree;
	PointerToken token;
	EditValue  *parent;
	EditValue	removed;

	if (path->len == 0)
		ereport(ERROR,
				(errcode(ERRCODE_SINGLETON_SQL_JSON_ITEM_REQUIRED),
				 errmsg("cannot apply operation %u of the JSON patch: the whole document cannot be removed",
						state->op.index),
				 dg_patch_errdetail(&state->op),
				 errhint("Replace it by null if that is meant.")));

	parent = parent_slot(state, path, &token);
	if (!dg_edit_is_object(parent))
		dg_edit_remove_element(tree, parent,
							   array_index(state, &token,
										   dg_edit_count(parent), false),
							   &removed);
	else if (!dg_edit_remove_member(tree, parent, token.text, token.len,
									&removed))
		raise_no_member(state, &token);
	return removed;
}

/* Puts another value where one is. */
static void
replace_value(ApplyState *state, const JsonNode *path, const EditValue *value)
{
	EditTree   *tree = state->tree;
	PointerToken token;
	EditValue  *slot;

	if (path->len == 0)
	{
		set_document(state, value);
		return;
	}

	slot = parent_slot(state, path, &token);
	if (dg_edit_is_object(slot))
	{
		slot = dg_edit_member_slot(tree, slot, token.text, token.len);
		if (slot == NULL)
			raise_no_member(state, &token);
	}
	else
	{
		uint32		index = array_index(state, &token, dg_edit_count(slot),
										false);

		slot = dg_edit_element_slot(tree, slot, index);
	}
	*slot = *value;
}

static void
move_value(ApplyState *state)
{
	const PatchOp *op = &state->op;
	EditValue	value;

	if (op->from.len == op->path.len &&
		memcmp(op->from.data, op->path.data, op->path.len) == 0)
	{
		(void) read_value(state, &op->from);
		return;
	}
	value = remove_value(state, &op->from);
	add_value(state, &op->path, &value);
}

static void
copy_value(ApplyState *state)
{
	EditValue	value = read_value(state, &state->op.from);

	/* from now on it stands in two places */
	if (value.kind == EDIT_CONTAINER)
		dg_edit_share(state->tree);
	add_value(state, &state->op.path, &value);
}

static void
test_value(ApplyState *state)
{
	EditValue	value = read_value(state, &state->op.path);

	if (!dg_edit_equal(&value, &state->op.value))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot apply operation %u of the JSON patch: the document has another value than the one tested for",
						state->op.index),
				 dg_patch_errdetail(&state->op)));
}

static void
apply_operation(ApplyState *state)
{
	const PatchOp *op = &state->op;
	EditValue	value = dg_edit_from_node(&op->value);

	switch (op->kind)
	{
		case PATCH_ADD:
			add_value(state, &op->path, &value);
			break;
		case PATCH_REMOVE:
			(void) remove_value(state, &op->path);
			break;
		case PATCH_REPLACE:
			replace_value(state, &op->path, &value);
			break;
		case PATCH_MOVE:
			move_value(state);
			break;
		case PATCH_COPY:
			copy_value(state);
			break;
		case PATCH_TEST:
			test_value(state);
			break;
		case PATCH_UNKNOWN:
			elog(ERROR, "unexpected patch operation");
	}
}
