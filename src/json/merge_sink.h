/*-------------------------------------------------------------------------
 *
 * merge_sink.h
 *	  The changes of a walk as a JSON Merge Patch (RFC 7396).
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_MERGE_SINK_H
#define DIFFGEN_JSON_MERGE_SINK_H

#include "json/edit_tree.h"
#include "json/walk.h"

typedef struct JsonMergeSink
{
	JsonSink	sink;			/* must be first */
	EditTree   *tree;			/* what the patch is made in */
	EditValue  *objects;		/* one for each level of nested objects */
	uint32		depth;			/* of them; 0 before the first change */
	uint32		maxdepth;
	uint32		array_depth;	/* of the array the walk is in, or 0 */
	EditValue	patch;
} JsonMergeSink;

extern void dg_merge_sink_begin(JsonMergeSink *sink, EditTree *tree,
								const JsonNode *new_root);
extern EditValue *dg_merge_sink_end(JsonMergeSink *sink);

#endif							/* DIFFGEN_JSON_MERGE_SINK_H */
