/*-------------------------------------------------------------------------
 *
 * walk.c
 *	  Goes back through the history of one document of one row.
 *
 * The way starts at the live document and leads back over the entries of the
 * changelog, newest first.  Where an entry holds a whole document, as of a
 * deleted row, or where there was none before, the walk goes on from there;
 * all else is patches.  Those of jsonb are gathered and applied at once
 * (diffgen_replay), which costs one reading and one writing of the document
 * however many there are; diffs of text are applied one by one.
 *
 * Nothing is believed without its hash.  Each entry says what the document's
 * hash was before and after, so that
 *
 *	- what an entry left must be what the next newer one found (a link), and
 *	- the document that comes out must have the hash that the last entry gone
 *	  back over names.
 *
 * When tracking was given other options in between, two entries can name
 * hashes of different views of the same document.  Then the document is made
 * and its hash taken with the older options; if it is not the one that the
 * older entry names, parts are unknown that were not recorded later on.
 *
 * Time: linear in the entries and the documents at whole ones.  Memory: the
 * document, the patches and what the edits take.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "changelog/history.h"
#include "changelog/notes.h"
#include "changelog/patch_rewrite.h"
#include "executor/spi.h"
#include "functions/compat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define WALK_BATCH	50

typedef struct Walk
{
	const RowKey *key;
	const Tracking *tracking;
	const TrackedDocument *document;
	const WalkGoal *goal;
	MemoryContext context;		/* of all that is kept */
	Datum		view;			/* options for hashes */

	DocumentKind kind;
	Datum		live;			/* the live document, if there is one */
	bool		exists;			/* the document that was arrived at ... */
	Datum		base;			/* ... is this one ... */
	WalkEntry  *entries;		/* ... after all patches gone back over ... */
	int			first;			/* ... from this one on */
	int			nentries;
	int			maxentries;

	bool		started;		/* an entry has been looked at */
	int64		newer;			/* the last one gone back over */
	bytea	   *hash;			/* what the document must have, or NULL */
	bool		has_hash;
} Walk;

/* An entry as it is fetched. */
typedef struct LogEntry
{
	int64		change_id;
	TimestampTz changed_at;
	bool		is_insert;
	text	   *diff;
	Jsonb	   *patch;
	bytea	   *old_hash;
	bytea	   *new_hash;
} LogEntry;

static void
walk_context(void *arg)
{
	const Walk *walk = arg;

	if (walk->started)
		errcontext("history of document \"%s\" of table \"%s\", at change " INT64_FORMAT,
				   walk->document->label,
				   get_rel_name(walk->tracking->target), walk->newer);
}

static bool
same_hash(const bytea *a, const bytea *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

static bytea *
hash_document(const Walk *walk, Datum document, Datum view)
{
	Oid			types[2] = {JSONBOID, JSONBOID};
	Oid			function;

	if (walk->kind == DOCUMENT_TEXT)
		return diffgen_document_hash(walk->tracking, walk->kind, document);
	function = diffgen_sibling(walk->tracking->schema, "diffgen_hash", 2,
							   types);
	return DatumGetByteaPP(OidFunctionCall2(function, document, view));
}

/*
 * The patch that takes an entry back, in the current context.  What it takes
 * to make it is freed with the scratch context.
 */
static Datum
inverse_patch(Oid invert, const WalkEntry *entry, MemoryContext scratch)
{
	MemoryContext old_context = MemoryContextSwitchTo(scratch);
	Jsonb	   *patch = diffgen_plain_patch(entry->patch);
	Datum		inverse = OidFunctionCall1(invert, JsonbPGetDatum(patch));

	patch = diffgen_patch_without_tests(DatumGetJsonbP(inverse));
	MemoryContextSwitchTo(old_context);
	inverse = datumCopy(JsonbPGetDatum(patch), false, -1);
	MemoryContextReset(scratch);
	return inverse;
}

/* The inverses of the gathered patches from one on, up to another. */
static ArrayType *
inverse_patches(Walk *walk, int from, int to)
{
	Oid			types[2] = {JSONBOID};
	Datum	   *patches = palloc(mul_size(Max(to - from, 1), sizeof(Datum)));
	Oid			invert = diffgen_sibling(walk->tracking->schema,
										 "diffgen_invert", 1, types);
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "diffgen inverse",
												  ALLOCSET_DEFAULT_SIZES);
	int64		newer = walk->newer;
	ArrayType  *result;

	for (int i = from; i < to; i++)
	{
		walk->newer = walk->entries[i].change_id;	/* for errors */
		patches[i - from] = inverse_patch(invert, &walk->entries[i], scratch);
	}
	walk->newer = newer;
	MemoryContextDelete(scratch);
	result = construct_array(patches, to - from, JSONBOID, -1, false,
							 TYPALIGN_INT);
	for (int i = from; i < to; i++)
		pfree(DatumGetPointer(patches[i - from]));
	pfree(patches);
	return result;
}

/*
 * A document after taking back the gathered entries from one on, up to
 * another.
 */
static Datum
replay(Walk *walk, Datum base, int from, int to)
{
	Oid			types[2] = {JSONBOID, JSONBARRAYOID};
	ArrayType  *patches = inverse_patches(walk, from, to);
	Datum		result;

	result = OidFunctionCall2(diffgen_sibling(walk->tracking->schema,
											  "diffgen_replay", 2, types),
							  base, PointerGetDatum(patches));
	pfree(patches);
	return result;
}

/*
 * Go on from another document.  The patches up to here stay, as blame plays
 * them forwards again.
 */
static void
set_base(Walk *walk, Datum document)
{
	walk->base = document;
	walk->first = walk->nentries;
}

/*
 * The document that was arrived at, in the walk's context.
 */
static Datum
current_document(Walk *walk)
{
	if (walk->first == walk->nentries)
		return walk->base;
	return replay(walk, walk->base, walk->first, walk->nentries);
}

static void
report_link(const Walk *walk, int64 older)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("history of document \"%s\" of table \"%s\" is broken between changes " INT64_FORMAT " and " INT64_FORMAT,
					walk->document->label,
					get_rel_name(walk->tracking->target), older,
					walk->newer),
			 errdetail("What the older one left is not what the newer one found."),
			 errhint("Entries were changed or removed, the document was changed while it was not tracked, or parts that are ignored now were not then.")));
}

/*
 * The document does not have the hash it should have: say which patch is
 * the first that leads astray.
 */
static void
report_hash(Walk *walk)
{
	int64		culprit = walk->newer;
	Datum		document = walk->base;

	for (int i = walk->first; i < walk->nentries; i++)
	{
		Datum		before;

		CHECK_FOR_INTERRUPTS();
		before = replay(walk, document, i, i + 1);
		if (document != walk->base)
			pfree(DatumGetPointer(document));
		document = before;
		if (!same_hash(hash_document(walk, document, walk->view),
					   walk->entries[i].old_hash))
		{
			culprit = walk->entries[i].change_id;

			/*
			 * A value that is redacted on one side of a change only is
			 * redacted on both in the patch.
			 */
			if (diffgen_patch_redacts(walk->entries[i].patch))
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot go back over change " INT64_FORMAT " of document \"%s\" of table \"%s\": it is redacted",
								culprit, walk->document->label,
								get_rel_name(walk->tracking->target)),
						 errdetail("A value that was not redacted before the change is redacted after it, and is not stored.")));
			break;
		}
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("history of document \"%s\" of table \"%s\" is broken at change " INT64_FORMAT,
					walk->document->label,
					get_rel_name(walk->tracking->target), culprit),
			 errdetail("Taking back the change does not give the document that was there before it.")));
}

/*
 * Check that an entry left what the next newer one found, or what is live.
 */
static void
check_link(Walk *walk, const LogEntry *entry)
{
	Datum		view;
	Datum		document;

	if (walk->has_hash && same_hash(walk->hash, entry->new_hash))
		return;
	if (!walk->has_hash)
	{
		bytea	   *hash = walk->exists ?
			hash_document(walk, walk->base, walk->view) : NULL;

		if (same_hash(hash, entry->new_hash))
			return;
	}

	/* Perhaps other parts of it were recorded then. */
	if (walk->exists && entry->new_hash != NULL &&
		walk->kind != DOCUMENT_TEXT)
	{
		view = diffgen_view_options(diffgen_options_at_change(walk->tracking,
															  entry->change_id));
		document = current_document(walk);
		if (!datumIsEqual(view, walk->view, false, -1) &&
			same_hash(hash_document(walk, document, view), entry->new_hash))
		{
			walk->view = view;
			walk->hash = entry->new_hash;
			walk->has_hash = true;
			set_base(walk, document);
			return;
		}
	}

	if (walk->has_hash)
		report_link(walk, entry->change_id);
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("document \"%s\" of table \"%s\" is not as change " INT64_FORMAT " left it",
					walk->document->label,
					get_rel_name(walk->tracking->target), entry->change_id),
			 errdetail("The way back begins at the live row."),
			 errhint("Entries were changed or removed, the document was changed while it was not tracked, or parts that are ignored now were not then.")));
}

/*
 * Take a diff back.  There can be a thousand of them, so nothing is kept but
 * the text that comes out.
 */
static void
undo_text(Walk *walk, const LogEntry *entry)
{
	Oid			types[2] = {TEXTOID, TEXTOID};
	Datum		after = entry->new_hash ? walk->base :
		CStringGetTextDatum("");
	Datum		inverse;

	inverse = OidFunctionCall1(diffgen_sibling(walk->tracking->schema,
											   "diffgen_invert", 1, types),
							   PointerGetDatum(entry->diff));
	walk->base = OidFunctionCall2(diffgen_sibling(walk->tracking->schema,
												  "diffgen_apply", 2, types),
								  after, inverse);
	if (walk->base != after)
		pfree(DatumGetPointer(after));
	if (inverse != PointerGetDatum(entry->diff))
		pfree(DatumGetPointer(inverse));
	pfree(entry->diff);
}

/* Keep a patch for later. */
static void
gather(Walk *walk, const LogEntry *entry)
{
	WalkEntry  *kept;

	if (walk->nentries == walk->maxentries)
	{
		walk->maxentries = Max(64, walk->maxentries * 2);
		walk->entries = walk->entries == NULL ?
			palloc(mul_size(walk->maxentries, sizeof(WalkEntry))) :
			repalloc(walk->entries, mul_size(walk->maxentries,
											 sizeof(WalkEntry)));
	}
	kept = &walk->entries[walk->nentries++];
	kept->change_id = entry->change_id;
	kept->old_hash = entry->old_hash;
	kept->patch = entry->patch;
}

static void
report_incomplete(const Walk *walk)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("change " INT64_FORMAT " of document \"%s\" of table \"%s\" has no patch to take back",
					walk->newer, walk->document->label,
					get_rel_name(walk->tracking->target))));
}

/*
 * Take an entry back.  Runs in the walk's context.
 */
static void
take_back(Walk *walk, const LogEntry *entry)
{
	walk->newer = entry->change_id;
	walk->has_hash = true;
	walk->hash = entry->is_insert ? NULL : entry->old_hash;

	if (walk->hash == NULL)
	{
		walk->exists = false;
		set_base(walk, (Datum) 0);
		return;
	}
	if (walk->kind == DOCUMENT_TEXT)
	{
		if (entry->diff == NULL)
			report_incomplete(walk);
		undo_text(walk, entry);
		walk->exists = true;
		if (!same_hash(hash_document(walk, walk->base, walk->view),
					   walk->hash))
			report_hash(walk);
		return;
	}
	if (entry->patch == NULL)
		report_incomplete(walk);
	if (entry->new_hash == NULL)
	{
		set_base(walk, JsonbPGetDatum(diffgen_whole_document(entry->patch)));
		walk->exists = true;
		return;
	}
	gather(walk, entry);
}

/* Does the walk end before an entry is taken back? */
static bool
reached_goal(const WalkGoal *goal, const LogEntry *entry)
{
	if (goal->to_origin)
		return entry->is_insert || entry->old_hash == NULL ||
			entry->new_hash == NULL;
	if (goal->by_time)
		return entry->changed_at <= goal->as_of;
	return entry->change_id < goal->change_id ||
		(entry->change_id == goal->change_id && !goal->before);
}

static struct varlena *
get_varlena(HeapTuple tuple, TupleDesc desc, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(tuple, desc, column, &isnull);

	return isnull ? NULL : PG_DETOAST_DATUM_COPY(value);
}

static void
read_entry(HeapTuple tuple, TupleDesc desc, LogEntry *entry)
{
	bool		isnull;

	entry->change_id = DatumGetInt64(SPI_getbinval(tuple, desc, 1, &isnull));
	entry->changed_at = DatumGetTimestampTz(SPI_getbinval(tuple, desc, 2,
														  &isnull));
	entry->is_insert = DatumGetBool(SPI_getbinval(tuple, desc, 3, &isnull));
	entry->old_hash = (bytea *) get_varlena(tuple, desc, 6);
	entry->new_hash = (bytea *) get_varlena(tuple, desc, 7);
	entry->diff = NULL;
	entry->patch = NULL;
}

/*
 * A live document as it is recorded, in the walk's context: redacted values
 * are markers.
 */
static Datum
recorded_view(const Walk *walk, Datum value)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "diffgen live document",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(scratch);
	Datum		result = diffgen_detoasted(walk->kind, value);

	Datum		redact = diffgen_list_options(&walk->tracking->options, 1,
											  "redact", "redact");

	if (walk->kind != DOCUMENT_TEXT && redact != (Datum) 0)
	{
		struct varlena *patch;

		patch = diffgen_whole_patch(walk->tracking, result, redact);
		if (result != value)
			pfree(DatumGetPointer(result));
		MemoryContextSwitchTo(walk->context);
		result = JsonbPGetDatum(diffgen_whole_document((Jsonb *) patch));
	}
	else
	{
		MemoryContextSwitchTo(walk->context);
		result = datumCopy(result, false, -1);
	}
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(scratch);
	return result;
}

/* Begin at the live document, if there is one. */
static void
read_live(Walk *walk)
{
	const Tracking *tracking = walk->tracking;
	StringInfoData query;

	if (!AttributeNumberIsValid(walk->document->attnum))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column of document \"%s\" of table \"%s\" is gone",
						walk->document->label,
						get_rel_name(tracking->target))));
	initStringInfo(&query);

	/* Rows of tables that inherit from it are not its own. */
	appendStringInfo(&query, "SELECT %s FROM %s %s WHERE ",
					 quote_identifier(get_attname(tracking->target,
												  walk->document->attnum,
												  false)),
					 get_rel_relkind(tracking->target) == RELKIND_RELATION ?
					 "ONLY" : "",
					 diffgen_relation_name(tracking->target));
	diffgen_append_condition(&query, walk->key, false);
	if (SPI_execute_with_args(query.data, tracking->nkeys, walk->key->types,
							  walk->key->values, NULL, true,
							  1) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_with_args failed");
	if (SPI_processed > 0)
	{
		bool		isnull;
		Datum		value = SPI_getbinval(SPI_tuptable->vals[0],
										  SPI_tuptable->tupdesc, 1, &isnull);

		if (!isnull)
		{
			walk->exists = true;
			walk->live = recorded_view(walk, value);
			walk->base = walk->live;
		}
	}
	SPI_freetuptable(SPI_tuptable);
}

static void
report_no_change(const Walk *walk)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("row of table \"%s\" has no change " INT64_FORMAT " of document \"%s\"",
					get_rel_name(walk->tracking->target),
					walk->goal->change_id, walk->document->label)));
}

/*
 * There are no older entries: does the changelog know what was then?
 *
 * A document that an entry says to have been inserted was not there before,
 * also when tracking began later, as entries of snapshots tell.  What is live
 * is known to be so in this transaction.
 */
static void
check_time(const Walk *walk)
{
	const char *table = get_rel_name(walk->tracking->target);
	TimestampTz as_of = walk->goal->as_of;
	Beginning	beginning;
	bool		inserted = walk->started && !walk->exists;

	diffgen_find_beginning(walk->tracking, walk->document->label, &beginning);
	if (!beginning.is_known)
	{
		if (as_of < GetCurrentTransactionStartTimestamp())
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("it is not known when the history of table \"%s\" begins",
							table),
					 errhint("Entries of the changelog about itself were removed, or row-level security hides them.")));
		return;
	}
	if (inserted && beginning.has_options)
	{
		beginning.since = beginning.pruned_before;
		if (!beginning.is_pruned)
			return;
	}
	if (as_of < beginning.since)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("history of table \"%s\" begins at %s", table,
						timestamptz_to_str(beginning.since))));
}

/*
 * There are no older entries: is that where the walk was to end?
 */
static void
check_beginning(const Walk *walk)
{
	const WalkGoal *goal = walk->goal;

	if (goal->by_time)
		check_time(walk);
	else if (!goal->to_origin &&
			 !(goal->before && walk->started &&
			   walk->newer == goal->change_id))
		report_no_change(walk);
}

static char *
entries_query(const Walk *walk)
{
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query,
					 "SELECT change_id, changed_at, operation OPERATOR(pg_catalog.=) 'insert'::pg_catalog.text, "
					 "diff, patch, old_hash, new_hash FROM %s WHERE ",
					 diffgen_relation_name(walk->tracking->changelog));
	diffgen_append_condition(&query, walk->key, true);
	appendStringInfo(&query,
					 " AND document OPERATOR(pg_catalog.=) $%d ORDER BY change_id DESC",
					 walk->tracking->nkeys + 1);
	return query.data;
}

/*
 * Look at one entry; true if the walk ends before it.
 */
static bool
look_at(Walk *walk, HeapTuple tuple, TupleDesc desc, WalkResult *result)
{
	MemoryContext old_context = MemoryContextSwitchTo(walk->context);
	LogEntry	entry;

	read_entry(tuple, desc, &entry);
	check_link(walk, &entry);
	if (reached_goal(walk->goal, &entry))
	{
		const WalkGoal *goal = walk->goal;

		if (!goal->by_time && !goal->to_origin &&
			entry.change_id < goal->change_id &&
			!(goal->before && walk->started &&
			  walk->newer == goal->change_id))
			report_no_change(walk);
		result->origin = entry.change_id;
		MemoryContextSwitchTo(old_context);
		return true;
	}
	if (walk->kind == DOCUMENT_TEXT)
		entry.diff = (text *) get_varlena(tuple, desc, 4);
	entry.patch = (Jsonb *) get_varlena(tuple, desc, 5);
	walk->started = true;
	take_back(walk, &entry);
	MemoryContextSwitchTo(old_context);
	return false;
}

static void
go_back(Walk *walk, WalkResult *result)
{
	int			nkeys = walk->tracking->nkeys;
	Portal		portal;
	bool		done = false;
	bool		more = true;

	walk->key->types[nkeys] = TEXTOID;
	walk->key->values[nkeys] = CStringGetTextDatum(walk->document->label);
	portal = SPI_cursor_open_with_args(NULL, entries_query(walk), nkeys + 1,
									   walk->key->types, walk->key->values,
									   NULL, true, 0);
	while (!done && more)
	{
		SPITupleTable *rows;
		uint64		nrows;

		SPI_cursor_fetch(portal, true, WALK_BATCH);
		rows = SPI_tuptable;
		nrows = SPI_processed;
		more = (nrows > 0);
		for (uint64 i = 0; i < nrows && !done; i++)
		{
			CHECK_FOR_INTERRUPTS();
			done = look_at(walk, rows->vals[i], rows->tupdesc, result);
		}
		SPI_freetuptable(rows);
	}
	SPI_cursor_close(portal);
	if (!done)
		check_beginning(walk);
}

/*
 * diffgen_walk
 *		Go back through the history of a row's document, as far as the goal
 *		says.
 *
 * label is what the changelog calls the document.  The result is in the
 * current memory context.  Reads the table and the changelog with the rights
 * of the caller and the snapshot of the statement.  Raises
 * ERRCODE_DATA_CORRUPTED where the history is broken, and
 * ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE where it does not reach so far.
 */
void
diffgen_walk(const RowKey *key, const char *label, const WalkGoal *goal,
			 WalkResult *result)
{
	ErrorContextCallback callback;
	Walk		walk;

	memset(&walk, 0, sizeof(walk));
	walk.key = key;
	walk.tracking = key->tracking;
	walk.document = diffgen_find_document(key->tracking, label);
	walk.goal = goal;
	walk.context = CurrentMemoryContext;
	walk.view = key->tracking->view_options;
	walk.kind = walk.document->kind;
	memset(result, 0, sizeof(WalkResult));

	callback.callback = walk_context;
	callback.arg = &walk;
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	read_live(&walk);
	go_back(&walk, result);
	SPI_finish();

	result->kind = walk.kind;
	result->exists = walk.exists;
	if (walk.exists)
	{
		result->document = current_document(&walk);
		if (walk.has_hash &&
			!same_hash(hash_document(&walk, result->document, walk.view),
					   walk.hash))
			report_hash(&walk);
	}
	result->nentries = walk.nentries;
	result->entries = walk.entries;
	result->live = walk.live;
	error_context_stack = callback.previous;
}
