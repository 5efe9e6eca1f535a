/*-------------------------------------------------------------------------
 *
 * diffgen_worker.c
 *	  diffgen's own core, linked in: two buffers to a unified diff.
 *
 * Algorithms: myers, minimal, patience, histogram.  One that ends in
 * "-script" only finds the edit script and writes nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "core/text_diff.h"

#include "worker.h"

/* True when name is `wanted`, with or without "-script" after it. */
static int
is_algorithm(const char *name, const char *wanted)
{
	size_t		len = strlen(wanted);

	return strncmp(name, wanted, len) == 0 &&
		(name[len] == '\0' || strcmp(name + len, "-script") == 0);
}

static void
worker_diff(const Document *old_doc, const Document *new_doc,
			const char *algorithm, Result *result)
{
	static const UnifiedLabels labels = {"before", "after", 6, 5};
	TextDiffOptions options = {DIFF_MYERS, WHITESPACE_EXACT};
	DiffScript	script;
	DiffStat	stat;
	StringInfoData out;

	if (is_algorithm(algorithm, "minimal"))
		options.algorithm = DIFF_MINIMAL;
	else if (is_algorithm(algorithm, "patience"))
		options.algorithm = DIFF_PATIENCE;
	else if (is_algorithm(algorithm, "histogram"))
		options.algorithm = DIFF_HISTOGRAM;

	dg_script_init(&script, true);
	dg_text_diff(old_doc->data, old_doc->len, new_doc->data, new_doc->len,
				 &options, &script);
	result->exact = script.exact;
	result->data = NULL;
	result->len = 0;
	if (strstr(algorithm, "-script") == NULL)
	{
		initStringInfo(&out);
		dg_text_unified(old_doc->data, new_doc->data, new_doc->len, &script,
						3, &labels, &out, &stat);
		result->data = out.data;
		result->len = out.len;
	}
	dg_script_free(&script);
}

static void
worker_free(Result *result)
{
	if (result->data != NULL)
		pfree(result->data);
}

int
main(int argc, char **argv)
{
	return worker_main(argc, argv);
}
