/*-------------------------------------------------------------------------
 *
 * build.h
 *	  Writes jsonb values from their first byte to their last.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_BUILD_H
#define DIFFGEN_JSON_BUILD_H

#include "json/node.h"
#include "json/view.h"

/*
 * A container that is being written: its place in the output, and how far it
 * has come.  The children of an object are its keys, in the order they are
 * stored in, and then its values.
 */
typedef struct JsonBuild
{
	StringInfo	out;
	uint32		container;		/* offset of the header in out */
	uint32		nentries;
	uint32		next;			/* child to be written next */
	uint32		data;			/* offset of the first child's data in out */
} JsonBuild;

/*
 * An array whose number of elements is not known before its end.
 */
typedef struct JsonBuildList
{
	StringInfoData data;		/* of the elements */
	JEntry	   *entries;
	uint32		count;
	uint32		max;
} JsonBuildList;

extern void dg_build_begin(JsonBuild *build, StringInfo out, int kind,
						   uint32 count);
extern void dg_build_string(JsonBuild *build, const char *s, uint32 len);
extern void dg_build_true(JsonBuild *build);
extern void dg_build_redacted(JsonBuild *build, JsonRedaction redaction);
extern void dg_build_node(JsonBuild *build, const JsonNode *node);

extern void dg_build_list_begin(JsonBuildList *list);
extern void dg_build_list_object(JsonBuildList *list, JsonBuild *object,
								 uint32 count);
extern void dg_build_list_end_element(JsonBuildList *list,
									  const JsonBuild *object);
extern Jsonb *dg_build_list_end(JsonBuildList *list);

extern Jsonb *dg_build_document(const JsonNode *node,
								JsonRedaction redaction);

#endif							/* DIFFGEN_JSON_BUILD_H */
