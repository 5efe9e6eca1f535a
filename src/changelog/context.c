/*-------------------------------------------------------------------------
 *
 * context.c
 *	  The setting diffgen.context: what an application says of its changes.
 *
 * It is meant to be set for a transaction (SET LOCAL, or set_config with a
 * true third argument), as connection pools share sessions.  A value that is
 * no JSON is refused when it is set, so that writing the log cannot fail for
 * it; the empty string, which SET LOCAL can leave behind, means none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "changelog/log_writer.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

static char *context_setting = NULL;

/*
 * The value as jsonb, or NULL with the reason why it is none.  Reading JSON
 * uses nothing but memory, so that an error needs no subtransaction.
 */
static struct varlena *
parse_context(const char *value, char **reason)
{
	MemoryContext caller = CurrentMemoryContext;
	struct varlena *volatile result = NULL;

	PG_TRY();
	{
		result = (struct varlena *)
			DatumGetPointer(DirectFunctionCall1(jsonb_in,
												CStringGetDatum(value)));
	}
	PG_CATCH();
	{
		ErrorData  *error;
		int			category;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		category = ERRCODE_TO_CATEGORY(error->sqlerrcode);
		if (category != ERRCODE_DATA_EXCEPTION &&
			category != ERRCODE_PROGRAM_LIMIT_EXCEEDED)
			PG_RE_THROW();
		FlushErrorState();
		*reason = error->detail ? error->detail : error->message;
	}
	PG_END_TRY();
	return result;
}

static bool
check_context(char **newval, void **extra, GucSource source)
{
	MemoryContext scratch;
	MemoryContext caller;
	char	   *reason = NULL;
	bool		ok = true;

	if (*newval == NULL || **newval == '\0')
		return true;

	scratch = AllocSetContextCreate(CurrentMemoryContext, "diffgen.context",
									ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(scratch);
	if (parse_context(*newval, &reason) == NULL)
	{
		ok = false;
		MemoryContextSwitchTo(caller);
		GUC_check_errdetail("The value must be JSON: %s", reason);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
	return ok;
}

/*
 * diffgen_define_context
 *		Define the setting, when the module is loaded.
 */
void
diffgen_define_context(void)
{
	DefineCustomStringVariable("diffgen.context",
							   "What the application says of its changes, for changelogs.",
							   "JSON, such as {\"user\": \"ann\", \"request\": 17}; an empty string means none.",
							   &context_setting,
							   "",
							   PGC_USERSET,
							   0,
							   check_context,
							   NULL,
							   NULL);
	MarkGUCPrefixReserved("diffgen");
}

/*
 * diffgen_context
 *		The setting as jsonb, in the current memory context; NULL if empty.
 */
struct varlena *
diffgen_context(void)
{
	if (context_setting == NULL || context_setting[0] == '\0')
		return NULL;
	return (struct varlena *)
		DatumGetPointer(DirectFunctionCall1(jsonb_in,
											CStringGetDatum(context_setting)));
}
