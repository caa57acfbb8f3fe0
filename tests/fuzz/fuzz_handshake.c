/*
 * Messages 1 to 3 of a handshake; the first byte says which. The keys are
 * given, those of the vectors, so that the corpus holds messages that are right.
 * 4 is a whole handshake with what follows as its payloads; 5 and 6 the same, but
 * message 2 or 3 is altered where the next two bytes say, and has to be refused.
 * Covers: modules/channel/noise/handshake.c
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "handshake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct party {
	struct handshake hs;
	struct pst_aead *seal, *open;
	uint8_t secret[HS_KEY], pub[HS_KEY];
};

static void
check(bool right)
{
	if (!right)
		abort();
}

static void
party_init(struct party *p, uint8_t secret, uint8_t ephemeral)
{
	uint8_t e[HS_KEY];

	for (uint8_t i = 0; i < HS_KEY; i++) {
		p->secret[i] = (uint8_t)(secret + i);
		e[i] = (uint8_t)(ephemeral + i);
	}
	check(!crypto_scalarmult_base(p->pub, p->secret));
	check(!pst_aead_new(&p->seal, true) && !pst_aead_new(&p->open, false));
	hs_init(&p->hs, p->seal, p->open);
	hs_set_ephemeral(&p->hs, e);
}

static void
party_fini(struct party *p)
{
	hs_fini(&p->hs);
	pst_aead_free(&p->seal);
	pst_aead_free(&p->open);
}

struct message {
	uint8_t bytes[HS_MESSAGE_MAX];
	size_t len;
};

static void
message1(struct party *from, struct party *to)
{
	uint8_t bytes[HS_KEY];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);

	check(!hs_write1(&from->hs, &w) && !hs_read1(&to->hs, bytes, HS_KEY));
}

/* Message 2 of the responder, or 3 of the initiator. */
static void
message_write(struct message *m, int number, struct party *from, const uint8_t *payload, size_t len)
{
	struct pst_writer w = pst_writer(m->bytes, sizeof m->bytes);
	uint8_t secret[HS_KEY];

	if (number == 2)
		check(!hs_write2_begin(&from->hs, from->pub, &w));
	else
		check(!hs_write3_begin(&from->hs, from->pub, &w));
	check(!crypto_scalarmult(secret, from->secret, from->hs.re));
	if (number == 2)
		check(!hs_write2_end(&from->hs, secret, payload, len, &w));
	else
		check(!hs_write3_end(&from->hs, secret, payload, len, &w));
	m->len = pst_writer_len(&w);
}

/* What they show lies within the message, and is what they have shown. */
static int
message_read(int number, struct party *to, uint8_t *msg, size_t len, const uint8_t *want, size_t n)
{
	const uint8_t *payload = NULL;
	size_t got;
	int rc = number == 2 ? hs_read2(&to->hs, msg, len, &payload, &got)
			     : hs_read3(&to->hs, msg, len, &payload, &got);

	if (!rc) {
		check(payload >= msg && payload + got + PST_TAG_LEN == msg + len);
		check(!want || (got == n && !memcmp(payload, want, n)));
	}
	return rc;
}

static void
alter(struct message *m, const uint8_t where[2])
{
	m->bytes[(where[0] << 8 | where[1]) % m->len] ^= (uint8_t)(1 << (where[0] >> 5));
}

static void
converse(struct party *initiator, struct party *responder, uint8_t mode, const uint8_t *data,
    size_t len)
{
	static struct message m;
	uint8_t keys[4][HS_KEY];

	if (len < 2 || len + HS_OVERHEAD2 > sizeof m.bytes)
		return;
	message1(initiator, responder);
	message_write(&m, 2, responder, data + 2, len - 2);
	if (mode == 5)
		alter(&m, data);
	check(!message_read(2, initiator, m.bytes, m.len, data + 2, len - 2) == (mode != 5));
	if (mode == 5)
		return;
	message_write(&m, 3, initiator, data, len);
	if (mode == 6)
		alter(&m, data);
	check(!message_read(3, responder, m.bytes, m.len, data, len) == (mode != 6));
	if (mode == 6)
		return;
	check(!memcmp(initiator->hs.rs, responder->pub, HS_KEY));
	check(!memcmp(responder->hs.rs, initiator->pub, HS_KEY));
	hs_split(&initiator->hs, true, keys[0], keys[1]);
	hs_split(&responder->hs, false, keys[2], keys[3]);
	check(!memcmp(keys[0], keys[3], HS_KEY) && !memcmp(keys[1], keys[2], HS_KEY));
	check(memcmp(keys[0], keys[1], HS_KEY));
}

/* One message as it stands in the input. */
static void
receive(struct party *initiator, struct party *responder, uint8_t number, const uint8_t *data,
    size_t len)
{
	static struct message m;
	uint8_t *msg = malloc(len + !len); /* decrypted in place */

	memcpy(msg, data, len);
	if (number == 1) {
		(void)!hs_read1(&responder->hs, msg, len);
	} else if (number == 2) {
		struct pst_writer w = pst_writer((uint8_t[HS_KEY]){ 0 }, HS_KEY);

		check(!hs_write1(&initiator->hs, &w));
		(void)!message_read(2, initiator, msg, len, NULL, 0);
	} else {
		message1(initiator, responder);
		message_write(&m, 2, responder, (const uint8_t *)"", 0);
		(void)!message_read(3, responder, msg, len, NULL, 0);
	}
	free(msg);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct party initiator, responder;

	if (!len || sodium_init() < 0)
		return 0;
	party_init(&initiator, 0x00, 0x20);
	party_init(&responder, 0x90, 0x41);
	if (data[0] >= 4 && data[0] <= 6)
		converse(&initiator, &responder, data[0], data + 1, len - 1);
	else
		receive(&initiator, &responder, data[0], data + 1, len - 1);
	party_fini(&initiator);
	party_fini(&responder);
	return 0;
}
