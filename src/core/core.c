/*-------------------------------------------------------------------------
 *
 * core.c
 *	  Memory and limits of the diff engine.
 *
 * Arrays of the engine may pass 1 GB (MaxAllocSize) on large documents, so
 * they come from the "huge" allocators; every size is computed with overflow
 * checks.  In the server all of it lives in the current memory context, which
 * the caller makes for the call and deletes after it.
 *
 *-------------------------------------------------------------------------
 */
#include "core/core.h"

#ifndef FRONTEND
#include "common/pg_prng.h"
#endif

/*
 * The size of an array.  In the server an overflow is an error; elsewhere
 * only tests and benchmarks allocate, and they stop.
 */
static Size
array_size(Size count, Size width)
{
#ifndef FRONTEND
	return mul_size(Max(count, 1), width);
#else
	if (count > SIZE_MAX / width)
	{
		fprintf(stderr, "requested memory size overflows size_t\n");
		exit(EXIT_FAILURE);
	}
	return Max(count, 1) * width;
#endif
}

/*
 * dg_alloc
 *		Allocate an array of count elements of width bytes each.
 *
 * The array is in the current memory context and is not initialised.  Raises
 * an error when memory is out or the size overflows; never returns NULL.
 */
void *
dg_alloc(Size count, Size width)
{
	Size		size = array_size(count, width);

#ifndef FRONTEND
	return MemoryContextAllocHuge(CurrentMemoryContext, size);
#else
	return palloc(size);
#endif
}

/*
 * dg_alloc0
 *		As dg_alloc, and all bytes are zero.
 */
void *
dg_alloc0(Size count, Size width)
{
	Size		size = array_size(count, width);

#ifndef FRONTEND
	return MemoryContextAllocExtended(CurrentMemoryContext, size,
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
#else
	return palloc0(size);
#endif
}

/*
 * dg_realloc
 *		Change an array from dg_alloc to count elements of width bytes.
 */
void *
dg_realloc(void *ptr, Size count, Size width)
{
	Size		size = array_size(count, width);

#ifndef FRONTEND
	return repalloc_huge(ptr, size);
#else
	return repalloc(ptr, size);
#endif
}

/*
 * dg_free
 *		Free an array from dg_alloc; NULL is allowed.
 */
void
dg_free(void *ptr)
{
	if (ptr != NULL)
		pfree(ptr);
}

/*
 * dg_hash_seed
 *		A seed for hash tables, different in each backend.
 *
 * Results must not depend on it, only how values fall into buckets: who
 * writes the documents must not know which ones collide.
 */
uint64
dg_hash_seed(void)
{
#ifndef FRONTEND
	static uint64 seed = 0;

	if (seed == 0)
		seed = pg_prng_uint64(&pg_global_prng_state) | 1;
	return seed;
#else
	return UINT64CONST(0x9e3779b97f4a7c15);
#endif
}

/*
 * dg_check_lines
 *		Raise an error if one side of the changed middle has too many lines.
 */
void
dg_check_lines(int64 nlines)
{
	if (nlines <= DG_MAX_LINES)
		return;

#ifndef FRONTEND
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("documents differ over too many lines"),
			 errdetail("The part to compare has %lld lines, and the limit is %d.",
					   (long long) nlines, DG_MAX_LINES),
			 errhint("Split the documents into smaller parts.")));
#else
	fprintf(stderr, "documents differ over too many lines\n");
	exit(EXIT_FAILURE);
#endif
}

/*
 * dg_reserve
 *		Make room for more bytes in a result, and return where they go.
 *
 * The caller writes at most that many bytes there and adds what it wrote to
 * out->len.  Unlike enlargeStringInfo, whose message speaks of a string
 * buffer, this tells the user what is too large and what to do.
 */
char *
dg_reserve(StringInfo out, Size more)
{
	if (more >= MaxAllocSize - (Size) out->len)
	{
#ifndef FRONTEND
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("result of the diff is too large"),
				 errdetail("The result would exceed %zu bytes, the limit of a value.",
						   (Size) MaxAllocSize),
				 errhint("Compare the documents in parts. A unified diff is also smaller with less context.")));
#else
		fprintf(stderr, "result of the diff is too large\n");
		exit(EXIT_FAILURE);
#endif
	}
	enlargeStringInfo(out, (int) more);
	return out->data + out->len;
}
