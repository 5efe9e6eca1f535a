/*-------------------------------------------------------------------------
 *
 * log_writer.h
 *	  Writes rows into a changelog.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_LOG_WRITER_H
#define DIFFGEN_LOG_WRITER_H

#include "postgres.h"

#include "changelog/entry.h"
#include "changelog/tracking.h"

/* What happened to a row. */
typedef struct ChangeEvent
{
	const char *operation;
	TimestampTz changed_at;
	Datum	   *key;			/* one value for each column of the key */
} ChangeEvent;

/* Who acted before the owner of the tracked table did. */
typedef struct Role
{
	Oid			user;
	int			security;
} Role;

extern void diffgen_push_context(const Tracking *tracking,
								 ErrorContextCallback *callback);
extern void diffgen_become_owner(const Tracking *tracking, Role *role);
extern void diffgen_resume_role(const Role *role);

extern bool diffgen_is_log_column(const char *name);
extern struct LogWriter *diffgen_make_writer(const Tracking *tracking,
											 Relation changelog);
extern struct LogBatch *diffgen_begin_batch(const Tracking *tracking);
extern void diffgen_flush_batch(struct LogBatch *batch);
extern void diffgen_write_log(const Tracking *tracking,
							  struct LogBatch *batch,
							  const ChangeEvent *event, const char *label,
							  const ChangeEntry *entry);

/* context.c */
extern void diffgen_define_context(void);
extern struct varlena *diffgen_context(void);

#endif							/* DIFFGEN_LOG_WRITER_H */
