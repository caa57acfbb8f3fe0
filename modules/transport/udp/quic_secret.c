#include "quic_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <sodium.h>

static bool
read_from(uint8_t secret[QUIC_SECRET_LEN], const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, secret, QUIC_SECRET_LEN);

	if (fd >= 0)
		close(fd);
	return len == QUIC_SECRET_LEN;
}

/* Whole or not at all. It is not waited for the disk: what a power cut takes is made anew. */
static int
write_to(const uint8_t secret[QUIC_SECRET_LEN], const char *path)
{
	char fresh[PATH_MAX];
	int len = snprintf(fresh, sizeof fresh, "%s.new", path), fd, rc;

	if (len >= (int)sizeof fresh)
		return -ENAMETOOLONG;
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	errno = ENOSPC; /* where some of it is written */
	rc = write(fd, secret, QUIC_SECRET_LEN) == QUIC_SECRET_LEN ? PST_OK : -errno;
	close(fd);
	if (!rc && rename(fresh, path))
		rc = -errno;
	if (rc)
		unlink(fresh);
	return rc;
}

int
quic_secret_of(uint8_t secret[QUIC_SECRET_LEN], const char *path)
{
	if (read_from(secret, path))
		return PST_OK;
	randombytes_buf(secret, QUIC_SECRET_LEN);
	return write_to(secret, path);
}
