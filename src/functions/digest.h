/*-------------------------------------------------------------------------
 *
 * digest.h
 *	  Hashes of the versions of a document, one after the other.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_FUNCTIONS_DIGEST_H
#define DIFFGEN_FUNCTIONS_DIGEST_H

#include "postgres.h"

#include "utils/jsonb.h"

typedef struct HashSeries HashSeries;

extern HashSeries *diffgen_hash_series(Jsonb *options);
extern bool diffgen_hash_tells(const HashSeries *series);
extern bytea *diffgen_hash_next(HashSeries *series, Jsonb *previous,
								Jsonb *document);

#endif							/* DIFFGEN_FUNCTIONS_DIGEST_H */
