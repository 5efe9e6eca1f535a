/*-------------------------------------------------------------------------
 *
 * text_diff_fuzz.c
 *	  Two texts from random bytes, diffed every way there is.
 *
 * Whatever the input: the script is in order and normalised, the lines
 * outside its edits are equal as the whitespace option has it, its spans are
 * the bytes of its lines, and the unified diff of an exact comparison turns
 * the old text into the new one.  An input that takes long is a finding, too,
 * but for `minimal`, which has no cost cap.
 *
 * Layout of an input: a byte of options (algorithm, whitespace, whether bytes
 * are text or stand for whole lines), a byte of context, then the two texts
 * with the first byte 0xFF between them.  Bytes that stand for lines let the
 * fuzzer reach thousands of lines and the searches behind the cheap paths.
 *
 *-------------------------------------------------------------------------
 */
#include "core/text_diff.h"

#include "fuzz_parts.h"

#include <time.h>

/* Far above what any input takes, sanitizers included. */
#define MOST_SECONDS	2

typedef struct Text
{
	char	   *data;
	size_t		len;
	size_t	   *starts;			/* of each line, and the end of the last */
	int32		nlines;
} Text;

/* ---- texts ---- */

static void
split(Text *text)
{
	size_t		at = 0;

	text->nlines = 0;
	text->starts = malloc((text->len + 2) * sizeof(size_t));
	while (at < text->len)
	{
		const char *newline = memchr(text->data + at, '\n', text->len - at);

		text->starts[text->nlines++] = at;
		at = newline ? (size_t) (newline - text->data) + 1 : text->len;
	}
	text->starts[text->nlines] = text->len;
}

/*
 * Makes a text of bytes; when lines is true, a byte is a line, and its kind
 * is one of 32, so that lines repeat.
 */
static void
make_text(Text *text, const uint8 *data, size_t size, bool lines)
{
	if (!lines)
	{
		text->data = malloc(size + 1);
		memcpy(text->data, data, size);
		text->len = size;
	}
	else
	{
		text->data = malloc(size * 16 + 1);
		text->len = 0;
		for (size_t i = 0; i < size; i++)
			text->len += sprintf(text->data + text->len, "line %d\n",
								 data[i] % 32);
	}
	split(text);
}

static void
free_text(Text *text)
{
	free(text->data);
	free(text->starts);
}

static const char *
line_of(const Text *text, int32 line, size_t *len)
{
	*len = text->starts[line + 1] - text->starts[line];
	return text->data + text->starts[line];
}

/* ---- equality of lines, written anew ---- */

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What is left of a line when the whitespace that does not count is out. */
static size_t
normal_form(const char *line, size_t len, WhitespaceMode whitespace,
			char *out)
{
	size_t		n = 0;

	if (whitespace == WHITESPACE_EXACT)
	{
		memcpy(out, line, len);
		return len;
	}
	while (len > 0 && is_space(line[len - 1]))
		len--;
	for (size_t i = 0; i < len; i++)
	{
		if (is_space(line[i]) && whitespace == WHITESPACE_ALL)
			continue;
		if (is_space(line[i]) && whitespace == WHITESPACE_CHANGE)
		{
			if (n == 0 || out[n - 1] != ' ' || !is_space(line[i - 1]))
				out[n++] = ' ';
			continue;
		}
		out[n++] = line[i];
	}
	return n;
}

static bool
lines_equal(const Text *a, int32 line_a, const Text *b, int32 line_b,
			WhitespaceMode whitespace)
{
	size_t		len_a;
	size_t		len_b;
	const char *text_a = line_of(a, line_a, &len_a);
	const char *text_b = line_of(b, line_b, &len_b);
	char	   *normal = malloc(len_a + len_b + 2);
	size_t		n_a = normal_form(text_a, len_a, whitespace, normal);
	size_t		n_b = normal_form(text_b, len_b, whitespace, normal + n_a);
	bool		equal = n_a == n_b && memcmp(normal, normal + n_a, n_a) == 0;

	free(normal);
	return equal;
}

/* ---- what must hold ---- */

static void
check_span(const Text *old_text, const Text *new_text, const DiffEdit *edit,
		   const DiffSpan *span)
{
	FAIL_UNLESS(span->old_off == old_text->starts[edit->old_start]);
	FAIL_UNLESS(span->new_off == new_text->starts[edit->new_start]);
	FAIL_UNLESS(span->old_off + span->old_len ==
				old_text->starts[edit->old_start + edit->old_count]);
	FAIL_UNLESS(span->new_off + span->new_len ==
				new_text->starts[edit->new_start + edit->new_count]);
}

static void
check_script(const Text *old_text, const Text *new_text,
			 WhitespaceMode whitespace, const DiffScript *script)
{
	int32		old_at = 0;
	int32		new_at = 0;

	for (int32 e = 0; e <= script->nedits; e++)
	{
		DiffEdit	edit = {old_text->nlines, 0, new_text->nlines, 0};

		if (e < script->nedits)
		{
			edit = script->edits[e];
			FAIL_UNLESS(edit.old_count >= 0 && edit.new_count >= 0);
			FAIL_UNLESS(edit.old_count + edit.new_count > 0);
			FAIL_UNLESS(e == 0 || edit.old_start > old_at);
		}
		FAIL_UNLESS(edit.old_start >= old_at);
		FAIL_UNLESS(edit.old_start - old_at == edit.new_start - new_at);
		FAIL_UNLESS(edit.old_start + edit.old_count <= old_text->nlines);
		FAIL_UNLESS(edit.new_start + edit.new_count <= new_text->nlines);
		for (; old_at < edit.old_start; old_at++, new_at++)
			FAIL_UNLESS(lines_equal(old_text, old_at, new_text, new_at,
									whitespace));
		if (e < script->nedits && script->spans != NULL)
			check_span(old_text, new_text, &edit, &script->spans[e]);
		old_at = edit.old_start + edit.old_count;
		new_at = edit.new_start + edit.new_count;
	}
}

/* Reads "start,count" of a hunk header; a missing count is 1. */
static const char *
read_range(const char *at, long *start, long *count)
{
	char	   *end;

	*start = strtol(at, &end, 10);
	*count = 1;
	if (*end == ',')
		*count = strtol(end + 1, &end, 10);
	return end;
}

/*
 * Applies a unified diff by its hunks' counts and compares with the new text.
 */
static void
check_unified(const Text *old_text, const Text *new_text,
			  const StringInfo diff)
{
	char	   *result = malloc(old_text->len + diff->len + 1);
	size_t		len = 0;
	long		old_line = 0;
	const char *at = diff->data;
	const char *end = diff->data + diff->len;

	if (diff->len > 0)
	{
		FAIL_UNLESS(strncmp(at, "--- ", 4) == 0);
		at = strchr(at, '\n') + 1;
		FAIL_UNLESS(strncmp(at, "+++ ", 4) == 0);
		at = strchr(at, '\n') + 1;
	}
	while (at < end)
	{
		long		old_start;
		long		old_count;
		long		new_start;
		long		new_count;

		FAIL_UNLESS(strncmp(at, "@@ -", 4) == 0);
		at = read_range(at + 4, &old_start, &old_count);
		FAIL_UNLESS(strncmp(at, " +", 2) == 0);
		at = read_range(at + 2, &new_start, &new_count);
		FAIL_UNLESS(strncmp(at, " @@\n", 4) == 0);
		at += 4;
		old_start -= old_count > 0;
		FAIL_UNLESS(old_start >= old_line && old_start <= old_text->nlines);
		memcpy(result + len, old_text->data + old_text->starts[old_line],
			   old_text->starts[old_start] - old_text->starts[old_line]);
		len += old_text->starts[old_start] - old_text->starts[old_line];
		old_line = old_start;
		while (old_count > 0 || new_count > 0)
		{
			char		mark = *at++;
			const char *newline = memchr(at, '\n', end - at);
			size_t		n;

			FAIL_UNLESS(newline != NULL);
			n = newline + 1 - at;
			if (newline + 1 < end && newline[1] == '\\')
				n--;
			if (mark != '+')
			{
				size_t		old_len;
				const char *line;

				FAIL_UNLESS(old_line < old_text->nlines);
				line = line_of(old_text, old_line++, &old_len);
				FAIL_UNLESS(old_len == n && memcmp(line, at, n) == 0);
				old_count--;
			}
			if (mark != '-')
			{
				memcpy(result + len, at, n);
				len += n;
				new_count--;
			}
			FAIL_UNLESS(mark == ' ' || mark == '-' || mark == '+');
			at = newline + 1;
			if (at < end && *at == '\\')
				at = (const char *) memchr(at, '\n', end - at) + 1;
		}
		FAIL_UNLESS(old_count == 0 && new_count == 0);
	}
	memcpy(result + len, old_text->data + old_text->starts[old_line],
		   old_text->len - old_text->starts[old_line]);
	len += old_text->len - old_text->starts[old_line];
	FAIL_UNLESS(len == new_text->len);
	FAIL_UNLESS(memcmp(result, new_text->data, len) == 0);
	free(result);
}

static void
check_stat(const DiffScript *script, const DiffStat *stat)
{
	int64		added = 0;
	int64		removed = 0;

	for (int32 e = 0; e < script->nedits; e++)
	{
		added += script->edits[e].new_count;
		removed += script->edits[e].old_count;
	}
	FAIL_UNLESS(stat->added == added && stat->removed == removed);
	FAIL_UNLESS((stat->hunks > 0) == (script->nedits > 0));
	FAIL_UNLESS(stat->hunks <= script->nedits);
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	static const UnifiedLabels labels = {"before", "after", 6, 5};
	TextDiffOptions options;
	DiffScript	script;
	DiffStat	stat;
	StringInfoData out;
	Text		old_text;
	Text		new_text;
	const uint8 *middle;
	size_t		old_size;
	clock_t		start;

	if (size < 2)
		return 0;
	options.algorithm = (DiffAlgorithm) (data[0] & 3);
	options.whitespace = (WhitespaceMode) ((data[0] >> 2) & 3);
	middle = memchr(data + 2, 0xFF, size - 2);
	old_size = middle ? (size_t) (middle - data) - 2 : (size - 2) / 2;
	make_text(&old_text, data + 2, old_size, (data[0] & 16) != 0);
	middle = data + 2 + old_size + (middle ? 1 : 0);
	make_text(&new_text, middle, data + size - middle, (data[0] & 16) != 0);

	start = clock();
	initStringInfo(&out);
	dg_script_init(&script, true);
	dg_text_diff(old_text.data, old_text.len, new_text.data, new_text.len,
				 &options, &script);
	dg_text_unified(old_text.data, new_text.data, new_text.len, &script,
					data[1], &labels, &out, &stat);
	if (options.algorithm != DIFF_MINIMAL)
		FAIL_UNLESS(clock() - start < MOST_SECONDS * CLOCKS_PER_SEC);

	check_script(&old_text, &new_text, options.whitespace, &script);
	check_stat(&script, &stat);
	if (options.whitespace == WHITESPACE_EXACT)
		check_unified(&old_text, &new_text, &out);

	pfree(out.data);
	dg_script_free(&script);
	free_text(&old_text);
	free_text(&new_text);
	return 0;
}
