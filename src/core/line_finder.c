/*-------------------------------------------------------------------------
 *
 * line_finder.c
 *	  Finds where a run of lines stands in a document.
 *
 * Each line of the document is in a hash table by its content.  To find a run
 * of lines, take the one of them that the document has least often and look
 * at its occurrences.  Whether the lines around an occurrence are those of the
 * run is told in constant time by polynomial hashes (Karp and Rabin, 1987):
 * with h(i) the hash of line i and
 *
 *		sum(i + 1) = sum(i) * B + h(i)			(modulo 2^64)
 *
 * the lines [i, i + n) have the hash sum(i + n) - sum(i) * B^n.  What the
 * hashes find must still be compared, since they may collide.
 *
 * Cost: building is linear in the document, and memory is 36 to 44 bytes a
 * line.  A search takes as many steps as the run has lines and its rarest one
 * has occurrences.  That is little in any document that people write, but a
 * made-up one could make it quadratic over many searches; so all searches of
 * an index share a number of steps, and end when it is spent.  Hashes are not
 * seeded, so that this point is always the same.
 *
 *-------------------------------------------------------------------------
 */
#include "core/line_finder.h"

#include "common/hashfn.h"
#include "core/scan.h"

#define SUM_FACTOR	UINT64CONST(0x9e3779b97f4a7c15)

/*
 * dg_line_hash
 *		Hash of a line without its newline; bare when it has none.
 */
uint64
dg_line_hash(const char *line, uint32 len, bool bare)
{
	return hash_bytes_extended((const unsigned char *) line, (int) len, bare);
}

/*
 * The slot of the lines with a hash, or the free one where they would be.
 */
static int32 *
find_slot(LineFinder *finder, uint64 hash)
{
	uint32		i = (uint32) hash & finder->mask;

	while (finder->slots[i] >= 0 && finder->hashes[finder->slots[i]] != hash)
	{
		finder->steps--;
		i = (i + 1) & finder->mask;
	}
	return &finder->slots[i];
}

/*
 * dg_finder_init
 *		Index the lines of a document.
 *
 * Memory comes from the current context.  steps bounds all searches together.
 */
void
dg_finder_init(LineFinder *finder, const char *doc, Size len, int64 steps)
{
	const char *end = doc + len;
	const char *p = doc;
	uint32		nslots = 64;
	int32		i;

	finder->nlines = (int32) dg_count_newlines(doc, len);
	if (len > 0 && end[-1] != '\n')
		finder->nlines++;
	while (nslots / 4 * 3 < (uint32) finder->nlines)
		nslots *= 2;

	finder->starts = dg_alloc((Size) finder->nlines + 1, sizeof(uint32));
	finder->hashes = dg_alloc(finder->nlines, sizeof(uint64));
	finder->sums = dg_alloc((Size) finder->nlines + 1, sizeof(uint64));
	finder->nexts = dg_alloc(finder->nlines, sizeof(int32));
	finder->counts = dg_alloc(finder->nlines, sizeof(int32));
	finder->slots = dg_alloc(nslots, sizeof(int32));
	finder->mask = nslots - 1;

	finder->sums[0] = 0;
	for (i = 0; i < finder->nlines; i++)
	{
		const char *next = dg_next_line(p, end);
		bool		bare = next[-1] != '\n';

		DG_CHECK_CANCEL();
		finder->starts[i] = p - doc;
		finder->hashes[i] = dg_line_hash(p, (next - p) - (bare ? 0 : 1), bare);
		finder->sums[i + 1] = finder->sums[i] * SUM_FACTOR + finder->hashes[i];
		p = next;
	}
	finder->starts[i] = len;

	/* from the end, so that lines alike are chained in their order */
	memset(finder->slots, 0xff, (Size) nslots * sizeof(int32));
	for (i = finder->nlines - 1; i >= 0; i--)
	{
		int32	   *slot = find_slot(finder, finder->hashes[i]);

		DG_CHECK_CANCEL();
		finder->nexts[i] = *slot;
		finder->counts[i] = *slot < 0 ? 1 : finder->counts[*slot] + 1;
		*slot = i;
	}
	finder->steps = steps;
}

/*
 * dg_finder_free
 *		Free the arrays of an index.
 */
void
dg_finder_free(LineFinder *finder)
{
	dg_free(finder->starts);
	dg_free(finder->hashes);
	dg_free(finder->sums);
	dg_free(finder->nexts);
	dg_free(finder->counts);
	dg_free(finder->slots);
}

/*
 * dg_finder_prepare
 *		Prepare to look for a run, whose hashes and count are set.
 *
 * The run must not be empty.
 */
void
dg_finder_prepare(LineFinder *finder, LineRun *run)
{
	int32		rarest_count = PG_INT32_MAX;
	int32		first;
	int32		count;
	int32		i;

	Assert(run->count > 0);

	run->sum = 0;
	run->power = 1;
	run->rarest = 0;
	for (i = 0; i < run->count; i++)
	{
		DG_CHECK_CANCEL();
		run->sum = run->sum * SUM_FACTOR + run->hashes[i];
		run->power *= SUM_FACTOR;
		finder->steps--;
		first = *find_slot(finder, run->hashes[i]);
		count = first < 0 ? 0 : finder->counts[first];
		if (count < rarest_count)
		{
			rarest_count = count;
			run->rarest = i;
		}
	}
}

/*
 * dg_finder_next
 *		The next line at which the run seems to stand, or -1.
 *
 * after is the place returned before, or -1 to start; places before
 * first_line are passed over.  When the index's steps are spent the answer
 * is -1 and steps is 0 or below.
 */
int32
dg_finder_next(LineFinder *finder, const LineRun *run, int32 after,
			   int32 first_line)
{
	int32		i;

	if (after >= 0)
		i = finder->nexts[after + run->rarest];
	else
		i = *find_slot(finder, run->hashes[run->rarest]);
	for (; i >= 0 && finder->steps > 0; i = finder->nexts[i])
	{
		int32		place = i - run->rarest;

		DG_CHECK_CANCEL();
		finder->steps--;
		if (place < first_line || run->count > finder->nlines - place)
			continue;
		if (finder->sums[place + run->count] -
			finder->sums[place] * run->power == run->sum)
			return place;
	}
	return -1;
}
