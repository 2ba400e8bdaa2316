/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks without files of their own. */

#include "host/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define LOCK_WAIT_S  10
#define WATCH_WAIT_S 1 /* what a killed one has forked is about to close it */
#define WATCH        "guestarp-watch"

const char *lock_file_name(const struct guest *guest, const char *ending, char name[LOCK_FILE_SIZE])
{
	(void)snprintf(name, LOCK_FILE_SIZE, "%s-%s%s", guest_kind_to_str(guest->kind), guest->id, ending);
	for (char *p = name; *p; p++) {
		if (*p == '/')
			*p = ':';
	}
	return name;
}

/* Also the record's file: versions before 0.2 lock the same byte. */
static const char *lock_name(const struct guest *guest, char name[LOCK_FILE_SIZE])
{
	return lock_file_name(guest, ".json", name);
}

static const char *mark_name(const struct guest *guest, char name[LOCK_FILE_SIZE])
{
	return lock_file_name(guest, ".again", name);
}

/* The guest's byte in the lock file. Two guests that share one only wait for each other. */
static off_t lock_offset(const char *name)
{
	return (off_t)(text_hash(TEXT_HASH_START, name) >> 2);
}

/* guest: whose mark is left, NULL for none. The lock may be let go of just before that, so it is tried once more. */
static int take_lock(const char *name, int dir, int fd, bool alone, const struct guest *guest, int wait_s,
		     struct err *err)
{
	char mark[LOCK_FILE_SIZE];
	struct flock lock = {
		.l_type = alone ? F_WRLCK : F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = lock_offset(name),
		.l_len = 1,
	};
	const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };
	int64_t begun = clock_ms();
	bool last = false;

	/* By the clock: on a busy host each pause takes longer. */
	for (;; last = clock_ms() - begun >= wait_s * INT64_C(1000)) {
		if (last && guest)
			(void)mknodat(dir, mark_name(guest, mark), S_IFREG | 0600, 0);
		if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
			return 0;
		if (errno != EAGAIN && errno != EACCES)
			return err_errno(err, errno, "lock");
		if (last)
			return err_set(err, EBUSY, "another event has not let go of %s for %d s", name, wait_s);
		(void)nanosleep(&pause, NULL);
	}
}

static int take(const char *name, bool create, bool alone, const struct guest *guest, int wait_s, struct lock *ret_lock,
		struct err *err)
{
	CLEANUP(fd) int dir = -1;
	CLEANUP(fd) int fd = -1;
	int r = file_open_dir(RECORD_DIR, create, &dir, err);

	if (r < 0)
		return r;
	fd = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(err, errno, RECORD_DIR "/lock");
	r = take_lock(name, dir, fd, alone, guest, wait_s, err);
	if (r < 0)
		return r;
	ret_lock->dir = steal_fd(&dir);
	ret_lock->fd = steal_fd(&fd);
	return 0;
}

int lock_guest(const struct guest *guest, bool create, bool hurry, struct lock *ret_lock, struct err *err)
{
	char name[LOCK_FILE_SIZE];

	ret_lock->guest = guest;
	return take(lock_name(guest, name), create, true, guest, hurry ? 0 : LOCK_WAIT_S, ret_lock, err);
}

int lock_policy(struct lock *ret_lock, struct err *err)
{
	ret_lock->guest = NULL;
	return take("the policy", true, true, NULL, LOCK_WAIT_S, ret_lock, err);
}

int lock_watch(struct lock *ret_lock, struct err *err)
{
	ret_lock->guest = NULL;
	return take(WATCH, true, true, NULL, WATCH_WAIT_S, ret_lock, err);
}

int lock_names(bool alone, struct lock *ret_lock, struct err *err)
{
	ret_lock->guest = NULL;
	return take("the quiet names", true, alone, NULL, LOCK_WAIT_S, ret_lock, err);
}

static bool is_held(const char *name)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = lock_offset(name), .l_len = 1 };
	CLEANUP(fd) int dir = -1;
	CLEANUP(fd) int fd = -1;

	if (file_open_dir(RECORD_DIR, false, &dir, NULL) < 0)
		return false;
	fd = openat(dir, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool lock_is_held(const struct guest *guest)
{
	char name[LOCK_FILE_SIZE];

	return is_held(lock_name(guest, name));
}

bool lock_watch_is_held(void)
{
	return is_held(WATCH);
}

bool lock_let_go(struct lock *lock)
{
	char mark[LOCK_FILE_SIZE];
	bool wanted = lock->fd >= 0 && lock->guest;

	/* Who leaves a mark from here on tries once more, and gets it. */
	cleanup_fd(&lock->fd);
	wanted = wanted && unlinkat(lock->dir, mark_name(lock->guest, mark), 0) == 0;
	cleanup_fd(&lock->dir);
	return wanted;
}

void lock_release(struct lock *lock)
{
	cleanup_fd(&lock->fd);
	cleanup_fd(&lock->dir);
}
