/*-------------------------------------------------------------------------
 *
 * unicode.c
 *	  Characters: how they are encoded, and their properties.
 *
 * Words follow the idea of Unicode's standard annex 29, with what matters for
 * a diff: letters, digits, connectors and the marks on them make words, and
 * each ideograph is one.  Widths follow annex 11, East Asian width; an
 * ambiguous character is narrow.
 *
 * The tables are ranges in order, searched by halves: some ten steps for a
 * character, and none for ASCII.
 *
 *-------------------------------------------------------------------------
 */
#include "core/unicode.h"

typedef struct CharRange
{
	uint32		first;
	uint32		last;
	uint32		value;
} CharRange;

#include "core/unicode_tables.h"

/*
 * dg_decode_char
 *		The character at p, which is before end, and its length in bytes.
 *
 * Text that is not valid in its encoding is taken byte by byte.
 */
uint32
dg_decode_char(const TextEncoding *encoding, const char *p, const char *end,
			   int *len)
{
	const unsigned char *s = (const unsigned char *) p;
	uint32		c = s[0];
	int			n;
	int			i;

	*len = 1;
	if (c < 0x80)
		return c;
	if (!encoding->is_utf8)
	{
		if (encoding->has_high_controls && c < 0xa0)
			return c;
		n = encoding->mblen != NULL ? encoding->mblen(p) : 1;
		if (n <= 1 || n > end - p)
			return CHAR_OTHER_SINGLE;

		/* no server encoding has ASCII inside a character */
		for (i = 1; i < n; i++)
		{
			if (s[i] < 0x80)
				return CHAR_OTHER_SINGLE;
		}
		*len = n;
		return CHAR_OTHER_MULTI;
	}

	if (c >= 0xc2 && c < 0xe0)
		n = 2;
	else if (c >= 0xe0 && c < 0xf0)
		n = 3;
	else if (c >= 0xf0 && c < 0xf5)
		n = 4;
	else
		return CHAR_OTHER_SINGLE;
	if (n > end - p)
		return CHAR_OTHER_SINGLE;
	c &= 0xff >> (n + 1);
	for (i = 1; i < n; i++)
	{
		if ((s[i] & 0xc0) != 0x80)
			return CHAR_OTHER_SINGLE;
		c = c << 6 | (s[i] & 0x3f);
	}
	*len = n;
	return c;
}

/*
 * The value that a table has for a character, or a default.
 */
static uint32
look_up(const CharRange *ranges, int nranges, uint32 c, uint32 missing)
{
	int			low = 0;
	int			high = nranges;

	while (low < high)
	{
		int			mid = low + (high - low) / 2;

		if (c > ranges[mid].last)
			low = mid + 1;
		else if (c < ranges[mid].first)
			high = mid;
		else
			return ranges[mid].value;
	}
	return missing;
}

/*
 * dg_char_class
 *		What a character is in a text of words.
 */
CharClass
dg_char_class(uint32 c)
{
	if (c < 0x80)
	{
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '_')
			return CHAR_WORD;
		if (c == ' ' || (c >= '\t' && c <= '\r'))
			return CHAR_SPACE;
		return CHAR_SYMBOL;
	}
	if (c == CHAR_OTHER_SINGLE)
		return CHAR_WORD;
	return (CharClass) look_up(class_ranges, lengthof(class_ranges), c,
							   CHAR_SYMBOL);
}

/*
 * dg_char_width
 *		How many columns a character takes on a terminal: 0, 1 or 2.
 */
int
dg_char_width(uint32 c)
{
	if (c < 0x80)
		return 1;
	if (c == CHAR_OTHER_MULTI)
		return 2;
	return (int) look_up(width_ranges, lengthof(width_ranges), c, 1);
}

/*
 * dg_is_hidden_char
 *		Whether a character is not seen, or changes how others are seen.
 *
 * These are controls, but for tab and newline, and format characters, such as
 * those that turn the direction of writing; joiners are not among them, since
 * scripts need them.
 */
bool
dg_is_hidden_char(uint32 c)
{
	if (c >= 0x20 && c < 0x7f)
		return false;
	return look_up(hidden_ranges, lengthof(hidden_ranges), c, 0) != 0;
}

/*
 * dg_hidden_name
 *		What to show for a hidden character; name has HIDDEN_NAME_SIZE bytes.
 */
void
dg_hidden_name(uint32 c, char *name)
{
	if (c < 0x20 || c == 0x7f)
		snprintf(name, HIDDEN_NAME_SIZE, "^%c", (int) (c ^ 0x40));
	else
		snprintf(name, HIDDEN_NAME_SIZE, "U+%04X", c);
}
