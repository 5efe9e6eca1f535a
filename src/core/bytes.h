/*-------------------------------------------------------------------------
 *
 * bytes.h
 *	  Appends bytes to a result.
 *
 * As the functions of stringinfo.h, but a result that grows beyond the limit
 * of a value gets dg_reserve's error.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_BYTES_H
#define DIFFGEN_BYTES_H

#include "core/core.h"

static inline void
dg_append(StringInfo out, const char *p, Size len)
{
	memcpy(dg_reserve(out, len), p, len);
	out->len += (int) len;
	out->data[out->len] = '\0';
}

static inline void
dg_append_char(StringInfo out, char c)
{
	dg_append(out, &c, 1);
}

static inline void
dg_append_string(StringInfo out, const char *s)
{
	dg_append(out, s, strlen(s));
}

static inline void
dg_append_int(StringInfo out, int32 number)
{
	char		digits[16];

	snprintf(digits, sizeof(digits), "%d", number);
	dg_append_string(out, digits);
}

#endif							/* DIFFGEN_BYTES_H */
