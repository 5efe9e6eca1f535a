/*-------------------------------------------------------------------------
 *
 * fuzz_parts.h
 *	  What the fuzz targets share.
 *
 * Some take their input apart into parts, which are separated by the byte 0xFF,
 * as no UTF-8 text holds it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_FUZZ_PARTS_H
#define DIFFGEN_FUZZ_PARTS_H

#include "core/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAIL_UNLESS(condition) \
	do { \
		if (!(condition)) \
		{ \
			fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, \
					#condition); \
			abort(); \
		} \
	} while (0)

/* A part of the input, in memory of its own so that overruns are seen. */
typedef struct Part
{
	char	   *data;
	size_t		len;
} Part;

int			LLVMFuzzerTestOneInput(const uint8 *data, size_t size);

/* Takes the bytes up to the separator, or all that are left. */
static inline Part
take_part(const uint8 **data, size_t *size)
{
	const uint8 *end = memchr(*data, 0xff, *size);
	Part		part;

	part.len = end != NULL ? (size_t) (end - *data) : *size;
	part.data = malloc(part.len + (part.len == 0));
	memcpy(part.data, *data, part.len);
	*data += part.len + (end != NULL);
	*size -= part.len + (end != NULL);
	return part;
}

#endif							/* DIFFGEN_FUZZ_PARTS_H */
