/*
 * How many things there are of each host, with a bound: connections of whom nobody
 * knows, mostly. A host is what pst_sockaddr_host() says it is; finding it takes no
 * longer when there are many.
 */
#ifndef POSTERN_HOSTS_H
#define POSTERN_HOSTS_H

#include <stdint.h>
#include <sys/socket.h>

#include <postern/err.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pst_host;

/* It is empty when all have left, and nothing is to be freed then. */
struct pst_hosts {
	int64_t most; /* of one host; set by the owner */
	void *tree;   /* tsearch(3)'s; NULL at first */
};

/* One more from there. PST_E_LIMIT: there are as many as may be; -ENOMEM. */
PST_API PST_MUST_CHECK int pst_host_enter(struct pst_host **out, struct pst_hosts *hosts,
    const struct sockaddr_storage *from);
/* One less; a no-op on NULL, which it leaves. */
PST_API void pst_host_leave(struct pst_hosts *hosts, struct pst_host **host);

#ifdef __cplusplus
}
#endif
#endif
