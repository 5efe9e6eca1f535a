/*-------------------------------------------------------------------------
 *
 * kubernetes.c
 *	  Shows what the preset "kubernetes" consists of.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "functions/compat.h"
#include "json/build.h"
#include "json/kubernetes.h"
#include "json/node.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(diffgen_kubernetes_keys);
PG_FUNCTION_INFO_V1(diffgen_kubernetes_noise);

/*
 * A part of the preset.
 */
static void
preset_member(const char *name, JsonNode *value)
{
	Datum		text = CStringGetDatum(dg_kubernetes_preset);
	Datum		document = DirectFunctionCall1(jsonb_in, text);
	JsonNode	root;

	dg_node_root(DatumGetJsonbP(document), &root);
	if (!dg_node_find(&root, name, strlen(name), value))
		elog(ERROR, "preset has no member \"%s\"", name);
}

/*
 * diffgen_kubernetes_keys() returns jsonb
 *		The keys by which lists of Kubernetes objects are matched, in the form
 *		of the option "keys".
 */
Datum
diffgen_kubernetes_keys(PG_FUNCTION_ARGS)
{
	JsonNode	keys;

	preset_member("keys", &keys);
	PG_RETURN_JSONB_P(dg_build_document(&keys, REDACTED_SAME));
}

/*
 * diffgen_kubernetes_noise() returns text[]
 *		The paths that change without a change of a Kubernetes object, in the
 *		form of the option "ignore".
 */
Datum
diffgen_kubernetes_noise(PG_FUNCTION_ARGS)
{
	JsonNode	noise;
	Datum	   *paths;
	uint32		i;

	preset_member("ignore", &noise);
	paths = palloc(NODE_COUNT(&noise) * sizeof(Datum));
	for (i = 0; i < NODE_COUNT(&noise); i++)
	{
		JsonNode	path;

		dg_node_child(&noise, i, &path);
		paths[i] = PointerGetDatum(cstring_to_text_with_len(path.data,
															path.len));
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(paths, NODE_COUNT(&noise), TEXTOID,
										  -1, false, TYPALIGN_INT));
}
