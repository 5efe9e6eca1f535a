/*-------------------------------------------------------------------------
 *
 * tracking.c
 *	  What is known of a tracked table: its key, documents and changelog.
 *
 * Nothing but pg_trigger says that a table is tracked, so tracking is dumped,
 * restored and dropped with the table, and no OID is stored in data.  There
 * are two triggers:
 *
 *	- a constraint trigger for rows: what it is FROM is the changelog, its
 *	  first argument are the options, the others what the changelog calls the
 *	  tracked columns;
 *	- a statement trigger for TRUNCATE, which also is one for UPDATE OF the
 *	  tracked columns and the key's.  It does nothing then: the columns are in
 *	  the catalog, first the tracked ones in the order of the arguments above,
 *	  where renaming them is followed.
 *
 * On a partitioned table both are on the table itself; its partitions have
 * clones of the first.
 *
 * With "level": "statement" the constraint trigger has the condition false: it
 * only names the changelog, which no trigger for statements can.  Beside it
 * there are three for statements, one each for INSERT, UPDATE and DELETE, which
 * log (statement.c); partitions have their own.
 *
 * Columns of the key are the first ones of the changelog and are matched by
 * position, so that either side's can be renamed.  Without the second trigger,
 * which DROP COLUMN ... CASCADE drops, nothing else says which columns the
 * changelog is by, so their names are compared.
 *
 * What was found is kept for the session, and thrown away when the relcache
 * says that the table, the changelog or, for a partition, the partitioned
 * table has changed.
 *
 * DETACH PARTITION leaves the clones of constraint triggers behind, on the
 * partition and on all below it, where they still fire.  Such a clone means
 * nothing, which the table's ancestors tell.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/partition.h"
#include "catalog/pg_index.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "changelog/entry.h"
#include "changelog/log_writer.h"
#include "changelog/tracking.h"
#include "functions/compat.h"
#include "json/edit_tree.h"
#include "json/kubernetes.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* A session's cache, of triggers by their OID. */
typedef struct CacheEntry
{
	Oid			trigger;
	Tracking   *tracking;
} CacheEntry;

static HTAB *cache = NULL;

/*
 * diffgen_schema
 *		The schema of the extension's functions: that of the running one.
 */
Oid
diffgen_schema(FunctionCallInfo fcinfo)
{
	return get_func_namespace(fcinfo->flinfo->fn_oid);
}

/*
 * diffgen_sibling
 *		Another function of the extension, which the search path cannot
 *		hide, and which the caller needs no right to name.
 *
 * Raises ERRCODE_UNDEFINED_FUNCTION if it is missing.
 */
Oid
diffgen_sibling(Oid schema, const char *name, int nargs, const Oid *argtypes)
{
	Oid			function;

	function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
							   CStringGetDatum(name),
							   PointerGetDatum(buildoidvector(argtypes, nargs)),
							   ObjectIdGetDatum(schema));
	if (!OidIsValid(function))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("function \"%s\" of extension \"%s\" is missing",
						name, "diffgen"),
				 errhint("Update or reinstall the extension.")));
	return function;
}

/*
 * diffgen_owner
 *		The role that owns a table.
 */
Oid
diffgen_owner(Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relation);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * The relation that diffgen_track was called for: the one that a partition's
 * trigger was cloned from, or else the trigger's own.
 */
static Oid
find_target(Oid trigger)
{
	Relation	pg_trigger = table_open(TriggerRelationId, AccessShareLock);
	Oid			target = InvalidOid;

	while (OidIsValid(trigger))
	{
		ScanKeyData key;
		SysScanDesc scan;
		HeapTuple	tuple;
		Form_pg_trigger form;

		ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber,
					F_OIDEQ, ObjectIdGetDatum(trigger));
		scan = systable_beginscan(pg_trigger, TriggerOidIndexId, true, NULL,
								  1, &key);
		tuple = systable_getnext(scan);
		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "could not find tuple for trigger %u", trigger);
		form = (Form_pg_trigger) GETSTRUCT(tuple);
		target = form->tgrelid;
		trigger = form->tgparentid;
		systable_endscan(scan);
	}
	table_close(pg_trigger, AccessShareLock);
	return target;
}

/*
 * Is a table the one that is tracked, or a partition of it?  Neither if it was
 * detached, or a table that it is a partition of was.
 */
static bool
belongs_to(Oid relation, Oid target)
{
	return relation == target ||
		(get_rel_relispartition(relation) &&
		 list_member_oid(get_partition_ancestors(relation), target));
}

/*
 * The target's trigger that names the columns of the documents and of the key,
 * or NULL where it is gone, as after DROP COLUMN ... CASCADE.
 */
static const Trigger *
find_column_trigger(const Tracking *tracking, Relation target, Oid function)
{
	TriggerDesc *triggers = target->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (trigger->tgfoid == function &&
			TRIGGER_FOR_TRUNCATE(trigger->tgtype) &&
			trigger->tgnattr >= tracking->ndocuments)
			return trigger;
	}
	return NULL;
}

/*
 * The columns of the documents.  If there is no trigger that names them, the
 * labels are taken for names.
 */
static void
find_columns(Tracking *tracking, Relation target, const Trigger *trigger)
{
	for (int i = 0; i < tracking->ndocuments; i++)
	{
		TrackedDocument *document = &tracking->documents[i];

		document->attnum = trigger ? trigger->tgattr[i] :
			get_attnum(RelationGetRelid(target), document->label);
		if (document->attnum < 0)
			document->attnum = InvalidAttrNumber;	/* ctid, ... */
	}
}

static void
report_key(const Tracking *tracking)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("primary key of table \"%s\" does not match its changelog \"%s\"",
					get_rel_name(tracking->target),
					get_rel_name(tracking->changelog)),
			 tracking->key_misnamed ?
			 errdetail("The first columns of a changelog are those of the primary key, in the same order, of the same types, and here, where no trigger tells whether they were renamed, of the same names.") :
			 errdetail("The first columns of a changelog are those of the primary key, in the same order and of the same types."),
			 tracking->key_misnamed ?
			 errhint("If columns were renamed, rename those of the changelog too.  Else restore the primary key, or end tracking with diffgen_untrack, rename the changelog and call diffgen_track again.") :
			 errhint("Restore the primary key, or end tracking with diffgen_untrack, rename the changelog and call diffgen_track again.")));
}

/*
 * The pg_index row of a table's primary key, or NULL.  It may be deferrable,
 * which the relcache would not show as one.
 */
static HeapTuple
find_primary_key(Relation target)
{
	List	   *indexes = RelationGetIndexList(target);
	ListCell   *lc;

	foreach(lc, indexes)
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID,
											ObjectIdGetDatum(lfirst_oid(lc)));

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for index %u", lfirst_oid(lc));
		if (((Form_pg_index) GETSTRUCT(tuple))->indisprimary)
			return tuple;
		ReleaseSysCache(tuple);
	}
	return NULL;
}

/*
 * Is the primary key still of the columns that it was of when tracking began?
 * The trigger names them after those of the documents, but for those that are
 * documents too.
 */
static bool
same_key_columns(const Tracking *tracking, const Trigger *trigger,
				 const FormData_pg_index *index)
{
	int			next = tracking->ndocuments;

	for (int i = 0; i < index->indnkeyatts; i++)
	{
		bool		is_document = false;

		for (int j = 0; j < tracking->ndocuments && !is_document; j++)
			is_document = (trigger->tgattr[j] == index->indkey.values[i]);
		if (!is_document &&
			(next >= trigger->tgnattr ||
			 trigger->tgattr[next++] != index->indkey.values[i]))
			return false;
	}
	return next == trigger->tgnattr;
}

/*
 * The next column of a changelog, after *attnum; NULL if there is none.
 */
static Form_pg_attribute
next_log_column(TupleDesc log_desc, int *attnum)
{
	while (*attnum < log_desc->natts)
	{
		Form_pg_attribute att = TupleDescAttr(log_desc, *attnum);

		(*attnum)++;
		if (!att->attisdropped)
			return att;
	}
	return NULL;
}

/*
 * Does a changelog call a column of the key by its name, as diffgen_track
 * makes it?
 */
static bool
same_name(const char *name, const char *log_name)
{
	if (!diffgen_is_log_column(name))
		return strcmp(name, log_name) == 0;
	return strncmp(log_name, KEY_PREFIX, strlen(KEY_PREFIX)) == 0 &&
		strcmp(name, log_name + strlen(KEY_PREFIX)) == 0;
}

/*
 * Match the columns of a primary key and those of the changelog, by their
 * places, and by name too if nothing else says that they are those which the
 * changelog is by; false if they do not match.
 */
static bool
match_keys(Tracking *tracking, Relation target, Relation changelog,
		   HeapTuple tuple, bool by_name)
{
	Form_pg_index index = (Form_pg_index) GETSTRUCT(tuple);
	TupleDesc	log_desc = RelationGetDescr(changelog);
	int			log_attnum = 0;
	bool		isnull;
	Datum		classes = SysCacheGetAttr(INDEXRELID, tuple,
										  Anum_pg_index_indclass, &isnull);
	oidvector  *opclasses = (oidvector *) DatumGetPointer(classes);
	Form_pg_attribute log_att;

	tracking->nkeys = index->indnkeyatts;
	tracking->keys = palloc0(mul_size(tracking->nkeys, sizeof(TrackedKey)));
	for (int i = 0; i < tracking->nkeys; i++)
	{
		TrackedKey *key = &tracking->keys[i];
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(target),
											  index->indkey.values[i] - 1);
		Oid			opclass = opclasses->values[i];

		log_att = next_log_column(log_desc, &log_attnum);
		/* The changelog has the type that a domain is of: see diffgen_track. */
		if (log_att == NULL ||
			getBaseType(log_att->atttypid) != getBaseType(att->atttypid) ||
			strcmp(NameStr(log_att->attname), COLUMN_CHANGE_ID) == 0)
			return false;
		if (by_name &&
			!same_name(NameStr(att->attname), NameStr(log_att->attname)))
		{
			tracking->key_misnamed = true;
			return false;
		}

		key->attnum = att->attnum;
		key->type = getBaseType(att->atttypid);
		key->typlen = att->attlen;
		key->typbyval = att->attbyval;
		key->collation = att->attcollation;
		key->log_name = pstrdup(NameStr(log_att->attname));
		key->equality = get_opfamily_member(get_opclass_family(opclass),
											get_opclass_input_type(opclass),
											get_opclass_input_type(opclass),
											BTEqualStrategyNumber);
	}
	log_att = next_log_column(log_desc, &log_attnum);
	return log_att != NULL &&
		strcmp(NameStr(log_att->attname), COLUMN_CHANGE_ID) == 0;
}

/*
 * The columns of the target's primary key, and those of the changelog.
 */
static void
find_keys(Tracking *tracking, Relation target, Relation changelog,
		  const Trigger *trigger)
{
	HeapTuple	tuple = find_primary_key(target);

	if (!HeapTupleIsValid(tuple))
		return;
	tracking->key_matches =
		(trigger == NULL ||
		 same_key_columns(tracking, trigger,
						  (Form_pg_index) GETSTRUCT(tuple))) &&
		match_keys(tracking, target, changelog, tuple, trigger == NULL);
	if (!tracking->key_matches)
		tracking->nkeys = 0;
	ReleaseSysCache(tuple);
}

/*
 * A partition's columns can be in another order than the target's.
 */
static void
translate_columns(Tracking *tracking)
{
	if (tracking->relation == tracking->target)
		return;

	for (int i = 0; i < tracking->nkeys; i++)
	{
		TrackedKey *key = &tracking->keys[i];

		key->attnum = get_attnum(tracking->relation,
								 get_attname(tracking->target, key->attnum,
											 false));
		if (key->attnum <= 0 ||
			get_atttype(tracking->relation, key->attnum) != key->type)
			tracking->key_matches = false;
	}
	if (!tracking->key_matches)
		tracking->nkeys = 0;
	for (int i = 0; i < tracking->ndocuments; i++)
	{
		TrackedDocument *document = &tracking->documents[i];
		char	   *name = get_attname(tracking->target, document->attnum,
									   true);

		document->attnum = name ? get_attnum(tracking->relation, name) :
			InvalidAttrNumber;
	}
}

/*
 * The columns of the key that tell which partition a row is in.
 */
static void
find_routing_keys(Tracking *tracking)
{
	List	   *ancestors;
	ListCell   *lc;

	if (tracking->relation == tracking->target)
		return;
	ancestors = get_partition_ancestors(tracking->relation);
	foreach(lc, ancestors)
	{
		Relation	ancestor = relation_open(lfirst_oid(lc), AccessShareLock);

		for (int i = 0; i < tracking->nkeys; i++)
		{
			TrackedKey *key = &tracking->keys[i];
			AttrNumber	attnum;
			Bitmapset  *column;
			bool		in_expression;

			attnum = get_attnum(lfirst_oid(lc),
								get_attname(tracking->relation, key->attnum,
											false));
			column = bms_make_singleton(attnum -
										FirstLowInvalidHeapAttributeNumber);
			if (has_partition_attrs(ancestor, column, &in_expression))
				key->routes = true;
		}
		relation_close(ancestor, AccessShareLock);
	}
}

static void
find_kinds(Tracking *tracking, Relation rel)
{
	for (int i = 0; i < tracking->ndocuments; i++)
	{
		TrackedDocument *document = &tracking->documents[i];

		if (!AttributeNumberIsValid(document->attnum))
			continue;
		switch (getBaseType(TupleDescAttr(RelationGetDescr(rel),
										  document->attnum - 1)->atttypid))
		{
			case JSONBOID:
				document->kind = DOCUMENT_JSONB;
				break;
			case JSONOID:
				document->kind = DOCUMENT_JSON;
				break;
			case TEXTOID:
			case VARCHAROID:
				document->kind = DOCUMENT_TEXT;
				break;
			default:

				/* ALTER COLUMN ... TYPE has made it something else. */
				document->attnum = InvalidAttrNumber;
		}
	}
}

/*
 * The options without those that mean nothing to a function, which it would
 * not accept.
 */
static Datum
options_without(Datum options, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		options = DirectFunctionCall2(jsonb_delete, options,
									  CStringGetTextDatum(names[i]));
	return options;
}

/*
 * diffgen_view_options
 *		Of the options of a tracked table, those of diffgen_hash: what is
 *		recorded of a document.
 */
Datum
diffgen_view_options(Datum options)
{
	static const char *const others[] = {"context", "labels", "algorithm",
	"keys", "order", "whitespace"};

	return options_without(options, others, lengthof(others));
}

/* Append the paths of a list that options have, if they have it. */
static void
append_paths(EditTree *tree, EditValue *list, uint32 *count,
			 const JsonNode *options, const char *name)
{
	JsonNode	paths;

	if (!dg_node_find(options, name, strlen(name), &paths) ||
		paths.kind != NODE_ARRAY)
		return;
	for (uint32 i = 0; i < NODE_COUNT(&paths); i++)
	{
		JsonNode	path;
		EditValue	value;

		dg_node_child(&paths, i, &path);
		value = dg_edit_from_node(&path);
		dg_edit_insert_element(tree, list, (*count)++, &value);
	}
}

/*
 * diffgen_list_options
 *		Of some options, a list of paths alone, with what a preset adds to it,
 *		for diffgen_patch; NULL if there is none.
 *
 * from is "ignore" or "redact", to is what is to be done with these paths.  The
 * lists of all the option documents are put together.  The result is in the
 * current memory context.
 */
Datum
diffgen_list_options(const Datum *options, int n, const char *from,
					 const char *to)
{
	EditTree	tree;
	EditValue	list;
	EditValue	result;
	EditValue	invertible = {.kind = NODE_TRUE};
	uint32		count = 0;

	dg_edit_begin(&tree, NULL);
	list = dg_edit_new(&tree, NODE_ARRAY);
	for (int i = 0; i < n; i++)
	{
		JsonNode	root;
		JsonNode	member;

		dg_node_root(DatumGetJsonbP(options[i]), &root);
		append_paths(&tree, &list, &count, &root, from);
		if (dg_node_find(&root, "preset", 6, &member))
		{
			Datum		preset = DirectFunctionCall1(jsonb_in,
													 CStringGetDatum(dg_kubernetes_preset));

			dg_node_root(DatumGetJsonbP(preset), &root);
			append_paths(&tree, &list, &count, &root, from);
		}
	}
	if (count == 0)
		return (Datum) 0;
	result = dg_edit_new(&tree, NODE_OBJECT);
	dg_edit_set_member(&tree, &result, to, strlen(to), &list);
	dg_edit_set_member(&tree, &result, "invertible", 10, &invertible);
	return JsonbPGetDatum(dg_edit_to_jsonb(&tree, &result));
}

static void
report_options(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("options must be a JSON object"),
			 errhint("For example: {\"ignore\": [\"$.status\"]}.")));
}

static void
set_options(Tracking *tracking, Datum options)
{
	Datum		invertible;

	invertible = DirectFunctionCall1(jsonb_in,
									 CStringGetDatum("{\"invertible\": true}"));
	tracking->options = options;
	tracking->entry_options = DirectFunctionCall2(jsonb_concat, options,
												  invertible);
	tracking->view_options = diffgen_view_options(options);
	tracking->removal_options = DirectFunctionCall2(jsonb_concat,
													tracking->view_options,
													invertible);
}

/*
 * Read what may be options; 0 if they are not a JSON object.  Reading JSON
 * uses nothing but memory, so that an error needs no subtransaction.
 */
static Datum
parse_options(const char *value)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile Datum result = (Datum) 0;

	PG_TRY();
	{
		result = DirectFunctionCall1(jsonb_in, CStringGetDatum(value));
	}
	PG_CATCH();
	{
		int			category = ERRCODE_TO_CATEGORY(geterrcode());

		MemoryContextSwitchTo(caller);
		if (category != ERRCODE_DATA_EXCEPTION &&
			category != ERRCODE_PROGRAM_LIMIT_EXCEEDED)
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	if (result != (Datum) 0 && !JB_ROOT_IS_OBJECT(DatumGetJsonbP(result)))
		return (Datum) 0;
	return result;
}

/*
 * Anybody can make a trigger with any arguments on a table of their own, and
 * the view diffgen_tracked shows all, so they are no error here.
 */
static void
read_arguments(Tracking *tracking, const Trigger *trigger)
{
	Datum		options;

	tracking->ndocuments = Max(trigger->tgnargs - 1, 0);
	tracking->documents = palloc0(mul_size(Max(tracking->ndocuments, 1),
										   sizeof(TrackedDocument)));
	for (int i = 0; i < tracking->ndocuments; i++)
		tracking->documents[i].label = pstrdup(trigger->tgargs[i + 1]);
	options = parse_options(trigger->tgnargs > 0 ? trigger->tgargs[0] : "{}");
	tracking->has_options = (options != (Datum) 0);
	if (tracking->has_options)
		set_options(tracking, options);
}

/*
 * diffgen_untracked
 *		What diffgen_make_entry needs, without a table: options and functions.
 *		Memory comes from the current context.
 */
Tracking *
diffgen_untracked(Oid schema, Datum options)
{
	Tracking   *tracking = palloc0(sizeof(Tracking));

	tracking->context = CurrentMemoryContext;
	tracking->schema = schema;
	if (!JB_ROOT_IS_OBJECT(DatumGetJsonbP(options)))
		report_options();
	tracking->has_options = true;
	set_options(tracking, options);
	tracking->engine = diffgen_make_engine(schema);
	return tracking;
}

/*
 * Find out about a table by its trigger.  Memory comes from the current
 * context, which is the one of the result.
 */
static Tracking *
make_tracking(Relation rel, const Trigger *trigger)
{
	Tracking   *tracking = palloc0(sizeof(Tracking));
	const Trigger *columns;
	Relation	target = rel;
	Relation	changelog;

	if (!OidIsValid(trigger->tgconstrrelid))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("trigger \"%s\" of table \"%s\" does not name a changelog",
						trigger->tgname, RelationGetRelationName(rel)),
				 errhint("Triggers of this kind are made by diffgen_track.")));

	tracking->trigger = trigger->tgoid;
	tracking->context = CurrentMemoryContext;
	tracking->relation = RelationGetRelid(rel);
	tracking->target = find_target(trigger->tgoid);
	tracking->changelog = trigger->tgconstrrelid;
	tracking->schema = get_func_namespace(trigger->tgfoid);
	tracking->detached = !belongs_to(tracking->relation, tracking->target);
	if (tracking->detached)
		return tracking;
	read_arguments(tracking, trigger);

	if (tracking->target != tracking->relation)
		target = relation_open(tracking->target, AccessShareLock);
	tracking->target_name = pstrdup(RelationGetRelationName(target));
	changelog = relation_open(tracking->changelog, AccessShareLock);
	columns = find_column_trigger(tracking, target, trigger->tgfoid);
	find_columns(tracking, target, columns);
	find_keys(tracking, target, changelog, columns);
	translate_columns(tracking);
	find_routing_keys(tracking);
	find_kinds(tracking, rel);
	tracking->engine = diffgen_make_engine(tracking->schema);
	relation_close(changelog, AccessShareLock);
	if (target != rel)
		relation_close(target, AccessShareLock);
	return tracking;
}

static void
relcache_changed(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS status;
	CacheEntry *entry;

	hash_seq_init(&status, cache);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		Tracking   *tracking = entry->tracking;

		if (tracking != NULL &&
			(!OidIsValid(relid) || relid == tracking->relation ||
			 relid == tracking->target || relid == tracking->changelog))
			tracking->valid = false;
	}
}

/* The names of schemas are in the statements that write changelogs. */
static void
namespace_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	relcache_changed(arg, InvalidOid);
}

static void
make_cache(void)
{
	HASHCTL		control;

	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(Oid);
	control.entrysize = sizeof(CacheEntry);
	cache = hash_create("diffgen tracked tables", 16, &control,
						HASH_ELEM | HASH_BLOBS);
	CacheRegisterRelcacheCallback(relcache_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, namespace_changed, (Datum) 0);
}

/*
 * Take what is not valid any longer out of the cache.  An outer call, whose
 * insertion into the changelog made this one happen, may still be using it, so
 * it lives until the end of the transaction.
 */
static void
drop_invalid(void)
{
	HASH_SEQ_STATUS status;
	CacheEntry *entry;

	hash_seq_init(&status, cache);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		if (entry->tracking != NULL && entry->tracking->valid)
			continue;
		if (entry->tracking != NULL)
			MemoryContextSetParent(entry->tracking->context,
								   TopTransactionContext);
		hash_search(cache, &entry->trigger, HASH_REMOVE, NULL);
	}
}

/*
 * diffgen_known_tracking
 *		What is known of a table by one of its triggers, though it may not do
 *		for writing the changelog, or for reading it, or say that the table
 *		was detached.
 *
 * The result lives until the end of the transaction at least.
 */
Tracking *
diffgen_known_tracking(Relation rel, const Trigger *trigger)
{
	CacheEntry *entry;
	Tracking   *tracking;
	MemoryContext context;
	MemoryContext old_context;
	Oid			oid = trigger->tgoid;

	if (cache == NULL)
		make_cache();

	entry = hash_search(cache, &oid, HASH_FIND, NULL);
	if (entry != NULL && entry->tracking != NULL && entry->tracking->valid)
		return entry->tracking;

	context = AllocSetContextCreate(CurrentMemoryContext,
									"diffgen tracked table",
									ALLOCSET_SMALL_SIZES);
	old_context = MemoryContextSwitchTo(context);
	tracking = make_tracking(rel, trigger);
	MemoryContextSwitchTo(old_context);

	drop_invalid();
	entry = hash_search(cache, &oid, HASH_ENTER, NULL);
	entry->tracking = NULL;
	MemoryContextSetParent(context, CacheMemoryContext);
	tracking->valid = true;
	entry->tracking = tracking;
	return tracking;
}

/*
 * diffgen_row_trigger
 *		The trigger by which a table is tracked, or NULL.
 */
const Trigger *
diffgen_row_trigger(Relation rel, Oid function)
{
	TriggerDesc *triggers = rel->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (trigger->tgfoid == function &&
			OidIsValid(trigger->tgconstrrelid) &&
			!(trigger->tgisclone &&
			  diffgen_known_tracking(rel, trigger)->detached))
			return trigger;
	}
	return NULL;
}

/*
 * Prepare to write a changelog.  If there is an error, nothing stays.
 */
static void
make_writer(Tracking *tracking)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "diffgen log writer",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	Relation	changelog = relation_open(tracking->changelog, AccessShareLock);

	tracking->writer = diffgen_make_writer(tracking, changelog);
	relation_close(changelog, AccessShareLock);
	MemoryContextSwitchTo(old_context);
	MemoryContextSetParent(context, tracking->context);
}

/*
 * diffgen_tracking
 *		What is known of a table by one of its triggers.
 *
 * The same as diffgen_known_tracking, but NULL if the table was detached,
 * ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE if its key does not match that of
 * the changelog, ERRCODE_INVALID_PARAMETER_VALUE if the trigger was not made
 * with options, and an error if columns of the changelog are missing.
 */
Tracking *
diffgen_tracking(Relation rel, const Trigger *trigger)
{
	Tracking   *tracking = diffgen_known_tracking(rel, trigger);

	if (tracking->detached)
		return NULL;
	if (!tracking->has_options)
		report_options();
	if (!tracking->key_matches)
		report_key(tracking);
	if (tracking->writer == NULL)
		make_writer(tracking);
	return tracking;
}

/*
 * diffgen_tracking_of
 *		What is known of a tracked table or partition; NULL if it is not
 *		tracked.
 *
 * The caller holds a lock on it, or does not care.  The rest is as for
 * diffgen_tracking.
 */
Tracking *
diffgen_tracking_of(Oid target, Oid schema)
{
	Oid			function = diffgen_sibling(schema, TRIGGER_FUNCTION, 0, NULL);
	Relation	rel = relation_open(target, AccessShareLock);
	const Trigger *trigger = diffgen_row_trigger(rel, function);
	Tracking   *tracking = NULL;

	if (trigger != NULL)
		tracking = diffgen_tracking(rel, trigger);
	relation_close(rel, NoLock);
	return tracking;
}
