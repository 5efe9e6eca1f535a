/*-------------------------------------------------------------------------
 *
 * edit_pieces.h
 *	  The balanced tree of pieces inside a container that is being edited.
 *
 * Private to edit_tree.c and edit_write.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_EDIT_PIECES_H
#define DIFFGEN_EDIT_PIECES_H

#include "postgres.h"

#include "json/edit_tree.h"

/*
 * In an array a piece is a run of elements of the array's datum (kind
 * EDIT_RUN) or one value; in an object it is a member that differs from the
 * object's datum, perhaps in being absent.
 */
struct EditPiece
{
	EditPiece  *left;
	EditPiece  *right;
	uint64		prefix;			/* object: dg_key_prefix() of the key */
	uint32		keylen;			/* object: the key, which orders the pieces */
	uint32		pieces;			/* in this subtree */
	uint32		left_pieces;	/* in the left one */
	uint32		left_width;		/* array: elements in the left one */
	uint32		count;			/* array: elements of this piece */
	uint32		epoch;			/* when it was made; see edit_tree.c */
	uint32		start;			/* run: its first element in the datum;
								 * member: its place among the datum's keys */
	bool		in_base;		/* object: the datum has this key */
	const char *key;
	EditValue	value;
};

extern EditPiece *dg_piece_new(EditTree *tree);
extern void dg_piece_insert_member(EditTree *tree, EditPiece **root,
								   EditPiece *piece);
extern void dg_piece_insert_at(EditTree *tree, EditPiece **root,
							   uint32 position, EditPiece *piece);
extern bool dg_piece_remove_last(EditTree *tree, EditPiece **root,
								 uint32 position);
extern const EditPiece *dg_piece_find_member(const EditPiece *piece,
											 const char *keydata,
											 uint32 keylen);
extern const EditPiece *dg_piece_find_at(const EditPiece *piece,
										 uint32 position, uint32 *within);
extern EditPiece *dg_piece_own_member(EditTree *tree, EditPiece **root,
									  const char *keydata, uint32 keylen);
extern EditPiece *dg_piece_isolate(EditTree *tree, EditPiece **root,
								   uint32 position);
extern void dg_piece_cut(EditTree *tree, EditPiece **root, uint32 position);

#endif							/* DIFFGEN_EDIT_PIECES_H */
