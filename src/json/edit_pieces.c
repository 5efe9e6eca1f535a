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

/*
 * dg_piece_new
 *		A new piece of the tree's epoch, zeroed.
 *
 * It is in the tree's memory context, as all pieces, and is not freed singly.
 */
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

/*
 * Compares a key with a piece's in the order in which jsonb stores keys: by
 * length, then by bytes.  Mostly this looks at the piece alone.
 */
static inline int
compare_key(const JsonKey *key, uint64 prefix, const EditPiece *piece)
{
	if (key->len != piece->keylen)
		return key->len < piece->keylen ? -1 : 1;
	if (prefix != piece->prefix)
		return prefix < piece->prefix ? -1 : 1;
	if (key->len <= sizeof(prefix))
		return 0;
	return memcmp(key->data + sizeof(prefix), piece->key + sizeof(prefix),
				  key->len - sizeof(prefix));
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

/*
 * What the subtrees of a piece weigh.  A piece has all numbers about both of
 * them, so that walks need not look at pieces beside their way.
 */
static inline uint64
weight_of_left(const EditPiece *p)
{
	return p->left_pieces + 1;
}

static inline uint64
weight_of_right(const EditPiece *p)
{
	return p->pieces - p->left_pieces;
}

/* The right child of *link, which is owned, becomes the root of its subtree. */
static void
rotate_left(EditTree *tree, EditPiece **link)
{
	EditPiece  *p = *link;
	EditPiece  *r = own(tree, &p->right);
	uint32		outer = r->pieces - r->left_pieces - 1;

	p->right = r->left;
	p->pieces = p->left_pieces + 1 + r->left_pieces;
	r->left = p;
	r->left_pieces = p->pieces;
	r->left_width += p->left_width + p->count;
	r->pieces = p->pieces + 1 + outer;
	*link = r;
}

static void
rotate_right(EditTree *tree, EditPiece **link)
{
	EditPiece  *p = *link;
	EditPiece  *l = own(tree, &p->left);
	uint32		outer = p->pieces - p->left_pieces - 1;

	p->left = l->right;
	p->left_pieces = l->pieces - l->left_pieces - 1;
	p->left_width -= l->left_width + l->count;
	p->pieces = p->left_pieces + 1 + outer;
	l->right = p;
	l->pieces = l->left_pieces + 1 + p->pieces;
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

	if (weight_of_right(p) > DELTA * weight_of_left(p))
	{
		EditPiece  *r = own(tree, &p->right);

		if (weight_of_left(r) >= GAMMA * weight_of_right(r))
			rotate_right(tree, &p->right);
		rotate_left(tree, link);
	}
	else if (weight_of_left(p) > DELTA * weight_of_right(p))
	{
		EditPiece  *l = own(tree, &p->left);

		if (weight_of_right(l) >= GAMMA * weight_of_left(l))
			rotate_left(tree, &p->left);
		rotate_right(tree, link);
	}
}

/*
 * dg_piece_insert_member
 *		Add a member to an object's pieces, which must not have its key.
 *
 * Takes O(log n) time in the number of pieces, as do all functions here that
 * look for one.
 */
void
dg_piece_insert_member(EditTree *tree, EditPiece **root, EditPiece *piece)
{
	JsonKey		key = {piece->key, piece->keylen};
	EditPiece  *p;

	if (*root == NULL)
	{
		piece->pieces = 1;
		*root = piece;
		return;
	}

	p = own(tree, root);
	p->pieces++;
	if (compare_key(&key, piece->prefix, p) < 0)
	{
		p->left_pieces++;
		dg_piece_insert_member(tree, &p->left, piece);
	}
	else
		dg_piece_insert_member(tree, &p->right, piece);
	balance(tree, root);
}

/*
 * dg_piece_insert_at
 *		Add a piece to an array's pieces so that its first element gets the
 *		position, which must be between two pieces.
 */
void
dg_piece_insert_at(EditTree *tree, EditPiece **root, uint32 position,
				   EditPiece *piece)
{
	EditPiece  *p;

	if (*root == NULL)
	{
		piece->pieces = 1;
		*root = piece;
		return;
	}

	p = own(tree, root);
	p->pieces++;
	if (position <= p->left_width)
	{
		p->left_pieces++;
		p->left_width += piece->count;
		dg_piece_insert_at(tree, &p->left, position, piece);
	}
	else
		dg_piece_insert_at(tree, &p->right,
						   position - p->left_width - p->count, piece);
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
	p->pieces--;
	p->left_pieces--;
	p->left_width -= first->count;
	balance(tree, link);
	return first;
}

/* Takes the root out of a subtree, which is owned. */
static void
remove_root(EditTree *tree, EditPiece **link)
{
	EditPiece  *p = *link;
	EditPiece  *next;

	if (p->right == NULL)
	{
		*link = p->left;
		return;
	}

	next = take_first(tree, &p->right);
	next->left = p->left;
	next->right = p->right;
	next->pieces = p->pieces - 1;
	next->left_pieces = p->left_pieces;
	next->left_width = p->left_width;
	*link = next;
	balance(tree, link);
}

/*
 * dg_piece_remove_last
 *		Remove one element of an array, which must be the last one of its
 *		piece.
 *
 * A run gets shorter; any other piece goes, and then the result is true.
 */
bool
dg_piece_remove_last(EditTree *tree, EditPiece **root, uint32 position)
{
	EditPiece  *p = own(tree, root);
	bool		gone;

	if (position < p->left_width)
	{
		gone = dg_piece_remove_last(tree, &p->left, position);
		p->left_width--;
		if (gone)
			p->left_pieces--;
	}
	else if (position >= p->left_width + p->count)
		gone = dg_piece_remove_last(tree, &p->right,
									position - p->left_width - p->count);
	else if (p->count > 1)
	{
		Assert(position == p->left_width + p->count - 1);
		p->count--;
		return false;
	}
	else
	{
		remove_root(tree, root);
		return true;
	}

	if (gone)
	{
		p->pieces--;
		balance(tree, root);
	}
	return gone;
}

/*
 * dg_piece_find_member
 *		The piece of a key, or NULL.
 */
const EditPiece *
dg_piece_find_member(const EditPiece *piece, const char *keydata,
					 uint32 keylen)
{
	JsonKey		key = {keydata, keylen};
	uint64		prefix = dg_key_prefix(&key);

	while (piece != NULL)
	{
		int			order = compare_key(&key, prefix, piece);

		if (order == 0)
			break;
		piece = order < 0 ? piece->left : piece->right;
	}
	return piece;
}

/*
 * dg_piece_find_at
 *		The piece that has the element at a position, which must exist.
 *
 * Sets *within to which of the piece's elements it is.
 */
const EditPiece *
dg_piece_find_at(const EditPiece *piece, uint32 position, uint32 *within)
{
	for (;;)
	{
		if (position < piece->left_width)
			piece = piece->left;
		else if (position < piece->left_width + piece->count)
		{
			*within = position - piece->left_width;
			return piece;
		}
		else
		{
			position -= piece->left_width + piece->count;
			piece = piece->right;
		}
	}
}

/*
 * dg_piece_own_member
 *		As dg_piece_find_member, to change what is found.
 */
EditPiece *
dg_piece_own_member(EditTree *tree, EditPiece **root, const char *keydata,
					uint32 keylen)
{
	JsonKey		key = {keydata, keylen};
	uint64		prefix = dg_key_prefix(&key);

	while (*root != NULL)
	{
		EditPiece  *p = own(tree, root);
		int			order = compare_key(&key, prefix, p);

		if (order == 0)
			return p;
		root = order < 0 ? &p->left : &p->right;
	}
	return NULL;
}

/*
 * Goes down to the piece that has the element at a position, owning the way,
 * and makes it some elements shorter.
 */
static EditPiece *
own_and_shorten(EditTree *tree, EditPiece **root, uint32 position,
				uint32 less)
{
	for (;;)
	{
		EditPiece  *p = own(tree, root);

		if (position < p->left_width)
		{
			p->left_width -= less;
			root = &p->left;
		}
		else if (position < p->left_width + p->count)
		{
			p->count -= less;
			return p;
		}
		else
		{
			position -= p->left_width + p->count;
			root = &p->right;
		}
	}
}

/* Makes a run of some elements of another run. */
static EditPiece *
new_run(EditTree *tree, uint32 start, uint32 count)
{
	EditPiece  *run = dg_piece_new(tree);

	run->value.kind = EDIT_RUN;
	run->start = start;
	run->count = count;
	return run;
}

/*
 * dg_piece_cut
 *		Cut the run that goes across a position of an array in two, so that a
 *		piece begins there.
 *
 * Nothing to do where one does already.  The position must be that of an
 * element.
 */
void
dg_piece_cut(EditTree *tree, EditPiece **root, uint32 position)
{
	EditPiece  *p;
	uint32		within;
	uint32		rest;

	rest = dg_piece_find_at(*root, position, &within)->count - within;
	if (within == 0)
		return;

	p = own_and_shorten(tree, root, position - 1, rest);
	dg_piece_insert_at(tree, root, position,
					   new_run(tree, p->start + within, rest));
}

/*
 * dg_piece_isolate
 *		The piece of the element at a position alone, to change it.
 *
 * If it was in a run, its kind is still EDIT_RUN and its start is the
 * element's index in the array's datum.
 */
EditPiece *
dg_piece_isolate(EditTree *tree, EditPiece **root, uint32 position)
{
	const EditPiece *found;
	EditPiece  *p;
	uint32		before;
	uint32		after;
	uint32		start;

	found = dg_piece_find_at(*root, position, &before);
	after = found->count - before - 1;
	start = found->start;
	p = own_and_shorten(tree, root, position, before + after);
	p->start = start + before;
	if (before > 0)
		dg_piece_insert_at(tree, root, position - before,
						   new_run(tree, start, before));
	if (after > 0)
		dg_piece_insert_at(tree, root, position + 1,
						   new_run(tree, start + before + 1, after));
	return p;
}
