/*-------------------------------------------------------------------------
 *
 * timeline_page.h
 *	  Writes a web page of changes in the order of time.
 *
 * All strings are in the encoding of the options, end with a zero byte and
 * are the caller's; nothing is kept of them but where it is said.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_TIMELINE_PAGE_H
#define DIFFGEN_TIMELINE_PAGE_H

#include "core/core.h"
#include "core/html.h"

/* What kind of change it is, for its colour; notes are not counted. */
typedef enum TimelineKind
{
	TIMELINE_CHANGED,
	TIMELINE_ADDED,
	TIMELINE_REMOVED,
	TIMELINE_NOTE
} TimelineKind;

#define TIMELINE_COUNTED	3	/* kinds before TIMELINE_NOTE */

/* A name and a value. */
typedef struct TimelinePair
{
	const char *name;
	const char *value;
} TimelinePair;

/* One entry.  Pointers may be NULL where there is nothing to say. */
typedef struct TimelineEntry
{
	TimelineKind kind;
	const char *id;				/* a number, unique on the page */
	const char *datetime;		/* as HTML wants it, or NULL */
	const char *clock;			/* time of the day, for people */
	const char *exact_time;		/* the same with all there is */
	const char *operation;
	const char *key;			/* which row, in one line */
	const char *document;
	const char *words;			/* what happened, beside or for the paths */
	int			npaths;
	char	  **paths;
	bool		has_lines;
	int32		added;
	int32		removed;
	const char *person;			/* who did it ... */
	int			person_number;	/* for the colour */
	const char *role;			/* ... acting as, if that is another name */
	int			nfacts;			/* what else is known */
	TimelinePair *facts;
	const char *diff;			/* unified diff */
	Size		diff_len;
	const char *no_diff;		/* why none is shown */
	int			nstatements;	/* SQL that goes on from here */
	char	  **statements;
} TimelineEntry;

/* Who made changes, and how many. */
typedef struct TimelinePerson
{
	const char *name;
	int			number;			/* as in the entries */
	int64		count;
} TimelinePerson;

/* One bar of the chart. */
typedef struct TimelineBar
{
	int64		counts[TIMELINE_COUNTED];
	const char *label;			/* the time that it is for */
	const char *tick;			/* the same in short, below it, or NULL */
	const char *id;				/* of its first entry on the page, or NULL */
} TimelineBar;

/* What stands above the entries, and is known when they have been seen. */
typedef struct TimelineHead
{
	const char *title;
	const char *zone;			/* time zone */
	const char *first_time;		/* of the changes counted, or NULL */
	const char *last_time;
	int			nfilters;		/* what was left out */
	TimelinePair *filters;
	int64		nchanges;		/* all that there are */
	int64		nshown;
	int			npeople;		/* those who changed most */
	TimelinePerson *people;
	int64		nothers;		/* how many there are besides */
	const char *unit;			/* what a bar is for */
	int			nbars;
	TimelineBar *bars;
} TimelineHead;

typedef struct TimelinePage
{
	StringInfo	out;
	HtmlOptions html;			/* how diffs are shown */
	Size		start;			/* where in out the page begins */
	bool		in_day;
	StringInfoData scratch;
} TimelinePage;

extern void dg_timeline_begin(TimelinePage *page, StringInfo out,
							  const HtmlOptions *html);
extern void dg_timeline_day(TimelinePage *page, const char *day);
extern void dg_timeline_entry(TimelinePage *page, const TimelineEntry *entry);
extern void dg_timeline_end(TimelinePage *page, const TimelineHead *head);

#endif							/* DIFFGEN_TIMELINE_PAGE_H */
