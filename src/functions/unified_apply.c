/*-------------------------------------------------------------------------
 *
 * unified_apply.c
 *	  SQL functions that apply and invert unified diffs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/unified_apply.h"
#include "core/unified_invert.h"
#include "fmgr.h"
#include "functions/call.h"
#include "functions/compat.h"
#include "functions/documents.h"
#include "functions/unified_report.h"

PG_FUNCTION_INFO_V1(diffgen_apply_text);
PG_FUNCTION_INFO_V1(diffgen_invert_text);

/*
 * diffgen_apply(doc text, diff text) returns text
 *		The document after a diff.
 */
Datum
diffgen_apply_text(PG_FUNCTION_ARGS)
{
	text	   *doc = PG_GETARG_TEXT_PP(0);
	text	   *diff = PG_GETARG_TEXT_PP(1);
	const char *diff_data = VARDATA_ANY(diff);
	Size		diff_len = VARSIZE_ANY_EXHDR(diff);
	FunctionCallMemory call;
	StringInfoData out;
	UnifiedFailure failure;

	diffgen_init_result(&out, CurrentMemoryContext);
	diffgen_begin_call(&call);
	if (dg_unified_apply(VARDATA_ANY(doc), VARSIZE_ANY_EXHDR(doc),
						 diff_data, diff_len,
						 &out, &failure) != UNIFIED_APPLIED)
		diffgen_report_failure(&failure, diff_data, diff_len);
	diffgen_end_call(&call);

	PG_FREE_IF_COPY(doc, 0);
	PG_FREE_IF_COPY(diff, 1);
	PG_RETURN_DATUM(diffgen_result_text(&out));
}

/*
 * diffgen_invert(diff text) returns text
 *		The diff that goes back.
 */
Datum
diffgen_invert_text(PG_FUNCTION_ARGS)
{
	text	   *diff = PG_GETARG_TEXT_PP(0);
	const char *diff_data = VARDATA_ANY(diff);
	Size		diff_len = VARSIZE_ANY_EXHDR(diff);
	StringInfoData out;
	UnifiedReader reader;

	diffgen_init_result(&out, CurrentMemoryContext);
	if (!dg_unified_invert(diff_data, diff_len, &out, &reader))
		diffgen_report_fault(&reader, diff_data, diff_len);

	PG_FREE_IF_COPY(diff, 0);
	PG_RETURN_DATUM(diffgen_result_text(&out));
}
