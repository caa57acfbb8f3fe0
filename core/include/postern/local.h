/*
 * Sockets in the file system: where they may lie, and how one listens there.
 */
#ifndef POSTERN_LOCAL_H
#define POSTERN_LOCAL_H

#include <sys/un.h>

#include <postern/err.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 107 bytes and a NUL (unix(7)). */
#define PST_LOCAL_PATH_MAX (sizeof ((struct sockaddr_un *)0)->sun_path - 1)

/* UV_ENAMETOOLONG, with a sentence. */
PST_API PST_MUST_CHECK int pst_local_check(const char *path, struct pst_err *err);
/*
 * A socket bound to path, mode 0600 from the first moment, not yet listening.
 * One that nobody answers at is replaced. Returns the descriptor, or an error
 * with a sentence: somebody answers, it is no socket, …
 */
PST_API PST_MUST_CHECK int pst_local_bind(const char *path, struct pst_err *err);

#ifdef __cplusplus
}
#endif
#endif
