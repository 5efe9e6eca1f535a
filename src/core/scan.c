/*-------------------------------------------------------------------------
 *
 * scan.c
 *	  Compares and counts bytes at memory speed.
 *
 * Three instruction sets share each loop through a handful of macros for a
 * vector of 16 bytes: SSE2, NEON, and plain 64-bit words elsewhere.  All
 * functions take time linear in the bytes that they look at, and allocate
 * nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "core/scan.h"

#if defined(__SSE2__)
#define USE_VECTOR16
typedef __m128i Vector16;

#define vec_load(p)		_mm_loadu_si128((const __m128i *) (p))
#define vec_eq(a, b)	_mm_cmpeq_epi8(a, b)
#define vec_and(a, b)	_mm_and_si128(a, b)
#define vec_sub(a, b)	_mm_sub_epi8(a, b)
#define vec_zero()		_mm_setzero_si128()
#define vec_splat(c)	_mm_set1_epi8(c)

/* A bit for each byte of a comparison's result. */
static inline uint64
vec_bits(Vector16 v)
{
	return (uint64) _mm_movemask_epi8(v);
}

/* Are all bytes of a comparison's result set? */
static inline bool
vec_all(Vector16 v)
{
	return _mm_movemask_epi8(v) == 0xffff;
}

/* The sum of the 16 unsigned bytes. */
static inline Size
vec_sum(Vector16 v)
{
	__m128i		sums = _mm_sad_epu8(v, _mm_setzero_si128());

	return (Size) _mm_cvtsi128_si32(sums) +
		(Size) _mm_cvtsi128_si32(_mm_srli_si128(sums, 8));
}

#elif defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>
#define USE_VECTOR16
typedef uint8x16_t Vector16;

#define vec_load(p)		vld1q_u8((const uint8 *) (p))
#define vec_eq(a, b)	vceqq_u8(a, b)
#define vec_and(a, b)	vandq_u8(a, b)
#define vec_sub(a, b)	vsubq_u8(a, b)
#define vec_zero()		vdupq_n_u8(0)
#define vec_splat(c)	vdupq_n_u8(c)

static inline bool
vec_all(Vector16 v)
{
	return vminvq_u8(v) == 0xff;
}

static inline Size
vec_sum(Vector16 v)
{
	return vaddlvq_u8(v);
}
#endif

/* In loops over bytes, cancel requests are looked at once in so many. */
#define CANCEL_STRIDE	(1024 * 1024)

static inline uint64
load_word(const char *p)
{
	uint64		word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/*
 * How many bytes at the start, or at the end, of two unequal words are equal.
 */
static inline int
equal_low_bytes(uint64 difference)
{
#ifndef WORDS_BIGENDIAN
	return pg_rightmost_one_pos64(difference) / 8;
#else
	return (63 - pg_leftmost_one_pos64(difference)) / 8;
#endif
}

static inline int
equal_high_bytes(uint64 difference)
{
#ifndef WORDS_BIGENDIAN
	return (63 - pg_leftmost_one_pos64(difference)) / 8;
#else
	return pg_rightmost_one_pos64(difference) / 8;
#endif
}

/*
 * dg_common_prefix
 *		How many bytes a and b have in common from their starts, up to max.
 */
Size
dg_common_prefix(const char *a, const char *b, Size max)
{
	Size		i = 0;

#ifdef USE_VECTOR16
	for (; i + 64 <= max; i += 64)
	{
		Vector16	e0 = vec_eq(vec_load(a + i), vec_load(b + i));
		Vector16	e1 = vec_eq(vec_load(a + i + 16), vec_load(b + i + 16));
		Vector16	e2 = vec_eq(vec_load(a + i + 32), vec_load(b + i + 32));
		Vector16	e3 = vec_eq(vec_load(a + i + 48), vec_load(b + i + 48));

		if (!vec_all(vec_and(vec_and(e0, e1), vec_and(e2, e3))))
			break;
		if (i % CANCEL_STRIDE == 0)
			DG_CHECK_CANCEL();
	}
#endif

	for (; i + 8 <= max; i += 8)
	{
		uint64		difference = load_word(a + i) ^ load_word(b + i);

		if (difference != 0)
			return i + equal_low_bytes(difference);
	}
	while (i < max && a[i] == b[i])
		i++;
	return i;
}

/*
 * dg_common_suffix
 *		How many bytes before a_end and b_end are equal, up to max.
 */
Size
dg_common_suffix(const char *a_end, const char *b_end, Size max)
{
	Size		i = 0;

#ifdef USE_VECTOR16
	for (; i + 64 <= max; i += 64)
	{
		const char *a = a_end - i - 64;
		const char *b = b_end - i - 64;
		Vector16	e0 = vec_eq(vec_load(a), vec_load(b));
		Vector16	e1 = vec_eq(vec_load(a + 16), vec_load(b + 16));
		Vector16	e2 = vec_eq(vec_load(a + 32), vec_load(b + 32));
		Vector16	e3 = vec_eq(vec_load(a + 48), vec_load(b + 48));

		if (!vec_all(vec_and(vec_and(e0, e1), vec_and(e2, e3))))
			break;
		if (i % CANCEL_STRIDE == 0)
			DG_CHECK_CANCEL();
	}
#endif

	for (; i + 8 <= max; i += 8)
	{
		uint64		difference = load_word(a_end - i - 8) ^
			load_word(b_end - i - 8);

		if (difference != 0)
			return i + equal_high_bytes(difference);
	}
	while (i < max && a_end[-1 - (ssize_t) i] == b_end[-1 - (ssize_t) i])
		i++;
	return i;
}

/*
 * dg_last_line_end
 *		The end of the last whole line in len bytes, or 0 if there is none.
 */
Size
dg_last_line_end(const char *text, Size len)
{
	Size		i = len;

#ifdef __SSE2__
	const Vector16 newline = vec_splat('\n');

	for (; i >= 16; i -= 16)
	{
		int			found;

		found = _mm_movemask_epi8(vec_eq(vec_load(text + i - 16), newline));
		if (found != 0)
			return i - 15 + pg_leftmost_one_pos32(found);
		if (i % CANCEL_STRIDE < 16)
			DG_CHECK_CANCEL();
	}
#endif
	while (i > 0 && text[i - 1] != '\n')
		i--;
	return i;
}

/*
 * dg_equal_lines
 *		How many bytes a and b have in common from their starts, up to max, in
 *		whole lines.
 *
 * A line counts as whole only with its newline; *all_equal tells whether all
 * max bytes are equal, as at the end of two texts.
 */
Size
dg_equal_lines(const char *a, const char *b, Size max, bool *all_equal)
{
	Size		len;

#ifdef __SSE2__

	/*
	 * Most calls find that the first lines differ, or that long stretches are
	 * equal.  The first case needs one look at one or two vectors.
	 */
	const Vector16 newline = vec_splat('\n');
	Size		end = 0;
	Size		i;

	for (i = 0; i + 16 <= max && i < 64; i += 16)
	{
		Vector16	v = vec_load(a + i);
		uint32		differ;
		uint32		newlines;

		differ = 0xffff ^ _mm_movemask_epi8(vec_eq(v, vec_load(b + i)));
		newlines = _mm_movemask_epi8(vec_eq(v, newline));
		if (differ != 0)
			newlines &= (differ & -differ) - 1;
		if (newlines != 0)
			end = i + pg_leftmost_one_pos32(newlines) + 1;
		if (differ != 0)
		{
			*all_equal = false;
			return end;
		}
	}
	len = i + dg_common_prefix(a + i, b + i, max - i);
	*all_equal = (len == max);
	len = i + dg_last_line_end(a + i, len - i);
	return (len > i) ? len : end;
#else
	len = dg_common_prefix(a, b, max);
	*all_equal = (len == max);
	return dg_last_line_end(a, len);
#endif
}

/*
 * dg_count_newlines
 *		How many '\n' there are in len bytes.
 */
Size
dg_count_newlines(const char *text, Size len)
{
	Size		count = 0;
	Size		i = 0;

#ifdef USE_VECTOR16
	const Vector16 newline = vec_splat('\n');

	while (i + 64 <= len)
	{
		/* A comparison yields -1: 63 rounds of four fit into a byte. */
		Size		stop = Min(len - 63, i + 63 * 64);
		Vector16	sum = vec_zero();

		for (; i < stop; i += 64)
		{
			Vector16	e0 = vec_eq(vec_load(text + i), newline);
			Vector16	e1 = vec_eq(vec_load(text + i + 16), newline);
			Vector16	e2 = vec_eq(vec_load(text + i + 32), newline);
			Vector16	e3 = vec_eq(vec_load(text + i + 48), newline);

			sum = vec_sub(sum, e0);
			sum = vec_sub(sum, e1);
			sum = vec_sub(sum, e2);
			sum = vec_sub(sum, e3);
		}
		count += vec_sum(sum);
		DG_CHECK_CANCEL();
	}
#else
	const uint64 ones = UINT64CONST(0x0101010101010101);
	const uint64 lows = UINT64CONST(0x7f7f7f7f7f7f7f7f);

	for (; i + 8 <= len; i += 8)
	{
		/* Exactly the zero bytes of word get their high bit set. */
		uint64		word = load_word(text + i) ^ (ones * '\n');
		uint64		zero = ~(((word & lows) + lows) | word | lows);

		count += pg_popcount64(zero);
	}
#endif

	for (; i < len; i++)
		count += (text[i] == '\n');
	return count;
}

/*
 * dg_split_lines
 *		Store where each line of text[start .. end) starts.
 *
 * offsets must have room for one entry a line, and one more, which is set to
 * end.  start must be the start of a line.
 */
void
dg_split_lines(const char *text, uint32 start, uint32 end, uint32 *offsets)
{
	uint32		i = start;

	if (start == end)
	{
		*offsets = end;
		return;
	}
	*offsets++ = start;

#ifdef __SSE2__
	{
		const Vector16 newline = vec_splat('\n');

		for (; end - i >= 64; i += 64)
		{
			const char *p = text + i;
			uint64		found;

			found = vec_bits(vec_eq(vec_load(p), newline)) |
				vec_bits(vec_eq(vec_load(p + 16), newline)) << 16 |
				vec_bits(vec_eq(vec_load(p + 32), newline)) << 32 |
				vec_bits(vec_eq(vec_load(p + 48), newline)) << 48;
			for (; found != 0; found &= found - 1)
				*offsets++ = i + pg_rightmost_one_pos64(found) + 1;
			if ((i - start) % CANCEL_STRIDE == 0)
				DG_CHECK_CANCEL();
		}
	}
#endif

	while (i < end)
	{
		i = dg_next_line(text + i, text + end) - text;
		*offsets++ = i;
	}

	/* A last line without a newline ends at end as well. */
	if (offsets[-1] != end)
		*offsets = end;
}
