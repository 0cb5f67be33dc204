/* URI references (RFC 3986). Pure functions; results are malloc'd, NULL when
 * memory ran out. */
#ifndef SST_SCHEMA_URI_H
#define SST_SCHEMA_URI_H

#include <stdbool.h>

/* ref resolved against base, as RFC 3986 section 5.2 says, without fragment. */
char *schema__uri_resolve(const char *base, const char *ref);
/* The bytes after '#', percent-decoded; "" when there is none. NULL also for
 * a broken percent sign: tell by checking `*bad`. */
char *schema__uri_fragment(const char *ref, bool *bad);
/* Whether text has a scheme ("name:"). */
bool schema__uri_absolute(const char *text);

#endif
