/*-------------------------------------------------------------------------
 *
 * view.c
 *	  What of a document is shown, told by path patterns.
 *
 * All patterns are matched at once, by an automaton that is made as it is
 * needed.  A state is a set of positions, one for each place in a pattern
 * that may come next.  Going down to a child, each position either matches
 * the child, and moves on, or drops out; one that stands at .** also stays.
 * A position that comes to the end of its pattern decides what becomes of
 * the child.  If that is redacted, a state remembers it, and what else may be
 * hidden below, which is no part of the redacted value.  When no position is
 * left the view is VIEW_PLAIN, and nothing below has to be looked at: most of
 * a document costs nothing.
 *
 * States are kept, by the set of their positions, and so is where they lead
 * to: for a key that one of the positions waits for, for any other key, for an
 * element.  So going to a child is a lookup of its key, and most keys are told
 * by a small bit map to be none of those waited for.  Elements have to be
 * looked at one by one only in states that wait for an index or have a filter.
 *
 * Example: with $.metadata.uid and $.**.token, the root's state is
 * {metadata, .**, token}.  The member "metadata" leads to {uid, .**, token},
 * "token" to VIEW_HIDDEN, and all others to {.**, token}, which leads to
 * itself.
 *
 * Limits: MAX_STATES different states in one call.  They are kept from one call
 * to the next, since most documents lead to the same ones, unless they have
 * become more than KEPT_STATES: so no result depends on those before, and
 * memory is bounded.
 *
 *-------------------------------------------------------------------------
 */
#include "json/view_private.h"

#include "common/hashfn.h"
#include "json/compare.h"
#include "utils/memutils.h"

/* States are numbered by 16 bits, after the three views that are none. */
#define MAX_STATES		65000
#define FIRST_STATE_ID	3

#define KEPT_STATES		4096

#define SLOTS_INITIAL	64

const char *const dg_redacted_text[] = {
	"<redacted>",
	"<redacted: before>",
	"<redacted: after>"
};

/* These have no positions, so that they lead to VIEW_PLAIN. */
JsonView	dg_view_hidden = {
	.id = 1,
	.other_key_known = true,
	.element_known = true
};
JsonView	dg_view_redacted = {
	.id = 2,
	.other_key_known = true,
	.element_known = true,
	.redacted = true
};

/*
 * Collecting the positions of a state: start with none.
 */
static void
begin_positions(JsonPatterns *patterns)
{
	patterns->nscratch = 0;
	patterns->round++;
	if (patterns->round == 0)
	{
		memset(patterns->marks, 0, patterns->nsteps * sizeof(uint32));
		patterns->round = 1;
	}
}

/*
 * Add a position, and those that can be had without going down.  What it
 * says of the node, if it is the end of a pattern, is put into *verdict.
 */
static void
add_position(JsonPatterns *patterns, uint32 position, JsonView **verdict)
{
	for (;; position++)
	{
		const PatternStep *step = &patterns->steps[position];

		if (step->kind == PATTERN_END)
		{
			if (step->action == PATTERN_HIDE)
				*verdict = VIEW_HIDDEN;
			else if (*verdict != VIEW_HIDDEN)
				*verdict = VIEW_REDACTED;
			return;
		}
		if (patterns->marks[position] == patterns->round)
			return;
		patterns->marks[position] = patterns->round;
		patterns->scratch[patterns->nscratch++] = position;

		/* No level is also a number of levels. */
		if (step->kind != PATTERN_ANY_DEPTH)
			return;
	}
}

static int
compare_positions(const void *a, const void *b)
{
	uint32		left = *(const uint32 *) a;
	uint32		right = *(const uint32 *) b;

	return (left > right) - (left < right);
}

static int
compare_keys(const void *a, const void *b)
{
	return dg_key_compare_stored(&((const AwaitedKey *) a)->key,
								 &((const AwaitedKey *) b)->key);
}

/*
 * Find out which keys a new state waits for, whether elements differ, and
 * what may become of the nodes below.
 */
static void
study_positions(JsonView *view)
{
	const PatternStep *steps = view->patterns->steps;
	uint32		n = 0;
	uint32		i;

	view->keys = dg_alloc0(Max(view->npositions, 1), sizeof(AwaitedKey));
	for (i = 0; i < view->npositions; i++)
	{
		const PatternStep *step = &steps[view->positions[i]];

		if (step->action == PATTERN_HIDE)
			view->hides = true;
		else
			view->redacts = true;
		if (step->kind == PATTERN_MEMBER)
		{
			uint32		bit = dg_key_bit(&step->key);

			view->keys[n++].key = step->key;
			view->key_bits[bit / 64] |= UINT64CONST(1) << (bit % 64);
		}
		else if (step->kind == PATTERN_ELEMENT ||
				 (step->kind == PATTERN_ANY_ELEMENT && step->filter != NULL))
			view->elements_differ = true;
	}
	qsort(view->keys, n, sizeof(AwaitedKey), compare_keys);
	for (i = 0; i < n; i++)
	{
		if (view->nkeys == 0 ||
			compare_keys(&view->keys[view->nkeys - 1], &view->keys[i]) != 0)
			view->keys[view->nkeys++] = view->keys[i];
	}
}

/*
 * The slot of a state with certain positions, or the empty one where it
 * belongs.
 */
static uint32
find_state_slot(JsonView **slots, uint32 nslots, const uint32 *positions,
				uint32 npositions, bool redacted, uint32 hash)
{
	uint32		mask = nslots - 1;
	uint32		slot = hash & mask;

	while (slots[slot] != NULL)
	{
		const JsonView *view = slots[slot];

		if (view->hash == hash && view->redacted == redacted &&
			view->npositions == npositions &&
			memcmp(view->positions, positions,
				   npositions * sizeof(uint32)) == 0)
			break;
		slot = (slot + 1) & mask;
	}
	return slot;
}

/*
 * Make room for one more state.  The patterns stay as they are if there is an
 * error.
 */
static void
reserve_state(JsonPatterns *patterns)
{
	uint32		nslots;
	JsonView  **slots;
	JsonView  **states;
	uint32		i;

	if (patterns->nstates == MAX_STATES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("path patterns can be combined in too many ways"),
				 errhint("Use fewer patterns with \".**\".")));
	if (patterns->nstates < patterns->nslots / 2)
		return;

	nslots = Max(SLOTS_INITIAL, patterns->nslots * 2);
	slots = dg_alloc0(nslots, sizeof(JsonView *));
	states = dg_alloc(nslots / 2, sizeof(JsonView *));
	for (i = 0; i < patterns->nstates; i++)
	{
		JsonView   *view = patterns->states[i];

		states[i] = view;
		slots[find_state_slot(slots, nslots, view->positions,
							  view->npositions, view->redacted,
							  view->hash)] = view;
	}
	if (patterns->slots != NULL)
	{
		dg_free(patterns->slots);
		dg_free(patterns->states);
	}
	patterns->slots = slots;
	patterns->nslots = nslots;
	patterns->states = states;
}

/*
 * The state that the collected positions are, of a node that is redacted or
 * not.  Below a redacted node it only matters what is hidden.
 */
static JsonView *
find_state(JsonPatterns *patterns, bool redacted)
{
	uint32		n = patterns->nscratch;
	uint32		hash;
	uint32		slot;
	JsonView   *view;
	MemoryContext old_context;

	if (redacted)
	{
		uint32		kept = 0;
		uint32		i;

		for (i = 0; i < n; i++)
		{
			uint32		position = patterns->scratch[i];

			if (patterns->steps[position].action == PATTERN_HIDE)
				patterns->scratch[kept++] = position;
		}
		n = kept;
	}
	if (n == 0)
		return redacted ? VIEW_REDACTED : VIEW_PLAIN;
	qsort(patterns->scratch, n, sizeof(uint32), compare_positions);
	hash = hash_bytes((const unsigned char *) patterns->scratch,
					  n * sizeof(uint32)) + redacted;
	if (patterns->nslots > 0)
	{
		slot = find_state_slot(patterns->slots, patterns->nslots,
							   patterns->scratch, n, redacted, hash);
		if (patterns->slots[slot] != NULL)
			return patterns->slots[slot];
	}

	if (patterns->state_context == NULL)
		patterns->state_context =
			AllocSetContextCreate(patterns->context, "diffgen views",
								  ALLOCSET_DEFAULT_SIZES);
	old_context = MemoryContextSwitchTo(patterns->state_context);
	reserve_state(patterns);
	view = palloc0(sizeof(JsonView));
	view->patterns = patterns;
	view->hash = hash;
	view->redacted = redacted;
	view->npositions = n;
	view->positions = dg_alloc(n, sizeof(uint32));
	memcpy(view->positions, patterns->scratch, n * sizeof(uint32));
	study_positions(view);
	view->id = FIRST_STATE_ID + patterns->nstates;
	patterns->states[patterns->nstates++] = view;
	slot = find_state_slot(patterns->slots, patterns->nslots,
						   view->positions, n, redacted, hash);
	patterns->slots[slot] = view;
	MemoryContextSwitchTo(old_context);
	return view;
}

/*
 * Whether a filter lets a node through.
 */
static bool
filter_matches(const PatternCondition *filter, const JsonNode *node)
{
	for (; filter != NULL; filter = filter->next)
	{
		JsonNode	value;

		if (node->kind != NODE_OBJECT ||
			!dg_node_find(node, filter->key.data, filter->key.len, &value) ||
			!dg_scalars_equal(&value, &filter->value))
			return false;
	}
	return true;
}

/*
 * Whether a step matches a child: a member if key is not NULL, an element if
 * it is.
 */
static bool
step_matches(const PatternStep *step, const JsonKey *key, uint32 index,
			 const JsonNode *child)
{
	switch (step->kind)
	{
		case PATTERN_MEMBER:
			return key != NULL && dg_key_compare_stored(&step->key, key) == 0;
		case PATTERN_ANY_MEMBER:
			return key != NULL;
		case PATTERN_ELEMENT:
			return key == NULL && index == step->index;
		case PATTERN_ANY_ELEMENT:
			return key == NULL && filter_matches(step->filter, child);
		default:
			return false;
	}
}

/*
 * Where a state leads to at a child.
 */
static JsonView *
find_next(JsonView *view, const JsonKey *key, uint32 index,
		  const JsonNode *child)
{
	JsonPatterns *patterns = view->patterns;
	JsonView   *verdict = NULL;
	uint32		i;

	begin_positions(patterns);
	for (i = 0; i < view->npositions; i++)
	{
		uint32		position = view->positions[i];
		const PatternStep *step = &patterns->steps[position];

		if (step->kind == PATTERN_ANY_DEPTH)
			add_position(patterns, position, &verdict);
		else if (step_matches(step, key, index, child))
			add_position(patterns, position + 1, &verdict);
	}
	if (verdict == VIEW_HIDDEN)
		return VIEW_HIDDEN;
	return find_state(patterns, verdict == VIEW_REDACTED);
}

/*
 * dg_view_next_member
 *		The view of an object's member.
 */
JsonView *
dg_view_next_member(JsonView *view, const JsonKey *key, const JsonNode *value)
{
	uint32		low = 0;
	uint32		high = view->nkeys;

	if (dg_view_may_await(view, key))
	{
		while (low < high)
		{
			uint32		middle = low + (high - low) / 2;
			AwaitedKey *awaited = &view->keys[middle];
			int			order = dg_key_compare_stored(key, &awaited->key);

			if (order == 0)
			{
				if (!awaited->known)
				{
					awaited->next = find_next(view, key, NO_INDEX, value);
					awaited->known = true;
				}
				return awaited->next;
			}
			if (order < 0)
				high = middle;
			else
				low = middle + 1;
		}
	}
	if (!view->other_key_known)
	{
		view->other_key = find_next(view, key, NO_INDEX, value);
		view->other_key_known = true;
	}
	return view->other_key;
}

/*
 * dg_view_next_element
 *		The view of an array's element.
 */
JsonView *
dg_view_next_element(JsonView *view, uint32 index, const JsonNode *element)
{
	if (view->elements_differ)
		return find_next(view, NULL, index, element);
	if (!view->element_known)
	{
		view->element = find_next(view, NULL, index, element);
		view->element_known = true;
	}
	return view->element;
}

/*
 * Get ready for a call: forget the states if there are many.
 */
static void
start_call(JsonPatterns *patterns)
{
	MemoryContext states = patterns->state_context;

	if (patterns->nstates <= KEPT_STATES)
		return;
	patterns->state_context = NULL;
	patterns->states = NULL;
	patterns->nstates = 0;
	patterns->slots = NULL;
	patterns->nslots = 0;
	patterns->root_view_known = false;
	MemoryContextDelete(states);
}

/* A member of a root, looked up for one filter and kept for the next. */
typedef struct RootMember
{
	const JsonKey *key;			/* NULL: none yet */
	bool		found;
	JsonNode	value;
} RootMember;

/*
 * The same as filter_matches for a root, which many filters ask for the same
 * member.
 */
static bool
root_passes(const PatternCondition *filter, const JsonNode *root,
			RootMember *member)
{
	for (; filter != NULL; filter = filter->next)
	{
		if (member->key == NULL ||
			dg_key_compare_stored(member->key, &filter->key) != 0)
		{
			member->key = &filter->key;
			member->found = root->kind == NODE_OBJECT &&
				dg_node_find(root, filter->key.data, filter->key.len,
							 &member->value);
		}
		if (!member->found ||
			!dg_scalars_equal(&member->value, &filter->value))
			return false;
	}
	return true;
}

/*
 * Get memory for matching, when the patterns are complete.
 */
static void
allocate_scratch(JsonPatterns *patterns)
{
	MemoryContext old_context = MemoryContextSwitchTo(patterns->context);

	if (patterns->marks == NULL)
		patterns->marks = dg_alloc0(patterns->nsteps, sizeof(uint32));
	if (patterns->passed == NULL)
		patterns->passed = dg_alloc0(patterns->nstarts, sizeof(bool));
	patterns->scratch = dg_alloc(patterns->nsteps, sizeof(uint32));
	MemoryContextSwitchTo(old_context);
}

/*
 * Most roots pass the same starts as the one before, and have its view.
 */
static void
set_root(JsonPatterns *patterns, JsonNode *root)
{
	RootMember	member = {NULL};
	JsonView   *verdict = NULL;
	bool		known = patterns->root_view_known;
	uint32		i;

	if (patterns->scratch == NULL)
		allocate_scratch(patterns);

	patterns->root_view_known = false;
	for (i = 0; i < patterns->nstarts; i++)
	{
		bool		passes = root_passes(patterns->starts[i].filter, root,
										 &member);

		known &= (passes == patterns->passed[i]);
		patterns->passed[i] = passes;
	}
	if (!known)
	{
		begin_positions(patterns);
		for (i = 0; i < patterns->nstarts; i++)
		{
			if (patterns->passed[i])
				add_position(patterns, patterns->starts[i].step, &verdict);
		}
		Assert(verdict == NULL);
		patterns->root_view = find_state(patterns, false);
	}
	patterns->root_view_known = true;
	root->view = patterns->root_view;
}

/*
 * dg_view_root
 *		Set the view of a document's root.  patterns may be NULL.
 *
 * Views that were had from the patterns before are not valid any more.
 */
void
dg_view_root(JsonPatterns *patterns, JsonNode *root)
{
	if (patterns == NULL || patterns->nstarts == 0)
		return;
	start_call(patterns);
	set_root(patterns, root);
}

/*
 * dg_view_roots_apart
 *		The same for two documents, each seen by itself.
 */
void
dg_view_roots_apart(JsonPatterns *patterns, JsonNode *old_root,
					JsonNode *new_root)
{
	if (patterns == NULL || patterns->nstarts == 0)
		return;
	start_call(patterns);
	set_root(patterns, old_root);
	set_root(patterns, new_root);
}

/*
 * Add to a view what another one may redact.
 */
static JsonView *
add_redactions(JsonView *view, const JsonView *other)
{
	JsonPatterns *patterns;
	uint32		i;

	if (other == VIEW_PLAIN || !other->redacts)
		return view;

	patterns = other->patterns;
	begin_positions(patterns);
	for (i = 0; view != VIEW_PLAIN && i < view->npositions; i++)
	{
		patterns->marks[view->positions[i]] = patterns->round;
		patterns->scratch[patterns->nscratch++] = view->positions[i];
	}
	for (i = 0; i < other->npositions; i++)
	{
		uint32		position = other->positions[i];

		if (patterns->steps[position].action == PATTERN_REDACT &&
			patterns->marks[position] != patterns->round)
			patterns->scratch[patterns->nscratch++] = position;
	}
	return find_state(patterns, false);
}

/*
 * A view of a node that is redacted.
 */
static JsonView *
redact_view(JsonView *view)
{
	JsonPatterns *patterns;

	if (view == VIEW_PLAIN)
		return VIEW_REDACTED;
	if (view->redacted)
		return view;

	patterns = view->patterns;
	memcpy(patterns->scratch, view->positions,
		   view->npositions * sizeof(uint32));
	patterns->nscratch = view->npositions;
	return find_state(patterns, true);
}

/*
 * dg_view_share
 *		Have each of two nodes that stand for the same thing, in two documents,
 *		redact what the other one does.
 *
 * Their views may differ by an index, or by a filter that only one of them
 * passes.  What is hidden stays a matter of each document.  Neither node may
 * be hidden itself.
 */
void
dg_view_share(JsonNode *old_node, JsonNode *new_node)
{
	JsonView   *old_view = old_node->view;
	JsonView   *new_view = new_node->view;

	if (old_view == new_view)
		return;
	if (dg_is_redacted(old_view) || dg_is_redacted(new_view))
	{
		old_node->view = redact_view(old_view);
		new_node->view = redact_view(new_view);
	}
	else
	{
		old_node->view = add_redactions(old_view, new_view);
		new_node->view = add_redactions(new_view, old_view);
	}
}

/*
 * dg_view_roots
 *		Set the views of two documents' roots.  patterns may be NULL.
 *
 * A pattern that redacts what is in one of them redacts it in both.  Views
 * that were had from the patterns before are not valid any more.
 */
void
dg_view_roots(JsonPatterns *patterns, JsonNode *old_root, JsonNode *new_root)
{
	if (patterns == NULL || patterns->nstarts == 0)
		return;
	start_call(patterns);
	set_root(patterns, old_root);
	set_root(patterns, new_root);
	dg_view_share(old_root, new_root);
}

/*
 * dg_view_is_redacted
 *		Whether the value of a node is redacted; not to be asked of VIEW_PLAIN.
 */
bool
dg_view_is_redacted(const JsonView *view)
{
	return view->redacted;
}

/*
 * dg_view_id
 *		A number for a view, unique among those of one set of patterns.
 */
uint16
dg_view_id(const JsonView *view)
{
	return (view == VIEW_PLAIN) ? 0 : view->id;
}

/*
 * dg_view_by_id
 *		The view that a number stands for.
 */
JsonView *
dg_view_by_id(const JsonPatterns *patterns, uint16 id)
{
	switch (id)
	{
		case 0:
			return VIEW_PLAIN;
		case 1:
			return VIEW_HIDDEN;
		case 2:
			return VIEW_REDACTED;
		default:
			return patterns->states[id - FIRST_STATE_ID];
	}
}
