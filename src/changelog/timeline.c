/*-------------------------------------------------------------------------
 *
 * timeline.c
 *	  diffgen_timeline_html(): the changes of a tracked table as a web page.
 *
 * The changelog is read once, newest entries first, with the rights of the
 * caller.  The newest ones are written to the page as they come; of the
 * others nothing is taken but what is counted.
 *
 * Time: linear in the page, but for sorting the entries by time.  Memory: the
 * page, and what the chart takes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "changelog/history.h"
#include "changelog/timeline.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "functions/compat.h"
#include "functions/documents.h"
#include "functions/encoding.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/ruleutils.h"

PG_FUNCTION_INFO_V1(diffgen_timeline_html);

#define TIMELINE_BATCH	100

/* Names of people are told apart by so many bytes, and so many are counted. */
#define PERSON_BYTES	256
#define PEOPLE_MAX		10000
#define PEOPLE_SHOWN	8

typedef struct Person
{
	char		name[PERSON_BYTES];
	int			number;			/* in the order in which they were met */
	int64		count;
} Person;

typedef struct Timeline
{
	const Tracking *tracking;
	TimelineOptions options;
	TimelineKey key;

	/* the statement */
	StringInfoData query;
	int			nparams;
	int			maxparams;
	Datum	   *params;
	Oid		   *types;

	/* what has been seen */
	TimelinePage page;
	struct TimelineChart *chart;
	HTAB	   *people;
	int64		nchanges;		/* without notes */
	int64		nshown;
	int32		nentries;		/* on the page, with notes */
	bool		any_time;
	TimestampTz first;
	TimestampTz last;
	char	   *day;			/* of the last entry */
} Timeline;

/* Add a parameter of the statement, and return its number. */
static int
add_param(Timeline *timeline, Datum value, Oid type)
{
	if (timeline->nparams == timeline->maxparams)
	{
		timeline->maxparams *= 2;
		timeline->params = repalloc(timeline->params,
									mul_size(timeline->maxparams,
											 sizeof(Datum)));
		timeline->types = repalloc(timeline->types,
								   mul_size(timeline->maxparams,
											sizeof(Oid)));
	}
	timeline->params[timeline->nparams] = value;
	timeline->types[timeline->nparams] = type;
	return ++timeline->nparams;
}

/* Strings as text[]. */
static Datum
text_array(const OptionStrings *strings)
{
	Datum	   *elements = palloc(mul_size(strings->n, sizeof(Datum)));

	for (int i = 0; i < strings->n; i++)
		elements[i] = CStringGetTextDatum(strings->items[i]);
	return PointerGetDatum(construct_array(elements, strings->n, TEXTOID, -1,
										   false, TYPALIGN_INT));
}

static char *
log_column(const Timeline *timeline, HistoryColumn column)
{
	return diffgen_column_expression(timeline->tracking, "l.", column);
}

/* Append the condition that a column is one of some strings. */
static void
add_strings_condition(Timeline *timeline, HistoryColumn column,
					  const OptionStrings *strings)
{
	int			param;

	if (strings->n == 0)
		return;
	param = add_param(timeline, text_array(strings), TEXTARRAYOID);
	appendStringInfo(&timeline->query,
					 " AND %s OPERATOR(pg_catalog.=) ANY ($%d)",
					 log_column(timeline, column), param);
}

/* The same for who made a change: the role, or whom the context names. */
static void
add_people_condition(Timeline *timeline)
{
	const TimelineOptions *options = &timeline->options;
	int			param;

	if (options->changed_by.n == 0)
		return;
	param = add_param(timeline, text_array(&options->changed_by),
					  TEXTARRAYOID);
	appendStringInfo(&timeline->query,
					 " AND (%s OPERATOR(pg_catalog.=) ANY ($%d)",
					 log_column(timeline, HISTORY_CHANGED_BY), param);
	for (int i = 0; i < options->who.n; i++)
		appendStringInfo(&timeline->query,
						 " OR (%s OPERATOR(pg_catalog.->>) $%d) OPERATOR(pg_catalog.=) ANY ($%d)",
						 log_column(timeline, HISTORY_CONTEXT),
						 add_param(timeline,
								   CStringGetTextDatum(options->who.items[i]),
								   TEXTOID), param);
	appendStringInfoChar(&timeline->query, ')');
}

static void
add_key_conditions(Timeline *timeline)
{
	const TimelineKey *key = &timeline->key;

	for (int i = 0; i < timeline->tracking->nkeys; i++)
	{
		const TrackedKey *column = &timeline->tracking->keys[i];
		char		param[16];

		if (key->texts[i] == NULL)
			continue;
		snprintf(param, sizeof(param), "$%d",
				 add_param(timeline, key->values[i], column->type));
		appendStringInfoString(&timeline->query, " AND ");
		generate_operator_clause(&timeline->query,
								 psprintf("l.%s",
										  quote_identifier(column->log_name)),
								 column->type, column->equality, param,
								 column->type);
	}
}

/*
 * Make the statement.  All that it names has its schema, so the search path
 * means nothing to it.
 */
static void
make_query(Timeline *timeline)
{
	const Tracking *tracking = timeline->tracking;
	const TimelineOptions *options = &timeline->options;
	StringInfo	query = &timeline->query;

	timeline->maxparams = 8;
	timeline->params = palloc(mul_size(timeline->maxparams, sizeof(Datum)));
	timeline->types = palloc(mul_size(timeline->maxparams, sizeof(Oid)));
	initStringInfo(query);
	for (int i = 0; i < HISTORY_COLUMNS; i++)
	{
		/*
		 * What is sorted is smaller without patches that nobody looks at, and
		 * of the hashes it only matters whether they are there.
		 */
		appendStringInfo(query, i == HISTORY_PATCH ?
						 "%s CASE WHEN l.diff IS NULL THEN %s%s END" :
						 "%s %s%s", i > 0 ? "," : "SELECT",
						 log_column(timeline, i),
						 i == HISTORY_OLD_HASH || i == HISTORY_NEW_HASH ?
						 " IS NOT NULL" : "");
	}
	for (int i = 0; i < tracking->nkeys; i++)
		appendStringInfo(query, ", l.%s",
						 quote_identifier(tracking->keys[i].log_name));
	appendStringInfo(query, " FROM %s AS l WHERE true",
					 diffgen_relation_name(tracking->changelog));
	if (options->has_from)
		appendStringInfo(query, " AND l.changed_at OPERATOR(pg_catalog.>=) $%d",
						 add_param(timeline, TimestampTzGetDatum(options->from),
								   TIMESTAMPTZOID));
	if (options->has_to)
		appendStringInfo(query, " AND l.changed_at OPERATOR(pg_catalog.<) $%d",
						 add_param(timeline, TimestampTzGetDatum(options->to),
								   TIMESTAMPTZOID));
	add_key_conditions(timeline);
	add_strings_condition(timeline, HISTORY_DOCUMENT, &options->documents);
	add_strings_condition(timeline, HISTORY_OPERATION, &options->operations);
	add_people_condition(timeline);
	appendStringInfoString(query,
						   " ORDER BY l.changed_at DESC, l.change_id DESC");
}

/* Does a row have a path that was asked for? */
static bool
is_wanted(const Timeline *timeline, const TimelineRow *row)
{
	char	  **paths;
	int			npaths;

	if (timeline->options.path_filter == NULL)
		return true;
	diffgen_timeline_paths(row, &npaths, &paths);
	for (int i = 0; i < npaths; i++)
	{
		if (diffgen_path_matches(timeline->options.path_filter, paths[i]))
			return true;
	}
	return false;
}

/* Who made a change; NULL if that is not known, or if there are too many. */
static Person *
find_person(Timeline *timeline, const TimelineRow *row)
{
	const char *name = diffgen_timeline_person(row);
	int			n = hash_get_num_entries(timeline->people);
	char		clipped[PERSON_BYTES];
	Person	   *person;
	bool		found;

	if (name == NULL)
		return NULL;
	memset(clipped, 0, sizeof(clipped));
	memcpy(clipped, name, pg_mbcliplen(name, strlen(name), PERSON_BYTES - 1));
	person = hash_search(timeline->people, clipped,
						 n < PEOPLE_MAX ? HASH_ENTER : HASH_FIND, &found);
	if (person != NULL && !found)
	{
		person->number = n;
		person->count = 0;
	}
	return person;
}

/* Begin a new day on the page, if an entry is of another than the last. */
static void
put_day(Timeline *timeline, TimestampTz at, MemoryContext context)
{
	char	   *day;

	if (!diffgen_has_date(at))
		day = pstrdup("At no time that is known");
	else
	{
		struct pg_tm tm;
		fsec_t		fsec;

		diffgen_local_date(diffgen_local_time(at), &tm, &fsec);
		day = diffgen_day_name(&tm, true);
	}
	if (timeline->day == NULL || strcmp(timeline->day, day) != 0)
	{
		timeline->day = MemoryContextStrdup(context, day);
		dg_timeline_day(&timeline->page, day);
	}
}

/*
 * Take in a row.  The current context is forgotten afterwards; context is
 * for what is kept.
 */
static void
take_row(Timeline *timeline, const TimelineRow *row, MemoryContext context)
{
	TimestampTz at = DatumGetTimestampTz(row->values[HISTORY_CHANGED_AT]);
	bool		shown = timeline->nentries < timeline->options.limit;
	TimelineKind kind;
	Person	   *person;
	MemoryContext scratch;

	if (!is_wanted(timeline, row))
		return;
	kind = diffgen_timeline_kind(row);
	person = find_person(timeline, row);
	if (kind != TIMELINE_NOTE)
	{
		timeline->nchanges++;
		timeline->nshown += shown;
		if (diffgen_has_date(at))
		{
			if (!timeline->any_time)
				timeline->last = at;
			timeline->first = at;
			timeline->any_time = true;
		}
		if (person != NULL)
			person->count++;
		scratch = MemoryContextSwitchTo(context);
		diffgen_chart_count(timeline->chart, at, kind,
							shown ? diffgen_timeline_id(row) : NULL);
		MemoryContextSwitchTo(scratch);
	}
	if (shown)
	{
		TimelineEntry entry;

		timeline->nentries++;
		put_day(timeline, at, context);
		diffgen_timeline_entry(row, &entry);
		entry.person_number = person != NULL ? person->number : 0;
		dg_timeline_entry(&timeline->page, &entry);
	}
}

/* Read the changelog. */
static void
take_rows(Timeline *timeline)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext scratch;
	Portal		portal;
	TimelineRow row;
	int			ncolumns = HISTORY_COLUMNS + timeline->tracking->nkeys;

	row.tracking = timeline->tracking;
	row.options = &timeline->options;
	row.one_row = timeline->key.n == timeline->tracking->nkeys;
	row.values = palloc(mul_size(ncolumns, sizeof(Datum)));
	row.nulls = palloc(mul_size(ncolumns, sizeof(bool)));
	scratch = AllocSetContextCreate(context, "diffgen timeline entry",
									ALLOCSET_DEFAULT_SIZES);

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	portal = SPI_cursor_open_with_args(NULL, timeline->query.data,
									   timeline->nparams, timeline->types,
									   timeline->params, NULL, true, 0);
	for (;;)
	{
		SPI_cursor_fetch(portal, true, TIMELINE_BATCH);
		if (SPI_processed == 0)
			break;
		row.tupdesc = SPI_tuptable->tupdesc;
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			MemoryContext spi_context = MemoryContextSwitchTo(scratch);

			CHECK_FOR_INTERRUPTS();
			row.tuple = SPI_tuptable->vals[i];
			heap_deform_tuple(row.tuple, row.tupdesc, row.values, row.nulls);
			take_row(timeline, &row, context);
			MemoryContextSwitchTo(spi_context);
			MemoryContextReset(scratch);
		}
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	SPI_finish();
	MemoryContextDelete(scratch);
}

static int
compare_people(const void *a, const void *b)
{
	const Person *p = *(const Person *const *) a;
	const Person *q = *(const Person *const *) b;

	if (p->count != q->count)
		return p->count > q->count ? -1 : 1;
	return strcmp(p->name, q->name);
}

/* Those who changed most; who is in notes alone changed nothing. */
static void
set_people(Timeline *timeline, TimelineHead *head)
{
	long		n = hash_get_num_entries(timeline->people);
	Person	  **people = palloc(mul_size(Max(n, 1), sizeof(Person *)));
	Person	   *person;
	HASH_SEQ_STATUS status;

	n = 0;
	hash_seq_init(&status, timeline->people);
	while ((person = hash_seq_search(&status)) != NULL)
	{
		if (person->count > 0)
			people[n++] = person;
	}
	qsort(people, n, sizeof(Person *), compare_people);

	head->npeople = Min(n, PEOPLE_SHOWN);
	head->nothers = n - head->npeople;
	head->people = palloc(mul_size(PEOPLE_SHOWN, sizeof(TimelinePerson)));
	for (int i = 0; i < head->npeople; i++)
	{
		head->people[i].name = people[i]->name;
		head->people[i].number = people[i]->number;
		head->people[i].count = people[i]->count;
	}
}

/* A time as a reader wants it. */
static char *
time_name(TimestampTz at)
{
	struct pg_tm tm;
	fsec_t		fsec;

	diffgen_local_date(diffgen_local_time(at), &tm, &fsec);
	return psprintf("%s %02d:%02d", diffgen_day_name(&tm, false), tm.tm_hour,
					tm.tm_min);
}

static void
add_filter(TimelineHead *head, const char *name, const char *value)
{
	head->filters[head->nfilters].name = name;
	head->filters[head->nfilters++].value = value;
}

static void
add_strings_filter(TimelineHead *head, const char *name,
				   const OptionStrings *strings)
{
	StringInfoData list;

	if (strings->n == 0)
		return;
	initStringInfo(&list);
	for (int i = 0; i < strings->n; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", strings->items[i]);
	add_filter(head, name, list.data);
}

static void
add_time_filter(TimelineHead *head, const char *name, TimestampTz at)
{
	add_filter(head, name, diffgen_has_date(at) ? time_name(at) :
			   pstrdup(timestamptz_to_str(at)));
}

/* Filters that are not by key. */
#define OTHER_FILTERS	6

/* What the page leaves out, so that nobody takes it for the whole. */
static void
set_filters(const Timeline *timeline, TimelineHead *head)
{
	const Tracking *tracking = timeline->tracking;
	const TimelineOptions *options = &timeline->options;
	const TimelineKey *key = &timeline->key;

	head->filters = palloc(mul_size(tracking->nkeys + OTHER_FILTERS,
									sizeof(TimelinePair)));
	for (int i = 0; i < tracking->nkeys; i++)
	{
		if (key->texts[i] != NULL)
			add_filter(head, get_attname(tracking->target,
										 tracking->keys[i].attnum, false),
					   key->texts[i]);
	}
	add_strings_filter(head, "document", &options->documents);
	add_strings_filter(head, "operation", &options->operations);
	add_strings_filter(head, "changed by", &options->changed_by);
	add_strings_filter(head, "path", &options->paths);
	if (options->has_from)
		add_time_filter(head, "from", options->from);
	if (options->has_to)
		add_time_filter(head, "before", options->to);
}

static char *
default_title(const Timeline *timeline)
{
	const TimelineKey *key = &timeline->key;
	StringInfoData title;

	initStringInfo(&title);
	appendStringInfo(&title, "Changes of %s",
					 get_rel_name(timeline->tracking->target));
	for (int i = 0; key->n == timeline->tracking->nkeys && i < key->n; i++)
		appendStringInfo(&title, "%s%s", i > 0 ? " / " : ": ", key->texts[i]);
	return title.data;
}

static void
finish_page(Timeline *timeline)
{
	const TimelineOptions *options = &timeline->options;
	TimelineHead head;

	memset(&head, 0, sizeof(head));
	head.title = options->title ? options->title : default_title(timeline);
	head.zone = GetConfigOption("TimeZone", false, false);
	head.nchanges = timeline->nchanges;
	head.nshown = timeline->nshown;
	if (timeline->any_time)
	{
		head.first_time = time_name(timeline->first);
		head.last_time = time_name(timeline->last);
	}
	set_filters(timeline, &head);
	set_people(timeline, &head);
	diffgen_chart_finish(timeline->chart, options, &head);
	dg_timeline_end(&timeline->page, &head);
}

static HTAB *
make_people(void)
{
	HASHCTL		control;

	memset(&control, 0, sizeof(control));
	control.keysize = PERSON_BYTES;
	control.entrysize = sizeof(Person);
	control.hcxt = CurrentMemoryContext;
	return hash_create("diffgen timeline people", 16, &control,
					   HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

static Jsonb *
jsonb_argument(FunctionCallInfo fcinfo, int argno)
{
	if (PG_NARGS() <= argno || PG_ARGISNULL(argno))
		return NULL;
	return PG_GETARG_JSONB_P(argno);
}

/*
 * diffgen_timeline_html(target regclass, key jsonb, options jsonb) returns text
 *		The changes of a tracked table, or of some of its rows, as a web page.
 */
Datum
diffgen_timeline_html(PG_FUNCTION_ARGS)
{
	Timeline	timeline;
	HtmlOptions html;
	StringInfoData out;
	MemoryContext context;
	MemoryContext caller;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	diffgen_init_result(&out, CurrentMemoryContext);
	context = AllocSetContextCreate(CurrentMemoryContext,
									"diffgen_timeline_html",
									ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);

	memset(&timeline, 0, sizeof(timeline));
	timeline.tracking = diffgen_find_target(fcinfo, PG_GETARG_OID(0));
	diffgen_timeline_key(jsonb_argument(fcinfo, 1), timeline.tracking,
						 &timeline.key);
	diffgen_timeline_options(jsonb_argument(fcinfo, 2), timeline.tracking,
							 &timeline.options);
	timeline.chart = diffgen_chart_create();
	timeline.people = make_people();
	make_query(&timeline);

	memset(&html, 0, sizeof(html));
	html.words.granularity = timeline.options.shared.granularity;
	html.words.algorithm = DIFF_MYERS;
	html.words.encoding = diffgen_encoding();
	html.side_by_side = timeline.options.shared.layout == LAYOUT_SIDE_BY_SIDE;
	dg_timeline_begin(&timeline.page, &out, &html);
	take_rows(&timeline);
	finish_page(&timeline);

	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	PG_RETURN_DATUM(diffgen_result_text(&out));
}
