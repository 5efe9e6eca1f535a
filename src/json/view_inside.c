/*-------------------------------------------------------------------------
 *
 * view_inside.c
 *	  What of a node's inside is shown: how many lines, and what is redacted.
 *
 * These go down into a node as far as they have to: not at all where its view
 * says that nothing below is hidden or redacted.
 *
 *-------------------------------------------------------------------------
 */
#include "json/view_private.h"

#include "json/children.h"

/*
 * Whether two equal nodes of these views must have the same parts redacted.
 */
static inline bool
must_agree(const JsonView *old_view, const JsonView *new_view)
{
	if (old_view == new_view)
		return old_view == VIEW_PLAIN ||
			!(old_view->hides && old_view->redacts);
	return (old_view == VIEW_PLAIN || !old_view->redacts) &&
		(new_view == VIEW_PLAIN || !new_view->redacts);
}

/*
 * dg_redactions_agree
 *		Whether the same parts are redacted of two nodes that are equal in what
 *		is shown of them.
 *
 * They may not be only where something else is hidden: that can put elements
 * to another index, and a filter may look at it.  Takes time only then, linear
 * in the size of the nodes.
 */
bool
dg_redactions_agree(const JsonNode *old_node, const JsonNode *new_node)
{
	JsonChildren old_children;
	JsonChildren new_children;
	JsonKey		key;
	JsonNode	old_child;
	JsonNode	new_child;

	if (dg_is_redacted(old_node->view) != dg_is_redacted(new_node->view))
		return false;
	if (dg_is_redacted(old_node->view) || !NODE_IS_CONTAINER(old_node) ||
		must_agree(old_node->view, new_node->view))
		return true;

	check_stack_depth();
	DG_CHECK_CANCEL();
	dg_children_start(&old_children, old_node);
	dg_children_start(&new_children, new_node);
	while (dg_children_next(&old_children, &key, &old_child) &&
		   dg_children_next(&new_children, &key, &new_child))
	{
		if (!dg_redactions_agree(&old_child, &new_child))
			return false;
	}
	return true;
}

/*
 * Lines of the children of an object whose view is a state.
 *
 * This is done for all that has not changed, so it must not take long for the
 * many members that no pattern waits for.
 */
static int64
members_lines(const JsonNode *object, int64 enough)
{
	JsonView   *view = object->view;
	uint32		n = NODE_COUNT(object);
	JsonCursor	keys;
	JsonCursor	values;
	uint32		i;
	int64		lines = 0;

	dg_cursor_seek(&keys, object, 0);
	dg_cursor_seek(&values, object, n);
	for (i = 0; i < n && lines < enough; i++)
	{
		bool		container = JBE_ISCONTAINER(*values.entry);
		JsonKey		key;
		JsonNode	value;

		dg_cursor_next_key(&keys, &key);
		if (!container && view->other_key_known &&
			!dg_view_may_await(view, &key))
		{
			lines += (view->other_key != VIEW_HIDDEN);
			JBE_ADVANCE_OFFSET(values.offset, *values.entry);
			values.entry++;
			continue;
		}
		dg_cursor_next(&values, &value);
		dg_view_member(object, &key, &value);
		if (value.view != VIEW_HIDDEN)
			lines += dg_shown_lines(&value, enough - lines);
	}
	return lines;
}

static int64
elements_lines(const JsonNode *array, int64 enough)
{
	uint32		n = NODE_COUNT(array);
	JsonCursor	elements;
	uint32		i;
	int64		lines = 0;

	dg_cursor_seek(&elements, array, 0);
	for (i = 0; i < n && lines < enough; i++)
	{
		JsonNode	element;

		dg_cursor_next(&elements, &element);
		dg_view_element(array, i, &element);
		if (element.view != VIEW_HIDDEN)
			lines += dg_shown_lines(&element, enough - lines);
	}
	return lines;
}

/*
 * dg_shown_lines
 *		Lines of a node's canonical text.
 *
 * Counting stops once there are `enough`, and the result is then some number
 * that is not below it.
 */
int64
dg_shown_lines(const JsonNode *node, int64 enough)
{
	int64		lines;

	if (!NODE_IS_CONTAINER(node) || dg_is_redacted(node->view))
		return 1;
	if (node->view == VIEW_PLAIN)
		return dg_plain_lines(node, enough);

	check_stack_depth();
	DG_CHECK_CANCEL();
	if (node->kind == NODE_OBJECT)
		lines = members_lines(node, enough);
	else
		lines = elements_lines(node, enough);
	return (lines == 0) ? 1 : lines + 2;
}

/*
 * dg_view_redacts
 *		Whether a node is redacted, or anything below it.
 */
bool
dg_view_redacts(const JsonNode *node)
{
	JsonChildren children;
	JsonKey		key;
	JsonNode	child;

	if (dg_is_redacted(node->view))
		return true;
	if (node->view == VIEW_PLAIN || !NODE_IS_CONTAINER(node))
		return false;

	check_stack_depth();
	DG_CHECK_CANCEL();
	dg_children_start(&children, node);
	while (dg_children_next(&children, &key, &child))
	{
		if (dg_view_redacts(&child))
			return true;
	}
	return false;
}
