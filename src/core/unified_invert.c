/*-------------------------------------------------------------------------
 *
 * unified_invert.c
 *	  Turns a unified diff around.
 *
 * The inverse of a diff from a to b is a diff from b to a with the same hunks.
 * Names, ranges, modes and object ids change places as they were written, and
 * in each change the added lines become the removed ones.  Inverting twice
 * gives the same bytes again, for any diff that can be read:
 *
 * A change is a sequence of runs, each of removed or of added lines.  Usually
 * there are two, the removed ones first, and the inverse must have that order
 * too: "-a +b" becomes "-b +a", not "+a -b".  So with an even number of runs,
 * each two of them change places and marks, and the marks of the sequence stay
 * as they were.  With an odd number there is no such pairing; then each run
 * keeps its place and changes its mark, which undoes itself as well.
 *
 * Time and output are linear in the diff; there is no other memory.
 *
 *-------------------------------------------------------------------------
 */
#include "core/unified_invert.h"

#include "core/bytes.h"
#include "core/scan.h"

/* Lines of one kind that follow each other, as they stand in the diff. */
typedef struct Run
{
	const char *start;
	const char *end;
} Run;

/*
 * Appends bytes and makes sure that they end with a newline, which the last
 * line of the diff may lack.
 */
static void
put_line(StringInfo out, const char *start, const char *end)
{
	dg_append(out, start, end - start);
	if (end == start || end[-1] != '\n')
		dg_append_char(out, '\n');
}

/*
 * Appends a run with its marks changed; markers of missing newlines, which
 * start with a backslash, stay.
 */
static void
put_run(StringInfo out, const Run *run)
{
	const char *p = run->start;

	while (p < run->end)
	{
		const char *next = dg_next_line(p, run->end);

		if (*p == '\\')
			put_line(out, p, next);
		else
		{
			dg_append_char(out, *p == '-' ? '+' : '-');
			put_line(out, p + 1, next);
		}
		p = next;
	}
}

/*
 * Appends the inverse of one change.  r has read its first line and is left
 * at the first item after it.
 */
static void
invert_change(StringInfo out, UnifiedReader *r)
{
	UnifiedReader ahead = *r;
	Run			first;
	Run			run;
	int32		nruns = 0;
	int32		i;
	char		op = ' ';

	while (ahead.kind == UNIFIED_LINE && ahead.op != ' ')
	{
		if (ahead.op != op)
			nruns++;
		op = ahead.op;
		dg_unified_read(&ahead);
	}

	for (i = 0; i < nruns; i++)
	{
		op = r->op;
		run.start = r->raw;
		while (r->kind == UNIFIED_LINE && r->op == op)
		{
			run.end = r->raw + r->raw_len;
			dg_unified_read(r);
		}
		if (nruns % 2 != 0)
			put_run(out, &run);
		else if (i % 2 == 0)
			first = run;
		else
		{
			put_run(out, &run);
			put_run(out, &first);
		}
	}
}

/* Whether a header line starts with a word; then *rest is what follows it. */
static bool
has_word(const char *line, const char *end, const char *word,
		 const char **rest)
{
	Size		len = strlen(word);

	if ((Size) (end - line) < len || memcmp(line, word, len) != 0)
		return false;
	*rest = line + len;
	return true;
}

/*
 * Appends two values in turned order after their words, if the line at r and
 * the one after it are such a pair ("rename from", "rename to").
 */
static bool
invert_pair(StringInfo out, UnifiedReader *r, const char *old_word,
			const char *new_word)
{
	const char *end = r->raw + r->raw_len;
	const char *next_end;
	const char *old_value;
	const char *new_value;

	if (r->next == r->end ||
		!has_word(r->raw, end, old_word, &old_value))
		return false;
	next_end = dg_next_line(r->next, r->end);
	if (!has_word(r->next, next_end, new_word, &new_value))
		return false;

	dg_append_string(out, old_word);
	put_line(out, new_value, next_end);
	dg_append_string(out, new_word);
	put_line(out, old_value, end);
	dg_unified_read(r);
	return true;
}

/* The end of the file name in quotes at p; not before end if there is none. */
static const char *
quoted_end(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
	{
		if (*p == '\\')
			p++;
	}
	return p + 1;
}

/*
 * Whether [p, end) is one file name as a header has it: in quotes, or without
 * blanks.
 */
static bool
is_name(const char *p, const char *end)
{
	if (p == end)
		return false;
	if (*p == '"')
		return quoted_end(p, end) == end;
	return memchr(p, ' ', end - p) == NULL;
}

/*
 * The blank between the two names after "diff --git", or NULL if that cannot
 * be known.  A name may have blanks of its own, but in such a line both names
 * are equally long.
 */
static const char *
find_second_name(const char *line, const char *end)
{
	const char *half = line + (end - line) / 2;
	const char *p;

	if (line == end || memchr(line, '\r', end - line) != NULL)
		return NULL;
	if (line[0] == '"')
		p = quoted_end(line, end);
	else if (half > line && (end - line) % 2 != 0 &&
			 half[0] == ' ' && half[1] != '"')
		return half;
	else
		p = memchr(line, ' ', end - line);
	if (p == NULL || p >= end || *p != ' ' ||
		!is_name(line, p) || !is_name(p + 1, end))
		return NULL;
	return p;
}

/* Appends two strings in turned order, with what is between them. */
static void
put_turned(StringInfo out, const char *first, const char *first_end,
		   const char *second, const char *second_end)
{
	dg_append(out, second, second_end - second);
	dg_append(out, first_end, second - first_end);
	dg_append(out, first, first_end - first);
}

/*
 * Appends the line "diff --git a b".
 */
static void
invert_git(StringInfo out, const UnifiedReader *r)
{
	const char *end = r->raw + r->raw_len;
	const char *names_end = r->line + r->len;
	const char *mid = find_second_name(r->line, names_end);

	if (mid == NULL)
	{
		put_line(out, r->raw, end);
		return;
	}
	dg_append(out, r->raw, r->line - r->raw);
	put_turned(out, r->line, mid, mid + 1, names_end);
	dg_append(out, names_end, end - names_end);
	if (end[-1] != '\n')
		dg_append_char(out, '\n');
}

/* The end of the object id at p. */
static const char *
skip_id(const char *p, const char *end)
{
	while (p < end && ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z')))
		p++;
	return p;
}

/*
 * Appends "index 12ab..34cd 100644", or returns false if it is not that.
 */
static bool
invert_index(StringInfo out, const UnifiedReader *r)
{
	const char *end = r->raw + r->raw_len;
	const char *first;
	const char *first_end;
	const char *second_end;

	if (!has_word(r->raw, end, "index ", &first))
		return false;
	first_end = skip_id(first, end);
	if (end - first_end < 2 || first_end[0] != '.' || first_end[1] != '.')
		return false;
	second_end = skip_id(first_end + 2, end);
	dg_append(out, r->raw, first - r->raw);
	put_turned(out, first, first_end, first_end + 2, second_end);
	dg_append(out, second_end, end - second_end);
	if (end[-1] != '\n')
		dg_append_char(out, '\n');
	return true;
}

/*
 * Appends the inverse of a line outside hunks.  Only a line of a git header
 * has a meaning that can be turned.
 */
static void
invert_note(StringInfo out, UnifiedReader *r)
{
	const char *end = r->raw + r->raw_len;
	const char *rest;

	if (r->in_git_header)
	{
		if (invert_pair(out, r, "old mode ", "new mode ") ||
			invert_pair(out, r, "rename from ", "rename to ") ||
			invert_pair(out, r, "copy from ", "copy to ") ||
			invert_index(out, r))
			return;
		if (has_word(r->raw, end, "new file mode ", &rest))
			dg_append_string(out, "deleted file mode ");
		else if (has_word(r->raw, end, "deleted file mode ", &rest))
			dg_append_string(out, "new file mode ");
		else
			rest = r->raw;
		put_line(out, rest, end);
		return;
	}
	put_line(out, r->raw, end);
}

/*
 * Appends the inverse of one item and reads the next.
 */
static void
invert_item(StringInfo out, UnifiedReader *r)
{
	switch (r->kind)
	{
		case UNIFIED_NOTE:
			invert_note(out, r);
			break;
		case UNIFIED_FILE:
			invert_git(out, r);
			break;
		case UNIFIED_OLD_NAME:
			invert_pair(out, r, "--- ", "+++ ");
			break;
		case UNIFIED_HUNK:
			dg_append(out, r->raw, r->old_range - r->raw);
			put_turned(out, r->old_range, r->old_range + r->old_range_len,
					   r->new_range, r->new_range + r->new_range_len);
			put_line(out, r->new_range + r->new_range_len,
					 r->raw + r->raw_len);
			break;
		case UNIFIED_LINE:
			if (r->op != ' ')
			{
				invert_change(out, r);
				return;
			}
			put_line(out, r->raw, r->raw + r->raw_len);
			break;
		case UNIFIED_NEW_NAME:
		case UNIFIED_END:
		case UNIFIED_ERROR:
			break;
	}
	dg_unified_read(r);
}

/*
 * dg_unified_invert
 *		Append the inverse of a diff of len bytes to out.
 *
 * Returns false if the diff cannot be read; reader then says why, and what
 * was appended is of no use.  Linear time, no memory but the result, which is
 * as long as the diff.
 */
bool
dg_unified_invert(const char *diff, Size len, StringInfo out,
				  UnifiedReader *reader)
{
	/* the last line gets a newline for a while, if it has none */
	dg_reserve(out, len + 1);
	dg_unified_open(reader, diff, len);
	dg_unified_read(reader);
	while (reader->kind != UNIFIED_END && reader->kind != UNIFIED_ERROR)
		invert_item(out, reader);
	if (reader->kind == UNIFIED_ERROR)
		return false;

	/* every line got its newline; give back what the diff did not have */
	if (len > 0 && diff[len - 1] != '\n')
		out->data[--out->len] = '\0';
	return true;
}
