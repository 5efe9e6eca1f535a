/*-------------------------------------------------------------------------
 *
 * jsonb_ref.h
 *	  References to values inside jsonb datums.
 *
 * A JsonbRef is what the server's JsonbValue of type jbvBinary or of a scalar
 * is, in half the space: a pointer into a datum that somebody else keeps
 * alive.  Nothing is copied or allocated to look at a value.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSONB_REF_H
#define DIFFGEN_JSONB_REF_H

#include "postgres.h"

#include "utils/jsonb.h"

typedef struct JsonbRef
{
	uint32		type;			/* JENTRY_ISSTRING ... JENTRY_ISCONTAINER */
	uint32		len;			/* bytes at data, without alignment padding */
	const char *data;			/* aligned where the type asks for it */
} JsonbRef;

#define DG_REF_CONTAINER(ref)	((JsonbContainer *) (ref)->data)
#define DG_REF_IS_CONTAINER(ref) ((ref)->type == JENTRY_ISCONTAINER)
#define DG_REF_IS_OBJECT(ref) \
	(DG_REF_IS_CONTAINER(ref) && JsonContainerIsObject(DG_REF_CONTAINER(ref)))
#define DG_REF_IS_ARRAY(ref) \
	(DG_REF_IS_CONTAINER(ref) && JsonContainerIsArray(DG_REF_CONTAINER(ref)))

/* Where the data of a container's children begins. */
static inline const char *
dg_container_data(const JsonbContainer *container)
{
	uint32		count = JsonContainerSize(container);

	if (JsonContainerIsObject(container))
		count *= 2;
	return (const char *) &container->children[count];
}

/*
 * The child at index (an object has its keys first, then its values), whose
 * data ends at the offset that is also the next child's beginning.
 */
static inline void
dg_container_child_at(const JsonbContainer *container, uint32 index,
					  uint32 offset, JsonbRef *ref)
{
	JEntry		entry = container->children[index];
	uint32		start = offset;
	uint32		end = offset;

	ref->type = entry & JENTRY_TYPEMASK;
	JBE_ADVANCE_OFFSET(end, entry);
	if (ref->type == JENTRY_ISCONTAINER || ref->type == JENTRY_ISNUMERIC)
		start = INTALIGN(offset);
	ref->data = dg_container_data(container) + start;
	ref->len = end - start;
}

/* The same, where the offset is not known: a few entries are looked at. */
static inline void
dg_container_child(const JsonbContainer *container, uint32 index,
				   JsonbRef *ref)
{
	dg_container_child_at(container, index,
						  getJsonbOffset(container, index), ref);
}

/*
 * The order in which an object stores its keys: by length, then by bytes.
 */
static inline int
dg_key_compare(const char *a, uint32 alen, const char *b, uint32 blen)
{
	if (alen != blen)
		return alen < blen ? -1 : 1;
	return memcmp(a, b, alen);
}

extern void dg_jsonb_root(const Jsonb *jsonb, JsonbRef *ref);
extern bool dg_object_search(const JsonbContainer *object, const char *key,
							 uint32 keylen, uint32 *index);
extern bool dg_ref_equal(const JsonbRef *a, const JsonbRef *b);

#endif							/* DIFFGEN_JSONB_REF_H */
