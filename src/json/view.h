/*-------------------------------------------------------------------------
 *
 * view.h
 *	  What of a document is shown.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_VIEW_H
#define DIFFGEN_JSON_VIEW_H

#include "json/node.h"

/* What a redacted value reads. */
typedef enum JsonRedaction
{
	REDACTED_SAME,
	REDACTED_OLD,
	REDACTED_NEW
} JsonRedaction;

extern const char *const dg_redacted_text[];

extern bool dg_view_redacts(const JsonNode *node);

/*
 * Set a child's view from that of its container.
 */
static inline void
dg_view_member(const JsonNode *object, const JsonKey *key, JsonNode *value)
{
	value->view = object->view;
}

static inline void
dg_view_element(const JsonNode *array, uint32 index, JsonNode *element)
{
	element->view = array->view;
}

#endif							/* DIFFGEN_JSON_VIEW_H */
