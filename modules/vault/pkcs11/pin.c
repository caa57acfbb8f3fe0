#include "pin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

/* How often we look whether the section closes while somebody types. */
#define STOP_EVERY_MS 100

static int
pin_new(struct pin *out)
{
	out->len = 0;
	out->text = sodium_malloc(PIN_MAX + 1);
	return out->text ? PST_OK : -ENOMEM;
}

void
pin_free(struct pin *pin)
{
	sodium_free(pin->text); /* wipes it */
	pin->text = NULL;
	pin->len = 0;
}

bool
pin_same(const struct pin *a, const struct pin *b)
{
	return a->text && b->text && a->len == b->len && !sodium_memcmp(a->text, b->text, a->len);
}

/* ---- from a file ---- */

static int
file_check(int fd, const char *path, struct pst_err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return pst_fail(err, -errno, "pin_file: %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return pst_fail(err, -EINVAL, "pin_file: %s is not a file", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return pst_fail(err, -EPERM, "pin_file: %s belongs to user %u, not to us (%u)", path,
		    (unsigned)st.st_uid, (unsigned)geteuid());
	/* a service manager may hand it to a group of its own */
	if (st.st_mode & 0027)
		return pst_fail(err, -EPERM, "pin_file: %s is open to others (mode %04o): chmod 600 it",
		    path, (unsigned)st.st_mode & 07777);
	return PST_OK;
}

static int
file_read(struct pin *out, const char *path, struct pst_err *err)
{
	/* nonblocking: a pipe in its place shall be refused, not waited for */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int rc = fd < 0 ? pst_fail(err, -errno, "pin_file: %s: %s", path, strerror(errno))
			: file_check(fd, path, err);
	ssize_t n = -1;

	if (!rc) {
		n = read(fd, out->text, PIN_MAX + 1);
		if (n < 0)
			rc = pst_fail(err, -errno, "pin_file: %s: %s", path, strerror(errno));
		else if (n > PIN_MAX)
			rc = pst_fail(err, -EFBIG, "pin_file: %s is longer than %d bytes", path, PIN_MAX);
		else
			out->len = (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

/* ---- from a terminal ---- */

/* A line, or until *stop. */
static int
line_read(struct pin *out, int tty, const atomic_bool *stop)
{
	while (!atomic_load(stop)) {
		struct pollfd ready = { .fd = tty, .events = POLLIN };
		ssize_t n;

		if (poll(&ready, 1, STOP_EVERY_MS) <= 0)
			continue;
		n = read(tty, out->text, PIN_MAX); /* a whole line: the terminal gives no less */
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		out->len = n > 0 ? (size_t)n : 0;
		return n < 0 ? -errno : PST_OK;
	}
	return -ECANCELED;
}

static int
terminal_ask(struct pin *out, int tty, const char *token, const atomic_bool *stop)
{
	struct termios was, hidden;
	int rc;

	if (tcgetattr(tty, &was))
		return -errno;
	hidden = was;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	hidden.c_lflag |= ICANON | ISIG;
	tcsetattr(tty, TCSAFLUSH, &hidden);
	dprintf(tty, "PIN of token %s: ", token);
	rc = line_read(out, tty, stop);
	tcsetattr(tty, TCSAFLUSH, &was);
	dprintf(tty, "\n");
	return rc;
}

static int
terminal_read(struct pin *out, const char *token, const atomic_bool *stop, struct pst_err *err)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	int rc;

	/* who reads in the background is stopped by the kernel */
	if (tty < 0 || tcgetpgrp(tty) != getpgrp()) {
		rc = pst_fail(err, PST_E_CONF, "pin_file: want it, or pin_env: "
		    "there is no terminal on which to ask for the PIN");
		goto out;
	}
	flock(tty, LOCK_EX); /* one question at a time */
	rc = terminal_ask(out, tty, token, stop);
	flock(tty, LOCK_UN);
	if (rc)
		pst_fail(err, rc, "the terminal gave no PIN: %s", pst_strerror(rc));
out:
	if (tty >= 0)
		close(tty);
	return rc;
}

/* ---- any of them ---- */

static int
variable_read(struct pin *out, const char *name, struct pst_err *err)
{
	const char *value = getenv(name);

	if (!value)
		return pst_fail(err, -ENOENT, "pin_env: there is no variable %s", name);
	out->len = strlen(value);
	if (out->len > PIN_MAX)
		return pst_fail(err, -EFBIG, "pin_env: %s is longer than %d bytes", name, PIN_MAX);
	memcpy(out->text, value, out->len);
	return PST_OK;
}

static void
line_end_cut(struct pin *pin)
{
	if (pin->len && pin->text[pin->len - 1] == '\n')
		pin->len--;
	if (pin->len && pin->text[pin->len - 1] == '\r')
		pin->len--;
}

int
pin_get(struct pin *out, const struct pin_source *source, const atomic_bool *stop,
    struct pst_err *err)
{
	int rc = pin_new(out);

	if (rc)
		return pst_fail(err, rc, "out of memory");
	if (source->file)
		rc = file_read(out, source->file, err);
	else if (source->variable)
		rc = variable_read(out, source->variable, err);
	else
		rc = terminal_read(out, source->token, stop, err);
	line_end_cut(out);
	if (!rc && !out->len)
		rc = pst_fail(err, -EINVAL, "the PIN is empty");
	if (rc)
		pin_free(out);
	return rc;
}
