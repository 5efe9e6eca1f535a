/*-------------------------------------------------------------------------
 *
 * walk_private.h
 *	  What the parts of the way back through a history share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_WALK_PRIVATE_H
#define DIFFGEN_WALK_PRIVATE_H

#include "postgres.h"

#include "changelog/history.h"
#include "executor/spi.h"

/*
 * A walk, and where it has arrived.
 */
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

/*
 * An entry as it is fetched.
 */
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

/* Are two hashes the same, or both NULL? */
static inline bool
diffgen_same_hash(const bytea *a, const bytea *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/* walk_read.c */
extern Portal diffgen_walk_open(const Walk *walk);
extern void diffgen_walk_read_entry(HeapTuple tuple, TupleDesc desc,
									LogEntry *entry);
extern void diffgen_walk_read_change(const Walk *walk, HeapTuple tuple,
									 TupleDesc desc, LogEntry *entry);
extern void diffgen_walk_read_live(Walk *walk);

/* walk_proof.c */
extern bytea *diffgen_walk_hash(const Walk *walk, Datum document, Datum view);
extern Datum diffgen_walk_view_at(const Walk *walk, int64 change_id);
extern Datum diffgen_walk_document(Walk *walk);
extern Datum diffgen_walk_redacted(const Walk *walk, Datum document);
extern bool diffgen_walk_lacks_values(const Walk *walk, Datum document,
									  const Datum *views, int n);
extern void diffgen_walk_report_broken(const Walk *walk, int64 culprit,
									   const char *message);
extern void diffgen_walk_report_redacted(const Walk *walk, int64 culprit);

#endif							/* DIFFGEN_WALK_PRIVATE_H */
