/*-------------------------------------------------------------------------
 *
 * pattern.h
 *	  Path patterns in the form in which they are matched.
 *
 * Private to pattern.c and view.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_PATTERN_H
#define DIFFGEN_JSON_PATTERN_H

#include "json/view.h"

typedef enum PatternStepKind
{
	PATTERN_MEMBER,				/* .key */
	PATTERN_ANY_MEMBER,			/* .* */
	PATTERN_ELEMENT,			/* [n] */
	PATTERN_ANY_ELEMENT,		/* [*] */
	PATTERN_ANY_DEPTH,			/* .** */
	PATTERN_END					/* the whole pattern has been matched */
} PatternStepKind;

/* A member that an object must have for a filter to let it through. */
typedef struct PatternCondition
{
	JsonKey		key;
	JsonNode	value;			/* a scalar */
	struct PatternCondition *next;
} PatternCondition;

typedef struct PatternStep
{
	PatternStepKind kind;
	PatternAction action;		/* of the pattern */
	JsonKey		key;			/* of PATTERN_MEMBER */
	uint32		index;			/* of PATTERN_ELEMENT */
	PatternCondition *filter;	/* of PATTERN_ANY_ELEMENT, or NULL */
} PatternStep;

/* Where a pattern starts: at the root, if the filter lets it through. */
typedef struct PatternStart
{
	uint32		step;
	PatternCondition *filter;
} PatternStart;

/*
 * Patterns and the states that have come up so far.  The patterns live as long
 * as the memory context they are in.  The states are in a child of it, and are
 * forgotten between two calls if they have become many.
 */
struct JsonPatterns
{
	MemoryContext context;
	PatternStep *steps;			/* of all patterns, one after the other */
	uint32		nsteps;
	uint32		maxsteps;
	PatternStart *starts;
	uint32		nstarts;
	uint32		maxstarts;

	MemoryContext state_context;	/* NULL if there are no states */
	JsonView  **states;
	uint32		nstates;
	JsonView  **slots;			/* hash table of the states */
	uint32		nslots;			/* a power of two */

	bool	   *passed;			/* one a start: whether the last root did */
	JsonView   *root_view;		/* what that led to ... */
	bool		root_view_known;	/* ... if the state is still there */

	uint32	   *scratch;		/* positions of the state to be found */
	uint32		nscratch;
	uint32	   *marks;			/* one a step: equal to round if in scratch */
	uint32		round;
};

#endif							/* DIFFGEN_JSON_PATTERN_H */
