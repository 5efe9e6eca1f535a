/*-------------------------------------------------------------------------
 *
 * documents.h
 *	  Gets at the two documents of a call with as little work as possible.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_DOCUMENTS_H
#define DIFFGEN_DOCUMENTS_H

#include "postgres.h"

#include "lib/stringinfo.h"

/*
 * Memory for documents, which a session keeps when nobody uses it.
 */
typedef struct DocumentRoom
{
	MemoryContext context;		/* NULL if there is none at present */
	MemoryContextCallback callback;
} DocumentRoom;

extern bool diffgen_fetch_pair(Datum old_datum, Datum new_datum,
							   struct varlena **old_doc,
							   struct varlena **new_doc);

extern void diffgen_init_room(DocumentRoom *room, MemoryContext user);
extern MemoryContext diffgen_document_room(DocumentRoom *room, Datum datum);

extern void diffgen_init_result(StringInfo out, MemoryContext context);
extern Datum diffgen_result_text(StringInfo out);

#endif							/* DIFFGEN_DOCUMENTS_H */
