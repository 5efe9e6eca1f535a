/*-------------------------------------------------------------------------
 *
 * notes.h
 *	  What a changelog says of itself: entries without a key.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_NOTES_H
#define DIFFGEN_NOTES_H

#include "postgres.h"

#include "changelog/tracking.h"
#include "utils/timestamp.h"

/* From when on a changelog has all changes of a document. */
typedef struct Beginning
{
	bool		is_known;
	bool		is_told;		/* by a note */
	TimestampTz since;			/* for rows that have no older entry */
	bool		is_pruned;
	TimestampTz pruned_before;	/* nothing is left from before */
} Beginning;

extern void diffgen_find_beginning(const Tracking *tracking,
								   const char *label, Beginning *result);
extern Datum diffgen_options_at_change(const Tracking *tracking,
									   int64 change_id);
extern Datum diffgen_options_at_time(const Tracking *tracking,
									 TimestampTz as_of);

#endif							/* DIFFGEN_NOTES_H */
