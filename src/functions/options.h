/*-------------------------------------------------------------------------
 *
 * options.h
 *	  The options document, the jsonb object that every function takes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_OPTIONS_H
#define DIFFGEN_OPTIONS_H

#include "postgres.h"

#include "core/text_diff.h"
#include "fmgr.h"

/*
 * The options, as bits: a function says with a mask which ones mean
 * something to it, and all others are errors.
 */
#define OPT_CONTEXT			(1U << 0)
#define OPT_ALGORITHM		(1U << 1)
#define OPT_LABELS			(1U << 2)
#define OPT_WHITESPACE		(1U << 3)
#define OPT_INVERTIBLE		(1U << 4)

/* What the functions on text and on jsonb take. */
#define OPTS_TEXT_DIFF	(OPT_CONTEXT | OPT_ALGORITHM | OPT_LABELS | OPT_WHITESPACE)
#define OPTS_JSONB_DIFF	(OPT_CONTEXT | OPT_ALGORITHM | OPT_LABELS)
#define OPTS_JSONB_TEXT	0
#define OPTS_CHANGES	OPT_ALGORITHM
#define OPTS_PATCH		(OPTS_CHANGES | OPT_INVERTIBLE)
#define OPTS_ENTRY		(OPTS_JSONB_DIFF | OPT_INVERTIBLE)

typedef struct DiffgenOptions
{
	int32		context;
	TextDiffOptions text;		/* algorithm, whitespace */
	UnifiedLabels labels;		/* quoted, in the options' own context */
	bool		invertible;		/* patches hold the old values */
} DiffgenOptions;

/*
 * The options in argument argno, or the defaults where the call has fewer
 * arguments.  Parsed once a query and kept in fn_extra; valid until the next
 * call.  Raises ERRCODE_INVALID_PARAMETER_VALUE.
 */
extern const DiffgenOptions *diffgen_options(FunctionCallInfo fcinfo,
											 int argno, uint32 allowed);

#endif							/* DIFFGEN_OPTIONS_H */
