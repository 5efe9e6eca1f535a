/*-------------------------------------------------------------------------
 *
 * row_log.h
 *	  Logs what has become of the documents of one row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_ROW_LOG_H
#define DIFFGEN_ROW_LOG_H

#include "postgres.h"

#include "changelog/entry.h"
#include "changelog/log_writer.h"
#include "changelog/tracking.h"
#include "commands/trigger.h"
#include "functions/compat.h"

pg_noreturn extern void diffgen_null_key(const Tracking *tracking, int i);
extern bool diffgen_same_key(const Tracking *tracking, const Datum *a,
							 const Datum *b);
extern void diffgen_log_row(const Tracking *tracking, struct LogBatch *batch,
							const char *operation, Datum *key,
							const DocumentValue *old_values,
							const DocumentValue *new_values);
extern void diffgen_log_update(const Tracking *tracking,
							   struct LogBatch *batch,
							   Datum *old_key, const DocumentValue *old_values,
							   Datum *new_key,
							   const DocumentValue *new_values);

/* statement.c */
extern void diffgen_log_statement(TriggerData *data);

#endif							/* DIFFGEN_ROW_LOG_H */
