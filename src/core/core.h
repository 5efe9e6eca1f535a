/*-------------------------------------------------------------------------
 *
 * core.h
 *	  What every file of the diff engine stands on.
 *
 * The engine knows nothing of SQL, fmgr or jsonb.  It compiles in two ways:
 * inside the server, where memory comes from the current memory context and
 * errors are raised with ereport(); and with -DFRONTEND (as PostgreSQL's own
 * src/common does), where it links against libpgcommon alone, for the unit
 * tests, the fuzz targets and the benchmark.
 *
 * Memory: nothing in the engine outlives the call's memory context, and large
 * arrays are freed as soon as they are of no more use.  Byte offsets are
 * uint32 and line numbers int32: a PostgreSQL value is shorter than 1 GB.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_CORE_H
#define DIFFGEN_CORE_H

#ifndef FRONTEND
#include "postgres.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/memutils.h"
#else
#include "postgres_fe.h"
#endif

#include "lib/stringinfo.h"

#ifdef FRONTEND
#define MaxAllocSize	((Size) 0x3fffffff)
#endif

/*
 * The most lines that one side of a changed middle may have.  The engine
 * keeps about 40 bytes a line there, so this allows some 5 GB of bookkeeping
 * in the worst case, which a document of 1 GB reaches with 8 bytes a line.
 */
#define DG_MAX_LINES	(64 * 1024 * 1024)

extern void *dg_alloc(Size count, Size width);
extern void *dg_alloc0(Size count, Size width);
extern void *dg_realloc(void *ptr, Size count, Size width);
extern void dg_free(void *ptr);
extern void dg_check_lines(int64 nlines);
extern char *dg_reserve(StringInfo out, Size more);
extern uint64 dg_hash_seed(void);

/*
 * Cancel requests are looked at once in a while in loops whose length depends
 * on data; the macro is cheap enough (a load and a test) for inner loops.
 */
#ifndef FRONTEND
#define DG_CHECK_CANCEL()	CHECK_FOR_INTERRUPTS()
#else
#define DG_CHECK_CANCEL()	((void) 0)
#endif

#endif							/* DIFFGEN_CORE_H */
