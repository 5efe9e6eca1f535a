/*-------------------------------------------------------------------------
 *
 * search_test.c
 *	  Every search algorithm against a plain table of longest common
 *	  subsequences, on many small random sequences.
 *
 * A script is valid when its edits are in order, none is empty on both sides,
 * two of them have something equal in between, and everything outside them is
 * equal; it is minimal when it edits no more items than the table says.
 * Sequences are small and of few kinds of items, because that is where ties,
 * runs and repeated items are; each family of them has its own test line.
 * The seed is printed, and may be given as the only argument.
 *
 *-------------------------------------------------------------------------
 */
#include "core/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_ITEMS	600

typedef struct Sequences
{
	uint32		old_ids[MAX_ITEMS];
	uint32		new_ids[MAX_ITEMS];
	int32		nold;
	int32		nnew;
	uint32		nids;
} Sequences;

typedef void (*Maker) (Sequences *s);

static const char *const algorithm_names[] = {
	"myers", "minimal", "patience", "histogram"
};

static uint64 random_state;
static int	tests_run;
static int	tests_failed;

/* A xorshift generator: the same numbers everywhere from the same seed. */
static uint32
random_below(uint32 n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32) ((random_state >> 32) * n >> 32);
}

static void
report(bool passed, const char *name)
{
	tests_run++;
	if (!passed)
		tests_failed++;
	printf("%s %d - %s\n", passed ? "ok" : "not ok", tests_run, name);
}

/* ---- makers of sequences ---- */

static void
fill_random(uint32 *ids, int32 n, uint32 nids)
{
	for (int32 i = 0; i < n; i++)
		ids[i] = random_below(nids);
}

/* Two unrelated sequences of a few kinds of items. */
static void
make_random(Sequences *s)
{
	s->nids = 1 + random_below(8);
	s->nold = random_below(40);
	s->nnew = random_below(40);
	fill_random(s->old_ids, s->nold, s->nids);
	fill_random(s->new_ids, s->nnew, s->nids);
}

/* The second sequence is the first with some items changed. */
static void
make_edited(Sequences *s)
{
	int32		i = 0;
	uint32		rate = 2 + random_below(30);

	s->nids = 2 + random_below(100);
	s->nold = random_below(250);
	fill_random(s->old_ids, s->nold, s->nids);
	s->nnew = 0;
	while (i < s->nold && s->nnew < MAX_ITEMS - 1)
	{
		uint32		what = random_below(rate * 3);

		if (what == 0)
			i++;				/* taken away */
		else if (what == 1)
			s->new_ids[s->nnew++] = random_below(s->nids);	/* put in */
		else
		{
			s->new_ids[s->nnew] = what == 2 ? random_below(s->nids) :
				s->old_ids[i];
			s->nnew++;
			i++;
		}
	}
}

/* A permutation: every item is in both sequences once. */
static void
make_shuffled(Sequences *s)
{
	s->nold = s->nnew = random_below(120);
	s->nids = s->nold + 1;
	for (int32 i = 0; i < s->nold; i++)
		s->old_ids[i] = s->new_ids[i] = i;
	for (int32 i = s->nold - 1; i > 0; i--)
	{
		int32		j = random_below(i + 1);
		uint32		id = s->new_ids[i];

		s->new_ids[i] = s->new_ids[j];
		s->new_ids[j] = id;
	}
}

/* Runs of one item between separators, of other lengths on either side. */
static void
make_runs(Sequences *s)
{
	int			runs = random_below(8);

	s->nids = 4;
	s->nold = s->nnew = 0;
	for (int r = 0; r < runs; r++)
	{
		int			old_run = random_below(30);
		int			new_run = random_below(30);
		uint32		separator = 1 + random_below(3);

		while (old_run-- > 0)
			s->old_ids[s->nold++] = 0;
		while (new_run-- > 0)
			s->new_ids[s->nnew++] = 0;
		s->old_ids[s->nold++] = separator;
		if (random_below(4) > 0)
			s->new_ids[s->nnew++] = separator;
	}
}

/* Two cycles of other lengths, in other phases. */
static void
make_cycles(Sequences *s)
{
	uint32		old_period = 1 + random_below(9);
	uint32		new_period = 1 + random_below(9);
	uint32		phase = random_below(9);

	s->nids = 20;
	s->nold = random_below(200);
	s->nnew = random_below(200);
	for (int32 i = 0; i < s->nold; i++)
		s->old_ids[i] = i % old_period;
	for (int32 i = 0; i < s->nnew; i++)
		s->new_ids[i] = (i + phase) % new_period;
}

/* A block of the sequence stands elsewhere. */
static void
make_moved(Sequences *s)
{
	int32		n = 10 + random_below(200);
	int32		len = 1 + random_below(n / 2);
	int32		from = random_below(n - len + 1);
	int32		to = random_below(n - len + 1);
	int32		taken = 0;

	s->nids = 2 + random_below(n);
	s->nold = n;
	s->nnew = 0;
	fill_random(s->old_ids, n, s->nids);
	for (int32 i = 0; i <= n - len; i++)
	{
		if (i == to)
			for (int32 j = 0; j < len; j++)
				s->new_ids[s->nnew++] = s->old_ids[from + j];
		if (taken == from)
			taken += len;
		if (i < n - len)
			s->new_ids[s->nnew++] = s->old_ids[taken++];
	}
}

/* One sequence much longer than the other, or empty. */
static void
make_unbalanced(Sequences *s)
{
	s->nids = 1 + random_below(30);
	s->nold = random_below(6);
	s->nnew = random_below(500);
	fill_random(s->old_ids, s->nold, s->nids);
	fill_random(s->new_ids, s->nnew, s->nids);
	if (random_below(2))
	{
		Sequences	swapped = *s;

		memcpy(s->old_ids, swapped.new_ids, sizeof(s->old_ids));
		memcpy(s->new_ids, swapped.old_ids, sizeof(s->new_ids));
		s->nold = swapped.nnew;
		s->nnew = swapped.nold;
	}
}

/* ---- judges ---- */

/* Fewest items that must be edited. */
static int32
fewest_edits(const Sequences *s)
{
	static int32 row[MAX_ITEMS + 1];

	memset(row, 0, sizeof(row));
	for (int32 i = 0; i < s->nold; i++)
	{
		int32		diagonal = 0;

		for (int32 j = 0; j < s->nnew; j++)
		{
			int32		above = row[j + 1];
			int32		best = Max(above, row[j]);

			if (s->old_ids[i] == s->new_ids[j])
				best = diagonal + 1;
			diagonal = above;
			row[j + 1] = best;
		}
	}
	return s->nold + s->nnew - 2 * row[s->nnew];
}

/* Items that the script edits, or -1 and a message where it is not valid. */
static int32
script_edits(const Sequences *s, const DiffScript *script)
{
	int32		old_at = 0;
	int32		new_at = 0;
	int32		edits = 0;

	for (int32 e = 0; e <= script->nedits; e++)
	{
		DiffEdit	edit = {s->nold, 0, s->nnew, 0};
		int32		same;

		if (e < script->nedits)
			edit = script->edits[e];
		same = edit.old_start - old_at;
		if (same < 0 || same != edit.new_start - new_at ||
			(e > 0 && e < script->nedits && same == 0))
		{
			printf("# edit %d of %d does not follow the one before\n",
				   e, script->nedits);
			return -1;
		}
		for (int32 i = 0; i < same; i++)
		{
			if (old_at + i >= s->nold || new_at + i >= s->nnew ||
				s->old_ids[old_at + i] != s->new_ids[new_at + i])
			{
				printf("# items before edit %d differ\n", e);
				return -1;
			}
		}
		if (e < script->nedits &&
			(edit.old_count < 0 || edit.new_count < 0 ||
			 edit.old_count + edit.new_count == 0))
		{
			printf("# edit %d is empty\n", e);
			return -1;
		}
		old_at = edit.old_start + edit.old_count;
		new_at = edit.new_start + edit.new_count;
		if (old_at > s->nold || new_at > s->nnew)
		{
			printf("# edit %d passes the end\n", e);
			return -1;
		}
		edits += edit.old_count + edit.new_count;
	}
	return edits;
}

static void
print_sequences(const Sequences *s)
{
	printf("# old:");
	for (int32 i = 0; i < s->nold; i++)
		printf(" %u", s->old_ids[i]);
	printf("\n# new:");
	for (int32 i = 0; i < s->nnew; i++)
		printf(" %u", s->new_ids[i]);
	printf("\n");
}

/* ---- the tests ---- */

/*
 * Runs one algorithm on `cases` sequences of a family.  The default stays
 * within 1% of the fewest edits in total: none of these is large enough for
 * its cost cap.
 */
static void
test_family(const char *family, Maker make, DiffAlgorithm algorithm,
			int cases)
{
	int64		edits = 0;
	int64		fewest = 0;
	bool		valid = true;
	bool		minimal = true;
	char		name[128];

	for (int c = 0; c < cases && valid && minimal; c++)
	{
		Sequences	s;
		DiffScript	script;
		int32		got;
		int32		best;

		memset(&s, 0, sizeof(s));
		make(&s);
		dg_script_init(&script, false);
		dg_search_ids(s.old_ids, s.nold, s.new_ids, s.nnew, s.nids,
					  algorithm, &script);
		got = script_edits(&s, &script);
		best = fewest_edits(&s);
		edits += got;
		fewest += best;
		valid = got >= best;
		if (algorithm == DIFF_MINIMAL && got != best)
			minimal = false;
		if (!valid || !minimal)
		{
			printf("# case %d: %d edits, fewest %d\n", c, got, best);
			print_sequences(&s);
		}
		dg_script_free(&script);
	}

	snprintf(name, sizeof(name), "%s: %s gives a valid script", family,
			 algorithm_names[algorithm]);
	report(valid, name);
	if (algorithm == DIFF_MINIMAL)
	{
		snprintf(name, sizeof(name), "%s: minimal is minimal", family);
		report(minimal && valid, name);
	}
	else if (algorithm == DIFF_MYERS)
	{
		snprintf(name, sizeof(name),
				 "%s: the default is within 1%% of the fewest edits", family);
		printf("# %lld edits, fewest %lld\n", (long long) edits,
			   (long long) fewest);
		report(valid && edits <= fewest + fewest / 100, name);
	}
}

/* A script is appended to what the caller has; exact stays as it was. */
static void
test_append(void)
{
	static const uint32 old_ids[] = {1, 2, 3};
	static const uint32 new_ids[] = {1, 3};
	DiffScript	script;

	dg_script_init(&script, false);
	dg_search_ids(old_ids, 3, new_ids, 2, 4, DIFF_MYERS, &script);
	report(script.nedits == 1 && script.exact &&
		   script.edits[0].old_start == 1 && script.edits[0].old_count == 1 &&
		   script.edits[0].new_start == 1 && script.edits[0].new_count == 0,
		   "one removed item is one edit");
	dg_script_free(&script);

	dg_script_init(&script, false);
	dg_search_ids(old_ids, 0, new_ids, 0, 4, DIFF_MINIMAL, &script);
	report(script.nedits == 0 && script.exact, "nothing against nothing");
	dg_script_free(&script);
}

int
main(int argc, char **argv)
{
	static const struct
	{
		const char *name;
		Maker		make;
		int			cases;
	}			families[] =
	{
		{"random", make_random, 4000},
		{"edited", make_edited, 800},
		{"shuffled", make_shuffled, 800},
		{"runs", make_runs, 1500},
		{"cycles", make_cycles, 600},
		{"moved block", make_moved, 600},
		{"unbalanced", make_unbalanced, 1500}
	};
	uint64		seed = argc > 1 ? strtoull(argv[1], NULL, 10) :
		(uint64) time(NULL);

	printf("# seed %llu\n", (unsigned long long) seed);
	random_state = seed * UINT64CONST(0x9E3779B97F4A7C15) + 1;
	test_append();
	for (size_t f = 0; f < lengthof(families); f++)
	{
		for (int a = DIFF_MYERS; a <= DIFF_HISTOGRAM; a++)
			test_family(families[f].name, families[f].make,
						(DiffAlgorithm) a, families[f].cases);
	}
	printf("1..%d\n", tests_run);
	return tests_failed > 0;
}
