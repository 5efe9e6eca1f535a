/*-------------------------------------------------------------------------
 *
 * patch_rewrite.h
 *	  Patches of a changelog made fit for going back and for blaming.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_PATCH_REWRITE_H
#define DIFFGEN_PATCH_REWRITE_H

#include "postgres.h"

#include "changelog/tracking.h"
#include "utils/jsonb.h"

/* Members that a container of a stamped document becomes. */
#define STAMP_OF_CONTAINER	"s"
#define STAMPED_CONTAINER	"v"

extern Jsonb *diffgen_plain_patch(Jsonb *patch);
extern Jsonb *diffgen_patch_without_tests(Jsonb *patch);
extern Jsonb *diffgen_stamp_patch(Jsonb *patch, Jsonb *stamp);
extern Jsonb *diffgen_stamp_document(Jsonb *document, Jsonb *recorded,
									 Jsonb *stamp);
extern Jsonb *diffgen_whole_document(Jsonb *patch);
extern Datum diffgen_shown_document(const Tracking *tracking, Datum document,
									Datum options);
extern bool diffgen_patch_redacts(Jsonb *patch);
extern bool diffgen_has_marker(Jsonb *document);

#endif							/* DIFFGEN_PATCH_REWRITE_H */
