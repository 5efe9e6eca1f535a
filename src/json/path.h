/*-------------------------------------------------------------------------
 *
 * path.h
 *	  Where a change is, as a jsonpath.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_PATH_H
#define DIFFGEN_JSON_PATH_H

#include "json/walk.h"

extern void dg_append_path_key(StringInfo out, const JsonKey *key);
extern void dg_append_path_identity(StringInfo out,
									const JsonKeyList *identity,
									const JsonNode *element);
extern void dg_append_path(StringInfo out, const JsonWalk *walk,
						   const JsonChild *child, bool in_old,
						   bool by_index);

#endif							/* DIFFGEN_JSON_PATH_H */
