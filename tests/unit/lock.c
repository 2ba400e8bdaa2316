/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One event of a guest at a time. */

#include "host/lock.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

static void lock_is_busy(void **state)
{
	struct lock held;
	struct lock lock = LOCK_RELEASED;
	struct err err = { 0 };
	uint64_t begun;

	(void)state;
	root_clean();
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

	(void)state;
	root_clean();
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

	(void)state;
	root_clean();
	naps = 0;
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

	(void)state;
	root_clean();
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

	(void)state;
	root_clean();
	lock = hold(&guest_101);
	assert_true(fcntl(lock.dir, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(lock.fd, F_GETFD) & FD_CLOEXEC);
	lock_release(&lock);
	lock_release(&lock);
	root_clean();
}

int main(void)
{
	static struct table table;

	TABLE_TEST(&table, lock_is_busy);
	TABLE_TEST(&table, lock_is_waited_for);
	TABLE_TEST(&table, lock_is_one_guests);
	TABLE_TEST(&table, lock_dies_with_its_process);
	TABLE_TEST(&table, descriptors);
	return table_run(&table, held_setup, root_teardown);
}
