/*-------------------------------------------------------------------------
 *
 * edit_pieces.c
 *	  The balanced tree of pieces inside a container that is being edited.
 *
 * A weight-balanced tree (Nievergelt and Reingold, "Binary search trees of
 * bounded balance", 1973) with the parameters that Hirai and Yamamoto proved
 * sound in "Balancing weight-balanced trees" (2011): a subtree of n pieces
 * weighs n + 1, no child weighs more than DELTA times its sibling, and a
 * rotation is double when the inner grandchild weighs GAMMA times the outer
 * one or more.  Its height is at most 2.41 * log2(n), on any sequence of
 * edits: a structure balanced by chance or by hashing could be driven to
 * quadratic time by a patch made for it.
 *
 * The same tree serves arrays and objects.  Pieces of an array are found by
 * position: each subtree knows how many elements it has.  Pieces of an object
 * are found by key, in the order in which jsonb stores keys.
 *
 * Pieces of an older epoch than the tree's may be shared with another value
 * and are cloned before they are changed (see edit_tree.c), so every function
 * that changes something takes the place where the root hangs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "json/edit_pieces.h"
#include "utils/memutils.h"

#define DELTA	3
#define GAMMA	2

/* Pieces are small and never freed one by one: they come in blocks. */
#define PIECES_PER_BLOCK	64

#define SUBTREE_WEIGHT(p)	((p) ? (p)->weight + 1 : 1)
#define SUBTREE_WIDTH(p)	((p) ? (p)->width : 0)

/* A new piece of the tree's epoch, zeroed. */
EditPiece *
dg_piece_new(EditTree *tree)
{
	if (tree->nspare == 0)
	{
		/* the first pieces of a short patch should not cost a whole block */
		tree->nspare = tree->made_blocks ? PIECES_PER_BLOCK : 8;
		tree->made_blocks = true;
		tree->spare = MemoryContextAllocZero(tree->context,
											 tree->nspare * sizeof(EditPiece));
	}
	tree->nspare--;
	tree->spare->epoch = tree->epoch;
	return tree->spare++;
}

/* Makes the piece at *link one that nobody else sees. */
static inline EditPiece *
own(EditTree *tree, EditPiece **link)
{
	if ((*link)->epoch != tree->epoch)
	{
		EditPiece  *clone = dg_piece_new(tree);

		*clone = **link;
		clone->epoch = tree->epoch;
		*link = clone;
	}
	return *link;
}

/* Recomputes what a piece knows of its subtree. */
static inline void
refresh(EditPiece *p)
{
	p->weight = SUBTREE_WEIGHT(p->left) + SUBTREE_WEIGHT(p->right) - 1;
	p->width = SUBTREE_WIDTH(p->left) + p->count + SUBTREE_WIDTH(p->right);
}

/* The right child of *link becomes the root of its subtree. */
static void
rotate_left(EditTree *tree, EditPiece **link)
{
	EditPiece  *p = *link;
	EditPiece  *r = own(tree, &p->right);

	p->right = r->left;
	r->left = p;
	refresh(p);
	refresh(r);
	*link = r;
}

static void
rotate_right(EditTree *tree, EditPiece **link)
{
	EditPiece  *p = *link;
	EditPiece  *l = own(tree, &p->left);

	p->left = l->right;
	l->right = p;
	refresh(p);
	refresh(l);
	*link = l;
}

/*
 * Restores the balance of a subtree, which is owned, after one of its
 * children gained or lost a piece.
 */
static void
balance(EditTree *tree, EditPiece **link)
{
	EditPiece  *p = *link;
	uint64		left = SUBTREE_WEIGHT(p->left);
	uint64		right = SUBTREE_WEIGHT(p->right);

	refresh(p);
	if (right > DELTA * left)
	{
		EditPiece  *r = own(tree, &p->right);

		if (SUBTREE_WEIGHT(r->left) >= GAMMA * SUBTREE_WEIGHT(r->right))
			rotate_right(tree, &p->right);
		rotate_left(tree, link);
	}
	else if (left > DELTA * right)
	{
		EditPiece  *l = own(tree, &p->left);

		if (SUBTREE_WEIGHT(l->right) >= GAMMA * SUBTREE_WEIGHT(l->left))
			rotate_left(tree, &p->left);
		rotate_right(tree, link);
	}
}

/* Adds a member to an object's pieces, which must not have its key. */
void
dg_piece_insert_member(EditTree *tree, EditPiece **root, EditPiece *piece)
{
	EditPiece  *p;

	if (*root == NULL)
	{
		refresh(piece);
		*root = piece;
		return;
	}

	p = own(tree, root);
	if (dg_key_compare(piece->key, piece->keylen, p->key, p->keylen) < 0)
		dg_piece_insert_member(tree, &p->left, piece);
	else
		dg_piece_insert_member(tree, &p->right, piece);
	balance(tree, root);
}

/*
 * Adds a piece to an array's pieces so that its first element gets the
 * position, which must be between two pieces.
 */
void
dg_piece_insert_at(EditTree *tree, EditPiece **root, uint32 position,
				   EditPiece *piece)
{
	EditPiece  *p;
	uint32		left;

	if (*root == NULL)
	{
		refresh(piece);
		*root = piece;
		return;
	}

	p = own(tree, root);
	left = SUBTREE_WIDTH(p->left);
	if (position <= left)
		dg_piece_insert_at(tree, &p->left, position, piece);
	else
		dg_piece_insert_at(tree, &p->right, position - left - p->count, piece);
	balance(tree, root);
}

/* Takes the first piece out of a subtree and returns it, owned. */
static EditPiece *
take_first(EditTree *tree, EditPiece **link)
{
	EditPiece  *p = own(tree, link);
	EditPiece  *first;

	if (p->left == NULL)
	{
		*link = p->right;
		return p;
	}
	first = take_first(tree, &p->left);
	balance(tree, link);
	return first;
}

/*
 * Removes one element of an array, which must be the last one of its piece.
 * A run gets shorter; any other piece goes.
 */
void
dg_piece_remove_last(EditTree *tree, EditPiece **root, uint32 position)
{
	EditPiece  *p = own(tree, root);
	uint32		left = SUBTREE_WIDTH(p->left);

	if (position < left)
		dg_piece_remove_last(tree, &p->left, position);
	else if (position >= left + p->count)
		dg_piece_remove_last(tree, &p->right, position - left - p->count);
	else if (p->count > 1)
	{
		Assert(position == left + p->count - 1);
		p->count--;
	}
	else if (p->right == NULL)
	{
		*root = p->left;
		return;
	}
	else
	{
		EditPiece  *next = take_first(tree, &p->right);

		next->left = p->left;
		next->right = p->right;
		*root = next;
	}
	balance(tree, root);
}

/* The piece of a key, or NULL. */
const EditPiece *
dg_piece_find_member(const EditPiece *piece, const char *key, uint32 keylen)
{
	while (piece != NULL)
	{
		int			cmp = dg_key_compare(key, keylen,
										 piece->key, piece->keylen);

		if (cmp == 0)
			break;
		piece = cmp < 0 ? piece->left : piece->right;
	}
	return piece;
}

/*
 * The piece that has the element at a position, which must exist.  Sets
 * *within to which of the piece's elements it is.
 */
const EditPiece *
dg_piece_find_at(const EditPiece *piece, uint32 position, uint32 *within)
{
	for (;;)
	{
		uint32		left = SUBTREE_WIDTH(piece->left);

		if (position < left)
			piece = piece->left;
		else if (position < left + piece->count)
		{
			*within = position - left;
			return piece;
		}
		else
		{
			position -= left + piece->count;
			piece = piece->right;
		}
	}
}

/* As dg_piece_find_member, to change what is found. */
EditPiece *
dg_piece_own_member(EditTree *tree, EditPiece **root, const char *key,
					uint32 keylen)
{
	while (*root != NULL)
	{
		EditPiece  *p = own(tree, root);
		int			cmp = dg_key_compare(key, keylen, p->key, p->keylen);

		if (cmp == 0)
			return p;
		root = cmp < 0 ? &p->left : &p->right;
	}
	return NULL;
}

/* The piece that has the element at a position, to change it. */
EditPiece *
dg_piece_own_at(EditTree *tree, EditPiece **root, uint32 position)
{
	for (;;)
	{
		EditPiece  *p = own(tree, root);
		uint32		left = SUBTREE_WIDTH(p->left);

		if (position < left)
			root = &p->left;
		else if (position < left + p->count)
			return p;
		else
		{
			position -= left + p->count;
			root = &p->right;
		}
	}
}

/*
 * Cuts the run that goes across a position of an array in two, so that a
 * piece begins there.  Nothing to do where one does already.
 */
void
dg_piece_cut(EditTree *tree, EditPiece **root, uint32 position)
{
	EditPiece **link = root;
	EditPiece  *rest;
	EditPiece  *p;
	uint32		within;
	uint32		cut;
	uint32		left_behind = position;

	if (*root == NULL || position >= (*root)->width)
		return;
	cut = dg_piece_find_at(*root, position, &within)->count;
	if (within == 0)
		return;
	cut -= within;

	/* shorten it, and every subtree that it is in */
	for (;;)
	{
		uint32		left;

		p = own(tree, link);
		left = SUBTREE_WIDTH(p->left);
		p->width -= cut;
		if (left_behind < left)
			link = &p->left;
		else if (left_behind < left + p->count)
			break;
		else
		{
			left_behind -= left + p->count;
			link = &p->right;
		}
	}
	p->count = within;

	rest = dg_piece_new(tree);
	rest->start = p->start + within;
	rest->count = cut;
	rest->value = p->value;
	dg_piece_insert_at(tree, root, position, rest);
}
