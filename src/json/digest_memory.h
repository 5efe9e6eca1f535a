/*-------------------------------------------------------------------------
 *
 * digest_memory.h
 *	  The digests of the parts of a document, kept for its next version.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_DIGEST_MEMORY_H
#define DIFFGEN_JSON_DIGEST_MEMORY_H

#include "json/digest.h"
#include "json/node.h"

/*
 * A run of a container's children, which ends before child number `upto`
 * and begins where the run before ends.
 */
typedef struct DigestRun
{
	uint32		upto;
	uint8		digest[JSON_DIGEST_LENGTH];
} DigestRun;

/*
 * A container that has runs, or a digest of its own, or holds one that has.
 */
typedef struct DigestContainer
{
	uint32		offset;			/* from the start of the document's root */
	uint32		first_run;
	uint32		nruns;
	bool		has_digest;
	uint8		digest[JSON_DIGEST_LENGTH];
} DigestContainer;

/*
 * What is kept of one document, in the order of its containers' offsets.
 */
typedef struct DigestMemory
{
	DigestContainer *containers;
	uint32		ncontainers;
	uint32		maxcontainers;
	DigestRun  *runs;
	uint32		nruns;
	uint32		maxruns;
} DigestMemory;

/*
 * Two versions of a document while the new one's digest is computed.
 */
typedef struct DigestVersions
{
	const char *old_root;		/* NULL if there is no older version */
	const char *new_root;
	const DigestMemory *old_memory;
	DigestMemory *new_memory;	/* NULL if nothing is to be kept */

	/* bytes that are known to be the same, and whether the next differ */
	const char *same_old;
	const char *same_new;
	Size		same_len;
	bool		differs;
} DigestVersions;

extern void dg_digest_memory_free(DigestMemory *memory);
extern void dg_digest_memory_clear(DigestMemory *memory);
extern DigestContainer *dg_digest_keep_container(DigestMemory *memory,
												 uint32 offset);
extern void dg_digest_keep_runs(DigestMemory *memory,
								DigestContainer *container,
								const DigestRun *runs, uint32 nruns);
extern const DigestContainer *dg_digest_find(const DigestVersions *versions,
											 const JsonNode *old_node);
extern bool dg_digest_same_container(DigestVersions *versions,
									 const JsonNode *old_node,
									 const JsonNode *new_node);
extern const DigestRun *dg_digest_same_run(DigestVersions *versions,
										   const JsonNode *old_node,
										   const DigestContainer *container,
										   uint32 old_index,
										   const JsonNode *new_node,
										   uint32 new_index);

#endif							/* DIFFGEN_JSON_DIGEST_MEMORY_H */
