/* Sockets in the file system: where they may lie, and who connects. */
#ifndef UNIX_SOCKET_H
#define UNIX_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

#include <postern/err.h>

/* 107 bytes and a NUL (unix(7)). */
#define SOCKET_PATH_MAX (sizeof ((struct sockaddr_un *)0)->sun_path - 1)

/* UV_ENAMETOOLONG, with a sentence. */
int socket_path_check(const char *path, struct pst_err *err);
/*
 * A socket bound to path, mode 0600 from the first moment, not yet listening.
 * One that nobody answers at is replaced. Returns the descriptor, or an error
 * with a sentence: somebody answers, it is no socket, …
 */
int socket_bind(const char *path, struct pst_err *err);
/* Who connected, or listens, as the kernel knows it. */
int socket_peer(int fd, uid_t *uid, pid_t *pid);
/* May it? This process' user and root may. */
bool socket_peer_may(uid_t uid);
/* May it answer at path? They may, and whose directory it is: root may use a node of another user. */
bool socket_server_may(const char *path, uid_t uid);

#endif
