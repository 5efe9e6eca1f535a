/*-------------------------------------------------------------------------
 *
 * merge.h
 *	  Three-way merge of texts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_MERGE_H
#define DIFFGEN_MERGE_H

#include "core/core.h"

/* How a conflict is shown. */
typedef enum MergeStyle
{
	MERGE_STYLE_MERGE,			/* both sides, as little of them as possible */
	MERGE_STYLE_DIFF3,			/* and the base between them */
	MERGE_STYLE_ZDIFF3			/* but without what both sides start or end
								 * with */
} MergeStyle;

/* Which side wins where both have changed. */
typedef enum MergePreference
{
	PREFER_NONE,
	PREFER_OURS,
	PREFER_THEIRS
} MergePreference;

typedef struct MergeText
{
	const char *text;
	Size		len;
} MergeText;

extern int32 dg_merge(const MergeText *base, const MergeText *ours,
					  const MergeText *theirs, MergeStyle style,
					  MergePreference prefer, StringInfo out);

#endif							/* DIFFGEN_MERGE_H */
