/*-------------------------------------------------------------------------
 *
 * patch_apply.h
 *	  Applies patches to a document: RFC 6902 and RFC 7396.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_PATCH_APPLY_H
#define DIFFGEN_PATCH_APPLY_H

#include "postgres.h"

#include "json/edit_tree.h"

/* A container that an operation went through. */
typedef struct PatchStep
{
	EditValue  *slot;
	uint32		at;				/* where the path's next token begins */
} PatchStep;

/*
 * A document that patches are applied to, one after the other.  The way of
 * the last operation is kept, since the next one's is often much the same.
 */
typedef struct PatchTarget
{
	EditTree   *tree;
	const char *path;			/* of the last operation */
	uint32		pathlen;
	uint32		epoch;			/* of the tree then */
	PatchStep  *steps;			/* the containers on it, but for the root */
	uint32		nsteps;
	uint32		maxsteps;
} PatchTarget;

extern void dg_patch_target_init(PatchTarget *target, EditTree *tree);
extern void dg_patch_apply(PatchTarget *target, const Jsonb *patch,
						   int32 number);
extern void dg_merge_patch_apply(EditTree *tree, const Jsonb *patch);

#endif							/* DIFFGEN_PATCH_APPLY_H */
