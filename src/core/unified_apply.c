/*-------------------------------------------------------------------------
 *
 * unified_apply.c
 *	  Applies a unified diff to a text, exactly.
 *
 * A patch in a database is applied without anybody watching, so it either
 * fits or fails: there is no fuzz.  The first pass reads the whole diff and
 * finds the place of every hunk; only when all have one does the second pass
 * write the new document.
 *
 * The place of a hunk.  Its context and removed lines must stand in the
 * document byte for byte.  They are looked for where the header says; if they
 * are not there, or if a hunk before was found elsewhere, the hunk has moved,
 * and then exactly one place after the hunk before must have these lines.
 * Three more things bind a hunk:
 *
 * - Context is cut short only by the ends of the document.  A hunk with less
 *	 context before its changes than after them, and a header that says line 1,
 *	 must start the document; one with less context after than before must end
 *	 it.
 * - A new line without newline must end the document.
 * - A hunk that only inserts and has no context at all (as in a diff with
 *	 "context": 0) fits everywhere.  It is taken where its header says if both
 *	 numbers of the header agree with the hunks before and none of those has
 *	 moved; else nothing tells where it belongs, and that is an error.
 *
 * Cost: linear in document and diff as long as hunks have not moved, with
 * eight bytes of memory a hunk.  The first moved hunk makes an index of the
 * document's lines, see line_finder.c, whose searches have a common limit; when
 * it is passed the diff is refused.
 *
 *-------------------------------------------------------------------------
 */
#include "core/unified_apply.h"

#include "core/bytes.h"
#include "core/line_finder.h"
#include "core/scan.h"

/* Steps of searching for moved hunks, for each line of document and diff. */
#define SEARCH_STEPS_PER_LINE	256

#define INITIAL_PLACES	16

/* A hunk, and a bookmark in front of its first line. */
typedef struct Hunk
{
	UnifiedReader body;
	int32		old_at;			/* lines before it, as the header says */
	int32		new_at;
	int32		old_count;
	int32		new_count;
	int32		leading;		/* context lines before the first change */
	int32		trailing;		/* and after the last */
	int64		new_bytes;		/* of its context and added lines */
	bool		at_start;		/* must start the document */
	bool		at_end;			/* must end it */
} Hunk;

/* The bytes of the document that a hunk replaces. */
typedef struct Place
{
	uint32		from;
	uint32		to;
} Place;

typedef struct Applier
{
	const char *doc;
	uint32		doc_len;
	Size		diff_len;
	const char *diff;

	int32		line;			/* end of the hunk placed last */
	uint32		off;
	int32		shift;			/* how far it was from where it should be */
	int64		growth;			/* lines added less lines removed so far */
	int64		result_len;

	bool		has_finder;
	LineFinder	finder;

	Place	   *places;
	int32		nplaces;
	int32		maxplaces;

	UnifiedFailure *failure;
} Applier;

/* Records a failure of a hunk; returns false for its callers to return. */
static bool
fail(Applier *a, const Hunk *h, UnifiedOutcome outcome)
{
	a->failure->outcome = outcome;
	a->failure->hunk = h->body.hunk;
	a->failure->line_no = h->body.line_no;
	a->failure->doc_line = (int32) Min((int64) h->old_at + a->shift + 1,
									   PG_INT32_MAX);
	return false;
}

/*
 * Reads the lines of the hunk whose header r has just read, and leaves r at
 * the first item after it.
 */
static void
scan_hunk(UnifiedReader *r, Hunk *h)
{
	bool		changed = false;

	memset(h, 0, sizeof(Hunk));
	h->body = *r;
	while (dg_unified_read(r) == UNIFIED_LINE)
	{
		if (r->op != ' ')
		{
			changed = true;
			h->trailing = 0;
		}
		else if (changed)
			h->trailing++;
		else
			h->leading++;
		if (r->op != '+')
			h->old_count++;
		if (r->op != '-')
		{
			h->new_count++;
			h->new_bytes += r->len + (r->no_newline ? 0 : 1);
			if (r->no_newline)
				h->at_end = true;
		}
	}
	h->old_at = dg_unified_old_at(&h->body);
	h->new_at = dg_unified_new_at(&h->body);
	if (changed && h->leading < h->trailing && h->old_at == 0)
		h->at_start = true;
	if (changed && h->trailing < h->leading)
		h->at_end = true;
}

/*
 * Compares a hunk's old lines with the document at off.  Sets *end to where
 * they end; at a difference, returns false with *at and *line set to where it
 * is in diff and document, and *nth to the number of lines before it.
 */
static bool
match_lines(const Applier *a, const Hunk *h, uint32 off, uint32 *end,
			UnifiedReader *at, int32 *nth)
{
	UnifiedReader r = h->body;

	*nth = 0;
	while (dg_unified_read(&r) == UNIFIED_LINE)
	{
		bool		same;

		if (r.op == '+')
			continue;
		*end = off;
		*at = r;
		if (a->doc_len - off < r.len ||
			memcmp(a->doc + off, r.line, r.len) != 0)
			return false;
		off += r.len;
		if (r.no_newline)
			same = off == a->doc_len;
		else
			same = off < a->doc_len && a->doc[off++] == '\n';
		if (!same)
			return false;
		(*nth)++;
	}
	*end = off;
	return true;
}

/*
 * Finds the offset of a line that is not before the last hunk's end.  Returns
 * false if the document ends before; then *off is its end and *line the number
 * of its lines.
 */
static bool
seek_line(const Applier *a, int64 target, int32 *line, uint32 *off)
{
	const char *end = a->doc + a->doc_len;
	const char *p;

	if (a->has_finder)
	{
		*line = Min(target, a->finder.nlines);
		*off = a->finder.starts[*line];
		return target <= a->finder.nlines;
	}
	*line = a->line;
	p = a->doc + a->off;
	for (; *line < target && p < end; (*line)++)
	{
		DG_CHECK_CANCEL();
		p = dg_next_line(p, end);
	}
	*off = p - a->doc;
	return *line == target;
}

/*
 * Records that a hunk goes to bytes [from, to) of the document, at a line.
 */
static bool
place_hunk(Applier *a, const Hunk *h, int32 line, uint32 from, uint32 to)
{
	if (a->nplaces == a->maxplaces)
	{
		a->maxplaces = Max(a->maxplaces * 2, INITIAL_PLACES);
		a->places = a->places == NULL ?
			dg_alloc(a->maxplaces, sizeof(Place)) :
			dg_realloc(a->places, a->maxplaces, sizeof(Place));
	}
	a->places[a->nplaces].from = from;
	a->places[a->nplaces++].to = to;
	a->line = line + h->old_count;
	a->off = to;
	a->shift = line - h->old_at;
	a->growth += (int64) h->new_count - h->old_count;
	a->result_len += h->new_bytes - (int64) (to - from);
	return true;
}

/*
 * Places a hunk that has no old lines.
 */
static bool
place_insertion(Applier *a, const Hunk *h)
{
	int32		line;
	uint32		off;
	bool		bare = a->doc_len > 0 && a->doc[a->doc_len - 1] != '\n';

	if (a->shift != 0 || h->new_at != h->old_at + a->growth)
		return fail(a, h, UNIFIED_UNCERTAIN);

	/* nothing can be added after a line that does not end */
	if (!seek_line(a, h->old_at, &line, &off) ||
		(off == a->doc_len && bare))
		return fail(a, h, UNIFIED_NO_LINE);
	if (off < a->doc_len && h->at_end)
		return fail(a, h, UNIFIED_NOT_AT_END);
	return place_hunk(a, h, line, off, off);
}

/*
 * Tells why a hunk fits nowhere, by what is where it should be.
 */
static bool
explain_mismatch(Applier *a, const Hunk *h)
{
	UnifiedFailure *f = a->failure;
	UnifiedReader at;
	const char *line_end;
	int64		target = (int64) h->old_at + a->shift;
	int32		line;
	int32		nth = 0;
	uint32		off;
	uint32		end;

	if (target < a->line)
		target = a->line;
	seek_line(a, target, &line, &off);
	fail(a, h, UNIFIED_MISMATCH);
	if (match_lines(a, h, off, &end, &at, &nth))
	{
		fail(a, h, UNIFIED_NOT_AT_END);
		f->doc_line = line + 1;
		return false;
	}
	f->line_no = at.line_no;
	f->doc_line = line + nth + 1;
	f->expected = at.line;
	f->expected_len = at.len;
	f->expected_bare = at.no_newline;
	if (end < a->doc_len)
	{
		line_end = dg_next_line(a->doc + end, a->doc + a->doc_len);
		f->found = a->doc + end;
		f->found_bare = line_end[-1] != '\n';
		f->found_len = line_end - f->found - (f->found_bare ? 0 : 1);
	}
	return false;
}

/*
 * Whether the hunk stands at a line of the indexed document; sets *from, *to.
 */
static bool
stands_at(Applier *a, const Hunk *h, int32 line, uint32 *from, uint32 *to)
{
	UnifiedReader at;
	int32		nth;
	bool		found;

	*from = a->finder.starts[line];
	found = match_lines(a, h, *from, to, &at, &nth);
	a->finder.steps -= nth;
	return found;
}

/* Collects the hashes of a hunk's old lines. */
static void
hash_old_lines(const Hunk *h, LineRun *run)
{
	UnifiedReader r = h->body;

	run->hashes = dg_alloc(h->old_count, sizeof(uint64));
	run->count = 0;
	while (dg_unified_read(&r) == UNIFIED_LINE)
	{
		if (r.op != '+')
			run->hashes[run->count++] = dg_line_hash(r.line, r.len,
													 r.no_newline);
	}
}

/*
 * Looks for a moved hunk.  Sets the place and returns how many were found,
 * which is at most two; of two, the second's line is in *other.
 */
static int
find_places(Applier *a, const Hunk *h, int32 *line, uint32 *from, uint32 *to,
			int32 *other)
{
	LineRun		run;
	uint32		other_from;
	uint32		other_to;
	int32		place = -1;
	int			found = 0;

	/* bound to an end of the document there is only one place to look at */
	if (h->at_start || h->at_end)
	{
		*line = h->at_start ? 0 : a->finder.nlines - h->old_count;
		if (*line < a->line || *line > a->finder.nlines ||
			!stands_at(a, h, *line, from, to))
			return 0;
		return !h->at_end || *to == a->doc_len;
	}

	hash_old_lines(h, &run);
	dg_finder_prepare(&a->finder, &run);
	while (found < 2 &&
		   (place = dg_finder_next(&a->finder, &run, place, a->line)) >= 0)
	{
		if (found == 0 && stands_at(a, h, place, from, to))
		{
			*line = place;
			found = 1;
		}
		else if (found == 1 && stands_at(a, h, place, &other_from, &other_to))
		{
			*other = place;
			found = 2;
		}
	}
	dg_free(run.hashes);
	return found;
}

/*
 * Places a hunk that is not where its header says.
 */
static bool
place_moved(Applier *a, const Hunk *h)
{
	int32		line;
	int32		other;
	uint32		from;
	uint32		to;
	int			found;

	if (!a->has_finder)
	{
		int64		lines = (int64) dg_count_newlines(a->doc, a->doc_len) +
			dg_count_newlines(a->diff, a->diff_len) + 2;

		dg_finder_init(&a->finder, a->doc, a->doc_len,
					   lines * SEARCH_STEPS_PER_LINE);
		a->has_finder = true;
	}
	found = find_places(a, h, &line, &from, &to, &other);
	if (a->finder.steps <= 0)
		return fail(a, h, UNIFIED_TOO_COSTLY);
	if (found == 0)
		return explain_mismatch(a, h);
	if (found > 1)
	{
		fail(a, h, UNIFIED_AMBIGUOUS);
		a->failure->doc_line = line + 1;
		a->failure->other_line = other + 1;
		return false;
	}
	return place_hunk(a, h, line, from, to);
}

/*
 * Finds the place of a hunk.  Returns false if it has none.
 */
static bool
find_place(Applier *a, const Hunk *h)
{
	UnifiedReader at;
	int32		line;
	int32		nth;
	uint32		from;
	uint32		to;

	if (h->old_count == 0)
		return place_insertion(a, h);
	if (a->shift == 0 &&
		seek_line(a, h->old_at, &line, &from) &&
		match_lines(a, h, from, &to, &at, &nth) &&
		(!h->at_end || to == a->doc_len))
		return place_hunk(a, h, line, from, to);
	return place_moved(a, h);
}

/* Whether a name in a header stands for a file that is not there. */
static bool
is_dev_null(const UnifiedReader *r)
{
	static const char name[] = "/dev/null";
	Size		len = sizeof(name) - 1;

	return r->len >= len && memcmp(r->line, name, len) == 0 &&
		(r->len == len || r->line[len] == '\t');
}

/*
 * The first pass: reads the diff and places all hunks.
 */
static UnifiedOutcome
place_all(Applier *a)
{
	UnifiedReader *r = &a->failure->reader;
	Hunk		hunk;
	bool		old_empty = false;
	bool		new_empty = false;
	bool		fits = true;
	int32		old_end = 0;

	dg_unified_open(r, a->diff, a->diff_len);
	dg_unified_read(r);
	while (r->kind != UNIFIED_END)
	{
		if (r->kind == UNIFIED_ERROR)
			return UNIFIED_MALFORMED;
		if (r->file > 1)
			return UNIFIED_MANY_FILES;
		if (r->kind != UNIFIED_HUNK)
		{
			if (r->kind == UNIFIED_OLD_NAME)
				old_empty = is_dev_null(r);
			else if (r->kind == UNIFIED_NEW_NAME)
				new_empty = is_dev_null(r);
			dg_unified_read(r);
			continue;
		}
		scan_hunk(r, &hunk);
		if (r->kind == UNIFIED_ERROR)
			return UNIFIED_MALFORMED;
		if (hunk.old_at < old_end)
		{
			fail(a, &hunk, UNIFIED_OUT_OF_ORDER);
			return UNIFIED_OUT_OF_ORDER;
		}
		old_end = hunk.old_at + hunk.old_count;

		/* read on in any case: what is no diff should be called so */
		if (fits)
			fits = find_place(a, &hunk);
	}
	if (!fits)
		return a->failure->outcome;
	if ((old_empty || r->old_empty) && a->doc_len > 0)
		return UNIFIED_OLD_NOT_EMPTY;
	if ((new_empty || r->new_empty) && a->result_len > 0)
		return UNIFIED_NEW_NOT_EMPTY;
	return UNIFIED_APPLIED;
}

/*
 * The second pass: copies the document, and the new lines of each hunk in
 * place of its old ones.
 */
static void
write_result(const Applier *a, StringInfo out)
{
	UnifiedReader r;
	uint32		off = 0;
	int32		i = 0;

	dg_reserve(out, a->result_len);
	dg_unified_open(&r, a->diff, a->diff_len);
	while (dg_unified_read(&r) != UNIFIED_END)
	{
		if (r.kind == UNIFIED_HUNK)
		{
			dg_append(out, a->doc + off, a->places[i].from - off);
			off = a->places[i++].to;
		}
		else if (r.kind == UNIFIED_LINE && r.op != '-')
		{
			dg_append(out, r.line, r.len);
			if (!r.no_newline)
				dg_append_char(out, '\n');
		}
	}
	dg_append(out, a->doc + off, a->doc_len - off);
}

/*
 * dg_unified_apply
 *		Apply a diff to a document and append the new one to out.
 *
 * Returns UNIFIED_APPLIED, or what went wrong; then failure tells more and
 * out is as it was.  Raises an error only when the new document would be
 * larger than a value may be.  Memory is in the current context.
 */
UnifiedOutcome
dg_unified_apply(const char *doc, Size doc_len,
				 const char *diff, Size diff_len,
				 StringInfo out, UnifiedFailure *failure)
{
	Applier		a;

	memset(&a, 0, sizeof(Applier));
	memset(failure, 0, sizeof(UnifiedFailure));
	a.doc = doc;
	a.doc_len = doc_len;
	a.diff = diff;
	a.diff_len = diff_len;
	a.result_len = doc_len;
	a.failure = failure;

	failure->outcome = place_all(&a);
	if (a.has_finder)
		dg_finder_free(&a.finder);
	if (failure->outcome == UNIFIED_APPLIED)
		write_result(&a, out);
	dg_free(a.places);
	return failure->outcome;
}
