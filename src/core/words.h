/*-------------------------------------------------------------------------
 *
 * words.h
 *	  Diffs of two texts by words or characters.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_WORDS_H
#define DIFFGEN_WORDS_H

#include "core/core.h"
#include "core/script.h"
#include "core/search.h"
#include "core/unicode.h"

typedef enum WordGranularity
{
	GRANULARITY_WORD,
	GRANULARITY_CHAR,
	GRANULARITY_LINE
} WordGranularity;

typedef struct WordOptions
{
	WordGranularity granularity;
	DiffAlgorithm algorithm;
	TextEncoding encoding;
} WordOptions;

extern void dg_words_diff(const char *old_text, Size old_len,
						  const char *new_text, Size new_len,
						  const WordOptions *options, DiffScript *script);
extern void dg_words_format(const char *old_text,
							const char *new_text, Size new_len,
							const DiffScript *script, StringInfo out);

#endif							/* DIFFGEN_WORDS_H */
