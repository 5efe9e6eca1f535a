/*-------------------------------------------------------------------------
 *
 * libgit2_worker.c
 *	  git's algorithm, through libgit2: two buffers to a patch as text.
 *
 * Algorithms: myers (default flags), minimal, patience.
 *
 *-------------------------------------------------------------------------
 */
#include "worker.h"

#include <git2.h>

static void
check(int error)
{
	if (error < 0)
	{
		fprintf(stderr, "libgit2: %s\n", git_error_last()->message);
		exit(1);
	}
}

static void
worker_diff(const Document *old_doc, const Document *new_doc,
			const char *algorithm, Result *result)
{
	git_diff_options options;
	git_patch  *patch;
	git_buf		text = {0};

	check(git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION));
	if (strcmp(algorithm, "minimal") == 0)
		options.flags |= GIT_DIFF_MINIMAL;
	else if (strcmp(algorithm, "patience") == 0)
		options.flags |= GIT_DIFF_PATIENCE;
	check(git_patch_from_buffers(&patch, old_doc->data, old_doc->len, "before",
								 new_doc->data, new_doc->len, "after",
								 &options));
	check(git_patch_to_buf(&text, patch));
	git_patch_free(patch);
	result->data = text.ptr;
	result->len = text.size;
	result->exact = -1;
}

static void
worker_free(Result *result)
{
	git_buf		text = {0};

	text.ptr = result->data;
	text.size = result->len;
	text.reserved = result->len + 1;
	git_buf_dispose(&text);
}

int
main(int argc, char **argv)
{
	git_libgit2_init();
	return worker_main(argc, argv);
}
