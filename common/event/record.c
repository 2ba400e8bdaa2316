/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records on tmpfs: lost with the kernel state that they describe, at a reboot. */

#include "event/record.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json_object.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

#define RECORD_VERSION 1
#define NAME_SIZE      (GUEST_NAME_SIZE + 8)
#define SETTING_SIZE   256  /* of one setting's text, at most */
#define LOCK_TRIES     2000 /* of 5 ms */

static const char *record_name(const struct guest *guest, char name[NAME_SIZE])
{
	(void)snprintf(name, NAME_SIZE, "%s-%s.json", guest_kind_to_str(guest->kind), guest->id);
	return name;
}

static const char *mark_name(const struct guest *guest, char name[NAME_SIZE])
{
	(void)snprintf(name, NAME_SIZE, "%s-%s.again", guest_kind_to_str(guest->kind), guest->id);
	return name;
}

/* The guest's byte in the lock file. Two guests that share one only wait for each other. */
static off_t lock_offset(const char *name)
{
	return (off_t)(text_hash(TEXT_HASH_START, name) >> 2);
}

/* guest: whose mark is left, NULL for none. It may be let go of just before that: hence the last try. */
static int take_lock(const char *name, int dir, int fd, bool alone, const struct guest *guest, struct err *err)
{
	char mark[NAME_SIZE];
	struct flock lock = {
		.l_type = alone ? F_WRLCK : F_RDLCK,
		.l_whence = SEEK_SET,
		.l_start = lock_offset(name),
		.l_len = 1,
	};
	const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };

	for (int i = 0; i <= LOCK_TRIES; i++) {
		if (i == LOCK_TRIES && guest)
			(void)mknodat(dir, mark_name(guest, mark), S_IFREG | 0600, 0);
		if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
			return 0;
		if (errno != EAGAIN && errno != EACCES)
			return err_errno(err, errno, "lock");
		if (i < LOCK_TRIES)
			(void)nanosleep(&pause, NULL);
	}
	return err_set(err, EBUSY, "another event has not let go of %s for 10 s", name);
}

static int open_store(const char *name, bool create, bool alone, const struct guest *guest,
		      struct record_store *ret_store, struct err *err)
{
	CLEANUP(fd) int dir = -1;
	CLEANUP(fd) int lock = -1;
	int r = file_open_dir(RECORD_DIR, create, &dir, err);

	if (r < 0)
		return r;
	lock = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0)
		return err_errno(err, errno, RECORD_DIR "/lock");
	r = take_lock(name, dir, lock, alone, guest, err);
	if (r < 0)
		return r;
	ret_store->dir = steal_fd(&dir);
	ret_store->lock = steal_fd(&lock);
	return 0;
}

int record_open(const struct guest *guest, bool create, struct record_store *ret_store, struct err *err)
{
	char name[NAME_SIZE];

	ret_store->guest = guest;
	return open_store(record_name(guest, name), create, true, guest, ret_store, err);
}

bool record_was_wanted(const struct record_store *store)
{
	char mark[NAME_SIZE];

	return store->lock >= 0 && store->guest && unlinkat(store->dir, mark_name(store->guest, mark), 0) == 0;
}

int record_open_policy(struct record_store *ret_store, struct err *err)
{
	ret_store->guest = NULL;
	return open_store("the policy", true, true, NULL, ret_store, err);
}

int record_open_names(bool alone, struct record_store *ret_store, struct err *err)
{
	ret_store->guest = NULL;
	return open_store("the quiet names", true, alone, NULL, ret_store, err);
}

int record_peek(const struct guest *guest, struct plan *ret_settings)
{
	struct record_store store = { .dir = -1, .lock = -1, .guest = guest };
	struct notes notes = { 0 };
	bool exists;
	int r = file_open_dir(RECORD_DIR, false, &store.dir, NULL);

	if (r == 0)
		r = record_load(&store, ret_settings, &exists, &notes, NULL);
	record_close(&store);
	return r;
}

bool record_is_locked(const struct guest *guest)
{
	char name[NAME_SIZE];
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	CLEANUP(fd) int dir = -1;
	CLEANUP(fd) int fd = -1;

	lock.l_start = lock_offset(record_name(guest, name));
	if (file_open_dir(RECORD_DIR, false, &dir, NULL) < 0)
		return false;
	fd = openat(dir, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool record_first(const char *what)
{
	CLEANUP(fd) int dir = -1;

	return file_open_dir(RECORD_DIR, true, &dir, NULL) == 0 && mknodat(dir, what, S_IFREG | 0600, 0) == 0;
}

void record_close(struct record_store *store)
{
	cleanup_fd(&store->lock);
	cleanup_fd(&store->dir);
}

bool record_exists(const struct guest *guest)
{
	char file[sizeof(RECORD_DIR) + NAME_SIZE] = RECORD_DIR "/";
	char path[4096];

	(void)record_name(guest, file + sizeof(RECORD_DIR));
	return file_path(file, path, sizeof(path), NULL) < 0 || access(path, F_OK) == 0 || errno != ENOENT;
}

int record_begin(const struct record_store *store, struct err *err)
{
	char name[NAME_SIZE];

	if (mknodat(store->dir, record_name(store->guest, name), S_IFREG | 0600, 0) == 0 || errno == EEXIST)
		return 0;
	return err_errno(err, errno, "record %s", name);
}

void record_give_up(const struct record_store *store)
{
	char name[NAME_SIZE];
	struct stat st;

	if (fstatat(store->dir, record_name(store->guest, name), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size == 0)
		(void)unlinkat(store->dir, name, 0);
}

static const char *get_string(struct json_object *json, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(json, key, &value) || !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

static bool get_number(struct json_object *json, const char *key, int64_t max, int64_t *ret_value)
{
	struct json_object *value;

	if (!json_object_object_get_ex(json, key, &value) || !json_object_is_type(value, json_type_int))
		return false;
	*ret_value = json_object_get_int64(value);
	return *ret_value >= 0 && *ret_value <= max;
}

/*
 * One item; everything in it is checked as if a stranger had written it. 1 for one of a firewall bridge's values, which
 * versions before 0.2 recorded: they stay while the bridge exists.
 */
static int parse_setting(struct json_object *json, struct setting *ret_setting)
{
	struct setting s = { .guests = true };
	const char *what = get_string(json, "setting");
	const char *device = get_string(json, "device");
	const char *ip = get_string(json, "address");
	int64_t n;

	if (!what || !device || setting_kind_parse(what, &s.kind) < 0 || ifname_copy(s.device, device) < 0 ||
	    !get_number(json, "ifindex", INT32_MAX, &n))
		return -EINVAL;
	s.ifindex = (int)n;
	if (s.kind == SETTING_PROXY || s.kind == SETTING_ROUTE) {
		if (!ip || ip_parse(ip, &s.ip) < 0)
			return -EINVAL;
		s.platforms = get_number(json, "platforms", 1, &n) && n == 1;
		s.shared = get_number(json, "shared", 1, &n) && n == 1;
	} else {
		return s.kind == SETTING_ARP_IGNORE || s.kind == SETTING_NOARP ? 1 : -EINVAL;
	}
	*ret_setting = s;
	return 0;
}

static int parse_record(const char *file, const char *text, size_t len, struct plan *settings, struct err *err)
{
	CLEANUP(json) struct json_object *json = NULL;
	struct json_object *list;
	int64_t version;
	int r = json_parse(file, text, len, &json, err);

	if (r < 0)
		return r;
	if (!get_number(json, "version", INT32_MAX, &version) || version != RECORD_VERSION ||
	    !json_object_object_get_ex(json, "settings", &list) || !json_object_is_type(list, json_type_array))
		return err_set(err, EINVAL, "%s: not a record of version %d", file, RECORD_VERSION);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct setting setting;

		r = parse_setting(json_object_array_get_idx(list, i), &setting);
		if (r < 0)
			return err_set(err, EINVAL, "%s: settings[%zu] is not understood", file, i);
		if (r == 0 && plan_add(settings, &setting) < 0)
			return err_errno(err, ENOMEM, "%s", file);
	}
	return 0;
}

/*
 * What is wrong with the file itself, not with reading it just now: a record that cannot be read for a moment must not
 * be taken for one that says nothing, or all that it lists would stay for ever.
 */
static bool is_bad_file(int code)
{
	return code == EINVAL || code == ELOOP || code == EISDIR || code == EFBIG || code == EACCES;
}

int record_load(const struct record_store *store, struct plan *ret_settings, bool *ret_exists, struct notes *notes,
		struct err *err)
{
	CLEANUP(free) char *text = NULL;
	char name[NAME_SIZE];
	size_t len;
	struct err failure;
	int r = file_read_at(store->dir, record_name(store->guest, name), &text, &len, &failure);

	/* record_begin()'s */
	if (r == 0 && len == 0)
		r = -ENOENT;
	*ret_exists = r == 0;
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = parse_record(name, text, len, ret_settings, &failure);
	if (r < 0 && !is_bad_file(-r))
		return err_set(err, -r, "record %s", failure.text);
	if (r < 0) {
		plan_done(ret_settings);
		*ret_exists = true;
		notes_add(notes, "record %s, ignoring it", failure.text);
	}
	return 0;
}

/* A device name may hold what JSON wants escaped; control characters it cannot hold. */
static const char *escape(const char *name, char escaped[2 * IFNAMSIZ])
{
	char *to = escaped;

	for (const char *p = name; *p; p++) {
		if (*p == '"' || *p == '\\')
			*to++ = '\\';
		*to++ = *p;
	}
	*to = '\0';
	return escaped;
}

static bool write_setting(const struct setting *s, char *text, size_t size)
{
	char name[2 * IFNAMSIZ];
	char ip[IP_TEXT];

	if (!text_append(text, size, "{ \"setting\": \"%s\", \"device\": \"%s\", \"ifindex\": %d, ",
			 setting_kind_to_str(s->kind), escape(s->device, name), s->ifindex))
		return false;
	return text_append(text, size, "\"address\": \"%s\"%s%s }", ip_to_str(&s->ip, ip),
			   s->platforms ? ", \"platforms\": 1" : "", s->shared ? ", \"shared\": 1" : "");
}

/*
 * Without json-c, which asserts, or writes null, when there is no memory, and without open_memstream(), which then
 * leaves out a part and tells nobody.
 */
int record_save(const struct record_store *store, const struct plan *settings, struct err *err)
{
	size_t size = (settings->count + 1) * SETTING_SIZE;
	CLEANUP(free) char *text = calloc(size, 1);
	char name[NAME_SIZE];
	bool whole;

	if (!text)
		return err_errno(err, ENOMEM, "record");
	whole = text_append(text, size, "{ \"version\": %d, \"settings\": [", RECORD_VERSION);
	for (size_t i = 0; whole && i < settings->count; i++)
		whole = text_append(text, size, i ? ", " : " ") && write_setting(&settings->settings[i], text, size);
	if (!whole || !text_append(text, size, " ] }"))
		return err_errno(err, ENAMETOOLONG, "record");
	return file_replace_at(store->dir, record_name(store->guest, name), text, strlen(text), err);
}

int record_remove(const struct record_store *store, struct err *err)
{
	char name[NAME_SIZE];

	return file_remove_at(store->dir, record_name(store->guest, name), err);
}
