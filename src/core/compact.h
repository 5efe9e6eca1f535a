/*-------------------------------------------------------------------------
 *
 * compact.h
 *	  Slides the edits of two texts to where a reader expects them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_COMPACT_H
#define DIFFGEN_COMPACT_H

#include "core/core.h"
#include "core/lines.h"
#include "core/script.h"

extern void dg_compact_script(const char *old_text, uint32 old_len,
							  const char *new_text, uint32 new_len,
							  WhitespaceMode whitespace, bool by_indent,
							  DiffScript *script);

#endif							/* DIFFGEN_COMPACT_H */
