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

extern bool diffgen_fetch_pair(Datum old_datum, Datum new_datum,
							   struct varlena **old_doc,
							   struct varlena **new_doc);

extern MemoryContext diffgen_document_room(MemoryContext parent,
										   MemoryContext room, Datum datum);

extern void diffgen_init_result(StringInfo out, MemoryContext context);
extern Datum diffgen_result_text(StringInfo out);

#endif							/* DIFFGEN_DOCUMENTS_H */
