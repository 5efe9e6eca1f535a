/*-------------------------------------------------------------------------
 *
 * lines.c
 *	  When two lines are equal, and a hash that agrees with it.
 *
 * The modes other than `exact` are defined by a normal form of the line: two
 * lines are equal when their normal forms are.
 *
 *		trailing	white space at the end is gone
 *		change		that, and any other run of white space is one space
 *		all			all white space is gone
 *
 * The newline is white space like any other, so in these modes a last line
 * without one equals the same line with one, as in git.
 *
 *-------------------------------------------------------------------------
 */
#include "core/lines.h"

/* Reads the normal form of a line, a byte at a time. */
typedef struct LineReader
{
	const char *p;
	const char *end;
	WhitespaceMode mode;
} LineReader;

static void
reader_init(LineReader *r, const char *line, Size len, WhitespaceMode mode)
{
	r->p = line;
	r->end = line + len;
	r->mode = mode;

	/* No mode but `exact`, which has no reader, keeps trailing space. */
	while (r->end > r->p && dg_is_space(r->end[-1]))
		r->end--;
}

/*
 * The next byte of the normal form, or -1 at its end.
 */
static inline int
reader_next(LineReader *r)
{
	if (r->mode != WHITESPACE_TRAILING &&
		r->p < r->end && dg_is_space(*r->p))
	{
		/* The last byte is no space, so the run ends before r->end. */
		while (dg_is_space(*r->p))
			r->p++;
		if (r->mode == WHITESPACE_CHANGE)
			return ' ';
	}
	return (r->p < r->end) ? (unsigned char) *r->p++ : -1;
}

/*
 * Multiply two words and fold the product's halves: the mixing step of W. Yi's
 * wyhash, which makes every bit of the result depend on every bit of both.
 */
static inline uint64
fold_multiply(uint64 a, uint64 b)
{
#ifdef HAVE_INT128
	uint128		product = (uint128) a * b;

	return (uint64) product ^ (uint64) (product >> 64);
#else
	uint64		low = (a & 0xffffffff) * (b & 0xffffffff);
	uint64		cross1 = (a >> 32) * (b & 0xffffffff);
	uint64		cross2 = (a & 0xffffffff) * (b >> 32);
	uint64		high = (a >> 32) * (b >> 32);

	cross1 += low >> 32;
	cross2 += cross1 & 0xffffffff;
	return ((cross2 << 32) | (low & 0xffffffff)) ^
		(high + (cross1 >> 32) + (cross2 >> 32));
#endif
}

#define MIX1	UINT64CONST(0xa0761d6478bd642f)
#define MIX2	UINT64CONST(0xe7037ed1a0b428db)

static inline uint64
load64(const char *p)
{
	uint64		word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static inline uint64
load32(const char *p)
{
	uint32		word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static uint64
hash_bytes_seeded(const char *p, Size len, uint64 seed)
{
	uint64		hash = seed ^ (len * MIX1);

	if (len >= 16)
	{
		const char *last = p + len - 16;

		for (; p < last; p += 16)
			hash = fold_multiply(load64(p) ^ MIX1, load64(p + 8) ^ hash);

		/* The last 16 bytes, some of them perhaps for a second time. */
		hash = fold_multiply(load64(last) ^ MIX2, load64(last + 8) ^ hash);
	}
	else if (len >= 8)
		hash = fold_multiply(load64(p) ^ MIX2, load64(p + len - 8) ^ hash);
	else if (len >= 4)
		hash = fold_multiply(load32(p) ^ MIX2, load32(p + len - 4) ^ hash);
	else
	{
		uint64		word = 0;
		Size		i;

		for (i = 0; i < len; i++)
			word = word << 8 | (unsigned char) p[i];
		hash = fold_multiply(word ^ MIX2, hash);
	}
	return fold_multiply(hash ^ MIX2, seed ^ MIX1);
}

/*
 * dg_hash_line
 *		A hash of a line, such that equal lines have equal hashes.
 *
 * The value depends on seed and on the machine's byte order, so it must not
 * show in any result.  O(len).
 */
uint64
dg_hash_line(const char *line, Size len, WhitespaceMode mode, uint64 seed)
{
	LineReader	r;
	uint64		hash = seed;
	int			c;

	if (mode == WHITESPACE_EXACT)
		return hash_bytes_seeded(line, len, seed);

	reader_init(&r, line, len, mode);
	while ((c = reader_next(&r)) >= 0)
		hash = fold_multiply(hash ^ (c + 1), MIX1);
	return fold_multiply(hash ^ MIX2, seed ^ MIX1);
}

/*
 * dg_equal_line
 *		Are two lines, given with their newlines, equal?
 */
bool
dg_equal_line(const char *a, Size a_len, const char *b, Size b_len,
			  WhitespaceMode mode)
{
	LineReader	ra;
	LineReader	rb;
	int			c;

	if (mode == WHITESPACE_EXACT)
		return a_len == b_len && memcmp(a, b, a_len) == 0;

	reader_init(&ra, a, a_len, mode);
	reader_init(&rb, b, b_len, mode);
	do
	{
		c = reader_next(&ra);
		if (c != reader_next(&rb))
			return false;
	} while (c >= 0);
	return true;
}
