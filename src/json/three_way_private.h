/*-------------------------------------------------------------------------
 *
 * three_way_private.h
 *	  What three_way.c and three_way_keys.c share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_THREE_WAY_PRIVATE_H
#define DIFFGEN_JSON_THREE_WAY_PRIVATE_H

#include "json/change_tree.h"
#include "json/edit_tree.h"

/* The two sides of a merge. */
typedef enum MergeSide
{
	SIDE_OURS,
	SIDE_THEIRS
} MergeSide;

typedef struct MergeState
{
	EditTree   *tree;
	MergeSide	preferred;
	DiffAlgorithm algorithm;
	const JsonKeyTable *keys;
	EditValue	conflicts;
	StringInfoData path;		/* of what is being merged */
} MergeState;

extern TreeChange *dg_merge_choose(MergeState *state, TreeChange *ours,
								   TreeChange *theirs);
extern void dg_merge_slot(MergeState *state, EditValue *slot,
						  TreeChange *chosen, TreeChange *ours,
						  TreeChange *theirs);
extern void dg_merge_added_objects(MergeState *state, EditValue *slot,
								   const TreeChange *ours,
								   const TreeChange *theirs);
extern void dg_merge_list_conflict(MergeState *state, const TreeChange *ours,
								   const TreeChange *theirs);

/* three_way_keys.c */
extern void dg_merge_by_identity(MergeState *state, EditValue *slot,
								 TreeChange *ours, TreeChange *theirs);

#endif							/* DIFFGEN_JSON_THREE_WAY_PRIVATE_H */
