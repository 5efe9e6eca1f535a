/*-------------------------------------------------------------------------
 *
 * html.c
 *	  Shows a unified diff on a web page.
 *
 * The result needs nothing else: it brings its style, has no script and loads
 * nothing.  A file is a table with headings, a hunk a group of rows.  What was
 * removed and added is told by marks, by the elements del and ins, by words
 * for a screen reader, and by colour, for light and dark screens and on paper.
 * Long stretches of context are folded; a check box in front of them opens
 * them, and where a browser does not know the selector that does it, they are
 * just shown.
 *
 * No byte of the diff is taken for anything but text: the characters that
 * mean something in HTML are escaped, and controls and invisible characters,
 * those that turn the direction of writing among them, are shown by name.
 *
 * Linear in the diff, but for the search for words.
 *
 *-------------------------------------------------------------------------
 */
#include "core/html.h"

#include "core/bytes.h"
#include "core/diff_view.h"
#include "core/html_style.h"

/* Context lines left around changes, and how many more are worth folding. */
#define FOLD_KEEP	3
#define FOLD_LEAST	6

typedef struct Page
{
	StringInfo	out;
	const HtmlOptions *options;
	int			columns;		/* of the table */
	bool		in_table;
	bool		in_body;		/* in a group of rows */
	bool		in_notes;		/* in text around the diff */
	bool		seen_table;
} Page;

/*
 * Append text that is seen as it is and does nothing.  With markup, the names
 * of hidden characters stand out.
 */
static void
append_escaped(StringInfo out, const TextEncoding *encoding, const char *p,
			   Size len, bool markup)
{
	const char *end = p + len;
	char		name[HIDDEN_NAME_SIZE];
	int			n;

	while (p < end)
	{
		const char *plain = p;
		uint32		c;

		while (p < end && ((*p >= ' ' && *p < 0x7f) || *p == '\t') &&
			   *p != '&' && *p != '<' && *p != '>' && *p != '"' && *p != '\'')
			p++;
		if (p > plain)
			dg_append(out, plain, p - plain);
		if (p == end)
			break;
		c = dg_decode_char(encoding, p, end, &n);
		if (c == '&')
			dg_append_string(out, "&amp;");
		else if (c == '<')
			dg_append_string(out, "&lt;");
		else if (c == '>')
			dg_append_string(out, "&gt;");
		else if (c == '"')
			dg_append_string(out, "&quot;");
		else if (c == '\'')
			dg_append_string(out, "&#39;");
		else if (dg_is_hidden_char(c) || c == '\n')
		{
			dg_hidden_name(c, name);
			dg_append_string(out, markup ? "<span class=\"dg-x\">" : "");
			dg_append_string(out, name);
			dg_append_string(out, markup ? "</span>" : "");
		}
		else
			dg_append(out, p, n);
		p += n;
	}
}

/*
 * dg_html_text
 *		Append text so that it is seen as it is, and does nothing.
 */
void
dg_html_text(StringInfo out, const TextEncoding *encoding, const char *p,
			 Size len)
{
	append_escaped(out, encoding, p, len, true);
}

/*
 * dg_html_plain
 *		The same for where no elements can be: in titles and attributes.
 */
void
dg_html_plain(StringInfo out, const TextEncoding *encoding, const char *p,
			  Size len)
{
	append_escaped(out, encoding, p, len, false);
}

/*
 * dg_html_style
 *		Append the style sheet that diffs need, for a page of several.
 */
void
dg_html_style(StringInfo out)
{
	dg_append_string(out, html_style);
}

static void
put(Page *page, const char *s)
{
	dg_append_string(page->out, s);
}

static void
put_text(Page *page, const char *p, Size len)
{
	dg_html_text(page->out, &page->options->words.encoding, p, len);
}

static void
put_number(Page *page, int32 number)
{
	dg_append_int(page->out, number);
}

/* Ends what is open of notes, rows and the table. */
static void
end_notes(Page *page)
{
	if (page->in_notes)
		put(page, "</pre>\n");
	page->in_notes = false;
}

static void
end_body(Page *page)
{
	if (page->in_body)
		put(page, "</tbody>\n");
	page->in_body = false;
}

static void
end_table(Page *page)
{
	end_body(page);
	if (page->in_table)
		put(page, "</table>\n");
	page->in_table = false;
}

/* Starts a table; names is a bookmark at its old name, or NULL. */
static void
begin_table(Page *page, const UnifiedReader *names)
{
	UnifiedReader r;

	end_notes(page);
	end_table(page);
	put(page, "<table>\n<caption>");
	if (names != NULL)
	{
		r = *names;
		put_text(page, r.line, r.len);
		dg_unified_read(&r);
		put(page, " &#8594; ");
		put_text(page, r.line, r.len);
	}
	else
		put(page, "Changes");
	put(page, "</caption>\n<thead><tr>");
	if (page->options->side_by_side)
		put(page, "<th scope=\"col\" class=\"dg-n\">Line</th>"
			"<th scope=\"col\" class=\"dg-s\"><span class=\"dg-h\">Change</span></th>"
			"<th scope=\"col\">Before</th>"
			"<th scope=\"col\" class=\"dg-n\">Line</th>"
			"<th scope=\"col\" class=\"dg-s\"><span class=\"dg-h\">Change</span></th>"
			"<th scope=\"col\">After</th>");
	else
		put(page, "<th scope=\"col\" class=\"dg-n\">Before</th>"
			"<th scope=\"col\" class=\"dg-n\">After</th>"
			"<th scope=\"col\" class=\"dg-s\"><span class=\"dg-h\">Change</span></th>"
			"<th scope=\"col\">Text</th>");
	put(page, "</tr></thead>\n");
	page->in_table = true;
	page->seen_table = true;
}

/* Appends a line of text around the diff. */
static void
put_note(Page *page, const UnifiedReader *r)
{
	end_table(page);
	if (!page->in_notes)
		put(page, "<pre>");
	page->in_notes = true;
	put_text(page, r->raw, r->raw_len - (r->raw[r->raw_len - 1] == '\n'));
	put(page, "\n");
}

static void
begin_body(Page *page, const char *class)
{
	end_body(page);
	put(page, "<tbody");
	if (class != NULL)
	{
		put(page, " class=\"");
		put(page, class);
		put(page, "\"");
	}
	put(page, ">\n");
	page->in_body = true;
}

/* Appends the row that starts a hunk. */
static void
put_hunk(Page *page, const UnifiedReader *r)
{
	if (!page->in_table)
		begin_table(page, NULL);
	begin_body(page, NULL);
	put(page, "<tr class=\"dg-hunk\"><th scope=\"rowgroup\" colspan=\"");
	put_number(page, page->columns);
	put(page, "\">");
	put_text(page, r->raw, r->line + r->len - r->raw);
	put(page, "</th></tr>\n");
}

/* Appends the text of a line, with its changed words marked. */
static void
put_pieces(Page *page, const ViewChange *change, const ViewLine *line,
		   bool is_old)
{
	ViewCursor	cursor;
	ViewPiece	piece;

	dg_view_open(&cursor, change, line, is_old);
	while (dg_view_next(&cursor, &piece))
	{
		if (piece.changed)
			put(page, "<mark>");
		put_text(page, piece.text, piece.len);
		if (piece.changed)
			put(page, "</mark>");
	}
}

/*
 * Appends the cells of a mark and a line, or empty ones if line is NULL.
 */
static void
put_line(Page *page, const ViewChange *change, const ViewLine *line, char mark)
{
	if (line == NULL)
	{
		put(page, "<td></td><td></td>");
		return;
	}
	if (mark == '-')
		put(page, "<td class=\"dg-s dg-del\">-<span class=\"dg-h\">removed</span></td>"
			"<td class=\"dg-t dg-del\"><del>");
	else if (mark == '+')
		put(page, "<td class=\"dg-s dg-ins\">+<span class=\"dg-h\">added</span></td>"
			"<td class=\"dg-t dg-ins\"><ins>");
	else
		put(page, "<td class=\"dg-s\"></td><td class=\"dg-t\">");
	put_pieces(page, change, line, mark == '-');
	if (mark == '-')
		put(page, "</del>");
	else if (mark == '+')
		put(page, "</ins>");
	if (line->no_newline)
		put(page, "<span class=\"dg-e\"> No newline at end of file</span>");
	put(page, "</td>");
}

/* Appends the cell of a line number, which is empty for 0. */
static void
put_line_number(Page *page, int32 number)
{
	put(page, "<td class=\"dg-n\">");
	if (number > 0)
		put_number(page, number);
	put(page, "</td>");
}

/* Appends a row of one side, below the others. */
static void
put_row(Page *page, const ViewChange *change, const ViewLine *line, char mark,
		int32 old_line, int32 new_line)
{
	put(page, "<tr>");
	put_line_number(page, old_line);
	put_line_number(page, new_line);
	put_line(page, change, line, mark);
	put(page, "</tr>\n");
}

/* Appends a row of both sides; either may be NULL. */
static void
put_row_pair(Page *page, const ViewChange *change, const ViewLine *left,
			 const ViewLine *right, char left_mark, char right_mark)
{
	put(page, "<tr>");
	put_line_number(page, left != NULL ? left->number : 0);
	put_line(page, change, left, left_mark);
	put_line_number(page, right != NULL ? right->number : 0);
	put_line(page, change, right, right_mark);
	put(page, "</tr>\n");
}

/* Appends the rows of a change. */
static void
put_change(Page *page, const ViewChange *change)
{
	const ViewSide *removed = &change->removed;
	const ViewSide *added = &change->added;
	const ViewLine *left;
	const ViewLine *right;
	ViewRows	rows;
	int32		i;

	if (page->options->side_by_side)
	{
		dg_view_open_rows(&rows, change);
		while (dg_view_next_row(&rows, &left, &right))
			put_row_pair(page, change, left, right, '-', '+');
		return;
	}
	for (i = 0; i < removed->nlines; i++)
		put_row(page, change, &removed->lines[i], '-',
				removed->lines[i].number, 0);
	for (i = 0; i < added->nlines; i++)
		put_row(page, change, &added->lines[i], '+',
				0, added->lines[i].number);
}

/* Appends the row of a context line, which r has just read. */
static void
put_context(Page *page, const UnifiedReader *r)
{
	ViewLine	left;
	ViewLine	right;

	dg_view_context(r, true, &left);
	dg_view_context(r, false, &right);
	if (page->options->side_by_side)
		put_row_pair(page, NULL, &left, &right, ' ', ' ');
	else
		put_row(page, NULL, &left, ' ', left.number, right.number);
}

/* Appends the row that opens folded lines, and starts their group. */
static void
begin_fold(Page *page, int32 nlines)
{
	begin_body(page, "dg-fold");
	put(page, "<tr><td colspan=\"");
	put_number(page, page->columns);
	put(page, "\"><label><input type=\"checkbox\"> Show ");
	put_number(page, nlines);
	put(page, " unchanged lines</label></td></tr>\n");
	begin_body(page, "dg-more");
}

/*
 * Appends the context lines that follow each other, of which r has read the
 * first, and leaves r at the first item after them.
 */
static void
put_context_run(Page *page, UnifiedReader *r, bool starts_hunk)
{
	UnifiedReader ahead = *r;
	int32		nlines = 0;
	int32		head = starts_hunk ? 0 : FOLD_KEEP;
	int32		tail;
	int32		i;

	while (ahead.kind == UNIFIED_LINE && ahead.op == ' ')
	{
		nlines++;
		dg_unified_read(&ahead);
	}
	tail = ahead.kind == UNIFIED_LINE ? FOLD_KEEP : 0;
	if (nlines - head - tail < FOLD_LEAST)
		head = nlines;

	for (i = 0; i < nlines; i++)
	{
		if (i == head)
			begin_fold(page, nlines - head - tail);
		else if (i > head && i == nlines - tail)
			begin_body(page, NULL);
		put_context(page, r);
		dg_unified_read(r);
	}
}

/* Appends one item, and reads on. */
static void
put_item(Page *page, ViewChange *change, UnifiedReader *r)
{
	bool		starts_hunk;

	switch (r->kind)
	{
		case UNIFIED_OLD_NAME:
			begin_table(page, r);
			dg_unified_read(r);
			break;
		case UNIFIED_HUNK:
			put_hunk(page, r);
			dg_unified_read(r);
			starts_hunk = true;
			while (r->kind == UNIFIED_LINE)
			{
				if (r->op == ' ')
					put_context_run(page, r, starts_hunk);
				else
				{
					dg_view_read(change, r);
					put_change(page, change);
				}
				starts_hunk = false;
			}
			return;
		case UNIFIED_FILE:
		case UNIFIED_NOTE:
			put_note(page, r);
			break;
		case UNIFIED_NEW_NAME:
		case UNIFIED_LINE:
		case UNIFIED_END:
		case UNIFIED_ERROR:
			break;
	}
	dg_unified_read(r);
}

static void
put_title(Page *page, const UnifiedReader *r)
{
	dg_html_plain(page->out, &page->options->words.encoding, r->line, r->len);
}

/* Starts a page, whose title are the names of the first file. */
static void
begin_page(Page *page, const char *diff, Size len)
{
	UnifiedReader r;

	put(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		"<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" "
		"content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	dg_unified_open(&r, diff, len);
	while (dg_unified_read(&r) == UNIFIED_NOTE || r.kind == UNIFIED_FILE)
		;
	if (r.kind == UNIFIED_OLD_NAME)
	{
		put_title(page, &r);
		dg_unified_read(&r);
		put(page, " to ");
		put_title(page, &r);
	}
	else
		put(page, "Changes");
	put(page, "</title>\n</head>\n<body>\n");
}

/*
 * dg_html
 *		Append a diff of len bytes to out as HTML.
 *
 * Returns false if the diff cannot be read; reader then says why.  Scratch
 * memory is freed before return.
 */
bool
dg_html(const char *diff, Size len, const HtmlOptions *options,
		StringInfo out, UnifiedReader *reader)
{
	ViewChange	change;
	Page		page;

	memset(&page, 0, sizeof(Page));
	page.out = out;
	page.options = options;
	page.columns = options->side_by_side ? 6 : 4;
	dg_view_init(&change, &options->words);

	if (options->page)
		begin_page(&page, diff, len);
	if (!options->bare)
		dg_html_style(out);
	put(&page, "<div class=\"diffgen\">\n");
	dg_unified_open(reader, diff, len);
	dg_unified_read(reader);
	while (reader->kind != UNIFIED_END && reader->kind != UNIFIED_ERROR)
		put_item(&page, &change, reader);
	end_notes(&page);
	end_table(&page);
	if (!page.seen_table)
		put(&page, "<p>No differences.</p>\n");
	put(&page, "</div>\n");
	if (options->page)
		put(&page, "</body>\n</html>\n");
	dg_view_free(&change);
	return reader->kind == UNIFIED_END;
}
