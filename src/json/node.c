/*-------------------------------------------------------------------------
 *
 * node.c
 *	  Places in a jsonb document: the root, a member by key, line counts.
 *
 * Lines are those of the canonical text (canonical.h): a scalar or an empty
 * container has one, any other container one for each bracket more than its
 * children have.  To count them only JEntries are read, and of these only the
 * values', so an unchanged megabyte costs some tens of microseconds.
 *
 *-------------------------------------------------------------------------
 */
#include "json/node.h"

/*
 * dg_node_root
 *		The root of a document.
 *
 * A scalar at the root is stored as an array of one element with a flag; the
 * node is then that element.
 */
void
dg_node_root(const Jsonb *document, JsonNode *root)
{
	root->data = (const char *) &document->root;
	root->len = VARSIZE(document) - offsetof(Jsonb, root);
	root->view = VIEW_PLAIN;
	root->kind = JsonContainerIsObject(&document->root) ?
		NODE_OBJECT : NODE_ARRAY;

	if (JsonContainerIsScalar(&document->root))
	{
		JsonNode	scalar;

		dg_node_child(root, 0, &scalar);
		*root = scalar;
	}
}

/*
 * dg_node_search
 *		Whether an object has a key, and the key's place among its keys, or the
 *		place that it would have.
 *
 * Logarithmic in the number of members.
 */
bool
dg_node_search(const JsonNode *object, const char *key, uint32 len,
			   uint32 *index)
{
	uint32		low = 0;
	uint32		high = NODE_COUNT(object);
	JsonKey		wanted;

	wanted.data = key;
	wanted.len = len;
	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		JsonKey		candidate;
		int			order;

		dg_node_key(object, middle, &candidate);
		order = dg_key_compare_stored(&wanted, &candidate);
		if (order == 0)
		{
			*index = middle;
			return true;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	*index = low;
	return false;
}

/*
 * dg_node_find
 *		The value of an object's member; false if there is none of that key.
 *
 * Logarithmic in the number of members.
 */
bool
dg_node_find(const JsonNode *object, const char *key, uint32 len,
			 JsonNode *value)
{
	uint32		index;

	if (!dg_node_search(object, key, len, &index))
		return false;
	dg_node_child(object, index, value);
	return true;
}

/*
 * dg_entries_alike
 *		Whether some entries of two containers tell the same of their children,
 *		so that these are the same if their data is.
 *
 * The data of the children, padding and all, is from *a_data and *b_data on,
 * *len bytes in both.  Entries are read, not children: false means that they
 * have to be looked at one by one, as where offsets are not stored in the same
 * entries, or padding may differ.
 */
bool
dg_entries_alike(const JsonNode *a, uint32 a_first,
				 const JsonNode *b, uint32 b_first, uint32 count,
				 const char **a_data, const char **b_data, uint32 *len)
{
	const JEntry *a_entry = &NODE_CONTAINER(a)->children[a_first];
	const JEntry *b_entry = &NODE_CONTAINER(b)->children[b_first];
	uint32		a_start = 0;
	uint32		b_start = 0;
	uint32		types = 0;

	if (a_first > 0)
		a_start = getJsonbOffset(NODE_CONTAINER(a), a_first);
	if (b_first > 0)
		b_start = getJsonbOffset(NODE_CONTAINER(b), b_first);
	for (uint32 i = 0; i < count; i++)
	{
		types |= a_entry[i];
		if (a_entry[i] == b_entry[i] && !JBE_HAS_OFF(a_entry[i]))
			continue;
		if (((a_entry[i] ^ b_entry[i]) & ~JENTRY_OFFLENMASK) != 0 ||
			!JBE_HAS_OFF(a_entry[i]) ||
			JBE_OFFLENFLD(a_entry[i]) - a_start !=
			JBE_OFFLENFLD(b_entry[i]) - b_start)
			return false;
	}

	/* Numbers and containers have this bit, and are aligned. */
	if ((types & JENTRY_ISNUMERIC) != 0 &&
		(a_start - b_start) % sizeof(int) != 0)
		return false;
	*a_data = dg_node_base(a) + a_start;
	*b_data = dg_node_base(b) + b_start;
	*len = getJsonbOffset(NODE_CONTAINER(a), a_first + count) - a_start;
	return true;
}

/*
 * Lines of a container, or some number that is not below enough.
 */
static int64
container_lines(const JsonbContainer *jc, int64 enough)
{
	uint32		n = JsonContainerSize(jc);
	uint32		first = JsonContainerIsObject(jc) ? n : 0;
	const JEntry *entry = &jc->children[first];
	const JEntry *end = entry + n;
	uint32		ncontainers = 0;
	int64		lines;
	uint32		offset;

	if (n == 0)
		return 1;
	lines = (int64) n + 2;
	if (lines >= enough)
		return lines;

	/* A loop without branches first: most containers hold only scalars. */
	for (; entry < end; entry++)
		ncontainers += JBE_ISCONTAINER(*entry);
	if (ncontainers == 0)
		return lines;

	check_stack_depth();
	offset = (first == 0) ? 0 : getJsonbOffset(jc, first);
	for (entry -= n; ncontainers > 0; entry++)
	{
		if (JBE_ISCONTAINER(*entry))
		{
			DG_CHECK_CANCEL();
			lines += container_lines((const JsonbContainer *)
									 ((const char *) (end) + INTALIGN(offset)),
									 enough - lines + 1) - 1;
			if (lines >= enough)
				break;
			ncontainers--;
		}
		JBE_ADVANCE_OFFSET(offset, *entry);
	}
	return lines;
}

/*
 * dg_plain_lines
 *		Lines of a node's canonical text when all of it is shown.
 *
 * Counting stops once there are `enough`, and the result is then some number
 * that is not below it.  Linear in the number of values.
 */
int64
dg_plain_lines(const JsonNode *node, int64 enough)
{
	if (!NODE_IS_CONTAINER(node))
		return 1;
	return container_lines(NODE_CONTAINER(node), enough);
}
