#include "support/fault_vfs.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* The file of the default VFS lies behind ours. */
struct fault_file {
	sqlite3_file base;
	sqlite3_file *real;
};

static struct {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	unsigned calls; /* 0: nothing is armed */
	long left;
	enum fault_kind kind;
	bool lasting;
	bool met;
	int number; /* errno of the last fault */
} state;

static bool
fault_now(enum fault_call call)
{
	if ((state.calls & call) == 0)
		return false;
	if (state.left > 0) {
		state.left--;
		return false;
	}
	if (state.met && !state.lasting)
		return false;
	state.met = true;
	state.number = state.kind == FAULT_EIO ? EIO : ENOSPC;
	return true;
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

	if (!fault_now(FAULT_WRITE))
		return real->pMethods->xWrite(real, from, n, at);
	if (state.kind == FAULT_SHORT)
		(void)real->pMethods->xWrite(real, from, n / 2, at);
	if (state.kind == FAULT_CORRUPT)
		return SQLITE_CORRUPT;
	return state.kind == FAULT_EIO ? SQLITE_IOERR_WRITE : SQLITE_FULL;
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
	(void)vfs;
	(void)len;
	(void)text;
	return state.number;
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
	state.calls = calls;
	state.left = n;
	state.kind = kind;
	state.lasting = lasting;
	state.met = false;
}

bool
fault_vfs_disarm(void)
{
	state.calls = 0;
	return state.met;
}
