#include "support/fault_vfs.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* The file of the default VFS lies behind ours. */
struct fault_file {
	sqlite3_file base;
	sqlite3_file *real;
};

/* What is armed: the thread of a service may write while a test arms. */
struct fault_plan {
	unsigned calls; /* 0: nothing is armed */
	long left;
	enum fault_kind kind;
	bool lasting;
	bool met;
	int number; /* errno of the last fault */
};

static struct {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	pthread_mutex_t lock; /* guards plan */
	struct fault_plan plan;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool
plan_meets(struct fault_plan *plan, enum fault_call call)
{
	if ((plan->calls & call) == 0)
		return false;
	if (plan->left > 0) {
		plan->left--;
		return false;
	}
	if (plan->met && !plan->lasting)
		return false;
	plan->met = true;
	plan->number = plan->kind == FAULT_EIO ? EIO : ENOSPC;
	return true;
}

/* True when this call fails; then `kind` says how. */
static bool
fault_meets(enum fault_call call, enum fault_kind *kind)
{
	bool met;

	pthread_mutex_lock(&state.lock);
	met = plan_meets(&state.plan, call);
	*kind = state.plan.kind;
	pthread_mutex_unlock(&state.lock);
	return met;
}

static bool
fault_now(enum fault_call call)
{
	enum fault_kind kind;

	return fault_meets(call, &kind);
}

static sqlite3_file *
fault_real(sqlite3_file *file)
{
	return ((struct fault_file *)(void *)file)->real;
}

static int
fault_close(sqlite3_file *file)
{
	sqlite3_file *real = fault_real(file);

	return real->pMethods == NULL ? SQLITE_OK
				      : real->pMethods->xClose(real);
}

static int
fault_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at)
{
	sqlite3_file *real = fault_real(file);

	if (fault_now(FAULT_READ))
		return SQLITE_IOERR_READ;
	return real->pMethods->xRead(real, to, n, at);
}

static int
fault_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 at)
{
	sqlite3_file *real = fault_real(file);
	enum fault_kind kind;

	if (!fault_meets(FAULT_WRITE, &kind))
		return real->pMethods->xWrite(real, from, n, at);
	if (kind == FAULT_SHORT)
		(void)real->pMethods->xWrite(real, from, n / 2, at);
	if (kind == FAULT_CORRUPT)
		return SQLITE_CORRUPT;
	return kind == FAULT_EIO ? SQLITE_IOERR_WRITE : SQLITE_FULL;
}

static int
fault_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	sqlite3_file *real = fault_real(file);

	if (fault_now(FAULT_TRUNCATE))
		return SQLITE_IOERR_TRUNCATE;
	return real->pMethods->xTruncate(real, size);
}

static int
fault_sync(sqlite3_file *file, int flags)
{
	(void)file;
	(void)flags;
	return fault_now(FAULT_SYNC) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int
fault_size(sqlite3_file *file, sqlite3_int64 *size)
{
	sqlite3_file *real = fault_real(file);

	return real->pMethods->xFileSize(real, size);
}

static int
fault_lock(sqlite3_file *file, int lock)
{
	sqlite3_file *real = fault_real(file);

	return real->pMethods->xLock(real, lock);
}

static int
fault_unlock(sqlite3_file *file, int lock)
{
	sqlite3_file *real = fault_real(file);

	return real->pMethods->xUnlock(real, lock);
}

static int
fault_reserved(sqlite3_file *file, int *out)
{
	sqlite3_file *real = fault_real(file);

	return real->pMethods->xCheckReservedLock(real, out);
}

static int
fault_control(sqlite3_file *file, int op, void *arg)
{
	sqlite3_file *real = fault_real(file);

	return real->pMethods->xFileControl(real, op, arg);
}

static int
fault_sector(sqlite3_file *file)
{
	sqlite3_file *real = fault_real(file);

	return real->pMethods->xSectorSize(real);
}

static int
fault_traits(sqlite3_file *file)
{
	sqlite3_file *real = fault_real(file);

	return real->pMethods->xDeviceCharacteristics(real);
}

static int
fault_shm_map(
    sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
	sqlite3_file *real = fault_real(file);

	if (fault_now(FAULT_SHM))
		return SQLITE_IOERR_SHMMAP;
	return real->pMethods->xShmMap(real, region, size, extend, out);
}

static int
fault_shm_lock(sqlite3_file *file, int at, int n, int flags)
{
	sqlite3_file *real = fault_real(file);

	return real->pMethods->xShmLock(real, at, n, flags);
}

static void
fault_shm_barrier(sqlite3_file *file)
{
	sqlite3_file *real = fault_real(file);

	real->pMethods->xShmBarrier(real);
}

static int
fault_shm_unmap(sqlite3_file *file, int remove)
{
	sqlite3_file *real = fault_real(file);

	return real->pMethods->xShmUnmap(real, remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* without mapped reads: each one comes here */
    .xClose = fault_close,
    .xRead = fault_read,
    .xWrite = fault_write,
    .xTruncate = fault_truncate,
    .xSync = fault_sync,
    .xFileSize = fault_size,
    .xLock = fault_lock,
    .xUnlock = fault_unlock,
    .xCheckReservedLock = fault_reserved,
    .xFileControl = fault_control,
    .xSectorSize = fault_sector,
    .xDeviceCharacteristics = fault_traits,
    .xShmMap = fault_shm_map,
    .xShmLock = fault_shm_lock,
    .xShmBarrier = fault_shm_barrier,
    .xShmUnmap = fault_shm_unmap,
};

static int
fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
    int *flags_out)
{
	struct fault_file *f = (struct fault_file *)(void *)file;
	int rc;

	(void)vfs;
	memset(f, 0, sizeof(*f));
	f->real = (sqlite3_file *)(void *)(f + 1);
	if (fault_now(FAULT_OPEN))
		return SQLITE_CANTOPEN;
	rc = state.real->xOpen(state.real, name, f->real, flags, flags_out);
	if (rc == SQLITE_OK)
		f->base.pMethods = &methods;
	return rc;
}

static int
fault_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	(void)sync;
	if (fault_now(FAULT_DELETE))
		return SQLITE_IOERR_DELETE;
	return state.real->xDelete(state.real, name, 0);
}

static int
fault_last_error(sqlite3_vfs *vfs, int len, char *text)
{
	int number;

	(void)vfs;
	(void)len;
	(void)text;
	pthread_mutex_lock(&state.lock);
	number = state.plan.number;
	pthread_mutex_unlock(&state.lock);
	return number;
}

void
fault_vfs_register(void)
{
	state.real = sqlite3_vfs_find(NULL);
	if (state.real == NULL)
		abort();
	state.vfs = *state.real;
	state.vfs.pNext = NULL;
	state.vfs.zName = FAULT_VFS;
	state.vfs.szOsFile =
	    (int)sizeof(struct fault_file) + state.real->szOsFile;
	state.vfs.xOpen = fault_open;
	state.vfs.xDelete = fault_delete;
	state.vfs.xGetLastError = fault_last_error;
	if (sqlite3_vfs_register(&state.vfs, 0) != SQLITE_OK)
		abort();
}

void
fault_vfs_arm(unsigned calls, long n, enum fault_kind kind, bool lasting)
{
	pthread_mutex_lock(&state.lock);
	state.plan = (struct fault_plan){
	    .calls = calls, .left = n, .kind = kind, .lasting = lasting};
	pthread_mutex_unlock(&state.lock);
}

bool
fault_vfs_disarm(void)
{
	bool met;

	pthread_mutex_lock(&state.lock);
	state.plan.calls = 0;
	met = state.plan.met;
	pthread_mutex_unlock(&state.lock);
	return met;
}
