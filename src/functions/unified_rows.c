/*-------------------------------------------------------------------------
 *
 * unified_rows.c
 *	  SQL functions that take a unified diff apart into rows.
 *
 * They return one row a call, so that beyond the diff itself a query needs
 * memory for one row only, however long the diff is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "core/unified_read.h"
#include "fmgr.h"
#include "funcapi.h"
#include "functions/compat.h"
#include "functions/unified_report.h"
#include "utils/builtins.h"

#define LINES_COLUMNS	6
#define HUNKS_COLUMNS	9

PG_FUNCTION_INFO_V1(diffgen_lines);
PG_FUNCTION_INFO_V1(diffgen_hunks);

typedef struct RowSource
{
	const char *diff;
	Size		len;
	UnifiedReader reader;
} RowSource;

/*
 * Makes the state of a set-returning function over the diff in argument 0.
 */
static void
begin_rows(FunctionCallInfo fcinfo, FuncCallContext *func)
{
	MemoryContext old_context;
	RowSource  *source;
	TupleDesc	desc;
	text	   *diff;

	old_context = MemoryContextSwitchTo(func->multi_call_memory_ctx);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	func->tuple_desc = BlessTupleDesc(desc);
	diff = PG_GETARG_TEXT_PP(0);

	/* a diff that was not detoasted may not live as long as the set does */
	if (diff == (text *) DatumGetPointer(PG_GETARG_DATUM(0)))
		diff = PG_GETARG_TEXT_P_COPY(0);
	source = palloc(sizeof(RowSource));
	source->diff = VARDATA_ANY(diff);
	source->len = VARSIZE_ANY_EXHDR(diff);
	dg_unified_open(&source->reader, source->diff, source->len);
	func->user_fctx = source;
	MemoryContextSwitchTo(old_context);
}

/*
 * Reads on, with an error if the diff is not a valid diff of one file.
 */
static UnifiedKind
read_item(RowSource *source)
{
	UnifiedReader *r = &source->reader;

	if (dg_unified_read(r) == UNIFIED_ERROR)
		diffgen_report_fault(r, source->diff, source->len);
	if (r->file > 1)
		diffgen_report_files(r);
	return r->kind;
}

static Datum
bytes_datum(const char *p, Size len)
{
	return PointerGetDatum(cstring_to_text_with_len(p, (int) len));
}

/* A line number, or NULL for a line that this side does not have. */
static void
set_line_number(Datum *value, bool *isnull, int32 number)
{
	*value = Int32GetDatum(number);
	*isnull = (number == 0);
}

/*
 * diffgen_lines(diff text) returns setof record
 *		The lines of all hunks.
 */
Datum
diffgen_lines(PG_FUNCTION_ARGS)
{
	FuncCallContext *func;
	RowSource  *source;
	UnifiedReader *r;
	Datum		values[LINES_COLUMNS];
	bool		nulls[LINES_COLUMNS] = {false};

	if (SRF_IS_FIRSTCALL())
		begin_rows(fcinfo, SRF_FIRSTCALL_INIT());
	func = SRF_PERCALL_SETUP();
	source = func->user_fctx;
	r = &source->reader;

	do
	{
		if (read_item(source) == UNIFIED_END)
			SRF_RETURN_DONE(func);
	} while (r->kind != UNIFIED_LINE);

	values[0] = Int32GetDatum(r->hunk);
	values[1] = bytes_datum(&r->op, 1);
	set_line_number(&values[2], &nulls[2], r->old_line);
	set_line_number(&values[3], &nulls[3], r->new_line);
	values[4] = bytes_datum(r->line, r->len);
	values[5] = BoolGetDatum(r->no_newline);
	SRF_RETURN_NEXT(func, HeapTupleGetDatum(heap_form_tuple(func->tuple_desc,
															values, nulls)));
}

/*
 * diffgen_hunks(diff text) returns setof record
 *		The hunks, each with its place, its size and its own text.
 */
Datum
diffgen_hunks(PG_FUNCTION_ARGS)
{
	FuncCallContext *func;
	RowSource  *source;
	UnifiedReader *r;
	UnifiedReader header;
	Datum		values[HUNKS_COLUMNS];
	bool		nulls[HUNKS_COLUMNS] = {false};
	const char *end;
	int32		context = 0;
	int32		added = 0;
	int32		removed = 0;

	if (SRF_IS_FIRSTCALL())
		begin_rows(fcinfo, SRF_FIRSTCALL_INIT());
	func = SRF_PERCALL_SETUP();
	source = func->user_fctx;
	r = &source->reader;

	/*
	 * the call before has read the header of this hunk, unless it is the
	 * first
	 */
	while (r->kind != UNIFIED_HUNK)
	{
		if (read_item(source) == UNIFIED_END)
			SRF_RETURN_DONE(func);
	}
	header = *r;
	end = r->next;
	while (read_item(source) == UNIFIED_LINE)
	{
		context += (r->op == ' ');
		added += (r->op == '+');
		removed += (r->op == '-');
		end = r->next;
	}

	values[0] = Int32GetDatum(header.hunk);
	values[1] = Int32GetDatum(header.old_start);
	values[2] = Int32GetDatum(context + removed);
	values[3] = Int32GetDatum(header.new_start);
	values[4] = Int32GetDatum(context + added);
	values[5] = Int32GetDatum(added);
	values[6] = Int32GetDatum(removed);
	values[7] = bytes_datum(header.line, header.len);
	values[8] = bytes_datum(header.raw, end - header.raw);
	SRF_RETURN_NEXT(func, HeapTupleGetDatum(heap_form_tuple(func->tuple_desc,
															values, nulls)));
}
