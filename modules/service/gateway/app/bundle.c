/*
 * Bundles: zip archives with a Directive.yaml or a tenant.json, modules at the root
 * and files below static/ (spec functions.md 4.4). Anybody may have made one: names that
 * lead elsewhere and archives that come to far more than they are refuse the whole.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "app.h"

/* What an honest archive comes to: modules shrink to a quarter. */
#define GROWTH_MAX 50
#define SMALL (64u * 1024 * 1024)
#define HASH_LEN 16

struct bundle {
	zip_t *zip;
	uint64_t total_max;
};

/* An archive that is damaged is no YAML file. */
static bool
begins_as_archive(const char *path)
{
	FILE *file = fopen(path, "re");
	bool does = file && fgetc(file) == 'P' && fgetc(file) == 'K';

	if (file)
		fclose(file);
	return does;
}

int
bundle_open(struct bundle **out, const char *path, struct pst_err *err)
{
	struct bundle *bundle = calloc(1, sizeof *bundle);
	struct stat st;
	int code;

	*out = NULL;
	if (!bundle)
		return -ENOMEM;
	bundle->zip = zip_open(path, ZIP_RDONLY, &code);
	if (!bundle->zip) {
		free(bundle);
		if (code == ZIP_ER_NOZIP && !begins_as_archive(path))
			return PST_OK;
		return pst_fail(err, code == ZIP_ER_NOENT ? -ENOENT : PST_E_CONF, "%s",
		    code == ZIP_ER_NOENT ? pst_strerror(-ENOENT) : "the archive cannot be read");
	}
	bundle->total_max = SMALL;
	if (!stat(path, &st))
		bundle->total_max += GROWTH_MAX * (uint64_t)st.st_size;
	if (bundle->total_max > APP_TOTAL_MAX)
		bundle->total_max = APP_TOTAL_MAX;
	if (zip_get_num_entries(bundle->zip, 0) > APP_FILES_MAX) {
		bundle_close(&bundle);
		return pst_fail(err, PST_E_LIMIT, "more than %d files", APP_FILES_MAX);
	}
	*out = bundle;
	return PST_OK;
}

void
bundle_close(struct bundle **bundle)
{
	if (!*bundle)
		return;
	zip_discard((*bundle)->zip);
	free(*bundle);
	*bundle = NULL;
}

const char *
bundle_name(struct bundle *bundle, size_t i)
{
	return zip_get_name(bundle->zip, i, 0);
}

int
bundle_read(struct bundle *bundle, const char *name, size_t max, uint8_t **out, size_t *len,
    struct pst_err *err)
{
	zip_stat_t st;
	zip_file_t *file;
	uint8_t *bytes;
	zip_int64_t n;

	*out = NULL;
	zip_stat_init(&st);
	if (zip_stat(bundle->zip, name, 0, &st) || !(st.valid & ZIP_STAT_SIZE))
		return -ENOENT;
	if (st.size > max)
		return pst_fail(err, PST_E_LIMIT, "%.200s: larger than %zu MiB", name, max >> 20);
	file = zip_fopen(bundle->zip, name, 0);
	bytes = file ? malloc(st.size + 1) : NULL;
	if (!bytes) {
		if (file)
			zip_fclose(file);
		return file ? -ENOMEM : pst_fail(err, PST_E_CONF, "%.200s: %s", name, zip_strerror(bundle->zip));
	}
	/* one byte more than it says: what says less than it has is no archive to believe */
	n = zip_fread(file, bytes, st.size + 1);
	if (zip_fclose(file) || n < 0 || (uint64_t)n != st.size) {
		free(bytes);
		return pst_fail(err, PST_E_CONF, "%.200s: it is damaged", name);
	}
	*out = bytes;
	*len = (size_t)n;
	return PST_OK;
}

/* ---- unpacking ---- */

static bool
is_wanted(const char *name)
{
	size_t n = strlen(name);

	if (!n || name[n - 1] == '/')
		return false;
	return !strncmp(name, "static/", 7) || (!strchr(name, '/') && n > 5 && !strcmp(name + n - 5, ".wasm"));
}

/* A name that stays where it is put: elements that are neither empty nor a step up. */
static bool
is_inside(const char *name)
{
	for (const char *at = name;; at++) {
		size_t n = strcspn(at, "/");

		if (!n || n > 200 || (n == 1 && *at == '.') || (n == 2 && !strncmp(at, "..", 2)) ||
		    memchr(at, '\\', n))
			return false;
		at += n;
		if (!*at)
			return true;
	}
}

/* Hash of a file, as hex. */
static int
file_hash(const char *path, char hex[static 2 * HASH_LEN + 1], struct pst_err *err)
{
	unsigned char hash[HASH_LEN], block[65536];
	crypto_generichash_state state;
	FILE *file = fopen(path, "re");
	size_t n;
	int rc = PST_OK;

	if (!file)
		return pst_fail(err, -errno, "%s", pst_strerror(-errno));
	crypto_generichash_init(&state, NULL, 0, sizeof hash);
	while ((n = fread(block, 1, sizeof block, file)))
		crypto_generichash_update(&state, block, n);
	if (ferror(file))
		rc = pst_fail(err, -EIO, "it cannot be read");
	fclose(file);
	crypto_generichash_final(&state, hash, sizeof hash);
	sodium_bin2hex(hex, 2 * HASH_LEN + 1, hash, sizeof hash);
	return rc;
}

static int
file_write(int dir, const char *name, const uint8_t *bytes, size_t len)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc = fd < 0 ? -errno : PST_OK;

	while (!rc && len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno != EINTR)
			rc = -errno;
		else if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	if (!rc && fsync(fd))
		rc = -errno;
	if (fd >= 0)
		close(fd);
	return rc;
}

/* The directories above a member, then its name in the last of them. */
static int
member_write(int dir, const char *name, const uint8_t *bytes, size_t len)
{
	char part[256];
	int at = dup(dir), next, rc = at < 0 ? -errno : PST_OK;
	size_t n;

	while (!rc && name[n = strcspn(name, "/")]) {
		snprintf(part, sizeof part, "%.*s", (int)n, name);
		if (mkdirat(at, part, 0700) && errno != EEXIST)
			rc = -errno;
		next = rc ? -1 : openat(at, part, O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (!rc && next < 0)
			rc = -errno;
		close(at);
		at = next;
		name += n + 1;
	}
	if (!rc)
		rc = file_write(at, name, bytes, len);
	if (!rc && fsync(at))
		rc = -errno;
	if (at >= 0)
		close(at);
	return rc;
}

/* One member to its place below dir; dir -1: only look whether it could go there. */
static int
member_unpack(struct bundle *bundle, int dir, const char *name, uint64_t *total, struct pst_err *err)
{
	uint8_t *bytes;
	size_t len;
	int rc;

	if (!is_inside(name))
		return pst_fail(err, PST_E_CONF, "\"%.200s\": a name that leads out of the bundle", name);
	rc = bundle_read(bundle, name, APP_FILE_MAX, &bytes, &len, err);
	if (rc)
		return rc == -ENOENT ? pst_fail(err, PST_E_CONF, "\"%.200s\": it is damaged", name) : rc;
	*total += len;
	if (*total > bundle->total_max)
		rc = pst_fail(err, PST_E_LIMIT, "it unpacks to more than %llu MiB, far more than its size lets expect",
		    (unsigned long long)(bundle->total_max >> 20));
	else if (dir >= 0 && (rc = member_write(dir, name, bytes, len)))
		pst_fail(err, rc, "unpacking %.200s: %s", name, pst_strerror(rc));
	free(bytes);
	return rc;
}

static int
members_unpack(struct bundle *bundle, int dir, struct pst_err *err)
{
	uint64_t total = 0;
	const char *name;
	int rc = PST_OK;

	for (size_t i = 0; !rc && (name = bundle_name(bundle, i)); i++)
		if (is_wanted(name))
			rc = member_unpack(bundle, dir, name, &total, err);
	return rc;
}

/* Take a directory away with all in it; it is ours, and links in it are not followed. */
static void
tree_remove(int parent, const char *name, unsigned depth)
{
	int fd = openat(parent, name, O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && depth < PATH_MAX / 2 && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0))
			tree_remove(dirfd(dir), entry->d_name, depth + 1);
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	unlinkat(parent, name, AT_REMOVEDIR);
}

static int
unpacked_dir(char **out, const char *path, const char *dir, struct pst_err *err)
{
	char hex[2 * HASH_LEN + 1];
	int rc = file_hash(path, hex, err);

	if (rc || asprintf(out, "%s/%s", dir, hex) >= 0)
		return rc;
	*out = NULL;
	return -ENOMEM;
}

static int
dirs_make(const char *path)
{
	char part[PATH_MAX];

	for (const char *slash = path; (slash = strchr(slash + 1, '/'));) {
		snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
		if (mkdir(part, 0700) && errno != EEXIST)
			return -errno;
	}
	return PST_OK;
}

/* Into a directory beside it, which gets its name when it is whole. */
static int
unpack_new(struct bundle *bundle, const char *dir, struct pst_err *err)
{
	char fresh[PATH_MAX];
	int rc = dirs_make(dir), fd = -1;

	if ((size_t)snprintf(fresh, sizeof fresh, "%s.XXXXXX", dir) >= sizeof fresh)
		rc = -ENAMETOOLONG;
	if (!rc && !mkdtemp(fresh))
		rc = -errno;
	if (rc)
		return pst_fail(err, rc, "unpacking to %.200s: %s", dir, pst_strerror(rc));
	fd = open(fresh, O_DIRECTORY | O_CLOEXEC);
	rc = fd < 0 || mkdirat(fd, "static", 0700) ? -errno : members_unpack(bundle, fd, err);
	if (!rc && (fsync(fd) || rename(fresh, dir)) && errno != EEXIST && errno != ENOTEMPTY)
		rc = pst_fail(err, -errno, "unpacking to %.200s: %s", dir, pst_strerror(-errno));
	if (fd >= 0)
		close(fd);
	if (access(fresh, F_OK) == 0)
		tree_remove(AT_FDCWD, fresh, 0);
	return rc;
}

/* Open it and look through it, or unpack it to dir if that is not NULL. */
static int
unpack(const char *path, const char *dir, struct pst_err *err)
{
	struct bundle *bundle;
	int rc = bundle_open(&bundle, path, err);

	if (!rc && !bundle)
		return pst_fail(err, PST_E_CONF, "it is no zip archive");
	if (!rc)
		rc = dir ? unpack_new(bundle, dir, err) : members_unpack(bundle, -1, err);
	bundle_close(&bundle);
	return rc;
}

int
bundle_unpack(const char *path, const char *dir, char **out, struct pst_err *err)
{
	int rc;

	*out = NULL;
	rc = unpacked_dir(out, path, dir, err);
	if (!rc && access(*out, F_OK))
		rc = unpack(path, *out, err);
	if (rc) {
		free(*out);
		*out = NULL;
	}
	return rc;
}

int
bundle_look(const char *path, const char *dir, char **out, struct pst_err *err)
{
	int rc = unpack(path, NULL, err);

	*out = NULL;
	return rc ? rc : unpacked_dir(out, path, dir, err);
}

void
bundle_sweep(const char *dir, const char *keep)
{
	int fd = open(dir, O_DIRECTORY | O_CLOEXEC);
	DIR *all = fd < 0 ? NULL : fdopendir(fd);
	const char *name = strrchr(keep, '/') + 1;
	struct dirent *entry;

	while (all && (entry = readdir(all)))
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, name))
			tree_remove(dirfd(all), entry->d_name, 0);
	if (all)
		closedir(all);
	else if (fd >= 0)
		close(fd);
}
