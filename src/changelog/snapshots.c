/*-------------------------------------------------------------------------
 *
 * snapshots.c
 *	  diffgen_snapshots(): the history that a series of snapshots tells.
 *
 * An aggregate over the snapshots of one row, in their order.  A window
 * function would have to look at each one twice, decompress it twice and
 * compute its hash twice; here it is done once, and the snapshot before is
 * all that is kept.  The hash of a snapshot takes little more than comparing
 * it with the one before, and where most snapshots have nothing new,
 * that is all there is to be done.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "changelog/entry.h"
#include "changelog/tracking.h"
#include "fmgr.h"
#include "funcapi.h"
#include "functions/compat.h"
#include "functions/digest.h"
#include "functions/documents.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(diffgen_snapshots_jsonb);
PG_FUNCTION_INFO_V1(diffgen_snapshots_text);
PG_FUNCTION_INFO_V1(diffgen_snapshots_final);

#define CHANGE_TYPE		"diffgen_change"

/* Its columns. */
typedef enum ChangeColumn
{
	CHANGE_CHANGED_AT,
	CHANGE_OPERATION,
	CHANGE_DIFF,
	CHANGE_PATCH,
	CHANGE_PATHS,
	CHANGE_ADDED,
	CHANGE_REMOVED,
	CHANGE_OLD_HASH,
	CHANGE_NEW_HASH,
	CHANGE_COLUMNS
} ChangeColumn;

typedef struct SnapshotState
{
	MemoryContext context;		/* of the group */
	DocumentRoom rooms[2];
	int			next;			/* that of the snapshot at hand */
	Tracking   *maker;			/* options and functions */
	Datum		options;		/* as given with the first snapshot */
	HashSeries *hashes;			/* of jsonb */
	TupleDesc	desc;
	ArrayBuildState *changes;
	DocumentValue previous;
} SnapshotState;

static Oid
change_type(Oid schema)
{
	Oid			type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
									   CStringGetDatum(CHANGE_TYPE),
									   ObjectIdGetDatum(schema));

	if (!OidIsValid(type))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("type \"%s\" of extension \"%s\" is missing",
						CHANGE_TYPE, "diffgen"),
				 errhint("Update or reinstall the extension.")));
	return type;
}

static SnapshotState *
begin_state(FunctionCallInfo fcinfo, DocumentKind kind,
			MemoryContext aggregate)
{
	Oid			schema = diffgen_schema(fcinfo);
	MemoryContext context = AllocSetContextCreate(aggregate,
												  "diffgen snapshots",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	SnapshotState *state = palloc0(sizeof(SnapshotState));
	Jsonb	   *view;

	state->context = context;
	diffgen_init_room(&state->rooms[0], context);
	diffgen_init_room(&state->rooms[1], context);
	state->options = PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(3)));
	state->maker = diffgen_untracked(schema, state->options);
	diffgen_check_options(state->maker, kind);
	view = DatumGetJsonbP(state->maker->view_options);
	state->hashes = diffgen_hash_series(view);
	state->desc = lookup_rowtype_tupdesc_copy(change_type(schema), -1);
	state->previous.isnull = true;
	MemoryContextSwitchTo(old_context);
	return state;
}

static void
put_pointer(Datum *values, bool *nulls, ChangeColumn column, void *pointer)
{
	values[column] = PointerGetDatum(pointer);
	nulls[column] = (pointer == NULL);
}

/* Add a row of the result. */
static void
put_change(SnapshotState *state, TimestampTz changed_at,
		   const char *operation, const ChangeEntry *entry)
{
	Datum		values[CHANGE_COLUMNS];
	bool		nulls[CHANGE_COLUMNS];
	HeapTuple	tuple;

	memset(nulls, false, sizeof(nulls));
	values[CHANGE_CHANGED_AT] = TimestampTzGetDatum(changed_at);
	values[CHANGE_OPERATION] = CStringGetTextDatum(operation);
	put_pointer(values, nulls, CHANGE_DIFF, entry->diff);
	put_pointer(values, nulls, CHANGE_PATCH, entry->patch);
	put_pointer(values, nulls, CHANGE_PATHS, entry->paths);
	values[CHANGE_ADDED] = Int32GetDatum(entry->added);
	values[CHANGE_REMOVED] = Int32GetDatum(entry->removed);
	put_pointer(values, nulls, CHANGE_OLD_HASH, entry->old_hash);
	put_pointer(values, nulls, CHANGE_NEW_HASH, entry->new_hash);
	tuple = heap_form_tuple(state->desc, values, nulls);
	state->changes = accumArrayResult(state->changes,
									  HeapTupleGetDatum(tuple), false,
									  state->desc->tdtypeid, state->context);
}

/*
 * Take the snapshot at hand for the one before.  The hash is the one that the
 * next entry begins with.
 */
static void
advance(SnapshotState *state, DocumentValue snapshot, bytea *hash)
{
	if (hash != NULL)
	{
		MemoryContext room = state->rooms[state->next].context;
		MemoryContext old_context = MemoryContextSwitchTo(room);
		Datum		copy = datumCopy(PointerGetDatum(hash), false, -1);

		snapshot.hash = (bytea *) DatumGetPointer(copy);
		MemoryContextSwitchTo(old_context);
	}
	state->previous = snapshot;
	state->next = 1 - state->next;
}

/* Do their hashes tell that two snapshots have no difference? */
static bool
same_hash(const SnapshotState *state, const DocumentValue *a,
		  const DocumentValue *b)
{
	return diffgen_hash_tells(state->hashes) &&
		a->hash != NULL && b->hash != NULL &&
		VARSIZE_ANY(a->hash) == VARSIZE_ANY(b->hash) &&
		memcmp(a->hash, b->hash, VARSIZE_ANY(a->hash)) == 0;
}

/* What a snapshot says that the one before did not. */
static void
add_snapshot(SnapshotState *state, DocumentKind kind, TimestampTz changed_at,
			 DocumentValue snapshot)
{
	DocumentValue previous = state->previous;
	ChangeEntry entry;

	if (previous.isnull && snapshot.isnull)
		return;					/* the row is still not there */
	if (kind == DOCUMENT_JSONB && !snapshot.isnull)
		snapshot.hash = diffgen_hash_next(state->hashes,
										  previous.isnull ? NULL :
										  DatumGetJsonbP(previous.value),
										  DatumGetJsonbP(snapshot.value));
	if (same_hash(state, &previous, &snapshot) ||
		!diffgen_make_entry(state->maker, kind, previous, snapshot, &entry))
	{
		advance(state, snapshot, previous.hash);
		return;
	}
	put_change(state, changed_at,
			   previous.isnull ? "insert" : snapshot.isnull ? "delete" :
			   "update", &entry);
	advance(state, snapshot, entry.new_hash);
}

/*
 * What was to be redacted from some snapshot on would have been shown before.
 */
static void
check_same_options(const SnapshotState *state, Datum options)
{
	Jsonb	   *given = DatumGetJsonbP(options);

	if (!datumIsEqual(JsonbPGetDatum(given), state->options, false, -1) &&
		compareJsonbContainers(&given->root,
							   &DatumGetJsonbP(state->options)->root) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be the same for all snapshots of a document")));
}

static Datum
snapshots_step(FunctionCallInfo fcinfo, DocumentKind kind)
{
	MemoryContext aggregate;
	MemoryContext work;
	MemoryContext old_context;
	SnapshotState *state;
	DocumentValue snapshot;

	if (!AggCheckCallContext(fcinfo, &aggregate))
		elog(ERROR, "aggregate function called in non-aggregate context");
	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("time and options of a snapshot must not be NULL")));

	if (PG_ARGISNULL(0))
		state = begin_state(fcinfo, kind, aggregate);
	else
	{
		state = (SnapshotState *) PG_GETARG_POINTER(0);
		check_same_options(state, PG_GETARG_DATUM(3));
	}

	memset(&snapshot, 0, sizeof(snapshot));
	snapshot.isnull = PG_ARGISNULL(1);
	if (!snapshot.isnull)
	{
		Datum		value = PG_GETARG_DATUM(1);
		MemoryContext room;

		room = diffgen_document_room(&state->rooms[state->next], value);
		old_context = MemoryContextSwitchTo(room);
		snapshot.value = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
		MemoryContextSwitchTo(old_context);
	}

	work = AllocSetContextCreate(CurrentMemoryContext, "diffgen",
								 ALLOCSET_DEFAULT_SIZES);
	old_context = MemoryContextSwitchTo(work);
	add_snapshot(state, kind, PG_GETARG_TIMESTAMPTZ(2), snapshot);
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(work);
	PG_RETURN_POINTER(state);
}

/*
 * diffgen_snapshots_jsonb(internal, doc jsonb, changed_at timestamptz,
 *						   options jsonb) returns internal
 *		Step of the aggregate; a NULL document is that of a deleted row.
 */
Datum
diffgen_snapshots_jsonb(PG_FUNCTION_ARGS)
{
	return snapshots_step(fcinfo, DOCUMENT_JSONB);
}

/*
 * diffgen_snapshots_text(internal, doc text, changed_at timestamptz,
 *						  options jsonb) returns internal
 *		The same for a document that is a text.
 */
Datum
diffgen_snapshots_text(PG_FUNCTION_ARGS)
{
	return snapshots_step(fcinfo, DOCUMENT_TEXT);
}

/*
 * diffgen_snapshots_final(internal) returns diffgen_change[]
 *		The history; NULL if there was no snapshot.
 */
Datum
diffgen_snapshots_final(PG_FUNCTION_ARGS)
{
	SnapshotState *state;
	int			lower = 1;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (SnapshotState *) PG_GETARG_POINTER(0);
	if (state->changes == NULL)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(state->desc->tdtypeid));

	/* In a window there are more snapshots to come: the state is kept. */
	PG_RETURN_DATUM(makeMdArrayResult(state->changes, 1,
									  &state->changes->nelems, &lower,
									  CurrentMemoryContext, false));
}
