/* The formats of draft 2020-12 as predicates over strings. Pure functions. */
#ifndef SST_SCHEMA_FORMAT_H
#define SST_SCHEMA_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

struct format {
	const char *name;
	bool (*check)(const char *text, size_t len);
	const char *expected; /* what is allowed, for messages */
};

/* NULL for a format that is not known here (it is then ignored). */
const struct format *schema__format_find(const char *name);

bool schema__is_date(const char *text, size_t len);
bool schema__is_time(const char *text, size_t len);
bool schema__is_date_time(const char *text, size_t len);
bool schema__is_duration(const char *text, size_t len);
bool schema__is_ipv4(const char *text, size_t len);
bool schema__is_ipv6(const char *text, size_t len);
bool schema__is_hostname(const char *text, size_t len);
bool schema__is_idn_hostname(const char *text, size_t len);
bool schema__is_email(const char *text, size_t len);
bool schema__is_idn_email(const char *text, size_t len);
bool schema__is_uri(const char *text, size_t len);
bool schema__is_uri_reference(const char *text, size_t len);
bool schema__is_iri(const char *text, size_t len);
bool schema__is_iri_reference(const char *text, size_t len);
bool schema__is_uri_template(const char *text, size_t len);
bool schema__is_uuid(const char *text, size_t len);
bool schema__is_json_pointer(const char *text, size_t len);
bool schema__is_relative_json_pointer(const char *text, size_t len);

#endif
