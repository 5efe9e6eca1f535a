/*-------------------------------------------------------------------------
 *
 * digest_memory.c
 *	  The digests of the parts of a document, kept for its next version.
 *
 * Two versions of a document have most of their bytes in common, though not
 * at the same offsets.  What is kept of the old version is told by offset; a
 * part of the new version that has the same bytes has the same digests, and
 * they are kept in turn, at its own offsets, for the version after that.
 *
 * Each byte of the new version is compared about once: bytes that are known
 * to be the same, or to differ, from looking at a container are not looked
 * at again when its children are.
 *
 * Memory: 48 bytes for each container that has a digest, 36 for each run.
 *
 *-------------------------------------------------------------------------
 */
#include "json/digest_memory.h"

#include "core/scan.h"
#include "json/children.h"

#define MEMORY_INITIAL	64

/*
 * dg_digest_memory_clear
 *		Forget everything, and get ready to keep something.
 *
 * What is allocated the first time is in the current memory context, and
 * grows there.
 */
void
dg_digest_memory_clear(DigestMemory *memory)
{
	if (memory->containers == NULL)
	{
		memory->maxcontainers = memory->maxruns = MEMORY_INITIAL;
		memory->containers = dg_alloc(MEMORY_INITIAL, sizeof(DigestContainer));
		memory->runs = dg_alloc(MEMORY_INITIAL, sizeof(DigestRun));
	}
	memory->ncontainers = memory->nruns = 0;
}

/*
 * dg_digest_memory_free
 *		Give back the memory of what is kept, if any.
 */
void
dg_digest_memory_free(DigestMemory *memory)
{
	if (memory->containers != NULL)
	{
		dg_free(memory->containers);
		dg_free(memory->runs);
	}
	memset(memory, 0, sizeof(DigestMemory));
}

/*
 * dg_digest_keep_container
 *		Keep a container, which has no runs and no digest yet.  Its offset is
 *		beyond those of all that are kept.
 */
DigestContainer *
dg_digest_keep_container(DigestMemory *memory, uint32 offset)
{
	DigestContainer *container;

	if (memory->ncontainers == memory->maxcontainers)
	{
		memory->maxcontainers *= 2;
		memory->containers = dg_realloc(memory->containers,
										memory->maxcontainers,
										sizeof(DigestContainer));
	}
	container = &memory->containers[memory->ncontainers++];
	container->offset = offset;
	container->first_run = memory->nruns;
	container->nruns = 0;
	container->has_digest = false;
	return container;
}

/*
 * dg_digest_keep_runs
 *		Keep a container's runs, all of them at once.
 */
void
dg_digest_keep_runs(DigestMemory *memory, DigestContainer *container,
					const DigestRun *runs, uint32 nruns)
{
	if (nruns > memory->maxruns - memory->nruns)
	{
		while (nruns > memory->maxruns - memory->nruns)
			memory->maxruns *= 2;
		memory->runs = dg_realloc(memory->runs, memory->maxruns,
								  sizeof(DigestRun));
	}
	container->first_run = memory->nruns;
	container->nruns = nruns;
	memcpy(memory->runs + memory->nruns, runs, nruns * sizeof(DigestRun));
	memory->nruns += nruns;
}

/* The first container that is kept at an offset or after it. */
static uint32
first_from(const DigestMemory *memory, Size offset)
{
	uint32		low = 0;
	uint32		high = memory->ncontainers;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (memory->containers[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * dg_digest_find
 *		What is kept of a container of the old version, or NULL.
 */
const DigestContainer *
dg_digest_find(const DigestVersions *versions, const JsonNode *old_node)
{
	const DigestMemory *memory = versions->old_memory;
	Size		offset = old_node->data - versions->old_root;
	uint32		i = first_from(memory, offset);

	if (i < memory->ncontainers && memory->containers[i].offset == offset)
		return &memory->containers[i];
	return NULL;
}

/*
 * Are these bytes the same?  Remembers how far they are.
 */
static bool
same_bytes(DigestVersions *versions, const char *old_data,
		   const char *new_data, Size len)
{
	Size		known = 0;
	Size		more;

	if (old_data >= versions->same_old &&
		old_data <= versions->same_old + versions->same_len &&
		old_data - versions->same_old == new_data - versions->same_new)
	{
		known = versions->same_len - (old_data - versions->same_old);
		if (known >= len)
			return true;
		if (versions->differs)
			return false;
	}
	else
	{
		versions->same_old = old_data;
		versions->same_new = new_data;
		versions->same_len = 0;
	}
	more = dg_common_prefix(old_data + known, new_data + known, len - known);
	versions->same_len += more;
	versions->differs = (more < len - known);
	return !versions->differs;
}

/*
 * The new version has a part of the old one: keep what was kept of it.
 */
static void
keep_part(DigestVersions *versions, const char *old_data,
		  const char *new_data, Size len)
{
	const DigestMemory *from = versions->old_memory;
	DigestMemory *to = versions->new_memory;
	Size		start = old_data - versions->old_root;
	Size		new_start = new_data - versions->new_root;

	if (to == NULL)
		return;
	for (uint32 i = first_from(from, start); i < from->ncontainers &&
		 from->containers[i].offset < start + len; i++)
	{
		const DigestContainer *container = &from->containers[i];
		uint32		offset = new_start + (container->offset - start);
		DigestContainer *kept;

		kept = dg_digest_keep_container(to, offset);
		kept->has_digest = container->has_digest;
		memcpy(kept->digest, container->digest, JSON_DIGEST_LENGTH);
		dg_digest_keep_runs(to, kept, from->runs + container->first_run,
							container->nruns);
	}
}

/*
 * Are these parts the same?  If so, keep what was kept of the old one.
 */
static bool
same_part(DigestVersions *versions, const char *old_data,
		  const char *new_data, Size len)
{
	if (!same_bytes(versions, old_data, new_data, len))
		return false;
	keep_part(versions, old_data, new_data, len);
	return true;
}

/*
 * dg_digest_same_container
 *		Is a container of the new version that of the old one, byte for byte?
 *		If so, what was kept of the latter is kept of the former.
 */
bool
dg_digest_same_container(DigestVersions *versions, const JsonNode *old_node,
						 const JsonNode *new_node)
{
	return old_node->kind == new_node->kind && old_node->len == new_node->len &&
		same_part(versions, old_node->data, new_node->data, new_node->len);
}

/*
 * Are some keys of two objects the same?
 */
static bool
same_keys(const JsonNode *old_node, uint32 old_index,
		  const JsonNode *new_node, uint32 new_index, uint32 count)
{
	JsonCursor	old_cursor;
	JsonCursor	new_cursor;
	const char *old_data;
	const char *new_data;
	uint32		len;

	if (dg_entries_alike(old_node, old_index, new_node, new_index, count,
						 &old_data, &new_data, &len))
		return memcmp(old_data, new_data, len) == 0;

	dg_cursor_seek(&old_cursor, old_node, old_index);
	dg_cursor_seek(&new_cursor, new_node, new_index);
	for (uint32 i = 0; i < count; i++)
	{
		JsonKey		old_key;
		JsonKey		new_key;

		dg_cursor_next_key(&old_cursor, &old_key);
		dg_cursor_next_key(&new_cursor, &new_key);
		if (dg_key_compare_stored(&old_key, &new_key) != 0)
			return false;
	}
	return true;
}

/*
 * Are some elements or values of two containers the same?
 *
 * Their data may be shifted by padding, so it is compared in as many pieces
 * as there are changes of the distance between the two.
 */
static bool
same_values(DigestVersions *versions, const JsonNode *old_node,
			uint32 old_index, const JsonNode *new_node, uint32 new_index,
			uint32 count)
{
	JsonCursor	old_cursor;
	JsonCursor	new_cursor;
	const char *old_start = NULL;
	const char *new_start = NULL;
	const char *old_end = NULL;
	uint32		len;

	if (old_node->kind == NODE_OBJECT)
	{
		old_index += NODE_COUNT(old_node);
		new_index += NODE_COUNT(new_node);
	}
	if (dg_entries_alike(old_node, old_index, new_node, new_index, count,
						 &old_start, &new_start, &len))
		return same_part(versions, old_start, new_start, len);

	dg_cursor_seek(&old_cursor, old_node, old_index);
	dg_cursor_seek(&new_cursor, new_node, new_index);
	for (uint32 i = 0; i < count; i++)
	{
		JsonNode	old_child;
		JsonNode	new_child;

		DG_CHECK_CANCEL();
		dg_cursor_next(&old_cursor, &old_child);
		dg_cursor_next(&new_cursor, &new_child);
		if (old_child.kind != new_child.kind || old_child.len != new_child.len)
			return false;
		if (old_start == NULL ||
			old_child.data - old_start != new_child.data - new_start)
		{
			if (old_start != NULL &&
				!same_part(versions, old_start, new_start,
						   old_end - old_start))
				return false;
			old_start = old_child.data;
			new_start = new_child.data;
		}
		old_end = old_child.data + old_child.len;
	}
	return same_part(versions, old_start, new_start, old_end - old_start);
}

/* The run of a container that starts with a child, or NULL. */
static const DigestRun *
find_run(const DigestMemory *memory, const DigestContainer *container,
		 uint32 index)
{
	const DigestRun *runs = memory->runs + container->first_run;
	uint32		low = 0;
	uint32		high = container->nruns;

	/* Look for the first run that does not end before the child. */
	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (runs[middle].upto <= index)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == container->nruns || (low > 0 ? runs[low - 1].upto : 0) != index)
		return NULL;
	return &runs[low];
}

/*
 * dg_digest_same_run
 *		Does the new container have, from new_index on, a run that the old
 *		one has from old_index on?  That run, or NULL.
 *
 * If so, what was kept of the run's children is kept of the new container's.
 * Linear in the size of the run.
 */
const DigestRun *
dg_digest_same_run(DigestVersions *versions, const JsonNode *old_node,
				   const DigestContainer *container, uint32 old_index,
				   const JsonNode *new_node, uint32 new_index)
{
	DigestMemory *memory = versions->new_memory;
	const DigestRun *run = find_run(versions->old_memory, container,
									old_index);
	uint32		ncontainers = memory ? memory->ncontainers : 0;
	uint32		nruns = memory ? memory->nruns : 0;
	uint32		count;

	if (run == NULL)
		return NULL;
	count = run->upto - old_index;
	if (count > NODE_COUNT(new_node) - new_index)
		return NULL;
	if ((new_node->kind == NODE_ARRAY ||
		 same_keys(old_node, old_index, new_node, new_index, count)) &&
		same_values(versions, old_node, old_index, new_node, new_index,
					count))
		return run;
	if (memory != NULL)
	{
		memory->ncontainers = ncontainers;
		memory->nruns = nruns;
	}
	return NULL;
}
