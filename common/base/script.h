/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_BASE_SCRIPT_H
#define GUESTARP_BASE_SCRIPT_H
/* The shell script that has called us, told by its command line. */

#include <stdbool.h>
#include <sys/types.h>

/* Does our parent run a script of such a name ("net_add")? */
bool script_calls(const char *name);

/* The script that is our parent, or the parent of the subshell that is; 0 for none. */
pid_t script_find(void);

/* A descriptor of it for script_wait(), to be closed; -1 where it is gone. It lives as long as it waits for us. */
int script_open(pid_t script);

/* Until the script of that descriptor has ended; false where it still runs after that time. */
bool script_wait(int fd, int seconds);

#endif
