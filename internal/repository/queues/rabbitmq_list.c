/* Requests to the management API, and lists in pages. */
#include "repository/queues/rabbitmq_priv.h"

#include <string.h>

/* One reading of all pages of one list. */
struct list_pass {
	bool paged;
	bool moved;    /* the total changed between two pages */
	int64_t total; /* as the last page says */
	size_t rejected;
};

static int
list_status(const struct sst_httpc_response *answer, const char *url,
    struct sst_error *err)
{
	int code = sst_httpc_status(answer, url, err);

	if (code != SST_UNAUTHORIZED ||
	    !rabbitmq__parse_denied(answer->body, answer->len))
		return code;
	sst_error_set(err, SST_FORBIDDEN,
	    "the login is right, but the user may not see this (answered 401 "
	    "not_authorised)");
	return sst_httpc_error_prefix(url, err);
}

static int
list_fetch(struct rabbitmq_read *read, const char *url,
    struct sst_httpc_response *out, struct sst_error *err)
{
	struct sst_httpc_request request = {
	    .url = url,
	    .max_bytes = read->r->max_bytes,
	    .deadline = read->deadline,
	};
	int code;

	code = sst_httpc_get(read->r->http, &request, out, err);
	if (code != SST_OK)
		return code;
	code = list_status(out, url, err);
	if (code == SST_OK)
		return SST_OK;
	if (out->retry_after_ms > 0)
		sst_draft_next_in(read->out, out->retry_after_ms);
	sst_httpc_response_fini(out);
	return code;
}

int
rabbitmq__get(struct rabbitmq_read *read, const char *path,
    struct sst_httpc_response *out, struct sst_error *err)
{
	struct sst_buf url = SST_BUF_INIT;
	int code;

	sst_buf_adds(&url, read->r->s.url);
	sst_buf_adds(&url, path);
	if (sst_buf_failed(&url))
		code = sst_error_nomem(err);
	else
		code = list_fetch(read, url.data, out, err);
	sst_buf_fini(&url);
	return code;
}

void
rabbitmq__add_encoded(struct sst_buf *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~";

	for (; *text != '\0'; text++) {
		if (strchr(plain, *text) != NULL)
			sst_buf_addc(out, *text);
		else
			sst_buf_addf(out, "%%%02X", (unsigned)*text & 0xffU);
	}
}

static int
list_path(const struct rabbitmq *r, const char *vhost, int64_t page,
    const char *query, struct sst_buf *out)
{
	sst_buf_clear(out);
	sst_buf_adds(out, "/api/queues");
	if (vhost != NULL) {
		sst_buf_addc(out, '/');
		rabbitmq__add_encoded(out, vhost);
	}
	sst_buf_addf(out, "?page=%lld&page_size=%ld&%s", (long long)page,
	    (long)r->s.page_size, query);
	return sst_buf_failed(out) ? SST_NOMEM : SST_OK;
}

static int
list_page(struct rabbitmq_read *read, const char *path,
    const struct rabbitmq_sink *sink, struct rabbitmq_page *page,
    struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	int code;

	code = rabbitmq__get(read, path, &answer, err);
	if (code != SST_OK)
		return code;
	code = rabbitmq__parse_queues(answer.body, answer.len, sink, page, err);
	sst_httpc_response_fini(&answer);
	if (code != SST_OK && code != SST_LIMIT && code != SST_NOMEM)
		sst_error_prefix(err, "GET %s/api/queues", read->r->s.url);
	return code;
}

static void
list_note(struct rabbitmq_list *list, struct list_pass *pass,
    const struct rabbitmq_page *page, int64_t number)
{
	list->listed += page->rows;
	pass->moved = pass->moved || (number > 1 && page->total != pass->total);
	pass->paged = page->paged;
	pass->total = page->total;
	pass->rejected += page->rejected;
}

static int
list_pages(struct rabbitmq_read *read, struct rabbitmq_list *list,
    const char *vhost, struct list_pass *pass, struct sst_error *err)
{
	struct rabbitmq_page page = {.page_count = 1};
	struct sst_buf path = SST_BUF_INIT;
	int64_t number;
	int code = SST_OK;

	memset(pass, 0, sizeof(*pass));
	for (number = 1; number <= page.page_count; number++) {
		code = list_path(read->r, vhost, number, list->query, &path);
		if (code != SST_OK) {
			sst_error_nomem(err);
			break;
		}
		code = list_page(read, path.data, &list->sink, &page, err);
		if (code == SST_PROTOCOL && number > 1 && err->detail == 400) {
			/* page_out_of_range: the list became shorter */
			pass->moved = true;
			code = SST_OK;
			break;
		}
		if (code != SST_OK)
			break;
		list_note(list, pass, &page, number);
		/* else a broker that counts wrong would keep us here */
		if (page.rows == 0)
			break;
	}
	sst_buf_fini(&path);
	return code;
}

/*
 * Pages are cut out of a list that lives: a queue deleted before the cut moves
 * another one onto a page that was read already. Nobody tells which, so all
 * pages are read again and what is new is added.
 */
static int
list_vhost(struct rabbitmq_read *read, struct rabbitmq_list *list,
    const char *vhost, struct sst_error *err)
{
	size_t before = list->unique->count, got = 0;
	struct list_pass pass = {0};
	int tries, code;

	for (tries = 0; tries < RABBITMQ_PASSES; tries++) {
		read->again = tries > 0;
		code = list_pages(read, list, vhost, &pass, err);
		read->again = false;
		if (code != SST_OK)
			return code;
		got = list->unique->count - before + pass.rejected;
		if (!pass.paged || (!pass.moved && (int64_t)got >= pass.total))
			return SST_OK;
	}
	if ((int64_t)got < pass.total)
		sst_draft_degrade(read->out, SST_TRUNCATED,
		    "GET %s/api/queues: the pages hold fewer queues than the "
		    "broker counts",
		    read->r->s.url);
	return SST_OK;
}

/* One vhost of several that is not there or not ours is no reason to lose the
 * others. */
static int
list_skip_vhost(
    struct rabbitmq_read *read, int code, const struct sst_error *err)
{
	if (read->r->s.vhosts.count < 2 ||
	    (code != SST_FORBIDDEN && code != SST_NOT_FOUND))
		return code;
	sst_draft_degrade(read->out, code, "%s", err->text);
	return SST_OK;
}

int
rabbitmq__list(struct rabbitmq_read *read, struct rabbitmq_list *list,
    struct sst_error *err)
{
	const struct sst_option_list *vhosts = &read->r->s.vhosts;
	size_t i, failed = 0;
	int code, last = SST_OK;

	list->listed = 0;
	if (vhosts->count == 0)
		return list_vhost(read, list, NULL, err);
	for (i = 0; i < vhosts->count; i++) {
		code = list_vhost(read, list, vhosts->items[i], err);
		last = code;
		if (code != SST_OK)
			code = list_skip_vhost(read, code, err);
		if (code != SST_OK)
			return code;
		failed += last != SST_OK;
	}
	return failed == vhosts->count ? last : SST_OK;
}
