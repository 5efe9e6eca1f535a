/*-------------------------------------------------------------------------
 *
 * digest.h
 *	  A fingerprint of what is shown of a jsonb document.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_JSON_DIGEST_H
#define DIFFGEN_JSON_DIGEST_H

#include "json/node.h"

#define JSON_DIGEST_LENGTH	32

typedef struct JsonDigestSeries JsonDigestSeries;

extern void dg_json_digest(const JsonNode *root, uint8 *digest);
extern void dg_json_digest_pair(const JsonNode *old_root,
								const JsonNode *new_root,
								uint8 *old_digest, uint8 *new_digest);
extern JsonDigestSeries *dg_json_digest_series(void);
extern void dg_json_digest_next(JsonDigestSeries *series,
								const JsonNode *previous,
								const JsonNode *root, uint8 *digest);

#endif							/* DIFFGEN_JSON_DIGEST_H */
