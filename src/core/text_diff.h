/*-------------------------------------------------------------------------
 *
 * text_diff.h
 *	  Line diffs of two texts held in memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_TEXT_DIFF_H
#define DIFFGEN_TEXT_DIFF_H

#include "core/core.h"
#include "core/lines.h"
#include "core/script.h"
#include "core/search.h"
#include "core/unified.h"

typedef struct TextDiffOptions
{
	DiffAlgorithm algorithm;
	WhitespaceMode whitespace;
} TextDiffOptions;

extern void dg_text_diff(const char *old_text, Size old_len,
						 const char *new_text, Size new_len,
						 const TextDiffOptions *options, DiffScript *script);
extern void dg_text_unified(const char *old_text,
							const char *new_text, Size new_len,
							const DiffScript *script, int32 context,
							const UnifiedLabels *labels, StringInfo out,
							DiffStat *stat);

#endif							/* DIFFGEN_TEXT_DIFF_H */
