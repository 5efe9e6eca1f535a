/*-------------------------------------------------------------------------
 *
 * process_worker.c
 *	  Diffs made by a process: GNU diff and git, files in, a pipe out.
 *
 * Algorithms: gnu, gnu-minimal, git-minimal.  What is timed is all that a
 * call of the tool takes: start, read both files, diff, read the output.
 *
 *-------------------------------------------------------------------------
 */
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Declared before worker.h, which calls it. */
static long time_with_children(void);

#define WORKER_NOW time_with_children
#include "worker.h"

extern char **environ;

/* Nanoseconds that this process and those it waited for were running. */
static long
time_with_children(void)
{
	struct rusage usage;
	long		seconds;
	long		microseconds;

	getrusage(RUSAGE_CHILDREN, &usage);
	seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec;
	microseconds = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
	return worker_thread_time() + seconds * 1000000000 + microseconds * 1000;
}

static pid_t
start_tool(const Document *old_doc, const Document *new_doc,
		   const char *algorithm, int *from)
{
	const char *gnu[] = {"diff", "-u", "--", NULL, NULL, NULL};
	const char *gnu_minimal[] = {"diff", "-ud", "--", NULL, NULL, NULL};
	const char *git_minimal[] = {"git", "diff", "--no-index", "--no-color",
	"--no-ext-diff", "--minimal", "--", NULL, NULL, NULL};
	const char **argv = git_minimal;
	int			n = 7;
	int			ends[2];
	pid_t		pid;
	posix_spawn_file_actions_t actions;

	if (strcmp(algorithm, "gnu") == 0 || strcmp(algorithm, "gnu-minimal") == 0)
	{
		argv = strcmp(algorithm, "gnu") == 0 ? gnu : gnu_minimal;
		n = 3;
	}
	argv[n] = old_doc->path;
	argv[n + 1] = new_doc->path;
	if (pipe(ends) != 0)
		exit(1);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, (char **) argv,
					 environ) != 0)
	{
		fprintf(stderr, "could not start %s\n", argv[0]);
		exit(1);
	}
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	*from = ends[0];
	return pid;
}

static void
worker_diff(const Document *old_doc, const Document *new_doc,
			const char *algorithm, Result *result)
{
	size_t		room = 65536;
	ssize_t		got;
	int			from;
	int			status;
	pid_t		pid = start_tool(old_doc, new_doc, algorithm, &from);

	result->data = malloc(room);
	result->len = 0;
	result->exact = -1;
	while ((got = read(from, result->data + result->len,
					   room - result->len)) > 0)
	{
		result->len += got;
		if (result->len == room)
			result->data = realloc(result->data, room *= 2);
	}
	close(from);
	waitpid(pid, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
	{
		fprintf(stderr, "%s failed\n", algorithm);
		exit(1);
	}
}

static void
worker_free(Result *result)
{
	free(result->data);
}

int
main(int argc, char **argv)
{
	return worker_main(argc, argv);
}
