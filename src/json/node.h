/*-------------------------------------------------------------------------
 *
 * node.h
 *	  Places in a jsonb document, and how to get from one to the next.
 *
 * A JsonNode points into the document: nothing is copied or decoded.  The
 * child of a container is found from the container's JEntry array, which is
 * described in utils/jsonb.h: first n entries of an array's elements, or n of
 * an object's keys followed by n of its values; then the children's data, in
 * the same order.  Alignment padding stands before the data that needs it and
 * is counted in the entry's length, so it is taken off here: two nodes can be
 * equal bytes wherever they stand.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_NODE_H
#define DIFFGEN_JSON_NODE_H

#include "core/core.h"
#include "functions/compat.h"
#include "port/pg_bswap.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

typedef enum JsonKind
{
	NODE_STRING,
	NODE_NUMBER,
	NODE_FALSE,
	NODE_TRUE,
	NODE_NULL,
	NODE_ARRAY,
	NODE_OBJECT
} JsonKind;

/*
 * What path patterns say of a node and of what is below it (view.h).
 */
typedef struct JsonView JsonView;

extern JsonView dg_view_hidden;
extern JsonView dg_view_redacted;

#define VIEW_PLAIN		NULL	/* shown as it is, and all below it */
#define VIEW_HIDDEN		(&dg_view_hidden)	/* as if it were not there */
#define VIEW_REDACTED	(&dg_view_redacted) /* there, but not its value */

extern bool dg_view_is_redacted(const JsonView *view);

/*
 * Whether a view is VIEW_REDACTED, or that but for parts that are hidden.
 */
static inline bool
dg_is_redacted(const JsonView *view)
{
	return view != VIEW_PLAIN && dg_view_is_redacted(view);
}

typedef struct JsonNode
{
	const char *data;			/* string, Numeric or JsonbContainer */
	JsonView   *view;
	uint32		len;			/* bytes, without padding */
	uint8		kind;			/* JsonKind */
} JsonNode;

/* A key, or none (NULL) for an element of an array and for the root. */
typedef struct JsonKey
{
	const char *data;
	uint32		len;
} JsonKey;

#define NODE_IS_CONTAINER(node)	((node)->kind >= NODE_ARRAY)
#define NODE_CONTAINER(node)	((const JsonbContainer *) (node)->data)
#define NODE_COUNT(node)		JsonContainerSize(NODE_CONTAINER(node))
#define NODE_NUMERIC(node)		((Numeric) (node)->data)

/* No such child: an index that no container has. */
#define NO_INDEX	PG_UINT32_MAX

/*
 * Walks the entries of a container from some entry on.
 */
typedef struct JsonCursor
{
	const JEntry *entry;		/* the next child's */
	const char *base;			/* first byte of the children's data */
	uint32		offset;			/* where the next child's data starts */
} JsonCursor;

/*
 * First byte of the data of a container's children.
 */
static inline const char *
dg_node_base(const JsonNode *node)
{
	const JsonbContainer *jc = NODE_CONTAINER(node);
	uint32		nentries = JsonContainerSize(jc);

	if (node->kind == NODE_OBJECT)
		nentries *= 2;
	return (const char *) &jc->children[nentries];
}

/*
 * Put a cursor before an entry, one that exists or the one after the last.
 */
static inline void
dg_cursor_seek(JsonCursor *cursor, const JsonNode *node, uint32 entry)
{
	const JsonbContainer *jc = NODE_CONTAINER(node);

	cursor->entry = &jc->children[entry];
	cursor->base = dg_node_base(node);
	cursor->offset = (entry == 0) ? 0 : getJsonbOffset(jc, entry);
}

/*
 * The cursor's next child; its view is left to the caller.
 */
static inline void
dg_cursor_next(JsonCursor *cursor, JsonNode *child)
{
	JEntry		entry = *cursor->entry++;
	uint32		start = cursor->offset;
	uint32		end = JBE_OFFLENFLD(entry);

	if (!JBE_HAS_OFF(entry))
		end += start;
	cursor->offset = end;

	if (JBE_ISSTRING(entry))
		child->kind = NODE_STRING;
	else if (JBE_ISCONTAINER(entry))
	{
		start = INTALIGN(start);
		child->kind = JsonContainerIsObject((const JsonbContainer *)
											(cursor->base + start)) ?
			NODE_OBJECT : NODE_ARRAY;
	}
	else if (JBE_ISNUMERIC(entry))
	{
		start = INTALIGN(start);
		child->kind = NODE_NUMBER;
	}
	else if (JBE_ISBOOL_FALSE(entry))
		child->kind = NODE_FALSE;
	else if (JBE_ISBOOL_TRUE(entry))
		child->kind = NODE_TRUE;
	else
		child->kind = NODE_NULL;
	child->data = cursor->base + start;
	child->len = end - start;
	child->view = VIEW_PLAIN;
}

static inline void
dg_cursor_next_key(JsonCursor *cursor, JsonKey *key)
{
	JEntry		entry = *cursor->entry++;
	uint32		start = cursor->offset;
	uint32		end = JBE_OFFLENFLD(entry);

	if (!JBE_HAS_OFF(entry))
		end += start;
	cursor->offset = end;
	key->data = cursor->base + start;
	key->len = end - start;
}

/*
 * An object's key, and an array's element or an object's value, by index.
 * The cost is at most JB_OFFSET_STRIDE steps.
 */
static inline void
dg_node_key(const JsonNode *object, uint32 index, JsonKey *key)
{
	JsonCursor	cursor;

	dg_cursor_seek(&cursor, object, index);
	dg_cursor_next_key(&cursor, key);
}

static inline void
dg_node_child(const JsonNode *container, uint32 index, JsonNode *child)
{
	JsonCursor	cursor;

	if (container->kind == NODE_OBJECT)
		index += NODE_COUNT(container);
	dg_cursor_seek(&cursor, container, index);
	dg_cursor_next(&cursor, child);
}

/*
 * Order of the keys in a jsonb object: shorter ones first.
 */
static inline int
dg_key_compare_stored(const JsonKey *a, const JsonKey *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->data, b->data, a->len);
}

/*
 * Order of the members in canonical text: by the bytes of their keys.
 */
static inline int
dg_key_compare_shown(const JsonKey *a, const JsonKey *b)
{
	int			order = memcmp(a->data, b->data, Min(a->len, b->len));

	if (order != 0 || a->len == b->len)
		return order;
	return a->len < b->len ? -1 : 1;
}

/*
 * The first eight bytes of a key as a number that sorts like them.
 *
 * A shorter key is filled up with zero bytes.  No key has one in it, so two
 * different keys of up to eight bytes have different prefixes.
 */
static inline uint64
dg_key_prefix(const JsonKey *key)
{
	uint64		prefix = 0;

	if (key->len >= sizeof(prefix))
		memcpy(&prefix, key->data, sizeof(prefix));
	else
	{
		uint32		i;
		char	   *bytes = (char *) &prefix;

		for (i = 0; i < key->len; i++)
			bytes[i] = key->data[i];
	}
	return pg_hton64(prefix);
}

extern void dg_node_root(const Jsonb *document, JsonNode *root);
extern bool dg_node_search(const JsonNode *object, const char *key, uint32 len,
						   uint32 *index);
extern bool dg_node_find(const JsonNode *object, const char *key, uint32 len,
						 JsonNode *value);
extern bool dg_entries_alike(const JsonNode *a, uint32 a_first,
							 const JsonNode *b, uint32 b_first, uint32 count,
							 const char **a_data, const char **b_data,
							 uint32 *len);
extern int64 dg_plain_lines(const JsonNode *node, int64 enough);

#endif							/* DIFFGEN_JSON_NODE_H */
