/*-------------------------------------------------------------------------
 *
 * children.h
 *	  Goes through the shown children of a container as they are stored.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_CHILDREN_H
#define DIFFGEN_JSON_CHILDREN_H

#include "json/node.h"
#include "json/view.h"

/*
 * Goes through a container's children.
 */
typedef struct JsonChildren
{
	const JsonNode *container;
	JsonCursor	keys;
	JsonCursor	values;
	uint32		next;
	uint32		count;
} JsonChildren;

/*
 * Get before the first child of a container.
 */
static inline void
dg_children_start(JsonChildren *children, const JsonNode *container)
{
	children->container = container;
	children->next = 0;
	children->count = NODE_COUNT(container);
	dg_cursor_seek(&children->keys, container, 0);
	if (container->kind == NODE_OBJECT)
		dg_cursor_seek(&children->values, container, children->count);
	else
		children->values = children->keys;
}

/*
 * Get before a child, or behind the last one.
 */
static inline void
dg_children_seek(JsonChildren *children, uint32 index)
{
	children->next = index;
	dg_cursor_seek(&children->keys, children->container, index);
	if (children->container->kind == NODE_OBJECT)
		index += children->count;
	dg_cursor_seek(&children->values, children->container, index);
}

/*
 * The next child that is shown; false if there is none.  The key of an
 * element of an array is empty.
 */
static inline bool
dg_children_next(JsonChildren *children, JsonKey *key, JsonNode *child)
{
	while (children->next < children->count)
	{
		uint32		index = children->next++;

		dg_cursor_next(&children->values, child);
		if (children->container->kind == NODE_OBJECT)
		{
			dg_cursor_next_key(&children->keys, key);
			dg_view_member(children->container, key, child);
		}
		else
		{
			key->data = "";
			key->len = 0;
			dg_view_element(children->container, index, child);
		}
		if (child->view != VIEW_HIDDEN)
			return true;
	}
	return false;
}

#endif							/* DIFFGEN_JSON_CHILDREN_H */
