/*-------------------------------------------------------------------------
 *
 * view.c
 *	  What of a document is shown.
 *
 *-------------------------------------------------------------------------
 */
#include "json/view.h"

#include "json/children.h"

const char *const dg_redacted_text[] = {
	"<redacted>",
	"<redacted: before>",
	"<redacted: after>"
};

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

	if (node->view == VIEW_REDACTED)
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
