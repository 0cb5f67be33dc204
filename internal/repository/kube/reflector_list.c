/*
 * A list, page by page. Objects go to the sink while a page is still coming
 * in: nothing is held but the one that is being cut out.
 */
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/text.h"
#include "repository/kube/reflector_priv.h"

enum {
	/* The API server itself gives a request up after 60 s. */
	LIST_ANSWER_MS = 60000,
	LIST_IDLE_MS = 30000,
	LIST_PAGE_MS = 120000,
	/* Fifty million objects: a server that never comes to the end. */
	LIST_PAGES = 100000,
	/* Lists from here on leave holes that glibc keeps. */
	LIST_LARGE = 1000,
	/* Lists again after so long, and up to a quarter more, though nothing
	 * seems to be wrong: for what a watch of a restored server hides. */
	LIST_AGAIN_MS = 6 * 3600 * 1000
};

static void
list_begin(struct sst_kube_reflector *r)
{
	if (r->run.begun)
		return;
	r->run.begun = true;
	r->sink.begin(r->sink.ctx);
}

int
reflector__list_object(
    const char *json, size_t len, void *ctx, struct sst_error *err)
{
	struct sst_kube_reflector *r = ctx;

	if (reflector__stopping(r))
		return sst_error_set(err, SST_CANCELED, "told to stop");
	list_begin(r);
	r->run.objects++;
	reflector__deliver(r, SST_KUBE_LISTED, json, len);
	return SST_OK;
}

static void
list_opened(void *ctx)
{
	reflector__heard(ctx);
}

static bool
list_piece(const char *bytes, size_t len, void *ctx)
{
	struct sst_kube_reflector *r = ctx;

	reflector__heard(r);
	r->run.code =
	    sst_kube_cutter_feed(r->list_cutter, bytes, len, &r->run.err);
	return r->run.code == SST_OK;
}

/* token NULL: the first page. False when memory ran out. */
static bool
list_path(
    const struct sst_kube_reflector *r, const char *token, struct sst_buf *out)
{
	sst_buf_addf(out, "%s?limit=%ld", r->path, r->page_size);
	if (token != NULL) {
		sst_buf_adds(out, "&continue=");
		sst_text_percent_encode(token, strlen(token), out);
	}
	sst_buf_adds(out, r->selector);
	return !sst_buf_failed(out);
}

static int
list_ask(struct sst_kube_reflector *r, const char *path,
    struct sst_httpc_response *out, struct sst_error *err)
{
	struct sst_mono now = sst_clock_mono(r->clock);
	const struct sst_kube_request request = {
	    .path = path,
	    .accept =
		r->metadata_only
		    ? "application/json;as=PartialObjectMetadataList;v=v1;"
		      "g=meta.k8s.io,application/json"
		    : NULL,
	    .max_bytes = REFLECTOR_REFUSAL_BYTES,
	    .deadline = sst_mono_add_ms(now, LIST_ANSWER_MS),
	    .compressed = true,
	    .idle_ms = LIST_IDLE_MS,
	    .until = sst_mono_add_ms(now, LIST_PAGE_MS),
	    .opened = list_opened,
	    .piece = list_piece,
	    .ctx = r,
	};

	r->run.code = SST_OK;
	sst_kube_cutter_reset(r->list_cutter);
	return sst_kube_stream(r->http, &request, out, err);
}

static bool
list_failed(struct sst_kube_reflector *r, const struct sst_error *err)
{
	r->run.outcome.end = REFLECTOR_FAILED;
	r->run.outcome.err = *err;
	return false;
}

/* What is wrong with the body of an answer that was right. */
static bool
list_unreadable(struct sst_kube_reflector *r, struct sst_error *err)
{
	sst_error_prefix(err, "GET %s", r->path);
	return list_failed(r, err);
}

static bool
list_page_end(struct sst_kube_reflector *r, struct reflector_page *out)
{
	const char *metadata;
	struct sst_error err;
	size_t len = 0;

	if (sst_kube_cutter_end(r->list_cutter, &err) != SST_OK)
		return list_unreadable(r, &err);
	metadata = sst_kube_cutter_metadata(r->list_cutter, &len);
	if (reflector__parse_page(
		metadata != NULL ? metadata : "", len, out, &err) != SST_OK)
		return list_unreadable(r, &err);
	return true;
}

/* False: run.outcome says why. */
static bool
list_page(
    struct sst_kube_reflector *r, const char *token, struct reflector_page *out)
{
	struct sst_httpc_response answer = {0};
	struct sst_buf path = SST_BUF_INIT;
	struct sst_error err;
	bool ok = false;
	int code;

	if (!list_path(r, token, &path)) {
		sst_error_nomem(&err);
		code = err.code;
	} else {
		code = list_ask(r, path.data, &answer, &err);
	}
	sst_buf_fini(&path);
	if (r->run.code != SST_OK)
		list_unreadable(r, &r->run.err);
	else if (code != SST_OK)
		list_failed(r, &err);
	else if (answer.status < 200 || answer.status > 299)
		reflector__refused(r, &answer);
	else
		ok = list_page_end(r, out);
	sst_httpc_response_fini(&answer);
	return ok;
}

/* A token that comes again would go round for ever. */
static bool
list_turns(struct sst_kube_reflector *r, const char *token,
    const struct reflector_page *page, unsigned pages)
{
	struct sst_error err;

	if (page->token == NULL ||
	    ((token == NULL || strcmp(token, page->token) != 0) &&
		pages < LIST_PAGES))
		return true;
	sst_error_set(&err, SST_PROTOCOL,
	    "GET %s: the pages of the list come to no end", r->path);
	return list_failed(r, &err);
}

/* The position is that of the first page. */
static bool
list_pages(struct sst_kube_reflector *r, char *version)
{
	struct reflector_page page;
	unsigned pages = 0;
	char *token = NULL;
	bool ok;

	do {
		memset(&page, 0, sizeof(page));
		ok = !reflector__stopping(r) && list_page(r, token, &page);
		if (ok && pages++ == 0)
			memcpy(version, page.version, REFLECTOR_VERSION);
		ok = ok && list_turns(r, token, &page, pages);
		free(token);
		token = page.token;
	} while (ok && token != NULL);
	free(token);
	return ok;
}

static void
list_synced(struct sst_kube_reflector *r, const char *version)
{
	list_begin(r);
	r->sink.synced(r->sink.ctx);
	r->listed = sst_clock_mono(r->clock);
	r->list_again_ms = LIST_AGAIN_MS + (int64_t)reflector__random(
					       &r->backoff, LIST_AGAIN_MS / 4);
	reflector__set_version(r, version);
	sst_lock_acquire(&r->lock);
	r->view.synced = true;
	sst_lock_release(&r->lock);
#ifdef __GLIBC__
	if (r->run.objects >= LIST_LARGE)
		malloc_trim(0);
#endif
}

void
reflector__list(struct sst_kube_reflector *r)
{
	char version[REFLECTOR_VERSION];
	bool ok;

	if (!kube__turn_acquire(r->turn, &r->stopping))
		return;
	sst_lock_acquire(&r->lock);
	r->view.lists++;
	sst_lock_release(&r->lock);
	ok = list_pages(r, version);
	kube__turn_release(r->turn);
	if (ok)
		list_synced(r, version);
	else if (r->run.begun)
		r->sink.abandoned(r->sink.ctx);
}
