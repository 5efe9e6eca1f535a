/*-------------------------------------------------------------------------
 *
 * json_pointer.h
 *	  Reads JSON Pointers (RFC 6901).
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_POINTER_H
#define DIFFGEN_JSON_POINTER_H

#include "postgres.h"

typedef struct JsonPointer
{
	const char *text;
	uint32		len;
	uint32		at;				/* bytes read */
	bool		escaped;		/* there are escapes somewhere */
} JsonPointer;

typedef struct PointerToken
{
	const char *text;			/* unescaped */
	uint32		len;
} PointerToken;

typedef enum PointerIndex
{
	POINTER_INDEX,				/* an array index */
	POINTER_INDEX_HUGE,			/* one that no array has */
	POINTER_END,				/* "-", the element after the last */
	POINTER_NO_INDEX			/* neither */
} PointerIndex;

extern const char *dg_pointer_defect(const char *text, uint32 len);
extern bool dg_pointer_next(JsonPointer *pointer, PointerToken *token);
extern PointerIndex dg_pointer_index(const PointerToken *token,
									 uint32 *index);
extern bool dg_pointer_inside(const char *outer, uint32 outer_len,
							  const char *inner, uint32 inner_len);

static inline void
dg_pointer_begin(JsonPointer *pointer, const char *text, uint32 len)
{
	pointer->text = text;
	pointer->len = len;
	pointer->at = 0;
	pointer->escaped = (len > 0 && memchr(text, '~', len) != NULL);
}

/* Is the token that was read the last one? */
static inline bool
dg_pointer_done(const JsonPointer *pointer)
{
	return pointer->at == pointer->len;
}

#endif							/* DIFFGEN_JSON_POINTER_H */
