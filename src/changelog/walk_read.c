/*-------------------------------------------------------------------------
 *
 * walk_read.c
 *	  Reads what a walk back through a history goes by: the live document, and
 *	  the entries of the changelog.
 *
 * Statements are planned once for a tracked table.  They run with the rights of
 * the caller; names and operators have their schemas.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "changelog/walk_private.h"
#include "executor/spi.h"
#include "functions/compat.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* Statements of a tracked table, each NULL until it is needed. */
typedef struct WalkPlans
{
	SPIPlanPtr	entries;
	SPIPlanPtr *live;			/* for each document */
	int			ndocuments;
	MemoryContextCallback cleanup;
} WalkPlans;

static struct varlena *
get_varlena(HeapTuple tuple, TupleDesc desc, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(tuple, desc, column, &isnull);

	return isnull ? NULL : PG_DETOAST_DATUM_COPY(value);
}

/*
 * diffgen_walk_read_entry
 *		An entry of the changelog, but for what taking it back needs alone, in
 *		the current memory context.
 */
void
diffgen_walk_read_entry(HeapTuple tuple, TupleDesc desc, LogEntry *entry)
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

/*
 * diffgen_walk_read_change
 *		What of an entry is needed only to take it back, in the current memory
 *		context.
 */
void
diffgen_walk_read_change(const Walk *walk, HeapTuple tuple, TupleDesc desc,
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

/*
 * diffgen_walk_read_live
 *		Begin at the live document, if there is one, in the walk's context.
 *
 * Raises ERRCODE_UNDEFINED_COLUMN if its column is gone, and the errors of
 * reading the table.
 */
void
diffgen_walk_read_live(Walk *walk)
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

/*
 * diffgen_walk_open
 *		A cursor over the entries of the walk's row and document, newest first,
 *		for the caller to close.
 */
Portal
diffgen_walk_open(const Walk *walk)
{
	int			nkeys = walk->tracking->nkeys;
	SPIPlanPtr *plan = &walk_plans(walk->tracking)->entries;

	walk->key->types[nkeys] = TEXTOID;
	walk->key->values[nkeys] = CStringGetTextDatum(walk->document->label);
	if (*plan == NULL)
		*plan = prepare(entries_query(walk), nkeys + 1, walk->key->types);
	return SPI_cursor_open(NULL, *plan, walk->key->values, NULL, true);
}
