/*-------------------------------------------------------------------------
 *
 * patch_sink.h
 *	  The changes of a walk as a JSON Patch (RFC 6902).
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_PATCH_SINK_H
#define DIFFGEN_JSON_PATCH_SINK_H

#include "json/build.h"
#include "json/moves.h"
#include "json/walk.h"

/*
 * A container that the walk is in, as far as the patch is concerned.
 */
typedef struct PatchFrame
{
	int			pointer_len;	/* of the pointer to this container */
	int32		shift;			/* elements added less those removed so far */
	uint32		next;			/* step to be passed next */
	uint32		behind;			/* index behind the last old element passed */
	ArrayMoves *moves;			/* where elements are if any of them move */
} PatchFrame;

typedef struct JsonPatchSink
{
	JsonSink	sink;			/* must be first */
	bool		invertible;
	JsonBuildList operations;
	StringInfoData pointer;		/* to the innermost container */
	PatchFrame *frames;
	uint32		maxframes;
} JsonPatchSink;

extern void dg_patch_sink_begin(JsonPatchSink *sink, bool invertible);
extern Jsonb *dg_patch_sink_end(JsonPatchSink *sink);

#endif							/* DIFFGEN_JSON_PATCH_SINK_H */
