/*-------------------------------------------------------------------------
 *
 * edit_tree.h
 *	  An editable document over immutable jsonb datums.
 *
 * A document begins as a reference to a datum.  A container becomes a node
 * that can be edited only when an edit goes through it, and even then it
 * holds nothing but what differs from its datum; so n edits cost O(n log n)
 * and memory proportional to n, whatever the size of the document, until
 * dg_edit_to_jsonb() writes the result, which copies untouched runs whole.
 *
 * A value may stand in several places after dg_edit_share(); it is cloned
 * where an edit reaches it, piece by piece, so sharing costs nothing.
 *
 * Nothing is ever freed: a tree lives in the memory context that was current
 * when it was begun, and the datums, keys and strings that it was given must
 * live as long.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_EDIT_TREE_H
#define DIFFGEN_EDIT_TREE_H

#include "postgres.h"

#include "json/node.h"

typedef struct EditNode EditNode;
typedef struct EditPiece EditPiece;

/* Kinds of an EditValue beside those of a JsonNode. */
#define EDIT_CONTAINER	(NODE_OBJECT + 1)	/* one that can be edited */
#define EDIT_RUN		(NODE_OBJECT + 2)	/* elements of an array's datum */
#define EDIT_ABSENT		(NODE_OBJECT + 3)	/* a member that was removed */

typedef struct EditValue
{
	union
	{
		const char *data;		/* as in JsonNode */
		EditNode   *node;		/* EDIT_CONTAINER */
	}			u;
	uint32		len;			/* as in JsonNode */
	uint8		kind;			/* JsonKind or one of the above */
} EditValue;

/*
 * A container with edits.  Its pieces are a balanced tree: for an array they
 * are runs of the elements of base and single values, in order; for an object
 * only the members that differ from base, in order of their keys.
 */
struct EditNode
{
	JsonNode	base;			/* what it was made from; no data if nothing */
	EditPiece  *pieces;
	uint32		base_count;		/* members or elements of base */
	uint32		count;			/* members or elements now */
	uint32		epoch;			/* see edit_tree.c */
	uint32		size;			/* serialized, once known; 0 before */
	bool		keys_changed;	/* object: members were added or removed */
};

#define EDIT_NODE_IS_OBJECT(node)	((node)->base.kind == NODE_OBJECT)

typedef struct EditTree
{
	EditValue	root;
	uint32		epoch;
	MemoryContext context;
	EditPiece  *spare;			/* pieces not given out yet */
	int			nspare;
	bool		made_blocks;
} EditTree;

static inline bool
dg_edit_is_object(const EditValue *value)
{
	return value->kind == NODE_OBJECT ||
		(value->kind == EDIT_CONTAINER && EDIT_NODE_IS_OBJECT(value->u.node));
}

static inline bool
dg_edit_is_array(const EditValue *value)
{
	return value->kind == NODE_ARRAY ||
		(value->kind == EDIT_CONTAINER && !EDIT_NODE_IS_OBJECT(value->u.node));
}

/* Members of an object or elements of an array. */
static inline uint32
dg_edit_count(const EditValue *value)
{
	if (value->kind == EDIT_CONTAINER)
		return value->u.node->count;
	return JsonContainerSize((const JsonbContainer *) value->u.data);
}

/* A value that was not edited yet, and back. */
static inline EditValue
dg_edit_from_node(const JsonNode *node)
{
	EditValue	value;

	value.u.data = node->data;
	value.len = node->len;
	value.kind = node->kind;
	return value;
}

static inline JsonNode
dg_edit_to_node(const EditValue *value)
{
	JsonNode	node;

	node.data = value->u.data;
	node.len = value->len;
	node.view = VIEW_PLAIN;
	node.kind = value->kind;
	return node;
}

extern void dg_edit_begin(EditTree *tree, const Jsonb *document);
extern EditValue dg_edit_new(EditTree *tree, JsonKind kind);
extern EditValue dg_edit_string(const char *data, uint32 len);
extern void dg_edit_share(EditTree *tree);

/* reading: nothing is changed */
extern bool dg_edit_get_member(const EditValue *object, const char *key,
							   uint32 keylen, EditValue *member);
extern void dg_edit_get_element(const EditValue *array, uint32 index,
								EditValue *element);
extern bool dg_edit_equal(const EditValue *a, const JsonNode *b);

/* editing: the container must be in the tree, reached through slots */
extern EditValue *dg_edit_member_slot(EditTree *tree, EditValue *object,
									  const char *key, uint32 keylen);
extern EditValue *dg_edit_element_slot(EditTree *tree, EditValue *array,
									   uint32 index);
extern EditValue *dg_edit_set_member(EditTree *tree, EditValue *object,
									 const char *key, uint32 keylen,
									 const EditValue *value);
extern bool dg_edit_remove_member(EditTree *tree, EditValue *object,
								  const char *key, uint32 keylen,
								  EditValue *removed);
extern void dg_edit_insert_element(EditTree *tree, EditValue *array,
								   uint32 index, const EditValue *value);
extern void dg_edit_remove_element(EditTree *tree, EditValue *array,
								   uint32 index, EditValue *removed);

/* edit_write.c */
extern Jsonb *dg_edit_to_jsonb(EditTree *tree, EditValue *value);

#endif							/* DIFFGEN_EDIT_TREE_H */
