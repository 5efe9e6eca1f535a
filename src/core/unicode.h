/*-------------------------------------------------------------------------
 *
 * unicode.h
 *	  Characters: how they are encoded, and their properties.
 *
 * The properties are those of one version of Unicode, whatever the server or
 * its locale know, so that results are the same everywhere.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_UNICODE_H
#define DIFFGEN_UNICODE_H

#include "core/core.h"

typedef enum CharClass
{
	CHAR_SYMBOL,				/* stands alone; so do letters of scripts that
								 * put no space between words */
	CHAR_WORD,
	CHAR_MARK,					/* belongs to the character before it */
	CHAR_SPACE
} CharClass;

/*
 * How a text is encoded.  In UTF-8 a character has its code point.  In other
 * encodings ASCII has its own, and other characters are known only by length.
 */
typedef struct TextEncoding
{
	bool		is_utf8;
	bool		has_high_controls;	/* bytes 0x80 to 0x9f are controls */
	int			(*mblen) (const char *p);	/* NULL: one byte a character */
} TextEncoding;

/* Beyond Unicode: characters of other encodings, of one and more bytes. */
#define CHAR_OTHER_SINGLE	0x110000
#define CHAR_OTHER_MULTI	0x110001

extern uint32 dg_decode_char(const TextEncoding *encoding, const char *p,
							 const char *end, int *len);
extern CharClass dg_char_class(uint32 c);
extern int	dg_char_width(uint32 c);
extern bool dg_is_hidden_char(uint32 c);

/* The name of a hidden character, as ^M or U+202E. */
#define HIDDEN_NAME_SIZE	16

extern void dg_hidden_name(uint32 c, char *name);

#endif							/* DIFFGEN_UNICODE_H */
