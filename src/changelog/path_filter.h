/*-------------------------------------------------------------------------
 *
 * path_filter.h
 *	  Picks changes by their paths.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_PATH_FILTER_H
#define DIFFGEN_PATH_FILTER_H

#include "postgres.h"

extern struct PathFilter *diffgen_path_filter(const char *option, int n,
											  char **patterns);
extern bool diffgen_path_matches(const struct PathFilter *filter,
								 const char *path);

#endif							/* DIFFGEN_PATH_FILTER_H */
