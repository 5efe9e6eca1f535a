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
 * Within a transaction, entries are not always in the order of the changes that
 * they tell of: triggers for a statement's first row can change its second
 * before that one's own trigger fires.  There the hashes tell the order.
 *
 * The live document is taken as it is, as what is redacted or ignored now need
 * not have been so then.  What is known of a state is redacted at the end, by
 * the options of then.
 *
 * walk_read.c reads, walk_proof.c makes and proves documents; here is which
 * entry comes next, and what it means.
 *
 * Time: linear in the entries and the documents at whole ones.  Memory: the
 * document, the patches and what the edits take.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "changelog/notes.h"
#include "changelog/take_back.h"
#include "changelog/walk_private.h"
#include "executor/spi.h"
#include "functions/compat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define WALK_BATCH	50

static void
walk_context(void *arg)
{
	const Walk *walk = arg;

	if (walk->started)
		errcontext("history of document \"%s\" of table \"%s\", at change " INT64_FORMAT,
				   walk->document->label,
				   walk->tracking->target_name, walk->newer);
}

/*
 * Go on from another document, or from none: what is newer has nothing to do
 * with it.
 */
static void
begin_again(Walk *walk, bool exists, Datum document)
{
	if (walk->exists && walk->base != walk->live)
		pfree(DatumGetPointer(walk->base));
	for (int i = 0; i < walk->nentries; i++)
		pfree(walk->entries[i].patch);
	walk->first = 0;
	walk->nentries = 0;
	walk->exists = exists;
	walk->base = document;
}

static void
report_link(const Walk *walk, int64 older)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("history of document \"%s\" of table \"%s\" is broken between changes " INT64_FORMAT " and " INT64_FORMAT,
					walk->document->label,
					walk->tracking->target_name, older,
					walk->newer),
			 errdetail("What the older one left is not what the newer one found."),
			 errhint("Entries were changed or removed, the document was changed while it was not tracked, or parts that are ignored now were not then.")));
}

/*
 * Perhaps other parts of the document were recorded when an entry was made, as
 * tracking had other options.  If it is what the entry left by those options,
 * the walk goes on with them.
 */
static bool
change_view(Walk *walk, const LogEntry *entry)
{
	Datum		views[2];
	Datum		document;

	if (!walk->exists || entry->new_hash == NULL ||
		walk->kind == DOCUMENT_TEXT)
		return false;
	document = diffgen_walk_document(walk);
	views[0] = walk->view;
	views[1] = diffgen_walk_view_at(walk, entry->change_id);
	if (datumIsEqual(views[0], views[1], false, -1))
		return false;
	if (!diffgen_same_hash(diffgen_walk_hash(walk, document, views[1]),
						   entry->new_hash))
	{
		if (walk->started &&
			diffgen_walk_lacks_values(walk, document, views, 2))
			diffgen_walk_report_redacted(walk, walk->newer);
		return false;
	}

	walk->newer_view = views[0];
	walk->view = views[1];
	walk->hash = entry->new_hash;
	walk->has_hash = true;

	/* The patches up to here stay, as blame plays them forwards again. */
	if (walk->base != document && walk->base != walk->live)
		pfree(DatumGetPointer(walk->base));
	walk->base = document;
	walk->first = walk->nentries;
	return true;
}

/* The hash of the state that was arrived at. */
static const bytea *
current_hash(Walk *walk)
{
	if (!walk->has_hash && walk->exists && walk->hash == NULL)
		walk->hash = diffgen_walk_hash(walk, walk->base, walk->view);
	return walk->hash;
}

/*
 * Check that an entry left what the next newer one found, or what is live.
 */
static void
check_link(Walk *walk, const LogEntry *entry)
{
	if (diffgen_same_hash(current_hash(walk), entry->new_hash) ||
		change_view(walk, entry))
		return;

	if (walk->has_hash)
		report_link(walk, entry->change_id);
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("document \"%s\" of table \"%s\" is not as change " INT64_FORMAT " left it",
					walk->document->label,
					walk->tracking->target_name, entry->change_id),
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
	Datum		after = entry->new_hash ? walk->base :
		CStringGetTextDatum("");
	Datum		before;
	char	   *message;

	if (!diffgen_take_back_text(walk->tracking, after, entry->diff, &before,
								&message))
		diffgen_walk_report_broken(walk, entry->change_id, message);
	if (before != after && after != walk->live)
		pfree(DatumGetPointer(after));
	pfree(entry->diff);
	walk->base = before;
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
					walk->tracking->target_name)));
}

/*
 * Take an entry back.  Runs in the walk's context.
 */
static void
take_back(Walk *walk, const LogEntry *entry)
{
	Datum		document;
	char	   *message;

	walk->started = true;
	walk->newer_view = (Datum) 0;
	walk->newer = entry->change_id;
	walk->has_hash = true;
	walk->hash = entry->is_insert ? NULL : entry->old_hash;

	if (walk->hash == NULL)
	{
		begin_again(walk, false, (Datum) 0);
		return;
	}
	if (walk->kind == DOCUMENT_TEXT)
	{
		if (entry->diff == NULL)
			report_incomplete(walk);
		undo_text(walk, entry);
		walk->exists = true;
		if (!diffgen_same_hash(diffgen_walk_hash(walk, walk->base, walk->view),
							   walk->hash))
			diffgen_walk_report_broken(walk, entry->change_id, NULL);
		return;
	}
	if (entry->patch == NULL)
		report_incomplete(walk);
	if (entry->new_hash == NULL)
	{
		if (!diffgen_take_back_removal(entry->patch, &document, &message))
			diffgen_walk_report_broken(walk, entry->change_id, message);
		begin_again(walk, true, document);
		pfree(entry->patch);
		return;
	}
	gather(walk, entry);
}

/* Is the entry of a change among those that wait? */
static bool
is_aside(const Walk *walk, int64 change_id)
{
	for (int i = 0; i < walk->naside; i++)
	{
		if (walk->aside[i].change_id == change_id)
			return true;
	}
	return false;
}

static void
report_no_change(const Walk *walk)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("row of table \"%s\" has no change " INT64_FORMAT " of document \"%s\"",
					walk->tracking->target_name,
					walk->goal->change_id, walk->document->label)));
}

/* Is the state that an entry left the one that is wanted? */
static bool
reached_goal(const Walk *walk, const LogEntry *entry)
{
	const WalkGoal *goal = walk->goal;

	if (goal->to_origin)
		return entry->is_insert || entry->old_hash == NULL ||
			entry->new_hash == NULL;
	if (goal->by_time)
		return entry->changed_at <= goal->as_of;
	if (goal->before ? walk->started && walk->newer == goal->change_id :
		entry->change_id == goal->change_id)
		return true;

	/* Newer entries have all been looked at. */
	if (entry->change_id < goal->change_id &&
		!is_aside(walk, goal->change_id))
		report_no_change(walk);
	return false;
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
	const char *table = walk->tracking->target_name;
	TimestampTz as_of = walk->goal->as_of;
	Beginning	beginning;
	bool		inserted = walk->started && !walk->exists;

	/* What is live is so until something changes it. */
	if (as_of >= GetCurrentTimestamp())
		return;
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
	if (inserted && beginning.is_told)
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

/* Let an entry wait for those that it comes before. */
static void
set_aside(Walk *walk, const LogEntry *entry)
{
	if (walk->naside == walk->maxaside)
	{
		walk->maxaside = Max(8, walk->maxaside * 2);
		walk->aside = walk->aside == NULL ?
			palloc(mul_size(walk->maxaside, sizeof(LogEntry))) :
			repalloc(walk->aside, mul_size(walk->maxaside, sizeof(LogEntry)));
	}
	walk->aside[walk->naside++] = *entry;
}

/* Does the walk end before an entry is taken back?  Says in the result where. */
static bool
ends_before(Walk *walk, const LogEntry *entry, WalkResult *result)
{
	if (!reached_goal(walk, entry))
		return false;
	result->origin = entry->change_id;
	return true;
}

/*
 * Take back those of the waiting entries whose turn it is; true if the walk
 * ends before one.
 *
 * If all have to go, the newest of the others comes next, or is the one to
 * complain of.
 */
static bool
pass_waiting(Walk *walk, bool all, WalkResult *result)
{
	while (walk->naside > 0)
	{
		LogEntry	entry;
		int			i = 0;

		CHECK_FOR_INTERRUPTS();
		while (i < walk->naside &&
			   !diffgen_same_hash(current_hash(walk), walk->aside[i].new_hash))
			i++;
		if (i == walk->naside)
		{
			if (!all)
				return false;
			i = 0;
			check_link(walk, &walk->aside[i]);
		}
		entry = walk->aside[i];
		walk->naside--;
		memmove(&walk->aside[i], &walk->aside[i + 1],
				(walk->naside - i) * sizeof(LogEntry));
		if (ends_before(walk, &entry, result))
			return true;
		take_back(walk, &entry);
	}
	return false;
}

/*
 * Look at the next entry; true if the walk ends before it.
 */
static bool
look_at(Walk *walk, HeapTuple tuple, TupleDesc desc, WalkResult *result)
{
	LogEntry	entry;

	diffgen_walk_read_entry(tuple, desc, &entry);
	if (walk->naside > 0 && walk->aside[0].transaction != entry.transaction &&
		pass_waiting(walk, true, result))
		return true;

	if (!diffgen_same_hash(current_hash(walk), entry.new_hash))
	{
		diffgen_walk_read_change(walk, tuple, desc, &entry);
		set_aside(walk, &entry);
		return entry.transaction == 0 && pass_waiting(walk, true, result);
	}

	if (ends_before(walk, &entry, result))
		return true;
	diffgen_walk_read_change(walk, tuple, desc, &entry);
	take_back(walk, &entry);
	return pass_waiting(walk, false, result);
}

static void
go_back(Walk *walk, WalkResult *result)
{
	Portal		portal = diffgen_walk_open(walk);
	bool		done = false;
	bool		more = true;

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
			MemoryContext old_context = MemoryContextSwitchTo(walk->context);

			CHECK_FOR_INTERRUPTS();
			done = look_at(walk, rows->vals[i], rows->tupdesc, result);
			MemoryContextSwitchTo(old_context);
		}
		SPI_freetuptable(rows);
	}
	SPI_cursor_close(portal);
	if (!done)
	{
		MemoryContext old_context = MemoryContextSwitchTo(walk->context);

		done = pass_waiting(walk, true, result);
		MemoryContextSwitchTo(old_context);
	}
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
	diffgen_walk_read_live(&walk);
	go_back(&walk, result);
	MemoryContextSwitchTo(walk.context);
	result->kind = walk.kind;
	result->exists = walk.exists;
	if (walk.exists)
	{
		result->document = diffgen_walk_document(&walk);
		if (!goal->to_origin && walk.base != result->document)
			pfree(DatumGetPointer(walk.base));
		if (!goal->to_origin && walk.kind != DOCUMENT_TEXT)
			result->document = diffgen_walk_redacted(&walk, result->document);
	}
	SPI_finish();

	result->view = walk.view;
	result->nentries = walk.nentries;
	result->entries = walk.entries;
	result->live = walk.live;
	error_context_stack = callback.previous;
}
