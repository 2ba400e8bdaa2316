/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One loop: all news that is there is taken in first, then acted on, so that a burst of it is one pass. */

#include "watch/watcher.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/text.h"
#include "effect/quieting_host.h"
#include "event/sync.h"
#include "guest/pve.h"
#include "host/guests.h"
#include "host/record.h"
#include "host/running.h"
#include "host/watching.h"
#include "kernel/bridge.h"
#include "kernel/news.h"
#include "policy/ask.h"
#include "watch/alive.h"
#include "watch/bindings.h"
#include "watch/changed.h"
#include "watch/devices.h"
#include "watch/entries.h"
#include "watch/late.h"
#include "watch/move.h"
#include "watch/wanted.h"

#define FILES_MS    2000  /* between two looks at pmxcfs and the table of names */
#define ENTRIES_MS  30000 /* between two looks at the entries, of whose deletion the kernel tells nobody */
#define SETTLE_MS   1000  /* from the last change of the bridges on: a network reload is over */
#define UNSAID_MS   5000  /* until a network manager has put back what it took away */
#define LATE_MS     100   /* between two looks at a configuration that is yet to be written, or to come here */
#define CALM_MS     1000  /* after news was lost, at least, and doubled each time */
#define CALM_MAX_MS 60000

#define POLICY_DIR "/etc/guestarp"

struct watcher {
	int links, addresses, files, signals, epoll;
	int etc, policy_dir, record_dir; /* inotify's numbers, -1 for none */
	struct devices devices;
	struct bindings bindings;
	struct lates late;

	struct wanted wanted;
	struct wanted unsaid; /* those with whom something was wrong */
	bool lost;            /* some news */
	int deaf;             /* the error number, where news cannot be read */
	bool ended;

	int64_t records_at; /* not before that, where the directory is not watched */
	int64_t calm_until; /* no sync of all before that because of lost news */
	int64_t calm_ms;
	int64_t settled_at; /* 0 for not */
	int64_t unsaid_at;  /* 0 for none */
	int64_t files_at;
	int64_t entries_at;
	uint64_t version; /* of pmxcfs */
	struct timespec cluster_policy;
	bool table; /* the names were there */

	struct teller teller;
	struct alive alive;
};

/* ---- what is to be done --------------------------------------------------------------------------------------------
 */

static void want_due(struct watcher *w, const char *guest, struct due due)
{
	due.nic = -1;
	(void)text_copy(due.guest, sizeof(due.guest), guest);
	wanted_add(&w->wanted, &due);
}

static void want(const char *guest, bool arrives, void *arg)
{
	want_due(arg, guest, (struct due){ .arrives = arrives });
}

/* Those that have something on the device; runs: it has its carrier. */
static void want_bound(struct watcher *w, const struct link *link, bool runs)
{
	for (size_t i = 0; i < w->bindings.count; i++) {
		const struct setting *setting = &w->bindings.list[i].setting;

		if (setting->ifindex == link->ifindex || strcmp(setting->device, link->name) == 0)
			want_due(w, w->bindings.list[i].guest, (struct due){ .announces = runs });
	}
}

/* A guest of Proxmox VE's own naming, a device of which came or went. False for any other device. */
static bool want_guest(struct watcher *w, const char *name, bool came)
{
	struct due due = { .nic = -1, .own = true, .came = came };
	struct guest guest;
	unsigned nic;
	bool firewall_bridge;

	if (!running_parse_port(name, &guest, &nic, &firewall_bridge))
		return false;
	/* No event for one that goes: its port does, too, as a rule. */
	if (firewall_bridge && !came)
		return true;
	(void)guest_name(&guest, due.guest);
	if (firewall_bridge)
		due.nic = (int)nic;
	wanted_add(&w->wanted, &due);
	return true;
}

/* ---- news of devices -----------------------------------------------------------------------------------------------
 */

static void take_link(struct watcher *w, const struct link *link)
{
	struct change change;
	bool guests;

	if (devices_take(&w->devices, link, &change) < 0) {
		w->lost = true;
		return;
	}
	if (change.came || change.rose)
		want_bound(w, link, change.runs);
	guests = change.came && want_guest(w, link->name, true);
	if (w->bindings.guest_count == 0)
		return;
	if (change.came && !guests && policy_mentions(link->name))
		wanted_all(&w->wanted, false);
	if (change.joined && devices_may_be_uplink(link))
		wanted_all(&w->wanted, true);
	/* One that was made anew is to be pinned when its ports are there, and a host that is a container has veths for
	 * cards. */
	if ((change.came && strcmp(link->kind, "bridge") == 0 && !guests) ||
	    (change.joined && strcmp(link->kind, "veth") == 0 && !bridge_port_is_guests(link->name)))
		w->settled_at = clock_ms() + SETTLE_MS;
}

static void take_news(const struct news *news, void *arg)
{
	struct watcher *w = arg;
	const struct device *device;
	struct link link = news->link;

	w->teller.says.events++;
	switch (news->kind) {
	case NEWS_LINK:
		take_link(w, &link);
		break;
	case NEWS_LINK_GONE:
		devices_forget(&w->devices, link.ifindex);
		want_bound(w, &link, false);
		(void)want_guest(w, link.name, false);
		break;
	case NEWS_ADDRESS:
		device = devices_find(&w->devices, link.ifindex);
		/* Each guest's entries are on no other device that holds an address. With one, a guest's own port is
		 * its gateway. */
		if (device && bridge_port_is_guests(device->name))
			(void)want_guest(w, device->name, false);
		else if (w->bindings.guest_count > 0)
			wanted_all(&w->wanted, false);
		break;
	default:
		break;
	}
}

/* ---- files ---------------------------------------------------------------------------------------------------------
 */

/* True when it begins. Records are only ever renamed into their place. */
static bool watch_directory(const struct watcher *w, const char *path, uint32_t events, int *number)
{
	char full[4096];

	if (*number >= 0 || path_full(path, full, sizeof(full), NULL) < 0)
		return false;
	*number = inotify_add_watch(w->files, full, events | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE);
	return *number >= 0;
}

/* With the lock that is in it. */
static void watch_records(struct watcher *w)
{
	int64_t now = clock_ms();

	if (w->record_dir >= 0 || now < w->records_at)
		return;
	if (w->teller.lock.fd < 0)
		(void)watching_begin(&w->teller.lock, NULL);
	if (watch_directory(w, RECORD_DIR, 0, &w->record_dir))
		w->lost = true;
	else
		w->records_at = now + CALM_MS;
}

/* What was written before is not told. */
static void watch_directories(struct watcher *w)
{
	w->lost = watch_directory(w, POLICY_DIR, IN_CLOSE_WRITE | IN_ATTRIB, &w->policy_dir) || w->lost;
	(void)watch_directory(w, "/etc", IN_CREATE, &w->etc);
	watch_records(w);
}

static void take_file(struct watcher *w, const struct inotify_event *event)
{
	struct guest guest;

	if (event->mask & IN_IGNORED) {
		/* The directory is gone. */
		if (event->wd == w->policy_dir)
			w->policy_dir = -1;
		if (event->wd == w->record_dir) {
			w->record_dir = -1;
			w->lost = true;
		}
	} else if (event->mask & IN_Q_OVERFLOW) {
		w->lost = true;
	} else if (event->wd == w->etc && event->len > 0 && strcmp(event->name, "guestarp") == 0) {
		/* Another directory, or link to one, is in its place, or none. */
		(void)inotify_rm_watch(w->files, w->policy_dir);
		w->policy_dir = -1;
		wanted_all(&w->wanted, true);
	} else if (event->wd == w->policy_dir && event->len > 0 && strcmp(event->name, "guestarp.json") == 0) {
		w->teller.says.events++;
		wanted_all(&w->wanted, true);
	} else if (event->wd == w->record_dir && event->len > 0 && (event->mask & IN_DELETE) &&
		   strcmp(event->name, "lock") == 0) {
		/* Somebody clears the directory, and is not in the way of that. That it is gone the kernel tells when
		 * nobody has anything of it open. */
		w->records_at = clock_ms() + CALM_MS;
		(void)inotify_rm_watch(w->files, w->record_dir);
		lock_release(&w->teller.lock);
	} else if (event->wd == w->record_dir && event->len > 0 && record_guest(event->name, &guest)) {
		w->teller.says.events++;
		if (bindings_update(&w->bindings, &guest) < 0)
			w->lost = true;
	}
}

static void read_files(struct watcher *w)
{
	static char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t len;

	while ((len = read(w->files, buffer, sizeof(buffer))) > 0) {
		for (const char *at = buffer; at < buffer + len;) {
			const struct inotify_event *event = (const void *)at;

			take_file(w, event);
			at += sizeof(*event) + event->len;
		}
	}
}

/* pmxcfs has no inotify for what another node did, but a file that changes with guests' configurations. What is new to
 * us is only taken down. */
static void look_at_cluster(struct watcher *w)
{
	bool any = changed_cluster(&w->version);

	if (changed_file(POLICY_CLUSTER_FILE, &w->cluster_policy))
		wanted_all(&w->wanted, true);
	for (size_t i = 0; i < w->bindings.guest_count; i++) {
		struct bound_guest *guest = &w->bindings.guests[i];

		if (strncmp(guest->name, "pve/", strlen("pve/")) == 0 && (any || changed_never_seen(&guest->config)) &&
		    changed_config(guest))
			want(guest->name, false, w);
	}
}

/* ---- the loop ------------------------------------------------------------------------------------------------------
 */

/* It is looked at again before it is said. */
static void is_unsaid(const char *guest, void *arg)
{
	struct due due = { .nic = -1, .announces = true, .settled = true };
	struct watcher *w = arg;

	(void)text_copy(due.guest, sizeof(due.guest), guest);
	wanted_add(&w->unsaid, &due);
	if (w->unsaid_at == 0)
		w->unsaid_at = clock_ms() + UNSAID_MS;
}

static void sync_due(struct watcher *w, const struct due *due)
{
	const struct hint hint = { .nic = due->nic,
				   .arrives = due->arrives,
				   .announces = due->announces,
				   .hurry = true,
				   .early = !due->settled };
	CLEANUP(free) char *text = NULL;
	int64_t begun = clock_us();
	struct guest guest;
	struct err err;
	struct sync_look seen;
	int r;

	if (!guest_init_named(&guest, due->guest, '/'))
		return;
	r = guest.kind == GUEST_PVE ? pve_text(&guest, &text, &err) : -EOPNOTSUPP;
	seen = event_sync_guest(&guest, &hint);
	if (seen.alive && due->arrives && move_tell(&guest, &err) < 0)
		log_line(due->guest, "watch: %s", err.text);
	if (seen.alive && r == 0 && due->own)
		late_add(&w->late, due->guest, steal_ptr(&text), clock_ms());
	else if (due->came && late_is_coming(&guest, r, seen.alive))
		late_add(&w->late, due->guest, NULL, clock_ms());
	if (seen.unsaid)
		is_unsaid(due->guest, w);
	if (seen.holds)
		entries_restored(&w->bindings, due->guest);
	teller_did(&w->teller, due->guest, clock_us() - begun);
}

static void read_signals(struct watcher *w)
{
	struct signalfd_siginfo info;
	ssize_t len;

	while ((len = read(w->signals, &info, sizeof(info))) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			wanted_all(&w->wanted, true);
		else
			w->ended = true;
	}
	/* Rather than be one that nobody can end. */
	if (len < 0 && errno != EAGAIN && errno != EINTR) {
		log_line(NULL, "watch: signals cannot be read: %s", strerror(errno));
		w->ended = true;
	}
}

/* What cannot be read is there again at once. */
static void hear(struct watcher *w, int fd)
{
	const struct timespec pause = { .tv_nsec = 100L * 1000 * 1000 };
	int r = news_read(fd, take_news, w);

	w->lost = r < 0 || w->lost;
	if (r == 0 || r == -ENOBUFS)
		return;
	w->deaf = -r;
	(void)nanosleep(&pause, NULL);
}

static void take_all(struct watcher *w)
{
	hear(w, w->links);
	hear(w, w->addresses);
	read_files(w);
	read_signals(w);
}

static void act(struct watcher *w)
{
	const struct sync_watch watch = { is_unsaid, w };
	struct sync_result result;
	struct due due;
	struct err err;

	if (w->wanted.all) {
		int64_t begun = clock_us();
		bool prepare = w->wanted.prepare;

		w->wanted.all = false;
		w->wanted.prepare = false;
		if (event_sync(prepare, &watch, &result, &err) < 0)
			log_line(NULL, "watch: %s", err.text);
		w->table = quieting_host_has_table();
		teller_did(&w->teller, "all", clock_us() - begun);
	}
	/* What comes meanwhile is taken in between: the kernel keeps only so much of it. */
	while (!w->wanted.all && !w->ended && wanted_next(&w->wanted, &due)) {
		sync_due(w, &due);
		take_all(w);
		alive_show(&w->alive, w->bindings.guest_count > 0);
	}
	watch_directories(w);
}

/* Of a guest that is migrating here, the configuration is not here yet: a look at every guest leaves it out. */
static void want_coming(struct watcher *w)
{
	for (size_t i = 0; i < w->devices.count; i++) {
		CLEANUP(free) char *text = NULL;
		struct guest guest;
		unsigned nic;
		bool firewall_bridge;

		if (running_parse_port(w->devices.list[i].name, &guest, &nic, &firewall_bridge) &&
		    pve_text(&guest, &text, NULL) == -ENOENT)
			(void)want_guest(w, w->devices.list[i].name, true);
	}
}

/* All anew. Not more often than is good for the host, however much is lost. */
static void recover(struct watcher *w)
{
	int64_t now = clock_ms();
	CLEANUP(netlink) struct netlink *nl = NULL;
	struct err err;

	if (!w->lost || now < w->calm_until)
		return;
	w->calm_ms = w->calm_ms == 0 || now > w->calm_until + CALM_MAX_MS ? CALM_MS : w->calm_ms * 2;
	if (w->calm_ms > CALM_MAX_MS)
		w->calm_ms = CALM_MAX_MS;
	w->calm_until = now + w->calm_ms;
	w->lost = false;
	if (w->deaf)
		log_line(NULL, "watch: what the kernel tells cannot be read: %s", strerror(w->deaf));
	w->deaf = 0;
	if (netlink_open(&nl, &err) < 0 || devices_read(&w->devices, nl, &err) < 0 ||
	    bindings_read(&w->bindings, &err) < 0) {
		log_line(NULL, "watch: %s", err.text);
		w->lost = true;
	}
	want_coming(w);
	wanted_all(&w->wanted, true);
}

static void run_timers(struct watcher *w)
{
	int64_t now = clock_ms();

	if (w->bindings.guest_count > 0 && now >= w->files_at) {
		look_at_cluster(w);
		if (w->table && !quieting_host_has_table()) {
			(void)event_sync_names("sync");
			w->table = quieting_host_has_table();
		}
		teller_heard(&w->teller);
		w->files_at = now + FILES_MS;
	}
	if (w->bindings.count > 0 && now >= w->entries_at) {
		entries_look(&w->bindings, &w->devices, now, want, w);
		w->entries_at = now + ENTRIES_MS;
	}
	if (w->settled_at > 0 && now >= w->settled_at) {
		w->settled_at = 0;
		wanted_all(&w->wanted, true);
	}
	if (w->unsaid_at > 0 && now >= w->unsaid_at) {
		struct due due;

		w->unsaid_at = 0;
		while (wanted_next(&w->unsaid, &due))
			wanted_add(&w->wanted, &due);
	}
	if (w->late.count > 0)
		late_look(&w->late, now, want, w);
}

/* -1 is never. */
static int64_t earlier(int64_t at, int64_t other)
{
	return at < 0 || other < at ? other : at;
}

/* Until the next timer; -1 where there is none. */
static int wait_ms(const struct watcher *w)
{
	int64_t now = clock_ms();
	int64_t at = -1;

	if (w->wanted.all || w->wanted.count > 0)
		return 0;
	if (w->bindings.guest_count > 0)
		at = earlier(at, w->files_at);
	if (w->bindings.count > 0)
		at = earlier(at, w->entries_at);
	if (w->late.count > 0)
		at = earlier(at, now + LATE_MS);
	if (w->settled_at > 0)
		at = earlier(at, w->settled_at);
	if (w->unsaid_at > 0)
		at = earlier(at, w->unsaid_at);
	if (w->lost)
		at = earlier(at, w->calm_until);
	if (w->record_dir < 0)
		at = earlier(at, w->records_at);
	if (w->teller.untold)
		at = earlier(at, w->teller.not_before);
	return at < 0 ? -1 : at <= now ? 0 : (int)(at - now);
}

static int loop(struct watcher *w, struct err *err)
{
	struct epoll_event event;

	while (!w->ended) {
		if (epoll_wait(w->epoll, &event, 1, wait_ms(w)) < 0 && errno != EINTR)
			return err_errno(err, errno, "watch");
		take_all(w);
		recover(w);
		run_timers(w);
		act(w);
		alive_show(&w->alive, w->bindings.guest_count > 0);
		teller_tell(&w->teller, clock_ms());
	}
	return 0;
}

static int open_all(struct watcher *w, struct err *err)
{
	int *const heard[] = { &w->links, &w->addresses, &w->files, &w->signals };
	sigset_t signals;
	int r = news_open(NEWS_LINKS, 0, &w->links, err);

	if (r == 0)
		r = news_open(NEWS_ADDRESSES, 0, &w->addresses, err);
	if (r == 0)
		r = watching_begin(&w->teller.lock, err);
	if (r < 0)
		return r;
	w->teller.says.since = time(NULL);
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	w->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	w->files = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (w->signals < 0 || w->files < 0 || w->epoll < 0)
		return err_errno(err, errno, "watch");
	for (size_t i = 0; i < sizeof(heard) / sizeof(heard[0]); i++) {
		struct epoll_event event = { .events = EPOLLIN };

		if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, *heard[i], &event) < 0)
			return err_errno(err, errno, "watch");
	}
	return 0;
}

static void close_all(struct watcher *w)
{
	cleanup_fd(&w->epoll);
	cleanup_fd(&w->signals);
	cleanup_fd(&w->files);
	cleanup_fd(&w->addresses);
	cleanup_fd(&w->links);
	lock_release(&w->teller.lock);
	late_done(&w->late);
	wanted_done(&w->wanted);
	wanted_done(&w->unsaid);
	devices_done(&w->devices);
	bindings_done(&w->bindings);
}

int watcher_run(void (*tell)(const char *state), struct err *err)
{
	static struct watcher w;
	int r;

	w = (struct watcher){ .links = -1, .addresses = -1, .files = -1, .signals = -1, .epoll = -1 };
	w.teller.lock = (struct lock)LOCK_RELEASED;
	w.alive.tell = tell;
	w.policy_dir = -1;
	w.etc = -1;
	w.record_dir = -1;
	/* Nobody waits for the children that announce. */
	(void)signal(SIGCHLD, SIG_IGN);
	r = open_all(&w, err);
	if (r == 0) {
		/* Listening first: what happens from here on is heard, and what was before is looked at. */
		watch_directories(&w);
		w.lost = true;
		recover(&w);
		act(&w);
		teller_tell(&w.teller, clock_ms());
		tell("READY=1");
		r = loop(&w, err);
	}
	close_all(&w);
	return r;
}
