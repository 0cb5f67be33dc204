/* What stands in a kubeconfig, by its type. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "repository/kube/kube_priv.h"

enum { VALUE_PLACE = 300, VALUE_LIST_MAX = 1000, VALUE_MERGES = 4 };

int
kube__entry_refuse(const struct kube_entry *entry,
    const struct sst_config_node *node, struct sst_error *err, const char *fmt,
    ...)
{
	char place[VALUE_PLACE], why[VALUE_PLACE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (node == NULL)
		snprintf(place, sizeof(place), "%s", entry->file->path);
	else
		snprintf(place, sizeof(place), "%s:%u", entry->file->path,
		    node->line);
	return sst_error_set(err, SST_INVALID, "%s: %s \"%.64s\": %s", place,
	    entry->what, entry->name, why);
}

static const struct sst_config_node *
value_member(const struct sst_config_node *map, const char *key, int merges)
{
	const struct sst_config_node *node, *more;

	if (map == NULL || map->kind != SST_CONFIG_MAP)
		return NULL;
	node = sst_config_node_member(map, key);
	more = sst_config_node_member(map, "<<");
	if (node != NULL || more == NULL || merges == 0)
		return node;
	if (more->kind != SST_CONFIG_LIST)
		return value_member(more, key, merges - 1);
	for (more = more->first; more != NULL && node == NULL;
	     more = more->next)
		node = value_member(more, key, merges - 1);
	return node;
}

const struct sst_config_node *
kube__member(const struct sst_config_node *map, const char *key)
{
	const struct sst_config_node *node =
	    value_member(map, key, VALUE_MERGES);

	return sst_config_node_is_null(node) ? NULL : node;
}

int
kube__entry_text(const struct kube_entry *entry, const char *key,
    const char **out, struct sst_error *err)
{
	const struct sst_config_node *node = kube__member(entry->map, key);

	if (node != NULL && node->kind != SST_CONFIG_SCALAR)
		return kube__entry_refuse(
		    entry, node, err, "%s must be a text", key);
	*out = node == NULL || node->text[0] == '\0' ? NULL : node->text;
	return SST_OK;
}

int
kube__entry_copy(const struct kube_entry *entry, const char *key,
    char **out, struct sst_error *err)
{
	const char *text = NULL;
	int code = kube__entry_text(entry, key, &text, err);

	if (code != SST_OK || text == NULL)
		return code;
	*out = strdup(text);
	return *out == NULL ? sst_error_nomem(err) : SST_OK;
}

char *
kube__path_beside(const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	struct sst_buf out = SST_BUF_INIT;

	if (path[0] != '/' && slash != NULL)
		sst_buf_add(&out, file, (size_t)(slash + 1 - file));
	sst_buf_adds(&out, path);
	if (sst_buf_failed(&out))
		sst_buf_fini(&out);
	return sst_buf_take(&out, NULL);
}

int
kube__entry_path(const struct kube_entry *entry, const char *key,
    char **out, struct sst_error *err)
{
	const char *text = NULL;
	int code = kube__entry_text(entry, key, &text, err);

	if (code != SST_OK || text == NULL)
		return code;
	*out = kube__path_beside(entry->file->path, text);
	return *out == NULL ? sst_error_nomem(err) : SST_OK;
}

static int
base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/*
 * Into out, which has room for it; the length, or -1: not base64 (padding is
 * needed, white space is not seen).
 */
static long
base64_decode(const char *text, char *out)
{
	uint32_t bits = 0;
	long len = 0;
	int digit, count = 0, padding = 0;

	for (; *text != '\0'; text++) {
		if (strchr(" \t\r\n", *text) != NULL)
			continue;
		digit = *text == '=' ? 0 : base64_digit(*text);
		if (digit < 0 || (padding > 0 && *text != '='))
			return -1;
		padding += *text == '=';
		bits = bits << 6 | (uint32_t)digit;
		if (++count % 4 != 0)
			continue;
		if (padding > 2)
			return -1;
		out[len++] = (char)(bits >> 16);
		out[len++] = (char)(bits >> 8);
		out[len++] = (char)bits;
		len -= padding;
	}
	return count % 4 == 0 ? len : -1;
}

static const char *
pem_fault(const char *data, long len)
{
	if (len < 0)
		return "is not base64";
	if (memchr(data, '\0', (size_t)len) != NULL ||
	    strstr(data, "-----BEGIN ") == NULL)
		return "is no PEM once decoded";
	return NULL;
}

int
kube__entry_pem(const struct kube_entry *entry, const char *key,
    char **out, struct sst_error *err)
{
	const char *text = NULL, *fault;
	size_t room;
	char *data;
	long len;
	int code = kube__entry_text(entry, key, &text, err);

	if (code != SST_OK || text == NULL)
		return code;
	room = strlen(text) / 4 * 3 + 4;
	data = calloc(1, room);
	if (data == NULL)
		return sst_error_nomem(err);
	len = base64_decode(text, data);
	fault = pem_fault(data, len);
	if (fault != NULL) {
		explicit_bzero(data, room);
		free(data);
		return kube__entry_refuse(entry, kube__member(entry->map, key),
		    err, "%s %s", key, fault);
	}
	*out = data;
	return SST_OK;
}

int
kube__entry_bool(const struct kube_entry *entry, const char *key,
    bool *out, struct sst_error *err)
{
	static const char *const words[2][4] = {
	    {"false", "no", "off", "n"}, {"true", "yes", "on", "y"}};
	const struct sst_config_node *node = kube__member(entry->map, key);
	size_t i;

	if (node == NULL)
		return SST_OK;
	for (i = 0; node->kind == SST_CONFIG_SCALAR && i < 8; i++) {
		if (strcasecmp(node->text, words[i / 4][i % 4]) != 0)
			continue;
		*out = i >= 4;
		return SST_OK;
	}
	return kube__entry_refuse(
	    entry, node, err, "%s must be true or false", key);
}

int
kube__entry_list(const struct kube_entry *entry, const char *key,
    char ***out, struct sst_error *err)
{
	const struct sst_config_node *list = kube__member(entry->map, key), *n;
	char **texts;
	size_t i = 0;

	if (list == NULL || (list->kind == SST_CONFIG_LIST && list->count == 0))
		return SST_OK;
	if (list->kind != SST_CONFIG_LIST || list->count > VALUE_LIST_MAX)
		return kube__entry_refuse(
		    entry, list, err, "%s must be a list of texts", key);
	texts = calloc(list->count + 1, sizeof(*texts));
	if (texts == NULL)
		return sst_error_nomem(err);
	for (n = list->first; n != NULL; n = n->next) {
		if (n->kind != SST_CONFIG_SCALAR) {
			kube__wipe_list(&texts);
			return kube__entry_refuse(entry, n, err,
			    "%s must be a list of texts", key);
		}
		texts[i] = strdup(n->text);
		if (texts[i++] == NULL) {
			kube__wipe_list(&texts);
			return sst_error_nomem(err);
		}
	}
	*out = texts;
	return SST_OK;
}
