/*-------------------------------------------------------------------------
 *
 * timeline_fuzz.c
 *	  A page of changes that are made of random bytes.
 *
 * Whatever the strings are: the page has the same tags, in the same order, as
 * one with plain words in their places, and not a byte that means something
 * in HTML besides.  Diffs are left to text_tools_fuzz, but for the tags that
 * are around them.
 *
 * Layout of an input: a byte of options, one of numbers, then strings with the
 * byte 0xFF between them.
 *
 *-------------------------------------------------------------------------
 */
#include "core/timeline_page.h"

#include "fuzz_parts.h"

#define NSTRINGS	16

/* A string that ends with a zero byte, and has none before. */
static char *
take_string(const uint8 **data, size_t *size)
{
	Part		part = take_part(data, size);
	char	   *string = malloc(part.len + 1);

	memcpy(string, part.data, part.len);
	string[part.len] = '\0';
	free(part.data);
	return string;
}

/* Writes a page of two days, with strings s. */
static void
write_page(StringInfo out, uint8 bits, uint8 number, char **s)
{
	TimelinePage page;
	HtmlOptions html;
	TimelineEntry entry;
	TimelineHead head;
	TimelinePair facts[2] = {{s[0], s[1]}, {s[2], s[3]}};
	TimelinePerson people[2] = {{s[4], 0, number}, {s[5], number, 1}};
	TimelineBar bars[3];

	memset(&html, 0, sizeof(html));
	html.words.encoding.is_utf8 = (bits & 1) != 0;
	html.words.encoding.has_high_controls = (bits & 2) != 0;
	memset(bars, 0, sizeof(bars));
	for (int i = 0; i < 3; i++)
	{
		bars[i].counts[i] = number;
		bars[i].label = s[6 + i];
		bars[i].tick = s[7 + i];
		bars[i].id = i == 1 ? "1" : NULL;
	}

	memset(&entry, 0, sizeof(entry));
	entry.kind = (TimelineKind) (number % 4);
	entry.id = "-17";
	entry.datetime = s[0];
	entry.clock = s[1];
	entry.exact_time = s[2];
	entry.operation = s[3];
	entry.key = s[4];
	entry.document = s[5];
	entry.words = s[6];
	entry.npaths = number % 6;
	entry.paths = s + 7;
	entry.has_lines = (bits & 4) != 0;
	entry.added = number * (bits & 8 ? 1 : -1);
	entry.removed = number * 1000000;
	entry.person = s[13];
	entry.role = s[14];
	entry.nfacts = 2;
	entry.facts = facts;
	entry.no_diff = s[15];
	entry.nstatements = 2;
	entry.statements = s + 9;

	dg_timeline_begin(&page, out, &html);
	dg_timeline_day(&page, s[10]);
	dg_timeline_entry(&page, &entry);
	dg_timeline_day(&page, s[11]);
	dg_timeline_entry(&page, &entry);

	memset(&head, 0, sizeof(head));
	head.title = s[12];
	head.zone = s[0];
	head.first_time = s[1];
	head.last_time = s[2];
	head.nfilters = 2;
	head.filters = facts;
	head.nchanges = number;
	head.nshown = 2;
	head.npeople = 2;
	head.people = people;
	head.nothers = number;
	head.unit = s[3];
	head.nbars = 3;
	head.bars = bars;
	dg_timeline_end(&page, &head);
}

/*
 * Appends the tags of a page, without the mark of hidden characters and the
 * ellipsis of long paths, which depend on the strings.
 */
static void
append_tags(StringInfo tags, const char *page, size_t len)
{
	static const char hidden[] = "<span class=\"dg-x\">";
	int			in_hidden = 0;

	FAIL_UNLESS(strlen(page) == len);
	for (const char *p = page; *p != '\0'; p++)
	{
		unsigned char c = *p;
		const char *end;

		FAIL_UNLESS((c >= 0x20 || c == '\n' || c == '\t') && c != 0x7f);
		if (c != '<')
			continue;
		end = strchr(p, '>');
		FAIL_UNLESS(end != NULL);
		if (strncmp(p, hidden, strlen(hidden)) == 0)
			in_hidden++;
		else if (in_hidden > 0)
		{
			FAIL_UNLESS(strncmp(p, "</span>", 7) == 0);
			in_hidden--;
		}
		else if (strncmp(p, "<time ", 6) == 0)
		{
			/* The only attribute with a string in it. */
			FAIL_UNLESS(strncmp(p, "<time datetime=\"", 16) == 0);
			FAIL_UNLESS(end[-1] == '"' && strchr(p + 16, '"') == end - 1);
			appendStringInfoString(tags, "<time>");
		}
		else
			appendBinaryStringInfo(tags, p, end + 1 - p);
		p = end;
	}
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	StringInfoData page;
	StringInfoData tags;
	StringInfoData plain_tags;
	char	   *strings[NSTRINGS];
	char	   *plain[NSTRINGS];
	uint8		bits;
	uint8		number;

	if (size < 2 || size > 65536)
		return 0;
	bits = data[0];
	number = data[1];
	data += 2;
	size -= 2;
	for (int i = 0; i < NSTRINGS; i++)
	{
		strings[i] = take_string(&data, &size);
		plain[i] = (char *) "word";
	}

	initStringInfo(&page);
	initStringInfo(&tags);
	initStringInfo(&plain_tags);
	write_page(&page, bits, number, strings);
	append_tags(&tags, page.data, page.len);
	resetStringInfo(&page);
	write_page(&page, bits, number, plain);
	append_tags(&plain_tags, page.data, page.len);
	FAIL_UNLESS(strcmp(tags.data, plain_tags.data) == 0);
	pfree(page.data);
	pfree(tags.data);
	pfree(plain_tags.data);
	for (int i = 0; i < NSTRINGS; i++)
		free(strings[i]);
	return 0;
}
