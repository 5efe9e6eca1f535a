/*-------------------------------------------------------------------------
 *
 * jsonb_ref.c
 *	  Finding and comparing values inside jsonb datums.
 *
 * Equality is that of jsonb's own "=": numbers by value, so that 1 and 1.0
 * are equal and 1 and "1" are not.  A container is stored in one way only but
 * for the trailing zeros of its numbers, and its bytes do not depend on where
 * it stands, so two equal containers are nearly always found equal by one
 * memcmp.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "json/jsonb_ref.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

static bool scalars_equal(const JsonbRef *a, const JsonbRef *b);
static bool containers_equal(const JsonbContainer *a, const JsonbContainer *b);

/*
 * The value of a whole datum.  A scalar is stored as an array of one element
 * with a flag; the reference is to the scalar itself.  The datum must be
 * detoasted, with a four-byte header, and must outlive the reference.
 */
void
dg_jsonb_root(const Jsonb *jsonb, JsonbRef *ref)
{
	const JsonbContainer *root = &jsonb->root;

	if (JsonContainerIsScalar(root))
		dg_container_child_at(root, 0, 0, ref);
	else
	{
		ref->type = JENTRY_ISCONTAINER;
		ref->len = VARSIZE(jsonb) - VARHDRSZ;
		ref->data = (const char *) root;
	}
}

/*
 * Looks for a key in an object.  Sets *index to its place among the keys, or
 * to the place that it would have, and returns whether it is there.  Binary
 * search: O(log n) keys are looked at.
 */
bool
dg_object_search(const JsonbContainer *object, const char *key, uint32 keylen,
				 uint32 *index)
{
	const char *base = dg_container_data(object);
	uint32		low = 0;
	uint32		high = JsonContainerSize(object);

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		uint32		offset = getJsonbOffset(object, middle);
		uint32		end = offset;
		int			cmp;

		JBE_ADVANCE_OFFSET(end, object->children[middle]);
		cmp = dg_key_compare(base + offset, end - offset, key, keylen);
		if (cmp == 0)
		{
			*index = middle;
			return true;
		}
		if (cmp < 0)
			low = middle + 1;
		else
			high = middle;
	}

	*index = low;
	return false;
}

/*
 * Are two values equal as jsonb's "=" has it?  O(the smaller value), and the
 * recursion is as deep as the documents.
 */
bool
dg_ref_equal(const JsonbRef *a, const JsonbRef *b)
{
	if (a->type != b->type)
		return false;
	if (a->type != JENTRY_ISCONTAINER)
		return scalars_equal(a, b);

	if (a->len == b->len &&
		(a->data == b->data || memcmp(a->data, b->data, a->len) == 0))
		return true;
	return containers_equal(DG_REF_CONTAINER(a), DG_REF_CONTAINER(b));
}

/* Two scalars of the same type. */
static bool
scalars_equal(const JsonbRef *a, const JsonbRef *b)
{
	if (a->len == b->len && memcmp(a->data, b->data, a->len) == 0)
		return true;
	if (a->type != JENTRY_ISNUMERIC)
		return false;
	return DatumGetBool(DirectFunctionCall2(numeric_eq,
											PointerGetDatum(a->data),
											PointerGetDatum(b->data)));
}

/*
 * Two containers whose bytes differ.  Those of nested containers are not
 * compared again at every level: that would be quadratic in the depth.
 */
static bool
containers_equal(const JsonbContainer *a, const JsonbContainer *b)
{
	uint32		nchildren = JsonContainerSize(a);
	uint32		aoffset = 0;
	uint32		boffset = 0;

	check_stack_depth();

	/* the header holds the kind and the number of children */
	if (a->header != b->header)
		return false;
	if (JsonContainerIsObject(a))
		nchildren *= 2;

	/* keys are children like any other */
	for (uint32 i = 0; i < nchildren; i++)
	{
		JsonbRef	aref;
		JsonbRef	bref;
		bool		equal;

		CHECK_FOR_INTERRUPTS();
		dg_container_child_at(a, i, aoffset, &aref);
		dg_container_child_at(b, i, boffset, &bref);
		if (aref.type != bref.type)
			return false;
		if (DG_REF_IS_CONTAINER(&aref))
			equal = containers_equal(DG_REF_CONTAINER(&aref),
									 DG_REF_CONTAINER(&bref));
		else
			equal = scalars_equal(&aref, &bref);
		if (!equal)
			return false;
		JBE_ADVANCE_OFFSET(aoffset, a->children[i]);
		JBE_ADVANCE_OFFSET(boffset, b->children[i]);
	}
	return true;
}
