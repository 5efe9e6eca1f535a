/*-------------------------------------------------------------------------
 *
 * html.h
 *	  Shows a unified diff on a web page.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_HTML_H
#define DIFFGEN_HTML_H

#include "core/core.h"
#include "core/unified_read.h"
#include "core/words.h"

typedef struct HtmlOptions
{
	WordOptions words;
	bool		side_by_side;
	bool		page;			/* a whole page */
	bool		bare;			/* without the style sheet */
} HtmlOptions;

extern void dg_html_text(StringInfo out, const TextEncoding *encoding,
						 const char *p, Size len);
extern void dg_html_plain(StringInfo out, const TextEncoding *encoding,
						  const char *p, Size len);
extern void dg_html_style(StringInfo out);
extern bool dg_html(const char *diff, Size len, const HtmlOptions *options,
					StringInfo out, UnifiedReader *reader);

#endif							/* DIFFGEN_HTML_H */
