/*-------------------------------------------------------------------------
 *
 * unified_fuzz.c
 *	  Reads, inverts and applies unified diffs made of random bytes.
 *
 * Whatever the input: the reader stays inside the diff and its line numbers
 * are those of its hunk; inverting twice gives the same bytes; and a diff made
 * by the engine turns one text into the other and back, at any context.  What
 * changes single bytes of a good diff finds the ways in which a diff can be
 * nearly right.
 *
 * Layout of an input: a byte of kind, a byte of context, then parts with the
 * byte 0xFF between them.  Kind 0: document, diff.  Kind 1: old and new text,
 * and pairs of bytes that change the diff between them, each a position and
 * what to put there.
 *
 *-------------------------------------------------------------------------
 */
#include "core/text_diff.h"
#include "core/unified_apply.h"
#include "core/unified_invert.h"
#include "core/unified_read.h"

#include "fuzz_parts.h"

static bool
same(const StringInfoData *result, const Part *part)
{
	return (size_t) result->len == part->len &&
		memcmp(result->data, part->data, part->len) == 0;
}

/*
 * Reads a whole diff.  Returns whether it is one.
 */
static bool
check_reader(const Part *diff)
{
	UnifiedReader r;
	size_t		raw = 0;
	int32		old_next = 0;
	int32		new_next = 0;

	dg_unified_open(&r, diff->data, diff->len);
	while (dg_unified_read(&r) != UNIFIED_END)
	{
		if (r.kind == UNIFIED_ERROR)
		{
			FAIL_UNLESS(r.fault != UNIFIED_FAULT_NONE);
			FAIL_UNLESS(dg_unified_read(&r) == UNIFIED_ERROR);
			return false;
		}
		FAIL_UNLESS(r.raw == diff->data + raw);
		raw += r.raw_len;
		FAIL_UNLESS(r.line >= r.raw && r.line + r.len <= r.raw + r.raw_len);
		FAIL_UNLESS(r.next == r.raw + r.raw_len);
		if (r.kind == UNIFIED_HUNK)
		{
			old_next = dg_unified_old_at(&r);
			new_next = dg_unified_new_at(&r);
		}
		if (r.kind == UNIFIED_LINE)
		{
			FAIL_UNLESS(r.op == '+' ? r.old_line == 0 :
						r.old_line == ++old_next);
			FAIL_UNLESS(r.op == '-' ? r.new_line == 0 :
						r.new_line == ++new_next);
			FAIL_UNLESS(memchr(r.line, '\n', r.len) == NULL);
		}
	}
	FAIL_UNLESS(raw == diff->len);
	return true;
}

/*
 * Applies and inverts a diff of which nothing is known.
 */
static void
check_diff(const Part *doc, const Part *diff)
{
	UnifiedReader reader;
	UnifiedFailure failure;
	UnifiedOutcome outcome;
	StringInfoData applied;
	StringInfoData inverse;
	StringInfoData again;
	Part		back;
	bool		valid = check_reader(diff);

	initStringInfo(&applied);
	initStringInfo(&inverse);
	initStringInfo(&again);

	FAIL_UNLESS(dg_unified_invert(diff->data, diff->len, &inverse,
								  &reader) == valid);
	outcome = dg_unified_apply(doc->data, doc->len, diff->data, diff->len,
							   &applied, &failure);
	if (!valid)
		FAIL_UNLESS(outcome == UNIFIED_MALFORMED ||
					outcome == UNIFIED_MANY_FILES ||
					outcome == UNIFIED_OUT_OF_ORDER);
	else
	{
		FAIL_UNLESS(dg_unified_invert(inverse.data, inverse.len, &again,
									  &reader));
		FAIL_UNLESS(same(&again, diff));
	}
	if (outcome != UNIFIED_APPLIED)
		FAIL_UNLESS(applied.len == 0);
	else
	{
		/*
		 * A hunk that has moved need not fit backwards, since other lines are
		 * around it; but the inverse is a diff of one file as well.
		 */
		again.len = 0;
		back.data = applied.data;
		back.len = applied.len;
		outcome = dg_unified_apply(back.data, back.len, inverse.data,
								   inverse.len, &again, &failure);
		FAIL_UNLESS(outcome != UNIFIED_MALFORMED &&
					outcome != UNIFIED_MANY_FILES);
	}
	pfree(applied.data);
	pfree(inverse.data);
	pfree(again.data);
}

/*
 * A diff of two texts, made by the engine.
 */
static Part
make_diff(const Part *old_text, const Part *new_text, int32 context)
{
	const UnifiedLabels labels = {"a", "b", 1, 1};
	const TextDiffOptions options = {DIFF_MYERS, WHITESPACE_EXACT};
	StringInfoData out;
	DiffScript	script;
	DiffStat	stat;
	Part		diff;

	initStringInfo(&out);
	dg_script_init(&script, true);
	dg_text_diff(old_text->data, old_text->len, new_text->data, new_text->len,
				 &options, &script);
	dg_text_unified(old_text->data, new_text->data, new_text->len, &script,
					context, &labels, &out, &stat);
	dg_script_free(&script);
	diff.len = out.len;
	diff.data = malloc(diff.len + (diff.len == 0));
	memcpy(diff.data, out.data, diff.len);
	pfree(out.data);
	return diff;
}

/*
 * A good diff leads there and back; then it gets changed.
 */
static void
check_pair(const Part *old_text, const Part *new_text, int32 context,
		   const uint8 *changes, size_t nchanges)
{
	Part		diff = make_diff(old_text, new_text, context);
	UnifiedReader reader;
	UnifiedFailure failure;
	StringInfoData applied;
	StringInfoData inverse;

	initStringInfo(&applied);
	initStringInfo(&inverse);
	FAIL_UNLESS(dg_unified_apply(old_text->data, old_text->len,
								 diff.data, diff.len, &applied,
								 &failure) == UNIFIED_APPLIED);
	FAIL_UNLESS(same(&applied, new_text));
	FAIL_UNLESS(dg_unified_invert(diff.data, diff.len, &inverse, &reader));
	applied.len = 0;
	FAIL_UNLESS(dg_unified_apply(new_text->data, new_text->len,
								 inverse.data, inverse.len, &applied,
								 &failure) == UNIFIED_APPLIED);
	FAIL_UNLESS(same(&applied, old_text));

	if (diff.len > 0 && nchanges >= 2)
	{
		for (; nchanges >= 2; changes += 2, nchanges -= 2)
			diff.data[changes[0] % diff.len] = changes[1];
		check_diff(old_text, &diff);
	}
	pfree(applied.data);
	pfree(inverse.data);
	free(diff.data);
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	bool		pair;
	int32		context;
	Part		first;
	Part		second;

	if (size < 2 || size > 65536)
		return 0;
	pair = data[0] & 1;
	context = data[1] % 8;
	data += 2;
	size -= 2;
	first = take_part(&data, &size);
	second = take_part(&data, &size);
	if (pair)
		check_pair(&first, &second, context, data, size);
	else
		check_diff(&first, &second);
	free(first.data);
	free(second.data);
	return 0;
}
