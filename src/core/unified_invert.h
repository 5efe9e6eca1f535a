/*-------------------------------------------------------------------------
 *
 * unified_invert.h
 *	  Turns a unified diff around.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_UNIFIED_INVERT_H
#define DIFFGEN_UNIFIED_INVERT_H

#include "core/core.h"
#include "core/unified_read.h"

extern bool dg_unified_invert(const char *diff, Size len, StringInfo out,
							  UnifiedReader *reader);

#endif							/* DIFFGEN_UNIFIED_INVERT_H */
