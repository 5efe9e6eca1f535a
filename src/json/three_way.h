/*-------------------------------------------------------------------------
 *
 * three_way.h
 *	  Three-way merge of jsonb documents.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_THREE_WAY_H
#define DIFFGEN_JSON_THREE_WAY_H

#include "core/search.h"
#include "json/edit_tree.h"
#include "json/keys.h"

extern EditValue dg_three_way(EditTree *tree, const Jsonb *ours,
							  const Jsonb *theirs, bool prefer_theirs,
							  DiffAlgorithm algorithm,
							  const JsonKeyTable *keys);

#endif							/* DIFFGEN_JSON_THREE_WAY_H */
