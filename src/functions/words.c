/*-------------------------------------------------------------------------
 *
 * words.c
 *	  diffgen_words(): two texts in one, with the changes marked in it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/words.h"
#include "fmgr.h"
#include "functions/call.h"
#include "functions/compat.h"
#include "functions/documents.h"
#include "functions/encoding.h"
#include "functions/options.h"

PG_FUNCTION_INFO_V1(diffgen_words);

/*
 * diffgen_words(old text, new text, options jsonb) returns text
 *		The new text, with [-removed-] and {+added+} words.
 */
Datum
diffgen_words(PG_FUNCTION_ARGS)
{
	const DiffgenOptions *options = diffgen_options(fcinfo, 2, OPTS_WORDS);
	FunctionCallMemory call;
	struct varlena *old_doc;
	struct varlena *new_doc;
	StringInfoData out;
	DiffScript	script;
	WordOptions words;

	/* equal texts need not be looked into: the result is either of them */
	if (!diffgen_fetch_pair(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1),
							&old_doc, &new_doc))
		PG_RETURN_DATUM(PG_GETARG_DATUM(1));

	diffgen_init_result(&out, CurrentMemoryContext);
	diffgen_begin_call(&call);

	words.granularity = options->granularity;
	words.algorithm = options->text.algorithm;
	words.encoding = diffgen_encoding();
	dg_script_init(&script, true);
	dg_words_diff(VARDATA_ANY(old_doc), VARSIZE_ANY_EXHDR(old_doc),
				  VARDATA_ANY(new_doc), VARSIZE_ANY_EXHDR(new_doc),
				  &words, &script);
	dg_words_format(VARDATA_ANY(old_doc), VARDATA_ANY(new_doc),
					VARSIZE_ANY_EXHDR(new_doc), &script, &out);

	diffgen_end_call(&call);
	PG_RETURN_DATUM(diffgen_result_text(&out));
}
