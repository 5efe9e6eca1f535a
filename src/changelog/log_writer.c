/*-------------------------------------------------------------------------
 *
 * log_writer.c
 *	  Writes rows into a changelog.
 *
 * A row is written by a prepared INSERT that runs as the tracked table's
 * owner, as the queries of foreign keys do.  So who changes the table needs
 * no right on the changelog and has none; and a trigger that somebody else
 * has made to write into this changelog fails, because *their* table's owner
 * may not.  The statement names tables and columns only, no function or
 * operator, so the caller's search path cannot change what it means.
 *
 * Who is logged is the role that the session acts as (SET ROLE), not the
 * owner of a SECURITY DEFINER function or of a foreign key's table that the
 * change passed through.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "changelog/log_writer.h"
#include "functions/compat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

/* Columns that follow those of the key; change_id has a default. */
typedef enum LogColumn
{
	LOG_CHANGED_AT,
	LOG_OPERATION,
	LOG_DOCUMENT,
	LOG_DIFF,
	LOG_PATCH,
	LOG_ADDED,
	LOG_REMOVED,
	LOG_OLD_HASH,
	LOG_NEW_HASH,
	LOG_TRANSACTION_ID,
	LOG_PATHS,
	LOG_CHANGED_BY,
	LOG_APPLICATION,
	LOG_CONTEXT,
	LOG_COLUMNS
} LogColumn;

static const struct
{
	const char *name;
	Oid			type;
	bool		needed;			/* history cannot be read without */
}			log_columns[LOG_COLUMNS] =
{
	{"changed_at", TIMESTAMPTZOID, true},
	{"operation", TEXTOID, true},
	{"document", TEXTOID, true},
	{"diff", TEXTOID, true},
	{"patch", JSONBOID, true},
	{"added", INT4OID, false},
	{"removed", INT4OID, false},
	{"old_hash", BYTEAOID, true},
	{"new_hash", BYTEAOID, true},
	{"transaction_id", XID8OID, false},
	{"paths", TEXTARRAYOID, false},
	{"changed_by", NAMEOID, false},
	{"application", TEXTOID, false},
	{"context", JSONBOID, false}
};

typedef struct LogWriter
{
	char	   *insert;			/* the statement */
	Oid		   *types;			/* of its parameters */
	int			nparams;
	LogColumn	columns[LOG_COLUMNS];	/* those that the changelog has */
	int			ncolumns;
	SPIPlanPtr	plan;			/* NULL until the first row is written */
	MemoryContextCallback cleanup;
} LogWriter;

static void
free_plan(void *arg)
{
	LogWriter  *writer = arg;

	if (writer->plan != NULL)
		SPI_freeplan(writer->plan);
}

/*
 * diffgen_make_writer
 *		Prepare to write into a changelog.
 *
 * Columns of the changelog that are only for the reader may have been
 * dropped, and others added.  Memory comes from the current context, which
 * must be the tracking's own.
 */
LogWriter *
diffgen_make_writer(const Tracking *tracking, Relation changelog)
{
	LogWriter  *writer = palloc0(sizeof(LogWriter));
	StringInfoData names;
	StringInfoData params;

	writer->types = palloc(mul_size(tracking->nkeys + LOG_COLUMNS,
									sizeof(Oid)));
	initStringInfo(&names);
	initStringInfo(&params);
	for (int i = 0; i < tracking->nkeys; i++)
	{
		appendStringInfo(&names, "%s, ",
						 quote_identifier(tracking->keys[i].log_name));
		writer->types[writer->nparams++] = tracking->keys[i].type;
		appendStringInfo(&params, "$%d, ", writer->nparams);
	}
	for (int i = 0; i < LOG_COLUMNS; i++)
	{
		AttrNumber	attnum = get_attnum(RelationGetRelid(changelog),
										log_columns[i].name);
		const char *comma = writer->ncolumns > 0 ? ", " : "";

		if (AttributeNumberIsValid(attnum) &&
			get_atttype(RelationGetRelid(changelog),
						attnum) == log_columns[i].type)
		{
			appendStringInfo(&names, "%s%s", comma, log_columns[i].name);
			writer->types[writer->nparams++] = log_columns[i].type;
			appendStringInfo(&params, "%s$%d", comma, writer->nparams);
			writer->columns[writer->ncolumns++] = i;
		}
		else if (log_columns[i].needed)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("changelog \"%s\" has no column \"%s\" of type %s",
							RelationGetRelationName(changelog),
							log_columns[i].name,
							format_type_be(log_columns[i].type)),
					 errhint("Restore the column, or end tracking with diffgen_untrack.")));
	}

	writer->insert =
		psprintf("INSERT INTO %s (%s) VALUES (%s)",
				 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(changelog)),
											RelationGetRelationName(changelog)),
				 names.data, params.data);
	writer->cleanup.func = free_plan;
	writer->cleanup.arg = writer;
	MemoryContextRegisterResetCallback(tracking->context, &writer->cleanup);
	return writer;
}

static Datum
column_value(LogColumn column, const ChangeEvent *event, const char *label,
			 const ChangeEntry *entry, bool *isnull)
{
	void	   *pointer = NULL;
	Name		name;

	*isnull = false;
	switch (column)
	{
		case LOG_CHANGED_AT:
			return TimestampTzGetDatum(event->changed_at);
		case LOG_OPERATION:
			return CStringGetTextDatum(event->operation);
		case LOG_DOCUMENT:
			return CStringGetTextDatum(label);
		case LOG_ADDED:
			return Int32GetDatum(entry->added);
		case LOG_REMOVED:
			return Int32GetDatum(entry->removed);
		case LOG_TRANSACTION_ID:
			return FullTransactionIdGetDatum(GetTopFullTransactionId());
		case LOG_CHANGED_BY:
			name = palloc0(NAMEDATALEN);
			namestrcpy(name, GetUserNameFromId(GetOuterUserId(), false));
			return NameGetDatum(name);
		case LOG_APPLICATION:
			if (application_name != NULL && application_name[0] != '\0')
				return CStringGetTextDatum(application_name);
			break;
		case LOG_DIFF:
			pointer = entry->diff;
			break;
		case LOG_PATCH:
			pointer = entry->patch;
			break;
		case LOG_PATHS:
			pointer = entry->paths;
			break;
		case LOG_OLD_HASH:
			pointer = entry->old_hash;
			break;
		case LOG_NEW_HASH:
			pointer = entry->new_hash;
			break;
		case LOG_CONTEXT:
			pointer = diffgen_context();
			break;
		case LOG_COLUMNS:
			break;
	}
	*isnull = (pointer == NULL);
	return PointerGetDatum(pointer);
}

static void
execute_insert(const Tracking *tracking, Datum *values, const char *nulls)
{
	LogWriter  *writer = tracking->writer;

	if (writer->plan == NULL)
	{
		SPIPlanPtr	plan = SPI_prepare(writer->insert, writer->nparams,
									   writer->types);

		if (plan == NULL)
			elog(ERROR, "SPI_prepare failed: %s",
				 SPI_result_code_string(SPI_result));
		if (SPI_keepplan(plan) != 0)
			elog(ERROR, "SPI_keepplan failed");
		writer->plan = plan;
	}
	if (SPI_execute_plan(writer->plan, values, nulls, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "SPI_execute_plan failed: %s",
			 SPI_result_code_string(SPI_result));
}

/*
 * diffgen_write_log
 *		Write a row into the changelog, as the owner of the tracked table.
 *
 * label is what the changelog calls the document.  Raises the errors of an
 * INSERT, also ERRCODE_INSUFFICIENT_PRIVILEGE.
 */
void
diffgen_write_log(const Tracking *tracking, const ChangeEvent *event,
				  const char *label, const ChangeEntry *entry)
{
	LogWriter  *writer = tracking->writer;
	Datum	   *values = palloc(mul_size(writer->nparams, sizeof(Datum)));
	char	   *nulls = palloc(writer->nparams);
	Oid			user;
	int			security;

	memset(nulls, ' ', writer->nparams);
	for (int i = 0; i < tracking->nkeys; i++)
		values[i] = event->key[i];
	for (int i = 0; i < writer->ncolumns; i++)
	{
		int			param = tracking->nkeys + i;
		bool		isnull;

		values[param] = column_value(writer->columns[i], event, label, entry,
									 &isnull);
		if (isnull)
			nulls[param] = 'n';
	}

	/* If this fails, the end of the (sub)transaction restores the role. */
	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(diffgen_owner(tracking->target),
						   security | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_NOFORCE_RLS);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	execute_insert(tracking, values, nulls);
	SPI_finish();
	SetUserIdAndSecContext(user, security);
}
