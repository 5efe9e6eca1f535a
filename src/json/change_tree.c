/*-------------------------------------------------------------------------
 *
 * change_tree.c
 *	  What a walk found to have changed, as a tree.
 *
 * Most that is made of a walk is written as the walk goes.  A merge has to
 * look at the changes of two walks side by side, so this sink keeps them: 150
 * bytes a change, and as much for each container on the way to one.
 *
 *-------------------------------------------------------------------------
 */
#include "json/change_tree.h"

/* More than this many containers inside each other make the stack grow. */
#define INITIAL_DEPTH	32

typedef struct TreeSink
{
	JsonSink	sink;
	TreeChange *root;
	TreeChange **open;			/* the containers that the walk is in */
	uint32		depth;
	uint32		maxdepth;
} TreeSink;

/*
 * Adds a change to those of the innermost container.
 */
static TreeChange *
add_change(TreeSink *sink, TreeChangeKind kind, const JsonChild *child)
{
	TreeChange *change = dg_alloc0(1, sizeof(TreeChange));
	TreeChange *parent;

	change->kind = kind;
	change->key = child->key;
	if (kind != TREE_ADD)
		change->old_node = child->old_node;
	if (kind != TREE_REMOVE)
		change->new_node = child->new_node;

	if (sink->depth == 0)
	{
		sink->root = change;
		return change;
	}

	parent = sink->open[sink->depth - 1];
	if (parent->last != NULL)
		parent->last->next = change;
	else
		parent->first = change;
	parent->last = change;

	change->new_index = child->new_index;
	if (kind == TREE_ADD)
	{
		/* elements before it, without those that were not there */
		change->position = child->new_index - parent->nadded +
			parent->nremoved;
		parent->nadded++;
	}
	else
	{
		change->position = child->old_index;
		if (kind == TREE_REMOVE)
			parent->nremoved++;
		else if (kind == TREE_MOVE)
			parent->nmoved++;
	}
	return change;
}

static void
tree_enter(JsonSink *base, const JsonWalk *walk)
{
	TreeSink   *sink = (TreeSink *) base;
	TreeChange *change;

	change = add_change(sink, TREE_INSIDE, &WALK_TOP(walk)->place);
	change->identity = WALK_TOP(walk)->identity;
	if (sink->depth == sink->maxdepth)
	{
		sink->maxdepth *= 2;
		sink->open = dg_realloc(sink->open, sink->maxdepth,
								sizeof(TreeChange *));
	}
	sink->open[sink->depth++] = change;
}

static void
tree_leave(JsonSink *base, const JsonWalk *walk)
{
	((TreeSink *) base)->depth--;
}

static void
tree_change(JsonSink *base, const JsonWalk *walk, JsonChangeKind kind,
			const JsonChild *child)
{
	static const TreeChangeKind kinds[] = {
		[CHANGE_REMOVE] = TREE_REMOVE,
		[CHANGE_ADD] = TREE_ADD,
		[CHANGE_REPLACE] = TREE_REPLACE,
		[CHANGE_MOVE] = TREE_MOVE
	};

	/* a move is told of twice; once will do */
	if (kind == CHANGE_MOVE_AWAY)
		return;
	add_change((TreeSink *) base, kinds[kind], child);
}

/*
 * dg_change_tree
 *		The changes between two documents, or NULL if they are equal.
 *
 * Arrays are matched by the keys, which may be NULL.  The tree refers to the
 * keys and the documents.  It is allocated in the current context
 * and never freed.  The cost is that of the walk.
 */
TreeChange *
dg_change_tree(const JsonNode *old_root, const JsonNode *new_root,
			   DiffAlgorithm algorithm, const JsonKeyTable *keys)
{
	TreeSink	sink;
	JsonWalk	walk;

	memset(&sink, 0, sizeof(TreeSink));
	sink.sink.enter = tree_enter;
	sink.sink.leave = tree_leave;
	sink.sink.change = tree_change;
	sink.maxdepth = INITIAL_DEPTH;
	sink.open = dg_alloc(sink.maxdepth, sizeof(TreeChange *));

	dg_walk_init(&walk, algorithm);
	walk.keys = keys;
	dg_walk_add_sink(&walk, &sink.sink);
	dg_walk(&walk, old_root, new_root);
	dg_walk_free(&walk);
	dg_free(sink.open);
	return sink.root;
}
