/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks without files of their own. */

#include "host/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

/* Since glibc 2.20. */
#ifndef F_OFD_SETLK
#define F_OFD_GETLK 36
#define F_OFD_SETLK 37
#endif

#define LOCK_WAIT_S  10
#define WATCH_WAIT_S 1 /* what a killed one has forked is about to close it */
#define WATCH        "guestarp-watch"
#define POLICY       "the policy"
#define NAMES        "the quiet names"

/* What is locked beside guests. */
static const char *const others[] = { WATCH, POLICY, NAMES };

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

/*
 * Before Linux 3.15 there are no OFD locks (-EINVAL), and POSIX's end with any descriptor of the file that is closed.
 * There it is a file for each of a few hundred places that is locked as a whole (flock()). They stay: who removes one
 * removes it from under somebody.
 */
static int open_whole(const char *name, int dir, int flags)
{
	char file[sizeof("lock.other0")];

	(void)snprintf(file, sizeof(file), "lock.%02x", (unsigned)lock_offset(name) & 0xff);
	/* A guest's event takes these as well, under its own lock. */
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcmp(name, others[i]) == 0)
			(void)snprintf(file, sizeof(file), "lock.other%zu", i);
	}
	return openat(dir, file, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* *fd is of the file with a byte for each, and from then on of the one that is locked as a whole. */
static int try_lock(const char *name, int dir, bool alone, bool *whole, int *fd)
{
	struct flock lock = {
		.l_type = alone ? F_WRLCK : F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = lock_offset(name),
		.l_len = 1,
	};

	if (!*whole) {
		if (fcntl(*fd, F_OFD_SETLK, &lock) == 0)
			return 0;
		if (errno != EINVAL)
			return -errno;
		cleanup_fd(fd);
		*fd = open_whole(name, dir, O_RDWR | O_CREAT);
		if (*fd < 0)
			return -errno;
		*whole = true;
	}
	return flock(*fd, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0 ? -errno : 0;
}

/* guest: whose mark is left, NULL for none. The lock may be let go of just before that, so it is tried once more. */
static int take_lock(const char *name, int dir, int *fd, bool alone, const struct guest *guest, int wait_s,
		     struct err *err)
{
	char mark[LOCK_FILE_SIZE];
	const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };
	int64_t begun = clock_ms();
	bool whole = false;
	bool last = false;

	/* By the clock: on a busy host each pause takes longer. */
	for (;; last = clock_ms() - begun >= wait_s * INT64_C(1000)) {
		int r;

		if (last && guest)
			(void)mknodat(dir, mark_name(guest, mark), S_IFREG | 0600, 0);
		r = try_lock(name, dir, alone, &whole, fd);
		if (r == 0)
			return 0;
		if (r != -EAGAIN && r != -EACCES)
			return err_errno(err, -r, "lock");
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
	r = take_lock(name, dir, &fd, alone, guest, wait_s, err);
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
	return take(POLICY, true, true, NULL, LOCK_WAIT_S, ret_lock, err);
}

int lock_watch(struct lock *ret_lock, struct err *err)
{
	ret_lock->guest = NULL;
	return take(WATCH, true, true, NULL, WATCH_WAIT_S, ret_lock, err);
}

int lock_names(bool alone, struct lock *ret_lock, struct err *err)
{
	ret_lock->guest = NULL;
	return take(NAMES, true, alone, NULL, LOCK_WAIT_S, ret_lock, err);
}

/* It cannot be asked but by trying, in the time of which another that tries waits on. */
static bool is_held_whole(const char *name, int dir)
{
	CLEANUP(fd) int fd = open_whole(name, dir, O_RDWR);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;
}

static bool is_held(const char *name)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = lock_offset(name), .l_len = 1 };
	CLEANUP(fd) int dir = -1;
	CLEANUP(fd) int fd = -1;

	if (file_open_dir(RECORD_DIR, false, &dir, NULL) < 0)
		return false;
	fd = openat(dir, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	if (fcntl(fd, F_OFD_GETLK, &lock) == 0)
		return lock.l_type != F_UNLCK;
	return errno == EINVAL && is_held_whole(name, dir);
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
