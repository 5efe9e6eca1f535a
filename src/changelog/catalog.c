/*-------------------------------------------------------------------------
 *
 * catalog.c
 *	  Tells SQL what is known of a tracked table, and of types.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/stratnum.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "changelog/tracking.h"
#include "fmgr.h"
#include "funcapi.h"
#include "functions/compat.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(diffgen_tracking_info);
PG_FUNCTION_INFO_V1(diffgen_operator);

#define INFO_COLUMNS	9

static Datum
array_of(Datum *elements, bool *nulls, int n, Oid type, int typlen,
		 char align)
{
	int			dims = n;
	int			lower = 1;

	if (n == 0)
		return PointerGetDatum(construct_empty_array(type));
	return PointerGetDatum(construct_md_array(elements, nulls, 1, &dims,
											  &lower, type, typlen, false,
											  align));
}

static Datum
name_datum(const char *name)
{
	Name		result = palloc0(NAMEDATALEN);

	/* A trigger's arguments may be longer; cut no character in two. */
	memcpy(NameStr(*result), name,
		   pg_mbcliplen(name, strlen(name), NAMEDATALEN - 1));
	return NameGetDatum(result);
}

static void
fill_documents(const Tracking *tracking, Datum *values)
{
	int			n = tracking->ndocuments;
	Datum	   *labels = palloc(mul_size(Max(n, 1), sizeof(Datum)));
	Datum	   *columns = palloc(mul_size(Max(n, 1), sizeof(Datum)));
	bool	   *gone = palloc0(Max(n, 1));

	for (int i = 0; i < n; i++)
	{
		const TrackedDocument *document = &tracking->documents[i];

		labels[i] = name_datum(document->label);
		gone[i] = !AttributeNumberIsValid(document->attnum);
		columns[i] = gone[i] ? (Datum) 0 :
			name_datum(get_attname(tracking->relation, document->attnum,
								   false));
	}
	values[0] = array_of(labels, NULL, n, NAMEOID, NAMEDATALEN,
						 TYPALIGN_CHAR);
	values[1] = array_of(columns, gone, n, NAMEOID, NAMEDATALEN,
						 TYPALIGN_CHAR);
}

static void
fill_keys(const Tracking *tracking, Datum *values)
{
	int			n = tracking->nkeys;
	Datum	   *keys = palloc(mul_size(n, sizeof(Datum)));
	Datum	   *log_keys = palloc(mul_size(n, sizeof(Datum)));

	for (int i = 0; i < n; i++)
	{
		keys[i] = name_datum(get_attname(tracking->relation,
										 tracking->keys[i].attnum, false));
		log_keys[i] = name_datum(tracking->keys[i].log_name);
	}
	values[0] = array_of(keys, NULL, n, NAMEOID, NAMEDATALEN, TYPALIGN_CHAR);
	values[1] = array_of(log_keys, NULL, n, NAMEOID, NAMEDATALEN,
						 TYPALIGN_CHAR);
}

/*
 * Can the partitions of a changelog be told?  SQL takes their bounds for
 * times.
 */
static bool
has_times(Oid changelog)
{
	Relation	rel = relation_open(changelog, AccessShareLock);
	PartitionKey key = RelationGetPartitionKey(rel);
	bool		result;

	result = key == NULL ||
		get_partition_strategy(key) != PARTITION_STRATEGY_RANGE ||
		(get_partition_natts(key) == 1 &&
		 get_partition_col_typid(key, 0) == TIMESTAMPTZOID);
	relation_close(rel, AccessShareLock);
	return result;
}

/*
 * Whether a statement of a kind is logged whenever the trigger that names the
 * changelog is enabled.
 */
static bool
has_statement_trigger(Relation rel, const Trigger *named, int16 event)
{
	for (int i = 0; i < rel->trigdesc->numtriggers; i++)
	{
		const Trigger *trigger = &rel->trigdesc->triggers[i];

		if (trigger->tgfoid == named->tgfoid &&
			TRIGGER_FOR_AFTER(trigger->tgtype) &&
			!TRIGGER_FOR_ROW(trigger->tgtype) &&
			(trigger->tgtype & event) != 0 &&
			trigger->tgenabled == named->tgenabled)
			return true;
	}
	return false;
}

/*
 * When changes are logged, by the trigger that names the changelog.
 */
static const char *
enabled_word(Relation rel, const Trigger *trigger)
{
	if (TRIGGER_NAMES_CHANGELOG_ONLY(trigger) &&
		!(has_statement_trigger(rel, trigger, TRIGGER_TYPE_INSERT) &&
		  has_statement_trigger(rel, trigger, TRIGGER_TYPE_UPDATE) &&
		  has_statement_trigger(rel, trigger, TRIGGER_TYPE_DELETE)))
		return "disabled";
	switch (trigger->tgenabled)
	{
		case TRIGGER_FIRES_ALWAYS:
			return "always";
		case TRIGGER_FIRES_ON_ORIGIN:
			return "origin";
		case TRIGGER_FIRES_ON_REPLICA:
			return "replica";
		default:
			return "disabled";
	}
}

/*
 * diffgen_tracking(relation regclass, usable boolean)
 *		What is known of a tracked table, or NULLs if it is not tracked:
 *		(target, changelog, documents, columns, key, changelog_key, options,
 *		enabled, level).
 *
 * If the changelog cannot be written any longer, as the table's primary key or
 * its own columns have changed, that is an error if it has to be usable, or
 * else the keys are NULL in the former case.  So are then the options of a
 * trigger that was not made with any, and a changelog that is none.
 */
Datum
diffgen_tracking_info(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	bool		usable = PG_GETARG_BOOL(1);
	Oid			schema = diffgen_schema(fcinfo);
	TupleDesc	tupdesc;
	Datum		values[INFO_COLUMNS];
	bool		nulls[INFO_COLUMNS];
	Tracking   *tracking;
	Relation	rel;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	tupdesc = BlessTupleDesc(tupdesc);

	rel = try_relation_open(relid, AccessShareLock);
	memset(nulls, true, sizeof(nulls));
	memset(values, 0, sizeof(values));
	if (rel != NULL)
	{
		Oid			function = diffgen_sibling(schema, TRIGGER_FUNCTION, 0,
											   NULL);
		const Trigger *trigger = diffgen_row_trigger(rel, function);

		if (trigger != NULL)
		{
			const char *level;

			tracking = usable ? diffgen_tracking(rel, trigger) :
				diffgen_known_tracking(rel, trigger);
			memset(nulls, false, sizeof(nulls));
			values[0] = ObjectIdGetDatum(tracking->target);
			values[1] = ObjectIdGetDatum(tracking->changelog);
			fill_documents(tracking, &values[2]);
			nulls[4] = nulls[5] = !tracking->key_matches ||
				!tracking->has_options;
			if (!nulls[4])
				fill_keys(tracking, &values[4]);
			nulls[1] = !usable && !has_times(tracking->changelog);
			nulls[6] = !tracking->has_options;
			values[6] = tracking->options;
			values[7] = CStringGetTextDatum(enabled_word(rel, trigger));
			level = TRIGGER_NAMES_CHANGELOG_ONLY(trigger) ? "statement" : "row";
			values[8] = CStringGetTextDatum(level);
		}
		relation_close(rel, AccessShareLock);
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(tupdesc, values,
													  nulls)));
}

/*
 * diffgen_operator(left_type regtype, right_type regtype, strategy int)
 *		returns text
 *		The operator that compares values of two types as their default order
 *		does, written such that no search path matters: OPERATOR(schema.=).
 *
 * The strategy is a B-tree's: 1 is <, 2 <=, 3 =, 4 >=, 5 >.  NULL if the types
 * have no order in common.
 */
Datum
diffgen_operator(PG_FUNCTION_ARGS)
{
	TypeCacheEntry *left = lookup_type_cache(PG_GETARG_OID(0),
											 TYPECACHE_BTREE_OPFAMILY);
	TypeCacheEntry *right = lookup_type_cache(PG_GETARG_OID(1),
											  TYPECACHE_BTREE_OPFAMILY);
	int32		strategy = PG_GETARG_INT32(2);
	Oid			operator;
	HeapTuple	tuple;
	Form_pg_operator form;
	char	   *result;

	if (!OidIsValid(left->btree_opf) || left->btree_opf != right->btree_opf ||
		strategy < 1 || strategy > BTMaxStrategyNumber)
		PG_RETURN_NULL();
	operator = get_opfamily_member(left->btree_opf, left->btree_opintype,
								   right->btree_opintype, (int16) strategy);
	if (!OidIsValid(operator))
		PG_RETURN_NULL();

	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	result = psprintf("OPERATOR(%s.%s)",
					  quote_identifier(get_namespace_name(form->oprnamespace)),
					  NameStr(form->oprname));
	ReleaseSysCache(tuple);
	PG_RETURN_TEXT_P(cstring_to_text(result));
}
