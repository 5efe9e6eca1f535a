/*-------------------------------------------------------------------------
 *
 * viewers.c
 *	  SQL functions that show a unified diff to people.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/ansi.h"
#include "core/html.h"
#include "fmgr.h"
#include "functions/call.h"
#include "functions/compat.h"
#include "functions/documents.h"
#include "functions/encoding.h"
#include "functions/options.h"
#include "functions/unified_report.h"

PG_FUNCTION_INFO_V1(diffgen_ansi);
PG_FUNCTION_INFO_V1(diffgen_html);

/* How words within changed lines are found. */
static WordOptions
word_options(const DiffgenOptions *options)
{
	WordOptions words;

	words.granularity = options->granularity;
	words.algorithm = DIFF_MYERS;
	words.encoding = diffgen_encoding();
	return words;
}

/*
 * diffgen_ansi(diff text, options jsonb) returns text
 *		The diff in colours, for a terminal.
 */
Datum
diffgen_ansi(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 1, OPTS_ANSI);
	text	   *diff = PG_GETARG_TEXT_PP(0);
	WordOptions words = word_options(options);
	FunctionCallMemory call;
	StringInfoData out;
	UnifiedReader reader;

	diffgen_init_result(&out, CurrentMemoryContext);
	diffgen_begin_call(&call);
	if (!dg_ansi(VARDATA_ANY(diff), VARSIZE_ANY_EXHDR(diff), &words,
				 options->width, &out, &reader))
		diffgen_report_fault(&reader, VARDATA_ANY(diff),
							 VARSIZE_ANY_EXHDR(diff));
	diffgen_end_call(&call);

	PG_FREE_IF_COPY(diff, 0);
	PG_RETURN_DATUM(diffgen_result_text(&out));
}

/*
 * diffgen_html(diff text, options jsonb) returns text
 *		The diff as a table in HTML.
 */
Datum
diffgen_html(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 1, OPTS_HTML);
	text	   *diff = PG_GETARG_TEXT_PP(0);
	HtmlOptions html;
	FunctionCallMemory call;
	StringInfoData out;
	UnifiedReader reader;

	html.words = word_options(options);
	html.side_by_side = options->layout == LAYOUT_SIDE_BY_SIDE;
	html.page = options->page;
	html.bare = false;

	diffgen_init_result(&out, CurrentMemoryContext);
	diffgen_begin_call(&call);
	if (!dg_html(VARDATA_ANY(diff), VARSIZE_ANY_EXHDR(diff), &html,
				 &out, &reader))
		diffgen_report_fault(&reader, VARDATA_ANY(diff),
							 VARSIZE_ANY_EXHDR(diff));
	diffgen_end_call(&call);

	PG_FREE_IF_COPY(diff, 0);
	PG_RETURN_DATUM(diffgen_result_text(&out));
}
