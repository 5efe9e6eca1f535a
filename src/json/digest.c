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
 * A container whose serialization has DIGEST_OWN bytes or more stands in that
 * of its parent as the letter h and the SHA-256 of its own, as in a Merkle
 * tree; and wherever a container's serialization has come to DIGEST_FOLD bytes
 * after one of its children, an h with its SHA-256 takes the place of it.  The
 * latter bounds memory.  The former is for two versions of a document: what
 * is stored alike in both is read once.
 *
 * Linear in the size of the document.  Memory: DIGEST_FOLD bytes and a string
 * for each level of nesting at most, and for a pair some 50 bytes for every
 * DIGEST_OWN bytes of a document.
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

/* These are part of the definition of a fingerprint: never change them. */
#define DIGEST_OWN		4096
#define DIGEST_FOLD		65536

/* Smaller containers are not worth looking for in the other version. */
#define SHARE_MIN		1024

/* The fingerprint of a large container. */
typedef struct KnownDigest
{
	const char *data;			/* the container */
	uint8		digest[JSON_DIGEST_LENGTH];
} KnownDigest;

typedef struct DigestState
{
	pg_cryptohash_ctx *hash;
	StringInfoData out;			/* of the containers that are open */
	StringInfoData scratch;		/* for the text of a number */
	bool		learning;		/* keep what is computed */
	KnownDigest *known;			/* sorted by address, once it is used */
	uint32		nknown;
	uint32		maxknown;
} DigestState;

static void
check_hash(DigestState *state, int result)
{
	if (result < 0)
		elog(ERROR, "could not compute %s hash: %s", "SHA-256",
			 pg_cryptohash_error(state->hash));
}

/* The digest of what was written from some point on. */
static void
digest_from(DigestState *state, int start, uint8 *digest)
{
	check_hash(state, pg_cryptohash_init(state->hash));
	check_hash(state, pg_cryptohash_update(state->hash,
										   (const uint8 *) state->out.data + start,
										   state->out.len - start));
	check_hash(state, pg_cryptohash_final(state->hash, digest,
										  JSON_DIGEST_LENGTH));
}

static inline void
put_bytes(DigestState *state, const char *data, uint32 len)
{
	StringInfo	out = &state->out;

	if (len >= (uint32) (out->maxlen - out->len))
		enlargeStringInfo(out, len);
	memcpy(out->data + out->len, data, len);
	out->len += len;
}

static inline void
put_letter(DigestState *state, char letter)
{
	put_bytes(state, &letter, 1);
}

static void
put_digest(DigestState *state, const uint8 *digest)
{
	put_letter(state, 'h');
	put_bytes(state, (const char *) digest, JSON_DIGEST_LENGTH);
}

/* Put the digest of what was written from some point on in its place. */
static void
fold(DigestState *state, int start, uint8 *digest)
{
	digest_from(state, start, digest);
	state->out.len = start;
	put_digest(state, digest);
}

static inline void
put_text(DigestState *state, char letter, const char *data, uint32 len)
{
	char		head[5];

	head[0] = letter;
	head[1] = (char) (len >> 24);
	head[2] = (char) (len >> 16);
	head[3] = (char) (len >> 8);
	head[4] = (char) len;
	put_bytes(state, head, sizeof(head));
	put_bytes(state, data, len);
}

static void
put_number(DigestState *state, const JsonNode *node)
{
	resetStringInfo(&state->scratch);
	dg_append_scalar(&state->scratch, node);
	put_text(state, 'n', state->scratch.data, state->scratch.len);
}

static void
learn(DigestState *state, const JsonNode *node, const uint8 *digest)
{
	KnownDigest *known;

	if (state->nknown == state->maxknown)
	{
		state->maxknown = Max(64, state->maxknown * 2);
		state->known = state->known == NULL ?
			dg_alloc(state->maxknown, sizeof(KnownDigest)) :
			dg_realloc(state->known, state->maxknown, sizeof(KnownDigest));
	}
	known = &state->known[state->nknown++];
	known->data = node->data;
	memcpy(known->digest, digest, JSON_DIGEST_LENGTH);
}

static int
compare_known(const void *a, const void *b)
{
	const char *left = ((const KnownDigest *) a)->data;
	const char *right = ((const KnownDigest *) b)->data;

	return (left > right) - (left < right);
}

/*
 * Write the digest of a container, if the other version has the same one and
 * it is known.
 */
static bool
put_shared(DigestState *state, const JsonNode *node, const JsonNode *other)
{
	KnownDigest key;
	KnownDigest *found;

	if (node->kind != other->kind || node->view != other->view ||
		node->len != other->len ||
		memcmp(node->data, other->data, node->len) != 0)
		return false;
	key.data = other->data;
	found = bsearch(&key, state->known, state->nknown, sizeof(KnownDigest),
					compare_known);
	if (found == NULL)
		return false;
	put_digest(state, found->digest);
	return true;
}

/*
 * An element of the other version's array, with its view.
 */
static void
get_element(const JsonNode *array, uint32 index, JsonNode *element)
{
	dg_node_child(array, index, element);
	dg_view_element(array, index, element);
}

/*
 * Where a child may be in the other version: its value, or false.  Elements
 * are looked for at the same distance from the start, and then, written by
 * put_shared if they are there, from the end.
 */
static bool
find_other(DigestState *state, const JsonNode *parent, const JsonNode *other,
		   const JsonKey *key, uint32 index, const JsonNode *child,
		   JsonNode *found, bool *shared)
{
	uint32		count;
	uint32		other_count;

	*shared = false;
	if (parent->kind == NODE_OBJECT)
	{
		if (!dg_node_find(other, key->data, key->len, found))
			return false;
		dg_view_member(other, key, found);
		*shared = put_shared(state, child, found);
		return true;
	}

	count = NODE_COUNT(parent);
	other_count = NODE_COUNT(other);
	if (index < other_count)
	{
		get_element(other, index, found);
		*shared = put_shared(state, child, found);
		if (*shared || count == other_count)
			return true;
	}
	if (count - index <= other_count)
	{
		get_element(other, other_count - (count - index), found);
		*shared = put_shared(state, child, found);
		return true;
	}
	return index < other_count;
}

static void put_node(DigestState *state, const JsonNode *node,
					 const JsonNode *other);

static void
put_child(DigestState *state, const JsonNode *parent, const JsonNode *other,
		  const JsonKey *key, uint32 index, const JsonNode *child)
{
	JsonNode	found;
	bool		shared = false;
	bool		known = false;

	if (other != NULL && NODE_IS_CONTAINER(child) && child->len >= SHARE_MIN &&
		!dg_is_redacted(child->view))
		known = find_other(state, parent, other, key, index, child, &found,
						   &shared);

	/* What is seen of the other one must be what is seen of this one. */
	if (!shared)
		put_node(state, child,
				 known && found.view == child->view ? &found : NULL);
}

/*
 * other is the container's place in the other version, or NULL.
 */
static void
put_container(DigestState *state, const JsonNode *node, const JsonNode *other)
{
	JsonChildren children;
	JsonKey		key;
	JsonNode	child;
	uint8		digest[JSON_DIGEST_LENGTH];
	int			start = state->out.len;

	check_stack_depth();
	if (other != NULL && other->kind != node->kind)
		other = NULL;
	put_letter(state, node->kind == NODE_OBJECT ? 'o' : 'a');
	dg_children_start(&children, node);
	while (dg_children_next(&children, &key, &child))
	{
		DG_CHECK_CANCEL();
		if (node->kind == NODE_OBJECT)
			put_text(state, 's', key.data, key.len);
		put_child(state, node, other, &key, children.next - 1, &child);
		if (state->out.len - start >= DIGEST_FOLD)
			fold(state, start, digest);
	}
	put_letter(state, 'e');
	if (state->out.len - start >= DIGEST_OWN)
	{
		fold(state, start, digest);
		if (state->learning)
			learn(state, node, digest);
	}
}

static void
put_node(DigestState *state, const JsonNode *node, const JsonNode *other)
{
	if (dg_is_redacted(node->view))
	{
		const char *text = dg_redacted_text[REDACTED_SAME];

		put_text(state, 's', text, strlen(text));
		return;
	}

	switch ((JsonKind) node->kind)
	{
		case NODE_STRING:
			put_text(state, 's', node->data, node->len);
			break;
		case NODE_NUMBER:
			put_number(state, node);
			break;
		case NODE_FALSE:
			put_letter(state, 'f');
			break;
		case NODE_TRUE:
			put_letter(state, 't');
			break;
		case NODE_NULL:
			put_letter(state, 'z');
			break;
		case NODE_ARRAY:
		case NODE_OBJECT:
			put_container(state, node, other);
			break;
	}
}

static void
begin_digest(DigestState *state)
{
	StaticAssertStmt(JSON_DIGEST_LENGTH == PG_SHA256_DIGEST_LENGTH,
					 "the fingerprint is a SHA-256");

	memset(state, 0, sizeof(DigestState));
	state->hash = pg_cryptohash_create(PG_SHA256);
	if (state->hash == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	initStringInfo(&state->out);
	initStringInfo(&state->scratch);
}

static void
digest_document(DigestState *state, const JsonNode *root,
				const JsonNode *other, uint8 *digest)
{
	state->out.len = 0;
	put_node(state, root, other);
	digest_from(state, 0, digest);
}

static void
end_digest(DigestState *state)
{
	pg_cryptohash_free(state->hash);
	pfree(state->scratch.data);
	pfree(state->out.data);
	if (state->known != NULL)
		dg_free(state->known);
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

	begin_digest(&state);
	digest_document(&state, root, NULL, digest);
	end_digest(&state);
}

/*
 * dg_json_digest_pair
 *		The same for two versions of a document, in little more time than for
 *		one if they are much alike.
 *
 * The roots' views must come from the same patterns.
 */
void
dg_json_digest_pair(const JsonNode *old_root, const JsonNode *new_root,
					uint8 *old_digest, uint8 *new_digest)
{
	DigestState state;

	begin_digest(&state);
	state.learning = true;
	digest_document(&state, old_root, NULL, old_digest);
	state.learning = false;
	if (state.nknown > 1)
		qsort(state.known, state.nknown, sizeof(KnownDigest), compare_known);
	digest_document(&state, new_root, state.nknown > 0 ? old_root : NULL,
					new_digest);
	end_digest(&state);
}
