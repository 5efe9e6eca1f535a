/*-------------------------------------------------------------------------
 *
 * call.h
 *	  The memory context that a call of an SQL function works in.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_CALL_H
#define DIFFGEN_CALL_H

#include "postgres.h"

#include "utils/memutils.h"

/*
 * A call's own memory context, and what the caller's was.
 */
typedef struct FunctionCallMemory
{
	MemoryContext own;
	MemoryContext caller;
} FunctionCallMemory;

/*
 * Make a memory context for a call, and switch to it.
 */
static inline void
diffgen_begin_call(FunctionCallMemory *call)
{
	call->own = AllocSetContextCreate(CurrentMemoryContext, "diffgen",
									  ALLOCSET_DEFAULT_SIZES);
	call->caller = MemoryContextSwitchTo(call->own);
}

/*
 * Switch back to the caller's context, and free all that the call has made in
 * its own.
 */
static inline void
diffgen_end_call(FunctionCallMemory *call)
{
	MemoryContextSwitchTo(call->caller);
	MemoryContextDelete(call->own);
}

#endif							/* DIFFGEN_CALL_H */
