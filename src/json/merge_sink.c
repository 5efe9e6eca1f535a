/*-------------------------------------------------------------------------
 *
 * merge_sink.c
 *	  The changes of a walk as a JSON Merge Patch (RFC 7396).
 *
 * A merge patch looks like the document it changes: an object in it changes
 * the object in its place, a null removes the member in its place, and
 * anything else replaces what is in its place.  So it has no way to change a
 * part of an array, which is given as a whole, nor to say that a member
 * becomes null.  The latter is an error here: a patch that silently says
 * something else is worse than none.
 *
 * A null inside an array is no problem, since arrays are taken as they are.
 *
 *-------------------------------------------------------------------------
 */
#include "json/merge_sink.h"

#include "json/children.h"
#include "json/path.h"

#define LEVELS_INITIAL	32

/*
 * Whether a value is null or has a member that is, outside of arrays.
 */
static bool
has_null_member(const JsonNode *node)
{
	JsonChildren children;
	JsonKey		key;
	JsonNode	child;

	if (node->kind == NODE_NULL)
		return true;
	if (node->kind != NODE_OBJECT)
		return false;

	check_stack_depth();
	DG_CHECK_CANCEL();
	dg_children_start(&children, node);
	while (dg_children_next(&children, &key, &child))
	{
		if (has_null_member(&child))
			return true;
	}
	return false;
}

/*
 * Raise an error if a new value cannot be expressed.
 */
static void
check_value(const JsonWalk *walk, const JsonChild *child)
{
	StringInfoData path;

	/* At the root null is a value like any other. */
	if (walk->depth == 0 && child->new_node.kind == NODE_NULL)
		return;
	if (!has_null_member(&child->new_node))
		return;

	initStringInfo(&path);
	dg_append_path(&path, walk, child, false, false);
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("a JSON merge patch cannot express this change"),
			 child->new_node.kind == NODE_NULL ?
			 errdetail("The value of %s becomes null, which a merge patch takes for its removal.",
					   path.data) :
			 errdetail("The value of %s has a member that is null, which a merge patch takes for its removal.",
					   path.data),
			 errhint("Use diffgen_patch instead.")));
}

static void
merge_enter(JsonSink *base, const JsonWalk *walk)
{
	JsonMergeSink *sink = (JsonMergeSink *) base;

	if (sink->array_depth > 0)
		return;
	if (WALK_TOP(walk)->place.new_node.kind == NODE_ARRAY)
	{
		sink->array_depth = walk->depth;
		return;
	}
	if (sink->depth == sink->maxdepth)
	{
		sink->maxdepth *= 2;
		sink->objects = dg_realloc(sink->objects, sink->maxdepth,
								   sizeof(EditValue));
	}
	sink->objects[sink->depth++] = dg_edit_new(sink->tree, NODE_OBJECT);
}

/*
 * Put the value that a member, or the root, is to have into the patch.
 */
static void
put_value(JsonMergeSink *sink, const JsonKey *key, const EditValue *value)
{
	if (sink->depth == 0)
		sink->patch = *value;
	else
		dg_edit_set_member(sink->tree, &sink->objects[sink->depth - 1],
						   key->data, key->len, value);
}

static void
merge_leave(JsonSink *base, const JsonWalk *walk)
{
	JsonMergeSink *sink = (JsonMergeSink *) base;
	const JsonChild *place = &WALK_TOP(walk)->place;
	EditValue	value;

	if (sink->array_depth == 0)
		value = sink->objects[--sink->depth];
	else if (sink->array_depth == walk->depth)
	{
		value = dg_edit_from_node(&place->new_node);
		sink->array_depth = 0;
	}
	else
		return;
	put_value(sink, &place->key, &value);
}

static void
merge_change(JsonSink *base, const JsonWalk *walk, JsonChangeKind kind,
			 const JsonChild *child)
{
	JsonMergeSink *sink = (JsonMergeSink *) base;
	EditValue	value;

	if (sink->array_depth > 0)
		return;
	if (kind == CHANGE_REMOVE)
	{
		value.kind = NODE_NULL;
		value.len = 0;
		value.u.data = "";
	}
	else
	{
		check_value(walk, child);
		value = dg_edit_from_node(&child->new_node);
	}
	put_value(sink, &child->key, &value);
}

/*
 * dg_merge_sink_begin
 *		Start a merge patch, which is made in tree.  The new document must
 *		live as long as the tree.
 */
void
dg_merge_sink_begin(JsonMergeSink *sink, EditTree *tree,
					const JsonNode *new_root)
{
	memset(sink, 0, sizeof(JsonMergeSink));
	sink->sink.enter = merge_enter;
	sink->sink.leave = merge_leave;
	sink->sink.change = merge_change;
	sink->tree = tree;
	sink->maxdepth = LEVELS_INITIAL;
	sink->objects = dg_alloc(sink->maxdepth, sizeof(EditValue));

	/*
	 * The patch that changes nothing: an empty object, but to what is no
	 * object that means to become one, so it is the value itself then.
	 */
	if (new_root->kind == NODE_OBJECT)
		sink->patch = dg_edit_new(tree, NODE_OBJECT);
	else
		sink->patch = dg_edit_from_node(new_root);
}

/*
 * dg_merge_sink_end
 *		The patch, for dg_edit_to_jsonb().
 */
EditValue *
dg_merge_sink_end(JsonMergeSink *sink)
{
	dg_free(sink->objects);
	return &sink->patch;
}
