/*-------------------------------------------------------------------------
 *
 * ansi.c
 *	  Shows a unified diff on a terminal.
 *
 * The colours are git's: headers bold, ranges cyan, removed lines red, added
 * lines green.  Words that differ are shown in reverse video.
 *
 * With a width, both sides stand side by side.  Each has a line number, a mark
 * and text, which is broken where it does not fit; so the columns that each
 * character takes matter: none for marks, two for East Asian wide ones.
 *
 * A diff may hold anything, but must not command the terminal: controls and
 * characters that cannot be seen are shown by name, like ^[ or <U+202E>.
 *
 * Linear in the diff, but for the search for words.
 *
 *-------------------------------------------------------------------------
 */
#include "core/ansi.h"

#include "core/bytes.h"
#include "core/diff_view.h"

#define BOLD		"\033[1m"
#define CYAN		"\033[36m"
#define RED			"\033[31m"
#define GREEN		"\033[32m"
#define REVERSE		"\033[7m"
#define NO_REVERSE	"\033[27m"
#define RESET		"\033[m"

#define SEPARATOR	" | "
#define NO_NEWLINE	"\\ No newline at end of file"
#define TAB_WIDTH	8

/*
 * The text of a side must have room for the name of any character, or lines
 * could not be broken: <U+10FFFF>.
 */
#define MIN_COLUMNS	10

typedef struct Screen
{
	StringInfo	out;
	const TextEncoding *encoding;
	int			digits;			/* of line numbers */
	int			columns;		/* for the text of one side */
} Screen;

/* One side of a row, while its line is being broken. */
typedef struct Cell
{
	ViewCursor	cursor;
	ViewPiece	piece;			/* what is left of the current piece */
	bool		open;			/* there is a line, and some of it left */
	bool		started;		/* its number was shown */
	const ViewLine *line;
	char		mark;
	const char *paint;
} Cell;

/*
 * Appends one character, and returns its columns; if that is more than room,
 * nothing is appended.  column is where it stands, for tabs, or -1 to leave
 * them to the terminal.
 */
static int
put_char(Screen *s, const char *p, uint32 c, int len, int column, int room)
{
	char		name[HIDDEN_NAME_SIZE + 2];
	int			columns;

	if (c == '\t' && column >= 0)
	{
		columns = Min(TAB_WIDTH - column % TAB_WIDTH, room);
		memset(dg_reserve(s->out, columns), ' ', columns);
		s->out->len += columns;
		return columns > 0 ? columns : 1;
	}
	if (c != '\t' && dg_is_hidden_char(c))
	{
		bool		caret = c < 0x80 && c != 0;

		dg_hidden_name(c, name + 1);
		name[0] = '<';
		columns = (int) strlen(name);
		if (!caret)
		{
			name[columns++] = '>';
			name[columns] = '\0';
		}
		if (columns - caret <= room)
			dg_append(s->out, name + caret, columns - caret);
		return columns - caret;
	}
	columns = dg_char_width(c);
	if (columns <= room)
		dg_append(s->out, p, len);
	return columns;
}

/* Appends text of any length on one row. */
static void
put_text(Screen *s, const char *p, Size len)
{
	const char *end = p + len;
	int			n;

	while (p < end)
	{
		const char *plain = p;
		uint32		c;

		while (p < end && *p >= ' ' && *p < 0x7f)
			p++;
		dg_append(s->out, plain, p - plain);
		if (p == end)
			break;
		c = dg_decode_char(s->encoding, p, end, &n);
		put_char(s, p, c, n, -1, PG_INT16_MAX);
		p += n;
	}
}

/* Appends a line of a header in a colour, or without. */
static void
put_header(Screen *s, const char *paint, const UnifiedReader *r)
{
	Size		len = r->raw_len;

	if (len > 0 && r->raw[len - 1] == '\n')
		len--;
	if (paint != NULL)
		dg_append_string(s->out, paint);
	put_text(s, r->raw, len);
	if (paint != NULL)
		dg_append_string(s->out, RESET);
	dg_append_char(s->out, '\n');
}

/* Appends a hunk's header: the ranges in colour, the heading without. */
static void
put_hunk(Screen *s, const UnifiedReader *r)
{
	dg_append_string(s->out, CYAN);
	dg_append(s->out, r->raw,
			  r->new_range + r->new_range_len + strlen(" @@") - r->raw);
	dg_append_string(s->out, RESET);
	if (r->len > 0)
	{
		dg_append_char(s->out, ' ');
		put_text(s, r->line, r->len);
	}
	dg_append_char(s->out, '\n');
}

/*
 * Appends a whole line below the others, as the diff has it.
 */
static void
put_line(Screen *s, const ViewChange *change, const ViewLine *line, char mark)
{
	const char *paint = mark == '-' ? RED : mark == '+' ? GREEN : NULL;
	ViewCursor	cursor;
	ViewPiece	piece;

	if (paint != NULL)
		dg_append_string(s->out, paint);
	dg_append_char(s->out, mark);
	dg_view_open(&cursor, change, line, mark == '-');
	while (dg_view_next(&cursor, &piece))
	{
		if (piece.changed)
			dg_append_string(s->out, REVERSE);
		put_text(s, piece.text, piece.len);
		if (piece.changed)
			dg_append_string(s->out, NO_REVERSE);
	}
	if (paint != NULL)
		dg_append_string(s->out, RESET);
	dg_append_char(s->out, '\n');
	if (line->no_newline)
		dg_append_string(s->out, NO_NEWLINE "\n");
}

/* Appends the lines of a change below each other. */
static void
put_change(Screen *s, const ViewChange *change)
{
	int32		i;

	for (i = 0; i < change->removed.nlines; i++)
		put_line(s, change, &change->removed.lines[i], '-');
	for (i = 0; i < change->added.nlines; i++)
		put_line(s, change, &change->added.lines[i], '+');
}

static void
put_spaces(Screen *s, int n)
{
	while (n-- > 0)
		dg_append_char(s->out, ' ');
}

static void
open_cell(Cell *cell, const ViewChange *change, const ViewLine *line,
		  char mark, bool is_old)
{
	memset(cell, 0, sizeof(Cell));
	cell->line = line;
	cell->mark = mark;
	cell->paint = mark == '-' ? RED : mark == '+' ? GREEN : NULL;
	if (line == NULL)
		return;
	cell->open = true;
	dg_view_open(&cell->cursor, change, line, is_old);
}

/*
 * Appends as much of a cell's line as fits on a row.  Returns the columns that
 * are left.
 */
static int
fill_cell(Screen *s, Cell *cell)
{
	int			column = 0;

	for (;;)
	{
		if (cell->piece.len == 0 &&
			!dg_view_next(&cell->cursor, &cell->piece))
		{
			cell->open = false;
			return s->columns - column;
		}
		if (cell->piece.changed)
			dg_append_string(s->out, REVERSE);
		while (cell->piece.len > 0)
		{
			const char *p = cell->piece.text;
			int			len;
			uint32		c = dg_decode_char(s->encoding, p,
										   p + cell->piece.len, &len);
			int			columns = put_char(s, p, c, len, column,
										   s->columns - column);

			if (columns > s->columns - column)
				break;
			column += columns;
			cell->piece.text += len;
			cell->piece.len -= len;
		}
		if (cell->piece.changed)
			dg_append_string(s->out, NO_REVERSE);
		if (cell->piece.len > 0)
			return s->columns - column;
	}
}

/*
 * Appends one row of a cell.  Returns the columns left after its text.
 */
static int
put_cell(Screen *s, Cell *cell)
{
	char		number[16];
	int			left;

	if (!cell->open)
	{
		put_spaces(s, s->digits + 2);
		return s->columns;
	}
	if (cell->started)
		put_spaces(s, s->digits + 1);
	else
	{
		snprintf(number, sizeof(number), "%*d ", s->digits,
				 cell->line->number);
		dg_append_string(s->out, number);
	}
	if (cell->paint != NULL)
		dg_append_string(s->out, cell->paint);
	dg_append_char(s->out, cell->started ? ' ' : cell->mark);
	left = fill_cell(s, cell);
	if (cell->paint != NULL)
		dg_append_string(s->out, RESET);
	cell->started = true;
	return left;
}

/* Appends a row, or more if a line has to be broken. */
static void
put_cells(Screen *s, Cell *left, Cell *right)
{
	do
	{
		int			rest = put_cell(s, left);

		DG_CHECK_CANCEL();
		put_spaces(s, rest);
		dg_append_string(s->out, SEPARATOR);
		put_cell(s, right);

		/* no blanks at the end of a row */
		while (s->out->data[s->out->len - 1] == ' ')
			s->out->data[--s->out->len] = '\0';
		dg_append_char(s->out, '\n');
	} while (left->open || right->open);
}

/* Appends where a newline is missing, on the sides that lack it. */
static void
put_no_newline(Screen *s, const ViewLine *left, const ViewLine *right)
{
	static const char note[] = "(no newline)";
	bool		on_left = left != NULL && left->no_newline;
	bool		on_right = right != NULL && right->no_newline;

	if (!on_left && !on_right)
		return;
	put_spaces(s, s->digits + 2);
	dg_append_string(s->out, on_left ? note : "");
	if (on_right)
	{
		put_spaces(s, s->columns - (on_left ? (int) strlen(note) : 0));
		dg_append_string(s->out, SEPARATOR);
		put_spaces(s, s->digits + 2);
		dg_append_string(s->out, note);
	}
	dg_append_char(s->out, '\n');
}

/* Appends the lines of a change side by side. */
static void
put_change_rows(Screen *s, const ViewChange *change)
{
	ViewRows	rows;
	const ViewLine *left;
	const ViewLine *right;
	Cell		left_cell;
	Cell		right_cell;

	dg_view_open_rows(&rows, change);
	while (dg_view_next_row(&rows, &left, &right))
	{
		open_cell(&left_cell, change, left, '-', true);
		open_cell(&right_cell, change, right, '+', false);
		put_cells(s, &left_cell, &right_cell);
		put_no_newline(s, left, right);
	}
}

/* Appends a line of context, which r has just read. */
static void
put_context(Screen *s, const UnifiedReader *r, bool side_by_side)
{
	ViewLine	left;
	ViewLine	right;
	Cell		left_cell;
	Cell		right_cell;

	dg_view_context(r, true, &left);
	if (!side_by_side)
	{
		put_line(s, NULL, &left, ' ');
		return;
	}
	dg_view_context(r, false, &right);
	open_cell(&left_cell, NULL, &left, ' ', true);
	open_cell(&right_cell, NULL, &right, ' ', false);
	put_cells(s, &left_cell, &right_cell);
	put_no_newline(s, &left, &right);
}

/*
 * dg_ansi
 *		Append a diff of len bytes to out, with colours for a terminal.
 *
 * width is the columns of the terminal for side by side, or 0.  Returns false
 * if the diff cannot be read; reader then says why.  Scratch memory is freed
 * before return.
 */
bool
dg_ansi(const char *diff, Size len, const WordOptions *words, int32 width,
		StringInfo out, UnifiedReader *reader)
{
	UnifiedReader *r = reader;
	ViewChange	change;
	Screen		s;

	s.out = out;
	s.encoding = &words->encoding;
	s.digits = width > 0 ? dg_view_digits(diff, len) : 0;
	s.columns = (width - (int) strlen(SEPARATOR)) / 2 - s.digits - 2;
	Assert(width == 0 || s.columns >= MIN_COLUMNS);
	dg_view_init(&change, words);

	dg_unified_open(r, diff, len);
	dg_unified_read(r);
	while (r->kind != UNIFIED_END && r->kind != UNIFIED_ERROR)
	{
		if (r->kind == UNIFIED_LINE && r->op != ' ')
		{
			dg_view_read(&change, r);
			if (width > 0)
				put_change_rows(&s, &change);
			else
				put_change(&s, &change);
			continue;
		}
		if (r->kind == UNIFIED_LINE)
			put_context(&s, r, width > 0);
		else if (r->kind == UNIFIED_HUNK)
			put_hunk(&s, r);
		else
			put_header(&s, r->kind == UNIFIED_NOTE && !r->in_git_header ?
					   NULL : BOLD, r);
		dg_unified_read(r);
	}
	dg_view_free(&change);
	return r->kind == UNIFIED_END;
}
