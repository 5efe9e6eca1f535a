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
#include "functions/stat.h"

/*
 * diffgen_stat_datum
 *		The row (added, removed, hunks, exact) of a call of diffgen_stat().
 */
Datum
diffgen_stat_datum(FunctionCallInfo fcinfo, const DiffStat *stat)
{
	TupleDesc	tupdesc;
	Datum		values[4];
	bool		nulls[4] = {false, false, false, false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	values[0] = Int32GetDatum(stat->added);
	values[1] = Int32GetDatum(stat->removed);
	values[2] = Int32GetDatum(stat->hunks);
	values[3] = BoolGetDatum(stat->exact);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc),
											 values, nulls));
}
