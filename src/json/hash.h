/*-------------------------------------------------------------------------
 *
 * hash.h
 *	  Hashes of nodes that agree with equality by value.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_HASH_H
#define DIFFGEN_JSON_HASH_H

#include "json/node.h"

typedef struct HashedNode
{
	const char *data;			/* NULL: an empty slot */
	uint64		hash;
} HashedNode;

/*
 * Hashes of large containers that were computed before, by address.
 */
typedef struct JsonHashes
{
	uint64		seed;
	HashedNode *slots;			/* NULL until there is one */
	uint32		nslots;			/* a power of two */
	uint32		used;
} JsonHashes;

extern void dg_hashes_init(JsonHashes *hashes);
extern void dg_hashes_free(JsonHashes *hashes);
extern uint64 dg_node_hash(JsonHashes *hashes, const JsonNode *node);

#endif							/* DIFFGEN_JSON_HASH_H */
