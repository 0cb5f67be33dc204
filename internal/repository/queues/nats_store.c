/* What is remembered of streams from one collection to the next. */
#include <stdlib.h>
#include <string.h>

#include "repository/queues/nats_priv.h"

void
nats__memory_free(struct nats_memory **memory)
{
	struct nats_memory *m = *memory;
	size_t i;

	if (m == NULL)
		return;
	for (i = 0; i < m->count; i++)
		free(m->rows[i]);
	for (i = 0; i < m->past_count; i++)
		free(m->past[i].name);
	free(m->rows);
	free(m->past);
	free(m->account);
	free(m->name);
	free(m->created);
	free(m);
	*memory = NULL;
}

static struct nats_memory *
memory_new(const struct nats_stream *s)
{
	struct nats_memory *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->rest = -1;
	m->account = s->account != NULL ? strdup(s->account) : NULL;
	m->name = strdup(s->name);
	m->created = strdup(s->created);
	if (m->name == NULL || m->created == NULL ||
	    (m->account == NULL) != (s->account == NULL))
		nats__memory_free(&m);
	return m;
}

/* The order of a catalog. */
static int
store_order(const struct nats_memory *m, const struct nats_stream *s)
{
	const char *a = m->account != NULL ? m->account : "";
	const char *b = s->account != NULL ? s->account : "";
	int order = strcmp(a, b);

	return order != 0 ? order : strcmp(m->name, s->name);
}

static bool
memory_fits(const struct nats_memory *m, const struct nats_stream *s)
{
	return s->created[0] == '\0' || m->created[0] == '\0' ||
	       strcmp(m->created, s->created) == 0;
}

/* Consumers come and go: only what is there is remembered. */
static void
memory_trim(struct nats_memory *m, const struct nats_stream *s)
{
	size_t i, k, n = 0;

	for (i = 0; i < m->past_count; i++) {
		for (k = 0; k < s->consumer_count; k++) {
			if (strcmp(s->consumers[k].name, m->past[i].name) == 0)
				break;
		}
		if (k < s->consumer_count)
			m->past[n++] = m->past[i];
		else
			free(m->past[i].name);
	}
	m->past_count = n;
}

/* Moves what is known of the streams into `all`, in their order. */
static int
store_move(struct nats_read *read, struct nats_memory **all)
{
	struct nats *n = read->n;
	size_t i, k = 0;

	for (i = 0; i < read->catalog.count; i++) {
		const struct nats_stream *s = &read->catalog.streams[i];
		int order = -1;

		while (k < n->memory_count &&
		       (order = store_order(n->memory[k], s)) < 0)
			k++;
		if (k < n->memory_count && order == 0 &&
		    memory_fits(n->memory[k], s)) {
			all[i] = n->memory[k];
			n->memory[k++] = NULL;
			memory_trim(all[i], s);
		} else {
			all[i] = memory_new(s);
		}
		if (all[i] == NULL)
			return SST_NOMEM;
	}
	return SST_OK;
}

static void
store_forget(struct nats_memory **all, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		nats__memory_free(&all[i]);
	free(all);
}

int
nats__store_match(struct nats_read *read, struct sst_error *err)
{
	size_t i, count = read->catalog.count;
	struct nats_memory **all = calloc(count + 1, sizeof(*all));
	struct nats *n = read->n;
	int code;

	read->work = calloc(count + 1, sizeof(*read->work));
	if (all == NULL || read->work == NULL) {
		free(all);
		return sst_error_nomem(err);
	}
	code = store_move(read, all);
	store_forget(n->memory, n->memory_count);
	n->memory = NULL;
	n->memory_count = 0;
	if (code != SST_OK) {
		store_forget(all, count);
		return sst_error_nomem(err);
	}
	n->memory = all;
	n->memory_count = count;
	for (i = 0; i < count; i++) {
		struct nats_work *w = &read->work[i];

		w->stream = &read->catalog.streams[i];
		w->memory = all[i];
		w->rest = -1;
		w->points = nats__arena_take(&read->catalog.arena,
		    (w->stream->consumer_count + 1) * sizeof(*w->points));
		if (w->points == NULL)
			return sst_error_nomem(err);
	}
	return SST_OK;
}

void
nats__work_free(struct nats_read *read)
{
	size_t i, k;

	for (i = 0; read->work != NULL && i < read->catalog.count; i++) {
		struct nats_work *w = &read->work[i];

		for (k = 0; k < w->news_count; k++)
			free(w->news[k]);
		free(w->news);
		free(w->wanted);
	}
	free(read->work);
	read->work = NULL;
}

void
nats__store_keep(struct nats_read *read)
{
	struct nats *n = read->n;

	nats__catalog_fini(&n->last);
	n->last = read->catalog;
	memset(&read->catalog, 0, sizeof(read->catalog));
}

static int
row_order(const void *a, const void *b)
{
	const struct nats_message *const *x = a, *const *y = b;

	return ((*x)->seq > (*y)->seq) - ((*x)->seq < (*y)->seq);
}

static bool
store_wants(const struct nats_work *w, int64_t seq)
{
	size_t low = 0, high = w->wanted_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (w->wanted[mid] < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low < w->wanted_count && w->wanted[low] == seq;
}

/* Twins are neighbours: one goes. */
static size_t
rows_unique(struct nats_message **rows, size_t count)
{
	size_t i, n = 0;

	for (i = 0; i < count; i++) {
		if (n > 0 && rows[n - 1]->seq == rows[i]->seq)
			free(rows[i]);
		else
			rows[n++] = rows[i];
	}
	return n;
}

int
nats__store_rows(struct nats_work *work, struct sst_error *err)
{
	struct nats_memory *m = work->memory;
	struct nats_message **all;
	size_t i, n = 0;

	all = malloc((m->count + work->news_count + 1) * sizeof(*all));
	if (all == NULL)
		return sst_error_nomem(err);
	for (i = 0; i < m->count; i++) {
		if (store_wants(work, m->rows[i]->seq))
			all[n++] = m->rows[i];
		else
			free(m->rows[i]);
	}
	for (i = 0; i < work->news_count; i++)
		all[n++] = work->news[i];
	work->news_count = 0;
	if (n > 1)
		qsort(all, n, sizeof(struct nats_message *), row_order);
	free(m->rows);
	m->rows = all;
	m->count = rows_unique(all, n);
	return SST_OK;
}

struct nats_past *
nats__past_of(const struct nats_memory *memory, const char *name)
{
	size_t i;

	for (i = 0; i < memory->past_count; i++) {
		if (strcmp(memory->past[i].name, name) == 0)
			return &memory->past[i];
	}
	return NULL;
}

struct nats_past *
nats__past_made(struct nats_memory *memory, const char *name)
{
	struct nats_past *past = nats__past_of(memory, name), *wide;
	size_t count = memory->past_count;

	if (past != NULL)
		return past;
	wide = realloc(memory->past, (count + 1) * sizeof(*wide));
	if (wide == NULL)
		return NULL;
	memory->past = wide;
	wide[count] = (struct nats_past){.name = strdup(name), .dead = -1};
	if (wide[count].name == NULL)
		return NULL;
	memory->past_count++;
	return &wide[count];
}
