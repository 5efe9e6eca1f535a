/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  What differs between the supported versions of PostgreSQL, 15 to 19.
 *
 * Every version check of the extension is in this file.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_COMPAT_H
#define DIFFGEN_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "diffgen needs PostgreSQL 15 or later"
#endif

/* 16 moved the macros and functions on varlena out of postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/*
 * mul_size and add_size are in palloc.h from 19 and from the minor releases of
 * May 2026; before, they were here.
 */
#include "storage/shmem.h"

/*
 * 18 says that a function does not return before its declaration; the
 * versions before say so after it, with a macro that 18 has no more.
 */
#if PG_VERSION_NUM < 180000
#if defined(__GNUC__) || defined(__SUNPRO_C)
#define pg_noreturn __attribute__((noreturn))
#elif defined(_MSC_VER)
#define pg_noreturn __declspec(noreturn)
#else
#define pg_noreturn
#endif
#endif

/*
 * May one role act as another?  From 16 on, to have its rights is not enough.
 */
#if PG_VERSION_NUM >= 160000
#define diffgen_can_become(member, role) member_can_set_role(member, role)
#else
#define diffgen_can_become(member, role) has_privs_of_role(member, role)
#endif

/* 18 lets a module tell its name and version. */
#if PG_VERSION_NUM >= 180000
#define DIFFGEN_MODULE_MAGIC \
	PG_MODULE_MAGIC_EXT(.name = "diffgen", .version = DIFFGEN_VERSION)
#else
#define DIFFGEN_MODULE_MAGIC	PG_MODULE_MAGIC
#endif

/* A scan of a whole table: 19 wants flags for it. */
#if PG_VERSION_NUM >= 190000
#define diffgen_beginscan(rel, snapshot) \
	table_beginscan(rel, snapshot, 0, NULL, SO_NONE)
#else
#define diffgen_beginscan(rel, snapshot) \
	table_beginscan(rel, snapshot, 0, NULL)
#endif

/* 19 wants to be told when a row type is complete. */
#if PG_VERSION_NUM < 190000
#define TupleDescFinalize(desc) ((void) 0)
#endif

#endif							/* DIFFGEN_COMPAT_H */
