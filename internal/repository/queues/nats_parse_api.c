/* Answers to requests to $JS.API. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repository/queues/nats_json.h"

static void
api_reject(const struct nats_into *into, const char *list, size_t index,
    const struct nats_fault *fault)
{
	char pointer[96];

	if (into->reject == NULL)
		return;
	snprintf(
	    pointer, sizeof(pointer), "/%s/%zu%s", list, index, fault->member);
	into->reject(into->ctx, pointer, fault->reason);
}

/* The array of a list, and its total. */
static int
api_list(const json_t *tree, const char *name, const json_t **list,
    struct nats_page *page, struct sst_error *err)
{
	*list = json_object_get(tree, name);
	/* null is how an empty one may be spelled */
	if (*list != NULL && !json_is_array(*list) && !json_is_null(*list))
		return sst_error_set(err, SST_TYPE, "/%s: not an array", name);
	if (!nats__json_int(tree, "total", &page->total) || page->total < 0)
		return sst_error_set(
		    err, SST_TYPE, "/total: not an integer of at least 0");
	page->rows = json_array_size(*list);
	return SST_OK;
}

static int
names_add(const json_t *list, const struct nats_into *into,
    struct sst_error *err)
{
	const struct nats_fault fault = {"", "not a name"};
	struct nats_stream row = {.created = ""};
	size_t i;
	int code = SST_OK;

	for (i = 0; code == SST_OK && i < json_array_size(list); i++) {
		row.name = json_string_value(json_array_get(list, i));
		if (row.name != NULL && row.name[0] != '\0')
			code = nats__catalog_remember(
			    into->catalog, &row, err);
		else
			api_reject(into, "streams", i, &fault);
	}
	return code;
}

int
nats__parse_stream_names(const char *bytes, size_t len,
    const struct nats_into *into, struct nats_page *page_out,
    struct sst_error *err)
{
	struct nats_page page = {0};
	const json_t *list = NULL;
	json_t *tree = NULL;
	int code = nats__json_answer(bytes, len, &tree, err);

	if (code != SST_OK)
		return code;
	code = api_list(tree, "streams", &list, &page, err);
	if (code == SST_OK)
		code = names_add(list, into, err);
	json_decref(tree);
	if (code == SST_OK)
		*page_out = page;
	return code;
}

static int
list_consumers(const json_t *list, const struct nats_into *into,
    struct sst_error *err)
{
	struct nats_stream *s = &into->catalog->streams[into->stream];
	struct nats_arena *arena = &into->catalog->arena;
	size_t i, n = json_array_size(list);
	struct nats_consumer *all;
	struct nats_fault fault;

	all = nats__arena_take(arena, (s->consumer_count + n) * sizeof(*all));
	if (all == NULL)
		return sst_error_nomem(err);
	if (s->consumer_count > 0)
		memcpy(all, s->consumers, s->consumer_count * sizeof(*all));
	s->consumers = all;
	for (i = 0; i < n; i++) {
		if (nats__json_consumer(json_array_get(list, i), arena,
			&all[s->consumer_count], &fault)) {
			s->consumer_count++;
			continue;
		}
		if (fault.reason == NULL)
			return sst_error_nomem(err);
		api_reject(into, "consumers", i, &fault);
	}
	return SST_OK;
}

int
nats__parse_consumer_list(const char *bytes, size_t len,
    const struct nats_into *into, struct nats_page *page_out,
    struct sst_error *err)
{
	struct nats_page page = {0};
	const json_t *list = NULL;
	json_t *tree = NULL;
	int code = nats__json_answer(bytes, len, &tree, err);

	if (code != SST_OK)
		return code;
	code = api_list(tree, "consumers", &list, &page, err);
	if (code == SST_OK)
		code = list_consumers(list, into, err);
	json_decref(tree);
	if (code == SST_OK)
		*page_out = page;
	return code;
}

static int
api_fault(const struct nats_fault *fault, struct sst_error *err)
{
	if (fault->reason == NULL)
		return sst_error_nomem(err);
	return sst_error_set(
	    err, SST_TYPE, "%s: %s", fault->member, fault->reason);
}

int
nats__parse_consumer_info(const char *bytes, size_t len,
    struct nats_arena *arena, struct nats_consumer *out, struct sst_error *err)
{
	struct nats_fault fault;
	struct nats_consumer c;
	json_t *tree = NULL;
	int code = nats__json_answer(bytes, len, &tree, err);

	if (code != SST_OK)
		return code;
	if (nats__json_consumer(tree, arena, &c, &fault))
		*out = c;
	else
		code = api_fault(&fault, err);
	json_decref(tree);
	return code;
}

static int
sequence_order(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool
info_gone(const json_t *state, struct nats_arena *arena, struct nats_info *info)
{
	const json_t *list = json_object_get(state, "deleted");
	size_t i, n = json_array_size(list);

	info->gone = nats__arena_take(arena, n * sizeof(*info->gone));
	if (info->gone == NULL)
		return false;
	for (i = 0; i < n; i++) {
		const json_t *item = json_array_get(list, i);

		if (json_is_integer(item))
			info->gone[info->gone_count++] =
			    json_integer_value(item);
	}
	if (info->gone_count > 1)
		qsort(info->gone, info->gone_count, sizeof(*info->gone),
		    sequence_order);
	info->gone_known = (int64_t)info->gone_count == info->stream.deleted;
	return true;
}

static bool
info_subjects(const json_t *tree, const json_t *state, struct nats_arena *arena,
    struct nats_info *info)
{
	const json_t *all = json_object_get(state, "subjects");
	void *at = json_object_iter((void *)(uintptr_t)all);
	size_t n = json_object_size(all);
	int64_t total = -1;

	info->subjects = nats__arena_take(arena, n * sizeof(*info->subjects));
	if (info->subjects == NULL)
		return false;
	for (; at != NULL;
	     at = json_object_iter_next((void *)(uintptr_t)all, at)) {
		struct nats_subject *s = &info->subjects[info->subject_count];
		const json_t *count = json_object_iter_value(at);

		if (!json_is_integer(count))
			continue;
		s->count = json_integer_value(count);
		s->name = nats__arena_text(arena, json_object_iter_key(at));
		if (s->name == NULL)
			return false;
		info->subject_count++;
	}
	nats__json_int(tree, "total", &total);
	info->subjects_known =
	    info->subject_count == n &&
	    (total < 0 || total == (int64_t)n) &&
	    (all != NULL || info->stream.messages == 0);
	return true;
}

int
nats__parse_stream_info(const char *bytes, size_t len,
    struct nats_arena *arena, struct nats_info *out, struct sst_error *err)
{
	const json_t *state;
	struct nats_fault fault;
	struct nats_info info = {.gone = NULL};
	json_t *tree = NULL;
	int code = nats__json_answer(bytes, len, &tree, err);

	if (code != SST_OK)
		return code;
	state = json_object_get(tree, "state");
	if (!nats__json_stream(tree, arena, &info.stream, &fault))
		code = api_fault(&fault, err);
	else if (!info_gone(state, arena, &info) ||
		 !info_subjects(tree, state, arena, &info))
		code = sst_error_nomem(err);
	json_decref(tree);
	if (code == SST_OK)
		*out = info;
	return code;
}
