/*
 * Records: what travels once the handshake is done (spec trust.md 4.5, 4.6).
 *
 *   nonce (8 bytes, big-endian) | ciphertext | tag (16)
 *
 * Each direction has its own keys, and a new one every 32 records. A sealer
 * owns its counter. An opener takes records up to 32 behind or ahead of the
 * highest one seen, each once; only a good tag moves anything.
 */
#ifndef NOISE_RECORD_H
#define NOISE_RECORD_H

#include <postern/aead.h>
#include <postern/buf.h>

#define RECORD_NONCE 8
#define RECORD_OVERHEAD (RECORD_NONCE + PST_TAG_LEN)
/* Records under one key, and the width of the window. */
#define RECORD_PERIOD 32
#define RECORD_WINDOW 32

struct sealer {
	struct pst_aead *aead; /* borrowed; holds the present key */
	uint64_t n;            /* of the next record */
};

struct opener {
	struct pst_aead *aead;         /* borrowed */
	struct pst_aead *rekeyer;      /* seals, to make the next key */
	uint8_t key[PST_KEY_LEN];      /* of `epoch` */
	uint8_t previous[PST_KEY_LEN]; /* of `epoch` - 1 */
	uint64_t epoch;
	uint64_t loaded; /* the epoch whose key the aead holds */
	uint64_t highest;
	uint64_t seen; /* bit i: highest - i was taken */
};

PST_MUST_CHECK int sealer_init(struct sealer *s, struct pst_aead *aead,
    const uint8_t key[PST_KEY_LEN]);
PST_MUST_CHECK int opener_init(struct opener *o, struct pst_aead *aead,
    const uint8_t key[PST_KEY_LEN]);
void sealer_fini(struct sealer *s);
void opener_fini(struct opener *o);

/* The next key of a direction (Noise's Rekey); aead seals and holds the present one. */
PST_MUST_CHECK int record_rekey(struct pst_aead *aead, uint8_t next[PST_KEY_LEN]);

/* Seal in place; the room must be there (RECORD_NONCE, PST_TAG_LEN). */
PST_MUST_CHECK int sealer_seal(struct sealer *s, struct pst_buf *buf);
/* Open in place; *n is the record's number. PST_E_AUTH for a refused number or
 * tag; -EBADMSG for less than a record. The buf is not to be read after that. */
PST_MUST_CHECK int opener_open(struct opener *o, struct pst_buf *buf, uint64_t *n);

#endif
