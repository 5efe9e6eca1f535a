/*-------------------------------------------------------------------------
 *
 * compare.h
 *	  Whether two nodes are equal by value.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_COMPARE_H
#define DIFFGEN_JSON_COMPARE_H

#include "core/scan.h"
#include "json/node.h"

/* Children of two containers that are compared at once. */
#define SAME_BLOCK	32

/*
 * Where the bytes of two nodes differ first: an offset into both, or one of
 * these.
 */
#define NOT_KNOWN	PG_UINT32_MAX
#define SAME_BYTES	(PG_UINT32_MAX - 1)

/*
 * What a comparison found out about two nodes that differ: where their bytes
 * differ first (an offset into both, or NOT_KNOWN), and the innermost nodes,
 * at the same path below both, whose values differ.
 */
typedef struct JsonDifference
{
	uint32		first_byte;
	const char *old_place;
	const char *new_place;
} JsonDifference;

extern bool dg_nodes_equal(const JsonNode *old_node, const JsonNode *new_node,
						   uint32 first_byte, JsonDifference *difference);
extern uint32 dg_same_children(const JsonNode *old_node, uint32 old_entry,
							   const JsonNode *new_node, uint32 new_entry,
							   uint32 limit);
extern bool dg_scalars_equal(const JsonNode *old_node,
							 const JsonNode *new_node);

/*
 * Where the first different byte is in a child of two containers of which it
 * is known where their first different byte is.
 *
 * Nothing can be said unless the entries of the containers are all the same,
 * since only then a child starts at the same offset in both.  Returns the
 * offset in the child, NOT_KNOWN or SAME_BYTES.
 */
static inline uint32
dg_first_byte_of_child(const JsonNode *container, uint32 first_byte,
					   const JsonNode *child)
{
	uint32		start = child->data - container->data;

	if (first_byte == SAME_BYTES)
		return SAME_BYTES;
	if (first_byte == NOT_KNOWN ||
		first_byte < dg_node_base(container) - container->data)
		return NOT_KNOWN;
	if (first_byte < start)
		return NOT_KNOWN;
	return (first_byte - start < child->len) ? first_byte - start : SAME_BYTES;
}

/*
 * Whether two nodes, at the same depth below the nodes that difference was
 * found in, are known to differ because the difference is in them.
 */
static inline bool
dg_known_different(const JsonNode *old_node, const JsonNode *new_node,
				   const JsonDifference *difference)
{
	return difference->old_place >= old_node->data &&
		difference->old_place < old_node->data + old_node->len &&
		difference->new_place >= new_node->data &&
		difference->new_place < new_node->data + new_node->len;
}

/*
 * Where the bytes of two nodes of the same kind differ first; NOT_KNOWN if
 * they are not of the same length.
 */
static inline uint32
dg_first_byte(const JsonNode *old_node, const JsonNode *new_node)
{
	uint32		common;

	if (old_node->len != new_node->len)
		return NOT_KNOWN;
	common = dg_common_prefix(old_node->data, new_node->data, old_node->len);
	return (common == old_node->len) ? SAME_BYTES : common;
}

#endif							/* DIFFGEN_JSON_COMPARE_H */
