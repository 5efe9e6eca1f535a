/*-------------------------------------------------------------------------
 *
 * walk_proof.c
 *	  The document that a walk back through a history has arrived at, proven.
 *
 * A document is made of the one that the walk began with and of the patches
 * that were gone back over, and is believed if it has the hash that the last
 * entry names.  Where it has not, other ways are tried in which the same
 * entries can be right, and else the change is named that is to blame.
 *
 * Linear in the documents and patches; on the failing path, in their product.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "changelog/notes.h"
#include "changelog/patch_rewrite.h"
#include "changelog/take_back.h"
#include "changelog/walk_private.h"
#include "functions/compat.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

/*
 * diffgen_walk_hash
 *		The fingerprint of what is recorded of a document by some options, in
 *		the current memory context.
 */
bytea *
diffgen_walk_hash(const Walk *walk, Datum document, Datum view)
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
 * diffgen_walk_report_broken
 *		Raise ERRCODE_DATA_CORRUPTED for a change that cannot be taken back.
 *
 * message says why; if it is NULL, the result was not what the hash says.
 */
void
diffgen_walk_report_broken(const Walk *walk, int64 culprit,
						   const char *message)
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
 * diffgen_walk_report_redacted
 *		Raise ERRCODE_FEATURE_NOT_SUPPORTED for a change that hides a value.
 *
 * A value that is redacted on one side of a change only is redacted on both in
 * the patch, or is not in it, if it stays as it is.
 */
void
diffgen_walk_report_redacted(const Walk *walk, int64 culprit)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot go back over change " INT64_FORMAT " of document \"%s\" of table \"%s\": it is redacted",
					culprit, walk->document->label,
					walk->tracking->target_name),
			 errdetail("A value that was not redacted before the change is redacted after it, and is not stored.")));
}

/*
 * diffgen_walk_lacks_values
 *		Does a document have values that are known as markers alone, though
 *		some of the options do not redact them there?
 *
 * views are the hash options of n states.
 */
bool
diffgen_walk_lacks_values(const Walk *walk, Datum document,
						  const Datum *views, int n)
{
	if (diffgen_list_options(views, n, "redact", "ignore") == (Datum) 0)
		return false;
	for (int i = 0; i < n; i++)
	{
		Datum		options = diffgen_list_options(&views[i], 1, "redact",
												   "ignore");
		Datum		shown = document;

		if (options != (Datum) 0)
			shown = diffgen_shown_document(walk->tracking, document, options);
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

	if (options == (Datum) 0)
		return document;
	return diffgen_shown_document(walk->tracking, document, options);
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
			diffgen_walk_report_broken(walk, entry->change_id, inner);
		if (document != base)
			pfree(DatumGetPointer(document));
		document = before;
		for (int j = 0; j < nviews && !proven; j++)
			proven = diffgen_same_hash(diffgen_walk_hash(walk, document, views[j]),
									   entry->old_hash);
		if (!proven)
		{
			if (diffgen_patch_redacts(entry->patch) ||
				diffgen_walk_lacks_values(walk, document, views, nviews))
				diffgen_walk_report_redacted(walk, entry->change_id);
			diffgen_walk_report_broken(walk, entry->change_id, NULL);
		}
	}
	diffgen_walk_report_broken(walk, walk->newer, message);
}

/*
 * diffgen_walk_view_at
 *		The hash options by which an entry was made, in the current memory
 *		context.
 */
Datum
diffgen_walk_view_at(const Walk *walk, int64 change_id)
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
 * diffgen_walk_document
 *		The document that was arrived at, proven by its hash if one is known,
 *		in the walk's context.
 *
 * Sets the walk's view to the options that prove it.  Raises
 * ERRCODE_DATA_CORRUPTED, or ERRCODE_FEATURE_NOT_SUPPORTED where a value is
 * not stored as it was redacted.
 *
 * If it does not have the hash that it should have, it can be that
 *
 *	- the last entries were made with other options, which showed as much of
 *	  the document as the newer ones, but show other parts of older states;
 *	- parts that are ignored now were not then, or did not exist, as a path
 *	  with a filter did not match.  Then all ignored parts are left out, for
 *	  the patches tell all of the others.
 */
Datum
diffgen_walk_document(Walk *walk)
{
	Datum		document = replayed(walk, walk->base);
	Datum		views[2];
	int			nviews = 1;

	if (!walk->has_hash ||
		diffgen_same_hash(diffgen_walk_hash(walk, document, walk->view), walk->hash))
		return document;
	if (walk->kind == DOCUMENT_TEXT)
		diffgen_walk_report_broken(walk, walk->newer, NULL);

	views[0] = walk->view;
	views[1] = diffgen_walk_view_at(walk, walk->newer);
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
		if (diffgen_same_hash(diffgen_walk_hash(walk, candidate, view), walk->hash))
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

static Datum
options_of_time(const Walk *walk)
{
	TimestampTz as_of = walk->goal->as_of;

	if (as_of >= GetCurrentTransactionStartTimestamp())
		return walk->tracking->options;
	return diffgen_options_at_time(walk->tracking, as_of);
}

/*
 * diffgen_walk_redacted
 *		The document that was arrived at as it may be seen: values are markers
 *		that were redacted by the options of then.
 *
 * These are the options by which its hash was proven, and those of the time,
 * which can still be others if no entry was made with them.  If it was proven
 * by the options of the entries on both sides, those of the time say it alone.
 * Takes the place of the document, which is freed.
 */
Datum
diffgen_walk_redacted(const Walk *walk, Datum document)
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

	/* As diffgen_shown_document, but with one document in memory less. */
	patch = diffgen_whole_patch(walk->tracking, document, redact);
	pfree(DatumGetPointer(document));
	result = JsonbPGetDatum(diffgen_whole_document((Jsonb *) patch));
	pfree(patch);
	return result;
}
