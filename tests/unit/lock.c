/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One event of a guest at a time. */

#include "host/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "held.h"

/* Waiting for a lock takes no time here: it is counted. On a busy host each pause takes longer. */
#define BUSY_NS 2500000

static unsigned naps;
static uint64_t waited_ns = 1900000000; /* with a part of a second */
static void (*at_nap)(void);

int clock_gettime(clockid_t clock, struct timespec *now)
{
	if (clock != CLOCK_MONOTONIC)
		return (int)syscall(SYS_clock_gettime, clock, now);
	now->tv_sec = (time_t)(waited_ns / 1000000000);
	now->tv_nsec = (long)(waited_ns % 1000000000);
	return 0;
}

int nanosleep(const struct timespec *requested, struct timespec *remaining)
{
	(void)remaining;
	waited_ns += (uint64_t)requested->tv_sec * 1000000000 + (uint64_t)requested->tv_nsec + BUSY_NS;
	naps++;
	if (at_nap)
		at_nap();
	return 0;
}

/* Before Linux 3.15 there are no OFD locks, and files are locked as a whole. */
static const struct kernel {
	const char *name;
	bool has_ofd;
} kernels[] = {
	{ "OFD", true },
	{ "before Linux 3.15", false },
};

static bool has_ofd = true;

int fcntl(int fd, int cmd, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, cmd);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (!has_ofd && (cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW || cmd == F_OFD_GETLK)) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_fcntl, fd, cmd, argument);
}

static void begin(void **state)
{
	const struct kernel *kernel = *state;

	has_ofd = kernel->has_ofd;
	naps = 0;
	root_clean();
}

static void lock_is_busy(void **state)
{
	struct lock held;
	struct lock lock = LOCK_RELEASED;
	struct err err = { 0 };
	uint64_t begun;

	begin(state);
	held = hold(&guest_101);
	begun = waited_ns;
	assert_int_equal(lock_guest(&guest_101, true, false, &lock, &err), -EBUSY);
	assert_string_equal(err.text, "another event has not let go of pve-101.json for 10 s");
	assert_true(waited_ns - begun >= UINT64_C(10000000000));
	assert_true(waited_ns - begun < UINT64_C(10010000000));
	assert_int_equal(lock.dir, -1);
	/* Who gave up has left word. */
	assert_true(lock_let_go(&held));
	assert_int_equal(held.fd, -1);
	assert_int_equal(held.dir, -1);
	/* Nobody has since. */
	held = hold(&guest_101);
	assert_false(lock_let_go(&held));
	/* Who is in a hurry leaves word at once. */
	held = hold(&guest_101);
	begun = waited_ns;
	assert_int_equal(lock_guest(&guest_101, true, true, &lock, &err), -EBUSY);
	assert_true(waited_ns - begun < UINT64_C(10000000));
	assert_true(lock_let_go(&held));
	root_clean();
}

static struct lock *to_release;

static void release(void)
{
	if (naps == 3)
		lock_release(to_release);
}

static void lock_is_waited_for(void **state)
{
	struct lock held;
	struct lock lock;

	begin(state);
	held = hold(&guest_101);
	to_release = &held;
	naps = 0;
	at_nap = release;
	lock = hold(&guest_101);
	at_nap = NULL;
	assert_int_equal(naps, 3);
	lock_release(&lock);
	root_clean();
}

static void lock_is_one_guests(void **state)
{
	struct lock a;
	struct lock b;

	begin(state);
	a = hold(&guest_101);
	b = hold(&guest_102);
	assert_int_equal(naps, 0);
	lock_release(&a);
	lock_release(&b);
	root_clean();
}

/* A hook that was killed holds nothing. */
static void lock_dies_with_its_process(void **state)
{
	struct lock lock;
	pid_t child;
	int status;

	begin(state);
	root_mkdirs("/run/");
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		lock = (struct lock)LOCK_RELEASED;
		_exit(lock_guest(&guest_101, true, false, &lock, NULL) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	naps = 0;
	lock = hold(&guest_101);
	assert_int_equal(naps, 0);
	lock_release(&lock);
	root_clean();
}

/* A child that inherited the descriptors by accident must have closed them: they are O_CLOEXEC. */
static void descriptors(void **state)
{
	struct lock lock;

	begin(state);
	lock = hold(&guest_101);
	assert_true(fcntl(lock.dir, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(lock.fd, F_GETFD) & FD_CLOEXEC);
	lock_release(&lock);
	lock_release(&lock);
	root_clean();
}

/* Of the few hundred files. */
static unsigned place_of(const char *name)
{
	return (text_hash(TEXT_HASH_START, name) >> 2) & 0xff;
}

/* A guest but 101 whose place is that of name. */
static void take_guest_at(const char *name, struct guest *ret_guest)
{
	char id[16];
	char file[LOCK_FILE_SIZE];

	for (unsigned n = 102;; n++) {
		(void)snprintf(id, sizeof(id), "%u", n);
		assert_int_equal(guest_init(ret_guest, GUEST_PVE, id, NULL), 0);
		if (place_of(lock_file_name(ret_guest, ".json", file)) == place_of(name))
			return;
	}
}

/* The policy's, the names' and guestarp-watch's are no guest's: an event takes them under its own. */
static void others_are_beside(void **state)
{
	struct guest guest;
	struct lock lock;
	struct lock policy = LOCK_RELEASED;
	struct lock names = LOCK_RELEASED;
	struct lock more_names = LOCK_RELEASED;
	struct lock watch = LOCK_RELEASED;
	struct err err = { 0 };

	begin(state);
	take_guest_at("the policy", &guest);
	lock = hold(&guest);
	assert_false(lock_watch_is_held());
	assert_int_equal(lock_policy(&policy, &err), 0);
	assert_int_equal(lock_names(false, &names, &err), 0);
	assert_int_equal(lock_names(false, &more_names, &err), 0);
	assert_int_equal(lock_watch(&watch, &err), 0);
	assert_int_equal(naps, 0);
	assert_true(lock_watch_is_held());
	lock_release(&more_names);
	/* Alone is alone. */
	assert_int_equal(lock_names(true, &more_names, &err), -EBUSY);
	lock_release(&names);
	assert_int_equal(lock_names(true, &more_names, &err), 0);
	assert_int_equal(lock_names(false, &names, &err), -EBUSY);
	lock_release(&more_names);
	lock_release(&watch);
	assert_false(lock_watch_is_held());
	lock_release(&policy);
	lock_release(&lock);
	root_clean();
}

/* To ask is not to take. */
static void held_is_asked(void **state)
{
	struct lock lock;

	begin(state);
	assert_false(lock_is_held(&guest_101));
	lock = hold(&guest_101);
	assert_true(lock_is_held(&guest_101));
	assert_true(lock_is_held(&guest_101));
	assert_false(lock_is_held(&guest_102));
	lock_release(&lock);
	assert_false(lock_is_held(&guest_101));
	lock = hold(&guest_101);
	assert_int_equal(naps, 0);
	lock_release(&lock);
	root_clean();
}

/* Two guests with one file only wait for each other; with a byte each not even that. */
static void place_is_shared(void **state)
{
	const struct kernel *kernel = *state;
	struct guest other;
	struct lock lock;
	struct lock second;
	char file[LOCK_FILE_SIZE];

	begin(state);
	take_guest_at(lock_file_name(&guest_101, ".json", file), &other);
	lock = hold(&guest_101);
	assert_int_equal(lock_is_held(&other), !kernel->has_ofd);
	to_release = &lock;
	at_nap = release;
	second = hold(&other);
	at_nap = NULL;
	assert_int_equal(naps, kernel->has_ofd ? 0 : 3);
	lock_release(&second);
	lock_release(&lock);
	root_clean();
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, lock_is_busy, kernels);
	TABLE_ROWS(&table, lock_is_waited_for, kernels);
	TABLE_ROWS(&table, lock_is_one_guests, kernels);
	TABLE_ROWS(&table, lock_dies_with_its_process, kernels);
	TABLE_ROWS(&table, descriptors, kernels);
	TABLE_ROWS(&table, others_are_beside, kernels);
	TABLE_ROWS(&table, held_is_asked, kernels);
	TABLE_ROWS(&table, place_is_shared, kernels);
	return table_run(&table, held_setup, root_teardown);
}
