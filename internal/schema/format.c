#include "schema/format.h"

#include <string.h>

#include "schema/regex.h"

static const struct format formats[] = {
    {"date", schema__is_date, "a date as 2026-11-21 (RFC 3339)"},
    {"date-time", schema__is_date_time,
	"a date and time as 2026-11-21T04:05:06Z (RFC 3339)"},
    {"duration", schema__is_duration, "a duration as P1DT12H (ISO 8601)"},
    {"email", schema__is_email, "an e-mail address"},
    {"hostname", schema__is_hostname, "a host name"},
    {"idn-email", schema__is_idn_email, "an e-mail address"},
    {"idn-hostname", schema__is_idn_hostname, "a host name"},
    {"ipv4", schema__is_ipv4, "an IPv4 address as 192.0.2.1"},
    {"ipv6", schema__is_ipv6, "an IPv6 address as 2001:db8::1"},
    {"iri", schema__is_iri, "an absolute IRI"},
    {"iri-reference", schema__is_iri_reference, "an IRI reference"},
    {"json-pointer", schema__is_json_pointer, "a JSON Pointer (RFC 6901)"},
    {"regex", schema__regex_check, "a regular expression of ECMA-262"},
    {"relative-json-pointer", schema__is_relative_json_pointer,
	"a relative JSON Pointer as 1/name"},
    {"time", schema__is_time, "a time as 04:05:06Z (RFC 3339)"},
    {"uri", schema__is_uri, "an absolute URI (RFC 3986)"},
    {"uri-reference", schema__is_uri_reference, "a URI reference (RFC 3986)"},
    {"uri-template", schema__is_uri_template, "a URI template (RFC 6570)"},
    {"uuid", schema__is_uuid, "a UUID as 123e4567-e89b-12d3-a456-426614174000"},
};

const struct format *
schema__format_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	}
	return NULL;
}
