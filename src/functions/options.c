/*-------------------------------------------------------------------------
 *
 * options.c
 *	  The options document, the jsonb object that every function takes.
 *
 * It is checked strictly: a key that is not known, or that means nothing to
 * the function at hand, is an error that lists the keys that do.  Parsing is
 * done once a query: the result is kept in fn_extra together with a copy of
 * the document, and used again as long as the document stays the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "functions/compat.h"
#include "functions/options.h"
#include "functions/options_view.h"
#include "json/kubernetes.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#define DEFAULT_CONTEXT		3
#define DEFAULT_OLD_LABEL	"before"
#define DEFAULT_NEW_LABEL	"after"

/*
 * Columns of a terminal: enough for two line numbers of 10 digits and some
 * text (see MIN_COLUMNS in ansi.c), and far beyond any terminal.
 */
#define MIN_WIDTH	60
#define MAX_WIDTH	10000

typedef void (*OptionParser) (const char *name, const JsonbValue *value,
							  DiffgenOptions *options);

typedef struct OptionDef
{
	const char *name;
	uint32		bit;
	OptionParser parse;
} OptionDef;

/* A word that an option can have as its value. */
typedef struct OptionWord
{
	const char *word;
	int			value;
} OptionWord;

/* What fn_extra points to. */
typedef struct OptionsCache
{
	MemoryContext context;		/* of what the options point to */
	struct varlena *document;	/* copy of what was parsed */
	TupleDesc	row_type;		/* see diffgen_row_type, or NULL */
	DiffgenOptions options;
} OptionsCache;

static const OptionWord algorithm_words[] = {
	{"myers", DIFF_MYERS},
	{"minimal", DIFF_MINIMAL},
	{"patience", DIFF_PATIENCE},
	{"histogram", DIFF_HISTOGRAM},
	{NULL, 0}
};

static const OptionWord order_words[] = {
	{"keep", false},
	{"ignore", true},
	{NULL, 0}
};

static const OptionWord preset_words[] = {
	{"kubernetes", 1},
	{NULL, 0}
};

static const OptionWord whitespace_words[] = {
	{"exact", WHITESPACE_EXACT},
	{"trailing", WHITESPACE_TRAILING},
	{"change", WHITESPACE_CHANGE},
	{"all", WHITESPACE_ALL},
	{NULL, 0}
};

static const OptionWord granularity_words[] = {
	{"word", GRANULARITY_WORD},
	{"char", GRANULARITY_CHAR},
	{"line", GRANULARITY_LINE},
	{NULL, 0}
};

static const OptionWord layout_words[] = {
	{"unified", LAYOUT_UNIFIED},
	{"side-by-side", LAYOUT_SIDE_BY_SIDE},
	{NULL, 0}
};

static const OptionWord prefer_words[] = {
	{"ours", PREFER_OURS},
	{"theirs", PREFER_THEIRS},
	{NULL, 0}
};

static const OptionWord style_words[] = {
	{"merge", MERGE_STYLE_MERGE},
	{"diff3", MERGE_STYLE_DIFF3},
	{"zdiff3", MERGE_STYLE_ZDIFF3},
	{NULL, 0}
};

/*
 * One of a list of words.
 */
static int
parse_word(const char *name, const JsonbValue *value, const OptionWord *words)
{
	const OptionWord *w;
	StringInfoData list;

	initStringInfo(&list);
	for (w = words; w->word != NULL; w++)
	{
		if (value->type == jbvString &&
			value->val.string.len == (int) strlen(w->word) &&
			memcmp(value->val.string.val, w->word, strlen(w->word)) == 0)
			return w->value;
		appendStringInfo(&list, "%s\"%s\"", list.len > 0 ? ", " : "", w->word);
	}

	if (value->type == jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized value \"%.*s\" for option \"%s\"",
						value->val.string.len, value->val.string.val, name),
				 errhint("Valid values are: %s.", list.data)));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" must be a string", name),
			 errhint("Valid values are: %s.", list.data)));
}

/* Is a number whole, and not below another one? */
static bool
whole_from(Datum number, int32 least)
{
	Datum		whole = DirectFunctionCall1(numeric_floor, number);
	Datum		low = NumericGetDatum(int64_to_numeric(least));

	return DatumGetBool(DirectFunctionCall2(numeric_eq, number, whole)) &&
		DatumGetBool(DirectFunctionCall2(numeric_ge, number, low));
}

static void
parse_context(const char *name, const JsonbValue *value,
			  DiffgenOptions *options)
{
	Datum		number;
	Datum		limit;

	if (value->type == jbvNumeric)
	{
		number = NumericGetDatum(value->val.numeric);
		limit = NumericGetDatum(int64_to_numeric(PG_INT32_MAX));

		if (whole_from(number, 0))
		{
			/* No document has more lines than this. */
			if (DatumGetBool(DirectFunctionCall2(numeric_gt, number, limit)))
				number = limit;
			options->context = DatumGetInt32(DirectFunctionCall1(numeric_int4,
																 number));
			return;
		}
	}

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" must be an integer of 0 or more", name),
			 errhint("It is the number of unchanged lines shown around a change.")));
}

static void
parse_algorithm(const char *name, const JsonbValue *value,
				DiffgenOptions *options)
{
	options->text.algorithm = parse_word(name, value, algorithm_words);
}

static void
parse_whitespace(const char *name, const JsonbValue *value,
				 DiffgenOptions *options)
{
	options->text.whitespace = parse_word(name, value, whitespace_words);
}

/*
 * Must a file name with this byte be quoted in a diff's header?
 */
static bool
needs_quotes(unsigned char c)
{
	return c < 0x20 || c >= 0x7f || c == '"' || c == '\\';
}

/*
 * A label as it stands in the header of a diff.
 *
 * As git does with file names: special bytes are escaped as in C, within
 * double quotes, and after a name with a space comes a tab, by which a reader
 * knows where the name ends.
 */
static const char *
quote_label(const char *label, int len, int32 *quoted_len)
{
	static const char letters[] = "\aa\bb\tt\nn\vv\ff\rr\"\"\\\\";
	StringInfoData out;
	bool		quote = false;
	int			i;

	initStringInfo(&out);
	for (i = 0; i < len; i++)
		quote |= needs_quotes(label[i]);

	if (!quote)
		appendBinaryStringInfo(&out, label, len);
	else
	{
		appendStringInfoChar(&out, '"');
		for (i = 0; i < len; i++)
		{
			unsigned char c = label[i];
			const char *pair = letters;

			/* Pairs of a byte and the letter that stands for it. */
			while (*pair != '\0' && (unsigned char) *pair != c)
				pair += 2;

			if (!needs_quotes(c))
				appendStringInfoChar(&out, c);
			else if (*pair != '\0')
				appendStringInfo(&out, "\\%c", pair[1]);
			else
				appendStringInfo(&out, "\\%03o", c);
		}
		appendStringInfoChar(&out, '"');
	}
	if (memchr(label, ' ', len) != NULL)
		appendStringInfoChar(&out, '\t');

	*quoted_len = out.len;
	return out.data;
}

static void
parse_labels(const char *name, const JsonbValue *value,
			 DiffgenOptions *options)
{
	JsonbContainer *container;
	JsonbValue *labels[2] = {NULL, NULL};
	int			i;

	if (value->type == jbvBinary)
	{
		container = value->val.binary.data;
		if (JsonContainerIsArray(container) &&
			JsonContainerSize(container) == 2)
		{
			for (i = 0; i < 2; i++)
				labels[i] = getIthJsonbValueFromContainer(container, i);
		}
	}
	for (i = 0; i < 2; i++)
	{
		if (labels[i] == NULL || labels[i]->type != jbvString ||
			labels[i]->val.string.len == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("option \"%s\" must be an array of two strings that are not empty",
							name),
					 errhint("For example: {\"labels\": [\"before\", \"after\"]}.")));
	}
	options->labels.old_label = quote_label(labels[0]->val.string.val,
											labels[0]->val.string.len,
											&options->labels.old_len);
	options->labels.new_label = quote_label(labels[1]->val.string.val,
											labels[1]->val.string.len,
											&options->labels.new_len);
}

static bool
parse_boolean(const char *name, const JsonbValue *value)
{
	if (value->type != jbvBool)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" must be true or false", name)));
	return value->val.boolean;
}

static void
parse_invertible(const char *name, const JsonbValue *value,
				 DiffgenOptions *options)
{
	options->invertible = parse_boolean(name, value);
}

static void
parse_granularity(const char *name, const JsonbValue *value,
				  DiffgenOptions *options)
{
	options->granularity = parse_word(name, value, granularity_words);
}

static void
parse_width(const char *name, const JsonbValue *value,
			DiffgenOptions *options)
{
	Datum		number;
	Datum		high;

	if (value->type == jbvNumeric)
	{
		number = NumericGetDatum(value->val.numeric);
		high = NumericGetDatum(int64_to_numeric(MAX_WIDTH));

		if (whole_from(number, MIN_WIDTH) &&
			DatumGetBool(DirectFunctionCall2(numeric_le, number, high)))
		{
			options->width = DatumGetInt32(DirectFunctionCall1(numeric_int4,
															   number));
			return;
		}
	}

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" must be an integer from %d to %d",
					name, MIN_WIDTH, MAX_WIDTH),
			 errhint("It is the number of columns for both sides of the diff.")));
}

static void
parse_layout(const char *name, const JsonbValue *value,
			 DiffgenOptions *options)
{
	options->layout = parse_word(name, value, layout_words);
}

static void
parse_page(const char *name, const JsonbValue *value,
		   DiffgenOptions *options)
{
	options->page = parse_boolean(name, value);
}

static void
parse_style(const char *name, const JsonbValue *value,
			DiffgenOptions *options)
{
	options->style = parse_word(name, value, style_words);
}

static void
parse_prefer(const char *name, const JsonbValue *value,
			 DiffgenOptions *options)
{
	options->prefer = parse_word(name, value, prefer_words);
}

static void
parse_order(const char *name, const JsonbValue *value,
			DiffgenOptions *options)
{
	options->ignore_order = parse_word(name, value, order_words);
}

/*
 * A word that stands for other options, which add to those given.
 */
static void
parse_preset(const char *name, const JsonbValue *value,
			 DiffgenOptions *options)
{
	(void) parse_word(name, value, preset_words);
	diffgen_add_preset(name, dg_kubernetes_preset, options);
}

static const OptionDef option_defs[] = {
	{"context", OPT_CONTEXT, parse_context},
	{"algorithm", OPT_ALGORITHM, parse_algorithm},
	{"labels", OPT_LABELS, parse_labels},
	{"whitespace", OPT_WHITESPACE, parse_whitespace},
	{"invertible", OPT_INVERTIBLE, parse_invertible},
	{"granularity", OPT_GRANULARITY, parse_granularity},
	{"width", OPT_WIDTH, parse_width},
	{"layout", OPT_LAYOUT, parse_layout},
	{"page", OPT_PAGE, parse_page},
	{"style", OPT_STYLE, parse_style},
	{"prefer", OPT_PREFER, parse_prefer},
	{"ignore", OPT_IGNORE, diffgen_parse_ignore},
	{"redact", OPT_REDACT, diffgen_parse_redact},
	{"keys", OPT_KEYS, diffgen_parse_keys},
	{"order", OPT_ORDER, parse_order},
	{"preset", OPT_PRESET, parse_preset}
};

/*
 * The options that a function takes, for a hint.  others are those that it has
 * of its own, or NULL.
 */
static char *
list_options(uint32 allowed, const char *others)
{
	StringInfoData list;
	int			i;

	initStringInfo(&list);
	if (others != NULL)
		appendStringInfoString(&list, others);
	for (i = 0; i < (int) lengthof(option_defs); i++)
	{
		if (allowed & option_defs[i].bit)
			appendStringInfo(&list, "%s\"%s\"", list.len > 0 ? ", " : "",
							 option_defs[i].name);
	}
	return list.data;
}

/*
 * diffgen_parse_option
 *		One option of an options document.
 *
 * allowed says which ones mean something to the function, and others lists
 * those that it has of its own, for a hint; NULL if there are none.  What the
 * option points to is in the current memory context.  Raises
 * ERRCODE_INVALID_PARAMETER_VALUE.
 */
void
diffgen_parse_option(const char *name, const JsonbValue *value,
					 uint32 allowed, const char *others,
					 DiffgenOptions *options)
{
	int			i;

	for (i = 0; i < (int) lengthof(option_defs); i++)
	{
		if (strcmp(name, option_defs[i].name) != 0)
			continue;
		if (!(allowed & option_defs[i].bit))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("option \"%s\" has no meaning for this function",
							name),
					 (option_defs[i].bit & OPTS_JSONB_ONLY) != 0 &&
					 (allowed & OPTS_JSONB_ONLY) == 0 && others == NULL ?
					 errhint("Cast the documents to jsonb, for example: diffgen(old::jsonb, new::jsonb, ...).") :
					 errhint("Valid options are: %s.",
							 list_options(allowed, others))));
		option_defs[i].parse(name, value, options);
		return;
	}

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized option \"%s\"", name),
			 errhint("Valid options are: %s.",
					 list_options(allowed, others))));
}

static void
set_defaults(DiffgenOptions *options)
{
	memset(options, 0, sizeof(DiffgenOptions));
	options->context = DEFAULT_CONTEXT;
	options->text.algorithm = DIFF_MYERS;
	options->text.whitespace = WHITESPACE_EXACT;
	options->labels.old_label = DEFAULT_OLD_LABEL;
	options->labels.old_len = strlen(DEFAULT_OLD_LABEL);
	options->labels.new_label = DEFAULT_NEW_LABEL;
	options->labels.new_len = strlen(DEFAULT_NEW_LABEL);
}

/*
 * Parse an options document into *options.  What they point to is in the
 * current memory context, and does not point into the document.
 */
static void
parse_options(Jsonb *document, uint32 allowed, DiffgenOptions *options)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;

	set_defaults(options);

	if (!JB_ROOT_IS_OBJECT(document))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be a JSON object"),
				 errhint("For example: {\"context\": 5}.")));

	it = JsonbIteratorInit(&document->root);
	(void) JsonbIteratorNext(&it, &key, true);
	while ((token = JsonbIteratorNext(&it, &key, true)) == WJB_KEY)
	{
		token = JsonbIteratorNext(&it, &value, true);
		Assert(token == WJB_VALUE);
		diffgen_parse_option(pnstrdup(key.val.string.val, key.val.string.len),
							 &value, allowed, NULL, options);
	}
}

/*
 * diffgen_parse_options
 *		Options that are not those of a call, in the current memory context.
 *		Raises ERRCODE_INVALID_PARAMETER_VALUE.
 */
const DiffgenOptions *
diffgen_parse_options(Jsonb *document, uint32 allowed)
{
	DiffgenOptions *options = palloc0(sizeof(DiffgenOptions));

	parse_options(document, allowed, options);
	return options;
}

/*
 * diffgen_options
 *		The options that a call was given.
 *
 * argno is the argument, which must not be NULL; where the call has fewer
 * arguments, all options have their defaults.  allowed says which options
 * mean something to the function.  The result is valid until the function is
 * called again.  Raises ERRCODE_INVALID_PARAMETER_VALUE.
 */
const DiffgenOptions *
diffgen_options(FunctionCallInfo fcinfo, int argno, uint32 allowed)
{
	OptionsCache *cache = fcinfo->flinfo->fn_extra;
	struct varlena *document = NULL;
	MemoryContext context;
	MemoryContext old_context;

	if (PG_NARGS() > argno)
		document = PG_DETOAST_DATUM(PG_GETARG_DATUM(argno));

	if (cache != NULL &&
		(document == NULL ||
		 (VARSIZE(document) == VARSIZE(cache->document) &&
		  memcmp(document, cache->document, VARSIZE(document)) == 0)))
		return &cache->options;

	/*
	 * Nothing is left behind in fn_extra until the options have been parsed
	 * without error, and nothing of an older document stays.
	 */
	if (cache != NULL)
	{
		fcinfo->flinfo->fn_extra = NULL;
		MemoryContextDelete(cache->context);
	}
	context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt,
									"diffgen options", ALLOCSET_SMALL_SIZES);
	old_context = MemoryContextSwitchTo(context);
	cache = palloc0(sizeof(OptionsCache));
	cache->context = context;
	if (document != NULL)
	{
		cache->document = palloc(VARSIZE(document));
		memcpy(cache->document, document, VARSIZE(document));
		parse_options((Jsonb *) document, allowed, &cache->options);
	}
	else
		set_defaults(&cache->options);
	MemoryContextSwitchTo(old_context);

	fcinfo->flinfo->fn_extra = cache;
	return &cache->options;
}

/*
 * diffgen_row_type
 *		The row type of a call that returns one, blessed.
 *
 * Looked up once a query.  diffgen_options must have been called before.
 */
TupleDesc
diffgen_row_type(FunctionCallInfo fcinfo)
{
	OptionsCache *cache = fcinfo->flinfo->fn_extra;

	if (cache->row_type == NULL)
	{
		MemoryContext old_context = MemoryContextSwitchTo(cache->context);
		TupleDesc	tupdesc;

		if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		cache->row_type = BlessTupleDesc(tupdesc);
		MemoryContextSwitchTo(old_context);
	}
	return cache->row_type;
}
