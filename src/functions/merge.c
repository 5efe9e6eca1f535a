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
#include "functions/compat.h"
#include "functions/documents.h"
#include "functions/options.h"
#include "utils/memutils.h"

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
	MemoryContext context;
	MemoryContext old_context;
	StringInfoData out;
	MergeText	base;
	MergeText	ours;
	MergeText	theirs;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	diffgen_init_result(&out, CurrentMemoryContext);
	context = AllocSetContextCreate(CurrentMemoryContext, "diffgen_merge",
									ALLOCSET_DEFAULT_SIZES);
	old_context = MemoryContextSwitchTo(context);
	base = merge_text(PG_GETARG_TEXT_PP(0));
	ours = merge_text(PG_GETARG_TEXT_PP(1));
	theirs = merge_text(PG_GETARG_TEXT_PP(2));
	values[1] = Int32GetDatum(dg_merge(&base, &ours, &theirs, options->style,
									   options->prefer, &out));
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);

	values[0] = diffgen_result_text(&out);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(diffgen_row_type(fcinfo),
													  values, nulls)));
}
