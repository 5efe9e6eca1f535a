/*-------------------------------------------------------------------------
 *
 * jsonb_pair.h
 *	  Starts a walk over the two jsonb documents of a call.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSONB_PAIR_H
#define DIFFGEN_JSONB_PAIR_H

#include "postgres.h"

#include "access/detoast.h"
#include "functions/compat.h"
#include "functions/documents.h"
#include "functions/options.h"
#include "json/node.h"
#include "json/walk.h"

/*
 * jsonb is read in place, which takes an aligned value.
 */
static inline Jsonb *
diffgen_aligned_jsonb(struct varlena *document)
{
	if (VARATT_IS_SHORT(document))
		document = detoast_attr(document);
	return (Jsonb *) document;
}

/*
 * Detoast two documents and find their roots, seen as the options have it.
 *
 * Returns false if they are stored alike and therefore equal.  Memory comes
 * from the current context.
 */
static inline bool
diffgen_fetch_roots(Datum old_datum, Datum new_datum,
					const DiffgenOptions *options,
					JsonNode *old_root, JsonNode *new_root)
{
	struct varlena *old_document;
	struct varlena *new_document;

	if (!diffgen_fetch_pair(old_datum, new_datum, &old_document,
							&new_document))
		return false;
	dg_node_root(diffgen_aligned_jsonb(old_document), old_root);
	dg_node_root(diffgen_aligned_jsonb(new_document), new_root);
	dg_view_roots(options->patterns, old_root, new_root);
	return true;
}

/*
 * Prepare a walk as the options have it.
 */
static inline void
diffgen_walk_init(JsonWalk *walk, const DiffgenOptions *options)
{
	dg_walk_init(walk, options->text.algorithm);
	walk->keys = options->keys;
	walk->ignore_order = options->ignore_order;
}

#endif							/* DIFFGEN_JSONB_PAIR_H */
