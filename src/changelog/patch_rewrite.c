/*-------------------------------------------------------------------------
 *
 * patch_rewrite.c
 *	  Patches of a changelog made fit for going back and for blaming.
 *
 * Going back is done with the inverse of a patch but without its tests: the
 * parts of a document that are ignored may have changed without an entry, and
 * a test of a container looks at them too.  That the result is right is known
 * by its hash.  Operations on redacted values, which cannot be applied as they
 * are, become ones that set the marker that is recorded for such values.
 *
 * For blaming, each value is replaced by one that has a stamp in place of every
 * scalar, and in place of every container an object of two members: "s", a
 * stamp of its own, and "v", the container.  So a path can be rewritten without
 * knowing what it leads through, "/a/0" as "/v/a/v/0", and a container that
 * loses its last child still tells by which change.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "changelog/entry.h"
#include "changelog/patch_rewrite.h"
#include "json/children.h"
#include "json/edit_tree.h"
#include "json/view.h"
#include "miscadmin.h"

static bool
member_is(const JsonNode *object, const char *key, const char *value)
{
	JsonNode	member;

	return dg_node_find(object, key, strlen(key), &member) &&
		member.kind == NODE_STRING && member.len == strlen(value) &&
		memcmp(member.data, value, member.len) == 0;
}

/*
 * The operations of a patch.  What is stored need not be what was logged.
 */
static void
open_patch(Jsonb *patch, JsonNode *root)
{
	dg_node_root(patch, root);
	if (root->kind != NODE_ARRAY)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("patch in a changelog is not an array of operations")));
}

static void
get_operation(const JsonNode *root, uint32 index, JsonNode *op)
{
	dg_node_child(root, index, op);
	if (op->kind != NODE_OBJECT)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("patch in a changelog is not an array of operations")));
}

/*
 * diffgen_patch_redacts
 *		Does a patch have operations on redacted values?
 */
bool
diffgen_patch_redacts(Jsonb *patch)
{
	JsonNode	root;
	JsonNode	op;
	JsonNode	member;

	open_patch(patch, &root);
	for (uint32 i = 0; i < NODE_COUNT(&root); i++)
	{
		get_operation(&root, i, &op);
		if (dg_node_find(&op, "redacted", 8, &member))
			return true;
	}
	return false;
}

static bool
node_has_marker(const JsonNode *node)
{
	const char *marker = dg_redacted_text[REDACTED_SAME];
	JsonChildren children;
	JsonKey		key;
	JsonNode	child;

	if (node->kind == NODE_STRING)
		return node->len == strlen(marker) &&
			memcmp(node->data, marker, node->len) == 0;
	if (!NODE_IS_CONTAINER(node))
		return false;

	check_stack_depth();
	dg_children_start(&children, node);
	while (dg_children_next(&children, &key, &child))
	{
		DG_CHECK_CANCEL();
		if (node_has_marker(&child))
			return true;
	}
	return false;
}

/*
 * diffgen_has_marker
 *		Is some value in a document the marker of a redacted one?
 */
bool
diffgen_has_marker(Jsonb *document)
{
	JsonNode	root;

	dg_node_root(document, &root);
	return node_has_marker(&root);
}

/*
 * diffgen_plain_patch
 *		The patch between recorded views: redacted values are their marker.
 *
 * The result is the patch itself if it redacts nothing, or new in the current
 * memory context; the same holds for all functions here.
 */
Jsonb *
diffgen_plain_patch(Jsonb *patch)
{
	const char *marker = dg_redacted_text[REDACTED_SAME];
	EditTree	tree;
	JsonNode	root;
	EditValue	result;
	EditValue	marked = dg_edit_string(marker, strlen(marker));

	if (!diffgen_patch_redacts(patch))
		return patch;

	open_patch(patch, &root);
	dg_edit_begin(&tree, NULL);
	result = dg_edit_new(&tree, NODE_ARRAY);
	for (uint32 i = 0; i < NODE_COUNT(&root); i++)
	{
		JsonNode	op;
		EditValue	value;
		EditValue  *slot;
		EditValue	removed;

		get_operation(&root, i, &op);
		value = dg_edit_from_node(&op);
		dg_edit_insert_element(&tree, &result, i, &value);
		slot = dg_edit_element_slot(&tree, &result, i);
		if (!dg_edit_remove_member(&tree, slot, "redacted", 8, &removed))
			continue;
		if (member_is(&op, "value", dg_redacted_text[REDACTED_OLD]) ||
			member_is(&op, "value", dg_redacted_text[REDACTED_NEW]))
			dg_edit_set_member(&tree, slot, "value", 5, &marked);
	}
	return dg_edit_to_jsonb(&tree, &result);
}

/*
 * diffgen_patch_without_tests
 *		The patch without the operations that are tests.
 */
Jsonb *
diffgen_patch_without_tests(Jsonb *patch)
{
	EditTree	tree;
	JsonNode	root;
	EditValue	result;
	uint32		count = 0;

	open_patch(patch, &root);
	dg_edit_begin(&tree, NULL);
	result = dg_edit_new(&tree, NODE_ARRAY);
	for (uint32 i = 0; i < NODE_COUNT(&root); i++)
	{
		JsonNode	op;
		EditValue	value;

		get_operation(&root, i, &op);
		if (member_is(&op, "op", "test"))
			continue;
		value = dg_edit_from_node(&op);
		dg_edit_insert_element(&tree, &result, count++, &value);
	}
	return dg_edit_to_jsonb(&tree, &result);
}

/*
 * The node of the same place as a child in a document that has a part of the
 * members, and all elements; NULL if it does not have it.
 */
static const JsonNode *
counterpart(const JsonNode *container, const JsonKey *key, uint32 index,
			JsonNode *part)
{
	if (container == NULL)
		return NULL;
	if (container->kind == NODE_OBJECT)
		return dg_node_find(container, key->data, key->len, part) ?
			part : NULL;
	if (container->kind != NODE_ARRAY || index >= NODE_COUNT(container))
		return NULL;
	dg_node_child(container, index, part);
	return part;
}

/*
 * A value's shape, filled with the stamp where the value of the same place is
 * there too, and with null elsewhere.
 */
static EditValue
stamped(EditTree *tree, const JsonNode *node, const JsonNode *recorded,
		const EditValue *stamp)
{
	static const EditValue unknown = {.kind = NODE_NULL};
	JsonChildren children;
	JsonKey		key;
	JsonNode	child;
	EditValue	inner;
	EditValue	result;
	uint32		count = 0;

	if (recorded == NULL)
		stamp = &unknown;
	if (!NODE_IS_CONTAINER(node))
		return *stamp;

	check_stack_depth();
	inner = dg_edit_new(tree, node->kind);
	dg_children_start(&children, node);
	while (dg_children_next(&children, &key, &child))
	{
		JsonNode	part;
		EditValue	value;

		DG_CHECK_CANCEL();
		value = stamped(tree, &child,
						recorded == node ? &child :
						counterpart(recorded, &key, count, &part), stamp);
		if (node->kind == NODE_OBJECT)
			dg_edit_set_member(tree, &inner, key.data, key.len, &value);
		else
			dg_edit_insert_element(tree, &inner, count, &value);
		count++;
	}
	result = dg_edit_new(tree, NODE_OBJECT);
	dg_edit_set_member(tree, &result, STAMP_OF_CONTAINER, 1, stamp);
	dg_edit_set_member(tree, &result, STAMPED_CONTAINER, 1, &inner);
	return result;
}

/*
 * A path in a stamped document: of len bytes of a path in the document itself,
 * and the suffix.
 */
static EditValue
stamped_path(const char *path, uint32 len, const char *suffix)
{
	StringInfoData result;

	initStringInfo(&result);
	for (uint32 i = 0; i < len; i++)
	{
		if (path[i] == '/')
			appendStringInfoString(&result, "/" STAMPED_CONTAINER);
		appendStringInfoChar(&result, path[i]);
	}
	appendStringInfoString(&result, suffix);
	return dg_edit_string(result.data, result.len);
}

/*
 * The operation that stamps the container which a path's last token is about.
 */
static EditValue
stamping(EditTree *tree, const JsonNode *path, const EditValue *stamp)
{
	EditValue	result = dg_edit_new(tree, NODE_OBJECT);
	EditValue	op = dg_edit_string("add", 3);
	EditValue	where;
	uint32		len = path->len;

	while (len > 0 && path->data[len - 1] != '/')
		len--;
	where = stamped_path(path->data, Max(len, 1) - 1,
						 "/" STAMP_OF_CONTAINER);
	dg_edit_set_member(tree, &result, "op", 2, &op);
	dg_edit_set_member(tree, &result, "path", 4, &where);
	dg_edit_set_member(tree, &result, "value", 5, stamp);
	return result;
}

static EditValue
stamp_value(const Jsonb *stamp)
{
	JsonNode	root;

	dg_node_root(stamp, &root);
	return dg_edit_from_node(&root);
}

/*
 * diffgen_stamp_document
 *		A document filled with a scalar, as described above.
 *
 * What is not in the recorded part of the document is filled with null; without
 * that part, all of it is recorded.
 */
Jsonb *
diffgen_stamp_document(Jsonb *document, Jsonb *recorded, Jsonb *stamp)
{
	EditTree	tree;
	JsonNode	root;
	JsonNode	part;
	EditValue	value = stamp_value(stamp);
	EditValue	result;

	dg_node_root(document, &root);
	if (recorded != NULL)
		dg_node_root(recorded, &part);
	dg_edit_begin(&tree, NULL);
	result = stamped(&tree, &root, recorded != NULL ? &part : &root, &value);
	return dg_edit_to_jsonb(&tree, &result);
}

/*
 * An operation for stamped documents.
 */
static EditValue
stamped_operation(EditTree *tree, const JsonNode *op, const EditValue *stamp)
{
	static const char *const paths[] = {"path", "from"};
	EditValue	result = dg_edit_new(tree, NODE_OBJECT);
	EditValue	value;
	JsonNode	member;

	if (dg_node_find(op, "op", 2, &member))
	{
		value = dg_edit_from_node(&member);
		dg_edit_set_member(tree, &result, "op", 2, &value);
	}
	for (int i = 0; i < (int) lengthof(paths); i++)
	{
		if (!dg_node_find(op, paths[i], 4, &member) ||
			member.kind != NODE_STRING)
			continue;
		value = stamped_path(member.data, member.len, "");
		dg_edit_set_member(tree, &result, paths[i], 4, &value);
	}
	if (dg_node_find(op, "value", 5, &member))
	{
		value = stamped(tree, &member, &member, stamp);
		dg_edit_set_member(tree, &result, "value", 5, &value);
	}
	return result;
}

/*
 * diffgen_stamp_patch
 *		The patch for documents of stamps, with values filled with a scalar,
 *		and without tests.
 */
Jsonb *
diffgen_stamp_patch(Jsonb *patch, Jsonb *stamp)
{
	EditTree	tree;
	JsonNode	root;
	EditValue	result;
	EditValue	stamped_with = stamp_value(stamp);
	uint32		count = 0;

	open_patch(patch, &root);
	dg_edit_begin(&tree, NULL);
	result = dg_edit_new(&tree, NODE_ARRAY);
	for (uint32 i = 0; i < NODE_COUNT(&root); i++)
	{
		JsonNode	op;
		JsonNode	path;
		EditValue	value;
		bool		moves;

		DG_CHECK_CANCEL();
		get_operation(&root, i, &op);
		if (member_is(&op, "op", "test"))
			continue;

		/* What is taken away may be the last that its container has. */
		moves = member_is(&op, "op", "move");
		if ((moves || member_is(&op, "op", "remove")) &&
			dg_node_find(&op, moves ? "from" : "path", 4, &path) &&
			path.kind == NODE_STRING)
		{
			value = stamping(&tree, &path, &stamped_with);
			dg_edit_insert_element(&tree, &result, count++, &value);
		}
		value = stamped_operation(&tree, &op, &stamped_with);
		dg_edit_insert_element(&tree, &result, count++, &value);
	}
	return dg_edit_to_jsonb(&tree, &result);
}

/*
 * diffgen_whole_document
 *		The document that is stored as a patch which takes it away: the value
 *		of its first operation, a test.  An empty patch stands for null.
 */
Jsonb *
diffgen_whole_document(Jsonb *patch)
{
	EditTree	tree;
	JsonNode	root;
	JsonNode	op;
	JsonNode	value;
	EditValue	result = {.kind = NODE_NULL};

	open_patch(patch, &root);
	dg_edit_begin(&tree, NULL);
	if (NODE_COUNT(&root) > 0)
	{
		get_operation(&root, 0, &op);
		if (!member_is(&op, "op", "test") ||
			!dg_node_find(&op, "value", 5, &value))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("patch of a removed document does not hold the document")));
		result = dg_edit_from_node(&value);
	}
	return dg_edit_to_jsonb(&tree, &result);
}

/*
 * diffgen_shown_document
 *		What options show of a jsonb document, in the current memory context.
 */
Datum
diffgen_shown_document(const Tracking *tracking, Datum document,
					   Datum options)
{
	struct varlena *patch = diffgen_whole_patch(tracking, document, options);
	Jsonb	   *result = diffgen_whole_document((Jsonb *) patch);

	pfree(patch);
	return JsonbPGetDatum(result);
}
