/*-------------------------------------------------------------------------
 *
 * module.c
 *	  Identifies the module to the server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "changelog/log_writer.h"
#include "fmgr.h"
#include "functions/compat.h"

DIFFGEN_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

/*
 * Called by the server when it loads the module.
 */
void
_PG_init(void)
{
	diffgen_define_context();
}
