/* Reads where dead letters go: policies, exchanges and their bindings, only
 * those that queues name. */
#include "repository/queues/rabbitmq_priv.h"

#include <string.h>

static int
letters_policies(struct rabbitmq_read *read, struct sst_error *err)
{
	struct rabbitmq_letters *letters = &read->r->letters;
	struct rabbitmq_policies policies = {0};
	struct sst_httpc_response answer = {0};
	int code;

	code = rabbitmq__get(
	    read, "/api/policies?columns=vhost,name,definition", &answer, err);
	if (code == SST_OK) {
		code = rabbitmq__parse_policies(
		    answer.body, answer.len, &policies, err);
		sst_httpc_response_fini(&answer);
	}
	rabbitmq__policies_fini(&letters->policies);
	letters->policies = policies;
	letters->policies_tried = true;
	letters->policies_due =
	    sst_mono_add_ms(read->req->now, RABBITMQ_LETTERS_MS);
	return code;
}

/* Whether a queue has one that is not known yet, or may have changed. */
static bool
letters_policies_due(const struct rabbitmq_read *read)
{
	const struct rabbitmq_letters *letters = &read->r->letters;
	const struct rabbitmq_cell *cell;
	const struct rabbitmq_policy *p = NULL;
	const char *name;

	for (cell = read->rows->first; cell != NULL; cell = cell->next) {
		name = cell->row.policy;
		if (name == NULL || (p != NULL && strcmp(p->name, name) == 0 &&
					strcmp(p->vhost, cell->row.vhost) == 0))
			continue;
		p = rabbitmq__policy(letters, cell->row.vhost, name);
		if (!letters->policies_tried ||
		    !sst_mono_before(read->req->now, letters->policies_due) ||
		    (p == NULL && letters->policies_error.code == SST_OK))
			return true;
	}
	return false;
}

/* GETs /api/exchanges/VHOST/NAME and what follows. */
static int
exchange_get(struct rabbitmq_read *read, const struct rabbitmq_exchange *e,
    const char *rest, struct sst_httpc_response *out, struct sst_error *err)
{
	struct sst_buf path = SST_BUF_INIT;
	int code;

	sst_buf_adds(&path, "/api/exchanges/");
	rabbitmq__add_encoded(&path, e->vhost);
	sst_buf_addc(&path, '/');
	rabbitmq__add_encoded(&path, e->name);
	sst_buf_adds(&path, rest);
	code = sst_buf_failed(&path) ? sst_error_nomem(err)
				     : rabbitmq__get(read, path.data, out, err);
	sst_buf_fini(&path);
	return code;
}

static int
exchange_bindings(struct rabbitmq_read *read, struct rabbitmq_exchange *e,
    struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	int code;

	code = exchange_get(read, e,
	    "/bindings/source?columns=destination,destination_type,routing_key",
	    &answer, err);
	if (code != SST_OK)
		return code;
	code = rabbitmq__parse_bindings(
	    answer.body, answer.len, &e->bindings, err);
	sst_httpc_response_fini(&answer);
	return code;
}

static int
exchange_read(struct rabbitmq_read *read, struct rabbitmq_exchange *e,
    struct sst_error *err)
{
	struct sst_httpc_response answer = {0};
	int code;

	rabbitmq__bindings_fini(&e->bindings);
	e->known = false;
	e->tried = true;
	e->due = sst_mono_add_ms(read->req->now, RABBITMQ_LETTERS_MS);
	code = exchange_get(
	    read, e, "?columns=type&disable_stats=true", &answer, err);
	if (code == SST_OK) {
		code = rabbitmq__parse_exchange(
		    answer.body, answer.len, &e->kind, err);
		sst_httpc_response_fini(&answer);
	}
	if (code == SST_OK)
		code = exchange_bindings(read, e, err);
	/* what goes to an exchange that is not there is lost */
	if (code == SST_NOT_FOUND) {
		sst_error_clear(err);
		code = SST_OK;
	}
	e->known = code == SST_OK;
	return code;
}

static int
letters_exchanges(struct rabbitmq_read *read, struct sst_error *err)
{
	struct rabbitmq_letters *letters = &read->r->letters;
	struct sst_mono now = read->req->now;
	struct rabbitmq_exchange *e;
	size_t i;
	int code;

	for (i = 0; i < letters->count; i++) {
		e = &letters->exchanges[i];
		if (e->tried && sst_mono_before(now, e->due))
			continue;
		sst_error_clear(&e->error);
		code = exchange_read(read, e, &e->error);
		if (code != SST_OK && !rabbitmq__optional(code)) {
			*err = e->error;
			return code;
		}
		/* the others would only wait, too */
		if (code == SST_TIMEOUT)
			break;
	}
	return SST_OK;
}

/* The first thing that is wrong. */
static int
letters_verdict(const struct rabbitmq_letters *letters, struct sst_error *err)
{
	size_t i;

	if (letters->policies_error.code != SST_OK) {
		*err = letters->policies_error;
		return err->code;
	}
	for (i = 0; i < letters->count; i++) {
		if (letters->exchanges[i].error.code != SST_OK) {
			*err = letters->exchanges[i].error;
			return err->code;
		}
	}
	if (letters->more)
		return sst_error_set(err, SST_LIMIT,
		    "only %d exchanges for dead letters are followed",
		    (int)RABBITMQ_EXCHANGES_MAX);
	return SST_OK;
}

int
rabbitmq__read_letters(struct rabbitmq_read *read, struct sst_error *err)
{
	struct rabbitmq_letters *letters = &read->r->letters;
	int code = SST_OK;

	if (letters_policies_due(read)) {
		sst_error_clear(&letters->policies_error);
		code = letters_policies(read, &letters->policies_error);
		if (code == SST_OK)
			sst_error_clear(&letters->policies_error);
		else
			*err = letters->policies_error;
	}
	if (code != SST_OK && !rabbitmq__optional(code))
		return code;
	rabbitmq__letters_apply(letters, read->rows);
	code = rabbitmq__letters_want(letters, read->rows, err);
	if (code == SST_OK)
		code = letters_exchanges(read, err);
	return code == SST_OK ? letters_verdict(letters, err) : code;
}
