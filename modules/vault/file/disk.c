#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
secret_new(struct secret *out, size_t len)
{
	out->bytes = sodium_malloc(len);
	out->len = out->bytes ? len : 0;
	return out->bytes ? PST_OK : -ENOMEM;
}

void
secret_free(struct secret *secret)
{
	sodium_free(secret->bytes); /* wipes it */
	secret->bytes = NULL;
	secret->len = 0;
}

static void
mark_set(struct disk_mark *mark, const struct stat *st)
{
	mark->there = true;
	mark->dev = st->st_dev;
	mark->ino = st->st_ino;
	mark->changed = st->st_ctim;
}

static bool
mark_fits(const struct disk_mark *mark, const struct stat *st)
{
	return mark->there && mark->dev == st->st_dev && mark->ino == st->st_ino &&
	    mark->changed.tv_sec == st->st_ctim.tv_sec &&
	    mark->changed.tv_nsec == st->st_ctim.tv_nsec;
}

/* ---- reading ---- */

static int
file_check(const char *path, const struct stat *st, bool ours, mode_t forbidden, size_t max,
    struct pst_err *err)
{
	if (!S_ISREG(st->st_mode))
		return pst_fail(err, -EINVAL, "%s is not a file", path);
	if (st->st_uid != geteuid() && (ours || st->st_uid != 0))
		return pst_fail(err, -EPERM, "%s belongs to user %u, not to us (%u)", path,
		    (unsigned)st->st_uid, (unsigned)geteuid());
	if (st->st_mode & forbidden)
		return pst_fail(err, -EPERM, "%s is open to others (mode %04o): chmod 600 it",
		    path, (unsigned)st->st_mode & 07777);
	if (st->st_size < 0 || (uintmax_t)st->st_size > max)
		return pst_fail(err, -EFBIG, "%s is longer than %zu bytes", path, max);
	return PST_OK;
}

static int
read_all(int fd, uint8_t *to, size_t len)
{
	while (len) {
		ssize_t n = read(fd, to, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		to += n;
		len -= (size_t)n;
	}
	return PST_OK;
}

int
disk_read(struct secret *out, struct disk_mark *mark, const char *path, bool ours,
    mode_t forbidden, size_t max, struct pst_err *err)
{
	/* nonblocking: a pipe in its place shall be refused, not waited for */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (ours ? O_NOFOLLOW : 0));
	struct stat st;
	int rc;

	memset(mark, 0, sizeof *mark);
	memset(out, 0, sizeof *out);
	if (fd < 0) {
		rc = -errno;
		return pst_fail(err, rc, "%s cannot be read: %s", path,
		    rc == -ELOOP ? "it is a symbolic link" : pst_strerror(rc));
	}
	if (fstat(fd, &st)) {
		rc = pst_fail(err, -errno, "%s cannot be read: %s", path, pst_strerror(-errno));
		goto out;
	}
	rc = file_check(path, &st, ours, forbidden, max, err);
	if (rc)
		goto out;
	rc = secret_new(out, (size_t)st.st_size);
	if (!rc)
		rc = read_all(fd, out->bytes, out->len);
	if (rc) {
		pst_fail(err, rc, "%s cannot be read: %s", path, pst_strerror(rc));
		goto out;
	}
	mark_set(mark, &st);
out:
	if (rc)
		secret_free(out);
	close(fd);
	return rc;
}

/* ---- replacing ---- */

/* The directory of path, made when missing, opened and looked at. */
static int
directory_open(int *out, const char *path, struct pst_err *err)
{
	char name[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	struct stat st;
	int fd;

	if (!slash || len >= sizeof name)
		return pst_fail(err, -EINVAL, "%s is not an absolute path", path);
	memcpy(name, path, len);
	memcpy(name + len, len ? "" : "/", len ? 1 : 2);
	if (mkdir(name, 0700) && errno != EEXIST)
		return pst_fail(err, -errno, "directory %s cannot be made: %s", name,
		    pst_strerror(-errno));
	fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		int rc = pst_fail(err, -errno, "directory %s: %s", name, pst_strerror(-errno));

		if (fd >= 0)
			close(fd);
		return rc;
	}
	/* whoever may write here may put another file in our file's place */
	if ((st.st_mode & 022) || (st.st_uid != geteuid() && st.st_uid != 0)) {
		close(fd);
		return pst_fail(err, -EPERM,
		    "others may write to directory %s (mode %04o): chmod 700 it", name,
		    (unsigned)st.st_mode & 07777);
	}
	*out = fd;
	return PST_OK;
}

static int
write_all(int fd, const uint8_t *from, size_t len)
{
	while (len) {
		ssize_t n = write(fd, from, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		len -= (size_t)n;
	}
	return PST_OK;
}

/* A new file beside the old one, with these bytes, on disk. */
static int
write_aside(int dir, const char *name, const struct secret *bytes)
{
	int fd, rc;

	unlinkat(dir, name, 0); /* of a run that was cut off */
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	rc = write_all(fd, bytes->bytes, bytes->len);
	if (!rc && fsync(fd))
		rc = -errno;
	if (close(fd) && !rc)
		rc = -errno;
	return rc;
}

static int
mark_check(int dir, const char *name, const struct disk_mark *mark)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno != ENOENT ? -errno : mark->there ? PST_E_CONFLICT : PST_OK;
	return mark_fits(mark, &st) ? PST_OK : PST_E_CONFLICT;
}

int
disk_replace(const char *path, const struct secret *bytes, struct disk_mark *mark,
    struct pst_err *err)
{
	const char *name = strrchr(path, '/') + 1;
	char aside[NAME_MAX + 1];
	struct stat st;
	int dir, rc;

	rc = directory_open(&dir, path, err);
	if (rc)
		return rc;
	if (snprintf(aside, sizeof aside, "%s.new", name) >= (int)sizeof aside) {
		rc = -ENAMETOOLONG;
		goto out;
	}
	/* two sections on one file would lose each other's keys */
	rc = mark_check(dir, name, mark);
	if (!rc)
		rc = write_aside(dir, aside, bytes);
	if (!rc && renameat(dir, aside, dir, name))
		rc = -errno;
	if (rc) {
		unlinkat(dir, aside, 0);
		goto out;
	}
	if (!fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		mark_set(mark, &st);
	if (fsync(dir))
		rc = -errno;
out:
	close(dir);
	if (rc)
		pst_fail(err, rc, "%s cannot be written: %s", path, pst_strerror(rc));
	return rc;
}
