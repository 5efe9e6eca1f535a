/*-------------------------------------------------------------------------
 *
 * walk.h
 *	  Goes through two documents at once and tells sinks what has changed.
 *
 * There is one walk, and everything that is said about a change comes from
 * it: the lines of a unified diff, the operations of a patch, rows, paths.
 * A sink is told, in the order of the canonical text:
 *
 *	enter	a container on both sides, of the same kind, holds changes; what
 *			follows is about its children, until the matching leave;
 *	equal	a run of children of the innermost container is unchanged;
 *	change	a child of the innermost container, or the root, was removed,
 *			added, replaced or moved;
 *	leave	that was all of the innermost container.
 *
 * Containers without a change are never entered.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_WALK_H
#define DIFFGEN_JSON_WALK_H

#include "core/search.h"
#include "json/compare.h"
#include "json/hash.h"
#include "json/keys.h"
#include "json/members.h"
#include "json/node.h"

typedef struct JsonWalk JsonWalk;
typedef struct JsonSink JsonSink;

/*
 * An element that has moved is told of twice, at its old place and at its new
 * one.  If it has changed as well, its container is entered right after the
 * latter, with place.moved set.
 */
typedef enum JsonChangeKind
{
	CHANGE_REMOVE,
	CHANGE_ADD,
	CHANGE_REPLACE,
	CHANGE_MOVE_AWAY,			/* is found elsewhere in the new array */
	CHANGE_MOVE					/* was found elsewhere in the old array */
} JsonChangeKind;

/*
 * A child of both containers of a frame, or of one of them.
 */
typedef struct JsonChild
{
	JsonNode	old_node;
	JsonNode	new_node;
	JsonKey		key;			/* data is NULL in arrays and for the root */
	uint32		old_index;		/* NO_INDEX where the child is not */
	uint32		new_index;
	bool		old_last;		/* no child is shown after it */
	bool		new_last;
	bool		moved;			/* in both arrays, but not at the same place */
} JsonChild;

/* What follows next in two arrays. */
typedef enum ArrayStepKind
{
	STEP_EQUAL,					/* elements equal by value */
	STEP_PAIR,					/* one element to be looked into */
	STEP_REPLACE,				/* one element that has become another one */
	STEP_REMOVE,
	STEP_ADD,
	STEP_MOVE_AWAY,				/* one element that will be found elsewhere */
	STEP_MOVE					/* that element, at its new place */
} ArrayStepKind;

/* Whether a step's elements stand at this place of the old, the new array. */
#define STEP_IN_OLD(step) \
	((step)->kind != STEP_ADD && (step)->kind != STEP_MOVE)
#define STEP_IN_NEW(step) \
	((step)->kind != STEP_REMOVE && (step)->kind != STEP_MOVE_AWAY)

typedef struct ArrayStep
{
	uint32		kind;
	uint32		old_index;
	uint32		new_index;
	uint32		count;
} ArrayStep;

/*
 * The elements of an array that are shown.
 */
typedef struct ArraySide
{
	const JsonNode *array;
	uint32		count;
	uint32	   *indexes;		/* NULL if all of them are */
} ArraySide;

/*
 * Differences that are known to be in a frame's containers: one from an outer
 * frame, one found at the start of the arrays and one at their end.
 */
typedef enum FrameDifference
{
	DIFFERENCE_OUTER,
	DIFFERENCE_HEAD,
	DIFFERENCE_TAIL
} FrameDifference;

#define FRAME_DIFFERENCES	3

/*
 * Two containers that the walk is in.
 */
typedef struct JsonFrame
{
	JsonChild	place;			/* the containers themselves */
	uint32		old_shown;		/* children that are shown */
	uint32		new_shown;
	uint32		first;			/* of its members or steps, on their stack */
	uint32		count;
	uint32		next;			/* the member or step to be looked at next */
	uint32		done;			/* all before it were told to the sinks */
	uint32		last_old;		/* the last ones that are in each document */
	uint32		last_new;
	uint32		first_byte;		/* first different byte, or NOT_KNOWN */
	const JsonKeyList *identity;	/* keys that the elements are matched by */
	JsonDifference differences[FRAME_DIFFERENCES];
} JsonFrame;

/*
 * What a sink is told.  Any but change may be NULL.  Unless some sink has
 * `equal`, members that are the same are not listed in the frames, and the
 * numbers of children that are shown lack them.
 */
struct JsonSink
{
	void		(*enter) (JsonSink *sink, const JsonWalk *walk);
	void		(*leave) (JsonSink *sink, const JsonWalk *walk);
	/* members or steps [from, to) of the innermost frame */
	void		(*equal) (JsonSink *sink, const JsonWalk *walk,
						  uint32 from, uint32 to);
	void		(*change) (JsonSink *sink, const JsonWalk *walk,
						   JsonChangeKind kind, const JsonChild *child);
	/* how many equal children next to a change `equal` looks at singly */
	uint32		around;
};

/* More sinks than any function feeds at once. */
#define WALK_MAX_SINKS	4

struct JsonWalk
{
	DiffAlgorithm algorithm;	/* for elements of arrays */
	const JsonKeyTable *keys;	/* arrays to be matched by identity, or NULL */
	bool		ignore_order;	/* of these */
	bool		exact;			/* no search was cut short */

	JsonFrame  *frames;
	uint32		depth;			/* open frames */
	uint32		maxframes;
	uint32		entered;		/* frames the sinks were told of */

	JsonMembers members;		/* of the objects among the frames */
	ArrayStep  *steps;			/* of the arrays among the frames */
	uint32		nsteps;
	uint32		maxsteps;
	JsonHashes	hashes;

	JsonSink   *sinks[WALK_MAX_SINKS];
	int			nsinks;
};

/* The innermost frame; there must be one. */
#define WALK_TOP(walk)	(&(walk)->frames[(walk)->depth - 1])

extern void dg_walk_init(JsonWalk *walk, DiffAlgorithm algorithm);
extern void dg_walk_add_sink(JsonWalk *walk, JsonSink *sink);
extern void dg_walk(JsonWalk *walk, const JsonNode *old_root,
					const JsonNode *new_root);
extern void dg_walk_free(JsonWalk *walk);
extern void dg_walk_member(const JsonWalk *walk, const JsonFrame *frame,
						   uint32 i, JsonChild *child);
extern void dg_walk_element(const JsonWalk *walk, const JsonFrame *frame,
							uint32 i, uint32 offset, JsonChild *child);

/* array_match.c */
extern void dg_match_arrays(JsonWalk *walk, JsonFrame *frame);
extern void dg_push_step(JsonWalk *walk, ArrayStepKind kind,
						 uint32 old_index, uint32 new_index, uint32 count);

/* array_search.c */
extern bool dg_search_elements(const ArraySide *old_side, uint32 nold,
							   const ArraySide *new_side, uint32 nnew,
							   uint32 from, DiffScript *script);

static inline uint32
dg_side_index(const ArraySide *side, uint32 i)
{
	return side->indexes ? side->indexes[i] : i;
}

extern void dg_side_element(const ArraySide *side, uint32 i,
							JsonNode *element);

/* array_keys.c */
extern const JsonKeyList *dg_match_by_keys(JsonWalk *walk,
										   const JsonKeyList *list,
										   const ArraySide *old_side,
										   const ArraySide *new_side);

/* array_pair.c */
extern void dg_pair_elements(JsonWalk *walk,
							 const ArraySide *old_side, uint32 old_from,
							 uint32 nold,
							 const ArraySide *new_side, uint32 new_from,
							 uint32 nnew);

#endif							/* DIFFGEN_JSON_WALK_H */
