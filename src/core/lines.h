/*-------------------------------------------------------------------------
 *
 * lines.h
 *	  Lines of a text: where they end, and when two of them are equal.
 *
 * A line ends after '\n' or at the end of the text; nothing else ends a line,
 * and a text that ends in '\n' has no empty line after it.  The newline is
 * part of the line, so a last line without one differs from the same line
 * with one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_LINES_H
#define DIFFGEN_LINES_H

#include "core/core.h"

/* When lines that differ in white space are equal, as git's options have it. */
typedef enum WhitespaceMode
{
	WHITESPACE_EXACT,			/* never */
	WHITESPACE_TRAILING,		/* at the end: --ignore-space-at-eol */
	WHITESPACE_CHANGE,			/* that, and in its amount: -b */
	WHITESPACE_ALL				/* all of it: -w */
} WhitespaceMode;

/*
 * What git counts as white space.  Not isspace(), which asks the locale.
 */
static inline bool
dg_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What keeps the hashes of lines from being foreseen. */
typedef struct LineHashKey
{
	uint64		word[3];
} LineHashKey;

extern void dg_line_hash_key(LineHashKey *key);
extern uint64 dg_hash_line(const char *line, Size len, WhitespaceMode mode,
						   const LineHashKey *key);
extern bool dg_equal_line(const char *a, Size a_len, const char *b, Size b_len,
						  WhitespaceMode mode);

#endif							/* DIFFGEN_LINES_H */
