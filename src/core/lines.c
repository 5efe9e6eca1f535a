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

/* Odd numbers with as many ones as zeros, for what need not be secret. */
#define MIX1	UINT64CONST(0xa0761d6478bd642f)
#define MIX2	UINT64CONST(0xe7037ed1a0b428db)

/* Bytes between two looks at cancel requests. */
#define CANCEL_STRIDE	(1024 * 1024)

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

/*
 * A word of the line is never multiplied but after a secret word was added:
 * one that made a factor zero would make the hash forget what came before.
 */
static uint64
hash_exact_line(const char *p, Size len, const LineHashKey *key)
{
	uint64		hash = key->word[0] ^ (len * MIX1);

	if (len >= 16)
	{
		const char *last = p + len - 16;

		for (; p < last; p += 16)
		{
			hash = fold_multiply(load64(p) ^ key->word[1],
								 load64(p + 8) ^ hash);
			if ((last - p) % CANCEL_STRIDE < 16)
				DG_CHECK_CANCEL();
		}

		/* The last 16 bytes, some of them perhaps for a second time. */
		hash = fold_multiply(load64(last) ^ key->word[2],
							 load64(last + 8) ^ hash);
	}
	else if (len >= 8)
		hash = fold_multiply(load64(p) ^ key->word[2],
							 load64(p + len - 8) ^ hash);
	else if (len >= 4)
		hash = fold_multiply(load32(p) ^ key->word[2],
							 load32(p + len - 4) ^ hash);
	else
	{
		uint64		word = 0;
		Size		i;

		for (i = 0; i < len; i++)
			word = word << 8 | (unsigned char) p[i];
		hash = fold_multiply(word ^ key->word[2], hash);
	}
	return fold_multiply(hash ^ MIX2, key->word[1]);
}

/*
 * dg_line_hash_key
 *		Make a key for dg_hash_line, another one in each backend.
 *
 * Results never depend on the key, only how lines fall into buckets: who
 * writes the documents cannot know which lines collide.
 */
void
dg_line_hash_key(LineHashKey *key)
{
	uint64		seed = dg_hash_seed();

	key->word[0] = seed;
	key->word[1] = fold_multiply(seed ^ MIX1, MIX2);
	key->word[2] = fold_multiply(seed ^ MIX2, MIX1);
}

/*
 * dg_hash_line
 *		A hash of a line, such that equal lines have equal hashes.
 *
 * The value depends on the key and on the machine's byte order, so it must
 * not show in any result.  O(len).
 */
uint64
dg_hash_line(const char *line, Size len, WhitespaceMode mode,
			 const LineHashKey *key)
{
	LineReader	r;
	uint64		hash = key->word[0];
	Size		count = 0;
	int			c;

	if (mode == WHITESPACE_EXACT)
		return hash_exact_line(line, len, key);

	reader_init(&r, line, len, mode);
	while ((c = reader_next(&r)) >= 0)
	{
		hash = fold_multiply(hash ^ (c + 1), key->word[1]);
		if (++count % CANCEL_STRIDE == 0)
			DG_CHECK_CANCEL();
	}
	return fold_multiply(hash ^ MIX2, key->word[2]);
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
	Size		count = 0;
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
		if (++count % CANCEL_STRIDE == 0)
			DG_CHECK_CANCEL();
	} while (c >= 0);
	return true;
}
