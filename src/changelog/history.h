/*-------------------------------------------------------------------------
 *
 * history.h
 *	  Reads the changelog of one row of a tracked table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_HISTORY_H
#define DIFFGEN_HISTORY_H

#include "postgres.h"

#include "changelog/entry.h"
#include "changelog/tracking.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

/*
 * A row of a tracked table, and parameters for statements about it: those of
 * the key come first, and there is room for MORE_PARAMS others.
 */
#define MORE_PARAMS		2

typedef struct RowKey
{
	const Tracking *tracking;
	Datum	   *values;
	Oid		   *types;
} RowKey;

/*
 * Columns of a changelog that say what was changed, as diffgen_history returns
 * them; those of the key stand before them.
 */
typedef enum HistoryColumn
{
	HISTORY_CHANGE_ID,
	HISTORY_CHANGED_AT,
	HISTORY_TRANSACTION_ID,
	HISTORY_OPERATION,
	HISTORY_DOCUMENT,
	HISTORY_DIFF,
	HISTORY_PATCH,
	HISTORY_PATHS,
	HISTORY_ADDED,
	HISTORY_REMOVED,
	HISTORY_CHANGED_BY,
	HISTORY_APPLICATION,
	HISTORY_CONTEXT,
	HISTORY_OLD_HASH,			/* not NULL: there was a document before */
	HISTORY_NEW_HASH,			/* not NULL: there is one after */
	HISTORY_COLUMNS
} HistoryColumn;

extern char *diffgen_column_expression(const Tracking *tracking,
									   const char *prefix,
									   HistoryColumn column);
extern const Tracking *diffgen_find_target(FunctionCallInfo fcinfo,
										   Oid target);
extern char *diffgen_key_names(const Tracking *tracking);
extern void diffgen_row_key(FunctionCallInfo fcinfo, int first, Oid target,
							RowKey *key);
extern void diffgen_append_condition(StringInfo out, const RowKey *key,
									 bool in_changelog);
extern char *diffgen_relation_name(Oid relation);
extern const TrackedDocument *diffgen_find_document(const Tracking *tracking,
													const char *label);

/* Where to stop on the way back. */
typedef struct WalkGoal
{
	bool		by_time;
	TimestampTz as_of;			/* all changes up to it stay */
	int64		change_id;		/* this one stays, unless ... */
	bool		before;			/* ... the state before it is wanted */
	bool		to_origin;		/* as far as the document is the same one */
} WalkGoal;

/* An entry that was gone back over; the newest comes first. */
typedef struct WalkEntry
{
	int64		change_id;
	bytea	   *old_hash;
	Jsonb	   *patch;
} WalkEntry;

/*
 * What a walk arrived at.  All memory is the caller's context at its start.
 *
 * What is redacted is not shown, unless the goal is the origin: then nothing is
 * redacted in the documents, and the caller has to see to it.
 */
typedef struct WalkResult
{
	DocumentKind kind;
	bool		exists;
	Datum		document;		/* text or jsonb, if it exists */
	Datum		view;			/* options by which that is proven */
	int64		origin;			/* change that it is the result of, or 0 */
	Datum		live;			/* to the origin: the live document, if any */
	int			nentries;		/* jsonb: all that was gone back over */
	WalkEntry  *entries;
} WalkResult;

extern void diffgen_walk(const RowKey *key, const char *label,
						 const WalkGoal *goal, WalkResult *result);

#endif							/* DIFFGEN_HISTORY_H */
