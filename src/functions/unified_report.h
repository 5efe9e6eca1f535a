/*-------------------------------------------------------------------------
 *
 * unified_report.h
 *	  Errors about unified diffs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_UNIFIED_REPORT_H
#define DIFFGEN_UNIFIED_REPORT_H

#include "postgres.h"

#include "core/unified_apply.h"
#include "core/unified_read.h"
#include "functions/compat.h"

pg_noreturn extern void diffgen_report_fault(const UnifiedReader *r,
											 const char *diff, Size len);
pg_noreturn extern void diffgen_report_files(const UnifiedReader *r);
pg_noreturn extern void diffgen_report_failure(const UnifiedFailure *f,
											   const char *diff, Size len);

#endif							/* DIFFGEN_UNIFIED_REPORT_H */
