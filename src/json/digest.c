/*-------------------------------------------------------------------------
 *
 * digest.c
 *	  A fingerprint of what is shown of a jsonb document.
 *
 * The fingerprint is the SHA-256 of a serialization that depends on nothing
 * but the document's value: neither on the machine's byte order nor on how
 * jsonb happens to be stored.  So two documents that jsonb's = calls equal have
 * the same one, and it survives a dump, an upgrade and a move.
 *
 * The serialization is, for each value, a letter and what belongs to it:
 *
 *	z, f, t		null, false, true
 *	n, s		number or string: its length as 4 bytes, most significant
 *				first, and its text, of numbers without trailing zeros
 *	a ... e		array: its elements
 *	o ... e		object: for each member, in the order in which jsonb stores
 *				them, the key as a string and the value
 *
 * Each part says how long it is, so no two values have the same one.  What is
 * hidden is left out, and a redacted value counts as the string shown for it.
 *
 * Linear in the size of the document; uses a buffer of fixed size.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "json/canonical.h"
#include "json/children.h"
#include "json/digest.h"
#include "miscadmin.h"

#define BUFFER_SIZE	32768

typedef struct DigestState
{
	pg_cryptohash_ctx *hash;
	StringInfoData scratch;		/* for the text of a number */
	uint32		used;
	uint8	   *buffer;
} DigestState;

static void
check_hash(DigestState *state, int result)
{
	if (result < 0)
		elog(ERROR, "could not compute %s hash: %s", "SHA-256",
			 pg_cryptohash_error(state->hash));
}

static void
flush_buffer(DigestState *state)
{
	check_hash(state, pg_cryptohash_update(state->hash, state->buffer,
										   state->used));
	state->used = 0;
}

static inline void
put_bytes(DigestState *state, const char *data, uint32 len)
{
	if (len > BUFFER_SIZE - state->used)
	{
		flush_buffer(state);
		if (len > BUFFER_SIZE)
		{
			check_hash(state, pg_cryptohash_update(state->hash,
												   (const uint8 *) data,
												   len));
			return;
		}
	}
	memcpy(state->buffer + state->used, data, len);
	state->used += len;
}

/* A letter and a length; the text that follows is the caller's to put. */
static inline void
put_head(DigestState *state, char letter, uint32 len)
{
	char		head[5];

	head[0] = letter;
	head[1] = (char) (len >> 24);
	head[2] = (char) (len >> 16);
	head[3] = (char) (len >> 8);
	head[4] = (char) len;
	put_bytes(state, head, sizeof(head));
}

static inline void
put_string(DigestState *state, const char *data, uint32 len)
{
	put_head(state, 's', len);
	put_bytes(state, data, len);
}

static void
put_number(DigestState *state, const JsonNode *node)
{
	resetStringInfo(&state->scratch);
	dg_append_scalar(&state->scratch, node);
	put_head(state, 'n', state->scratch.len);
	put_bytes(state, state->scratch.data, state->scratch.len);
}

static void put_node(DigestState *state, const JsonNode *node);

static void
put_container(DigestState *state, const JsonNode *node)
{
	JsonChildren children;
	JsonKey		key;
	JsonNode	child;

	check_stack_depth();
	put_bytes(state, node->kind == NODE_OBJECT ? "o" : "a", 1);
	dg_children_start(&children, node);
	while (dg_children_next(&children, &key, &child))
	{
		DG_CHECK_CANCEL();
		if (node->kind == NODE_OBJECT)
			put_string(state, key.data, key.len);
		put_node(state, &child);
	}
	put_bytes(state, "e", 1);
}

static void
put_node(DigestState *state, const JsonNode *node)
{
	if (node->view == VIEW_REDACTED)
	{
		const char *text = dg_redacted_text[REDACTED_SAME];

		put_string(state, text, strlen(text));
		return;
	}

	switch ((JsonKind) node->kind)
	{
		case NODE_STRING:
			put_string(state, node->data, node->len);
			break;
		case NODE_NUMBER:
			put_number(state, node);
			break;
		case NODE_FALSE:
			put_bytes(state, "f", 1);
			break;
		case NODE_TRUE:
			put_bytes(state, "t", 1);
			break;
		case NODE_NULL:
			put_bytes(state, "z", 1);
			break;
		case NODE_ARRAY:
		case NODE_OBJECT:
			put_container(state, node);
			break;
	}
}

/*
 * dg_json_digest
 *		Compute the fingerprint of what is shown of a document.
 *
 * digest has room for JSON_DIGEST_LENGTH bytes.  Working memory is taken from
 * the current context and freed.
 */
void
dg_json_digest(const JsonNode *root, uint8 *digest)
{
	DigestState state;

	StaticAssertStmt(JSON_DIGEST_LENGTH == PG_SHA256_DIGEST_LENGTH,
					 "the fingerprint is a SHA-256");

	state.hash = pg_cryptohash_create(PG_SHA256);
	if (state.hash == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	state.buffer = palloc(BUFFER_SIZE);
	state.used = 0;
	initStringInfo(&state.scratch);

	check_hash(&state, pg_cryptohash_init(state.hash));
	put_node(&state, root);
	flush_buffer(&state);
	check_hash(&state, pg_cryptohash_final(state.hash, digest,
										   JSON_DIGEST_LENGTH));

	pg_cryptohash_free(state.hash);
	pfree(state.scratch.data);
	pfree(state.buffer);
}
