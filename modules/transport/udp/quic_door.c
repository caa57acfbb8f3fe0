#include "quic_door.h"

#include <netinet/in.h>
#include <string.h>

#include <ngtcp2/ngtcp2_crypto.h>
#include <sodium.h>

/* A token is for who has just asked. */
#define TOKEN_NS 10000000000ull
/* A reset looks like any datagram (RFC 9000, 10.3); shorter ones are not answered. */
#define RESET_MIN (NGTCP2_MIN_STATELESS_RESET_RANDLEN + NGTCP2_STATELESS_RESET_TOKENLEN)

static socklen_t
address_len(const struct sockaddr_storage *sa)
{
	return sa->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

bool
quic_door_name(ngtcp2_cid *out, const uint8_t *bytes, size_t len)
{
	ngtcp2_version_cid vc;
	int rv = ngtcp2_pkt_decode_version_cid(&vc, bytes, len, QUIC_CID_LEN);

	if ((rv && rv != NGTCP2_ERR_VERSION_NEGOTIATION) || vc.dcidlen > NGTCP2_MAX_CIDLEN)
		return false;
	ngtcp2_cid_init(out, vc.dcid, vc.dcidlen);
	return true;
}

/* He speaks another version: say which one we do. */
static size_t
version_answer(uint8_t *answer, const ngtcp2_version_cid *vc, size_t len)
{
	static const uint32_t versions[] = { NGTCP2_PROTO_VER_V1 };
	ngtcp2_ssize n;

	if (len < QUIC_DATAGRAM_MIN)
		return 0;
	n = ngtcp2_pkt_write_version_negotiation(answer, QUIC_DATAGRAM_MIN, (uint8_t)randombytes_random(), vc->scid,
	    vc->scidlen, vc->dcid, vc->dcidlen, versions, 1);
	return n > 0 ? (size_t)n : 0;
}

/* Of a connection that we do not know any more: tell him, in less than he said. */
static size_t
reset_answer(uint8_t *answer, const struct quic_tls *tls, const ngtcp2_version_cid *vc, size_t len)
{
	uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN], random[NGTCP2_MIN_STATELESS_RESET_RANDLEN];
	ngtcp2_ssize n;
	ngtcp2_cid cid;

	if (len <= RESET_MIN)
		return 0;
	ngtcp2_cid_init(&cid, vc->dcid, vc->dcidlen);
	randombytes_buf(random, sizeof random);
	if (ngtcp2_crypto_generate_stateless_reset_token(token, tls->secret, sizeof tls->secret, &cid))
		return 0;
	n = ngtcp2_pkt_write_stateless_reset(answer, QUIC_DATAGRAM_MIN, token, random, sizeof random);
	return n > 0 ? (size_t)n : 0;
}

static size_t
retry_answer(uint8_t *answer, const struct quic_tls *tls, const ngtcp2_pkt_hd *head,
    const struct sockaddr_storage *from, uint64_t now)
{
	uint8_t token[NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN];
	ngtcp2_ssize n;
	ngtcp2_cid name = { .datalen = QUIC_CID_LEN };

	randombytes_buf(name.data, QUIC_CID_LEN);
	n = ngtcp2_crypto_generate_retry_token(token, tls->secret, sizeof tls->secret, head->version,
	    (const ngtcp2_sockaddr *)from, address_len(from), &name, &head->dcid, now);
	if (n > 0)
		n = ngtcp2_crypto_write_retry(answer, QUIC_DATAGRAM_MIN, head->version, &head->scid, &name,
		    &head->dcid, token, (size_t)n);
	return n > 0 ? (size_t)n : 0;
}

bool
quic_door_open(struct quic_hello *out, const struct quic_tls *tls, const struct sockaddr_storage *from,
    const uint8_t *bytes, size_t len, uint8_t *answer, size_t *answer_len, uint64_t now)
{
	ngtcp2_version_cid vc;
	int rv = ngtcp2_pkt_decode_version_cid(&vc, bytes, len, QUIC_CID_LEN);

	*answer_len = 0;
	if (rv == NGTCP2_ERR_VERSION_NEGOTIATION)
		*answer_len = version_answer(answer, &vc, len);
	else if (!rv && bytes[0] < 0x80) /* a short head; a long one of version 0 says which ones others speak */
		*answer_len = reset_answer(answer, tls, &vc, len);
	if (rv || !vc.version)
		return false;
	rv = ngtcp2_accept(&out->head, bytes, len);
	if (rv || len < QUIC_DATAGRAM_MIN) /* a client's first is padded; of anything else we know nothing */
		return false;
	if (!out->head.token.len) {
		*answer_len = retry_answer(answer, tls, &out->head, from, now);
		return false;
	}
	return !ngtcp2_crypto_verify_retry_token(&out->first, out->head.token.base, out->head.token.len, tls->secret,
	    sizeof tls->secret, out->head.version, (const ngtcp2_sockaddr *)from, address_len(from), &out->head.dcid,
	    TOKEN_NS, now);
}
