/*-------------------------------------------------------------------------
 *
 * path_sink.c
 *	  The paths of what has changed, each once.
 *
 * They are in the order of the document.  A path can come up twice when an
 * element of an array was removed and another one added at the same index; a
 * hash table over the paths so far finds that out.
 *
 *-------------------------------------------------------------------------
 */
#include "json/path_sink.h"

#include "common/hashfn.h"
#include "json/path.h"

#define PATHS_INITIAL	32

/*
 * dg_path_sink_get
 *		The i-th path, which is not terminated by a zero byte.
 */
const char *
dg_path_sink_get(const JsonPathSink *sink, uint32 i, uint32 *len)
{
	uint32		start = (i == 0) ? 0 : sink->ends[i - 1];

	*len = sink->ends[i] - start;
	return sink->text.data + start;
}

/*
 * The slot of a path, or the empty one where it belongs.
 */
static uint32
find_slot(const JsonPathSink *sink, const char *path, uint32 len)
{
	uint32		mask = sink->nslots - 1;
	uint32		slot = hash_bytes((const unsigned char *) path, len) & mask;

	while (sink->slots[slot] != 0)
	{
		uint32		other_len;
		const char *other = dg_path_sink_get(sink, sink->slots[slot] - 1,
											 &other_len);

		if (other_len == len && memcmp(other, path, len) == 0)
			break;
		slot = (slot + 1) & mask;
	}
	return slot;
}

/*
 * Double the room for paths.
 */
static void
grow(JsonPathSink *sink)
{
	uint32		i;

	sink->max *= 2;
	sink->ends = dg_realloc(sink->ends, sink->max, sizeof(uint32));
	dg_free(sink->slots);
	sink->nslots = sink->max * 2;
	sink->slots = dg_alloc0(sink->nslots, sizeof(uint32));
	for (i = 0; i < sink->count; i++)
	{
		uint32		len;
		const char *path = dg_path_sink_get(sink, i, &len);

		sink->slots[find_slot(sink, path, len)] = i + 1;
	}
}

static void
path_change(JsonSink *base, const JsonWalk *walk, JsonChangeKind kind,
			const JsonChild *child)
{
	JsonPathSink *sink = (JsonPathSink *) base;
	int			start = sink->text.len;
	uint32		slot;

	if (sink->count == sink->max)
		grow(sink);
	dg_append_path(&sink->text, walk, child,
				   kind == CHANGE_REMOVE || kind == CHANGE_MOVE_AWAY,
				   kind == CHANGE_MOVE || kind == CHANGE_MOVE_AWAY);

	slot = find_slot(sink, sink->text.data + start, sink->text.len - start);
	if (sink->slots[slot] != 0)
		sink->text.len = start;
	else
	{
		sink->ends[sink->count++] = sink->text.len;
		sink->slots[slot] = sink->count;
	}
}

/*
 * dg_path_sink_begin
 *		Start with no paths.  Memory comes from the current context.
 */
void
dg_path_sink_begin(JsonPathSink *sink)
{
	memset(sink, 0, sizeof(JsonPathSink));
	sink->sink.change = path_change;
	initStringInfo(&sink->text);
	sink->max = PATHS_INITIAL;
	sink->ends = dg_alloc(sink->max, sizeof(uint32));
	sink->nslots = sink->max * 2;
	sink->slots = dg_alloc0(sink->nslots, sizeof(uint32));
}
