/*-------------------------------------------------------------------------
 *
 * search.h
 *	  Finds an edit script between two sequences of small integers.
 *
 * Lines of a text, elements of a jsonb array and words of a line all come
 * here as dense ids: two items are equal exactly when their ids are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_SEARCH_H
#define DIFFGEN_SEARCH_H

#include "core/core.h"
#include "core/script.h"

typedef enum DiffAlgorithm
{
	DIFF_MYERS,					/* shortest script, within a cost cap */
	DIFF_MINIMAL,				/* shortest script, whatever it costs */
	DIFF_PATIENCE,				/* anchored on items unique to both sides */
	DIFF_HISTOGRAM				/* anchored on the rarest common items */
} DiffAlgorithm;

/*
 * Appends to script the edits that turn old_ids into new_ids; items count
 * from 0.  Ids are below nids.  Sets script->exact to false if a cost cap
 * ended the search early.  Scratch memory is at most 32 bytes an item of both
 * sequences and is freed before return.
 */
extern void dg_search_ids(const uint32 *old_ids, int32 nold,
						  const uint32 *new_ids, int32 nnew,
						  uint32 nids, DiffAlgorithm algorithm,
						  DiffScript *script);

#endif							/* DIFFGEN_SEARCH_H */
