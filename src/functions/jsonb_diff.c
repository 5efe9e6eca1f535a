/*-------------------------------------------------------------------------
 *
 * jsonb_diff.c
 *	  diffgen(), diffgen_stat() and diffgen_text() of jsonb and json.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "functions/call.h"
#include "functions/compat.h"
#include "functions/documents.h"
#include "functions/jsonb_pair.h"
#include "functions/options.h"
#include "functions/stat.h"
#include "json/canonical.h"
#include "json/text_sink.h"
#include "json/walk.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(diffgen_jsonb_jsonb);
PG_FUNCTION_INFO_V1(diffgen_json_json);
PG_FUNCTION_INFO_V1(diffgen_stat_jsonb);
PG_FUNCTION_INFO_V1(diffgen_stat_json);
PG_FUNCTION_INFO_V1(diffgen_text_jsonb);

/*
 * Diff two documents.
 *
 * Appends the diff to out, which may be NULL, and fills in *stat.  All working
 * memory is gone on return.
 */
static void
diff_documents(Datum old_datum, Datum new_datum,
			   const DiffgenOptions *options, StringInfo out, DiffStat *stat)
{
	FunctionCallMemory call;
	JsonNode	old_root;
	JsonNode	new_root;

	memset(stat, 0, sizeof(DiffStat));
	stat->exact = true;

	diffgen_begin_call(&call);

	if (diffgen_fetch_roots(old_datum, new_datum, options, &old_root,
							&new_root))
	{
		JsonWalk	walk;
		JsonTextSink sink;

		diffgen_walk_init(&walk, options);
		dg_text_sink_begin(&sink, options->patterns, options->context,
						   &options->labels, out);
		dg_walk_add_sink(&walk, &sink.sink);
		dg_walk(&walk, &old_root, &new_root);
		dg_text_sink_end(&sink, &walk);
		*stat = sink.writer.stat;
	}

	diffgen_end_call(&call);
}

/*
 * A json argument, converted as the server's own cast to jsonb does it.
 */
static Datum
json_argument(FunctionCallInfo fcinfo, int argno)
{
	char	   *text;
	Datum		document;

	text = DatumGetCString(DirectFunctionCall1(json_out,
											   PG_GETARG_DATUM(argno)));
	document = DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
	pfree(text);
	return document;
}

static Datum
diff_result(Datum old_datum, Datum new_datum, const DiffgenOptions *options)
{
	StringInfoData out;
	DiffStat	stat;

	diffgen_init_result(&out, CurrentMemoryContext);
	diff_documents(old_datum, new_datum, options, &out, &stat);
	return diffgen_result_text(&out);
}

/*
 * diffgen(old jsonb, new jsonb, options jsonb) returns text
 *		The unified diff of two documents' canonical texts, or '' if the
 *		documents are equal.
 */
Datum
diffgen_jsonb_jsonb(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 2, OPTS_JSONB_DIFF);

	PG_RETURN_DATUM(diff_result(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1),
								options));
}

/*
 * diffgen(old json, new json, options jsonb) returns text
 *		The same for two documents of type json, as if cast to jsonb.
 */
Datum
diffgen_json_json(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 2, OPTS_JSONB_DIFF);

	PG_RETURN_DATUM(diff_result(json_argument(fcinfo, 0),
								json_argument(fcinfo, 1), options));
}

/*
 * diffgen_stat(old jsonb, new jsonb, options jsonb)
 *		How many lines of canonical text were added and removed, in how many
 *		hunks.
 */
Datum
diffgen_stat_jsonb(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 2, OPTS_JSONB_DIFF);
	DiffStat	stat;

	diff_documents(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1), options, NULL,
				   &stat);
	PG_RETURN_DATUM(diffgen_stat_datum(fcinfo, &stat));
}

Datum
diffgen_stat_json(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 2, OPTS_JSONB_DIFF);
	DiffStat	stat;

	diff_documents(json_argument(fcinfo, 0), json_argument(fcinfo, 1),
				   options, NULL, &stat);
	PG_RETURN_DATUM(diffgen_stat_datum(fcinfo, &stat));
}

/*
 * diffgen_text(doc jsonb, options jsonb) returns text
 *		The canonical text of a document.
 */
Datum
diffgen_text_jsonb(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 1, OPTS_JSONB_TEXT);
	FunctionCallMemory call;
	StringInfoData out;
	JsonNode	root;

	diffgen_init_result(&out, CurrentMemoryContext);
	diffgen_begin_call(&call);
	dg_node_root(PG_GETARG_JSONB_P(0), &root);
	dg_view_root(options->patterns, &root);
	dg_canonical_text(&root, &out);
	diffgen_end_call(&call);

	PG_RETURN_DATUM(diffgen_result_text(&out));
}
