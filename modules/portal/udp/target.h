/*
 * Where an outlet's datagrams go: an address, of a name the first there is, looked up
 * from time to time and never waited for.
 */
#ifndef PORTAL_UDP_TARGET_H
#define PORTAL_UDP_TARGET_H

#include <postern/dial.h>

struct target_lookup;

struct target {
	struct pst_env *env;
	const struct pst_log *log;
	const char *text; /* host:port, outlives it */
	char host[PST_HOST_TEXT];
	uint16_t port;
	bool name; /* else numbers, which never change */
	bool known;
	struct sockaddr_storage address;
	uint64_t asked_ms;
	struct target_lookup *lookup; /* while it is under way */
	struct pst_rate rate;
};

/* -EINVAL when text is no host:port. A name is looked up at once. */
PST_MUST_CHECK int target_init(struct target *target, struct pst_env *env, const struct pst_log *log,
    const char *text);
/* The address to use now; NULL while none is known. */
const struct sockaddr *target_address(struct target *target);
void target_fini(struct target *target);

#endif
