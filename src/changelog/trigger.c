/*-------------------------------------------------------------------------
 *
 * trigger.c
 *	  The trigger that writes the changelog of a tracked table.
 *
 * It runs after every change of a row, whatever made it: INSERT (also ON
 * CONFLICT), UPDATE, DELETE, MERGE, COPY, a foreign key's action, a write into
 * a partition.  Before a TRUNCATE it goes through the table.
 *
 * Most updates leave the documents alone, and then the old and the new row
 * hold the same TOAST pointers: that is looked at first, and costs about a
 * microsecond.
 *
 * A change of the key ends one history and begins another: a "delete" under
 * the old key and an "insert" under the new one.  The same is what the server
 * makes of an update that moves a row to another partition.  In both cases the
 * "insert" has the diff to what the row was before.
 *
 * A table can be tracked by statements instead (statement.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "changelog/log_writer.h"
#include "changelog/row_log.h"
#include "changelog/tracking.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "functions/compat.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(diffgen_changelog);

/* A row as it was or is. */
typedef struct RowVersion
{
	HeapTuple	tuple;
	TupleDesc	desc;
} RowVersion;

/*
 * A row that has just been deleted because it moves to another partition.  Its
 * insertion there is the next thing that the same command has done, if a
 * trigger has not kept the row away.
 *
 * Between the two, triggers of the deletion run commands of their own, with
 * higher numbers, which can move other rows.  So there is a stack, whose
 * numbers rise; what is not recalled, as its insertion has not come, goes when
 * the same command or one before it is seen again, when there are too many,
 * or at the end of the transaction.
 */
typedef struct MovedRow
{
	CommandId	cid;
	Oid			changelog;
	Datum	   *key;
	int			ndocuments;
	DocumentValue *documents;
	MemoryContext context;
} MovedRow;

#define MAX_MOVED	8

static MovedRow moved[MAX_MOVED];
static int	nmoved = 0;
static TransactionId moved_xid; /* whose they are */

static DocumentValue
row_document(const RowVersion *row, const TrackedDocument *document)
{
	DocumentValue result = {(Datum) 0, true, NULL};

	if (AttributeNumberIsValid(document->attnum))
		result.value = heap_getattr(row->tuple, document->attnum, row->desc,
									&result.isnull);
	return result;
}

static Datum *
row_key(const Tracking *tracking, const RowVersion *row)
{
	Datum	   *key = palloc(mul_size(tracking->nkeys, sizeof(Datum)));

	for (int i = 0; i < tracking->nkeys; i++)
	{
		bool		isnull;

		key[i] = heap_getattr(row->tuple, tracking->keys[i].attnum,
							  row->desc, &isnull);
		if (isnull)
			diffgen_null_key(tracking, i);
	}
	return key;
}

static DocumentValue *
row_documents(const Tracking *tracking, const RowVersion *row)
{
	DocumentValue *values = palloc(mul_size(Max(tracking->ndocuments, 1),
											sizeof(DocumentValue)));

	for (int i = 0; i < tracking->ndocuments; i++)
		values[i] = row_document(row, &tracking->documents[i]);
	return values;
}

/*
 * Forget rows that were moved by a command, or by one after it.
 */
static void
forget_moved(CommandId cid)
{
	if (nmoved > 0 && moved_xid != GetTopTransactionIdIfAny())
		nmoved = 0;				/* their memory went with the transaction */
	while (nmoved > 0 && moved[nmoved - 1].cid >= cid)
		MemoryContextDelete(moved[--nmoved].context);
}

/*
 * Remember a row that is on its way to another partition.  Its TOAST values
 * stay readable for this transaction.
 */
static void
remember_moved(const Tracking *tracking, CommandId cid, const Datum *key,
			   const DocumentValue *documents)
{
	MovedRow	row;
	MemoryContext old_context;

	row.cid = cid;
	row.changelog = tracking->changelog;
	row.context = AllocSetContextCreate(TopTransactionContext,
										"diffgen moved row",
										ALLOCSET_SMALL_SIZES);
	old_context = MemoryContextSwitchTo(row.context);
	row.key = palloc(mul_size(tracking->nkeys, sizeof(Datum)));
	for (int i = 0; i < tracking->nkeys; i++)
		row.key[i] = datumCopy(key[i], tracking->keys[i].typbyval,
							   tracking->keys[i].typlen);
	row.ndocuments = tracking->ndocuments;
	row.documents = palloc(mul_size(Max(tracking->ndocuments, 1),
									sizeof(DocumentValue)));
	for (int i = 0; i < tracking->ndocuments; i++)
	{
		row.documents[i] = documents[i];
		if (!documents[i].isnull)
			row.documents[i].value = datumCopy(documents[i].value, false, -1);
	}
	MemoryContextSwitchTo(old_context);

	forget_moved(cid);
	if (nmoved == MAX_MOVED)
	{
		MemoryContextDelete(moved[0].context);
		memmove(&moved[0], &moved[1], (--nmoved) * sizeof(MovedRow));
	}
	moved_xid = GetTopTransactionId();
	moved[nmoved++] = row;
}

/*
 * The documents of the row that an insertion is the second half of moving, or
 * NULL.  They live until forget_moved.
 *
 * The same command can insert other rows too, after one that a trigger has
 * kept away: rows are the same if nothing of the key has changed but what
 * tells the partition.
 */
static const DocumentValue *
recall_moved(const Tracking *tracking, CommandId cid, const Datum *key)
{
	const MovedRow *row;

	forget_moved(cid + 1);
	if (nmoved == 0)
		return NULL;
	row = &moved[nmoved - 1];
	if (row->cid != cid || row->changelog != tracking->changelog ||
		row->ndocuments != tracking->ndocuments)
		return NULL;
	for (int i = 0; i < tracking->nkeys; i++)
	{
		const TrackedKey *column = &tracking->keys[i];

		if (!column->routes &&
			!datum_image_eq(row->key[i], key[i], column->typbyval,
							column->typlen))
			return NULL;
	}
	return row->documents;
}

/* The command that has inserted a row, which may be gone by now. */
static CommandId
inserted_by(HeapTuple tuple)
{
	return (tuple->t_data->t_infomask & HEAP_COMBOCID) ?
		HeapTupleHeaderGetCmin(tuple->t_data) :
		HeapTupleHeaderGetRawCommandId(tuple->t_data);
}

static void
log_insert(const Tracking *tracking, struct LogBatch *batch,
		   const RowVersion *row)
{
	const DocumentValue *old_values = NULL;
	Datum	   *key = row_key(tracking, row);
	CommandId	cid = 0;

	if (nmoved > 0)
	{
		cid = inserted_by(row->tuple);
		old_values = recall_moved(tracking, cid, key);
	}
	diffgen_log_row(tracking, batch, "insert", key, old_values,
					row_documents(tracking, row));
	if (nmoved > 0)
		forget_moved(cid);
}

static void
log_delete(const Tracking *tracking, struct LogBatch *batch,
		   const RowVersion *row)
{
	DocumentValue *documents = row_documents(tracking, row);
	Datum	   *key = row_key(tracking, row);

	if (nmoved > 0)
		forget_moved(HeapTupleHeaderGetCmax(row->tuple->t_data));
	diffgen_log_row(tracking, batch, "delete", key, documents, NULL);
	if (HeapTupleHeaderIndicatesMovedPartitions(row->tuple->t_data))
		remember_moved(tracking, HeapTupleHeaderGetCmax(row->tuple->t_data),
					   key, documents);
}

static void
log_update(const Tracking *tracking, struct LogBatch *batch,
		   const RowVersion *old_row, const RowVersion *new_row)
{
	if (nmoved > 0)
		forget_moved(HeapTupleHeaderGetCmax(old_row->tuple->t_data));
	diffgen_log_update(tracking, batch, row_key(tracking, old_row),
					   row_documents(tracking, old_row),
					   row_key(tracking, new_row),
					   row_documents(tracking, new_row));
}

static void
log_row(const TriggerData *data)
{
	Tracking   *tracking;
	TupleDesc	desc = RelationGetDescr(data->tg_relation);
	RowVersion	row = {data->tg_trigtuple, desc};
	struct LogBatch *batch = NULL;

	tracking = diffgen_tracking(data->tg_relation, data->tg_trigger);
	if (tracking == NULL)
		return;

	/* Several documents have several entries, of a row that comes or goes. */
	if (tracking->ndocuments > 1)
		batch = diffgen_begin_batch(tracking);
	if (TRIGGER_FIRED_BY_INSERT(data->tg_event))
		log_insert(tracking, batch, &row);
	else if (TRIGGER_FIRED_BY_DELETE(data->tg_event))
		log_delete(tracking, batch, &row);
	else
	{
		RowVersion	new_row = {data->tg_newtuple, desc};

		log_update(tracking, batch, &row, &new_row);
	}
	if (batch != NULL)
		diffgen_flush_batch(batch);
}

/*
 * Log all rows of a table or partition as gone.
 *
 * TRUNCATE removes rows that the transaction's snapshot may not see, and has
 * locked the table by now, so a new snapshot is taken.
 */
static void
log_all_rows(Relation rel, const Trigger *trigger)
{
	Tracking   *tracking = diffgen_tracking(rel, trigger);
	struct LogBatch *batch = diffgen_begin_batch(tracking);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = diffgen_beginscan(rel, snapshot);
	MemoryContext row_context;
	MemoryContext old_context;

	row_context = AllocSetContextCreate(CurrentMemoryContext, "diffgen row",
										ALLOCSET_DEFAULT_SIZES);
	old_context = MemoryContextSwitchTo(row_context);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		RowVersion	row;

		CHECK_FOR_INTERRUPTS();
		row.tuple = ExecCopySlotHeapTuple(slot);
		row.desc = RelationGetDescr(rel);
		diffgen_log_row(tracking, batch, "truncate", row_key(tracking, &row),
						row_documents(tracking, &row), NULL);
		MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(row_context);
	diffgen_flush_batch(batch);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	ExecDropSingleTupleTableSlot(slot);
}

static bool
has_truncate_trigger(Relation rel, Oid function)
{
	for (int i = 0; rel->trigdesc != NULL &&
		 i < rel->trigdesc->numtriggers; i++)
	{
		const Trigger *trigger = &rel->trigdesc->triggers[i];

		if (trigger->tgfoid == function &&
			TRIGGER_FOR_TRUNCATE(trigger->tgtype))
			return true;
	}
	return false;
}

/*
 * A partition's own trigger logs its rows when it has one, that is when it
 * was there when diffgen_track or diffgen_maintain was called last.  For the
 * others the partitioned table's does it.
 */
static void
log_truncate(const TriggerData *data)
{
	Relation	rel = data->tg_relation;
	Oid			function = data->tg_trigger->tgfoid;
	const Trigger *trigger = diffgen_row_trigger(rel, function);
	List	   *partitions;
	ListCell   *lc;

	if (trigger == NULL)
		return;					/* a partition that was detached */
	if (rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
	{
		log_all_rows(rel, trigger);
		return;
	}

	partitions = find_all_inheritors(RelationGetRelid(rel), NoLock, NULL);
	foreach(lc, partitions)
	{
		Relation	partition = table_open(lfirst_oid(lc), NoLock);

		trigger = diffgen_row_trigger(partition, function);
		if (partition->rd_rel->relkind != RELKIND_PARTITIONED_TABLE &&
			trigger != NULL && !has_truncate_trigger(partition, function))
			log_all_rows(partition, trigger);
		table_close(partition, NoLock);
	}
}

/*
 * diffgen_changelog() returns trigger
 *		Writes the changelog of a tracked table; see diffgen_track.
 */
Datum
diffgen_changelog(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by a trigger",
						TRIGGER_FUNCTION)));

	if (TRIGGER_FIRED_AFTER(data->tg_event) &&
		TRIGGER_FIRED_FOR_ROW(data->tg_event))
		log_row(data);
	else if (TRIGGER_FIRED_AFTER(data->tg_event) &&
			 (data->tg_oldtable != NULL || data->tg_newtable != NULL))
		diffgen_log_statement(data);
	else if (TRIGGER_FIRED_BEFORE(data->tg_event) &&
			 TRIGGER_FIRED_FOR_STATEMENT(data->tg_event) &&
			 TRIGGER_FIRED_BY_TRUNCATE(data->tg_event))
		log_truncate(data);
	else if (!TRIGGER_FIRED_BEFORE(data->tg_event) ||
			 !TRIGGER_FIRED_FOR_STATEMENT(data->tg_event) ||
			 !TRIGGER_FIRED_BY_UPDATE(data->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" of table \"%s\" must fire after a change of a row",
						data->tg_trigger->tgname,
						RelationGetRelationName(data->tg_relation)),
				 errhint("Triggers of this kind are made by diffgen_track.")));

	/*
	 * The statement trigger also names the tracked columns, for UPDATE, only
	 * to have them in the catalog.
	 */
	return PointerGetDatum(NULL);
}
