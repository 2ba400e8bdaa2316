/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records on tmpfs: lost with the kernel state that they describe, at a reboot. */

#include "host/record.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json_object.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "guest/lxc.h"

#define RECORD_VERSION 1
#define SETTING_SIZE   256 /* of one setting's text, at most */

static const char *record_name(const struct guest *guest, char name[LOCK_FILE_SIZE])
{
	return lock_file_name(guest, ".json", name);
}

/* The name's end counts: an id may have ".json" inside. */
bool record_guest(const char *name, struct guest *ret_guest)
{
	static const char suffix[] = ".json";
	char text[GUEST_NAME_SIZE];
	size_t len = strlen(name);

	if (len < sizeof(suffix) || strcmp(name + len - (sizeof(suffix) - 1), suffix) != 0)
		return false;
	len -= sizeof(suffix) - 1;
	if (len >= sizeof(text))
		return false;
	memcpy(text, name, len);
	text[len] = '\0';
	for (char *p = text; *p; p++) {
		if (*p == ':')
			*p = '/';
	}
	return guest_init_named(ret_guest, text, '-');
}

int record_peek(const struct guest *guest, struct plan *ret_settings, bool *ret_exists, struct notes *notes,
		struct err *err)
{
	struct lock none = { .dir = -1, .fd = -1, .guest = guest };
	struct guest former;
	int r = file_open_dir(RECORD_DIR, false, &none.dir, err);

	*ret_exists = false;
	if (r == 0)
		r = record_load(&none, ret_settings, ret_exists, notes, err);
	if (r == 0 && !*ret_exists && lxc_had_name(guest, &former)) {
		none.guest = &former;
		r = record_load(&none, ret_settings, ret_exists, notes, err);
	}
	lock_release(&none);
	return r == -ENOENT ? 0 : r;
}

bool record_first(const char *what)
{
	CLEANUP(fd) int dir = -1;

	return file_open_dir(RECORD_DIR, true, &dir, NULL) == 0 && mknodat(dir, what, S_IFREG | 0600, 0) == 0;
}

void record_adopt(const struct lock *lock)
{
	struct guest former;
	char from[LOCK_FILE_SIZE];
	char to[LOCK_FILE_SIZE];

	if (lxc_had_name(lock->guest, &former) &&
	    faccessat(lock->dir, record_name(lock->guest, to), F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		(void)renameat(lock->dir, record_name(&former, from), lock->dir, to);
}

/* As stat(2). */
static int look_at(const struct guest *guest, struct stat *ret_st)
{
	char file[sizeof(RECORD_DIR) + LOCK_FILE_SIZE] = RECORD_DIR "/";
	char path[4096];

	(void)record_name(guest, file + sizeof(RECORD_DIR));
	if (path_full(file, path, sizeof(path), NULL) == 0)
		return stat(path, ret_st);
	errno = ENAMETOOLONG;
	return -1;
}

static bool is_there(const struct guest *guest)
{
	struct stat st;

	return look_at(guest, &st) == 0 || errno != ENOENT;
}

bool record_time(const struct guest *guest, struct timespec *ret_time)
{
	struct stat st;

	if (look_at(guest, &st) < 0)
		return false;
	*ret_time = st.st_mtim;
	return true;
}

bool record_exists(const struct guest *guest)
{
	struct guest former;

	return is_there(guest) || (lxc_had_name(guest, &former) && is_there(&former));
}

int record_begin(const struct lock *lock, struct err *err)
{
	char name[LOCK_FILE_SIZE];

	if (mknodat(lock->dir, record_name(lock->guest, name), S_IFREG | 0600, 0) == 0 || errno == EEXIST)
		return 0;
	return err_errno(err, errno, "record %s", name);
}

void record_give_up(const struct lock *lock)
{
	char name[LOCK_FILE_SIZE];
	struct stat st;

	if (fstatat(lock->dir, record_name(lock->guest, name), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size == 0)
		(void)unlinkat(lock->dir, name, 0);
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
		if (s.kind == SETTING_ROUTE && get_number(json, "table", UINT32_MAX, &n))
			s.table = (unsigned)n;
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

int record_load(const struct lock *lock, struct plan *ret_settings, bool *ret_exists, struct notes *notes,
		struct err *err)
{
	CLEANUP(free) char *text = NULL;
	char name[LOCK_FILE_SIZE];
	size_t len;
	struct err failure;
	int r = file_read_at(lock->dir, record_name(lock->guest, name), &text, &len, &failure);

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
	return text_append(text, size, "\"address\": \"%s\"%s%s", ip_to_str(&s->ip, ip),
			   s->platforms ? ", \"platforms\": 1" : "", s->shared ? ", \"shared\": 1" : "") &&
	       (!s->table || text_append(text, size, ", \"table\": %u", s->table)) && text_append(text, size, " }");
}

/*
 * Without json-c, which asserts, or writes null, when there is no memory, and without open_memstream(), which then
 * leaves out a part and tells nobody.
 */
int record_save(const struct lock *lock, const struct plan *settings, struct err *err)
{
	size_t size = (settings->count + 1) * SETTING_SIZE;
	CLEANUP(free) char *text = calloc(size, 1);
	char name[LOCK_FILE_SIZE];
	bool whole;

	if (!text)
		return err_errno(err, ENOMEM, "record");
	whole = text_append(text, size, "{ \"version\": %d, \"settings\": [", RECORD_VERSION);
	for (size_t i = 0; whole && i < settings->count; i++)
		whole = text_append(text, size, i ? ", " : " ") && write_setting(&settings->settings[i], text, size);
	if (!whole || !text_append(text, size, " ] }"))
		return err_errno(err, ENAMETOOLONG, "record");
	return file_replace_at(lock->dir, record_name(lock->guest, name), text, strlen(text), err);
}

int record_remove(const struct lock *lock, struct err *err)
{
	char name[LOCK_FILE_SIZE];

	return file_remove_at(lock->dir, record_name(lock->guest, name), err);
}

bool record_has(const struct guest *guest, const struct setting *setting)
{
	struct plan recorded = { 0 };
	struct notes notes = { 0 };
	bool exists = false;
	bool has = record_peek(guest, &recorded, &exists, &notes, NULL) == 0 && plan_find(&recorded, setting);

	plan_done(&recorded);
	return has;
}
