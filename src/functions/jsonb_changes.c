/*-------------------------------------------------------------------------
 *
 * jsonb_changes.c
 *	  What changed between two jsonb documents, as rows, paths and patches.
 *
 * Every function here runs the same walk over the two documents and differs
 * only in the sinks that listen to it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "functions/call.h"
#include "functions/compat.h"
#include "functions/documents.h"
#include "functions/jsonb_pair.h"
#include "functions/options.h"
#include "functions/row_values.h"
#include "json/build.h"
#include "json/merge_sink.h"
#include "json/patch_sink.h"
#include "json/path.h"
#include "json/path_sink.h"
#include "json/text_sink.h"
#include "json/walk.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(diffgen_changes_jsonb);
PG_FUNCTION_INFO_V1(diffgen_paths_jsonb);
PG_FUNCTION_INFO_V1(diffgen_patch_jsonb);
PG_FUNCTION_INFO_V1(diffgen_merge_patch_jsonb);
PG_FUNCTION_INFO_V1(diffgen_entry_jsonb);

/*
 * Writes one row for each change.
 */
typedef struct RowSink
{
	JsonSink	sink;			/* must be first */
	ReturnSetInfo *rsinfo;
	MemoryContext row_context;	/* reset after each row */
} RowSink;

#define CHANGES_COLUMNS	4

static void
row_change(JsonSink *base, const JsonWalk *walk, JsonChangeKind kind,
		   const JsonChild *child)
{
	RowSink    *sink = (RowSink *) base;
	MemoryContext old_context = MemoryContextSwitchTo(sink->row_context);
	Datum		values[CHANGES_COLUMNS];
	bool		nulls[CHANGES_COLUMNS] = {false, false, false, false};
	bool		moved = (kind == CHANGE_MOVE || kind == CHANGE_MOVE_AWAY);
	bool		in_old = (kind != CHANGE_ADD && kind != CHANGE_MOVE);
	bool		in_new = (kind != CHANGE_REMOVE && kind != CHANGE_MOVE_AWAY);
	StringInfoData path;

	/* What has moved is shown as removed at one index, added at another. */
	initStringInfo(&path);
	dg_append_path(&path, walk, child, !in_new, moved);
	values[0] = CStringGetTextDatum(!in_new ? "remove" :
									!in_old ? "add" : "replace");
	values[1] = PointerGetDatum(cstring_to_text_with_len(path.data, path.len));
	values[2] = values[3] = (Datum) 0;
	if (!in_old)
		nulls[2] = true;
	else
		values[2] = JsonbPGetDatum(dg_build_document(&child->old_node,
													 REDACTED_OLD));
	if (!in_new)
		nulls[3] = true;
	else
		values[3] = JsonbPGetDatum(dg_build_document(&child->new_node,
													 REDACTED_NEW));
	tuplestore_putvalues(sink->rsinfo->setResult, sink->rsinfo->setDesc,
						 values, nulls);
	MemoryContextSwitchTo(old_context);
	MemoryContextReset(sink->row_context);
}

/*
 * diffgen_changes(old jsonb, new jsonb, options jsonb)
 *		A row (op, path, old_value, new_value) for each change.
 */
Datum
diffgen_changes_jsonb(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 2, OPTS_CHANGES);
	FunctionCallMemory call;
	JsonNode	old_root;
	JsonNode	new_root;

	/* Looking up the row type instead would leave memory in the query. */
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);

	diffgen_begin_call(&call);
	if (diffgen_fetch_roots(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1),
							options, &old_root, &new_root))
	{
		JsonWalk	walk;
		RowSink		sink;

		memset(&sink, 0, sizeof(sink));
		sink.sink.change = row_change;
		sink.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
		sink.row_context = AllocSetContextCreate(call.own, "diffgen row",
												 ALLOCSET_DEFAULT_SIZES);
		diffgen_walk_init(&walk, options);
		dg_walk_add_sink(&walk, &sink.sink);
		dg_walk(&walk, &old_root, &new_root);
	}
	diffgen_end_call(&call);

	return (Datum) 0;
}

/*
 * Bytes that a text of some length takes in an array.
 */
static inline Size
text_in_array(uint32 len)
{
	return INTALIGN(VARHDRSZ + (Size) len);
}

/*
 * The paths of a sink as an array of text, in the current context.
 *
 * There may be as many paths as the documents have values, so the array is
 * written without a datum for each of them first.
 */
static Datum
paths_array(const JsonPathSink *sink)
{
	Size		size = ARR_OVERHEAD_NONULLS(1);
	ArrayType  *array;
	char	   *to;
	uint32		i;
	uint32		len;

	if (sink->count == 0)
		return PointerGetDatum(construct_empty_array(TEXTOID));

	for (i = 0; i < sink->count; i++)
	{
		(void) dg_path_sink_get(sink, i, &len);
		size = add_size(size, text_in_array(len));
	}
	if (!AllocSizeIsValid(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("array size exceeds the maximum allowed (%d)",
						(int) MaxAllocSize)));

	array = palloc0(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = TEXTOID;
	ARR_DIMS(array)[0] = sink->count;
	ARR_LBOUND(array)[0] = 1;
	to = ARR_DATA_PTR(array);
	for (i = 0; i < sink->count; i++)
	{
		const char *path = dg_path_sink_get(sink, i, &len);

		SET_VARSIZE(to, VARHDRSZ + len);
		memcpy(VARDATA(to), path, len);
		to += text_in_array(len);
	}
	return PointerGetDatum(array);
}

/*
 * diffgen_paths(old jsonb, new jsonb, options jsonb) returns text[]
 *		The changed paths, each once, in the order of the document.
 */
Datum
diffgen_paths_jsonb(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 2, OPTS_CHANGES);
	FunctionCallMemory call;
	JsonNode	old_root;
	JsonNode	new_root;
	JsonPathSink sink;
	Datum		result;

	diffgen_begin_call(&call);
	dg_path_sink_begin(&sink);
	if (diffgen_fetch_roots(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1),
							options, &old_root, &new_root))
	{
		JsonWalk	walk;

		diffgen_walk_init(&walk, options);
		dg_walk_add_sink(&walk, &sink.sink);
		dg_walk(&walk, &old_root, &new_root);
	}
	MemoryContextSwitchTo(call.caller);
	result = paths_array(&sink);
	diffgen_end_call(&call);

	PG_RETURN_DATUM(result);
}

/*
 * diffgen_patch(old jsonb, new jsonb, options jsonb) returns jsonb
 *		The JSON Patch (RFC 6902) that makes new of old.
 */
Datum
diffgen_patch_jsonb(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 2, OPTS_PATCH);
	FunctionCallMemory call;
	JsonNode	old_root;
	JsonNode	new_root;
	JsonPatchSink sink;
	Jsonb	   *result;

	dg_patch_sink_begin(&sink, options->invertible);
	diffgen_begin_call(&call);
	if (diffgen_fetch_roots(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1),
							options, &old_root, &new_root))
	{
		JsonWalk	walk;

		diffgen_walk_init(&walk, options);
		dg_walk_add_sink(&walk, &sink.sink);
		dg_walk(&walk, &old_root, &new_root);
	}
	diffgen_end_call(&call);
	result = dg_patch_sink_end(&sink);

	PG_RETURN_JSONB_P(result);
}

/*
 * diffgen_merge_patch(old jsonb, new jsonb) returns jsonb
 *		The JSON Merge Patch (RFC 7396) that makes new of old.
 */
Datum
diffgen_merge_patch_jsonb(PG_FUNCTION_ARGS)
{
	FunctionCallMemory call;
	Jsonb	   *old_document;
	Jsonb	   *new_document;
	JsonNode	old_root;
	JsonNode	new_root;
	JsonWalk	walk;
	EditTree	tree;
	JsonMergeSink sink;
	EditValue  *patch;
	Jsonb	   *result;

	diffgen_begin_call(&call);
	old_document = PG_GETARG_JSONB_P(0);
	new_document = PG_GETARG_JSONB_P(1);
	dg_node_root(old_document, &old_root);
	dg_node_root(new_document, &new_root);
	dg_edit_begin(&tree, NULL);
	dg_merge_sink_begin(&sink, &tree, &new_root);
	dg_walk_init(&walk, DIFF_MYERS);
	dg_walk_add_sink(&walk, &sink.sink);
	dg_walk(&walk, &old_root, &new_root);
	patch = dg_merge_sink_end(&sink);

	MemoryContextSwitchTo(call.caller);
	result = dg_edit_to_jsonb(&tree, patch);
	diffgen_end_call(&call);

	PG_RETURN_JSONB_P(result);
}

#define ENTRY_COLUMNS	7

/*
 * diffgen_entry_values
 *		The columns of diffgen_entry's row, in the current memory context.
 */
void
diffgen_entry_values(FunctionCallInfo fcinfo, Datum *values)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 2, OPTS_ENTRY);
	FunctionCallMemory call;
	JsonNode	old_root;
	JsonNode	new_root;
	StringInfoData diff;
	JsonTextSink text_sink;
	JsonPatchSink patch_sink;
	JsonPathSink path_sink;
	DiffStat	stat;

	memset(&stat, 0, sizeof(stat));
	stat.exact = true;
	diffgen_init_result(&diff, CurrentMemoryContext);
	dg_patch_sink_begin(&patch_sink, options->invertible);
	diffgen_begin_call(&call);
	dg_path_sink_begin(&path_sink);
	if (diffgen_fetch_roots(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1),
							options, &old_root, &new_root))
	{
		JsonWalk	walk;

		diffgen_walk_init(&walk, options);
		dg_text_sink_begin(&text_sink, options->patterns, options->context,
						   &options->labels, &diff);
		dg_walk_add_sink(&walk, &text_sink.sink);
		dg_walk_add_sink(&walk, &patch_sink.sink);
		dg_walk_add_sink(&walk, &path_sink.sink);
		dg_walk(&walk, &old_root, &new_root);
		dg_text_sink_end(&text_sink, &walk);
		stat = text_sink.writer.stat;
	}
	MemoryContextSwitchTo(call.caller);
	values[0] = diffgen_result_text(&diff);
	values[1] = JsonbPGetDatum(dg_patch_sink_end(&patch_sink));
	values[2] = paths_array(&path_sink);
	diffgen_end_call(&call);

	values[3] = Int32GetDatum(stat.added);
	values[4] = Int32GetDatum(stat.removed);
	values[5] = Int32GetDatum(stat.hunks);
	values[6] = BoolGetDatum(stat.exact);
}

/*
 * diffgen_entry(old jsonb, new jsonb, options jsonb)
 *		All that a changelog has to say of a change: (diff, patch, paths,
 *		added, removed, hunks, exact).
 */
Datum
diffgen_entry_jsonb(PG_FUNCTION_ARGS)
{
	Datum		values[ENTRY_COLUMNS];
	bool		nulls[ENTRY_COLUMNS];

	diffgen_entry_values(fcinfo, values);
	memset(nulls, false, sizeof(nulls));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(diffgen_row_type(fcinfo),
													  values, nulls)));
}
