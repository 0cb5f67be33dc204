/* What the error replies of a server mean. */
#include <string.h>

#include "base/text.h"
#include "repository/redis/redis_priv.h"

enum { ERROR_CHARS = 200 };

struct error_row {
	const char *begins; /* of the text */
	int code;
};

/* These answer the connection or the server, not the command. */
static const struct error_row error_of_all[] = {
    {"NOAUTH ", SST_UNAUTHORIZED},
    {"LOADING ", SST_UPSTREAM},
    {"MASTERDOWN ", SST_UPSTREAM},
    {"BUSY ", SST_UPSTREAM},
    {"CLUSTERDOWN ", SST_UNSUPPORTED},
    {"MOVED ", SST_UNSUPPORTED},
    {"ASK ", SST_UNSUPPORTED},
    {"CROSSSLOT ", SST_UNSUPPORTED},
    {"DENIED ", SST_FORBIDDEN},
    {"ERR max number of clients", SST_UPSTREAM},
    {"ERR SELECT is not allowed in cluster mode", SST_UNSUPPORTED},
    {NULL, SST_OK},
};

static const struct error_row error_of_one[] = {
    {"NOPERM ", SST_FORBIDDEN},
    {"WRONGPASS ", SST_UNAUTHORIZED},
    {"WRONGTYPE ", SST_TYPE},
    {"ERR unknown command", SST_UNSUPPORTED},
    {"ERR unknown subcommand", SST_UNSUPPORTED},
    {NULL, SST_UPSTREAM},
};

static int
error_find(const struct error_row *row, const char *text, size_t len)
{
	for (; row->begins != NULL; row++) {
		size_t n = strlen(row->begins);

		if (len >= n && memcmp(text, row->begins, n) == 0)
			break;
	}
	return row->code;
}

int
redis__error_code_of_all(const char *text, size_t len)
{
	return error_find(error_of_all, text, len);
}

static int
error_code(const char *text, size_t len)
{
	int code = redis__error_code_of_all(text, len);

	return code != SST_OK ? code : error_find(error_of_one, text, len);
}

/* Servers before 6 say "ERR invalid password", and any says something else to
 * a password where none is set. */
int
redis__error_code_of_login(const char *text, size_t len)
{
	int code = error_code(text, len);

	return code == SST_UPSTREAM && len > 4 &&
		       memcmp(text, "ERR ", 4) == 0 &&
		       redis__error_code_of_all(text, len) == SST_OK
		   ? SST_UNAUTHORIZED
		   : code;
}

int
redis__error_set(struct sst_error *err, int code, const char *prefix,
    const char *text, size_t len)
{
	struct sst_buf safe = SST_BUF_INIT;

	if (!sst_text_safe(text, len, ERROR_CHARS, &safe)) {
		sst_buf_fini(&safe);
		return sst_error_nomem(err);
	}
	sst_error_set(err, code, "%s: %s", prefix,
	    safe.data != NULL ? safe.data : "an error without a text");
	sst_buf_fini(&safe);
	return code;
}

bool
sst_redis_error_is(const struct sst_redis_item *item, const char *word)
{
	size_t n = strlen(word);

	return item->type == REDIS_REPLY_ERROR && item->len >= n &&
	       memcmp(item->data, word, n) == 0 &&
	       (item->len == n || item->data[n] == ' ');
}

int
sst_redis_item_check(
    const struct sst_redis_item *item, const char *what, struct sst_error *err)
{
	if (item->type != REDIS_REPLY_ERROR)
		return SST_OK;
	return redis__error_set(err, error_code(item->data, item->len), what,
	    item->data, item->len);
}

int
sst_redis_reply_check(
    const redisReply *reply, const char *what, struct sst_error *err)
{
	if (reply->type != REDIS_REPLY_ERROR)
		return SST_OK;
	return redis__error_set(err, error_code(reply->str, (size_t)reply->len),
	    what, reply->str, (size_t)reply->len);
}
