#include "support/starve.h"

#include <jansson.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
char *__wrap_strdup(const char *text);

json_t *__real_json_loadb(
    const char *text, size_t len, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(
    const char *text, size_t len, size_t flags, json_error_t *error);

static long countdown = -1; /* allocations until one fails; < 0: never */

static bool
fails(void)
{
	return countdown >= 0 && countdown-- == 0;
}

void *
__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

void *
__wrap_aligned_alloc(size_t align, size_t size)
{
	return fails() ? NULL : __real_aligned_alloc(align, size);
}

char *
__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

/* jansson 2.14 loses characters when its parser runs out of memory, and says
 * nothing: no failures in there. */
json_t *
__wrap_json_loadb(
    const char *text, size_t len, size_t flags, json_error_t *error)
{
	long kept = countdown;
	json_t *json;

	countdown = -1;
	json = __real_json_loadb(text, len, flags, error);
	countdown = kept;
	return json;
}

void
starve_init(void)
{
	json_set_alloc_funcs(__wrap_malloc, free);
}

void
starve_after(long n)
{
	countdown = n;
}

bool
starve_end(void)
{
	bool failed = countdown < 0;

	countdown = -1;
	return failed;
}
