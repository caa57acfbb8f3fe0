/*
 * The handshake: Noise XX as Ockam speaks it (spec trust.md 4.1, 4.2), pure
 * computation over given bytes. Both roles run through the same state:
 *
 *   initiator  write1                read2  write3_begin … write3_end
 *   responder         read1  write2_begin … write2_end           read3
 *
 * The pause in write2 and write3 is the vault's: it computes the one secret
 * that needs our static key. Any failure ends the handshake for good.
 */
#ifndef NOISE_HANDSHAKE_H
#define NOISE_HANDSHAKE_H

#include <postern/aead.h>
#include <postern/buf.h>

#define HS_KEY 32
#define HS_MESSAGE_MAX 65535
/* Bytes around the payload in messages 2 and 3. */
#define HS_OVERHEAD2 (HS_KEY + HS_KEY + PST_TAG_LEN + PST_TAG_LEN)
#define HS_OVERHEAD3 (HS_KEY + PST_TAG_LEN + PST_TAG_LEN)

struct handshake {
	uint8_t ck[HS_KEY], h[HS_KEY]; /* chaining key and hash */
	uint64_t n;                    /* the nonce under the present key */
	uint8_t e[HS_KEY], e_pub[HS_KEY]; /* our ephemeral key */
	uint8_t re[HS_KEY];            /* theirs */
	uint8_t rs[HS_KEY];            /* their static key, once read */
	struct pst_aead *seal, *open;  /* borrowed */
};

void hs_init(struct handshake *hs, struct pst_aead *seal, struct pst_aead *open);
/* Wipe; the aeads stay. */
void hs_fini(struct handshake *hs);
/* A given ephemeral key instead of a random one: for test vectors. */
void hs_set_ephemeral(struct handshake *hs, const uint8_t secret[HS_KEY]);

PST_MUST_CHECK int hs_write1(struct handshake *hs, struct pst_writer *w);
PST_MUST_CHECK int hs_read1(struct handshake *hs, const uint8_t *msg, size_t len);
/* As far as our encrypted static key; then the secret es (static, hs->re). */
PST_MUST_CHECK int hs_write2_begin(struct handshake *hs, const uint8_t static_pub[HS_KEY],
    struct pst_writer *w);
PST_MUST_CHECK int hs_write2_end(struct handshake *hs, const uint8_t es[HS_KEY],
    const uint8_t *payload, size_t len, struct pst_writer *w);
/* msg is decrypted in place; the payload lies within it. */
PST_MUST_CHECK int hs_read2(struct handshake *hs, uint8_t *msg, size_t len,
    const uint8_t **payload, size_t *payload_len);
PST_MUST_CHECK int hs_write3_begin(struct handshake *hs, const uint8_t static_pub[HS_KEY],
    struct pst_writer *w);
PST_MUST_CHECK int hs_write3_end(struct handshake *hs, const uint8_t se[HS_KEY],
    const uint8_t *payload, size_t len, struct pst_writer *w);
PST_MUST_CHECK int hs_read3(struct handshake *hs, uint8_t *msg, size_t len,
    const uint8_t **payload, size_t *payload_len);

/* The keys of the channel, by direction. */
void hs_split(const struct handshake *hs, bool initiator, uint8_t seal[HS_KEY],
    uint8_t open[HS_KEY]);

#endif
