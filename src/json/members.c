/*-------------------------------------------------------------------------
 *
 * members.c
 *	  The members of one object, or of two at once, as they are shown.
 *
 * Two objects are joined by merging their key lists in the order they are
 * stored in; only then is the result sorted for display.  Stored order is a
 * sequence of ascending runs, one for each key length, so what sorts it is a
 * merge sort that starts from the runs it finds: n members with k different
 * key lengths take about n log k comparisons, nearly all of them between
 * eight-byte prefixes kept in the list.
 *
 * Memory: 24 bytes for each member of the objects that are open at a time,
 * and 8 more while one is sorted.
 *
 *-------------------------------------------------------------------------
 */
#include "json/members.h"

#include "port/pg_bswap.h"

#define MEMBERS_INITIAL		256

/* Up to so many members, insertion beats merging. */
#define INSERTION_MAX		12

/* The objects that the keys being sorted are in. */
typedef struct KeySource
{
	const JsonNode *old_object;
	const JsonNode *new_object;
} KeySource;

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
}

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
		uint64		newmax = Max((uint64) members->max * 2, need);

		if (newmax > PG_INT32_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("objects have too many members to be compared")));
		members->stack = dg_realloc(members->stack, newmax, sizeof(JsonMember));
		members->max = newmax;
	}
}

static void
member_key(const KeySource *source, const JsonMember *member, JsonKey *key)
{
	if (member->old_index != NO_INDEX)
		dg_node_key(source->old_object, member->old_index, key);
	else
		dg_node_key(source->new_object, member->new_index, key);
}

/*
 * Whether member a is shown after member b.
 */
static inline bool
shown_after(const KeySource *source, const JsonMember *a, const JsonMember *b)
{
	JsonKey		akey;
	JsonKey		bkey;

	if (a->prefix != b->prefix)
		return a->prefix > b->prefix;

	member_key(source, a, &akey);
	member_key(source, b, &bkey);
	return dg_key_compare_shown(&akey, &bkey) > 0;
}

static void
insertion_sort(const KeySource *source, JsonMember *list, uint32 n)
{
	uint32		i;

	for (i = 1; i < n; i++)
	{
		JsonMember	member = list[i];
		uint32		j = i;

		while (j > 0 && shown_after(source, &list[j - 1], &member))
		{
			list[j] = list[j - 1];
			j--;
		}
		list[j] = member;
	}
}

/*
 * End of the ascending run that starts at i, in the order that `order` has.
 */
static uint32
run_end(const KeySource *source, const JsonMember *list, const uint32 *order,
		uint32 i, uint32 n)
{
	for (i++; i < n; i++)
	{
		if (shown_after(source, &list[order[i - 1]], &list[order[i]]))
			break;
	}
	return i;
}

/*
 * Merge neighbouring runs of `from` in pairs into `to`; true if one run is
 * left.
 */
static bool
merge_runs(const KeySource *source, const JsonMember *list,
		   const uint32 *from, uint32 *to, uint32 n)
{
	uint32		start = 0;
	uint32		nruns = 0;

	while (start < n)
	{
		uint32		middle = run_end(source, list, from, start, n);
		uint32		end = middle;
		uint32		left = start;
		uint32		right = middle;
		uint32		out = start;

		if (middle < n)
			end = run_end(source, list, from, middle, n);
		while (left < middle && right < end)
		{
			DG_CHECK_CANCEL();
			if (shown_after(source, &list[from[left]], &list[from[right]]))
				to[out++] = from[right++];
			else
				to[out++] = from[left++];
		}
		while (left < middle)
			to[out++] = from[left++];
		while (right < end)
			to[out++] = from[right++];
		start = end;
		nruns++;
	}
	return nruns <= 1;
}

/*
 * Put the members of a list into the order given: list[order[i]] goes to
 * place i.  Follows the cycles of the permutation, and undoes it in order.
 */
static void
permute(JsonMember *list, uint32 *order, uint32 n)
{
	uint32		i;

	for (i = 0; i < n; i++)
	{
		JsonMember	first = list[i];
		uint32		place = i;

		while (order[place] != i)
		{
			uint32		next = order[place];

			list[place] = list[next];
			order[place] = place;
			place = next;
		}
		list[place] = first;
		order[place] = place;
	}
}

/*
 * Sort the members from position first on as they are shown.
 */
static void
sort_members(JsonMembers *members, const KeySource *source, uint32 first)
{
	uint32		n = members->used - first;
	JsonMember *list = members->stack + first;
	uint32	   *order;
	uint32	   *scratch;
	uint32		i;

	if (n <= INSERTION_MAX)
	{
		insertion_sort(source, list, n);
		return;
	}

	/* Positions are sorted, not members, to take less memory. */
	order = dg_alloc(n, sizeof(uint32));
	scratch = dg_alloc(n, sizeof(uint32));
	for (i = 0; i < n; i++)
		order[i] = i;
	while (!merge_runs(source, list, order, scratch, n))
	{
		uint32	   *swap = order;

		order = scratch;
		scratch = swap;
	}
	permute(list, scratch, n);
	dg_free(order);
	dg_free(scratch);
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

static inline void
add_member(JsonMembers *members, const JsonKey *key,
		   uint32 old_index, uint32 new_index, uint32 first_byte)
{
	JsonMember *member = &members->stack[members->used++];

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
first_member(MemberCursor *cursor, const JsonNode *object)
{
	cursor->count = NODE_COUNT(object);
	cursor->index = NO_INDEX;	/* before the first one */
	dg_cursor_seek(&cursor->keys, object, 0);
	dg_cursor_seek(&cursor->values, object, cursor->count);
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
	KeySource	source;
	MemberCursor cursor;

	reserve(members, n);
	for (first_member(&cursor, object); cursor.index < n; next_member(&cursor))
	{
		DG_CHECK_CANCEL();
		if (!member_hidden(object, &cursor.key, cursor.value))
			add_member(members, &cursor.key, cursor.index, NO_INDEX,
					   NOT_KNOWN);
	}
	source.old_object = object;
	source.new_object = NULL;
	sort_members(members, &source, first);
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
 * Join two objects by merging their keys.
 */
static void
join_members(JsonMembers *members, const JsonNode *old_object,
			 const JsonNode *new_object, uint32 first_byte)
{
	bool		same_view = (old_object->view == new_object->view);
	bool		same = same_keys(old_object, new_object);
	MemberCursor o;
	MemberCursor n;

	first_member(&o, old_object);
	first_member(&n, new_object);
	while (o.index < o.count || n.index < n.count)
	{
		int			order;
		uint32		old_index = NO_INDEX;
		uint32		new_index = NO_INDEX;
		uint32		known = NOT_KNOWN;
		JsonKey		key;

		DG_CHECK_CANCEL();
		if (same)
			order = 0;
		else if (o.index == o.count)
			order = 1;
		else if (n.index == n.count)
			order = -1;
		else
			order = dg_key_compare_stored(&o.key, &n.key);

		if (order == 0 && same_view)
			known = first_byte_of_values(old_object, first_byte, &o, &n);
		key = (order <= 0) ? o.key : n.key;
		if (order <= 0)
		{
			if (!member_hidden(old_object, &key, o.value))
				old_index = o.index;
			next_member(&o);
		}
		if (order >= 0)
		{
			if (!member_hidden(new_object, &key, n.value))
				new_index = n.index;
			next_member(&n);
		}
		if (known == SAME_BYTES && members->skip_same)
			continue;
		if (old_index != NO_INDEX || new_index != NO_INDEX)
			add_member(members, &key, old_index, new_index, known);
	}
}

/*
 * dg_members_push_pair
 *		Put the members of two objects on the stack, joined by key, as they
 *		are shown.
 *
 * They are there from the returned position to the top.  Hidden members are
 * left out, on the side where they are hidden.  first_byte is where the
 * bytes of the objects differ first.
 */
uint32
dg_members_push_pair(JsonMembers *members, const JsonNode *old_object,
					 const JsonNode *new_object, uint32 first_byte)
{
	uint32		first = members->used;
	KeySource	source;

	reserve(members, NODE_COUNT(old_object) + NODE_COUNT(new_object));
	join_members(members, old_object, new_object, first_byte);
	source.old_object = old_object;
	source.new_object = new_object;
	sort_members(members, &source, first);
	return first;
}
