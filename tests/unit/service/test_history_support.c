#include "test_history.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
store_init(struct store *s)
{
	const char *tmp = getenv("TMPDIR");

	/* memory, where it can be: these tests make thousands of files */
	if (tmp == NULL)
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	memset(s, 0, sizeof(*s));
	fake_clock_init(&s->hands);
	snprintf(s->dir, sizeof(s->dir), "%s/sst-history-XXXXXX", tmp);
	ck_assert_ptr_nonnull(mkdtemp(s->dir));
	s->settings = (struct sst_history_settings){
	    .dir = s->dir,
	    .clock = &s->hands.clock,
	    .retention = {STORE_HOUR, STORE_DAY, 30 * STORE_DAY, 1u << 30},
	};
}

static int
store_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
store_fini(struct store *s)
{
	store_close(s);
	nftw(s->dir, store_remove, 8, FTW_DEPTH | FTW_PHYS);
	fake_clock_fini(&s->hands);
}

void
store_open(struct store *s)
{
	ck_assert_msg(sst_history_open(&s->settings, &s->history, &s->start,
			  &s->err) == SST_OK,
	    "%s", s->err.text);
	ck_assert_msg(
	    sst_history_reader_open(s->history, &s->reader, &s->err) == SST_OK,
	    "%s", s->err.text);
}

void
store_close(struct store *s)
{
	sst_history_reader_close(&s->reader);
	sst_history_close(&s->history);
}

const char *
store_path(const struct store *s, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	return path;
}

int64_t
store_now(struct store *s)
{
	return sst_clock_wall(&s->hands.clock).ms;
}

static uint64_t
document_mix(uint64_t a, uint64_t b)
{
	uint64_t x = a * UINT64_C(0x9e3779b97f4a7c15) ^ b;

	x ^= x >> 31;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	return x ^ x >> 29;
}

/* A line in fifty changes each time, and their number goes up and down; every
 * 17th is the one before, every 97th is empty, every 41st is noise. */
char *
store_document(uint64_t revision, size_t *len_out)
{
	uint64_t r = revision % 17 == 0 ? revision - 1 : revision, i, x;
	uint64_t lines = r % 97 == 0 ? 0 : 40 + r % 60;
	size_t cap = lines * 64 + 1, len = 0;
	char *text = malloc(cap);

	/* no assertion of libcheck here: children that are killed make
	 * documents, and would leave half a message in the file of their
	 * parent's libcheck */
	if (text == NULL)
		abort();
	text[0] = '\0';
	for (i = 0; i < lines; i++) {
		x = r % 41 == 0 ? document_mix(r, i)
				: document_mix(i, (r + i * 7) / 50);
		len += (size_t)snprintf(text + len, cap - len,
		    "{\"line\":%llu,\"value\":\"%016llx\"},\n",
		    (unsigned long long)i, (unsigned long long)x);
	}
	*len_out = len;
	return text;
}

struct sst_history_record
store_record(uint64_t revision, int64_t captured_at)
{
	struct sst_history_record r = {
	    .revision = revision,
	    .captured_at = {captured_at},
	    .note = "{\"summary\":null,\"cause\":[]}",
	};

	r.note_len = strlen(r.note);
	r.document = store_document(revision, &r.document_len);
	r.hash = sst_hash_bytes(r.document, r.document_len);
	return r;
}

int
store_append(struct store *s, uint64_t revision, int64_t captured_at)
{
	struct sst_history_record r = store_record(revision, captured_at);
	int rc = sst_history_append(s->history, &r, 1, &s->err);

	free((void *)(uintptr_t)r.document);
	return rc;
}

void
store_fill(struct store *s, uint64_t first, uint64_t last, int64_t step_ms)
{
	uint64_t i;

	for (i = first; i <= last; i++) {
		ck_assert_msg(store_append(s, i, store_now(s)) == SST_OK,
		    "%llu: %s", (unsigned long long)i, s->err.text);
		fake_clock_advance(&s->hands, step_ms);
	}
}

int
store_read(struct store *s, uint64_t revision)
{
	size_t len = 0, want_len;
	char *bytes = NULL, *want;
	int rc = sst_history_read(s->reader, revision, &bytes, &len, &s->err);

	if (rc != SST_OK)
		return rc;
	want = store_document(revision, &want_len);
	ck_assert_uint_eq(len, want_len);
	ck_assert(memcmp(bytes, want, len) == 0);
	free(want);
	free(bytes);
	return SST_OK;
}

int
store_thin(struct store *s)
{
	bool more = true;
	int calls = 0;

	for (; more; calls++) {
		ck_assert_int_lt(calls, 10000);
		ck_assert_msg(
		    sst_history_thin(s->history, &more, &s->err) == SST_OK,
		    "%s", s->err.text);
	}
	return calls;
}

bool
store_holds(struct store *s, uint64_t revision)
{
	int rc = store_read(s, revision);

	ck_assert_msg(rc == SST_OK || rc == SST_GONE, "%llu: %s",
	    (unsigned long long)revision, s->err.text);
	return rc == SST_OK;
}

struct sst_history_figures
store_figures(struct store *s)
{
	struct sst_history_figures f;

	sst_history_figures(s->history, &f);
	return f;
}

char *
file_read(const char *path, size_t *len_out)
{
	FILE *f = fopen(path, "rb");
	char *bytes;
	long len;

	ck_assert_msg(f != NULL, "%s", path);
	fseek(f, 0, SEEK_END);
	len = ftell(f);
	rewind(f);
	bytes = malloc((size_t)len + 1);
	ck_assert_ptr_nonnull(bytes);
	ck_assert_uint_eq(fread(bytes, 1, (size_t)len, f), (size_t)len);
	fclose(f);
	*len_out = (size_t)len;
	return bytes;
}

void
file_write(const char *path, const void *bytes, size_t len)
{
	FILE *f = fopen(path, "wb");

	ck_assert_msg(f != NULL, "%s", path);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

int
store_count_names(const struct store *s, const char *begin)
{
	DIR *dir = opendir(s->dir);
	const struct dirent *e;
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	while ((e = readdir(dir)) != NULL)
		n += strncmp(e->d_name, begin, strlen(begin)) == 0;
	closedir(dir);
	return n;
}
