/*-------------------------------------------------------------------------
 *
 * patch_invert.c
 *	  The inverse of a JSON Patch: what leads back from its result.
 *
 * The operations are inverted one by one, from the last to the first, so that
 * each inverse finds the document in the state that its operation left:
 *
 *		operation					inverse
 *		test p v					test p v
 *		add p v						test p v, remove p
 *		test p old, remove p		add p old
 *		test p old, replace p v		test p v, replace p old
 *		move from f to p			move from p to f
 *		copy from f to p			remove p
 *
 * What an operation destroyed is known only from a "test" of it among the
 * tests just before the operation; such a test is used up.  The inverse has
 * tests in the same way, so inverting it gives the patch again.
 *
 * RFC 6902 has operations that look the same and do different things.  An
 * "add" at an index inserts in an array but may set a member of an object,
 * and setting a member may replace one.  The patch alone does not tell; so
 *
 *	- an "add", "move" or "copy" without a test of its target is taken to put
 *	  something where nothing was.  Patches by diffgen_patch() are such;
 *	- with a test of its target it replaces what was there, unless the target
 *	  may be an array element: that is an error;
 *	- a target "-", the end of an array of unknown length, is an error;
 *	- a test of the object or array around the target settles what it is.
 *
 * O(n) in the operations.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "json/json_pointer.h"
#include "json/patch_invert.h"
#include "json/patch_read.h"
#include "miscadmin.h"

#define NOT_USED_UP		PG_UINT32_MAX

/* What an operation puts its value at. */
typedef enum TargetKind
{
	TARGET_DOCUMENT,
	TARGET_MEMBER,				/* a member of an object */
	TARGET_ELEMENT,				/* before an element of an array */
	TARGET_EITHER,				/* one of these two: the token is an index */
	TARGET_END					/* "-": a member, or the end of an array */
} TargetKind;

typedef struct InvertState
{
	EditTree   *tree;
	PatchReader reader;
	PatchOp		op;				/* the one to be inverted */
	uint32		used_up;		/* index of the test that op needed */
	EditValue	inverse;
	uint32		ninverse;
} InvertState;

static void check_redacted(const PatchOp *op);
static void invert_operation(InvertState *state);

/*
 * dg_patch_invert
 *		The inverse of a patch, as a value that dg_edit_to_jsonb() writes.
 *
 * The patch must be detoasted and live as long as the tree.  Raises
 * ERRCODE_FEATURE_NOT_SUPPORTED for a patch that cannot be inverted,
 * ERRCODE_NO_SQL_JSON_ITEM for a redacted one, and the errors of a malformed
 * patch.
 */
EditValue
dg_patch_invert(EditTree *tree, const Jsonb *patch)
{
	InvertState state;

	state.tree = tree;
	state.used_up = NOT_USED_UP;
	state.inverse = dg_edit_new(tree, NODE_ARRAY);
	state.ninverse = 0;
	dg_patch_begin(&state.reader, patch, 0);

	for (uint32 i = dg_patch_count(&state.reader); i-- > 0;)
	{
		CHECK_FOR_INTERRUPTS();
		dg_patch_read(&state.reader, i, &state.op);
		check_redacted(&state.op);
		if (i != state.used_up)
			invert_operation(&state);
	}
	return state.inverse;
}

static void
check_redacted(const PatchOp *op)
{
	if (op->redacted)
		ereport(ERROR,
				(errcode(ERRCODE_NO_SQL_JSON_ITEM),
				 errmsg("cannot invert operation %u of the JSON patch: it is redacted",
						op->index),
				 dg_patch_errdetail(op),
				 errhint("A redacted operation tells that a value changed, not what it was.")));
}

static void
raise_no_old_value(const InvertState *state)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot invert operation %u of the JSON patch: the old value is not known",
					state->op.index),
			 dg_patch_errdetail(&state->op),
			 errhint("Put a \"test\" of the old value before it, as diffgen_patch does with the option \"invertible\".")));
}

/* Appends an operation to the inverse. */
static void
emit(InvertState *state, const EditValue *op)
{
	dg_edit_insert_element(state->tree, &state->inverse, state->ninverse, op);
	state->ninverse++;
}

/* Appends an operation made of its parts; from and value may be NULL. */
static void
emit_operation(InvertState *state, const char *name, const JsonNode *from,
			   const JsonNode *path, const JsonNode *value)
{
	EditTree   *tree = state->tree;
	EditValue	op = dg_edit_new(tree, NODE_OBJECT);
	EditValue	member = dg_edit_string(name, strlen(name));

	dg_edit_set_member(tree, &op, "op", 2, &member);
	member = dg_edit_from_node(path);
	dg_edit_set_member(tree, &op, "path", 4, &member);
	if (from != NULL)
	{
		member = dg_edit_from_node(from);
		dg_edit_set_member(tree, &op, "from", 4, &member);
	}
	if (value != NULL)
	{
		member = dg_edit_from_node(value);
		dg_edit_set_member(tree, &op, "value", 5, &member);
	}
	emit(state, &op);
}

static bool
same_pointer(const JsonNode *a, const JsonNode *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/*
 * Looks among the tests just before the operation for one of a path.  Returns
 * whether there is one, with the value tested for and the test's index.
 */
static bool
find_test(const InvertState *state, const JsonNode *path, JsonNode *value,
		  uint32 *index)
{
	for (uint32 i = state->op.index; i-- > 0;)
	{
		PatchOp		before;

		CHECK_FOR_INTERRUPTS();
		dg_patch_read(&state->reader, i, &before);
		if (before.kind != PATCH_TEST)
			break;
		check_redacted(&before);
		if (same_pointer(&before.path, path))
		{
			*value = before.value;
			*index = i;
			return true;
		}
	}
	return false;
}

/* Where the last token of a path begins, with its slash. */
static uint32
last_token(const JsonNode *path)
{
	uint32		at = path->len;

	while (path->data[--at] != '/')
		 /* the path is not empty, so it has one */ ;
	return at;
}

/*
 * What a path leads to, as far as its last token and a test of its parent
 * among those before the operation tell.
 */
static TargetKind
target_kind(const InvertState *state, const JsonNode *path)
{
	JsonPointer pointer;
	PointerToken token;
	PointerIndex kind;
	JsonNode	parent = *path;
	JsonNode	value;
	uint32		index;

	if (path->len == 0)
		return TARGET_DOCUMENT;

	dg_pointer_begin(&pointer, path->data, path->len);
	parent.len = last_token(path);
	pointer.at = parent.len;
	(void) dg_pointer_next(&pointer, &token);
	kind = dg_pointer_index(&token, &index);
	if (kind == POINTER_NO_INDEX || kind == POINTER_INDEX_HUGE)
		return TARGET_MEMBER;
	if (find_test(state, &parent, &value, &index))
	{
		if (value.kind == NODE_OBJECT)
			return TARGET_MEMBER;
		if (value.kind == NODE_ARRAY && kind == POINTER_INDEX)
			return TARGET_ELEMENT;
	}
	return kind == POINTER_END ? TARGET_END : TARGET_EITHER;
}

/*
 * What stood where the operation puts its value: true and the old value, or
 * false for nothing.  Raises an error if that cannot be told.
 */
static bool
replaced_value(InvertState *state, JsonNode *old)
{
	const PatchOp *op = &state->op;
	TargetKind	kind = target_kind(state, &op->path);
	uint32		index;

	if (kind == TARGET_END)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot invert operation %u of the JSON patch: the place that \"-\" stands for is not known",
						op->index),
				 dg_patch_errdetail(op),
				 errhint("Use the index instead, or put a \"test\" of the object before it if it is a member's name.")));

	if (kind == TARGET_ELEMENT)
		return false;
	if (!find_test(state, &op->path, old, &index))
	{
		/* a value from inside of the target: something was there */
		if (kind == TARGET_DOCUMENT ||
			(op->from.data != NULL &&
			 dg_pointer_inside(op->path.data, op->path.len,
							   op->from.data, op->from.len)))
			raise_no_old_value(state);
		return false;
	}

	/* a move out of an array may have shifted what the test was of */
	if (kind == TARGET_EITHER ||
		(op->kind == PATCH_MOVE &&
		 target_kind(state, &op->from) != TARGET_MEMBER))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot invert operation %u of the JSON patch: it is not known whether it replaced the value tested for",
						op->index),
				 dg_patch_errdetail(op)));

	state->used_up = index;
	return true;
}

/* remove and replace: the old value must be known. */
static JsonNode
tested_value(InvertState *state)
{
	JsonNode	old;

	if (!find_test(state, &state->op.path, &old, &state->used_up))
		raise_no_old_value(state);
	return old;
}

/*
 * A move to a place that the value was inside of.  No move can lead back,
 * since none may go into its own value.
 */
static void
invert_move_outwards(InvertState *state)
{
	const PatchOp *op = &state->op;
	JsonNode	value;
	uint32		index;

	if (replaced_value(state, &value))
	{
		emit_operation(state, "replace", NULL, &op->path, &value);
		return;
	}
	if (!find_test(state, &op->from, &value, &index))
		raise_no_old_value(state);
	emit_operation(state, "test", NULL, &op->path, &value);
	emit_operation(state, "remove", NULL, &op->path, NULL);
	emit_operation(state, "add", NULL, &op->from, &value);
}

static void
invert_move(InvertState *state)
{
	const PatchOp *op = &state->op;
	JsonNode	old;
	bool		replaced;

	if (same_pointer(&op->from, &op->path))
	{
		emit_operation(state, "move", &op->from, &op->path, NULL);
		return;
	}
	if (dg_pointer_inside(op->path.data, op->path.len,
						  op->from.data, op->from.len))
	{
		invert_move_outwards(state);
		return;
	}

	replaced = replaced_value(state, &old);
	emit_operation(state, "move", &op->path, &op->from, NULL);
	if (replaced)
		emit_operation(state, "add", NULL, &op->path, &old);
}

/* add and copy, which differ only in where the value comes from. */
static void
invert_add(InvertState *state)
{
	const PatchOp *op = &state->op;
	JsonNode	value = op->value;
	JsonNode	old;
	uint32		index;
	bool		replaced = replaced_value(state, &old);

	if (op->kind == PATCH_ADD ||
		find_test(state, &op->from, &value, &index))
		emit_operation(state, "test", NULL, &op->path, &value);
	if (replaced)
		emit_operation(state, "replace", NULL, &op->path, &old);
	else
		emit_operation(state, "remove", NULL, &op->path, NULL);
}

static void
invert_operation(InvertState *state)
{
	const PatchOp *op = &state->op;
	EditValue	whole = dg_edit_from_node(&op->whole);
	JsonNode	old;

	switch (op->kind)
	{
		case PATCH_TEST:
			emit(state, &whole);
			break;
		case PATCH_ADD:
		case PATCH_COPY:
			invert_add(state);
			break;
		case PATCH_REMOVE:
			old = tested_value(state);
			emit_operation(state, "add", NULL, &op->path, &old);
			break;
		case PATCH_REPLACE:
			old = tested_value(state);
			emit_operation(state, "test", NULL, &op->path, &op->value);
			emit_operation(state, "replace", NULL, &op->path, &old);
			break;
		case PATCH_MOVE:
			invert_move(state);
			break;
		case PATCH_UNKNOWN:
			elog(ERROR, "unexpected patch operation");
	}
}
