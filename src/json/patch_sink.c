/*-------------------------------------------------------------------------
 *
 * patch_sink.c
 *	  The changes of a walk as a JSON Patch (RFC 6902).
 *
 * Operations stand in the order in which the walk finds the changes, and each
 * one's path is right after those before it were applied.  So when an array
 * is gone through from its start, an element of the old array is found at its
 * old index plus the number of elements that were added before it, less those
 * that were removed; and what is added goes behind the old element before it.
 *
 * Where elements move (matched by identity, array_keys.c), moves.c keeps track
 * of where they are.
 *
 * An invertible patch has, before every operation that takes a value away, a
 * test of that value.  To go back, one thing more has to be known: whether a
 * path that ends in "-" means a member of that name or the end of an array.
 * A test of the object, before all changes of it, tells.
 *
 * What is redacted shows as changed only: the values are placeholders, and
 * the operation says so with a member "redacted".
 *
 * Memory: the result, and 24 bytes for each level of nesting.
 *
 *-------------------------------------------------------------------------
 */
#include "json/patch_sink.h"

#include "json/view.h"

#define FRAMES_INITIAL	64

/* In a path it may mean the end of an array, or a member of that name. */
#define DASH	"-"

/*
 * Append a reference token to a JSON Pointer (RFC 6901).
 */
static void
append_key(StringInfo pointer, const JsonKey *key)
{
	uint32		start = 0;
	uint32		i;

	appendStringInfoCharMacro(pointer, '/');
	for (i = 0; i < key->len; i++)
	{
		char		c = key->data[i];

		if (c != '~' && c != '/')
			continue;
		appendBinaryStringInfo(pointer, key->data + start, i - start);
		appendBinaryStringInfo(pointer, c == '~' ? "~0" : "~1", 2);
		start = i + 1;
	}
	appendBinaryStringInfo(pointer, key->data + start, key->len - start);
}

static void
append_index(StringInfo pointer, uint32 index)
{
	char		digits[12];
	int			n = lengthof(digits);

	do
	{
		digits[--n] = '0' + index % 10;
		index /= 10;
	} while (index > 0);
	digits[--n] = '/';
	appendBinaryStringInfo(pointer, digits + n, lengthof(digits) - n);
}

/*
 * Whether the member named "-" of an object is added.  Not asked of an object
 * that is not shown as it is: a test of it could not be true.
 */
static bool
adds_dash_member(const JsonChild *place, JsonNode *value)
{
	JsonNode	old_value;

	return place->old_node.kind == NODE_OBJECT &&
		place->old_node.view == VIEW_PLAIN &&
		place->new_node.view == VIEW_PLAIN &&
		dg_node_find(&place->new_node, DASH, 1, value) &&
		!dg_node_find(&place->old_node, DASH, 1, &old_value);
}

/*
 * Where an element of an array, in which nothing moves, is or goes to when
 * the operations so far were applied.
 */
static uint32
current_index(PatchFrame *patch_frame, const JsonWalk *walk,
			  const JsonFrame *frame, const JsonChild *child)
{
	if (child->old_index != NO_INDEX)
		return child->old_index + patch_frame->shift;

	/* An added one stands behind the old element before it. */
	for (; patch_frame->next < frame->next - 1; patch_frame->next++)
	{
		const ArrayStep *step = &walk->steps[frame->first + patch_frame->next];

		if (STEP_IN_OLD(step))
			patch_frame->behind = step->old_index + step->count;
	}
	return patch_frame->behind + patch_frame->shift;
}

/*
 * Append the token of a child of the frame at some depth to the pointer.
 */
static void
append_child(JsonPatchSink *sink, const JsonWalk *walk, uint32 depth,
			 const JsonChild *child)
{
	const JsonFrame *frame = &walk->frames[depth - 1];
	PatchFrame *patch_frame = &sink->frames[depth - 1];
	ArrayMoves *moves = patch_frame->moves;
	uint32		index;

	if (child->key.data != NULL)
	{
		append_key(&sink->pointer, &child->key);
		return;
	}
	if (moves == NULL)
		index = current_index(patch_frame, walk, frame, child);
	else
	{
		dg_moves_pass(moves, walk, frame);
		if (child->moved)
			index = moves->inserted_at;
		else if (child->old_index == NO_INDEX)
			index = dg_moves_insert(moves);
		else
			index = dg_moves_index(moves, child->old_index);
	}
	append_index(&sink->pointer, index);
}

static void
truncate_pointer(JsonPatchSink *sink, uint32 depth)
{
	sink->pointer.len = (depth == 0) ? 0 : sink->frames[depth - 1].pointer_len;
	sink->pointer.data[sink->pointer.len] = '\0';
}

static void
patch_leave(JsonSink *base, const JsonWalk *walk)
{
	JsonPatchSink *sink = (JsonPatchSink *) base;

	dg_moves_free(sink->frames[walk->depth - 1].moves);
	truncate_pointer(sink, walk->depth - 1);
}

/*
 * Add an operation on the child that the pointer points to.  value is NULL if
 * the operation has none.
 */
static void
put_operation(JsonPatchSink *sink, const char *op, const JsonNode *value,
			  JsonRedaction redaction)
{
	JsonBuild	build;
	bool		redacted = (redaction != REDACTED_SAME);

	if (value != NULL && !redacted)
		redacted = dg_view_redacts(value);

	/* Keys stand in the order they are stored in. */
	dg_build_list_object(&sink->operations, &build,
						 2 + (value != NULL) + redacted);
	dg_build_string(&build, "op", 2);
	dg_build_string(&build, "path", 4);
	if (value != NULL)
		dg_build_string(&build, "value", 5);
	if (redacted)
		dg_build_string(&build, "redacted", 8);

	dg_build_string(&build, op, strlen(op));
	dg_build_string(&build, sink->pointer.data, sink->pointer.len);
	if (value != NULL)
	{
		if (redaction != REDACTED_SAME)
			dg_build_redacted(&build, redaction);
		else
			dg_build_node(&build, value);
	}
	if (redacted)
		dg_build_true(&build);
	dg_build_list_end_element(&sink->operations, &build);
}

/*
 * Add a member named "-" before all other changes of an object, if it is
 * going to be added, so that its operation can be preceded by a test of the
 * object as it was.
 */
static void
put_dash_member(JsonPatchSink *sink, const JsonChild *place)
{
	JsonNode	value;
	JsonKey		dash = {DASH, 1};

	if (!adds_dash_member(place, &value))
		return;
	put_operation(sink, "test", &place->old_node, REDACTED_SAME);
	append_key(&sink->pointer, &dash);
	put_operation(sink, "add", &value, REDACTED_SAME);
	sink->pointer.len -= 2;
}

static void
patch_enter(JsonSink *base, const JsonWalk *walk)
{
	JsonPatchSink *sink = (JsonPatchSink *) base;
	uint32		depth = walk->depth;
	PatchFrame *frame;

	if (depth > sink->maxframes)
	{
		sink->maxframes *= 2;
		sink->frames = dg_realloc(sink->frames, sink->maxframes,
								  sizeof(PatchFrame));
	}
	if (depth > 1)
		append_child(sink, walk, depth - 1, &WALK_TOP(walk)->place);
	frame = &sink->frames[depth - 1];
	memset(frame, 0, sizeof(PatchFrame));
	frame->pointer_len = sink->pointer.len;
	if (WALK_TOP(walk)->identity != NULL)
		frame->moves = dg_moves_begin(walk, WALK_TOP(walk));
	if (sink->invertible)
		put_dash_member(sink, &WALK_TOP(walk)->place);
}

static JsonRedaction
redaction_of(const JsonNode *node, JsonRedaction redaction)
{
	return (dg_is_redacted(node->view)) ? redaction : REDACTED_SAME;
}

/*
 * Move an element to where the walk is in its array.
 */
static void
put_move(JsonPatchSink *sink, const JsonWalk *walk, const JsonChild *child)
{
	PatchFrame *frame = &sink->frames[walk->depth - 1];
	JsonBuild	build;
	StringInfo	pointer = &sink->pointer;
	uint32		from;
	uint32		to;

	dg_moves_pass(frame->moves, walk, WALK_TOP(walk));
	from = dg_moves_index(frame->moves, child->old_index);
	dg_moves_take(frame->moves, child->old_index);
	to = dg_moves_insert(frame->moves);
	if (from == to)
		return;

	dg_build_list_object(&sink->operations, &build, 3);
	dg_build_string(&build, "op", 2);
	dg_build_string(&build, "from", 4);
	dg_build_string(&build, "path", 4);
	dg_build_string(&build, "move", 4);
	append_index(pointer, from);
	dg_build_string(&build, pointer->data, pointer->len);
	truncate_pointer(sink, walk->depth);
	append_index(pointer, to);
	dg_build_string(&build, pointer->data, pointer->len);
	truncate_pointer(sink, walk->depth);
	dg_build_list_end_element(&sink->operations, &build);
}

/*
 * Keep track of the indices of an array after an operation on one element.
 */
static void
count_change(PatchFrame *frame, JsonChangeKind kind, const JsonChild *child)
{
	if (kind == CHANGE_REMOVE)
	{
		frame->shift--;
		if (frame->moves != NULL)
			dg_moves_take(frame->moves, child->old_index);
	}
	else if (kind == CHANGE_ADD)
		frame->shift++;
}

static void
patch_change(JsonSink *base, const JsonWalk *walk, JsonChangeKind kind,
			 const JsonChild *child)
{
	JsonPatchSink *sink = (JsonPatchSink *) base;
	uint32		depth = walk->depth;
	JsonNode	ignored;

	if (sink->invertible && kind == CHANGE_ADD && depth > 0 &&
		child->key.len == 1 && child->key.data[0] == DASH[0] &&
		adds_dash_member(&WALK_TOP(walk)->place, &ignored))
		return;					/* patch_enter has done it */
	if (kind == CHANGE_MOVE)
		put_move(sink, walk, child);
	if (kind == CHANGE_MOVE || kind == CHANGE_MOVE_AWAY)
		return;

	if (depth > 0)
		append_child(sink, walk, depth, child);
	if (kind != CHANGE_ADD && sink->invertible)
		put_operation(sink, "test", &child->old_node,
					  redaction_of(&child->old_node, REDACTED_OLD));
	if (kind == CHANGE_REMOVE)
		put_operation(sink, "remove", NULL,
					  redaction_of(&child->old_node, REDACTED_OLD));
	else
		put_operation(sink, kind == CHANGE_ADD ? "add" : "replace",
					  &child->new_node,
					  redaction_of(&child->new_node, REDACTED_NEW));
	truncate_pointer(sink, depth);
	if (depth > 0 && child->key.data == NULL)
		count_change(&sink->frames[depth - 1], kind, child);
}

/*
 * dg_patch_sink_begin
 *		Start a patch.  Its memory comes from the current context.
 */
void
dg_patch_sink_begin(JsonPatchSink *sink, bool invertible)
{
	sink->sink.enter = patch_enter;
	sink->sink.leave = patch_leave;
	sink->sink.equal = NULL;
	sink->sink.change = patch_change;
	sink->invertible = invertible;
	dg_build_list_begin(&sink->operations);
	initStringInfo(&sink->pointer);
	sink->maxframes = FRAMES_INITIAL;
	sink->frames = dg_alloc(sink->maxframes, sizeof(PatchFrame));
}

/*
 * dg_patch_sink_end
 *		The patch, in the memory that was current at its start.
 */
Jsonb *
dg_patch_sink_end(JsonPatchSink *sink)
{
	dg_free(sink->frames);
	pfree(sink->pointer.data);
	return dg_build_list_end(&sink->operations);
}
