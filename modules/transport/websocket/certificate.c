#include "certificate.h"

#include <string.h>

/* Nobody is there: it has no time and no length. */
static void
look(const struct certificate *c, struct stat now[2])
{
	memset(now, 0, 2 * sizeof *now);
	(void)!stat(c->file, &now[0]);
	(void)!stat(c->key, &now[1]);
}

static bool
same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

int
certificate_open(struct certificate *c, const char *file, const char *key, struct pst_err *err)
{
	c->file = file;
	c->key = key;
	look(c, c->seen); /* before they are read: what changes meanwhile is read again */
	return tls_server(&c->ctx, file, key, err);
}

SSL_CTX *
certificate_now(struct certificate *c, const struct pst_log *log)
{
	struct pst_err err = PST_ERR_INIT;
	struct stat now[2];
	SSL_CTX *ctx;

	if (!c->ctx)
		return NULL;
	look(c, now);
	if (same(&now[0], &c->seen[0]) && same(&now[1], &c->seen[1]))
		return c->ctx;
	memcpy(c->seen, now, sizeof c->seen);
	if (tls_server(&ctx, c->file, c->key, &err)) {
		pst_warn(log, "the certificate has changed, and stays as it was", PST_STR("why", err.text));
		return c->ctx;
	}
	SSL_CTX_free(c->ctx); /* connections have it as long as they want */
	c->ctx = ctx;
	pst_info(log, "the certificate is read anew", PST_STR("file", c->file));
	return c->ctx;
}

void
certificate_close(struct certificate *c)
{
	SSL_CTX_free(c->ctx);
	c->ctx = NULL;
}
