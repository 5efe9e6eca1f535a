/*-------------------------------------------------------------------------
 *
 * notes.c
 *	  What a changelog says of itself: entries without a key.
 *
 * Notes are written when tracking begins or gets other columns or options
 * ("track"), when it ends ("untrack"), and when old entries are dropped
 * ("prune").  They tell with which options an entry was made, and what is known
 * of a row that has no older entry: it is as it was since tracking began, but
 * only if nothing could change unseen in between.
 *
 * The notes need not be there: the owner may drop the column that says more of
 * them, or their partition, and row-level security may hide them, as their keys
 * are NULL.  Where nothing is told, nothing is made up.
 *
 * All of it is read with the rights of the caller, inside of SPI.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "changelog/history.h"
#include "changelog/notes.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"

/* Columns of the notes' query. */
typedef enum NotesColumn
{
	NOTES_SINCE = 1,
	NOTES_PRUNED_BEFORE,
	NOTES_OLDEST_ENTRY
} NotesColumn;

/*
 * The notes, and of them:
 *
 *	- the first that tells of tracking the document after the last one from
 *	  which on it was not tracked;
 *	- before when all was dropped.  Where this is not told, it is what the
 *	  oldest note of tracking has as its time, which diffgen_prune sets;
 *	- if none tells of tracking, the oldest entry of the trigger.
 */
static const char *const notes_query =
"WITH notes AS ("
"SELECT change_id, changed_at, operation, %s AS context FROM %s WHERE %s IS NULL), "
"gap AS ("
"SELECT pg_catalog.max(change_id) AS change_id FROM notes "
"WHERE operation OPERATOR(pg_catalog.=) 'untrack'::pg_catalog.text "
"OR operation OPERATOR(pg_catalog.=) 'track'::pg_catalog.text "
"AND NOT ((context OPERATOR(pg_catalog.->) 'documents'::pg_catalog.text) OPERATOR(pg_catalog.?) $1)), "
"track AS ("
"SELECT pg_catalog.min(n.changed_at) AS first, "
"pg_catalog.min(n.changed_at) FILTER (WHERE g.change_id IS NULL "
"OR n.change_id OPERATOR(pg_catalog.>) g.change_id) AS since "
"FROM notes n, gap g WHERE n.operation OPERATOR(pg_catalog.=) 'track'::pg_catalog.text) "
"SELECT t.since, "
"(SELECT pg_catalog.max(COALESCE((n.context OPERATOR(pg_catalog.->>) 'before'::pg_catalog.text)::pg_catalog.timestamptz, t.first, n.changed_at)) "
"FROM notes n WHERE n.operation OPERATOR(pg_catalog.=) 'prune'::pg_catalog.text), "
"CASE WHEN t.since IS NULL THEN (SELECT l.changed_at FROM %s l "
"WHERE l.change_id OPERATOR(pg_catalog.>) 0 ORDER BY l.change_id LIMIT 1) END "
"FROM track t";

static bool
get_time(NotesColumn column, TimestampTz *time)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[0],
									  SPI_tuptable->tupdesc, column, &isnull);

	if (!isnull)
		*time = DatumGetTimestampTz(value);
	return !isnull;
}

/*
 * diffgen_find_beginning
 *		From when on the changelog has all changes of a document.
 *
 * label is what the changelog calls the document.  If no note tells when
 * tracking began, it has been there since the oldest entry at least.
 */
void
diffgen_find_beginning(const Tracking *tracking, const char *label,
					   Beginning *result)
{
	const char *changelog = diffgen_relation_name(tracking->changelog);
	bool		has_context = get_attnum(tracking->changelog,
										 "context") != InvalidAttrNumber;
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(label);
	char	   *query;

	memset(result, 0, sizeof(Beginning));
	query = psprintf(notes_query,
					 has_context ? "context" : "NULL::pg_catalog.jsonb",
					 changelog, quote_identifier(tracking->keys[0].log_name),
					 changelog);
	if (SPI_execute_with_args(query, 1, &type, &value, NULL, true,
							  1) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_with_args failed");
	result->is_told = get_time(NOTES_SINCE, &result->since);
	result->is_known = result->is_told ||
		get_time(NOTES_OLDEST_ENTRY, &result->since);
	result->is_pruned = get_time(NOTES_PRUNED_BEFORE,
								 &result->pruned_before);
	if (result->is_known && result->is_pruned)
		result->since = Max(result->since, result->pruned_before);
	SPI_freetuptable(SPI_tuptable);
}

/*
 * The options of the last note of tracking that a condition picks.
 */
static Datum
options_of_note(const Tracking *tracking, const char *condition, Oid type,
				Datum value)
{
	MemoryContext context = CurrentMemoryContext;
	Datum		result = tracking->options;
	char	   *query;

	if (get_attnum(tracking->changelog, "context") == InvalidAttrNumber)
		return result;
	query = psprintf("SELECT context OPERATOR(pg_catalog.->) 'options'::pg_catalog.text FROM %s "
					 "WHERE %s IS NULL AND operation OPERATOR(pg_catalog.=) 'track'::pg_catalog.text "
					 "AND %s ORDER BY change_id DESC LIMIT 1",
					 diffgen_relation_name(tracking->changelog),
					 quote_identifier(tracking->keys[0].log_name), condition);
	if (SPI_execute_with_args(query, 1, &type, &value, NULL, true,
							  1) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_with_args failed");

	/* SPI leaves its own memory context behind as the current one. */
	MemoryContextSwitchTo(context);
	if (SPI_processed > 0)
	{
		bool		isnull;
		Datum		options = SPI_getbinval(SPI_tuptable->vals[0],
											SPI_tuptable->tupdesc, 1,
											&isnull);

		if (!isnull && JB_ROOT_IS_OBJECT(DatumGetJsonbP(options)))
			result = JsonbPGetDatum(DatumGetJsonbPCopy(options));
	}
	SPI_freetuptable(SPI_tuptable);
	return result;
}

/*
 * diffgen_options_at_change
 *		The options that tracking had when an entry was made, or those it has
 *		where that is not told.
 *
 * The result is tracking's or in the current memory context.
 */
Datum
diffgen_options_at_change(const Tracking *tracking, int64 change_id)
{
	return options_of_note(tracking,
						   "change_id OPERATOR(pg_catalog.<) $1", INT8OID,
						   Int64GetDatum(change_id));
}

/*
 * diffgen_options_at_time
 *		The same for some time.
 */
Datum
diffgen_options_at_time(const Tracking *tracking, TimestampTz as_of)
{
	return options_of_note(tracking,
						   "changed_at OPERATOR(pg_catalog.<=) $1",
						   TIMESTAMPTZOID, TimestampTzGetDatum(as_of));
}
