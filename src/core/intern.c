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

/*
 * So many distinct lines do not fit into the caches of one processor.  Lines
 * are then hashed LINES_AHEAD (a power of two) before they are looked up, and
 * what the look-up needs is fetched in between.
 */
#define LARGE_TABLE		24576
#define LINES_AHEAD		16
#define CLASSES_BEHIND	6
#define TEXTS_BEHIND	11

#ifdef __GNUC__
#define prefetch(address)	__builtin_prefetch(address)
#else
#define prefetch(address)	((void) 0)
#endif

/* A distinct line. */
typedef struct LineClass
{
	uint32		hash;			/* other bits than those that choose the slot */
	uint32		offset;			/* of its first occurrence, in the old text */
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
	uint32		end;			/* of the old range */
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
 * Is a line the one that a class stands for?
 *
 * The class has no length: if the line ends with a newline, equal bytes are an
 * equal line, and if it does not, both have to be last lines.
 */
static inline bool
in_class(const LineTable *table, const LineClass *class,
		 const char *line, uint32 len)
{
	const char *first = table->text + class->offset;
	uint32		left = table->end - class->offset;

	if (table->whitespace != WHITESPACE_EXACT)
		return dg_equal_line(first,
							 dg_next_line(first, first + left) - first,
							 line, len, table->whitespace);
	if (left < len || memcmp(first, line, len) != 0)
		return false;
	return line[len - 1] == '\n' || left == len;
}

/*
 * The slot of a line: where its id is, or where it would go.
 */
static inline uint32 *
find_slot(const LineTable *table, const char *line, uint32 len, uint64 hash)
{
	uint64		i = hash & table->mask;
	uint32		tag = hash >> 32;

	for (;; i = (i + 1) & table->mask)
	{
		uint32	   *slot = &table->slots[i];
		const LineClass *class;

		if (*slot == EMPTY_SLOT)
			return slot;
		class = &table->classes[*slot];
		if (class->hash == tag && in_class(table, class, line, len))
			return slot;
	}
}

static void
add_class(LineTable *table, uint32 *slot, uint64 hash, uint32 offset)
{
	if (table->nclasses == table->maxclasses)
	{
		table->maxclasses = Min((uint64) table->maxclasses * 2,
								(uint64) table->maxlines);
		table->classes = dg_realloc(table->classes, table->maxclasses,
									sizeof(LineClass));
	}
	table->classes[table->nclasses].hash = hash >> 32;
	table->classes[table->nclasses].offset = offset;
	*slot = table->nclasses++;
}

static inline uint64
hash_line_at(const LineTable *table, const char *text, const LineIndex *index,
			 int32 i)
{
	uint32		offset = index->offsets[i];

	return dg_hash_line(text + offset, index->offsets[i + 1] - offset,
						table->whitespace, &table->key);
}

/*
 * Number a line.  An unknown one is added to the table if add is true; if not,
 * it gets the id after the last.
 */
static inline void
number_line(LineTable *table, const char *text, LineIndex *index, int32 i,
			uint64 hash, bool add)
{
	uint32		offset = index->offsets[i];
	uint32	   *slot = find_slot(table, text + offset,
								 index->offsets[i + 1] - offset, hash);

	if (*slot == EMPTY_SLOT && add)
		add_class(table, slot, hash, offset);
	index->ids[i] = (*slot == EMPTY_SLOT) ? table->nclasses : *slot;
}

/*
 * Number the lines of one text, as long as the table is small.  Returns how
 * many were done.
 */
static int32
number_lines_nearby(LineTable *table, const char *text, LineIndex *index,
					bool add)
{
	int32		i;

	for (i = 0; i < index->nlines && table->nclasses < LARGE_TABLE; i++)
	{
		number_line(table, text, index, i,
					hash_line_at(table, text, index, i), add);
		if ((i & 0xff) == 0)
			DG_CHECK_CANCEL();
	}
	return i;
}

/*
 * Number the lines from number `start` on, with a large table.
 *
 * A look-up goes from the slot to the class to the first line of the class,
 * and none of these is in a cache then.  So each is requested from memory some
 * lines ahead, which hides most of the wait.
 */
static void
number_lines_ahead(LineTable *table, const char *text, LineIndex *index,
				   int32 start, bool add)
{
	uint64		hashes[LINES_AHEAD];
	int32		end = index->nlines + LINES_AHEAD;
	int32		i;

	for (i = start; i < end; i++)
	{
		uint64		hash;
		uint32		id;

		/* The line whose time has come is in the place of the new one. */
		if (i >= start + LINES_AHEAD)
			number_line(table, text, index, i - LINES_AHEAD,
						hashes[i & (LINES_AHEAD - 1)], add);
		if (i < index->nlines)
		{
			hash = hash_line_at(table, text, index, i);
			hashes[i & (LINES_AHEAD - 1)] = hash;
			prefetch(&table->slots[hash & table->mask]);
		}
		if (i >= start + CLASSES_BEHIND && i < index->nlines)
		{
			hash = hashes[(i - CLASSES_BEHIND) & (LINES_AHEAD - 1)];
			id = table->slots[hash & table->mask];
			if (id != EMPTY_SLOT)
				prefetch(&table->classes[id]);
		}
		if (i >= start + TEXTS_BEHIND && i < index->nlines)
		{
			hash = hashes[(i - TEXTS_BEHIND) & (LINES_AHEAD - 1)];
			id = table->slots[hash & table->mask];
			if (id != EMPTY_SLOT)
				prefetch(table->text + table->classes[id].offset);
		}
		if ((i & 0xff) == 0)
			DG_CHECK_CANCEL();
	}
}

static void
number_lines(LineTable *table, const char *text, LineIndex *index, bool add)
{
	int32		done = number_lines_nearby(table, text, index, add);

	if (done < index->nlines)
		number_lines_ahead(table, text, index, done, add);
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
	table.end = old_range->end;
	table.whitespace = whitespace;
	dg_line_hash_key(&table.key);

	number_lines(&table, old_range->text, old_index, true);
	number_lines(&table, new_range->text, new_index, false);

	dg_free(table.slots);
	dg_free(table.classes);
	return table.nclasses + 1;
}
