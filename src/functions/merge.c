/*-------------------------------------------------------------------------
 *
 * merge.c
 *	  diffgen_merge() of text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "core/merge.h"
#include "fmgr.h"
#include "funcapi.h"
#include "functions/call.h"
#include "functions/compat.h"
#include "functions/documents.h"
#include "functions/options.h"

PG_FUNCTION_INFO_V1(diffgen_merge_text);

static MergeText
merge_text(text *value)
{
	MergeText	result;

	result.text = VARDATA_ANY(value);
	result.len = VARSIZE_ANY_EXHDR(value);
	return result;
}

/*
 * diffgen_merge(base text, ours text, theirs text, options jsonb)
 *		What base becomes by the changes of both sides, and how many of them
 *		conflict.
 */
Datum
diffgen_merge_text(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 3,
													OPTS_TEXT_MERGE);
	FunctionCallMemory call;
	StringInfoData out;
	MergeText	base;
	MergeText	ours;
	MergeText	theirs;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	diffgen_init_result(&out, CurrentMemoryContext);
	diffgen_begin_call(&call);
	base = merge_text(PG_GETARG_TEXT_PP(0));
	ours = merge_text(PG_GETARG_TEXT_PP(1));
	theirs = merge_text(PG_GETARG_TEXT_PP(2));
	values[1] = Int32GetDatum(dg_merge(&base, &ours, &theirs, options->style,
									   options->prefer, &out));
	diffgen_end_call(&call);

	values[0] = diffgen_result_text(&out);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(diffgen_row_type(fcinfo),
													  values, nulls)));
}
