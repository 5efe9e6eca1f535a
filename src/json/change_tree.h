/*-------------------------------------------------------------------------
 *
 * change_tree.h
 *	  What a walk found to have changed, as a tree.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_CHANGE_TREE_H
#define DIFFGEN_JSON_CHANGE_TREE_H

#include "json/walk.h"

typedef enum TreeChangeKind
{
	TREE_REMOVE,
	TREE_ADD,
	TREE_REPLACE,
	TREE_INSIDE,				/* a container on both sides with changes */
	TREE_MOVE					/* an element, which may be changed as well:
								 * then TREE_INSIDE follows */
} TreeChangeKind;

/*
 * A change of a member, an element or the root.  The changes inside a
 * container are in the order of the members' keys (as bytes) or of the
 * elements in the old array; where elements have moved, in no order.
 */
typedef struct TreeChange
{
	struct TreeChange *next;	/* in the same container */
	struct TreeChange *first;	/* TREE_INSIDE: the changes there */
	struct TreeChange *last;
	TreeChangeKind kind;
	JsonKey		key;			/* of a member */
	uint32		position;		/* of an element in the old array; of an added
								 * one, the old element that it is before */
	uint32		new_index;		/* in the new array, unless removed */
	JsonNode	old_node;		/* unless added */
	JsonNode	new_node;		/* unless removed */
	uint32		nadded;			/* inside an array: elements, so far */
	uint32		nremoved;
	uint32		nmoved;
	const JsonKeyList *identity;	/* what its elements were matched by, or
									 * NULL */
} TreeChange;

extern TreeChange *dg_change_tree(const JsonNode *old_root,
								  const JsonNode *new_root,
								  DiffAlgorithm algorithm,
								  const JsonKeyTable *keys);

#endif							/* DIFFGEN_JSON_CHANGE_TREE_H */
