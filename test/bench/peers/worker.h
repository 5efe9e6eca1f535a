/*-------------------------------------------------------------------------
 *
 * worker.h
 *	  What every worker written in C is made of.
 *
 * A worker is one program that can diff: it loads a list of pairs of files
 * into memory and then answers requests on its standard input, so that the
 * driver can interleave the peers pair by pair and neither start-up nor
 * reading files is ever timed.
 *
 *		run PAIR CALLS WARMUP ALGORITHM		-> ok NANOSECONDS BYTES EXACT
 *		dump PAIR ALGORITHM PATH			-> ok BYTES EXACT
 *
 * "run" makes WARMUP calls that are not timed and then CALLS that are, and
 * answers with the mean of those; "dump" writes the result to a file.  EXACT
 * is 1 or 0, or -1 where the peer does not tell.  The list has one pair a
 * line, the two paths separated by a tab.
 *
 * Time is processor time, which on an idle machine is what a clock on the
 * wall shows, and on a busy one does not count the others.  A peer that works
 * in other processes defines WORKER_NOW, its own function for it.
 *
 * A worker includes this file once, after it has been told what to do by
 * defining worker_diff().
 *
 *-------------------------------------------------------------------------
 */
#ifndef BENCH_WORKER_H
#define BENCH_WORKER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct Document
{
	char	   *path;
	char	   *data;
	size_t		len;
} Document;

typedef struct Result
{
	char	   *data;			/* malloc'ed; NULL when there is none */
	size_t		len;
	int			exact;
} Result;

/* Diffs a pair; on failure says why on stderr and exits. */
static void worker_diff(const Document *old_doc, const Document *new_doc,
						const char *algorithm, Result *result);

/* Gives back what worker_diff made. */
static void worker_free(Result *result);

static Document *worker_documents;
static int	worker_npairs;

static void
worker_load(Document *doc, const char *path)
{
	FILE	   *file = fopen(path, "rb");
	long		size;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 ||
		(size = ftell(file)) < 0)
	{
		fprintf(stderr, "could not read \"%s\"\n", path);
		exit(1);
	}
	rewind(file);
	doc->path = strdup(path);
	doc->len = (size_t) size;
	doc->data = malloc(doc->len + 1);
	if (doc->data == NULL || fread(doc->data, 1, doc->len, file) != doc->len)
	{
		fprintf(stderr, "could not read \"%s\"\n", path);
		exit(1);
	}
	doc->data[doc->len] = '\0';
	fclose(file);
}

static void
worker_load_list(const char *path)
{
	FILE	   *list = fopen(path, "r");
	char		line[8192];
	int			room = 0;

	if (list == NULL)
	{
		fprintf(stderr, "could not open \"%s\"\n", path);
		exit(1);
	}
	while (fgets(line, sizeof(line), list) != NULL)
	{
		char	   *old_path = strtok(line, "\t");
		char	   *new_path = strtok(NULL, "\n");

		if (worker_npairs == room)
		{
			room = room ? room * 2 : 64;
			worker_documents = realloc(worker_documents,
									   2 * room * sizeof(Document));
		}
		worker_load(&worker_documents[2 * worker_npairs], old_path);
		worker_load(&worker_documents[2 * worker_npairs + 1], new_path);
		worker_npairs++;
	}
	fclose(list);
}

/* Nanoseconds that this thread was running. */
static inline int64_t
worker_thread_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

#ifndef WORKER_NOW
#define WORKER_NOW worker_thread_time
#endif

static void
worker_run(int pair, int calls, int warmup, const char *algorithm)
{
	const Document *docs = &worker_documents[2 * pair];
	Result		result;
	size_t		len = 0;
	int			exact = -1;
	int64_t		start;

	for (int i = 0; i < warmup; i++)
	{
		worker_diff(&docs[0], &docs[1], algorithm, &result);
		worker_free(&result);
	}
	start = WORKER_NOW();
	for (int i = 0; i < calls; i++)
	{
		worker_diff(&docs[0], &docs[1], algorithm, &result);
		len = result.len;
		exact = result.exact;
		worker_free(&result);
	}
	printf("ok %.1f %zu %d\n", (double) (WORKER_NOW() - start) / calls,
		   len, exact);
}

static void
worker_dump(int pair, const char *algorithm, const char *path)
{
	const Document *docs = &worker_documents[2 * pair];
	Result		result;
	FILE	   *file = fopen(path, "wb");

	worker_diff(&docs[0], &docs[1], algorithm, &result);
	if (file == NULL || fwrite(result.data, 1, result.len, file) != result.len)
	{
		fprintf(stderr, "could not write \"%s\"\n", path);
		exit(1);
	}
	fclose(file);
	printf("ok %zu %d\n", result.len, result.exact);
	worker_free(&result);
}

static int
worker_main(int argc, char **argv)
{
	char		line[8192];

	if (argc != 2)
	{
		fprintf(stderr, "usage: %s LIST\n", argv[0]);
		return 1;
	}
	worker_load_list(argv[1]);
	printf("ready %d\n", worker_npairs);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL)
	{
		char		algorithm[64];
		char		path[4096];
		int			pair;
		int			calls;
		int			warmup;

		if (sscanf(line, "run %d %d %d %63s",
				   &pair, &calls, &warmup, algorithm) == 4)
			worker_run(pair, calls, warmup, algorithm);
		else if (sscanf(line, "dump %d %63s %4095[^\n]",
						&pair, algorithm, path) == 3)
			worker_dump(pair, algorithm, path);
		else
			printf("error bad request\n");
		fflush(stdout);
	}
	return 0;
}

#endif							/* BENCH_WORKER_H */
