/*-------------------------------------------------------------------------
 *
 * unified_report.c
 *	  Errors about unified diffs.
 *
 * The engine says in a struct what is wrong with a diff, or why it does not
 * fit a document; here that becomes an error with line numbers and with what
 * was expected and found.  A diff that cannot be read is an
 * invalid_text_representation, one that does not fit a data_exception.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "functions/unified_report.h"
#include "mb/pg_wchar.h"

/* Lines of a document are shown in messages up to so many bytes. */
#define MAX_SHOWN	80

/*
 * A line for a message, cut at the boundary of a character if it is long.
 */
static char *
shown(const char *line, Size len)
{
	int			clipped;

	if (len <= MAX_SHOWN)
		return pnstrdup(line, len);
	clipped = pg_mbcliplen(line, (int) len, MAX_SHOWN);
	return psprintf("%.*s...", clipped, line);
}

/*
 * Whether a text that is no diff looks like JSON: literals and parameters
 * without a type are text, so a JSON patch easily comes here by mistake.
 */
static bool
looks_like_json(const char *text, Size len)
{
	while (len > 0 && strchr(" \t\r\n", *text) != NULL)
	{
		text++;
		len--;
	}
	return len > 0 && (*text == '[' || *text == '{');
}

/*
 * The detail of a fault in a diff.
 */
static int
fault_detail(const UnifiedReader *r)
{
	uint32		len = r->raw_len;

	switch (r->fault)
	{
		case UNIFIED_FAULT_NO_HUNKS:
			return errdetail("The text has no hunk, that is, no line \"@@ -1,2 +1,3 @@\" with changes after it.");
		case UNIFIED_FAULT_HEADER:
			if (r->raw[len - 1] == '\n')
				len--;
			return errdetail("Line %d is not a valid hunk header: \"%s\".",
							 r->line_no, shown(r->raw, len));
		case UNIFIED_FAULT_STRAY_HUNK:
			return errdetail("Line %d starts a hunk after text that ended the hunks of the file.",
							 r->line_no);
		case UNIFIED_FAULT_TRUNCATED:
			return errdetail("The diff ends in hunk %d, which lacks %d lines of the old document and %d of the new.",
							 r->hunk, r->old_left, r->new_left);
		case UNIFIED_FAULT_PREFIX:
			return errdetail("Line %d, in hunk %d, starts with none of \" \", \"-\", \"+\" and \"\\\": \"%s\".",
							 r->line_no, r->hunk, shown(r->line, r->len));
		case UNIFIED_FAULT_COUNT:
			return errdetail("Line %d is not among the lines that the header of hunk %d counts.",
							 r->line_no, r->hunk);
		case UNIFIED_FAULT_MARKER:
			return errdetail("Line %d says that a newline is missing, but not of which line.",
							 r->line_no);
		case UNIFIED_FAULT_INCOMPLETE:
			return errdetail("Line %d follows a line without newline, which must be the last of its document.",
							 r->line_no);
		case UNIFIED_FAULT_NONE:
		case UNIFIED_FAULT_COMBINED:
		case UNIFIED_FAULT_BINARY:
			break;
	}
	return 0;
}

/*
 * diffgen_report_fault
 *		Raise the error for a diff of len bytes that cannot be read.
 */
void
diffgen_report_fault(const UnifiedReader *r, const char *diff, Size len)
{
	bool		json = r->fault == UNIFIED_FAULT_NO_HUNKS &&
		looks_like_json(diff, len);

	if (r->fault == UNIFIED_FAULT_COMBINED)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("combined diffs are not supported"),
				 errdetail("Line %d starts a hunk with more than one old document.",
						   r->line_no),
				 errhint("Make the diff against one parent of the merge.")));
	if (r->fault == UNIFIED_FAULT_BINARY)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("binary diffs are not supported"),
				 errdetail("Line %d starts a binary diff.", r->line_no)));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid unified diff"),
			 fault_detail(r),
			 json ? errhint("If this is a JSON patch, cast it, and the document, to jsonb.") : 0));
	pg_unreachable();
}

/*
 * diffgen_report_files
 *		Raise the error for a diff of several files.
 */
void
diffgen_report_files(const UnifiedReader *r)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("diff is of more than one file"),
			 errdetail("Line %d starts the diff of another file.",
					   r->line_no),
			 errhint("Split the diff, and use the part of one document.")));
	pg_unreachable();
}

/* What a mismatch looks like. */
static int
mismatch_detail(const UnifiedFailure *f)
{
	char	   *expected = shown(f->expected, f->expected_len);
	char	   *found;

	if (f->found == NULL)
		return errdetail("Line %d of the diff expects \"%s\" at line %d of the document, which ends before.",
						 f->line_no, expected, f->doc_line);
	found = shown(f->found, f->found_len);
	if (strcmp(expected, found) == 0 && f->expected_bare != f->found_bare)
		return errdetail("Line %d of the diff expects \"%s\" at line %d of the document %s newline, but found it %s.",
						 f->line_no, expected, f->doc_line,
						 f->expected_bare ? "without" : "with",
						 f->expected_bare ? "with one" : "without");
	return errdetail("Line %d of the diff expects \"%s\" at line %d of the document, but found \"%s\".",
					 f->line_no, expected, f->doc_line, found);
}

/*
 * Whether two lines are the same but for blanks, tabs and carriage returns,
 * or but for carriage returns alone.
 */
static bool
same_without(const char *skip, const UnifiedFailure *f)
{
	uint32		i = 0;
	uint32		j = 0;

	for (;;)
	{
		while (i < f->expected_len && strchr(skip, f->expected[i]) != NULL)
			i++;
		while (j < f->found_len && strchr(skip, f->found[j]) != NULL)
			j++;
		if (i == f->expected_len || j == f->found_len)
			return i == f->expected_len && j == f->found_len;
		if (f->expected[i++] != f->found[j++])
			return false;
	}
}

/* What may be done about a mismatch. */
static int
mismatch_hint(const UnifiedFailure *f)
{
	if (f->found == NULL ||
		(f->expected_len == f->found_len &&
		 memcmp(f->expected, f->found, f->found_len) == 0))
		return 0;
	if (same_without("\r", f))
		return errhint("The two lines differ in carriage returns alone.");
	if (same_without(" \t\r", f))
		return errhint("The two lines differ in white space alone.");
	return 0;
}

/*
 * diffgen_report_failure
 *		Raise the error for a diff of len bytes that cannot be applied.
 */
void
diffgen_report_failure(const UnifiedFailure *f, const char *diff, Size len)
{
	switch (f->outcome)
	{
		case UNIFIED_MALFORMED:
			diffgen_report_fault(&f->reader, diff, len);
			break;
		case UNIFIED_MANY_FILES:
			diffgen_report_files(&f->reader);
			break;
		case UNIFIED_OUT_OF_ORDER:
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					 errmsg("invalid unified diff"),
					 errdetail("Hunk %d, on line %d, starts before the end of the hunk before it.",
							   f->hunk, f->line_no)));
			break;
		case UNIFIED_MISMATCH:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("hunk %d of the diff does not fit the document",
							f->hunk),
					 mismatch_detail(f), mismatch_hint(f)));
			break;
		case UNIFIED_AMBIGUOUS:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("hunk %d of the diff fits the document at more than one place",
							f->hunk),
					 errdetail("It is not where its header says, and its lines are at lines %d and %d of the document.",
							   f->doc_line, f->other_line),
					 errhint("Make the diff with more context.")));
			break;
		case UNIFIED_NO_LINE:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("hunk %d of the diff does not fit the document",
							f->hunk),
					 errdetail("It adds lines after line %d of the document, which does not exist or has no newline.",
							   f->doc_line - 1)));
			break;
		case UNIFIED_NOT_AT_END:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("hunk %d of the diff does not fit the document",
							f->hunk),
					 errdetail("Its lines, at line %d of the document, must be the last, but the document does not end after them.",
							   f->doc_line)));
			break;
		case UNIFIED_UNCERTAIN:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("cannot tell where hunk %d of the diff belongs",
							f->hunk),
					 errdetail("It adds lines without context, and the numbers in its header do not agree with the hunks before it."),
					 errhint("Make the diff with context.")));
			break;
		case UNIFIED_OLD_NOT_EMPTY:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("diff does not fit the document"),
					 errdetail("The header says that it is for an empty document, but this one is not.")));
			break;
		case UNIFIED_NEW_NOT_EMPTY:
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("diff does not fit the document"),
					 errdetail("The header says that it leaves an empty document, but there would be a rest.")));
			break;
		case UNIFIED_TOO_COSTLY:
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("could not find the place of hunk %d of the diff",
							f->hunk),
					 errdetail("Its lines are not where its header says, and the document has too many lines like them to try all places."),
					 errhint("Make the diff from the document that it is applied to.")));
			break;
		case UNIFIED_APPLIED:
			break;
	}
	elog(ERROR, "unexpected outcome of applying a diff: %d", f->outcome);
	pg_unreachable();
}
