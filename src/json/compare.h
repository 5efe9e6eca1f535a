/*-------------------------------------------------------------------------
 *
 * compare.h
 *	  Whether two nodes are equal by value.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_COMPARE_H
#define DIFFGEN_JSON_COMPARE_H

#include "json/node.h"

/* No byte difference is known. */
#define NOT_KNOWN	PG_UINT32_MAX

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
extern bool dg_scalars_equal(const JsonNode *old_node,
							 const JsonNode *new_node);

/*
 * Where the first different byte is in a child of two containers of which it
 * is known where their first different byte is.
 *
 * Nothing can be said unless the entries of the containers are all the same,
 * since only then a child starts at the same offset in both.  Returns the
 * offset in the child, NOT_KNOWN if it is unknown, or child->len if the child
 * is the same bytes.
 */
static inline uint32
dg_first_byte_of_child(const JsonNode *container, uint32 first_byte,
					   const JsonNode *child)
{
	uint32		start = child->data - container->data;

	if (first_byte == NOT_KNOWN ||
		first_byte < dg_node_base(container) - container->data)
		return NOT_KNOWN;
	if (first_byte < start)
		return NOT_KNOWN;
	return Min(first_byte - start, child->len);
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

#endif							/* DIFFGEN_JSON_COMPARE_H */
