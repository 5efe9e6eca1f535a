/*-------------------------------------------------------------------------
 *
 * walk.c
 *	  Goes through two documents at once and tells sinks what has changed.
 *
 * The walk is in two containers of the same kind at a time, and looks at
 * their children in the order of the canonical text: the members of objects
 * joined by key (members.c), the elements of arrays as they were matched
 * (array_match.c).  Children that are equal bytes are passed over.  Scalars
 * that are not are compared by value.  Containers that are not are gone into,
 * although they may turn out to be equal in value: that is rare (it takes a
 * number written with another scale), so it is not found out beforehand.
 *
 * For the same reason sinks hear of a container only when the first change
 * in it is found.  Until then the frames on the stack remember which children
 * were passed over, and when a change is found, the frames that are not known
 * to the sinks yet are announced from the outermost to the innermost, each
 * after the equal children that stand before it.
 *
 * Bytes are compared once: where two containers' bytes differ first also says
 * where those of the children do (compare.h).  So the cost is linear in the
 * size of the documents at any depth, but for the sorting of the members of
 * those objects that hold a change and the search in arrays.
 *
 * The stack of frames is in memory of its own, so the depth of the documents
 * is not limited by the walk.
 *
 *-------------------------------------------------------------------------
 */
#include "json/walk.h"

#define WALK_INITIAL	64

/*
 * dg_walk_init
 *		Prepare a walk.  Its memory comes from the current context.
 */
void
dg_walk_init(JsonWalk *walk, DiffAlgorithm algorithm)
{
	memset(walk, 0, sizeof(JsonWalk));
	walk->algorithm = algorithm;
	walk->exact = true;
	walk->maxframes = WALK_INITIAL;
	walk->frames = dg_alloc(walk->maxframes, sizeof(JsonFrame));
	walk->maxsteps = WALK_INITIAL;
	walk->steps = dg_alloc(walk->maxsteps, sizeof(ArrayStep));
	dg_members_init(&walk->members);
	walk->members.skip_same = true;
	dg_hashes_init(&walk->hashes);
}

/*
 * dg_walk_add_sink
 *		Have the walk tell one more sink.
 */
void
dg_walk_add_sink(JsonWalk *walk, JsonSink *sink)
{
	Assert(walk->nsinks < WALK_MAX_SINKS);
	walk->sinks[walk->nsinks++] = sink;

	/* Equal members matter only to sinks that are told of them. */
	if (sink->equal != NULL)
	{
		walk->members.skip_same = false;
		walk->members.around = Max(walk->members.around, sink->around);
	}
}

/*
 * dg_walk_free
 *		Free what the walk has allocated.
 */
void
dg_walk_free(JsonWalk *walk)
{
	dg_free(walk->frames);
	dg_free(walk->steps);
	dg_members_free(&walk->members);
	dg_hashes_free(&walk->hashes);
}

/*
 * dg_push_step
 *		Add a step to those of the array that is being matched.
 *
 * Equal, removed and added elements that follow those of the step before are
 * added to it.
 */
void
dg_push_step(JsonWalk *walk, ArrayStepKind kind, uint32 old_index,
			 uint32 new_index, uint32 count)
{
	JsonFrame  *frame = WALK_TOP(walk);
	ArrayStep  *step;

	if (count == 0)
		return;
	if (walk->nsteps > frame->first &&
		(kind == STEP_EQUAL || kind == STEP_REMOVE || kind == STEP_ADD))
	{
		step = &walk->steps[walk->nsteps - 1];
		if (step->kind == kind &&
			(kind == STEP_ADD || step->old_index + step->count == old_index) &&
			(kind == STEP_REMOVE || step->new_index + step->count == new_index))
		{
			step->count += count;
			return;
		}
	}

	if (walk->nsteps == walk->maxsteps)
	{
		walk->maxsteps *= 2;
		walk->steps = dg_realloc(walk->steps, walk->maxsteps,
								 sizeof(ArrayStep));
	}
	step = &walk->steps[walk->nsteps++];
	step->kind = kind;
	step->old_index = old_index;
	step->new_index = new_index;
	step->count = count;
}

/*
 * dg_walk_member
 *		Describe member i of a frame's objects.
 */
void
dg_walk_member(const JsonWalk *walk, const JsonFrame *frame, uint32 i,
			   JsonChild *child)
{
	const JsonMember *member = &walk->members.stack[frame->first + i];
	const JsonNode *old_object = &frame->place.old_node;
	const JsonNode *new_object = &frame->place.new_node;

	child->old_index = member->old_index;
	child->new_index = member->new_index;
	child->old_last = (i == frame->last_old);
	child->new_last = (i == frame->last_new);
	child->moved = false;
	if (member->old_index != NO_INDEX)
	{
		dg_node_key(old_object, member->old_index, &child->key);
		dg_node_child(old_object, member->old_index, &child->old_node);
		dg_view_member(old_object, &child->key, &child->old_node);
	}
	else
		dg_node_key(new_object, member->new_index, &child->key);
	if (member->new_index != NO_INDEX)
	{
		dg_node_child(new_object, member->new_index, &child->new_node);
		dg_view_member(new_object, &child->key, &child->new_node);
	}
	if (child->old_index != NO_INDEX && child->new_index != NO_INDEX)
		dg_view_share(&child->old_node, &child->new_node);
}

/*
 * dg_walk_element
 *		Describe an element of a frame's arrays, of those that step i is
 *		about.
 *
 * An element that is in both arrays is redacted alike on both sides, also
 * where only one of them is told of.
 */
void
dg_walk_element(const JsonWalk *walk, const JsonFrame *frame, uint32 i,
				uint32 offset, JsonChild *child)
{
	const ArrayStep *step = &walk->steps[frame->first + i];
	bool		final = (offset == step->count - 1);

	child->key.data = NULL;
	child->key.len = 0;
	child->old_index = child->new_index = NO_INDEX;
	child->old_last = child->new_last = false;
	child->moved = (step->kind == STEP_MOVE);
	if (STEP_IN_OLD(step) || step->kind == STEP_MOVE)
	{
		child->old_index = step->old_index + offset;
		child->old_last = (i == frame->last_old && final);
		dg_node_child(&frame->place.old_node, child->old_index,
					  &child->old_node);
		dg_view_element(&frame->place.old_node, child->old_index,
						&child->old_node);
	}
	if (STEP_IN_NEW(step) || step->kind == STEP_MOVE_AWAY)
	{
		child->new_index = step->new_index + offset;
		child->new_last = (i == frame->last_new && final);
		dg_node_child(&frame->place.new_node, child->new_index,
					  &child->new_node);
		dg_view_element(&frame->place.new_node, child->new_index,
						&child->new_node);
	}
	if (child->old_index != NO_INDEX && child->new_index != NO_INDEX)
		dg_view_share(&child->old_node, &child->new_node);
	if (step->kind == STEP_MOVE_AWAY)
		child->new_index = NO_INDEX;
}

/*
 * Tell the sinks of the innermost frame's equal children before number `to`.
 */
static void
tell_equal(JsonWalk *walk, uint32 to)
{
	JsonFrame  *frame = WALK_TOP(walk);
	int			i;

	if (frame->done < to)
	{
		for (i = 0; i < walk->nsinks; i++)
		{
			if (walk->sinks[i]->equal != NULL)
				walk->sinks[i]->equal(walk->sinks[i], walk, frame->done, to);
		}
	}
}

/*
 * Get ready for telling the sinks of the child that is looked at: enter the
 * frames they do not know of, and tell of the equal children before.
 */
static void
announce(JsonWalk *walk)
{
	uint32		depth = walk->depth;
	int			i;

	for (;;)
	{
		walk->depth = walk->entered;
		if (walk->depth > 0)
		{
			JsonFrame  *frame = WALK_TOP(walk);

			tell_equal(walk, frame->next - 1);
			frame->done = frame->next;
		}
		if (walk->entered == depth)
			break;

		walk->depth = ++walk->entered;
		for (i = 0; i < walk->nsinks; i++)
		{
			if (walk->sinks[i]->enter != NULL)
				walk->sinks[i]->enter(walk->sinks[i], walk);
		}
	}
}

static void
tell_change(JsonWalk *walk, JsonChangeKind kind, const JsonChild *child)
{
	int			i;

	announce(walk);
	for (i = 0; i < walk->nsinks; i++)
		walk->sinks[i]->change(walk->sinks[i], walk, kind, child);
}

/*
 * Join the members of the innermost frame's objects.
 */
static void
start_objects(JsonWalk *walk, JsonFrame *frame)
{
	const JsonMember *list;
	uint32		i;

	frame->first = dg_members_push_pair(&walk->members,
										&frame->place.old_node,
										&frame->place.new_node,
										frame->first_byte);
	frame->count = walk->members.used - frame->first;

	list = walk->members.stack + frame->first;
	for (i = 0; i < frame->count; i++)
	{
		if (list[i].old_index != NO_INDEX)
		{
			frame->old_shown++;
			frame->last_old = i;
		}
		if (list[i].new_index != NO_INDEX)
		{
			frame->new_shown++;
			frame->last_new = i;
		}
	}
}

/*
 * Match the elements of the innermost frame's arrays.
 */
static void
start_arrays(JsonWalk *walk, JsonFrame *frame)
{
	const ArrayStep *list;
	uint32		i;

	frame->first = walk->nsteps;
	dg_match_arrays(walk, frame);
	frame->count = walk->nsteps - frame->first;

	list = walk->steps + frame->first;
	for (i = 0; i < frame->count; i++)
	{
		if (STEP_IN_OLD(&list[i]))
		{
			frame->old_shown += list[i].count;
			frame->last_old = i;
		}
		if (STEP_IN_NEW(&list[i]))
		{
			frame->new_shown += list[i].count;
			frame->last_new = i;
		}
	}
}

/*
 * Go into two containers of the same kind.
 */
static void
open_frame(JsonWalk *walk, const JsonChild *place, uint32 first_byte,
		   const JsonDifference *difference)
{
	JsonFrame  *frame;

	if (walk->depth == walk->maxframes)
	{
		walk->maxframes *= 2;
		walk->frames = dg_realloc(walk->frames, walk->maxframes,
								  sizeof(JsonFrame));
	}
	frame = &walk->frames[walk->depth++];
	memset(frame, 0, sizeof(JsonFrame));
	frame->place = *place;
	frame->first_byte = first_byte;
	if (difference != NULL)
		frame->differences[DIFFERENCE_OUTER] = *difference;
	frame->last_old = frame->last_new = NO_INDEX;

	if (place->old_node.kind == NODE_OBJECT)
		start_objects(walk, frame);
	else
		start_arrays(walk, frame);
}

/*
 * Leave the innermost frame.
 */
static void
close_frame(JsonWalk *walk)
{
	JsonFrame  *frame = WALK_TOP(walk);
	int			i;

	if (walk->entered == walk->depth)
	{
		tell_equal(walk, frame->count);
		for (i = 0; i < walk->nsinks; i++)
		{
			if (walk->sinks[i]->leave != NULL)
				walk->sinks[i]->leave(walk->sinks[i], walk);
		}
		walk->entered--;
	}
	if (frame->place.old_node.kind == NODE_OBJECT)
		dg_members_pop(&walk->members, frame->first);
	else
		walk->nsteps = frame->first;
	walk->depth--;
}

/*
 * Look at a child that is in both documents.
 *
 * first_byte is where its bytes differ first, or NOT_KNOWN; difference is
 * known to be in it if its places are.
 */
static void
visit_pair(JsonWalk *walk, const JsonChild *child, uint32 first_byte,
		   const JsonDifference *difference)
{
	const JsonNode *old_node = &child->old_node;
	const JsonNode *new_node = &child->new_node;
	JsonDifference ignored;

	if (old_node->kind != new_node->kind)
	{
		tell_change(walk, CHANGE_REPLACE, child);
		return;
	}
	if (!NODE_IS_CONTAINER(old_node))
	{
		if (!dg_scalars_equal(old_node, new_node))
			tell_change(walk, CHANGE_REPLACE, child);
		return;
	}

	if (first_byte == NOT_KNOWN)
		first_byte = dg_first_byte(old_node, new_node);
	if (first_byte == SAME_BYTES && old_node->view == new_node->view)
		return;
	if (dg_is_redacted(old_node->view))
	{
		if (!dg_nodes_equal(old_node, new_node, first_byte, &ignored))
			tell_change(walk, CHANGE_REPLACE, child);
		return;
	}
	open_frame(walk, child, first_byte, difference);
}

/*
 * Look at a child that is in one document, or in both.
 */
static void
visit_child(JsonWalk *walk, const JsonFrame *frame, const JsonChild *child,
			uint32 first_byte)
{
	JsonDifference difference;
	int			i;

	if (child->old_index == NO_INDEX)
		tell_change(walk, CHANGE_ADD, child);
	else if (child->new_index == NO_INDEX)
		tell_change(walk, CHANGE_REMOVE, child);
	else
	{
		difference = frame->differences[DIFFERENCE_OUTER];
		for (i = DIFFERENCE_HEAD; i < FRAME_DIFFERENCES; i++)
		{
			if (dg_known_different(&child->old_node, &child->new_node,
								   &frame->differences[i]))
				difference = frame->differences[i];
		}
		visit_pair(walk, child, first_byte, &difference);
	}
}

/*
 * Look at the next member, or the elements of the next step, of a frame.
 */
static void
visit_next(JsonWalk *walk)
{
	JsonFrame  *frame = WALK_TOP(walk);
	uint32		i = frame->next++;
	JsonChild	child;

	if (frame->place.old_node.kind == NODE_OBJECT)
	{
		uint32		first_byte;

		first_byte = walk->members.stack[frame->first + i].first_byte;
		if (first_byte == SAME_BYTES)
			return;
		dg_walk_member(walk, frame, i, &child);
		visit_child(walk, frame, &child, first_byte);
	}
	else
	{
		const ArrayStep *step = &walk->steps[frame->first + i];
		uint32		count = step->count;
		uint32		first_byte = NOT_KNOWN;
		uint32		offset;

		if (step->kind == STEP_EQUAL)
			return;
		if (step->kind == STEP_REPLACE || step->kind == STEP_MOVE_AWAY)
		{
			dg_walk_element(walk, frame, i, 0, &child);
			tell_change(walk, step->kind == STEP_REPLACE ?
						CHANGE_REPLACE : CHANGE_MOVE_AWAY, &child);
			return;
		}
		for (offset = 0; offset < count; offset++)
		{
			DG_CHECK_CANCEL();
			dg_walk_element(walk, frame, i, offset, &child);
			if (step->kind == STEP_MOVE)
				tell_change(walk, CHANGE_MOVE, &child);
			/* The same entry of both is at the same offset in both. */
			if (child.old_index == child.new_index)
				first_byte = dg_first_byte_of_child(&frame->place.old_node,
													frame->first_byte,
													&child.old_node);
			visit_child(walk, frame, &child, first_byte);
		}
	}
}

/*
 * dg_walk
 *		Tell the sinks how two documents differ.
 *
 * Nothing is told if they are equal by value.  Time is linear in the size of
 * the documents, apart from the sorting of changed objects' keys and the
 * search in changed arrays, which is bounded (search.h).
 */
void
dg_walk(JsonWalk *walk, const JsonNode *old_root, const JsonNode *new_root)
{
	JsonChild	root;

	memset(&root, 0, sizeof(root));
	root.old_node = *old_root;
	root.new_node = *new_root;
	root.old_last = root.new_last = true;
	visit_pair(walk, &root, NOT_KNOWN, NULL);

	while (walk->depth > 0)
	{
		DG_CHECK_CANCEL();
		if (WALK_TOP(walk)->next < WALK_TOP(walk)->count)
			visit_next(walk);
		else
			close_frame(walk);
	}
}
