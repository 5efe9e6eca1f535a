/*-------------------------------------------------------------------------
 *
 * path.c
 *	  Where a change is, as a jsonpath.
 *
 * Paths are written as people write them, and can be given to the server's
 * jsonpath functions and to the options that take patterns.  A key that is
 * not an ASCII identifier is quoted.
 *
 *-------------------------------------------------------------------------
 */
#include "json/path.h"

#include "json/canonical.h"

static bool
is_identifier(const JsonKey *key)
{
	uint32		i;

	for (i = 0; i < key->len; i++)
	{
		char		c = key->data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
			  (c >= '0' && c <= '9' && i > 0)))
			return false;
	}
	return key->len > 0;
}

/*
 * dg_append_path_key
 *		Append the step from an object to one of its members.
 */
void
dg_append_path_key(StringInfo out, const JsonKey *key)
{
	appendStringInfoCharMacro(out, '.');
	if (is_identifier(key))
		appendBinaryStringInfo(out, key->data, key->len);
	else
		dg_append_string(out, key->data, key->len);
}

/*
 * dg_append_path_identity
 *		Append the step from an array to the element of some identity.
 */
void
dg_append_path_identity(StringInfo out, const JsonKeyList *identity,
						const JsonNode *element)
{
	uint32		i;

	appendStringInfoString(out, "[*]?(");
	for (i = 0; i < identity->count; i++)
	{
		const JsonKey *key = &identity->keys[i];
		JsonNode	value;

		if (!dg_node_find(element, key->data, key->len, &value))
			elog(ERROR, "element has lost its identity");
		appendStringInfoString(out, i == 0 ? "@" : " && @");
		dg_append_path_key(out, key);
		appendStringInfoString(out, " == ");
		dg_append_scalar(out, &value);
	}
	appendStringInfoCharMacro(out, ')');
}

/*
 * Append the way from a frame's container to one of its children.
 */
static void
append_child(StringInfo out, const JsonFrame *frame, const JsonChild *child,
			 bool in_old)
{
	if (child->key.data != NULL)
		dg_append_path_key(out, &child->key);
	else if (frame->identity != NULL)
		dg_append_path_identity(out, frame->identity,
								in_old ? &child->old_node : &child->new_node);
	else
		appendStringInfo(out, "[%u]",
						 in_old ? child->old_index : child->new_index);
}

/*
 * dg_append_path
 *		Append the path of a child of the innermost frame, or of the root if
 *		there is no frame, in the old document or in the new one.
 *
 * An element that is known by its identity is written so; if by_index is
 * true the child itself is not.
 */
void
dg_append_path(StringInfo out, const JsonWalk *walk, const JsonChild *child,
			   bool in_old, bool by_index)
{
	uint32		i;

	appendStringInfoCharMacro(out, '$');
	for (i = 1; i < walk->depth; i++)
		append_child(out, &walk->frames[i - 1], &walk->frames[i].place,
					 in_old);
	if (walk->depth > 0 && by_index && child->key.data == NULL)
		appendStringInfo(out, "[%u]",
						 in_old ? child->old_index : child->new_index);
	else if (walk->depth > 0)
		append_child(out, WALK_TOP(walk), child, in_old);
	out->data[out->len] = '\0';
}
