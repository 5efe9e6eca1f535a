/*-------------------------------------------------------------------------
 *
 * options_view.c
 *	  The options that say what of a jsonb document is seen, and what in its
 *	  arrays is the same thing.
 *
 * Raises ERRCODE_INVALID_PARAMETER_VALUE for all that is not as it should be,
 * except for paths that are no jsonpath at all: these are the server's own
 * errors, with a line of context that says which option they are in.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "functions/compat.h"
#include "functions/options_view.h"
#include "utils/fmgrprotos.h"

/* What is being parsed by the server's own jsonpath parser. */
typedef struct PathContext
{
	const char *option;
	const char *path;
} PathContext;

static void
path_error_callback(void *arg)
{
	const PathContext *context = arg;

	errcontext("path \"%s\" in option \"%s\"", context->path,
			   context->option);
}

/*
 * Parse a path.  The server's parser raises ERRCODE_SYNTAX_ERROR.
 */
static JsonPath *
parse_path(const char *option, char *text)
{
	PathContext context;
	ErrorContextCallback callback;
	Datum		path;

	context.option = option;
	context.path = text;
	callback.callback = path_error_callback;
	callback.arg = &context;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	path = DirectFunctionCall1(jsonpath_in, CStringGetDatum(text));
	error_context_stack = callback.previous;
	return DatumGetJsonPathP(path);
}

/*
 * An array of jsonpath strings, added to the patterns.
 */
static void
parse_paths(const char *name, const JsonbValue *value,
			DiffgenOptions *options, PatternAction action)
{
	JsonbContainer *container = NULL;
	int			i;

	if (value->type == jbvBinary &&
		JsonContainerIsArray(value->val.binary.data))
		container = value->val.binary.data;

	for (i = 0; container != NULL && i < JsonContainerSize(container); i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(container, i);
		char	   *text;
		JsonPath   *path;

		if (element->type != jbvString)
		{
			container = NULL;
			break;
		}
		text = pnstrdup(element->val.string.val, element->val.string.len);
		path = parse_path(name, text);
		if (options->patterns == NULL)
			options->patterns = dg_patterns_create();
		dg_patterns_add(options->patterns, path, text, action, name);
	}
	if (container == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" must be an array of jsonpath strings",
						name),
				 errhint("For example: {\"%s\": [\"$.metadata.generation\"]}.",
						 name)));
}

/*
 * diffgen_parse_ignore
 *		The option "ignore": jsonpath strings.
 */
void
diffgen_parse_ignore(const char *name, const JsonbValue *value,
					 DiffgenOptions *options)
{
	parse_paths(name, value, options, PATTERN_HIDE);
}

/*
 * diffgen_parse_redact
 *		The option "redact": jsonpath strings.
 */
void
diffgen_parse_redact(const char *name, const JsonbValue *value,
					 DiffgenOptions *options)
{
	parse_paths(name, value, options, PATTERN_REDACT);
}

static void
raise_bad_keys(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" must be an object of arrays of lists of member names",
					name),
			 errhint("For example: {\"keys\": {\"containers\": [[\"name\"]], \"ports\": [[\"containerPort\", \"protocol\"], [\"port\", \"protocol\"]]}}.")));
}

static JsonKey
copy_string(const JsonbValue *value)
{
	JsonKey		key;

	key.data = pnstrdup(value->val.string.val, value->val.string.len);
	key.len = value->val.string.len;
	return key;
}

/*
 * The elements of an array, or an error.
 */
static JsonbContainer *
key_lists(const char *name, const JsonbValue *value)
{
	if (value->type != jbvBinary ||
		!JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerSize(value->val.binary.data) == 0)
		raise_bad_keys(name);
	return value->val.binary.data;
}

/*
 * diffgen_parse_keys
 *		The option "keys": an object that has, for the name of an array's
 *		field, lists of member names.
 */
void
diffgen_parse_keys(const char *name, const JsonbValue *value,
				   DiffgenOptions *options)
{
	JsonbIterator *it;
	JsonbValue	field;
	JsonbValue	lists;

	if (value->type != jbvBinary ||
		!JsonContainerIsObject(value->val.binary.data))
		raise_bad_keys(name);
	if (options->keys == NULL)
		options->keys = dg_key_table_create();

	it = JsonbIteratorInit(value->val.binary.data);
	(void) JsonbIteratorNext(&it, &field, true);
	while (JsonbIteratorNext(&it, &field, true) == WJB_KEY)
	{
		JsonKey		field_name = copy_string(&field);
		JsonbContainer *container;
		uint32		i;

		(void) JsonbIteratorNext(&it, &lists, true);
		container = key_lists(name, &lists);
		for (i = 0; i < JsonContainerSize(container); i++)
		{
			JsonbContainer *members;
			JsonKeyList *list;
			uint32		j;

			members = key_lists(name,
								getIthJsonbValueFromContainer(container, i));
			list = dg_key_table_add(options->keys, &field_name,
									JsonContainerSize(members));
			for (j = 0; j < list->count; j++)
			{
				JsonbValue *member = getIthJsonbValueFromContainer(members, j);

				if (member->type != jbvString)
					raise_bad_keys(name);
				list->keys[j] = copy_string(member);
			}
		}
	}
}

/*
 * diffgen_add_preset
 *		Add the options of a preset to those given.
 *
 * preset is an options document with "ignore", "redact" and "keys".
 */
void
diffgen_add_preset(const char *name, const char *preset,
				   DiffgenOptions *options)
{
	Datum		document = DirectFunctionCall1(jsonb_in,
											   CStringGetDatum(preset));
	JsonbContainer *container = &DatumGetJsonbP(document)->root;
	JsonbValue	option;

	diffgen_parse_ignore(name,
						 getKeyJsonValueFromContainer(container, "ignore", 6,
													  &option), options);
	diffgen_parse_redact(name,
						 getKeyJsonValueFromContainer(container, "redact", 6,
													  &option), options);
	diffgen_parse_keys(name,
					   getKeyJsonValueFromContainer(container, "keys", 4,
													&option), options);
}
