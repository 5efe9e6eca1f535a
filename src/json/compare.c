/*-------------------------------------------------------------------------
 *
 * compare.c
 *	  Whether two nodes are equal by value, and hashes that agree with it.
 *
 * Equal values are nearly always equal bytes: jsonb has one form for each
 * value but for numbers, which keep their scale (1.0 is not the bytes of 1,
 * and every container around it has another length then).  So bytes are
 * compared first.  Where they differ, the values decide: the two trees are
 * gone through side by side until one pair of values is found to be
 * different.
 *
 * No byte is compared twice on the way down.  The offset of the first
 * different byte of two containers is also the first different byte of the
 * children it falls into, and says that the children before are the same, as
 * long as it is not among the containers' entries; if it is, the comparison
 * stopped there and the children's bytes have not been looked at.
 *
 * Limits: recursion is as deep as the documents are.
 *
 *-------------------------------------------------------------------------
 */
#include "json/compare.h"

#include "common/hashfn.h"
#include "core/scan.h"
#include "fmgr.h"
#include "json/view.h"
#include "utils/fmgrprotos.h"

/*
 * dg_scalars_equal
 *		Whether two scalars are the same value, as jsonb's = operator has it.
 */
bool
dg_scalars_equal(const JsonNode *a, const JsonNode *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->len == b->len && memcmp(a->data, b->data, a->len) == 0)
		return true;
	if (a->kind != NODE_NUMBER)
		return false;
	return DatumGetBool(DirectFunctionCall2(numeric_eq,
											NumericGetDatum(NODE_NUMERIC(a)),
											NumericGetDatum(NODE_NUMERIC(b))));
}

/*
 * Values of a container that is gone through: the next one that is shown.
 */
typedef struct Children
{
	const JsonNode *container;
	JsonCursor	keys;
	JsonCursor	values;
	uint32		next;
	uint32		count;
} Children;

static void
start_children(Children *children, const JsonNode *container)
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

static inline bool
next_child(Children *children, JsonKey *key, JsonNode *child)
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

static bool
differ_here(const JsonNode *old_node, const JsonNode *new_node,
			JsonDifference *difference)
{
	difference->old_place = old_node->data;
	difference->new_place = new_node->data;
	return false;
}

/*
 * dg_nodes_equal
 *		Whether two nodes have the same value, as far as they are shown.
 *
 * first_byte is the offset of their first different byte where the caller
 * knows it, else NOT_KNOWN.  If the result is false, *difference is set.
 * Linear in what the nodes have in common.
 */
bool
dg_nodes_equal(const JsonNode *old_node, const JsonNode *new_node,
			   uint32 first_byte, JsonDifference *difference)
{
	Children	old_children;
	Children	new_children;

	difference->first_byte = NOT_KNOWN;
	if (old_node->kind != new_node->kind)
		return differ_here(old_node, new_node, difference);

	if (!NODE_IS_CONTAINER(old_node))
		return dg_scalars_equal(old_node, new_node) ||
			differ_here(old_node, new_node, difference);

	if (old_node->view == new_node->view && old_node->len == new_node->len)
	{
		if (first_byte == NOT_KNOWN)
			first_byte = dg_common_prefix(old_node->data, new_node->data,
										  old_node->len);
		if (first_byte == old_node->len)
			return true;
	}

	check_stack_depth();
	DG_CHECK_CANCEL();
	start_children(&old_children, old_node);
	start_children(&new_children, new_node);
	for (;;)
	{
		JsonKey		old_key;
		JsonKey		new_key;
		JsonNode	old_child;
		JsonNode	new_child;
		bool		have_old = next_child(&old_children, &old_key, &old_child);
		bool		have_new = next_child(&new_children, &new_key, &new_child);
		uint32		known;

		if (!have_old && !have_new)
			return true;
		if (!have_old || !have_new ||
			dg_key_compare_stored(&old_key, &new_key) != 0)
		{
			difference->first_byte = first_byte;
			return differ_here(old_node, new_node, difference);
		}

		/* Hidden children may have put the two sides out of step. */
		if (old_children.next == new_children.next)
			known = dg_first_byte_of_child(old_node, first_byte, &old_child);
		else
			known = NOT_KNOWN;
		if (known == old_child.len && old_child.view == new_child.view)
			continue;
		if (!dg_nodes_equal(&old_child, &new_child, known, difference))
		{
			difference->first_byte = first_byte;
			return false;
		}
	}
}

/*
 * dg_node_hash
 *		A hash of a node's value, as far as it is shown.
 *
 * Equal nodes have equal hashes, however their numbers are scaled.  Linear in
 * the size of the node.
 */
uint64
dg_node_hash(const JsonNode *node, uint64 seed)
{
	Children	children;
	JsonKey		key;
	JsonNode	child;
	uint64		hash = seed + node->kind;

	if (node->kind == NODE_STRING)
		return hash_bytes_extended((const unsigned char *) node->data,
								   node->len, hash);
	if (node->kind == NODE_NUMBER)
		return DatumGetUInt64(DirectFunctionCall2(hash_numeric_extended,
												  NumericGetDatum(NODE_NUMERIC(node)),
												  UInt64GetDatum(hash)));
	if (!NODE_IS_CONTAINER(node))
		return hash;

	check_stack_depth();
	DG_CHECK_CANCEL();
	start_children(&children, node);
	while (next_child(&children, &key, &child))
	{
		if (node->kind == NODE_OBJECT)
			hash = hash_bytes_extended((const unsigned char *) key.data,
									   key.len, hash);
		hash = hash_combine64(hash, dg_node_hash(&child, seed));
	}
	return hash;
}
