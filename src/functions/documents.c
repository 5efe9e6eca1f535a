/*-------------------------------------------------------------------------
 *
 * documents.c
 *	  Gets at the two documents of a call with as little work as possible.
 *
 * Most updates of a wide row leave the document alone, and then the old and
 * the new row hold the same TOAST pointer.  Documents that were written twice
 * with the same content often have the same compressed bytes.  Both cases are
 * answered here without decompressing anything.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "functions/compat.h"
#include "functions/documents.h"

/*
 * Do both datums refer to the same value in a TOAST table?
 */
static bool
same_toast_pointer(struct varlena *a, struct varlena *b)
{
	struct varatt_external pa;
	struct varatt_external pb;

	if (!VARATT_IS_EXTERNAL_ONDISK(a) || !VARATT_IS_EXTERNAL_ONDISK(b))
		return false;

	/* The pointers are unaligned, so they have to be copied. */
	VARATT_EXTERNAL_GET_POINTER(pa, a);
	VARATT_EXTERNAL_GET_POINTER(pb, b);
	return pa.va_valueid == pb.va_valueid &&
		pa.va_toastrelid == pb.va_toastrelid;
}

/*
 * Fetch a datum from its TOAST table, and leave it compressed if it is.
 */
static struct varlena *
fetch_stored(struct varlena *datum)
{
	if (VARATT_IS_EXTERNAL(datum))
		return detoast_external_attr(datum);
	return datum;
}

static struct varlena *
decompress(struct varlena *stored, struct varlena *datum)
{
	struct varlena *doc;

	if (!VARATT_IS_COMPRESSED(stored))
		return stored;
	doc = detoast_attr(stored);
	if (stored != datum)
		pfree(stored);
	return doc;
}

/*
 * diffgen_fetch_pair
 *		Detoast two documents, unless they are stored alike.
 *
 * Returns false if the datums are known to be equal without decompressing
 * them; the documents are not set then.  If not, *old_doc and *new_doc are
 * in line and not compressed, with a short or a long header; what had to be
 * allocated is in the current memory context.
 */
bool
diffgen_fetch_pair(Datum old_datum, Datum new_datum,
				   struct varlena **old_doc, struct varlena **new_doc)
{
	struct varlena *a = (struct varlena *) DatumGetPointer(old_datum);
	struct varlena *b = (struct varlena *) DatumGetPointer(new_datum);
	struct varlena *a_stored;
	struct varlena *b_stored;

	if (a == b || same_toast_pointer(a, b))
		return false;

	a_stored = fetch_stored(a);
	b_stored = fetch_stored(b);
	if (VARATT_IS_COMPRESSED(a_stored) && VARATT_IS_COMPRESSED(b_stored) &&
		VARSIZE(a_stored) == VARSIZE(b_stored) &&
		memcmp(a_stored, b_stored, VARSIZE(a_stored)) == 0)
		return false;

	*old_doc = decompress(a_stored, a);
	*new_doc = decompress(b_stored, b);
	return true;
}

/*
 * diffgen_init_result
 *		Start a text value that grows, in the given memory context.
 */
void
diffgen_init_result(StringInfo out, MemoryContext context)
{
	MemoryContext old_context = MemoryContextSwitchTo(context);

	initStringInfo(out);
	MemoryContextSwitchTo(old_context);

	/* Room for the header, so that the value need not be copied. */
	appendStringInfoSpaces(out, VARHDRSZ);
}

/*
 * diffgen_result_text
 *		Finish what diffgen_init_result started.
 */
Datum
diffgen_result_text(StringInfo out)
{
	SET_VARSIZE(out->data, out->len);
	return PointerGetDatum(out->data);
}
