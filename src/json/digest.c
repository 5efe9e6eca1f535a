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
 * Large containers are folded, as in a Merkle tree, so that what two versions
 * of a document have in common is read once, and memory is bounded:
 *
 *	- A run of children ends after the child with which it has come to
 *	  RUN_LEAST bytes if the CRC-32C of that child's serialization, taken as
 *	  a fraction of 2^32, is below the share that the child's length is of
 *	  RUN_MEAN; and in any case once it has come to DIGEST_FOLD bytes.  The
 *	  letter r and the SHA-256 of the run take its place.  So where runs end
 *	  depends on what is in them, and after a change in a long array or object
 *	  they soon end where they did before (content-defined chunking, as in
 *	  Muthitacharoen, Chen and Mazieres, "A Low-bandwidth Network File System",
 *	  2001).
 *	- A container with a run, or of OWN_LEAST bytes, stands in its parent as
 *	  the letter h and the SHA-256 of its own serialization.
 *	- Whenever an open container with nothing but runs has come to DIGEST_FOLD
 *	  bytes, the letter c and the SHA-256 of these take their place.
 *
 * Linear in the size of the document; for a version whose predecessor is
 * known, that is comparing the two, and serializing a few kilobytes for each
 * change and each large container around it.  Memory: 2 * DIGEST_FOLD bytes
 * and a string for each level of nesting at most, and what digest_memory.c
 * keeps, some 100 bytes for every RUN_MEAN bytes of a document.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "json/canonical.h"
#include "json/children.h"
#include "json/digest.h"
#include "json/digest_memory.h"
#include "miscadmin.h"
#include "port/pg_crc32c.h"

/* These are part of the definition of a fingerprint: never change them. */
#define OWN_LEAST		1024
#define RUN_LEAST		1024
#define RUN_MEAN		4096
#define DIGEST_FOLD		65536

/* Smaller containers are not worth looking for in the older version. */
#define SHARE_MIN		512

#define PENDING_INITIAL	64

typedef struct DigestState
{
	pg_cryptohash_ctx *hash;
	StringInfoData out;			/* of the containers that are open */
	StringInfoData scratch;		/* for the text of a number */
	DigestVersions versions;
	DigestRun  *pending;		/* runs of the containers that are open */
	uint32		npending;
	uint32		maxpending;
} DigestState;

/*
 * A container that is being serialized.
 */
typedef struct DigestFrame
{
	const JsonNode *node;
	const JsonNode *other;		/* its place in the older version */
	const DigestContainer *kept;	/* what is kept of that, or NULL */
	int64		shift;			/* from a child's index to its older one */
	int			start;			/* of its serialization in `out` */
	int			run_start;
	uint32		first_pending;
} DigestFrame;

/* Versions of a document, one after the other. */
struct JsonDigestSeries
{
	DigestMemory memories[2];
	int			current;		/* that of the version before */
};

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
	const uint8 *data = (const uint8 *) state->out.data + start;

	check_hash(state, pg_cryptohash_init(state->hash));
	check_hash(state, pg_cryptohash_update(state->hash, data,
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
put_digest(DigestState *state, char letter, const uint8 *digest)
{
	put_letter(state, letter);
	put_bytes(state, (const char *) digest, JSON_DIGEST_LENGTH);
}

/* Put the digest of what was written from some point on in its place. */
static void
fold(DigestState *state, int start, char letter, uint8 *digest)
{
	digest_from(state, start, digest);
	state->out.len = start;
	put_digest(state, letter, digest);
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

/*
 * Does a run that has come this far end with its last child?
 */
static bool
run_ends(const DigestState *state, int run_start, int child_start)
{
	int			len = state->out.len - run_start;
	int			child_len = state->out.len - child_start;
	pg_crc32c	crc;

	if (len < RUN_LEAST)
		return false;
	if (len >= DIGEST_FOLD || child_len >= RUN_MEAN)
		return true;
	INIT_CRC32C(crc);
	COMP_CRC32C(crc, state->out.data + child_start, child_len);
	FIN_CRC32C(crc);
	return crc < (uint32) child_len * (PG_UINT32_MAX / RUN_MEAN + 1);
}

/*
 * Put a run's digest in the place of what was written of it.
 */
static void
put_run(DigestState *state, DigestFrame *frame, uint32 upto,
		const uint8 *digest)
{
	DigestRun  *run;
	uint8		folded[JSON_DIGEST_LENGTH];

	if (state->npending == state->maxpending)
	{
		state->maxpending *= 2;
		state->pending = dg_realloc(state->pending, state->maxpending,
									sizeof(DigestRun));
	}
	run = &state->pending[state->npending++];
	run->upto = upto;
	memcpy(run->digest, digest, JSON_DIGEST_LENGTH);

	state->out.len = frame->run_start;
	put_digest(state, 'r', digest);
	if (state->out.len - frame->start >= DIGEST_FOLD)
		fold(state, frame->start, 'c', folded);
	frame->run_start = state->out.len;
}

/*
 * Put a run of the older version's container that starts with the child at
 * old_index, if the next children are the same.
 */
static bool
put_run_from(DigestState *state, DigestFrame *frame, JsonChildren *children,
			 int64 old_index)
{
	const DigestRun *run;
	uint32		upto;

	if (old_index < 0 || old_index >= NODE_COUNT(frame->other))
		return false;

	/* A pattern may tell elements at different places apart. */
	if (frame->node->kind == NODE_ARRAY && frame->node->view != VIEW_PLAIN &&
		old_index != children->next)
		return false;
	run = dg_digest_same_run(&state->versions, frame->other, frame->kept,
							 (uint32) old_index, frame->node, children->next);
	if (run == NULL)
		return false;
	frame->shift = old_index - children->next;
	upto = children->next + (run->upto - (uint32) old_index);
	put_run(state, frame, upto, run->digest);
	dg_children_seek(children, upto);
	return true;
}

/*
 * Put a run that the older version has, too.  It may have moved as far as the
 * run before, or with the end of the array; a member is where its key is.
 */
static bool
put_same_run(DigestState *state, DigestFrame *frame, JsonChildren *children)
{
	uint32		index = children->next;
	int64		guess = index + frame->shift;
	int64		other;

	if (index == children->count)
		return false;
	if (put_run_from(state, frame, children, guess))
		return true;
	if (frame->node->kind == NODE_OBJECT)
	{
		JsonKey		key;
		uint32		found;

		dg_node_key(frame->node, index, &key);
		if (!dg_node_search(frame->other, key.data, key.len, &found))
			return false;
		other = found;
	}
	else
		other = (int64) NODE_COUNT(frame->other) - children->count + index;
	return other != guess && put_run_from(state, frame, children, other);
}

/*
 * Write the digest of a container that the older version has, too, if it is
 * known.
 */
static bool
put_same_container(DigestState *state, const JsonNode *node,
				   const JsonNode *other)
{
	const DigestContainer *kept;

	if (node->kind != other->kind || node->view != other->view ||
		node->len != other->len)
		return false;
	kept = dg_digest_find(&state->versions, other);
	if (kept == NULL || !kept->has_digest ||
		!dg_digest_same_container(&state->versions, other, node))
		return false;
	put_digest(state, 'h', kept->digest);
	return true;
}

/*
 * The older version of a member: its value, or false.
 */
static bool
find_member(const JsonNode *other, const JsonKey *key, JsonNode *found)
{
	if (!dg_node_find(other, key->data, key->len, found))
		return false;
	dg_view_member(other, key, found);
	return true;
}

/*
 * The older version of an element, if it is as far from the start as the
 * shift says.
 */
static bool
find_element(const DigestFrame *frame, uint32 index, int64 shift,
			 JsonNode *found)
{
	int64		old_index = index + shift;

	if (old_index < 0 || old_index >= NODE_COUNT(frame->other))
		return false;
	dg_node_child(frame->other, (uint32) old_index, found);
	dg_view_element(frame->other, (uint32) old_index, found);
	return true;
}

static void put_node(DigestState *state, const JsonNode *node,
					 const JsonNode *other);

/*
 * Write a container whose parent has an older version.
 */
static void
put_child_container(DigestState *state, DigestFrame *frame,
					const JsonKey *key, uint32 index, const JsonNode *child)
{
	bool		in_array = (frame->node->kind == NODE_ARRAY);
	int64		from_end = (int64) NODE_COUNT(frame->other) -
		NODE_COUNT(frame->node);
	JsonNode	found;
	JsonNode	moved;
	bool		exists;

	exists = in_array ?
		find_element(frame, index, frame->shift, &found) :
		find_member(frame->other, key, &found);
	if (exists && put_same_container(state, child, &found))
		return;
	if (in_array && from_end != frame->shift &&
		find_element(frame, index, from_end, &moved) &&
		put_same_container(state, child, &moved))
	{
		frame->shift = from_end;
		return;
	}
	put_node(state, child, exists ? &found : NULL);
}

static void
put_child(DigestState *state, DigestFrame *frame, const JsonKey *key,
		  uint32 index, const JsonNode *child)
{
	int			start = state->out.len;

	if (frame->node->kind == NODE_OBJECT)
		put_text(state, 's', key->data, key->len);
	if (frame->kept != NULL && NODE_IS_CONTAINER(child) &&
		child->len >= SHARE_MIN && !dg_is_redacted(child->view))
		put_child_container(state, frame, key, index, child);
	else
		put_node(state, child, NULL);

	if (run_ends(state, frame->run_start, start))
	{
		uint8		digest[JSON_DIGEST_LENGTH];

		digest_from(state, frame->run_start, digest);
		put_run(state, frame, index + 1, digest);
	}
}

/*
 * Fold a container that is complete, if it is large, and keep what is known
 * of it in the place that was made for it, or take that away.
 */
static void
close_container(DigestState *state, const DigestFrame *frame, uint32 place)
{
	DigestMemory *memory = state->versions.new_memory;
	uint32		nruns = state->npending - frame->first_pending;
	bool		folded;
	uint8		digest[JSON_DIGEST_LENGTH];

	folded = (nruns > 0 || state->out.len - frame->start >= OWN_LEAST);
	if (folded)
		fold(state, frame->start, 'h', digest);
	state->npending = frame->first_pending;
	if (memory == NULL)
		return;

	if (folded)
	{
		DigestContainer *kept = &memory->containers[place];

		kept->has_digest = true;
		memcpy(kept->digest, digest, JSON_DIGEST_LENGTH);
		dg_digest_keep_runs(memory, kept,
							state->pending + frame->first_pending, nruns);
	}
	else if (memory->ncontainers == place + 1)
		memory->ncontainers--;
}

/*
 * other is the container's place in the older version, or NULL.
 */
static void
put_container(DigestState *state, const JsonNode *node, const JsonNode *other)
{
	DigestMemory *memory = state->versions.new_memory;
	uint32		place = 0;
	DigestFrame frame;
	JsonChildren children;
	JsonKey		key;
	JsonNode	child;

	check_stack_depth();
	frame.node = node;
	frame.other = other;
	frame.kept = NULL;
	frame.shift = 0;
	frame.start = state->out.len;
	frame.first_pending = state->npending;

	/* What is seen of the other one must be what is seen of this one. */
	if (other != NULL && other->kind == node->kind && other->view == node->view)
		frame.kept = dg_digest_find(&state->versions, other);
	if (memory != NULL)
	{
		place = memory->ncontainers;
		dg_digest_keep_container(memory,
								 node->data - state->versions.new_root);
	}

	put_letter(state, node->kind == NODE_OBJECT ? 'o' : 'a');
	frame.run_start = state->out.len;
	dg_children_start(&children, node);
	for (;;)
	{
		DG_CHECK_CANCEL();
		if (frame.kept != NULL && state->out.len == frame.run_start &&
			put_same_run(state, &frame, &children))
			continue;
		if (!dg_children_next(&children, &key, &child))
			break;
		put_child(state, &frame, &key, children.next - 1, &child);
	}
	put_letter(state, 'e');
	close_container(state, &frame, place);
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

/*
 * The digest of a document; old_root is the version before, of which
 * old_memory is kept, or NULL.  What is to be kept goes to new_memory, unless
 * that is NULL.
 */
static void
digest_document(const JsonNode *old_root, const DigestMemory *old_memory,
				const JsonNode *root, DigestMemory *new_memory,
				uint8 *digest)
{
	DigestState state;

	StaticAssertStmt(JSON_DIGEST_LENGTH == PG_SHA256_DIGEST_LENGTH,
					 "the fingerprint is a SHA-256");

	memset(&state, 0, sizeof(DigestState));
	state.hash = pg_cryptohash_create(PG_SHA256);
	if (state.hash == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	initStringInfo(&state.out);
	initStringInfo(&state.scratch);
	state.maxpending = PENDING_INITIAL;
	state.pending = dg_alloc(state.maxpending, sizeof(DigestRun));
	state.versions.old_root = old_root ? old_root->data : NULL;
	state.versions.new_root = root->data;
	state.versions.old_memory = old_memory;
	state.versions.new_memory = new_memory;

	put_node(&state, root, old_root);
	digest_from(&state, 0, digest);

	pg_cryptohash_free(state.hash);
	dg_free(state.pending);
	pfree(state.scratch.data);
	pfree(state.out.data);
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
	digest_document(NULL, NULL, root, NULL, digest);
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
	DigestMemory memory = {NULL};

	dg_digest_memory_clear(&memory);
	digest_document(NULL, NULL, old_root, &memory, old_digest);
	digest_document(old_root, &memory, new_root, NULL, new_digest);
	dg_digest_memory_free(&memory);
}

/*
 * dg_json_digest_series
 *		Get ready for the versions of a document, one after the other.  What
 *		is kept from one to the next lives in the current memory context.
 */
JsonDigestSeries *
dg_json_digest_series(void)
{
	JsonDigestSeries *series = dg_alloc0(1, sizeof(JsonDigestSeries));

	dg_digest_memory_clear(&series->memories[0]);
	dg_digest_memory_clear(&series->memories[1]);
	return series;
}

/*
 * dg_json_digest_next
 *		The fingerprint of the next version.
 *
 * previous is the version of the last call, still in memory and with a view
 * of the same patterns; NULL for the first one.  The cost is that of
 * comparing the two, and of what has changed.
 */
void
dg_json_digest_next(JsonDigestSeries *series, const JsonNode *previous,
					const JsonNode *root, uint8 *digest)
{
	DigestMemory *old_memory = &series->memories[series->current];
	DigestMemory *new_memory = &series->memories[1 - series->current];

	dg_digest_memory_clear(new_memory);
	digest_document(previous, old_memory, root, new_memory, digest);
	series->current = 1 - series->current;
}
