/* What the test double knows to answer. */
#include "support/upstream_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
route_free(struct upstream_route *route)
{
	if (route == NULL)
		return;
	free(route->target);
	free(route->bytes);
	free(route);
}

/* With the mutex held. */
static void
route_remove(struct upstream *up, const char *target)
{
	struct upstream_route **at = &up->routes, *route;

	while ((route = *at) != NULL) {
		if (strcmp(route->target, target) == 0) {
			*at = route->next;
			route_free(route);
			return;
		}
		at = &route->next;
	}
}

bool
upstream_answer(struct upstream *up, const char *target, int status,
    const void *bytes, size_t len)
{
	struct upstream_route *route = calloc(1, sizeof(*route));

	if (route == NULL)
		return false;
	route->target = strdup(target);
	route->bytes = malloc(len + 1);
	if (route->target == NULL || route->bytes == NULL) {
		route_free(route);
		return false;
	}
	memcpy(route->bytes, bytes, len);
	route->len = len;
	route->status = status;
	pthread_mutex_lock(&up->stage.mutex);
	route_remove(up, target);
	route->next = up->routes;
	up->routes = route;
	pthread_mutex_unlock(&up->stage.mutex);
	return true;
}

bool
upstream_answer_text(
    struct upstream *up, const char *target, int status, const char *text)
{
	return upstream_answer(up, target, status, text, strlen(text));
}

bool
upstream_answer_file(
    struct upstream *up, const char *target, int status, const char *path)
{
	struct sst_buf bytes = SST_BUF_INIT;
	char part[4096];
	FILE *file = fopen(path, "rb");
	size_t n;
	bool ok;

	if (file == NULL)
		return false;
	sst_buf_add(&bytes, "", 0);
	while ((n = fread(part, 1, sizeof(part), file)) > 0)
		sst_buf_add(&bytes, part, n);
	ok = !ferror(file) && !sst_buf_failed(&bytes);
	fclose(file);
	ok = ok && upstream_answer(up, target, status,
		       bytes.len > 0 ? bytes.data : "", bytes.len);
	sst_buf_fini(&bytes);
	return ok;
}

static bool
route_line(struct upstream *up, const char *folder, const char *line)
{
	char target[2048], file[256], path[1024];
	int status;

	if (line[0] == '#' || line[0] == '\n')
		return true;
	if (sscanf(line, "%2047s %d %255s", target, &status, file) != 3)
		return false;
	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return upstream_answer_file(up, target, status, path);
}

bool
upstream_load(struct upstream *up, const char *list_path)
{
	char folder[512], line[4096];
	char *slash;
	FILE *list = fopen(list_path, "r");
	bool ok = true;

	if (list == NULL)
		return false;
	snprintf(folder, sizeof(folder), "%s", list_path);
	slash = strrchr(folder, '/');
	if (slash != NULL)
		*slash = '\0';
	while (ok && fgets(line, sizeof(line), list) != NULL)
		ok = route_line(up, folder, line);
	fclose(list);
	return ok;
}

void
upstream_headers(struct upstream *up, const char *lines)
{
	pthread_mutex_lock(&up->stage.mutex);
	snprintf(up->headers, sizeof(up->headers), "%s", lines);
	pthread_mutex_unlock(&up->stage.mutex);
}

void
upstream_forget(struct upstream *up)
{
	struct upstream_route *route;

	pthread_mutex_lock(&up->stage.mutex);
	while ((route = up->routes) != NULL) {
		up->routes = route->next;
		route_free(route);
	}
	pthread_mutex_unlock(&up->stage.mutex);
}
