#include <postern/local.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

int
pst_local_check(const char *path, struct pst_err *err)
{
	size_t n = strlen(path);

	if (n > PST_LOCAL_PATH_MAX)
		return pst_fail(err, UV_ENAMETOOLONG, "socket path of %zu bytes is longer than %zu", n,
		    PST_LOCAL_PATH_MAX);
	return PST_OK;
}

static struct sockaddr_un
address_of(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memcpy(address.sun_path, path, strlen(path));
	return address;
}

/* The error of connecting there; 0 when somebody answers. */
static int
knock(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc = fd < 0 ? -1 : connect(fd, (const struct sockaddr *)address, sizeof *address);
	int error = rc ? errno : 0;

	if (fd >= 0)
		close(fd);
	return error == EAGAIN ? 0 : error; /* many others wait there */
}

/* Make way for us at the address: what a node left that did not end well. */
static int
clear(const struct sockaddr_un *address, struct pst_err *err)
{
	const char *path = address->sun_path;
	struct stat st;
	int error;

	if (lstat(path, &st))
		return errno == ENOENT ? PST_OK : pst_fail(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return pst_fail(err, -EEXIST, "%s: is there already, and is no socket", path);
	error = knock(address);
	if (!error)
		return pst_fail(err, -EADDRINUSE, "%s: somebody listens there already", path);
	if (error != ECONNREFUSED)
		return pst_fail(err, -error, "%s: %s", path, strerror(error));
	if (unlink(path) && errno != ENOENT)
		return pst_fail(err, -errno, "%s: %s", path, strerror(errno));
	return PST_OK;
}

int
pst_local_bind(const char *path, struct pst_err *err)
{
	int rc = pst_local_check(path, err);
	struct sockaddr_un address;
	int fd;

	if (rc)
		return rc;
	address = address_of(path);
	rc = clear(&address, err);
	if (rc)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* bind() gives the file the mode of the socket: it is never wider than this */
	if (fd < 0 || fchmod(fd, 0600) ||
	    bind(fd, (const struct sockaddr *)&address, sizeof address)) {
		rc = pst_fail(err, -errno, "cannot listen on %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return rc;
	}
	return fd;
}
