/*-------------------------------------------------------------------------
 *
 * module.c
 *	  Identifies the module to the server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "functions/compat.h"

DIFFGEN_MODULE_MAGIC;
