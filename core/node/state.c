#include "node/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
path_of(char path[static PATH_MAX], const char *dir, const char *name)
{
	return snprintf(path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX ? PST_OK : -ENAMETOOLONG;
}

/* ---- the directory ---- */

static int
dir_make(const char *path, struct pst_err *err)
{
	char part[PATH_MAX];
	size_t n = strlen(path);

	if (n >= sizeof part)
		return pst_fail(err, -ENAMETOOLONG, "%.200s…: path too long", path);
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0700) && errno != EEXIST)
			return pst_fail(err, -errno, "%s: %s", part, strerror(errno));
	}
	return PST_OK;
}

/* Whose a directory is, which nobody else may write to; -ENOENT, and no error, where there is none. */
static int
owner_of(const char *dir, uid_t *owner, struct pst_err *err)
{
	struct stat st;

	if (stat(dir, &st))
		return errno == ENOENT ? -ENOENT : pst_fail(err, -errno, "%s: %s", dir, strerror(errno));
	*owner = st.st_uid;
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return pst_fail(err, PST_E_DENIED, "%s: others than its owner may write there; take that from "
		    "them (chmod go-w), after a look at what they have put there", dir);
	return PST_OK;
}

static int
foreign(const char *dir, uid_t owner, struct pst_err *err)
{
	return pst_fail(err, PST_E_DENIED, "%s: belongs to another user (uid %u, we are %u); be that user, "
	    "or make it yours (chown)", dir, (unsigned)owner, (unsigned)geteuid());
}

int
pst_state_check(const char *dir, struct pst_err *err)
{
	char path[PATH_MAX];
	uid_t owner, inner = 0;
	int rc = owner_of(dir, &owner, err);

	if (rc)
		return rc == -ENOENT ? PST_OK : rc;
	if (owner != 0 && owner != geteuid() && geteuid() != 0)
		return foreign(dir, owner, err);
	rc = path_of(path, dir, "conf.d");
	if (rc)
		return pst_fail(err, rc, "%s: path too long", dir);
	rc = owner_of(path, &inner, err);
	if (!rc && inner != 0 && inner != owner)
		return foreign(path, inner, err);
	return rc == -ENOENT ? PST_OK : rc;
}

/* Make it, if need be; root, too, works in nobody else's. */
static int
dir_enter(const char *dir, struct pst_err *err)
{
	uid_t owner;
	int rc = dir_make(dir, err);

	if (!rc)
		rc = pst_state_check(dir, err);
	if (!rc)
		rc = owner_of(dir, &owner, err);
	if (!rc && owner != 0 && owner != geteuid())
		rc = foreign(dir, owner, err);
	return rc;
}

int
pst_state_open(const char *dir, const char *name, int flags, struct pst_err *err)
{
	char path[PATH_MAX];
	int rc = path_of(path, dir, name);
	int fd = rc ? -1 : open(path, flags | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	rc = rc ? rc : -errno;
	return pst_fail(err, rc, "%s/%s: %s", dir, name, rc == -ELOOP ? "is a symbolic link" : strerror(-rc));
}

/* ---- the lock ---- */

/* Bytes of the file. A lock belongs to the open file, so it goes with whoever had it. */
enum part {
	PART_NODE,   /* for as long as the node runs */
	PART_LOOK,   /* while a command uses stores, vaults and identities without a node */
	PART_STARTS, /* until the node that is being started is up */
};

static struct flock
lock_of(enum part part, short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = part, .l_len = 1 };
}

static int
lock_take(int fd, enum part part, bool waits)
{
	struct flock lock = lock_of(part, F_WRLCK);
	int rc;

	do
		rc = fcntl(fd, waits ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
	while (rc && errno == EINTR);
	return rc ? -errno : PST_OK;
}

static void
lock_drop(int fd, enum part part)
{
	struct flock lock = lock_of(part, F_UNLCK);

	fcntl(fd, F_OFD_SETLK, &lock);
}

static bool
lock_held(int fd, enum part part)
{
	struct flock lock = lock_of(part, F_WRLCK);

	return !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;
}

/* A node lets those finish who came before it; it is only there when nothing more keeps it from being up. */
static int
lock_run(int fd)
{
	int rc = lock_take(fd, PART_LOOK, true);

	if (!rc)
		rc = lock_take(fd, PART_NODE, false);
	lock_drop(fd, PART_LOOK);
	return rc;
}

static int
lock_look(int fd)
{
	int rc = lock_take(fd, PART_LOOK, true);

	if (!rc && lock_held(fd, PART_NODE))
		lock_drop(fd, PART_LOOK);
	return rc;
}

static int
lock_alone(int fd)
{
	int rc = lock_take(fd, PART_LOOK, true);

	return !rc && lock_held(fd, PART_NODE) ? -EAGAIN : rc;
}

int
pst_state_lock(int *out, const char *dir, enum pst_state_use use, struct pst_err *err)
{
	int rc = dir_enter(dir, err);

	*out = rc ? -1 : pst_state_open(dir, "lock", O_RDWR | O_CREAT, err);
	if (*out < 0)
		return rc ? rc : *out;
	rc = use == PST_STATE_RUNS  ? lock_run(*out)
	    : use == PST_STATE_LOOKS ? lock_look(*out)
	    : use == PST_STATE_ALONE ? lock_alone(*out)
				     : lock_take(*out, PART_STARTS, true);
	if (!rc)
		return PST_OK;
	close(*out);
	*out = -1;
	if (rc == -EAGAIN || rc == -EACCES)
		return pst_fail(err, -EBUSY, "%s: a node is running on this state directory", dir);
	return pst_fail(err, rc, "%s/lock: %s", dir, strerror(-rc));
}

bool
pst_state_taken(const char *dir)
{
	int fd = pst_state_open(dir, "lock", O_RDWR, NULL);
	bool taken = fd >= 0 && lock_held(fd, PART_NODE);

	if (fd >= 0)
		close(fd);
	return taken;
}

bool
pst_state_lost(int lock, const char *dir)
{
	char path[PATH_MAX];
	struct stat ours, there;

	if (path_of(path, dir, "lock") || fstat(lock, &ours))
		return false; /* not known */
	return stat(path, &there) ? errno == ENOENT || errno == ENOTDIR
				  : there.st_ino != ours.st_ino || there.st_dev != ours.st_dev;
}

/* ---- files ---- */

/* The directory that a path lies in, on disk too. */
static int
dir_sync(const char *path)
{
	char dir[PATH_MAX];
	int fd, rc;

	snprintf(dir, sizeof dir, "%.*s", (int)(strrchr(path, '/') - path), path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = fsync(fd) ? -errno : PST_OK;
	close(fd);
	return rc;
}

static int
write_whole(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	size_t len = strlen(text), done = 0;
	int rc = PST_OK;

	if (fd < 0)
		return -errno;
	while (!rc && done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			rc = -errno;
	}
	if (!rc && fsync(fd))
		rc = -errno;
	if (close(fd) && !rc)
		rc = -errno;
	return rc;
}

/* A file that holds just this already: no start has to wait for the disk then. */
static bool
holds(const char *path, const char *text)
{
	size_t len = strlen(text), n;
	char part[4096];
	FILE *file = fopen(path, "re");
	bool same = file != NULL;

	while (same && (n = fread(part, 1, sizeof part, file)) > 0) {
		same = n <= len && !memcmp(part, text, n);
		text += same ? n : 0;
		len -= same ? n : 0;
	}
	same = same && !len && !ferror(file);
	if (file)
		fclose(file);
	return same;
}

int
pst_state_write(const char *dir, const char *name, const char *text, struct pst_err *err)
{
	char path[PATH_MAX], fresh[PATH_MAX + 8], parent[PATH_MAX];
	int rc = path_of(path, dir, name);

	if (rc)
		return pst_fail(err, rc, "%s/%s: path too long", dir, name);
	if (holds(path, text))
		return PST_OK;
	snprintf(parent, sizeof parent, "%.*s", (int)(strrchr(path, '/') - path), path);
	snprintf(fresh, sizeof fresh, "%s/.%s.new", parent, strrchr(path, '/') + 1);
	rc = dir_make(parent, err);
	if (rc)
		return rc;
	rc = write_whole(fresh, text);
	if (!rc && rename(fresh, path))
		rc = -errno;
	if (!rc)
		rc = dir_sync(path);
	if (rc) {
		unlink(fresh);
		return pst_fail(err, rc, "%s: %s", path, pst_strerror(rc));
	}
	return PST_OK;
}

int
pst_state_remove(const char *dir, const char *name, struct pst_err *err)
{
	char path[PATH_MAX];
	int rc = path_of(path, dir, name);

	if (!rc && unlink(path))
		rc = errno == ENOENT ? PST_OK : -errno;
	else if (!rc)
		rc = dir_sync(path);
	return rc ? pst_fail(err, rc, "%s: %s", path, pst_strerror(rc)) : PST_OK;
}

bool
pst_state_read(const char *dir, const char *name, char *line, size_t size)
{
	char path[PATH_MAX];
	FILE *in = path_of(path, dir, name) ? NULL : fopen(path, "re");
	bool got = in && fgets(line, (int)size, in);

	if (in)
		fclose(in);
	if (got)
		line[strcspn(line, "\n")] = '\0';
	return got;
}
