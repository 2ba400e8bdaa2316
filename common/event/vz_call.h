/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EVENT_VZ_CALL_H
#define GUESTARP_EVENT_VZ_CALL_H
/* One call of vznet-custom by vzctl or libvzctl: who it is about, and what all of its roles do. Failures are said. */

#include <stdbool.h>

#include "event/known.h"
#include "event/turn.h"
#include "guest/guest.h"
#include "guest/vz.h"

#define VZ_VENET "venet0"

/* One call: what vzctl said, and what came of it. */
struct vz_call {
	int argc;
	char **argv;
	enum vz_family family;
	struct turn turn; /* its guest as its file has it */
	bool readable;    /* VEID names a container whose file could be read */
	bool managed;
	bool quiet;   /* say failures only */
	bool tells;   /* the role is about addresses: it says it where there are too many */
	bool refused; /* policy cannot be read, and says that nothing may start then */
};

/* "" for none. */
const char *vz_env(const char *name);

/* As turn_say(): returns whether the failure is to stop the start. */
bool vz_call_say(struct vz_call *call, const char *done, int result, bool may_abort);

/*
 * VEID, its file, its policy; argc and argv are the caller's. aborts: a broken policy may refuse the start. What fails
 * here is said; the platform's own work has to go on without us.
 */
void vz_call_open(struct vz_call *call, const char *word, bool aborts, bool tells);

/*
 * The files once more, under the lock. Not while one of the platform's scripts runs: vz.conf, which it sources, calls
 * us from within.
 */
void vz_call_begin(struct vz_call *call, enum turn_kind kind);
void vz_call_end(struct vz_call *call);

/* The addresses of one list in the environment, for a container that may have more. False where they are too many. */
bool vz_call_take_ips(struct vz_call *call, const char *variable, struct guest *ret_guest);

/* Of a list that is too long: those that are recorded. Under the lock. */
void vz_call_take_known(struct vz_call *call, const char *variable, const struct known *known, struct guest *ret_guest);

/* event_prepare() of guest; returns whether the start is to be stopped. */
bool vz_call_prepare(struct vz_call *call, const struct guest *guest, bool probe, bool may_abort);

/* event_up() of guest; route: the device by which vzctl itself routes the addresses. Returns as vz_call_prepare(). */
bool vz_call_add(struct vz_call *call, struct guest *guest, const char *route, bool may_abort);

/* event_down_ips() of guest's addresses, event_down(). */
void vz_call_remove(struct vz_call *call, const struct guest *guest);
void vz_call_remove_all(struct vz_call *call);

/* event_remove_unrecorded(): on whatever device vzctl has put them, before we were set up or without telling us. */
void vz_call_remove_unrecorded(struct vz_call *call, struct guest *guest, const char *route);

#endif
