/*-------------------------------------------------------------------------
 *
 * text_diff.c
 *	  diffgen(), diffgen_stat() and diffgen_entry() of text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "core/text_diff.h"
#include "fmgr.h"
#include "funcapi.h"
#include "functions/call.h"
#include "functions/compat.h"
#include "functions/documents.h"
#include "functions/options.h"
#include "functions/stat.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(diffgen_text_text);
PG_FUNCTION_INFO_V1(diffgen_stat_text);
PG_FUNCTION_INFO_V1(diffgen_entry_text);

#define ENTRY_COLUMNS	7

/*
 * Diff the first two arguments of a call.
 *
 * Appends the diff to out, which may be NULL, and fills in *stat.  All working
 * memory is gone on return.
 */
static void
diff_arguments(FunctionCallInfo fcinfo, const DiffgenOptions *options,
			   StringInfo out, DiffStat *stat)
{
	FunctionCallMemory call;
	struct varlena *old_doc;
	struct varlena *new_doc;

	memset(stat, 0, sizeof(DiffStat));
	stat->exact = true;

	diffgen_begin_call(&call);

	if (diffgen_fetch_pair(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1),
						   &old_doc, &new_doc))
	{
		const char *old_text = VARDATA_ANY(old_doc);
		const char *new_text = VARDATA_ANY(new_doc);
		Size		old_len = VARSIZE_ANY_EXHDR(old_doc);
		Size		new_len = VARSIZE_ANY_EXHDR(new_doc);
		DiffScript	script;

		dg_script_init(&script, true);
		dg_text_diff(old_text, old_len, new_text, new_len,
					 &options->text, &script);
		dg_text_unified(old_text, new_text, new_len, &script,
						options->context, &options->labels, out, stat);
	}

	diffgen_end_call(&call);
}

/*
 * diffgen(old text, new text, options jsonb) returns text
 *		The unified diff of two texts, or '' if they are equal.
 */
Datum
diffgen_text_text(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 2, OPTS_TEXT_DIFF);
	StringInfoData out;
	DiffStat	stat;

	diffgen_init_result(&out, CurrentMemoryContext);
	diff_arguments(fcinfo, options, &out, &stat);
	PG_RETURN_DATUM(diffgen_result_text(&out));
}

/*
 * diffgen_stat(old text, new text, options jsonb)
 *		How many lines were added and removed, in how many hunks.
 */
Datum
diffgen_stat_text(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 2, OPTS_TEXT_DIFF);
	DiffStat	stat;

	diff_arguments(fcinfo, options, NULL, &stat);
	PG_RETURN_DATUM(diffgen_stat_datum(fcinfo, &stat));
}

/*
 * diffgen_entry(old text, new text, options jsonb)
 *		What a row of a changelog holds: the diff and its size.
 *
 * The columns are those of diffgen_entry() of jsonb, so that a changelog can
 * have both; a text has no patch and no paths.
 */
Datum
diffgen_entry_text(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 2, OPTS_TEXT_DIFF);
	StringInfoData out;
	DiffStat	stat;
	Datum		values[ENTRY_COLUMNS] = {0};
	bool		nulls[ENTRY_COLUMNS] = {false};

	diffgen_init_result(&out, CurrentMemoryContext);
	diff_arguments(fcinfo, options, &out, &stat);
	values[0] = diffgen_result_text(&out);
	nulls[1] = nulls[2] = true;
	values[3] = Int32GetDatum(stat.added);
	values[4] = Int32GetDatum(stat.removed);
	values[5] = Int32GetDatum(stat.hunks);
	values[6] = BoolGetDatum(stat.exact);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(diffgen_row_type(fcinfo),
													  values, nulls)));
}
