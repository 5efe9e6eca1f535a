/*-------------------------------------------------------------------------
 *
 * stat.h
 *	  The row that diffgen_stat() returns.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_STAT_H
#define DIFFGEN_STAT_H

#include "postgres.h"

#include "core/script.h"
#include "fmgr.h"

extern Datum diffgen_stat_datum(FunctionCallInfo fcinfo, const DiffStat *stat);

#endif							/* DIFFGEN_STAT_H */
