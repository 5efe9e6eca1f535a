/*-------------------------------------------------------------------------
 *
 * blame.c
 *	  diffgen_blame(): who changed each part of a document last.
 *
 * Paths of old entries do not say where something is now, since elements of
 * arrays move.  So the history is played once more, forwards from where the
 * document began, with values that have the number of the change in place of
 * each scalar, and one beside each container: what comes out is a document of
 * the live one's shape which says, wherever the live one has a value, which
 * change brought it, and where it has an empty container, which one brought or
 * emptied it.
 *
 * Changes of ignored parts have no entries, so these parts are left out.  With
 * other options they may have been ignored where the history begins, and not
 * later on; what was there of them then is nobody's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "changelog/history.h"
#include "changelog/patch_rewrite.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "functions/compat.h"
#include "json/build.h"
#include "json/children.h"
#include "json/path.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(diffgen_blame);

/* Columns of the result. */
typedef enum BlameColumn
{
	BLAME_PATH,
	BLAME_VALUE,
	BLAME_CHANGE_ID,
	BLAME_CHANGED_AT,
	BLAME_CHANGED_BY,
	BLAME_APPLICATION,
	BLAME_CONTEXT,
	BLAME_COLUMNS
} BlameColumn;

#define FIRST_LOOKED_UP	BLAME_CHANGED_AT

typedef struct Blame
{
	const RowKey *key;
	ReturnSetInfo *rsinfo;
	SPIPlanPtr	plan;			/* fetches what an entry says of a change */
	StringInfoData path;

	/* The last entry fetched; most paths in a row have the same. */
	int64		change_id;
	bool		fetched;
	Datum		values[BLAME_COLUMNS];
	bool		nulls[BLAME_COLUMNS];
} Blame;

/*
 * A change's number as a scalar document; null for what was there before the
 * changelog began.
 */
static Jsonb *
make_stamp(int64 change_id, bool known)
{
	char	   *text = known ? psprintf(INT64_FORMAT, change_id) : "null";

	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
											  CStringGetDatum(text)));
}

/*
 * The document of change numbers in the shape of the live one; see
 * patch_rewrite.c for how containers are in it.
 */
static Jsonb *
make_stamps(const Tracking *tracking, const WalkResult *walk)
{
	Oid			types[2] = {JSONBOID, JSONBARRAYOID};
	int			n = walk->nentries;
	Datum	   *patches = palloc(mul_size(Max(n, 1), sizeof(Datum)));
	Jsonb	   *recorded = NULL;
	Jsonb	   *base;
	ArrayType  *chain;
	Oid			replay;
	Datum		ignore;

	ignore = diffgen_list_options(&walk->view, 1, "ignore", "ignore");
	if (ignore != (Datum) 0)
		recorded = DatumGetJsonbP(diffgen_shown_document(tracking,
														 walk->document,
														 ignore));
	base = diffgen_stamp_document(DatumGetJsonbP(walk->document), recorded,
								  make_stamp(walk->origin,
											 walk->origin != 0));
	for (int i = 0; i < n; i++)
	{
		const WalkEntry *entry = &walk->entries[n - 1 - i];

		Jsonb	   *patch = diffgen_plain_patch(entry->patch);

		CHECK_FOR_INTERRUPTS();
		patch = diffgen_stamp_patch(patch, make_stamp(entry->change_id, true));
		patches[i] = JsonbPGetDatum(patch);
	}
	replay = diffgen_sibling(tracking->schema, "diffgen_replay", 2, types);
	chain = construct_array(patches, n, JSONBOID, -1, false, TYPALIGN_INT);
	return DatumGetJsonbP(OidFunctionCall2(replay, JsonbPGetDatum(base),
										   PointerGetDatum(chain)));
}

/*
 * The statement that fetches what an entry says of a change.
 */
static SPIPlanPtr
prepare_lookup(const Tracking *tracking)
{
	static const HistoryColumn columns[] = {HISTORY_CHANGED_AT,
	HISTORY_CHANGED_BY, HISTORY_APPLICATION, HISTORY_CONTEXT};
	Oid			param = INT8OID;
	StringInfoData query;
	SPIPlanPtr	plan;

	initStringInfo(&query);
	for (int i = 0; i < (int) lengthof(columns); i++)
		appendStringInfo(&query, "%s %s", i > 0 ? "," : "SELECT",
						 diffgen_column_expression(tracking, "", columns[i]));
	appendStringInfo(&query,
					 " FROM %s WHERE change_id OPERATOR(pg_catalog.=) $1",
					 diffgen_relation_name(tracking->changelog));
	plan = SPI_prepare(query.data, 1, &param);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s",
			 SPI_result_code_string(SPI_result));
	return plan;
}

static void
look_up(Blame *blame, int64 change_id)
{
	Datum		param = Int64GetDatum(change_id);

	if (blame->fetched && blame->change_id == change_id)
		return;
	if (SPI_execute_plan(blame->plan, &param, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_plan failed");
	for (int i = FIRST_LOOKED_UP; i < BLAME_COLUMNS; i++)
	{
		blame->nulls[i] = true;
		if (SPI_processed > 0)
			blame->values[i] = SPI_getbinval(SPI_tuptable->vals[0],
											 SPI_tuptable->tupdesc,
											 i - FIRST_LOOKED_UP + 1,
											 &blame->nulls[i]);
	}
	blame->change_id = change_id;
	blame->fetched = true;
}

/*
 * The newest change of all in a part of the document of change numbers; false
 * if there is none.
 */
static bool
newest_change(const JsonNode *stamps, int64 *change_id)
{
	JsonChildren children;
	JsonKey		key;
	JsonNode	child;
	bool		found = false;

	if (stamps->kind == NODE_NUMBER)
	{
		Datum		number = NumericGetDatum(NODE_NUMERIC(stamps));

		*change_id = DatumGetInt64(DirectFunctionCall1(numeric_int8, number));
		return true;
	}
	if (!NODE_IS_CONTAINER(stamps))
		return false;

	check_stack_depth();
	dg_children_start(&children, stamps);
	while (dg_children_next(&children, &key, &child))
	{
		int64		other;

		CHECK_FOR_INTERRUPTS();
		if (newest_change(&child, &other) &&
			(!found || other > *change_id))
		{
			*change_id = other;
			found = true;
		}
	}
	return found;
}

/*
 * A row for a scalar or an empty container.  A redacted value is a scalar, but
 * can have been a container.
 */
static void
put_row(Blame *blame, const JsonNode *value, const JsonNode *stamps)
{
	int64		change_id;

	blame->values[BLAME_PATH] =
		PointerGetDatum(cstring_to_text_with_len(blame->path.data,
												 blame->path.len));
	blame->values[BLAME_VALUE] =
		JsonbPGetDatum(dg_build_document(value, REDACTED_SAME));
	if (stamps != NULL && newest_change(stamps, &change_id))
	{
		look_up(blame, change_id);
		blame->values[BLAME_CHANGE_ID] = Int64GetDatum(change_id);
		blame->nulls[BLAME_CHANGE_ID] = false;
	}
	else
	{
		for (int i = BLAME_CHANGE_ID; i < BLAME_COLUMNS; i++)
			blame->nulls[i] = true;
		blame->fetched = false;
	}
	tuplestore_putvalues(blame->rsinfo->setResult, blame->rsinfo->setDesc,
						 blame->values, blame->nulls);
}

/*
 * A member of the object that a container has become in the document of change
 * numbers; NULL where that has none.
 */
static const JsonNode *
container_part(const JsonNode *stamps, const char *member, JsonNode *part)
{
	if (stamps == NULL || stamps->kind != NODE_OBJECT ||
		!dg_node_find(stamps, member, 1, part))
		return NULL;
	return part;
}

/*
 * Rows for the scalars and empty containers below a node.  stamps is the same
 * node of the document of change numbers, or NULL where that has none.
 */
static void
blame_node(Blame *blame, const JsonNode *value, const JsonNode *stamps)
{
	JsonChildren children;
	JsonKey		key;
	JsonNode	child;
	JsonNode	part;
	int			path_len = blame->path.len;
	uint32		index = 0;

	if (!NODE_IS_CONTAINER(value))
	{
		put_row(blame, value, stamps);
		return;
	}
	if (NODE_COUNT(value) == 0)
	{
		put_row(blame, value,
				container_part(stamps, STAMP_OF_CONTAINER, &part));
		return;
	}

	check_stack_depth();
	stamps = container_part(stamps, STAMPED_CONTAINER, &part);
	dg_children_start(&children, value);
	while (dg_children_next(&children, &key, &child))
	{
		JsonNode	stamp;
		bool		found = false;

		CHECK_FOR_INTERRUPTS();
		if (value->kind == NODE_OBJECT)
		{
			dg_append_path_key(&blame->path, &key);
			if (stamps != NULL && stamps->kind == NODE_OBJECT)
				found = dg_node_find(stamps, key.data, key.len, &stamp);
		}
		else
		{
			appendStringInfo(&blame->path, "[%u]", index);
			if (stamps != NULL && stamps->kind == NODE_ARRAY &&
				index < NODE_COUNT(stamps))
			{
				dg_node_child(stamps, index, &stamp);
				found = true;
			}
			index++;
		}
		blame_node(blame, &child, found ? &stamp : NULL);
		blame->path.len = path_len;
		blame->path.data[path_len] = '\0';
	}
}

/*
 * diffgen_blame(target regclass, document name, VARIADIC key "any")
 *		For each scalar of the live document, the change that brought it.
 */
Datum
diffgen_blame(PG_FUNCTION_ARGS)
{
	WalkGoal	goal;
	WalkResult	walk;
	Blame		blame;
	RowKey		key;
	const TrackedDocument *document;
	Datum		recorded;
	JsonNode	live;
	JsonNode	stamps;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	diffgen_row_key(fcinfo, 2, PG_GETARG_OID(0), &key);
	document = diffgen_find_document(key.tracking,
									 NameStr(*PG_GETARG_NAME(1)));
	if (document->kind == DOCUMENT_TEXT)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("document \"%s\" of table \"%s\" is of type %s",
						document->label,
						get_rel_name(key.tracking->target), "text"),
				 errhint("Only parts of jsonb and json documents can be told apart.")));

	memset(&goal, 0, sizeof(goal));
	goal.to_origin = true;
	diffgen_walk(&key, document->label, &goal, &walk);
	if (!walk.exists)
		return (Datum) 0;

	memset(&blame, 0, sizeof(blame));
	blame.key = &key;
	blame.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	initStringInfo(&blame.path);
	appendStringInfoChar(&blame.path, '$');
	recorded = diffgen_shown_document(key.tracking, walk.live,
									  key.tracking->removal_options);
	dg_node_root(DatumGetJsonbP(recorded), &live);
	dg_node_root(make_stamps(key.tracking, &walk), &stamps);

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	blame.plan = prepare_lookup(key.tracking);
	blame_node(&blame, &live, &stamps);
	SPI_finish();
	return (Datum) 0;
}
