/*-------------------------------------------------------------------------
 *
 * members.c
 *	  The members of one object, or of two at once, as they are shown.
 *
 * Two objects are joined by merging their key lists in the order they are
 * stored in; only then is the result sorted for display (member_sort.c).
 *
 * Of a large object in which little has changed, the members that are the same
 * are not listed, but for those next to a change: of the others only the
 * number of lines is needed.  Keys of one length are stored in the order they
 * are shown in, so it is found out for whole stretches of them between which
 * changes they are shown.
 *
 * Memory: 24 bytes for each listed member of the objects that are open at a
 * time, and 8 more while one is sorted.
 *
 *-------------------------------------------------------------------------
 */
#include "json/members.h"

#include "json/member_sort.h"

#define MEMBERS_INITIAL		256
#define STRETCHES_INITIAL	64

/*
 * Objects with so many members are listed sparsely, unless more lines around a
 * change are wanted than can be kept in order by insertion.
 */
#ifndef SPARSE_MIN
#define SPARSE_MIN			256
#endif
#define SPARSE_MAX_AROUND	64

/*
 * dg_members_init
 *		Make an empty stack, whose memory comes from the current context.
 */
void
dg_members_init(JsonMembers *members)
{
	members->stack = dg_alloc(MEMBERS_INITIAL, sizeof(JsonMember));
	members->used = 0;
	members->max = MEMBERS_INITIAL;
	members->skip_same = false;
	members->around = 0;
}

/*
 * dg_members_free
 *		Give back the memory of a stack, which then cannot be used any more.
 */
void
dg_members_free(JsonMembers *members)
{
	dg_free(members->stack);
	members->stack = NULL;
}

/*
 * Make room for more members on top of the stack.
 */
static void
reserve(JsonMembers *members, uint32 more)
{
	uint64		need = (uint64) members->used + more;

	if (need > members->max)
	{
		uint64		newmax = (uint64) members->max + members->max / 2;

		newmax = Max(newmax, need);
		if (newmax > PG_INT32_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("objects have too many members to be compared")));
		members->stack = dg_realloc(members->stack, newmax, sizeof(JsonMember));
		members->max = newmax;
	}
}

/*
 * Whether an object's member is hidden by the patterns.
 */
static inline bool
member_hidden(const JsonNode *object, const JsonKey *key, JsonNode value)
{
	if (object->view == VIEW_PLAIN)
		return false;
	dg_view_member(object, key, &value);
	return value.view == VIEW_HIDDEN;
}

static void
add_member(JsonMembers *members, const JsonKey *key,
		   uint32 old_index, uint32 new_index, uint32 first_byte)
{
	JsonMember *member;

	if (members->used == members->max)
		reserve(members, 1);
	member = &members->stack[members->used++];
	member->prefix = dg_key_prefix(key);
	member->old_index = old_index;
	member->new_index = new_index;
	member->first_byte = first_byte;
}

/*
 * The keys and values of an object, side by side.
 */
typedef struct MemberCursor
{
	JsonCursor	keys;
	JsonCursor	values;
	uint32		index;
	uint32		count;
	JsonKey		key;			/* of member index, if that is below count */
	JsonNode	value;
} MemberCursor;

static inline void
next_member(MemberCursor *cursor)
{
	if (++cursor->index < cursor->count)
	{
		dg_cursor_next_key(&cursor->keys, &cursor->key);
		dg_cursor_next(&cursor->values, &cursor->value);
	}
}

static void
seek_member(MemberCursor *cursor, const JsonNode *object, uint32 index)
{
	cursor->count = NODE_COUNT(object);
	cursor->index = index - 1;	/* NO_INDEX before the first one */
	dg_cursor_seek(&cursor->keys, object, index);
	dg_cursor_seek(&cursor->values, object, cursor->count + index);
	next_member(cursor);
}

/*
 * dg_members_push_elements
 *		Put the elements of an array on the stack.
 *
 * They are there from the returned position to the top, with their index in
 * old_index.  Hidden elements are left out; there is no need to list the
 * elements of an array without such.
 */
uint32
dg_members_push_elements(JsonMembers *members, const JsonNode *array)
{
	uint32		n = NODE_COUNT(array);
	uint32		first = members->used;
	JsonCursor	elements;
	uint32		i;

	reserve(members, n);
	dg_cursor_seek(&elements, array, 0);
	for (i = 0; i < n; i++)
	{
		JsonNode	element;

		DG_CHECK_CANCEL();
		dg_cursor_next(&elements, &element);
		dg_view_element(array, i, &element);
		if (element.view != VIEW_HIDDEN)
		{
			JsonMember *member = &members->stack[members->used++];

			member->prefix = 0;
			member->old_index = i;
			member->new_index = NO_INDEX;
			member->first_byte = NOT_KNOWN;
		}
	}
	return first;
}

/*
 * dg_members_push
 *		Put the members of one object on the stack, as they are shown.
 *
 * They are there from the returned position to the top, with their index in
 * old_index.  Hidden members are left out.
 */
uint32
dg_members_push(JsonMembers *members, const JsonNode *object)
{
	uint32		n = NODE_COUNT(object);
	uint32		first = members->used;
	MemberSource source;
	MemberCursor cursor;

	reserve(members, n);
	for (seek_member(&cursor, object, 0); cursor.index < n;
		 next_member(&cursor))
	{
		DG_CHECK_CANCEL();
		if (!member_hidden(object, &cursor.key, cursor.value))
			add_member(members, &cursor.key, cursor.index, NO_INDEX,
					   NOT_KNOWN);
	}
	source.old_object = object;
	source.new_object = NULL;
	dg_members_sort(members, &source, first);
	return first;
}

/*
 * Whether two objects have the same keys, told by their bytes.
 */
static bool
same_keys(const JsonNode *a, const JsonNode *b)
{
	uint32		n = NODE_COUNT(a);

	return NODE_COUNT(b) == n &&
		memcmp(NODE_CONTAINER(a)->children, NODE_CONTAINER(b)->children,
			   n * sizeof(JEntry)) == 0 &&
		memcmp(dg_node_base(a), dg_node_base(b),
			   n == 0 ? 0 : getJsonbOffset(NODE_CONTAINER(a), n)) == 0;
}

/*
 * Where the values of a key that is in both objects differ first.
 *
 * The known first byte of the objects says something of members that are the
 * same entry of both.
 */
static inline uint32
first_byte_of_values(const JsonNode *old_object, uint32 first_byte,
					 const MemberCursor *old_member,
					 const MemberCursor *new_member)
{
	uint32		known = NOT_KNOWN;

	if (old_member->value.kind != new_member->value.kind)
		return NOT_KNOWN;
	if (old_member->index == new_member->index)
		known = dg_first_byte_of_child(old_object, first_byte,
									   &old_member->value);
	if (known == NOT_KNOWN)
		known = dg_first_byte(&old_member->value, &new_member->value);
	return known;
}

/*
 * Two objects that are being joined by merging their keys, and the member
 * that the join is at.
 */
typedef struct MemberJoin
{
	const JsonNode *old_object;
	const JsonNode *new_object;
	uint32		first_byte;		/* where the objects' bytes differ first */
	bool		same_view;
	bool		same_keys;
	MemberCursor old_cursor;
	MemberCursor new_cursor;

	JsonKey		key;
	JsonNode	value;			/* the new one, if there is one */
	uint32		old_index;		/* NO_INDEX where it is not, or is hidden */
	uint32		new_index;
	uint32		known;			/* where the values' bytes differ first */
} MemberJoin;

static void
start_join(MemberJoin *join, const JsonNode *old_object,
		   const JsonNode *new_object, uint32 first_byte)
{
	join->old_object = old_object;
	join->new_object = new_object;
	join->first_byte = first_byte;
	join->same_view = (old_object->view == new_object->view);
	join->same_keys = same_keys(old_object, new_object);
	seek_member(&join->old_cursor, old_object, 0);
	seek_member(&join->new_cursor, new_object, 0);
}

/*
 * Which object has the next key: the old one (-1), the new one (1) or both.
 */
static inline int
join_order(const MemberJoin *join)
{
	if (join->same_keys)
		return 0;
	if (join->old_cursor.index == join->old_cursor.count)
		return 1;
	if (join->new_cursor.index == join->new_cursor.count)
		return -1;
	return dg_key_compare_stored(&join->old_cursor.key,
								 &join->new_cursor.key);
}

/*
 * Go to the next member that is shown on one side at least.
 */
static bool
next_joined(MemberJoin *join)
{
	MemberCursor *o = &join->old_cursor;
	MemberCursor *n = &join->new_cursor;

	while (o->index < o->count || n->index < n->count)
	{
		int			order = join_order(join);

		DG_CHECK_CANCEL();
		join->old_index = join->new_index = NO_INDEX;
		join->known = NOT_KNOWN;
		if (order == 0 && join->same_view)
			join->known = first_byte_of_values(join->old_object,
											   join->first_byte, o, n);
		join->key = (order <= 0) ? o->key : n->key;
		if (order <= 0)
		{
			if (!member_hidden(join->old_object, &join->key, o->value))
				join->old_index = o->index;
			next_member(o);
		}
		if (order >= 0)
		{
			join->value = n->value;
			if (!member_hidden(join->new_object, &join->key, n->value))
				join->new_index = n->index;
			next_member(n);
		}
		if (join->old_index != NO_INDEX || join->new_index != NO_INDEX)
			return true;
	}
	return false;
}

/*
 * The same members between two changed ones, in the order they are shown.
 */
typedef struct SameRun
{
	uint32		count;
	uint32		nfirst;			/* of them in the lists below */
	uint32		nlast;
	int64		lines;
} SameRun;

/*
 * Members that are the same, stored next to each other in both objects, with
 * keys of one length.
 */
typedef struct SameStretch
{
	uint32		old_index;
	uint32		new_index;
	uint32		count;
} SameStretch;

/*
 * The members of large objects, of which only those that have changed are
 * listed, and some of the same ones around them.
 */
typedef struct SparseList
{
	JsonMembers *members;
	MemberSource source;
	SameStretch *stretches;
	uint32		nstretches;
	uint32		maxstretches;
	uint32		key_len;		/* of the last one's keys */
	uint32		first;			/* the changed ones, on the stack */
	uint32		nchanged;
	uint32		around;			/* same members wanted next to a change */
	SameRun    *runs;			/* before each changed one, and after all */
	JsonMember *firsts;			/* `around` for each run, ascending */
	JsonMember *lasts;			/* likewise, descending */
} SparseList;

/*
 * Number of changed members that are shown before a member.
 */
static uint32
changed_before(const SparseList *sparse, const JsonMember *member)
{
	const JsonMember *list = sparse->members->stack + sparse->first;
	uint32		low = 0;
	uint32		high = sparse->nchanged;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (dg_member_shown_after(&sparse->source, member, &list[middle]))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Whether member a is farther from the end of a run that a list starts at.
 */
static inline bool
farther(const SparseList *sparse, bool ascending, const JsonMember *a,
		const JsonMember *b)
{
	return ascending ? dg_member_shown_after(&sparse->source, a, b) :
		dg_member_shown_after(&sparse->source, b, a);
}

/*
 * Keep a member in a short list if it is one of the nearest; false if it is
 * not.
 */
static bool
keep_nearest(const SparseList *sparse, JsonMember *list, uint32 *count,
			 const JsonMember *member, bool ascending)
{
	uint32		i;

	if (*count < sparse->around)
		(*count)++;
	else if (*count == 0 ||
			 farther(sparse, ascending, member, &list[*count - 1]))
		return false;
	for (i = *count - 1; i > 0; i--)
	{
		if (!farther(sparse, ascending, &list[i - 1], member))
			break;
		list[i] = list[i - 1];
	}
	list[i] = *member;
	return true;
}

/*
 * Member i of a stretch.
 */
static void
stretch_member(const SparseList *sparse, const SameStretch *stretch, uint32 i,
			   JsonMember *member)
{
	JsonKey		key;

	dg_node_key(sparse->source.new_object, stretch->new_index + i, &key);
	member->prefix = dg_key_prefix(&key);
	member->old_index = stretch->old_index + i;
	member->new_index = stretch->new_index + i;
	member->first_byte = SAME_BYTES;
}

/*
 * Lines of the members of a stretch.
 */
static int64
stretch_lines(const SparseList *sparse, const SameStretch *stretch)
{
	const JsonNode *object = sparse->source.new_object;
	MemberCursor cursor;
	int64		lines = 0;

	seek_member(&cursor, object, stretch->new_index);
	for (uint32 i = 0; i < stretch->count; i++, next_member(&cursor))
	{
		DG_CHECK_CANCEL();
		dg_view_member(object, &cursor.key, &cursor.value);
		lines += dg_shown_lines(&cursor.value, PG_INT64_MAX);
	}
	return lines;
}

/*
 * Add members that are all shown between the same two changed ones.
 */
static void
add_stretch(SparseList *sparse, Size number, const SameStretch *stretch)
{
	SameRun    *run = &sparse->runs[number];
	JsonMember *firsts = sparse->firsts + number * sparse->around;
	JsonMember *lasts = sparse->lasts + number * sparse->around;
	JsonMember	member;
	uint32		i;

	run->count += stretch->count;
	run->lines += stretch_lines(sparse, stretch);
	for (i = 0; i < stretch->count; i++)
	{
		stretch_member(sparse, stretch, i, &member);
		if (!keep_nearest(sparse, firsts, &run->nfirst, &member, true))
			break;
	}
	for (i = stretch->count; i > 0; i--)
	{
		stretch_member(sparse, stretch, i - 1, &member);
		if (!keep_nearest(sparse, lasts, &run->nlast, &member, false))
			break;
	}
}

/*
 * Find out between which changed members those of a stretch are shown.  They
 * ascend, so where the first and the last one are, the others are, too.
 */
static void
survey_stretch(SparseList *sparse, const SameStretch *stretch)
{
	SameStretch rest = *stretch;

	while (rest.count > 0)
	{
		JsonMember	member;
		SameStretch part = rest;
		uint32		low = 1;
		uint32		high = rest.count;
		Size		number;

		stretch_member(sparse, &rest, 0, &member);
		number = changed_before(sparse, &member);
		stretch_member(sparse, &rest, rest.count - 1, &member);
		if (changed_before(sparse, &member) == number)
			low = rest.count;
		while (low < high)
		{
			uint32		middle = low + (high - low) / 2;

			stretch_member(sparse, &rest, middle, &member);
			if (changed_before(sparse, &member) == number)
				low = middle + 1;
			else
				high = middle;
		}
		part.count = low;
		add_stretch(sparse, number, &part);
		rest.old_index += low;
		rest.new_index += low;
		rest.count -= low;
	}
}

static int64
member_lines(const SparseList *sparse, const JsonMember *member)
{
	const JsonNode *object = sparse->source.new_object;
	JsonKey		key;
	JsonNode	value;

	dg_node_key(object, member->new_index, &key);
	dg_node_child(object, member->new_index, &value);
	dg_view_member(object, &key, &value);
	return dg_shown_lines(&value, PG_INT64_MAX);
}

/*
 * Write a run of same members: its first ones, the lines of those that are
 * left out, its last ones.  Returns how many entries that took.
 */
static uint32
put_same_run(const SparseList *sparse, Size number, JsonMember *to)
{
	const SameRun *run = &sparse->runs[number];
	const JsonMember *firsts = sparse->firsts + number * sparse->around;
	const JsonMember *lasts = sparse->lasts + number * sparse->around;
	uint32		nlast = Min(run->nlast, run->count - run->nfirst);
	int64		left_out = run->lines;
	uint32		n = 0;
	uint32		i;

	for (i = 0; i < run->nfirst; i++)
	{
		left_out -= member_lines(sparse, &firsts[i]);
		to[n++] = firsts[i];
	}
	for (i = 0; i < nlast; i++)
		left_out -= member_lines(sparse, &lasts[i]);
	if (run->count > run->nfirst + nlast)
	{
		to[n].prefix = left_out;
		to[n].old_index = to[n].new_index = NO_INDEX;
		to[n].first_byte = SAME_BYTES;
		n++;
	}
	for (i = nlast; i > 0; i--)
		to[n++] = lasts[i - 1];
	return n;
}

/*
 * Replace the changed members on the stack by these and the same ones around
 * them.
 */
static void
put_sparse(SparseList *sparse)
{
	JsonMembers *members = sparse->members;
	uint32		nchanged = sparse->nchanged;
	JsonMember *changed = dg_alloc(Max(nchanged, 1), sizeof(JsonMember));
	uint32		i;

	memcpy(changed, members->stack + sparse->first,
		   (Size) nchanged * sizeof(JsonMember));
	members->used = sparse->first;
	for (i = 0; i <= nchanged; i++)
	{
		reserve(members, 2 * sparse->around + 2);
		members->used += put_same_run(sparse, i,
									  members->stack + members->used);
		if (i < nchanged)
			members->stack[members->used++] = changed[i];
	}
	dg_free(changed);
}

/*
 * Add a member that is the same to the stretches.
 */
static void
add_same(SparseList *sparse, uint32 key_len, uint32 old_index,
		 uint32 new_index)
{
	SameStretch *last;

	if (sparse->nstretches > 0 && sparse->key_len == key_len)
	{
		last = &sparse->stretches[sparse->nstretches - 1];
		if (last->old_index + last->count == old_index &&
			last->new_index + last->count == new_index)
		{
			last->count++;
			return;
		}
	}
	if (sparse->nstretches == sparse->maxstretches)
	{
		sparse->maxstretches *= 2;
		sparse->stretches = dg_realloc(sparse->stretches,
									   sparse->maxstretches,
									   sizeof(SameStretch));
	}
	last = &sparse->stretches[sparse->nstretches++];
	last->old_index = old_index;
	last->new_index = new_index;
	last->count = 1;
	sparse->key_len = key_len;
}

/*
 * Pass over the next members of objects with the same keys, as many at once
 * as a block has, as long as they are the same.  Returns their number.
 */
static uint32
add_same_blocks(SparseList *sparse, MemberJoin *join)
{
	const JsonNode *old_object = join->old_object;
	const JsonNode *new_object = join->new_object;
	uint32		n = join->old_cursor.count;
	uint32		first = join->old_cursor.index;
	uint32		nsame = dg_same_children(old_object, n + first,
										 new_object, n + first, n - first);
	JsonCursor	keys;

	if (nsame == 0)
		return 0;
	dg_cursor_seek(&keys, old_object, first);
	for (uint32 i = first; i < first + nsame; i++)
	{
		JsonKey		key;

		DG_CHECK_CANCEL();
		dg_cursor_next_key(&keys, &key);
		add_same(sparse, key.len, i, i);
	}
	seek_member(&join->old_cursor, old_object, first + nsame);
	seek_member(&join->new_cursor, new_object, first + nsame);
	return nsame;
}

/*
 * Go through the members of both objects.  Those that are not the same are
 * put on the stack.  Returns the number of the others.
 */
static uint32
list_changed(SparseList *sparse, uint32 first_byte)
{
	MemberJoin	join;
	uint32		nsame = 0;
	bool		in_blocks;

	start_join(&join, sparse->source.old_object, sparse->source.new_object,
			   first_byte);
	in_blocks = (join.same_keys && join.old_object->view == VIEW_PLAIN &&
				 join.new_object->view == VIEW_PLAIN);
	for (;;)
	{
		/* A block with a change in it is gone through member by member. */
		if (in_blocks && join.old_cursor.index % SAME_BLOCK == 0)
			nsame += add_same_blocks(sparse, &join);
		if (!next_joined(&join))
			break;
		if (join.known == SAME_BYTES)
		{
			add_same(sparse, join.key.len, join.old_index, join.new_index);
			nsame++;
		}
		else
			add_member(sparse->members, &join.key, join.old_index,
					   join.new_index, join.known);
	}
	sparse->nchanged = sparse->members->used - sparse->first;
	return nsame;
}

/*
 * List the members of two large objects sparsely, if few of them differ.
 * Returns false if that is not so, and nothing was listed.
 */
static bool
push_sparse(JsonMembers *members, const JsonNode *old_object,
			const JsonNode *new_object, uint32 first_byte)
{
	SparseList	sparse;
	uint32		nsame;
	Size		nruns;
	bool		few;

	sparse.members = members;
	sparse.source.old_object = old_object;
	sparse.source.new_object = new_object;
	sparse.first = members->used;
	sparse.around = members->around;
	sparse.nstretches = 0;
	sparse.maxstretches = STRETCHES_INITIAL;
	sparse.stretches = dg_alloc(sparse.maxstretches, sizeof(SameStretch));

	nsame = list_changed(&sparse, first_byte);
	nruns = (Size) sparse.nchanged + 1;
	few = (nruns * (2 * (Size) sparse.around + 2) <= nsame / 2);
	if (few)
	{
		dg_members_sort(members, &sparse.source, sparse.first);
		sparse.runs = dg_alloc0(nruns, sizeof(SameRun));
		sparse.firsts = dg_alloc(nruns * sparse.around, sizeof(JsonMember));
		sparse.lasts = dg_alloc(nruns * sparse.around, sizeof(JsonMember));
		for (uint32 i = 0; i < sparse.nstretches; i++)
			survey_stretch(&sparse, &sparse.stretches[i]);
		put_sparse(&sparse);
		dg_free(sparse.runs);
		dg_free(sparse.firsts);
		dg_free(sparse.lasts);
	}
	else
		members->used = sparse.first;
	dg_free(sparse.stretches);
	return few;
}

/*
 * List the members of two objects in full.
 */
static void
push_all(JsonMembers *members, const JsonNode *old_object,
		 const JsonNode *new_object, uint32 first_byte)
{
	uint32		first = members->used;
	MemberJoin	join;
	MemberSource source;

	start_join(&join, old_object, new_object, first_byte);
	while (next_joined(&join))
	{
		if (join.known != SAME_BYTES || !members->skip_same)
			add_member(members, &join.key, join.old_index, join.new_index,
					   join.known);
	}
	source.old_object = old_object;
	source.new_object = new_object;
	dg_members_sort(members, &source, first);
}

/*
 * dg_members_push_pair
 *		Put the members of two objects on the stack, joined by key, as they
 *		are shown.
 *
 * They are there from the returned position to the top.  Hidden members are
 * left out, on the side where they are hidden.  first_byte is where the
 * bytes of the objects differ first.
 *
 * Of large objects with few changes most members that are the same are left
 * out; entries for which dg_member_is_run() is true stand for them.
 */
uint32
dg_members_push_pair(JsonMembers *members, const JsonNode *old_object,
					 const JsonNode *new_object, uint32 first_byte)
{
	uint32		first = members->used;

	if (members->skip_same || members->around > SPARSE_MAX_AROUND ||
		NODE_COUNT(new_object) < SPARSE_MIN ||
		!push_sparse(members, old_object, new_object, first_byte))
		push_all(members, old_object, new_object, first_byte);
	return first;
}
