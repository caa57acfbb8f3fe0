#include "base/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int
socket_to(const char *name)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	int fd;

	if (len < 2 || len >= sizeof to.sun_path || (*name != '/' && *name != '@'))
		return -1;
	memcpy(to.sun_path, name, len);
	if (*name == '@') /* abstract: a NUL instead */
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len))) {
		close(fd);
		return -1;
	}
	return fd;
}

void
pst_notify_open(struct pst_notify *notify)
{
	const char *name = getenv("NOTIFY_SOCKET"), *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	notify->fd = name ? socket_to(name) : -1;
	notify->open = notify->fd >= 0;
	if (usec && (!pid || strtol(pid, NULL, 10) == (long)getpid()))
		notify->alive_ms = strtoull(usec, NULL, 10) / 2000;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void
pst_notify_close(struct pst_notify *notify)
{
	if (notify->open)
		close(notify->fd);
	notify->open = false;
}

/* Who asked may be gone by now; that is not for us to mend. */
static void
say(struct pst_notify *notify, const char *text, int flags)
{
	if (notify->open && send(notify->fd, text, strlen(text), MSG_NOSIGNAL | flags) < 0)
		return;
}

static void
alive(struct pst_timer *timer)
{
	struct pst_notify *notify = pst_container_of(timer, struct pst_notify, timer);

	/* the next one will do when there is no room for this */
	say(notify, "WATCHDOG=1", MSG_DONTWAIT);
	pst_timer_start(notify->env, timer, notify->alive_ms, alive);
}

void
pst_notify_watch(struct pst_notify *notify, struct pst_env *env)
{
	notify->env = env;
	if (notify->open && notify->alive_ms)
		pst_timer_start(env, &notify->timer, 0, alive);
}

/* Each line of a message is a variable: a sentence has to be one. */
static void
say_status(struct pst_notify *notify, const char *before, const char *status)
{
	char text[PST_ERR_TEXT + 64];
	int n = snprintf(text, sizeof text, "%sSTATUS=", before);

	snprintf(text + n, sizeof text - (size_t)n, "%s", status);
	for (char *p = text + n; *p; p++)
		if ((unsigned char)*p < 0x20)
			*p = ' ';
	say(notify, text, 0);
}

void
pst_notify_ready(struct pst_notify *notify, const char *status)
{
	say_status(notify, "READY=1\n", status);
}

void
pst_notify_status(struct pst_notify *notify, const char *status)
{
	say_status(notify, "", status);
}

void
pst_notify_reloading(struct pst_notify *notify)
{
	struct timespec now;
	char text[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	say(notify, text, 0);
}

void
pst_notify_stopping(struct pst_notify *notify)
{
	say_status(notify, "STOPPING=1\n", "stopping");
}
