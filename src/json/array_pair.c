/*-------------------------------------------------------------------------
 *
 * array_pair.c
 *	  Pairs elements of two arrays that are alike but not equal.
 *
 * Between elements that are equal there may be some on both sides that are
 * not.  An element that was changed should be looked into, so that only what
 * changed in it is shown, and one that is another thing should be replaced
 * as a whole.  Which is which is told by a score (below): it counts members
 * that are the same, and one that looks like an identity counts most.  Members
 * that are hidden do not count, and of those that are redacted only that they
 * are there.
 *
 * Where few elements are left, the pairs, in order, with the highest total
 * score are found by dynamic programming.  Where many are, elements with an
 * identity are matched by it, with the same search that matches equal ones,
 * and the others in order.  What stays between pairs is paired in order too:
 * it is replaced, which says the same as removing one and adding another but
 * takes one operation.
 *
 * All of it is deterministic, and its cost is linear in the number of
 * elements: a table has at most PAIR_TABLE_MAX cells, and a score looks at no
 * more than SCORE_MEMBERS_MAX members and SCORE_BYTES_MAX bytes of each.
 *
 *-------------------------------------------------------------------------
 */
#include "json/walk.h"

#include "json/children.h"

#define PAIR_TABLE_MAX		1024
#define SCORE_MEMBERS_MAX	64
#define SCORE_BYTES_MAX		256

/* Score of an identity that is the same, and of one that is not. */
#define SCORE_IDENTITY		24

/* Members that usually tell one element from another, best ones first. */
static const char *const identity_keys[] = {"name", "id", "key", "uid", "type"};

/*
 * The value of a member as it may be looked at here: not if it is hidden or
 * redacted.
 */
static bool
find_shown(const JsonNode *object, const char *name, JsonNode *value)
{
	JsonKey		key;

	key.data = name;
	key.len = strlen(name);
	if (!dg_node_find(object, key.data, key.len, value))
		return false;
	dg_view_member(object, &key, value);
	return value->view != VIEW_HIDDEN && !dg_is_redacted(value->view);
}

/*
 * The scalar that an object is known by, if it has one.
 */
static bool
find_identity(const JsonNode *element, JsonNode *identity)
{
	int			i;

	if (element->kind != NODE_OBJECT || dg_is_redacted(element->view))
		return false;
	for (i = 0; i < (int) lengthof(identity_keys); i++)
	{
		if (find_shown(element, identity_keys[i], identity))
			return !NODE_IS_CONTAINER(identity);
	}
	return false;
}

/*
 * Get before the first of those children of a container that a score looks at.
 */
static void
start_children(JsonChildren *children, const JsonNode *container)
{
	dg_children_start(children, container);
	children->count = Min(children->count, SCORE_MEMBERS_MAX);
}

/*
 * Whether two values look the same.  Of large ones only the start is looked
 * at, which is good enough for a score: so many bytes of a value that is shown
 * as it is, and *nodes of one that is not.  What is redacted never looks the
 * same, so that a score does not tell of it.
 */
static bool
look_same(const JsonNode *a, const JsonNode *b, int *nodes)
{
	JsonChildren a_children;
	JsonChildren b_children;

	if (dg_is_redacted(a->view) || dg_is_redacted(b->view) ||
		a->kind != b->kind)
		return false;
	if (!NODE_IS_CONTAINER(a) ||
		(a->view == VIEW_PLAIN && b->view == VIEW_PLAIN))
		return a->len == b->len &&
			memcmp(a->data, b->data, Min(a->len, SCORE_BYTES_MAX)) == 0;

	/* So deep at most as there are nodes to look at. */
	start_children(&a_children, a);
	start_children(&b_children, b);
	while (--*nodes > 0)
	{
		JsonKey		a_key;
		JsonKey		b_key;
		JsonNode	a_child;
		JsonNode	b_child;
		bool		have_a = dg_children_next(&a_children, &a_key, &a_child);
		bool		have_b = dg_children_next(&b_children, &b_key, &b_child);

		if (!have_a && !have_b)
			return true;
		if (!have_a || !have_b ||
			dg_key_compare_stored(&a_key, &b_key) != 0 ||
			!look_same(&a_child, &b_child, nodes))
			return false;
	}
	return true;
}

/* What two objects have in common. */
typedef struct CommonMembers
{
	int			shared;			/* members that are in both */
	int			same;			/* ... and look the same */
	int			most;			/* members of the one that has more */
} CommonMembers;

static void
count_common(const JsonNode *a, const JsonNode *b, CommonMembers *common)
{
	JsonChildren a_children;
	JsonChildren b_children;
	JsonKey		a_key;
	JsonKey		b_key;
	JsonNode	a_value;
	JsonNode	b_value;
	bool		have_a;
	bool		have_b;
	int			na = 0;
	int			nb = 0;

	memset(common, 0, sizeof(CommonMembers));
	start_children(&a_children, a);
	start_children(&b_children, b);
	have_a = dg_children_next(&a_children, &a_key, &a_value);
	have_b = dg_children_next(&b_children, &b_key, &b_value);
	while (have_a || have_b)
	{
		int			order;

		if (have_a && have_b)
			order = dg_key_compare_stored(&a_key, &b_key);
		else
			order = have_a ? -1 : 1;
		if (order == 0)
		{
			int			nodes = SCORE_MEMBERS_MAX;

			common->shared++;
			common->same += look_same(&a_value, &b_value, &nodes);
		}
		if (order <= 0)
		{
			na++;
			have_a = dg_children_next(&a_children, &a_key, &a_value);
		}
		if (order >= 0)
		{
			nb++;
			have_b = dg_children_next(&b_children, &b_key, &b_value);
		}
	}
	common->most = Max(na, nb);
}

/*
 * How alike two objects are; 0 means that they are different things.
 */
static int
score_objects(const JsonNode *a, const JsonNode *b)
{
	CommonMembers common;
	JsonNode	a_identity;
	JsonNode	b_identity;
	int			score;

	count_common(a, b, &common);
	score = common.shared + 2 * common.same;
	if (find_identity(a, &a_identity) && find_identity(b, &b_identity))
	{
		if (dg_scalars_equal(&a_identity, &b_identity))
			return score + SCORE_IDENTITY;
		/* With another name it takes more to be the same thing. */
		return (common.same * 2 >= common.most) ? score : 0;
	}
	if (common.same == 0 && common.shared * 2 < common.most)
		return 0;
	return score;
}

/*
 * How alike two arrays are: what they have in common at their start.
 */
static int
score_arrays(const JsonNode *a, const JsonNode *b)
{
	JsonChildren a_children;
	JsonChildren b_children;
	JsonKey		key;
	JsonNode	a_element;
	JsonNode	b_element;
	int			score = 1;

	start_children(&a_children, a);
	start_children(&b_children, b);
	while (dg_children_next(&a_children, &key, &a_element) &&
		   dg_children_next(&b_children, &key, &b_element))
	{
		int			nodes = SCORE_MEMBERS_MAX;

		if (look_same(&a_element, &b_element, &nodes))
			score += 2;
	}
	return score;
}

/*
 * How alike two strings are: what they have in common at both ends.
 */
static int
score_strings(const JsonNode *a, const JsonNode *b)
{
	uint32		limit = Min(Min(a->len, b->len), SCORE_BYTES_MAX);
	uint32		head = 0;
	uint32		tail = 0;

	while (head < limit && a->data[head] == b->data[head])
		head++;
	while (tail < limit - head &&
		   a->data[a->len - 1 - tail] == b->data[b->len - 1 - tail])
		tail++;
	return 1 + (int) (8 * (head + tail) / (Max(a->len, b->len) + 1));
}

/*
 * How alike two elements are; 0 means not at all.
 */
static int
score_elements(const JsonNode *a, const JsonNode *b)
{
	if (dg_is_redacted(a->view) || dg_is_redacted(b->view))
		return 1;
	if (a->kind != b->kind)
		return 0;
	if (a->kind == NODE_OBJECT)
		return score_objects(a, b);
	if (a->kind == NODE_ARRAY)
		return score_arrays(a, b);
	if (a->kind == NODE_STRING)
		return score_strings(a, b);
	return 1;
}

/*
 * Whether two elements are equal in what is shown of them.  The last one on
 * each side has not been compared, and a score does not see that two equal
 * elements are alike if there is nothing in them that it counts.
 */
static bool
shown_the_same(const JsonNode *a, const JsonNode *b)
{
	JsonDifference ignored;

	return dg_nodes_equal(a, b, NOT_KNOWN, &ignored);
}

/*
 * A stretch of both arrays in which no two elements are known to be equal.
 */
typedef struct Gap
{
	JsonWalk   *walk;
	const ArraySide *old_side;
	const ArraySide *new_side;
} Gap;

/*
 * Pair old element i with new element j.
 */
static void
push_pair(const Gap *gap, uint32 i, uint32 j, bool alike)
{
	dg_push_step(gap->walk, alike ? STEP_PAIR : STEP_REPLACE,
				 dg_side_index(gap->old_side, i),
				 dg_side_index(gap->new_side, j), 1);
}

/*
 * Pair elements in order, as far as there are some on both sides, and remove
 * or add the others.
 */
static void
pair_in_order(const Gap *gap, uint32 old_from, uint32 nold, uint32 new_from,
			  uint32 nnew)
{
	uint32		npairs = Min(nold, nnew);
	uint32		i;

	for (i = 0; i < npairs; i++)
	{
		JsonNode	old_element;
		JsonNode	new_element;

		DG_CHECK_CANCEL();
		dg_side_element(gap->old_side, old_from + i, &old_element);
		dg_side_element(gap->new_side, new_from + i, &new_element);
		push_pair(gap, old_from + i, new_from + i,
				  score_elements(&old_element, &new_element) > 0 ||
				  shown_the_same(&old_element, &new_element));
	}
	for (i = npairs; i < nold; i++)
		dg_push_step(gap->walk, STEP_REMOVE,
					 dg_side_index(gap->old_side, old_from + i), NO_INDEX, 1);
	for (i = npairs; i < nnew; i++)
		dg_push_step(gap->walk, STEP_ADD, NO_INDEX,
					 dg_side_index(gap->new_side, new_from + i), 1);
}

/*
 * Scores of all pairs of few elements, and what the best choice of pairs, in
 * order, adds up to from old element i and new element j on.
 */
typedef struct ScoreTable
{
	uint32		nold;
	uint32		nnew;
	int			scores[PAIR_TABLE_MAX];
	int			best[PAIR_TABLE_MAX];
} ScoreTable;

#define CELL(table, i, j)	((i) * (table)->nnew + (j))

static inline int
best_from(const ScoreTable *table, uint32 i, uint32 j)
{
	if (i >= table->nold || j >= table->nnew)
		return 0;
	return table->best[CELL(table, i, j)];
}

static void
fill_table(const Gap *gap, uint32 old_from, uint32 new_from,
		   ScoreTable *table)
{
	uint32		i;
	uint32		j;

	for (i = table->nold; i-- > 0;)
	{
		JsonNode	old_element;

		DG_CHECK_CANCEL();
		dg_side_element(gap->old_side, old_from + i, &old_element);
		for (j = table->nnew; j-- > 0;)
		{
			JsonNode	new_element;
			int			score;
			int			total;

			dg_side_element(gap->new_side, new_from + j, &new_element);
			score = score_elements(&old_element, &new_element);
			total = (score > 0) ? score + best_from(table, i + 1, j + 1) : 0;
			total = Max(total, best_from(table, i + 1, j));
			total = Max(total, best_from(table, i, j + 1));
			table->scores[CELL(table, i, j)] = score;
			table->best[CELL(table, i, j)] = total;
		}
	}
}

/*
 * Pair few elements: the pairs, in order, with the highest total score.
 */
static void
pair_by_score(const Gap *gap, uint32 old_from, uint32 nold, uint32 new_from,
			  uint32 nnew)
{
	ScoreTable	table;
	uint32		i = 0;
	uint32		j = 0;
	uint32		old_done = 0;
	uint32		new_done = 0;

	table.nold = nold;
	table.nnew = nnew;
	fill_table(gap, old_from, new_from, &table);
	while (i < nold && j < nnew)
	{
		int			score = table.scores[CELL(&table, i, j)];
		int			best = table.best[CELL(&table, i, j)];

		if (score > 0 && best == score + best_from(&table, i + 1, j + 1))
		{
			pair_in_order(gap, old_from + old_done, i - old_done,
						  new_from + new_done, j - new_done);
			push_pair(gap, old_from + i, new_from + j, true);
			old_done = ++i;
			new_done = ++j;
		}
		else if (best == best_from(&table, i + 1, j))
			i++;
		else
			j++;
	}
	pair_in_order(gap, old_from + old_done, nold - old_done,
				  new_from + new_done, nnew - new_done);
}

/* Elements that are being numbered by identity. */
typedef struct IdentityTable
{
	JsonHashes *hashes;
	uint32	   *slots;			/* index into identities + 1, or 0 */
	uint32		mask;
	JsonNode   *identities;		/* by number */
	uint32		count;
} IdentityTable;

/*
 * The number of an identity: that of an equal one seen before, or a new one.
 */
static uint32
number_identity(IdentityTable *table, const JsonNode *identity)
{
	uint32		slot = (uint32) dg_node_hash(table->hashes, identity) &
		table->mask;

	while (table->slots[slot] != 0)
	{
		if (dg_scalars_equal(&table->identities[table->slots[slot] - 1],
							 identity))
			return table->slots[slot] - 1;
		slot = (slot + 1) & table->mask;
	}
	table->identities[table->count] = *identity;
	table->slots[slot] = ++table->count;
	return table->count - 1;
}

/*
 * Number the elements of one side by identity.  Elements without one get
 * numbers of their own.  *found tells whether any has one.
 */
static uint32 *
number_side(IdentityTable *table, const ArraySide *side, uint32 from, uint32 n,
			bool *found)
{
	uint32	   *ids = dg_alloc(n, sizeof(uint32));
	uint32		i;

	*found = false;

	for (i = 0; i < n; i++)
	{
		JsonNode	element;
		JsonNode	identity;

		DG_CHECK_CANCEL();
		dg_side_element(side, from + i, &element);
		if (find_identity(&element, &identity))
		{
			ids[i] = number_identity(table, &identity);
			*found = true;
		}
		else
			ids[i] = table->count++;
	}
	return ids;
}

/*
 * Find the elements that have the same identity.  Returns false if there are
 * none, as in an array of scalars, which saves the search.
 */
static bool
search_identities(const Gap *gap, uint32 old_from, uint32 nold,
				  uint32 new_from, uint32 nnew, DiffScript *script)
{
	IdentityTable table;
	uint32		nslots = 8;
	uint32	   *old_ids;
	uint32	   *new_ids;
	bool		in_old;
	bool		in_new;

	while (nslots / 3 * 2 < nold + nnew)
		nslots *= 2;
	table.hashes = &gap->walk->hashes;
	table.slots = dg_alloc0(nslots, sizeof(uint32));
	table.mask = nslots - 1;
	table.identities = dg_alloc(nold + nnew, sizeof(JsonNode));
	table.count = 0;
	old_ids = number_side(&table, gap->old_side, old_from, nold, &in_old);
	new_ids = number_side(&table, gap->new_side, new_from, nnew, &in_new);
	dg_free(table.slots);
	dg_free(table.identities);

	if (in_old && in_new)
	{
		dg_search_ids(old_ids, nold, new_ids, nnew, table.count,
					  gap->walk->algorithm, script);
		if (!script->exact)
			gap->walk->exact = false;
	}
	dg_free(old_ids);
	dg_free(new_ids);
	return in_old && in_new;
}

/*
 * Pair many elements: those with an identity by it, the others in order.
 */
static void
pair_by_identity(const Gap *gap, uint32 old_from, uint32 nold,
				 uint32 new_from, uint32 nnew)
{
	DiffScript	script;
	uint32		old_done = 0;
	uint32		new_done = 0;
	int32		i;

	dg_script_init(&script, false);
	if (!search_identities(gap, old_from, nold, new_from, nnew, &script))
	{
		dg_script_free(&script);
		pair_in_order(gap, old_from, nold, new_from, nnew);
		return;
	}
	for (i = 0; i < script.nedits; i++)
	{
		const DiffEdit *edit = &script.edits[i];

		for (; old_done < edit->old_start; old_done++, new_done++)
			push_pair(gap, old_from + old_done, new_from + new_done, true);
		pair_in_order(gap, old_from + old_done, edit->old_count,
					  new_from + new_done, edit->new_count);
		old_done += edit->old_count;
		new_done += edit->new_count;
	}
	for (; old_done < nold; old_done++, new_done++)
		push_pair(gap, old_from + old_done, new_from + new_done, true);
	dg_script_free(&script);
}

/*
 * dg_pair_elements
 *		Push steps for a stretch of both arrays in which nothing is known to be
 *		equal.
 *
 * There may be something that is: one element on each side is not compared
 * before, and a search that was cut short leaves equal elements.
 */
void
dg_pair_elements(JsonWalk *walk, const ArraySide *old_side, uint32 old_from,
				 uint32 nold, const ArraySide *new_side, uint32 new_from,
				 uint32 nnew)
{
	Gap			gap;

	gap.walk = walk;
	gap.old_side = old_side;
	gap.new_side = new_side;
	if (nold <= 1 && nnew <= 1)
		pair_in_order(&gap, old_from, nold, new_from, nnew);
	else if (nold == 0 || nnew == 0)
		pair_in_order(&gap, old_from, nold, new_from, nnew);
	else if ((uint64) nold * nnew <= PAIR_TABLE_MAX)
		pair_by_score(&gap, old_from, nold, new_from, nnew);
	else
		pair_by_identity(&gap, old_from, nold, new_from, nnew);
}
