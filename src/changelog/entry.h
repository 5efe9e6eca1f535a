/*-------------------------------------------------------------------------
 *
 * entry.h
 *	  What a changelog says of one change of one document.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_ENTRY_H
#define DIFFGEN_ENTRY_H

#include "postgres.h"

#include "changelog/tracking.h"

/*
 * A value of a document; a row that does not exist has NULLs.
 */
typedef struct DocumentValue
{
	Datum		value;
	bool		isnull;
	bytea	   *hash;			/* of the value, or NULL if not known yet */
} DocumentValue;

/*
 * Columns of a changelog that depend on the document.  Pointers are NULL
 * where the column is.
 */
typedef struct ChangeEntry
{
	text	   *diff;
	struct varlena *patch;		/* jsonb */
	struct varlena *paths;		/* text[] */
	int32		added;
	int32		removed;
	bytea	   *old_hash;
	bytea	   *new_hash;
} ChangeEntry;

extern struct Engine *diffgen_make_engine(Oid schema);
extern void diffgen_check_options(const Tracking *tracking,
								  DocumentKind kind);
extern bool diffgen_stored_alike(DocumentValue *old_value,
								 DocumentValue *new_value);
extern bool diffgen_make_entry(const Tracking *tracking, DocumentKind kind,
							   DocumentValue old_value,
							   DocumentValue new_value, ChangeEntry *entry);
extern void diffgen_make_unchanged(const Tracking *tracking,
								   DocumentKind kind, DocumentValue value,
								   ChangeEntry *entry);

extern Datum diffgen_detoasted(DocumentKind kind, Datum value);
extern bytea *diffgen_document_hash(const Tracking *tracking,
									DocumentKind kind, Datum document);
extern struct varlena *diffgen_whole_patch(const Tracking *tracking,
										   Datum document, Datum options);

#endif							/* DIFFGEN_ENTRY_H */
