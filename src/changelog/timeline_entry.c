/*-------------------------------------------------------------------------
 *
 * timeline_entry.c
 *	  What a page of changes says of one row of the changelog.
 *
 * A changelog can be changed by its owner, so nothing here takes its rows to
 * be as the trigger wrote them: what is not as expected is left out.  All
 * memory is the current context's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "changelog/history.h"
#include "changelog/timeline.h"
#include "fmgr.h"
#include "functions/compat.h"
#include "json/edit_tree.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"

/* What else there is to tell of an entry, besides its key and context. */
#define OTHER_FACTS		4

/* What follows from an operation's name. */
static const struct
{
	const char *operation;
	TimelineKind kind;
	const char *words;
}			operations[] = {
	{"update", TIMELINE_CHANGED},
	{"insert", TIMELINE_ADDED},
	{"delete", TIMELINE_REMOVED},
	{"truncate", TIMELINE_REMOVED},
	{"track", TIMELINE_NOTE, "tracking began, or got other options"},
	{"untrack", TIMELINE_NOTE, "tracking ended"},
	{"backfill", TIMELINE_NOTE, "old snapshots were taken in"},
	{"prune", TIMELINE_NOTE, "older entries were dropped"}
};

/* A column as text, or NULL. */
static char *
column_text(const TimelineRow *row, int column)
{
	if (row->nulls[column])
		return NULL;
	return SPI_getvalue(row->tuple, row->tupdesc, column + 1);
}

/* Is a column this word? */
static bool
column_is(const TimelineRow *row, int column, const char *word)
{
	text	   *value;

	if (row->nulls[column])
		return false;
	value = DatumGetTextPP(row->values[column]);
	return VARSIZE_ANY_EXHDR(value) == strlen(word) &&
		memcmp(VARDATA_ANY(value), word, strlen(word)) == 0;
}

static bool
column_true(const TimelineRow *row, int column)
{
	return !row->nulls[column] && DatumGetBool(row->values[column]);
}

/* The place of a row's operation in the list; of others, that of "update". */
static int
find_operation(const TimelineRow *row)
{
	for (int i = 0; i < (int) lengthof(operations); i++)
	{
		if (column_is(row, HISTORY_OPERATION, operations[i].operation))
			return i;
	}
	return 0;
}

/*
 * diffgen_timeline_kind
 *		What kind of a change a row is.
 */
TimelineKind
diffgen_timeline_kind(const TimelineRow *row)
{
	return operations[find_operation(row)].kind;
}

/*
 * diffgen_timeline_paths
 *		The changed paths, in the current memory context.
 */
void
diffgen_timeline_paths(const TimelineRow *row, int *npaths, char ***paths)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;

	*npaths = 0;
	*paths = NULL;
	if (row->nulls[HISTORY_PATHS])
		return;
	deconstruct_array(DatumGetArrayTypeP(row->values[HISTORY_PATHS]), TEXTOID,
					  -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	*paths = palloc(mul_size(Max(n, 1), sizeof(char *)));
	for (int i = 0; i < n; i++)
	{
		if (!nulls[i])
			(*paths)[(*npaths)++] = TextDatumGetCString(elements[i]);
	}
}

/* A JSON value as text: of a string what it says. */
static char *
json_text(JsonbValue *value)
{
	if (value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	return JsonbToCString(NULL, &JsonbValueToJsonb(value)->root, 0);
}

/* Who made a change, as the application says; NULL if it does not. */
static char *
context_person(const TimelineRow *row)
{
	const OptionStrings *who = &row->options->who;
	Jsonb	   *context;

	if (row->nulls[HISTORY_CONTEXT])
		return NULL;
	context = DatumGetJsonbP(row->values[HISTORY_CONTEXT]);
	if (!JB_ROOT_IS_OBJECT(context))
		return NULL;
	for (int i = 0; i < who->n; i++)
	{
		JsonbValue	value;

		if (getKeyJsonValueFromContainer(&context->root, who->items[i],
										 strlen(who->items[i]), &value) &&
			value.type != jbvNull)
			return json_text(&value);
	}
	return NULL;
}

/*
 * diffgen_timeline_person
 *		Who made a change: whom the application names, or else the role, or
 *		else the application; NULL if nothing is known.  palloc'd.
 */
char *
diffgen_timeline_person(const TimelineRow *row)
{
	char	   *person = context_person(row);

	if (person == NULL)
		person = column_text(row, HISTORY_CHANGED_BY);
	if (person == NULL)
		person = column_text(row, HISTORY_APPLICATION);
	return person;
}

/*
 * diffgen_timeline_id
 *		The change's number as text; palloc'd.
 */
char *
diffgen_timeline_id(const TimelineRow *row)
{
	return psprintf(INT64_FORMAT,
					DatumGetInt64(row->values[HISTORY_CHANGE_ID]));
}

static void
set_times(const TimelineRow *row, TimelineEntry *entry)
{
	TimestampTz at = DatumGetTimestampTz(row->values[HISTORY_CHANGED_AT]);
	char		buffer[MAXDATELEN + 1];
	struct pg_tm tm;
	fsec_t		fsec;
	const char *zone;
	int			offset;

	if (!diffgen_has_date(at))
	{
		entry->clock = entry->exact_time = column_text(row, HISTORY_CHANGED_AT);
		return;
	}
	if (timestamp2tm(at, &offset, &tm, &fsec, &zone, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	EncodeDateTime(&tm, fsec, true, offset, zone, USE_ISO_DATES, buffer);
	entry->exact_time = pstrdup(buffer);
	if (tm.tm_year > 0 && tm.tm_year <= 9999)
	{
		EncodeDateTime(&tm, fsec, true, offset, zone, USE_XSD_DATES, buffer);
		entry->datetime = pstrdup(buffer);
	}
	entry->clock = psprintf("%02d:%02d:%02d", tm.tm_hour, tm.tm_min,
							tm.tm_sec);
}

/* Which row was changed, by the values of its key. */
static void
set_key(const TimelineRow *row, TimelineEntry *entry)
{
	const Tracking *tracking = row->tracking;
	StringInfoData key;
	bool		any = false;

	initStringInfo(&key);
	for (int i = 0; i < tracking->nkeys; i++)
	{
		char	   *value = column_text(row, HISTORY_COLUMNS + i);

		if (value == NULL)
			continue;
		appendStringInfo(&key, "%s%s", any ? " / " : "", value);
		any = true;
		entry->facts[entry->nfacts].name =
			get_attname(tracking->target, tracking->keys[i].attnum, false);
		entry->facts[entry->nfacts++].value = value;
	}
	if (any && !row->one_row)
		entry->key = key.data;
}

static void
add_fact(TimelineEntry *entry, const char *name, const char *value)
{
	if (value == NULL)
		return;
	entry->facts[entry->nfacts].name = name;
	entry->facts[entry->nfacts++].value = value;
}

/* What the application said of a change, member by member. */
static void
add_context(const TimelineRow *row, TimelineEntry *entry)
{
	Jsonb	   *context;
	JsonbIterator *it;
	JsonbValue	name;
	JsonbValue	value;
	int			n = entry->nfacts + OTHER_FACTS;

	if (row->nulls[HISTORY_CONTEXT])
		return;
	context = DatumGetJsonbP(row->values[HISTORY_CONTEXT]);
	if (!JB_ROOT_IS_OBJECT(context))
	{
		add_fact(entry, "context", column_text(row, HISTORY_CONTEXT));
		return;
	}
	n += JB_ROOT_COUNT(context);
	entry->facts = repalloc(entry->facts, mul_size(n, sizeof(TimelinePair)));
	it = JsonbIteratorInit(&context->root);
	(void) JsonbIteratorNext(&it, &name, true);
	while (JsonbIteratorNext(&it, &name, true) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&it, &value, true);
		add_fact(entry, pnstrdup(name.val.string.val, name.val.string.len),
				 json_text(&value));
	}
}

static void
set_people(const TimelineRow *row, TimelineEntry *entry)
{
	char	   *role = column_text(row, HISTORY_CHANGED_BY);

	entry->person = diffgen_timeline_person(row);
	if (entry->person != NULL && role != NULL &&
		strcmp(entry->person, role) != 0)
		entry->role = role;
	add_fact(entry, "role", role);
	add_fact(entry, "application", column_text(row, HISTORY_APPLICATION));
	add_fact(entry, "transaction", column_text(row, HISTORY_TRANSACTION_ID));
}

/*
 * The document that was removed: the first operation of its patch has it.
 * Returns NULL if there is none.
 */
static Jsonb *
removed_document(const TimelineRow *row)
{
	EditTree	tree;
	EditValue	result;
	JsonNode	root;
	JsonNode	op;
	JsonNode	value;

	if (row->nulls[HISTORY_PATCH] || column_true(row, HISTORY_NEW_HASH))
		return NULL;
	dg_node_root(DatumGetJsonbP(row->values[HISTORY_PATCH]), &root);
	if (root.kind != NODE_ARRAY || NODE_COUNT(&root) == 0)
		return NULL;
	dg_node_child(&root, 0, &op);
	if (op.kind != NODE_OBJECT || !dg_node_find(&op, "value", 5, &value))
		return NULL;
	dg_edit_begin(&tree, NULL);
	result = dg_edit_from_node(&value);
	return dg_edit_to_jsonb(&tree, &result);
}

/*
 * The diff of an entry: as it is stored, or of a removed document, to
 * nothing.  NULL if there is none.
 */
static text *
entry_diff(const TimelineRow *row)
{
	Oid			schema = row->tracking->schema;
	Oid			text_types[2] = {JSONBOID, JSONBOID};
	Oid			diff_types[3] = {TEXTOID, TEXTOID, JSONBOID};
	Datum		options;
	Datum		document;
	Jsonb	   *removed;

	if (!row->nulls[HISTORY_DIFF])
		return DatumGetTextPP(row->values[HISTORY_DIFF]);
	removed = removed_document(row);
	if (removed == NULL)
		return NULL;
	options = DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"));
	document = OidFunctionCall2(diffgen_sibling(schema, "diffgen_text", 2,
												text_types),
								JsonbPGetDatum(removed), options);
	return DatumGetTextPP(OidFunctionCall3(diffgen_sibling(schema, "diffgen",
														   3, diff_types),
										   document,
										   CStringGetTextDatum(""), options));
}

static void
set_diff(const TimelineRow *row, TimelineEntry *entry)
{
	text	   *diff = entry_diff(row);
	int64		lines = 0;

	if (diff == NULL)
	{
		if (entry->nstatements > 0 && column_true(row, HISTORY_NEW_HASH) &&
			!column_true(row, HISTORY_OLD_HASH))
			entry->no_diff = "The document is new. This gives it as it was:";
		return;
	}
	entry->diff = VARDATA_ANY(diff);
	entry->diff_len = VARSIZE_ANY_EXHDR(diff);
	for (const char *p = entry->diff, *end = p + entry->diff_len; p < end;
		 p++)
		lines += *p == '\n';
	if (lines > row->options->lines)
	{
		entry->diff = NULL;
		entry->no_diff = psprintf("The diff has " INT64_FORMAT " lines, and the option \"lines\" is %d.",
								  lines, row->options->lines);
	}
}

/*
 * The key as arguments of a function, in forms that any session reads alike;
 * false if a column of it is missing.
 */
static bool
append_key_arguments(StringInfo out, const TimelineRow *row)
{
	static const char *const settings[][2] = {{"datestyle", "ISO"},
	{"intervalstyle", "postgres"}, {"extra_float_digits", "1"}};
	int			level = NewGUCNestLevel();
	bool		whole = true;

	for (int i = 0; i < (int) lengthof(settings); i++)
		(void) set_config_option(settings[i][0], settings[i][1],
								 PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	for (int i = 0; i < row->tracking->nkeys && whole; i++)
	{
		char	   *value = column_text(row, HISTORY_COLUMNS + i);

		whole = (value != NULL);
		if (whole)
			appendStringInfo(out, ", %s", quote_literal_cstr(value));
	}
	AtEOXact_GUC(true, level);
	return whole;
}

/* Statements that go on from an entry. */
static void
set_statements(const TimelineRow *row, TimelineEntry *entry)
{
	const Tracking *tracking = row->tracking;
	const TrackedDocument *document = NULL;
	char	   *name;
	StringInfoData out;

	for (int i = 0; i < tracking->ndocuments; i++)
	{
		if (column_is(row, HISTORY_DOCUMENT, tracking->documents[i].label))
			document = &tracking->documents[i];
	}
	if (document == NULL || !AttributeNumberIsValid(document->attnum))
		return;

	name = diffgen_relation_name(tracking->target);
	entry->statements = palloc(2 * sizeof(char *));
	initStringInfo(&out);
	appendStringInfo(&out, "SELECT diffgen_at_change%s(%s, %s, %s, %s",
					 document->kind == DOCUMENT_TEXT ? "_text" : "",
					 quote_literal_cstr(name),
					 quote_literal_cstr(document->label), entry->id,
					 column_true(row, HISTORY_NEW_HASH) ? "false" : "true");
	if (!append_key_arguments(&out, row))
		return;
	appendStringInfoString(&out, ");");
	entry->statements[entry->nstatements++] = out.data;
	if (entry->kind == TIMELINE_CHANGED && column_true(row, HISTORY_OLD_HASH) &&
		column_true(row, HISTORY_NEW_HASH))
	{
		name = diffgen_relation_name(tracking->changelog);
		entry->statements[entry->nstatements++] =
			psprintf("SELECT diffgen_undo(%s, %s);",
					 quote_literal_cstr(name), entry->id);
	}
}

/* What happened, where operation and paths do not say it. */
static const char *
entry_words(const TimelineRow *row, int operation)
{
	bool		had = column_true(row, HISTORY_OLD_HASH);
	bool		has = column_true(row, HISTORY_NEW_HASH);

	switch (operations[operation].kind)
	{
		case TIMELINE_CHANGED:
			if (had && !has)
				return "set to NULL";
			return has && !had ? "set, was NULL" : NULL;
		case TIMELINE_ADDED:
			return had ? "came from another key or partition" : NULL;
		default:
			return operations[operation].words;
	}
}

/*
 * diffgen_timeline_entry
 *		What the page says of a row.
 *
 * Memory comes from the current context, and is not freed; what the entry
 * points to may also be in the row.
 */
void
diffgen_timeline_entry(const TimelineRow *row, TimelineEntry *entry)
{
	const Tracking *tracking = row->tracking;
	int			operation = find_operation(row);

	memset(entry, 0, sizeof(TimelineEntry));
	entry->facts = palloc(mul_size(tracking->nkeys + OTHER_FACTS,
								   sizeof(TimelinePair)));
	entry->kind = operations[operation].kind;
	entry->id = diffgen_timeline_id(row);
	entry->operation = column_text(row, HISTORY_OPERATION);
	entry->words = entry_words(row, operation);
	set_times(row, entry);
	set_key(row, entry);
	if (!row->nulls[HISTORY_DOCUMENT] &&
		(tracking->ndocuments != 1 ||
		 !column_is(row, HISTORY_DOCUMENT, tracking->documents[0].label)))
		entry->document = column_text(row, HISTORY_DOCUMENT);
	diffgen_timeline_paths(row, &entry->npaths, &entry->paths);
	if (!row->nulls[HISTORY_ADDED] && !row->nulls[HISTORY_REMOVED])
	{
		entry->has_lines = true;
		entry->added = DatumGetInt32(row->values[HISTORY_ADDED]);
		entry->removed = DatumGetInt32(row->values[HISTORY_REMOVED]);
	}
	set_people(row, entry);
	add_context(row, entry);
	set_statements(row, entry);
	set_diff(row, entry);
}
