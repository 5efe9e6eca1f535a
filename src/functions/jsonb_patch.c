/*-------------------------------------------------------------------------
 *
 * jsonb_patch.c
 *	  SQL functions that apply and invert patches of jsonb documents.
 *
 * Each works in a memory context of its own, which also holds the detoasted
 * arguments and is gone when the function returns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "functions/call.h"
#include "json/patch_apply.h"
#include "json/patch_invert.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(diffgen_apply_jsonb);
PG_FUNCTION_INFO_V1(diffgen_apply_merge_jsonb);
PG_FUNCTION_INFO_V1(diffgen_invert_jsonb);
PG_FUNCTION_INFO_V1(diffgen_replay_jsonb);

/* Writes the result in the caller's context and frees all else. */
static Datum
finish_call(FunctionCallMemory *call, EditTree *tree, EditValue *value)
{
	Jsonb	   *result;

	MemoryContextSwitchTo(call->caller);
	result = dg_edit_to_jsonb(tree, value);
	diffgen_end_call(call);
	return JsonbPGetDatum(result);
}

/*
 * diffgen_apply(document jsonb, patch jsonb) returns jsonb
 *		Applies a JSON Patch, RFC 6902.
 */
Datum
diffgen_apply_jsonb(PG_FUNCTION_ARGS)
{
	FunctionCallMemory call;
	EditTree	tree;
	PatchTarget target;

	diffgen_begin_call(&call);
	dg_edit_begin(&tree, PG_GETARG_JSONB_P(0));
	dg_patch_target_init(&target, &tree);
	dg_patch_apply(&target, PG_GETARG_JSONB_P(1), 0);
	return finish_call(&call, &tree, &tree.root);
}

/*
 * diffgen_apply_merge(document jsonb, patch jsonb) returns jsonb
 *		Applies a JSON Merge Patch, RFC 7396.
 */
Datum
diffgen_apply_merge_jsonb(PG_FUNCTION_ARGS)
{
	FunctionCallMemory call;
	EditTree	tree;

	diffgen_begin_call(&call);
	dg_edit_begin(&tree, PG_GETARG_JSONB_P(0));
	dg_merge_patch_apply(&tree, PG_GETARG_JSONB_P(1));
	return finish_call(&call, &tree, &tree.root);
}

/*
 * diffgen_invert(patch jsonb) returns jsonb
 *		The patch that leads back from the result of a JSON Patch.
 */
Datum
diffgen_invert_jsonb(PG_FUNCTION_ARGS)
{
	FunctionCallMemory call;
	EditTree	tree;
	EditValue	inverse;

	diffgen_begin_call(&call);
	dg_edit_begin(&tree, NULL);
	inverse = dg_patch_invert(&tree, PG_GETARG_JSONB_P(0));
	return finish_call(&call, &tree, &inverse);
}

/*
 * diffgen_replay(base jsonb, patches jsonb[]) returns jsonb
 *		Applies JSON Patches one after the other.
 *
 * Only the last version is built.  Not strict: without patches the result is
 * the base.  A NULL among the patches is a step without a change.
 */
Datum
diffgen_replay_jsonb(PG_FUNCTION_ARGS)
{
	FunctionCallMemory call;
	EditTree	tree;
	PatchTarget target;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();

	diffgen_begin_call(&call);
	dg_edit_begin(&tree, PG_GETARG_JSONB_P(0));
	dg_patch_target_init(&target, &tree);
	if (!PG_ARGISNULL(1))
	{
		Datum	   *patches;
		bool	   *nulls;
		int			npatches;

		deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), JSONBOID, -1, false,
						  TYPALIGN_INT, &patches, &nulls, &npatches);
		for (int i = 0; i < npatches; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (!nulls[i])
				dg_patch_apply(&target, DatumGetJsonbP(patches[i]), i + 1);
		}
	}
	return finish_call(&call, &tree, &tree.root);
}
