/*-------------------------------------------------------------------------
 *
 * lcs_worker.c
 *	  The judge of minimality: a plain table of longest common subsequences.
 *
 * Shares no idea with a diff algorithm: lines are numbered by sorting them,
 * equal ends are left out (which never changes the length of the longest
 * common subsequence), and the table is filled a row at a time,
 * O(lines * lines).  The result is the fewest edit lines as decimal text, or
 * nothing when the table would have more cells than ALGORITHM says.
 *
 *-------------------------------------------------------------------------
 */
#include "worker.h"

typedef struct Line
{
	const char *data;
	size_t		len;
	int			place;			/* where it stands in its document */
	int			number;			/* equal for equal lines */
} Line;

static Line *
split(const Document *doc, int *count)
{
	Line	   *lines = NULL;
	int			n = 0;
	int			room = 0;
	const char *at = doc->data;
	const char *end = at + doc->len;

	while (at < end)
	{
		const char *newline = memchr(at, '\n', end - at);
		const char *next = newline ? newline + 1 : end;

		if (n == room)
			lines = realloc(lines, (room = room ? room * 2 : 1024) *
							sizeof(Line));
		lines[n].data = at;
		lines[n].len = next - at;
		lines[n].place = n;
		n++;
		at = next;
	}
	*count = n;
	return lines;
}

static int
compare_lines(const void *a, const void *b)
{
	const Line *left = *(const Line *const *) a;
	const Line *right = *(const Line *const *) b;
	size_t		len = left->len < right->len ? left->len : right->len;
	int			order = memcmp(left->data, right->data, len);

	if (order != 0)
		return order;
	return (left->len > right->len) - (left->len < right->len);
}

static void
number_lines(Line *a, int na, Line *b, int nb)
{
	Line	  **sorted = malloc((na + nb + 1) * sizeof(Line *));
	int			number = 0;

	for (int i = 0; i < na; i++)
		sorted[i] = &a[i];
	for (int i = 0; i < nb; i++)
		sorted[na + i] = &b[i];
	qsort(sorted, na + nb, sizeof(Line *), compare_lines);
	for (int i = 0; i < na + nb; i++)
	{
		if (i > 0 && compare_lines(&sorted[i - 1], &sorted[i]) != 0)
			number++;
		sorted[i]->number = number;
	}
	free(sorted);
}

/* Length of the longest common subsequence of a[0..na) and b[0..nb). */
static int
common_length(const Line *a, int na, const Line *b, int nb)
{
	int		   *row = calloc(nb + 1, sizeof(int));
	int			longest;

	for (int i = 0; i < na; i++)
	{
		int			diagonal = 0;	/* the row above, one column before */

		for (int j = 0; j < nb; j++)
		{
			int			above = row[j + 1];
			int			best = above > row[j] ? above : row[j];

			if (a[i].number == b[j].number)
				best = diagonal + 1;
			diagonal = above;
			row[j + 1] = best;
		}
	}
	longest = row[nb];
	free(row);
	return longest;
}

static void
worker_diff(const Document *old_doc, const Document *new_doc,
			const char *algorithm, Result *result)
{
	int			na;
	int			nb;
	int			head = 0;
	int			tail = 0;
	Line	   *a = split(old_doc, &na);
	Line	   *b = split(new_doc, &nb);

	number_lines(a, na, b, nb);
	while (head < na && head < nb && a[head].number == b[head].number)
		head++;
	while (tail < na - head && tail < nb - head &&
		   a[na - 1 - tail].number == b[nb - 1 - tail].number)
		tail++;
	na -= head + tail;
	nb -= head + tail;
	result->data = malloc(32);
	result->len = 0;
	result->exact = 1;
	if ((double) na * nb <= strtod(algorithm, NULL))
		result->len = sprintf(result->data, "%d",
							  na + nb - 2 * common_length(a + head, na,
														  b + head, nb));
	free(a);
	free(b);
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
