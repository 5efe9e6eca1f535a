/*-------------------------------------------------------------------------
 *
 * patch_invert.h
 *	  The inverse of a JSON Patch.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_PATCH_INVERT_H
#define DIFFGEN_PATCH_INVERT_H

#include "postgres.h"

#include "json/edit_tree.h"

extern EditValue dg_patch_invert(EditTree *tree, const Jsonb *patch);

#endif							/* DIFFGEN_PATCH_INVERT_H */
