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

extern void dg_json_digest(const JsonNode *root, uint8 *digest);

#endif							/* DIFFGEN_JSON_DIGEST_H */
