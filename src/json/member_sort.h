/*-------------------------------------------------------------------------
 *
 * member_sort.h
 *	  The order in which the members of objects are shown.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_MEMBER_SORT_H
#define DIFFGEN_JSON_MEMBER_SORT_H

#include "json/members.h"

/* The objects that members belong to; the new one may be NULL. */
typedef struct MemberSource
{
	const JsonNode *old_object;
	const JsonNode *new_object;
} MemberSource;

/*
 * The key of a member that is in one of the objects at least.
 */
static inline void
dg_member_key(const MemberSource *source, const JsonMember *member,
			  JsonKey *key)
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
dg_member_shown_after(const MemberSource *source, const JsonMember *a,
					  const JsonMember *b)
{
	JsonKey		akey;
	JsonKey		bkey;

	if (a->prefix != b->prefix)
		return a->prefix > b->prefix;

	dg_member_key(source, a, &akey);
	dg_member_key(source, b, &bkey);
	return dg_key_compare_shown(&akey, &bkey) > 0;
}

extern void dg_members_sort(JsonMembers *members, const MemberSource *source,
							uint32 first);

#endif							/* DIFFGEN_JSON_MEMBER_SORT_H */
