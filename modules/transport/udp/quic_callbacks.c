#include "quic_callbacks.h"

#include <ngtcp2/ngtcp2_crypto.h>
#include <sodium.h>

static void
random_cb(uint8_t *dest, size_t len, const ngtcp2_rand_ctx *ctx)
{
	(void)ctx;
	randombytes_buf(dest, len);
}

void
quic_cid_make(ngtcp2_cid *cid)
{
	cid->datalen = QUIC_CID_LEN;
	randombytes_buf(cid->data, QUIC_CID_LEN);
}

static int
new_cid_cb(ngtcp2_conn *conn, ngtcp2_cid *cid, uint8_t *token, size_t len, void *arg)
{
	struct quic_conn *q = arg;

	(void)len; /* that of the first, which is ours */
	quic_cid_make(cid);
	if (!ngtcp2_conn_is_server(conn)) /* its port goes with it: nobody could be there to send a reset, but who means ill */
		randombytes_buf(token, NGTCP2_STATELESS_RESET_TOKENLEN);
	else if (ngtcp2_crypto_generate_stateless_reset_token(token, q->tls->secret, sizeof q->tls->secret, cid))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	return q->events->named && q->events->named(q, cid) ? NGTCP2_ERR_CALLBACK_FAILURE : 0;
}

static int
remove_cid_cb(ngtcp2_conn *conn, const ngtcp2_cid *cid, void *arg)
{
	struct quic_conn *q = arg;

	(void)conn;
	if (q->events->unnamed)
		q->events->unnamed(q, cid);
	return 0;
}

/* The client's is opened when the handshake is over. */
static int
handshake_cb(ngtcp2_conn *conn, void *arg)
{
	struct quic_conn *q = arg;

	ngtcp2_conn_set_keep_alive_timeout(conn, QUIC_KEEP_ALIVE_NS);
	if (ngtcp2_conn_is_server(conn))
		return 0;
	if (ngtcp2_conn_open_bidi_stream(conn, &q->stream, NULL))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	q->events->up(q);
	return 0;
}

static int
stream_open_cb(ngtcp2_conn *conn, int64_t stream, void *arg)
{
	struct quic_conn *q = arg;

	(void)conn;
	q->stream = stream;
	q->events->up(q);
	return 0;
}

/* Neither side ends it alone. */
static int
stream_close_cb(ngtcp2_conn *conn, uint32_t flags, int64_t stream, uint64_t code, void *arg, void *stream_arg)
{
	(void)conn;
	(void)flags;
	(void)stream;
	(void)code;
	(void)arg;
	(void)stream_arg;
	return NGTCP2_ERR_CALLBACK_FAILURE;
}

static int
came_cb(ngtcp2_conn *conn, uint32_t flags, int64_t stream, uint64_t offset, const uint8_t *bytes, size_t len,
    void *arg, void *stream_arg)
{
	struct quic_conn *q = arg;

	(void)conn;
	(void)stream;
	(void)offset;
	(void)stream_arg;
	if (len)
		q->events->came(q, bytes, len);
	return flags & NGTCP2_STREAM_DATA_FLAG_FIN ? NGTCP2_ERR_CALLBACK_FAILURE : 0;
}

static int
acked_cb(ngtcp2_conn *conn, int64_t stream, uint64_t offset, uint64_t len, void *arg, void *stream_arg)
{
	struct quic_conn *q = arg;
	size_t pieces = quic_unacked_acked(&q->unacked, len);

	(void)conn;
	(void)stream;
	(void)offset;
	(void)stream_arg;
	if (pieces)
		q->events->acked(q, pieces);
	return 0;
}

const ngtcp2_callbacks quic_callbacks = {
	.client_initial = ngtcp2_crypto_client_initial_cb,
	.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
	.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
	.handshake_completed = handshake_cb,
	.encrypt = ngtcp2_crypto_encrypt_cb,
	.decrypt = quic_decrypt,
	.hp_mask = ngtcp2_crypto_hp_mask_cb,
	.recv_stream_data = came_cb,
	.acked_stream_data_offset = acked_cb,
	.stream_open = stream_open_cb,
	.stream_close = stream_close_cb,
	.recv_retry = ngtcp2_crypto_recv_retry_cb,
	.rand = random_cb,
	.get_new_connection_id = new_cid_cb,
	.remove_connection_id = remove_cid_cb,
	.update_key = ngtcp2_crypto_update_key_cb,
	.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
	.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
	.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
	.version_negotiation = ngtcp2_crypto_version_negotiation_cb,
};
