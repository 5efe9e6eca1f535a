/*-------------------------------------------------------------------------
 *
 * text_tools_fuzz.c
 *	  Words, viewers and merges of random bytes.
 *
 * Whatever the input: the edits between words are in order, between them both
 * texts are equal, and no edit starts within a character; what a viewer makes
 * has no tag and no escape sequence but its own; and a merge with a side that
 * has not changed is the other side.
 *
 * Layout of an input: a byte of kind, a byte of options, then parts with the
 * byte 0xFF between them.
 *
 *-------------------------------------------------------------------------
 */
#include "core/ansi.h"
#include "core/html.h"
#include "core/merge.h"
#include "core/words.h"

#include "fuzz_parts.h"

/* An encoding of one or two bytes a character, as EUC has them. */
static int
euc_length(const char *p)
{
	return (unsigned char) *p >= 0xa1 ? 2 : 1;
}

static WordOptions
word_options(uint8 bits)
{
	WordOptions words;

	words.granularity = (WordGranularity) (bits % 3);
	words.algorithm = (DiffAlgorithm) (bits / 3 % 4);
	words.encoding.is_utf8 = (bits & 0x40) == 0;
	words.encoding.has_high_controls = (bits & 0x80) != 0;
	words.encoding.mblen = (bits & 0x80) != 0 ? NULL : euc_length;
	return words;
}

/* Whether a character starts at an offset, as far as one can tell. */
static bool
starts_char(const TextEncoding *encoding, const Part *text, size_t at)
{
	size_t		i = 0;
	int			len;

	while (i < at)
	{
		dg_decode_char(encoding, text->data + i, text->data + text->len, &len);
		FAIL_UNLESS(len > 0);
		i += len;
	}
	return i == at;
}

static void
check_words(uint8 bits, const Part *old_text, const Part *new_text)
{
	WordOptions words = word_options(bits);
	DiffScript	script;
	StringInfoData out;
	size_t		old_at = 0;
	size_t		new_at = 0;
	int32		i;

	dg_script_init(&script, true);
	dg_words_diff(old_text->data, old_text->len, new_text->data,
				  new_text->len, &words, &script);
	for (i = 0; i <= script.nedits; i++)
	{
		bool		last = i == script.nedits;
		size_t		old_off = last ? old_text->len : script.spans[i].old_off;
		size_t		new_off = last ? new_text->len : script.spans[i].new_off;

		FAIL_UNLESS(old_off >= old_at && old_off <= old_text->len);
		FAIL_UNLESS(old_off - old_at == new_off - new_at);
		FAIL_UNLESS(memcmp(old_text->data + old_at, new_text->data + new_at,
						   old_off - old_at) == 0);
		FAIL_UNLESS(starts_char(&words.encoding, old_text, old_off));
		FAIL_UNLESS(starts_char(&words.encoding, new_text, new_off));
		if (last)
			break;
		FAIL_UNLESS(script.spans[i].old_len + script.spans[i].new_len > 0);
		old_at = old_off + script.spans[i].old_len;
		new_at = new_off + script.spans[i].new_len;
	}
	initStringInfo(&out);
	dg_words_format(old_text->data, new_text->data, new_text->len, &script,
					&out);
	dg_script_free(&script);
	pfree(out.data);
}

/* Whether p starts with one of the words, up to NULL. */
static bool
starts_with_any(const char *p, const char *const *words)
{
	for (; *words != NULL; words++)
	{
		if (strncmp(p, *words, strlen(*words)) == 0)
			return true;
	}
	return false;
}

/* Only our own tags, and no quote that could end an attribute of theirs. */
static void
check_html_output(const char *p, size_t len)
{
	static const char *const tags[] = {
		"<!DOCTYPE html>", "<html ", "</html>", "<head>", "</head>", "<meta ",
		"<title>", "</title>", "<body>", "</body>", "<style>", "</style>",
		"<div ", "</div>", "<table>", "</table>", "<caption>", "</caption>",
		"<thead>", "</thead>", "<tbody>", "<tbody ", "</tbody>", "<tr>",
		"<tr ", "</tr>", "<th>", "<th ", "</th>", "<td>", "<td ", "</td>",
		"<span ", "</span>", "<del>", "</del>", "<ins>", "</ins>", "<mark>",
		"</mark>", "<label>", "</label>", "<input type=\"checkbox\">",
		"<pre>", "</pre>", "<p>No differences.</p>", "</p>", NULL
	};
	size_t		i;

	FAIL_UNLESS(strlen(p) == len);
	for (i = 0; i < len; i++)
	{
		unsigned char c = p[i];

		FAIL_UNLESS(c >= 0x20 || c == '\n' || c == '\t');
		FAIL_UNLESS(c != 0x7f);
		if (c == '<')
			FAIL_UNLESS(starts_with_any(p + i, tags));
	}
}

/* Only our own escape sequences. */
static void
check_ansi_output(const char *p, size_t len)
{
	static const char *const sequences[] = {
		"\033[1m", "\033[36m", "\033[31m", "\033[32m", "\033[7m", "\033[27m",
		"\033[m", NULL
	};
	size_t		i;

	FAIL_UNLESS(strlen(p) == len);
	for (i = 0; i < len; i++)
	{
		unsigned char c = p[i];

		FAIL_UNLESS(c >= 0x20 || c == '\n' || c == '\t' || c == 0x1b);
		if (c == 0x1b)
			FAIL_UNLESS(starts_with_any(p + i, sequences));
	}
}

static void
check_viewers(uint8 bits, const Part *diff)
{
	HtmlOptions html;
	StringInfoData out;
	UnifiedReader reader;
	bool		valid;

	initStringInfo(&out);
	html.words = word_options(bits & 0xc3);
	html.side_by_side = (bits & 4) != 0;
	html.page = (bits & 8) != 0;
	html.bare = false;
	valid = dg_html(diff->data, diff->len, &html, &out, &reader);
	check_html_output(out.data, out.len);
	resetStringInfo(&out);
	FAIL_UNLESS(dg_ansi(diff->data, diff->len, &html.words,
						(bits & 16) != 0 ? 60 : (bits & 32) != 0 ? 200 : 0,
						&out, &reader) == valid);
	check_ansi_output(out.data, out.len);
	pfree(out.data);
}

/* Merges, and says whether that gives the expected text without conflict. */
static bool
merges_to(const MergeText *base, const MergeText *ours,
		  const MergeText *theirs, MergeStyle style, const MergeText *expected)
{
	StringInfoData out;
	bool		same;

	initStringInfo(&out);
	same = dg_merge(base, ours, theirs, style, PREFER_NONE, &out) == 0 &&
		(size_t) out.len == expected->len &&
		memcmp(out.data, expected->text, expected->len) == 0;
	pfree(out.data);
	return same;
}

static void
check_merge(uint8 bits, const Part *parts)
{
	MergeStyle	style = (MergeStyle) (bits % 3);
	MergePreference prefer = (MergePreference) (bits / 3 % 3);
	MergeText	texts[3];
	StringInfoData out;
	int32		conflicts;
	int			i;

	for (i = 0; i < 3; i++)
	{
		texts[i].text = parts[i].data;
		texts[i].len = parts[i].len;
	}
	initStringInfo(&out);
	conflicts = dg_merge(&texts[0], &texts[1], &texts[2], style, prefer, &out);
	FAIL_UNLESS(conflicts >= 0);
	FAIL_UNLESS(prefer == PREFER_NONE || conflicts == 0);
	pfree(out.data);
	FAIL_UNLESS(merges_to(&texts[0], &texts[1], &texts[0], style, &texts[1]));
	FAIL_UNLESS(merges_to(&texts[0], &texts[0], &texts[1], style, &texts[1]));
	FAIL_UNLESS(merges_to(&texts[0], &texts[1], &texts[1], style, &texts[1]));
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	uint8		kind;
	uint8		bits;
	Part		parts[3];
	int			i;

	if (size < 2 || size > 65536)
		return 0;
	kind = data[0] % 3;
	bits = data[1];
	data += 2;
	size -= 2;
	for (i = 0; i < 3; i++)
		parts[i] = take_part(&data, &size);
	if (kind == 0)
		check_words(bits, &parts[0], &parts[1]);
	else if (kind == 1)
		check_viewers(bits, &parts[0]);
	else
		check_merge(bits, parts);
	for (i = 0; i < 3; i++)
		free(parts[i].data);
	return 0;
}
