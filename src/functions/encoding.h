/*-------------------------------------------------------------------------
 *
 * encoding.h
 *	  Tells the engine how the database encodes characters.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_ENCODING_H
#define DIFFGEN_ENCODING_H

#include "postgres.h"

#include "core/unicode.h"
#include "mb/pg_wchar.h"

static inline int
diffgen_char_length(const char *p)
{
	return pg_encoding_mblen(GetDatabaseEncoding(), p);
}

static inline TextEncoding
diffgen_encoding(void)
{
	TextEncoding encoding;
	int			id = GetDatabaseEncoding();

	encoding.is_utf8 = id == PG_UTF8;
	encoding.has_high_controls = (id >= PG_LATIN1 && id <= PG_LATIN10) ||
		(id >= PG_ISO_8859_5 && id <= PG_ISO_8859_8);
	encoding.mblen = pg_database_encoding_max_length() > 1 ?
		diffgen_char_length : NULL;
	return encoding;
}

#endif							/* DIFFGEN_ENCODING_H */
