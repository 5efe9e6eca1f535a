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

#include "core/merge.h"
#include "core/text_diff.h"
#include "core/words.h"
#include "access/tupdesc.h"
#include "fmgr.h"
#include "json/keys.h"
#include "json/view.h"
#include "utils/jsonb.h"

/*
 * The options, as bits: a function says with a mask which ones mean
 * something to it, and all others are errors.
 */
#define OPT_CONTEXT			(1U << 0)
#define OPT_ALGORITHM		(1U << 1)
#define OPT_LABELS			(1U << 2)
#define OPT_WHITESPACE		(1U << 3)
#define OPT_INVERTIBLE		(1U << 4)
#define OPT_GRANULARITY		(1U << 16)
#define OPT_WIDTH			(1U << 17)
#define OPT_LAYOUT			(1U << 18)
#define OPT_PAGE			(1U << 19)
#define OPT_STYLE			(1U << 20)
#define OPT_PREFER			(1U << 21)
#define OPT_IGNORE			(1U << 5)
#define OPT_REDACT			(1U << 6)
#define OPT_KEYS			(1U << 7)
#define OPT_ORDER			(1U << 8)
#define OPT_PRESET			(1U << 9)

/* What says which parts of a document are seen. */
#define OPTS_VIEW		(OPT_IGNORE | OPT_REDACT | OPT_PRESET)

/* What says which elements of arrays are the same thing. */
#define OPTS_IDENTITY	(OPT_KEYS | OPT_ORDER)

/* What means something to jsonb alone. */
#define OPTS_JSONB_ONLY	(OPTS_VIEW | OPTS_IDENTITY | OPT_INVERTIBLE)

/* What the functions on text and on jsonb take. */
#define OPTS_TEXT_DIFF	\
	(OPT_CONTEXT | OPT_ALGORITHM | OPT_LABELS | OPT_WHITESPACE)
#define OPTS_JSONB_DIFF	\
	(OPT_CONTEXT | OPT_ALGORITHM | OPT_LABELS | OPTS_VIEW | OPTS_IDENTITY)
#define OPTS_JSONB_TEXT	OPTS_VIEW
#define OPTS_CHANGES	(OPT_ALGORITHM | OPTS_VIEW | OPTS_IDENTITY)
#define OPTS_PATCH		(OPTS_CHANGES | OPT_INVERTIBLE)
#define OPTS_ENTRY		(OPTS_JSONB_DIFF | OPT_INVERTIBLE)
#define OPTS_JSONB_MERGE	(OPT_ALGORITHM | OPT_KEYS | OPT_PREFER)

#define OPTS_WORDS		(OPT_GRANULARITY | OPT_ALGORITHM)
#define OPTS_ANSI		(OPT_GRANULARITY | OPT_WIDTH)
#define OPTS_HTML		(OPT_GRANULARITY | OPT_LAYOUT | OPT_PAGE)
#define OPTS_TIMELINE	(OPT_GRANULARITY | OPT_LAYOUT)
#define OPTS_TEXT_MERGE	(OPT_STYLE | OPT_PREFER)

/* How a page shows the two sides of a diff. */
typedef enum DiffLayout
{
	LAYOUT_UNIFIED,				/* below each other */
	LAYOUT_SIDE_BY_SIDE
} DiffLayout;

typedef struct DiffgenOptions
{
	int32		context;
	TextDiffOptions text;		/* algorithm, whitespace */
	UnifiedLabels labels;		/* quoted, in the options' own context */
	bool		invertible;		/* patches hold the old values */
	WordGranularity granularity;
	int32		width;			/* columns for two sides; 0: one side */
	DiffLayout	layout;
	bool		page;			/* a whole page, not a part of one */
	MergeStyle	style;
	MergePreference prefer;
	JsonPatterns *patterns;		/* of what is ignored and redacted, or NULL */
	JsonKeyTable *keys;			/* of arrays matched by identity, or NULL */
	bool		ignore_order;	/* of these */
} DiffgenOptions;

/*
 * The options in argument argno, or the defaults where the call has fewer
 * arguments.  Parsed once a query and kept in fn_extra; valid until the next
 * call.  Raises ERRCODE_INVALID_PARAMETER_VALUE.
 */
extern const DiffgenOptions *diffgen_options(FunctionCallInfo fcinfo,
											 int argno, uint32 allowed);

/*
 * The same of an options document that is no argument of a call.  The result
 * is in the current memory context.
 */
extern const DiffgenOptions *diffgen_parse_options(Jsonb *document,
												   uint32 allowed);

extern void diffgen_parse_option(const char *name, const JsonbValue *value,
								 uint32 allowed, const char *others,
								 DiffgenOptions *options);

extern TupleDesc diffgen_row_type(FunctionCallInfo fcinfo);

#endif							/* DIFFGEN_OPTIONS_H */
