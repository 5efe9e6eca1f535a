/*-------------------------------------------------------------------------
 *
 * text_sink.h
 *	  The changes of a walk as a unified diff of canonical texts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_TEXT_SINK_H
#define DIFFGEN_JSON_TEXT_SINK_H

#include "core/unified.h"
#include "json/members.h"
#include "json/walk.h"

typedef struct JsonTextSink
{
	JsonSink	sink;			/* must be first */
	UnifiedWriter writer;		/* its stat is final after dg_text_sink_end */
	JsonMembers members;		/* scratch for printing */
	const JsonPatterns *patterns;	/* what the views are of, or NULL */
	uint32		moved_depth;	/* of the moved element the walk is in, or 0 */
} JsonTextSink;

extern void dg_text_sink_begin(JsonTextSink *sink,
							   const JsonPatterns *patterns, int32 context,
							   const UnifiedLabels *labels, StringInfo out);
extern void dg_text_sink_end(JsonTextSink *sink, const JsonWalk *walk);

#endif							/* DIFFGEN_JSON_TEXT_SINK_H */
