#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "support/kube_api_priv.h"

bool
kube__read(struct kube_exchange *x)
{
	if (stage_read(x->connection, x->head) == 0 ||
	    sscanf(x->head, "GET %16383s", x->target) != 1)
		return false;
	snprintf(x->path, sizeof(x->path), "%.*s", (int)strcspn(x->target, "?"),
	    x->target);
	return true;
}

static int
param_hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* As Go reads a query: a plus is a space. */
static void
param_decode(const char *value, size_t len, char *out, size_t size)
{
	size_t i, n = 0;

	for (i = 0; i < len && n + 1 < size; i++) {
		if (value[i] == '%' && i + 2 < len) {
			out[n++] = (char)(param_hex(value[i + 1]) * 16 +
					  param_hex(value[i + 2]));
			i += 2;
		} else {
			out[n++] = value[i] == '+' ? ' ' : value[i];
		}
	}
	out[n] = '\0';
}

bool
kube__param(
    const struct kube_exchange *x, const char *name, char *out, size_t size)
{
	const char *at = strchr(x->target, '?');
	size_t len = strlen(name), end;

	while (at != NULL) {
		at++;
		end = strcspn(at, "&");
		if (end > len && strncmp(at, name, len) == 0 &&
		    at[len] == '=') {
			param_decode(at + len + 1, end - len - 1, out, size);
			return true;
		}
		at = strchr(at, '&');
	}
	return false;
}

bool
kube__header_has(
    const struct kube_exchange *x, const char *header, const char *word)
{
	const char *line = strchr(x->head, '\n'), *end, *found;
	size_t len = strlen(header);

	while (line != NULL && *++line != '\r') {
		end = strchr(line, '\n');
		if (strncasecmp(line, header, len) == 0 && line[len] == ':') {
			found = strstr(line, word);
			return found != NULL && found < end;
		}
		line = end;
	}
	return false;
}
