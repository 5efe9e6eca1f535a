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
 * decompressing them.  So documents go to memory contexts, called rooms, whose
 * first block is as large as was needed.  Who has no more use for a room gives
 * it back to the session, which keeps ROOMS_KEPT of them and DOCUMENTS_KEPT
 * bytes at most.
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
 * The most memory that is kept, and the least that is worth it for one call.
 * The former is enough for two documents of 1.6 MB; smaller documents than the
 * latter are in blocks that the C library keeps by itself.
 */
#define DOCUMENTS_KEPT				(4 * 1024 * 1024)
#define DOCUMENTS_WORTH_KEEPING		(64 * 1024)
#define ROOMS_KEPT					4

/* A generation context has chunks of up to an eighth of this in its blocks. */
#define KEPT_BLOCK_MAX				(16 * (Size) DOCUMENTS_KEPT)

/* Headers and alignment of the chunks of a document. */
#define FETCH_OVERHEAD				1024

/* Rooms that nobody uses, and NULLs. */
static MemoryContext kept_rooms[ROOMS_KEPT];

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

/* The size of the block that a room has when it is empty. */
static Size
room_size(MemoryContext room)
{
	return MemoryContextMemAllocated(room, false);
}

/* The smallest room that is kept, or NULL if none is. */
static MemoryContext *
smallest_kept_room(void)
{
	MemoryContext *smallest = NULL;

	for (int i = 0; i < ROOMS_KEPT; i++)
	{
		if (kept_rooms[i] != NULL &&
			(smallest == NULL ||
			 room_size(kept_rooms[i]) < room_size(*smallest)))
			smallest = &kept_rooms[i];
	}
	return smallest;
}

/*
 * Keep an empty room, unless it is too large.  Smaller ones make place for it.
 */
static void
keep_room(MemoryContext room)
{
	MemoryContext *place;

	for (;;)
	{
		Size		total = room_size(room);
		MemoryContext *smallest = smallest_kept_room();

		place = NULL;
		for (int i = 0; i < ROOMS_KEPT; i++)
		{
			if (kept_rooms[i] == NULL)
				place = &kept_rooms[i];
			else
				total += room_size(kept_rooms[i]);
		}
		if (place != NULL && total <= DOCUMENTS_KEPT)
			break;
		if (smallest == NULL || room_size(*smallest) >= room_size(room))
		{
			MemoryContextDelete(room);
			return;
		}
		MemoryContextDelete(*smallest);
		*smallest = NULL;
	}
	*place = room;
}

/* Give a room back.  One without a block of its own is of no use later. */
static void
release_room(void *arg)
{
	DocumentRoom *room = arg;
	MemoryContext context = room->context;

	room->context = NULL;
	if (context == NULL)
		return;
	if (!IsA(context, GenerationContext))
	{
		MemoryContextDelete(context);
		return;
	}
	MemoryContextReset(context);
	keep_room(context);
}

/*
 * Take the smallest of the kept rooms that has place for size bytes, or make
 * one.
 */
static MemoryContext
take_room(Size size)
{
	MemoryContext *best = NULL;
	MemoryContext room;

	if (size > DOCUMENTS_KEPT)
		return AllocSetContextCreate(TopMemoryContext, "diffgen documents",
									 ALLOCSET_DEFAULT_SIZES);
	for (int i = 0; i < ROOMS_KEPT; i++)
	{
		if (kept_rooms[i] != NULL && room_size(kept_rooms[i]) >= size &&
			(best == NULL || room_size(kept_rooms[i]) < room_size(*best)))
			best = &kept_rooms[i];
	}
	if (best == NULL)
		return GenerationContextCreate(TopMemoryContext, "diffgen documents",
									   pg_nextpower2_64(Max(size, ALLOCSET_DEFAULT_INITSIZE)),
									   ALLOCSET_DEFAULT_INITSIZE,
									   KEPT_BLOCK_MAX);
	room = *best;
	*best = NULL;
	return room;
}

/*
 * diffgen_init_room
 *		Get ready for rooms, one after the other.
 *
 * The last one is given back when `user` is reset or deleted; `room` lives at
 * least as long.
 */
void
diffgen_init_room(DocumentRoom *room, MemoryContext user)
{
	room->context = NULL;
	room->callback.func = release_room;
	room->callback.arg = room;
	MemoryContextRegisterResetCallback(user, &room->callback);
}

/*
 * What it takes to fetch and decompress a datum.
 */
static Size
fetch_size(Datum datum)
{
	Size		size = toast_raw_datum_size(datum);
	Size		stored = toast_datum_size(datum) + VARHDRSZ;

	/* Only what is compressed is in memory twice. */
	if (stored < size)
		size += stored;
	return size + FETCH_OVERHEAD;
}

/*
 * diffgen_document_room
 *		An empty memory context that a document can be detoasted into.
 *
 * It is the one that the room had before, emptied, if it is large enough.
 */
MemoryContext
diffgen_document_room(DocumentRoom *room, Datum datum)
{
	Size		size = fetch_size(datum);

	if (room->context != NULL)
		MemoryContextReset(room->context);
	if (room->context == NULL || room_size(room->context) < size)
	{
		release_room(room);
		room->context = take_room(size);
	}
	return room->context;
}

/*
 * The memory context for documents that take `size` bytes, as long as the
 * current one lives.
 */
static MemoryContext
documents_context(Size size)
{
	DocumentRoom *room;

	if (size < DOCUMENTS_WORTH_KEEPING || size > DOCUMENTS_KEPT)
		return CurrentMemoryContext;
	room = palloc(sizeof(DocumentRoom));
	diffgen_init_room(room, CurrentMemoryContext);
	room->context = take_room(size);
	return room->context;
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
