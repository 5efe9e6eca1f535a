/*-------------------------------------------------------------------------
 *
 * row_log.c
 *	  Logs what has become of the documents of one row.
 *
 * A row is given as its key and the values of its tracked documents, in the
 * order of Tracking; where they come from is the triggers' business.  Key
 * and documents may be toasted.  All memory comes from the current context
 * and is not freed, so that it should be one that is reset for each row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "changelog/row_log.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

/*
 * diffgen_null_key
 *		Report that a column of a row's key is NULL.
 *
 * A primary key has no such row, but transition tables also have rows of
 * tables that inherit from the tracked one, which may allow it.
 */
void
diffgen_null_key(const Tracking *tracking, int i)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("cannot log a row of table \"%s\" whose key is null",
					get_rel_name(tracking->target)),
			 errdetail("Column \"%s\" is part of the primary key, but of this row, which may be one of a table that inherits from \"%s\", it is null.",
					   get_attname(tracking->relation,
								   tracking->keys[i].attnum, false),
					   get_rel_name(tracking->target)),
			 errhint("Set the column NOT NULL in the tables that inherit, or write to the table alone, with ONLY.")));
}

/*
 * diffgen_same_key
 *		Are two keys the same?  They are not if they are written differently
 *		(1.0 and 1.00), as both were keys of the changelog's rows.
 */
bool
diffgen_same_key(const Tracking *tracking, const Datum *a, const Datum *b)
{
	for (int i = 0; i < tracking->nkeys; i++)
	{
		if (!datum_image_eq(a[i], b[i], tracking->keys[i].typbyval,
							tracking->keys[i].typlen))
			return false;
	}
	return true;
}

/*
 * What has become of one document; false if there is nothing to be said.
 */
static bool
make_entry(const Tracking *tracking, DocumentKind kind, bool changes_only,
		   DocumentValue old_value, DocumentValue new_value,
		   ChangeEntry *entry)
{
	if (!diffgen_stored_alike(&old_value, &new_value) &&
		diffgen_make_entry(tracking, kind, old_value, new_value, entry))
		return true;
	if (changes_only)
		return false;
	diffgen_make_unchanged(tracking, kind, new_value, entry);
	return true;
}

/*
 * diffgen_log_row
 *		Log what has become of each document of a row.
 *
 * old_values or new_values are NULL where there is no such row.  An "update"
 * makes no entry for a document that has not changed.  The entries are
 * written with the batch if there is one, or else now.  Raises the errors of
 * diffgen_write_log.
 */
void
diffgen_log_row(const Tracking *tracking, struct LogBatch *batch,
				const char *operation, Datum *key,
				const DocumentValue *old_values,
				const DocumentValue *new_values)
{
	static const DocumentValue none = {(Datum) 0, true, NULL};
	ErrorContextCallback callback;
	ChangeEvent event;
	bool		changes_only = (strcmp(operation, "update") == 0);

	diffgen_push_context(tracking, &callback);
	event.operation = operation;
	event.changed_at = 0;
	event.key = key;
	for (int i = 0; i < tracking->ndocuments; i++)
	{
		const TrackedDocument *document = &tracking->documents[i];
		ChangeEntry entry;

		if (!AttributeNumberIsValid(document->attnum) ||
			!make_entry(tracking, document->kind, changes_only,
						old_values ? old_values[i] : none,
						new_values ? new_values[i] : none, &entry))
			continue;

		/* One time for all documents of the row. */
		if (event.changed_at == 0)
			event.changed_at = GetCurrentTimestamp();
		diffgen_write_log(tracking, batch, &event, document->label, &entry);
	}
	error_context_stack = callback.previous;
}

/*
 * diffgen_log_update
 *		Log a row that was updated, as diffgen_log_row does.
 *
 * If its key has changed, one history ends and another begins.
 */
void
diffgen_log_update(const Tracking *tracking, struct LogBatch *batch,
				   Datum *old_key, const DocumentValue *old_values,
				   Datum *new_key, const DocumentValue *new_values)
{
	if (diffgen_same_key(tracking, old_key, new_key))
		diffgen_log_row(tracking, batch, "update", new_key, old_values,
						new_values);
	else
	{
		diffgen_log_row(tracking, batch, "delete", old_key, old_values, NULL);
		diffgen_log_row(tracking, batch, "insert", new_key, old_values,
						new_values);
	}
}
