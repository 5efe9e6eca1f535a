/*-------------------------------------------------------------------------
 *
 * options_view.h
 *	  The options that say what of a jsonb document is seen, and what in its
 *	  arrays is the same thing.
 *
 * Private to options.c and options_view.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_OPTIONS_VIEW_H
#define DIFFGEN_OPTIONS_VIEW_H

#include "functions/options.h"
#include "utils/jsonb.h"

extern void diffgen_parse_ignore(const char *name, const JsonbValue *value,
								 DiffgenOptions *options);
extern void diffgen_parse_redact(const char *name, const JsonbValue *value,
								 DiffgenOptions *options);
extern void diffgen_parse_keys(const char *name, const JsonbValue *value,
							   DiffgenOptions *options);
extern void diffgen_add_preset(const char *name, const char *preset,
							   DiffgenOptions *options);

#endif							/* DIFFGEN_OPTIONS_VIEW_H */
