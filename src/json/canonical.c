/*-------------------------------------------------------------------------
 *
 * canonical.c
 *	  The canonical text of a document, whole or some lines of a part of it.
 *
 * Canonical text is what two documents are compared as when their diff is
 * lines: two spaces for each level, members in the order of their keys'
 * bytes, one scalar a line, {} and [] for empty containers, strings escaped
 * as jsonb's output function does, numbers without fractional zeros at the
 * end, and no newline after the last line.  It does not depend on any setting.
 *
 * A diff shows few lines of what has not changed: the first ones after a
 * change and the last ones before the next.  So a node can be printed from
 * its start until enough lines are written, or only its last lines, which
 * are found from the end, without reading what is before them.
 *
 * Limits: recursion is as deep as the document is.
 *
 *-------------------------------------------------------------------------
 */
#include "json/canonical.h"

#include "fmgr.h"

/*
 * The children of a container that are shown, in that order.
 */
typedef struct ShownChildren
{
	const JsonNode *container;
	uint32		count;
	uint32		first;			/* on the stack of members, if listed */
	bool		listed;			/* else an array that is shown as it is */
} ShownChildren;

static void
list_children(JsonMembers *members, const JsonNode *container,
			  ShownChildren *shown)
{
	shown->container = container;
	shown->listed = true;
	shown->first = members->used;
	if (container->kind == NODE_OBJECT)
		dg_members_push(members, container);
	else if (container->view != VIEW_PLAIN)
		dg_members_push_elements(members, container);
	else
		shown->listed = false;
	shown->count = shown->listed ? members->used - shown->first :
		NODE_COUNT(container);
}

static void
get_child(const JsonMembers *members, const ShownChildren *shown, uint32 i,
		  JsonKey *key, JsonNode *child)
{
	const JsonNode *container = shown->container;
	uint32		index = i;

	if (shown->listed)
		index = members->stack[shown->first + i].old_index;
	dg_node_child(container, index, child);
	if (container->kind == NODE_OBJECT)
	{
		dg_node_key(container, index, key);
		dg_view_member(container, key, child);
	}
	else
	{
		key->data = NULL;
		key->len = 0;
		dg_view_element(container, index, child);
	}
}

/*
 * How many bytes at the start of a string stand for themselves in a JSON
 * string literal.
 *
 * Eight bytes are tested at a time: subtracting n from each byte sets its high
 * bit if it is below n, unless the bit was set before.  A borrow can only reach
 * bytes after one that is below n, so the test for "any" is exact.
 */
static uint32
plain_bytes(const char *s, uint32 len)
{
#define REPEAT(byte)		(UINT64CONST(0x0101010101010101) * (byte))
#define ANY_BELOW(x, n)		(((x) - REPEAT(n)) & ~(x) & REPEAT(0x80))
	uint32		i = 0;

	for (; i + sizeof(uint64) <= len; i += sizeof(uint64))
	{
		uint64		x;

		memcpy(&x, s + i, sizeof(x));
		if (ANY_BELOW(x, 0x20) | ANY_BELOW(x ^ REPEAT('"'), 1) |
			ANY_BELOW(x ^ REPEAT('\\'), 1))
			break;
	}
	for (; i < len; i++)
	{
		unsigned char c = s[i];

		if (c < ' ' || c == '"' || c == '\\')
			break;
	}
	return i;
#undef ANY_BELOW
#undef REPEAT
}

/*
 * Where the next bytes of the output go.  There mostly is room for them.
 */
static inline char *
room_for(StringInfo out, Size len)
{
	if ((Size) out->len + len < (Size) out->maxlen)
		return out->data + out->len;
	return dg_reserve(out, len);
}

static inline void
put_bytes(StringInfo out, const char *bytes, Size len)
{
	memcpy(room_for(out, len), bytes, len);
	out->len += len;
}

static inline void
put_byte(StringInfo out, char byte)
{
	*room_for(out, 1) = byte;
	out->len++;
}

/*
 * Append one byte of a string as a JSON escape sequence.
 */
static void
append_escape(StringInfo out, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	/* Pairs of a byte and the letter that stands for it. */
	static const char letters[] = "\bb\ff\nn\rr\tt\"\"\\\\";
	const char *pair = letters;

	while (*pair != '\0' && (unsigned char) *pair != c)
		pair += 2;
	if (*pair == '\0')
	{
		put_bytes(out, "\\u00", 4);
		put_byte(out, hex[c >> 4]);
		put_byte(out, hex[c & 15]);
	}
	else
	{
		put_byte(out, '\\');
		put_byte(out, pair[1]);
	}
}

/*
 * dg_append_string
 *		Append a JSON string literal, escaped as jsonb's output function does.
 */
void
dg_append_string(StringInfo out, const char *s, uint32 len)
{
	/* Most strings need no escapes: make room once. */
	(void) room_for(out, (Size) len + 2);
	put_byte(out, '"');
	for (;;)
	{
		uint32		n = plain_bytes(s, len);

		DG_CHECK_CANCEL();
		put_bytes(out, s, n);
		if (n == len)
			break;
		append_escape(out, s[n]);
		s += n + 1;
		len -= n + 1;
	}
	put_byte(out, '"');
}

/*
 * dg_append_scalar
 *		Append a scalar, or an empty container, as canonical text has it.
 */
void
dg_append_scalar(StringInfo out, const JsonNode *node)
{
	switch ((JsonKind) node->kind)
	{
		case NODE_STRING:
			dg_append_string(out, node->data, node->len);
			break;
		case NODE_NUMBER:
			{
				char	   *digits = numeric_normalize(NODE_NUMERIC(node));

				put_bytes(out, digits, strlen(digits));
				pfree(digits);
				break;
			}
		case NODE_FALSE:
			put_bytes(out, "false", 5);
			break;
		case NODE_TRUE:
			put_bytes(out, "true", 4);
			break;
		case NODE_NULL:
			put_bytes(out, "null", 4);
			break;
		case NODE_ARRAY:
			put_bytes(out, "[]", 2);
			break;
		case NODE_OBJECT:
			put_bytes(out, "{}", 2);
			break;
	}
}

static void
begin_line(JsonPrinter *printer, const JsonPlace *place)
{
	StringInfo	out = printer->out;
	Size		indent = (Size) place->depth * INDENT_WIDTH;
	char	   *p = room_for(out, indent + 1);

	if (printer->prefix != '\0')
	{
		*p++ = printer->prefix;
		out->len++;
	}
	memset(p, ' ', indent);
	out->len += indent;
	if (place->key.data != NULL)
	{
		dg_append_string(out, place->key.data, place->key.len);
		put_bytes(out, ": ", 2);
	}
}

static void
end_line(JsonPrinter *printer, bool comma)
{
	if (comma)
		put_byte(printer->out, ',');
	put_byte(printer->out, '\n');
	printer->left--;
}

/*
 * dg_print_open
 *		Write the first line of a container that is not empty.
 */
void
dg_print_open(JsonPrinter *printer, int kind, const JsonPlace *place)
{
	begin_line(printer, place);
	put_byte(printer->out, kind == NODE_OBJECT ? '{' : '[');
	end_line(printer, false);
}

/*
 * dg_print_close
 *		Write its last line.
 */
void
dg_print_close(JsonPrinter *printer, int kind, const JsonPlace *place)
{
	JsonPlace	keyless = *place;

	keyless.key.data = NULL;
	begin_line(printer, &keyless);
	put_byte(printer->out, kind == NODE_OBJECT ? '}' : ']');
	end_line(printer, place->comma);
}

/*
 * Write the single line of a scalar, of an empty container, or of a value
 * that must not be seen.
 */
static void
print_single(JsonPrinter *printer, const JsonNode *node,
			 const JsonPlace *place)
{
	begin_line(printer, place);
	if (dg_is_redacted(node->view))
		dg_append_string(printer->out, dg_redacted_text[REDACTED_SAME],
						 strlen(dg_redacted_text[REDACTED_SAME]));
	else
		dg_append_scalar(printer->out, node);
	end_line(printer, place->comma);
}

static inline bool
is_single(const JsonNode *node)
{
	return !NODE_IS_CONTAINER(node) || dg_is_redacted(node->view) ||
		NODE_COUNT(node) == 0;
}

/*
 * Write children from number i on, as long as lines are wanted.
 */
static void
print_children(JsonPrinter *printer, const ShownChildren *shown, uint32 i,
			   uint32 depth)
{
	for (; i < shown->count && printer->left > 0; i++)
	{
		JsonPlace	place;
		JsonNode	child;

		DG_CHECK_CANCEL();
		get_child(printer->members, shown, i, &place.key, &child);
		place.depth = depth;
		place.comma = (i + 1 < shown->count);
		dg_print_first(printer, &child, &place);
	}
}

/*
 * dg_print_first
 *		Write the lines of a node from its first one on, as long as lines are
 *		wanted.
 */
void
dg_print_first(JsonPrinter *printer, const JsonNode *node,
			   const JsonPlace *place)
{
	ShownChildren shown;

	if (printer->left <= 0)
		return;
	if (is_single(node))
	{
		print_single(printer, node, place);
		return;
	}

	check_stack_depth();
	list_children(printer->members, node, &shown);
	if (shown.count == 0)
		print_single(printer, node, place);
	else
	{
		dg_print_open(printer, node->kind, place);
		print_children(printer, &shown, 0, place->depth + 1);
		if (printer->left > 0)
			dg_print_close(printer, node->kind, place);
	}
	dg_members_pop(printer->members, shown.first);
}

/*
 * dg_print_last
 *		Write the last nlines lines of a node, which has that many.
 *
 * The lines wanted by the printer must be as many, at least.
 */
void
dg_print_last(JsonPrinter *printer, const JsonNode *node,
			  const JsonPlace *place, int64 nlines)
{
	ShownChildren shown;
	JsonNode	child;
	JsonPlace	child_place;
	int64		need = nlines - 1;	/* before the last line */
	int64		have = 0;
	int64		after = 0;		/* lines of the children after child i */
	uint32		i;

	if (nlines <= 0)
		return;
	if (is_single(node))
	{
		print_single(printer, node, place);
		return;
	}

	check_stack_depth();
	list_children(printer->members, node, &shown);

	/* Go back until there are enough lines, or no more children. */
	for (i = shown.count; i > 0 && have < need; i--)
	{
		get_child(printer->members, &shown, i - 1, &child_place.key, &child);
		after = have;
		have += dg_shown_lines(&child, need - have);
	}

	if (shown.count == 0)
		print_single(printer, node, place);
	else if (have < need)
	{
		dg_print_open(printer, node->kind, place);
		print_children(printer, &shown, 0, place->depth + 1);
		dg_print_close(printer, node->kind, place);
	}
	else
	{
		if (need > 0)
		{
			/* Child i is shown in part, those after it as a whole. */
			child_place.depth = place->depth + 1;
			child_place.comma = (i + 1 < shown.count);
			dg_print_last(printer, &child, &child_place, need - after);
			print_children(printer, &shown, i + 1, place->depth + 1);
		}
		dg_print_close(printer, node->kind, place);
	}
	dg_members_pop(printer->members, shown.first);
}

/*
 * dg_canonical_text
 *		Append the canonical text of a document.
 */
void
dg_canonical_text(const JsonNode *root, StringInfo out)
{
	JsonMembers members;
	JsonPrinter printer;
	JsonPlace	place;

	dg_members_init(&members);
	printer.out = out;
	printer.members = &members;
	printer.prefix = '\0';
	printer.left = PG_INT64_MAX;
	memset(&place, 0, sizeof(place));
	dg_print_first(&printer, root, &place);

	/* The text ends without a newline. */
	out->len--;
	out->data[out->len] = '\0';
	dg_members_free(&members);
}
