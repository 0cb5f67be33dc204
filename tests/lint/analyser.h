/*
 * Read before every file that clang-tidy looks at: tells it, which sees one
 * file at a time, that the functions that report an error give its code back.
 * Else it follows paths on which a failure looks like a success.
 */
#ifndef SST_TESTS_LINT_ANALYSER_H
#define SST_TESTS_LINT_ANALYSER_H

#include "base/error.h"

static inline int
analyser_code(int ignored, int code)
{
	(void)ignored;
	return code;
}

#define sst_error_set(err, code, ...)                                          \
	analyser_code((sst_error_set)((err), (code), __VA_ARGS__), (code))
#define sst_error_nomem(err) analyser_code((sst_error_nomem)(err), SST_NOMEM)
#define sst_error_prefix(err, ...)                                             \
	analyser_code((sst_error_prefix)((err), __VA_ARGS__), SST_INTERNAL)

#endif
