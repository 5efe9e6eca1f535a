/*-------------------------------------------------------------------------
 *
 * ansi.h
 *	  Shows a unified diff on a terminal.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_ANSI_H
#define DIFFGEN_ANSI_H

#include "core/core.h"
#include "core/unified_read.h"
#include "core/words.h"

extern bool dg_ansi(const char *diff, Size len, const WordOptions *words,
					int32 width, StringInfo out, UnifiedReader *reader);

#endif							/* DIFFGEN_ANSI_H */
