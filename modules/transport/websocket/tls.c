#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

/* Bytes of a read, of a write, and that wait to be read. */
#define PIECE ((size_t)64 * 1024)

static struct tls *
tls_of(struct pst_pipe *pipe)
{
	return pst_container_of(pipe, struct tls, pipe);
}

/* ---- to below ---- */

/* As far as it takes it; the rest stays in tx until it has gone. */
static int
flush(struct tls *t)
{
	while (!t->writing && BIO_ctrl_pending(t->out)) {
		size_t n = BIO_ctrl_pending(t->out);
		ssize_t wrote;
		uv_buf_t buf;

		n = n < PIECE ? n : PIECE;
		t->tx = malloc(n);
		if (!t->tx)
			return -ENOMEM;
		buf = uv_buf_init((char *)t->tx, (unsigned)BIO_read(t->out, t->tx, (int)n));
		wrote = t->below->ops->try_write(t->below, &buf, 1);
		if (wrote >= 0 && (size_t)wrote < buf.len) {
			int rc;

			buf = uv_buf_init(buf.base + wrote, (unsigned)(buf.len - (size_t)wrote));
			rc = t->below->ops->write(t->below, &buf, 1);
			t->writing = !rc;
			wrote = rc;
		}
		if (!t->writing) {
			free(t->tx);
			t->tx = NULL;
		}
		if (wrote < 0)
			return (int)wrote;
	}
	return PST_OK;
}

static ssize_t
tls_try_write(struct pst_pipe *pipe, const uv_buf_t bufs[], unsigned n)
{
	struct tls *t = tls_of(pipe);
	ssize_t taken = 0;
	int rc;

	for (unsigned i = 0; i < n; i++) {
		for (size_t at = 0; at < bufs[i].len;) {
			size_t piece = bufs[i].len - at < PIECE ? bufs[i].len - at : PIECE;
			int wrote;

			if (t->writing)
				return taken;
			ERR_clear_error();
			wrote = SSL_write(t->ssl, bufs[i].base + at, (int)piece);
			if (wrote <= 0)
				return PST_E_PROTOCOL;
			at += (size_t)wrote;
			taken += wrote;
			if (BIO_ctrl_pending(t->out) < PIECE)
				continue;
			rc = flush(t);
			if (rc)
				return rc;
		}
	}
	rc = flush(t);
	return rc ? rc : taken;
}

/* ---- events to above, from the loop ---- */

static void pump(struct tls *tls);

static void
pump_task(struct pst_task *task)
{
	pump(pst_container_of(task, struct tls, task));
}

static void
shake_hands(struct tls *t)
{
	int done, rc;

	ERR_clear_error();
	done = SSL_do_handshake(t->ssl);
	rc = flush(t); /* an alert, too */
	if (done == 1 && !rc)
		t->open = true;
	else if (done != 1 && SSL_get_error(t->ssl, done) != SSL_ERROR_WANT_READ)
		rc = tls_why(t) ? PST_E_CERTIFICATE : PST_E_PROTOCOL;
	if (t->open || rc)
		t->opened(t->opened_arg, rc);
}

/* One block of plaintext; false when there is no more at the moment, or no room for it. */
static bool
give(struct tls *t)
{
	size_t len = 0;
	uint8_t *room = t->pipe.events->room(t->pipe.arg, &len);
	int n;

	if (!len) {
		pst_task_post(t->env, &t->task, pump_task);
		return false;
	}
	ERR_clear_error();
	n = SSL_read(t->ssl, room, len < PIECE ? (int)len : (int)PIECE);
	if (n > 0) {
		t->pipe.events->came(t->pipe.arg, (size_t)n);
		return true;
	}
	switch (SSL_get_error(t->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		t->pipe.events->came(t->pipe.arg, 0);
		break;
	case SSL_ERROR_ZERO_RETURN:
		t->pipe.events->lost(t->pipe.arg, UV_EOF);
		break;
	default:
		t->pipe.events->lost(t->pipe.arg, PST_E_PROTOCOL);
	}
	return false;
}

/* A peer can ask for answers, by updates of keys for one: who reads none is not read either. */
static void
below_read(struct tls *t)
{
	bool want = !t->open ||
	    (t->reading && BIO_ctrl_pending(t->in) < PIECE && BIO_ctrl_pending(t->out) < PIECE);

	if (!pst_pipe_closing(&t->pipe) && want != t->below_reading) {
		t->below_reading = want;
		if (t->below->ops->read(t->below, want) && want)
			t->below->events->lost(t, UV_EIO);
	}
}

static void
pump(struct tls *t)
{
	int rc;

	if (pst_pipe_closing(&t->pipe))
		return;
	if (!t->open) {
		shake_hands(t);
	} else {
		rc = flush(t);
		if (!rc)
			rc = pending_run(&t->pending, &t->pipe);
		if (rc)
			t->pipe.events->lost(t->pipe.arg, rc);
		while (t->reading && !pst_pipe_closing(&t->pipe) && give(t))
			;
	}
	below_read(t);
}

/* ---- events of below ---- */

static uint8_t *
below_room(void *arg, size_t *len)
{
	struct tls *t = arg;

	if (!t->rx)
		t->rx = malloc(PIECE);
	*len = t->rx ? PIECE : 0;
	return t->rx;
}

static void
below_came(void *arg, size_t len)
{
	struct tls *t = arg;
	bool kept = !len || BIO_write(t->in, t->rx, (int)len) == (int)len;

	free(t->rx);
	t->rx = NULL;
	if (kept)
		pump(t);
	else
		t->below->events->lost(t, -ENOMEM);
}

static void
below_written(void *arg)
{
	struct tls *t = arg;

	free(t->tx);
	t->tx = NULL;
	t->writing = false;
	pump(t);
}

static void
below_lost(void *arg, int rc)
{
	struct tls *t = arg;

	if (t->open)
		t->pipe.events->lost(t->pipe.arg, rc);
	else
		t->opened(t->opened_arg, rc);
}

static const struct pst_pipe_events below_events = {
	.room = below_room,
	.came = below_came,
	.written = below_written,
	.lost = below_lost,
};

/* ---- the other operations ---- */

static int
tls_write(struct pst_pipe *pipe, const uv_buf_t bufs[], unsigned n)
{
	struct tls *t = tls_of(pipe);

	pending_set(&t->pending, bufs, n);
	if (!t->writing)
		pst_task_post(t->env, &t->task, pump_task);
	return PST_OK;
}

static int
tls_read(struct pst_pipe *pipe, bool on)
{
	struct tls *t = tls_of(pipe);

	t->reading = on;
	if (on) /* it may be here already */
		pst_task_post(t->env, &t->task, pump_task);
	return PST_OK;
}

static void
below_closed(void *arg)
{
	struct tls *t = arg;

	pst_task_cancel(t->env, &t->task);
	SSL_free(t->ssl);
	free(t->rx);
	free(t->tx);
	t->pipe.closed(t->pipe.arg);
}

static void
tls_close(struct pst_pipe *pipe)
{
	struct tls *t = tls_of(pipe);

	ERR_clear_error();
	if (t->open && SSL_shutdown(t->ssl) >= 0)
		(void)flush(t); /* as far as it goes */
	pst_pipe_close(t->below, below_closed, t);
}

static const struct pst_pipe_ops tls_ops = {
	.try_write = tls_try_write,
	.write = tls_write,
	.read = tls_read,
	.close = tls_close,
};

/* ---- opening ---- */

/* By its number or by its name, which is told to the server (RFC 6066, 3: no numbers). */
static bool
expect(SSL *ssl, const char *name)
{
	struct in6_addr number;

	if (inet_pton(AF_INET, name, &number) == 1 || inet_pton(AF_INET6, name, &number) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name);
	return SSL_set1_host(ssl, name) && SSL_set_tlsext_host_name(ssl, name);
}

int
tls_open(struct tls *t, struct pst_env *env, struct pst_pipe *below, SSL_CTX *ctx, const char *name,
    void (*opened)(void *arg, int rc), void *arg)
{
	memset(t, 0, sizeof *t);
	t->pipe.ops = &tls_ops;
	t->below = below;
	t->env = env;
	t->opened = opened;
	t->opened_arg = arg;
	t->ssl = SSL_new(ctx);
	t->in = t->ssl ? BIO_new(BIO_s_mem()) : NULL;
	t->out = t->in ? BIO_new(BIO_s_mem()) : NULL;
	if (!t->out || (name && !expect(t->ssl, name))) {
		BIO_free(t->in);
		BIO_free(t->out);
		SSL_free(t->ssl);
		return -ENOMEM;
	}
	SSL_set_bio(t->ssl, t->in, t->out);
	if (name)
		SSL_set_connect_state(t->ssl);
	else
		SSL_set_accept_state(t->ssl);
	below->events = &below_events;
	below->arg = t;
	pst_task_post(env, &t->task, pump_task);
	return PST_OK;
}

const char *
tls_why(const struct tls *t)
{
	long result = SSL_get_verify_result(t->ssl);

	return result == X509_V_OK ? NULL : X509_verify_cert_error_string(result);
}
