/*-------------------------------------------------------------------------
 *
 * timeline_chart.c
 *	  Counts changes by stretches of time, for a chart.
 *
 * Changes come newest first, and how long the time is that they span is known
 * only after the last.  So they are counted by minutes; whenever the span has
 * become much longer than what a chart can show, the counts are put together
 * for longer stretches, up to days.  In the end the finest unit is taken of
 * which there are not too many.  Memory: what SPAN_MAX stretches take, and
 * one count for each day with a change.
 *
 * Stretches are those of the session's time zone, as the clock shows them:
 * where it is turned back, an hour counts what two did.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "changelog/timeline.h"
#include "functions/compat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"

/* Bars of a chart: at most, and at least if there is time before the first. */
#define BARS_MAX	64
#define BARS_LEAST	16

/* The longest span that is counted by one unit while changes come in. */
#define SPAN_MAX	4096

#define MINUTES(n)	((n) * USECS_PER_MINUTE)

typedef struct TimeUnit
{
	const char *name;
	int64		usecs;			/* or 0: months */
	int			months;
	int64		offset;			/* where one begins, counted from 2000 on */
} TimeUnit;

/* Weeks begin on Monday: 2000-01-01 is a Saturday. */
static const TimeUnit units[] = {
	{"minute", MINUTES(1)},
	{"5 minutes", MINUTES(5)},
	{"15 minutes", MINUTES(15)},
	{"hour", MINUTES(60)},
	{"6 hours", MINUTES(360)},
	{"day", USECS_PER_DAY},
	{"week", 7 * USECS_PER_DAY, 0, 2 * USECS_PER_DAY},
	{"month", 0, 1},
	{"quarter", 0, 3},
	{"year", 0, 12},
	{"10 years", 0, 120},
	{"100 years", 0, 1200},
	{"1000 years", 0, 12000},
	{"10000 years", 0, 120000}
};

#define UNIT_DAY	5
#define UNIT_WEEK	6
#define UNIT_MONTH	7
#define UNIT_YEAR	9
#define UNIT_LAST	((int) lengthof(units) - 1)

static const char *const month_names[] = {"Jan", "Feb", "Mar", "Apr", "May",
"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const day_names[] = {"Sunday", "Monday", "Tuesday",
"Wednesday", "Thursday", "Friday", "Saturday"};

typedef struct Stretch
{
	int64		number;			/* of units since 2000 */
	int64		counts[TIMELINE_COUNTED];
	char	   *id;				/* of the newest entry that is shown, or NULL */
} Stretch;

typedef struct TimelineChart
{
	int			unit;
	Stretch    *stretches;		/* the newest first */
	int			n;
	int			max;
} TimelineChart;

/*
 * diffgen_has_date
 *		Does a time have a date, in every time zone?  Not infinity, and not
 *		what is next to the end of all times.
 */
bool
diffgen_has_date(TimestampTz at)
{
	const int64 zone = (MAX_TZDISP_HOUR + 1) * USECS_PER_HOUR;

	return at >= MIN_TIMESTAMP + zone && at < END_TIMESTAMP - zone;
}

/*
 * diffgen_local_time
 *		A time as the clock of the session's time zone shows it.
 *
 * Raises ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, as diffgen_local_date.
 */
Timestamp
diffgen_local_time(TimestampTz at)
{
	return DatumGetTimestamp(DirectFunctionCall1(timestamptz_timestamp,
												 TimestampTzGetDatum(at)));
}

/*
 * diffgen_local_date
 *		Its year, month, and so on; local is finite.
 */
void
diffgen_local_date(Timestamp local, struct pg_tm *tm, fsec_t *fsec)
{
	if (timestamp2tm(local, NULL, tm, fsec, NULL, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
}

static char *
year_name(int year)
{
	return year > 0 ? psprintf("%d", year) : psprintf("%d BC", 1 - year);
}

/*
 * diffgen_day_name
 *		A day in words; palloc'd.
 */
char *
diffgen_day_name(const struct pg_tm *tm, bool with_weekday)
{
	char	   *date = psprintf("%d %s %s", tm->tm_mday,
								month_names[tm->tm_mon - 1],
								year_name(tm->tm_year));
	int			day;

	if (!with_weekday)
		return date;
	day = j2day(date2j(tm->tm_year, tm->tm_mon, tm->tm_mday));
	return psprintf("%s, %s", day_names[day], date);
}

static int64
floor_div(int64 a, int64 b)
{
	return a / b - (a % b < 0);
}

/* The stretch that a time is in. */
static int64
stretch_of(int unit, Timestamp local)
{
	const TimeUnit *u = &units[unit];
	struct pg_tm tm;
	fsec_t		fsec;

	if (u->usecs > 0)
		return floor_div(local - u->offset, u->usecs);
	diffgen_local_date(local, &tm, &fsec);

	/* So that years begin with the century, months are counted from year 0. */
	return floor_div((int64) tm.tm_year * 12 + tm.tm_mon - 1, u->months);
}

/* When a stretch begins; of months, as a date alone. */
static void
stretch_start(int unit, int64 number, struct pg_tm *tm)
{
	const TimeUnit *u = &units[unit];
	fsec_t		fsec;

	memset(tm, 0, sizeof(*tm));
	if (u->usecs > 0)
	{
		Timestamp	start = number * u->usecs + u->offset;

		/* The first stretch can begin before time does. */
		diffgen_local_date(Max(start, MIN_TIMESTAMP), tm, &fsec);
	}
	else
	{
		tm->tm_year = floor_div(number * u->months, 12);
		tm->tm_mon = number * u->months - (int64) tm->tm_year * 12 + 1;
		tm->tm_mday = 1;
	}
}

/* The name of a stretch, in full and in short. */
static void
name_stretch(int unit, int64 number, char **label, char **tick)
{
	struct pg_tm tm;

	stretch_start(unit, number, &tm);
	if (unit >= UNIT_YEAR)
		*label = *tick = year_name(tm.tm_year);
	else if (unit > UNIT_MONTH)
		*label = *tick = psprintf("Q%d %s", (tm.tm_mon - 1) / 3 + 1,
								  year_name(tm.tm_year));
	else if (unit == UNIT_MONTH)
		*label = *tick = psprintf("%s %s", month_names[tm.tm_mon - 1],
								  year_name(tm.tm_year));
	else
	{
		char	   *day = diffgen_day_name(&tm, unit == UNIT_DAY);

		*tick = psprintf("%d %s", tm.tm_mday, month_names[tm.tm_mon - 1]);
		if (unit == UNIT_DAY)
			*label = day;
		else if (unit == UNIT_WEEK)
			*label = psprintf("week of %s", day);
		else
		{
			*label = psprintf("%s %02d:%02d", day, tm.tm_hour, tm.tm_min);
			*tick = units[unit].usecs < MINUTES(60) ?
				psprintf("%02d:%02d", tm.tm_hour, tm.tm_min) :
				psprintf("%s %02d:%02d", *tick, tm.tm_hour, tm.tm_min);
		}
	}
}

/*
 * diffgen_chart_create
 *		A chart without changes, in the current memory context.
 */
TimelineChart *
diffgen_chart_create(void)
{
	TimelineChart *chart = palloc0(sizeof(TimelineChart));

	chart->max = 64;
	chart->stretches = palloc(mul_size(chart->max, sizeof(Stretch)));
	return chart;
}

/* Add the counts of one stretch to another, which is newer. */
static void
add_counts(Stretch *to, const Stretch *from)
{
	for (int i = 0; i < TIMELINE_COUNTED; i++)
		to->counts[i] += from->counts[i];
	if (to->id == NULL)
		to->id = from->id;
}

/* Put the counts together for the next longer unit. */
static void
coarsen(TimelineChart *chart)
{
	int64		ratio = units[chart->unit + 1].usecs / units[chart->unit].usecs;
	int			n = 0;

	for (int i = 0; i < chart->n; i++)
	{
		Stretch    *stretch = &chart->stretches[i];

		stretch->number = floor_div(stretch->number, ratio);
		if (n > 0 && chart->stretches[n - 1].number == stretch->number)
			add_counts(&chart->stretches[n - 1], stretch);
		else
			chart->stretches[n++] = *stretch;
	}
	chart->n = n;
	chart->unit++;
}

/*
 * diffgen_chart_count
 *		Count a change; they come from the newest on.
 *
 * id is that of its entry, or NULL if it is not on the page; it is copied.
 * Infinite times are in no chart.  Memory comes from the current context.
 */
void
diffgen_chart_count(TimelineChart *chart, TimestampTz at, TimelineKind kind,
					const char *id)
{
	Timestamp	local;
	Stretch		stretch;

	Assert(kind < TIMELINE_COUNTED);
	if (!diffgen_has_date(at))
		return;
	local = diffgen_local_time(at);
	memset(&stretch, 0, sizeof(stretch));
	stretch.counts[kind] = 1;
	stretch.number = stretch_of(chart->unit, local);
	while (chart->n > 0 && chart->unit < UNIT_DAY &&
		   chart->stretches[0].number - stretch.number > SPAN_MAX)
	{
		coarsen(chart);
		stretch.number = stretch_of(chart->unit, local);
	}

	if (chart->n == 0 ||
		chart->stretches[chart->n - 1].number != stretch.number)
	{
		if (chart->n == chart->max)
		{
			chart->max *= 2;
			chart->stretches = repalloc(chart->stretches,
										mul_size(chart->max,
												 sizeof(Stretch)));
		}
		chart->stretches[chart->n++] = stretch;
	}
	else
		add_counts(&chart->stretches[chart->n - 1], &stretch);
	if (id != NULL && chart->stretches[chart->n - 1].id == NULL)
		chart->stretches[chart->n - 1].id = pstrdup(id);
}

/* The time that a stretch of the chart's own unit stands for. */
static Timestamp
stretch_time(const TimelineChart *chart, const Stretch *stretch)
{
	return Max(stretch->number * units[chart->unit].usecs +
			   units[chart->unit].offset, MIN_TIMESTAMP);
}

/*
 * From when to when the chart is: what was asked for, and else from the first
 * change to the last.
 */
static void
find_range(const TimelineChart *chart, const TimelineOptions *options,
		   Timestamp *first, Timestamp *last)
{
	*last = *first = stretch_time(chart, &chart->stretches[0]);
	for (int i = 0; i < chart->n; i++)
	{
		Timestamp	at = stretch_time(chart, &chart->stretches[i]);

		*first = Min(*first, at);
		*last = Max(*last, at);
	}
	if (options->has_from && diffgen_has_date(options->from))
		*first = Min(*first, diffgen_local_time(options->from));
	if (options->has_to && diffgen_has_date(options->to))
		*last = Max(*last, diffgen_local_time(options->to) - 1);
}

/*
 * diffgen_chart_finish
 *		Make the bars of a page's head.
 *
 * They are in the current memory context, but refer to the chart's own.
 */
void
diffgen_chart_finish(TimelineChart *chart, const TimelineOptions *options,
					 TimelineHead *head)
{
	Timestamp	first;
	Timestamp	last;
	int64		first_bar;
	int			unit = chart->unit;

	head->nbars = 0;
	if (chart->n == 0)
		return;
	find_range(chart, options, &first, &last);
	while (unit < UNIT_LAST &&
		   stretch_of(unit, last) - stretch_of(unit, first) >= BARS_MAX)
		unit++;
	first_bar = stretch_of(unit, first);
	head->nbars = stretch_of(unit, last) - first_bar + 1;
	if (!options->has_from && head->nbars < BARS_LEAST && unit < UNIT_YEAR)
	{
		first_bar -= BARS_LEAST - head->nbars;
		head->nbars = BARS_LEAST;
	}

	head->unit = units[unit].name;
	head->bars = palloc0(mul_size(head->nbars, sizeof(TimelineBar)));
	for (int i = 0; i < head->nbars; i++)
	{
		char	   *label;
		char	   *tick;

		name_stretch(unit, first_bar + i, &label, &tick);
		head->bars[i].label = label;
		head->bars[i].tick = tick;
	}
	for (int i = 0; i < chart->n; i++)
	{
		const Stretch *stretch = &chart->stretches[i];
		TimelineBar *bar = &head->bars[stretch_of(unit,
												  stretch_time(chart,
															   stretch)) -
									   first_bar];

		for (int kind = 0; kind < TIMELINE_COUNTED; kind++)
			bar->counts[kind] += stretch->counts[kind];
		if (bar->id == NULL)
			bar->id = stretch->id;
	}
}
