/*-------------------------------------------------------------------------
 *
 * member_sort.c
 *	  Sorts the members of objects as they are shown.
 *
 * Members come in the order that they are stored in, which is a sequence of
 * ascending runs, one for each key length.  So what sorts them is a merge sort
 * that starts from the runs it finds: n members with k different key lengths
 * take about n log k comparisons, nearly all of them between eight-byte
 * prefixes kept in the list.
 *
 *-------------------------------------------------------------------------
 */
#include "json/member_sort.h"

/* Up to so many members, insertion beats merging. */
#define INSERTION_MAX		12

static void
insertion_sort(const MemberSource *source, JsonMember *list, uint32 n)
{
	uint32		i;

	for (i = 1; i < n; i++)
	{
		JsonMember	member = list[i];
		uint32		j = i;

		while (j > 0 && dg_member_shown_after(source, &list[j - 1], &member))
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
run_end(const MemberSource *source, const JsonMember *list, const uint32 *order,
		uint32 i, uint32 n)
{
	for (i++; i < n; i++)
	{
		if (dg_member_shown_after(source, &list[order[i - 1]], &list[order[i]]))
			break;
	}
	return i;
}

/*
 * Merge neighbouring runs of `from` in pairs into `to`; true if one run is
 * left.
 */
static bool
merge_runs(const MemberSource *source, const JsonMember *list,
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
			if (dg_member_shown_after(source, &list[from[left]],
									  &list[from[right]]))
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
 * dg_members_sort
 *		Sort the members on a stack, from position first to the top, as they
 *		are shown.
 *
 * source are the objects that they are members of.  n members take n log k
 * comparisons, where k is the number of ascending runs that they are, and
 * eight bytes each meanwhile.
 */
void
dg_members_sort(JsonMembers *members, const MemberSource *source, uint32 first)
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
