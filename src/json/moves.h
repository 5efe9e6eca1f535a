/*-------------------------------------------------------------------------
 *
 * moves.h
 *	  Where elements are in an array while operations move them about.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_MOVES_H
#define DIFFGEN_JSON_MOVES_H

#include "json/walk.h"

/*
 * An array on its way from old to new.
 */
typedef struct ArrayMoves
{
	uint32		count;			/* elements of the old array */
	int32	   *shifts;			/* Fenwick tree, see moves.c */
	uint32		next;			/* step to be passed next */
	uint32		anchor;			/* last element passed that stays, + 1 */
	uint32		inserted_at;	/* index of what was inserted last */
} ArrayMoves;

extern ArrayMoves *dg_moves_begin(const JsonWalk *walk,
								  const JsonFrame *frame);
extern void dg_moves_free(ArrayMoves *moves);
extern void dg_moves_pass(ArrayMoves *moves, const JsonWalk *walk,
						  const JsonFrame *frame);
extern uint32 dg_moves_index(const ArrayMoves *moves, uint32 old_index);
extern void dg_moves_take(ArrayMoves *moves, uint32 old_index);
extern uint32 dg_moves_insert(ArrayMoves *moves);

#endif							/* DIFFGEN_JSON_MOVES_H */
