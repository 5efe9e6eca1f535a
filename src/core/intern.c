/*-------------------------------------------------------------------------
 *
 * intern.c
 *	  Gives equal lines of two texts equal numbers.
 *
 * The lines of the old text go into a hash table with open addressing; ids
 * are given in order of first occurrence, so they do not depend on the hash.
 * A line of the new text is only looked up: all that are not in the old text
 * share one id of their own, since there is nothing they could be equal to.
 *
 * Memory: 8 bytes a line for the result; while it is made, for each old line
 * another 6 to 12 in the table and up to 8, or 12 while the array grows, for
 * the distinct ones.
 *
 *-------------------------------------------------------------------------
 */
#include "core/intern.h"
#include "core/scan.h"

#include "port/pg_bitutils.h"

#define EMPTY_SLOT	PG_UINT32_MAX

/* How far ahead of its look-up a line is hashed. */
#define LINES_AHEAD	8			/* a power of two */

#ifdef __GNUC__
#define prefetch(address)	__builtin_prefetch(address)
#else
#define prefetch(address)	((void) 0)
#endif

/* A distinct line. */
typedef struct LineClass
{
	uint32		hash;			/* other bits than those that choose the slot */
	int32		line;			/* of the old range */
} LineClass;

typedef struct LineTable
{
	uint32	   *slots;			/* ids */
	uint64		mask;
	LineClass  *classes;		/* by id */
	uint32		nclasses;
	uint32		maxclasses;		/* allocated */
	uint32		maxlines;		/* as many as there can be */

	const char *text;			/* the old text */
	const uint32 *offsets;
	WhitespaceMode whitespace;
	LineHashKey key;
} LineTable;

static void
split_range(const LineRange *range, LineIndex *index)
{
	Size		count = dg_count_newlines(range->text + range->start,
										  range->end - range->start);

	/* A last line without a newline counts too. */
	if (range->end > range->start && range->text[range->end - 1] != '\n')
		count++;
	dg_check_lines(count);

	index->nlines = (int32) count;
	index->offsets = dg_alloc(count + 1, sizeof(uint32));
	dg_split_lines(range->text, range->start, range->end, index->offsets);
	index->ids = dg_alloc(count, sizeof(uint32));
}

/*
 * The slot of a line: where its id is, or where it would go.
 */
static uint32 *
find_slot(const LineTable *table, const char *line, uint32 len, uint64 hash)
{
	uint64		i = hash & table->mask;
	uint32		tag = hash >> 32;

	for (;; i = (i + 1) & table->mask)
	{
		uint32	   *slot = &table->slots[i];
		const LineClass *class;
		uint32		offset;

		if (*slot == EMPTY_SLOT)
			return slot;
		class = &table->classes[*slot];
		if (class->hash != tag)
			continue;
		offset = table->offsets[class->line];
		if (dg_equal_line(table->text + offset,
						  table->offsets[class->line + 1] - offset,
						  line, len, table->whitespace))
			return slot;
	}
}

static void
add_class(LineTable *table, uint32 *slot, uint64 hash, int32 line)
{
	if (table->nclasses == table->maxclasses)
	{
		table->maxclasses = Min((uint64) table->maxclasses * 2,
								(uint64) table->maxlines);
		table->classes = dg_realloc(table->classes, table->maxclasses,
									sizeof(LineClass));
	}
	table->classes[table->nclasses].hash = hash >> 32;
	table->classes[table->nclasses].line = line;
	*slot = table->nclasses++;
}

static inline uint64
hash_line_at(const LineTable *table, const char *text, const LineIndex *index,
			 int32 i)
{
	uint32		offset = index->offsets[i];
	uint64		hash = dg_hash_line(text + offset,
									index->offsets[i + 1] - offset,
									table->whitespace, &table->key);

	prefetch(&table->slots[hash & table->mask]);
	return hash;
}

/*
 * Number the lines of one text.
 *
 * Lines are hashed, and their slots requested from memory, some time before
 * they are looked up: a large table is in no cache, and this hides most of
 * the wait.  With add false the table stays as it is, and unknown lines get
 * the id after the last.
 */
static void
number_lines(LineTable *table, const char *text, LineIndex *index, bool add)
{
	uint64		hashes[LINES_AHEAD];
	int32		i;

	for (i = 0; i < Min(LINES_AHEAD, index->nlines); i++)
		hashes[i] = hash_line_at(table, text, index, i);

	for (i = 0; i < index->nlines; i++)
	{
		uint32		offset = index->offsets[i];
		uint64		hash = hashes[i & (LINES_AHEAD - 1)];
		uint32	   *slot = find_slot(table, text + offset,
									 index->offsets[i + 1] - offset, hash);

		if (*slot == EMPTY_SLOT && add)
			add_class(table, slot, hash, i);
		index->ids[i] = (*slot == EMPTY_SLOT) ? table->nclasses : *slot;

		if (i + LINES_AHEAD < index->nlines)
			hashes[i & (LINES_AHEAD - 1)] = hash_line_at(table, text, index,
												   i + LINES_AHEAD);
		if ((i & 0xff) == 0)
			DG_CHECK_CANCEL();
	}
}

/*
 * dg_intern_lines
 *		Split two ranges into lines and number them.
 *
 * Lines of the same id are equal in the given mode, others are not.  Returns
 * the number of ids.  The arrays of the indexes are in the current memory
 * context.  Raises an error if there are too many lines.  O(bytes) expected.
 */
uint32
dg_intern_lines(const LineRange *old_range, const LineRange *new_range,
				WhitespaceMode whitespace,
				LineIndex *old_index, LineIndex *new_index)
{
	LineTable	table;
	Size		nslots;

	split_range(old_range, old_index);
	split_range(new_range, new_index);

	/* Between one and two thirds full at most. */
	nslots = pg_nextpower2_64((uint64) old_index->nlines * 3 / 2 + 16);
	table.mask = nslots - 1;
	table.slots = dg_alloc(nslots, sizeof(uint32));
	memset(table.slots, 0xff, nslots * sizeof(uint32));
	table.nclasses = 0;
	table.maxlines = Max(old_index->nlines, 64);
	table.maxclasses = Max(old_index->nlines / 4, 64);
	table.classes = dg_alloc(table.maxclasses, sizeof(LineClass));
	table.text = old_range->text;
	table.offsets = old_index->offsets;
	table.whitespace = whitespace;
	dg_line_hash_key(&table.key);

	number_lines(&table, old_range->text, old_index, true);
	number_lines(&table, new_range->text, new_index, false);

	dg_free(table.slots);
	dg_free(table.classes);
	return table.nclasses + 1;
}
