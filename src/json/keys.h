/*-------------------------------------------------------------------------
 *
 * keys.h
 *	  Which members tell the elements of an array apart.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_KEYS_H
#define DIFFGEN_JSON_KEYS_H

#include "json/node.h"

/* Members that together identify an element. */
typedef struct JsonKeyList
{
	JsonKey    *keys;
	uint32		count;
	struct JsonKeyList *next;	/* to be tried if this one does not do */
} JsonKeyList;

/* The lists for arrays that are the value of a member of this name. */
typedef struct JsonKeyField
{
	JsonKey		name;
	JsonKeyList *lists;
} JsonKeyField;

typedef struct JsonKeyTable
{
	JsonKeyField *fields;		/* in the order of objects' keys */
	uint32		count;
	uint32		max;
} JsonKeyTable;

extern JsonKeyTable *dg_key_table_create(void);
extern JsonKeyList *dg_key_table_add(JsonKeyTable *table, const JsonKey *name,
									 uint32 count);
extern const JsonKeyList *dg_key_table_find(const JsonKeyTable *table,
											const JsonKey *name);

#endif							/* DIFFGEN_JSON_KEYS_H */
