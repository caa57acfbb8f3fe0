/*
 * Datagrams of QUIC for nobody: whatever comes is answered with less than was said, and nobody comes
 * in without a token. What is read as a knock is what is written as one, and nothing else is. The first byte says whether the rest is a hello that is put together here, with
 * names and a token of any length, or just bytes.
 * Covers: modules/transport/udp/quic_door.c modules/transport/udp/quic_knock.c
 * Needs: modules/transport/udp/quic_tls.c
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "quic_door.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool right)
{
	if (!right)
		abort();
}

/* A long head (RFC 9000, 17.2.2): lengths of both names and of the token from the input, padded as a client's first is. */
static size_t
hello_make(uint8_t out[QUIC_DATAGRAM_MIN], const uint8_t *data, size_t len)
{
	static const uint8_t head[] = { 0xc0, 0, 0, 0, 1 };
	size_t n = sizeof head, rest;

	memset(out, 0, QUIC_DATAGRAM_MIN);
	memcpy(out, head, sizeof head);
	for (int name = 0; name < 2 && len; name++) {
		size_t want = *data % 21, have = want < len - 1 ? want : len - 1;

		out[n] = (uint8_t)want;
		memcpy(out + n + 1, data + 1, have);
		n += 1 + want;
		data += 1 + have;
		len -= 1 + have;
	}
	len = len < 60 ? len : 60;
	out[n++] = (uint8_t)len;
	if (len)
		memcpy(out + n, data, len);
	n += len;
	rest = QUIC_DATAGRAM_MIN - n - 2;
	out[n] = (uint8_t)(0x40 | rest >> 8);
	out[n + 1] = (uint8_t)rest;
	return QUIC_DATAGRAM_MIN;
}

static void
knock_same(const uint8_t *bytes, size_t len, const ngtcp2_cid *name)
{
	enum quic_knock read = quic_knock_read(bytes, len);

	check(!read || name->datalen == QUIC_CID_LEN);
	for (enum quic_knock what = QUIC_KNOCK; what <= QUIC_KNOCK_ANSWER; what++) {
		uint8_t written[QUIC_KNOCK_LEN];
		size_t n = quic_knock_write(written, name, what);
		bool same = n && n == len && !memcmp(written, bytes, n);

		check(same == (read == what));
	}
}

static void
come(const struct quic_tls *tls, const uint8_t *bytes, size_t len)
{
	struct sockaddr_storage from = { .ss_family = AF_INET };
	uint8_t answer[QUIC_DATAGRAM_MIN];
	struct quic_hello hello;
	size_t answer_len;
	ngtcp2_cid name;

	if (!quic_is(bytes, len))
		return;
	if (quic_door_name(&name, bytes, len)) {
		check(name.datalen <= NGTCP2_MAX_CIDLEN);
		knock_same(bytes, len, &name);
	} else {
		check(!quic_knock_read(bytes, len));
	}
	/* nobody guesses a token */
	check(!quic_door_open(&hello, tls, &from, bytes, len, answer, &answer_len, 1000000000));
	check(answer_len < len || !answer_len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct quic_tls tls;
	uint8_t hello[QUIC_DATAGRAM_MIN];

	if (!tls.credentials)
		check(!quic_tls_init(&tls));
	if (!len)
		return 0;
	if (*data & 1)
		come(&tls, hello, hello_make(hello, data + 1, len - 1));
	else
		come(&tls, data + 1, len - 1);
	return 0;
}
