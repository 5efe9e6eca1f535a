/*-------------------------------------------------------------------------
 *
 * timeline_page.c
 *	  Writes a web page of changes in the order of time.
 *
 * The page needs nothing else: it brings its style and loads nothing.  Above
 * the entries is a chart, one bar for each stretch of time, which links to
 * its first entry.  Entries are grouped by day; each is a line, and unfolds
 * by itself, without a script, to what else is known of it and to its diff.
 * A short script adds a search box.  The content security policy names the
 * script's hash, so that no other one runs, wherever it would come from.
 *
 * As in html.c, no byte that comes from outside is taken for anything but
 * text.
 *
 * Entries are written as they come; what is above them, only when they have
 * all been seen, and then moved in front.  So time is linear in the page, and
 * memory is the page.
 *
 *-------------------------------------------------------------------------
 */
#include "core/timeline_page.h"

#include "core/bytes.h"
#include "core/timeline_style.h"

/* In the line of an entry: paths, and what they are cut to. */
#define PATHS_SHOWN		3
#define PATH_BYTES		40
#define ELEMENT_FILTER	"[*]?("

/* The sizes of a picture, in pixels. */
#define CHART_HEIGHT	80
#define SIZE_PIXELS		50

/* Labels below the chart, and colours of people. */
#define TICKS			8
#define PERSON_COLOURS	8

static void
put(TimelinePage *page, const char *s)
{
	dg_append_string(page->out, s);
}

static void
put_text(TimelinePage *page, const char *s)
{
	dg_html_text(page->out, &page->html.words.encoding, s, strlen(s));
}

static void
put_plain(TimelinePage *page, const char *s)
{
	dg_html_plain(page->out, &page->html.words.encoding, s, strlen(s));
}

/* Appends an element with some text; end is its end tag. */
static void
put_element(TimelinePage *page, const char *start, const char *text,
			const char *end)
{
	put(page, start);
	put_text(page, text);
	put(page, end);
}

/* Appends a number with commas between groups of digits. */
static void
put_count(TimelinePage *page, int64 count)
{
	char		digits[32];
	char		grouped[48];
	int			len;
	int			n = 0;

	snprintf(digits, sizeof(digits), "%lld", (long long) count);
	len = strlen(digits);
	for (int i = 0; i < len; i++)
	{
		if (i > 0 && (len - i) % 3 == 0)
			grouped[n++] = ',';
		grouped[n++] = digits[i];
	}
	grouped[n] = '\0';
	put(page, grouped);
}

static void
put_integer(TimelinePage *page, int number)
{
	dg_append_int(page->out, number);
}

/* Appends number/1000 of something, as a percentage or a length. */
static void
put_thousandths(TimelinePage *page, int64 number)
{
	char		digits[32];

	snprintf(digits, sizeof(digits), "%lld.%03d", (long long) (number / 1000),
			 (int) (number % 1000));
	put(page, digits);
}

/* Appends "1 change" or "2 changes". */
static void
put_counted(TimelinePage *page, int64 count, const char *noun)
{
	put_count(page, count);
	put(page, " ");
	put(page, noun);
	if (count != 1)
		put(page, "s");
}

/* Appends the dot that has the colour of a person. */
static void
put_dot(TimelinePage *page, int number)
{
	put(page, "<i class=\"tl-dot tl-p");
	put_integer(page, number % PERSON_COLOURS);
	put(page, "\"></i>");
}

/*
 * dg_timeline_begin
 *		Start a page at the end of out.
 *
 * Of html, what says how diffs are shown is taken over.  Memory for scratch
 * comes from the current context, until dg_timeline_end.
 */
void
dg_timeline_begin(TimelinePage *page, StringInfo out, const HtmlOptions *html)
{
	page->out = out;
	page->html = *html;
	page->html.page = false;
	page->html.bare = true;
	page->start = out->len;
	page->in_day = false;
	initStringInfo(&page->scratch);
}

static void
end_day(TimelinePage *page)
{
	if (page->in_day)
		put(page, "</ol>\n</section>\n");
	page->in_day = false;
}

/*
 * dg_timeline_day
 *		Start a group of entries.
 */
void
dg_timeline_day(TimelinePage *page, const char *day)
{
	end_day(page);
	put_element(page, "<section>\n<h2>", day, "</h2>\n<ol>\n");
	page->in_day = true;
}

/*
 * Reads the filter of an element, which p is at, and appends the values that
 * it compares with.  Returns its end.
 */
static const char *
append_identity(StringInfo out, const char *p)
{
	bool		in_value = false;

	dg_append_char(out, '[');
	for (p += strlen(ELEMENT_FILTER); *p != '\0' && *p != ')'; p++)
	{
		if (*p == '"')
		{
			for (p++; *p != '\0' && *p != '"'; p++)
			{
				if (in_value)
					dg_append_char(out, *p);
				if (*p == '\\' && p[1] != '\0' && in_value)
					dg_append_char(out, *++p);
				else if (*p == '\\' && p[1] != '\0')
					p++;
			}
			if (*p == '\0')
				break;
		}
		else if (*p == '&' && in_value)
		{
			dg_append_string(out, ", ");
			in_value = false;
		}
		else if (in_value && *p != ' ')
			dg_append_char(out, *p);
		else if (*p == '=')
			in_value = p[1] != '=';
	}
	dg_append_char(out, ']');
	return *p == ')' ? p + 1 : p;
}

/* Where the steps begin that a path's end has, if it is a long one. */
static const char *
path_end(const StringInfo path)
{
	const char *p = path->data;
	const char *end = p + path->len;
	const char *last = p;
	int			depth = 0;

	for (; p < end && end - last > PATH_BYTES; p++)
	{
		if (*p == '[')
			depth++;
		else if (*p == ']')
			depth--;
		else if (*p == '.' && depth == 0)
			last = p + 1;
	}
	return last;
}

/*
 * Appends a path in short: elements that are known by their members have
 * these in brackets, and of a long path there is only the end.
 */
static void
put_path(TimelinePage *page, const char *path)
{
	StringInfo	name = &page->scratch;
	const char *p = path;

	if (p[0] == '$' && p[1] == '.')
		p += 2;
	resetStringInfo(name);
	while (*p != '\0')
	{
		if (strncmp(p, ELEMENT_FILTER, strlen(ELEMENT_FILTER)) == 0)
			p = append_identity(name, p);
		else
			dg_append_char(name, *p++);
	}
	p = path_end(name);
	if (p > name->data)
		put(page, "&#8230;");
	put_text(page, p);
}

static void
put_paths(TimelinePage *page, const TimelineEntry *entry)
{
	/* One more costs no more room than to say that there is one more. */
	int			shown = entry->npaths <= PATHS_SHOWN + 1 ? entry->npaths :
		PATHS_SHOWN;

	for (int i = 0; i < shown; i++)
	{
		put(page, "<code>");
		put_path(page, entry->paths[i]);
		put(page, "</code>");
	}
	if (shown < entry->npaths)
	{
		put(page, "<span class=\"tl-mute\">and ");
		put_count(page, entry->npaths - shown);
		put(page, " more</span>");
	}
}

/*
 * Appends lines added and removed, as numbers and as a bar whose length is
 * their logarithm.
 */
static void
put_size(TimelinePage *page, const TimelineEntry *entry)
{
	int64		lines = (int64) entry->added + entry->removed;
	int			width = 0;
	int			added;

	put(page, "<span class=\"tl-num\">");
	if (entry->has_lines)
	{
		put(page, "<ins>+");
		put_count(page, entry->added);
		put(page, "</ins> <del>&#8722;");
		put_count(page, entry->removed);
		put(page, "</del>");
	}
	put(page, "</span>");
	if (!entry->has_lines || entry->added < 0 || entry->removed < 0 ||
		lines == 0)
	{
		put(page, "<span class=\"tl-size\"></span>");
		return;
	}

	for (int64 n = lines; n > 0 && width < SIZE_PIXELS; n /= 2)
		width += 5;
	added = (int) (width * (int64) entry->added / lines);
	if (entry->added > 0 && added == 0)
		added = 1;
	if (entry->removed > 0 && added == width)
		added--;
	put(page, "<svg class=\"tl-size\" aria-hidden=\"true\">");
	if (added > 0)
	{
		put(page, "<rect class=\"tl-b1\" height=\"8\" width=\"");
		put_integer(page, added);
		put(page, "\"/>");
	}
	if (added < width)
	{
		put(page, "<rect class=\"tl-b2\" height=\"8\" x=\"");
		put_integer(page, added);
		put(page, "\" width=\"");
		put_integer(page, width - added);
		put(page, "\"/>");
	}
	put(page, "</svg>");
}

/* Appends the line of an entry. */
static void
put_summary(TimelinePage *page, const TimelineEntry *entry)
{
	put(page, "<summary><time");
	if (entry->datetime != NULL)
	{
		put(page, " datetime=\"");
		put_plain(page, entry->datetime);
		put(page, "\"");
	}
	put_element(page, ">", entry->clock, "</time>");
	put_element(page, "<span class=\"tl-op\">", entry->operation, "</span>");
	put(page, "<span class=\"tl-what\">");
	if (entry->key != NULL)
		put_element(page, "<b>", entry->key, "</b>");
	if (entry->document != NULL)
		put_element(page, "<span class=\"tl-mute\">", entry->document,
					"</span>");
	if (entry->words != NULL)
		put_element(page, "<span class=\"tl-mute\">", entry->words, "</span>");
	put_paths(page, entry);
	put(page, "</span><span class=\"tl-who\">");
	if (entry->person != NULL)
	{
		put_dot(page, entry->person_number);
		put_text(page, entry->person);
	}
	if (entry->role != NULL)
		put_element(page, " <small>as ", entry->role, "</small>");
	put(page, "</span>");
	put_size(page, entry);
	put(page, "</summary>\n");
}

/* Appends all that is known of an entry, as names and values. */
static void
put_facts(TimelinePage *page, const TimelineEntry *entry)
{
	put(page, "<dl><div><dt>change</dt><dd><a href=\"#c");
	put(page, entry->id);
	put_element(page, "\">", entry->id, "</a></dd></div>");
	put_element(page, "<div><dt>time</dt><dd>", entry->exact_time,
				"</dd></div>");
	for (int i = 0; i < entry->nfacts; i++)
	{
		put_element(page, "<div><dt>", entry->facts[i].name, "</dt>");
		put_element(page, "<dd>", entry->facts[i].value, "</dd></div>");
	}
	if (entry->npaths > 0)
	{
		put(page, "<div class=\"tl-paths\"><dt>paths</dt><dd>");
		for (int i = 0; i < entry->npaths; i++)
			put_element(page, "<code>", entry->paths[i], "</code>");
		put(page, "</dd></div>");
	}
	put(page, "</dl>\n");
}

/*
 * Appends the diff of an entry; what cannot be read as one, as it is.
 */
static void
put_diff(TimelinePage *page, const TimelineEntry *entry)
{
	UnifiedReader reader;
	int			before = page->out->len;

	if (entry->diff != NULL &&
		!dg_html(entry->diff, entry->diff_len, &page->html, page->out,
				 &reader))
	{
		page->out->len = before;
		put(page, "<pre>");
		for (const char *p = entry->diff, *end = p + entry->diff_len; p < end;)
		{
			const char *eol = memchr(p, '\n', end - p);

			if (eol == NULL)
				eol = end;
			dg_html_text(page->out, &page->html.words.encoding, p, eol - p);
			put(page, "\n");
			p = eol + 1;
		}
		put(page, "</pre>\n");
	}
	if (entry->no_diff != NULL)
		put_element(page, "<p>", entry->no_diff, "</p>\n");
}

/*
 * dg_timeline_entry
 *		Append an entry.
 */
void
dg_timeline_entry(TimelinePage *page, const TimelineEntry *entry)
{
	put(page, "<li id=\"c");
	put_plain(page, entry->id);
	put(page, "\"><details class=\"tl-k");
	put_integer(page, entry->kind);
	put(page, "\">");
	put_summary(page, entry);
	put(page, "<div class=\"tl-body\">\n");
	put_facts(page, entry);
	put_diff(page, entry);
	for (int i = 0; i < entry->nstatements; i++)
		put_element(page, "<pre class=\"tl-sql\">", entry->statements[i],
					"</pre>\n");
	put(page, "</div></details></li>\n");
}

static int64
bar_total(const TimelineBar *bar)
{
	int64		total = 0;

	for (int i = 0; i < TIMELINE_COUNTED; i++)
		total += bar->counts[i];
	return total;
}

/* The least of 1, 2, 4, 6, 10, 20, ... that is not less: even but for 1. */
static int64
round_up(int64 count)
{
	static const int steps[] = {2, 4, 6, 10};
	int64		scale = 1;

	if (count <= 1)
		return 1;
	for (;; scale *= 10)
	{
		for (int i = 0; i < (int) lengthof(steps); i++)
		{
			if (count <= steps[i] * scale)
				return steps[i] * scale;
		}
	}
}

static const char *const kind_names[TIMELINE_COUNTED] = {"changed", "added",
"removed"};

/* Appends "12 changes (10 changed, 2 added)". */
static void
put_bar_title(TimelinePage *page, const TimelineBar *bar)
{
	bool		more = false;

	put(page, "<title>");
	put_plain(page, bar->label);
	put(page, ": ");
	put_counted(page, bar_total(bar), "change");
	for (int i = 0; i < TIMELINE_COUNTED; i++)
	{
		if (bar->counts[i] == 0)
			continue;
		put(page, more ? ", " : " (");
		put_count(page, bar->counts[i]);
		put(page, " ");
		put(page, kind_names[i]);
		more = true;
	}
	put(page, ")</title>");
}

/* Appends bar number i of n, whose parts stand on each other. */
static void
put_bar(TimelinePage *page, const TimelineBar *bar, int i, int n, int64 most)
{
	int64		below = 0;
	int64		slot = 100000 / n;

	put(page, bar->id != NULL ? "<a class=\"tl-bar\" href=\"#c" :
		"<g class=\"tl-bar\">");
	if (bar->id != NULL)
	{
		put(page, bar->id);
		put(page, "\">");
	}
	put_bar_title(page, bar);
	put(page, "<rect class=\"tl-hit\" height=\"80\" y=\"0\" x=\"");
	put_thousandths(page, 100000 * (int64) i / n);
	put(page, "%\" width=\"");
	put_thousandths(page, slot);
	put(page, "%\"/>");
	for (int kind = 0; kind < TIMELINE_COUNTED; kind++)
	{
		int64		height = bar->counts[kind] * (CHART_HEIGHT * 1000) / most;

		if (bar->counts[kind] == 0)
			continue;
		below += bar->counts[kind];
		put(page, "<rect class=\"tl-b");
		put_integer(page, kind);
		put(page, "\" height=\"");
		put_thousandths(page, height);
		put(page, "\" y=\"");
		put_thousandths(page, CHART_HEIGHT * 1000 -
						below * (CHART_HEIGHT * 1000) / most);
		put(page, "\" x=\"");
		put_thousandths(page, 100000 * (int64) i / n + slot / 8);
		put(page, "%\" width=\"");
		put_thousandths(page, slot - slot / 4);
		put(page, "%\"/>");
	}
	put(page, bar->id != NULL ? "</a>\n" : "</g>\n");
}

/* Appends labels below the bars; every other one goes on a narrow screen. */
static void
put_ticks(TimelinePage *page, const TimelineHead *head)
{
	int			step = (head->nbars + TICKS - 1) / TICKS;
	int			n = 0;

	put(page, "<g aria-hidden=\"true\">");
	for (int i = step / 2; i < head->nbars; i += step)
	{
		put(page, "<text class=\"tl-tick");
		put(page, n++ % 2 == 1 ? " tl-alt" : "");
		put(page, "\" y=\"98\" x=\"");
		put_thousandths(page, (100000 * (int64) i + 50000) / head->nbars);
		put(page, "%\">");
		put_plain(page, head->bars[i].tick);
		put(page, "</text>");
	}
	put(page, "</g>\n");
}

/* Appends what the chart shows, for those who do not see it. */
static void
put_chart_words(TimelinePage *page, const TimelineHead *head)
{
	int			highest = 0;

	for (int i = 1; i < head->nbars; i++)
	{
		if (bar_total(&head->bars[i]) > bar_total(&head->bars[highest]))
			highest = i;
	}
	put(page, "<title id=\"tl-ct\">Changes per ");
	put_plain(page, head->unit);
	put(page, "</title>\n<desc id=\"tl-cd\">From ");
	put_plain(page, head->bars[0].label);
	put(page, " to ");
	put_plain(page, head->bars[head->nbars - 1].label);
	put(page, ": ");
	put_counted(page, head->nchanges, "change");
	put(page, ", at most ");
	put_count(page, bar_total(&head->bars[highest]));
	put(page, " in one bar, ");
	put_plain(page, head->bars[highest].label);
	put(page, ".</desc>\n");
}

static void
put_chart(TimelinePage *page, const TimelineHead *head)
{
	int64		most = 1;

	for (int i = 0; i < head->nbars; i++)
		most = Max(most, bar_total(&head->bars[i]));
	most = round_up(most);

	put_element(page, "<figure>\n<figcaption><strong>Changes per ",
				head->unit, "</strong>");
	for (int i = 0; i < TIMELINE_COUNTED; i++)
	{
		put(page, "<span><i class=\"tl-key tl-b");
		put_integer(page, i);
		put_element(page, "\"></i>", kind_names[i], "</span>");
	}
	put(page, "</figcaption>\n<div class=\"tl-plot\">"
		"<div class=\"tl-y\" aria-hidden=\"true\"><span>");
	put_count(page, most);
	put(page, "</span><span>");
	if (most > 1)
		put_count(page, most / 2);
	put(page, "</span><span>0</span></div>\n"
		"<svg class=\"tl-chart\" role=\"group\" "
		"aria-labelledby=\"tl-ct\" aria-describedby=\"tl-cd\">\n");
	put_chart_words(page, head);
	put(page, "<g class=\"tl-grid\" aria-hidden=\"true\">"
		"<line x2=\"100%\" y1=\"0\" y2=\"0\"/>"
		"<line x2=\"100%\" y1=\"40\" y2=\"40\"/>"
		"<line x2=\"100%\" y1=\"80\" y2=\"80\"/></g>\n");
	for (int i = 0; i < head->nbars; i++)
	{
		if (bar_total(&head->bars[i]) > 0)
			put_bar(page, &head->bars[i], i, head->nbars, most);
	}
	put_ticks(page, head);
	put(page, "</svg></div>\n</figure>\n");
}

/* Appends how many changes there are, from when to when, and which. */
static void
put_overview(TimelinePage *page, const TimelineHead *head)
{
	put_element(page, "<header>\n<h1>", head->title, "</h1>\n<p>");
	put_counted(page, head->nchanges, "change");
	if (head->first_time != NULL)
	{
		put_element(page, ", ", head->first_time, "");
		put_element(page, " to ", head->last_time, "");
	}
	put_element(page, " &#183; times in ", head->zone, "</p>\n");
	if (head->nfilters > 0)
	{
		put(page, "<p>Only ");
		for (int i = 0; i < head->nfilters; i++)
		{
			put_element(page, i > 0 ? "; " : "", head->filters[i].name, " ");
			put_element(page, "<code>", head->filters[i].value, "</code>");
		}
		put(page, "</p>\n");
	}
	put(page, "</header>\n");
}

static void
put_people(TimelinePage *page, const TimelineHead *head)
{
	if (head->npeople == 0)
		return;
	put(page, "<ul class=\"tl-people\" aria-label=\"Who made the changes\">\n");
	for (int i = 0; i < head->npeople; i++)
	{
		put(page, "<li>");
		put_dot(page, head->people[i].number);
		put_element(page, "<b>", head->people[i].name, "</b> ");
		put(page, "<span>");
		put_count(page, head->people[i].count);
		put(page, "</span></li>\n");
	}
	if (head->nothers > 0)
	{
		put(page, "<li><span>and ");
		put_counted(page, head->nothers, "other");
		put(page, "</span></li>\n");
	}
	put(page, "</ul>\n");
}

/* Appends all that stands before the entries. */
static void
put_head(TimelinePage *page, const TimelineHead *head)
{
	put(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		"<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" "
		"content=\"default-src 'none'; style-src 'unsafe-inline'; "
		"script-src 'sha256-" TIMELINE_SCRIPT_HASH "'; base-uri 'none'; "
		"form-action 'none'\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	put_plain(page, head->title);
	put(page, "</title>\n");
	dg_html_style(page->out);
	put(page, timeline_style);
	put(page, "</head>\n<body>\n"
		"<a class=\"tl-skip\" href=\"#changes\">Skip to the changes</a>\n");
	put_overview(page, head);
	if (head->nbars > 0)
		put_chart(page, head);
	put_people(page, head);
	if (head->nshown < head->nchanges)
	{
		put(page, "<p class=\"tl-more\">These are the newest ");
		put_count(page, head->nshown);
		put(page, " of ");
		put_counted(page, head->nchanges, "change");
		put(page, "; the chart counts all. For others, set the options "
			"\"from\" and \"to\", or \"limit\".</p>\n");
	}
	put(page, "<form role=\"search\" hidden>"
		"<input type=\"search\" placeholder=\"Find in the entries\" "
		"aria-label=\"Find in the entries\">"
		"<button type=\"button\">Unfold all</button>"
		"<output aria-live=\"polite\"></output></form>\n"
		"<main id=\"changes\">\n");
}

/*
 * dg_timeline_end
 *		Finish a page: add what stands above the entries.
 */
void
dg_timeline_end(TimelinePage *page, const TimelineHead *head)
{
	StringInfo	out = page->out;
	StringInfoData head_out;
	Size		entries_len;

	end_day(page);
	if ((Size) out->len == page->start)
		put(page, "<p>There are no changes.</p>\n");
	put(page, "</main>\n<script>");
	put(page, timeline_script);
	put(page, "</script>\n</body>\n</html>\n");
	entries_len = out->len - page->start;

	initStringInfo(&head_out);
	page->out = &head_out;
	put_head(page, head);
	page->out = out;

	/* Make room, and move the entries behind it. */
	dg_append(out, head_out.data, head_out.len);
	memmove(out->data + page->start + head_out.len, out->data + page->start,
			entries_len);
	memcpy(out->data + page->start, head_out.data, head_out.len);
	pfree(head_out.data);
	pfree(page->scratch.data);
}
