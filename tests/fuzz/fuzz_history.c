/*
 * Bytes as a history. The first one says as what: a whole file; changes to a
 * good file, four bytes each (page and offset, value); or a frame in a file
 * whose seals are right. Whatever it is, opening, reading, storing and
 * thinning neither crash nor hang, and storing works in the end.
 */
/* fuzz-libs: sst_service */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "service/history_priv.h"

enum {
	REVISIONS = 12,
	DOCUMENT_BYTES = 600,
	THIN_CALLS = 200,
	CLAIM_MAX = 1 << 20 /* length that a frame is said to have */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct {
	char dir[64];
	char path[96];
	struct sst_clock clock;
	int64_t now_ms;
	struct sst_history_settings settings;
	uint8_t *good; /* a file of REVISIONS revisions */
	size_t good_len;
} fuzz;

static struct sst_wall
fuzz_wall(void *ctx)
{
	(void)ctx;
	return (struct sst_wall){fuzz.now_ms};
}

static struct sst_mono
fuzz_mono(void *ctx)
{
	(void)ctx;
	return (struct sst_mono){(fuzz.now_ms + 1) * 1000000};
}

static void
fuzz_check(bool fine)
{
	if (!fine)
		abort();
}

static void
fuzz_clean(void)
{
	DIR *dir = opendir(fuzz.dir);
	const struct dirent *e;

	fuzz_check(dir != NULL);
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] != '.')
			fuzz_check(unlinkat(dirfd(dir), e->d_name, 0) == 0);
	}
	closedir(dir);
}

static void
fuzz_write(const uint8_t *bytes, size_t len)
{
	int fd = open(fuzz.path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	fuzz_check(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	close(fd);
}

static int
fuzz_append(struct sst_history *h, uint64_t revision, struct sst_error *err)
{
	char text[DOCUMENT_BYTES];
	struct sst_history_record r = {
	    .revision = revision,
	    .captured_at = {fuzz.now_ms},
	    .document = text,
	    .document_len = sizeof(text),
	    .note = "{}",
	    .note_len = 2,
	};
	size_t i;

	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 31 + (i % 50 == revision ? 1 : 0));
	r.hash = sst_hash_bytes(text, sizeof(text));
	return sst_history_append(h, &r, 1, err);
}

static void
fuzz_read(struct sst_history_reader *reader, uint64_t newest)
{
	const struct sst_history_query q = {0, {INT64_MIN}, {INT64_MAX}, 50};
	struct sst_history_row *rows;
	struct sst_error err;
	uint64_t revision;
	size_t len, count, i;
	char *bytes;

	for (i = 0; i < 4 && i <= newest; i++) {
		if (sst_history_read(reader, newest - i, &bytes, &len, &err) ==
		    SST_OK)
			free(bytes);
	}
	for (i = 1; i <= REVISIONS; i++) {
		if (sst_history_read(reader, i, &bytes, &len, &err) == SST_OK)
			free(bytes);
	}
	(void)sst_history_find(
	    reader, (struct sst_wall){fuzz.now_ms}, &revision, &err);
	if (sst_history_list(reader, &q, &rows, &count, &err) == SST_OK)
		sst_history_rows_free(rows, count);
}

/* Whatever is in the file: it is opened, or set aside and begun anew. */
static void
fuzz_use(void)
{
	struct sst_history *h = NULL;
	struct sst_history_reader *reader = NULL;
	struct sst_history_start start;
	struct sst_error err = {0};
	bool more = true;
	int i, rc;

	rc = sst_history_open(&fuzz.settings, &h, &start, &err);
	fuzz_check(rc == SST_OK || err.text[0] != '\0');
	if (rc != SST_OK)
		return;
	fuzz_check(sst_history_reader_open(h, &reader, &err) == SST_OK);
	fuzz_read(reader, start.revision);
	if (start.revision < INT64_MAX)
		fuzz_check(fuzz_append(h, start.revision + 1, &err) == SST_OK);
	fuzz.now_ms += INT64_C(4) * 3600 * 1000;
	for (i = 0; i < THIN_CALLS && more; i++) {
		rc = sst_history_thin(h, &more, &err);
		fuzz_check(rc == SST_OK || err.text[0] != '\0');
	}
	fuzz_check(i < THIN_CALLS || rc != SST_OK);
	fuzz_read(reader, start.revision + 1);
	sst_history_reader_close(&reader);
	sst_history_close(&h);
}

static void
fuzz_changes(const uint8_t *data, size_t len)
{
	uint8_t *bytes = malloc(fuzz.good_len);
	size_t i, at;

	fuzz_check(bytes != NULL);
	memcpy(bytes, fuzz.good, fuzz.good_len);
	for (i = 0; i + 4 <= len; i += 4) {
		at = (size_t)data[i] << 16 | (size_t)data[i + 1] << 8 |
		     data[i + 2];
		bytes[at % fuzz.good_len] = data[i + 3];
	}
	fuzz_write(bytes, fuzz.good_len);
	free(bytes);
}

/* A frame after the newest, or instead of a keyframe. */
static void
fuzz_frame(const uint8_t *data, size_t len)
{
	struct history_row row = {
	    .revision = REVISIONS + 1,
	    .captured_at = fuzz.now_ms,
	};
	struct history_db db;
	struct sst_error err;
	unsigned claim;

	fuzz_write(fuzz.good, fuzz.good_len);
	if (len < 4)
		return;
	claim = (unsigned)data[0] << 16 | (unsigned)data[1] << 8 | data[2];
	row.segment = (data[3] & 1) != 0 ? REVISIONS + 1 : 1;
	row.base = (data[3] & 1) != 0 ? 0 : REVISIONS;
	row.document_len = claim % CLAIM_MAX;
	row.data = data + 4;
	row.data_len = len - 4;
	fuzz_check(history__db_open(
		       &db, fuzz.path, NULL, HISTORY_WRITE, &err) == SST_OK);
	db.doing = "fuzz";
	fuzz_check(history__row_put(&db, &row, 0, &err) == SST_OK);
	history__db_close(&db);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	fuzz.now_ms = INT64_C(1767225600000);
	if (len == 0)
		return 0;
	if (data[0] % 3 == 0)
		fuzz_write(data + 1, len - 1);
	else if (data[0] % 3 == 1)
		fuzz_changes(data + 1, len - 1);
	else
		fuzz_frame(data + 1, len - 1);
	fuzz_use();
	fuzz_clean();
	return 0;
}

static void
fuzz_end(void)
{
	fuzz_clean();
	(void)rmdir(fuzz.dir);
	free(fuzz.good);
}

static void
fuzz_keep_good(void)
{
	FILE *f = fopen(fuzz.path, "rb");

	fuzz_check(f != NULL && fseek(f, 0, SEEK_END) == 0);
	fuzz.good_len = (size_t)ftell(f);
	rewind(f);
	fuzz.good = malloc(fuzz.good_len);
	fuzz_check(fuzz.good != NULL &&
		   fread(fuzz.good, 1, fuzz.good_len, f) == fuzz.good_len);
	fclose(f);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct sst_clock_ops ops = {fuzz_wall, fuzz_mono, NULL};
	struct sst_history *h = NULL;
	struct sst_history_start start;
	struct sst_error err;
	uint64_t i;

	(void)argc;
	(void)argv;
	sst_log_configure(
	    SST_LOG_ERROR, SST_LOG_TEXT, open("/dev/null", O_WRONLY));
	snprintf(fuzz.dir, sizeof(fuzz.dir), "%s/fuzz-history-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	fuzz_check(mkdtemp(fuzz.dir) != NULL);
	atexit(fuzz_end);
	snprintf(fuzz.path, sizeof(fuzz.path), "%s/history.db", fuzz.dir);
	fuzz.now_ms = INT64_C(1767225600000);
	fuzz.clock = (struct sst_clock){&ops, NULL};
	fuzz.settings = (struct sst_history_settings){
	    .dir = fuzz.dir,
	    .clock = &fuzz.clock,
	    .retention = {3600000, 86400000, INT64_C(2592000000), 1 << 26},
	};
	fuzz_check(
	    sst_history_open(&fuzz.settings, &h, &start, &err) == SST_OK);
	for (i = 1; i <= REVISIONS; i++)
		fuzz_check(fuzz_append(h, i, &err) == SST_OK);
	sst_history_close(&h);
	fuzz_keep_good();
	fuzz_clean();
	return 0;
}
