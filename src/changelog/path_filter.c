/*-------------------------------------------------------------------------
 *
 * path_filter.c
 *	  Picks changes by their paths.
 *
 * The paths of a changelog are text, written by diffgen_paths in one way, so
 * they are compared as text, step by step: nothing that an entry holds can
 * make an error.  Patterns are checked as those of the option "ignore" are.
 *
 * A pattern picks what changed at the place it names, in it, and as part of a
 * larger whole: $.spec.image picks $.spec.image.tag and also $.spec, which
 * was added or removed with the image in it.  After .**, only the former.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "changelog/path_filter.h"
#include "fmgr.h"
#include "functions/compat.h"
#include "json/view.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonpath.h"

typedef enum StepKind
{
	STEP_MEMBER,				/* .name, ."name" */
	STEP_ANY_MEMBER,			/* .* */
	STEP_ANY_DEPTH,				/* .** */
	STEP_ELEMENT,				/* [n], [*] */
	STEP_FILTER,				/* ?(...) */
	STEP_END
} StepKind;

typedef struct Step
{
	StepKind	kind;
	const char *text;			/* without signs around */
	int			len;
} Step;

/* Patterns as steps, each with STEP_END at its end. */
typedef struct PathFilter
{
	int			npatterns;
	Step	  **patterns;
} PathFilter;

static const char *
skip_blanks(const char *p)
{
	while (*p == ' ' || (*p >= '\t' && *p <= '\r'))
		p++;
	return p;
}

/* The end of a string in double quotes, which p is at. */
static const char *
skip_string(const char *p)
{
	for (p++; *p != '\0' && *p != '"'; p++)
	{
		if (*p == '\\' && p[1] != '\0')
			p++;
	}
	return *p == '"' ? p + 1 : p;
}

/* The end of what is in brackets, the first of which p is behind. */
static const char *
skip_brackets(const char *p, char open, char close)
{
	int			depth = 1;

	while (*p != '\0')
	{
		if (*p == '"')
		{
			p = skip_string(p);
			continue;
		}
		if (*p == open)
			depth++;
		else if (*p == close && --depth == 0)
			break;
		p++;
	}
	return p;
}

static const char *
skip_name(const char *p)
{
	while (*p != '\0' && strchr(".[?( \t\n\v\f\r", *p) == NULL)
		p++;
	return p;
}

/*
 * Read a step, and return where the next one begins.  Whatever the text is,
 * the way leads to its end.
 */
static const char *
next_step(const char *p, Step *step)
{
	p = skip_blanks(p);
	if (*p == '\0')
	{
		step->kind = STEP_END;
		step->len = 0;
		return p;
	}

	if (*p == '[')
	{
		step->kind = STEP_ELEMENT;
		step->text = ++p;
		p = skip_brackets(p, '[', ']');
		step->len = p - step->text;
		return *p != '\0' ? p + 1 : p;
	}
	if (*p == '?')
	{
		step->kind = STEP_FILTER;
		p = skip_blanks(p + 1);
		if (*p == '(')
			p++;
		step->text = p;
		p = skip_brackets(p, '(', ')');
		step->len = p - step->text;
		return *p != '\0' ? p + 1 : p;
	}

	step->kind = STEP_MEMBER;
	p = skip_blanks(*p == '.' ? p + 1 : p);
	step->text = p;
	if (*p == '"')
	{
		step->text++;
		p = skip_string(p);
		step->len = p - step->text - (p > step->text && p[-1] == '"');
		return p;
	}
	p = skip_name(p);
	step->len = p - step->text;
	if (step->len == 0 && *p != '\0' && *p != '.' && *p != '[' && *p != '?')
		p++;					/* a stray sign */
	if (step->len == 1 && step->text[0] == '*')
		step->kind = STEP_ANY_MEMBER;
	else if (step->len == 2 && memcmp(step->text, "**", 2) == 0)
		step->kind = STEP_ANY_DEPTH;
	return p;
}

/* The way behind the root. */
static const char *
behind_root(const char *path)
{
	path = skip_blanks(path);
	return *path == '$' ? path + 1 : path;
}

static Step *
compile(const char *pattern)
{
	const char *p = behind_root(pattern);
	Step	   *steps = palloc(mul_size(strlen(pattern) + 1, sizeof(Step)));
	int			n = 0;

	do
		p = next_step(p, &steps[n]);
	while (steps[n++].kind != STEP_END);
	return steps;
}

/*
 * diffgen_path_filter
 *		A filter of patterns, in the current memory context.
 *
 * option is named in errors: those of the server for what is no jsonpath, and
 * ERRCODE_INVALID_PARAMETER_VALUE for what is no pattern.
 */
PathFilter *
diffgen_path_filter(const char *option, int n, char **patterns)
{
	PathFilter *filter = palloc(sizeof(PathFilter));
	JsonPatterns *checked = dg_patterns_create();

	filter->npatterns = n;
	filter->patterns = palloc(mul_size(Max(n, 1), sizeof(Step *)));
	for (int i = 0; i < n; i++)
	{
		Datum		path = DirectFunctionCall1(jsonpath_in,
											   CStringGetDatum(patterns[i]));

		dg_patterns_add(checked, DatumGetJsonPathP(path), patterns[i],
						PATTERN_HIDE, option);
		if (*skip_blanks(patterns[i]) != '$')
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("path in option \"%s\" must begin with $", option),
					 errdetail("The path is %s.", patterns[i])));
		filter->patterns[i] = compile(patterns[i]);
	}
	return filter;
}

/* Are two texts the same but for blanks? */
static bool
same_text(const Step *a, const Step *b)
{
	int			i = 0;
	int			j = 0;

	for (;;)
	{
		while (i < a->len && a->text[i] == ' ')
			i++;
		while (j < b->len && b->text[j] == ' ')
			j++;
		if (i == a->len || j == b->len)
			return i == a->len && j == b->len;
		if (a->text[i++] != b->text[j++])
			return false;
	}
}

static bool
is_star(const Step *step)
{
	return step->len == 1 && step->text[0] == '*';
}

/*
 * Does a path from p on match the steps of a pattern?  A filter says which
 * element is meant: where the pattern or the path says so and the other one
 * does not, any can be.
 *
 * What comes up to the next .** is taken where it matches first.  If what
 * follows matches nowhere behind that, it does not behind a later place
 * either: *hopeless is set, and nobody tries.  So the time is at most the
 * product of the two lengths.
 */
static bool
matches(const Step *steps, const char *p, bool or_whole, bool *hopeless)
{
	Step		step;

	check_stack_depth();
	for (;;)
	{
		const char *next = next_step(p, &step);

		if (steps->kind == STEP_END)
			return true;
		if (steps->kind == STEP_ANY_DEPTH)
		{
			while (!matches(steps + 1, p, false, hopeless))
			{
				CHECK_FOR_INTERRUPTS();
				p = next_step(p, &step);
				*hopeless |= step.kind == STEP_END;
				if (*hopeless)
					return false;
			}
			return true;
		}
		if (step.kind == STEP_END)
			return or_whole;
		if (step.kind == STEP_FILTER && steps->kind != STEP_FILTER)
		{
			p = next;
			continue;
		}
		switch (steps->kind)
		{
			case STEP_MEMBER:
				if (step.kind != STEP_MEMBER || step.len != steps->len ||
					memcmp(step.text, steps->text, step.len) != 0)
					return false;
				break;
			case STEP_ANY_MEMBER:
				if (step.kind != STEP_MEMBER)
					return false;
				break;
			case STEP_ELEMENT:
				if (step.kind != STEP_ELEMENT ||
					!(is_star(&step) || is_star(steps) ||
					  same_text(&step, steps)))
					return false;
				break;
			case STEP_FILTER:
				if (step.kind != STEP_FILTER)
				{
					steps++;
					continue;
				}
				if (!same_text(&step, steps))
					return false;
				break;
			default:
				return false;
		}
		steps++;
		p = next;
	}
}

/* Is there a step that stands for any number of others? */
static bool
has_any_depth(const Step *steps)
{
	for (; steps->kind != STEP_END; steps++)
	{
		if (steps->kind == STEP_ANY_DEPTH)
			return true;
	}
	return false;
}

/*
 * diffgen_path_matches
 *		Does one of the patterns pick a path?
 *
 * For each pattern, the time is at most the product of its length and the
 * path's.  Allocates nothing, and raises nothing for whatever the path is.
 */
bool
diffgen_path_matches(const PathFilter *filter, const char *path)
{
	for (int i = 0; i < filter->npatterns; i++)
	{
		const Step *steps = filter->patterns[i];
		bool		hopeless = false;

		if (matches(steps, behind_root(path), !has_any_depth(steps),
					&hopeless))
			return true;
	}
	return false;
}
