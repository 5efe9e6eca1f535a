/*-------------------------------------------------------------------------
 *
 * timeline.h
 *	  What diffgen_timeline_html is asked for, and its chart.
 *
 * Private to the files whose names begin with timeline.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_TIMELINE_H
#define DIFFGEN_TIMELINE_H

#include "postgres.h"

#include "changelog/path_filter.h"
#include "changelog/tracking.h"
#include "core/timeline_page.h"
#include "functions/options.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

/* Strings that an option lists. */
typedef struct OptionStrings
{
	int			n;				/* 0: the option is not there */
	char	  **items;
} OptionStrings;

typedef struct TimelineOptions
{
	DiffgenOptions shared;		/* layout, granularity */
	bool		has_from;		/* times are from one on ... */
	bool		has_to;			/* ... and before the other */
	TimestampTz from;
	TimestampTz to;
	OptionStrings documents;
	OptionStrings operations;
	OptionStrings changed_by;
	OptionStrings paths;
	struct PathFilter *path_filter; /* NULL if there are no paths */
	OptionStrings who;			/* members of the context that name a person */
	int32		limit;			/* entries on the page */
	int32		lines;			/* most lines of a diff that is shown */
	char	   *title;			/* or NULL */
} TimelineOptions;

/* Values for some columns of the key. */
typedef struct TimelineKey
{
	int			n;				/* columns that have one */
	Datum	   *values;			/* for each column of the key */
	char	  **texts;			/* the same as text; NULL if there is none */
} TimelineKey;

extern void diffgen_timeline_options(Jsonb *document,
									 const Tracking *tracking,
									 TimelineOptions *options);
extern void diffgen_timeline_key(Jsonb *document, const Tracking *tracking,
								 TimelineKey *key);

/* A row of the changelog, and what it is a row of. */
typedef struct TimelineRow
{
	const Tracking *tracking;
	const TimelineOptions *options;
	bool		one_row;		/* all entries are of the same row */
	TupleDesc	tupdesc;
	HeapTuple	tuple;
	Datum	   *values;			/* one for each column */
	bool	   *nulls;
} TimelineRow;

/* timeline_entry.c */
extern TimelineKind diffgen_timeline_kind(const TimelineRow *row);
extern void diffgen_timeline_paths(const TimelineRow *row, int *npaths,
								   char ***paths);
extern char *diffgen_timeline_person(const TimelineRow *row);
extern char *diffgen_timeline_id(const TimelineRow *row);
extern void diffgen_timeline_entry(const TimelineRow *row,
								   TimelineEntry *entry);

/* timeline_chart.c */
extern struct TimelineChart *diffgen_chart_create(void);
extern void diffgen_chart_count(struct TimelineChart *chart, TimestampTz at,
								TimelineKind kind, const char *id);
extern void diffgen_chart_finish(struct TimelineChart *chart,
								 const TimelineOptions *options,
								 TimelineHead *head);
extern bool diffgen_has_date(TimestampTz at);
extern Timestamp diffgen_local_time(TimestampTz at);
extern void diffgen_local_date(Timestamp local, struct pg_tm *tm,
							   fsec_t *fsec);
extern char *diffgen_day_name(const struct pg_tm *tm, bool with_weekday);

#endif							/* DIFFGEN_TIMELINE_H */
