/*-------------------------------------------------------------------------
 *
 * json_pointer.c
 *	  Reads JSON Pointers (RFC 6901).
 *
 * A pointer is empty, for the whole document, or a sequence of tokens that
 * each follow a "/".  In a token "~1" stands for "/" and "~0" for "~".  Two
 * pointers to the same place are the same bytes, since nothing else may be
 * escaped and both of these must be; so pointers can be compared as they are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "json/json_pointer.h"

/*
 * dg_pointer_defect
 *		What is wrong with a pointer, as a sentence for an error's detail, or
 *		NULL.
 */
const char *
dg_pointer_defect(const char *text, uint32 len)
{
	if (len > 0 && text[0] != '/')
		return "A JSON Pointer is empty or begins with \"/\".";

	for (const char *tilde = text; len > 0; tilde += 2)
	{
		tilde = memchr(tilde, '~', text + len - tilde);
		if (tilde == NULL)
			break;
		if (tilde + 1 == text + len || (tilde[1] != '0' && tilde[1] != '1'))
			return "In a JSON Pointer \"~\" must be followed by \"0\" or \"1\".";
	}
	return NULL;
}

/* A token without its escapes, in a palloc'd copy. */
static void
unescape(PointerToken *token)
{
	char	   *copy = palloc(token->len);
	uint32		n = 0;

	for (uint32 i = 0; i < token->len; i++)
	{
		char		c = token->text[i];

		if (c == '~')
			c = token->text[++i] == '1' ? '/' : '~';
		copy[n++] = c;
	}
	token->text = copy;
	token->len = n;
}

/*
 * dg_pointer_next
 *		Read the next token of a pointer without defects; false when there are
 *		no more.
 *
 * The token is the pointer's own bytes where nothing in it is escaped, else a
 * palloc'd copy.
 */
bool
dg_pointer_next(JsonPointer *pointer, PointerToken *token)
{
	const char *start = pointer->text + pointer->at + 1;
	const char *end = pointer->text + pointer->len;
	const char *slash;

	if (pointer->at == pointer->len)
		return false;

	slash = memchr(start, '/', end - start);
	if (slash != NULL)
		end = slash;
	token->text = start;
	token->len = end - start;
	pointer->at = end - pointer->text;
	if (pointer->escaped && token->len > 0 &&
		memchr(start, '~', token->len) != NULL)
		unescape(token);
	return true;
}

/*
 * dg_pointer_index
 *		Read a token as an array index: digits without leading zeros, or "-".
 *
 * An index beyond 999,999,999 is told apart only as such: no jsonb array is as
 * long.
 */
PointerIndex
dg_pointer_index(const PointerToken *token, uint32 *index)
{
	uint32		value = 0;

	if (token->len == 1 && token->text[0] == '-')
		return POINTER_END;
	if (token->len == 0 || (token->len > 1 && token->text[0] == '0'))
		return POINTER_NO_INDEX;

	for (uint32 i = 0; i < token->len; i++)
	{
		char		c = token->text[i];

		if (c < '0' || c > '9')
			return POINTER_NO_INDEX;
		if (i < 9)
			value = value * 10 + (c - '0');
	}
	if (token->len > 9)
		return POINTER_INDEX_HUGE;
	*index = value;
	return POINTER_INDEX;
}

/*
 * dg_pointer_inside
 *		Does one pointer lead to a place strictly inside of where the other
 *		does?
 */
bool
dg_pointer_inside(const char *outer, uint32 outer_len,
				  const char *inner, uint32 inner_len)
{
	return inner_len > outer_len && inner[outer_len] == '/' &&
		memcmp(outer, inner, outer_len) == 0;
}
