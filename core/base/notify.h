/*
 * What a service manager is told: systemd's notification, one datagram a
 * message (sd_notify(3)). It is stable and small, so it is written here and
 * libsystemd is not linked. Nothing happens where nobody asked to be told,
 * and in a zeroed struct.
 */
#ifndef PST_BASE_NOTIFY_H
#define PST_BASE_NOTIFY_H

#include <postern/env.h>

struct pst_notify {
	bool open;
	int fd;
	uint64_t alive_ms; /* between two signs of life: half of what the watchdog allows; 0: none */
	struct pst_env *env;
	struct pst_timer timer;
};

/* Read NOTIFY_SOCKET, a path or an abstract name, and WATCHDOG_USEC, and clear them. */
PST_API void pst_notify_open(struct pst_notify *notify);
PST_API void pst_notify_close(struct pst_notify *notify);
/* Send signs of life from this loop, from now until it ends. */
PST_API void pst_notify_watch(struct pst_notify *notify, struct pst_env *env);
/* Everything is up, for the first time or again after a reload; status is a sentence for people. */
PST_API void pst_notify_ready(struct pst_notify *notify, const char *status);
PST_API void pst_notify_reloading(struct pst_notify *notify);
PST_API void pst_notify_stopping(struct pst_notify *notify);
PST_API void pst_notify_status(struct pst_notify *notify, const char *status);

#endif
