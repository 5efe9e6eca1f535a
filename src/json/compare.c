/*-------------------------------------------------------------------------
 *
 * compare.c
 *	  Whether two nodes are equal by value.
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

#include "fmgr.h"
#include "json/children.h"
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
	JsonChildren old_children;
	JsonChildren new_children;

	difference->first_byte = NOT_KNOWN;
	if (old_node->kind != new_node->kind)
		return differ_here(old_node, new_node, difference);

	if (!NODE_IS_CONTAINER(old_node))
		return dg_scalars_equal(old_node, new_node) ||
			differ_here(old_node, new_node, difference);

	if (first_byte == NOT_KNOWN)
		first_byte = dg_first_byte(old_node, new_node);
	if (first_byte == SAME_BYTES && old_node->view == new_node->view)
		return true;

	check_stack_depth();
	DG_CHECK_CANCEL();
	dg_children_start(&old_children, old_node);
	dg_children_start(&new_children, new_node);
	for (;;)
	{
		JsonKey		old_key;
		JsonKey		new_key;
		JsonNode	old_child;
		JsonNode	new_child;
		bool		have_old;
		bool		have_new;
		uint32		known;

		have_old = dg_children_next(&old_children, &old_key, &old_child);
		have_new = dg_children_next(&new_children, &new_key, &new_child);
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
		if (!dg_nodes_equal(&old_child, &new_child, known, difference))
		{
			difference->first_byte = first_byte;
			return false;
		}
	}
}

/*
 * dg_same_children
 *		How many children of two containers from some entry on are the same
 *		bytes, told in blocks of SAME_BLOCK.
 *
 * Children after that may be the same, too: they have to be looked at one by
 * one.  Looks at no more than limit children.  The entry of an element is its
 * index; those of an object's values come after those of its keys.
 */
uint32
dg_same_children(const JsonNode *old_node, uint32 old_entry,
				 const JsonNode *new_node, uint32 new_entry, uint32 limit)
{
	uint32		n = 0;

	while (limit - n >= SAME_BLOCK)
	{
		const char *old_data;
		const char *new_data;
		uint32		len;

		DG_CHECK_CANCEL();
		if (!dg_entries_alike(old_node, old_entry + n,
							  new_node, new_entry + n, SAME_BLOCK,
							  &old_data, &new_data, &len) ||
			memcmp(old_data, new_data, len) != 0)
			break;
		n += SAME_BLOCK;
	}
	return n;
}
