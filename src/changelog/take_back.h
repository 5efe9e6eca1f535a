/*-------------------------------------------------------------------------
 *
 * take_back.h
 *	  Documents as they were before entries of a changelog.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_TAKE_BACK_H
#define DIFFGEN_TAKE_BACK_H

#include "postgres.h"

#include "changelog/history.h"

extern bool diffgen_take_back_patches(const Tracking *tracking,
									  Datum document,
									  const WalkEntry *entries, int n,
									  Datum *result, char **message);
extern bool diffgen_take_back_text(const Tracking *tracking, Datum document,
								   text *diff, Datum *result, char **message);
extern bool diffgen_take_back_removal(Jsonb *patch, Datum *result,
									  char **message);

#endif							/* DIFFGEN_TAKE_BACK_H */
