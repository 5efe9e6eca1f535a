/*-------------------------------------------------------------------------
 *
 * unified_read.c
 *	  Reads a unified diff, one line at a time.
 *
 * The format is that of POSIX and of git's documentation.  What tells a line
 * of a hunk from a header is not how it looks but the counts in the hunk's
 * header: a removed line "-- x" reads "--- x".  Beyond the standard, the
 * reader takes what tools really write:
 *
 * - a count of 1 may be missing or written; a tool that leaves out a count of
 *	 0 as well (gotextdiff, for an empty document) is understood, because the
 *	 hunk then ends where the missing line would be;
 * - the file header may be missing, carry timestamps or quoted names, and have
 *	 "diff --git", "index" and any other text around it;
 * - an empty context line may have lost its blank;
 * - the marker of a missing newline is any line that starts with a backslash,
 *	 whatever the language;
 * - the diff's own last line may have no newline;
 * - after the hunks, a mail signature or other text may follow, as long as it
 *	 cannot be mistaken for more lines of the hunk.
 *
 * A carriage return before a newline is content in a line of a hunk, and is
 * ignored in a header.
 *
 * Every byte is looked at a constant number of times, so reading takes time
 * linear in the diff; memory is the reader struct alone.  Line numbers are
 * int32, which a value below 1 GB cannot exceed; numbers in hunk headers are
 * checked.
 *
 *-------------------------------------------------------------------------
 */
#include "core/unified_read.h"

#define HUNK_START		"@@ -"
#define COMBINED_START	"@@@ -"
#define GIT_START		"diff --git "
#define OLD_START		"--- "
#define NEW_START		"+++ "

/* Whether the len bytes at p start with a literal string. */
#define STARTS_WITH(p, len, literal) \
	((len) >= sizeof(literal) - 1 && \
	 memcmp((p), (literal), sizeof(literal) - 1) == 0)

/*
 * dg_unified_open
 *		Start to read a diff of len bytes, which must stay where it is.
 */
void
dg_unified_open(UnifiedReader *r, const char *diff, Size len)
{
	memset(r, 0, sizeof(UnifiedReader));
	r->next = diff;
	r->end = diff + len;
	r->place = UNIFIED_IN_HEADER;
}

/*
 * Takes the next line into raw and line; there must be one.
 */
static void
take_line(UnifiedReader *r)
{
	const char *newline = memchr(r->next, '\n', r->end - r->next);

	r->raw = r->line = r->next;
	if (newline != NULL)
	{
		r->len = newline - r->raw;
		r->raw_len = r->len + 1;
	}
	else
		r->len = r->raw_len = r->end - r->raw;
	r->next += r->raw_len;
	r->line_no = ++r->lines_read;
}

/* Ends the reading: later calls return the same fault again. */
static UnifiedKind
fail(UnifiedReader *r, UnifiedFault fault)
{
	r->fault = fault;
	r->kind = UNIFIED_ERROR;
	return r->kind;
}

/* Cuts the first n bytes and a trailing carriage return off a header line. */
static void
trim_header(UnifiedReader *r, uint32 n)
{
	r->line += n;
	r->len -= n;
	if (r->len > 0 && r->line[r->len - 1] == '\r')
		r->len--;
}

static bool
is_blank(const char *p, uint32 len)
{
	while (len > 0 && (*p == ' ' || *p == '\t' || *p == '\r'))
	{
		p++;
		len--;
	}
	return len == 0;
}

/*
 * Reads a number at *p into *value.  Returns false if there is none or if it
 * is above what a line number can be.
 */
static bool
read_number(const char **p, const char *end, int32 *value)
{
	const char *start = *p;
	int64		n = 0;

	while (*p < end && **p >= '0' && **p <= '9')
	{
		n = n * 10 + (**p - '0');
		if (n >= PG_INT32_MAX)
			return false;
		(*p)++;
	}
	*value = (int32) n;
	return *p > start;
}

/*
 * Reads "start" or "start,count" at *p.
 */
static bool
read_range(const char **p, const char *end, int32 *start, int32 *count,
		   bool *implied)
{
	if (!read_number(p, end, start))
		return false;
	*implied = (*p == end || **p != ',');
	if (*implied)
	{
		*count = 1;
		return true;
	}
	(*p)++;
	if (!read_number(p, end, count))
		return false;
	return (int64) *start + *count < PG_INT32_MAX;
}

/*
 * Reads the header "@@ -1,2 +1,3 @@ heading" in the line just taken.
 */
static UnifiedKind
read_hunk(UnifiedReader *r)
{
	const char *p = r->line + strlen(HUNK_START);
	const char *end = r->line + r->len;

	r->old_range = p;
	if (!read_range(&p, end, &r->old_start, &r->old_count, &r->old_implied))
		return fail(r, UNIFIED_FAULT_HEADER);
	r->old_range_len = p - r->old_range;
	if (!STARTS_WITH(p, (Size) (end - p), " +"))
		return fail(r, UNIFIED_FAULT_HEADER);
	p += strlen(" +");
	r->new_range = p;
	if (!read_range(&p, end, &r->new_start, &r->new_count, &r->new_implied))
		return fail(r, UNIFIED_FAULT_HEADER);
	r->new_range_len = p - r->new_range;
	if (!STARTS_WITH(p, (Size) (end - p), " @@") ||
		(r->old_count == 0 && r->new_count == 0))
		return fail(r, UNIFIED_FAULT_HEADER);
	p += strlen(" @@");
	trim_header(r, p - r->line);
	if (r->len > 0 && r->line[0] == ' ')
		trim_header(r, 1);

	if (r->file == 0)
		r->file = 1;
	r->hunk++;
	r->place = UNIFIED_AFTER_HUNK;
	r->in_git_header = false;
	r->names_open = false;
	r->old_left = r->old_count;
	r->new_left = r->new_count;
	r->old_next = dg_unified_old_at(r) + 1;
	r->new_next = dg_unified_new_at(r) + 1;
	r->kind = UNIFIED_HUNK;
	return r->kind;
}

/*
 * How many lines of a document come before a range.  The header of an empty
 * range has the number of the line before it, or 0.
 */
static int32
lines_before(int32 start, int32 count, bool implied)
{
	if (count == 0 && !implied)
		return start;
	return start > 0 ? start - 1 : 0;
}

/*
 * dg_unified_old_at
 *		How many lines of the old document come before the current hunk.
 */
int32
dg_unified_old_at(const UnifiedReader *r)
{
	return lines_before(r->old_start, r->old_count, r->old_implied);
}

/*
 * dg_unified_new_at
 *		How many lines of the new document come before the current hunk.
 */
int32
dg_unified_new_at(const UnifiedReader *r)
{
	return lines_before(r->new_start, r->new_count, r->new_implied);
}

/*
 * Whether the hunk may be over although a line is missing on one side: that
 * side is at the start of the document, has no count in the header and had no
 * line, so that the count means 0.  Such a document must be empty.
 */
static bool
take_implied_zero(UnifiedReader *r)
{
	if (r->new_left == 0 && r->old_left == 1 && r->old_implied &&
		r->old_start <= 1 && r->new_count > 0)
	{
		r->old_count = r->old_left = 0;
		r->old_empty = true;
		return true;
	}
	if (r->old_left == 0 && r->new_left == 1 && r->new_implied &&
		r->new_start <= 1 && r->old_count > 0)
	{
		r->new_count = r->new_left = 0;
		r->new_empty = true;
		return true;
	}
	return false;
}

/* Whether a line is what separates a mail's signature. */
static bool
is_signature(const char *line, uint32 len)
{
	return STARTS_WITH(line, len, "-- ") && is_blank(line + 2, len - 2);
}

/*
 * Whether the next line is a file's name, or the start of a signature, where
 * it looks like the one removed line that is missing.
 */
static bool
is_past_hunk(const UnifiedReader *r)
{
	const char *line_end;

	if (r->new_left > 0 || r->old_left != 1 || r->next == r->end)
		return false;
	line_end = memchr(r->next, '\n', r->end - r->next);
	if (line_end == NULL)
		line_end = r->end;
	if (is_signature(r->next, line_end - r->next))
		return true;
	return line_end < r->end &&
		STARTS_WITH(r->next, (Size) (r->end - r->next), OLD_START) &&
		STARTS_WITH(line_end + 1, (Size) (r->end - line_end - 1), NEW_START);
}

/*
 * Takes the marker of a missing newline, if it is the next line, as part of
 * the line just taken.
 */
static void
take_marker(UnifiedReader *r)
{
	const char *newline;

	if (r->next == r->end || *r->next != '\\')
		return;
	newline = memchr(r->next, '\n', r->end - r->next);
	r->next = newline != NULL ? newline + 1 : r->end;
	r->raw_len = r->next - r->raw;
	r->lines_read++;
	r->no_newline = true;
}

/*
 * Reads the next line of a hunk that is not complete.
 */
static UnifiedKind
read_line(UnifiedReader *r)
{
	char		mark = r->next < r->end ? *r->next : '\0';
	bool		is_old = mark != '+';
	bool		is_new = mark != '-';
	bool		fits = false;

	switch (mark)
	{
		case ' ':
		case '\n':
		case '\r':
		case '-':
		case '+':
			fits = (!is_old || r->old_left > 0) &&
				(!is_new || r->new_left > 0) &&
				!(is_past_hunk(r) && take_implied_zero(r));
			break;
		default:
			break;
	}
	if (!fits)
	{
		if (r->old_left + r->new_left == 0 || take_implied_zero(r))
			return dg_unified_read(r);
		if (r->next == r->end)
			return fail(r, UNIFIED_FAULT_TRUNCATED);
		take_line(r);
		if (mark == '\\')
			return fail(r, UNIFIED_FAULT_MARKER);
		if (strchr(" \n\r-+", mark) != NULL)
			return fail(r, UNIFIED_FAULT_COUNT);
		return fail(r, UNIFIED_FAULT_PREFIX);
	}

	take_line(r);
	if (mark == ' ' || mark == '-' || mark == '+')
	{
		r->op = mark;
		r->line++;
		r->len--;
	}
	else
		r->op = ' ';
	if ((is_old && r->old_closed) || (is_new && r->new_closed))
		return fail(r, UNIFIED_FAULT_INCOMPLETE);
	take_marker(r);
	if (r->no_newline && r->len == 0)
		return fail(r, UNIFIED_FAULT_MARKER);

	r->old_line = r->new_line = 0;
	if (is_old)
	{
		r->old_left--;
		r->old_line = r->old_next++;
		r->old_closed = r->no_newline;
	}
	if (is_new)
	{
		r->new_left--;
		r->new_line = r->new_next++;
		r->new_closed = r->no_newline;
	}
	r->kind = UNIFIED_LINE;
	return r->kind;
}

/* Starts another file, unless names follow the git header of the same. */
static void
start_file(UnifiedReader *r)
{
	if (!r->in_git_header)
		r->file++;
	r->place = UNIFIED_IN_HEADER;
	r->old_closed = r->new_closed = false;
	r->old_empty = r->new_empty = false;
}

/*
 * What a line that is no header is: text around the diff, unless it stands
 * where it can only be a line too many of the hunk above.
 */
static UnifiedKind
read_note(UnifiedReader *r)
{
	bool		blank = is_blank(r->line, r->len);

	if (r->place == UNIFIED_AFTER_HUNK && !blank)
	{
		if (r->line[0] == '\\')
			return fail(r, UNIFIED_FAULT_MARKER);
		if (strchr(" -+", r->line[0]) != NULL &&
			!is_signature(r->line, r->len))
			return fail(r, UNIFIED_FAULT_COUNT);
		r->place = UNIFIED_IN_TRAILER;
	}
	if (!blank)
		r->has_text = true;
	r->kind = UNIFIED_NOTE;
	return r->kind;
}

/*
 * Reads a line outside hunks.
 */
static UnifiedKind
read_outside(UnifiedReader *r)
{
	take_line(r);

	if (r->name_due)
	{
		r->name_due = false;
		r->names_open = true;
		trim_header(r, strlen(NEW_START));
		r->kind = UNIFIED_NEW_NAME;
		return r->kind;
	}
	if (STARTS_WITH(r->line, r->len, HUNK_START))
	{
		if (r->place == UNIFIED_IN_TRAILER)
			return fail(r, UNIFIED_FAULT_STRAY_HUNK);
		return read_hunk(r);
	}
	if (STARTS_WITH(r->line, r->len, GIT_START))
	{
		r->in_git_header = false;
		start_file(r);
		r->in_git_header = true;
		r->has_git = true;
		trim_header(r, strlen(GIT_START));
		r->kind = UNIFIED_FILE;
		return r->kind;
	}
	if (STARTS_WITH(r->line, r->len, OLD_START) &&
		STARTS_WITH(r->next, (Size) (r->end - r->next), NEW_START))
	{
		start_file(r);
		r->in_git_header = false;
		r->name_due = true;
		r->has_text = true;
		trim_header(r, strlen(OLD_START));
		r->kind = UNIFIED_OLD_NAME;
		return r->kind;
	}
	if (STARTS_WITH(r->line, r->len, COMBINED_START))
		return fail(r, UNIFIED_FAULT_COMBINED);
	if (STARTS_WITH(r->line, r->len, "GIT binary patch") ||
		STARTS_WITH(r->line, r->len, "Binary files "))
		return fail(r, UNIFIED_FAULT_BINARY);
	return read_note(r);
}

/*
 * dg_unified_read
 *		Read the next item; what it is can be seen in the reader.
 *
 * Time is linear in the item's bytes.  Nothing is allocated and no error is
 * raised: UNIFIED_ERROR is returned, now and whenever called again.
 */
UnifiedKind
dg_unified_read(UnifiedReader *r)
{
	if (r->kind == UNIFIED_ERROR)
		return r->kind;
	DG_CHECK_CANCEL();
	r->no_newline = false;
	if (r->old_left > 0 || r->new_left > 0)
		return read_line(r);
	if (r->next < r->end)
		return read_outside(r);

	/* names without a hunk, or no header at all: something is missing */
	if (r->names_open || (r->hunk == 0 && r->has_text && !r->has_git))
		return fail(r, UNIFIED_FAULT_NO_HUNKS);
	r->kind = UNIFIED_END;
	return r->kind;
}
