/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linked into what `make coverage` builds: a process that ends by _exit(), or sleeps until its test kills it, counts as
 * well. The linker puts these in the C library's place (--wrap).
 */

#include <time.h>
#include <unistd.h>

/* gcc's <gcov.h>, which other compilers do not have. */
void __gcov_dump(void);
void __gcov_reset(void);

int __real_nanosleep(const struct timespec *wanted, struct timespec *left);
int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left)
{
	__gcov_dump();
	__gcov_reset();
	return __real_nanosleep(wanted, left);
}

void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}
