/*-------------------------------------------------------------------------
 *
 * timeline_options.c
 *	  What diffgen_timeline_html is asked for: its options and its key.
 *
 * Checked as strictly as all options are (see functions/options.c): whatever
 * is not as it should be raises ERRCODE_INVALID_PARAMETER_VALUE, except for
 * times, values of keys and paths that their types' input functions refuse.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "changelog/history.h"
#include "changelog/timeline.h"
#include "functions/compat.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#define DEFAULT_LIMIT	500
#define MAX_LIMIT		100000
#define DEFAULT_LINES	1000
#define MAX_LINES		1000000

/* What "operation" can be. */
static const char *const operations[] = {"insert", "update", "delete",
"truncate", "track", "untrack", "backfill", "prune"};

typedef void (*OptionParser) (const char *name, const JsonbValue *value,
							  TimelineOptions *options);

static char *
copy_string(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static void
raise_bad_strings(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" must be a string or an array of strings that is not empty",
					name)));
}

/* A string, or several in an array. */
static void
parse_strings(const char *name, const JsonbValue *value,
			  OptionStrings *strings)
{
	JsonbContainer *container;

	if (value->type == jbvString)
	{
		strings->n = 1;
		strings->items = palloc(sizeof(char *));
		strings->items[0] = copy_string(value);
		return;
	}
	if (value->type != jbvBinary ||
		!JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerSize(value->val.binary.data) == 0)
		raise_bad_strings(name);
	container = value->val.binary.data;
	strings->n = JsonContainerSize(container);
	strings->items = palloc(mul_size(strings->n, sizeof(char *)));
	for (int i = 0; i < strings->n; i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(container, i);

		if (element->type != jbvString)
			raise_bad_strings(name);
		strings->items[i] = copy_string(element);
	}
}

static TimestampTz
parse_time(const char *name, const JsonbValue *value)
{
	Datum		time;

	if (value->type != jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" must be a string with a time", name),
				 errhint("For example: {\"%s\": \"2026-11-01 12:00+00\"}.",
						 name)));
	time = DirectFunctionCall3(timestamptz_in,
							   CStringGetDatum(copy_string(value)),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	return DatumGetTimestampTz(time);
}

static int32
parse_integer(const char *name, const JsonbValue *value, int32 least,
			  int32 most)
{
	if (value->type == jbvNumeric)
	{
		Datum		number = NumericGetDatum(value->val.numeric);
		Datum		low = NumericGetDatum(int64_to_numeric(least));
		Datum		high = NumericGetDatum(int64_to_numeric(most));

		if (DatumGetBool(DirectFunctionCall2(numeric_ge, number, low)) &&
			DatumGetBool(DirectFunctionCall2(numeric_le, number, high)) &&
			DatumGetBool(DirectFunctionCall2(numeric_eq, number,
											 DirectFunctionCall1(numeric_floor,
																 number))))
			return DatumGetInt32(DirectFunctionCall1(numeric_int4, number));
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" must be an integer from %d to %d",
					name, least, most)));
}

static void
parse_from(const char *name, const JsonbValue *value,
		   TimelineOptions *options)
{
	options->from = parse_time(name, value);
	options->has_from = true;
}

static void
parse_to(const char *name, const JsonbValue *value, TimelineOptions *options)
{
	options->to = parse_time(name, value);
	options->has_to = true;
}

static void
parse_document(const char *name, const JsonbValue *value,
			   TimelineOptions *options)
{
	parse_strings(name, value, &options->documents);
}

static void
raise_bad_operation(const char *name, const char *word)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < (int) lengthof(operations); i++)
		appendStringInfo(&list, "%s\"%s\"", i > 0 ? ", " : "", operations[i]);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized value \"%s\" for option \"%s\"", word, name),
			 errhint("Valid values are: %s.", list.data)));
}

static void
parse_operation(const char *name, const JsonbValue *value,
				TimelineOptions *options)
{
	parse_strings(name, value, &options->operations);
	for (int i = 0; i < options->operations.n; i++)
	{
		int			j = 0;

		while (j < (int) lengthof(operations) &&
			   strcmp(operations[j], options->operations.items[i]) != 0)
			j++;
		if (j == (int) lengthof(operations))
			raise_bad_operation(name, options->operations.items[i]);
	}
}

static void
parse_changed_by(const char *name, const JsonbValue *value,
				 TimelineOptions *options)
{
	parse_strings(name, value, &options->changed_by);
}

static void
parse_path(const char *name, const JsonbValue *value,
		   TimelineOptions *options)
{
	parse_strings(name, value, &options->paths);
	options->path_filter = diffgen_path_filter(name, options->paths.n,
											   options->paths.items);
}

static void
parse_who(const char *name, const JsonbValue *value, TimelineOptions *options)
{
	parse_strings(name, value, &options->who);
}

static void
parse_limit(const char *name, const JsonbValue *value,
			TimelineOptions *options)
{
	options->limit = parse_integer(name, value, 1, MAX_LIMIT);
}

static void
parse_lines(const char *name, const JsonbValue *value,
			TimelineOptions *options)
{
	options->lines = parse_integer(name, value, 0, MAX_LINES);
}

static void
parse_title(const char *name, const JsonbValue *value,
			TimelineOptions *options)
{
	if (value->type != jbvString || value->val.string.len == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" must be a string that is not empty",
						name)));
	options->title = copy_string(value);
}

static const struct
{
	const char *name;
	OptionParser parse;
}			option_defs[] = {
	{"from", parse_from},
	{"to", parse_to},
	{"document", parse_document},
	{"operation", parse_operation},
	{"changed_by", parse_changed_by},
	{"path", parse_path},
	{"who", parse_who},
	{"limit", parse_limit},
	{"lines", parse_lines},
	{"title", parse_title}
};

static void
parse_option(const char *name, const JsonbValue *value,
			 TimelineOptions *options)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < (int) lengthof(option_defs); i++)
	{
		if (strcmp(name, option_defs[i].name) == 0)
		{
			option_defs[i].parse(name, value, options);
			return;
		}
		appendStringInfo(&list, "%s\"%s\"", i > 0 ? ", " : "",
						 option_defs[i].name);
	}
	diffgen_parse_option(name, value, OPTS_TIMELINE, list.data,
						 &options->shared);
}

/*
 * diffgen_timeline_options
 *		Parse the options, or set the defaults where document is NULL.
 *
 * What they point to is in the current memory context, or as long-lived as
 * what is known of the table.  Raises ERRCODE_INVALID_PARAMETER_VALUE, and
 * what diffgen_find_document, diffgen_path_filter and the input of times
 * raise.
 */
void
diffgen_timeline_options(Jsonb *document, const Tracking *tracking,
						 TimelineOptions *options)
{
	static char *default_who[] = {"user"};
	JsonbIterator *it;
	JsonbValue	name;
	JsonbValue	value;

	memset(options, 0, sizeof(TimelineOptions));
	options->limit = DEFAULT_LIMIT;
	options->lines = DEFAULT_LINES;
	options->who.n = lengthof(default_who);
	options->who.items = default_who;
	if (document == NULL)
		return;

	if (!JB_ROOT_IS_OBJECT(document))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be a JSON object"),
				 errhint("For example: {\"from\": \"yesterday\"}.")));
	it = JsonbIteratorInit(&document->root);
	(void) JsonbIteratorNext(&it, &name, true);
	while (JsonbIteratorNext(&it, &name, true) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&it, &value, true);
		parse_option(copy_string(&name), &value, options);
	}

	for (int i = 0; i < options->documents.n; i++)
		options->documents.items[i] =
			diffgen_find_document(tracking, options->documents.items[i])->label;
	if (options->has_from && options->has_to && options->from > options->to)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" must not be later than option \"%s\"",
						"from", "to")));
}

/* The number of a column among those of the key. */
static int
find_column(const Tracking *tracking, const char *name)
{
	for (int i = 0; i < tracking->nkeys; i++)
	{
		if (strcmp(get_attname(tracking->target, tracking->keys[i].attnum,
							   false), name) == 0)
			return i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("column \"%s\" is not part of the primary key of table \"%s\"",
					name, get_rel_name(tracking->target)),
			 errhint("The columns are: %s.", diffgen_key_names(tracking))));
}

/* The text of a value: of a string what it says, of others their JSON. */
static char *
value_text(JsonbValue *value, Oid type)
{
	if (value->type == jbvString && getBaseType(type) != JSONBOID)
		return copy_string(value);
	return JsonbToCString(NULL, &JsonbValueToJsonb(value)->root, 0);
}

/*
 * diffgen_timeline_key
 *		Parse the key: an object with columns of the primary key, all of them
 *		or some, or NULL for the whole table.
 *
 * Its arrays and values are in the current memory context.  Raises
 * ERRCODE_INVALID_PARAMETER_VALUE, ERRCODE_NULL_VALUE_NOT_ALLOWED and the
 * errors of the types' input.
 */
void
diffgen_timeline_key(Jsonb *document, const Tracking *tracking,
					 TimelineKey *key)
{
	JsonbIterator *it;
	JsonbValue	name;
	JsonbValue	value;

	key->n = 0;
	key->values = palloc(mul_size(tracking->nkeys, sizeof(Datum)));
	key->texts = palloc0(mul_size(tracking->nkeys, sizeof(char *)));
	if (document == NULL)
		return;

	if (!JB_ROOT_IS_OBJECT(document))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("key must be a JSON object"),
				 errhint("Its members are columns of the primary key: %s.",
						 diffgen_key_names(tracking))));
	it = JsonbIteratorInit(&document->root);
	(void) JsonbIteratorNext(&it, &name, true);
	while (JsonbIteratorNext(&it, &name, true) == WJB_KEY)
	{
		int			column = find_column(tracking, copy_string(&name));
		Oid			input;
		Oid			param;

		(void) JsonbIteratorNext(&it, &value, true);
		if (value.type == jbvNull)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("key of a row must not be NULL")));
		getTypeInputInfo(tracking->keys[column].type, &input, &param);
		key->texts[column] = value_text(&value, tracking->keys[column].type);
		key->values[column] = OidInputFunctionCall(input, key->texts[column],
												   param, -1);
		key->n++;
	}
}
