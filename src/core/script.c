/*-------------------------------------------------------------------------
 *
 * script.c
 *	  The edit script: see script.h for what it says.
 *
 *-------------------------------------------------------------------------
 */
#include "core/script.h"

#define SCRIPT_INITIAL_EDITS	32

/*
 * dg_script_init
 *		Make an empty script; with_spans for one between two texts.
 *
 * Its arrays live in the current memory context until dg_script_free.
 */
void
dg_script_init(DiffScript *script, bool with_spans)
{
	script->maxedits = SCRIPT_INITIAL_EDITS;
	script->nedits = 0;
	script->exact = true;
	script->edits = dg_alloc(script->maxedits, sizeof(DiffEdit));
	script->spans = NULL;
	if (with_spans)
		script->spans = dg_alloc(script->maxedits, sizeof(DiffSpan));
}

/*
 * dg_script_add
 *		Append an edit.
 *
 * The edit must come after the last one; one that touches it on both sides
 * is joined to it, so that edits stay apart.  Amortised constant time.
 */
void
dg_script_add(DiffScript *script, const DiffEdit *edit, const DiffSpan *span)
{
	Assert((span != NULL) == (script->spans != NULL));

	if (edit->old_count == 0 && edit->new_count == 0)
		return;

	if (script->nedits > 0)
	{
		DiffEdit   *last = &script->edits[script->nedits - 1];

		Assert(edit->old_start >= last->old_start + last->old_count);
		Assert(edit->new_start >= last->new_start + last->new_count);

		if (last->old_start + last->old_count == edit->old_start &&
			last->new_start + last->new_count == edit->new_start)
		{
			last->old_count += edit->old_count;
			last->new_count += edit->new_count;
			if (span != NULL)
			{
				script->spans[script->nedits - 1].old_len += span->old_len;
				script->spans[script->nedits - 1].new_len += span->new_len;
			}
			return;
		}
	}

	if (script->nedits == script->maxedits)
	{
		script->maxedits *= 2;
		script->edits = dg_realloc(script->edits, script->maxedits,
								   sizeof(DiffEdit));
		if (script->spans != NULL)
			script->spans = dg_realloc(script->spans, script->maxedits,
									   sizeof(DiffSpan));
	}
	if (span != NULL)
		script->spans[script->nedits] = *span;
	script->edits[script->nedits++] = *edit;
}

/*
 * dg_script_free
 *		Free what a script holds.
 */
void
dg_script_free(DiffScript *script)
{
	dg_free(script->edits);
	dg_free(script->spans);
	script->edits = NULL;
	script->spans = NULL;
	script->nedits = script->maxedits = 0;
}
