/*-------------------------------------------------------------------------
 *
 * view.h
 *	  What of a document is shown, told by path patterns.
 *
 * Patterns say which parts of a document are to be ignored, and which are to
 * be redacted.  Wherever one is in a document, what they say of the node there
 * and of everything below it is its view.  A view is either one of the three
 * that say all there is to say (VIEW_PLAIN, VIEW_HIDDEN, VIEW_REDACTED) or a
 * state of the patterns: how far each of them has been matched on the way to
 * the node.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_VIEW_H
#define DIFFGEN_JSON_VIEW_H

#include "json/node.h"
#include "utils/jsonpath.h"

/* What a redacted value reads. */
typedef enum JsonRedaction
{
	REDACTED_SAME,
	REDACTED_OLD,
	REDACTED_NEW
} JsonRedaction;

extern const char *const dg_redacted_text[];

typedef struct JsonPatterns JsonPatterns;

/* What becomes of the nodes that a pattern matches. */
typedef enum PatternAction
{
	PATTERN_REDACT,
	PATTERN_HIDE
} PatternAction;

/* pattern.c */
extern JsonPatterns *dg_patterns_create(void);
extern void dg_patterns_add(JsonPatterns *patterns, JsonPath *path,
							const char *text, PatternAction action,
							const char *option);
extern bool dg_patterns_redact(const JsonPatterns *patterns);

/* view.c */
extern void dg_view_root(JsonPatterns *patterns, JsonNode *root);
extern void dg_view_roots_apart(JsonPatterns *patterns, JsonNode *old_root,
								JsonNode *new_root);
extern void dg_view_roots(JsonPatterns *patterns, JsonNode *old_root,
						  JsonNode *new_root);
extern void dg_view_share(JsonNode *old_node, JsonNode *new_node);
extern bool dg_redactions_agree(const JsonNode *old_node,
								const JsonNode *new_node);
extern JsonView *dg_view_next_member(JsonView *view, const JsonKey *key,
									 const JsonNode *value);
extern JsonView *dg_view_next_element(JsonView *view, uint32 index,
									  const JsonNode *element);
extern bool dg_view_redacts(const JsonNode *node);
extern int64 dg_shown_lines(const JsonNode *node, int64 enough);
extern uint16 dg_view_id(const JsonView *view);
extern JsonView *dg_view_by_id(const JsonPatterns *patterns, uint16 id);

/*
 * Set the view of a member's value, or of an element, from that of its
 * container.
 */
static inline void
dg_view_member(const JsonNode *object, const JsonKey *key, JsonNode *value)
{
	if (object->view != VIEW_PLAIN)
		value->view = dg_view_next_member(object->view, key, value);
}

static inline void
dg_view_element(const JsonNode *array, uint32 index, JsonNode *element)
{
	if (array->view != VIEW_PLAIN)
		element->view = dg_view_next_element(array->view, index, element);
}

#endif							/* DIFFGEN_JSON_VIEW_H */
