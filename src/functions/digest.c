/*-------------------------------------------------------------------------
 *
 * digest.c
 *	  diffgen_hash() of text and jsonb.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "functions/compat.h"
#include "functions/options.h"
#include "json/digest.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(diffgen_hash_jsonb);
PG_FUNCTION_INFO_V1(diffgen_hash_text);
PG_FUNCTION_INFO_V1(diffgen_hash_pair);

/*
 * diffgen_hash(doc jsonb, options jsonb) returns bytea
 *		A fingerprint of what diffs show of a document: equal for two
 *		documents without a difference.
 */
Datum
diffgen_hash_jsonb(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 1, OPTS_JSONB_TEXT);
	MemoryContext context;
	MemoryContext old_context;
	JsonNode	root;
	bytea	   *result;

	result = palloc(VARHDRSZ + JSON_DIGEST_LENGTH);
	SET_VARSIZE(result, VARHDRSZ + JSON_DIGEST_LENGTH);

	context = AllocSetContextCreate(CurrentMemoryContext, "diffgen",
									ALLOCSET_DEFAULT_SIZES);
	old_context = MemoryContextSwitchTo(context);
	dg_node_root(PG_GETARG_JSONB_P(0), &root);
	dg_view_root(options->patterns, &root);
	dg_json_digest(&root, (uint8 *) VARDATA(result));
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);

	PG_RETURN_BYTEA_P(result);
}

/*
 * diffgen_hash(doc text) returns bytea
 *		The SHA-256 of a text's bytes.
 */
Datum
diffgen_hash_text(PG_FUNCTION_ARGS)
{
	/* text and bytea are stored alike */
	return DirectFunctionCall1(sha256_bytea, PG_GETARG_DATUM(0));
}

/*
 * diffgen_hash_pair(old jsonb, new jsonb, options jsonb)
 *		The fingerprints (old_hash, new_hash) of two versions of a document.
 */
Datum
diffgen_hash_pair(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 2, OPTS_JSONB_TEXT);
	MemoryContext context;
	MemoryContext old_context;
	JsonNode	old_root;
	JsonNode	new_root;
	Datum		values[2];
	bool		nulls[2] = {false, false};
	bytea	   *hashes[2];

	for (int i = 0; i < 2; i++)
	{
		hashes[i] = palloc(VARHDRSZ + JSON_DIGEST_LENGTH);
		SET_VARSIZE(hashes[i], VARHDRSZ + JSON_DIGEST_LENGTH);
		values[i] = PointerGetDatum(hashes[i]);
	}

	context = AllocSetContextCreate(CurrentMemoryContext, "diffgen",
									ALLOCSET_DEFAULT_SIZES);
	old_context = MemoryContextSwitchTo(context);
	dg_node_root(PG_GETARG_JSONB_P(0), &old_root);
	dg_node_root(PG_GETARG_JSONB_P(1), &new_root);
	dg_view_root(options->patterns, &old_root);
	dg_view_root(options->patterns, &new_root);
	dg_json_digest_pair(&old_root, &new_root, (uint8 *) VARDATA(hashes[0]),
						(uint8 *) VARDATA(hashes[1]));
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);

	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(diffgen_row_type(fcinfo),
													  values, nulls)));
}
