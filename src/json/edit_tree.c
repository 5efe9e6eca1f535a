/*-------------------------------------------------------------------------
 *
 * edit_tree.c
 *	  An editable document over immutable jsonb datums.
 *
 * A value is a reference into a datum until an edit goes through it.  Then it
 * becomes a node that still refers to the datum and has a balanced tree of
 * pieces beside it (edit_pieces.c) with what differs: for an object the
 * members that were set or removed, for an array the runs of elements that
 * are still as they were and the values between them.  Take the document
 *
 *		{"image": "web:1", "ports": [80, 81, 82, 83], "tier": 2}
 *
 * after "replace /ports/1 by 8081" and "remove /tier".  The root is a node
 * with two pieces, "tier" (absent) and "ports", which is a node with three:
 * the run of element 0, the number 8081, the run of elements 2 and 3.  The
 * number came from the patch and is a reference into it.  "image" was never
 * looked at.
 *
 * An edit at depth d costs O(d log n), where n counts the members or
 * elements of the containers on its way (binary search in a datum) and the
 * edits made in them (search in the pieces), and a few pieces of 80 bytes.
 *
 * Sharing.  A copy makes one value stand in two places.  Pieces and nodes
 * carry the epoch in which they were made, and dg_edit_share() begins a new
 * one: what is older may stand in several places and is cloned, one piece at
 * a time, on the way of an edit; what was made in this epoch stands in one
 * place and is changed there.  So a copy costs nothing however large the
 * value is, and a hundred copies of copies, which stand for 2^100 values,
 * fit in a few kilobytes until somebody wants to write them down.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "json/compare.h"
#include "json/edit_pieces.h"
#include "json/edit_tree.h"
#include "miscadmin.h"

static bool object_equal(const EditValue *a, const JsonNode *b);
static bool array_equal(const EditValue *a, const JsonNode *b);

/*
 * dg_edit_begin
 *		Begin a tree whose root is a document, or absent if that is NULL.
 *
 * The document must be detoasted, with a four-byte header, and live as long as
 * the tree, which is in the current memory context.
 */
void
dg_edit_begin(EditTree *tree, const Jsonb *document)
{
	memset(tree, 0, sizeof(EditTree));
	tree->context = CurrentMemoryContext;
	tree->root.kind = EDIT_ABSENT;
	if (document != NULL)
	{
		JsonNode	root;

		dg_node_root(document, &root);
		tree->root = dg_edit_from_node(&root);
	}
}

/* A node of this epoch. */
static EditNode *
new_node(EditTree *tree)
{
	EditNode   *node = MemoryContextAllocZero(tree->context, sizeof(EditNode));

	node->epoch = tree->epoch;
	return node;
}

/*
 * dg_edit_new
 *		An empty object or array that is not part of the tree yet.
 */
EditValue
dg_edit_new(EditTree *tree, JsonKind kind)
{
	EditValue	value;

	value.kind = EDIT_CONTAINER;
	value.len = 0;
	value.u.node = new_node(tree);
	value.u.node->base.kind = kind;
	return value;
}

/*
 * dg_edit_string
 *		A string, whose bytes are not copied.
 */
EditValue
dg_edit_string(const char *data, uint32 len)
{
	EditValue	value;

	value.kind = NODE_STRING;
	value.len = len;
	value.u.data = data;
	return value;
}

/*
 * dg_edit_share
 *		To be called when a value that was read from the tree is about to be
 *		put into it once more: all nodes that exist are taken to be shared
 *		from now on.
 */
void
dg_edit_share(EditTree *tree)
{
	tree->epoch++;
}

/* Makes the container in a slot of the tree one that can be edited. */
static EditNode *
own_node(EditTree *tree, EditValue *slot)
{
	EditNode   *node;

	if (slot->kind == EDIT_CONTAINER)
	{
		node = slot->u.node;
		if (node->epoch != tree->epoch)
		{
			node = new_node(tree);
			*node = *slot->u.node;
			node->epoch = tree->epoch;
			slot->u.node = node;
		}
		return node;
	}

	node = new_node(tree);
	node->base = dg_edit_to_node(slot);
	Assert(NODE_IS_CONTAINER(&node->base));
	node->base_count = NODE_COUNT(&node->base);
	node->count = node->base_count;
	if (slot->kind == NODE_ARRAY && node->count > 0)
	{
		EditPiece  *run = dg_piece_new(tree);

		run->count = node->count;
		run->value.kind = EDIT_RUN;
		dg_piece_insert_at(tree, &node->pieces, 0, run);
	}
	slot->kind = EDIT_CONTAINER;
	slot->len = 0;
	slot->u.node = node;
	return node;
}

/* A child of a datum: an array's element or an object's value. */
static EditValue
base_child(const JsonNode *base, uint32 index)
{
	JsonNode	child;

	dg_node_child(base, index, &child);
	return dg_edit_from_node(&child);
}

/*
 * dg_edit_get_member
 *		Read an object's member; false if there is none.
 *
 * Takes O(log n) time in the number of members and edits.
 */
bool
dg_edit_get_member(const EditValue *object, const char *key, uint32 keylen,
				   EditValue *member)
{
	JsonNode	base;
	uint32		index;

	if (object->kind == EDIT_CONTAINER)
	{
		const EditNode *node = object->u.node;
		const EditPiece *piece = dg_piece_find_member(node->pieces,
													  key, keylen);

		if (piece != NULL)
		{
			*member = piece->value;
			return piece->value.kind != EDIT_ABSENT;
		}
		if (node->base_count == 0)
			return false;
		base = node->base;
	}
	else
		base = dg_edit_to_node(object);

	if (!dg_node_search(&base, key, keylen, &index))
		return false;
	*member = base_child(&base, index);
	return true;
}

/*
 * dg_edit_get_element
 *		Read an array's element, which must exist.
 *
 * Takes O(log n) time in the number of edits.
 */
void
dg_edit_get_element(const EditValue *array, uint32 index, EditValue *element)
{
	JsonNode	base;

	Assert(index < dg_edit_count(array));
	if (array->kind == EDIT_CONTAINER)
	{
		uint32		within;
		const EditPiece *piece = dg_piece_find_at(array->u.node->pieces,
												  index, &within);

		if (piece->value.kind != EDIT_RUN)
		{
			*element = piece->value;
			return;
		}
		base = array->u.node->base;
		index = piece->start + within;
	}
	else
		base = dg_edit_to_node(array);
	*element = base_child(&base, index);
}

/*
 * dg_edit_equal
 *		Is a value of the tree equal to one of a datum, as jsonb's "=" has it?
 *
 * O(n log n) in the size of the datum's value, however large the other is.
 */
bool
dg_edit_equal(const EditValue *a, const JsonNode *b)
{
	if (a->kind != EDIT_CONTAINER)
	{
		JsonNode	node = dg_edit_to_node(a);
		JsonDifference difference;

		return dg_nodes_equal(&node, b, NOT_KNOWN, &difference);
	}

	if (a->u.node->base.kind != b->kind ||
		a->u.node->count != NODE_COUNT(b))
		return false;

	check_stack_depth();
	if (b->kind == NODE_OBJECT)
		return object_equal(a, b);
	else
		return array_equal(a, b);
}

/* Objects with as many members as each other. */
static bool
object_equal(const EditValue *a, const JsonNode *b)
{
	uint32		count = NODE_COUNT(b);
	JsonCursor	keys;
	JsonCursor	values;

	dg_cursor_seek(&keys, b, 0);
	dg_cursor_seek(&values, b, count);
	for (uint32 i = 0; i < count; i++)
	{
		EditValue	member;
		JsonKey		key;
		JsonNode	value;

		CHECK_FOR_INTERRUPTS();
		dg_cursor_next_key(&keys, &key);
		dg_cursor_next(&values, &value);
		if (!dg_edit_get_member(a, key.data, key.len, &member) ||
			!dg_edit_equal(&member, &value))
			return false;
	}
	return true;
}

/* Arrays with as many elements as each other. */
static bool
array_equal(const EditValue *a, const JsonNode *b)
{
	uint32		count = NODE_COUNT(b);
	JsonCursor	cursor;

	dg_cursor_seek(&cursor, b, 0);
	for (uint32 i = 0; i < count; i++)
	{
		EditValue	element;
		JsonNode	value;

		CHECK_FOR_INTERRUPTS();
		dg_cursor_next(&cursor, &value);
		dg_edit_get_element(a, i, &element);
		if (!dg_edit_equal(&element, &value))
			return false;
	}
	return true;
}

/* Adds the piece of a member that has none yet: as base has it, or absent. */
static EditPiece *
new_member(EditTree *tree, EditNode *node, const char *key, uint32 keylen,
		   bool in_base, uint32 index)
{
	EditPiece  *piece = dg_piece_new(tree);
	JsonKey		piece_key = {key, keylen};

	piece->key = key;
	piece->keylen = keylen;
	piece->prefix = dg_key_prefix(&piece_key);
	piece->in_base = in_base;
	piece->start = index;
	if (in_base)
		piece->value = base_child(&node->base, index);
	else
		piece->value.kind = EDIT_ABSENT;
	dg_piece_insert_member(tree, &node->pieces, piece);
	return piece;
}

/*
 * dg_edit_member_slot
 *		The slot of an object's member, through which it can be edited or
 *		replaced; NULL if there is none.
 *
 * A slot is valid until dg_edit_share().  Each edit takes O(log n) time and
 * memory.
 */
EditValue *
dg_edit_member_slot(EditTree *tree, EditValue *object, const char *key,
					uint32 keylen)
{
	JsonNode	base;
	EditPiece  *piece;
	uint32		index;

	if (object->kind == EDIT_CONTAINER)
	{
		EditNode   *node = own_node(tree, object);

		piece = dg_piece_own_member(tree, &node->pieces, key, keylen);
		if (piece != NULL)
			return piece->value.kind == EDIT_ABSENT ? NULL : &piece->value;
		if (node->base_count == 0)
			return NULL;
		base = node->base;
	}
	else
		base = dg_edit_to_node(object);

	/* an object in which nothing is found stays as it is */
	if (!dg_node_search(&base, key, keylen, &index))
		return NULL;
	piece = new_member(tree, own_node(tree, object), key, keylen, true, index);
	return &piece->value;
}

/*
 * dg_edit_element_slot
 *		The slot of an array's element, which must exist.
 */
EditValue *
dg_edit_element_slot(EditTree *tree, EditValue *array, uint32 index)
{
	EditNode   *node = own_node(tree, array);
	EditPiece  *piece;

	Assert(index < node->count);
	piece = dg_piece_isolate(tree, &node->pieces, index);
	if (piece->value.kind == EDIT_RUN)
		piece->value = base_child(&node->base, piece->start);
	return &piece->value;
}

/*
 * dg_edit_set_member
 *		Set an object's member, be it there or not, and return its slot.
 *
 * The key is not copied.
 */
EditValue *
dg_edit_set_member(EditTree *tree, EditValue *object, const char *key,
				   uint32 keylen, const EditValue *value)
{
	EditNode   *node = own_node(tree, object);
	EditPiece  *piece = dg_piece_own_member(tree, &node->pieces, key, keylen);

	if (piece == NULL)
	{
		uint32		index = 0;
		bool		in_base = node->base_count > 0 &&
			dg_node_search(&node->base, key, keylen, &index);

		piece = new_member(tree, node, key, keylen, in_base, index);
	}
	if (piece->value.kind == EDIT_ABSENT)
	{
		node->count++;
		node->keys_changed = true;
	}
	piece->value = *value;
	return &piece->value;
}

/*
 * dg_edit_remove_member
 *		Remove an object's member and hand it over in *removed; false if there
 *		is none.
 */
bool
dg_edit_remove_member(EditTree *tree, EditValue *object, const char *key,
					  uint32 keylen, EditValue *removed)
{
	EditValue  *slot = dg_edit_member_slot(tree, object, key, keylen);

	if (slot == NULL)
		return false;
	*removed = *slot;
	slot->kind = EDIT_ABSENT;
	object->u.node->count--;
	object->u.node->keys_changed = true;
	return true;
}

/*
 * dg_edit_insert_element
 *		Insert an element before the one at index, or at the end.
 */
void
dg_edit_insert_element(EditTree *tree, EditValue *array, uint32 index,
					   const EditValue *value)
{
	EditNode   *node = own_node(tree, array);
	EditPiece  *piece = dg_piece_new(tree);

	Assert(index <= node->count);
	piece->count = 1;
	piece->value = *value;
	if (index < node->count)
		dg_piece_cut(tree, &node->pieces, index);
	dg_piece_insert_at(tree, &node->pieces, index, piece);
	node->count++;
}

/*
 * dg_edit_remove_element
 *		Remove an array's element, which must exist, and hand it over.
 */
void
dg_edit_remove_element(EditTree *tree, EditValue *array, uint32 index,
					   EditValue *removed)
{
	EditNode   *node = own_node(tree, array);

	Assert(index < node->count);
	dg_edit_get_element(array, index, removed);
	if (index + 1 < node->count)
		dg_piece_cut(tree, &node->pieces, index + 1);
	(void) dg_piece_remove_last(tree, &node->pieces, index);
	node->count--;
}
