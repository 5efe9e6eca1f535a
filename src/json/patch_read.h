/*-------------------------------------------------------------------------
 *
 * patch_read.h
 *	  Reads the operations of a JSON Patch (RFC 6902).
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_PATCH_READ_H
#define DIFFGEN_PATCH_READ_H

#include "postgres.h"

#include "json/node.h"

typedef enum PatchOpKind
{
	PATCH_UNKNOWN,				/* not read yet */
	PATCH_ADD,
	PATCH_REMOVE,
	PATCH_REPLACE,
	PATCH_MOVE,
	PATCH_COPY,
	PATCH_TEST
} PatchOpKind;

/* One operation; everything it refers to is in the patch. */
typedef struct PatchOp
{
	PatchOpKind kind;
	bool		redacted;		/* it says what changed, but not to what */
	uint32		index;			/* in its patch, from 0 */
	int32		patch_number;	/* in a chain of patches, from 1; or 0 */
	JsonNode	path;			/* JSON Pointers without defects */
	JsonNode	from;			/* move and copy */
	JsonNode	value;			/* add, replace and test */
	JsonNode	whole;			/* the operation as it stands in the patch */
} PatchOp;

typedef struct PatchReader
{
	JsonNode	patch;
	int32		number;
} PatchReader;

static inline uint32
dg_patch_count(const PatchReader *reader)
{
	return NODE_COUNT(&reader->patch);
}

extern void dg_patch_begin(PatchReader *reader, const Jsonb *patch,
						   int32 number);
extern void dg_patch_read(const PatchReader *reader, uint32 index,
						  PatchOp *op);
extern const char *dg_patch_op_name(const PatchOp *op);
extern int	dg_patch_errdetail(const PatchOp *op);
extern char *dg_patch_clip(const char *text, uint32 len);

#endif							/* DIFFGEN_PATCH_READ_H */
