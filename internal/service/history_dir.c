/* The directory of the history: its lock, and names in it. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "service/history_priv.h"

static const char db_name[] = "/history.db";
static const char magic[16] = "SQLite format 3";

enum {
	HEADER_BYTES = 100,
	VERSION_AT = 60,     /* of user_version, big-endian */
	APPLICATION_AT = 68, /* of application_id */
	ASIDE_TRIES = 1000
};

/* What SQLite puts beside a file. */
static const char *const companions[] = {"-wal", "-shm", "-journal"};
enum { COMPANIONS = sizeof(companions) / sizeof(companions[0]) };

static int
dir_error(struct sst_error *err, const char *verb, const char *path)
{
	int number = errno;

	sst_error_set(err, number == ENOMEM ? SST_NOMEM : SST_IO, "%s %s: %s",
	    verb, path, strerrordesc_np(number));
	if (err != NULL)
		err->detail = number;
	return number == ENOMEM ? SST_NOMEM : SST_IO;
}

/* Parents too: a directory of one's own is often the first of its kind. */
static int
dir_make(const char *path, struct sst_error *err)
{
	char *copy = strdup(path), *at;
	struct stat st;
	int rc = SST_OK;

	if (copy == NULL)
		return sst_error_nomem(err);
	for (at = copy + 1; rc == SST_OK && *at != '\0'; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(copy, 0700) != 0 && errno != EEXIST)
			rc = dir_error(err, "make directory", copy);
		*at = '/';
	}
	if (rc == SST_OK && mkdir(path, 0700) != 0 && errno != EEXIST)
		rc = dir_error(err, "make directory", path);
	if (rc == SST_OK && stat(path, &st) != 0)
		rc = dir_error(err, "open directory", path);
	if (rc == SST_OK && !S_ISDIR(st.st_mode))
		rc = sst_error_set(
		    err, SST_IO, "open directory %s: not a directory", path);
	free(copy);
	return rc;
}

static int
dir_locked(int fd, const char *path, struct sst_error *err)
{
	char text[24] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	char *end = text;

	if (n > 0)
		(void)strtol(text, &end, 10);
	*end = '\0';
	return sst_error_set(err, SST_EXISTS,
	    "%s: another process keeps its history there, pid %s", path,
	    text[0] != '\0' ? text : "unknown");
}

/*
 * The lock as it lies in memory: the process id for people, and the number of
 * the newest revision that was published, which is there as soon as it is
 * written, also after kill -9, and needs neither a call nor room on the disk.
 */
struct history_note {
	char pid[24];
	char epoch[24]; /* whose number it is */
	_Atomic uint64_t published;
};

/* The room must be there, or writing would end the process. */
static struct history_note *
dir_map(int fd)
{
	static const struct history_note none;
	struct stat st;
	void *at;

	if (fstat(fd, &st) != 0 ||
	    (st.st_size != sizeof(none) &&
		(ftruncate(fd, 0) != 0 ||
		    pwrite(fd, &none, sizeof(none), 0) != sizeof(none))))
		return NULL;
	at =
	    mmap(NULL, sizeof(none), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return at == MAP_FAILED ? NULL : at;
}

void
history__dir_mark(struct history_dir *dir)
{
	struct stat st;

	if (stat(dir->db, &st) != 0)
		return;
	dir->device = st.st_dev;
	dir->inode = st.st_ino;
}

bool
history__dir_moved(const struct history_dir *dir)
{
	struct stat st;

	return stat(dir->db, &st) != 0 || st.st_dev != dir->device ||
	       st.st_ino != dir->inode;
}

uint64_t
history__dir_published(const struct history_dir *dir, const char epoch[17])
{
	struct history_note *note = dir->note;

	if (note == NULL)
		return 0;
	if (memcmp(note->epoch, epoch, 17) != 0) {
		atomic_store(&note->published, 0);
		memcpy(note->epoch, epoch, 17);
	}
	return atomic_load(&note->published);
}

void
history__dir_publish(const struct history_dir *dir, uint64_t revision)
{
	if (dir->note != NULL)
		atomic_store(&dir->note->published, revision);
}

/* The lock is that of the open file: it ends with the process, however. */
static int
dir_lock(const char *path, struct history_dir *dir, struct sst_error *err)
{
	int fd, rc = SST_OK;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return dir_error(err, "open", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		rc = errno == EWOULDBLOCK ? dir_locked(fd, path, err)
					  : dir_error(err, "lock", path);
		close(fd);
		return rc;
	}
	dir->lock_fd = fd;
	dir->note = dir_map(fd);
	if (dir->note != NULL)
		snprintf(dir->note->pid, sizeof(dir->note->pid), "%ld\n",
		    (long)getpid());
	return SST_OK;
}

int
history__dir_open(
    const char *path, struct history_dir *dir, struct sst_error *err)
{
	char *lock = NULL;
	int rc;

	dir->lock_fd = -1;
	dir->path = strdup(path);
	if (asprintf(&dir->db, "%s%s", path, db_name) < 0)
		dir->db = NULL;
	if (asprintf(&lock, "%s/lock", path) < 0)
		lock = NULL;
	if (dir->path == NULL || dir->db == NULL || lock == NULL)
		rc = sst_error_nomem(err);
	else
		rc = dir_make(path, err);
	if (rc == SST_OK && lock != NULL)
		rc = dir_lock(lock, dir, err);
	free(lock);
	return rc;
}

void
history__dir_close(struct history_dir *dir)
{
	if (dir->note != NULL)
		munmap(dir->note, sizeof(*dir->note));
	if (dir->lock_fd >= 0)
		close(dir->lock_fd);
	free(dir->path);
	free(dir->db);
	*dir = (struct history_dir){.lock_fd = -1};
}

static uint32_t
dir_number(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static void
dir_judge(const unsigned char *head, size_t len, struct history_verdict *v)
{
	uint32_t application, version;

	if (len == 0) {
		v->kind = "corrupt";
		snprintf(v->reason, sizeof(v->reason), "the file is empty");
		return;
	}
	if (memcmp(head, magic, len < sizeof(magic) ? len : sizeof(magic)) !=
	    0) {
		v->kind = "foreign";
		snprintf(v->reason, sizeof(v->reason), "no SQLite file");
		return;
	}
	if (len < HEADER_BYTES) {
		v->kind = "corrupt";
		snprintf(v->reason, sizeof(v->reason),
		    "cut short after %zu bytes", len);
		return;
	}
	application = dir_number(head + APPLICATION_AT);
	version = dir_number(head + VERSION_AT);
	if (application != HISTORY_APPLICATION_ID) {
		v->kind = "foreign";
		snprintf(v->reason, sizeof(v->reason),
		    "an SQLite file of another program, application id %u",
		    application);
	} else if (version > HISTORY_VERSION) {
		v->kind = "newer";
		snprintf(v->reason, sizeof(v->reason),
		    "written by a newer version: its format is %u, not %d",
		    version, HISTORY_VERSION);
	}
}

static int
dir_read_head(const char *path, unsigned char head[HEADER_BYTES],
    size_t *len_out, struct sst_error *err)
{
	ssize_t n;
	int rc = SST_OK;
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return dir_error(err, "open", path);
	n = pread(fd, head, HEADER_BYTES, 0);
	if (n < 0)
		rc = dir_error(err, "read", path);
	else
		*len_out = (size_t)n;
	close(fd);
	return rc;
}

int
history__dir_inspect(const struct history_dir *dir, bool *there_out,
    struct history_verdict *verdict, struct sst_error *err)
{
	unsigned char head[HEADER_BYTES];
	struct stat st;
	size_t len = 0;
	int rc;

	verdict->kind = NULL;
	if (lstat(dir->db, &st) != 0) {
		if (errno != ENOENT)
			return dir_error(err, "look at", dir->db);
		*there_out = false;
		return SST_OK;
	}
	if (!S_ISREG(st.st_mode)) {
		verdict->kind = "foreign";
		snprintf(verdict->reason, sizeof(verdict->reason), "%s",
		    S_ISDIR(st.st_mode) ? "a directory" : "no regular file");
		*there_out = true;
		return SST_OK;
	}
	rc = dir_read_head(dir->db, head, &len, err);
	if (rc != SST_OK)
		return rc;
	dir_judge(head, len, verdict);
	*there_out = true;
	return SST_OK;
}

/* A name that is free: history.db.corrupt-20260101T000000Z, or with -2, ... */
static int
dir_free_name(const struct history_dir *dir, const char *kind, int64_t ms,
    char **out, struct sst_error *err)
{
	char text[SST_TIME_TEXT], stamp[SST_TIME_TEXT], *name;
	struct stat st;
	size_t i, n = 0;
	int try;

	sst_time_format_utc(ms, false, text);
	for (i = 0; text[i] != '\0'; i++) {
		if (text[i] != '-' && text[i] != ':')
			stamp[n++] = text[i];
	}
	stamp[n] = '\0';
	for (try = 1; try < ASIDE_TRIES; try++) {
		int len =
		    try == 1 ? asprintf(&name, "%s.%s-%s", dir->db, kind, stamp)
			     : asprintf(&name, "%s.%s-%s-%d", dir->db, kind,
				   stamp, try);

		if (len < 0)
			return sst_error_nomem(err);
		if (lstat(name, &st) != 0 && errno == ENOENT) {
			*out = name;
			return SST_OK;
		}
		free(name);
	}
	return sst_error_set(
	    err, SST_IO, "%s: no free name to set it aside", dir->db);
}

bool
history__dir_orphans(const struct history_dir *dir)
{
	char *name;
	bool found = false;
	int i;

	for (i = 0; i < COMPANIONS && !found; i++) {
		if (asprintf(&name, "%s%s", dir->db, companions[i]) < 0)
			return true; /* moving them will say */
		found = access(name, F_OK) == 0;
		free(name);
	}
	return found;
}

/* Companions go along, under the names by which SQLite knows them there. */
static int
dir_move_companions(
    const struct history_dir *dir, const char *to, struct sst_error *err)
{
	char *from_name, *to_name;
	int i, rc = SST_OK;

	for (i = 0; i < COMPANIONS && rc == SST_OK; i++) {
		if (asprintf(&from_name, "%s%s", dir->db, companions[i]) < 0)
			return sst_error_nomem(err);
		if (asprintf(&to_name, "%s%s", to, companions[i]) < 0) {
			free(from_name);
			return sst_error_nomem(err);
		}
		if (rename(from_name, to_name) != 0 && errno != ENOENT)
			rc = dir_error(err, "rename", from_name);
		free(from_name);
		free(to_name);
	}
	return rc;
}

/* The file first: should it end here, the next start finds companions without
 * a file, and sets them aside too, before a file gets that name. */
int
history__dir_set_aside(const struct history_dir *dir,
    const struct sst_clock *clock, const char *kind, char path_out[512],
    struct sst_error *err)
{
	char *name = NULL;
	int rc = dir_free_name(dir, kind, sst_clock_wall(clock).ms, &name, err);

	if (rc != SST_OK)
		return rc;
	if (rename(dir->db, name) != 0 && errno != ENOENT)
		rc = dir_error(err, "rename", dir->db);
	if (rc == SST_OK)
		rc = dir_move_companions(dir, name, err);
	if (rc == SST_OK && path_out != NULL)
		snprintf(path_out, 512, "%s", name);
	free(name);
	return rc;
}
