/* transport/websocket: TLS as a pipe, beside a client of the test's own. */
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"

#include "tls.h"

/* More than all buffers between the two sides hold together. */
#define MORE ((size_t)2 * 1024 * 1024)

static struct {
	uv_pipe_t handle;
	struct pst_uv_pipe below;
	struct tls tls;
	SSL_CTX *ctx;
	uint8_t room[4096];
	size_t came;
	bool opened, ever, lost, closed;
	int rc;
} server;

/* What it says is in `out` until the test sends it. */
static struct {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
	BIO *in, *out;
} client;

/* ---- the server ---- */

static uint8_t *
server_room(void *arg, size_t *len)
{
	*len = sizeof server.room;
	return server.room;
}

static void
server_came(void *arg, size_t len)
{
	server.came += len;
	server.ever = server.came > 0;
}

static void
server_written(void *arg)
{
}

static void
server_lost(void *arg, int rc)
{
	server.lost = true;
	server.rc = rc;
}

static const struct pst_pipe_events server_events = {
	.room = server_room,
	.came = server_came,
	.written = server_written,
	.lost = server_lost,
};

static void
server_opened(void *arg, int rc)
{
	server.opened = true;
	server.rc = rc;
}

static void
server_closed(void *arg)
{
	server.closed = true;
}

/* A certificate that its own key has signed, and the key: as files, which is how the module takes them. */
static void
pem_write(const char *certificate, const char *key)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();
	FILE *file;

	assert_non_null(pkey);
	assert_non_null(x509);
	X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
	X509_set_pubkey(x509, pkey);
	assert_true(X509_sign(x509, pkey, EVP_sha256()) > 0);
	file = fopen(certificate, "w");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, x509), 1);
	fclose(file);
	file = fopen(key, "w");
	assert_non_null(file);
	assert_int_equal(PEM_write_PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
	X509_free(x509);
	EVP_PKEY_free(pkey);
}

static SSL_CTX *
server_context(void)
{
	char certificate[] = "/tmp/test_tls.XXXXXX", key[] = "/tmp/test_tls.XXXXXX";
	struct pst_err err;
	SSL_CTX *ctx;

	close(mkstemp(certificate));
	close(mkstemp(key));
	pem_write(certificate, key);
	assert_int_equal(tls_server(&ctx, certificate, key, &err), PST_OK);
	unlink(certificate);
	unlink(key);
	return ctx;
}

/* ---- the client ---- */

static void
client_hear(void)
{
	uint8_t bytes[4096];
	ssize_t n;

	while ((n = read(client.fd, bytes, sizeof bytes)) > 0)
		assert_int_equal(BIO_write(client.in, bytes, (int)n), n);
}

/* As much as the socket takes: is all of it gone? */
static bool
client_say(void)
{
	char *bytes;
	long len;

	while ((len = BIO_get_mem_data(client.out, &bytes)) > 0) {
		ssize_t n = write(client.fd, bytes, (size_t)len);
		uint8_t gone[4096];

		if (n <= 0)
			return false;
		for (ssize_t left = n; left > 0;)
			left -= BIO_read(client.out, gone, left < (ssize_t)sizeof gone ? (int)left : (int)sizeof gone);
	}
	return true;
}

static int
setup(void **state)
{
	int fds[2], small = 65536;

	loop_setup(state);
	memset(&server, 0, sizeof server);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	for (int i = 0; i < 2; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	uv_pipe_init(&test.loop, &server.handle, 0);
	assert_int_equal(uv_pipe_open(&server.handle, fds[0]), 0);
	pst_uv_pipe_init(&server.below, (uv_stream_t *)&server.handle);
	server.ctx = server_context();
	assert_int_equal(tls_open(&server.tls, &test.env, &server.below.pipe, server.ctx, NULL, server_opened, NULL),
	    PST_OK);
	server.tls.pipe.events = &server_events;

	client.fd = fds[1];
	fcntl(client.fd, F_SETFL, O_NONBLOCK);
	client.ctx = SSL_CTX_new(TLS_client_method());
	client.ssl = SSL_new(client.ctx);
	client.in = BIO_new(BIO_s_mem());
	client.out = BIO_new(BIO_s_mem());
	SSL_set_bio(client.ssl, client.in, client.out);
	SSL_set_connect_state(client.ssl);
	return 0;
}

static int
teardown(void **state)
{
	pst_pipe_close(&server.tls.pipe, server_closed, NULL);
	loop_until(&server.closed);
	SSL_CTX_free(server.ctx);
	SSL_free(client.ssl);
	SSL_CTX_free(client.ctx);
	close(client.fd);
	return loop_teardown(state);
}

static void
shake_hands(void)
{
	for (int i = 0; !server.opened && i < 100000; i++) {
		SSL_do_handshake(client.ssl);
		client_say();
		uv_run(&test.loop, UV_RUN_NOWAIT);
		client_hear();
	}
	assert_true(server.opened);
	assert_int_equal(server.rc, PST_OK);
	assert_int_equal(server.tls.pipe.ops->read(&server.tls.pipe, true), PST_OK);
}

/* ---- */

static void
what_the_client_says_comes(void **state)
{
	shake_hands();
	assert_int_equal(SSL_write(client.ssl, "hello", 5), 5);
	assert_true(client_say());
	loop_until(&server.ever);
	assert_int_equal(server.came, 5);
}

/* Each update of the keys that is asked for is answered by one. */
static void
answers_that_are_not_read_have_a_bound(void **state)
{
	size_t sent = 0;
	int answer;

	shake_hands();
	client_hear();
	for (int idle = 0; idle < 100 && sent < MORE; idle++) {
		for (int i = 0; i < 200 && BIO_ctrl_pending(client.out) < 6000; i++) {
			assert_int_equal(SSL_key_update(client.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
			assert_int_equal(SSL_do_handshake(client.ssl), 1);
		}
		size_t had = BIO_ctrl_pending(client.out);

		client_say();
		if (BIO_ctrl_pending(client.out) < had)
			idle = 0;
		sent += had - BIO_ctrl_pending(client.out);
		uv_run(&test.loop, UV_RUN_NOWAIT);
	}
	assert_true(sent < MORE);
	assert_false(server.lost);

	/* and who reads them in the end is heard */
	assert_int_equal(SSL_write(client.ssl, "hello", 5), 5);
	for (int i = 0; !server.ever && i < 1000000; i++) {
		char byte;

		client_hear();
		answer = SSL_read(client.ssl, &byte, 1);
		assert_int_equal(SSL_get_error(client.ssl, answer), SSL_ERROR_WANT_READ);
		client_say();
		uv_run(&test.loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(server.came, 5);
	assert_false(server.lost);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_the_client_says_comes, setup, teardown),
		cmocka_unit_test_setup_teardown(answers_that_are_not_read_have_a_bound, setup, teardown),
	};

	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
