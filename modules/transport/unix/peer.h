/* Who is at the other end of a socket in the file system. */
#ifndef UNIX_PEER_H
#define UNIX_PEER_H

#include <stdbool.h>
#include <sys/types.h>

/* Who connected, or listens, as the kernel knows it. */
int peer_of(int fd, uid_t *uid, pid_t *pid);
/* May it? This process' user and root may. */
bool peer_may(uid_t uid);
/* May it answer at path? They may, and whose directory it is: root may use a node of another user. */
bool peer_may_serve(const char *path, uid_t uid);

#endif
