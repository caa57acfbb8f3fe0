/*
 * STATE/identity-NAME: who we are, on a line, outside of the store. Should the store be lost, or another be
 * named, the record of the identity is missing there, while the vault still has keys: then nobody is made somebody
 * else without a word.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "trust/identity.h"

static int
note_open(const struct pst_identity *self, int flags)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof path, "%s/identity-%s", pst_section_state_dir(self->env),
	    pst_section_name(self->env));

	if (len >= (int)sizeof path)
		return -ENAMETOOLONG;
	len = open(path, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
	return len < 0 ? -errno : len;
}

bool
pst_identity_note_is_there(const struct pst_identity *self)
{
	int fd = note_open(self, O_RDONLY | O_NONBLOCK);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool
pst_identity_noted(const struct pst_identity *self, struct pst_identifier *out)
{
	char text[PST_IDENTIFIER_TEXT] = "";
	int fd = note_open(self, O_RDONLY | O_NONBLOCK);
	ssize_t len;

	if (fd < 0)
		return false;
	len = read(fd, text, sizeof text - 1);
	close(fd);
	/* one that was cut off by a power cut is none */
	return len == (ssize_t)sizeof text - 1 && !pst_identifier_parse(out, text);
}

void
pst_identity_note(const struct pst_identity *self)
{
	const struct pst_identifier *us = pst_identity_identifier(self);
	char text[PST_IDENTIFIER_TEXT + 1];
	struct pst_identifier noted;
	int fd, rc = PST_OK;

	if (pst_identity_noted(self, &noted) && pst_identifier_equal(&noted, us))
		return;
	pst_identifier_format(text, us);
	strcat(text, "\n");
	fd = note_open(self, O_WRONLY | O_CREAT | O_TRUNC);
	if (fd < 0)
		rc = fd;
	else if (write(fd, text, strlen(text)) < (ssize_t)strlen(text))
		rc = -EIO;
	if (fd >= 0)
		close(fd);
	if (rc)
		pst_warn(pst_section_log(self->env), "who we are could not be noted", PST_RC(rc));
}
