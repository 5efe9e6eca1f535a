/*-------------------------------------------------------------------------
 *
 * patch_read.c
 *	  Reads the operations of a JSON Patch (RFC 6902).
 *
 * A patch is an array of objects with the members "op" and "path", and
 * "from" or "value" where the operation needs them.  Whatever can be said of
 * an operation without a document is checked here, so that those who apply
 * and invert patches need not.  Other members mean nothing, as the RFC
 * demands, with one exception: an operation with "redacted": true stands for
 * a change whose values were left out.
 *
 * Errors name the operation by its index in the patch, which counts from 0 as
 * jsonb subscripts do.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "json/json_pointer.h"
#include "json/patch_read.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

/* Longest part of a document that an error message shows, in bytes. */
#define MAX_SHOWN	200

static const char *const op_names[] = {
	[PATCH_ADD] = "add",
	[PATCH_REMOVE] = "remove",
	[PATCH_REPLACE] = "replace",
	[PATCH_MOVE] = "move",
	[PATCH_COPY] = "copy",
	[PATCH_TEST] = "test"
};

static void read_members(PatchOp *op, JsonNode *name);
static void read_kind(PatchOp *op, const JsonNode *name);
static void check_pointer(const PatchOp *op, const JsonNode *pointer,
						  const char *member);
static void raise_missing(const PatchOp *op, const char *member);

/*
 * dg_patch_begin
 *		Begin to read a patch, which must be detoasted and outlive what is
 *		read.
 *
 * number is its place in a chain of patches, from 1; 0 if it stands alone.
 * Raises ERRCODE_INVALID_PARAMETER_VALUE for what is no patch.
 */
void
dg_patch_begin(PatchReader *reader, const Jsonb *patch, int32 number)
{
	dg_node_root(patch, &reader->patch);
	if (reader->patch.kind != NODE_ARRAY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("JSON patch is not an array"),
				 number > 0 ?
				 errdetail("It is patch %d of the chain.", number) : 0,
				 errhint("A patch is an array of operations such as [{\"op\": \"remove\", \"path\": \"/a\"}].")));

	reader->number = number;
}

/*
 * dg_patch_read
 *		Read an operation of the patch, by its index.
 *
 * Raises ERRCODE_INVALID_PARAMETER_VALUE for a malformed one.
 */
void
dg_patch_read(const PatchReader *reader, uint32 index, PatchOp *op)
{
	JsonNode	name;

	memset(op, 0, sizeof(PatchOp));
	op->index = index;
	op->patch_number = reader->number;
	dg_node_child(&reader->patch, index, &op->whole);

	if (op->whole.kind != NODE_OBJECT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("operation %u of the JSON patch is not an object",
						op->index),
				 dg_patch_errdetail(op)));

	read_members(op, &name);
	read_kind(op, &name);
	if (op->path.data == NULL)
		raise_missing(op, "path");
	check_pointer(op, &op->path, "path");

	switch (op->kind)
	{
		case PATCH_ADD:
		case PATCH_REPLACE:
		case PATCH_TEST:
			if (op->value.data == NULL && !op->redacted)
				raise_missing(op, "value");
			break;
		case PATCH_MOVE:
		case PATCH_COPY:
			if (op->from.data == NULL)
				raise_missing(op, "from");
			check_pointer(op, &op->from, "from");
			if (op->kind == PATCH_MOVE &&
				dg_pointer_inside(op->from.data, op->from.len,
								  op->path.data, op->path.len))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("operation %u of the JSON patch moves a value into itself",
								op->index),
						 dg_patch_errdetail(op)));
			break;
		case PATCH_REMOVE:
		case PATCH_UNKNOWN:
			break;
	}
}

/* Finds the members that mean something; they need not be there. */
static void
read_members(PatchOp *op, JsonNode *name)
{
	uint32		count = NODE_COUNT(&op->whole);
	JsonCursor	keys;
	JsonCursor	values;

	memset(name, 0, sizeof(JsonNode));
	dg_cursor_seek(&keys, &op->whole, 0);
	dg_cursor_seek(&values, &op->whole, count);
	for (uint32 i = 0; i < count; i++)
	{
		JsonKey		key;
		JsonNode	value;

		CHECK_FOR_INTERRUPTS();
		dg_cursor_next_key(&keys, &key);
		dg_cursor_next(&values, &value);

		if (key.len == 2 && memcmp(key.data, "op", 2) == 0)
			*name = value;
		else if (key.len == 4 && memcmp(key.data, "path", 4) == 0)
			op->path = value;
		else if (key.len == 4 && memcmp(key.data, "from", 4) == 0)
			op->from = value;
		else if (key.len == 5 && memcmp(key.data, "value", 5) == 0)
			op->value = value;
		else if (key.len == 8 && memcmp(key.data, "redacted", 8) == 0)
			op->redacted = (value.kind == NODE_TRUE);
	}
}

static void
read_kind(PatchOp *op, const JsonNode *name)
{
	if (name->data == NULL)
		raise_missing(op, "op");

	if (name->kind == NODE_STRING)
	{
		for (int kind = PATCH_ADD; kind < lengthof(op_names); kind++)
		{
			if (name->len == strlen(op_names[kind]) &&
				memcmp(name->data, op_names[kind], name->len) == 0)
			{
				op->kind = kind;
				return;
			}
		}
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("operation %u of the JSON patch has the unrecognized \"op\" \"%s\"",
						op->index, dg_patch_clip(name->data, name->len)),
				 dg_patch_errdetail(op),
				 errhint("Operations are \"add\", \"remove\", \"replace\", \"move\", \"copy\" and \"test\".")));
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("member \"%s\" of operation %u of the JSON patch is not a string",
					"op", op->index),
			 dg_patch_errdetail(op)));
}

static void
check_pointer(const PatchOp *op, const JsonNode *pointer, const char *member)
{
	const char *defect;

	if (pointer->kind != NODE_STRING)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("member \"%s\" of operation %u of the JSON patch is not a string",
						member, op->index),
				 dg_patch_errdetail(op)));

	defect = dg_pointer_defect(pointer->data, pointer->len);
	if (defect != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid JSON Pointer \"%s\" in member \"%s\" of operation %u of the JSON patch",
						dg_patch_clip(pointer->data, pointer->len),
						member, op->index),
				 errdetail_internal("%s", defect)));
}

static void
raise_missing(const PatchOp *op, const char *member)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("operation %u of the JSON patch has no member \"%s\"",
					op->index, member),
			 dg_patch_errdetail(op)));
}

/*
 * dg_patch_op_name
 *		What an operation does, as the patch says it.
 */
const char *
dg_patch_op_name(const PatchOp *op)
{
	return op_names[op->kind];
}

/*
 * dg_patch_clip
 *		A part of a document for an error message, shortened if it is long;
 *		palloc'd.
 */
char *
dg_patch_clip(const char *text, uint32 len)
{
	if (len <= MAX_SHOWN)
		return pnstrdup(text, len);
	return psprintf("%.*s...", pg_mbcliplen(text, len, MAX_SHOWN), text);
}

/*
 * dg_patch_errdetail
 *		To be called inside of ereport(): says which operation it is, as far
 *		as it was read.
 */
int
dg_patch_errdetail(const PatchOp *op)
{
	const char *path;

	if (op->path.data == NULL || op->path.kind != NODE_STRING)
	{
		if (op->patch_number > 0)
			errdetail("It is in patch %d of the chain.", op->patch_number);
		return 0;
	}

	path = dg_patch_clip(op->path.data, op->path.len);
	if (op->kind == PATCH_UNKNOWN)
		errdetail("Its path is \"%s\".", path);
	else if (op->patch_number > 0)
		errdetail("The operation is \"%s\" at path \"%s\" in patch %d of the chain.",
				  dg_patch_op_name(op), path, op->patch_number);
	else
		errdetail("The operation is \"%s\" at path \"%s\".",
				  dg_patch_op_name(op), path);
	return 0;
}
