/*-------------------------------------------------------------------------
 *
 * pattern.c
 *	  Turns jsonpath expressions into path patterns.
 *
 * The server's own parser reads them.  What a pattern may be made of is the
 * part of jsonpath that names places in a document: members, elements and any
 * number of levels, and as the only filter the one that picks elements (or
 * documents) by identity: ?(@.name == "web"), with && for several members.
 * Everything else is an error here and not at run time.
 *
 * Patterns match structurally: a member step matches a member of an object
 * and an element step an element of an array, without the unwrapping of arrays
 * that jsonpath's lax mode does.
 *
 *-------------------------------------------------------------------------
 */
#include "json/pattern.h"

#include "fmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#define STEPS_INITIAL	64
#define STARTS_INITIAL	16

/* What is being compiled, for error messages. */
typedef struct PatternSource
{
	JsonPatterns *patterns;
	const char *text;
	const char *option;
} PatternSource;

/*
 * dg_patterns_create
 *		An empty set of patterns, in the current memory context.
 */
JsonPatterns *
dg_patterns_create(void)
{
	JsonPatterns *patterns = palloc0(sizeof(JsonPatterns));

	patterns->context = CurrentMemoryContext;
	patterns->maxsteps = STEPS_INITIAL;
	patterns->steps = dg_alloc(patterns->maxsteps, sizeof(PatternStep));
	patterns->maxstarts = STARTS_INITIAL;
	patterns->starts = dg_alloc(patterns->maxstarts, sizeof(PatternStart));
	return patterns;
}

static void
raise_unsupported(const PatternSource *source, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unsupported path in option \"%s\"", source->option),
			 errdetail("The path %s %s.", source->text, what),
			 errhint("A path consists of members (.key, .*), elements ([n], [*]), any depth (.**) and filters that pick elements by members, as in $.containers[*]?(@.name == \"web\").image.")));
}

static PatternStep *
add_step(JsonPatterns *patterns, PatternStepKind kind)
{
	PatternStep *step;

	if (patterns->nsteps == patterns->maxsteps)
	{
		patterns->maxsteps *= 2;
		patterns->steps = dg_realloc(patterns->steps, patterns->maxsteps,
									 sizeof(PatternStep));
	}
	step = &patterns->steps[patterns->nsteps++];
	memset(step, 0, sizeof(PatternStep));
	step->kind = kind;
	return step;
}

static JsonKey
copy_key(JsonPathItem *item)
{
	int32		len;
	char	   *name = jspGetString(item, &len);
	JsonKey		key;

	key.data = pnstrdup(name, len);
	key.len = len;
	return key;
}

/*
 * A literal of a filter as a node.
 */
static void
copy_literal(const PatternSource *source, JsonPathItem *item, JsonNode *node)
{
	JsonPathItem next;

	memset(node, 0, sizeof(JsonNode));
	node->data = "";
	if (jspGetNext(item, &next))
		raise_unsupported(source, "has a filter that is more than a comparison of a member with a literal");
	switch (item->type)
	{
		case jpiNull:
			node->kind = NODE_NULL;
			break;
		case jpiBool:
			node->kind = jspGetBool(item) ? NODE_TRUE : NODE_FALSE;
			break;
		case jpiString:
			{
				JsonKey		text = copy_key(item);

				node->kind = NODE_STRING;
				node->data = text.data;
				node->len = text.len;
				break;
			}
		case jpiNumeric:
			{
				Numeric		number = jspGetNumeric(item);
				char	   *copy = palloc(VARSIZE_ANY(number));

				memcpy(copy, number, VARSIZE_ANY(number));
				node->kind = NODE_NUMBER;
				node->data = copy;
				node->len = VARSIZE_ANY(number);
				break;
			}
		default:
			raise_unsupported(source, "has a filter that is more than a comparison of a member with a literal");
	}
}

/*
 * Add the conditions of a filter to a list.
 */
static void
add_conditions(const PatternSource *source, JsonPathItem *item,
			   PatternCondition **list)
{
	JsonPathItem left;
	JsonPathItem right;
	JsonPathItem key;
	JsonPathItem next;
	PatternCondition *condition;

	check_stack_depth();
	if (item->type != jpiAnd && item->type != jpiEqual)
		raise_unsupported(source, "has a filter that does not compare members by == alone");
	jspGetLeftArg(item, &left);
	jspGetRightArg(item, &right);
	if (item->type == jpiAnd)
	{
		add_conditions(source, &left, list);
		add_conditions(source, &right, list);
		return;
	}

	if (left.type != jpiCurrent || !jspGetNext(&left, &key) ||
		key.type != jpiKey || jspGetNext(&key, &next))
		raise_unsupported(source, "has a filter that does not compare a member (@.key) on its left side");
	condition = palloc(sizeof(PatternCondition));
	condition->key = copy_key(&key);
	copy_literal(source, &right, &condition->value);
	condition->next = *list;
	*list = condition;
}

/*
 * The constant index of [n].  A fraction is cut off, as jsonpath does.
 */
static uint32
element_index(const PatternSource *source, JsonPathItem *item)
{
	JsonPathItem from;
	JsonPathItem to;
	JsonPathItem next;
	Datum		least = NumericGetDatum(int64_to_numeric(0));
	Datum		most = NumericGetDatum(int64_to_numeric(PG_INT32_MAX));
	Datum		index;

	if (item->content.array.nelems != 1 ||
		jspGetArraySubscript(item, &from, &to, 0) ||
		from.type != jpiNumeric || jspGetNext(&from, &next))
		raise_unsupported(source, "has a subscript that is not a single number");
	index = DirectFunctionCall2(numeric_trunc,
								NumericGetDatum(jspGetNumeric(&from)),
								Int32GetDatum(0));
	if (DatumGetBool(DirectFunctionCall2(numeric_lt, index, least)) ||
		DatumGetBool(DirectFunctionCall2(numeric_gt, index, most)))
		raise_unsupported(source, "has a subscript that no array has");
	return (uint32) DatumGetInt32(DirectFunctionCall1(numeric_int4, index));
}

/*
 * Compile one step of a path.
 */
static void
compile_step(const PatternSource *source, JsonPathItem *item)
{
	JsonPatterns *patterns = source->patterns;
	PatternStart *start = &patterns->starts[patterns->nstarts - 1];
	PatternStep *last;
	JsonPathItem predicate;

	switch (item->type)
	{
		case jpiKey:
			add_step(patterns, PATTERN_MEMBER)->key = copy_key(item);
			break;
		case jpiAnyKey:
			add_step(patterns, PATTERN_ANY_MEMBER);
			break;
		case jpiAnyArray:
			add_step(patterns, PATTERN_ANY_ELEMENT);
			break;
		case jpiIndexArray:
			add_step(patterns, PATTERN_ELEMENT)->index =
				element_index(source, item);
			break;
		case jpiAny:
			if (item->content.anybounds.first != 0 ||
				item->content.anybounds.last != PG_UINT32_MAX)
				raise_unsupported(source, "limits the levels of .**");
			add_step(patterns, PATTERN_ANY_DEPTH);
			break;
		case jpiFilter:
			jspGetArg(item, &predicate);
			if (patterns->nsteps == start->step)
			{
				add_conditions(source, &predicate, &start->filter);
				break;
			}
			last = &patterns->steps[patterns->nsteps - 1];
			if (last->kind == PATTERN_ANY_ELEMENT)
				add_conditions(source, &predicate, &last->filter);
			else
				raise_unsupported(source, "has a filter in another place than after [*] or $");
			break;
		default:
			raise_unsupported(source, "has a part that does not name a place in a document");
	}
}

/*
 * dg_patterns_add
 *		Add a pattern to a set.
 *
 * text is the path as it was given, and option the name of the option it comes
 * from.  Patterns are added before the set is used.  Raises
 * ERRCODE_INVALID_PARAMETER_VALUE.
 */
void
dg_patterns_add(JsonPatterns *patterns, JsonPath *path, const char *text,
				PatternAction action, const char *option)
{
	MemoryContext old_context = MemoryContextSwitchTo(patterns->context);
	PatternSource source;
	PatternStart *start;
	JsonPathItem item;
	JsonPathItem next;
	uint32		i;
	bool		names_a_part = false;

	source.patterns = patterns;
	source.text = text;
	source.option = option;
	if (patterns->nstarts == patterns->maxstarts)
	{
		patterns->maxstarts *= 2;
		patterns->starts = dg_realloc(patterns->starts, patterns->maxstarts,
									  sizeof(PatternStart));
	}
	start = &patterns->starts[patterns->nstarts++];
	start->step = patterns->nsteps;
	start->filter = NULL;

	jspInit(&item, path);
	if (item.type != jpiRoot)
		raise_unsupported(&source, "does not start at the root ($)");
	while (jspGetNext(&item, &next))
	{
		item = next;
		compile_step(&source, &item);
	}

	for (i = start->step; i < patterns->nsteps; i++)
		names_a_part |= (patterns->steps[i].kind != PATTERN_ANY_DEPTH);
	if (!names_a_part)
		raise_unsupported(&source, "stands for the whole document");
	add_step(patterns, PATTERN_END);
	for (i = start->step; i < patterns->nsteps; i++)
		patterns->steps[i].action = action;
	MemoryContextSwitchTo(old_context);
}

/*
 * dg_patterns_redact
 *		Whether any of the patterns, which may be NULL, redacts.
 */
bool
dg_patterns_redact(const JsonPatterns *patterns)
{
	for (uint32 i = 0; patterns != NULL && i < patterns->nsteps; i++)
	{
		if (patterns->steps[i].action == PATTERN_REDACT)
			return true;
	}
	return false;
}
