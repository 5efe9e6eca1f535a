/*-------------------------------------------------------------------------
 *
 * canonical.h
 *	  The canonical text of a document, whole or some lines of a part of it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_CANONICAL_H
#define DIFFGEN_JSON_CANONICAL_H

#include "json/members.h"
#include "json/node.h"

/* Spaces for each level of nesting. */
#define INDENT_WIDTH	2

/*
 * Where a node stands in a text: what goes before and after its own lines.
 */
typedef struct JsonPlace
{
	JsonKey		key;			/* data is NULL where there is none */
	uint32		depth;			/* levels of indentation */
	bool		comma;			/* followed by another child */
} JsonPlace;

/*
 * Writes lines.  Each is the prefix (if it is not zero), the content and a
 * newline.
 */
typedef struct JsonPrinter
{
	StringInfo	out;
	JsonMembers *members;		/* scratch, for sorting keys */
	char		prefix;
	int64		left;			/* lines still wanted */
} JsonPrinter;

extern void dg_print_first(JsonPrinter *printer, const JsonNode *node,
						   const JsonPlace *place);
extern void dg_print_last(JsonPrinter *printer, const JsonNode *node,
						  const JsonPlace *place, int64 nlines);
extern void dg_print_open(JsonPrinter *printer, int kind,
						  const JsonPlace *place);
extern void dg_print_close(JsonPrinter *printer, int kind,
						   const JsonPlace *place);

extern void dg_append_string(StringInfo out, const char *s, uint32 len);
extern void dg_append_scalar(StringInfo out, const JsonNode *node);
extern void dg_canonical_text(const JsonNode *root, StringInfo out);

#endif							/* DIFFGEN_JSON_CANONICAL_H */
