/*-------------------------------------------------------------------------
 *
 * merge.c
 *	  Three-way merge of texts.
 *
 * The result is that of `git merge-file`, byte for byte:
 *
 * 1. Ours and theirs are compared with the base.
 * 2. Both scripts are gone through side by side.  A change of one side alone
 *	  is taken.  Changes of both that overlap or touch are a conflict, unless
 *	  they are the same.
 * 3. In the style "merge", the two sides of each conflict are compared, and
 *	  what they have in common is taken out, so that one conflict may become
 *	  several; then conflicts that have three lines or fewer, or nothing but
 *	  punctuation, between them are joined again.  In the styles that show the
 *	  base this cannot be done, since the base has no part for each; "zdiff3"
 *	  takes out what both sides start and end with.
 * 4. What is not in a region is copied from ours, where the same changes of
 *	  both sides are as well.
 *
 * Cost: that of the search, see classic_search.c; the rest is linear.  Memory
 * is about 60 bytes a line of the three texts.
 *
 * Reference: S. Khanna, K. Kunal, B. C. Pierce, "A Formal Investigation of
 * Diff3" (2007).
 *
 *-------------------------------------------------------------------------
 */
#include "core/merge.h"

#include "core/bytes.h"
#include "core/classic_search.h"
#include "core/compact.h"
#include "core/lines.h"
#include "core/scan.h"

#define MARKER_SIZE		7
#define OURS_NAME		"ours"
#define BASE_NAME		"base"
#define THEIRS_NAME		"theirs"

/* Conflicts with so few lines in between are one. */
#define FEW_LINES		3

#define INITIAL_REGIONS	16

typedef struct Document
{
	const char *text;
	uint32		len;
	uint32	   *starts;			/* nlines + 1 */
	uint32	   *ids;
	int32		nlines;
} Document;

typedef enum RegionKind
{
	REGION_CONFLICT,
	REGION_OURS,
	REGION_THEIRS
} RegionKind;

/* Lines that a side has changed, in all three documents. */
typedef struct Region
{
	RegionKind	kind;
	int32		base_start;
	int32		base_count;
	int32		ours_start;
	int32		ours_count;
	int32		theirs_start;
	int32		theirs_count;
} Region;

typedef struct RegionList
{
	Region	   *regions;
	int32		count;
	int32		max;
} RegionList;

typedef struct Merge
{
	Document	base;
	Document	ours;
	Document	theirs;
	ClassicSearch search;
	RegionList	list;
} Merge;

/* ---- lines ---- */

static void
split_document(Document *doc, const MergeText *text)
{
	Size		nlines = dg_count_newlines(text->text, text->len);

	if (text->len > 0 && text->text[text->len - 1] != '\n')
		nlines++;
	dg_check_lines(nlines);
	doc->text = text->text;
	doc->len = text->len;
	doc->nlines = (int32) nlines;
	doc->starts = dg_alloc(nlines + 1, sizeof(uint32));
	doc->ids = dg_alloc(nlines, sizeof(uint32));
	dg_split_lines(doc->text, 0, doc->len, doc->starts);
}

static void
free_document(Document *doc)
{
	dg_free(doc->starts);
	dg_free(doc->ids);
}

/* Where the first of equal lines is. */
typedef struct LineRef
{
	const Document *doc;
	int32		line;
} LineRef;

typedef struct LineTable
{
	LineRef    *refs;			/* by id */
	uint32		nids;
	uint32	   *slots;			/* ids plus one; 0 is free */
	uint64		mask;
	LineHashKey key;
} LineTable;

static bool
same_line(const LineRef *ref, const char *line, uint32 len)
{
	uint32		start = ref->doc->starts[ref->line];

	return ref->doc->starts[ref->line + 1] - start == len &&
		memcmp(ref->doc->text + start, line, len) == 0;
}

/* Gives the lines of a document their ids. */
static void
number_lines(LineTable *table, Document *doc)
{
	int32		i;

	for (i = 0; i < doc->nlines; i++)
	{
		const char *line = doc->text + doc->starts[i];
		uint32		len = doc->starts[i + 1] - doc->starts[i];
		uint64		slot = dg_hash_line(line, len, WHITESPACE_EXACT,
										&table->key) & table->mask;

		DG_CHECK_CANCEL();
		while (table->slots[slot] != 0 &&
			   !same_line(&table->refs[table->slots[slot] - 1], line, len))
			slot = (slot + 1) & table->mask;
		if (table->slots[slot] == 0)
		{
			table->refs[table->nids].doc = doc;
			table->refs[table->nids].line = i;
			table->slots[slot] = ++table->nids;
		}
		doc->ids[i] = table->slots[slot] - 1;
	}
}

/*
 * Gives all lines ids, equal ones to equal lines.  Returns how many.
 */
static uint32
number_documents(Merge *m)
{
	Size		nlines = (Size) m->base.nlines + m->ours.nlines +
		m->theirs.nlines;
	Size		nslots = 64;
	LineTable	table;

	while (nslots < nlines * 3 / 2)
		nslots *= 2;
	table.refs = dg_alloc(nlines, sizeof(LineRef));
	table.nids = 0;
	table.slots = dg_alloc0(nslots, sizeof(uint32));
	table.mask = nslots - 1;
	dg_line_hash_key(&table.key);
	number_lines(&table, &m->base);
	number_lines(&table, &m->ours);
	number_lines(&table, &m->theirs);
	dg_free(table.refs);
	dg_free(table.slots);
	return table.nids;
}

/*
 * Compares lines [a_start, a_start + a_count) of one document with those of
 * another.  The script counts from the first of them.
 */
static void
compare(Merge *m, const Document *a, int32 a_start, int32 a_count,
		const Document *b, int32 b_start, int32 b_count, DiffScript *script)
{
	uint32		a_off = a->starts[a_start];
	uint32		b_off = b->starts[b_start];
	DiffScript	found;
	int32		i;

	dg_script_init(&found, false);
	dg_classic_search(&m->search, a->ids + a_start, a_count,
					  b->ids + b_start, b_count, &found);
	dg_script_init(script, true);
	for (i = 0; i < found.nedits; i++)
	{
		const DiffEdit *e = &found.edits[i];
		DiffSpan	span;

		DG_CHECK_CANCEL();
		span.old_off = a->starts[a_start + e->old_start] - a_off;
		span.old_len = a->starts[a_start + e->old_start + e->old_count] -
			a_off - span.old_off;
		span.new_off = b->starts[b_start + e->new_start] - b_off;
		span.new_len = b->starts[b_start + e->new_start + e->new_count] -
			b_off - span.new_off;
		dg_script_add(script, e, &span);
	}
	dg_script_free(&found);
	dg_compact_script(a->text + a_off, a->starts[a_start + a_count] - a_off,
					  b->text + b_off, b->starts[b_start + b_count] - b_off,
					  WHITESPACE_EXACT, false, script);
}

/* ---- regions ---- */

static void
push_region(RegionList *list, const Region *region)
{
	if (list->count == list->max)
	{
		list->max = Max(list->max * 2, INITIAL_REGIONS);
		list->regions = list->regions == NULL ?
			dg_alloc(list->max, sizeof(Region)) :
			dg_realloc(list->regions, list->max, sizeof(Region));
	}
	list->regions[list->count++] = *region;
}

/*
 * Adds a region; one that overlaps or touches the last one is joined to it,
 * which makes a conflict of two that are not of the same kind.
 */
static void
add_region(RegionList *list, const Region *r)
{
	Region	   *last = list->count > 0 ? &list->regions[list->count - 1] : NULL;

	if (last == NULL ||
		(r->ours_start > last->ours_start + last->ours_count &&
		 r->theirs_start > last->theirs_start + last->theirs_count))
	{
		push_region(list, r);
		return;
	}
	if (last->kind != r->kind)
		last->kind = REGION_CONFLICT;
	last->base_count = r->base_start + r->base_count - last->base_start;
	last->ours_count = r->ours_start + r->ours_count - last->ours_start;
	last->theirs_count = r->theirs_start + r->theirs_count -
		last->theirs_start;
}

/*
 * Adds a change that only one side has made.  shift is how far the other side
 * is from the base there.
 */
static void
add_one_sided(RegionList *list, RegionKind kind, const DiffEdit *e,
			  int32 shift)
{
	Region		r;

	r.kind = kind;
	r.base_start = e->old_start;
	r.base_count = e->old_count;
	r.ours_start = r.theirs_start = e->old_start + shift;
	r.ours_count = r.theirs_count = e->old_count;
	if (kind == REGION_OURS)
	{
		r.ours_start = e->new_start;
		r.ours_count = e->new_count;
	}
	else
	{
		r.theirs_start = e->new_start;
		r.theirs_count = e->new_count;
	}
	add_region(list, &r);
}

/* Whether both sides have made the same change. */
static bool
same_change(const Merge *m, const DiffEdit *a, const DiffEdit *b)
{
	return a->old_start == b->old_start && a->old_count == b->old_count &&
		a->new_count == b->new_count &&
		(a->new_count == 0 ||
		 memcmp(m->ours.ids + a->new_start, m->theirs.ids + b->new_start,
				(Size) a->new_count * sizeof(uint32)) == 0);
}

/* Adds a conflict: both changes, and what of the base either covers. */
static void
add_conflict(RegionList *list, const DiffEdit *a, const DiffEdit *b)
{
	int32		start = Min(a->old_start, b->old_start);
	int32		end = Max(a->old_start + a->old_count,
						  b->old_start + b->old_count);
	Region		r;

	r.kind = REGION_CONFLICT;
	r.base_start = start;
	r.base_count = end - start;
	r.ours_start = a->new_start - (a->old_start - start);
	r.ours_count = a->new_start + a->new_count +
		(end - a->old_start - a->old_count) - r.ours_start;
	r.theirs_start = b->new_start - (b->old_start - start);
	r.theirs_count = b->new_start + b->new_count +
		(end - b->old_start - b->old_count) - r.theirs_start;
	add_region(list, &r);
}

/*
 * Step 2: makes regions of the two scripts.
 */
static void
combine(Merge *m, const DiffScript *ours, const DiffScript *theirs)
{
	int32		i = 0;
	int32		j = 0;

	while (i < ours->nedits || j < theirs->nedits)
	{
		const DiffEdit *a = i < ours->nedits ? &ours->edits[i] : NULL;
		const DiffEdit *b = j < theirs->nedits ? &theirs->edits[j] : NULL;
		int32		a_end = a != NULL ? a->old_start + a->old_count : 0;
		int32		b_end = b != NULL ? b->old_start + b->old_count : 0;

		DG_CHECK_CANCEL();
		if (b == NULL || (a != NULL && a_end < b->old_start))
		{
			add_one_sided(&m->list, REGION_OURS, a, b != NULL ?
						  b->new_start - b->old_start :
						  m->theirs.nlines - m->base.nlines);
			i++;
			continue;
		}
		if (a == NULL || b_end < a->old_start)
		{
			add_one_sided(&m->list, REGION_THEIRS, b, a != NULL ?
						  a->new_start - a->old_start :
						  m->ours.nlines - m->base.nlines);
			j++;
			continue;
		}
		if (!same_change(m, a, b))
			add_conflict(&m->list, a, b);
		i += (b_end >= a_end);
		j += (a_end >= b_end);
	}
}

/*
 * Step 3: splits conflicts at what both sides have in common.
 */
static void
refine_conflicts(Merge *m)
{
	RegionList	refined = {NULL, 0, 0};
	int32		n;
	int32		i;

	for (n = 0; n < m->list.count; n++)
	{
		Region		r = m->list.regions[n];
		DiffScript	script;

		if (r.kind != REGION_CONFLICT ||
			r.ours_count == 0 || r.theirs_count == 0)
		{
			push_region(&refined, &r);
			continue;
		}
		compare(m, &m->ours, r.ours_start, r.ours_count,
				&m->theirs, r.theirs_start, r.theirs_count, &script);
		for (i = 0; i < script.nedits; i++)
		{
			Region		part = r;

			part.ours_start = r.ours_start + script.edits[i].old_start;
			part.ours_count = script.edits[i].old_count;
			part.theirs_start = r.theirs_start + script.edits[i].new_start;
			part.theirs_count = script.edits[i].new_count;
			push_region(&refined, &part);
		}
		dg_script_free(&script);
	}
	dg_free(m->list.regions);
	m->list = refined;
}

/* Whether lines of ours have a letter or a digit. */
static bool
has_alnum(const Document *doc, int32 start, int32 end)
{
	const char *p = doc->text + doc->starts[start];
	const char *stop = doc->text + doc->starts[end];

	for (; p < stop; p++)
	{
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			(*p >= '0' && *p <= '9'))
			return true;
	}
	return false;
}

/*
 * Step 3: joins conflicts that have little between them.
 */
static void
join_conflicts(Merge *m)
{
	Region	   *regions = m->list.regions;
	int32		kept = 0;
	int32		n;

	for (n = 1; n < m->list.count; n++)
	{
		Region	   *last = &regions[kept];
		const Region *r = &regions[n];
		int32		start = last->ours_start + last->ours_count;

		DG_CHECK_CANCEL();
		if (last->kind == REGION_CONFLICT && r->kind == REGION_CONFLICT &&
			(r->ours_start - start <= FEW_LINES ||
			 !has_alnum(&m->ours, start, r->ours_start)))
		{
			last->ours_count = r->ours_start + r->ours_count -
				last->ours_start;
			last->theirs_count = r->theirs_start + r->theirs_count -
				last->theirs_start;
		}
		else
			regions[++kept] = *r;
	}
	m->list.count = Min(m->list.count, kept + 1);
}

/*
 * Step 3 for "zdiff3": takes what both sides of a conflict start and end with
 * out of it.
 */
static void
trim_conflicts(Merge *m)
{
	const uint32 *ours = m->ours.ids;
	const uint32 *theirs = m->theirs.ids;
	int32		n;

	for (n = 0; n < m->list.count; n++)
	{
		Region	   *r = &m->list.regions[n];

		if (r->kind != REGION_CONFLICT)
			continue;
		while (r->ours_count > 0 && r->theirs_count > 0 &&
			   ours[r->ours_start] == theirs[r->theirs_start])
		{
			r->ours_start++;
			r->theirs_start++;
			r->ours_count--;
			r->theirs_count--;
		}
		while (r->ours_count > 0 && r->theirs_count > 0 &&
			   ours[r->ours_start + r->ours_count - 1] ==
			   theirs[r->theirs_start + r->theirs_count - 1])
		{
			r->ours_count--;
			r->theirs_count--;
		}
	}
}

/* ---- output ---- */

typedef enum LineEnding
{
	ENDING_UNKNOWN,
	ENDING_LF,
	ENDING_CRLF
} LineEnding;

/*
 * How a line ends; the last one, if it does not, as the one before it.
 */
static LineEnding
line_ending(const Document *doc, int32 line)
{
	uint32		start;
	uint32		end;

	if (doc->nlines == 0)
		return ENDING_UNKNOWN;
	if (doc->text[doc->starts[line + 1] - 1] != '\n')
	{
		if (line == 0)
			return ENDING_UNKNOWN;
		line--;
	}
	start = doc->starts[line];
	end = doc->starts[line + 1];
	return end - start > 1 && doc->text[end - 2] == '\r' ?
		ENDING_CRLF : ENDING_LF;
}

/*
 * The newline for the markers of a conflict: the one that all three documents
 * have around it.
 */
static const char *
marker_newline(const Merge *m, const Region *r)
{
	LineEnding	ending;

	ending = line_ending(&m->ours, Max(r->ours_start - 1, 0));
	if (ending != ENDING_LF)
		ending = line_ending(&m->theirs, Max(r->theirs_start - 1, 0));
	if (ending != ENDING_LF)
		ending = line_ending(&m->base, 0);
	return ending == ENDING_CRLF ? "\r\n" : "\n";
}

/*
 * Appends lines of a document, and a newline if the last one has none and
 * there is one given.
 */
static void
put_lines(StringInfo out, const Document *doc, int32 start, int32 count,
		  const char *newline)
{
	uint32		from = doc->starts[start];
	uint32		to = doc->starts[start + count];

	dg_append(out, doc->text + from, to - from);
	if (newline != NULL && count > 0 && doc->text[to - 1] != '\n')
		dg_append_string(out, newline);
}

static void
put_marker(StringInfo out, char mark, const char *name, const char *newline)
{
	char	   *p = dg_reserve(out, MARKER_SIZE);

	memset(p, mark, MARKER_SIZE);
	out->len += MARKER_SIZE;
	if (name != NULL)
	{
		dg_append_char(out, ' ');
		dg_append_string(out, name);
	}
	dg_append_string(out, newline);
}

static void
put_conflict(const Merge *m, const Region *r, bool with_base, StringInfo out)
{
	const char *newline = marker_newline(m, r);

	put_marker(out, '<', OURS_NAME, newline);
	put_lines(out, &m->ours, r->ours_start, r->ours_count, newline);
	if (with_base)
	{
		put_marker(out, '|', BASE_NAME, newline);
		put_lines(out, &m->base, r->base_start, r->base_count, newline);
	}
	put_marker(out, '=', NULL, newline);
	put_lines(out, &m->theirs, r->theirs_start, r->theirs_count, newline);
	put_marker(out, '>', THEIRS_NAME, newline);
}

/*
 * Step 4.  Returns the number of conflicts.
 */
static int32
put_merge(const Merge *m, MergeStyle style, MergePreference prefer,
		  StringInfo out)
{
	int32		conflicts = 0;
	int32		at = 0;			/* line of ours */
	int32		n;

	for (n = 0; n < m->list.count; n++)
	{
		const Region *r = &m->list.regions[n];
		RegionKind	kind = r->kind;

		DG_CHECK_CANCEL();
		if (kind == REGION_CONFLICT && prefer == PREFER_OURS)
			kind = REGION_OURS;
		if (kind == REGION_CONFLICT && prefer == PREFER_THEIRS)
			kind = REGION_THEIRS;

		put_lines(out, &m->ours, at, r->ours_start - at, NULL);
		if (kind == REGION_OURS)
			put_lines(out, &m->ours, r->ours_start, r->ours_count, NULL);
		else if (kind == REGION_THEIRS)
			put_lines(out, &m->theirs, r->theirs_start, r->theirs_count, NULL);
		else
		{
			put_conflict(m, r, style != MERGE_STYLE_MERGE, out);
			conflicts++;
		}
		at = r->ours_start + r->ours_count;
	}
	put_lines(out, &m->ours, at, m->ours.nlines - at, NULL);
	return conflicts;
}

/*
 * dg_merge
 *		Append what base becomes by the changes to ours and to theirs.
 *
 * Returns the number of conflicts, which are shown with git's markers, or
 * decided by prefer; then it is 0.  Scratch memory is freed before return.
 */
int32
dg_merge(const MergeText *base, const MergeText *ours,
		 const MergeText *theirs, MergeStyle style, MergePreference prefer,
		 StringInfo out)
{
	DiffScript	our_script;
	DiffScript	their_script;
	Merge		m;
	int32		conflicts;

	memset(&m, 0, sizeof(Merge));
	split_document(&m.base, base);
	split_document(&m.ours, ours);
	split_document(&m.theirs, theirs);
	dg_classic_init(&m.search, number_documents(&m));

	compare(&m, &m.base, 0, m.base.nlines, &m.ours, 0, m.ours.nlines,
			&our_script);
	compare(&m, &m.base, 0, m.base.nlines, &m.theirs, 0, m.theirs.nlines,
			&their_script);
	combine(&m, &our_script, &their_script);
	dg_script_free(&our_script);
	dg_script_free(&their_script);
	if (style == MERGE_STYLE_MERGE)
	{
		refine_conflicts(&m);
		join_conflicts(&m);
	}
	else if (style == MERGE_STYLE_ZDIFF3)
		trim_conflicts(&m);
	conflicts = put_merge(&m, style, prefer, out);

	dg_free(m.list.regions);
	dg_classic_free(&m.search);
	free_document(&m.base);
	free_document(&m.ours);
	free_document(&m.theirs);
	return conflicts;
}
