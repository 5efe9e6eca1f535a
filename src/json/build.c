/*-------------------------------------------------------------------------
 *
 * build.c
 *	  Writes jsonb values from their first byte to their last.
 *
 * The server builds a jsonb from a tree of JsonbValues, and takes apart what
 * is in binary form already to do so.  Here a value that is shown as it is, is
 * copied as bytes: the offsets in a container are relative to it.  Of one with
 * hidden or redacted parts only the way down to these is written anew.
 *
 * The format is that of the server (convertJsonbObject and its siblings), to
 * the byte: an entry has the length of its child, or the offset of its end
 * for every JB_OFFSET_STRIDE'th child; containers and numbers are aligned to
 * four bytes, the padding before them counted as theirs.
 *
 * Limits: a container's children take at most JENTRY_OFFLENMASK bytes.
 *
 *-------------------------------------------------------------------------
 */
#include "json/build.h"

#include "json/canonical.h"
#include "json/children.h"

#define LIST_INITIAL	16

/*
 * The bytes of a container's children, or an error if a jsonb cannot hold
 * as many.
 */
static uint32
checked_size(Size size)
{
	if (size > JENTRY_OFFLENMASK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("result of the diff is too large"),
				 errdetail("A container in it would exceed %d bytes, the limit of jsonb.",
						   JENTRY_OFFLENMASK),
				 errhint("Compare the documents in parts, or take the changes one by one from diffgen_changes().")));
	return (uint32) size;
}

/*
 * Write zeros until the output is aligned; containers begin aligned.
 */
static void
pad(StringInfo out)
{
	Size		padding = INTALIGN(out->len) - out->len;

	memset(dg_reserve(out, padding), 0, padding);
	out->len += padding;
}

/*
 * The entry of a child whose data starts at an offset and ends at the end of
 * what was written.
 */
static JEntry
make_entry(uint32 type, uint32 number, uint32 start, uint32 end)
{
	if (number % JB_OFFSET_STRIDE == 0)
		return type | JENTRY_HAS_OFF | end;
	return type | (end - start);
}

/*
 * Note that the next child of a container has been written, from `start`.
 */
static void
end_child(JsonBuild *build, uint32 type, uint32 start)
{
	StringInfo	out = build->out;
	JsonbContainer *jc = (JsonbContainer *) (out->data + build->container);

	Assert(build->next < build->nentries);
	jc->children[build->next] =
		make_entry(type, build->next, start - build->data,
				   checked_size(out->len - build->data));
	build->next++;
}

/*
 * dg_build_begin
 *		Start a container with so many elements or members.
 */
void
dg_build_begin(JsonBuild *build, StringInfo out, int kind, uint32 count)
{
	JsonbContainer *jc;
	Size		size;

	pad(out);
	build->out = out;
	build->container = out->len;
	build->nentries = (kind == NODE_OBJECT) ? count * 2 : count;
	build->next = 0;

	size = offsetof(JsonbContainer, children) +
		(Size) build->nentries * sizeof(JEntry);
	jc = (JsonbContainer *) dg_reserve(out, size);
	jc->header = count | (kind == NODE_OBJECT ? JB_FOBJECT : JB_FARRAY);
	out->len += size;
	build->data = out->len;
}

/*
 * dg_build_string
 *		Write a string, or a key.
 */
void
dg_build_string(JsonBuild *build, const char *s, uint32 len)
{
	uint32		start = build->out->len;

	memcpy(dg_reserve(build->out, len), s, len);
	build->out->len += len;
	end_child(build, JENTRY_ISSTRING, start);
}

/*
 * dg_build_true
 *		Append the child true.
 */
void
dg_build_true(JsonBuild *build)
{
	end_child(build, JENTRY_ISBOOL_TRUE, build->out->len);
}

/*
 * Write a container of which parts are hidden or redacted.
 */
static void
write_view(StringInfo out, const JsonNode *node)
{
	JsonBuild	build;
	JsonChildren children;
	JsonKey		key;
	JsonNode	child;
	uint32		count = 0;

	check_stack_depth();
	dg_children_start(&children, node);
	while (dg_children_next(&children, &key, &child))
		count++;

	dg_build_begin(&build, out, node->kind, count);
	if (node->kind == NODE_OBJECT)
	{
		dg_children_start(&children, node);
		while (dg_children_next(&children, &key, &child))
			dg_build_string(&build, key.data, key.len);
	}
	dg_children_start(&children, node);
	while (dg_children_next(&children, &key, &child))
	{
		DG_CHECK_CANCEL();
		dg_build_node(&build, &child);
	}
}

/*
 * dg_build_redacted
 *		Write what stands for a value that must not be seen.
 */
void
dg_build_redacted(JsonBuild *build, JsonRedaction redaction)
{
	dg_build_string(build, dg_redacted_text[redaction],
					strlen(dg_redacted_text[redaction]));
}

/*
 * dg_build_node
 *		Write a value as it is shown.
 */
void
dg_build_node(JsonBuild *build, const JsonNode *node)
{
	static const uint32 types[] = {
		[NODE_STRING] = JENTRY_ISSTRING,
		[NODE_NUMBER] = JENTRY_ISNUMERIC,
		[NODE_FALSE] = JENTRY_ISBOOL_FALSE,
		[NODE_TRUE] = JENTRY_ISBOOL_TRUE,
		[NODE_NULL] = JENTRY_ISNULL,
		[NODE_ARRAY] = JENTRY_ISCONTAINER,
		[NODE_OBJECT] = JENTRY_ISCONTAINER
	};
	StringInfo	out = build->out;
	uint32		start = out->len;

	if (dg_is_redacted(node->view))
	{
		dg_build_redacted(build, REDACTED_SAME);
		return;
	}
	if (NODE_IS_CONTAINER(node) || node->kind == NODE_NUMBER)
		pad(out);
	if (NODE_IS_CONTAINER(node) && node->view != VIEW_PLAIN)
		write_view(out, node);
	else
	{
		memcpy(dg_reserve(out, node->len), node->data, node->len);
		out->len += node->len;
	}
	end_child(build, types[node->kind], start);
}

/*
 * dg_build_list_begin
 *		Start an array.  Its memory comes from the current context.
 */
void
dg_build_list_begin(JsonBuildList *list)
{
	initStringInfo(&list->data);
	list->count = 0;
	list->max = LIST_INITIAL;
	list->entries = dg_alloc(list->max, sizeof(JEntry));
}

/*
 * dg_build_list_object
 *		Start an object, with so many members, as the next element.
 */
void
dg_build_list_object(JsonBuildList *list, JsonBuild *object, uint32 count)
{
	if (list->count == list->max)
	{
		list->max *= 2;
		list->entries = dg_realloc(list->entries, list->max, sizeof(JEntry));
	}
	/* Kept here until the object's end: where its data starts. */
	list->entries[list->count] = list->data.len;
	dg_build_begin(object, &list->data, NODE_OBJECT, count);
}

/*
 * dg_build_list_end_element
 *		The object that was started last is complete.
 */
void
dg_build_list_end_element(JsonBuildList *list, const JsonBuild *object)
{
	Assert(object->next == object->nentries);
	list->entries[list->count] =
		make_entry(JENTRY_ISCONTAINER, list->count,
				   list->entries[list->count], checked_size(list->data.len));
	list->count++;
}

/*
 * dg_build_list_end
 *		The array as a document, in the memory the list was made in.
 */
Jsonb *
dg_build_list_end(JsonBuildList *list)
{
	StringInfo	data = &list->data;
	Size		size = offsetof(Jsonb, root) +
		offsetof(JsonbContainer, children) +
		(Size) list->count * sizeof(JEntry);
	Jsonb	   *document;

	/* The data moves up, so that no second copy of it is needed. */
	(void) dg_reserve(data, size);
	memmove(data->data + size, data->data, data->len);
	document = (Jsonb *) data->data;
	SET_VARSIZE(document, size + data->len);
	document->root.header = list->count | JB_FARRAY;
	memcpy(document->root.children, list->entries,
		   (Size) list->count * sizeof(JEntry));
	dg_free(list->entries);
	return document;
}

/*
 * dg_build_document
 *		A value as it is shown, as a document of its own; if it is redacted,
 *		what stands for it.
 */
Jsonb *
dg_build_document(const JsonNode *node, JsonRedaction redaction)
{
	StringInfoData out;
	JsonBuild	scalar;
	Jsonb	   *document;

	initStringInfo(&out);
	appendStringInfoSpaces(&out, offsetof(Jsonb, root));
	if (!NODE_IS_CONTAINER(node) || dg_is_redacted(node->view))
	{
		dg_build_begin(&scalar, &out, NODE_ARRAY, 1);
		((Jsonb *) out.data)->root.header |= JB_FSCALAR;
		if (dg_is_redacted(node->view))
			dg_build_redacted(&scalar, redaction);
		else
			dg_build_node(&scalar, node);
	}
	else if (node->view != VIEW_PLAIN)
		write_view(&out, node);
	else
	{
		memcpy(dg_reserve(&out, node->len), node->data, node->len);
		out.len += node->len;
	}
	document = (Jsonb *) out.data;
	SET_VARSIZE(document, out.len);
	return document;
}
