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

extern void diffgen_report_fault(const UnifiedReader *r, const char *diff,
								 Size len) pg_attribute_noreturn();
extern void diffgen_report_files(const UnifiedReader *r)
			pg_attribute_noreturn();
extern void diffgen_report_failure(const UnifiedFailure *f, const char *diff,
								   Size len) pg_attribute_noreturn();

#endif							/* DIFFGEN_UNIFIED_REPORT_H */
