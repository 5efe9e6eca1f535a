/*-------------------------------------------------------------------------
 *
 * members.h
 *	  The members of one object, or of two at once, as they are shown.
 *
 * jsonb stores keys by length and then by bytes; canonical text has them in
 * the order of their bytes.  Lists of members are kept on one stack, since
 * objects are entered and left in that manner, and are referred to by
 * position, since the stack may move when it grows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_MEMBERS_H
#define DIFFGEN_JSON_MEMBERS_H

#include "json/compare.h"
#include "json/node.h"
#include "json/view.h"

/*
 * A member of the old object, of the new one (NO_INDEX where it is not), or
 * of both; or, on neither side, some members that are the same in both and
 * need not be told from each other: prefix is their number of lines then.
 */
typedef struct JsonMember
{
	uint64		prefix;			/* first eight bytes of the key, as a number */
	uint32		old_index;
	uint32		new_index;
	uint32		first_byte;		/* where the values' bytes differ, or one of
								 * NOT_KNOWN and SAME_BYTES */
} JsonMember;

typedef struct JsonMembers
{
	JsonMember *stack;
	uint32		used;
	uint32		max;
	bool		skip_same;		/* leave out pairs of the same bytes */
	uint32		around;			/* if not, how many are needed at a change */
} JsonMembers;

extern void dg_members_init(JsonMembers *members);
extern void dg_members_free(JsonMembers *members);
extern uint32 dg_members_push(JsonMembers *members, const JsonNode *object);
extern uint32 dg_members_push_elements(JsonMembers *members,
									   const JsonNode *array);
extern uint32 dg_members_push_pair(JsonMembers *members,
								   const JsonNode *old_object,
								   const JsonNode *new_object,
								   uint32 first_byte);

/*
 * Whether an entry stands for members that are not listed.
 */
static inline bool
dg_member_is_run(const JsonMember *member)
{
	return member->old_index == NO_INDEX && member->new_index == NO_INDEX;
}

/*
 * Take off the stack all members from some position on.
 */
static inline void
dg_members_pop(JsonMembers *members, uint32 first)
{
	members->used = first;
}

#endif							/* DIFFGEN_JSON_MEMBERS_H */
