/*
 * Messages 1 to 3 of a handshake; the first byte says which. The keys are
 * given, those of the vectors, so that the corpus holds messages that are right.
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

/* The responder has answered, showing nothing. */
static void
await_message3(struct party *initiator, struct party *responder)
{
	uint8_t bytes[HS_OVERHEAD2], secret[HS_KEY];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);

	check(!hs_write1(&initiator->hs, &w) && !hs_read1(&responder->hs, bytes, HS_KEY));
	w = pst_writer(bytes, sizeof bytes);
	check(!hs_write2_begin(&responder->hs, responder->pub, &w));
	check(!crypto_scalarmult(secret, responder->secret, responder->hs.re));
	check(!hs_write2_end(&responder->hs, secret, (const uint8_t *)"", 0, &w));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct party initiator, responder;
	const uint8_t *payload = NULL;
	size_t n = 0;
	uint8_t *msg;
	int rc;

	if (!len || sodium_init() < 0)
		return 0;
	msg = malloc(len); /* decrypted in place */
	memcpy(msg, data + 1, len - 1);
	party_init(&initiator, 0x00, 0x20);
	party_init(&responder, 0x90, 0x41);
	if (data[0] == 1) {
		rc = hs_read1(&responder.hs, msg, len - 1);
	} else if (data[0] == 2) {
		struct pst_writer w = pst_writer((uint8_t[HS_KEY]){ 0 }, HS_KEY);

		check(!hs_write1(&initiator.hs, &w));
		rc = hs_read2(&initiator.hs, msg, len - 1, &payload, &n);
	} else {
		await_message3(&initiator, &responder);
		rc = hs_read3(&responder.hs, msg, len - 1, &payload, &n);
	}
	if (!rc && payload)
		check(payload >= msg && payload + n + PST_TAG_LEN == msg + len - 1);
	party_fini(&initiator);
	party_fini(&responder);
	free(msg);
	return 0;
}
