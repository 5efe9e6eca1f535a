/*-------------------------------------------------------------------------
 *
 * history.c
 *	  Reads the changelog of one row of a tracked table.
 *
 * All of it runs with the rights of the caller.  Statements name tables and
 * operators with their schemas, so the search path means nothing to them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "changelog/history.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "functions/compat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/ruleutils.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(diffgen_history);
PG_FUNCTION_INFO_V1(diffgen_at);
PG_FUNCTION_INFO_V1(diffgen_at_text);
PG_FUNCTION_INFO_V1(diffgen_at_change);
PG_FUNCTION_INFO_V1(diffgen_at_change_text);

/*
 * diffgen_relation_name
 *		A table's name with its schema, quoted; palloc'd.
 */
char *
diffgen_relation_name(Oid relation)
{
	char	   *name = get_rel_name(relation);
	char	   *schema;

	if (name == NULL)
		elog(ERROR, "cache lookup failed for relation %u", relation);
	schema = get_namespace_name(get_rel_namespace(relation));
	return quote_qualified_identifier(schema, name);
}

/*
 * diffgen_find_document
 *		A tracked column, by its name in the changelog or in the table.
 *
 * Raises ERRCODE_UNDEFINED_COLUMN if there is none.
 */
const TrackedDocument *
diffgen_find_document(const Tracking *tracking, const char *label)
{
	for (int i = 0; i < tracking->ndocuments; i++)
	{
		if (strcmp(tracking->documents[i].label, label) == 0)
			return &tracking->documents[i];
	}
	for (int i = 0; i < tracking->ndocuments; i++)
	{
		const TrackedDocument *document = &tracking->documents[i];

		if (AttributeNumberIsValid(document->attnum) &&
			strcmp(get_attname(tracking->relation, document->attnum, false),
				   label) == 0)
			return document;
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" of table \"%s\" is not tracked", label,
					get_rel_name(tracking->target))));
}

/*
 * diffgen_append_condition
 *		Append what picks a row, or its changes, by its key.
 *
 * The values are the first parameters of the query, $1 and so on.
 */
void
diffgen_append_condition(StringInfo out, const RowKey *key,
						 bool in_changelog)
{
	const Tracking *tracking = key->tracking;

	for (int i = 0; i < tracking->nkeys; i++)
	{
		const TrackedKey *column = &tracking->keys[i];
		const char *name = in_changelog ? column->log_name :
			get_attname(tracking->target, column->attnum, false);
		char		param[16];

		snprintf(param, sizeof(param), "$%d", i + 1);
		appendStringInfoString(out, i > 0 ? " AND " : "");
		generate_operator_clause(out, quote_identifier(name), column->type,
								 column->equality, param, column->type);
	}
}

/*
 * A value of some type as one of the key's column, by way of text where the
 * types differ.
 */
static Datum
key_value(Datum value, Oid type, Oid key_type)
{
	Oid			output;
	Oid			input;
	Oid			param;
	bool		varlena;

	if (type == key_type)
		return value;
	getTypeOutputInfo(type, &output, &varlena);
	getTypeInputInfo(key_type, &input, &param);
	return OidInputFunctionCall(input, OidOutputFunctionCall(output, value),
								param, -1);
}

/*
 * diffgen_key_names
 *		The columns of a tracked table's key, for a hint; palloc'd.
 */
char *
diffgen_key_names(const Tracking *tracking)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < tracking->nkeys; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "",
						 get_attname(tracking->target,
									 tracking->keys[i].attnum, false));
	return names.data;
}

/*
 * diffgen_find_target
 *		What is known of the tracked table that a call names.
 *
 * Of a partition, it is that of the partitioned table.  Lives as long as that
 * of diffgen_tracking_of, and raises its errors, also
 * ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE for a table that is not tracked.
 */
const Tracking *
diffgen_find_target(FunctionCallInfo fcinfo, Oid target)
{
	Oid			schema = diffgen_schema(fcinfo);
	Tracking   *tracking = diffgen_tracking_of(target, schema);

	if (tracking == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is not tracked", get_rel_name(target)),
				 errhint("Call diffgen_track first.")));

	/* Of a partition, it is the partitioned table that is read. */
	if (tracking->target != tracking->relation)
		tracking = diffgen_tracking_of(tracking->target, schema);
	return tracking;
}

static void
report_null_key(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("key of a row must not be NULL")));
}

/*
 * diffgen_row_key
 *		The row that a call is about: a table, and the values of its key from
 *		argument number `first` on, which is declared VARIADIC "any".
 *
 * The values are those of the call or in the current memory context, in arrays
 * with room for MORE_PARAMS more.  Raises the errors of diffgen_find_target,
 * ERRCODE_INVALID_PARAMETER_VALUE for another number of values, and
 * ERRCODE_NULL_VALUE_NOT_ALLOWED.
 */
void
diffgen_row_key(FunctionCallInfo fcinfo, int first, Oid target, RowKey *key)
{
	const Tracking *tracking = diffgen_find_target(fcinfo, target);
	Datum	   *args;
	Oid		   *types;
	bool	   *nulls;
	int			nargs;

	nargs = extract_variadic_args(fcinfo, first, true, &args, &types, &nulls);
	if (nargs < 0)
		report_null_key();
	if (nargs != tracking->nkeys)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg_plural("%d value is given for the primary key of table \"%s\"",
							   "%d values are given for the primary key of table \"%s\"",
							   nargs, nargs, get_rel_name(tracking->target)),
				 errdetail_plural("It has %d column: %s.",
								  "It has %d columns: %s.",
								  tracking->nkeys, tracking->nkeys,
								  diffgen_key_names(tracking)),
				 errhint("Give a value for each column, in this order.")));

	key->tracking = tracking;
	key->values = palloc(mul_size(nargs + MORE_PARAMS, sizeof(Datum)));
	key->types = palloc(mul_size(nargs + MORE_PARAMS, sizeof(Oid)));
	for (int i = 0; i < nargs; i++)
	{
		if (nulls[i])
			report_null_key();
		key->types[i] = tracking->keys[i].type;
		key->values[i] = key_value(args[i], types[i], key->types[i]);
	}
}

/* As in HistoryColumn. */
static const struct
{
	const char *name;
	const char *type;
}			history_columns[HISTORY_COLUMNS] = {
	{"change_id", "int8"},
	{"changed_at", "timestamptz"},
	{"transaction_id", "xid8"},
	{"operation", "text"},
	{"document", "text"},
	{"diff", "text"},
	{"patch", "jsonb"},
	{"paths", "_text"},
	{"added", "int4"},
	{"removed", "int4"},
	{"changed_by", "name"},
	{"application", "text"},
	{"context", "jsonb"},
	{"old_hash", "bytea"},
	{"new_hash", "bytea"}
};

#define HISTORY_BATCH	100

/*
 * diffgen_column_expression
 *		A column of a changelog in SQL, or a NULL of its type if its owner has
 *		dropped it.
 *
 * prefix is what stands before the name: "", or an alias with a dot.  The
 * result is in the current memory context.
 */
char *
diffgen_column_expression(const Tracking *tracking, const char *prefix,
						  HistoryColumn column)
{
	const char *name = history_columns[column].name;
	bool		there = get_attnum(tracking->changelog,
								   name) != InvalidAttrNumber;

	return psprintf("%s%s::pg_catalog.%s", there ? prefix : "",
					there ? name : "NULL", history_columns[column].type);
}

/*
 * The statement that diffgen_history runs.
 */
static char *
history_query(const RowKey *key)
{
	const Tracking *tracking = key->tracking;
	StringInfoData query;

	initStringInfo(&query);
	for (int i = 0; i < HISTORY_COLUMNS; i++)
		appendStringInfo(&query, "%s %s", i > 0 ? "," : "SELECT",
						 diffgen_column_expression(tracking, "", i));
	appendStringInfo(&query, " FROM %s WHERE ",
					 diffgen_relation_name(tracking->changelog));
	diffgen_append_condition(&query, key, true);
	appendStringInfoString(&query, " ORDER BY change_id");
	return query.data;
}

/*
 * diffgen_history(target regclass, VARIADIC key "any")
 *		The changes of one row, oldest first.
 */
Datum
diffgen_history(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	RowKey		key;
	Portal		portal;
	char	   *query;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	diffgen_row_key(fcinfo, 1, PG_GETARG_OID(0), &key);
	query = history_query(&key);

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	portal = SPI_cursor_open_with_args(NULL, query, key.tracking->nkeys,
									   key.types, key.values, NULL, true, 0);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(portal, true, HISTORY_BATCH);
		if (SPI_processed == 0)
			break;
		for (uint64 i = 0; i < SPI_processed; i++)
			tuplestore_puttuple(rsinfo->setResult, SPI_tuptable->vals[i]);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	SPI_finish();
	return (Datum) 0;
}

/*
 * The document of a row at some point of its history.
 */
static Datum
document_at(FunctionCallInfo fcinfo, const WalkGoal *goal,
			const RowKey *key, const char *label, bool as_text)
{
	const TrackedDocument *document = diffgen_find_document(key->tracking,
															label);
	WalkResult	result;

	if ((document->kind == DOCUMENT_TEXT) != as_text)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("document \"%s\" of table \"%s\" is of type %s",
						label, get_rel_name(key->tracking->target),
						as_text ? "jsonb" : "text"),
				 errhint("Use %s.", as_text ? "diffgen_at" : "diffgen_at_text")));
	diffgen_walk(key, document->label, goal, &result);
	if (!result.exists)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result.document);
}

static Datum
at_time(FunctionCallInfo fcinfo, bool as_text)
{
	WalkGoal	goal;
	RowKey		key;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	memset(&goal, 0, sizeof(goal));
	goal.by_time = true;
	goal.as_of = PG_GETARG_TIMESTAMPTZ(2);
	diffgen_row_key(fcinfo, 3, PG_GETARG_OID(0), &key);
	return document_at(fcinfo, &goal, &key, NameStr(*PG_GETARG_NAME(1)),
					   as_text);
}

/*
 * diffgen_at(target regclass, document name, as_of timestamptz,
 *			  VARIADIC key "any") returns jsonb
 *		A row's document as it was at some time, or NULL if there was none.
 */
Datum
diffgen_at(PG_FUNCTION_ARGS)
{
	return at_time(fcinfo, false);
}

/*
 * diffgen_at_text(target, document, as_of, VARIADIC key) returns text
 *		The same for a document that is a text.
 */
Datum
diffgen_at_text(PG_FUNCTION_ARGS)
{
	return at_time(fcinfo, true);
}

static Datum
at_change(FunctionCallInfo fcinfo, bool as_text)
{
	WalkGoal	goal;
	RowKey		key;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) ||
		PG_ARGISNULL(3))
		PG_RETURN_NULL();
	memset(&goal, 0, sizeof(goal));
	goal.change_id = PG_GETARG_INT64(2);
	goal.before = PG_GETARG_BOOL(3);
	diffgen_row_key(fcinfo, 4, PG_GETARG_OID(0), &key);
	return document_at(fcinfo, &goal, &key, NameStr(*PG_GETARG_NAME(1)),
					   as_text);
}

/*
 * diffgen_at_change(target regclass, document name, change_id bigint,
 *					 before boolean, VARIADIC key "any") returns jsonb
 *		A row's document just after one of its changes, or just before it.
 */
Datum
diffgen_at_change(PG_FUNCTION_ARGS)
{
	return at_change(fcinfo, false);
}

/*
 * diffgen_at_change_text(target, document, change_id, before, VARIADIC key)
 *		returns text
 *		The same for a document that is a text.
 */
Datum
diffgen_at_change_text(PG_FUNCTION_ARGS)
{
	return at_change(fcinfo, true);
}
