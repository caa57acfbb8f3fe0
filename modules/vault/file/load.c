#include <errno.h>

#include "vault.h"

#define PASSPHRASE_MAX 4096
/* No one else may do anything with the keys' file. Of a passphrase, which a
 * service manager may hand to a group of its own, others may know nothing. */
#define FORBIDDEN_KEYS 0077
#define FORBIDDEN_PASSPHRASE 0027

/* The passphrase, without the end of its line. */
static int
passphrase_read(struct secret *out, const char *path, struct pst_err *err)
{
	struct disk_mark mark;
	int rc = disk_read(out, &mark, path, false, FORBIDDEN_PASSPHRASE, PASSPHRASE_MAX, err);

	if (rc)
		return rc;
	if (out->len && out->bytes[out->len - 1] == '\n')
		out->len--;
	if (out->len && out->bytes[out->len - 1] == '\r')
		out->len--;
	if (!out->len) {
		secret_free(out);
		return pst_fail(err, -EINVAL, "%s is empty", path);
	}
	return PST_OK;
}

/* The ring from its file, or none yet. */
static int
ring_read(struct vault *vault, const struct secret *passphrase)
{
	struct secret image;
	int rc = disk_read(&image, &vault->mark, vault->path, true, FORBIDDEN_KEYS, IMAGE_MAX,
	    &vault->err);

	if (rc == -ENOENT)
		return PST_OK;
	if (rc) {
		pst_fail_in(&vault->err, rc, "unreadable or too open key file");
		return PST_E_CONF; /* nothing but the operator helps */
	}
	rc = image_read(&vault->ring, &vault->seal, &image, passphrase, &vault->err);
	secret_free(&image);
	return rc ? pst_fail_in(&vault->err, rc, "%s", vault->path) : PST_OK;
}

/* A passphrase came to a file in clear: from now on it is sealed. */
static int
ring_seal(struct vault *vault, const struct secret *passphrase)
{
	struct secret image;
	int rc = seal_new(&vault->seal, passphrase);

	if (rc)
		return pst_fail(&vault->err, rc, "sealing the vault takes 256 MiB of memory");
	if (!vault->mark.there)
		return PST_OK; /* the first key brings the file */
	rc = image_make(&image, &vault->ring, NULL, NULL, &vault->seal);
	if (rc)
		return rc;
	rc = disk_replace(vault->path, &image, &vault->mark, &vault->err);
	secret_free(&image);
	return rc;
}

int
vault_load(void *arg)
{
	struct vault *vault = arg;
	struct secret passphrase = { NULL, 0 };
	bool with = vault->conf->passphrase_file != NULL;
	int rc = PST_OK;

	if (with)
		rc = passphrase_read(&passphrase, vault->conf->passphrase_file, &vault->err);
	if (rc) {
		pst_fail_in(&vault->err, rc, "passphrase_file");
		rc = PST_E_CONF;
	}
	if (!rc)
		rc = ring_read(vault, with ? &passphrase : NULL);
	if (!rc && with && !vault->seal.key)
		rc = ring_seal(vault, &passphrase);
	secret_free(&passphrase);
	return rc;
}
