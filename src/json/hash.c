/*-------------------------------------------------------------------------
 *
 * hash.c
 *	  Hashes of nodes that agree with equality by value.
 *
 * Elements of an array are hashed when the array is matched.  If they hold
 * arrays that differ, the elements of these are hashed in turn when the walk
 * comes to them, and so on.  To keep that from being quadratic in the depth of
 * the documents, the hashes of large containers are kept; small ones may be
 * hashed again, which costs no more than a constant for each.
 *
 * Memory: 16 to 64 bytes for each container of at least KEEP_BYTES bytes.
 *
 *-------------------------------------------------------------------------
 */
#include "json/hash.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "json/children.h"
#include "utils/fmgrprotos.h"

#define KEEP_BYTES		256

#define HASHES_INITIAL	64

/* Bytes that are hashed between two looks at cancel requests. */
#define HASH_PIECE		(1024 * 1024)

/*
 * dg_hashes_init
 *		Start with no hashes kept.
 */
void
dg_hashes_init(JsonHashes *hashes)
{
	hashes->seed = dg_hash_seed();
	hashes->slots = NULL;
	hashes->nslots = 0;
	hashes->used = 0;
}

/*
 * dg_hashes_free
 *		Give back the memory of the hashes that are kept, if any.
 */
void
dg_hashes_free(JsonHashes *hashes)
{
	if (hashes->slots != NULL)
		dg_free(hashes->slots);
	hashes->slots = NULL;
}

/*
 * The slot of a node, or the empty one where it belongs.
 */
static HashedNode *
find_slot(const JsonHashes *hashes, const char *data)
{
	uint32		mask = hashes->nslots - 1;
	uint32		i = murmurhash32((uint32) ((uintptr_t) data >> 2)) & mask;

	while (hashes->slots[i].data != NULL && hashes->slots[i].data != data)
		i = (i + 1) & mask;
	return &hashes->slots[i];
}

static void
keep_hash(JsonHashes *hashes, const char *data, uint64 hash)
{
	HashedNode *slot;

	if (hashes->used >= hashes->nslots / 2)
	{
		HashedNode *old_slots = hashes->slots;
		uint32		old_nslots = hashes->nslots;
		uint32		i;

		hashes->nslots = Max(HASHES_INITIAL, old_nslots * 2);
		hashes->slots = dg_alloc0(hashes->nslots, sizeof(HashedNode));
		for (i = 0; i < old_nslots; i++)
		{
			if (old_slots[i].data != NULL)
				*find_slot(hashes, old_slots[i].data) = old_slots[i];
		}
		if (old_slots != NULL)
			dg_free(old_slots);
	}
	slot = find_slot(hashes, data);
	slot->data = data;
	slot->hash = hash;
	hashes->used++;
}

/*
 * A hash of a string, which may be too long for one call that cannot be
 * interrupted.
 */
static uint64
hash_long_string(const char *s, uint32 len, uint64 hash)
{
	for (; len > HASH_PIECE; s += HASH_PIECE, len -= HASH_PIECE)
	{
		DG_CHECK_CANCEL();
		hash = hash_bytes_extended((const unsigned char *) s, HASH_PIECE,
								   hash);
	}
	return hash_bytes_extended((const unsigned char *) s, len, hash);
}

static uint64
container_hash(JsonHashes *hashes, const JsonNode *node)
{
	JsonChildren children;
	JsonKey		key;
	JsonNode	child;
	uint64		hash = hashes->seed + node->kind;

	check_stack_depth();
	DG_CHECK_CANCEL();
	dg_children_start(&children, node);
	while (dg_children_next(&children, &key, &child))
	{
		if (node->kind == NODE_OBJECT)
			hash = hash_long_string(key.data, key.len, hash);
		hash = hash_combine64(hash, dg_node_hash(hashes, &child));
	}
	return hash;
}

/*
 * dg_node_hash
 *		A hash of a node's value, as far as it is shown.
 *
 * Equal nodes have equal hashes, however their numbers are scaled.  Linear in
 * the size of the node, less what was hashed before.
 */
uint64
dg_node_hash(JsonHashes *hashes, const JsonNode *node)
{
	uint64		hash = hashes->seed + node->kind;
	Datum		number;

	if (node->kind == NODE_STRING)
		return hash_long_string(node->data, node->len, hash);
	if (node->kind == NODE_NUMBER)
	{
		number = NumericGetDatum(NODE_NUMERIC(node));
		return DatumGetUInt64(DirectFunctionCall2(hash_numeric_extended,
												  number,
												  UInt64GetDatum(hash)));
	}
	if (!NODE_IS_CONTAINER(node))
		return hash_combine64(hash, node->kind);
	if (node->len < KEEP_BYTES)
		return container_hash(hashes, node);

	if (hashes->slots != NULL)
	{
		const HashedNode *slot = find_slot(hashes, node->data);

		if (slot->data != NULL)
			return slot->hash;
	}
	hash = container_hash(hashes, node);
	keep_hash(hashes, node->data, hash);
	return hash;
}
