/*-------------------------------------------------------------------------
 *
 * statement.c
 *	  Logs all rows of a statement at once, from its transition tables.
 *
 * For a bulk load this costs about half of what the trigger for each row does,
 * as entries are written in batches.  What it does not see is told in
 * doc/changelog.md.
 *
 * The server puts the old and the new version of a row into their transition
 * tables at the same time, so the two are read in parallel and no join is
 * needed.  It does not promise to do so.  Rows that have another key at the
 * same place are therefore put aside, and joined by key in the end: a key that
 * only the old rows have is that of a row that has gone, one that only the new
 * rows have that of a row that has come, out of the old row at the same place.
 * Besides a statement that changes keys this happens where a row's way to
 * another partition is ended by a trigger there: its new version is missing,
 * and all that follow are one place off.  Places tell nothing then.
 *
 * A statement changes a row once, but a foreign key of the table to itself
 * with ON UPDATE CASCADE changes rows in its name when it has changed all: the
 * tables then go on with rows that had got their keys from the statement.  So
 * what was put aside is logged before the first change of a row that is among
 * it by its new key.
 *
 * Memory: that of a batch, and of one row's documents.  The tables of what was
 * put aside, and the join, go to disk beyond work_mem.  Only a statement that
 * changes the keys of some rows and leaves those of others has 16 to 32 bytes
 * for each of the former.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "changelog/row_log.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "functions/compat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/tuplestore.h"

/* What SQL calls the tables of what was put aside. */
#define OLD_NAME	"diffgen_old"
#define NEW_NAME	"diffgen_new"

/* Rows of the join that are fetched at a time. */
#define JOIN_ROWS	100

/* A row: its key, and the values of its documents. */
typedef struct StatementRow
{
	Datum	   *key;
	DocumentValue *documents;
} StatementRow;

/* Reads a transition table. */
typedef struct RowReader
{
	Tuplestorestate *rows;		/* NULL: no rows */
	int			pointer;		/* our read pointer; others have theirs */
	MemoryContext context;		/* of rows that were on disk */
	TupleTableSlot *slot;
} RowReader;

/*
 * Rows that were put aside: their place, the columns of the key, and the
 * documents.
 */
typedef struct Leftovers
{
	Tuplestorestate *rows;
	int64		nrows;
} Leftovers;

/* A set of keys, by their hashes, which are too long to collide. */
typedef struct KeyHash
{
	uint64		hash;
	char		status;
} KeyHash;

#define SH_PREFIX		keyset
#define SH_ELEMENT_TYPE KeyHash
#define SH_KEY_TYPE		uint64
#define SH_KEY			hash
#define SH_HASH_KEY(set, key)	((uint32) (key))
#define SH_EQUAL(set, a, b)		((a) == (b))
#define SH_SCOPE		static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct StatementLog
{
	const Tracking *tracking;
	struct LogBatch *batch;
	MemoryContext own;			/* of the statement */
	MemoryContext row;			/* reset for each row */
	TupleDesc	leftover_desc;	/* NULL until it is needed */
	Leftovers	old_rows;
	Leftovers	new_rows;
	keyset_hash *new_keys;		/* those of new_rows, NULL until needed */
} StatementLog;

static void
begin_read(RowReader *reader, Tuplestorestate *rows, TupleDesc desc)
{
	reader->rows = rows;
	reader->slot = NULL;
	reader->context = CurrentMemoryContext;
	if (rows == NULL)
		return;
	reader->slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	reader->pointer = tuplestore_alloc_read_pointer(rows, EXEC_FLAG_REWIND);
	tuplestore_select_read_pointer(rows, reader->pointer);
	tuplestore_rescan(rows);
}

/*
 * The next row; false if there is none.  It lives until the current memory
 * context is reset, or the reader goes on.
 */
static bool
read_row(const Tracking *tracking, RowReader *reader, StatementRow *row)
{
	MemoryContext old_context;
	bool		found;

	if (reader->rows == NULL)
		return false;
	old_context = MemoryContextSwitchTo(reader->context);
	tuplestore_select_read_pointer(reader->rows, reader->pointer);
	found = tuplestore_gettupleslot(reader->rows, true, false, reader->slot);
	MemoryContextSwitchTo(old_context);
	if (!found)
		return false;

	row->key = palloc(mul_size(tracking->nkeys, sizeof(Datum)));
	for (int i = 0; i < tracking->nkeys; i++)
	{
		bool		isnull;

		row->key[i] = slot_getattr(reader->slot, tracking->keys[i].attnum,
								   &isnull);
		if (isnull)
			diffgen_null_key(tracking, i);
	}
	row->documents = palloc0(mul_size(Max(tracking->ndocuments, 1),
									  sizeof(DocumentValue)));
	for (int i = 0; i < tracking->ndocuments; i++)
	{
		DocumentValue *document = &row->documents[i];

		document->isnull = true;
		if (AttributeNumberIsValid(tracking->documents[i].attnum))
			document->value = slot_getattr(reader->slot,
										   tracking->documents[i].attnum,
										   &document->isnull);
	}
	return true;
}

static void
end_read(RowReader *reader)
{
	if (reader->slot != NULL)
		ExecDropSingleTupleTableSlot(reader->slot);
}

/* The types of the documents do not matter, only that they are varlenas. */
static TupleDesc
make_leftover_desc(const Tracking *tracking)
{
	int			n = 1 + tracking->nkeys + tracking->ndocuments;
	TupleDesc	desc = CreateTemplateTupleDesc(n);
	char		name[NAMEDATALEN];

	TupleDescInitEntry(desc, 1, "place", INT8OID, -1, 0);
	for (int i = 0; i < tracking->nkeys; i++)
	{
		snprintf(name, sizeof(name), "k%d", i + 1);
		TupleDescInitEntry(desc, 2 + i, name, tracking->keys[i].type, -1, 0);
		TupleDescInitEntryCollation(desc, 2 + i, tracking->keys[i].collation);
	}
	for (int i = 0; i < tracking->ndocuments; i++)
	{
		snprintf(name, sizeof(name), "d%d", i + 1);
		TupleDescInitEntry(desc, 2 + tracking->nkeys + i, name, BYTEAOID, -1,
						   0);
	}
	TupleDescFinalize(desc);
	return desc;
}

static uint64
hash_key(const Tracking *tracking, const Datum *key)
{
	uint64		hash = 0;

	for (int i = 0; i < tracking->nkeys; i++)
	{
		const TrackedKey *column = &tracking->keys[i];
		const void *bytes = DatumGetPointer(key[i]);
		int			length = column->typlen;

		if (column->typbyval)
		{
			bytes = &key[i];
			length = sizeof(Datum);
		}
		else if (length == -1)
		{
			struct varlena *value = PG_DETOAST_DATUM_PACKED(key[i]);

			bytes = VARDATA_ANY(value);
			length = VARSIZE_ANY_EXHDR(value);
		}
		else if (length == -2)
			length = strlen(DatumGetCString(key[i]));
		hash = hash_bytes_extended(bytes, length, hash);
	}
	return hash;
}

/*
 * Put a row aside.
 */
static void
put_aside(StatementLog *log, Leftovers *leftovers, int64 place,
		  const StatementRow *row)
{
	const Tracking *tracking = log->tracking;
	int			n = 0;
	Datum	   *values;
	bool	   *nulls;
	MemoryContext old_context = MemoryContextSwitchTo(log->own);

	if (log->leftover_desc == NULL)
		log->leftover_desc = make_leftover_desc(tracking);
	if (leftovers->rows == NULL)
	{
		log->old_rows.rows = tuplestore_begin_heap(false, false, work_mem);
		log->new_rows.rows = tuplestore_begin_heap(false, false, work_mem);
	}
	MemoryContextSwitchTo(old_context);

	values = palloc(mul_size(log->leftover_desc->natts, sizeof(Datum)));
	nulls = palloc0(log->leftover_desc->natts);
	values[n++] = Int64GetDatum(place);
	for (int i = 0; i < tracking->nkeys; i++)
		values[n++] = row->key[i];
	for (int i = 0; i < tracking->ndocuments; i++)
	{
		values[n] = row->documents[i].value;
		nulls[n++] = row->documents[i].isnull;
	}
	tuplestore_putvalues(leftovers->rows, log->leftover_desc, values, nulls);
	leftovers->nrows++;
	if (leftovers == &log->new_rows && log->new_keys != NULL)
	{
		bool		found;

		keyset_insert(log->new_keys, hash_key(tracking, row->key), &found);
	}
}

/*
 * Collect the keys of the new rows that were put aside.
 */
static void
collect_new_keys(StatementLog *log)
{
	const Tracking *tracking = log->tracking;
	Tuplestorestate *rows = log->new_rows.rows;
	TupleTableSlot *slot = MakeSingleTupleTableSlot(log->leftover_desc,
													&TTSOpsMinimalTuple);
	Datum	   *key = palloc(mul_size(tracking->nkeys, sizeof(Datum)));
	MemoryContext scratch = AllocSetContextCreate(log->own, "diffgen key",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old_context;

	log->new_keys = keyset_create(log->own, 256, NULL);
	tuplestore_rescan(rows);
	while (tuplestore_gettupleslot(rows, true, false, slot))
	{
		bool		ignored;

		CHECK_FOR_INTERRUPTS();
		old_context = MemoryContextSwitchTo(scratch);
		for (int i = 0; i < tracking->nkeys; i++)
			key[i] = slot_getattr(slot, 2 + i, &ignored);
		keyset_insert(log->new_keys, hash_key(tracking, key), &ignored);
		MemoryContextSwitchTo(old_context);
		MemoryContextReset(scratch);
	}
	MemoryContextDelete(scratch);
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * Has a row that was put aside got this key?
 */
static bool
is_new_key(StatementLog *log, const Datum *key)
{
	if (log->new_rows.nrows == 0)
		return false;
	if (log->new_keys == NULL)
		collect_new_keys(log);
	return keyset_lookup(log->new_keys, hash_key(log->tracking, key)) != NULL;
}

/*
 * Take one of the two rows of a joined one, which begins at a column; false
 * if there is none.
 */
static bool
joined_row(const Tracking *tracking, HeapTuple tuple, TupleDesc desc,
		   int column, StatementRow *row)
{
	bool		isnull;

	heap_getattr(tuple, column++, desc, &isnull);
	if (isnull)
		return false;
	row->key = palloc(mul_size(tracking->nkeys, sizeof(Datum)));
	for (int i = 0; i < tracking->nkeys; i++)
	{
		row->key[i] = heap_getattr(tuple, column++, desc, &isnull);
		if (isnull)
			diffgen_null_key(tracking, i);
	}
	row->documents = palloc0(mul_size(Max(tracking->ndocuments, 1),
									  sizeof(DocumentValue)));
	for (int i = 0; i < tracking->ndocuments; i++)
	{
		DocumentValue *document = &row->documents[i];

		document->value = heap_getattr(tuple, column++, desc,
									   &document->isnull);
	}
	return true;
}

/*
 * Log a row of the join.  A new row without an old one of the same key is
 * joined to the old one of the same place.
 */
static void
log_joined(StatementLog *log, HeapTuple tuple, TupleDesc desc, bool by_key)
{
	const Tracking *tracking = log->tracking;
	StatementRow old_row;
	StatementRow new_row;
	bool		has_old;
	bool		has_new;

	has_old = joined_row(tracking, tuple, desc, 1, &old_row);
	has_new = joined_row(tracking, tuple, desc,
						 1 + log->leftover_desc->natts, &new_row);
	if (!by_key)
		diffgen_log_row(tracking, log->batch, "insert", new_row.key,
						has_old ? old_row.documents : NULL,
						new_row.documents);
	else if (has_new)
		diffgen_log_update(tracking, log->batch,
						   old_row.key, old_row.documents,
						   new_row.key, new_row.documents);
	else
		diffgen_log_row(tracking, log->batch, "delete", old_row.key,
						old_row.documents, NULL);
}

static void
log_join(StatementLog *log, const char *query, bool by_key)
{
	MemoryContext row_context = AllocSetContextCreate(log->own,
													  "diffgen joined row",
													  ALLOCSET_DEFAULT_SIZES);
	SPIPlanPtr	plan = SPI_prepare(query, 0, NULL);
	Portal		portal;

	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s",
			 SPI_result_code_string(SPI_result));
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	for (;;)
	{
		SPITupleTable *rows;

		SPI_cursor_fetch(portal, true, JOIN_ROWS);
		rows = SPI_tuptable;
		if (SPI_processed == 0)
			break;
		for (uint64 i = 0; i < rows->numvals; i++)
		{
			MemoryContext old_context = MemoryContextSwitchTo(row_context);

			CHECK_FOR_INTERRUPTS();
			log_joined(log, rows->vals[i], rows->tupdesc, by_key);
			MemoryContextSwitchTo(old_context);
			MemoryContextReset(row_context);
		}
		SPI_freetuptable(rows);
	}
	SPI_cursor_close(portal);
	SPI_freeplan(plan);
	MemoryContextDelete(row_context);
}

/* The condition that an old row and a new one have the same key. */
static char *
key_condition(const Tracking *tracking)
{
	StringInfoData condition;

	initStringInfo(&condition);
	for (int i = 0; i < tracking->nkeys; i++)
	{
		const TrackedKey *key = &tracking->keys[i];
		char		left[NAMEDATALEN];
		char		right[NAMEDATALEN];

		snprintf(left, sizeof(left), "o.k%d", i + 1);
		snprintf(right, sizeof(right), "n.k%d", i + 1);
		appendStringInfoString(&condition, i > 0 ? " AND " : "");
		generate_operator_clause(&condition, left, key->type, key->equality,
								 right, key->type);
	}
	return condition.data;
}

static void
register_leftovers(StatementLog *log, const char *name,
				   const Leftovers *leftovers)
{
	EphemeralNamedRelation relation;

	relation = palloc0(sizeof(EphemeralNamedRelationData));
	relation->md.name = pstrdup(name);
	relation->md.tupdesc = log->leftover_desc;
	relation->md.enrtype = ENR_NAMED_TUPLESTORE;
	relation->md.enrtuples = leftovers->nrows;
	relation->reldata = leftovers->rows;
	if (SPI_register_relation(relation) != SPI_OK_REL_REGISTER)
		elog(ERROR, "SPI_register_relation failed");
}

/*
 * Log the rows that were put aside, which are none then.  First those whose key was there before,
 * so that a key which one row has given up and another one has taken is not
 * found twice.
 */
static void
log_leftovers(StatementLog *log)
{
	const Tracking *tracking = log->tracking;
	char	   *condition;
	Role		role;

	if (log->old_rows.rows == NULL)
		return;
	diffgen_become_owner(tracking, &role);
	register_leftovers(log, OLD_NAME, &log->old_rows);
	register_leftovers(log, NEW_NAME, &log->new_rows);
	condition = key_condition(tracking);
	log_join(log, psprintf("SELECT o.*, n.* FROM " OLD_NAME " o LEFT JOIN "
						   NEW_NAME " n ON %s", condition), true);
	log_join(log, psprintf("SELECT p.*, n.* FROM " NEW_NAME " n LEFT JOIN "
						   OLD_NAME " p ON %s AND p.place OPERATOR(pg_catalog.=) n.place "
						   "WHERE NOT EXISTS (SELECT FROM " OLD_NAME
						   " o WHERE %s)",
						   log->old_rows.nrows == log->new_rows.nrows ?
						   "true" : "false", condition), false);
	diffgen_resume_role(&role);
	tuplestore_end(log->old_rows.rows);
	tuplestore_end(log->new_rows.rows);
	if (log->new_keys != NULL)
		keyset_destroy(log->new_keys);
	memset(&log->old_rows, 0, sizeof(Leftovers));
	memset(&log->new_rows, 0, sizeof(Leftovers));
	log->new_keys = NULL;
}

/*
 * Read both tables in parallel.
 */
static void
log_updates(StatementLog *log, const TriggerData *data)
{
	const Tracking *tracking = log->tracking;
	TupleDesc	desc = RelationGetDescr(data->tg_relation);
	RowReader	old_reader;
	RowReader	new_reader;
	MemoryContext old_context;

	begin_read(&old_reader, data->tg_oldtable, desc);
	begin_read(&new_reader, data->tg_newtable, desc);
	old_context = MemoryContextSwitchTo(log->row);
	for (int64 place = 0;; place++)
	{
		StatementRow old_row;
		StatementRow new_row;
		bool		has_old = read_row(tracking, &old_reader, &old_row);
		bool		has_new = read_row(tracking, &new_reader, &new_row);

		CHECK_FOR_INTERRUPTS();
		if (!has_old && !has_new)
			break;
		if (has_old && has_new &&
			diffgen_same_key(tracking, old_row.key, new_row.key))
		{
			if (is_new_key(log, new_row.key))
				log_leftovers(log);
			diffgen_log_row(tracking, log->batch, "update", new_row.key,
							old_row.documents, new_row.documents);
		}
		else
		{
			if (has_old)
				put_aside(log, &log->old_rows, place, &old_row);
			if (has_new)
				put_aside(log, &log->new_rows, place, &new_row);
		}
		MemoryContextReset(log->row);
	}
	MemoryContextSwitchTo(old_context);
	end_read(&old_reader);
	end_read(&new_reader);
	log_leftovers(log);
}

static void
log_all(StatementLog *log, const TriggerData *data, const char *operation,
		Tuplestorestate *rows)
{
	bool		removed = (rows == data->tg_oldtable);
	MemoryContext old_context;
	RowReader	reader;
	StatementRow row;

	begin_read(&reader, rows, RelationGetDescr(data->tg_relation));
	old_context = MemoryContextSwitchTo(log->row);
	while (read_row(log->tracking, &reader, &row))
	{
		CHECK_FOR_INTERRUPTS();
		diffgen_log_row(log->tracking, log->batch, operation, row.key,
						removed ? row.documents : NULL,
						removed ? NULL : row.documents);
		MemoryContextReset(log->row);
	}
	MemoryContextSwitchTo(old_context);
	end_read(&reader);
}

/*
 * diffgen_log_statement
 *		Log the rows that a statement has inserted, updated or deleted.
 *
 * Does nothing where no changelog is named, as that was dropped or the
 * partition detached; where that trigger was disabled; and where it logs each
 * row by itself.  Raises the errors of diffgen_tracking and of
 * diffgen_write_log.
 */
void
diffgen_log_statement(TriggerData *data)
{
	const Trigger *trigger = diffgen_row_trigger(data->tg_relation,
												 data->tg_trigger->tgfoid);
	StatementLog log;

	if (trigger == NULL || !TRIGGER_NAMES_CHANGELOG_ONLY(trigger) ||
		trigger->tgenabled == TRIGGER_DISABLED)
		return;

	memset(&log, 0, sizeof(log));
	log.tracking = diffgen_tracking(data->tg_relation, trigger);
	log.own = CurrentMemoryContext;
	log.row = AllocSetContextCreate(CurrentMemoryContext, "diffgen row",
									ALLOCSET_DEFAULT_SIZES);
	log.batch = diffgen_begin_batch(log.tracking);
	if (TRIGGER_FIRED_BY_INSERT(data->tg_event))
		log_all(&log, data, "insert", data->tg_newtable);
	else if (TRIGGER_FIRED_BY_DELETE(data->tg_event))
		log_all(&log, data, "delete", data->tg_oldtable);
	else
		log_updates(&log, data);
	diffgen_flush_batch(log.batch);
	MemoryContextDelete(log.row);
}
