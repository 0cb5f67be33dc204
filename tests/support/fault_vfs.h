/*
 * A VFS for SQLite over the default one, in which a chosen call fails. What
 * was synced is not waited for: these tests end processes, not machines.
 * Faults may be armed while other threads use the VFS.
 */
#ifndef TESTS_SUPPORT_FAULT_VFS_H
#define TESTS_SUPPORT_FAULT_VFS_H

#include <stdbool.h>

#define FAULT_VFS "fault"

/* Calls that are counted, and can fail. */
enum fault_call {
	FAULT_WRITE = 1,
	FAULT_SYNC = 2,
	FAULT_TRUNCATE = 4,
	FAULT_OPEN = 8,
	FAULT_DELETE = 16,
	FAULT_READ = 32,
	FAULT_SHM = 64
};

enum fault_kind {
	FAULT_EIO,
	FAULT_ENOSPC,
	FAULT_SHORT,  /* half of it is written, then the disk is full */
	FAULT_CORRUPT /* writing meets a damaged file */
};

/* Makes the VFS known to SQLite, once. */
void fault_vfs_register(void);
/* The n-th of these calls from now on fails, counted from 0; with `lasting`
 * all after it too. */
void fault_vfs_arm(unsigned calls, long n, enum fault_kind kind, bool lasting);
/* No more faults; true when there was one. */
bool fault_vfs_disarm(void);

#endif
