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

extern void dg_patch_apply(EditTree *tree, const Jsonb *patch, int32 number);
extern void dg_merge_patch_apply(EditTree *tree, const Jsonb *patch);

#endif							/* DIFFGEN_PATCH_APPLY_H */
