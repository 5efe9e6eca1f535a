/*-------------------------------------------------------------------------
 *
 * row_values.h
 *	  Functions that return a row, for callers who want its columns.
 *
 * They take the call of the SQL function of that name, whose options are kept
 * in it as always, and save it the row.  None of the columns is NULL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_ROW_VALUES_H
#define DIFFGEN_ROW_VALUES_H

#include "postgres.h"

#include "fmgr.h"

extern void diffgen_entry_values(FunctionCallInfo fcinfo, Datum *values);
extern void diffgen_hash_pair_values(FunctionCallInfo fcinfo, Datum *values);

#endif							/* DIFFGEN_ROW_VALUES_H */
