/*-------------------------------------------------------------------------
 *
 * text_sink.c
 *	  The changes of a walk as a unified diff of canonical texts.
 *
 * The result is a diff of the two canonical texts in the strict sense: with
 * it, patch(1) makes one text of the other.  So a line counts as changed when
 * only its comma is: a child that has become the last one, or is no longer,
 * changes its last line although its value is the same.
 *
 * Nothing is rendered here.  The writer (unified.h) is handed segments, each
 * of which says what node it shows and how, and asks for the lines it needs.
 * Of a long run of unchanged children only those near its ends can ever be
 * asked for, so those between go by as one number of lines.
 *
 *-------------------------------------------------------------------------
 */
#include "json/text_sink.h"

#include "json/canonical.h"

/* What a segment shows. */
typedef enum SegmentRole
{
	SHOW_NODE,					/* all lines of a node */
	SHOW_BODY,					/* all but its last line */
	SHOW_OPEN,					/* its first line */
	SHOW_CLOSE,					/* its last line */
	SHOW_NOTHING				/* lines that are never asked for */
} SegmentRole;

/*
 * A segment's words:
 *	ptr, len	data of the node
 *	aux			the key, or NULL
 *	word[0]		length of the key
 *	word[1]		depth, and the flags below
 *	word[2]		view of the node and its kind
 */
#define SEGMENT_DEPTH_MASK	0x00FFFFFFU
#define SEGMENT_COMMA		0x01000000U
#define SEGMENT_ROLE_SHIFT	25
#define SEGMENT_ROLE_MASK	7U
#define SEGMENT_REDACTION_SHIFT	28
#define SEGMENT_REDACTION_MASK	3U
#define SEGMENT_KIND_SHIFT	16

static void
make_segment(UnifiedSegment *segment, SegmentRole role, const JsonNode *node,
			 const JsonKey *key, uint32 depth, bool comma,
			 JsonRedaction redaction)
{
	if (depth > SEGMENT_DEPTH_MASK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("document is nested too deeply to be compared")));
	segment->ptr = node->data;
	segment->len = node->len;
	segment->aux = key->data;
	segment->word[0] = key->len;
	segment->word[1] = depth | (comma ? SEGMENT_COMMA : 0) |
		(role << SEGMENT_ROLE_SHIFT) | (redaction << SEGMENT_REDACTION_SHIFT);
	segment->word[2] = dg_view_id(node->view) |
		((uint32) node->kind << SEGMENT_KIND_SHIFT);
}

/*
 * Write the lines of a node whose value has changed and must not be seen.
 */
static void
print_redacted(JsonPrinter *printer, const JsonPlace *place,
			   JsonRedaction redaction)
{
	const char *text = dg_redacted_text[redaction];
	JsonNode	marker;

	marker.data = text;
	marker.len = strlen(text);
	marker.kind = NODE_STRING;
	marker.view = VIEW_PLAIN;
	dg_print_first(printer, &marker, place);
}

/*
 * Write lines of a node but its last one, which is not asked for.
 */
static void
print_body(JsonPrinter *printer, const JsonNode *node, const JsonPlace *place,
		   int32 nlines, bool from_end)
{
	if (!from_end)
	{
		dg_print_first(printer, node, place);
		return;
	}

	/* The closing line comes with those before it: take it off. */
	printer->left++;
	dg_print_last(printer, node, place, (int64) nlines + 1);
	printer->out->len -= (printer->prefix != '\0') +
		place->depth * INDENT_WIDTH + 1 + place->comma + 1;
}

/*
 * Write lines of a segment; a callback of the writer.
 */
static void
render_segment(void *source, const UnifiedSegment *segment, int32 nlines,
			   bool from_end, char prefix, StringInfo out)
{
	JsonTextSink *sink = source;
	uint32		flags = segment->word[1];
	SegmentRole role = (flags >> SEGMENT_ROLE_SHIFT) & SEGMENT_ROLE_MASK;
	JsonRedaction redaction = (flags >> SEGMENT_REDACTION_SHIFT) &
		SEGMENT_REDACTION_MASK;
	JsonPrinter printer;
	JsonPlace	place;
	JsonNode	node;

	node.data = segment->ptr;
	node.len = segment->len;
	node.view = dg_view_by_id(sink->patterns,
							  segment->word[2] & PG_UINT16_MAX);
	node.kind = segment->word[2] >> SEGMENT_KIND_SHIFT;
	place.key.data = segment->aux;
	place.key.len = segment->word[0];
	place.depth = flags & SEGMENT_DEPTH_MASK;
	place.comma = (flags & SEGMENT_COMMA) != 0;
	printer.out = out;
	printer.members = &sink->members;
	printer.prefix = prefix;
	printer.left = nlines;

	if (role == SHOW_OPEN)
		dg_print_open(&printer, node.kind, &place);
	else if (role == SHOW_CLOSE)
		dg_print_close(&printer, node.kind, &place);
	else if (role == SHOW_BODY)
		print_body(&printer, &node, &place, nlines, from_end);
	else if (role == SHOW_NOTHING)
		elog(ERROR, "lines were asked for that are not kept");
	else if (redaction != REDACTED_SAME)
		print_redacted(&printer, &place, redaction);
	else if (from_end)
		dg_print_last(&printer, &node, &place, nlines);
	else
		dg_print_first(&printer, &node, &place);

	/* The last line of a document has no newline. */
	if (place.depth == 0 && (role == SHOW_NODE || role == SHOW_CLOSE))
		appendBinaryStringInfo(out, NO_NEWLINE_MARKER,
							   sizeof(NO_NEWLINE_MARKER) - 1);
}

/*
 * The number of lines as the writer takes it.
 */
static int32
line_count(int64 lines)
{
	if (lines > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("document has too many lines to be compared")));
	return (int32) lines;
}

/*
 * One line or a whole node was removed.
 */
static void
put_removed(JsonTextSink *sink, SegmentRole role, const JsonNode *node,
			const JsonKey *key, uint32 depth, bool comma,
			JsonRedaction redaction)
{
	UnifiedSegment segment;
	int64		lines = 1;

	if (role == SHOW_NODE && redaction == REDACTED_SAME)
		lines = dg_shown_lines(node, PG_INT64_MAX);
	make_segment(&segment, role, node, key, depth, comma, redaction);
	dg_unified_remove(&sink->writer, &segment, line_count(lines));
}

static void
put_added(JsonTextSink *sink, SegmentRole role, const JsonNode *node,
		  const JsonKey *key, uint32 depth, bool comma,
		  JsonRedaction redaction)
{
	UnifiedSegment segment;
	int64		lines = 1;

	if (role == SHOW_NODE && redaction == REDACTED_SAME)
		lines = dg_shown_lines(node, PG_INT64_MAX);
	make_segment(&segment, role, node, key, depth, comma, redaction);
	dg_unified_add(&sink->writer, &segment, line_count(lines));
}

/*
 * The closing lines of a container, which differ if only one has a comma.
 */
static void
put_close(JsonTextSink *sink, const JsonNode *old_node,
		  const JsonNode *new_node, uint32 depth, bool old_last,
		  bool new_last)
{
	JsonKey		none = {NULL, 0};
	UnifiedSegment segment;

	if (old_last == new_last)
	{
		make_segment(&segment, SHOW_CLOSE, new_node, &none, depth, !new_last,
					 REDACTED_SAME);
		dg_unified_equal(&sink->writer, &segment, 1);
	}
	else
	{
		put_removed(sink, SHOW_CLOSE, old_node, &none, depth, !old_last,
					REDACTED_SAME);
		put_added(sink, SHOW_CLOSE, new_node, &none, depth, !new_last,
				  REDACTED_SAME);
	}
}

/*
 * The opening lines of two containers that hold a change.
 */
static void
text_enter(JsonSink *base, const JsonWalk *walk)
{
	JsonTextSink *sink = (JsonTextSink *) base;
	const JsonFrame *frame = WALK_TOP(walk);
	const JsonChild *place = &frame->place;
	uint32		depth = walk->depth - 1;
	UnifiedSegment segment;

	/* All lines of a moved element have been shown as removed and added. */
	if (place->moved && sink->moved_depth == 0)
		sink->moved_depth = walk->depth;
	if (sink->moved_depth > 0)
		return;

	if (frame->old_shown > 0 && frame->new_shown > 0)
	{
		make_segment(&segment, SHOW_OPEN, &place->new_node, &place->key,
					 depth, false, REDACTED_SAME);
		dg_unified_equal(&sink->writer, &segment, 1);
		return;
	}

	/* An empty container is one line, with both brackets. */
	put_removed(sink, frame->old_shown > 0 ? SHOW_OPEN : SHOW_NODE,
				&place->old_node, &place->key, depth, !place->old_last,
				REDACTED_SAME);
	put_added(sink, frame->new_shown > 0 ? SHOW_OPEN : SHOW_NODE,
			  &place->new_node, &place->key, depth, !place->new_last,
			  REDACTED_SAME);
}

/*
 * The closing lines of two containers.
 */
static void
text_leave(JsonSink *base, const JsonWalk *walk)
{
	JsonTextSink *sink = (JsonTextSink *) base;
	const JsonFrame *frame = WALK_TOP(walk);
	const JsonChild *place = &frame->place;
	uint32		depth = walk->depth - 1;
	JsonKey		none = {NULL, 0};

	if (sink->moved_depth > 0)
	{
		if (sink->moved_depth == walk->depth)
			sink->moved_depth = 0;
		return;
	}

	if (frame->old_shown > 0 && frame->new_shown > 0)
		put_close(sink, &place->old_node, &place->new_node, depth,
				  place->old_last, place->new_last);
	else if (frame->old_shown > 0)
		put_removed(sink, SHOW_CLOSE, &place->old_node, &none, depth,
					!place->old_last, REDACTED_SAME);
	else if (frame->new_shown > 0)
		put_added(sink, SHOW_CLOSE, &place->new_node, &none, depth,
				  !place->new_last, REDACTED_SAME);
}

/*
 * A child that was removed, added, replaced or moved; lines do not move.
 */
static void
text_change(JsonSink *base, const JsonWalk *walk, JsonChangeKind kind,
			const JsonChild *child)
{
	JsonTextSink *sink = (JsonTextSink *) base;
	bool		in_old = (kind != CHANGE_ADD && kind != CHANGE_MOVE);
	bool		in_new = (kind != CHANGE_REMOVE && kind != CHANGE_MOVE_AWAY);

	if (sink->moved_depth > 0)
		return;
	if (in_old)
		put_removed(sink, SHOW_NODE, &child->old_node, &child->key,
					walk->depth, !child->old_last,
					dg_is_redacted(child->old_node.view) ?
					REDACTED_OLD : REDACTED_SAME);
	if (in_new)
		put_added(sink, SHOW_NODE, &child->new_node, &child->key,
				  walk->depth, !child->new_last,
				  dg_is_redacted(child->new_node.view) ?
				  REDACTED_NEW : REDACTED_SAME);
}

/*
 * A child that is the same in both documents.
 */
static void
put_equal(JsonTextSink *sink, const JsonChild *child, int64 lines,
		  uint32 depth)
{
	UnifiedSegment segment;

	if (child->old_last == child->new_last)
	{
		make_segment(&segment, SHOW_NODE, &child->new_node, &child->key,
					 depth, !child->new_last, REDACTED_SAME);
		dg_unified_equal(&sink->writer, &segment, line_count(lines));
	}
	else if (lines == 1)
	{
		put_removed(sink, SHOW_NODE, &child->old_node, &child->key, depth,
					!child->old_last, REDACTED_SAME);
		put_added(sink, SHOW_NODE, &child->new_node, &child->key, depth,
				  !child->new_last, REDACTED_SAME);
	}
	else
	{
		make_segment(&segment, SHOW_BODY, &child->new_node, &child->key,
					 depth, !child->new_last, REDACTED_SAME);
		dg_unified_equal(&sink->writer, &segment, line_count(lines - 1));
		put_close(sink, &child->old_node, &child->new_node, depth,
				  child->old_last, child->new_last);
	}
}

/*
 * Lines that are too far from any change to be shown.
 */
static void
put_skipped(JsonTextSink *sink, int64 lines)
{
	UnifiedSegment segment;
	JsonNode	nothing;
	JsonKey		none = {NULL, 0};

	if (lines == 0)
		return;
	memset(&nothing, 0, sizeof(nothing));
	make_segment(&segment, SHOW_NOTHING, &nothing, &none, 0, false,
				 REDACTED_SAME);
	dg_unified_equal(&sink->writer, &segment, line_count(lines));
}

/*
 * A run of equal children of the innermost frame.
 */
typedef struct EqualRun
{
	const JsonWalk *walk;
	const JsonFrame *frame;
	uint32		first;			/* member, or step */
	uint32		count;
} EqualRun;

/*
 * Describe the i-th child of a run.
 *
 * It is shown once, as the new document has it.  If something else would be
 * redacted of it as the old one has it, nothing of it is shown.
 */
static void
run_child(const EqualRun *run, uint32 i, JsonChild *child)
{
	if (run->frame->place.new_node.kind == NODE_OBJECT)
		dg_walk_member(run->walk, run->frame, run->first + i, child);
	else
		dg_walk_element(run->walk, run->frame, run->first, i, child);
	if (!dg_redactions_agree(&child->old_node, &child->new_node))
		child->old_node.view = child->new_node.view = VIEW_REDACTED;
}

/*
 * Lines of the i-th child of a run, counted until there are `enough`.  Most
 * children are scalars, as their entries say, and are not looked at.
 */
static int64
run_lines(const EqualRun *run, uint32 i, int64 enough)
{
	const JsonFrame *frame = run->frame;
	uint32		first = frame->first + run->first;
	const JsonbContainer *jc = NODE_CONTAINER(&frame->place.new_node);
	JsonChild	child;
	JsonCursor	cursor;
	uint32		entry;

	if (frame->place.new_node.kind == NODE_OBJECT)
	{
		const JsonMember *member = &run->walk->members.stack[first + i];

		if (dg_member_is_run(member))
			return (int64) member->prefix;
		entry = member->new_index + JsonContainerSize(jc);
	}
	else
		entry = run->walk->steps[first].new_index + i;
	if (!JBE_ISCONTAINER(jc->children[entry]))
		return 1;

	if (frame->place.new_node.view == VIEW_PLAIN)
	{
		dg_cursor_seek(&cursor, &frame->place.new_node, entry);
		dg_cursor_next(&cursor, &child.new_node);
	}
	else
		run_child(run, i, &child);
	return dg_shown_lines(&child.new_node, enough);
}

/*
 * Lines of the children [from, to) of a run.
 */
static int64
lines_between(const EqualRun *run, uint32 from, uint32 to)
{
	const JsonNode *container = &run->frame->place.new_node;
	int64		lines = 0;
	JsonCursor	cursor;
	JsonNode	element;

	if (container->kind == NODE_OBJECT || container->view != VIEW_PLAIN)
	{
		for (uint32 i = from; i < to; i++)
		{
			DG_CHECK_CANCEL();
			lines += run_lines(run, i, PG_INT64_MAX);
		}
		return lines;
	}

	/* Elements that are all shown stand next to each other. */
	dg_cursor_seek(&cursor, container,
				   run->walk->steps[run->frame->first + run->first].new_index +
				   from);
	for (uint32 i = from; i < to; i++)
	{
		DG_CHECK_CANCEL();
		dg_cursor_next(&cursor, &element);
		lines += dg_plain_lines(&element, PG_INT64_MAX);
	}
	return lines;
}

/*
 * Pass on a run: some children at each end one by one, those between as a
 * number of lines.
 */
static void
put_run(JsonTextSink *sink, const EqualRun *run)
{
	uint32		depth = run->walk->depth;
	int64		context = sink->writer.context;
	int64		lines = 0;
	uint32		head;
	uint32		tail;
	uint32		i;
	JsonChild	child;

	for (head = 0; head < run->count && lines < context; head++)
	{
		int64		more = run_lines(run, head, PG_INT64_MAX);

		DG_CHECK_CANCEL();
		run_child(run, head, &child);
		put_equal(sink, &child, more, depth);
		lines += more;
	}

	/* The last line may differ by its comma, and is no context then: +1. */
	lines = -1;
	for (tail = run->count; tail > head && lines < context; tail--)
		lines += run_lines(run, tail - 1, context - lines);

	put_skipped(sink, lines_between(run, head, tail));

	for (i = tail; i < run->count; i++)
	{
		DG_CHECK_CANCEL();
		run_child(run, i, &child);
		put_equal(sink, &child, run_lines(run, i, PG_INT64_MAX), depth);
	}
}

static void
text_equal(JsonSink *base, const JsonWalk *walk, uint32 from, uint32 to)
{
	JsonTextSink *sink = (JsonTextSink *) base;
	EqualRun	run;

	if (sink->moved_depth > 0)
		return;
	run.walk = walk;
	run.frame = WALK_TOP(walk);
	if (run.frame->place.new_node.kind == NODE_OBJECT)
	{
		run.first = from;
		run.count = to - from;
		put_run(sink, &run);
		return;
	}
	for (; from < to; from++)
	{
		run.first = from;
		run.count = walk->steps[run.frame->first + from].count;
		put_run(sink, &run);
	}
}

/*
 * dg_text_sink_begin
 *		Start a diff.
 *
 * patterns are those that the documents' views are of, or NULL; the other
 * arguments are those of dg_unified_begin.
 */
void
dg_text_sink_begin(JsonTextSink *sink, const JsonPatterns *patterns,
				   int32 context, const UnifiedLabels *labels, StringInfo out)
{
	sink->patterns = patterns;
	sink->moved_depth = 0;
	sink->sink.enter = text_enter;
	sink->sink.leave = text_leave;
	sink->sink.equal = text_equal;
	sink->sink.around = (uint32) context + 1;	/* see put_run */
	sink->sink.change = text_change;
	dg_members_init(&sink->members);
	dg_unified_begin(&sink->writer, render_segment, sink, context, labels,
					 out);
}

/*
 * dg_text_sink_end
 *		Finish the diff.
 */
void
dg_text_sink_end(JsonTextSink *sink, const JsonWalk *walk)
{
	dg_unified_end(&sink->writer);
	sink->writer.stat.exact = walk->exact;
	dg_members_free(&sink->members);
}
