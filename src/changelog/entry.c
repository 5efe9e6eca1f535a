/*-------------------------------------------------------------------------
 *
 * entry.c
 *	  What a changelog says of one change of one document.
 *
 * The work is done by the extension's own SQL functions, which are looked up
 * by schema and argument types once for a tracked table and then called
 * without a parser or planner in between.
 *
 *	- Both versions exist: the unified diff, and for jsonb the invertible patch
 *	  and the paths, as of diffgen_entry.
 *	- Only the new one does: the number of its lines.  The live row, or what
 *	  is stored when it goes away, holds the document itself.
 *	- Only the old one does: all of it.  For jsonb that is the patch that
 *	  makes null of it, whose first operation is a test of the whole
 *	  document; for text the diff that removes every line.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "changelog/entry.h"
#include "functions/compat.h"
#include "functions/documents.h"
#include "functions/row_values.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/typcache.h"

/* The functions that entries are made of. */
typedef struct Engine
{
	FmgrInfo	entry_jsonb;
	FmgrInfo	stat_jsonb;
	FmgrInfo	patch_jsonb;
	FmgrInfo	hash_jsonb;
	FmgrInfo	hash_pair;
	FmgrInfo	entry_text;
	FmgrInfo	stat_text;
	FmgrInfo	hash_text;
	Datum		jsonb_null;
	Datum		empty_text;
} Engine;

/* Columns of diffgen_entry's and diffgen_stat's rows. */
#define ENTRY_DIFF		0
#define ENTRY_PATCH		1
#define ENTRY_PATHS		2
#define ENTRY_ADDED		3
#define ENTRY_REMOVED	4
#define ENTRY_COLUMNS	7
#define STAT_ADDED		0
#define STAT_REMOVED	1

static void
find_function(FmgrInfo *info, Oid schema, const char *name, int nargs,
			  Oid type0, Oid type1, Oid type2)
{
	Oid			types[3];

	types[0] = type0;
	types[1] = type1;
	types[2] = type2;
	fmgr_info_cxt(diffgen_sibling(schema, name, nargs, types), info,
				  CurrentMemoryContext);
}

/*
 * diffgen_make_engine
 *		Look up the functions that entries are made of.
 *
 * schema is the extension's.  The result is in the current memory context.
 * Raises ERRCODE_UNDEFINED_FUNCTION where one is missing.
 */
Engine *
diffgen_make_engine(Oid schema)
{
	Engine	   *engine = palloc0(sizeof(Engine));

	find_function(&engine->entry_jsonb, schema, "diffgen_entry", 3,
				  JSONBOID, JSONBOID, JSONBOID);
	find_function(&engine->stat_jsonb, schema, "diffgen_stat", 3,
				  JSONBOID, JSONBOID, JSONBOID);
	find_function(&engine->patch_jsonb, schema, "diffgen_patch", 3,
				  JSONBOID, JSONBOID, JSONBOID);
	find_function(&engine->hash_jsonb, schema, "diffgen_hash", 2,
				  JSONBOID, JSONBOID, InvalidOid);
	find_function(&engine->entry_text, schema, "diffgen_entry", 3,
				  TEXTOID, TEXTOID, JSONBOID);
	find_function(&engine->stat_text, schema, "diffgen_stat", 3,
				  TEXTOID, TEXTOID, JSONBOID);
	find_function(&engine->hash_pair, schema, "diffgen_hash_pair", 3,
				  JSONBOID, JSONBOID, JSONBOID);
	find_function(&engine->hash_text, schema, "diffgen_hash", 1,
				  TEXTOID, InvalidOid, InvalidOid);
	engine->jsonb_null = DirectFunctionCall1(jsonb_in,
											 CStringGetDatum("null"));
	engine->empty_text = CStringGetTextDatum("");
	return engine;
}

/*
 * diffgen_check_options
 *		Raise the error that the options deserve, if any, before they are
 *		used in part.
 */
void
diffgen_check_options(const Tracking *tracking, DocumentKind kind)
{
	Engine	   *engine = tracking->engine;

	if (kind == DOCUMENT_TEXT)
		(void) FunctionCall3(&engine->stat_text, engine->empty_text,
							 engine->empty_text, tracking->options);
	else
		(void) FunctionCall3(&engine->stat_jsonb, engine->jsonb_null,
							 engine->jsonb_null, tracking->options);
}

/*
 * diffgen_detoasted
 *		A document in memory, json as jsonb.
 *
 * The result is new in the current memory context, unless it is the value
 * itself, which was not toasted.
 */
Datum
diffgen_detoasted(DocumentKind kind, Datum value)
{
	if (kind == DOCUMENT_JSON)
		return DirectFunctionCall1(jsonb_in,
								   DirectFunctionCall1(json_out, value));
	return PointerGetDatum(PG_DETOAST_DATUM(value));
}

/*
 * diffgen_stored_alike
 *		Are two versions known to be the same without decompressing them?
 *
 * If not, what had to be detoasted to find out takes the place of the values.
 */
bool
diffgen_stored_alike(DocumentValue *old_value, DocumentValue *new_value)
{
	struct varlena *old_datum;
	struct varlena *new_datum;

	if (old_value->isnull || new_value->isnull)
		return old_value->isnull && new_value->isnull;

	if (!diffgen_fetch_pair(old_value->value, new_value->value,
							&old_datum, &new_datum))
		return true;
	old_value->value = PointerGetDatum(old_datum);
	new_value->value = PointerGetDatum(new_datum);
	return VARSIZE_ANY_EXHDR(old_datum) == VARSIZE_ANY_EXHDR(new_datum) &&
		memcmp(VARDATA_ANY(old_datum), VARDATA_ANY(new_datum),
			   VARSIZE_ANY_EXHDR(old_datum)) == 0;
}

/*
 * Call a function that returns a row, and take the row apart.
 */
static void
call_for_row(FmgrInfo *function, Datum old_value, Datum new_value,
			 Datum options, Datum *values, bool *nulls)
{
	Datum		result = FunctionCall3(function, old_value, new_value,
									   options);
	HeapTupleHeader row = DatumGetHeapTupleHeader(result);
	TupleDesc	desc;
	HeapTupleData tuple;

	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row),
								  HeapTupleHeaderGetTypMod(row));
	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	heap_deform_tuple(&tuple, desc, values, nulls);
	ReleaseTupleDesc(desc);
}

/*
 * Call one that can do without the row, which takes its time where documents
 * are small.
 */
static void
call_for_values(void (*function) (FunctionCallInfo, Datum *), FmgrInfo *info,
				Datum old_value, Datum new_value, Datum options,
				Datum *values)
{
	LOCAL_FCINFO(fcinfo, 3);

	InitFunctionCallInfoData(*fcinfo, info, 3, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = old_value;
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = new_value;
	fcinfo->args[1].isnull = false;
	fcinfo->args[2].value = options;
	fcinfo->args[2].isnull = false;
	function(fcinfo, values);
}

/*
 * diffgen_document_hash
 *		The fingerprint of what is recorded of a document, in the current
 *		memory context.
 */
bytea *
diffgen_document_hash(const Tracking *tracking, DocumentKind kind,
					  Datum document)
{
	Engine	   *engine = tracking->engine;

	if (kind == DOCUMENT_TEXT)
		return DatumGetByteaPP(FunctionCall1(&engine->hash_text, document));
	return DatumGetByteaPP(FunctionCall2(&engine->hash_jsonb, document,
										 tracking->view_options));
}

/*
 * diffgen_whole_patch
 *		The patch that holds a whole jsonb document, as far as the options
 *		let it be seen, in the current memory context.
 */
struct varlena *
diffgen_whole_patch(const Tracking *tracking, Datum document, Datum options)
{
	Engine	   *engine = tracking->engine;

	return (struct varlena *)
		DatumGetPointer(FunctionCall3(&engine->patch_jsonb, document,
									  engine->jsonb_null, options));
}

/*
 * The diff of two texts and its size; false if they are equal.
 */
static bool
enter_text(const Tracking *tracking, Datum old_text, Datum new_text,
		   ChangeEntry *entry)
{
	Engine	   *engine = tracking->engine;
	Datum		values[ENTRY_COLUMNS];
	bool		nulls[ENTRY_COLUMNS];

	call_for_row(&engine->entry_text, old_text, new_text, tracking->options,
				 values, nulls);
	entry->diff = DatumGetTextPP(values[ENTRY_DIFF]);
	entry->added = DatumGetInt32(values[ENTRY_ADDED]);
	entry->removed = DatumGetInt32(values[ENTRY_REMOVED]);
	return VARSIZE_ANY_EXHDR(entry->diff) > 0;
}

/*
 * The hash of a document, if it is not known already.
 */
static bytea *
hash_of(const Tracking *tracking, DocumentKind kind,
		const DocumentValue *document)
{
	if (document->hash != NULL)
		return document->hash;
	return diffgen_document_hash(tracking, kind, document->value);
}

/*
 * The hashes of two versions: where neither is known, what they have in common
 * is read once.
 */
static void
enter_hashes(const Tracking *tracking, DocumentKind kind,
			 const DocumentValue *old_value, const DocumentValue *new_value,
			 ChangeEntry *entry)
{
	Datum		values[2];

	if (kind == DOCUMENT_TEXT || old_value->hash != NULL ||
		new_value->hash != NULL)
	{
		entry->old_hash = hash_of(tracking, kind, old_value);
		entry->new_hash = hash_of(tracking, kind, new_value);
		return;
	}
	call_for_values(diffgen_hash_pair_values, &tracking->engine->hash_pair,
					old_value->value, new_value->value,
					tracking->view_options, values);
	entry->old_hash = DatumGetByteaPP(values[0]);
	entry->new_hash = DatumGetByteaPP(values[1]);
}

/* The only version is the old one. */
static void
enter_removal(const Tracking *tracking, DocumentKind kind,
			  const DocumentValue *document, ChangeEntry *entry)
{
	Engine	   *engine = tracking->engine;
	Datum		values[ENTRY_COLUMNS];
	bool		nulls[ENTRY_COLUMNS];

	if (kind == DOCUMENT_TEXT)
		enter_text(tracking, document->value, engine->empty_text, entry);
	else
	{
		/*
		 * Ignored parts are left out: they may be copies of what is redacted,
		 * as kubectl's last-applied-configuration is.
		 */
		call_for_row(&engine->stat_jsonb, document->value, engine->jsonb_null,
					 tracking->options, values, nulls);
		entry->removed = DatumGetInt32(values[STAT_REMOVED]);
		entry->patch = diffgen_whole_patch(tracking, document->value,
										   tracking->removal_options);
	}
	entry->old_hash = hash_of(tracking, kind, document);
}

/* The only version is the new one. */
static void
enter_addition(const Tracking *tracking, DocumentKind kind,
			   const DocumentValue *document, ChangeEntry *entry)
{
	Engine	   *engine = tracking->engine;
	Datum		values[ENTRY_COLUMNS];
	bool		nulls[ENTRY_COLUMNS];

	if (kind == DOCUMENT_TEXT)
		call_for_row(&engine->stat_text, engine->empty_text, document->value,
					 tracking->options, values, nulls);
	else
		call_for_row(&engine->stat_jsonb, engine->jsonb_null, document->value,
					 tracking->options, values, nulls);
	entry->added = DatumGetInt32(values[STAT_ADDED]);
	entry->new_hash = hash_of(tracking, kind, document);
}

/*
 * Both versions exist; false if nothing that is recorded differs.
 */
static bool
enter_change(const Tracking *tracking, DocumentKind kind,
			 const DocumentValue *old_value, const DocumentValue *new_value,
			 ChangeEntry *entry)
{
	Engine	   *engine = tracking->engine;
	Datum		values[ENTRY_COLUMNS];

	if (kind == DOCUMENT_TEXT)
	{
		if (!enter_text(tracking, old_value->value, new_value->value, entry))
			return false;
	}
	else
	{
		call_for_values(diffgen_entry_values, &engine->entry_jsonb,
						old_value->value, new_value->value,
						tracking->entry_options, values);
		entry->patch = (struct varlena *)
			PG_DETOAST_DATUM(values[ENTRY_PATCH]);
		if (JB_ROOT_COUNT((Jsonb *) entry->patch) == 0)
			return false;
		entry->diff = (text *) DatumGetPointer(values[ENTRY_DIFF]);
		entry->paths = (struct varlena *)
			DatumGetPointer(values[ENTRY_PATHS]);
		entry->added = DatumGetInt32(values[ENTRY_ADDED]);
		entry->removed = DatumGetInt32(values[ENTRY_REMOVED]);
	}
	enter_hashes(tracking, kind, old_value, new_value, entry);
	return true;
}

/*
 * diffgen_make_entry
 *		What the changelog says of a change.
 *
 * The values may be toasted, and are not both NULL.  Returns false if there is
 * nothing to be said, as no part that counts has changed.  Memory comes from
 * the current context, and is not freed.
 */
bool
diffgen_make_entry(const Tracking *tracking, DocumentKind kind,
				   DocumentValue old_value, DocumentValue new_value,
				   ChangeEntry *entry)
{
	memset(entry, 0, sizeof(ChangeEntry));

	if (!old_value.isnull)
		old_value.value = diffgen_detoasted(kind, old_value.value);
	if (!new_value.isnull)
		new_value.value = diffgen_detoasted(kind, new_value.value);

	if (!old_value.isnull && !new_value.isnull)
		return enter_change(tracking, kind, &old_value, &new_value, entry);
	if (!old_value.isnull)
		enter_removal(tracking, kind, &old_value, entry);
	else if (!new_value.isnull)
		enter_addition(tracking, kind, &new_value, entry);
	return true;
}

/*
 * diffgen_make_unchanged
 *		What the changelog says of a document that a row keeps, or of a row
 *		without one, when the row comes or goes.
 *
 * Memory comes from the current context, and is not freed.
 */
void
diffgen_make_unchanged(const Tracking *tracking, DocumentKind kind,
					   DocumentValue value, ChangeEntry *entry)
{
	memset(entry, 0, sizeof(ChangeEntry));
	if (value.isnull)
		return;
	value.value = diffgen_detoasted(kind, value.value);
	entry->new_hash = diffgen_document_hash(tracking, kind, value.value);
	entry->old_hash = entry->new_hash;
}
