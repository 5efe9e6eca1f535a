/*-------------------------------------------------------------------------
 *
 * take_back.c
 *	  Documents as they were before entries of a changelog.
 *
 * What is stored need not be what was logged: somebody may have changed it, so
 * that it cannot be applied, or not even be read.  The functions that do the
 * work say so by errors of all kinds, which are about their arguments.  Here
 * they become a result, for only the caller knows which entry is to blame.
 *
 * They are caught without a subtransaction.  That is right because these
 * functions only compute: they hold nothing but memory, of contexts below the
 * current one, and because the caller does nothing else but compute before it
 * raises an error of its own.  All errors that are not about what is stored go
 * on, as a cancel or a lack of memory.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "changelog/patch_rewrite.h"
#include "changelog/take_back.h"
#include "functions/compat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"

/* What is to be taken back, of what. */
typedef struct Step
{
	const Tracking *tracking;
	Datum		document;
	const WalkEntry *entries;
	int			nentries;
	text	   *diff;
	Jsonb	   *patch;
} Step;

/*
 * The message of the error that was caught, if it is about what is stored.
 */
static char *
caught_message(MemoryContext context)
{
	int			code = geterrcode();
	ErrorData  *error;

	if (ERRCODE_TO_CATEGORY(code) != ERRCODE_DATA_EXCEPTION &&
		code != ERRCODE_DATA_CORRUPTED &&
		code != ERRCODE_FEATURE_NOT_SUPPORTED)
		PG_RE_THROW();
	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	return error->message;
}

/*
 * Take a step; false, and a message in the current memory context, if what is
 * stored does not let it be taken.
 */
static bool
attempt(Datum (*take) (const Step *), const Step *step, Datum *result,
		char **message)
{
	MemoryContext context = CurrentMemoryContext;

	*message = NULL;
	PG_TRY();
	{
		*result = take(step);
	}
	PG_CATCH();
	{
		*message = caught_message(context);
	}
	PG_END_TRY();
	return *message == NULL;
}

/*
 * The patch that takes an entry back, in the current context.  What it takes
 * to make it is freed with the scratch context.
 */
static Datum
inverse_patch(Oid invert, const WalkEntry *entry, MemoryContext scratch)
{
	MemoryContext old_context = MemoryContextSwitchTo(scratch);
	Jsonb	   *patch = diffgen_plain_patch(entry->patch);
	Datum		inverse = OidFunctionCall1(invert, JsonbPGetDatum(patch));

	patch = diffgen_patch_without_tests(DatumGetJsonbP(inverse));
	MemoryContextSwitchTo(old_context);
	inverse = datumCopy(JsonbPGetDatum(patch), false, -1);
	MemoryContextReset(scratch);
	return inverse;
}

static ArrayType *
inverse_patches(const Step *step)
{
	Oid			types[2] = {JSONBOID};
	int			n = step->nentries;
	Datum	   *patches = palloc(mul_size(Max(n, 1), sizeof(Datum)));
	Oid			invert = diffgen_sibling(step->tracking->schema,
										 "diffgen_invert", 1, types);
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "diffgen inverse",
												  ALLOCSET_DEFAULT_SIZES);
	ArrayType  *result;

	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		patches[i] = inverse_patch(invert, &step->entries[i], scratch);
	}
	MemoryContextDelete(scratch);
	result = construct_array(patches, n, JSONBOID, -1, false, TYPALIGN_INT);
	for (int i = 0; i < n; i++)
		pfree(DatumGetPointer(patches[i]));
	pfree(patches);
	return result;
}

static Datum
take_patches(const Step *step)
{
	Oid			types[2] = {JSONBOID, JSONBARRAYOID};
	ArrayType  *patches = inverse_patches(step);
	Datum		result;

	result = OidFunctionCall2(diffgen_sibling(step->tracking->schema,
											  "diffgen_replay", 2, types),
							  step->document, PointerGetDatum(patches));
	pfree(patches);
	return result;
}

/*
 * diffgen_take_back_patches
 *		A document before n changes, of which the newest comes first.
 *
 * Returns false, and says why, if these patches cannot be taken back.  This
 * and all results here are in the current memory context.
 */
bool
diffgen_take_back_patches(const Tracking *tracking, Datum document,
						  const WalkEntry *entries, int n, Datum *result,
						  char **message)
{
	Step		step = {0};

	step.tracking = tracking;
	step.document = document;
	step.entries = entries;
	step.nentries = n;
	return attempt(take_patches, &step, result, message);
}

static Datum
take_text(const Step *step)
{
	Oid			types[2] = {TEXTOID, TEXTOID};
	Oid			schema = step->tracking->schema;
	Datum		diff = PointerGetDatum(step->diff);
	Datum		inverse;
	Datum		result;

	inverse = OidFunctionCall1(diffgen_sibling(schema, "diffgen_invert", 1,
											   types), diff);
	result = OidFunctionCall2(diffgen_sibling(schema, "diffgen_apply", 2,
											  types),
							  step->document, inverse);
	if (inverse != diff)
		pfree(DatumGetPointer(inverse));
	return result;
}

/*
 * diffgen_take_back_text
 *		A text before the change that a diff tells of.
 *
 * The result can be the document itself.
 */
bool
diffgen_take_back_text(const Tracking *tracking, Datum document, text *diff,
					   Datum *result, char **message)
{
	Step		step = {0};

	step.tracking = tracking;
	step.document = document;
	step.diff = diff;
	return attempt(take_text, &step, result, message);
}

static Datum
take_removal(const Step *step)
{
	return JsonbPGetDatum(diffgen_whole_document(step->patch));
}

/*
 * diffgen_take_back_removal
 *		The document that an entry holds which says that it was removed.
 */
bool
diffgen_take_back_removal(Jsonb *patch, Datum *result, char **message)
{
	Step		step = {0};

	step.patch = patch;
	return attempt(take_removal, &step, result, message);
}
