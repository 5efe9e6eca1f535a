/*-------------------------------------------------------------------------
 *
 * view_private.h
 *	  What view.c and view_inside.c share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_VIEW_PRIVATE_H
#define DIFFGEN_JSON_VIEW_PRIVATE_H

#include "json/pattern.h"
#include "json/view.h"

/* A key that a state waits for. */
typedef struct AwaitedKey
{
	JsonKey		key;
	JsonView   *next;
	bool		known;			/* next has been found */
} AwaitedKey;

struct JsonView
{
	JsonPatterns *patterns;
	uint32		id;
	uint32		hash;
	uint32		npositions;
	uint32	   *positions;		/* ascending; steps of the patterns */
	bool		hides;			/* may hide something below */
	bool		redacts;		/* may redact something below */
	bool		redacted;		/* the node itself is */

	AwaitedKey *keys;			/* in the order of objects' keys */
	uint32		nkeys;
	uint64		key_bits[4];	/* no awaited key has a bit that is not set */
	JsonView   *other_key;		/* where all other keys lead to */
	JsonView   *element;		/* where elements lead to, unless ... */
	bool		other_key_known;
	bool		element_known;
	bool		elements_differ;	/* ... an index or a filter matters */
};

/*
 * The bit that tells whether a state may wait for a key.
 */
static inline uint32
dg_key_bit(const JsonKey *key)
{
	if (key->len == 0)
		return 0;
	return (key->len * 37 + (unsigned char) key->data[0] * 3 +
			(unsigned char) key->data[key->len - 1]) & 255;
}

/*
 * Whether a state may wait for a key; if not, it certainly does not.
 */
static inline bool
dg_view_may_await(const JsonView *view, const JsonKey *key)
{
	uint32		bit = dg_key_bit(key);

	return (view->key_bits[bit / 64] >> (bit % 64)) & 1;
}

#endif							/* DIFFGEN_JSON_VIEW_PRIVATE_H */
