/*-------------------------------------------------------------------------
 *
 * classic_search.h
 *	  The line search whose choices git's merges depend on.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_CLASSIC_SEARCH_H
#define DIFFGEN_CLASSIC_SEARCH_H

#include "core/core.h"
#include "core/script.h"

/* Room for the searches of one merge, whose ids are from one table. */
typedef struct ClassicSearch
{
	int32	   *old_counts;		/* by id; all zero between searches */
	int32	   *new_counts;
} ClassicSearch;

extern void dg_classic_init(ClassicSearch *search, uint32 nids);
extern void dg_classic_free(ClassicSearch *search);
extern void dg_classic_search(ClassicSearch *search,
							  const uint32 *old_ids, int32 nold,
							  const uint32 *new_ids, int32 nnew,
							  DiffScript *script);

#endif							/* DIFFGEN_CLASSIC_SEARCH_H */
