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
 * Where many rows are written at once they are collected, and a batch of them
 * is written by one INSERT ... SELECT, which saves the start of the executor
 * for each.  It selects from a tuplestore that has a name for the time being;
 * such a name comes before those of the search path.
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
#include "utils/queryenvironment.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"
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

/* A batch is written when it has as many rows, or bytes in documents. */
#define BATCH_ROWS		1000
#define BATCH_BYTES		(1024 * 1024)

/* What INSERT ... SELECT calls the rows of a batch. */
#define BATCH_NAME		"diffgen_batch"

/* A statement, prepared when it is needed. */
typedef struct LogStatement
{
	char	   *text;
	SPIPlanPtr	plan;			/* NULL until then */
} LogStatement;

typedef struct LogWriter
{
	LogStatement one_row;		/* its parameters are the columns */
	LogStatement batch;
	TupleDesc	desc;			/* the columns: the key's, and these: */
	LogColumn	columns[LOG_COLUMNS];	/* those that the changelog has */
	int			ncolumns;
	Oid		   *types;			/* of all columns */
	MemoryContextCallback cleanup;
} LogWriter;

typedef struct LogBatch
{
	const Tracking *tracking;
	MemoryContext context;
	Tuplestorestate *rows;		/* NULL if there are none */
	int			nrows;
	Size		bytes;
} LogBatch;

/*
 * diffgen_is_log_column
 *		Does each changelog have a column of this name, whatever its key?
 */
bool
diffgen_is_log_column(const char *name)
{
	for (int i = 0; i < LOG_COLUMNS; i++)
	{
		if (strcmp(log_columns[i].name, name) == 0)
			return true;
	}
	return strcmp(name, COLUMN_CHANGE_ID) == 0;
}

static void
free_plans(void *arg)
{
	LogWriter  *writer = arg;

	if (writer->one_row.plan != NULL)
		SPI_freeplan(writer->one_row.plan);
	if (writer->batch.plan != NULL)
		SPI_freeplan(writer->batch.plan);
}

/*
 * Make the statements that write the columns of these names.
 */
static void
make_statements(LogWriter *writer, Relation changelog, char **names, int n)
{
	StringInfoData list;
	StringInfoData params;
	StringInfoData selected;
	char	   *schema;
	char	   *log_name;

	writer->desc = CreateTemplateTupleDesc(n);
	initStringInfo(&list);
	initStringInfo(&params);
	initStringInfo(&selected);
	for (int i = 0; i < n; i++)
	{
		const char *comma = i > 0 ? ", " : "";
		char		column[NAMEDATALEN];

		snprintf(column, sizeof(column), "c%d", i + 1);
		TupleDescInitEntry(writer->desc, i + 1, column, writer->types[i], -1,
						   0);
		appendStringInfo(&list, "%s%s", comma, quote_identifier(names[i]));
		appendStringInfo(&params, "%s$%d", comma, i + 1);
		appendStringInfo(&selected, "%s%s", comma, column);
	}
	TupleDescFinalize(writer->desc);

	schema = get_namespace_name(RelationGetNamespace(changelog));
	log_name = quote_qualified_identifier(schema,
										  RelationGetRelationName(changelog));
	writer->one_row.text = psprintf("INSERT INTO %s (%s) VALUES (%s)",
									log_name, list.data, params.data);
	writer->batch.text = psprintf("INSERT INTO %s (%s) SELECT %s FROM %s",
								  log_name, list.data, selected.data,
								  BATCH_NAME);
}

/*
 * diffgen_make_writer
 *		Prepare to write into a changelog.
 *
 * Columns of the changelog that are only for the reader may have been
 * dropped, and others added.  Memory comes from the current context, which
 * is to be a child of the tracking's own.
 */
LogWriter *
diffgen_make_writer(const Tracking *tracking, Relation changelog)
{
	LogWriter  *writer = palloc0(sizeof(LogWriter));
	char	  **names = palloc(mul_size(tracking->nkeys + LOG_COLUMNS,
										sizeof(char *)));
	int			n = 0;

	writer->types = palloc(mul_size(tracking->nkeys + LOG_COLUMNS,
									sizeof(Oid)));
	for (; n < tracking->nkeys; n++)
	{
		names[n] = tracking->keys[n].log_name;
		writer->types[n] = tracking->keys[n].type;
	}
	for (int i = 0; i < LOG_COLUMNS; i++)
	{
		AttrNumber	attnum = get_attnum(RelationGetRelid(changelog),
										log_columns[i].name);

		if (AttributeNumberIsValid(attnum) &&
			get_atttype(RelationGetRelid(changelog),
						attnum) == log_columns[i].type)
		{
			names[n] = unconstify(char *, log_columns[i].name);
			writer->types[n++] = log_columns[i].type;
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
	make_statements(writer, changelog, names, n);
	writer->cleanup.func = free_plans;
	writer->cleanup.arg = writer;
	MemoryContextRegisterResetCallback(CurrentMemoryContext,
									   &writer->cleanup);
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

/* The transaction may have failed: no look into the catalog. */
static void
error_context(void *arg)
{
	errcontext("changelog of table \"%s\"",
			   ((const Tracking *) arg)->target_name);
}

/*
 * diffgen_push_context
 *		Have errors tell that they are about the changelog of a table.
 *
 * The caller sets error_context_stack back to callback->previous.
 */
void
diffgen_push_context(const Tracking *tracking, ErrorContextCallback *callback)
{
	callback->callback = error_context;
	callback->arg = unconstify(Tracking *, tracking);
	callback->previous = error_context_stack;
	error_context_stack = callback;
}

/*
 * diffgen_become_owner
 *		Connect to SPI as the owner of the tracked table.
 *
 * If there is an error, the end of the (sub)transaction restores the role.
 */
void
diffgen_become_owner(const Tracking *tracking, Role *role)
{
	GetUserIdAndSecContext(&role->user, &role->security);
	SetUserIdAndSecContext(diffgen_owner(tracking->target),
						   role->security | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_NOFORCE_RLS);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

/*
 * diffgen_resume_role
 *		Disconnect, and act again as the role that diffgen_become_owner found.
 */
void
diffgen_resume_role(const Role *role)
{
	SPI_finish();
	SetUserIdAndSecContext(role->user, role->security);
}

static void
execute(LogStatement *statement, int nparams, Oid *types, Datum *values,
		const char *nulls)
{
	if (statement->plan == NULL)
	{
		SPIPlanPtr	plan = SPI_prepare(statement->text, nparams, types);

		if (plan == NULL)
			elog(ERROR, "SPI_prepare failed: %s",
				 SPI_result_code_string(SPI_result));
		if (SPI_keepplan(plan) != 0)
			elog(ERROR, "SPI_keepplan failed");
		statement->plan = plan;
	}
	if (SPI_execute_plan(statement->plan, values, nulls, false,
						 0) != SPI_OK_INSERT)
		elog(ERROR, "SPI_execute_plan failed: %s",
			 SPI_result_code_string(SPI_result));
}

/* Write one row now. */
static void
write_row(const Tracking *tracking, Datum *values, const bool *nulls)
{
	LogWriter  *writer = tracking->writer;
	int			n = writer->desc->natts;
	char	   *null_letters = palloc(n);
	Role		role;

	for (int i = 0; i < n; i++)
		null_letters[i] = nulls[i] ? 'n' : ' ';
	diffgen_become_owner(tracking, &role);
	execute(&writer->one_row, n, writer->types, values, null_letters);
	diffgen_resume_role(&role);
}

/*
 * diffgen_begin_batch
 *		Collect rows for a changelog, to write them faster than one by one.
 *
 * The batch is in the current memory context, with all rows of it, of which
 * there are never much more than BATCH_BYTES or the largest one.
 */
LogBatch *
diffgen_begin_batch(const Tracking *tracking)
{
	LogBatch   *batch = palloc0(sizeof(LogBatch));

	batch->tracking = tracking;
	batch->context = CurrentMemoryContext;
	return batch;
}

static void
write_batch(LogBatch *batch)
{
	LogWriter  *writer = batch->tracking->writer;
	EphemeralNamedRelationData relation;
	Role		role;

	memset(&relation, 0, sizeof(relation));
	relation.md.name = pstrdup(BATCH_NAME);
	relation.md.tupdesc = writer->desc;
	relation.md.enrtype = ENR_NAMED_TUPLESTORE;
	relation.md.enrtuples = batch->nrows;
	relation.reldata = batch->rows;

	diffgen_become_owner(batch->tracking, &role);
	if (SPI_register_relation(&relation) != SPI_OK_REL_REGISTER)
		elog(ERROR, "SPI_register_relation failed");
	execute(&writer->batch, 0, NULL, NULL, NULL);
	diffgen_resume_role(&role);

	tuplestore_end(batch->rows);
	batch->rows = NULL;
	batch->nrows = 0;
	batch->bytes = 0;
}

/*
 * diffgen_flush_batch
 *		Write all rows that were collected, in their order.
 *
 * Has to be called at the end.  The errors are those of diffgen_write_log.
 */
void
diffgen_flush_batch(LogBatch *batch)
{
	ErrorContextCallback callback;

	if (batch->rows == NULL)
		return;
	diffgen_push_context(batch->tracking, &callback);
	write_batch(batch);
	error_context_stack = callback.previous;
}

static Size
entry_size(const ChangeEntry *entry)
{
	return (entry->diff ? VARSIZE_ANY(entry->diff) : 0) +
		(entry->patch ? VARSIZE_ANY(entry->patch) : 0) +
		(entry->paths ? VARSIZE_ANY(entry->paths) : 0);
}

/* Put a row to the others of a batch. */
static void
collect_row(LogBatch *batch, Datum *values, bool *nulls, Size size)
{
	LogWriter  *writer = batch->tracking->writer;
	MemoryContext old_context = MemoryContextSwitchTo(batch->context);

	if (batch->rows == NULL)
		batch->rows = tuplestore_begin_heap(false, false, work_mem);
	MemoryContextSwitchTo(old_context);
	tuplestore_putvalues(batch->rows, writer->desc, values, nulls);
	batch->nrows++;
	batch->bytes += size;
	if (batch->nrows >= BATCH_ROWS || batch->bytes >= BATCH_BYTES)
		write_batch(batch);
}

/*
 * diffgen_write_log
 *		Write a row into the changelog, as the owner of the tracked table.
 *
 * With a batch, which may be NULL, it may be written later.  label is what the
 * changelog calls the document.  Raises the errors of an INSERT, also
 * ERRCODE_INSUFFICIENT_PRIVILEGE.
 */
void
diffgen_write_log(const Tracking *tracking, LogBatch *batch,
				  const ChangeEvent *event, const char *label,
				  const ChangeEntry *entry)
{
	LogWriter  *writer = tracking->writer;
	int			n = writer->desc->natts;
	Datum	   *values = palloc(mul_size(n, sizeof(Datum)));
	bool	   *nulls = palloc0(n);

	for (int i = 0; i < tracking->nkeys; i++)
		values[i] = event->key[i];
	for (int i = 0; i < writer->ncolumns; i++)
	{
		int			column = tracking->nkeys + i;

		values[column] = column_value(writer->columns[i], event, label, entry,
									  &nulls[column]);
	}
	if (batch != NULL)
		collect_row(batch, values, nulls, entry_size(entry));
	else
		write_row(tracking, values, nulls);
}
