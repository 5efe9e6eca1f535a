/*-------------------------------------------------------------------------
 *
 * words.c
 *	  Diffs of two texts by words or characters.
 *
 * Stages:
 *
 * 1. What both texts have at their start and end is set aside, by bytes, and
 *	  given back to where a token begins in both.
 * 2. The rest is cut into tokens.  By words, a token is a word (letters, digits
 *	  and marks on them), a run of white space, a newline, or one symbol; an
 *	  ideograph is a symbol.  By characters, it is a code point; by lines, a
 *	  line.  Whether a token ends between two characters depends on these two
 *	  alone, which is what makes stage 1 right.
 * 3. Tokens become small integers, and the search of search.h finds the edits,
 *	  within its cost cap.
 * 4. Edits are moved to where people expect them: one that could stand at
 *	  several places, as in "a, b" to "a, b, b", starts after white space if it
 *	  can; and two with nothing but blanks in between are one.
 *
 * Cost: linear but for the search.  Memory is 8 bytes a token, some 40 for
 * each different one, and that of the search.
 *
 *-------------------------------------------------------------------------
 */
#include "core/words.h"

#include "core/bytes.h"
#include "core/lines.h"
#include "core/scan.h"

/* How far an edit is moved at most in search of a better place. */
#define MAX_SLIDE	100

#define INITIAL_SLOTS	1024

#define HASH_FACTOR		UINT64CONST(0x9e3779b97f4a7c15)

/* The tokens of one text, without what was set aside. */
typedef struct TokenList
{
	const char *text;
	uint32	   *starts;			/* one more than tokens: the end */
	uint32	   *ids;
	int32		count;
	int32		max;
} TokenList;

typedef struct Token
{
	const char *ptr;
	uint64		head;			/* its first eight bytes, then zeros */
	uint32		len;
	uint32		hash;
} Token;

/* The different tokens, by content. */
typedef struct TokenTable
{
	Token	   *tokens;			/* by id */
	uint32	   *slots;			/* ids plus one; 0 is free */
	uint32		count;
	uint32		max;
	uint32		mask;
	LineHashKey key;
	uint32		singles[128];	/* tokens of one ASCII byte: ids plus one */
} TokenTable;

/*
 * Whether a token ends between two characters, given with their classes.
 */
static inline bool
splits(WordGranularity granularity, uint32 before, CharClass a,
	   uint32 after, CharClass b)
{
	if (granularity == GRANULARITY_CHAR)
		return true;
	if (granularity == GRANULARITY_LINE)
		return before == '\n';

	if (before == '\n' || after == '\n')
		return true;
	if (b == CHAR_MARK)
		return false;
	if (b == CHAR_WORD)
		return a != CHAR_WORD && a != CHAR_MARK;
	return a != CHAR_SPACE || b != CHAR_SPACE;
}

/*
 * The character that ends at p, which is after start.
 */
static uint32
char_before(const WordOptions *options, const char *start, const char *p)
{
	const char *q = p - 1;
	int			len;
	uint32		c;

	while (q > start && p - q < 4 && ((unsigned char) *q & 0xc0) == 0x80)
		q--;
	c = dg_decode_char(&options->encoding, q, p, &len);
	if (q + len != p)
		c = dg_decode_char(&options->encoding, p - 1, p, &len);
	return c;
}

/*
 * Whether a token starts at p in the text [start, end).  In an encoding where
 * characters cannot be read backwards, only the start of a line is known.
 */
static bool
starts_token(const WordOptions *options, const char *start, const char *p,
			 const char *end)
{
	uint32		before;
	uint32		after;
	int			len;

	if (p == start || p == end)
		return true;
	if (options->encoding.is_utf8)
	{
		if (((unsigned char) *p & 0xc0) == 0x80)
			return false;
	}
	else if (options->encoding.mblen != NULL)
		return p[-1] == '\n';
	before = char_before(options, start, p);
	after = dg_decode_char(&options->encoding, p, end, &len);
	return splits(options->granularity, before, dg_char_class(before),
				  after, dg_char_class(after));
}

/*
 * Finds what both texts have in common at both ends, up to where tokens
 * start.
 */
static void
trim_ends(const WordOptions *options,
		  const char *old_text, Size old_len,
		  const char *new_text, Size new_len,
		  Size *prefix, Size *suffix)
{
	const char *old_end = old_text + old_len;
	const char *new_end = new_text + new_len;
	Size		min_len = Min(old_len, new_len);
	Size		n;

	n = dg_common_prefix(old_text, new_text, min_len);
	while (n > 0 &&
		   !(starts_token(options, old_text, old_text + n, old_end) &&
			 starts_token(options, new_text, new_text + n, new_end)))
	{
		DG_CHECK_CANCEL();
		n--;
	}
	*prefix = n;

	n = dg_common_suffix(old_end, new_end, min_len - n);
	while (n > 0 &&
		   !(starts_token(options, old_text, old_end - n, old_end) &&
			 starts_token(options, new_text, new_end - n, new_end)))
	{
		DG_CHECK_CANCEL();
		n--;
	}
	*suffix = n;
}

/* Makes room for one more token, and the end. */
static void
grow_list(TokenList *list)
{
	if (list->max >= DG_MAX_LINES)
	{
#ifndef FRONTEND
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("texts differ over too many words"),
				 errdetail("The limit is %d words or characters.",
						   DG_MAX_LINES),
				 errhint("Compare by lines, or split the texts into smaller parts.")));
#else
		fprintf(stderr, "texts differ over too many words\n");
		exit(EXIT_FAILURE);
#endif
	}
	list->max = Min(list->max * 2, DG_MAX_LINES);
	list->starts = dg_realloc(list->starts, (Size) list->max + 1,
							  sizeof(uint32));
	list->ids = dg_realloc(list->ids, list->max, sizeof(uint32));
}

/*
 * Cuts the bytes [start, end) of a text into tokens.
 */
static void
split_tokens(const WordOptions *options, const char *text, Size start,
			 Size end, TokenList *list)
{
	const char *p = text + start;
	const char *stop = text + end;
	CharClass	classes[128];
	CharClass	class = CHAR_SYMBOL;
	CharClass	class_before;
	uint32		c = '\n';
	uint32		before;
	int			len;

	for (len = 0; len < 128; len++)
		classes[len] = dg_char_class(len);

	list->text = text;
	list->count = 0;
	list->max = (int32) Min((end - start) / 4 + 64, DG_MAX_LINES);
	list->starts = dg_alloc((Size) list->max + 1, sizeof(uint32));
	list->ids = dg_alloc(list->max, sizeof(uint32));

	while (p < stop)
	{
		before = c;
		class_before = class;
		if ((unsigned char) *p < 128)
		{
			c = *p;
			len = 1;
			class = classes[c];
		}
		else
		{
			c = dg_decode_char(&options->encoding, p, stop, &len);
			class = dg_char_class(c);
		}
		if (splits(options->granularity, before, class_before, c, class) ||
			p == text + start)
		{
			if (list->count % 1024 == 0)
				DG_CHECK_CANCEL();
			if (list->count == list->max)
				grow_list(list);
			list->starts[list->count++] = p - text;
		}
		p += len;
	}
	list->starts[list->count] = end;
}

/* Doubles the slots of a table. */
static void
grow_table(TokenTable *table)
{
	uint32		nslots = (table->mask + 1) * 2;
	uint32		i;
	uint32		id;

	dg_free(table->slots);
	table->slots = dg_alloc0(nslots, sizeof(uint32));
	table->mask = nslots - 1;
	for (id = 0; id < table->count; id++)
	{
		i = table->tokens[id].hash & table->mask;
		while (table->slots[i] != 0)
			i = (i + 1) & table->mask;
		table->slots[i] = id + 1;
	}
	table->max = nslots / 2;
	table->tokens = dg_realloc(table->tokens, table->max, sizeof(Token));
}

static void
init_table(TokenTable *table)
{
	table->count = 0;
	table->max = INITIAL_SLOTS / 2;
	table->mask = INITIAL_SLOTS - 1;
	dg_line_hash_key(&table->key);
	table->tokens = dg_alloc(table->max, sizeof(Token));
	table->slots = dg_alloc0(INITIAL_SLOTS, sizeof(uint32));
	memset(table->singles, 0, sizeof(table->singles));
}

/*
 * The id plus one of a token, which is not in the table if that is 0; *slot is
 * where it would go.
 */
static uint32
find_token(const TokenTable *table, const Token *token, uint32 *slot)
{
	uint32		i = token->hash & table->mask;

	for (; table->slots[i] != 0; i = (i + 1) & table->mask)
	{
		const Token *other = &table->tokens[table->slots[i] - 1];

		if (other->head == token->head && other->len == token->len &&
			(token->len <= 8 ||
			 memcmp(other->ptr, token->ptr, token->len) == 0))
			break;
	}
	*slot = i;
	return table->slots[i];
}

/* Adds a token to the table; returns its id plus one. */
static uint32
add_token(TokenTable *table, const Token *token, uint32 slot)
{
	uint32		id;

	table->tokens[table->count++] = *token;
	id = table->slots[slot] = table->count;
	if (table->count == table->max)
		grow_table(table);
	return id;
}

/* Reads a token that starts at ptr, with its hash. */
static inline void
read_token(const TokenTable *table, const char *ptr, uint32 len, Token *token)
{
	uint64		hash;

	token->ptr = ptr;
	token->len = len;
	token->head = 0;
	if (len <= 8)
	{
		memcpy(&token->head, ptr, len);
		hash = (token->head ^ table->key.word[0] ^ len) * HASH_FACTOR;
		hash ^= hash >> 32;
		hash = (hash ^ table->key.word[1]) * HASH_FACTOR;
		token->hash = (uint32) (hash >> 32);
	}
	else
	{
		memcpy(&token->head, ptr, 8);
		token->hash = (uint32) dg_hash_line(ptr, len, WHITESPACE_EXACT,
											&table->key);
	}
}

/*
 * Gives the tokens of a list their ids.  Those that are not in the table are
 * added if add is true; if not, they all share the id after the last.
 */
static void
number_tokens(TokenTable *table, TokenList *list, bool add)
{
	int32		n;

	for (n = 0; n < list->count; n++)
	{
		const char *ptr = list->text + list->starts[n];
		uint32		len = list->starts[n + 1] - list->starts[n];
		bool		single = len == 1 && (unsigned char) *ptr < 128;
		uint32		id = single ? table->singles[(int) *ptr] : 0;

		if (n % 1024 == 0)
			DG_CHECK_CANCEL();
		if (id == 0)
		{
			Token		token;
			uint32		slot;

			read_token(table, ptr, len, &token);
			id = find_token(table, &token, &slot);
			if (id == 0 && add)
				id = add_token(table, &token, slot);
			if (single)
				table->singles[(int) *ptr] = id;
		}
		list->ids[n] = id > 0 ? id - 1 : table->count;
	}
}

/* Whether a token is white space within a line. */
static bool
is_blank(const TokenList *list, int32 n)
{
	char		c = list->text[list->starts[n]];

	return c == ' ' || c == '\t' || c == '\r';
}

/*
 * How good a place the start of a token is for the start of an edit.
 */
static int
place_score(const TokenList *list, int32 n)
{
	char		before;

	if (n == 0)
		return 1;
	before = list->text[list->starts[n] - 1];
	if (before == '\n')
		return 3;
	if (before == ' ' || before == '\t')
		return 2;
	return 0;
}

/*
 * Moves an edit that only adds or only removes tokens [*start, *start + count)
 * of a list to the best place between first and end, the tokens that no
 * other edit has.  Returns by how much it was moved.
 */
static int32
slide(const TokenList *list, int32 start, int32 count, int32 first, int32 end)
{
	int32		s = start;
	int32		best;
	int			best_score;
	int32		steps = 0;

	while (s > first && steps < MAX_SLIDE &&
		   list->ids[s - 1] == list->ids[s + count - 1])
	{
		s--;
		steps++;
	}
	best = s;
	best_score = place_score(list, s);
	for (steps = 0; s + count < end && steps < 2 * MAX_SLIDE &&
		 list->ids[s] == list->ids[s + count]; steps++)
	{
		s++;
		if (place_score(list, s) >= best_score)
		{
			best = s;
			best_score = place_score(list, s);
		}
	}
	return best - start;
}

/*
 * Moves edits to the best of the places where they can be.
 */
static void
slide_edits(const TokenList *old_list, const TokenList *new_list,
			DiffScript *script)
{
	int32		old_end = 0;	/* of the edit before */
	int32		new_end = 0;
	int32		i;

	for (i = 0; i < script->nedits; i++)
	{
		DiffEdit   *e = &script->edits[i];
		bool		last = i + 1 == script->nedits;
		int32		old_next = last ? old_list->count : e[1].old_start;
		int32		new_next = last ? new_list->count : e[1].new_start;
		int32		moved = 0;

		DG_CHECK_CANCEL();

		/* the other side has no more room than this one */
		if (e->old_count == 0)
			moved = slide(new_list, e->new_start, e->new_count,
						  new_end, new_next);
		else if (e->new_count == 0)
			moved = slide(old_list, e->old_start, e->old_count,
						  old_end, old_next);
		e->old_start += moved;
		e->new_start += moved;
		old_end = e->old_start + e->old_count;
		new_end = e->new_start + e->new_count;
	}
}

/* Appends an edit of tokens to the result. */
static void
add_edit(DiffScript *script, const DiffEdit *e, const TokenList *old_list,
		 const TokenList *new_list)
{
	DiffSpan	span;

	span.old_off = old_list->starts[e->old_start];
	span.old_len = old_list->starts[e->old_start + e->old_count] -
		span.old_off;
	span.new_off = new_list->starts[e->new_start];
	span.new_len = new_list->starts[e->new_start + e->new_count] -
		span.new_off;
	dg_script_add(script, e, &span);
}

/*
 * Appends the edits found to the result; those that have only blanks between
 * them become one.
 */
static void
join_edits(const DiffScript *found, const TokenList *old_list,
		   const TokenList *new_list, bool by_words, DiffScript *script)
{
	DiffEdit	joined;
	int32		i;

	if (found->nedits == 0)
		return;
	joined = found->edits[0];
	for (i = 1; i < found->nedits; i++)
	{
		const DiffEdit *e = &found->edits[i];
		int32		n = joined.old_start + joined.old_count;

		DG_CHECK_CANCEL();
		while (by_words && n < e->old_start && is_blank(old_list, n))
			n++;
		if (n == e->old_start)
		{
			joined.old_count = e->old_start + e->old_count - joined.old_start;
			joined.new_count = e->new_start + e->new_count - joined.new_start;
		}
		else
		{
			add_edit(script, &joined, old_list, new_list);
			joined = *e;
		}
	}
	add_edit(script, &joined, old_list, new_list);
}

static void
free_list(TokenList *list)
{
	dg_free(list->starts);
	dg_free(list->ids);
}

/*
 * dg_words_diff
 *		Find the edits between two texts by words, characters or lines.
 *
 * script must have been made with spans: those say where the edits are in
 * bytes of the whole texts, and always at boundaries of characters.  The
 * numbers of its edits count tokens, from the first that is not set aside.
 * script->exact is false if the search was cut short.  Scratch memory is in
 * the current context, and most of it is freed.
 */
void
dg_words_diff(const char *old_text, Size old_len,
			  const char *new_text, Size new_len,
			  const WordOptions *options, DiffScript *script)
{
	bool		by_words = options->granularity == GRANULARITY_WORD;
	TokenList	old_list;
	TokenList	new_list;
	TokenTable	table;
	DiffScript	found;
	Size		prefix;
	Size		suffix;

	trim_ends(options, old_text, old_len, new_text, new_len, &prefix, &suffix);
	if (prefix + suffix == old_len && old_len == new_len)
		return;

	split_tokens(options, old_text, prefix, old_len - suffix, &old_list);
	split_tokens(options, new_text, prefix, new_len - suffix, &new_list);
	init_table(&table);
	number_tokens(&table, &old_list, true);
	number_tokens(&table, &new_list, false);
	dg_free(table.tokens);
	dg_free(table.slots);

	dg_script_init(&found, false);
	dg_search_ids(old_list.ids, old_list.count, new_list.ids, new_list.count,
				  table.count + 1, options->algorithm, &found);
	if (!found.exact)
		script->exact = false;
	if (options->granularity != GRANULARITY_LINE)
		slide_edits(&old_list, &new_list, &found);
	join_edits(&found, &old_list, &new_list, by_words, script);

	dg_script_free(&found);
	free_list(&old_list);
	free_list(&new_list);
}

/*
 * dg_words_format
 *		Append the new text with the edits in it, as [-removed-]{+added+}.
 */
void
dg_words_format(const char *old_text, const char *new_text, Size new_len,
				const DiffScript *script, StringInfo out)
{
	Size		at = 0;
	int32		i;

	for (i = 0; i < script->nedits; i++)
	{
		const DiffSpan *span = &script->spans[i];

		DG_CHECK_CANCEL();
		dg_append(out, new_text + at, span->new_off - at);
		if (span->old_len > 0)
		{
			dg_append_string(out, "[-");
			dg_append(out, old_text + span->old_off, span->old_len);
			dg_append_string(out, "-]");
		}
		if (span->new_len > 0)
		{
			dg_append_string(out, "{+");
			dg_append(out, new_text + span->new_off, span->new_len);
			dg_append_string(out, "+}");
		}
		at = span->new_off + span->new_len;
	}
	dg_append(out, new_text + at, new_len - at);
}
