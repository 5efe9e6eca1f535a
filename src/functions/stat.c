/*-------------------------------------------------------------------------
 *
 * stat.c
 *	  The row that diffgen_stat() returns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "functions/compat.h"
#include "functions/options.h"
#include "functions/stat.h"

/*
 * diffgen_stat_datum
 *		The row (added, removed, hunks, exact) of a call of diffgen_stat().
 *
 * In the current memory context; diffgen_options must have been called.
 */
Datum
diffgen_stat_datum(FunctionCallInfo fcinfo, const DiffStat *stat)
{
	Datum		values[4];
	bool		nulls[4] = {false, false, false, false};

	values[0] = Int32GetDatum(stat->added);
	values[1] = Int32GetDatum(stat->removed);
	values[2] = Int32GetDatum(stat->hunks);
	values[3] = BoolGetDatum(stat->exact);
	return HeapTupleGetDatum(heap_form_tuple(diffgen_row_type(fcinfo),
											 values, nulls));
}
