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
	WHITESPACE_TRAILING,		/* at the end of the line: --ignore-space-at-eol */
	WHITESPACE_CHANGE,			/* that, and in its amount: -b */
	WHITESPACE_ALL				/* all of it: -w */
} WhitespaceMode;

#endif							/* DIFFGEN_LINES_H */
