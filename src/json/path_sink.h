/*-------------------------------------------------------------------------
 *
 * path_sink.h
 *	  The paths of what has changed, each once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_PATH_SINK_H
#define DIFFGEN_JSON_PATH_SINK_H

#include "json/walk.h"

typedef struct JsonPathSink
{
	JsonSink	sink;			/* must be first */
	StringInfoData text;		/* all paths, one after the other */
	uint32	   *ends;			/* where each of them ends */
	uint32		count;
	uint32		max;
	uint32	   *slots;			/* hash table: number of a path + 1, or 0 */
	uint32		nslots;			/* a power of two */
} JsonPathSink;

extern void dg_path_sink_begin(JsonPathSink *sink);
extern const char *dg_path_sink_get(const JsonPathSink *sink, uint32 i,
									uint32 *len);

#endif							/* DIFFGEN_JSON_PATH_SINK_H */
