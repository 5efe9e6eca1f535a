/*-------------------------------------------------------------------------
 *
 * script.h
 *	  The edit script: what every producer makes and every consumer reads.
 *
 * An edit says that lines [old_start, old_start + old_count) of the old
 * document were replaced by lines [new_start, new_start + new_count) of the
 * new one; lines count from 0.  Edits are in order, none is empty on both
 * sides, and between two edits there is at least one line common to both
 * documents.  A consumer never knows which algorithm made the script; a
 * producer never knows how it will be shown.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_SCRIPT_H
#define DIFFGEN_SCRIPT_H

#include "core/core.h"

typedef struct DiffEdit
{
	int32		old_start;
	int32		old_count;
	int32		new_start;
	int32		new_count;
} DiffEdit;

/*
 * Where an edit of two texts is in their bytes, so that a consumer need not
 * look for line numbers again.
 */
typedef struct DiffSpan
{
	uint32		old_off;		/* first byte of the old lines */
	uint32		old_len;
	uint32		new_off;
	uint32		new_len;
} DiffSpan;

typedef struct DiffScript
{
	DiffEdit   *edits;
	DiffSpan   *spans;			/* one an edit; NULL where there is no text */
	int32		nedits;
	int32		maxedits;		/* allocated */
	bool		exact;			/* false when the cost cap ended a search */
} DiffScript;

/* Lines added and removed, and hunks at a given context. */
typedef struct DiffStat
{
	int32		added;
	int32		removed;
	int32		hunks;
	bool		exact;
} DiffStat;

extern void dg_script_init(DiffScript *script, bool with_spans);
extern void dg_script_add(DiffScript *script, const DiffEdit *edit,
						  const DiffSpan *span);
extern void dg_script_free(DiffScript *script);

#endif							/* DIFFGEN_SCRIPT_H */
