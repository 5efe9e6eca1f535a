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
 * Decompressed documents are large and short-lived: a call allocates them,
 * and frees them when it is done.  The C library then gives the memory back
 * to the kernel, which hands it out again, page by page and cleared, for the
 * next call; for documents of a few hundred kilobytes that takes longer than
 * decompressing them.  So documents go to a memory context that a session
 * keeps, as large as it was needed and DOCUMENTS_KEPT bytes at most.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "functions/compat.h"
#include "functions/documents.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

/*
 * The most memory that is kept, and the least that is worth it.  The former
 * is enough for two documents of 1.6 MB; smaller documents than the latter
 * are in blocks that the C library keeps by itself.
 */
#define DOCUMENTS_KEPT				(4 * 1024 * 1024)
#define DOCUMENTS_WORTH_KEEPING		(64 * 1024)

/* A generation context has chunks of up to an eighth of this in its blocks. */
#define KEPT_BLOCK_MAX				(16 * (Size) DOCUMENTS_KEPT)

/* Headers and alignment of the chunks of a document. */
#define FETCH_OVERHEAD				1024

static MemoryContext kept_context = NULL;
static Size kept_size = 0;
static bool kept_in_use = false;

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
 * The call is over: the memory may be used by the next one.
 */
static void
release_documents(void *arg)
{
	MemoryContextReset(kept_context);
	kept_in_use = false;
}

/*
 * A context whose first block has room for size bytes.  That block is not
 * given back when the context is reset.
 */
static MemoryContext
make_room(MemoryContext parent, Size size)
{
	return GenerationContextCreate(parent, "diffgen documents", size,
								   ALLOCSET_DEFAULT_INITSIZE, KEPT_BLOCK_MAX);
}

/*
 * Make the context that is kept, with room for size bytes.
 */
static void
make_kept_context(Size size)
{
	if (kept_context != NULL)
		MemoryContextDelete(kept_context);

	/* Set only when it is there: the allocation may fail. */
	kept_context = NULL;
	kept_size = 0;
	kept_context = make_room(TopMemoryContext, size);
	kept_size = size;
}

/*
 * The memory context for documents that take `size` bytes, as long as the
 * current one lives.
 */
static MemoryContext
documents_context(Size size)
{
	MemoryContextCallback *callback;

	if (size < DOCUMENTS_WORTH_KEEPING || size > DOCUMENTS_KEPT ||
		kept_in_use)
		return CurrentMemoryContext;

	if (size > kept_size)
		make_kept_context(pg_nextpower2_64(size));

	callback = palloc(sizeof(MemoryContextCallback));
	callback->func = release_documents;
	callback->arg = NULL;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
	kept_in_use = true;
	return kept_context;
}

/*
 * What it takes to fetch and decompress a datum.
 */
static Size
fetch_size(Datum datum)
{
	return toast_raw_datum_size(datum) + toast_datum_size(datum) +
		FETCH_OVERHEAD;
}

/*
 * diffgen_fetch_pair
 *		Detoast two documents, unless they are stored alike.
 *
 * Returns false if the datums are known to be equal without decompressing
 * them; the documents are not set then.  If not, *old_doc and *new_doc are
 * in line and not compressed, with a short or a long header.  They live as
 * long as the current memory context, which must be the call's own: it has to
 * be reset or deleted when the call is done with them.
 */
bool
diffgen_fetch_pair(Datum old_datum, Datum new_datum,
				   struct varlena **old_doc, struct varlena **new_doc)
{
	struct varlena *a = (struct varlena *) DatumGetPointer(old_datum);
	struct varlena *b = (struct varlena *) DatumGetPointer(new_datum);
	struct varlena *a_stored;
	struct varlena *b_stored;
	MemoryContext old_context;
	Size		size;
	bool		different = true;

	if (a == b || same_toast_pointer(a, b))
		return false;

	size = fetch_size(old_datum) + fetch_size(new_datum);
	old_context = MemoryContextSwitchTo(documents_context(size));
	a_stored = fetch_stored(a);
	b_stored = fetch_stored(b);
	if (VARATT_IS_COMPRESSED(a_stored) && VARATT_IS_COMPRESSED(b_stored) &&
		VARSIZE(a_stored) == VARSIZE(b_stored) &&
		memcmp(a_stored, b_stored, VARSIZE(a_stored)) == 0)
		different = false;
	else
	{
		*old_doc = decompress(a_stored, a);
		*new_doc = decompress(b_stored, b);
	}
	MemoryContextSwitchTo(old_context);
	return different;
}

/*
 * diffgen_document_room
 *		A memory context that a document can be detoasted into.
 *
 * `room` is one that this function has returned before, and is returned again,
 * reset, if there is room enough, or NULL.  Otherwise it is deleted, and the
 * result is a new one below parent, which need not be made again for documents
 * of about the same size.
 */
MemoryContext
diffgen_document_room(MemoryContext parent, MemoryContext room, Datum datum)
{
	Size		size = fetch_size(datum);

	if (room != NULL && MemoryContextMemAllocated(room, false) >= size)
	{
		MemoryContextReset(room);
		return room;
	}
	if (room != NULL)
		MemoryContextDelete(room);
	if (size > DOCUMENTS_KEPT)
		return AllocSetContextCreate(parent, "diffgen documents",
									 ALLOCSET_DEFAULT_SIZES);
	size = Max(size, ALLOCSET_DEFAULT_INITSIZE);
	return make_room(parent, pg_nextpower2_64(size));
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
 *
 * The value is in the context that diffgen_init_result was given.
 */
Datum
diffgen_result_text(StringInfo out)
{
	SET_VARSIZE(out->data, out->len);
	return PointerGetDatum(out->data);
}
