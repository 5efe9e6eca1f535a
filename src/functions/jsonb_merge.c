/*-------------------------------------------------------------------------
 *
 * jsonb_merge.c
 *	  diffgen_merge() of jsonb.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "functions/call.h"
#include "functions/options.h"
#include "json/three_way.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(diffgen_merge_jsonb);

/*
 * diffgen_merge(base jsonb, ours jsonb, theirs jsonb, options jsonb,
 *				 OUT merged jsonb, OUT conflicts jsonb)
 *		Three-way merge of two documents and the one that both come from.
 *
 * Works in a memory context of its own, which also holds the detoasted
 * arguments.
 */
Datum
diffgen_merge_jsonb(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 3,
													OPTS_JSONB_MERGE);
	FunctionCallMemory call;
	EditTree	tree;
	EditValue	conflicts;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	diffgen_begin_call(&call);
	dg_edit_begin(&tree, PG_GETARG_JSONB_P(0));
	conflicts = dg_three_way(&tree, PG_GETARG_JSONB_P(1),
							 PG_GETARG_JSONB_P(2),
							 options->prefer == PREFER_THEIRS,
							 options->text.algorithm, options->keys);

	MemoryContextSwitchTo(call.caller);
	values[0] = JsonbPGetDatum(dg_edit_to_jsonb(&tree, &tree.root));
	values[1] = JsonbPGetDatum(dg_edit_to_jsonb(&tree, &conflicts));
	diffgen_end_call(&call);

	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(diffgen_row_type(fcinfo),
													  values, nulls)));
}
