/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capset(2) by itself: libcap would be a library for one call. */

#include "base/privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/libc.h"

#define KEPT ((1U << CAP_NET_ADMIN) | (1U << CAP_NET_RAW))

bool privilege_is_root(void)
{
	return geteuid() == 0 || secure_getenv("GUESTARP_ROOT");
}

int privilege_drop(bool will_exec, struct err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	struct __user_cap_data_struct kept[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return err_errno(err, errno, "capabilities");
	memcpy(kept, data, sizeof(kept));
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		kept[i].permitted &= i == 0 ? KEPT : 0;
		kept[i].effective = kept[i].permitted;
		kept[i].inheritable = 0;
	}
	/* A service that has no others may not even ask. */
	if (memcmp(kept, data, sizeof(kept)) != 0 && syscall(SYS_capset, &header, kept) < 0)
		return err_errno(err, errno, "capabilities");
	if (!will_exec && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(err, errno, "no_new_privs");
	return 0;
}
