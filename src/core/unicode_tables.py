#!/usr/bin/env python3
"""Writes unicode_tables.h: what diffgen knows of characters.

The tables are pinned to one version of Unicode, so that the output of the
functions depends neither on the server's version nor on its locale.  Usage:
python3 src/core/unicode_tables.py > src/core/unicode_tables.h
"""
import sys
import unicodedata

VERSION = "14.0.0"

# Letters of scripts that put no space between words: each is a word of its
# own.  Python does not tell the script, but the name starts with it.
NO_SPACES = ("CJK UNIFIED IDEOGRAPH", "CJK COMPATIBILITY IDEOGRAPH", "HIRAGANA ",
             "TANGUT ", "NUSHU ", "KHITAN ", "THAI ", "LAO ", "KHMER ",
             "MYANMAR ", "TAI LE ", "NEW TAI LUE ", "TAI THAM ", "TAI VIET ",
             "YI SYLLABLE ")

# What is not assigned yet here will be wide.
WIDE_PLANES = ((0x3400, 0x4dbf), (0x4e00, 0x9fff), (0xf900, 0xfaff),
               (0x20000, 0x2fffd), (0x30000, 0x3fffd))

# Format characters that are seen: signs that enclose the number after them.
VISIBLE_FORMAT = "\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"


def char_class(code):
    """The class of a character, or None for a symbol that stands alone."""
    c = chr(code)
    category = unicodedata.category(c)
    if c in "\u200c\u200d" or 0x1f3fb <= code <= 0x1f3ff:
        return "CHAR_MARK"
    if category[0] == "M":
        return "CHAR_MARK"
    if c.isspace() and code < 0x1c or category[0] == "Z" or code == 0x85:
        return "CHAR_SPACE"
    if category[0] == "L" and unicodedata.name(c, "").startswith(NO_SPACES):
        return None
    if category[0] in "LN" or category == "Pc":
        return "CHAR_WORD"
    return None


def char_width(code):
    """Columns on a terminal, or None for one."""
    c = chr(code)
    category = unicodedata.category(c)
    if category in ("Mn", "Me") or c in "\u200b\u200c\u200d\u2060\ufeff" or \
            0x1160 <= code <= 0x11ff:
        return "0"
    if category == "Cn":
        return "2" if any(a <= code <= b for a, b in WIDE_PLANES) else None
    if unicodedata.east_asian_width(c) in "WF":
        return "2"
    return None


def is_hidden(code):
    """Characters that can make a text look like another one."""
    c = chr(code)
    category = unicodedata.category(c)
    if c in "\t\n\u200c\u200d" or c in VISIBLE_FORMAT or \
            0x600 <= code <= 0x605:
        return None
    if category in ("Cc", "Cf", "Zl", "Zp") or 0xe0000 <= code <= 0xe0fff:
        return "1"
    return None


def ranges(value_of):
    """Runs of characters that have the same value, but for None."""
    found = []
    for code in range(sys.maxunicode + 1):
        if 0xd800 <= code <= 0xdfff:
            continue
        value = value_of(code)
        if value is None:
            continue
        if found and found[-1][1] == code - 1 and found[-1][2] == value:
            found[-1][1] = code
        else:
            found.append([code, code, value])
    return found


def write_table(name, comment, value_of):
    print("\n/* %s */" % comment)
    print("static const CharRange %s[] = {" % name)
    rows = ["\t{0x%05x, 0x%05x, %s}" % tuple(row) for row in ranges(value_of)]
    print(",\n".join(rows))
    print("};")


def main():
    if unicodedata.unidata_version != VERSION:
        sys.exit("this Python has Unicode %s, not %s" %
                 (unicodedata.unidata_version, VERSION))
    print("""/*-------------------------------------------------------------------------
 *
 * unicode_tables.h
 *	  Properties of characters in Unicode %s.
 *
 * Written by unicode_tables.py; do not edit.  Only unicode.c includes it.
 *
 *-------------------------------------------------------------------------
 */""" % VERSION)
    write_table("class_ranges", "Words, marks and white space; others are symbols.",
                char_class)
    write_table("width_ranges", "Columns on a terminal; others take one.", char_width)
    write_table("hidden_ranges", "Controls and invisible characters.", is_hidden)


if __name__ == "__main__":
    main()
