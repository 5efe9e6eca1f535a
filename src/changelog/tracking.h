/*-------------------------------------------------------------------------
 *
 * tracking.h
 *	  What is known of a tracked table: its key, documents and changelog.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_TRACKING_H
#define DIFFGEN_TRACKING_H

#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"

typedef enum DocumentKind
{
	DOCUMENT_TEXT,
	DOCUMENT_JSONB,
	DOCUMENT_JSON				/* handled as jsonb */
} DocumentKind;

/*
 * A tracked column.  The changelog calls it by the name that it had when
 * tracking began, so that renaming it does not split its history.
 */
typedef struct TrackedDocument
{
	char	   *label;			/* its name in the changelog */
	AttrNumber	attnum;			/* in the relation, or InvalidAttrNumber */
	DocumentKind kind;
} TrackedDocument;

/* A column of the primary key, and the changelog's column for it. */
typedef struct TrackedKey
{
	AttrNumber	attnum;
	Oid			type;
	int16		typlen;
	bool		typbyval;
	Oid			collation;
	Oid			equality;		/* operator of the primary key's index */
	bool		routes;			/* is in the partition key of an ancestor */
	char	   *log_name;
} TrackedKey;

typedef struct Tracking
{
	Oid			trigger;		/* key of the cache */
	bool		valid;			/* no DDL since it was made */
	MemoryContext context;		/* of this struct and all it points to */

	Oid			relation;		/* the table, or one of its partitions */
	Oid			target;			/* the table that is tracked */
	char	   *target_name;	/* for messages */
	Oid			changelog;
	Oid			schema;			/* of the extension's functions */
	bool		detached;		/* no partition of the target any longer:
								 * nothing below is set */

	bool		key_matches;	/* that of the changelog; else nkeys is 0 */
	bool		key_misnamed;	/* it does not, as far as names tell */
	int			nkeys;
	TrackedKey *keys;
	int			ndocuments;
	TrackedDocument *documents;
	bool		has_options;	/* else the trigger's are none, nor are these: */
	Datum		options;		/* jsonb, as diffgen_track was given them */
	Datum		entry_options;	/* for diffgen_entry: the same, invertible */
	Datum		removal_options;	/* for diffgen_patch, of what is removed */
	Datum		view_options;	/* for diffgen_hash */

	struct Engine *engine;		/* entry.c */
	struct LogWriter *writer;	/* log_writer.c; NULL until it is needed */
	struct WalkPlans *walk_plans;	/* walk.c; the same */
} Tracking;

/* Names of triggers of a tracked table, and of their function. */
#define ROW_TRIGGER			"diffgen_changelog"
#define STATEMENT_TRIGGER	"diffgen_truncate"
#define TRIGGER_FUNCTION	"diffgen_changelog"

/*
 * The trigger that names the changelog logs each row, unless it has a WHEN
 * condition: then it is never fired, and triggers for statements log.
 */
#define TRIGGER_NAMES_CHANGELOG_ONLY(trigger)	((trigger)->tgqual != NULL)

/* Column of the changelog that follows those of the key. */
#define COLUMN_CHANGE_ID	"change_id"

/* Before the name of a key's column that all changelogs have one of. */
#define KEY_PREFIX			"key_"

extern Oid	diffgen_sibling(Oid schema, const char *name, int nargs,
							const Oid *argtypes);
extern Oid	diffgen_schema(FunctionCallInfo fcinfo);
extern const Trigger *diffgen_row_trigger(Relation rel, Oid function);
extern Tracking *diffgen_known_tracking(Relation rel, const Trigger *trigger);
extern Tracking *diffgen_tracking(Relation rel, const Trigger *trigger);
extern Tracking *diffgen_tracking_of(Oid target, Oid schema);
extern Tracking *diffgen_untracked(Oid schema, Datum options);
extern Datum diffgen_view_options(Datum options);
extern Datum diffgen_list_options(const Datum *options, int n,
								  const char *from, const char *to);
extern Oid	diffgen_owner(Oid relation);

#endif							/* DIFFGEN_TRACKING_H */
