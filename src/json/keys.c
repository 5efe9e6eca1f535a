/*-------------------------------------------------------------------------
 *
 * keys.c
 *	  Which members tell the elements of an array apart.
 *
 *-------------------------------------------------------------------------
 */
#include "json/keys.h"

#define FIELDS_INITIAL	16

/*
 * dg_key_table_create
 *		An empty table, in the current memory context.
 */
JsonKeyTable *
dg_key_table_create(void)
{
	JsonKeyTable *table = palloc0(sizeof(JsonKeyTable));

	table->max = FIELDS_INITIAL;
	table->fields = dg_alloc(table->max, sizeof(JsonKeyField));
	return table;
}

/*
 * Where the entry of a field is, or belongs if there is none.
 */
static uint32
find_field(const JsonKeyTable *table, const JsonKey *name, bool *found)
{
	uint32		low = 0;
	uint32		high = table->count;

	*found = false;
	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		int			order = dg_key_compare_stored(name,
												  &table->fields[middle].name);

		if (order == 0)
		{
			*found = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/*
 * dg_key_table_add
 *		Add a list of so many keys to a field's, after those it has.
 *
 * The caller fills in the keys, which must live as long as the table, as must
 * the name.
 */
JsonKeyList *
dg_key_table_add(JsonKeyTable *table, const JsonKey *name, uint32 count)
{
	bool		found;
	uint32		at = find_field(table, name, &found);
	JsonKeyList *list = palloc0(sizeof(JsonKeyList));
	JsonKeyList **last;

	if (!found)
	{
		if (table->count == table->max)
		{
			table->max *= 2;
			table->fields = dg_realloc(table->fields, table->max,
									   sizeof(JsonKeyField));
		}
		memmove(&table->fields[at + 1], &table->fields[at],
				(table->count - at) * sizeof(JsonKeyField));
		table->fields[at].name = *name;
		table->fields[at].lists = NULL;
		table->count++;
	}
	list->keys = dg_alloc(Max(count, 1), sizeof(JsonKey));
	list->count = count;
	for (last = &table->fields[at].lists; *last != NULL; last = &(*last)->next)
		;
	*last = list;
	return list;
}

/*
 * dg_key_table_find
 *		The lists for a field, or NULL.  table may be NULL.
 */
const JsonKeyList *
dg_key_table_find(const JsonKeyTable *table, const JsonKey *name)
{
	bool		found;
	uint32		at;

	if (table == NULL || name->data == NULL)
		return NULL;
	at = find_field(table, name, &found);
	return found ? table->fields[at].lists : NULL;
}
