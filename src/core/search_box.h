/*-------------------------------------------------------------------------
 *
 * search_box.h
 *	  What the searches share: boxes of two sequences still to be compared.
 *
 * Private to search.c, myers.c, anchor.c and histogram.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_SEARCH_BOX_H
#define DIFFGEN_SEARCH_BOX_H

#include "core/search.h"

/*
 * Items [a_lo, a_hi) of the old sequence against [b_lo, b_hi) of the new one.
 */
typedef struct SearchBox
{
	int32		a_lo;
	int32		a_hi;
	int32		b_lo;
	int32		b_hi;
	bool		no_anchors;		/* anchors were tried here, in vain */
} SearchBox;

/* A pair of equal items that a search decided to match. */
typedef struct Anchor
{
	int32		a;
	int32		b;
} Anchor;

/* anchor.c: items of a box by id, how often (up to two), and where in b */
typedef struct AnchorWork
{
	uint8	   *a_count;
	uint8	   *b_count;
	int32	   *b_position;
} AnchorWork;

/* histogram.c: the old items of a box, listed by id */
typedef struct HistogramWork
{
	int32	   *count;			/* by id */
	int32	   *first;			/* by id: first position, where count > 0 */
	int32	   *next;			/* by position: next one with the same id */
} HistogramWork;

typedef struct SearchState
{
	/* the items that occur on both sides, and where they were */
	uint32	   *a;
	uint32	   *b;
	int32	   *a_index;
	int32	   *b_index;
	int32		na;
	int32		nb;
	uint32		nids;

	/* the verdict: is the item (of the whole sequence) removed, or added? */
	bool	   *a_changed;
	bool	   *b_changed;

	DiffAlgorithm algorithm;
	bool		exact;

	/* the boxes still to be solved */
	SearchBox  *stack;
	int32		nstack;
	int32		maxstack;

	/* myers.c: furthest points by diagonal, forwards and backwards */
	int32	   *forward;
	int32	   *backward;
	int32		below;			/* diagonals below the first one, forwards */
	int32		above;			/* and above it; backwards the other way */

	/* anchor.c, histogram.c: what may still be spent on looking for anchors */
	int64		anchor_budget;
	AnchorWork	anchor_work;
	HistogramWork histogram_work;
} SearchState;

/* search.c */
extern void dg_push_box(SearchState *s, int32 a_lo, int32 a_hi,
						int32 b_lo, int32 b_hi, bool no_anchors);

/* myers.c */
extern void dg_myers_init(SearchState *s);
extern bool dg_myers_split(SearchState *s, const SearchBox *box,
						   bool may_give_up, int32 *a_mid, int32 *b_mid);

/* anchor.c */
typedef enum AnchorResult
{
	ANCHORS_NONE,				/* nothing to go by */
	ANCHORS_SOME,				/* boxes between them were pushed */
	ANCHORS_ALL					/* they are a longest common subsequence */
} AnchorResult;

typedef enum AnchorWish
{
	TAKE_ANY_ANCHORS,
	TAKE_GOOD_ANCHORS,			/* not if they are of doubtful value */
	TAKE_EXACT_ANCHORS			/* only if they are all there is to match */
} AnchorWish;

extern AnchorResult dg_anchor_unique(SearchState *s, const SearchBox *box,
									 AnchorWish wish);
extern void dg_anchor_free(SearchState *s);

/* histogram.c */
extern bool dg_histogram_split(SearchState *s, const SearchBox *box);
extern void dg_histogram_free(SearchState *s);

#endif							/* DIFFGEN_SEARCH_BOX_H */
