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
#include "changelog/take_back.h"
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

/* Statements of a tracked table, each NULL until it is needed. */
typedef struct WalkPlans
{
	SPIPlanPtr	entries;
	SPIPlanPtr *live;			/* for each document */
	int			ndocuments;
	MemoryContextCallback cleanup;
} WalkPlans;

typedef struct Walk
{
	const RowKey *key;
	const Tracking *tracking;
	const TrackedDocument *document;
	const WalkGoal *goal;
	MemoryContext context;		/* of all that is kept */
	Datum		view;			/* options for hashes */
	Datum		newer_view;		/* the same of the newer side, if they differ */

	DocumentKind kind;
	Datum		live;			/* the live document, if it is wanted later */
	bool		exists;			/* the document that was arrived at ... */
	Datum		base;			/* ... is this one ... */
	WalkEntry  *entries;		/* ... after all patches gone back over ... */
	int			first;			/* ... from this one on */
	int			nentries;
	int			maxentries;

	struct LogEntry *aside;		/* entries of a transaction that wait for ... */
	int			naside;			/* ... those that they come before */
	int			maxaside;

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
	uint64		transaction;	/* 0 if it is not known */
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
				   walk->tracking->target_name, walk->newer);
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
report_broken(const Walk *walk, int64 culprit, const char *message)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("history of document \"%s\" of table \"%s\" is broken at change " INT64_FORMAT,
					walk->document->label,
					walk->tracking->target_name, culprit),
			 message != NULL ?
			 errdetail("The change cannot be taken back: %s.", message) :
			 errdetail("Taking back the change does not give the document that was there before it.")));
}

/*
 * A value that is redacted on one side of a change only is redacted on both in
 * the patch, or is not in it, if it stays as it is.
 */
static void
report_redacted(const Walk *walk, int64 culprit)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot go back over change " INT64_FORMAT " of document \"%s\" of table \"%s\": it is redacted",
					culprit, walk->document->label,
					walk->tracking->target_name),
			 errdetail("A value that was not redacted before the change is redacted after it, and is not stored.")));
}

/*
 * Does a document have values that are known as markers alone, though some of
 * the options do not redact them there?
 */
static bool
lacks_values(const Walk *walk, Datum document, const Datum *views, int n)
{
	if (diffgen_list_options(views, n, "redact", "ignore") == (Datum) 0)
		return false;
	for (int i = 0; i < n; i++)
	{
		Datum		options = diffgen_list_options(&views[i], 1, "redact",
												   "ignore");
		Datum		shown = document;

		if (options != (Datum) 0)
		{
			struct varlena *patch;

			patch = diffgen_whole_patch(walk->tracking, document, options);
			shown = JsonbPGetDatum(diffgen_whole_document((Jsonb *) patch));
		}
		if (diffgen_has_marker(DatumGetJsonbP(shown)))
			return true;
	}
	return false;
}

/*
 * A document without what options ignore.
 *
 * Positions are those of the document itself, as no element of an array is
 * ignored.
 */
static Datum
without_ignored(const Walk *walk, Datum document, Datum view)
{
	Datum		options = diffgen_list_options(&view, 1, "ignore", "ignore");
	struct varlena *patch;

	if (options == (Datum) 0)
		return document;
	patch = diffgen_whole_patch(walk->tracking, document, options);
	return JsonbPGetDatum(diffgen_whole_document((Jsonb *) patch));
}

/*
 * The document that was arrived at is not what it should be, or cannot be made,
 * for a reason that the message tells: say which change is to blame.
 *
 * Changes are taken back one by one, until there is the first that leads
 * astray, by all of the views.  Nothing here does more than compute, which
 * take_back.c relies on.
 */
static void
report_culprit(Walk *walk, const Datum *views, int nviews,
			   const char *message)
{
	Datum		base = without_ignored(walk, walk->base, views[0]);
	Datum		document = base;

	for (int i = walk->first; i < walk->nentries; i++)
	{
		const WalkEntry *entry = &walk->entries[i];
		Datum		before;
		char	   *inner;
		bool		proven = false;

		CHECK_FOR_INTERRUPTS();
		walk->newer = entry->change_id;
		if (!diffgen_take_back_patches(walk->tracking, document, entry, 1,
									   &before, &inner))
			report_broken(walk, entry->change_id, inner);
		if (document != base)
			pfree(DatumGetPointer(document));
		document = before;
		for (int j = 0; j < nviews && !proven; j++)
			proven = same_hash(hash_document(walk, document, views[j]),
							   entry->old_hash);
		if (!proven)
		{
			if (diffgen_patch_redacts(entry->patch) ||
				lacks_values(walk, document, views, nviews))
				report_redacted(walk, entry->change_id);
			report_broken(walk, entry->change_id, NULL);
		}
	}
	report_broken(walk, walk->newer, message);
}

/* What was recorded when an entry was made. */
static Datum
view_at(const Walk *walk, int64 change_id)
{
	return diffgen_view_options(diffgen_options_at_change(walk->tracking,
														  change_id));
}

/* The document after all patches since some base, in the walk's context. */
static Datum
replayed(Walk *walk, Datum base)
{
	Datum		result;
	char	   *message;

	if (walk->first == walk->nentries)
		return base;
	if (!diffgen_take_back_patches(walk->tracking, base,
								   walk->entries + walk->first,
								   walk->nentries - walk->first, &result,
								   &message))
		report_culprit(walk, &walk->view, 1, message);
	return result;
}

/*
 * The document that was arrived at, in the walk's context.
 *
 * If it does not have the hash that it should have, it can be that
 *
 *	- the last entries were made with other options, which showed as much of
 *	  the document as the newer ones, but show other parts of older states;
 *	- parts that are ignored now were not then, or did not exist, as a path
 *	  with a filter did not match.  Then all ignored parts are left out, for
 *	  the patches tell all of the others.
 */
static Datum
current_document(Walk *walk)
{
	Datum		document = replayed(walk, walk->base);
	Datum		views[2];
	int			nviews = 1;

	if (!walk->has_hash ||
		same_hash(hash_document(walk, document, walk->view), walk->hash))
		return document;
	if (walk->kind == DOCUMENT_TEXT)
		report_broken(walk, walk->newer, NULL);

	views[0] = walk->view;
	views[1] = view_at(walk, walk->newer);
	if (!datumIsEqual(views[0], views[1], false, -1))
		nviews = 2;
	for (int i = 0; i < 2 * nviews; i++)
	{
		Datum		view = views[i % nviews];
		Datum		candidate = document;

		if (i >= nviews)
		{
			Datum		base = without_ignored(walk, walk->base, view);

			if (base == walk->base)
				continue;
			candidate = replayed(walk, base);
		}
		if (same_hash(hash_document(walk, candidate, view), walk->hash))
		{
			walk->view = view;
			return candidate;
		}
		if (candidate != document)
			pfree(DatumGetPointer(candidate));
	}
	report_culprit(walk, views, nviews, NULL);
	pg_unreachable();
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
	document = current_document(walk);
	views[0] = walk->view;
	views[1] = view_at(walk, entry->change_id);
	if (datumIsEqual(views[0], views[1], false, -1))
		return false;
	if (!same_hash(hash_document(walk, document, views[1]), entry->new_hash))
	{
		if (walk->started && lacks_values(walk, document, views, 2))
			report_redacted(walk, walk->newer);
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
		walk->hash = hash_document(walk, walk->base, walk->view);
	return walk->hash;
}

/*
 * Check that an entry left what the next newer one found, or what is live.
 */
static void
check_link(Walk *walk, const LogEntry *entry)
{
	if (same_hash(current_hash(walk), entry->new_hash) ||
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
		report_broken(walk, entry->change_id, message);
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
		if (!same_hash(hash_document(walk, walk->base, walk->view),
					   walk->hash))
			report_broken(walk, entry->change_id, NULL);
		return;
	}
	if (entry->patch == NULL)
		report_incomplete(walk);
	if (entry->new_hash == NULL)
	{
		if (!diffgen_take_back_removal(entry->patch, &document, &message))
			report_broken(walk, entry->change_id, message);
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

/* Does the walk end before an entry is taken back? */
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
	entry->transaction = DatumGetUInt64(SPI_getbinval(tuple, desc, 8,
													  &isnull));
	entry->diff = NULL;
	entry->patch = NULL;
}

/* What of an entry is needed only to take it back. */
static void
read_change(const Walk *walk, HeapTuple tuple, TupleDesc desc,
			LogEntry *entry)
{
	if (walk->kind == DOCUMENT_TEXT)
		entry->diff = (text *) get_varlena(tuple, desc, 4);
	entry->patch = (Jsonb *) get_varlena(tuple, desc, 5);
}

/*
 * A live document, in the walk's context.
 *
 * It is not redacted: what was redacted at other times may be needed, and what
 * does not come out as the hashes say is not shown.
 */
static Datum
live_document(const Walk *walk, Datum value)
{
	MemoryContext old_context = MemoryContextSwitchTo(walk->context);
	Datum		result = diffgen_detoasted(walk->kind, value);

	if (result == value)
		result = datumCopy(result, false, -1);
	MemoryContextSwitchTo(old_context);
	return result;
}

static Datum
options_of_time(const Walk *walk)
{
	TimestampTz as_of = walk->goal->as_of;

	if (as_of >= GetCurrentTransactionStartTimestamp())
		return walk->tracking->options;
	return diffgen_options_at_time(walk->tracking, as_of);
}

/*
 * The document that was arrived at as it may be seen: values are markers that
 * were redacted by the options of then.
 *
 * These are the options by which its hash was proven, and those of the time,
 * which can still be others if no entry was made with them.  If it was proven
 * by the options of the entries on both sides, those of the time say it alone.
 * Takes the place of the document, which is freed.
 */
static Datum
redacted_document(const Walk *walk, Datum document)
{
	const WalkGoal *goal = walk->goal;
	Datum		options[2];
	int			n = 1;
	Datum		redact;
	struct varlena *patch;
	Datum		result;

	options[0] = walk->view;
	if (goal->by_time)
	{
		if (walk->newer_view == (Datum) 0)
			n++;
		options[n - 1] = options_of_time(walk);
	}
	else if (goal->before && walk->newer_view != (Datum) 0)
		options[0] = walk->newer_view;

	redact = diffgen_list_options(options, n, "redact", "redact");
	if (redact == (Datum) 0)
		return document;
	patch = diffgen_whole_patch(walk->tracking, document, redact);
	pfree(DatumGetPointer(document));
	result = JsonbPGetDatum(diffgen_whole_document((Jsonb *) patch));
	pfree(patch);
	return result;
}

static void
free_plans(void *arg)
{
	WalkPlans  *plans = arg;

	if (plans->entries != NULL)
		SPI_freeplan(plans->entries);
	for (int i = 0; i < plans->ndocuments; i++)
	{
		if (plans->live[i] != NULL)
			SPI_freeplan(plans->live[i]);
	}
}

/* The statements of a tracked table, which live as long as what is known. */
static WalkPlans *
walk_plans(const Tracking *tracking)
{
	MemoryContext old_context;
	WalkPlans  *plans = tracking->walk_plans;

	if (plans != NULL)
		return plans;
	old_context = MemoryContextSwitchTo(tracking->context);
	plans = palloc0(sizeof(WalkPlans));
	plans->ndocuments = tracking->ndocuments;
	plans->live = palloc0(mul_size(Max(plans->ndocuments, 1),
								   sizeof(SPIPlanPtr)));
	plans->cleanup.func = free_plans;
	plans->cleanup.arg = plans;
	MemoryContextRegisterResetCallback(tracking->context, &plans->cleanup);
	unconstify(Tracking *, tracking)->walk_plans = plans;
	MemoryContextSwitchTo(old_context);
	return plans;
}

static SPIPlanPtr
prepare(const char *query, int nparams, Oid *types)
{
	SPIPlanPtr	plan = SPI_prepare(query, nparams, types);

	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s",
			 SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "SPI_keepplan failed");
	return plan;
}

static char *
live_query(const Walk *walk)
{
	const Tracking *tracking = walk->tracking;
	StringInfoData query;

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
	return query.data;
}

/* Begin at the live document, if there is one. */
static void
read_live(Walk *walk)
{
	const Tracking *tracking = walk->tracking;
	SPIPlanPtr *plan = &walk_plans(tracking)->live[walk->document -
												   tracking->documents];

	if (!AttributeNumberIsValid(walk->document->attnum))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column of document \"%s\" of table \"%s\" is gone",
						walk->document->label, tracking->target_name)));
	if (*plan == NULL)
		*plan = prepare(live_query(walk), tracking->nkeys, walk->key->types);
	if (SPI_execute_plan(*plan, walk->key->values, NULL, true,
						 1) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_plan failed: %s",
			 SPI_result_code_string(SPI_result));
	if (SPI_processed > 0)
	{
		bool		isnull;
		Datum		value = SPI_getbinval(SPI_tuptable->vals[0],
										  SPI_tuptable->tupdesc, 1, &isnull);

		if (!isnull)
		{
			walk->exists = true;
			walk->base = live_document(walk, value);
			if (walk->goal->to_origin)
				walk->live = walk->base;
		}
	}
	SPI_freetuptable(SPI_tuptable);
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

static char *
entries_query(const Walk *walk)
{
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query,
					 "SELECT change_id, changed_at, operation OPERATOR(pg_catalog.=) 'insert'::pg_catalog.text, "
					 "diff, patch, old_hash, new_hash, %s FROM %s WHERE ",
					 diffgen_column_expression(walk->tracking, "",
											   HISTORY_TRANSACTION_ID),
					 diffgen_relation_name(walk->tracking->changelog));
	diffgen_append_condition(&query, walk->key, true);
	appendStringInfo(&query,
					 " AND document OPERATOR(pg_catalog.=) $%d ORDER BY change_id DESC",
					 walk->tracking->nkeys + 1);
	return query.data;
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

/* Take an entry back; true if the walk ends before it. */
static bool
pass(Walk *walk, const LogEntry *entry, WalkResult *result)
{
	if (reached_goal(walk, entry))
	{
		result->origin = entry->change_id;
		return true;
	}
	walk->started = true;
	take_back(walk, entry);
	return false;
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
			   !same_hash(current_hash(walk), walk->aside[i].new_hash))
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
		if (pass(walk, &entry, result))
			return true;
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

	read_entry(tuple, desc, &entry);
	if (walk->naside > 0 && walk->aside[0].transaction != entry.transaction &&
		pass_waiting(walk, true, result))
		return true;

	if (!same_hash(current_hash(walk), entry.new_hash))
	{
		read_change(walk, tuple, desc, &entry);
		set_aside(walk, &entry);
		return entry.transaction == 0 && pass_waiting(walk, true, result);
	}

	/* What is needed to take it back is not, if the walk ends here. */
	if (reached_goal(walk, &entry))
	{
		result->origin = entry.change_id;
		return true;
	}
	read_change(walk, tuple, desc, &entry);
	return pass(walk, &entry, result) || pass_waiting(walk, false, result);
}

static void
go_back(Walk *walk, WalkResult *result)
{
	int			nkeys = walk->tracking->nkeys;
	SPIPlanPtr *plan = &walk_plans(walk->tracking)->entries;
	Portal		portal;
	bool		done = false;
	bool		more = true;

	walk->key->types[nkeys] = TEXTOID;
	walk->key->values[nkeys] = CStringGetTextDatum(walk->document->label);
	if (*plan == NULL)
		*plan = prepare(entries_query(walk), nkeys + 1, walk->key->types);
	portal = SPI_cursor_open(NULL, *plan, walk->key->values, NULL, true);
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
	read_live(&walk);
	go_back(&walk, result);
	MemoryContextSwitchTo(walk.context);
	result->kind = walk.kind;
	result->exists = walk.exists;
	if (walk.exists)
	{
		result->document = current_document(&walk);
		if (!goal->to_origin && walk.base != result->document)
			pfree(DatumGetPointer(walk.base));
		if (!goal->to_origin && walk.kind != DOCUMENT_TEXT)
			result->document = redacted_document(&walk, result->document);
	}
	SPI_finish();

	result->view = walk.view;
	result->nentries = walk.nentries;
	result->entries = walk.entries;
	result->live = walk.live;
	error_context_stack = callback.previous;
}
