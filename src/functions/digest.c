/*-------------------------------------------------------------------------
 *
 * digest.c
 *	  diffgen_hash() of text and jsonb, and of versions of a document.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "functions/call.h"
#include "functions/compat.h"
#include "functions/digest.h"
#include "functions/options.h"
#include "functions/row_values.h"
#include "json/digest.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(diffgen_hash_jsonb);
PG_FUNCTION_INFO_V1(diffgen_hash_text);
PG_FUNCTION_INFO_V1(diffgen_hash_pair);

struct HashSeries
{
	const DiffgenOptions *options;
	JsonDigestSeries *digests;
};

/* A bytea with room for a fingerprint. */
static bytea *
make_hash(void)
{
	bytea	   *hash = palloc(VARHDRSZ + JSON_DIGEST_LENGTH);

	SET_VARSIZE(hash, VARHDRSZ + JSON_DIGEST_LENGTH);
	return hash;
}

/*
 * diffgen_hash(doc jsonb, options jsonb) returns bytea
 *		A fingerprint of what diffs show of a document: equal for two
 *		documents without a difference.
 */
Datum
diffgen_hash_jsonb(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 1, OPTS_JSONB_TEXT);
	FunctionCallMemory call;
	JsonNode	root;
	bytea	   *result = make_hash();

	diffgen_begin_call(&call);
	dg_node_root(PG_GETARG_JSONB_P(0), &root);
	dg_view_root(options->patterns, &root);
	dg_json_digest(&root, (uint8 *) VARDATA(result));
	diffgen_end_call(&call);

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
 * diffgen_hash_pair_values
 *		The columns of diffgen_hash_pair's row, in the current memory context.
 */
void
diffgen_hash_pair_values(FunctionCallInfo fcinfo, Datum *values)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 2, OPTS_JSONB_TEXT);
	FunctionCallMemory call;
	JsonNode	old_root;
	JsonNode	new_root;
	bytea	   *hashes[2];

	for (int i = 0; i < 2; i++)
	{
		hashes[i] = make_hash();
		values[i] = PointerGetDatum(hashes[i]);
	}

	diffgen_begin_call(&call);
	dg_node_root(PG_GETARG_JSONB_P(0), &old_root);
	dg_node_root(PG_GETARG_JSONB_P(1), &new_root);
	dg_view_roots_apart(options->patterns, &old_root, &new_root);
	dg_json_digest_pair(&old_root, &new_root, (uint8 *) VARDATA(hashes[0]),
						(uint8 *) VARDATA(hashes[1]));
	diffgen_end_call(&call);
}

/*
 * diffgen_hash_pair(old jsonb, new jsonb, options jsonb)
 *		The fingerprints (old_hash, new_hash) of two versions of a document.
 */
Datum
diffgen_hash_pair(PG_FUNCTION_ARGS)
{
	Datum		values[2];
	bool		nulls[2] = {false, false};

	diffgen_hash_pair_values(fcinfo, values);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(diffgen_row_type(fcinfo),
													  values, nulls)));
}

/*
 * diffgen_hash_series
 *		Get ready for the hashes of the versions of a document.
 *
 * The options are those of diffgen_hash.  What is kept lives in the current
 * memory context.  Raises ERRCODE_INVALID_PARAMETER_VALUE.
 */
HashSeries *
diffgen_hash_series(Jsonb *options)
{
	HashSeries *series = palloc(sizeof(HashSeries));

	series->options = diffgen_parse_options(options, OPTS_JSONB_TEXT);
	series->digests = dg_json_digest_series();
	return series;
}

/*
 * diffgen_hash_tells
 *		Whether versions with the same hash have no difference to be shown.
 *		Redacted values all count as the same.
 */
bool
diffgen_hash_tells(const HashSeries *series)
{
	return !dg_patterns_redact(series->options->patterns);
}

/*
 * diffgen_hash_next
 *		The hash of the next version, as of diffgen_hash.
 *
 * previous is the document of the last call, still in memory, or NULL to
 * begin anew.  The cost is that of comparing the two, and of what has changed.
 * The result is in the current memory context.
 */
bytea *
diffgen_hash_next(HashSeries *series, Jsonb *previous, Jsonb *document)
{
	bytea	   *result = make_hash();
	JsonNode	old_root;
	JsonNode	root;

	dg_node_root(document, &root);
	if (previous != NULL)
	{
		dg_node_root(previous, &old_root);
		dg_view_roots_apart(series->options->patterns, &old_root, &root);
	}
	else
		dg_view_root(series->options->patterns, &root);
	dg_json_digest_next(series->digests, previous ? &old_root : NULL, &root,
						(uint8 *) VARDATA(result));
	return result;
}
