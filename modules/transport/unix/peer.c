#define _GNU_SOURCE 1 /* struct ucred */
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <postern/local.h>

int
peer_of(int fd, uid_t *uid, pid_t *pid)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return -errno;
	*uid = peer.uid;
	*pid = peer.pid;
	return PST_OK;
}

bool
peer_may(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

bool
peer_may_serve(const char *path, uid_t uid)
{
	const char *slash = strrchr(path, '/');
	char dir[PST_LOCAL_PATH_MAX + 3];
	struct stat st;

	snprintf(dir, sizeof dir, "%.*s/.", slash ? (int)(slash - path) : 1, slash ? path : ".");
	return peer_may(uid) || (!stat(dir, &st) && st.st_uid == uid);
}
