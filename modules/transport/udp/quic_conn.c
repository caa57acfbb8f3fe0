#include "quic_callbacks.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <ngtcp2/ngtcp2_crypto.h>
#include <sodium.h>
#include <uv.h>

/* Pieces that go into one datagram at most. */
#define PIECES 16

static uint64_t
its_time(const struct quic_conn *q, uint64_t now)
{
	return now + q->ahead;
}

static socklen_t
address_len(const struct sockaddr_storage *sa)
{
	return sa->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static ngtcp2_path
path_of(const struct quic_path *path)
{
	return (ngtcp2_path){
		.local = { (ngtcp2_sockaddr *)&path->ours, address_len(&path->ours) },
		.remote = { (ngtcp2_sockaddr *)&path->theirs, address_len(&path->theirs) },
	};
}

static int
error_of(int rv)
{
	switch (rv) {
	case 0:
		return PST_OK;
	case NGTCP2_ERR_NOMEM:
		return -ENOMEM;
	case NGTCP2_ERR_DRAINING:
	case NGTCP2_ERR_CLOSING:
		return UV_EOF;
	default:
		return PST_E_PROTOCOL;
	}
}

/* ---- life ---- */

static ngtcp2_conn *
conn_of_ref(ngtcp2_crypto_conn_ref *ref)
{
	return ((struct quic_conn *)ref->user_data)->conn;
}

static void
settings_set(ngtcp2_settings *s, uint64_t now)
{
	ngtcp2_settings_default(s);
	s->initial_ts = now;
	s->initial_rtt = QUIC_INITIAL_PTO_MS * NGTCP2_MILLISECONDS / 3;
	/* at 1 % loss and 100 ms: 54 Mbit/s where the default has 3; and 1.2 to 1.4 times what BBR2 has where nothing is lost */
	s->cc_algo = NGTCP2_CC_ALGO_BBR;
	s->max_tx_udp_payload_size = QUIC_DATAGRAM_MAX;
	s->handshake_timeout = UINT64_MAX; /* by clocks that stay with the time */
}

/* One stream, the client's. No idle time-out: the owner's clock has one. */
static void
params_set(ngtcp2_transport_params *p, const struct quic_conn *q, bool server)
{
	ngtcp2_transport_params_default(p);
	p->initial_max_data = q->window;
	p->initial_max_stream_data_bidi_local = q->window;
	p->initial_max_stream_data_bidi_remote = q->window;
	p->initial_max_streams_bidi = server;
	p->active_connection_id_limit = 7;
}

static int
session_open(struct quic_conn *q, bool server)
{
	int rc;

	q->ref = (ngtcp2_crypto_conn_ref){ .get_conn = conn_of_ref, .user_data = q };
	q->stream = -1;
	rc = quic_tls_session(&q->session, q->tls, server, &q->ref);
	if (!rc)
		ngtcp2_conn_set_tls_native_handle(q->conn, q->session);
	return rc;
}

static int
name_first(struct quic_conn *q, const ngtcp2_cid *cid)
{
	return q->events->named ? q->events->named(q, cid) : PST_OK;
}

int
quic_conn_connect(struct quic_conn *q, const struct quic_path *path, uint64_t now)
{
	ngtcp2_path p = path_of(path);
	ngtcp2_transport_params params;
	ngtcp2_settings settings;
	ngtcp2_cid ours, theirs;
	int rc;

	settings_set(&settings, now);
	params_set(&params, q, false);
	quic_cid_make(&ours);
	quic_cid_make(&theirs);
	q->heard = q->answered = now;
	rc = error_of(ngtcp2_conn_client_new(&q->conn, &theirs, &ours, &p, NGTCP2_PROTO_VER_V1, &quic_callbacks, &settings,
	    &params, NULL, q));
	if (!rc)
		rc = session_open(q, false);
	if (!rc)
		rc = name_first(q, &ours);
	if (rc)
		quic_conn_fini(q);
	return rc;
}

int
quic_conn_accept(struct quic_conn *q, const struct quic_hello *hello, const struct quic_path *path, uint64_t now)
{
	ngtcp2_path p = path_of(path);
	ngtcp2_transport_params params;
	ngtcp2_settings settings;
	ngtcp2_cid ours;
	int rc;

	settings_set(&settings, now);
	settings.token = hello->head.token;
	params_set(&params, q, true);
	params.original_dcid = hello->first;
	params.retry_scid = hello->head.dcid;
	params.retry_scid_present = 1;
	quic_cid_make(&ours);
	params.stateless_reset_token_present = 1;
	if (ngtcp2_crypto_generate_stateless_reset_token(params.stateless_reset_token, q->tls->secret,
	    sizeof q->tls->secret, &ours))
		return -EIO;
	q->heard = q->answered = now;
	rc = error_of(ngtcp2_conn_server_new(&q->conn, &hello->head.scid, &ours, &p, hello->head.version, &quic_callbacks,
	    &settings, &params, NULL, q));
	if (!rc)
		rc = session_open(q, true);
	if (!rc) /* of our retry, by which its next datagrams still come */
		rc = name_first(q, &hello->head.dcid);
	if (!rc)
		rc = name_first(q, &ours);
	if (rc)
		quic_conn_fini(q);
	return rc;
}

void
quic_conn_fini(struct quic_conn *q)
{
	ngtcp2_conn_del(q->conn);
	if (q->session)
		gnutls_deinit(q->session);
	quic_unacked_fini(&q->unacked);
	*q = (struct quic_conn){ .events = q->events, .tls = q->tls, .window = q->window };
}

/* ---- datagrams ---- */

/*
 * The way is there again. What a connection does next it does by its clock, which nobody else
 * sees; to have it ask now, its clock is set to when it would. That is never further away than twice
 * what it has waited already: so the times that it measures stay of the order of those that passed.
 */
static int
wake(struct quic_conn *q, uint64_t now)
{
	uint64_t quiet = now - q->answered, its = its_time(q, now);
	ngtcp2_conn_stat stat;

	ngtcp2_conn_get_conn_stat(q->conn, &stat);
	if (q->stream < 0 || !stat.bytes_in_flight || stat.loss_detection_timer == UINT64_MAX ||
	    stat.loss_detection_timer <= its || stat.loss_detection_timer - its > 2 * quiet ||
	    quiet < QUIC_KNOCK_NS || now - q->woken < QUIC_KNOCK_NS)
		return PST_OK;
	q->ahead += stat.loss_detection_timer - its;
	q->woken = now;
	return error_of(ngtcp2_conn_handle_expiry(q->conn, its_time(q, now)));
}

/* Something came of the connection. It may say nothing of what we have sent; but it shows that the way is there. */
static int
heard(struct quic_conn *q, uint64_t now)
{
	ngtcp2_conn_stat stat;

	q->heard = now;
	ngtcp2_conn_get_conn_stat(q->conn, &stat);
	if (stat.pto_count)
		return wake(q, now);
	q->answered = now;
	return PST_OK;
}

/* Whose datagram ngtcp2 is looking at: it does not tell its callback. */
static _Thread_local struct quic_conn *taking;

int
quic_decrypt(uint8_t *out, const ngtcp2_crypto_aead *aead, const ngtcp2_crypto_aead_ctx *ctx, const uint8_t *in,
    size_t len, const uint8_t *nonce, size_t nonce_len, const uint8_t *head, size_t head_len)
{
	int rv = ngtcp2_crypto_decrypt_cb(out, aead, ctx, in, len, nonce, nonce_len, head, head_len);

	if (!rv && taking)
		taking->genuine = true;
	return rv;
}

int
quic_conn_take(struct quic_conn *q, const struct quic_path *path, const uint8_t *bytes, size_t len, uint64_t now)
{
	ngtcp2_path p = path_of(path);
	enum quic_knock knock = quic_knock_read(bytes, len);
	int rv;

	if (knock == QUIC_KNOCK) {
		q->say = QUIC_KNOCK_ANSWER;
		q->say_by = *path;
	}
	if (knock)
		return wake(q, now);
	taking = q;
	q->genuine = !ngtcp2_conn_get_handshake_completed(q->conn); /* until then anybody can write as much */
	rv = ngtcp2_conn_read_pkt(q->conn, &p, NULL, bytes, len, its_time(q, now));
	taking = NULL;
	if (!rv && q->genuine) /* else it is dropped: anybody may have sent it, who has seen a name of ours */
		return heard(q, now);
	/* a datagram that says nothing to a connection that is there */
	return rv == NGTCP2_ERR_DROP_CONN ? PST_E_PROTOCOL : error_of(rv);
}

static void
path_copy(struct quic_path *out, const ngtcp2_path *path)
{
	memcpy(&out->ours, path->local.addr, path->local.addrlen);
	memcpy(&out->theirs, path->remote.addr, path->remote.addrlen);
}

/* A knock, or an answer to one. */
static size_t
say(struct quic_conn *q, uint8_t *out, struct quic_path *path)
{
	size_t n = quic_knock_write(out, ngtcp2_conn_get_dcid(q->conn), q->say);

	q->say = QUIC_NO_KNOCK;
	*path = q->say_by;
	return n;
}

ssize_t
quic_conn_write(struct quic_conn *q, uint8_t *out, size_t size, struct quic_path *path, uint64_t now)
{
	size_t count;
	ngtcp2_vec pieces[PIECES];
	ngtcp2_path_storage ps;
	ngtcp2_pkt_info info;
	ngtcp2_ssize taken = -1, n;

	n = q->say ? (ngtcp2_ssize)say(q, out, path) : 0;
	if (n)
		return n;
	count = q->stream < 0 ? 0 : quic_unacked_next(&q->unacked, pieces, PIECES);
	ngtcp2_path_storage_zero(&ps);
	n = ngtcp2_conn_writev_stream(q->conn, &ps.path, &info, out, size, &taken, NGTCP2_WRITE_STREAM_FLAG_NONE,
	    count ? q->stream : -1, pieces, count, its_time(q, now));
	if (n == NGTCP2_ERR_STREAM_DATA_BLOCKED) /* there may be others than the stream's */
		n = ngtcp2_conn_writev_stream(q->conn, &ps.path, &info, out, size, NULL, NGTCP2_WRITE_STREAM_FLAG_NONE,
		    -1, NULL, 0, its_time(q, now));
	if (n < 0)
		return error_of((int)n);
	if (taken > 0)
		quic_unacked_sent(&q->unacked, (size_t)taken);
	if (n)
		path_copy(path, &ps.path);
	return n;
}

size_t
quic_conn_fits(const struct quic_conn *q)
{
	return ngtcp2_conn_get_path_max_tx_udp_payload_size(q->conn);
}

static bool
owes(const struct quic_conn *q)
{
	ngtcp2_conn_stat stat;

	ngtcp2_conn_get_conn_stat(q->conn, &stat);
	return stat.bytes_in_flight > 0;
}

void
quic_conn_written(struct quic_conn *q, uint64_t now)
{
	bool owed = q->owed;

	/* not at a pace that follows from a guess: until a round trip is known it would be 1.2 KB in 22 ms */
	if (ngtcp2_conn_get_handshake_completed(q->conn))
		ngtcp2_conn_update_pkt_tx_time(q->conn, its_time(q, now));
	q->owed = owes(q);
	if (q->owed && !owed)
		q->asked = now;
}

ssize_t
quic_conn_close(struct quic_conn *q, uint8_t *out, size_t size, struct quic_path *path, uint64_t now)
{
	ngtcp2_connection_close_error none;
	ngtcp2_path_storage ps;
	ngtcp2_pkt_info info;
	ngtcp2_ssize n;

	ngtcp2_connection_close_error_default(&none);
	ngtcp2_path_storage_zero(&ps);
	n = ngtcp2_conn_write_connection_close(q->conn, &ps.path, &info, out, size, &none, its_time(q, now));
	if (n > 0)
		path_copy(path, &ps.path);
	return n < 0 ? 0 : n;
}

void
quic_conn_move(struct quic_conn *q, const struct quic_path *path, uint64_t now)
{
	ngtcp2_path p = path_of(path);

	/* not before the handshake is over, and not without a name of the peer's to spare: then by what there is */
	if (ngtcp2_conn_initiate_immediate_migration(q->conn, &p, its_time(q, now)))
		ngtcp2_conn_set_local_addr(q->conn, &p.local);
}

/* ---- time ---- */

/* When we knock at a silent peer that owes us something. */
static uint64_t
knock_due(const struct quic_conn *q)
{
	uint64_t since = q->heard > q->asked ? q->heard : q->asked;
	uint64_t patience = ngtcp2_conn_get_pto(q->conn);

	if (q->stream < 0 || !q->owed || !owes(q))
		return UINT64_MAX;
	return since + (patience > QUIC_KNOCK_NS ? patience : QUIC_KNOCK_NS);
}

uint64_t
quic_conn_due(const struct quic_conn *q)
{
	uint64_t expiry = ngtcp2_conn_get_expiry(q->conn), knock = knock_due(q);

	if (expiry == UINT64_MAX)
		return UINT64_MAX;
	expiry = expiry > q->ahead ? expiry - q->ahead : 0;
	return expiry < knock ? expiry : knock;
}

int
quic_conn_expire(struct quic_conn *q, uint64_t now)
{
	if (now >= knock_due(q)) {
		q->say = QUIC_KNOCK;
		path_copy(&q->say_by, ngtcp2_conn_get_path(q->conn));
		q->asked = now;
	}
	return error_of(ngtcp2_conn_handle_expiry(q->conn, its_time(q, now)));
}

/* ---- the stream ---- */

int
quic_conn_send(struct quic_conn *q, const void *bytes, size_t len)
{
	return quic_unacked_put(&q->unacked, bytes, len);
}

void
quic_conn_passed(struct quic_conn *q, size_t bytes)
{
	ngtcp2_conn_extend_max_offset(q->conn, bytes);
	if (ngtcp2_conn_extend_max_stream_offset(q->conn, q->stream, bytes))
		return; /* short of memory: the next call says more */
}

void
quic_conn_widen(struct quic_conn *q, uint64_t window)
{
	if (window <= q->window)
		return;
	quic_conn_passed(q, window - q->window);
	q->window = window;
}
