/*-------------------------------------------------------------------------
 *
 * edit_write.c
 *	  Writes an edited document down as a jsonb datum.
 *
 * The result has the bytes that the server itself would make of the same
 * value.  What the server makes is this (see utils/jsonb.h): a container is a
 * header word, one JEntry a child, then the children's data; an object's keys
 * come first, sorted by length and then bytes, then its values in the order
 * of the keys; numbers and containers begin at multiples of four bytes, and
 * the padding before them is zero and counts as theirs; a JEntry has the
 * length of its child, and every JB_OFFSET_STRIDE'th the offset of its end.
 *
 * Two things make this fast.  The bytes of a container do not depend on where
 * it stands, so what was not edited is one memcpy.  And a run of children of
 * an edited container keeps its bytes wherever its new offset has the same
 * remainder by four as the old one had, which is so at the latest after the
 * first number or container of the run; only the JEntrys are made anew.
 *
 * First everything is measured, then the result is allocated once and
 * written.  So a document over the limit of a jsonb (256 MB a container) is
 * refused before any memory is spent on it, even one that copies of copies
 * made exponentially large: a node knows its size once it was measured.
 *
 * O(nodes + pieces + children of edited containers) and a memcpy of the rest.
 * The recursion is as deep as the edited part of the document.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "json/edit_pieces.h"
#include "json/edit_tree.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* The server's own limits on the number of children; see jsonb_util.c. */
#define MAX_ELEMENTS	(Min(MaxAllocSize / sizeof(JsonbValue), JB_CMASK))
#define MAX_PAIRS		(Min(MaxAllocSize / sizeof(JsonbPair), JB_CMASK))

/* Does the data of such a value begin at a multiple of four? */
#define KIND_IS_ALIGNED(kind) \
	((kind) == NODE_NUMBER || (kind) == NODE_ARRAY || \
	 (kind) == NODE_OBJECT || (kind) == EDIT_CONTAINER)
#define ENTRY_IS_ALIGNED(entry) (JBE_ISNUMERIC(entry) || JBE_ISCONTAINER(entry))

/*
 * Pieces on the way down in the trees of all containers that are being
 * walked, the innermost one's last.
 */
typedef struct PieceStack
{
	const EditPiece **pieces;
	int			depth;
	int			size;
} PieceStack;

/*
 * A walk over the children of a node: over an object's keys or its values.
 * Keys are as in the datum, and need no look at the pieces, unless members
 * were added or removed.
 */
typedef struct SpanWalk
{
	const EditNode *node;
	PieceStack *stack;
	int			stack_base;
	uint32		next_base;		/* object: first member not walked yet */
	bool		keys;
} SpanWalk;

/* Some children of a node: a run of those of its datum, or one value. */
typedef struct Span
{
	uint32		first;
	uint32		count;			/* 0: one value */
	EditValue  *value;
	EditValue	key;			/* what value points to in a walk of keys */
} Span;

/* A container that is being written. */
typedef struct ContainerWriter
{
	JEntry	   *entries;
	char	   *data;
	uint32		index;			/* children written */
	uint32		offset;			/* bytes of data written */
} ContainerWriter;

static uint32 measure(PieceStack *stack, EditValue *value);
static uint32 write_container(PieceStack *stack, EditValue *value, char *to);

/* Puts a subtree's pieces on the stack down to its first one. */
static void
push_leftmost(PieceStack *stack, const EditPiece *piece)
{
	for (; piece != NULL; piece = piece->left)
	{
		if (stack->depth == stack->size)
		{
			stack->size *= 2;
			stack->pieces = repalloc(stack->pieces,
									 stack->size * sizeof(EditPiece *));
		}
		stack->pieces[stack->depth++] = piece;
	}
}

static void
walk_begin(SpanWalk *walk, PieceStack *stack, const EditNode *node, bool keys)
{
	walk->node = node;
	walk->stack = stack;
	walk->stack_base = stack->depth;
	walk->next_base = 0;
	walk->keys = keys;
	if (!keys || node->keys_changed)
		push_leftmost(stack, node->pieces);
}

/*
 * The next children of a node, in the order in which they are stored.
 * Returns false when there are no more.
 */
static bool
walk_next(SpanWalk *walk, Span *span)
{
	PieceStack *stack = walk->stack;
	const EditNode *node = walk->node;

	while (stack->depth > walk->stack_base)
	{
		const EditPiece *piece = stack->pieces[stack->depth - 1];

		/* members of the datum before the piece's key are as they were */
		if (EDIT_NODE_IS_OBJECT(node) && walk->next_base < piece->start)
		{
			span->first = walk->next_base;
			span->count = piece->start - walk->next_base;
			walk->next_base = piece->start;
			if (!walk->keys)
				span->first += node->base_count;
			return true;
		}

		stack->depth--;
		push_leftmost(stack, piece->right);
		if (piece->in_base)
			walk->next_base++;
		if (piece->value.kind == EDIT_ABSENT)
			continue;

		span->first = piece->start;
		span->count = piece->value.kind == EDIT_RUN ? piece->count : 0;
		span->value = unconstify(EditValue *, &piece->value);
		if (walk->keys)
		{
			span->key = dg_edit_string(piece->key, piece->keylen);
			span->value = &span->key;
		}
		return true;
	}

	if (EDIT_NODE_IS_OBJECT(node) && walk->next_base < node->base_count)
	{
		span->first = walk->next_base + (walk->keys ? 0 : node->base_count);
		span->count = node->base_count - walk->next_base;
		walk->next_base = node->base_count;
		return true;
	}
	return false;
}

/* Raises the server's own error for a container over its limit. */
static void
check_size(const EditNode *node, uint64 size)
{
	if (size <= JENTRY_OFFLENMASK)
		return;
	if (EDIT_NODE_IS_OBJECT(node))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("total size of jsonb object elements exceeds the maximum of %d bytes",
						JENTRY_OFFLENMASK)));
	else
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("total size of jsonb array elements exceeds the maximum of %d bytes",
						JENTRY_OFFLENMASK)));
}

static void
check_count(const EditNode *node)
{
	if (EDIT_NODE_IS_OBJECT(node) && node->count > MAX_PAIRS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("number of jsonb object pairs exceeds the maximum allowed (%zu)",
						MAX_PAIRS)));
	if (!EDIT_NODE_IS_OBJECT(node) && node->count > MAX_ELEMENTS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("number of jsonb array elements exceeds the maximum allowed (%zu)",
						MAX_ELEMENTS)));
}

/* JEntrys of a node: an object has one for each key and each value. */
static inline uint32
entry_count(const EditNode *node)
{
	return EDIT_NODE_IS_OBJECT(node) ? 2 * node->count : node->count;
}

/* Where a run of a datum's children ends when it begins at offset. */
static uint64
measure_run(const JsonbContainer *base, uint32 first, uint32 count,
			uint64 offset)
{
	uint32		last = first + count;
	uint32		from = getJsonbOffset(base, first);

	while (first < last && (from & 3) != (offset & 3))
	{
		JEntry		entry = base->children[first];
		uint32		end = from;

		CHECK_FOR_INTERRUPTS();
		JBE_ADVANCE_OFFSET(end, entry);
		if (ENTRY_IS_ALIGNED(entry))
		{
			from = INTALIGN(from);
			offset = INTALIGN(offset);
		}
		offset += end - from;
		from = end;
		first++;
	}
	if (first < last)
		offset += getJsonbOffset(base, last) - from;
	return offset;
}

/* Bytes of a container, which does not begin with padding. */
static uint32
measure_node(PieceStack *stack, EditNode *node)
{
	uint64		offset = 0;

	check_stack_depth();
	check_count(node);

	/* an object's keys, then the values or elements */
	for (int keys = EDIT_NODE_IS_OBJECT(node); keys >= 0; keys--)
	{
		SpanWalk	walk;
		Span		span;

		walk_begin(&walk, stack, node, keys == 1);
		while (walk_next(&walk, &span))
		{
			CHECK_FOR_INTERRUPTS();
			if (span.count > 0)
				offset = measure_run(NODE_CONTAINER(&node->base),
									 span.first, span.count, offset);
			else
			{
				if (KIND_IS_ALIGNED(span.value->kind))
					offset = INTALIGN(offset);
				offset += measure(stack, span.value);
			}
			check_size(node, offset);
		}
	}

	offset += sizeof(uint32);
	offset += (uint64) entry_count(node) * sizeof(JEntry);
	check_size(node, offset);
	return (uint32) offset;
}

/* Bytes of a value, without padding. */
static uint32
measure(PieceStack *stack, EditValue *value)
{
	EditNode   *node;

	if (value->kind != EDIT_CONTAINER)
		return value->len;

	node = value->u.node;
	if (node->size == 0)
		node->size = measure_node(stack, node);
	return node->size;
}

/* Zeroes the padding before a child that is to begin at a multiple of four. */
static uint32
write_padding(ContainerWriter *writer)
{
	uint32		padding = INTALIGN(writer->offset) - writer->offset;

	memset(writer->data + writer->offset, 0, padding);
	return padding;
}

/* The JEntry of a child whose data, padding included, is len bytes. */
static inline void
write_entry(ContainerWriter *writer, uint32 type, uint32 len)
{
	writer->offset += len;
	if (writer->index % JB_OFFSET_STRIDE == 0)
		len = writer->offset | JENTRY_HAS_OFF;
	writer->entries[writer->index++] = type | len;
}

static uint32
entry_type(const EditValue *value)
{
	switch (value->kind)
	{
		case NODE_STRING:
			return JENTRY_ISSTRING;
		case NODE_NUMBER:
			return JENTRY_ISNUMERIC;
		case NODE_FALSE:
			return JENTRY_ISBOOL_FALSE;
		case NODE_TRUE:
			return JENTRY_ISBOOL_TRUE;
		case NODE_NULL:
			return JENTRY_ISNULL;
		case NODE_ARRAY:
		case NODE_OBJECT:
		case EDIT_CONTAINER:
			return JENTRY_ISCONTAINER;
		default:
			elog(ERROR, "unexpected kind of value: %d", value->kind);
	}
}

static void
write_value(PieceStack *stack, ContainerWriter *writer, EditValue *value)
{
	uint32		len = 0;
	char	   *to;

	if (KIND_IS_ALIGNED(value->kind))
		len = write_padding(writer);
	to = writer->data + writer->offset + len;
	if (value->kind == EDIT_CONTAINER)
		len += write_container(stack, value, to);
	else
	{
		memcpy(to, value->u.data, value->len);
		len += value->len;
	}
	write_entry(writer, entry_type(value), len);
}

/* Writes a run of a datum's children, by their places among its JEntrys. */
static void
write_run(ContainerWriter *writer, const JsonNode *base,
		  uint32 first, uint32 count)
{
	const JEntry *entry;
	const JEntry *last;
	uint32		from;
	JsonCursor	cursor;

	/* one by one until old and new offset have the same alignment */
	dg_cursor_seek(&cursor, base, first);
	last = cursor.entry + count;
	while (cursor.entry < last && (cursor.offset & 3) != (writer->offset & 3))
	{
		JsonNode	child;
		EditValue	value;

		CHECK_FOR_INTERRUPTS();
		dg_cursor_next(&cursor, &child);
		value = dg_edit_from_node(&child);
		write_value(NULL, writer, &value);
	}

	memcpy(writer->data + writer->offset, cursor.base + cursor.offset,
		   getJsonbOffset(NODE_CONTAINER(base), first + count) - cursor.offset);
	from = cursor.offset;
	for (entry = cursor.entry; entry < last; entry++)
	{
		uint32		to = from;

		CHECK_FOR_INTERRUPTS();
		JBE_ADVANCE_OFFSET(to, *entry);
		write_entry(writer, *entry & JENTRY_TYPEMASK, to - from);
		from = to;
	}
}

/* Writes a node that was measured; returns how many bytes it took. */
static uint32
write_container(PieceStack *stack, EditValue *value, char *to)
{
	EditNode   *node = value->u.node;
	uint32		nentries = entry_count(node);
	JsonbContainer *container = (JsonbContainer *) to;
	ContainerWriter writer;

	check_stack_depth();
	container->header = node->count |
		(EDIT_NODE_IS_OBJECT(node) ? JB_FOBJECT : JB_FARRAY);
	writer.entries = container->children;
	writer.data = (char *) &container->children[nentries];
	writer.index = 0;
	writer.offset = 0;

	for (int keys = EDIT_NODE_IS_OBJECT(node); keys >= 0; keys--)
	{
		SpanWalk	walk;
		Span		span;

		walk_begin(&walk, stack, node, keys == 1);
		while (walk_next(&walk, &span))
		{
			CHECK_FOR_INTERRUPTS();
			if (span.count > 0)
				write_run(&writer, &node->base, span.first, span.count);
			else
				write_value(stack, &writer, span.value);
		}
	}

	Assert(writer.index == nentries);
	Assert(writer.data + writer.offset == to + node->size);
	return node->size;
}

/* A datum of a scalar: an array of one element, flagged. */
static Jsonb *
write_scalar(const EditValue *value)
{
	Size		size = offsetof(Jsonb, root.children) + sizeof(JEntry);
	Jsonb	   *result;

	result = palloc(size + value->len);
	SET_VARSIZE(result, size + value->len);
	result->root.header = 1 | JB_FARRAY | JB_FSCALAR;
	result->root.children[0] = entry_type(value) | value->len |
		JENTRY_HAS_OFF;
	memcpy((char *) result + size, value->u.data, value->len);
	return result;
}

/*
 * dg_edit_to_jsonb
 *		The datum of a value, in the current memory context, which need not be
 *		the tree's.
 *
 * Raises ERRCODE_PROGRAM_LIMIT_EXCEEDED when it would be larger than a jsonb
 * can be.
 */
Jsonb *
dg_edit_to_jsonb(EditTree *tree, EditValue *value)
{
	PieceStack	stack;
	Jsonb	   *result;
	Size		size;

	if (!dg_edit_is_object(value) && !dg_edit_is_array(value))
		return write_scalar(value);

	stack.depth = 0;
	stack.size = 64;
	stack.pieces = MemoryContextAlloc(tree->context,
									  stack.size * sizeof(EditPiece *));

	size = offsetof(Jsonb, root) + measure(&stack, value);
	result = palloc(size);
	SET_VARSIZE(result, size);
	if (value->kind == EDIT_CONTAINER)
		write_container(&stack, value, (char *) &result->root);
	else
		memcpy(&result->root, value->u.data, value->len);
	return result;
}
